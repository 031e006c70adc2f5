/** The formats of the date filter: `ISO8601`, `UNIX`, `UNIX_MS`, `TAI64N` and Joda patterns, to event text. */

import { isoText } from './iso-text.ts';
import { parseIso8601 } from './iso8601.ts';
import { compileDatePattern } from './pattern.ts';
import { localZone, type Zone, zoneOf } from './time-zone.ts';

export interface DateParserOptions {
  /** IANA name or offset for text without a zone; this machine's if not given. */
  readonly timezone?: string | undefined;
  /** Of the names of months and days: BCP 47, or POSIX with `_`. */
  readonly locale?: string | undefined;
  /** Clock (epoch milliseconds) that missing years are guessed by. */
  readonly now?: () => number;
}

/** Event text (ISO 8601, UTC, milliseconds), or undefined if the value does not fit the format. Never throws. */
export type DateParser = (value: unknown) => string | undefined;

/** Formats that read text only (their time zone may come from the event); the others take numbers, too. */
export const readsTextOnly = (format: string): boolean => !['UNIX', 'UNIX_MS', 'TAI64N'].includes(format);

/**
 * Compiles a format of the date filter.
 * @throws Error for an unknown pattern letter or time zone, in words for the user
 */
export function compileDateParser(format: string, options: DateParserOptions = {}): DateParser {
  switch (format) {
    case 'UNIX':
      return (value) => isoText(unixMillis(value));
    case 'UNIX_MS':
      return (value) => isoText(millisOfUnixMs(value));
    case 'TAI64N':
      return (value) => (typeof value === 'string' ? isoText(tai64nMillis(value)) : undefined);
  }
  const zone = zoneNamed(options.timezone);
  if (format === 'ISO8601') return remembering((text) => isoText(parseIso8601(text, zone)));
  const parse = compileDatePattern(format, { zone, locale: options.locale, now: options.now ?? Date.now });
  return remembering((text) => isoText(parse(text)));
}

function zoneNamed(name: string | undefined): Zone {
  if (name === undefined) return localZone();
  const zone = zoneOf(name);
  if (zone === undefined) throw new Error(`\`${name}\` is not a time zone`);
  return zone;
}

/** Lines that follow each other mostly share their second, so the last answer is kept. */
function remembering(parse: (text: string) => string | undefined): DateParser {
  let lastText = '';
  let lastResult = parse('');
  return (value) => {
    if (value === lastText) return lastResult;
    if (typeof value !== 'string') return undefined;
    lastResult = parse(value);
    lastText = value;
    return lastResult;
  };
}

/** Logstash refuses seconds that a signed 32-bit number does not hold. */
const MAX_SECONDS = 2_147_483_647;
const SECONDS = /^([+-]?)(\d{1,16})(?:\.(\d{1,3})\d*)?$/;

function unixMillis(value: unknown): number {
  if (typeof value === 'number') {
    if (value > MAX_SECONDS + 1) return Number.NaN;
    if (Number.isInteger(value)) return value > MAX_SECONDS ? Number.NaN : value * 1000;
  }
  const text = decimalText(value);
  const match = SECONDS.exec(text);
  // Tiny numbers print with an exponent; they are within a second of 1970.
  if (!match) return /e-/.test(text) && typeof value === 'number' ? Math.trunc(value * 1000) + 0 : Number.NaN;
  if (match[1] !== '-' && Number(match[2]) > MAX_SECONDS) return Number.NaN;
  const millis = Number(match[2]) * 1000 + Number((match[3] ?? '').padEnd(3, '0'));
  return match[1] === '-' ? -millis : millis;
}

function millisOfUnixMs(value: unknown): number {
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return value;
    return value > MAX_SECONDS * 1000 ? Number.NaN : Math.trunc(value);
  }
  if (typeof value === 'string') return /^[+-]?\d{1,18}$/.test(value) ? Number(value) : Number.NaN;
  const text = decimalText(value);
  return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Math.trunc(Number(text)) : Number.NaN;
}

/** Numbers as decimal text, exactly; empty for what is no number. */
function decimalText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'object' && value !== null && JSON.isRawJSON(value)) return value.rawJSON;
  return '';
}

const TAI64N = /^@?([0-7][0-9a-f]{15})([0-7][0-9a-f]{7})/i;

/** 2^62 is 1970 in TAI; the ten seconds that TAI was ahead then are taken off, later leap seconds are not. */
function tai64nMillis(text: string): number {
  const match = TAI64N.exec(text);
  if (!match) return Number.NaN;
  const seconds = Number(BigInt(`0x${match[1]}`) & ((1n << 62n) - 1n));
  return (seconds - 10) * 1000 + Math.floor(Number.parseInt(match[2]!, 16) / 1_000_000);
}
