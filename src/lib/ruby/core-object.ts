/** Methods of every object, of nil, booleans, symbols, procs, classes and exceptions. */

import { holds } from './arithmetic.ts';
import {
  classes,
  classMethods,
  define,
  errorClasses,
  RClass,
  RubyError,
  rubyError,
  Unsupported,
} from './class.ts';
import { caseEqual, compare, equal, notComparable } from './compare.ts';
import { classOf, isA, respondsTo, send, setClass, stringArgument, yield1 } from './dispatch.ts';
import { inspect, toS } from './text.ts';
import { float, RHash, type RProc, RSymbol, symbol, type Value } from './values.ts';

const object = classes.object.methods;
const nameOf = (value: Value): string => (value instanceof RSymbol ? value.name : stringArgument(value));

define(object, '==', 1, 1, (self, _, other) => equal(self, other));
define(object, 'eql?', 1, 1, (self, _, other) => classOf(self) === classOf(other) && equal(self, other));
define(object, '!=', 1, 1, (self, _, other) => !equal(self, other));
define(object, '!', 0, 0, (self) => self === null || self === false);
define(object, '===', 1, 1, (self, _, other) => equal(self, other));
define(object, '!~', 1, 1, (self, _, other) => {
  const found = send(self, '=~', null, [other]);
  return found === null || found === false;
});
define(object, '<=>', 1, 1, (self, _, other) => compare(self, other) ?? null);
define(object, 'class', 0, 0, (self) => {
  if (self instanceof RClass) return self.isModule ? classes.module : classes.class;
  return classOf(self);
});
define(object, 'nil?', 0, 0, (self) => self === null);
define(object, 'is_a? kind_of?', 1, 1, (self, _, rclass) => isA(self, rclass));
define(object, 'instance_of?', 1, 1, (self, _, rclass) => classOf(self) === rclass);
define(object, 'respond_to?', 1, 2, (self, _, name) => respondsTo(self, nameOf(name)));
define(object, 'to_s', 0, 0, (self) => toS(self));
define(object, 'inspect', 0, 0, (self) => inspect(self));
define(object, 'itself freeze', 0, 0, (self) => self);
define(object, 'then yield_self', 0, 0, (self, block) => {
  if (!block) throw new Unsupported('then without a block');
  return yield1(block, self);
});
define(object, 'tap', 0, 0, (self, block) => {
  if (block) yield1(block, self);
  return self;
});
define(object, 'send public_send __send__', 1, 99, (self, block, name, ...args) =>
  send(self, nameOf(name), block, args),
);
define(object, 'dup clone', 0, 0, (self) => copyOf(self));

/** `dup` of values that can change. */
function copyOf(value: Value): Value {
  if (Array.isArray(value)) return [...value];
  if (value instanceof RHash) {
    const copy = value.copy();
    copy.default = value.default;
    copy.defaultProc = value.defaultProc;
    return copy;
  }
  if (typeof value === 'object' && value !== null && !(value instanceof RSymbol))
    throw new Unsupported('dup');
  return value;
}

for (const rclass of [classes.string, classes.time, classes.timestamp]) {
  const table = rclass.methods;
  for (const operator of ['<', '<=', '>', '>='] as const) {
    define(table, operator, 1, 1, (self, _, other) => {
      const result = compare(self, other);
      if (result === undefined) throw notComparable(self, other);
      return holds(operator, result);
    });
  }
}
for (const rclass of [classes.string, classes.time, classes.timestamp, classes.integer, classes.float]) {
  const order = (a: Value, b: Value): number => {
    const result = compare(a, b);
    if (result === undefined) throw notComparable(a, b);
    return result;
  };
  define(
    rclass.methods,
    'between?',
    2,
    2,
    (self, _, low, high) => order(self, low) >= 0 && order(self, high) <= 0,
  );
  define(rclass.methods, 'clamp', 2, 2, (self, _, low, high) => {
    if (order(low, high) > 0)
      throw rubyError('ArgumentError', 'min argument must be less than or equal to max argument');
    return order(self, low) < 0 ? low : order(self, high) > 0 ? high : self;
  });
}

// ---- nil, true, false ----

