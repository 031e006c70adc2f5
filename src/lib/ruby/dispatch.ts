/** Finding and calling methods in compiled code. */
import {
  classes,
  type Method,
  type MethodTable,
  RClass,
  RubyError,
  rubyError,
  Unsupported,
} from './class.ts';
import { rubyMethodNames } from './method-names.ts';
import {
  isInteger,
  REnumerator,
  RFloat,
  RHash,
  RProc,
  RRange,
  RSet,
  RSymbol,
  RTime,
  RTimestamp,
  type Value,
} from './values.ts';

const prototypes: [{ prototype: object }, RClass][] = [
  [RFloat, classes.float],
  [RSymbol, classes.symbol],
  [RRange, classes.range],
  [RProc, classes.proc],
  [RHash, classes.hash],
  [RSet, classes.set],
  [REnumerator, classes.enumerator],
  [RTime, classes.time],
  [RTimestamp, classes.timestamp],
  [RClass, classes.class],
];
for (const [type, rclass] of prototypes) setClass(type, rclass);

/** Names the Ruby class of the instances of a JavaScript class. */
export function setClass(type: { prototype: object }, rclass: RClass): void {
  Object.defineProperty(type.prototype, 'rclass', { value: rclass, writable: true });
}

export function classOf(value: Value): RClass {
  switch (typeof value) {
    case 'string':
      return classes.string;
    case 'number':
      return Number.isInteger(value) ? classes.integer : classes.float;
    case 'boolean':
      return value ? classes.true : classes.false;
    case 'bigint':
      return classes.integer;
    default:
      if (value === null) return classes.nil;
      if (Array.isArray(value)) return classes.array;
      if (value instanceof RClass) return value.isModule ? classes.module : classes.class;
      return value.rclass;
  }
}

/** The methods that a value answers to. */
export function methodsOf(value: Value): MethodTable {
  if (typeof value === 'string') return classes.string.methods;
  if (value instanceof RClass) return value.statics;
  return classOf(value).methods;
}

const truthy = (value: Value): boolean => value !== null && value !== false;

export function call0(method: Method | undefined, self: Value, name: string): Value {
  if (method === undefined) return missing(self, name);
  if (method.min > 0) return badArity(self, 0, method);
  return method.fn(self, null);
}

export function call1(method: Method | undefined, self: Value, name: string, a: Value): Value {
  if (method === undefined) return missing(self, name);
  if (method.min > 1 || method.max < 1) return badArity(self, 1, method);
  return method.fn(self, null, a);
}

export function callN(
  method: Method | undefined,
  self: Value,
  name: string,
  block: RProc | null,
  ...args: Value[]
): Value {
  if (method === undefined) return missing(self, name);
  if (method.min > args.length || method.max < args.length) return badArity(self, args.length, method);
  return method.fn(self, block, ...args);
}

/** Calls by a name known at run time. */
export function send(self: Value, name: string, block: RProc | null, args: readonly Value[]): Value {
  return callN(methodsOf(self)[name], self, name, block, ...args);
}

/** Calls a method without arguments. */
export const ask = (self: Value, name: string): Value => call0(methodsOf(self)[name], self, name);

function badArity(self: Value, given: number, method: Method): never {
  // Forms of a method that we do not have are many; only Logstash's own are surely wrong, and what takes nothing.
  const { min, max } = method;
  if (max === 0 || classOf(self) === classes.event) {
    const expected = min === max ? String(min) : `${min}..${max}`;
    throw rubyError('ArgumentError', `wrong number of arguments (given ${given}, expected ${expected})`);
  }
  throw new Unsupported(`a form with ${given} arguments`);
}

const known = new Map<string, Set<string>>();
/** Does CRuby's class have a method of this name (own or from Object)? */
function isRubyMethod(className: string, name: string): boolean {
  let names = known.get(className);
  if (names === undefined) {
    names = new Set(`${rubyMethodNames[className] ?? ''} ${rubyMethodNames['Object']}`.split(' '));
    known.set(className, names);
  }
  return names.has(name);
}

