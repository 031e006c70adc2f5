import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileDateParser } from './parse.ts';

const at = (iso: string) => () => Date.parse(iso);
const fails = undefined;

describe('Joda patterns', () => {
  test.each([
    ['dd/MMM/yyyy:HH:mm:ss Z', '25/Mar/2013:20:33:56 +0000', '2013-03-25T20:33:56.000Z'],
    ['dd/MMM/yyyy:HH:mm:ss Z', '5/mar/2013:20:33:56 -07:30', '2013-03-06T04:03:56.000Z'],
    ['dd/MMM/yyyy:HH:mm:ss Z', '25/Mar/2013:20:33:56 Z', '2013-03-25T20:33:56.000Z'],
    ['dd/MMM/yyyy:HH:mm:ss Z', '25/Mar/2013:20:33:56 +0000 ', fails],
    ['dd/MMM/yyyy:HH:mm:ss Z', '25/Mar/2013:20:33:56 0000', fails],
    ['dd/MMM/yyyy:HH:mm:ss Z', '31/Feb/2013:20:33:56 +0000', fails],
    ['dd/MMM/yyyy:HH:mm:ss Z', '25/Mrz/2013:20:33:56 +0000', fails],
    ['dd/MMM/yyyy:HH:mm:ss Z', '25/March/2013:20:33:56 +01', '2013-03-25T19:33:56.000Z'],
    ['yyyy-MM-dd HH:mm:ss.SSS', '2012-02-29 00:00:00.5', '2012-02-29T00:00:00.500Z'],
    ['yyyy-MM-dd HH:mm:ss.SSS', '2012-02-29 00:00:00.1234', fails],
    ['yyyy-MM-dd HH:mm:ss.SSSSSS', '2012-02-29 00:00:00.123987', '2012-02-29T00:00:00.123Z'],
    ['yyyy-MM-dd HH:mm:ss,SSS', '2012-02-29 00:00:00,007', '2012-02-29T00:00:00.007Z'],
    ["yyyy-MM-dd'T'HH:mm:ssZZ", '2012-12-31T23:59:59+05:30', '2012-12-31T18:29:59.000Z'],
    ["yyyy-MM-dd 'at' H 'o''clock'", "2012-12-31 AT 7 o'clock", '2012-12-31T07:00:00.000Z'],
    ['yyyyMMddHHmmss', '20121231235959', '2012-12-31T23:59:59.000Z'],
    ['MM/dd/yy hh:mm:ss a', '1/2/24 12:00:01 am', '2024-01-02T00:00:01.000Z'],
    ['MM/dd/yy hh:mm:ss a', '01/02/24 12:00:01 PM', '2024-01-02T12:00:01.000Z'],
    ['MM/dd/yy', '01/02/99', '1999-01-02T00:00:00.000Z'],
    ['MM/dd/yy', '01/02/1999', '1999-01-02T00:00:00.000Z'],
    ['yyMMdd', '240102', '2024-01-02T00:00:00.000Z'],
    ['EEE MMM dd HH:mm:ss yyyy', 'Mon Jun 02 20:38:03 2014', '2014-06-02T20:38:03.000Z'],
    ['EEEE, dd-MMM-yy HH:mm:ss Z', 'Monday, 02-Jun-14 20:38:03 +0000', '2014-06-02T20:38:03.000Z'],
    ['yyyy-DDD', '2024-366', '2024-12-31T00:00:00.000Z'],
    ['yyyy-DDD', '2023-366', fails],
    ["xxxx-'W'ww-e", '2009-W53-7', '2010-01-03T00:00:00.000Z'],
    ["xxxx-'W'ww", '2026-W01', '2025-12-29T00:00:00.000Z'],
    ["xxxx-'W'ww", '2026-W54', fails],
    ['kk:mm dd.MM.yyyy', '24:05 01.02.2020', '2020-02-01T00:05:00.000Z'],
    ['K:mm a dd.MM.yyyy', '0:05 PM 01.02.2020', '2020-02-01T12:05:00.000Z'],
    ['yyyy', '1999', '1999-01-01T00:00:00.000Z'],
    ['yyyy', 'not really a year', fails],
    ['yyyy G', '44 BC', '-000043-01-01T00:00:00.000Z'],
    ['yyyy-MM-dd HH:mm z', '2020-07-01 10:00 PDT', '2020-07-01T17:00:00.000Z'],
    ['yyyy-MM-dd HH:mm ZZZ', '2020-07-01 10:00 Europe/Paris', '2020-07-01T08:00:00.000Z'],
    ['yyyy-MM-dd HH:mm ZZZ', '2020-07-01 10:00 Nowhere/Else', fails],
    ['HH:mm:ss yyyy', '24:00:00 2020', fails],
    ['HH:mm:ss yyyy', '23:59:60 2020', fails],
    ['yyyy/MM/dd', '', fails],
    ['yyyy/MM/dd', '2020/01/', fails],
    ['yyyy/MM/dd', '999999999/01/01', fails],
  ])('%s reads %s', (format, text, expected) => {
    expect(compileDateParser(format, { timezone: 'UTC', locale: 'en' })(text)).toBe(expected);
  });

  test.each(['yyyy-MM-dd b', 'zzzz', 'yyyy-QQ'])('refuses the pattern %s', (format) => {
    expect(() => compileDateParser(format)).toThrow();
  });

  test('refuses an unknown time zone', () => {
    expect(() => compileDateParser('yyyy', { timezone: 'Mars/Olympus' })).toThrow('`Mars/Olympus`');
  });

  test('values that are not text do not fit', () => {
    const parse = compileDateParser('yyyy', { timezone: 'UTC' });
    for (const value of [1999, null, undefined, true, ['1999'], { a: '1999' }, 1999n])
      expect(parse(value)).toBe(fails);
  });

  test.each([
    ['fr', 'dd MMMM yyyy', '14 juillet 1789', '1789-07-14T00:00:00.000Z'],
    ['fr_FR', 'dd MMM yyyy', '14 juil. 1989', '1989-07-14T00:00:00.000Z'],
    ['de-DE', 'EEEE, d. MMMM yyyy', 'Dienstag, 3. März 2026', '2026-03-03T00:00:00.000Z'],
    ['pl', 'd MMMM yyyy', '3 maja 2026', '2026-05-03T00:00:00.000Z'],
    ['not a locale', 'd MMMM yyyy', '3 May 2026', '2026-05-03T00:00:00.000Z'],
  ])('names of %s', (locale, format, text, expected) => {
    expect(compileDateParser(format, { timezone: 'UTC', locale })(text)).toBe(expected);
  });
});

