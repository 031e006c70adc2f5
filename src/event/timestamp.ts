/** Times inside events: ISO 8601 text in UTC with 3, 6 or 9 decimals. */

/** Epoch milliseconds as event text. */
export function isoFromMillis(millis: number): string {
  return new Date(millis).toISOString();
}

const ISO =
  /^([+-]?\d{4,6})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

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
  const millis = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second === '60' ? '59' : second}Z`);
  if (Number.isNaN(millis) || new Date(millis).getUTCDate() !== Number(day)) return undefined;
  return withFraction(millis - zoneOffset(zone), fraction);
}

function isCanonical(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) &&
    !Number.isNaN(Date.parse(text)) &&
    new Date(Date.parse(text)).getUTCDate() === Number(text.slice(8, 10))
  );
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
