/** Reads what a test expects: `expect`, `every`, `count`, `dropped` and the rest. */
import type { EventExpectation, Expected } from './test-file.ts';
import type { YamlEntry, YamlNode, YamlReader } from './yaml-reader.ts';

type Entries = ReadonlyMap<string, YamlEntry>;

const EVENT_KEYS = ['event', 'fields', 'matches', 'absent', 'tags', 'outputs'] as const;

/** Undefined (and reported) if the test says nothing about what comes out. */
export function readExpected(reader: YamlReader, node: YamlNode, test: Entries): Expected | undefined {
  const expect = test.get('expect');
  const every = test.get('every');
  const count = test.get('count');
  const dropped = test.has('dropped') && reader.flag(test.get('dropped')!.value, '`dropped`') === true;
  const outputs = test.get('outputs');
  if (!expect && !every && !count && !dropped && !outputs) {
    reader.report(node, 'this test expects nothing', {
      expected: '`expect`, `every`, `count`, `outputs` or `dropped: true`',
      hint: 'run with --update to have `expect` written from what comes out: give it as `expect: []`',
    });
    return undefined;
  }
  if (dropped && (expect || every || count))
    reader.report(
      test.get('dropped')!.key,
      'a test whose events are dropped has no `expect`, `every` or `count`',
      {
        hint: 'remove one of them',
      },
    );
  const events = expect ? readEvents(reader, expect) : [];
  const number = count ? reader.count(count.value, '`count`') : undefined;
  if (expect && number !== undefined && number !== events.length)
    reader.report(count!.value, `\`expect\` lists ${events.length} events, not ${number}`, {
      hint: 'remove `count`, or say with `every` what holds for all events',
    });
  const flag = (name: string): boolean =>
    test.has(name) && reader.flag(test.get(name)!.value, `\`${name}\``) === true;
  return {
    count: dropped ? 0 : expect ? events.length : number,
    events,
    every: every && readEvent(reader, every.value, '`every`'),
    anyOrder: flag('any_order'),
    follow: flag('follow'),
    deliveredOnly: false,
    perOutput: false,
    outputField: undefined,
    outputs: outputs && reader.texts(outputs.value, '`outputs`'),
  };
}

/** One map is one event. */
const readEvents = (reader: YamlReader, { value }: YamlEntry): EventExpectation[] =>
  reader.list(value).flatMap((each) => readEvent(reader, each, 'what is expected of an event') ?? []);

function readEvent(reader: YamlReader, node: YamlNode, what: string): EventExpectation | undefined {
  const entries = reader.map(node, what, EVENT_KEYS);
  if (!entries) return undefined;
  const value = (name: (typeof EVENT_KEYS)[number]): YamlNode => entries.get(name)?.value;
  const event = entries.has('event') ? reader.fields(value('event'), '`event`') : undefined;
  const fields = entries.has('fields') ? reader.fields(value('fields'), '`fields`') : undefined;
  return {
    metadata: event !== undefined && Object.hasOwn(event, '@metadata'),
    ...(event && { event }),
    ...(fields && { fields }),
    ...(entries.has('matches') && { matches: readPatterns(reader, value('matches')) }),
    ...(entries.has('absent') && { absent: reader.texts(value('absent'), '`absent`') }),
    ...(entries.has('tags') && { tags: reader.texts(value('tags'), '`tags`') }),
    ...(entries.has('outputs') && { outputs: reader.texts(value('outputs'), '`outputs`') }),
  };
}

function readPatterns(reader: YamlReader, node: YamlNode): Record<string, RegExp> {
  const patterns: Record<string, RegExp> = {};
  for (const [field, text] of Object.entries(reader.textMap(node, '`matches`'))) {
    try {
      patterns[field] = new RegExp(text, 'u');
    } catch (error) {
      reader.report(
        node,
        `the pattern of \`${field}\` is no regular expression: ${(error as Error).message}`,
      );
    }
  }
  return patterns;
}
