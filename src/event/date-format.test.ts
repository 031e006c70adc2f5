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

describe('years that have not four digits', () => {
  const FAR = '+012400-02-29T10:20:30.123Z';
  const BEFORE_CHRIST = '-000043-03-15T11:00:00.000Z';
  test.each([
    ['joda', 'yyyy.MM.dd', FAR, '12400.02.29'],
    ['joda', 'YYYY yy YY xxxx C G', FAR, '12400 00 00 12400 124 AD'],
    ['joda', 'YYYY-MM-dd EEE HH:mm:ss.SSS D', FAR, '12400-02-29 Tue 10:20:30.123 60'],
    ['joda', 'yyyy YYYY yy C G', BEFORE_CHRIST, '-0043 0044 43 0 BC'],
    ['joda', 'yyyy YYYY', '0000-01-01T00:00:00.000Z', '0000 0001'],
    ['java', 'yyyy uuuu yy y u', FAR, '+12400 +12400 00 12400 12400'],
    ['java', 'yyyyy uuuuu YYYY', FAR, '12400 12400 +12400'],
    ['java', 'yyyy uuuu u yy G GGGG', BEFORE_CHRIST, '0044 -0043 -43 44 BC Before Christ'],
    ['java', 'yyyy-MM-dd', '0000-12-31T00:00:00.000Z', '0001-12-31'],
  ] as const)('%s %s of %s', (dialect, pattern, time, expected) => {
    expect(compileDateFormat(pattern, dialect)(time)).toBe(expected);
  });

  test('days and weeks are those of the calendar', () => {
    for (const year of [-271000, -5, -1, 10_000, 123_456, 270_000]) {
      const time = new Date(Date.UTC(2000, 10, 20));
      time.setUTCFullYear(year);
      const format = compileDateFormat("u'/'e'/'D", 'java');
      const start = new Date(time);
      start.setUTCMonth(0, 1);
      const day = (time.getTime() - start.getTime()) / 86_400_000 + 1;
      expect(format(time.toISOString())).toBe(`${year}/${time.getUTCDay() || 7}/${day}`);
    }
  });
});
