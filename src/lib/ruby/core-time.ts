/** Time and LogStash::Timestamp. */

import { coerceTimestamp, withFraction } from '../../event/timestamp.ts';
import { fixedTime } from '../../kernel/fixed-clock.ts';
import { classes, define, rubyError, Unsupported } from './class.ts';
import { compare, compareTimes, instantOf } from './compare.ts';
import { classOf, indexArgument, kindName, send, stringArgument } from './dispatch.ts';
import { calendar, dayOfYear, formatTime, offsetText, zoneText } from './strftime.ts';
import { inspect, toS } from './text.ts';
import { parseTime } from './time-parse.ts';
import {
  double,
  float,
  isInteger,
  isNumeric,
  RHash,
  RSymbol,
  RTime,
  RTimestamp,
  type Value,
} from './values.ts';
import { zoneOffset } from './zone.ts';

const times = classes.time.methods;
const NANO = 1_000_000_000;

/** A moment shown in the machine's zone. */
const localTime = (seconds: number, nanos: number): RTime =>
  new RTime(seconds, nanos, 'local', zoneOffset(seconds * 1000));
const utcTime = (seconds: number, nanos: number): RTime => new RTime(seconds, nanos, 'utc', 0);

/** Seconds as a number, split into whole ones and nanoseconds (what is finer is cut, as a Float's digits are). */
function split(value: Value): [number, number] {
  if (isInteger(value)) {
    if (typeof value === 'bigint') throw new Unsupported('a time so far away');
    return [value, 0];
  }
  const number = double(value);
  if (!Number.isFinite(number)) throw rubyError('FloatDomainError', toS(value));
  const whole = Math.floor(number);
  // The exact binary fraction, as CRuby keeps it: BigInt arithmetic on the double.
  return [whole, Math.floor((number - whole) * NANO)];
}

function now(): [number, number] {
  const micros = Math.round((fixedTime() ?? performance.timeOrigin + performance.now()) * 1000);
  return [Math.floor(micros / 1e6), (micros % 1e6) * 1000];
}

const statics = classes.time.statics;
define(statics, 'now', 0, 0, () => localTime(...now()));
define(statics, 'at', 1, 3, (_self, _, value, more, unit) => {
  if (more instanceof RHash || unit instanceof RHash) throw new Unsupported('Time.at with a zone');
  if (value instanceof RTime) return localTime(value.seconds, value.nanos);
  if (!isNumeric(value))
    throw rubyError('TypeError', `can't convert ${kindName(value)} into an exact number`);
  const [seconds, nanos] = split(value);
  if (more === undefined) return localTime(seconds, nanos);
  const scale = unit === undefined ? 1000 : unitOf(unit);
  if (!isNumeric(more)) throw rubyError('TypeError', `can't convert ${kindName(more)} into an exact number`);
  return shifted(localTime(seconds, nanos), 0, double(more) * scale);
});

function unitOf(unit: Value): number {
  const name = unit instanceof RSymbol ? unit.name : '';
  if (name === 'millisecond') return 1_000_000;
  if (name === 'microsecond' || name === 'usec') return 1000;
  if (name === 'nanosecond' || name === 'nsec') return 1;
  throw rubyError('ArgumentError', `unexpected unit: ${toS(unit)}`);
}

function moment(args: Value[], kind: 'utc' | 'local'): RTime {
  const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0] = args.map(component);
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day);
  const whole = Math.floor(second);
  if (
    month! < 1 ||
    month! > 12 ||
    day! < 1 ||
    day! > 31 ||
    hour! < 0 ||
    hour! > 24 ||
    minute! < 0 ||
    minute! > 59 ||
    whole < 0 ||
    whole > 60
  )
    throw rubyError('ArgumentError', 'argument out of range');
  const seconds = date.getTime() / 1000 + hour! * 3600 + minute! * 60 + whole;
  const nanos = Math.round((second - whole) * NANO) + micros * 1000;
  if (kind === 'utc') return utcTime(seconds, nanos);
  const first = seconds - zoneOffset(seconds * 1000);
  return localTime(seconds - zoneOffset(first * 1000), nanos);
}

const SHORT = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
function component(value: Value, index: number): number {
  if (value === null) return index === 1 || index === 2 ? 1 : 0;
  if (typeof value === 'string') {
    const named = index === 1 ? SHORT.indexOf(value.toLowerCase()) : -1;
    if (named >= 0) return named + 1;
    if (!/^\d+$/.test(value)) throw rubyError('ArgumentError', 'argument out of range');
    return Number(value);
  }
  if (!isNumeric(value))
    throw rubyError('TypeError', `can't convert ${kindName(value)} into an exact number`);
  return double(value);
}

