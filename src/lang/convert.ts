/** Values of options by their declared type, with the rules of Logstash's validators (`:validate`). */
import { existsSync } from 'node:fs';
import { FieldReferenceError, parseFieldReference } from '../event/field-reference.ts';
import { suggest } from '../kernel/diagnostic.ts';
import { type Option, Secret } from '../kernel/options.ts';
import { isRawHash, NestedNode, type Raw } from './values.ts';

/** A value that is not of its type: what was expected, what was found (masked for secrets). */
export class ConversionError extends Error {
  override name = 'ConversionError';
  readonly expected: string;
  readonly hint: string | undefined;
  constructor(message: string, expected: string, hint?: string) {
    super(message);
    this.expected = expected;
    this.hint = hint;
  }
}

/** Converts what the config gives to what the plugin sees; `codec` values stay raw (the caller checks them). */
export function convertValue(raw: Raw, option: Option): unknown {
  if (option.list) {
    const items = Array.isArray(raw) ? raw : [raw];
    return items.map((item) => convertOne(item, option));
  }
  return convertOne(raw, option);
}

function convertOne(raw: Raw, option: Option): unknown {
  const value = converters[option.type](raw, option);
  if (option.oneOf) return checkOneOf(value, raw, option.oneOf);
  return value;
}

type Converter = (raw: Raw, option: Option) => unknown;

const converters: Record<Option['type'], Converter> = {
  any: plain,
  codec: (raw) => raw,
  string: (raw) => textOf(single(raw, 'one string')),
  password: (raw) => {
    if (raw instanceof NestedNode || typeof raw === 'object') {
      throw new ConversionError('one password is wanted here', 'one string');
    }
    return new Secret(textOf(raw));
  },
  array: (raw) => (Array.isArray(raw) ? raw.map(plain) : [plain(raw)]),
  hash: toHash,
  number: toNumber,
  boolean: toBoolean,
  bytes: toBytes,
  duration: toSeconds,
  uri: toUri,
  path: (raw, option) => {
    const path = textOf(single(raw, 'one path'));
    if (!option.mayBeAbsent && !existsSync(path)) {
      throw new ConversionError(
        `the file ${shown(path)} does not exist or can not be opened`,
        'the path of a file',
      );
    }
    return path;
  },
  field_reference: (raw) => {
    const text = textOf(single(raw, 'one field reference'));
    try {
      parseFieldReference(text);
    } catch (error) {
      if (!(error instanceof FieldReferenceError)) throw error;
      throw new ConversionError(error.message, 'a field reference such as [a][b]');
    }
    return text;
  },
};

/** Scalars: a list of one counts as its element. */
function single(raw: Raw, expected: string): string | number | bigint | boolean {
  const value = Array.isArray(raw) && raw.length === 1 ? raw[0]! : raw;
  if (typeof value === 'object') {
    throw new ConversionError(`${expected} is wanted here, not ${kindOf(value)}`, expected);
  }
  return value;
}

function kindOf(raw: Raw): string {
  if (raw instanceof NestedNode) return `the plugin \`${raw.node.name}\``;
  if (Array.isArray(raw)) return raw.length === 0 ? 'an empty list' : `a list of ${raw.length} values`;
  return isRawHash(raw) ? 'a hash' : shown(raw);
}

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

const textOf = (value: string | number | bigint | boolean): string =>
  typeof value === 'string' ? value : String(value);

/** Nested plugins inside of lists and hashes stay what they are; the caller finds them. */
function plain(raw: Raw): unknown {
  return raw;
}

function toHash(raw: Raw): unknown {
  if (isRawHash(raw)) return raw;
  const items = Array.isArray(raw) ? raw : [raw];
  if (items.length % 2 === 1) {
    throw new ConversionError(
      items.length === 1
        ? `a hash is wanted here, not ${kindOf(items[0]!)}`
        : `this list has ${items.length} elements, and they are no pairs`,
      '{ "key" => "value" }',
    );
  }
  const pairs = new Map<string, Raw>();
  for (let index = 0; index < items.length; index += 2) {
    const key = textOf(single(items[index]!, 'a key'));
    const value = items[index + 1]!;
    const before = pairs.get(key);
    pairs.set(
      key,
      before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value],
    );
  }
  return Object.fromEntries(pairs);
}

