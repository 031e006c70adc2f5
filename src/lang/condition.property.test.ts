import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as interpreter from '../../test/support/interpreter.ts';
import { eventParts, expression, makeEvent, nowhere, shown } from '../../test/support/lang-arbitraries.ts';
import type { Event, FieldValue } from '../kernel/event-types.ts';
import type { Expression, Operand } from './ast.ts';
import { compileChooser } from './compile-partition.ts';
import { conditionState } from './condition-values.ts';
import { printExpression } from './print.ts';

const branch = (condition: Expression) => ({
  type: 'branch' as const,
  id: 'b',
  arms: [{ condition, body: [] }],
  position: condition.position,
});

function compiled(condition: Expression): (event: Event) => boolean | 'no answer' {
  const { choose } = compileChooser(branch(condition));
  return (event) => {
    const arm = choose(event);
    conditionState.failure = undefined;
    return arm === -2 ? 'no answer' : arm === 0;
  };
}

function interpreted(condition: Expression, event: Event): boolean | 'no answer' {
  try {
    return interpreter.holds(condition, event);
  } catch (error) {
    if (error instanceof interpreter.NoAnswer) return 'no answer';
    throw error;
  }
}

test('compiled conditions agree with the interpreter on any event', () => {
  fc.assert(
    fc.property(expression, fc.array(eventParts, { minLength: 1, maxLength: 8 }), (condition, events) => {
      const holds = compiled(condition);
      for (const parts of events) {
        const event = makeEvent(parts);
        expect(holds(event)).toBe(interpreted(condition, event));
      }
    }),
    { numRuns: 1500 },
  );
});

const raw = (text: string): FieldValue => JSON.rawJSON(text) as unknown as FieldValue;
/** Values that are near each other in one way or another. */
const VALUES: FieldValue[] = [
  ...[undefined, null, true, false, 0, -0, 1, -1, 1.5, 10, 255, 2 ** 53, 1e21],
  ...[0n, 1n, 10n, 2n ** 53n, 2n ** 53n + 1n, 1000000000000000000000n],
  ...['1', '1.0', '10.000', '1e1', '9007199254740993', '1.50000000000000000001', '-1e-400', '1e400'].map(raw),
  ...['', '0', '1', '1.0', '10', 'true', 'false', 'null', 'a', 'b', 'ab', 'ba', 'x\na\ny', '[a]'],
  ...['ü', '\ud7ff', '\ue000', '\uffff', '😀', '😀a'],
  ...[[], [null], ['a'], ['a', 'b'], [1], [10n, raw('10.0')], ['1'], [['a']], [false], ['']],
  ...[{}, { a: 1 }, { a: 1n }, { a: raw('1.0') }, { a: 1, b: undefined }, { a: undefined, b: 1 }],
];

/** A value as a constant of the language, if it can be one. */
function operandOf(value: FieldValue): Operand | undefined {
  if (typeof value === 'string') return { type: 'string', text: value, quoted: true, position: nowhere };
  if (typeof value === 'number' || typeof value === 'bigint')
    return { type: 'number', value, float: value === 1.5 || Object.is(value, 1), position: nowhere };
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item) => operandOf(item));
  return items.includes(undefined)
    ? undefined
    : { type: 'array', items: items as Operand[], position: nowhere };
}

const field = (name: string): Operand => ({ type: 'field', reference: `[${name}]`, position: nowhere });

const KINDS: ((left: Operand, right: Operand) => Expression)[] = [
  ...(['==', '!=', '<', '>', '<=', '>='] as const).map(
    (operator) =>
      (left: Operand, right: Operand): Expression => ({
        type: 'compare',
        operator,
        left,
        right,
        position: nowhere,
      }),
  ),
  ...[true, false].map(
    (negated) =>
      (left: Operand, right: Operand): Expression => ({
        type: 'in',
        negated,
        left,
        right,
        position: nowhere,
      }),
  ),
];

test('every operator on every pair of values, as fields and as constants', () => {
  const constants = VALUES.map(operandOf).filter((each) => each !== undefined);
  const problems: string[] = [];
  const check = (condition: Expression, events: Event[]): void => {
    const holds = compiled(condition);
    for (const event of events) {
      const [found, expected] = [holds(event), interpreted(condition, event)];
      if (found !== expected)
        problems.push(`${printExpression(condition)} of ${shown(event)}: ${found}, not ${expected}`);
    }
  };
  const single = VALUES.map((value) => makeEvent({ fields: { a: value }, metadata: undefined }));
  const pairs = VALUES.flatMap((a) =>
    VALUES.map((b) => makeEvent({ fields: { a, b }, metadata: undefined })),
  );
  for (const make of KINDS) {
    check(make(field('a'), field('b')), pairs);
    for (const each of constants) {
      check(make(field('a'), each), single);
      check(make(each, field('a')), single);
      for (const other of constants) check(make(each, other), single.slice(0, 1));
    }
  }
  for (const operand of [field('a'), ...constants])
    check({ type: 'truth', operand, position: nowhere }, single);
  expect(problems).toEqual([]);
});
