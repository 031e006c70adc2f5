/**
 * Times as mappings and queries write them: Elasticsearch's named formats and java.time patterns, several joined by
 * `||`, of which the first that fits is taken. Parts missing at the right are filled with their lowest value. Where a
 * bound is rounded up, the time of day is filled with its highest value instead; months and days are not, as in
 * Elasticsearch (`2026` is then the last millisecond of its first of January).
 */
import { compileDatePattern } from '../lib/dates/pattern.ts';
import { type Zone, zoneOf } from '../lib/dates/time-zone.ts';
import { QueryError } from './query-error.ts';

const DEFAULT_DATE_FORMAT = 'strict_date_optional_time||epoch_millis';

/** Calendar and clock units by the letters of date math. */
export type DateUnit = 'y' | 'M' | 'w' | 'd' | 'h' | 'm' | 's' | 'S';

/** Epoch milliseconds, or NaN. */
export type DateReader = (text: string, zone: Zone, roundUp: boolean) => number;

const UTC = zoneOf('UTC')!;
const MAX_MILLIS = 8.64e15;
const readers = new Map<string, DateReader>();

/** @throws QueryError for an unknown format */
export function dateReader(format: string = DEFAULT_DATE_FORMAT): DateReader {
  let reader = readers.get(format);
  if (reader === undefined) {
    const all = format.split('||').map((one) => singleReader(one.trim()));
    reader = (text, zone, roundUp) => {
      for (const read of all) {
        const millis = read(text, zone, roundUp);
        if (Math.abs(millis) <= MAX_MILLIS) return millis;
      }
      return Number.NaN;
    };
    if (readers.size >= 100) readers.clear();
    readers.set(format, reader);
  }
  return reader;
}

const CANONICAL = /^\d{4}-\d\d-\d\dT[01]\d:\d\d:\d\d\.\d{3}Z$|^\d{4}-\d\d-\d\dT2[0-3]:\d\d:\d\d\.\d{3}Z$/;
/** Digits of the 29th: behind the 28th V8 takes days that a month does not have for those of the next. */
const MIN_LATE_DAY = '2'.charCodeAt(0) * 10 + '9'.charCodeAt(0);

/** A stored value of a `date` field (default format, UTC) in epoch milliseconds, or NaN. */
export function millisOfValue(value: unknown): number {
  if (typeof value === 'string') {
    // What events have, `2026-11-20T10:00:00.000Z`, V8 reads fast and in no other way than we would.
    if (value.length === 24 && CANONICAL.test(value)) {
      const millis = Date.parse(value);
      if (!Number.isNaN(millis) && value.charCodeAt(8) * 10 + value.charCodeAt(9) < MIN_LATE_DAY)
        return millis;
    }
    return value.length > 64 ? Number.NaN : dateReader()(value, UTC, false);
  }
  return typeof value === 'number' ? dateReader()(String(value), UTC, false) : Number.NaN;
}

/** @throws QueryError */
export function zoneNamed(name: string | undefined): Zone {
  if (name === undefined) return UTC;
  const zone = zoneOf(name);
  if (zone === undefined) {
    throw new QueryError('illegal_argument_exception', `Unknown time-zone ID: [${name}]`);
  }
  return zone;
}

function singleReader(format: string): DateReader {
  switch (format) {
    case 'epoch_millis':
      return (text) => (/^-?\d{1,16}(\.\d{1,9})?$/.test(text) ? Math.floor(Number(text)) : Number.NaN);
    case 'epoch_second':
      return (text) => (/^-?\d{1,13}(\.\d{1,9})?$/.test(text) ? Math.floor(Number(text) * 1000) : Number.NaN);
    case 'iso8601':
      return readIso;
  }
  const name = format.replace(/^strict_/, '');
  if (/^date_optional_time(_nanos)?$/.test(name)) return readIso;
  const pattern = NAMED[name] ?? (/^[a-z_0-9]+_[a-z_0-9]+$/.test(format) ? undefined : format);
  if (pattern === undefined || format === '' || format.length > 100) throw unknownFormat(format);
  return patternReader(pattern, format);
}

const unknownFormat = (format: string): QueryError =>
  new QueryError(
    'illegal_argument_exception',
    `Invalid format: [${format}]: Unknown pattern or name of a date format`,
  );

const TIME = 'HH:mm:ss';
const NAMED: Readonly<Record<string, string>> = {
  date: 'yyyy-MM-dd',
  date_hour: "yyyy-MM-dd'T'HH",
  date_hour_minute: "yyyy-MM-dd'T'HH:mm",
  date_hour_minute_second: `yyyy-MM-dd'T'${TIME}`,
  date_hour_minute_second_millis: `yyyy-MM-dd'T'${TIME}.SSS`,
  date_hour_minute_second_fraction: `yyyy-MM-dd'T'${TIME}.SSSSSSSSS`,
  date_time: `yyyy-MM-dd'T'${TIME}.SSSZZ`,
  date_time_no_millis: `yyyy-MM-dd'T'${TIME}ZZ`,
  basic_date: 'yyyyMMdd',
  basic_date_time: "yyyyMMdd'T'HHmmss.SSSZ",
  basic_date_time_no_millis: "yyyyMMdd'T'HHmmssZ",
  year: 'yyyy',
  year_month: 'yyyy-MM',
  year_month_day: 'yyyy-MM-dd',
};

