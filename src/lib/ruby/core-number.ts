/** Integer and Float. */
import { bitwise, floatDivmod, floorDivide, floorModulo, holds, negate, numeric } from './arithmetic.ts';
import { classes, define, rubyError, Unsupported } from './class.ts';
import { compareNumbers, equal, notComparable } from './compare.ts';
import { hashArgument, indexArgument, yield1 } from './dispatch.ts';
import { rangeItems } from './ranges.ts';
import { toS } from './text.ts';
import {
  double,
  float,
  integer,
  isFloat,
  isInteger,
  isNumeric,
  REnumerator,
  RFloat,
  RHash,
  RProc,
  symbol,
  type Value,
} from './values.ts';

const numbers = [classes.integer.methods, classes.float.methods];
const integers = classes.integer.methods;
const floats = classes.float.methods;

for (const table of numbers) {
  for (const operator of ['+', '-', '*', '/', '%', '**'] as const)
    define(table, operator, 1, 1, (self, _, other) => numeric(operator, self, other));
  for (const operator of ['<', '<=', '>', '>='] as const) {
    define(table, operator, 1, 1, (self, _, other) => {
      if (!isNumeric(other)) throw notComparable(self, other);
      const result = compareNumbers(self, other);
      return result !== undefined && holds(operator, result);
    });
  }
  define(table, 'modulo', 1, 1, (self, _, other) => numeric('%', self, other));
  define(table, 'pow', 1, 1, (self, _, other) => numeric('**', self, other));
  define(table, '-@', 0, 0, (self) => negate(self));
  define(table, '+@ to_c real', 0, 0, (self) => self);
  define(table, 'abs magnitude', 0, 0, (self) =>
    double(self) < 0 || Object.is(double(self), -0) ? negate(self) : self,
  );
  define(table, 'zero?', 0, 0, (self) => double(self) === 0);
  define(table, 'nonzero?', 0, 0, (self) => (double(self) === 0 ? null : self));
  define(table, 'positive?', 0, 0, (self) => double(self) > 0);
  define(table, 'negative?', 0, 0, (self) => double(self) < 0);
  define(table, 'integer?', 0, 0, (self) => isInteger(self));
  define(table, 'finite?', 0, 0, (self) => isInteger(self) || Number.isFinite(double(self)));
  define(table, 'infinite?', 0, 0, (self) => {
    const value = double(self);
    return isInteger(self) || Number.isFinite(value) || Number.isNaN(value) ? null : value > 0 ? 1 : -1;
  });
  define(table, 'to_f', 0, 0, (self) => float(double(self)));
  define(table, 'to_i to_int truncate', 0, 0, (self) => toInteger(self));
  define(table, 'to_json', 0, 1, (self) => {
    if (isFloat(self) && !Number.isFinite(double(self))) throw new Unsupported('JSON of NaN');
    return toS(self);
  });
  define(table, 'fdiv', 1, 1, (self, _, other) => {
    if (typeof self === 'bigint' || typeof other === 'bigint') throw new Unsupported('fdiv of a bignum');
    return numeric('/', float(double(self)), other);
  });
  define(table, 'div', 1, 1, (self, _, other) => {
    if (isInteger(self) && isInteger(other)) return floorDivide(self, other);
    if (isNumeric(other) && double(other) === 0) throw rubyError('ZeroDivisionError', 'divided by 0');
    return toInteger(float(Math.floor(double(numeric('/', self, other)))));
  });
  define(table, 'divmod', 1, 1, (self, _, other) => {
    if (isInteger(self) && isInteger(other)) return [floorDivide(self, other), floorModulo(self, other)];
    if (!isNumeric(other)) return numeric('/', self, other);
    if (double(other) === 0) throw rubyError('ZeroDivisionError', 'divided by 0');
    const [quotient, rest] = floatDivmod(double(self), double(other));
    return [toInteger(float(quotient)), float(rest)];
  });
  define(table, 'round', 0, 2, (self, _, first = 0, second = null) => {
    const digits = first instanceof RHash ? 0 : first;
    const options = first instanceof RHash ? first : second;
    const half = options === null ? 'up' : halfOf(hashArgument(options));
    return round(self, indexArgument(digits), half);
  });
  define(table, 'floor', 0, 1, (self, _, digits = 0) => cut(self, indexArgument(digits), Math.floor));
  define(table, 'ceil', 0, 1, (self, _, digits = 0) => cut(self, indexArgument(digits), Math.ceil));
  define(table, 'coerce', 1, 1, () => {
    throw new Unsupported('coerce');
  });
  define(table, 'step', 0, 2, (self, block, to = null, by = 1) => {
    if (!isNumeric(to) || !isNumeric(by)) throw new Unsupported('this form of step');
    if (!block) {
      const items: Value[] = [];
      const collect = new RProc((value: Value) => items.push(value), 1);
      if (double(by) !== 0 && Math.abs((double(to) - double(self)) / double(by)) < 1e6)
        table['step']!.fn(self, collect, to, by);
      else throw new Unsupported('this form of step');
      return new REnumerator(items, 'each', self);
    }
    if (double(by) === 0) throw rubyError('ArgumentError', "step can't be 0");
    if ([self, to, by].some(isFloat)) {
      const count = Math.floor((double(to) - double(self)) / double(by) + 1e-9);
      for (let at = 0; at <= count; at++) yield1(block, float(double(self) + at * double(by)));
    } else {
      for (let at = self; double(by) > 0 ? at <= to : at >= to; at = numeric('+', at, by)) yield1(block, at);
    }
    return self;
  });
}

