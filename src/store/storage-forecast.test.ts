import { expect, test } from 'vitest';
import { type GrowingIndex, growthOf } from './storage-forecast.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');
const TODAY = Date.parse('2026-11-20T00:00:00Z');

/** One index a day, each of 100 bytes, the last one of today. */
const daily = (days: number, name = 'logs'): GrowingIndex[] =>
  Array.from({ length: days }, (_, at) => {
    const day = TODAY - (days - 1 - at) * DAY;
    const isToday = day === TODAY;
    return {
      name: `${name}-${at}`,
      created: day,
      earliest: day,
      latest: isToday ? NOW : day + DAY - 1,
      bytes: isToday ? 50 : 100,
      documents: isToday ? 5 : 10,
    };
  });

test('without a rule the disk fills at the rate of the last week', () => {
  const { perDay, documentsPerDay, fullAt, days } = growthOf(daily(20), [], 1000, NOW);
  expect(perDay).toBeCloseTo(100, 0);
  expect(documentsPerDay).toBeCloseTo(10, 0);
  expect((fullAt! - NOW) / DAY).toBeCloseTo(10, 1);
  expect(days).toHaveLength(30);
  expect(days.at(-1)).toEqual({ day: TODAY, bytes: 50, documents: 5 });
  expect(days.at(-2)).toEqual({ day: TODAY - DAY, bytes: 100, documents: 10 });
  expect(days[0]).toEqual({ day: TODAY - 29 * DAY, bytes: 0, documents: 0 });
});

test('with a rule for the age it stands still', () => {
  const { fullAt, peak, forecast } = growthOf(daily(20), [{ pattern: '*', maxAge: 30 * DAY }], 5000, NOW);
  expect(fullAt).toBeUndefined();
  expect(peak).toBeGreaterThan(2900);
  expect(peak).toBeLessThan(3200);
  expect(forecast.at(-1)).toBeCloseTo(3000, -1);
  expect(growthOf(daily(20), [{ pattern: '*', maxAge: 30 * DAY }], 500, NOW).fullAt).toBeDefined();
});

test('with a rule for the size, too; other indices go on', () => {
  const all = [...daily(20), ...daily(20, 'flows')];
  const { forecast } = growthOf(all, [{ pattern: 'logs-*', maxBytes: 3000 }], 1e9, NOW);
  expect(forecast[100]! - forecast[99]!).toBeCloseTo(100, 0);
  expect(forecast[1]! - forecast[0]!).toBeCloseTo(200, 0);
});

test('what moves to the archive leaves the disk', () => {
  const { forecast } = growthOf(daily(20), [{ pattern: '*', archiveAfter: 5 * DAY }], 1e9, NOW);
  expect(forecast.at(-1)).toBeCloseTo(500, -1);
});

test('one index for everything never becomes old', () => {
  const one = {
    name: 'all',
    created: NOW - 40 * DAY,
    earliest: NOW - 40 * DAY,
    latest: NOW,
    bytes: 4000,
    documents: 4,
  };
  const { perDay, fullAt } = growthOf([one], [{ pattern: '*', maxAge: 30 * DAY }], 1000, NOW);
  expect(perDay).toBeCloseTo(100);
  expect((fullAt! - NOW) / DAY).toBeCloseTo(10, 1);
});

test('what counts is when it came, where that is known, and not the time of the events', () => {
  const read: GrowingIndex = {
    name: 'history',
    created: NOW - 5 * DAY,
    earliest: NOW - 900 * DAY,
    latest: NOW - 800 * DAY,
    bytes: 900,
    documents: 90,
    arrivals: [
      { from: NOW - 4 * DAY, to: NOW - 4 * DAY, bytes: 400, documents: 40 },
      { from: NOW - 2 * DAY, to: NOW - DAY, bytes: 400, documents: 40 },
      { from: NOW - DAY / 2, to: NOW + DAY, bytes: 100, documents: 10 },
    ],
  };
  const { days, perDay, documentsPerDay } = growthOf([read], [], 1e6, NOW);
  // The burst of the first half day is over: it counts as one of 200 bytes a day.
  expect(perDay).toBeCloseTo(600 / 4);
  expect(documentsPerDay).toBeCloseTo(60 / 4);
  expect(days.map(({ bytes }) => bytes).filter((bytes) => bytes > 0)).toEqual([400, 200, 200, 100]);
  expect(days.at(-5)).toEqual({ day: TODAY - 4 * DAY, bytes: 400, documents: 40 });
});

