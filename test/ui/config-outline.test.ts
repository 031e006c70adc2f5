/** Where things are in a config, also in one that is half typed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outline, placeAt, pluginAt } from '../../ui/src/screens/editor/config-outline.ts';

const CONFIG = `input { http { port => 80 codec => json { charset => "UTF-8" } } }
filter {
  # grok { no => 1 }
  if [a] =~ /x{2}/ and "b" in [tags] {
    mutate { add_field => { "x" => "}" } id => 'm' }
  } else { drop { } }
}
`;

describe('outline', () => {
  test('plugins of all levels, with their options and places', () => {
    const { plugins } = outline(CONFIG);
    expect(
      plugins.map(({ kind, name, options }) => [kind, name, options.map((option) => option.name)]),
    ).toEqual([
      ['input', 'http', ['port', 'codec']],
      ['codec', 'json', ['charset']],
      ['filter', 'mutate', ['add_field', 'id']],
      ['filter', 'drop', []],
    ]);
    const [, , mutate] = plugins;
    const [addField, id] = mutate!.options;
    expect(CONFIG.slice(addField!.valueFrom, addField!.valueTo)).toBe('{ "x" => "}" }');
    expect(CONFIG.slice(id!.valueFrom, id!.valueTo)).toBe("'m'");
    expect(CONFIG[mutate!.bodyTo]).toBe('}');
    expect(pluginAt(plugins, CONFIG.indexOf('charset'))?.name).toBe('json');
    expect(pluginAt(plugins, CONFIG.indexOf('# grok'))).toBeUndefined();
  });

  test.for([
    ['', 'section', undefined],
    ['inp', 'section', undefined],
    ['filter { gr', 'statement', 'filter'],
    ['filter { if [a] == 1 { ', 'statement', 'filter'],
    ['filter { if [a', 'condition', undefined],
    ['filter { # x', 'comment', undefined],
    ['filter { grok { ma', 'option', 'grok'],
    ['filter { grok { match => { "a" => "b" } ', 'option', 'grok'],
    ['filter { grok { id => ', 'value', 'grok'],
    ['input { tcp { codec => js', 'value', 'tcp'],
    ['input { tcp { codec => json { ', 'option', 'json'],
    ['filter { mutate { add_field => { "x', 'string', 'mutate'],
  ] as const)('%s', ([text, at, detail]) => {
    const place = placeAt(text, text.length);
    expect(place.at).toBe(at);
    const name = 'plugin' in place ? place.plugin?.name : 'kind' in place ? place.kind : undefined;
    expect(name).toBe(detail);
  });

  test('never throws, and ends, whatever the text is', () => {
    const piece = fc.constantFrom(
      'input',
      'filter {',
      '}',
      '{',
      'grok',
      '=>',
      '"',
      "'",
      '[',
      ']',
      '#',
      '\n',
      '/',
      '\\',
      'if',
      'else',
      ' ',
      '5',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          const { plugins } = outline(text);
          for (const { from, bodyFrom, bodyTo } of plugins) {
            expect(from).toBeLessThan(bodyFrom);
            expect(bodyTo).toBeLessThanOrEqual(text.length);
          }
        },
      ),
    );
  });
});
