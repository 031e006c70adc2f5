/** Writes what came out of tests into their file, as what is expected. Comments and order of YAML stay. */
import { type Document, isMap, parseDocument } from 'yaml';
import { isMap as isFieldMap } from '../../event/event.ts';
import { getField } from '../../event/field-reference.ts';
import type { Fields, FieldValue } from '../../kernel/event-types.ts';
import { eventOf } from './given-events.ts';
import { strippedEvent } from './judge.ts';
import { type Defaults, readTestFile } from './read-test-file.ts';
import type { TestReport } from './run.ts';
import type { EventExpectation, TestCase } from './test-file.ts';

/**
 * The text of a file with the results of these failed tests; `count`: how many of them could be written. Patterns
 * (`matches`) and `every` are rules, not results: they stay.
 */
export function updatedFile(
  file: string,
  text: string,
  failed: readonly TestReport[],
  defaults: Defaults = {},
): { text: string; count: number } {
  const { test } = readTestFile(file, text, defaults);
  if (!test) return { text, count: 0 };
  const document = parseDocument(text, { intAsBigInt: true });
  let count = 0;
  for (const report of failed) {
    const own = test.cases.find(({ index }) => index === report.index);
    if (!own) continue;
    const written =
      test.format === 'verifier' ? updateVerifier(document, own, report) : updateOwn(document, own, report);
    if (written) count++;
  }
  if (count === 0) return { text, count };
  const indent = /^\s*\{/.test(text) ? (/\n( +|\t)"/.exec(text)?.[1] ?? '  ') : undefined;
  const changed =
    indent === undefined
      ? document.toString({ lineWidth: 0 })
      : `${JSON.stringify(document.toJS(), undefined, indent)}\n`;
  return { text: changed, count };
}

function updateOwn(document: Document, test: TestCase, { index, events }: TestReport): boolean {
  const path = ['tests', index];
  const { expected } = test;
  if (expected.every && expected.events.length === 0) {
    if (expected.count === undefined) return false;
    document.setIn([...path, 'count'], events.length);
    return true;
  }
  if (expected.outputs)
    document.setIn(
      [...path, 'outputs'],
      document.createNode([...new Set(events.flatMap(({ outputs }) => outputs))]),
    );
  if (events.length === 0) {
    for (const name of ['expect', 'every', 'count']) document.deleteIn([...path, name]);
    document.setIn([...path, 'dropped'], true);
    return true;
  }
  document.deleteIn([...path, 'dropped']);
  const list =
    expected.count !== undefined && expected.events.length === 0 && !document.hasIn([...path, 'expect']);
  if (list && expected.count !== 0) {
    document.setIn([...path, 'count'], events.length);
    return true;
  }
  document.deleteIn([...path, 'count']);
  const same = expected.events.length === events.length;
  const expectations = events.map((event, at) =>
    expectationOf(test, same ? expected.events[at]! : { metadata: false, event: {} }, event),
  );
  document.setIn([...path, 'expect'], document.createNode(expectations));
  return true;
}

/** The same kind of expectation with the values that came out. */
function expectationOf(
  test: TestCase,
  old: EventExpectation,
  { fields, outputs }: TestReport['events'][number],
): Record<string, unknown> {
  const event = eventOf(fields, 0);
  const made: Record<string, unknown> = {};
  if (old.event) made['event'] = exact(test, fields, old);
  if (old.fields) {
    const kept: Fields = {};
    for (const [name, value] of Object.entries(old.fields)) {
      const actual = getField(event, name);
      if (actual !== undefined) kept[name] = subset(value, actual);
    }
    made['fields'] = kept;
  }
  if (old.matches)
    made['matches'] = Object.fromEntries(
      Object.entries(old.matches).map(([name, { source }]) => [name, source]),
    );
  if (old.absent) made['absent'] = old.absent.filter((name) => getField(event, name) === undefined);
  if (old.tags) made['tags'] = [event.fields['tags'] ?? []].flat();
  if (old.outputs) made['outputs'] = outputs;
  return made;
}

/** The keys that were looked at, with their new values. */
function subset(old: FieldValue, actual: FieldValue): FieldValue {
  if (!isFieldMap(old) || !isFieldMap(actual)) return actual;
  return Object.fromEntries(
    Object.keys(old).flatMap((name) =>
      Object.hasOwn(actual, name) ? [[name, subset(old[name], actual[name])]] : [],
    ),
  );
}

/** All fields but the ignored ones, and those that differ from run to run. */
function exact(test: TestCase, fields: Fields, { metadata, event: old }: EventExpectation): Fields {
  const { '@metadata': own, ...plain } = fields;
  const stripped = strippedEvent(test, eventOf(plain, 0)).fields;
  const made: Fields = {};
  for (const [name, value] of Object.entries(stripped)) {
    if (value === undefined || (name === '@version' && !Object.hasOwn(old ?? {}, name))) continue;
    made[name] = value;
  }
  if (metadata && own !== undefined) made['@metadata'] = own;
  return made;
}

function updateVerifier(document: Document, test: TestCase, { index, events }: TestReport): boolean {
  const list = document.get('testcases') as { items?: unknown[] } | undefined;
  const path = index < (list?.items?.length ?? 0) ? ['testcases', index] : [];
  const { perOutput, outputField, outputs } = test.expected;
  const metadata = test.expected.events[0]?.metadata ?? false;
  const made = events.flatMap(({ fields, outputs: ids }) => {
    const event = exact(test, fields, { metadata });
    if (!perOutput) return [event];
    return [...ids]
      .sort()
      .map((id): Fields => (outputField === undefined ? event : { ...event, [outputField]: id }));
  });
  const at = [...path, 'expected'];
  if (path.length > 0 && !isMap(document.getIn(path))) return false;
  document.setIn(at, document.createNode(made));
  if (outputs)
    document.setIn(
      [...path, 'expected_outputs'],
      document.createNode([...new Set(events.flatMap((event) => event.outputs))]),
    );
  return true;
}
