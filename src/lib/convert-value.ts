/** Conversions of field values to another type, by the rules of mutate's `convert`. Numbers are never rounded. */
import { isRawJson } from '../event/event.ts';
import { parseJson } from '../event/json.ts';
import type { FieldValue } from '../kernel/event-types.ts';
import { rubyFloat } from './text/ruby-inspect.ts';
import { rubyStrip } from './text/ruby-text.ts';

/** A value that can not be converted; the message says which and to what. */
class ConversionError extends Error {
  override name = 'ConversionError';
}

/** Integers of more digits than this are refused: a few bytes such as `1e999999` must not fill the memory. */
const MAX_INTEGER_DIGITS = 400;

function refuse(value: FieldValue, type: string): never {
  const text =
    typeof value === 'string' ? value : typeof value === 'object' ? 'a list or map' : String(value);
  throw new ConversionError(`\`${text.slice(0, 100)}\` is no ${type}`);
}

/** Text of any value: numbers as Ruby prints them, lists and maps as JSON. */
export function toText(value: FieldValue): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return rubyFloat(value);
    case 'object':
      if (value !== null) return isRawJson(value) ? value.rawJSON : JSON.stringify(value);
  }
  return value === null || value === undefined ? '' : String(value);
}

const TRUE = /^(?:true|t|yes|y|1|1.0)$/im;
const FALSE = /^(?:false|f|no|n|0|0.0)$/im;

/** True, false, or undefined if the text of the value says neither. Empty text is false. */
export function toBoolean(value: FieldValue): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = toText(value);
  if (TRUE.test(text)) return true;
  return text === '' || FALSE.test(text) ? false : undefined;
}

const DECIMAL = /^([+-]?)(\d[\d_]*)?(?:\.(\d[\d_]*)?)?(?:e([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)0x([\da-f_]*)(?:\.([\da-f_]+))?(?:p([+-]?\d+))?$/;
const SHORT_INTEGER = /^-?\d{1,15}$/;
const SHORT_DECIMAL = /^-?\d{1,9}(?:\.\d{1,6})?$/;

/** Text in the form that numbers are recognised in: no white space around it, no group separators. */
function numberText(text: string): string {
  const stripped = rubyStrip(text).toLowerCase();
  return stripped.includes(',') ? stripped.replaceAll(',', '') : stripped;
}

/** The value as an integer, decimals cut off; BigInt beyond 2^53. @throws ConversionError */
export function toInteger(value: FieldValue): number | bigint {
  switch (typeof value) {
    case 'string': {
      if (SHORT_INTEGER.test(value)) return Number(value) + 0;
      const text = numberText(value);
      return integerOf(text) ?? refuse(value, 'integer');
    }
    case 'number':
      if (Number.isSafeInteger(value)) return value;
      if (!Number.isFinite(value)) refuse(value, 'integer');
      return small(BigInt(Math.trunc(value)));
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'object':
      if (value !== null && isRawJson(value))
        return integerOf(value.rawJSON.toLowerCase()) ?? refuse(value, 'integer');
  }
  return refuse(value, 'integer');
}

const small = (value: bigint): number | bigint => {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
};

function integerOf(text: string): number | bigint | undefined {
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal) {
    const [, sign, whole = '', fraction, exponent] = hexadecimal;
    if (fraction === undefined && exponent === undefined) {
      const digits = whole.replaceAll('_', '');
      if (digits === '' || digits.length > MAX_INTEGER_DIGITS) return undefined;
      const size = BigInt(`0x${digits}`);
      return small(sign === '-' ? -size : size);
    }
    const float = hexadecimalFloat(hexadecimal);
    return float === undefined || !Number.isFinite(float) ? undefined : small(BigInt(Math.trunc(float)));
  }
  const match = DECIMAL.exec(text);
  if (!match || (match[2] === undefined && match[3] === undefined)) return undefined;
  const whole = (match[2] ?? '0').replaceAll('_', '');
  const fraction = (match[3] ?? '').replaceAll('_', '');
  const exponent = Number(match[4] ?? 0);
  // Where the point stands in the digits once the exponent has moved it.
  const point = whole.length + exponent;
  if (point <= 0) return 0;
  const digits = (whole + fraction).slice(0, Math.min(point, MAX_INTEGER_DIGITS + 1));
  if (/^0*$/.test(digits)) return 0;
  if (point > MAX_INTEGER_DIGITS) return undefined;
  const size = BigInt(digits.padEnd(point, '0'));
  return small(match[1] === '-' ? -size : size);
}

function hexadecimalFloat([, sign, whole = '', fraction = '', exponent = '0']: RegExpExecArray):
  | number
  | undefined {
  const digits = (whole + fraction).replaceAll('_', '');
  if (digits === '' || digits.length > MAX_INTEGER_DIGITS) return undefined;
  const size =
    Number(BigInt(`0x${digits}`)) * 2 ** (Number(exponent) - 4 * fraction.replaceAll('_', '').length);
  return sign === '-' ? -size : size;
}

/**
 * The value as a number with decimals. Text of more digits than a double holds keeps all of them (`JSON.rawJSON`, or
 * BigInt without decimals). @throws ConversionError
 */
export function toFloat(value: FieldValue): FieldValue {
  switch (typeof value) {
    case 'string': {
      if (SHORT_DECIMAL.test(value)) return Number(value) + 0;
      return floatOf(numberText(value)) ?? refuse(value, 'number');
    }
    case 'number':
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'object':
      if (value !== null && isRawJson(value)) return value as FieldValue;
  }
  return refuse(value, 'number');
}

function floatOf(text: string): FieldValue {
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal) return hexadecimalFloat(hexadecimal);
  const match = DECIMAL.exec(text);
  // As in Ruby, a point has a digit behind it, and an underscore one on each side.
  if (!match || text.endsWith('.') || /\.e|__|_(?!\d)/.test(text)) return undefined;
  if (match[2] === undefined && match[3] === undefined) return undefined;
  const whole = (match[2] ?? '0').replaceAll('_', '').replace(/^0+(?=\d)/, '');
  const fraction = match[3] === undefined ? '' : `.${match[3].replaceAll('_', '')}`;
  const exponent = match[4] === undefined ? '' : `e${match[4]}`;
  return parseJson(`${match[1] === '-' ? '-' : ''}${whole}${fraction}${exponent}`);
}

/** Decimal comma and group point exchanged for the American ones; other values as they are. */
export function fromEuropean(value: FieldValue): FieldValue {
  return typeof value === 'string' ? value.replace(/[.,]/g, (char) => (char === '.' ? ',' : '.')) : value;
}
