/**
 * One value of a document as a field of a type keeps it. What the embedded store writes into its columns and what a
 * predicate compares live events by is the same.
 */
import { millisOfValue } from './date-text.ts';
import type { FieldType } from './field-types.ts';
import { formatIp, isV4, parseIp } from './ip.ts';

/** keyword, text, ip, flattened: string; long, unsigned_long: integer; date: epoch milliseconds. */
export type StoredValue = string | number | bigint | boolean;

/** Undefined: no value, or it does not fit the type (then it stays in `_source` only). */
export function storedValue(type: FieldType, value: unknown): StoredValue | undefined {
  switch (type) {
    case 'keyword':
    case 'text':
    case 'flattened':
      return textOfValue(value);
    case 'long':
      return integerOf(value, MIN_LONG, MAX_LONG);
    case 'unsigned_long':
      return integerOf(value, 0n, MAX_UNSIGNED);
    case 'double':
      return doubleOf(value);
    case 'boolean':
      return booleanOf(value);
    case 'date': {
      const millis = millisOfValue(typeof value === 'bigint' ? Number(value) : value);
      return Number.isNaN(millis) ? undefined : millis;
    }
    case 'ip': {
      if (typeof value !== 'string') return undefined;
      const address = parseIp(value);
      return address === undefined
        ? undefined
        : isV4(address) && !value.includes(':')
          ? value
          : formatIp(address);
    }
    case 'unindexed':
      return undefined;
  }
}

export const MIN_LONG: bigint = -(2n ** 63n);
export const MAX_LONG: bigint = 2n ** 63n - 1n;
export const MAX_UNSIGNED: bigint = 2n ** 64n - 1n;

/** Text of a value that is no object; numbers as JSON writes them. */
export function textOfValue(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined;
    case 'bigint':
    case 'boolean':
      return String(value);
  }
  return isRawNumber(value) ? value.rawJSON : undefined;
}

/** Numbers that a double would alter are objects made by `JSON.rawJSON`. */
export const isRawNumber = (value: unknown): value is { readonly rawJSON: string } =>
  typeof value === 'object' &&
  value !== null &&
  (JSON as { isRawJSON?(of: unknown): boolean }).isRawJSON?.(value) === true;

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
const MAX_DIGITS = 400;

/** A decimal number in text, or NaN. */
export function decimalOf(text: string): number {
  return text.length <= MAX_DIGITS && DECIMAL.test(text) ? Number(text) : Number.NaN;
}

/** Fractions are cut off, as `coerce` does. Small integers as numbers, others as bigint. */
function integerOf(value: unknown, min: bigint, max: bigint): number | bigint | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value))
    return value < 0 && min === 0n ? undefined : value;
  const exact = exactInteger(value);
  if (exact === undefined || exact < min || exact > max) return undefined;
  return smallest(exact);
}

function exactInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
  const text = typeof value === 'string' ? value : isRawNumber(value) ? value.rawJSON : '';
  if (text.length <= 40 && /^[+-]?\d+$/.test(text)) return BigInt(text.replace('+', ''));
  const number = decimalOf(text);
  return Number.isFinite(number) ? BigInt(Math.trunc(number)) : undefined;
}

/** A number where that is exact. */
export const smallest = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;

function doubleOf(value: unknown): number | undefined {
  let number = Number.NaN;
  if (typeof value === 'number') number = value;
  else if (typeof value === 'bigint') number = Number(value);
  else if (typeof value === 'string') number = decimalOf(value);
  else if (isRawNumber(value)) number = Number(value.rawJSON);
  return Number.isFinite(number) ? number + 0 : undefined;
}

function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 'true') return true;
  return value === 'false' || value === '' ? false : undefined;
}