/** So many bytes on each of the last days, today first; today is half over. */
const arrived = (...bytes: readonly number[]): GrowingIndex => ({
  name: 'all',
  created: TODAY - 40 * DAY,
  earliest: TODAY - 400 * DAY,
  latest: NOW,
  bytes: 1e6,
  documents: 1e6,
  arrivals: bytes.map((each, at) => {
    const from = TODAY - at * DAY;
    return { from, to: at === 0 ? NOW : from + DAY, bytes: each, documents: each / 10 };
  }),
});
const perDayOf = (...bytes: readonly number[]): number => growthOf([arrived(...bytes)], [], 1e6, NOW).perDay!;

test('history that was read in counts as a day like the others once that is over', () => {
  const steady = Array.from({ length: 9 }, () => 100);
  expect(perDayOf(50, ...steady)).toBeCloseTo(100);
  // 30 days of history yesterday, and over midnight.
  expect(perDayOf(50, 3100, ...steady)).toBeCloseTo(100);
  expect(perDayOf(50, 1600, 1600, ...steady)).toBeCloseTo(100);
  expect(growthOf([arrived(50, 3100, ...steady)], [], 1000, NOW).fullAt).toBeCloseTo(NOW + 10 * DAY, -6);
  // In a store that is new.
  expect(perDayOf(50, 3000)).toBeCloseTo(100);
});

test('what goes on is no burst, nor is what comes every week, nor a day with a little more', () => {
  const steady = Array.from({ length: 29 }, () => 100);
  // Nobody knows whether it ends: it counts as it came in the measured week.
  expect(perDayOf(1500, ...steady)).toBeCloseTo((1500 + 650) / 7);
  expect(perDayOf(1500, 3000, ...steady)).toBeCloseTo((1500 + 3000 + 550) / 7);
  const weekly: number[] = Array.from({ length: 29 }, (_, day) => (day % 7 === 3 ? 3000 : 100));
  weekly[0] = 50;
  expect(perDayOf(...weekly)).toBeCloseTo(3600 / 7);
  const alone = weekly.map((bytes) => (bytes === 3000 ? bytes : 0));
  expect(perDayOf(...alone)).toBeCloseTo(3000 / 7);
  expect(perDayOf(50, 280, ...steady)).toBeCloseTo(880 / 7);
});

test('little data, none, and odd times', () => {
  expect(growthOf([], [], 1000, NOW)).toMatchObject({ forecast: [0] });
  const young = { name: 'a', created: NOW, earliest: NOW - 60_000, latest: NOW, bytes: 5, documents: 1 };
  expect(growthOf([young], [], 1000, NOW).perDay).toBeUndefined();
  // Of old events, which have only just come, nothing is known.
  expect(growthOf([{ ...young, earliest: NOW - 40 * DAY }], [], 1000, NOW).perDay).toBeUndefined();
  const hours = { ...young, created: NOW - DAY / 4, bytes: 25 };
  expect(growthOf([hours], [], 1000, NOW).perDay).toBeCloseTo(100);
  const future = { ...young, earliest: NOW + DAY, latest: NOW + 9 * DAY };
  expect(growthOf([future, ...daily(9)], [], 1000, NOW).fullAt).toBeGreaterThan(NOW);
  const empty = { name: 'e', created: NOW - 9 * DAY, bytes: 0, documents: 0 };
  expect(growthOf([empty], [], 1000, NOW)).toMatchObject({ perDay: 0 });
});