/** Numbers, and text that prints as it would as a number. */
function toNumber(raw: Raw, option: Option): number {
  const value = single(raw, 'one number');
  const number = typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' && typeof number !== 'bigint') {
    throw new ConversionError(`a number is wanted here, not ${shown(value)}`, range(option));
  }
  return inRange(Number(number), option);
}

function range({ min, max }: Option): string {
  if (min !== undefined && max !== undefined) return `a number from ${min} to ${max}`;
  if (min !== undefined) return `a number, at least ${min}`;
  return max !== undefined ? `a number, at most ${max}` : 'a number';
}

function inRange(number: number, option: Option): number {
  const { min, max } = option;
  if ((min !== undefined && number < min) || (max !== undefined && number > max)) {
    throw new ConversionError(`${number} is out of range`, range(option));
  }
  return number;
}

function toBoolean(raw: Raw): boolean {
  const value = single(raw, 'true or false');
  if (value === 'true' || value === true) return true;
  if (value === 'false' || value === false) return false;
  throw new ConversionError(`true or false is wanted here, not ${shown(value)}`, 'true or false');
}

const SIZE = /^([\d.,]+)\s?([kmgtpezy])?(i)?(b)?$/i;

/** Bytes: a number, or text with a unit: KB, MB… are powers of 1000, KiB, MiB… of 1024. */
function toBytes(raw: Raw, option: Option): number {
  const value = single(raw, 'one size');
  if (typeof value === 'number' || typeof value === 'bigint') return inRange(Number(value), option);
  const match = SIZE.exec(textOf(value).trim());
  const count = Number(match?.[1]?.replaceAll(',', ''));
  if (!match || Number.isNaN(count)) {
    throw new ConversionError(`${shown(value)} is no size`, 'a number of bytes, or a size such as "10 MiB"');
  }
  const power = match[2] ? 'kmgtpezy'.indexOf(match[2].toLowerCase()) + 1 : 0;
  return inRange(Math.floor(count * (match[3] ? 1024 : 1000) ** power), option);
}

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:w|weeks?)$/, 604_800],
  [/^(?:d|days?)$/, 86_400],
  [/^(?:h|hours?)$/, 3600],
  [/^(?:m|mins?|minutes?)$/, 60],
  [/^(?:s|secs?|seconds?)$/, 1],
  [/^(?:ms|msecs?|milliseconds?)$/, 0.001],
  [/^(?:us|usecs?|microseconds?)$/, 0.000_001],
];

/** Seconds: a number in the option's unit, or text such as "1 hour". */
function toSeconds(raw: Raw, option: Option): number {
  const value = single(raw, 'one duration');
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(textOf(value).trim());
  const word = match?.[2]?.toLowerCase() ?? '';
  const unit =
    word === '' ? (option.unit === 'days' ? 86_400 : 1) : UNITS.find(([pattern]) => pattern.test(word))?.[1];
  if (!match || unit === undefined) {
    throw new ConversionError(
      `${shown(value)} is no duration`,
      `a number of ${option.unit ?? 'seconds'}, or a duration such as "1 hour"`,
    );
  }
  return inRange(Number(match[1]) * unit, option);
}

function toUri(raw: Raw): string {
  const text = textOf(single(raw, 'one URI'));
  if (text === '' || text.includes('%{')) return text;
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text.replace(/^\/\//, '')}`;
  if (/\s/.test(text) || !URL.canParse(absolute)) {
    throw new ConversionError('this is no valid URI', 'a URI such as "https://host:9200/path"');
  }
  return text;
}

function checkOneOf(value: unknown, raw: Raw, oneOf: readonly (string | number)[]): unknown {
  const found = oneOf.find((each) => each === value || String(each) === String(value));
  if (found !== undefined) return found;
  const near = suggest(String(value), oneOf.map(String));
  throw new ConversionError(
    `${kindOf(raw)} is not among the values allowed`,
    `one of ${oneOf.map((each) => JSON.stringify(each)).join(', ')}`,
    near === undefined ? undefined : `did you mean "${near}"?`,
  );
}
