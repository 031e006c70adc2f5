import { describe, expect, test } from 'vitest';
import { compileDateFormat } from './date-format.ts';

/** A Friday, day 324 of the year, in ISO week 47. */
const MORNING = '2026-11-20T09:05:07.123456789Z';
const MIDNIGHT = '2021-01-03T00:00:00.000Z';

describe('Joda patterns', () => {
  test.each([
    ['yyyy.MM.dd', MORNING, '2026.11.20'],
    ['YYYY-MM-dd HH:mm:ss,SSS', MORNING, '2026-11-20 09:05:07,123'],
    ['yy yyy y YY', MORNING, '26 2026 2026 26'],
    ['M MM MMM MMMM', MORNING, '11 11 Nov November'],
    ['d dd D DDD', MIDNIGHT, '3 03 3 003'],
    ['D', MORNING, '324'],
    ['E EEE EEEE e', MORNING, 'Fri Fri Friday 5'],
    ['H HH h hh k K', MIDNIGHT, '0 00 12 12 24 0'],
    ['h:mm a', '2026-11-20T15:04:00.000Z', '3:04 PM'],
    ['m mm s ss', MORNING, '5 05 7 07'],
    ['S SS SSS', MORNING, '1 12 123'],
    ["xxxx-'W'ww", MORNING, '2026-W47'],
    ["xxxx-'W'ww xx", MIDNIGHT, '2020-W53 20'],
    ['C G', MORNING, '20 AD'],
    ['Z ZZ ZZZ z', MORNING, '+0000 +00:00 UTC UTC'],
    ["yyyy'year' ''yy''", MORNING, "2026year '26'"],
    ["'it''s' HH", MORNING, "it's 09"],
    ["yyyy 'open", MORNING, '2026 open'],
    ['-_/.:% äß', MORNING, '-_/.:% äß'],
    ['', MORNING, ''],
  ])('%s of %s', (pattern, time, expected) => {
    expect(compileDateFormat(pattern, 'joda')(time)).toBe(expected);
  });

  test.each(['b', 'yyyy-c', 'L', 'X', 'Q'])('%s is illegal', (pattern) => {
    expect(() => compileDateFormat(pattern, 'joda')).toThrow('Illegal pattern component');
  });
});

describe('java.time patterns', () => {
  test.each([
    ['uuuu-MM-dd', MORNING, '2026-11-20'],
    ["YYYY-'W'ww-e", MIDNIGHT, '2020-W53-7'],
    ['SSSSSSSSS SSSSSS n', MORNING, '123456789 123456 123456789'],
    ['A', '2026-11-20T00:00:01.500Z', '1500'],
    ['N', '2026-11-20T00:00:01.500000001Z', '1500000001'],
    ['A', '1969-12-31T23:59:59.999Z', '86399999'],
    ['Q QQ QQQ QQQQ', MORNING, '4 04 Q4 4th quarter'],
    ['X XX XXX x xx xxx', MORNING, 'Z Z Z +00 +0000 +00:00'],
    ['Z ZZZZ ZZZZZ z VV O', MORNING, '+0000 GMT Z Z Z GMT'],
    ['L LLLL', MORNING, '11 November'],
  ])('%s of %s', (pattern, time, expected) => {
    expect(compileDateFormat(pattern, 'java')(time)).toBe(expected);
  });
});