function patternReader(pattern: string, format: string): DateReader {
  // java.time's letters for what Joda calls otherwise.
  const joda = pattern.replace(/'[^']*'|[uXx]+/g, (part) =>
    part[0] === 'u' ? part.replaceAll('u', 'y') : part[0] === "'" ? part : part.length > 2 ? 'ZZ' : 'Z',
  );
  const letters = joda.replace(/'[^']*'/g, '');
  const unit: DateUnit = letters.includes('S')
    ? 'S'
    : ((['s', 'm', 'h'] as const).find((each) => SMALLEST[each].test(letters)) ?? 'd');
  const compiled = new Map<string, (text: string) => number>();
  const compile = (zone: Zone): ((text: string) => number) => {
    try {
      return compileDatePattern(joda, { zone, now: Date.now });
    } catch {
      throw unknownFormat(format);
    }
  };
  compiled.set('UTC', compile(UTC));
  return (text, zone, roundUp) => {
    let parse = compiled.get(zone.id);
    if (parse === undefined) {
      parse = compile(zone);
      if (compiled.size < 50) compiled.set(zone.id, parse);
    }
    const millis = parse(text);
    return roundUp && !Number.isNaN(millis) ? endOf(millis, unit, zone) : millis;
  };
}

const SMALLEST = { s: /s/, m: /m/, h: /[HhKk]/ } as const;

const ISO =
  /^([+-]?\d{4,6})(?:-(\d\d)(?:-(\d\d)(?:[T ](?:(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?:[.,]\d+)?)?)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/** `2026`, `2026-11`, `2026-11-20`, `2026-11-20T10`, … with fraction and offset; a space is taken for the `T`. */
function readIso(text: string, zone: Zone, roundUp: boolean): number {
  const match = ISO.exec(text);
  if (!match) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction, offset] = match;
  if (offset !== undefined && hour === undefined) return Number.NaN;
  if (year!.length > 4 && !/^[+-]/.test(year!)) return Number.NaN;
  const local = localMillis(
    Number(year),
    Number(month ?? 1),
    Number(day ?? 1),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
    Number((fraction ?? '').slice(0, 3).padEnd(3, '0')),
  );
  if (Number.isNaN(local)) return Number.NaN;
  const fixed = offset === undefined ? zone : zoneOf(offset);
  if (fixed === undefined) return Number.NaN;
  const millis = toUtc(local, fixed);
  if (!roundUp || fraction !== undefined) return millis;
  const unit = second !== undefined ? 's' : minute !== undefined ? 'm' : hour !== undefined ? 'h' : 'd';
  return endOf(millis, unit, fixed);
}

function localMillis(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  millisecond: number,
): number {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return Number.NaN;
  return date.getTime() + hour * 3_600_000 + minute * 60_000 + second * 1000 + millisecond;
}

/** The instant of a local time; one that a change of clocks leaves out is moved forward, as java.time does. */
function toUtc(local: number, zone: Zone): number {
  const millis = zone.toUtc(local);
  return Number.isNaN(millis) ? local - zone.offsetAt(local - 86_400_000) : millis;
}

/** The first millisecond of the unit that an instant is in. */
export function startOf(millis: number, unit: DateUnit, zone: Zone): number {
  if (unit === 'S') return millis;
  const date = new Date(millis + zone.offsetAt(millis));
  if (unit === 'y') date.setUTCMonth(0, 1);
  else if (unit === 'M') date.setUTCDate(1);
  else if (unit === 'w') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  if (unit === 's') date.setUTCMilliseconds(0);
  else if (unit === 'm') date.setUTCSeconds(0, 0);
  else if (unit === 'h') date.setUTCMinutes(0, 0, 0);
  else date.setUTCHours(0, 0, 0, 0);
  return toUtc(date.getTime(), zone);
}

/** The last millisecond of the unit that an instant is in. */
export function endOf(millis: number, unit: DateUnit, zone: Zone): number {
  if (unit === 'S') return millis;
  return add(startOf(millis, unit, zone), 1, unit, zone) - 1;
}

/** Adds calendar units by the zone's clock (a day may have 23 hours), clock units by time that passes. */
export function add(millis: number, count: number, unit: DateUnit, zone: Zone): number {
  switch (unit) {
    case 'S':
      return millis + count;
    case 's':
      return millis + count * 1000;
    case 'm':
      return millis + count * 60_000;
    case 'h':
      return millis + count * 3_600_000;
  }
  const date = new Date(millis + zone.offsetAt(millis));
  if (unit === 'd' || unit === 'w') date.setUTCDate(date.getUTCDate() + count * (unit === 'w' ? 7 : 1));
  else {
    const day = date.getUTCDate();
    date.setUTCDate(1);
    date.setUTCMonth(date.getUTCMonth() + count * (unit === 'y' ? 12 : 1));
    const days = new Date(date);
    days.setUTCMonth(days.getUTCMonth() + 1, 0);
    date.setUTCDate(Math.min(day, days.getUTCDate()));
  }
  return toUtc(date.getTime(), zone);
}