describe('years that are not there', () => {
  test.each([
    ['2014-01-01T00:30:50Z', 'Dec 31 23:59:00', '2013-12-31T23:59:00.000Z'],
    ['2013-12-31T23:59:50Z', 'Jan 01 01:00:00', '2014-01-01T01:00:00.000Z'],
    ['2014-06-01T00:00:00Z', 'Dec 31 23:59:00', '2014-12-31T23:59:00.000Z'],
    ['2014-06-01T00:00:00Z', 'Jan 01 01:00:00', '2014-01-01T01:00:00.000Z'],
    ['2023-06-01T00:00:00Z', 'Feb 29 01:00:00', fails],
    ['2024-06-01T00:00:00Z', 'Feb 29 01:00:00', '2024-02-29T01:00:00.000Z'],
  ])('seen at %s, %s', (now, text, expected) => {
    expect(compileDateParser('MMM dd HH:mm:ss', { timezone: 'UTC', now: at(now) })(text)).toBe(expected);
  });

  test('a weekday beside a date does not move it', () => {
    const parse = compileDateParser('EEE MMM dd HH:mm:ss', {
      timezone: 'UTC',
      now: at('2026-01-01T00:00:00Z'),
    });
    expect(parse('Wed Dec 31 20:38:03')).toBe('2025-12-31T20:38:03.000Z');
  });

  test('single-digit days of syslog', () => {
    const parse = compileDateParser('MMM  d HH:mm:ss', { timezone: 'UTC', now: at('2026-06-01T00:00:00Z') });
    expect(parse('Jun  1 20:38:03')).toBe('2026-06-01T20:38:03.000Z');
    expect(parse('Jun 11 20:38:03')).toBe(fails);
  });

  test('a time alone is of the first of January', () => {
    const parse = compileDateParser('HH:mm:ss', { timezone: 'UTC', now: at('2026-06-01T00:00:00Z') });
    expect(parse('20:38:03')).toBe('2026-01-01T20:38:03.000Z');
  });
});

