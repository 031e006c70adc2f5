import { expect, test } from 'vitest';
import { Series } from './history.ts';

test('keeps seconds, and the mean of ten seconds and of a minute', () => {
  const series = new Series(['rate'] as const);
  for (let second = 0; second <= 120; second++) series.add(second * 1000, { rate: second % 10 });
  const seconds = series.read('5m');
  expect(seconds.step).toBe(1000);
  expect(seconds.times.slice(0, 2)).toEqual([0, 1000]);
  expect(seconds.column('rate').slice(0, 3)).toEqual([0, 1, 2]);
  const tens = series.read('1h');
  expect(tens.times.slice(0, 2)).toEqual([0, 10_000]);
  expect(tens.column('rate')).toEqual(Array(12).fill(4.5));
  expect(series.read('24h').column('rate')).toEqual([4.5, 4.5]);
});

test('forgets what is older than its window', () => {
  const series = new Series(['rate'] as const);
  for (let second = 0; second <= 1000; second++) series.add(second * 1000, { rate: second });
  const { times, column } = series.read('5m');
  expect(times).toHaveLength(300);
  expect(times[0]).toBe(700_000);
  expect(column('rate').at(-1)).toBe(999);
});

test('what is not known is null, and no zero', () => {
  const series = new Series(['latency'] as const);
  series.add(0, { latency: Number.NaN });
  series.add(1000, { latency: 3 });
  series.add(2000, { latency: Number.NaN });
  expect(series.read('5m').column('latency')).toEqual([null, 3]);
});
