/** Addresses as numbers: IPv4 stands in IPv6 as `::ffff:a.b.c.d`, which is the order that `ip` fields have. */

const MAPPED = 0xffff_0000_0000n;

/** An address as a 128-bit number, or undefined. */
export function parseIp(text: string): bigint | undefined {
  if (text.length > 45 || text.length < 2) return undefined;
  if (!text.includes(':')) {
    const v4 = parseV4(text);
    return v4 < 0 ? undefined : MAPPED | BigInt(v4);
  }
  return parseV6(text);
}

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

function parseV4(text: string): number {
  const match = V4.exec(text);
  if (!match) return -1;
  let number = 0;
  for (let at = 1; at <= 4; at++) {
    const part = match[at]!;
    const octet = Number(part);
    if (octet > 255 || (part.length > 1 && part[0] === '0')) return -1;
    number = number * 256 + octet;
  }
  return number;
}

function parseV6(given: string): bigint | undefined {
  let text = given;
  const dotted = text.lastIndexOf(':') + 1;
  if (text.includes('.')) {
    const v4 = parseV4(text.slice(dotted));
    if (v4 < 0) return undefined;
    text = `${text.slice(0, dotted)}${Math.floor(v4 / 65536).toString(16)}:${(v4 % 65536).toString(16)}`;
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const left = groups(halves[0]!);
  const right = halves.length === 2 ? groups(halves[1]!) : [];
  if (left === undefined || right === undefined) return undefined;
  const zeros = 8 - left.length - right.length;
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return undefined;
  let number = 0n;
  for (const group of left) number = (number << 16n) | BigInt(group);
  number <<= BigInt(zeros * 16);
  for (const group of right) number = (number << 16n) | BigInt(group);
  return number;
}

function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  return parts.every((part) => /^[\da-f]{1,4}$/i.test(part))
    ? parts.map((part) => Number.parseInt(part, 16))
    : undefined;
}

/** RFC 5952; IPv4-mapped addresses as IPv4: what `ip` columns hold. */
export function formatIp(address: bigint): string {
  if (address >> 32n === 0xffffn) {
    const v4 = Number(address & 0xffff_ffffn);
    return `${v4 >>> 24}.${(v4 >>> 16) & 255}.${(v4 >>> 8) & 255}.${v4 & 255}`;
  }
  const hex = ipKey(address)
    .match(/.{4}/g)!
    .map((group) => Number.parseInt(group, 16).toString(16));
  let start = -1;
  let longest = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && hex[end] === '0') end++;
    if (end - at > longest) {
      start = at;
      longest = end - at;
    }
    at = Math.max(at, end - 1);
  }
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + longest).join(':')}`;
}

/** 32 hexadecimal digits, which sort as the addresses do. */
export const ipKey = (address: bigint): string => address.toString(16).padStart(32, '0');

export interface IpRange {
  readonly first: bigint;
  readonly last: bigint;
}

export const MAX_IP: bigint = (1n << 128n) - 1n;
export const isV4 = (address: bigint): boolean => address >> 32n === 0xffffn;

/** `10.0.0.0/8`, `2001:db8::/32`; undefined if it is none. Bits behind the prefix do not count. */
export function parseCidr(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  if (slash < 0 || !/^\d{1,3}$/.test(text.slice(slash + 1))) return undefined;
  const address = parseIp(text.slice(0, slash));
  const given = Number(text.slice(slash + 1));
  if (address === undefined) return undefined;
  const prefix = text.includes(':') ? given : given + 96;
  if (prefix > 128 || (!text.includes(':') && given > 32)) return undefined;
  const host = (1n << BigInt(128 - prefix)) - 1n;
  return { first: address & ~host, last: address | host };
}
