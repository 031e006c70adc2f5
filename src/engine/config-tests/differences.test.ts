import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cloneValue } from '../../event/event.ts';
import type { FieldValue } from '../../kernel/event-types.ts';
import { differencesOf } from './differences.ts';

test('every place that differs is named', () => {
  expect(
    differencesOf(
      { a: 1, b: { c: 'x', gone: true }, list: [1, 2], same: null },
      { a: 2, b: { c: 'x', more: 1 }, list: [1, 3], same: null, own: 'y' },
    ),
  ).toEqual([
    { kind: 'different', field: 'a', expected: 1, actual: 2 },
    { kind: 'missing', field: '[b][gone]', expected: true },
    { kind: 'unexpected', field: '[b][more]', actual: 1 },
    { kind: 'different', field: '[list][1]', expected: 2, actual: 3 },
    { kind: 'unexpected', field: 'own', actual: 'y' },
  ]);
});

test('a subset looks at its own keys only', () => {
  expect(differencesOf({ a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }, [], true)).toEqual([]);
  expect(differencesOf({ a: { b: 1 } }, { a: 5 }, [], true)).toMatchObject([{ field: 'a' }]);
});

test('removed fields are none, numbers are compared by value, times by moment', () => {
  expect(differencesOf({}, { a: undefined })).toEqual([]);
  expect(differencesOf({ n: 5 }, { n: 5n })).toEqual([]);
  expect(differencesOf({ n: 1 }, { n: JSON.rawJSON('1.0') as never })).toEqual([]);
  expect(differencesOf({ n: 5 }, { n: '5' })).toHaveLength(1);
  expect(
    differencesOf({ '@timestamp': '2026-01-01T00:00:00Z' }, { '@timestamp': '2026-01-01T00:00:00.000Z' }),
  ).toEqual([]);
});

test('a value differs from no copy of itself', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(differencesOf(value as FieldValue, cloneValue(value as FieldValue))).toEqual([]);
    }),
  );
});
