/** Classes and modules of compiled Ruby, and the exceptions that carry Ruby's or leave compiled code. */
import { RObject, type RProc, type Value } from './values.ts';

export type MethodFunction = (self: Value, block: RProc | null, ...args: Value[]) => Value;
export interface Method {
  readonly min: number;
  readonly max: number;
  readonly fn: MethodFunction;
}
export type MethodTable = Record<string, Method | undefined>;

/** A class or module. Its methods inherit along the prototype chain of their tables. */
export class RClass extends RObject {
  readonly name: string;
  readonly parent: RClass | undefined;
  readonly methods: MethodTable;
  /** Methods of the class itself (`Time.now`). */
  readonly statics: MethodTable;
  readonly constants: Map<string, Value> = new Map();
  readonly isModule: boolean;
  constructor(name: string, parent?: RClass, isModule = false) {
    super();
    this.name = name;
    this.parent = parent;
    this.isModule = isModule;
    this.methods = Object.create(parent?.methods ?? null) as MethodTable;
    this.statics = Object.create(parent?.statics ?? classMethods) as MethodTable;
  }
  /** Is it this class or a descendant of it? */
  inherits(other: RClass): boolean {
    for (let each: RClass | undefined = this; each; each = each.parent) if (each === other) return true;
    return included.get(this.name)?.includes(other.name) ?? false;
  }
}

/** Methods that every class has. */
export const classMethods: MethodTable = Object.create(null) as MethodTable;

/** Modules mixed in, by name of the class. */
const included = new Map<string, readonly string[]>([
  ['Integer', ['Comparable', 'Kernel', 'Numeric']],
  ['Float', ['Comparable', 'Kernel', 'Numeric']],
  ['String', ['Comparable', 'Kernel']],
  ['Symbol', ['Comparable', 'Kernel']],
  ['Time', ['Comparable', 'Kernel']],
  ['LogStash::Timestamp', ['Comparable', 'Kernel']],
  ['Array', ['Enumerable', 'Kernel']],
  ['Hash', ['Enumerable', 'Kernel']],
  ['Range', ['Enumerable', 'Kernel']],
  ['Enumerator', ['Enumerable', 'Kernel']],
  ['Set', ['Enumerable', 'Kernel']],
]);

/** Defines methods under one or several names, with the least and most arguments they take. */
export function define(
  table: MethodTable,
  names: string,
  min: number,
  max: number,
  fn: MethodFunction,
): void {
  for (const name of names.split(' ')) table[name] = { min, max, fn };
}

const make = (name: string, parent?: RClass): RClass => new RClass(name, parent);
const module = (name: string): RClass => new RClass(name, undefined, true);

const object = make('Object');
const exception = make('Exception', object);
const standardError = make('StandardError', exception);
const argumentError = make('ArgumentError', standardError);
const rangeError = make('RangeError', standardError);
const nameError = make('NameError', standardError);
const indexError = make('IndexError', standardError);
const ioError = make('IOError', standardError);
const runtimeError = make('RuntimeError', standardError);
const logstashError = make('LogStash::Error', standardError);
const jsonError = make('JSON::JSONError', standardError);

export const classes = {
  object,
  module: make('Module', object),
  class: make('Class', object),
  nil: make('NilClass', object),
  true: make('TrueClass', object),
  false: make('FalseClass', object),
  numeric: make('Numeric', object),
  integer: make('Integer', object),
  float: make('Float', object),
  string: make('String', object),
  symbol: make('Symbol', object),
  array: make('Array', object),
  hash: make('Hash', object),
  set: make('Set', object),
  range: make('Range', object),
  enumerator: make('Enumerator', object),
  regexp: make('Regexp', object),
  match: make('MatchData', object),
  time: make('Time', object),
  proc: make('Proc', object),
  event: make('LogStash::Event', object),
  timestamp: make('LogStash::Timestamp', object),
  logger: make('LogStash::Logging::Logger', object),
  digest: make('Digest::Instance', object),
  main: make('LogStash::Filters::Ruby', object),
  comparable: module('Comparable'),
  enumerable: module('Enumerable'),
  kernel: module('Kernel'),
  math: module('Math'),
  json: module('JSON'),
  logstashJson: module('LogStash::Json'),
  base64: module('Base64'),
  secureRandom: module('SecureRandom'),
  uri: module('URI'),
  process: module('Process'),
  gc: module('GC'),
} as const;

export const errorClasses = {
  Exception: exception,
  StandardError: standardError,
  ArgumentError: argumentError,
  UncaughtThrowError: make('UncaughtThrowError', argumentError),
  TypeError: make('TypeError', standardError),
  NameError: nameError,
  NoMethodError: make('NoMethodError', nameError),
  ZeroDivisionError: make('ZeroDivisionError', standardError),
  RuntimeError: runtimeError,
  FrozenError: make('FrozenError', runtimeError),
  RangeError: rangeError,
  FloatDomainError: make('FloatDomainError', rangeError),
  IndexError: indexError,
  KeyError: make('KeyError', indexError),
  StopIteration: make('StopIteration', indexError),
  RegexpError: make('RegexpError', standardError),
  IOError: ioError,
  EOFError: make('EOFError', ioError),
  EncodingError: make('EncodingError', standardError),
  NotImplementedError: make('NotImplementedError', exception),
  'JSON::JSONError': jsonError,
  'JSON::ParserError': make('JSON::ParserError', jsonError),
  'JSON::GeneratorError': make('JSON::GeneratorError', jsonError),
  'LogStash::Error': logstashError,
  'LogStash::TimestampParserError': make('LogStash::TimestampParserError', logstashError),
  'LogStash::Json::ParserError': make('LogStash::Json::ParserError', logstashError),
  'LogStash::FieldReferenceError': make('LogStash::FieldReferenceError', runtimeError),
  'URI::InvalidURIError': make('URI::InvalidURIError', standardError),
} as const satisfies Record<string, RClass>;

/** A Ruby exception on its way; the exception object itself. */
export class RubyError extends Error {
  declare readonly rclass: RClass;
  constructor(rclass: RClass, message: string) {
    super(message);
    Object.defineProperty(this, 'rclass', { value: rclass });
  }
}

/** Makes an exception of a built-in class. */
export const rubyError = (name: keyof typeof errorClasses, message: string): RubyError =>
  new RubyError(errorClasses[name], message);

/** Compiled code can not go on; the event is to be run in CRuby. No Ruby code can rescue it. */
export class Unsupported extends Error {
  override name = 'Unsupported';
}

/** `break` and `return` out of a block: `frame` is what they leave. */
export class Leave {
  readonly frame: object;
  readonly value: Value;
  constructor(frame: object, value: Value) {
    this.frame = frame;
    this.value = value;
  }
}
