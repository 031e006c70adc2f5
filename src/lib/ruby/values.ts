/**
 * Ruby's values in compiled code: nil is null, booleans and UTF-8 text are JavaScript's, Integers are numbers (safe
 * ones) or BigInts, Floats are numbers unless they are whole, which are boxed; arrays are JavaScript's. Text never
 * changes: code that changes text in place is compiled to assignments, or not at all.
 */
import type { RClass } from './class.ts';

/** Any Ruby value; the runtime looks at what it is. */
export type Value = any;

/** Values whose class is written on their prototype. */
export abstract class RObject {
  declare readonly rclass: RClass;
}

/** A Float without a fraction (also -0.0), which a plain number could not be told from an Integer. */
export class RFloat extends RObject {
  readonly value: number;
  /** The exact number of the source that this Float stands for, if it has more digits than a Float. */
  readonly raw: { readonly rawJSON: string } | undefined;
  constructor(value: number, raw?: { readonly rawJSON: string }) {
    super();
    this.value = value;
    this.raw = raw;
  }
  toJSON(): unknown {
    return this.raw ?? (Number.isFinite(this.value) ? JSON.rawJSON(floatText(this.value)) : null);
  }
}

/** A Float as a Ruby value. */
export const float = (value: number): Value => (Number.isInteger(value) ? new RFloat(value) : value);

export const isFloat = (value: Value): boolean =>
  typeof value === 'number' ? !Number.isInteger(value) : value instanceof RFloat;

export const isInteger = (value: Value): boolean =>
  typeof value === 'number' ? Number.isInteger(value) : typeof value === 'bigint';

export const isNumeric = (value: Value): boolean =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof RFloat;

/** A numeric value as a double. */
export const double = (value: Value): number =>
  typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : value.value;

