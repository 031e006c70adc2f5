import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coerceTimestamp, isEventTime, isoFromMillis, millisOf, withFraction } from './timestamp.ts';

describe('coerceTimestamp', () => {
  test.each([
    ['2026-11-20T10:00:00.000Z', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20T10:00:00Z', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20T10:00:00', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20 10:00:00', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20T10:00', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T10:00:00+01:00', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20T10:00:00-0530', '2026-11-20T15:30:00.000Z'],
    ['2026-11-20T10:00:00+02', '2026-11-20T08:00:00.000Z'],
    ['2026-11-20T10:00:00.1Z', '2026-11-20T10:00:00.100Z'],
    ['2026-11-20T10:00:00,25Z', '2026-11-20T10:00:00.250Z'],
    ['2026-11-20T10:00:00.123456Z', '2026-11-20T10:00:00.123456Z'],
    ['2026-11-20T10:00:00.1234Z', '2026-11-20T10:00:00.123400Z'],
    ['2026-11-20T10:00:00.123456789+01:00', '2026-11-20T09:00:00.123456789Z'],
    ['2026-11-20T10:00:00.123000Z', '2026-11-20T10:00:00.123Z'],
    ['2024-02-29T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
    ['2026-12-31T23:30:00-01:00', '2027-01-01T00:30:00.000Z'],
  ])('%s', (text, expected) => {
    expect(coerceTimestamp(text)).toBe(expected);
  });

  test.each([
    ...['', 'now', '2026', '20 Nov 2026', '2026-13-01', '2026-02-30', '2026-02-29T00:00:00.000Z'],
    ...[
      '2026-11-20T25:00:00.000Z',
      '2026-11-20T10:60:00.000Z',
      '2026-11-20T10:00:00.00xZ',
      '2026-00-20T10:00:00.000Z',
    ],
    ...['2026-04-31T10:00:00.000Z', '+275760-09-13T00:00:00-01:00', '1900-02-29T00:00:00.000Z'],
    ...[5, 1795165507, 5n, null, undefined, true, {}, ['2026-11-20']],
  ])('%s is none', (value) => {
    expect(coerceTimestamp(value)).toBe(undefined);
  });

  test('every result is event text of the same time', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          const iso = date.toISOString();
          expect([coerceTimestamp(iso), isEventTime(iso), millisOf(iso)]).toEqual([
            iso,
            true,
            date.getTime(),
          ]);
        },
      ),
    );
  });

  test('never throws', () => {
    const part = fc.constantFrom(
      '2026',
      '-',
      '11',
      '20',
      'T',
      ':',
      '10',
      '.',
      '123',
      'Z',
      '+',
      '99',
      ' ',
      '275760',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (text) => {
          const time = coerceTimestamp(text);
          if (time !== undefined) expect(Number.isNaN(millisOf(time))).toBe(false);
          isEventTime(text);
        },
      ),
    );
  });
});

test('fractions are 3, 6 or 9 digits', () => {
  expect(
    ['', '5', '1234', '1230000', '123456', '1234567', '123456789', '1234567899'].map((each) =>
      withFraction(0, each),
    ),
  ).toEqual([
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.500Z',
    '1970-01-01T00:00:00.123400Z',
    '1970-01-01T00:00:00.123Z',
    '1970-01-01T00:00:00.123456Z',
    '1970-01-01T00:00:00.123456700Z',
    '1970-01-01T00:00:00.123456789Z',
    '1970-01-01T00:00:00.123456789Z',
  ]);
});

test('milliseconds', () => {
  expect(millisOf('2026-11-20T10:00:00.123456789Z')).toBe(Date.parse('2026-11-20T10:00:00.123Z'));
  expect(millisOf('soon')).toBe(Number.NaN);
  expect(isoFromMillis(0)).toBe('1970-01-01T00:00:00.000Z');
});

test.each([
  ['2026-11-20T10:00:00.123Z', true],
  ['2026-11-20T10:00:00.123456Z', true],
  ['2026-11-20T10:00:00.123456789Z', true],
  ['2026-11-20T10:00:00.1234567890Z', false],
  ['2026-11-20T10:00:00Z', false],
  ['2026-11-31T10:00:00.123Z', false],
  ['+012026-11-20T10:00:00.123Z', false],
])('isEventTime %s: %s', (text, expected) => {
  expect(isEventTime(text)).toBe(expected);
});
