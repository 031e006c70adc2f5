/** Text as numbers: the strict forms of Kernel and the lenient ones of String. */
import { rubyError } from './class.ts';
import { inspect } from './text.ts';
import { float, integer, type Value } from './values.ts';

const PREFIX: Readonly<Record<string, number>> = { '0x': 16, '0b': 2, '0o': 8, '0d': 10 };

/** `Integer(text, base)`; base 0: by prefix. @throws RubyError ArgumentError */
export function parseIntegerStrict(text: string, base: number): Value {
  const found = parseInteger(text.trim(), base, true);
  if (found === undefined || text.includes('\0'))
    throw rubyError('ArgumentError', `invalid value for Integer(): ${inspect(text)}`);
  return found;
}

/** `text.to_i(base)` */
export const parseIntegerLenient = (text: string, base: number): Value =>
  parseInteger(text.replace(/^[\t-\r ]+/, ''), base, false) ?? 0;

function parseInteger(text: string, base: number, strict: boolean): Value | undefined {
  const sign = /^[-+]?/.exec(text)![0];
  let rest = text.slice(sign.length);
  let radix = base;
  const prefix = PREFIX[rest.slice(0, 2).toLowerCase()];
  if (prefix !== undefined && (base === 0 || base === prefix)) {
    radix = prefix;
    rest = rest.slice(2);
    if (rest.startsWith('_')) return strict ? undefined : 0;
  } else if (base === 0) {
    radix = /^0[\d_]/.test(rest) ? 8 : 10;
  }
  const digits = radix <= 10 ? `0-${radix - 1}` : `0-9a-${String.fromCharCode(86 + radix)}`;
  const found = new RegExp(`^[${digits}]+(?:_[${digits}]+)*`, 'i').exec(rest)?.[0];
  if (found === undefined) return undefined;
  if (strict && found.length !== rest.length) return undefined;
  const plain = found.replaceAll('_', '');
  const value = radix === 10 ? shortOrBig(plain) : bigInRadix(plain, radix);
  return integer(sign === '-' ? -value : value);
}

const shortOrBig = (digits: string): number | bigint =>
  digits.length < 16 ? Number(digits) : BigInt(digits);

function bigInRadix(digits: string, radix: number): number | bigint {
  if (digits.length <= 10) return Number.parseInt(digits, radix);
  let value = 0n;
  for (const digit of digits) value = value * BigInt(radix) + BigInt(Number.parseInt(digit, radix));
  return value;
}

const FLOAT = /^[-+]?\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:e[-+]?\d+(?:_\d+)*)?/i;

/** `Float(text)`. @throws RubyError ArgumentError */
export function parseFloatStrict(text: string): Value {
  const trimmed = text.trim();
  const hex = /^[-+]?0x[\da-f]+$/i.exec(trimmed);
  if (hex) return float(Number(trimmed.replace(/^[-+]/, '')) * (trimmed.startsWith('-') ? -1 : 1));
  const lead = trimmed.replace(/^([-+]?)\.(?=\d)/, '$10.').replace(/^([-+]?\d+)\.(?=e|$)/i, '$1');
  const found = FLOAT.exec(lead)?.[0];
  if (
    found === undefined ||
    found.length !== lead.length ||
    text.includes('\0') ||
    /^[-+]?\d+\.(?:e|$)/i.test(trimmed)
  )
    throw rubyError('ArgumentError', `invalid value for Float(): ${inspect(text)}`);
  return float(Number(found.replaceAll('_', '')));
}

/** `text.to_f` */
export function parseFloatLenient(text: string): Value {
  const trimmed = text.replace(/^[\t-\r ]+/, '').replace(/^([-+]?)\.(?=\d)/, '$10.');
  const found = FLOAT.exec(trimmed)?.[0];
  return float(found === undefined ? 0 : Number(found.replaceAll('_', '')));
}
