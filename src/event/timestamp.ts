/** Times inside events: ISO 8601 text in UTC with 3, 6 or 9 decimals. */

/** Epoch milliseconds as event text. */
export function isoFromMillis(millis: number): string {
  return new Date(millis).toISOString();
}

const ISO =
  /^([+-]?\d{4,6})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/** The last millisecond that Date knows. */
const MAX_MILLIS = 8.64e15;

/**
 * Coerces a value as Logstash's Timestamp does (ISO 8601 text; no zone: UTC). Returns canonical text, or
 * undefined if it is no timestamp.
 */
export function coerceTimestamp(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value.length === 24 && value.charCodeAt(23) === 90 && isCanonical(value)) return value;
  const match = ISO.exec(value);
  if (!match) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const local = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second === '60' ? '59' : second}Z`);
  if (Number.isNaN(local) || new Date(local).getUTCDate() !== Number(day)) return undefined;
  const millis = local - zoneOffset(zone);
  return Math.abs(millis) <= MAX_MILLIS ? withFraction(millis, fraction) : undefined;
}

/** Is it `YYYY-MM-DDTHH:MM:SS.mmmZ` of a date that exists? The length was checked. */
function isCanonical(text: string): boolean {
  if (text[4] !== '-' || text[7] !== '-' || text[10] !== 'T') return false;
  if (text[13] !== ':' || text[16] !== ':' || text[19] !== '.') return false;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  return (
    year >= 0 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    (day <= 28 || day <= daysOf(year, month)) &&
    twoDigits(text, 11) <= 23 &&
    twoDigits(text, 14) <= 59 &&
    twoDigits(text, 17) <= 59 &&
    twoDigits(text, 20) + twoDigits(text, 21) <= 198
  );
}

/** NaN, which no comparison holds for, unless both are digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function daysOf(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Milliseconds that a zone such as `+0530`, `-03:00`, `Z` is ahead of UTC. */
function zoneOffset(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const offset = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
  return zone[0] === '-' ? -offset : offset;
}

/** Whole-second epoch milliseconds and up to nine digits of fraction, as event text. */
export function withFraction(millis: number, fraction: string): string {
  const digits = fraction.padEnd(3, '0').slice(0, 9).replace(/0+$/, '');
  const width = digits.length <= 3 ? 3 : digits.length <= 6 ? 6 : 9;
  const base = new Date(millis).toISOString();
  return `${base.slice(0, base.length - 4)}${digits.padEnd(width, '0')}Z`;
}

/** Epoch milliseconds of event text, with the fraction of a millisecond cut off. NaN if it is none. */
export function millisOf(text: string): number {
  return Date.parse(text.length > 24 ? `${text.slice(0, text.indexOf('.') + 4)}Z` : text);
}

/** Is it event text of a time with a year of four digits? */
export function isEventTime(text: string): boolean {
  if (text.length < 24 || text.charCodeAt(text.length - 1) !== 90) return false;
  if (text.length === 24) return isCanonical(text);
  return /^\d{6,9}Z$/.test(text.slice(20)) && isCanonical(`${text.slice(0, 23)}Z`);
}

/** Is it event text of a time with another year: a sign and six digits? */
export function isFarTime(text: string): boolean {
  return /^[+-]\d{6}-/.test(text) && coerceTimestamp(text) === text;
}
