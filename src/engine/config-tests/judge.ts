/** Holds what came out of a pipeline against what a test expects. */
import { cloneEvent, isMap } from '../../event/event.ts';
import { getField, parseFieldReference, removeField } from '../../event/field-reference.ts';
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import { type Difference, differencesOf } from './differences.ts';
import type { EventExpectation, Expected, TestCase } from './test-file.ts';

/** An event that came out, and where it goes. */
export interface Outcome {
  readonly event: Event;
  readonly outputs: readonly Destination[];
}

export interface Destination {
  readonly id: string;
  /** Of the plugin. */
  readonly name: string;
}

/** One thing that is not as it should be. */
export interface Problem {
  readonly message: string;
  /** Which event of those that came out, or of those expected where fewer came; from 0. */
  readonly event?: number;
  readonly differences: readonly Difference[];
}

export function judge(test: TestCase, outcomes: readonly Outcome[]): Problem[] {
  const { expected } = test;
  const seen = expected.perOutput ? byOutput(outcomes, expected.outputField) : outcomes;
  const problems: Problem[] = [];
  if (expected.count !== undefined && seen.length !== expected.count)
    problems.push(problem(countMessage(expected.count, seen.length)));
  else if (expected.every && expected.count === undefined && seen.length === 0)
    problems.push(problem('no event came out'));
  problems.push(...judgeEvents(test, expected, seen));
  if (expected.every)
    for (const [at, outcome] of seen.entries())
      problems.push(...judgeEvent(test, expected.every, outcome, at));
  if (expected.outputs) {
    const all = [...new Set(seen.flatMap(({ outputs }) => outputs.map(({ id }) => id)))];
    const differing = outputDifference(
      expected.outputs,
      outcomes.flatMap(({ outputs }) => outputs),
      all,
    );
    if (differing) problems.push(problem('the events go to other outputs', undefined, [differing]));
  }
  return problems;
}

const problem = (message: string, event?: number, differences: readonly Difference[] = []): Problem => ({
  message,
  ...(event !== undefined && { event }),
  differences,
});

const events = (count: number): string =>
  count === 0 ? 'no event' : count === 1 ? '1 event' : `${count} events`;

const countMessage = (expected: number, actual: number): string =>
  `expected ${events(expected)}, and ${events(actual)} came out`;

/** Each event against its expectation; in any order, each against the one that it differs least from. */
function judgeEvents(test: TestCase, expected: Expected, seen: readonly Outcome[]): Problem[] {
  const results = (order: readonly number[]): Problem[] =>
    expected.events.flatMap((expectation, at) => {
      const outcome = seen[order[at] ?? -1];
      return outcome ? judgeEvent(test, expectation, outcome, order[at]!) : [];
    });
  const inOrder = results(expected.events.map((_, at) => at));
  const problems =
    inOrder.length > 0 && expected.anyOrder ? results(bestOrder(test, expected, seen)) : inOrder;
  // Where some are missing or too many, the lists are shown whole instead of shifted against each other.
  if (seen.length === expected.events.length || expected.events.length === 0) return problems;
  return [];
}

function bestOrder(test: TestCase, expected: Expected, seen: readonly Outcome[]): number[] {
  const left = new Set(seen.keys());
  return expected.events.map((expectation) => {
    let best = -1;
    let fewest = Number.POSITIVE_INFINITY;
    for (const at of left) {
      const count = judgeEvent(test, expectation, seen[at]!, at).reduce(
        (sum, { differences }) => sum + Math.max(1, differences.length),
        0,
      );
      if (count < fewest) {
        fewest = count;
        best = at;
      }
    }
    left.delete(best);
    return best;
  });
}