describe('time zones', () => {
  test.each([
    ['America/Los_Angeles', '2013 Nov 24 01:29:01', '2013-11-24T09:29:01.000Z'],
    ['America/Los_Angeles', '2013 Jun 24 01:29:01', '2013-06-24T08:29:01.000Z'],
    ['CET', '2016 Mar 27 01:59:59', '2016-03-27T00:59:59.000Z'],
    ['CET', '2016 Mar 27 02:00:01', fails],
    ['CET', '2016 Mar 27 03:00:01', '2016-03-27T01:00:01.000Z'],
    ['Europe/Berlin', '2016 Oct 30 02:30:00', '2016-10-30T00:30:00.000Z'],
    ['America/Caracas', '2007 Dec 09 01:00:00', '2007-12-09T05:00:00.000Z'],
    ['America/Caracas', '2007 Dec 09 10:00:00', '2007-12-09T14:30:00.000Z'],
    ['Pacific/Kiritimati', '2026 Jan 01 00:00:00', '2025-12-31T10:00:00.000Z'],
    ['+05:30', '2026 Jan 01 00:00:00', '2025-12-31T18:30:00.000Z'],
  ])('%s %s', (timezone, text, expected) => {
    expect(compileDateParser('yyyy MMM dd HH:mm:ss', { timezone })(text)).toBe(expected);
  });

  test('agree with Intl at any instant', () => {
    const format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'America/New_York',
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    const parse = compileDateParser('yyyy-MM-dd HH:mm:ss', { timezone: 'America/New_York' });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000_000 }), (seconds) => {
        const local = format.format(seconds * 1000);
        const parsed = Date.parse(parse(local)!);
        // In the hour that occurs twice the earlier one is meant.
        expect([seconds * 1000, seconds * 1000 - 3_600_000]).toContain(parsed);
        expect(format.format(parsed)).toBe(local);
      }),
    );
  });
});

describe('ISO8601', () => {
  test.each([
    ['2001-01-01T00:00:00-0800', '2001-01-01T08:00:00.000Z'],
    ['2010-05-03T08:18:18+00:00', '2010-05-03T08:18:18.000Z'],
    ['2001-12-07T23:54:54Z', '2001-12-07T23:54:54.000Z'],
    ['2004-07-04T12:27:27.123-04:00', '2004-07-04T16:27:27.123Z'],
    ['2001-12-07T23:54:54,123Z', '2001-12-07T23:54:54.123Z'],
    ['2001-12-07T23:54:54.123456789Z', '2001-12-07T23:54:54.123Z'],
    ['2001-11-06 20:45:45.123-0000', '2001-11-06T20:45:45.123Z'],
    ['2001-12-07 23:54:54,123Z', '2001-12-07T23:54:54.123Z'],
    ['2001-11-06 20:45:45.123', '2001-11-06T20:45:45.123Z'],
    ['2001-11-06 20:45:45', fails],
    ['2001-11-06 20:45:45.1234', fails],
    ['2001-11-06', '2001-11-06T00:00:00.000Z'],
    ['2001-11', '2001-11-01T00:00:00.000Z'],
    ['2001', '2001-01-01T00:00:00.000Z'],
    ['2001-310', '2001-11-06T00:00:00.000Z'],
    ['2009-W53-7T10', '2010-01-03T10:00:00.000Z'],
    ['2001-11-06T20', '2001-11-06T20:00:00.000Z'],
    ['2001-11-06T20.5', '2001-11-06T20:30:00.000Z'],
    ['2001-11-06T20:45', '2001-11-06T20:45:00.000Z'],
    ['2001-11-06T20:45+01', '2001-11-06T19:45:00.000Z'],
    ['2001-1-6T2:4:5Z', '2001-01-06T02:04:05.000Z'],
    ['T10:30Z', '1970-01-01T10:30:00.000Z'],
    ['2001-02-30T00:00:00Z', fails],
    ['2001-11-06T24:00:00Z', fails],
    ['2001-11-06T20:45:45 Z', fails],
    ['2001-11-06T20:45:45Zz', fails],
    ['', fails],
    ['yesterday', fails],
  ])('%s', (text, expected) => {
    expect(compileDateParser('ISO8601', { timezone: 'UTC' })(text)).toBe(expected);
  });

  test('without a zone it is in the configured one', () => {
    const parse = compileDateParser('ISO8601', { timezone: 'America/Caracas' });
    expect(parse('2016-05-01T08:18:18.123')).toBe('2016-05-01T12:18:18.123Z');
  });

  test('reads back what Date prints', () => {
    const parse = compileDateParser('ISO8601', { timezone: 'Asia/Tokyo' });
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }), (date) => {
        expect(parse(date.toISOString())).toBe(date.toISOString());
      }),
    );
  });
});

