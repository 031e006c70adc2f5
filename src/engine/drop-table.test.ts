import { expect, test } from 'vitest';
import { DropTable } from './drop-table.ts';

test('counts by sender and reason, those that lost most first', () => {
  const table = new DropTable();
  table.add('10.0.0.1', 'the queue was full');
  table.add('10.0.0.2', 'the queue was full');
  table.add('10.0.0.2', 'too long');
  const counts = table.counts();
  expect(counts).toEqual({
    events: 3,
    by_source: { '10.0.0.2': 2, '10.0.0.1': 1 },
    by_reason: { 'the queue was full': 2, 'too long': 1 },
  });
  expect(Object.keys(counts.by_source)).toEqual(['10.0.0.2', '10.0.0.1']);
});

test('a million forged senders take a thousand entries, and none is forgotten in the sum', () => {
  const table = new DropTable();
  for (let at = 0; at < 1_000_000; at++) table.add(`10.${at}`, `reason ${at % 50}`);
  const { events, by_source, by_reason } = table.counts();
  expect(events).toBe(1_000_000);
  expect(Object.keys(by_source)).toHaveLength(1001);
  expect(Object.keys(by_reason)).toHaveLength(21);
  expect(by_source['other']).toBe(999_000);
  expect(Object.values(by_reason).reduce((a, b) => a + b)).toBe(1_000_000);
});
