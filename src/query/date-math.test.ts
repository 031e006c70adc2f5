import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDateMath, tryDateMath } from './date-math.ts';
import { QueryError } from './query-error.ts';

const now = Date.parse('2026-11-20T15:42:10.123Z');
const iso = (text: string, roundUp = false, timeZone?: string, format?: string): string =>
  new Date(parseDateMath(text, { now, roundUp, timeZone, format })).toISOString();

describe('times', () => {
  test.each([
    ['2026-11-20T10:00:00.5Z', '2026-11-20T10:00:00.500Z', '2026-11-20T10:00:00.500Z'],
    ['2026-11-20T10:00:00+02:00', '2026-11-20T08:00:00.000Z', '2026-11-20T08:00:00.999Z'],
    ['2026-11-20T10:00', '2026-11-20T10:00:00.000Z', '2026-11-20T10:00:59.999Z'],
    ['2026-11-20 10', '2026-11-20T10:00:00.000Z', '2026-11-20T10:59:59.999Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z', '2026-11-20T23:59:59.999Z'],
    ['2026-02', '2026-02-01T00:00:00.000Z', '2026-02-01T23:59:59.999Z'],
    ['2026', '2026-01-01T00:00:00.000Z', '2026-01-01T23:59:59.999Z'],
    ['1795176000000', '2026-11-20T12:00:00.000Z', '2026-11-20T12:00:00.000Z'],
    ['-1', '1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
  ])('%s', (text, low, high) => {
    expect(iso(text)).toBe(low);
    expect(iso(text, true)).toBe(high);
  });

  test('what is none', () => {
    for (const text of [
      '',
      'yesterday',
      '2026-13',
      '2026-02-30',
      '2026-11-20T25',
      'now-1',
      'now/x',
      'now-1d ',
      '2026||',
      '||',
    ]) {
      const open = text === '2026||';
      expect(Number.isNaN(tryDateMath(text, { now, roundUp: false })), text).toBe(!open);
    }
    expect(() => iso('x')).toThrow(QueryError);
    expect(() => iso('now', false, 'Mars/Olympus')).toThrow('Unknown time-zone ID: [Mars/Olympus]');
    expect(() => iso('now', false, undefined)).not.toThrow();
    expect(() => iso('2026', false, undefined, 'no_such_format')).toThrow('Invalid format: [no_such_format]');
  });
});

describe('math', () => {
  test.each([
    ['now', '2026-11-20T15:42:10.123Z', '2026-11-20T15:42:10.123Z'],
    ['now-1h', '2026-11-20T14:42:10.123Z', '2026-11-20T14:42:10.123Z'],
    ['now+d', '2026-11-21T15:42:10.123Z', '2026-11-21T15:42:10.123Z'],
    ['now/d', '2026-11-20T00:00:00.000Z', '2026-11-20T23:59:59.999Z'],
    ['now/w', '2026-11-16T00:00:00.000Z', '2026-11-22T23:59:59.999Z'],
    ['now-1d/d', '2026-11-19T00:00:00.000Z', '2026-11-19T23:59:59.999Z'],
    ['now-1M/M', '2026-10-01T00:00:00.000Z', '2026-10-31T23:59:59.999Z'],
    ['now/y+1h', '2026-01-01T01:00:00.000Z', '2027-01-01T00:59:59.999Z'],
    ['2026-01-31||+1M', '2026-02-28T00:00:00.000Z', '2026-02-28T00:00:00.000Z'],
    ['2024-02-29||+1y/M', '2025-02-01T00:00:00.000Z', '2025-02-28T23:59:59.999Z'],
    ['2026-11-20||/H', '2026-11-20T00:00:00.000Z', '2026-11-20T00:59:59.999Z'],
  ])('%s', (text, low, high) => {
    expect(iso(text)).toBe(low);
    expect(iso(text, true)).toBe(high);
  });

  test('days begin and end by the zone, also when the clocks change', () => {
    expect(iso('now/d', false, 'America/New_York')).toBe('2026-11-20T05:00:00.000Z');
    expect(iso('now/d', true, '+05:30')).toBe('2026-11-20T18:29:59.999Z');
    expect(iso('2026-03-29', false, 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z');
    expect(iso('2026-03-29', true, 'Europe/Berlin')).toBe('2026-03-29T21:59:59.999Z');
    expect(iso('2026-03-28T02:30||+1d', false, 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
  });
});

test('formats', () => {
  expect(iso('20/11/2026', true, undefined, 'dd/MM/yyyy||yyyy')).toBe('2026-11-20T23:59:59.999Z');
  expect(iso('2026', true, undefined, 'dd/MM/yyyy||yyyy')).toBe('2026-01-01T23:59:59.999Z');
  expect(iso('1795176000', false, undefined, 'epoch_second')).toBe('2026-11-20T12:00:00.000Z');
  expect(iso('2026-11-20 10:11', false, 'Europe/Berlin', 'uuuu-MM-dd HH:mm')).toBe(
    '2026-11-20T09:11:00.000Z',
  );
  expect(iso('20261120', false, undefined, 'basic_date')).toBe('2026-11-20T00:00:00.000Z');
});

test('never throws anything but QueryError, and is a whole number or NaN', () => {
  const part = fc.constantFrom(
    'now',
    '||',
    '/d',
    '/w',
    '+1M',
    '-99999999y',
    '2026-11-20',
    'T10',
    'Z',
    '+',
    '||/y',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, fc.boolean(), (math, roundUp) => {
      const millis = tryDateMath(math, { now, roundUp, timeZone: 'Europe/Berlin' });
      expect(Number.isNaN(millis) || Number.isInteger(millis)).toBe(true);
    }),
  );
});
