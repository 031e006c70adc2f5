/**
 * Tests in the format of logstash-filter-verifier, of its standalone and of its daemon mode. UTC is the time zone,
 * `@version` is ignored, and `codec` is `line` unless an input of the config is named.
 */
import { Event } from '../../event/event.ts';
import { setField } from '../../event/field-reference.ts';
import { parseJson } from '../../event/json.ts';
import type { Fields } from '../../kernel/event-types.ts';
import type { Base } from './read-test-file.ts';
import type { Subject, TestCase } from './test-file.ts';
import type { YamlEntry, YamlNode, YamlReader } from './yaml-reader.ts';

type Entries = ReadonlyMap<string, YamlEntry>;

const CASE_KEYS = ['input', 'expected', 'description', 'fields', 'event', 'expected_outputs'];
/** Holds the id of the output, under either name that versions of the verifier gave it. */
const OUTPUT_FIELDS = ['__lfv_out_passed', '_lfv_out_passed'];

/** The case of a node: an element of `testcases`, or the whole file. */
export function caseOf(
  reader: YamlReader,
  file: Entries,
  base: Base,
  subject: Subject,
  node: YamlNode,
  index: number,
): TestCase | undefined {
  const own = node === reader.root ? file : reader.map(node, 'a test case', CASE_KEYS);
  if (!own) return undefined;
  const local = own === file ? undefined : (own.get('fields') ?? own.get('event'));
  const fields = {
    ...base.given.fields,
    ...(local && reader.fields(local.value, '`fields`')),
  };
  const input = reader.texts(own.get('input')?.value, '`input`');
  const { codec } = base.given;
  const json = codec?.text.trim() === 'json_lines';
  const exportsOutputs = isOn(reader, file, 'export_outputs');
  const metadata = isOn(reader, file, 'export_metadata');
  const expected = reader
    .fieldsList(own.get('expected')?.value, 'an event of `expected`')
    .map(withReferences);
  const description = own.get('description');
  const outputs = own.get('expected_outputs');
  const given = {
    ...base.given,
    fields,
    // Without an input line the event is made of the fields alone.
    events: input.length === 0 ? [{}] : [],
    lines: json ? input.map(withReferencesInJson) : input,
    ...(codec === undefined &&
      base.given.input === undefined && {
        codec: { text: 'line', position: reader.position(node) },
      }),
  };
  // In daemon mode the codec is that of the input.
  if (base.given.input !== undefined) delete (given as { codec?: unknown }).codec;
  const listed = outputs && reader.texts(outputs.value, '`expected_outputs`');
  return {
    name: (description && reader.text(description.value, '`description`')) || `test ${index + 1}`,
    position: reader.position(node),
    subject,
    given,
    now: base.now,
    timezone: base.timezone,
    ignore: base.ignore,
    expected: {
      count: expected.length,
      events: expected.map((event) => ({ event, metadata })),
      every: undefined,
      anyOrder: true,
      follow: true,
      deliveredOnly: base.given.input !== undefined,
      perOutput: exportsOutputs || (base.given.input !== undefined && outputs === undefined),
      outputField: exportsOutputs
        ? (OUTPUT_FIELDS.find((name) => expected.some((event) => Object.hasOwn(event, name))) ??
          OUTPUT_FIELDS[0])
        : undefined,
      outputs: listed && listed.length > 0 ? listed : undefined,
    },
    index,
    skip: false,
  };
}

const isOn = (reader: YamlReader, file: Entries, name: string): boolean =>
  file.has(name) && reader.flag(file.get(name)!.value, `\`${name}\``) === true;

/** `{"[log][path]": 1}` as `{"log": {"path": 1}}`. */
function withReferences(fields: Fields): Fields {
  if (!Object.keys(fields).some((name) => name.startsWith('['))) return fields;
  const event = new Event({});
  for (const [name, value] of Object.entries(fields)) setField(event, name, value);
  return event.metadata === undefined ? event.fields : { ...event.fields, '@metadata': event.metadata };
}

function withReferencesInJson(line: string): string {
  if (!line.includes('"[')) return line;
  try {
    return JSON.stringify(withReferences(parseJson(line) as Fields));
  } catch {
    // The codec says what is wrong with it.
    return line;
  }
}
