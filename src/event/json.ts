import type { FieldValue } from '../kernel/event-types.ts';

// JSON.stringify of a BigInt is its digits, everywhere in this process.
declare global {
  interface BigInt {
    toJSON(): unknown;
  }
}
if (!Object.hasOwn(BigInt.prototype, 'toJSON')) {
  Object.defineProperty(BigInt.prototype, 'toJSON', {
    value(this: bigint) {
      return JSON.rawJSON(this.toString());
    },
    configurable: true,
    writable: true,
  });
}

/** Text that may hold a number a double would alter: sixteen digits or dots in a row, or a huge exponent. */
const MAY_NEED_EXACT = /[\d.]{16}|\d[eE][+-]?\d{3,}(?=[\s,}\]]|$)/;

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
  if (!MAY_NEED_EXACT.test(text)) return JSON.parse(text);
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