function greatestDivisor(a: bigint, b: bigint): bigint {
  let rest = b;
  let divisor = a;
  while (rest !== 0n) [divisor, rest] = [rest, divisor % rest];
  return divisor < 0n ? -divisor : divisor;
}

function halfOf(options: RHash): 'up' | 'even' | 'down' {
  const half = options.find(symbol('half'));
  if (half === undefined || half === null) return 'up';
  const name = toS(half);
  if (name !== 'up' && name !== 'even' && name !== 'down')
    throw rubyError('ArgumentError', `invalid rounding mode: ${name}`);
  return name;
}

/** `to_i` of a number. @throws RubyError FloatDomainError */
export function toInteger(value: Value): Value {
  if (isInteger(value)) return value;
  const number = double(value);
  if (!Number.isFinite(number)) throw rubyError('FloatDomainError', toS(value));
  const whole = Math.trunc(number);
  return Number.isSafeInteger(whole) ? whole + 0 : integer(BigInt(whole));
}

/** `round` as CRuby does it: by the double itself, half away from zero. */
function round(value: Value, digits: number, half: 'up' | 'even' | 'down'): Value {
  if (isInteger(value)) return digits >= 0 ? value : roundInteger(value, -digits, half);
  const number = double(value);
  if (digits <= 0) {
    if (!Number.isFinite(number)) throw rubyError('FloatDomainError', toS(value));
    if (digits < 0) return roundInteger(toInteger(value), -digits, half);
    return toInteger(float(roundHalf(number, half)));
  }
  if (!Number.isFinite(number) || digits >= 15 + 2 - exponent(number)) return value;
  if (digits > 14) throw new Unsupported('rounding to that many digits');
  const scale = 10 ** digits;
  return float(scaledRound(number, scale, half) / scale);
}

const exponent = (number: number): number =>
  number === 0 ? 0 : Math.floor(Math.log10(Math.abs(number))) + 1;

function roundHalf(number: number, half: 'up' | 'even' | 'down'): number {
  const size = Math.abs(number);
  let whole = Math.floor(size);
  const rest = size - whole;
  if (rest > 0.5 || (rest === 0.5 && (half === 'up' || (half === 'even' && whole % 2 === 1)))) whole++;
  return number < 0 ? -whole : whole;
}

function scaledRound(number: number, scale: number, half: 'up' | 'even' | 'down'): number {
  if (half !== 'up') {
    const size = Math.abs(number * scale);
    let whole = roundHalf(size, 'up');
    const exact = (whole - 0.5) / scale === Math.abs(number);
    if (exact && (half === 'down' || whole % 2 === 1)) whole--;
    return number < 0 ? -whole : whole;
  }
  const size = Math.abs(number);
  let whole = roundHalf(size * scale, 'up');
  // The product may have been rounded: the half that lies above the number is none.
  if ((whole + 0.5) / scale <= size) whole++;
  else if ((whole - 0.5) / scale > size) whole--;
  return number < 0 ? -whole : whole;
}

function roundInteger(value: number | bigint, digits: number, half: 'up' | 'even' | 'down'): Value {
  const scale = 10n ** BigInt(digits);
  const big = BigInt(value);
  const size = big < 0n ? -big : big;
  let units = size / scale;
  const twice = (size % scale) * 2n;
  if (twice > scale || (twice === scale && (half === 'up' || (half === 'even' && units % 2n === 1n))))
    units++;
  return integer((big < 0n ? -units : units) * scale);
}

function cut(value: Value, digits: number, how: (number: number) => number): Value {
  if (digits > 0) {
    if (isInteger(value)) return value;
    const number = double(value);
    if (!Number.isFinite(number) || digits >= 15 + 2 - exponent(number)) return value;
    const scale = 10 ** digits;
    const units = how(number * scale);
    // As CRuby: the product may have been rounded over the border.
    if (how === Math.floor && (units + 1) / scale <= number) return float((units + 1) / scale);
    if (how === Math.ceil && number > 0 && (units - 1) / scale >= number) return float((units - 1) / scale);
    return float(units / scale);
  }
  const whole = isInteger(value) ? value : toInteger(float(finite(how(double(value)), value)));
  if (digits === 0) return whole;
  const scale = 10n ** BigInt(-digits);
  const units = BigInt(floorDivide(whole, integer(scale)));
  const exact = units * scale === BigInt(whole);
  return integer((how === Math.ceil && !exact ? units + 1n : units) * scale);
}

