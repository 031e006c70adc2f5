/**
 * How conditions compare field values: what the generated code calls where a property read and an operator of
 * JavaScript do not say it all. Numbers of all three kinds (double, BigInt, exact JSON) compare by value.
 */
import { isMap } from '../event/event.ts';
import { type Decimal, parseDecimal } from '../event/json.ts';
import type { FieldValue } from '../kernel/event-types.ts';

/** Set by `order` when two values have no order; whoever evaluates a condition reads and clears it. */
export const conditionState: { failure: string | undefined } = { failure: undefined };

type NumberValue = number | bigint | { rawJSON: string };

function isNumber(value: unknown): value is NumberValue {
  if (typeof value === 'number' || typeof value === 'bigint') return true;
  return typeof value === 'object' && value !== null && JSON.isRawJSON(value);
}

/** `==`: equal in kind and value; missing and null are the same. */
export function same(left: FieldValue, right: FieldValue): boolean {
  if (left === right) return true;
  if (left === undefined || left === null) return right === undefined || right === null;
  if (right === undefined || right === null) return false;
  if (isNumber(left)) return isNumber(right) && compareNumbers(left, right) === 0;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => same(item, right[index]))
    );
  }
  return isMap(left) && isMap(right) && sameMaps(left, right);
}

function sameMaps(left: { [name: string]: FieldValue }, right: { [name: string]: FieldValue }): boolean {
  const names = Object.keys(left).filter((name) => left[name] !== undefined);
  const others = Object.keys(right).filter((name) => right[name] !== undefined);
  return (
    names.length === others.length &&
    names.every((name) => Object.hasOwn(right, name) && same(left[name], right[name]))
  );
}

/**
 * `<`, `>`, `<=`, `>=`: negative, zero or positive; numbers by value, text by its bytes. Anything else has no order:
 * NaN, and `conditionState.failure` says why.
 */
export function order(left: FieldValue, right: FieldValue): number {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right);
  conditionState.failure ??= `${kindOf(left)} can not be compared with ${kindOf(right)}`;
  return Number.NaN;
}

function kindOf(value: FieldValue): string {
  if (value === undefined || value === null) return 'a missing field';
  if (typeof value === 'string') return 'text';
  if (isNumber(value)) return 'a number';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'boolean' ? 'a boolean' : 'a map';
}

/** Order of the UTF-8 bytes, which is that of code points; `<` of JavaScript orders surrogates before U+E000. */
function compareText(left: string, right: string): number {
  const end = Math.min(left.length, right.length);
  for (let at = 0; at < end; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return a >= 0xd800 && b >= 0xd800 ? rotated(a) - rotated(b) : a - b;
  }
  return left.length - right.length;
}
/** Surrogates go behind the rest of the plane. */
const rotated = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

/** Is `<` of JavaScript the order of `order` for text beside this constant? */
export const isPlainText = (text: string): boolean => !/[\ud800-\uffff]/.test(text);

function compareNumbers(left: NumberValue, right: NumberValue): number {
  if (typeof left === 'object' || typeof right === 'object') return compareExactly(left, right);
  // A double and a BigInt compare by value, too.
  return left < right
    ? -1
    : left > right
      ? 1
      : left === right || Number(left) === Number(right)
        ? 0
        : Number.NaN;
}

function compareExactly(left: NumberValue, right: NumberValue): number {
  const a = decimalOf(left);
  const b = decimalOf(right);
  if (a === undefined || b === undefined) return compareNumbers(approximate(left), approximate(right));
  const sign = (decimal: Decimal): number => (decimal.digits === '' ? 0 : decimal.negative ? -1 : 1);
  if (sign(a) !== sign(b)) return sign(a) - sign(b);
  if (a.exponent !== b.exponent && sign(a) !== 0) return (a.exponent - b.exponent) * sign(a);
  return a.digits === b.digits ? 0 : (a.digits < b.digits ? -1 : 1) * sign(a);
}

const approximate = (value: NumberValue): number => Number(typeof value === 'object' ? value.rawJSON : value);

/** Undefined for NaN and the infinities, which no sender can send. */
function decimalOf(value: NumberValue): Decimal | undefined {
  if (typeof value === 'object') return parseDecimal(value.rawJSON);
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : parseDecimal(String(value));
}

/** `x in [list]`: is one element equal? False for anything but a list. */
export function holds(list: FieldValue, value: FieldValue): boolean {
  return Array.isArray(list) && list.some((item) => same(item, value));
}

/** `[left] in [right]`. */
export function fieldInField(left: FieldValue, right: FieldValue): boolean {
  if (left === undefined || left === null || right === undefined || right === null) return false;
  if (typeof left === 'object' && !JSON.isRawJSON(left)) return false;
  if (typeof left === 'string' && typeof right === 'string') return right.includes(left);
  return Array.isArray(right) ? holds(right, left) : same(left, right);
}

/** The text by which a field is looked up in a list of constants; lists, maps and missing fields have none. */
export function scalarText(value: FieldValue): string | undefined {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') return String(value);
  return JSON.isRawJSON(value) ? (value as { rawJSON: string }).rawJSON : undefined;
}