/** An Integer in its one form. */
export function integer(value: bigint | number): Value {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value + 0 : BigInt(value);
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** `Float#to_s` of CRuby: exponents from 1e15 on (for whole numbers) and below 1e-4. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size < 1e-4 ? size > 0 : size >= 1e15 && Number.isInteger(value)) {
    const [digits, exponent] = value.toExponential().split('e') as [string, string];
    return `${digits.includes('.') ? digits : `${digits}.0`}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

export class RSymbol extends RObject {
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
}

const symbols = new Map<string, WeakRef<RSymbol>>();
const forgotten = new FinalizationRegistry<string>((name) => {
  if (symbols.get(name)?.deref() === undefined) symbols.delete(name);
});

/** The one symbol of this name. */
export function symbol(name: string): RSymbol {
  let found = symbols.get(name)?.deref();
  if (found === undefined) {
    found = new RSymbol(name);
    symbols.set(name, new WeakRef(found));
    forgotten.register(found, name);
  }
  return found;
}

export class RRange extends RObject {
  readonly from: Value;
  readonly to: Value;
  readonly exclusive: boolean;
  constructor(from: Value, to: Value, exclusive: boolean) {
    super();
    this.from = from;
    this.to = to;
    this.exclusive = exclusive;
  }
}

/** A block, proc or lambda. `count` over 1: an array given alone is spread over the parameters. */
export class RProc extends RObject {
  readonly fn: (...args: Value[]) => Value;
  readonly count: number;
  readonly lambda: boolean;
  /** Ruby's `arity`. */
  readonly arity: number;
  constructor(fn: (...args: Value[]) => Value, count: number, lambda = false, arity = count) {
    super();
    this.fn = fn;
    this.count = count;
    this.lambda = lambda;
    this.arity = arity;
  }
}

/** An enumerator over values already at hand, remembering the method it was made by (`map`, `each` …). */
export class REnumerator extends RObject {
  readonly items: Value[];
  readonly method: string;
  readonly source: Value;
  constructor(items: Value[], method: string, source: Value) {
    super();
    this.items = items;
    this.method = method;
    this.source = source;
  }
}

/** A moment: whole seconds since the epoch, nanoseconds, and the offset from UTC it is shown in. */
export class RTime extends RObject {
  readonly seconds: number;
  readonly nanos: number;
  /** `utc` and `localtime` change these in place. */
  offset: number;
  kind: 'utc' | 'local' | 'fixed';
  constructor(seconds: number, nanos: number, kind: 'utc' | 'local' | 'fixed', offset: number) {
    super();
    this.seconds = seconds;
    this.nanos = nanos;
    this.kind = kind;
    this.offset = offset;
  }
}

/** `LogStash::Timestamp`: event text of a time. */
export class RTimestamp extends RObject {
  readonly text: string;
  constructor(text: string) {
    super();
    this.text = text;
  }
  toJSON(): string {
    return this.text;
  }
}

/** A Set: the keys of a hash. */
export class RSet extends RObject {
  readonly hash: RHash;
  constructor(hash: RHash = new RHash()) {
    super();
    this.hash = hash;
  }
}

/** An ordered hash. Keys that are no plain JavaScript value are kept beside their structural text. */
export class RHash extends RObject {
  readonly map: Map<unknown, Value>;
  #originals: Map<string, Value> | undefined;
  default: Value = null;
  defaultProc: RProc | null = null;
  constructor(map: Map<unknown, Value> = new Map()) {
    super();
    this.map = map;
  }
  get size(): number {
    return this.map.size;
  }
  /** The value, or undefined. */
  find(key: Value): Value | undefined {
    return this.map.get(typeof key === 'string' && key.charCodeAt(0) !== 0 ? key : hashKey(key));
  }
  has(key: Value): boolean {
    return this.map.has(hashKey(key));
  }
  set(key: Value, value: Value): void {
    const hashed = hashKey(key);
    if (hashed !== key) {
      this.#originals ??= new Map();
      if (!this.map.has(hashed)) this.#originals.set(hashed as string, key);
    }
    this.map.set(hashed, value);
  }
  /** Removes it and returns its value, or undefined. */
  remove(key: Value): Value | undefined {
    const hashed = hashKey(key);
    const value = this.map.get(hashed);
    this.map.delete(hashed);
    return value;
  }
  clear(): void {
    this.map.clear();
  }
  keys(): Value[] {
    const keys = [...this.map.keys()];
    if (this.#originals === undefined) return keys;
    return keys.map((key) =>
      typeof key === 'string' && key.charCodeAt(0) === 0 ? this.#originals!.get(key) : key,
    );
  }
  values(): Value[] {
    return [...this.map.values()];
  }
  pairs(): [Value, Value][] {
    if (this.#originals === undefined) return [...this.map];
    const keys = this.keys();
    let index = 0;
    const pairs: [Value, Value][] = [];
    for (const value of this.map.values()) pairs.push([keys[index++], value]);
    return pairs;
  }
  /** As `pairs`, without making them; sees pairs that are added meanwhile. */
  forEach(each: (key: Value, value: Value) => void): void {
    if (this.#originals === undefined) for (const [key, value] of this.map) each(key, value);
    else for (const [key, value] of this.pairs()) each(key, value);
  }
  copy(): RHash {
    if (this.#originals === undefined) return new RHash(new Map(this.map));
    return RHash.of(this.pairs());
  }
  static of(pairs: Iterable<readonly [Value, Value]>): RHash {
    const hash = new RHash();
    for (const [key, value] of pairs) hash.set(key, value);
    return hash;
  }
}

/** What stands for a key in the map: itself where JavaScript's identity is Ruby's `eql?`, otherwise text from \0. */
function hashKey(key: Value): unknown {
  if (typeof key === 'string') return key.charCodeAt(0) === 0 ? `\0s${key}` : key;
  if (typeof key !== 'object' || key === null || key instanceof RSymbol) return key;
  return `\0${structure(key)}`;
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function structure(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return `${typeof value} ${value}`;
  if (Array.isArray(value)) return `[${value.map(structure).join()}]`;
  if (value instanceof RFloat) return `float ${floatText(value.value)}`;
  if (value instanceof RSymbol) return `:${JSON.stringify(value.name)}`;
  if (value instanceof RTime) return `time ${value.seconds} ${value.nanos}`;
  if (value instanceof RTimestamp) return `timestamp ${value.text}`;
  if (value instanceof RRange) return `${structure(value.from)}${value.exclusive}${structure(value.to)}`;
  if (value instanceof RHash)
    return `{${value
      .pairs()
      .map(([key, inner]) => `${structure(key)}=${structure(inner)}`)
      .sort()
      .join()}}`;
  let identity = identities.get(value);
  if (identity === undefined) identities.set(value, (identity = nextIdentity++));
  return `object ${identity}`;
}
