/** Values that are not of their field's type as they stand: what Elasticsearch would make of them. */
import { floatLimits, integerBounds } from './elastic-types.ts';
import { canonicalIp } from './ip-text.ts';
import type { FieldNode } from './nodes.ts';

/** What a scalar in a document is: a string (its text), or a number, `true` or `false` (as they stand). */
export type Scalar = 'string' | 'number' | 'boolean';

/** Lucene's longest term, in bytes. */
export const MAX_KEYWORD_BYTES = 32_766;

/** It does not fit: the field is named in `_ignored`. */
export const MISFIT = 1;
/** It is too long by the mapping: the field is named in `_ignored`, and the value not kept elsewhere. */
export const TOO_LONG = 2;
/** It stands for no value. */
const NO_VALUE = 3;

/** The value as JSON text of the field's column, or why there is none. */
export function coerce(field: FieldNode, scalar: Scalar, text: string): string | number {
  switch (field.type) {
    case 'keyword':
    case 'text':
      return coerceText(field, text);
    case 'long':
    case 'unsigned_long':
      return coerceInteger(field, scalar, text);
    case 'double':
      return coerceDouble(field, scalar, text);
    case 'boolean':
      if (scalar === 'number') return MISFIT;
      if (text === 'true') return 'true';
      return text === 'false' || text === '' ? 'false' : MISFIT;
    case 'date': {
      if (scalar === 'boolean') return MISFIT;
      const millis = field.dates!(text);
      return millis === undefined ? MISFIT : String(millis);
    }
    case 'ip': {
      const address = scalar === 'string' ? canonicalIp(text) : undefined;
      return address === undefined ? MISFIT : `"${address}"`;
    }
    case 'flattened':
      return MISFIT;
    case 'unindexed':
      return NO_VALUE;
  }
}

function coerceText(field: FieldNode, text: string): string | number {
  if (text.length > field.ignoreAbove) return TOO_LONG;
  if (field.type === 'keyword') {
    if (text.length > MAX_KEYWORD_BYTES / 3 && Buffer.byteLength(text) > MAX_KEYWORD_BYTES) return TOO_LONG;
    if (field.elasticType === 'constant_keyword') {
      field.constant ??= text;
      if (field.constant !== text) return MISFIT;
    }
  }
  return JSON.stringify(text.toWellFormed());
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?$/;

/** Text of a number is the number, fractions are cut off (`coerce`), an empty string is no value. */
function coerceInteger(field: FieldNode, scalar: Scalar, text: string): string | number {
  if (scalar === 'boolean') return MISFIT;
  if (text === '') return NO_VALUE;
  const whole = text.length > 400 || !NUMBER.test(text) ? undefined : wholePart(text);
  if (whole === undefined) return MISFIT;
  const [least, most] = integerBounds[field.elasticType] ?? integerBounds[field.type]!;
  return whole < least || whole > most ? MISFIT : whole.toString();
}

/** A decimal without its fraction; undefined: far beyond every integer type. */
function wholePart(text: string): bigint | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)!;
  const exponent = Number(match[4] ?? 0);
  const fraction = match[3] ?? '';
  let digits = match[2]! + fraction;
  const point = match[2]!.length + exponent;
  if (point <= 0) return 0n;
  if (point > digits.length) {
    if (/^0*$/.test(digits)) return 0n;
    if (point > 400) return undefined;
    digits = digits.padEnd(point, '0');
  }
  const whole = BigInt(digits.slice(0, point));
  return match[1] === '-' ? -whole : whole;
}

function coerceDouble(field: FieldNode, scalar: Scalar, text: string): string | number {
  if (scalar === 'boolean') return MISFIT;
  if (text === '') return NO_VALUE;
  if (text.length > 400 || !NUMBER.test(text)) return MISFIT;
  const value = Number(text);
  const limit = floatLimits[field.elasticType] ?? Number.MAX_VALUE;
  if (!(Math.abs(value) <= limit)) return MISFIT;
  if (field.scaling > 0) return String(Math.round(value * field.scaling) / field.scaling);
  return String(value);
}
