import { expect, test } from 'vitest';
import { BusyTime } from './busy-time.ts';

test('one at a time: the time between begin and end', () => {
  const values = new Float64Array(2);
  const busy = new BusyTime(values, 1);
  busy.begin(100);
  busy.end(130);
  busy.begin(200);
  busy.end(205);
  expect([...values]).toEqual([0, 35]);
});

test('two at once count twice', () => {
  const values = new Float64Array(1);
  const busy = new BusyTime(values, 0);
  busy.begin(0);
  busy.begin(10);
  busy.end(20);
  busy.end(50);
  expect(values[0]).toBe(10 + 20 + 30);
});

test('what goes on is counted at every update, and nothing when idle', () => {
  const values = new Float64Array(1);
  const busy = new BusyTime(values, 0);
  busy.update(50);
  busy.begin(100);
  busy.update(1100);
  expect(values[0]).toBe(1000);
  busy.end(1600);
  busy.update(9000);
  expect(values[0]).toBe(1500);
});

test('until passes on what the promise gives, and ends', async () => {
  const values = new Float64Array(1);
  const busy = new BusyTime(values, 0);
  busy.begin(performance.now());
  busy.begin(performance.now());
  expect(await busy.until(Promise.resolve(7))).toBe(7);
  await expect(busy.until(Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(busy.active).toBe(0);
});
