import { afterEach, expect, test } from 'vitest';
import { adoptClock, clockBuffer, fixedTime, releaseClock, setClock } from './fixed-clock.ts';

afterEach(releaseClock);
const TIME = Date.UTC(2026, 2, 5);

test('Date tells the fixed time, and everything else of it stays', () => {
  const real = Date;
  adoptClock();
  expect(Math.abs(Date.now() - real.now())).toBeLessThan(1000);
  setClock(TIME);
  expect([Date.now(), fixedTime()]).toEqual([TIME, TIME]);
  expect(new Date().toISOString()).toBe('2026-03-05T00:00:00.000Z');
  expect(new Date(5).getTime()).toBe(5);
  expect(new Date()).toBeInstanceOf(Date);
  expect(Date.parse('2026-03-05T00:00:00Z')).toBe(TIME);
  expect(Date.UTC(2026, 2, 5)).toBe(TIME);
  setClock(undefined);
  expect(Date.now()).toBeGreaterThan(TIME);
  releaseClock();
  expect(Date).toBe(real);
  expect([fixedTime(), clockBuffer()]).toEqual([undefined, undefined]);
});