function missing(self: Value, name: string): never {
  const rclass = classOf(self);
  const listed =
    rubyMethodNames[self instanceof RubyError ? 'Exception' : rclass.name] !== undefined ||
    self instanceof RubyError;
  const className = self instanceof RubyError ? 'Exception' : rclass.name;
  const closed = rclass === classes.event || rclass === classes.timestamp;
  if (self instanceof RClass || (!listed && !closed) || isRubyMethod(className, name))
    throw new Unsupported(`${self instanceof RClass ? `${self.name}.` : `${rclass.name}#`}${name}`);
  throw noMethod(self, name);
}

/** "undefined method" with the receiver named as Ruby does. */
function noMethod(self: Value, name: string): RubyError {
  return rubyError('NoMethodError', `undefined method '${name}' for ${receiverName(self)}`);
}

function receiverName(self: Value): string {
  if (self === null) return 'nil';
  if (typeof self === 'boolean') return String(self);
  if (self instanceof RClass) return `${self.isModule ? 'module' : 'class'} ${self.name}`;
  return `an instance of ${classOf(self).name}`;
}

/** The rest of a `dig`. */
export function dig(self: Value, path: readonly Value[]): Value {
  const method = methodsOf(self)['dig'];
  if (method === undefined) throw rubyError('TypeError', `${classOf(self).name} does not have #dig method`);
  return method.fn(self, null, ...path);
}

/** Does it answer to the name? @throws Unsupported when CRuby knows more than we do */
export function respondsTo(self: Value, name: string): boolean {
  if (methodsOf(self)[name] !== undefined) return true;
  if (self instanceof RClass) throw new Unsupported(`respond_to?(:${name})`);
  return isRubyMethod(self instanceof RubyError ? 'Exception' : classOf(self).name, name);
}

/** Yields one value: an array alone is spread over several parameters. */
export function yield1(block: RProc, value: Value): Value {
  return block.count > 1 && !block.lambda && Array.isArray(value) ? block.fn(...value) : block.fn(value);
}

/** Yields a key and a value, as hashes do: an array unless the block has parameters for both. */
export function yieldPair(block: RProc, key: Value, value: Value): Value {
  return block.count > 1 ? block.fn(key, value) : block.fn([key, value]);
}

/** Yields and tells whether the answer is true in Ruby. */
export const test1 = (block: RProc, value: Value): boolean => truthy(yield1(block, value));

/** `&expression` in a call. */
export function toBlock(value: Value): RProc | null {
  if (value === null || value instanceof RProc) return value;
  if (value instanceof RSymbol) {
    const { name } = value;
    return new RProc((self: Value, ...args: Value[]) => send(self, name, null, args), 1, true, -2);
  }
  throw new Unsupported(`a ${classOf(value).name} as block`);
}

/** Is the value an instance of the class (`is_a?`)? */
export function isA(value: Value, rclass: Value): boolean {
  if (!(rclass instanceof RClass)) throw rubyError('TypeError', 'class or module required');
  const own = classOf(value);
  if (own === rclass || own.inherits(rclass)) return true;
  return rclass === classes.numeric && (isInteger(value) || own === classes.float);
}

/** Implicit conversion to text. */
export function stringArgument(value: Value): string {
  if (typeof value === 'string') return value;
  throw rubyError('TypeError', `no implicit conversion of ${kindName(value)} into String`);
}

/** Implicit conversion to an Integer that fits a JavaScript number. */
export function indexArgument(value: Value): number {
  if (typeof value === 'number') return Math.trunc(value);
  if (value instanceof RFloat) return value.value;
  if (typeof value === 'bigint') throw rubyError('RangeError', "bignum too big to convert into 'long'");
  throw rubyError(
    'TypeError',
    `no implicit conversion ${value === null || typeof value === 'boolean' ? 'from' : 'of'} ${value === null ? 'nil to integer' : `${kindName(value)} into Integer`}`,
  );
}

/** The name of a value in "no implicit conversion of …". */
export function kindName(value: Value): string {
  if (value === null) return 'nil';
  if (typeof value === 'boolean') return String(value);
  return classOf(value).name;
}

/** Implicit conversion to an array. */
export function arrayArgument(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  throw rubyError('TypeError', `no implicit conversion of ${kindName(value)} into Array`);
}

/** Implicit conversion to a hash. */
export function hashArgument(value: Value): RHash {
  if (value instanceof RHash) return value;
  throw rubyError('TypeError', `no implicit conversion of ${kindName(value)} into Hash`);
}
