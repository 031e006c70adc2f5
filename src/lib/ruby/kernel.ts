/** Functions that Ruby code calls without a receiver, and the logger. */
import type { Logger } from '../../kernel/logger.ts';
import { classes, define, Leave, rubyError, Unsupported } from './class.ts';
import { parseFloatStrict, parseIntegerStrict } from './conversions.ts';
import { toInteger } from './core-number.ts';
import { raise } from './core-object.ts';
import { indexArgument, kindName, setClass, stringArgument } from './dispatch.ts';
import { itemsOf } from './enumerable.ts';
import { format } from './format.ts';
import { randomNumber } from './libraries.ts';
import { inspect, toS } from './text.ts';
import {
  double,
  float,
  isFloat,
  isInteger,
  isNumeric,
  RHash,
  RObject,
  type RProc,
  RRange,
  symbol,
  type Value,
} from './values.ts';

/** `logger` of a filter. */
export class RLogger extends RObject {
  readonly logger: Logger;
  constructor(logger: Logger) {
    super();
    this.logger = logger;
  }
}
setClass(RLogger, classes.logger);
for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) {
  const target = level === 'trace' ? 'debug' : level === 'fatal' ? 'error' : level;
  define(classes.logger.methods, level, 0, 2, (self: RLogger, block, message = null, fields = null) => {
    const text = message === null && block ? block.fn() : message;
    const named: Record<string, string> = {};
    if (fields instanceof RHash) for (const [key, value] of fields.pairs()) named[toS(key)] = toS(value);
    self.logger[target](named, toS(text));
    return null;
  });
  define(classes.logger.methods, `${level}?`, 0, 0, () => level !== 'trace' && level !== 'debug');
}

export type KernelFunction = (
  self: { readonly logger: RLogger },
  block: RProc | null,
  ...args: Value[]
) => Value;
const wantsException = (args: Value[]): boolean => {
  const options = args.at(-1);
  if (!(options instanceof RHash)) return true;
  args.pop();
  return options.find(symbol('exception')) !== false;
};

/** Answers nil instead of raising when `exception: false` was given. */
function converted(exception: boolean, make: () => Value): Value {
  if (exception) return make();
  try {
    return make();
  } catch (error) {
    if (error instanceof Unsupported) throw error;
    return null;
  }
}

const libraries = new Set(
  'json time date set base64 digest digest/md5 digest/sha1 digest/sha2 openssl securerandom uri cgi ipaddr logger yaml csv ostruct bigdecimal socket java benchmark forwardable English pp stringio tempfile fileutils zlib erb net/http open-uri timeout thread monitor'.split(
    ' ',
  ),
);

export const kernel: Readonly<Record<string, KernelFunction>> = {
  require: (_self, _block, name) => {
    // What of it is used decides whether the code can be compiled.
    if (libraries.has(stringArgument(name).replace(/\.rb$/, '')) || name.startsWith('logstash/'))
      return false;
    throw new Unsupported(`require '${name}'`);
  },
  raise: (_self, _block, ...args) => raise(...args),
  fail: (_self, _block, ...args) => raise(...args),
  puts: (self, _block, ...args) => {
    for (const line of args.flat(99)) self.logger.logger.info({}, toS(line));
    return null;
  },
  print: (self, _block, ...args) => {
    self.logger.logger.info({}, args.map(toS).join(''));
    return null;
  },
  p: (self, _block, ...args) => {
    for (const each of args) self.logger.logger.info({}, inspect(each));
    return args.length === 0 ? null : args.length === 1 ? args[0] : args;
  },
  format: (_self, _block, template, ...args) => format(stringArgument(template), args),
  sprintf: (_self, _block, template, ...args) => format(stringArgument(template), args),
  rand: (_self, _block, limit = 0) => {
    if (limit instanceof RRange) {
      const items = itemsOf(limit);
      return items[Math.floor(Math.random() * items.length)];
    }
    return randomNumber(limit);
  },
  loop: (_self, block) => {
    if (!block) throw new Unsupported('loop without a block');
    for (;;) block.fn();
  },
  proc: (_self, block) => block,
  Integer: (_self, _block, ...args) => {
    const exception = wantsException(args);
    const [value, base = null] = args;
    return converted(exception, () => {
      if (typeof value === 'string')
        return parseIntegerStrict(value, base === null ? 0 : indexArgument(base));
      if (isInteger(value)) return value;
      if (isNumeric(value)) return toInteger(value);
      if (value === null) throw rubyError('TypeError', "can't convert nil into Integer");
      if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof RHash))
        throw new Unsupported('Integer of this');
      throw rubyError('TypeError', `can't convert ${kindName(value)} into Integer`);
    });
  },
  Float: (_self, _block, ...args) => {
    const exception = wantsException(args);
    const [value] = args;
    return converted(exception, () => {
      if (typeof value === 'string') return parseFloatStrict(value);
      if (isFloat(value)) return value;
      if (isInteger(value)) return float(double(value));
      if (value === null) throw rubyError('TypeError', "can't convert nil into Float");
      throw rubyError('TypeError', `can't convert ${kindName(value)} into Float`);
    });
  },
  String: (_self, _block, value) => toS(value),
  Array: (_self, _block, value) => {
    if (value === null) return [];
    if (Array.isArray(value)) return value;
    if (value instanceof RHash || value instanceof RRange) return itemsOf(value);
    return [value];
  },
  Hash: (_self, _block, value) => {
    if (value === null || (Array.isArray(value) && value.length === 0)) return new RHash();
    if (value instanceof RHash) return value;
    throw rubyError('TypeError', `can't convert ${kindName(value)} into Hash`);
  },
  logger: (self) => self.logger,
};

/** Runs what may `break`: the value that it left with, or its own. */
export function leavable(work: (frame: object) => Value): Value {
  const frame = {};
  try {
    return work(frame);
  } catch (error) {
    if (error instanceof Leave && error.frame === frame) return error.value;
    throw error;
  }
}
