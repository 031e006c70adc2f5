import { expect, test } from 'vitest';
import type { IndexInfo } from '../store.ts';
import { dueIndices } from './retention.ts';

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

test('the index that a data stream writes to stays', () => {
  const indices = [index('.ds-x-000001', 9, 1, 'x'), index('.ds-x-000002', 8, 1, 'x')];
  expect(dueIndices(indices, [{ pattern: 'x', maxAge: DAY }], NOW)).toEqual(['.ds-x-000001']);
});