describe('numbers', () => {
  test.each([
    ['UNIX', '0', '1970-01-01T00:00:00.000Z'],
    ['UNIX', 1_000_000_000, '2001-09-09T01:46:40.000Z'],
    ['UNIX', '1350414944.123456', '2012-10-16T19:15:44.123Z'],
    ['UNIX', 1350414944.123456, '2012-10-16T19:15:44.123Z'],
    ['UNIX', 1478207457.456, '2016-11-03T21:10:57.456Z'],
    ['UNIX', JSON.rawJSON('1350414944.12345678901234567890'), '2012-10-16T19:15:44.123Z'],
    ['UNIX', 2_147_483_647, '2038-01-19T03:14:07.000Z'],
    ['UNIX', 2_147_483_648, fails],
    ['UNIX', '2147483648', fails],
    ['UNIX', 1_000_000_000_123, fails],
    ['UNIX', 12345678901234567890n, fails],
    ['UNIX', -1, '1969-12-31T23:59:59.000Z'],
    ['UNIX', '-1.5', '1969-12-31T23:59:58.500Z'],
    ['UNIX', 1e-7, '1970-01-01T00:00:00.000Z'],
    ['UNIX', '%{bad_value}', fails],
    ['UNIX', '1.', fails],
    ['UNIX', true, fails],
    ['UNIX', ['1'], fails],
    ['UNIX_MS', '456', '1970-01-01T00:00:00.456Z'],
    ['UNIX_MS', 1_000_000_000_123, '2001-09-09T01:46:40.123Z'],
    ['UNIX_MS', '1000000000123', '2001-09-09T01:46:40.123Z'],
    ['UNIX_MS', 1.9, '1970-01-01T00:00:00.001Z'],
    ['UNIX_MS', 2_147_483_648_000.5, fails],
    ['UNIX_MS', '1.5', fails],
    ['UNIX_MS', 10n ** 17n, fails],
    ['TAI64N', '4000000050d506482dbdf024', '2012-12-22T01:00:46.767Z'],
    ['TAI64N', '@4000000050d506482dbdf024', '2012-12-22T01:00:46.767Z'],
    ['TAI64N', '@4000000050d5', fails],
    ['TAI64N', 4, fails],
  ])('%s reads %s', (format, value, expected) => {
    expect(compileDateParser(format)(value)).toBe(expected);
  });
});

test('no text and no value makes any format throw', () => {
  const formats = [
    'ISO8601',
    'UNIX',
    'UNIX_MS',
    'TAI64N',
    'yy-MMM-d ZZZ',
    'E, dd MMMM yyyy G HH:mm a z',
    'x w e D k S',
  ];
  const parsers = formats.map((format) =>
    compileDateParser(format, { locale: 'fr', timezone: 'Europe/Paris' }),
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[\d:.TZ +-]*$/), fc.anything({ withBigInt: true })),
      (value) => {
        for (const parse of parsers) {
          const result = parse(value);
          if (result !== undefined) expect(new Date(result).toISOString()).toBe(result);
        }
      },
    ),
  );
});
