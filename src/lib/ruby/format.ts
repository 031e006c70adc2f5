/** `Kernel#format` and `String#%`. */
import { rubyError, Unsupported } from './class.ts';
import { parseFloatStrict, parseIntegerStrict } from './conversions.ts';
import { toInteger } from './core-number.ts';
import { kindName } from './dispatch.ts';
import { inspect, toS } from './text.ts';
import { double, isInteger, isNumeric, RHash, symbol, type Value } from './values.ts';

const DIRECTIVE = /%(?:<(\w+)>|\{(\w+)\})?([-+ 0#]*)(\*|\d+)?(?:\.(\d+)?)?(?:<(\w+)>)?([a-zA-Z%])?/g;

/** Formats `args` by `template`. @throws RubyError ArgumentError, KeyError, TypeError */
export function format(template: string, args: readonly Value[]): string {
  let next = 0;
  const take = (): Value => {
    if (next >= args.length) throw rubyError('ArgumentError', 'too few arguments');
    return args[next++];
  };
  const named = (name: string): Value => {
    const hash = args[0];
    if (!(hash instanceof RHash)) throw rubyError('ArgumentError', 'one hash required');
    const value = hash.find(symbol(name));
    if (value === undefined) throw rubyError('KeyError', `key<${name}> not found`);
    return value;
  };
  return template.replace(DIRECTIVE, (...match: (string | undefined)[]) => {
    const [all, before, braced, flags = '', width, precision, after, letter] = match;
    if (braced !== undefined) {
      // What follows a %{name} is text.
      const text = toS(named(braced));
      return text + all!.slice(braced.length + 3);
    }
    const name = before ?? after;
    if (letter === undefined)
      throw rubyError('ArgumentError', 'incomplete format specifier; use %% (double %) instead');
    if (letter === '%') return '%';
    const hasDot = all!.slice(0, -1).includes('.');
    const size = width === '*' ? double(take()) : width === undefined ? 0 : Number(width);
    const value = name === undefined ? take() : named(name);
    const text = directive(letter, value, flags, hasDot ? Number(precision ?? 0) : undefined);
    return pad(text, flags, size, letter, hasDot);
  });
}

function pad(text: string, flags: string, width: number, letter: string, hasPrecision: boolean): string {
  const size = Math.abs(width);
  const length = [...text].length;
  if (length >= size) return text;
  const fill = size - length;
  if (flags.includes('-') || width < 0) return text + ' '.repeat(fill);
  const numbers = 'diuxXobBeEfgG'.includes(letter);
  const zero = flags.includes('0') && numbers && !(hasPrecision && 'diuxXobB'.includes(letter));
  if (!zero || !/\d/.test(text)) return ' '.repeat(fill) + text;
  const sign = /^[-+ ]?(0[xXbB])?/.exec(text)![0];
  return sign + '0'.repeat(fill) + text.slice(sign.length);
}

const signed = (negative: boolean, flags: string): string =>
  negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';

function directive(letter: string, value: Value, flags: string, precision: number | undefined): string {
  switch (letter) {
    case 'd':
    case 'i':
    case 'u': {
      const number = toIntegerArgument(value);
      const digits = String(number < 0 ? -number : number).padStart(precision ?? 0, '0');
      return signed(number < 0, flags) + digits;
    }
    case 'x':
    case 'X':
    case 'o':
    case 'b':
    case 'B': {
      const number = BigInt(toIntegerArgument(value));
      if (number < 0n && !flags.includes('+') && !flags.includes(' '))
        throw new Unsupported('two’s complement in format');
      const base = letter === 'o' ? 8 : letter === 'b' || letter === 'B' ? 2 : 16;
      let digits = (number < 0n ? -number : number).toString(base).padStart(precision ?? 0, '0');
      if (letter === 'X') digits = digits.toUpperCase();
      const prefix = flags.includes('#') && number !== 0n ? (letter === 'o' ? '0' : `0${letter}`) : '';
      return signed(number < 0n, flags) + prefix + digits;
    }
    case 'f':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      return floating(letter, floatArgument(value), flags, precision ?? 6);
    case 's':
      return cutText(toS(value), precision);
    case 'p':
      return cutText(inspect(value), precision);
    case 'c':
      return typeof value === 'string' ? ([...value][0] ?? '') : String.fromCodePoint(double(value));
    default:
      throw rubyError('ArgumentError', `malformed format string - %${letter}`);
  }
}

const cutText = (text: string, precision: number | undefined): string =>
  precision === undefined ? text : [...text].slice(0, precision).join('');

function floating(letter: string, value: Value, flags: string, precision: number): string {
  const number = double(value);
  const negative = number < 0 || Object.is(number, -0);
  const size = Math.abs(number);
  if (!Number.isFinite(number)) return signed(negative, flags) + (Number.isNaN(number) ? 'NaN' : 'Inf');
  if (precision > 60) throw new Unsupported('that many digits in format');
  let text: string;
  if (letter === 'f')
    text = typeof value === 'bigint' || size >= 1e21 ? bigFixed(value, precision) : fixed(size, precision);
  else if (letter === 'e' || letter === 'E') text = exponential(size, precision);
  else text = general(size, precision === 0 ? 1 : precision, flags.includes('#'));
  if (letter === 'E' || letter === 'G') text = text.toUpperCase();
  return signed(negative, flags) + text;
}

/** Digits that a double may need to be written out. */
const EXACT = 100;

/**
 * How far from a half still counts as one: with up to 14 digits CRuby's dtoa reckons in doubles, and rounds what then
 * looks like a half to the even digit; with more digits it is exact.
 */
function tolerance(size: number, power: number, digits: number): number {
  if (digits > 14 || digits < 1 || power < -290) return 0;
  return ((2 + Math.abs(power)) * (size / 10 ** power) + 7) * 2 ** -52 * 10 ** (digits - 1);
}

/** The first `count` of some digits as a number, rounded half to even. */
function rounded(digits: string, count: number, error: number): bigint {
  const whole = BigInt(digits.slice(0, count) || '0');
  const rest = digits.slice(count);
  const half = error > 0 ? Math.abs(Number(`0.${rest}`) - 0.5) <= error : /^50*$/.test(rest);
  if (half) return whole + (whole & 1n);
  return rest >= '5' ? whole + 1n : whole;
}

const powerOf = (size: number): number => (size === 0 ? 0 : Number(size.toExponential(20).split('e')[1]));

/** `%.nf` */
function fixed(size: number, precision: number): string {
  const power = powerOf(size);
  const exact = size.toFixed(EXACT);
  const dot = exact.indexOf('.');
  const digits = exact.replace('.', '');
  const text = String(
    rounded(digits, dot + precision, tolerance(size, power, precision + 1 + power)),
  ).padStart(precision + 1, '0');
  return precision === 0 ? text : `${text.slice(0, -precision)}.${text.slice(-precision)}`;
}

function bigFixed(value: Value, precision: number): string {
  const big = BigInt(value instanceof Object ? value.value : value);
  const digits = String(big < 0n ? -big : big);
  return precision > 0 ? `${digits}.${'0'.repeat(precision)}` : digits;
}

/** `%.ne` */
function exponential(size: number, precision: number): string {
  const exact = size.toExponential(EXACT);
  const at = exact.indexOf('e');
  let power = Number(exact.slice(at + 1));
  let digits = String(
    rounded(exact.slice(0, at).replace('.', ''), precision + 1, tolerance(size, power, precision + 1)),
  ).padStart(precision + 1, '0');
  if (digits.length > precision + 1) {
    digits = digits.slice(0, -1);
    power++;
  }
  const sign = power < 0 ? '-' : '+';
  const mantissa = precision === 0 ? digits : `${digits[0]}.${digits.slice(1)}`;
  return `${mantissa}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}

function general(size: number, precision: number, keepZeros: boolean): string {
  const power = size === 0 ? 0 : Number(exponential(size, precision - 1).split('e')[1]);
  const plain =
    power < -4 || power >= precision ? exponential(size, precision - 1) : fixed(size, precision - 1 - power);
  if (keepZeros || !plain.includes('.')) return plain;
  const [mantissa, exponent] = plain.split('e') as [string, string?];
  const short = mantissa.replace(/\.?0+$/, '');
  return exponent === undefined ? short : `${short}e${exponent}`;
}

function toIntegerArgument(value: Value): number | bigint {
  if (isInteger(value)) return value;
  if (isNumeric(value)) return toInteger(value);
  if (typeof value === 'string') return parseIntegerStrict(value, 0);
  if (value === null) throw rubyError('TypeError', "can't convert nil into Integer");
  throw rubyError('TypeError', `can't convert ${kindName(value)} into Integer`);
}

function floatArgument(value: Value): Value {
  if (isNumeric(value)) return value;
  if (typeof value === 'string') return parseFloatStrict(value);
  throw rubyError('TypeError', `can't convert ${kindName(value)} into Float`);
}
