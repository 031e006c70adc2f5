/** How the suite tries each codec. Its minimal options stand in minimal-options.ts. */
export interface CodecRow {
  /** More options to try, as in a config. */
  readonly variants?: readonly string[];
  /** What `decode(encode(event))` keeps; left out for codecs that are only for reading or writing. */
  readonly roundTrip?: { readonly keeps: 'fields' | 'message'; readonly options?: string };
  /** Records and parts of them, of which streams are made. The first alone is an event. */
  readonly pieces: readonly string[];
}

const texts = ['one', 'two words', 'é', '\ud83d\ude00', '', ' ', '\r', 'tab\t', 'x'.repeat(70)];
const jsons = [
  '{"a":1}',
  '{"message":"é\ud83d\ude00","n":12345678901234567890,"f":0.10000000000000000001}',
  '[{"a":1},{"b":[1,null,{}]}]',
  '{"@timestamp":"2026-01-02T03:04:05Z","@metadata":{"x":1},"tags":"t"}',
  '{"__proto__":{"x":1},"constructor":2}',
  '{"@timestamp":5,"tags":{"a":1}}',
  '"text"',
  '17',
  '[]',
  '{',
  '}',
  '',
  ' ',
];

export const codecTable: Readonly<Record<string, CodecRow>> = {
  dots: { pieces: texts },
  json: {
    pieces: jsons,
    variants: ['target => "[app]"', 'ecs_compatibility => v8'],
    roundTrip: { keeps: 'fields' },
  },
  json_lines: {
    pieces: jsons,
    variants: ['delimiter => "||"', 'target => "[app]"', 'ecs_compatibility => v8'],
    roundTrip: { keeps: 'fields' },
  },
  line: {
    pieces: texts,
    variants: [
      'delimiter => "||"',
      'format => "%{a} %{[b][c]}"',
      'charset => "CP1252"',
      'ecs_compatibility => v8',
    ],
    roundTrip: { keeps: 'message', options: 'format => "%{message}"' },
  },
  multiline: {
    pieces: ['first', '  second', '\tthird', 'é', '', ' ', 'x'.repeat(70)],
    variants: [
      'pattern => "^\\s" what => "next"',
      'pattern => "^%{WORD}" negate => true what => "previous" max_lines => 3',
      'pattern => "^\\s" what => "previous" max_bytes => 40',
      'pattern => "^\\s" what => "previous" charset => "CP1252" ecs_compatibility => v8',
    ],
  },
  plain: {
    pieces: texts,
    variants: [
      'format => "%{a} %{[b][c]}"',
      'charset => "CP1252"',
      'charset => "UTF-16LE"',
      'ecs_compatibility => v8',
    ],
    roundTrip: { keeps: 'message', options: 'format => "%{message}"' },
  },
  rubydebug: { pieces: texts, variants: ['metadata => true'] },
};
