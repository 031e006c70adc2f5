import { expect, test } from 'vitest';
import { checkSchedule, dueAfter, dueBefore, isScheduled, scheduledName } from './snapshot-schedule.ts';

const time = (text: string): number => Date.parse(`2026-11-${text}Z`);
const said = (at: number): string => new Date(at).toISOString().slice(8, 16);

test('a time of the day is due every day, hours at their multiples, all in UTC', () => {
  expect(said(dueBefore('02:30', time('20T02:30')))).toBe('20T02:30');
  expect(said(dueBefore('02:30', time('20T02:29')))).toBe('19T02:30');
  expect(said(dueAfter('02:30', time('20T02:30')))).toBe('21T02:30');
  expect(said(dueBefore('6h', time('20T17:59')))).toBe('20T12:00');
  expect(said(dueAfter('6h', time('20T17:59')))).toBe('20T18:00');
  expect(said(dueAfter('1h', time('20T23:00')))).toBe('21T00:00');
  expect(said(dueBefore('24h', time('20T23:00')))).toBe('20T00:00');
});

test('what says no time is refused in words', () => {
  const schedule = (when: string, keep = 7) => ({ when, keep, place: '' });
  for (const when of ['', '24:00', '2:60', '0h', '169h', '6', 'daily', '6h ', '06:00h'])
    expect(() => checkSchedule(schedule(when)), when).toThrow(/says no time for snapshots/);
  for (const keep of [0, -1, 1.5, Number.NaN, 10_001])
    expect(() => checkSchedule(schedule('6h', keep)), String(keep)).toThrow(/are kept/);
  for (const when of ['0:00', '23:59', '1h', '168h']) checkSchedule(schedule(when));
});

test('names say when, and whose', () => {
  const name = scheduledName(time('20T02:30'), 'a1b2c3');
  expect(name).toBe('scheduled-20261120-0230-a1b2c3');
  expect(isScheduled(`/snapshots/${name}`, 'a1b2c3')).toBe(true);
  expect(isScheduled(`s3://bucket/place/${name}?region=x`, 'a1b2c3')).toBe(true);
  expect(isScheduled(`/snapshots/${name}`, 'other')).toBe(false);
  expect(isScheduled('/snapshots/monday-a1b2c3', 'a1b2c3')).toBe(false);
});
