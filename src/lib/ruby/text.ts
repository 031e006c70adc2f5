/** Values as text: `to_s`, `inspect`, and what interpolation makes of them. */
import { rubyString } from '../text/ruby-inspect.ts';
import { classes, RClass, RubyError, Unsupported } from './class.ts';
import { ask, classOf } from './dispatch.ts';
import { type RMatch, RRegexp } from './regexp.ts';
import { formatTime } from './strftime.ts';
import {
  floatText,
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

/** `to_s`, as interpolation uses it. */
export function toS(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isInteger(value) ? String(value) : floatText(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return objectText(value);
  }
}

function objectText(value: Value): string {
  if (value === null) return '';
  if (value instanceof RFloat) return floatText(value.value);
  if (value instanceof RSymbol) return value.name;
  if (value instanceof RTimestamp) return value.text;
  if (value instanceof RTime)
    return formatTime(value, value.kind === 'utc' ? '%Y-%m-%d %H:%M:%S UTC' : '%Y-%m-%d %H:%M:%S %z');
  if (value instanceof RubyError) return value.message;
  if (value instanceof RClass) return value.name;
  if (value instanceof RRange) return `${toS(value.from)}${value.exclusive ? '...' : '..'}${toS(value.to)}`;
  if (value instanceof RRegexp) return `(?${flagText(value.options, true)}:${value.source})`;
  if (classOf(value) === classes.match) return (value as RMatch).whole;
  if (classOf(value) === classes.event) return ask(value, 'to_s');
  return inspect(value);
}

const flagText = (options: number, withOff: boolean): string => {
  const on = `${options & 4 ? 'm' : ''}${options & 1 ? 'i' : ''}${options & 2 ? 'x' : ''}`;
  const off = `${options & 4 ? '' : 'm'}${options & 1 ? '' : 'i'}${options & 2 ? '' : 'x'}`;
  return withOff && off ? `${on}-${off}` : on;
};

/** `inspect` */
export function inspect(value: Value): string {
  if (typeof value === 'string') return inspectText(value);
  if (typeof value !== 'object') return toS(value);
  if (value === null) return 'nil';
  if (Array.isArray(value)) return `[${value.map(inspect).join(', ')}]`;
  if (value instanceof RHash) return inspectHash(value);
  if (value instanceof RSymbol) return inspectSymbol(value.name);
  if (value instanceof RRange)
    return `${value.from === null ? '' : inspect(value.from)}${value.exclusive ? '...' : '..'}${value.to === null ? '' : inspect(value.to)}`;
  if (value instanceof RSet) return `#<Set: {${value.hash.keys().map(inspect).join(', ')}}>`;
  if (value instanceof RTime) return inspectTime(value);
  if (value instanceof RubyError) {
    const { name } = value.rclass;
    return value.message === '' ? name : `#<${name}: ${value.message}>`;
  }
  if (value instanceof RRegexp)
    return `/${value.source.replace(/(?<!\\)((?:\\\\)*)\//g, '$1\\/')}/${flagText(value.options, false)}`;
  if (value instanceof RProc || value instanceof REnumerator) throw new Unsupported('inspect of a proc');
  if (classOf(value) === classes.match) return (value as RMatch).inspect();
  return toS(value);
}

/** CRuby and JRuby differ in how they print DEL. */
function inspectText(text: string): string {
  if (!text.includes('\x7f')) return rubyString(text);
  const parts = text.split('\x7f').map((part) => rubyString(part).slice(1, -1));
  return `"${parts.join('\\u007F')}"`;
}

function inspectHash(hash: RHash): string {
  if (hash.size === 0) return '{}';
  const pairs = hash.pairs().map(([key, value]) => {
    if (!(key instanceof RSymbol)) return `${inspect(key)} => ${inspect(value)}`;
    const name = /^[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*[?!]?$/.test(key.name)
      ? key.name
      : inspectText(key.name);
    return `${name}: ${inspect(value)}`;
  });
  return `{${pairs.join(', ')}}`;
}

const PLAIN_SYMBOL =
  /^(?:(?:@@?|\$)?[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*|[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*[?!=]|\[\]=?|\$(?:[~*$?!@/\\;,.=:<>"&`'+]|-\w|\d+)|[+\-*/%<>~!^&|`]|\*\*|<=>|===?|=~|![=~]|<<|>>|<=|>=|[+-]@)$/;

function inspectSymbol(name: string): string {
  if (PLAIN_SYMBOL.test(name)) return `:${name}`;
  const text = rubyString(name);
  // Symbols of ASCII letters are US-ASCII, where bytes are told as bytes.
  return /^[\0-\x7f]*$/.test(name)
    ? `:${text.replace(/\\(\\|u00)/g, (all, what) => (what === '\\' ? all : '\\x'))}`
    : `:${text}`;
}

function inspectTime(time: RTime): string {
  const fraction = time.nanos === 0 ? '' : `.${String(time.nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return formatTime(time, `%Y-%m-%d %H:%M:%S${fraction} ${time.kind === 'utc' ? 'UTC' : '%z'}`);
}
