import { expect, test } from 'vitest';
import { dueIndices, planRetention } from './retention-plan.ts';
import type { IndexInfo } from './store.ts';

const NOW = Date.parse('2026-11-20T00:00:00Z');
const DAY = 86_400_000;
const index = (name: string, days: number, bytes: number, dataStream?: string): IndexInfo => ({
  name,
  uuid: name,
  created: NOW - days * DAY,
  documents: 1,
  deleted: 0,
  bytes,
  health: 'green',
  latest: NOW - days * DAY,
  aliases: {},
  mappings: {},
  settings: {},
  ...(dataStream !== undefined && { dataStream }),
});

test('what is older than its rule says, the first that fits', () => {
  const indices = [index('a-1', 10, 1), index('a-2', 2, 1), index('b-1', 10, 1)];
  const rules = [
    { pattern: 'b-*', maxAge: 30 * DAY },
    { pattern: '*', maxAge: 5 * DAY },
  ];
  expect(dueIndices(indices, rules, NOW)).toEqual(['a-1']);
});

test('the oldest of what is too much, but never the last', () => {
  const indices = [index('a-3', 1, 50), index('a-1', 3, 60), index('a-2', 2, 60)];
  expect(dueIndices(indices, [{ pattern: 'a-*', maxBytes: 120 }], NOW)).toEqual(['a-1']);
  expect(dueIndices(indices, [{ pattern: 'a-*', maxBytes: 1 }], NOW)).toEqual(['a-1', 'a-2']);
});

test('the index that a data stream writes to goes by its age only', () => {
  const indices = [index('.ds-x-000001', 9, 1, 'x'), index('.ds-x-000002', 3, 1, 'x')];
  expect(dueIndices(indices, [{ pattern: 'x', maxAge: 5 * DAY }], NOW)).toEqual(['.ds-x-000001']);
  expect(dueIndices(indices, [{ pattern: 'x', maxAge: DAY }], NOW)).toHaveLength(2);
  const others = [...indices, index('x-later', 1, 5)];
  expect(dueIndices(others, [{ pattern: 'x*', maxBytes: 1 }], NOW)).toEqual(['.ds-x-000001']);
});

test('says which rule holds for an index, and when it goes', () => {
  const indices = [index('a-1', 3, 1), index('b-1', 3, 1)];
  const rule = { pattern: 'a-*', maxAge: 10 * DAY, archiveAfter: 5 * DAY };
  const [a, b] = [...planRetention(indices, [rule], NOW).values()];
  expect(a).toEqual({ rule, deletesAt: NOW + 7 * DAY, archivesAt: NOW + 2 * DAY });
  expect(b).toEqual({});
});

test('hidden indices are meant by patterns with a dot only', () => {
  const indices = [index('.saved', 9, 1), index('.ds-.own-000001', 9, 1, '.own'), index('a', 9, 1)];
  expect(dueIndices(indices, [{ pattern: '*', maxAge: DAY }], NOW)).toEqual(['a']);
  expect(dueIndices(indices, [{ pattern: '.saved', maxAge: DAY }], NOW)).toEqual(['.saved']);
});