define(statics, 'utc gm', 1, 7, (_self, _, ...args) => moment(args, 'utc'));
define(statics, 'local mktime', 1, 7, (_self, _, ...args) => moment(args, 'local'));
define(statics, 'new', 0, 7, (_self, _, ...args) => {
  if (args.length === 0) return localTime(...now());
  if (args.length > 6 || args.some((arg) => arg instanceof RHash) || typeof args[0] === 'string')
    throw new Unsupported('Time.new with a zone');
  return moment(args, 'local');
});
define(statics, 'parse', 1, 2, (_self, _, text, base) => {
  if (base !== undefined) throw new Unsupported('Time.parse with a date');
  return parseTime(stringArgument(text), false);
});
define(statics, 'iso8601 xmlschema', 1, 1, (_self, _, text) => parseTime(stringArgument(text), true));
define(statics, 'strptime', 2, 2, (_self, _, text, format) => {
  if (format === '%s' && /^\d+$/.test(stringArgument(text))) return localTime(Number(text), 0);
  throw new Unsupported('strptime');
});

/** As one number; of dates of our time it loses the last digits, in CRuby too. */
const nanosOf = (seconds: number, nanos: number): number =>
  Number(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));

// ---- fields ----

const field = (names: string, read: (date: Date, self: RTime) => Value): void =>
  define(times, names, 0, 0, (self: RTime) => read(calendar(self), self));
field('year', (date) => date.getUTCFullYear());
field('month mon', (date) => date.getUTCMonth() + 1);
field('day mday', (date) => date.getUTCDate());
field('hour', (date) => date.getUTCHours());
field('min', (date) => date.getUTCMinutes());
field('sec', (date) => date.getUTCSeconds());
field('wday', (date) => date.getUTCDay());
field('yday', dayOfYear);
for (const [index, name] of [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
].entries())
  field(`${name}?`, (date) => date.getUTCDay() === index);
field('usec tv_usec', (_, self) => Math.floor(self.nanos / 1000));
field('nsec tv_nsec', (_, self) => self.nanos);
field('to_i tv_sec', (_, self) => self.seconds);
field('to_f', (_, self) => float(nanosOf(self.seconds, self.nanos) / 1e9));
field('utc? gmt?', (_, self) => self.kind === 'utc');
field('utc_offset gmt_offset gmtoff', (_, self) => self.offset);
field('zone', (_, self) => (self.kind === 'fixed' ? null : zoneText(self)));
field('to_s', (_, self) => toS(self));
field('inspect', (_, self) => inspect(self));
field('to_a', (date, self) => [
  date.getUTCSeconds(),
  date.getUTCMinutes(),
  date.getUTCHours(),
  date.getUTCDate(),
  date.getUTCMonth() + 1,
  date.getUTCFullYear(),
  date.getUTCDay(),
  dayOfYear(date),
  false,
  self.kind === 'utc' ? 'UTC' : unsupportedZone(),
]);
field('ctime asctime', (_, self) => formatTime(self, '%a %b %e %H:%M:%S %Y'));
field('to_time', (_, self) => self);
field('to_json', (_, self) => JSON.stringify(toS(self)));
field('getutc getgm', (_, self) => utcTime(self.seconds, self.nanos));
field('utc gmtime', (_, self) => show(self, 'utc', 0));
const localOffset = (self: RTime): number => zoneOffset(self.seconds * 1000);
define(times, 'getlocal', 0, 1, (self: RTime, _, offset = null) =>
  offset === null
    ? localTime(self.seconds, self.nanos)
    : new RTime(self.seconds, self.nanos, 'fixed', offsetOf(offset)),
);
define(times, 'localtime', 0, 1, (self: RTime, _, offset = null) =>
  offset === null ? show(self, 'local', localOffset(self)) : show(self, 'fixed', offsetOf(offset)),
);
define(
  times,
  'dup clone',
  0,
  0,
  (self: RTime) => new RTime(self.seconds, self.nanos, self.kind, self.offset),
);

function show(self: RTime, kind: RTime['kind'], offset: number): RTime {
  self.kind = kind;
  self.offset = offset;
  return self;
}

const unsupportedZone = (): never => {
  throw new Unsupported('Time#to_a of local time');
};

function offsetOf(value: Value): number {
  if (isInteger(value)) return double(value);
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(typeof value === 'string' ? value : '');
  if (!match) throw new Unsupported('this zone');
  const size = Number(match[2]) * 3600 + Number(match[3]) * 60;
  return match[1] === '-' ? -size : size;
}

define(times, 'strftime', 1, 1, (self: RTime, _, format) => formatTime(self, stringArgument(format)));
define(times, 'iso8601 xmlschema', 0, 1, (self: RTime, _, digits = 0) => {
  const count = indexArgument(digits);
  const fraction = count > 0 ? `.%${count}N` : '';
  return (
    formatTime(self, `%Y-%m-%dT%H:%M:%S${fraction}`) +
    (self.kind === 'utc' ? 'Z' : offsetText(self.offset, 1))
  );
});
define(times, 'round floor', 0, 1, (self: RTime, _, digits = 0) => {
  if (digits !== 0) throw new Unsupported('rounding a time to digits');
  return new RTime(self.seconds + (self.nanos >= NANO / 2 ? 1 : 0), 0, self.kind, self.offset);
});
define(times, 'floor', 0, 1, (self: RTime, _, digits = 0) => {
  if (digits !== 0) throw new Unsupported('rounding a time to digits');
  return new RTime(self.seconds, 0, self.kind, self.offset);
});

