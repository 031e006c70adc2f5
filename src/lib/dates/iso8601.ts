/**
 * The format `ISO8601` of the date filter: Joda's ISO date-time (calendar, ordinal and week dates, parts from the
 * right may be missing), or a date and a time with a space between them and a fraction of up to three digits.
 */

import { daysOfDate, daysOfOrdinal, daysOfWeek } from './iso-text.ts';
import { readOffset } from './pattern.ts';
import type { Zone } from './time-zone.ts';

const DATE = String.raw`([+-]?\d{4,9})(?:-W(\d{1,2})(?:-(\d))?|-(\d{3})|-(\d{1,2})(?:-(\d{1,2}))?)?`;
const FRACTION = String.raw`(?:[.,](\d+))?`;
const TIME = String.raw`(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?${FRACTION}`;
const OFFSET = String.raw`(Z|[+-][\d:.,]+)?`;
const WITH_T = new RegExp(`^(?:${DATE}(?:T(?:${TIME})?${OFFSET})?|T${TIME}${OFFSET})$`, 'i');
const WITH_SPACE =
  /^([+-]?\d{1,9})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})[.,](\d{1,3})(Z|[+-][\d:]+)?$/i;

/** Parses the usual form by character codes, anything else by regular expression. Epoch milliseconds or NaN. */
export function parseIso8601(text: string, zone: Zone): number {
  const length = text.length;
  if (length >= 19 && length <= 35) {
    const usual = parseUsual(text, length, zone);
    if (!Number.isNaN(usual)) return usual;
  }
  return length > 64 ? Number.NaN : parseUnusual(text, zone);
}

const pair = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
};

/** `2026-11-20T10:00:00`, with fraction or without, with zone or without. NaN if it is not of this form. */
function parseUsual(text: string, length: number, zone: Zone): number {
  if (
    text.charCodeAt(4) !== 45 ||
    text.charCodeAt(7) !== 45 ||
    (text.charCodeAt(10) | 32) !== 116 ||
    text.charCodeAt(13) !== 58 ||
    text.charCodeAt(16) !== 58
  )
    return Number.NaN;
  const hour = pair(text, 11);
  const minute = pair(text, 14);
  const second = pair(text, 17);
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  const year = pair(text, 0) * 100 + pair(text, 2);
  const days = daysOfDate(year, pair(text, 5), pair(text, 8));
  let at = 19;
  let millis = 0;
  if (at < length && (text.charCodeAt(at) === 46 || text.charCodeAt(at) === 44)) {
    at++;
    const start = at;
    let weight = 100;
    for (; at < length; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      if (weight >= 1) millis += digit * weight;
      weight /= 10;
    }
    if (at === start) return Number.NaN;
  }
  const local = days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000 + millis;
  if (at === length) return zone.toUtc(local);
  const offset = readOffset(text, at);
  if (offset === 0 || at + (offset & 15) !== length) return Number.NaN;
  return local - ((offset >> 4) - 100_000) * 1000;
}

const number = (text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : Number(text);

function parseUnusual(text: string, zone: Zone): number {
  let match = WITH_T.exec(text);
  if (match) {
    const [, year = '1970', week, weekday, ordinal, month, day, ...rest] = match;
    const [hour, minute, second, fraction, offset, ...timeOnly] = rest;
    const days = week
      ? daysOfWeek(Number(year), Number(week), number(weekday, 1))
      : ordinal
        ? daysOfOrdinal(Number(year), Number(ordinal))
        : daysOfDate(Number(year), number(month, 1), number(day, 1));
    return match[1] === undefined
      ? instant(days, timeOnly[0], timeOnly[1], timeOnly[2], timeOnly[3], timeOnly[4], zone)
      : instant(days, hour, minute, second, fraction, offset, zone);
  }
  match = WITH_SPACE.exec(text);
  if (!match) return Number.NaN;
  const days = daysOfDate(Number(match[1]), Number(match[2]), Number(match[3]));
  return instant(days, match[4], match[5], match[6], match[7], match[8], zone);
}

/** A fraction belongs to the smallest unit given: `10.5` is half past ten. */
function instant(
  days: number,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  fraction: string | undefined,
  offset: string | undefined,
  zone: Zone,
): number {
  const unit = second !== undefined ? 1000 : minute !== undefined ? 60_000 : 3_600_000;
  if (number(hour, 0) > 23 || number(minute, 0) > 59 || number(second, 0) > 59) return Number.NaN;
  const local =
    days * 86_400_000 +
    number(hour, 0) * 3_600_000 +
    number(minute, 0) * 60_000 +
    number(second, 0) * 1000 +
    (fraction === undefined ? 0 : Math.floor(Number(`0.${fraction.slice(0, 12)}`) * unit + 1e-6));
  if (offset === undefined) return zone.toUtc(local);
  const read = readOffset(offset, 0);
  if (read === 0 || (read & 15) !== offset.length) return Number.NaN;
  return local - ((read >> 4) - 100_000) * 1000;
}