function finite(number: number, value: Value): number {
  if (!Number.isFinite(number)) throw rubyError('FloatDomainError', toS(value));
  return number;
}

for (const operator of ['&', '|', '^', '<<', '>>'])
  define(integers, operator, 1, 1, (self, _, other) => bitwise(operator, self, other));
define(integers, '~', 0, 0, (self) => integer(~BigInt(self)));
define(integers, '[]', 1, 1, (self, _, bit) => integer((BigInt(self) >> BigInt(indexArgument(bit))) & 1n));
define(integers, '== ===', 1, 1, (self, _, other) => equal(self, other));
define(floats, '== ===', 1, 1, (self, _, other) => equal(self, other));
define(integers, 'even?', 0, 0, (self) => BigInt(self) % 2n === 0n);
define(integers, 'odd?', 0, 0, (self) => BigInt(self) % 2n !== 0n);
define(integers, 'succ next', 0, 0, (self) => numeric('+', self, 1));
define(integers, 'pred', 0, 0, (self) => numeric('-', self, 1));
define(integers, 'ord numerator', 0, 0, (self) => self);
define(integers, 'size', 0, 0, (self) => {
  if (typeof self === 'bigint') throw new Unsupported('size of a bignum');
  return 8;
});
define(integers, 'bit_length', 0, 0, (self) => {
  const big = BigInt(self);
  return big === 0n || big === -1n ? 0 : (big < 0n ? ~big : big).toString(2).length;
});
define(integers, 'remainder', 1, 1, (self, _, other) => {
  if (!isInteger(other)) throw new Unsupported('remainder of a Float');
  if (BigInt(other) === 0n) throw rubyError('ZeroDivisionError', 'divided by 0');
  return integer(BigInt(self) % BigInt(other));
});
define(integers, 'gcd', 1, 1, (self, _, other) => {
  if (!isInteger(other)) throw rubyError('TypeError', 'not an integer');
  return integer(greatestDivisor(BigInt(self), BigInt(other)));
});
define(integers, 'digits', 0, 1, (self, _, base = 10) => {
  if (self < 0) throw new Unsupported('digits of a negative number');
  const list: Value[] = [];
  let rest = BigInt(self);
  do {
    list.push(integer(rest % BigInt(base)));
    rest /= BigInt(base);
  } while (rest > 0n);
  return list;
});
define(integers, 'to_s inspect', 0, 1, (self, _, base = 10) => {
  if (typeof base !== 'number' || base < 2 || base > 36)
    throw rubyError('ArgumentError', `invalid radix ${toS(base)}`);
  return self.toString(base);
});
define(integers, 'chr', 0, 1, (self, _, encoding = null) => {
  const code = double(self);
  if (code < 0 || code > 0x10ffff) throw rubyError('RangeError', `${toS(self)} out of char range`);
  if (code > 127 && encoding === null) {
    if (code > 255) throw rubyError('RangeError', `${toS(self)} out of char range`);
    throw new Unsupported('binary text');
  }
  return String.fromCodePoint(code);
});
define(integers, 'times', 0, 0, (self, block) => {
  if (!block) return new REnumerator(rangeItems(0, self, true), 'each', self);
  for (let at = 0; at < self; at++) yield1(block, at);
  return self;
});
define(integers, 'upto', 1, 1, (self, block, to) => counted(self, to, 1, block));
define(integers, 'downto', 1, 1, (self, block, to) => counted(self, to, -1, block));

function counted(from: Value, to: Value, by: 1 | -1, block: Value): Value {
  if (!isNumeric(to)) throw notComparable(from, to);
  if (!block) {
    const items = by === 1 ? rangeItems(from, to, false) : rangeItems(to, from, false).reverse();
    return new REnumerator(items, 'each', from);
  }
  const end = to instanceof RFloat ? to.value : to;
  for (let at = from; by === 1 ? at <= end : at >= end; at = numeric('+', at, by)) yield1(block, at);
  return from;
}

define(floats, 'nan?', 0, 0, (self) => Number.isNaN(double(self)));
define(floats, 'to_s inspect', 0, 0, (self) => toS(self));
define(floats, 'to_r rationalize to_c', 0, 1, () => {
  throw new Unsupported('Rational');
});
define(classes.integer.statics, 'sqrt', 1, 1, (_self, _, value) => {
  if (!isInteger(value) || value < 0) throw new Unsupported('this form of sqrt');
  let root = BigInt(Math.floor(Math.sqrt(Number(value))));
  const target = BigInt(value);
  while (root * root > target) root--;
  while ((root + 1n) * (root + 1n) <= target) root++;
  return integer(root);
});
