/** What compiled code calls, in one table; importing this defines every class. */
import './core-object.ts';
import './core-number.ts';
import './core-string.ts';
import './core-regexp.ts';
import './ranges.ts';
import './enumerable.ts';
import './core-array.ts';
import './core-hash.ts';
import './core-time.ts';
import './core-event.ts';
import './json.ts';
import {
  add,
  divide,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  modulo,
  multiply,
  power,
  subtract,
} from './arithmetic.ts';
import {
  errorClasses,
  Leave,
  type Method,
  type MethodTable,
  RubyError,
  rubyError,
  Unsupported,
} from './class.ts';
import { caseEqual, equal } from './compare.ts';
import { lookUp } from './core-hash.ts';
import { rescues } from './core-object.ts';
import {
  call0,
  call1,
  callN,
  hashArgument,
  methodsOf,
  send,
  stringArgument,
  toBlock,
  yield1,
} from './dispatch.ts';
import { itemsOf } from './enumerable.ts';
import {
  cancel,
  discard,
  eachField,
  eventGet,
  eventIncludes,
  eventRemove,
  eventSet,
  getAt,
  type Place,
  type REvent,
  removeAt,
  setAt,
  setInner,
  setTop,
} from './event-object.ts';
import { leavable } from './kernel.ts';
import { last, RRegexp, regexp } from './regexp.ts';
import { toS } from './text.ts';
import { isInteger, RProc as Proc, RHash, type RProc, RRange, symbol, type Value } from './values.ts';

/** Is it true in Ruby? */
const truthy = (value: Value): boolean => value !== null && value !== false;

/** `receiver[key]` */
function index(self: Value, key: Value): Value {
  if (self instanceof RHash) return lookUp(self, key);
  if (typeof key === 'number' && Array.isArray(self) && Number.isInteger(key))
    return self[key < 0 ? key + self.length : key] ?? null;
  return call1(methodsOf(self)['[]'], self, '[]', key);
}

/** `receiver[key] = value` */
function setIndex(self: Value, key: Value, value: Value): Value {
  if (self instanceof RHash) self.set(key, value);
  else callN(methodsOf(self)['[]='], self, '[]=', null, key, value);
  return value;
}

const call1By = (self: Value, name: string, argument: Value): Value =>
  call1(methodsOf(self)[name], self, name, argument);

/** A method that the program defined. */
function callOwn(methods: MethodTable, name: string, block: RProc | null, ...args: Value[]): Value {
  const method = methods[name] as Method | undefined;
  if (method === undefined)
    throw rubyError('NoMethodError', `undefined method '${name}' for an instance of LogStash::Filters::Ruby`);
  if (args.length < method.min || args.length > method.max) {
    const expected =
      method.max === 99
        ? `${method.min}+`
        : method.min === method.max
          ? String(method.min)
          : `${method.min}..${method.max}`;
    throw rubyError(
      'ArgumentError',
      `wrong number of arguments (given ${args.length}, expected ${expected})`,
    );
  }
  return (method.fn as (...all: Value[]) => Value)(block, ...args);
}

function matches(self: Value, pattern: Value): Value {
  if (typeof self === 'string' && pattern instanceof RRegexp) {
    last.match = pattern.exec(self);
    return last.match === null ? null : send(last.match, 'begin', null, [0]);
  }
  return call1By(self, '=~', pattern);
}

/** The array of a multiple assignment. */
const toAry = (value: Value): Value[] => (Array.isArray(value) ? value : [value]);

/** What `*rest` gets. */
const restOf = (list: Value[], before: number, after: number): Value[] =>
  list.slice(before, Math.max(before, list.length - after));

/** `*value` in a list. */
function splat(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (value === null) return [];
  if (value instanceof RHash || value instanceof RRange) return itemsOf(value);
  return [value];
}

const lastGroup = (number: number): Value => last.match?.group(number) ?? null;

/** What `rescue` may look at. @throws whatever is no exception of Ruby */
function rescued(error: unknown): RubyError {
  if (error instanceof RubyError) return error;
  throw error;
}

function leave(frame: object, value: Value): never {
  throw new Leave(frame, value);
}

function yieldTo(block: RProc | null, ...args: Value[]): Value {
  if (block === null) throw rubyError('StandardError', 'no block given (yield)');
  return args.length === 1 ? yield1(block, args[0]) : block.fn(...args);
}

/** The text (or array, or hash) that a changing method leaves in its variable. */
function changeText(self: Value, name: string, base: string, block: RProc | null, ...args: Value[]): Value {
  if (typeof self !== 'string') {
    send(self, name, block, args);
    return self;
  }
  switch (name) {
    case '<<':
      return self + (isInteger(args[0]) ? send(args[0], 'chr', null, ['UTF-8']) : stringArgument(args[0]));
    case 'concat':
      return self + args.map(stringArgument).join('');
    case 'prepend':
      return args.map(stringArgument).join('') + self;
    case 'replace':
      return stringArgument(args[0]);
    case 'clear':
      return '';
    case 'insert':
      throw new Unsupported('insert into text');
    default:
      return send(self, base, block, args);
  }
}

/** The answer of `strip!` and its kin. */
const changedOrNil = (before: Value, after: Value): Value => {
  if (typeof after !== 'string') throw new Unsupported('the answer of a changing method');
  return before === after ? null : after;
};

/** The text of `event.get(…).to_s`: of a missing field it is frozen. */
function notNilText(self: REvent, place: Place, text: Value): void {
  if (text === '' && place.get(self.event) !== '') throw new Unsupported('a change of nil.to_s');
}

/** Text that came from the event was changed in place: so is the event. */
function writeBack(self: REvent, place: Place, before: Value, after: Value): void {
  if (typeof before === 'string' && before !== after && place.get(self.event) === before)
    setAt(self, place, after);
}

/** Names in scope of compiled code. */
export const runtime = {
  add,
  call0,
  call1,
  call1By,
  callN,
  callOwn,
  cancel,
  caseEqual,
  changedOrNil,
  changeText,
  discard,
  divide,
  eachField,
  equal,
  eventGet,
  eventIncludes,
  eventRemove,
  eventSet,
  getAt,
  greater,
  greaterOrEqual,
  hashArgument,
  index,
  itemsOf,
  last,
  lastGroup,
  Leave,
  leavable,
  leave,
  less,
  lessOrEqual,
  matches,
  methodsOf,
  modulo,
  multiply,
  notNilText,
  power,
  regexp,
  removeAt,
  rescued,
  rescues,
  restOf,
  RHash,
  RProc: Proc,
  RRange,
  setAt,
  setIndex,
  setInner,
  setTop,
  splat,
  StandardError: errorClasses.StandardError,
  subtract,
  symbol,
  toAry,
  toBlock,
  toS,
  truthy,
  writeBack,
  yieldTo,
};