// ---- arithmetic ----

/** A time moved by seconds and nanoseconds. */
function shifted(time: RTime, seconds: number, nanos: number): RTime {
  const total = time.nanos + Math.floor(nanos);
  const carry = Math.floor(total / NANO);
  const moved = time.seconds + seconds + carry;
  return new RTime(
    moved,
    total - carry * NANO,
    time.kind,
    time.kind === 'local' ? zoneOffset(moved * 1000) : time.offset,
  );
}

function moved(self: RTime, by: Value, sign: 1 | -1): RTime {
  if (!isNumeric(by)) throw rubyError('TypeError', `can't convert ${kindName(by)} into an exact number`);
  const [seconds, nanos] = split(by);
  return shifted(self, sign * seconds, sign * nanos);
}

define(times, '+', 1, 1, (self: RTime, _, by) => {
  if (by instanceof RTime) throw rubyError('TypeError', 'time + time?');
  return moved(self, by, 1);
});
define(times, '-', 1, 1, (self: RTime, _, by) => {
  if (by instanceof RTime) return float(nanosOf(self.seconds - by.seconds, self.nanos - by.nanos) / 1e9);
  if (by instanceof RTimestamp)
    throw rubyError('TypeError', "can't convert LogStash::Timestamp into an exact number");
  return moved(self, by, -1);
});
define(times, '<=>', 1, 1, (self, _, other) => compare(self, other) ?? null);

// ---- LogStash::Timestamp ----

/** The timestamp of a moment. */
export const timestampOf = (time: RTime): RTimestamp =>
  new RTimestamp(withFraction(time.seconds * 1000, String(time.nanos).padStart(9, '0')));

function timeOf(stamp: RTimestamp): RTime {
  return utcTime(...instantOf(stamp));
}

/** `LogStash::Timestamp.new(value)`. @throws RubyError */
export function makeTimestamp(value: Value): RTimestamp {
  if (value === null) return timestampOf(utcTime(...now()));
  if (value instanceof RTime) return timestampOf(value);
  if (value instanceof RTimestamp) return value;
  if (typeof value !== 'string')
    throw rubyError('TypeError', `wrong argument type ${classOf(value).name} (expected Time)`);
  const text = coerceTimestamp(value);
  if (text === undefined)
    throw rubyError('LogStash::TimestampParserError', `invalid timestamp string format ${value}`);
  return new RTimestamp(text);
}

const stampStatics = classes.timestamp.statics;
define(stampStatics, 'new', 0, 1, (_self, _, value = null) => makeTimestamp(value));
define(stampStatics, 'now', 0, 0, () => makeTimestamp(null));
define(stampStatics, 'at', 1, 2, (_self, _, ...args) => timestampOf(send(classes.time, 'at', null, args)));
define(stampStatics, 'parse_iso8601', 1, 1, (_self, _, text) => {
  if (typeof text !== 'string')
    throw rubyError('TypeError', `wrong argument type ${classOf(text).name} (expected String)`);
  return makeTimestamp(text);
});
define(stampStatics, 'coerce', 1, 1, (_self, _, value) =>
  value === null || typeof value === 'string' || value instanceof RTime || value instanceof RTimestamp
    ? makeTimestamp(value)
    : null,
);

const stamps = classes.timestamp.methods;
define(stamps, 'time', 0, 0, timeOf);
define(stamps, 'to_s inspect to_iso8601 iso8601', 0, 0, (self: RTimestamp) => self.text);
define(stamps, 'to_json', 0, 9, (self: RTimestamp) => `"${self.text}"`);
define(stamps, 'utc gmtime clone dup', 0, 0, (self) => self);
for (const name of [
  'to_i',
  'to_f',
  'usec',
  'tv_usec',
  'nsec',
  'tv_nsec',
  'tv_sec',
  'year',
  'month',
  'mon',
  'day',
  'mday',
  'hour',
  'min',
  'sec',
  'wday',
  'yday',
  'strftime',
  'localtime',
  'getlocal',
])
  define(stamps, name, 0, 1, (self: RTimestamp, _, ...args) => send(timeOf(self), name, null, args));
define(stamps, '<=>', 1, 1, (self, _, other) =>
  other instanceof RTime || other instanceof RTimestamp ? compareTimes(self, other) : null,
);
define(
  stamps,
  '==',
  1,
  1,
  (self, _, other) =>
    (other instanceof RTime || other instanceof RTimestamp) && compareTimes(self, other) === 0,
);
define(stamps, '+', 1, 1, (self: RTimestamp, _, by) => timestampOf(moved(timeOf(self), by, 1)));
define(stamps, '-', 1, 1, (self: RTimestamp, _, by) => {
  if (by instanceof RTimestamp) return send(timeOf(self), '-', null, [timeOf(by)]);
  const result = send(timeOf(self), '-', null, [by]);
  return result instanceof RTime ? timestampOf(result) : result;
});
