/** What stands in a document's bytes, without making text of it. */
import { daysFrom } from './date-formats.ts';
import { numberEnd, numberIsWhole, skipValue, space, stringEnd, stringFlags, textOf } from './json-scan.ts';
import type { Detected } from './mapping.ts';

/** What dynamic mapping makes of the value at an offset: the first value counts in arrays. Undefined: there is none. */
export function detect(bytes: Buffer, from: number, end: number): Detected | undefined {
  let at = from;
  let depth = 0;
  // Where an array's first element is none, the next one counts, whatever brackets are between.
  for (;;) {
    const byte = bytes[at];
    if (byte === 0x5b) depth++;
    else if (byte === 0x5d && --depth <= 0) return undefined;
    else if (byte === 0x6e && depth > 0) at = skipValue(bytes, at, end, 0) - 1;
    else if (byte !== 0x2c && byte !== 0x5d) break;
    at = space(bytes, at + 1);
  }
  switch (bytes[at]) {
    case 0x22: {
      const to = stringEnd(bytes, at + 1, end);
      const isEscaped = (stringFlags() & 1) !== 0;
      const text = isEscaped ? (JSON.parse(textOf(bytes, at, to + 1)) as string) : textOf(bytes, at + 1, to);
      return { type: 'string', text };
    }
    case 0x7b:
      return { type: 'object' };
    case 0x74:
    case 0x66:
      return { type: 'boolean' };
    case 0x6e:
      return undefined;
  }
  const to = numberEnd(bytes, at, end);
  if (!numberIsWhole()) return { type: 'double' };
  if (to - at < 19) return { type: 'long' };
  const value = to - at > 40 ? undefined : BigInt(textOf(bytes, at, to));
  if (value === undefined || value >= 2n ** 64n || value < -(2n ** 63n)) return { type: 'double' };
  return { type: value >= 2n ** 63n ? 'unsigned_long' : 'long' };
}

/** Is it an address such as `192.0.2.7`, in the one form that has? */
export function isIpv4At(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > 15) return false;
  let parts = 0;
  let value = -1;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte === 0x2e) {
      if (value < 0) return false;
      parts++;
      value = -1;
    } else if (byte >= 0x30 && byte <= 0x39) {
      if (value === 0) return false;
      value = value < 0 ? byte - 0x30 : value * 10 + byte - 0x30;
      if (value > 255) return false;
    } else return false;
  }
  return parts === 3 && value >= 0;
}

const COLON = 0x3a;

/**
 * Is it an IPv6 address as RFC 5952 writes it, without dots? The few that begin with `::ffff:` are none here: mapped IPv4
 * addresses are written otherwise.
 */
export function isShortIpv6At(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > 39) return false;
  let groups = 0;
  /** Groups before `::`. */
  let gap = -1;
  /** The zero groups just before, the most of them that stand together, and that of before `::`. */
  let zeros = 0;
  let most = 0;
  let mostBefore = 0;
  let value = 0;
  let digits = 0;
  for (let at = from; at <= to; at++) {
    const byte = at === to ? COLON : bytes[at]!;
    if ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66)) {
      if (++digits > 4 || (digits > 1 && value === 0)) return false;
      value = value * 16 + (byte < 0x61 ? byte - 0x30 : byte - 0x57);
      continue;
    }
    if (byte !== COLON) return false;
    if (digits > 0) {
      if (groups === gap && (value === 0 || (gap === 0 && value === 0xffff))) return false;
      groups++;
      zeros = value === 0 ? zeros + 1 : 0;
      if (zeros > most) most = zeros;
      value = 0;
      digits = 0;
    } else if (at === to ? groups !== gap : at > from || bytes[at + 1] !== COLON) return false;
    if (at + 1 < to && bytes[at + 1] === COLON) {
      if (gap >= 0 || zeros > 0) return false;
      gap = groups;
      mostBefore = most;
      most = 0;
      at++;
    }
  }
  if (gap < 0) return groups === 8 && most < 2;
  return groups <= 6 && mostBefore < 8 - groups && most <= 8 - groups;
}

let lastDay = 0;
let lastDayStart = 0;

/** Milliseconds of `YYYY-MM-DDTHH:MM:SS.mmmZ`; NaN if it is anything else. */
export function isoMillisAt(bytes: Uint8Array, at: number): number {
  if (
    bytes[at + 4] !== 0x2d ||
    bytes[at + 7] !== 0x2d ||
    bytes[at + 10] !== 0x54 ||
    bytes[at + 13] !== 0x3a ||
    bytes[at + 16] !== 0x3a ||
    bytes[at + 19] !== 0x2e ||
    bytes[at + 23] !== 0x5a
  ) {
    return Number.NaN;
  }
  const year = two(bytes, at) * 100 + two(bytes, at + 2);
  const month = two(bytes, at + 5);
  const day = two(bytes, at + 8);
  const hour = two(bytes, at + 11);
  const minute = two(bytes, at + 14);
  const second = two(bytes, at + 17);
  const last = bytes[at + 22]! - 0x30;
  const millis = last >= 0 && last <= 9 ? two(bytes, at + 20) * 10 + last : Number.NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 59 && millis <= 999)) return Number.NaN;
  const key = year * 10_000 + month * 100 + day;
  if (key !== lastDay) {
    const days = daysFrom(year, month, day);
    if (days === undefined || Number.isNaN(key)) return Number.NaN;
    lastDay = key;
    lastDayStart = days * 86_400_000;
  }
  return lastDayStart + ((hour * 60 + minute) * 60 + second) * 1000 + millis;
}

/** NaN, which no comparison holds for, unless both are digits. */
function two(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
