import './bigint-json.ts';
import type { FieldValue } from '../kernel/event-types.ts';

/** Text that may hold a number a double would alter: sixteen digits or dots in a row, or a huge exponent. */
const MAY_NEED_EXACT = /[:,[\s-][\d.]{16}|^[\d.]{16}|\d[eE][+-]?\d{3,}(?=[\s,}\]]|$)/;

/**
 * An exponent of three digits or more, up to its end, of what may be a number: hexadecimal digits are none. The first
 * three are counted out, and what is before is looked at last: V8 skips the faster through what does not fit.
 */
const HUGE_EXPONENT = /\d[eE](?:[+-]\d|\d)\d\d\d*[\s,}\]](?<=(?:^|[:,[\s-])[\d.]+[eE][+-]?\d+[\s,}\]])/;

let numbersAreShort = false;

/**
 * Runs `decode`, during which `parseJson` gets nothing but text from `bytes`: these are searched once, at a fifth of
 * the cost of searching every text, for numbers that need the exact road.
 */
export function parsingTextOf(bytes: Buffer, decode: () => void): void {
  if (HUGE_EXPONENT.test(bytes.latin1Slice())) decode();
  else parsingLines(bytes, false, decode);
}

/**
 * The same for the lines of `text`, which is what the bytes say: `decode` calls `line` before it parses the text that
 * ends at an offset, in order. Where the text has one character for each byte only the lines with such numbers take
 * the exact road.
 */
export function parsingLinesOf(
  bytes: Buffer,
  text: string,
  decode: (line: (end: number) => void) => void,
): void {
  if (HUGE_EXPONENT.test(text)) decode(noLine);
  else parsingLines(bytes, text.length === bytes.length, decode);
}

function parsingLines(bytes: Buffer, oneByte: boolean, decode: (line: (end: number) => void) => void): void {
  const found = longNumbersIn(bytes, oneByte ? Number.POSITIVE_INFINITY : 1);
  let next = 0;
  numbersAreShort = found.length === 0;
  const line =
    found.length === 0 || !oneByte
      ? noLine
      : (end: number): void => {
          numbersAreShort = next >= found.length || found[next]! >= end;
          while (next < found.length && found[next]! < end) next++;
        };
  try {
    decode(line);
  } finally {
    numbersAreShort = false;
  }
}

const noLine = (): void => {};

const isNumeric = (byte: number): boolean => (byte >= 48 && byte <= 57) || byte === 46;

/**
 * Where sixteen digits or dots stand in a row, at most `limit` places. Such a run covers three aligned 32-bit words:
 * every third one is looked at, and closely where all bytes of it and of one beside it are between 0x20 and 0x3f.
 */
export function longNumbersIn(bytes: Buffer, limit: number): number[] {
  const found: number[] = [];
  const start = (4 - (bytes.byteOffset % 4)) % 4;
  const count = Math.floor((bytes.length - start) / 4);
  if (count < 3) return found;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, count);
  const mask = 0xe0e0e0e0 | 0;
  for (let at = 1; at < count; at += 3) {
    if ((words[at]! & mask) !== 0x20202020) continue;
    if ((words[at - 1]! & mask) !== 0x20202020 && (words[at + 1]! & mask) !== 0x20202020) continue;
    const byte = start + at * 4;
    if (!isNumeric(bytes[byte]!) || !isNumeric(bytes[byte + 3]!)) continue;
    let from = byte;
    while (from > 0 && isNumeric(bytes[from - 1]!)) from--;
    let to = byte;
    while (to < bytes.length && isNumeric(bytes[to]!)) to++;
    if (to - from < 16 || !mayPrecedeNumber(bytes, from)) continue;
    if (found[found.length - 1] !== from) found.push(from);
    if (found.length >= limit) break;
  }
  return found;
}

/** In JSON a number stands behind one of `: , [`, white space or its sign; digits of an id in quotes do not. */
function mayPrecedeNumber(bytes: Buffer, from: number): boolean {
  const before = from === 0 ? 0x20 : bytes[from - 1]!;
  return before === 0x3a || before === 0x2c || before === 0x5b || before === 0x2d || before <= 0x20;
}

/** Longer integers stay text (`JSON.rawJSON`): making a BigInt costs more than linear time. */
const MAX_BIGINT_DIGITS = 1000;

/** Deeper JSON is refused (V8 itself parses any depth, but everything behind it recurses). */
export const MAX_DEPTH = 1000;

/**
 * JSON.parse that alters no number: integers beyond 2^53 become BigInt, decimals and exponents that a double
 * can not hold become `JSON.rawJSON` objects. Duplicate keys: the last one wins, as in Logstash.
 * @throws SyntaxError
 */
export function parseJson(text: string): FieldValue {
  if (numbersAreShort || !MAY_NEED_EXACT.test(text)) return JSON.parse(text);
  try {
    return JSON.parse(text, exactNumber as (key: string, value: unknown) => unknown);
  } catch (error) {
    // With a reviver V8 recurses, and runs out of stack long after MAX_DEPTH.
    if (error instanceof RangeError) throw new SyntaxError('JSON is nested too deeply', { cause: error });
    throw error;
  }
}

function exactNumber(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value;
  const source = context.source;
  if (value !== 0 && Number.isSafeInteger(value) && source.length < 16) return value;
  if (/^-?\d+$/.test(source)) {
    if (Number.isSafeInteger(value)) return value;
    return source.length > MAX_BIGINT_DIGITS ? JSON.rawJSON(source) : BigInt(source);
  }
  return survivesDouble(source, value) ? value : JSON.rawJSON(source);
}

/** Does the shortest text of `value` denote the same decimal as `source`? */
function survivesDouble(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  return normalDecimal(source) === normalDecimal(String(value));
}

/** Significant digits and exponent of a JSON number, without leading and trailing zeros. */
function normalDecimal(text: string): string {
  const { negative, digits, exponent } = parseDecimal(text);
  return digits === '' ? '0' : `${negative ? '-' : ''}${digits}e${exponent}`;
}

/** A decimal: `0.digits` times ten to the power of `exponent`; no zeros at either end of the digits. */
export interface Decimal {
  readonly negative: boolean;
  /** Empty for zero. */
  readonly digits: string;
  readonly exponent: number;
}

/** Takes the text of a JSON number apart, exactly and in linear time. */
export function parseDecimal(text: string): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)!;
  const all = match[2]! + (match[3] ?? '');
  let start = 0;
  while (start < all.length && all.charCodeAt(start) === 48) start++;
  let end = all.length;
  while (end > start && all.charCodeAt(end - 1) === 48) end--;
  const exponent = Number(match[4] ?? 0) + match[2]!.length - start;
  return { negative: match[1] === '-', digits: all.slice(start, end), exponent };
}

/** Depth of nesting of a parsed value, counted up to `limit` (then `limit + 1`). */
export function depthOf(value: FieldValue, limit: number = MAX_DEPTH): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit === 0) return 1;
  let deepest = 0;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    const depth = depthOf(inner, limit - 1);
    if (depth > deepest) deepest = depth;
  }
  return deepest + 1;
}
