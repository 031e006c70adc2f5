/** The network that an IP address is in. */
import { isIPv4, isIPv6 } from 'node:net';

/**
 * The address with all bits behind the prefix cleared, as text; undefined if it is no address or the prefix is too
 * long for it. IPv6 is written in its short form.
 */
export function networkOf(address: string, prefix: number): string | undefined {
  if (isIPv4(address)) {
    if (prefix > 32) return undefined;
    const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    const mask = prefix === 0 ? 0 : -1 << (32 - prefix);
    const network = (bits & mask) >>> 0;
    return [24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.');
  }
  const [plain = '', zone] = address.split('%');
  if (zone !== undefined || !isIPv6(plain) || prefix > 128) return undefined;
  const groups = groupsOf(plain);
  for (let at = 0; at < 8; at++) {
    const kept = Math.min(16, Math.max(0, prefix - at * 16));
    groups[at]! &= kept === 0 ? 0 : (-1 << (16 - kept)) & 0xffff;
  }
  return shortForm(groups);
}

/** The eight groups of an IPv6 address without zone. */
export function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = dotted
    ? `${dotted[1]}${(Number(dotted[2]) * 256 + Number(dotted[3])).toString(16)}:${(Number(dotted[4]) * 256 + Number(dotted[5])).toString(16)}`
    : address;
  const [left = '', right] = text.split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  if (right === undefined) return read(left);
  const before = read(left);
  const after = read(right);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/**
 * The short form of an IPv6 address that is written with nothing but hexadecimal digits and colons, read once; undefined:
 * it is written otherwise, or is none.
 */
export function shortIpv6(text: string): string | undefined {
  const groups: number[] = [];
  /** Groups before `::`. */
  let gap = -1;
  let value = 0;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const digit = hexDigit(code);
    if (digit >= 0) {
      if (++digits > 4) return undefined;
      value = value * 16 + digit;
      continue;
    }
    if (code !== COLON) return undefined;
    const isGap = text.charCodeAt(at + 1) === COLON;
    if (digits > 0) groups.push(value);
    // A single colon stands between two groups.
    else if (!isGap || at > 0) return undefined;
    value = 0;
    digits = 0;
    if (!isGap) {
      if (at + 1 === text.length) return undefined;
      continue;
    }
    if (gap >= 0) return undefined;
    gap = groups.length;
    at++;
  }
  if (digits > 0) groups.push(value);
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  if (gap >= 0) groups.splice(gap, 0, ...ZEROS.slice(groups.length));
  return shortForm(groups);
}

const COLON = 0x3a;
const ZEROS: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0];

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** RFC 5952: the longest run of zeros, the first of equals, is left out; mapped IPv4 addresses keep their dots. */
function shortForm(groups: readonly number[]): string {
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  let start = -1;
  let longest = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > longest) {
      start = at;
      longest = end - at;
    }
    at = Math.max(at, end - 1);
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + longest).join(':')}`;
}
