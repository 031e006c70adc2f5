/** Operators of numbers, with the quick ways for small Integers first; other receivers are dispatched. */
import { rubyError, Unsupported } from './class.ts';
import { compareNumbers, notComparable } from './compare.ts';
import { classOf, kindName, methodsOf, send } from './dispatch.ts';
import { double, float, integer, isFloat, isInteger, isNumeric, RFloat, type Value } from './values.ts';

const bothIntegers = (a: number, b: number): boolean => Number.isInteger(a) && Number.isInteger(b);

export function add(a: Value, b: Value): Value {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum) && bothIntegers(a, b)) return sum;
  }
  return isNumeric(a) ? numeric('+', a, b) : send(a, '+', null, [b]);
}

export function subtract(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference) && bothIntegers(a, b)) return difference;
  }
  return isNumeric(a) ? numeric('-', a, b) : send(a, '-', null, [b]);
}

export function multiply(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product) && bothIntegers(a, b)) return product + 0;
  }
  return isNumeric(a) ? numeric('*', a, b) : send(a, '*', null, [b]);
}

export const divide = (a: Value, b: Value): Value =>
  isNumeric(a) ? numeric('/', a, b) : send(a, '/', null, [b]);
export const modulo = (a: Value, b: Value): Value =>
  isNumeric(a) ? numeric('%', a, b) : send(a, '%', null, [b]);
export const power = (a: Value, b: Value): Value =>
  isNumeric(a) ? numeric('**', a, b) : send(a, '**', null, [b]);

/** Bits that an Integer may grow to. */
const MAX_BITS = 100_000n;

export function numeric(operator: string, a: Value, b: Value): Value {
  if (!isNumeric(b)) {
    if (typeof b === 'object' && b !== null && !Array.isArray(b) && methodsOf(b)['coerce'] !== undefined)
      throw new Unsupported('coerce');
    throw rubyError('TypeError', `${coercedName(b)} can't be coerced into ${classOf(a).name}`);
  }
  if (isInteger(a) && isInteger(b)) return integerOperation(operator, a, b);
  return floatOperation(operator, double(a), double(b));
}

/** How a value is named that is no number: nil and booleans by themselves. */
const coercedName = (value: Value): string => kindName(value);

function integerOperation(operator: string, a: Value, b: Value): Value {
  switch (operator) {
    case '+':
      return integer(BigInt(a) + BigInt(b));
    case '-':
      return integer(BigInt(a) - BigInt(b));
    case '*':
      return integer(BigInt(a) * BigInt(b));
    case '/':
      return floorDivide(a, b);
    case '%':
      return floorModulo(a, b);
    default:
      return integerPower(a, b);
  }
}

function floatOperation(operator: string, a: number, b: number): Value {
  switch (operator) {
    case '+':
      return float(a + b);
    case '-':
      return float(a - b);
    case '*':
      return float(a * b);
    case '/':
      return float(a / b);
    case '%':
      return float(floatModulo(a, b));
    default:
      if (a < 0 && !Number.isInteger(b) && Number.isFinite(b)) throw new Unsupported('Complex');
      return float(a ** b);
  }
}

const isZero = (value: number | bigint): boolean => value === 0 || value === 0n;

function floatModulo(a: number, b: number): number {
  const rest = Number.isFinite(a) && !Number.isFinite(b) && !Number.isNaN(b) ? a : a % b;
  return rest * b < 0 ? rest + b : rest;
}

/** `divmod` of Floats, as CRuby rounds it. */
export function floatDivmod(a: number, b: number): [quotient: number, rest: number] {
  const rest = Number.isFinite(a) && !Number.isFinite(b) && !Number.isNaN(b) ? a : a % b;
  const exact = (a - rest) / b;
  const quotient = Math.sign(exact) * Math.round(Math.abs(exact));
  return rest * b < 0 ? [quotient - 1, rest + b] : [quotient, rest];
}

export function floorDivide(a: number | bigint, b: number | bigint): Value {
  if (isZero(b)) throw rubyError('ZeroDivisionError', 'divided by 0');
  if (typeof a === 'number' && typeof b === 'number') {
    const rest = a % b;
    const whole = a - (rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest);
    if (Number.isSafeInteger(whole)) return whole / b + 0;
  }
  const left = BigInt(a);
  const right = BigInt(b);
  const quotient = left / right;
  return integer(left % right !== 0n && left < 0n !== right < 0n ? quotient - 1n : quotient);
}

export function floorModulo(a: number | bigint, b: number | bigint): Value {
  if (isZero(b)) throw rubyError('ZeroDivisionError', 'divided by 0');
  if (typeof a === 'number' && typeof b === 'number') {
    const rest = a % b;
    return (rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest) + 0;
  }
  const right = BigInt(b);
  const rest = BigInt(a) % right;
  return integer(rest !== 0n && rest < 0n !== right < 0n ? rest + right : rest);
}

function integerPower(a: number | bigint, b: number | bigint): Value {
  if (b < 0) throw new Unsupported('Rational');
  const bits = BigInt(BigInt(a).toString(2).length) * BigInt(b);
  if (bits > MAX_BITS) throw new Unsupported('a huge power');
  return integer(BigInt(a) ** BigInt(b));
}

export function negate(a: Value): Value {
  if (typeof a === 'number') return Number.isInteger(a) ? 0 - a : -a;
  if (typeof a === 'bigint') return integer(-a);
  if (a instanceof RFloat) return new RFloat(-a.value);
  return send(a, '-@', null, []);
}

export function less(a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  return comparison('<', a, b);
}
export function lessOrEqual(a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a <= b;
  return comparison('<=', a, b);
}
export function greater(a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a > b;
  return comparison('>', a, b);
}
export function greaterOrEqual(a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a >= b;
  return comparison('>=', a, b);
}

function comparison(operator: '<' | '<=' | '>' | '>=', a: Value, b: Value): Value {
  if (isNumeric(a)) {
    if (!isNumeric(b)) throw notComparable(a, b);
    const result = compareNumbers(a, b);
    return result !== undefined && holds(operator, result);
  }
  return send(a, operator, null, [b]);
}

/** `<` and its kin for values with `<=>`. */
export function holds(operator: '<' | '<=' | '>' | '>=', result: number): boolean {
  if (operator === '<') return result < 0;
  if (operator === '<=') return result <= 0;
  return operator === '>' ? result > 0 : result >= 0;
}

/** `&`, `|`, `^`, `<<`, `>>` of Integers. */
export function bitwise(operator: string, a: Value, b: Value): Value {
  if (!isInteger(b)) {
    if (isFloat(b)) throw rubyError('TypeError', `can't convert Float into Integer for bitwise ${operator}`);
    throw rubyError('TypeError', `${coercedName(b)} can't be coerced into Integer`);
  }
  const left = BigInt(a);
  const right = BigInt(b);
  switch (operator) {
    case '&':
      return integer(left & right);
    case '|':
      return integer(left | right);
    case '^':
      return integer(left ^ right);
    default: {
      const shift = operator === '<<' ? right : -right;
      if (shift > MAX_BITS) throw new Unsupported('a huge shift');
      return integer(shift >= 0n ? left << shift : left >> -shift);
    }
  }
}