const nil = classes.nil.methods;
define(nil, 'to_s', 0, 0, () => '');
define(nil, 'to_a', 0, 0, () => []);
define(nil, 'to_h', 0, 0, () => new RHash());
define(nil, 'to_i', 0, 0, () => 0);
define(nil, 'to_f', 0, 0, () => float(0));
define(nil, 'inspect', 0, 0, () => 'nil');
define(nil, '&', 1, 1, () => false);
define(nil, '=~', 1, 1, () => null);
define(nil, '|', 1, 1, (_self, _, other) => other !== null && other !== false);
define(classes.true.methods, '&', 1, 1, (_self, _, other) => other !== null && other !== false);
define(classes.true.methods, '|', 1, 1, () => true);
define(classes.true.methods, '^', 1, 1, (_self, _, other) => other === null || other === false);
define(classes.false.methods, '&', 1, 1, () => false);
define(classes.false.methods, '| ^', 1, 1, (_self, _, other) => other !== null && other !== false);

// ---- symbols ----

const symbols = classes.symbol.methods;
define(symbols, 'to_s name id2name', 0, 0, (self: RSymbol) => self.name);
define(symbols, 'to_sym', 0, 0, (self) => self);
define(symbols, 'length size', 0, 0, (self: RSymbol) => self.name.length);
define(symbols, 'empty?', 0, 0, (self: RSymbol) => self.name === '');
for (const name of ['upcase', 'downcase', 'capitalize', 'succ'])
  define(symbols, name, 0, 0, (self: RSymbol) => symbol(send(self.name, name, null, [])));
for (const name of ['start_with?', 'end_with?', '[]', '=~', 'match?'])
  define(symbols, name, 1, 2, (self: RSymbol, _, ...args) => send(self.name, name, null, args));
define(symbols, '<=>', 1, 1, (self: RSymbol, _, other) =>
  other instanceof RSymbol ? (compare(self.name, other.name) ?? null) : null,
);
define(symbols, 'to_proc', 0, 0, (self: RSymbol) => {
  throw new Unsupported(`${self.name}.to_proc`);
});

// ---- procs ----

const procs = classes.proc.methods;
define(procs, 'call () yield === []', 0, 99, (self: RProc, _, ...args) => {
  if (self.lambda && self.arity >= 0 && self.arity !== args.length)
    throw rubyError(
      'ArgumentError',
      `wrong number of arguments (given ${args.length}, expected ${self.arity})`,
    );
  return args.length === 1 ? yield1(self, args[0]) : self.fn(...args);
});
define(procs, 'lambda?', 0, 0, (self: RProc) => self.lambda);
define(procs, 'arity', 0, 0, (self: RProc) => self.arity);
define(procs, 'to_proc', 0, 0, (self) => self);

// ---- classes ----

define(classMethods, 'name to_s inspect', 0, 0, (self: RClass) => self.name);
define(classMethods, '===', 1, 1, (self: RClass, _, value) => isA(value, self));
define(classMethods, '==', 1, 1, (self, _, other) => self === other);
define(classMethods, '!=', 1, 1, (self, _, other) => self !== other);
define(classMethods, 'nil?', 0, 0, () => false);
define(classMethods, 'class', 0, 0, (self: RClass) => (self.isModule ? classes.module : classes.class));
define(classMethods, '<=', 1, 1, (self: RClass, _, other: RClass) => self.inherits(other) || null);

// ---- exceptions ----

setClass(RubyError, errorClasses.StandardError);
const exceptions = errorClasses.Exception.methods;
define(exceptions, 'message to_s', 0, 0, (self: RubyError) => self.message);
define(exceptions, 'inspect', 0, 0, (self) => inspect(self));
define(exceptions, 'full_message detailed_message backtrace cause backtrace_locations', 0, 9, () => {
  throw new Unsupported('details of an exception');
});
for (const rclass of Object.values(errorClasses)) {
  define(
    rclass.statics,
    'new exception',
    0,
    1,
    (self: RClass, _, message: Value = null) =>
      new RubyError(self, message === null ? self.name : toS(message)),
  );
}

/** `raise` with its arguments. */
export function raise(...args: Value[]): never {
  const [what = null, message] = args;
  if (args.length > 2) throw new Unsupported('raise with a backtrace');
  if (typeof what === 'string') throw new RubyError(errorClasses.RuntimeError, what);
  if (what instanceof RubyError) {
    if (message !== undefined) throw new RubyError(what.rclass, toS(message));
    throw what;
  }
  if (what instanceof RClass && what.inherits(errorClasses.Exception))
    throw new RubyError(what, message === undefined ? what.name : toS(message));
  throw rubyError('TypeError', 'exception class/object expected');
}

/** Does a `rescue` clause take the exception? */
export function rescues(error: RubyError, list: readonly Value[]): boolean {
  return list.some((each) => caseEqual(each, error));
}
