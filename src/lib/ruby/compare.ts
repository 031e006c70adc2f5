/** Equality and order of Ruby values. */
import { RClass, RubyError, rubyError } from './class.ts';
import { classOf, kindName, methodsOf, send } from './dispatch.ts';
import { RRegexp } from './regexp.ts';
import { inspect } from './text.ts';
import { double, isNumeric, RFloat, RHash, RRange, RSet, RTime, RTimestamp, type Value } from './values.ts';

/** `==` */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' && typeof b !== 'object') return false;
  if (a === null || b === null) return false;
  if (a instanceof RFloat || b instanceof RFloat)
    return isNumeric(a) && isNumeric(b) && compareNumbers(a, b) === 0;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) if (!equal(a[index], b[index])) return false;
    return true;
  }
  if (a instanceof RHash) {
    if (!(b instanceof RHash) || a.size !== b.size) return false;
    for (const [key, value] of a.pairs()) {
      const other = b.find(key);
      if (other === undefined || !equal(value, other)) return false;
    }
    return true;
  }
  if (a instanceof RTime || a instanceof RTimestamp) return isMoment(b) && compareTimes(a, b) === 0;
  if (a instanceof RRange)
    return b instanceof RRange && a.exclusive === b.exclusive && equal(a.from, b.from) && equal(a.to, b.to);
  if (a instanceof RRegexp) return b instanceof RRegexp && a.source === b.source && a.options === b.options;
  if (a instanceof RSet) return b instanceof RSet && equal(a.hash, b.hash);
  if (a instanceof RubyError)
    return b instanceof RubyError && a.rclass === b.rclass && a.message === b.message;
  return false;
}

const isMoment = (value: Value): boolean => value instanceof RTime || value instanceof RTimestamp;

/** Order of two numbers; undefined with NaN. */
export function compareNumbers(a: Value, b: Value): number | undefined {
  const left = a instanceof RFloat ? a.value : a;
  const right = b instanceof RFloat ? b.value : b;
  return left < right ? -1 : left > right ? 1 : left >= right ? 0 : undefined;
}

const SURROGATE = /[\ud800-\udfff]/;

/** Order of text by its UTF-8 bytes. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

export function compareTimes(a: RTime | RTimestamp, b: RTime | RTimestamp): number {
  const left = instantOf(a);
  const right = instantOf(b);
  if (left[0] !== right[0]) return left[0] < right[0] ? -1 : 1;
  return left[1] < right[1] ? -1 : left[1] > right[1] ? 1 : 0;
}

/** Seconds and nanoseconds since the epoch. */
export function instantOf(value: RTime | RTimestamp): [number, number] {
  if (value instanceof RTime) return [value.seconds, value.nanos];
  const { text } = value;
  const dot = text.indexOf('.');
  return [
    Math.floor(Date.parse(`${text.slice(0, dot)}Z`) / 1000),
    Number(text.slice(dot + 1, -1).padEnd(9, '0')),
  ];
}

/** `<=>`: -1, 0, 1, or undefined where Ruby answers nil. */
export function compare(a: Value, b: Value): number | undefined {
  if (typeof a === 'string') return typeof b === 'string' ? compareText(a, b) : undefined;
  if (isNumeric(a)) return isNumeric(b) ? compareNumbers(a, b) : undefined;
  if (Array.isArray(a)) {
    if (!Array.isArray(b)) return undefined;
    for (let index = 0; index < a.length && index < b.length; index++) {
      const order = compare(a[index], b[index]);
      if (order !== 0) return order;
    }
    return Math.sign(a.length - b.length);
  }
  if (isMoment(a)) return isMoment(b) ? compareTimes(a, b) : undefined;
  if (a !== null && typeof a === 'object' && methodsOf(a)['<=>'] !== undefined && !(a instanceof RClass)) {
    const order = send(a, '<=>', null, [b]);
    return order === null ? undefined : double(order);
  }
  return equal(a, b) ? 0 : undefined;
}

/** Order for sorting. @throws ArgumentError when there is none */
export function order(a: Value, b: Value): number {
  const result = compare(a, b);
  if (result === undefined) throw notComparable(a, b);
  return result;
}

export function notComparable(a: Value, b: Value): RubyError {
  const special = b === null || typeof b === 'boolean' || isNumeric(b);
  return rubyError(
    'ArgumentError',
    `comparison of ${classOf(a).name} with ${special ? inspect(b) : kindName(b)} failed`,
  );
}

/** `pattern === value` as `case` asks it. */
export function caseEqual(pattern: Value, value: Value): boolean {
  if (typeof pattern === 'string' || pattern === null) return pattern === value;
  if (typeof pattern !== 'object' || Array.isArray(pattern)) return equal(pattern, value);
  const answer = send(pattern, '===', null, [value]);
  return answer !== null && answer !== false;
}
