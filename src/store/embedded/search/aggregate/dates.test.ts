import { expect, test } from 'vitest';
import { dateFormatter, UTC, zoneNamed } from './dates.ts';

test.each([
  [0, '1970-01-01T00:00:00.000Z'],
  [253_402_300_800_000, '+10000-01-01T00:00:00.000Z'],
  [8.64e15, '+275760-09-13T00:00:00.000Z'],
  // The same day and time some cycles of 400 years later.
  [8.64e15 + 3 * 146_097 * 86_400_000, '+276960-09-13T00:00:00.000Z'],
  [-8.64e15 - 3 * 146_097 * 86_400_000, '-273021-04-20T00:00:00.000Z'],
  [3.4e17, expect.stringMatching(/^\+10776\d{3}-\d\d-\d\dT[\d:.]{12}Z$/)],
])('%d is %s', (millis, text) => {
  expect(dateFormatter(undefined, UTC)(millis)).toEqual(text);
});

test('a time that no pattern can write is written as ISO text', () => {
  expect(dateFormatter('yyyy', UTC)(3.4e17)).toMatch(/^\+10776/);
  expect(dateFormatter(undefined, zoneNamed('Europe/Paris'))(3.4e17)).toMatch(/^\+10776/);
});