function judgeEvent(test: TestCase, expectation: EventExpectation, outcome: Outcome, at: number): Problem[] {
  const differences: Difference[] = [];
  const { event } = outcome;
  if (expectation.event) differences.push(...exactDifferences(test, expectation, event));
  for (const [name, value] of Object.entries(expectation.fields ?? {}))
    differences.push(...differencesOf(value, field(event, name), path(name), true));
  for (const [name, pattern] of Object.entries(expectation.matches ?? {})) {
    const actual = field(event, name);
    const expected = `/${pattern.source}/`;
    if (actual === undefined) differences.push({ kind: 'missing', field: name, expected });
    else if (!pattern.test(typeof actual === 'string' ? actual : (JSON.stringify(actual) ?? '')))
      differences.push({ kind: 'different', field: name, expected, actual });
  }
  for (const name of expectation.absent ?? []) {
    const actual = field(event, name);
    if (actual !== undefined) differences.push({ kind: 'unexpected', field: name, actual });
  }
  if (expectation.tags) {
    const actual = [event.fields['tags'] ?? []].flat();
    const same =
      actual.length === expectation.tags.length && expectation.tags.every((tag) => actual.includes(tag));
    if (!same)
      differences.push({ kind: 'different', field: 'tags', expected: [...expectation.tags], actual });
  }
  const outputs =
    expectation.outputs &&
    outputDifference(
      expectation.outputs,
      outcome.outputs,
      outcome.outputs.map(({ id }) => id),
    );
  if (outputs) differences.push(outputs);
  return differences.length > 0 ? [problem(`event ${at + 1} is not as expected`, at, differences)] : [];
}

/** Outputs are named by id or by the name of their plugin. */
function outputDifference(
  expected: readonly string[],
  actual: readonly Destination[],
  ids: readonly string[],
): Difference | undefined {
  const isNamed = ({ id, name }: Destination): boolean => expected.includes(id) || expected.includes(name);
  const isReached = (wanted: string): boolean =>
    actual.some(({ id, name }) => id === wanted || name === wanted);
  if (actual.every(isNamed) && expected.every(isReached)) return undefined;
  return { kind: 'different', field: '(outputs)', expected: [...expected], actual: [...ids] };
}

/** `fields: { user.name: … }` is a name with a dot; `[user][name]` is a reference. */
const field = (event: Event, name: string): FieldValue => getField(event, name);

function path(name: string): string[] {
  const { path: parts, metadata } = parseFieldReference(name);
  return metadata ? ['@metadata', ...parts] : [...parts];
}

function exactDifferences(
  test: TestCase,
  { event: expected, metadata }: EventExpectation,
  actual: Event,
): Difference[] {
  const wanted: Fields = { ...expected };
  const kept = strippedEvent(test, actual);
  if (!Object.hasOwn(wanted, '@version')) kept.fields['@version'] = undefined;
  const found: Fields = { ...kept.fields };
  if (metadata) {
    const own = ownMetadata(kept.metadata);
    if (Object.keys(own).length > 0 || wanted['@metadata'] !== undefined) found['@metadata'] = own;
  }
  for (const name of test.ignore) removeFrom(wanted, name);
  return differencesOf(wanted, found);
}

/** A copy without the fields that the test ignores. */
export function strippedEvent(test: Pick<TestCase, 'ignore'>, event: Event): Event {
  const copy = cloneEvent(event);
  for (const name of test.ignore) removeField(copy, name);
  return copy;
}

function removeFrom(fields: Fields, name: string): void {
  const { path: parts, metadata } = parseFieldReference(name);
  if (parts.length !== 1 || metadata) return;
  delete fields[parts[0]!];
}

/** What the verifier and we keep there for ourselves does not count. */
const ownMetadata = (metadata: Fields = {}): Fields =>
  Object.fromEntries(
    Object.entries(metadata).filter(([name]) => !name.startsWith('__lfv_') && !name.startsWith('__tmp_')),
  );

/** An event for each output that it goes to, with the id of that in a field. */
function byOutput(outcomes: readonly Outcome[], name: string | undefined): Outcome[] {
  return outcomes.flatMap((outcome) =>
    [...outcome.outputs]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((output) => {
        const event = cloneEvent(outcome.event);
        if (name !== undefined) event.fields[name] = output.id;
        return { event, outputs: [output] };
      }),
  );
}

/** Fields of an event as reports show them. */
export function shown({ fields, metadata }: Event): Fields {
  const all: Fields = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) all[name] = value;
  if (metadata && isMap(metadata) && Object.values(metadata).some((value) => value !== undefined))
    all['@metadata'] = metadata;
  return all;
}
