import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_DATE_FORMAT, dateParser } from './date-formats.ts';

const NOON = Date.UTC(2026, 10, 20, 12);

test.each([
  [DEFAULT_DATE_FORMAT, '2026-11-20T12:00:00.000Z', NOON],
  [DEFAULT_DATE_FORMAT, '2026-11-20T12:00:00.123456789Z', NOON + 123],
  [DEFAULT_DATE_FORMAT, '2026-11-20T14:00:00+02:00', NOON],
  [DEFAULT_DATE_FORMAT, '2026-11-20T12', NOON],
  [DEFAULT_DATE_FORMAT, '2026-11', Date.UTC(2026, 10)],
  [DEFAULT_DATE_FORMAT, '2026', Date.UTC(2026)],
  [DEFAULT_DATE_FORMAT, String(NOON), NOON],
  [DEFAULT_DATE_FORMAT, '-1', -1],
  [DEFAULT_DATE_FORMAT, '2026-11-20 12:00:00', undefined],
  [DEFAULT_DATE_FORMAT, '2026-02-29', undefined],
  [DEFAULT_DATE_FORMAT, '2026-11-20T24:00:00Z', undefined],
  [DEFAULT_DATE_FORMAT, '', undefined],
  ['epoch_second', String(NOON / 1000), NOON],
  ['epoch_second', `${NOON / 1000}.5`, NOON + 500],
  ['basic_date', '20261120', Date.UTC(2026, 10, 20)],
  ['strict_date_time', '2026-11-20T12:00:00.000Z', NOON],
  ['date_hour_minute_second', '2026-11-20T12:00:00', NOON],
  ['yyyy-MM-dd HH:mm:ss', '2026-11-20 12:00:00', NOON],
  ["yyyy-MM-dd'T'HH:mm:ss.SSSZ", '2026-11-20T13:00:00.000+0100', NOON],
  ['dd/MMM/yyyy:HH:mm:ss Z', '20/Nov/2026:12:00:00 +0000', NOON],
  ['MMM d, yyyy h:mm a', 'Nov 20, 2026 12:00 PM', NOON],
  ['uuuu-MM-dd[ HH:mm]', '2026-11-20', Date.UTC(2026, 10, 20)],
  ['yyyy-DDD', '2026-324', Date.UTC(2026, 10, 20)],
  ['yyyy-MM-dd||epoch_millis', String(NOON), NOON],
])('%s reads %s', (format, text, millis) => {
  expect(dateParser(format)(text)).toBe(millis);
});

test('patterns without a meaning are named', () => {
  expect(() => dateParser('yyyy-qq')).toThrowError(/Unknown pattern letter: q/);
  expect(() => dateParser("yyyy 'x")).toThrowError(/incomplete string literal/);
});

test('property: reads whatever Date writes, and never throws', () => {
  const parse = dateParser(DEFAULT_DATE_FORMAT);
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }), (date) => {
      expect(parse(date.toISOString())).toBe(date.getTime());
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void parse(text)));
});
