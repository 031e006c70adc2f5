/** The histograms over numbers and times. */
import type { Zone } from '../../../../lib/dates/time-zone.ts';
import type { QueryValue } from '../../../../query/tree.ts';
import type { Aggregation } from '../../../store.ts';
import { resolveDate } from '../resolve-date.ts';
import type { Bucket, Bucketing } from './bucketing.ts';
import { dateFormatter, zoneNamed } from './dates.ts';
import { fieldOf, illegal, MAX_BUCKETS, numberOf, tooManyBuckets } from './parameters.ts';
import type { FieldView } from './relation.ts';
import { orderOf } from './terms.ts';

/** Bucket numbers are integers; a scale turns them into keys and back. */
interface Scale {
  /** SQL of the bucket number of a value. */
  number(value: string): string;
  /** The key of a bucket number. */
  key(number: number): number;
  /** The bucket number that a key lies in. */
  at(key: number): number;
  text?(key: number): string;
}

export function histogramBuckets(aggregation: Aggregation, relation: FieldView): Bucketing {
  const interval = numberOf(aggregation, 'interval');
  if (interval <= 0) throw illegal('[interval] must be >0 for histogram aggregation [histogram]');
  const offset = numberOf(aggregation, 'offset', 0);
  const scale: Scale = {
    number: (value) => `floor(((${value})::DOUBLE - (${offset})) / ${interval})`,
    key: (number) => number * interval + offset,
    at: (key) => Math.floor((key - offset) / interval),
  };
  return buckets(aggregation, relation, scale, (value) => Number(value));
}

function buckets(
  aggregation: Aggregation,
  relation: FieldView,
  scale: Scale,
  bound: (value: QueryValue) => number,
): Bucketing {
  const { type, parameters } = aggregation;
  const name = fieldOf(aggregation);
  const field = relation.field(name);
  if (
    field &&
    (field.type === 'keyword' || field.type === 'text' || field.type === 'ip' || field.type === 'flattened')
  )
    throw illegal(`Field [${name}] of type [${field.type}] is not supported for aggregation [${type}]`);
  const minimum = numberOf(aggregation, 'min_doc_count', 0);
  const bounds = (key: string): { min?: number; max?: number } => {
    const { min, max } = (parameters[key] ?? {}) as Record<string, QueryValue | undefined>;
    return {
      ...(min !== undefined && min !== null && { min: bound(min) }),
      ...(max !== undefined && max !== null && { max: bound(max) }),
    };
  };
  const extended = bounds('extended_bounds');
  const hard = bounds('hard_bounds');
  let value = field?.sql ?? 'NULL';
  if (parameters['missing'] !== undefined && field)
    value = `coalesce(${value}, ${field.multi ? `[${bound(parameters['missing'] as QueryValue)}]` : bound(parameters['missing'] as QueryValue)})`;
  const sql = !field
    ? 'NULL'
    : field.multi
      ? `list_distinct(list_transform(${value}, lambda x: ${scale.number('x')}))`
      : scale.number(value);
  const { order } = parameters;
  return {
    keys: [{ sql, multi: field?.multi ?? false }],
    minimum: Math.max(1, minimum),
    order: (names) => orderOf(order ?? { _key: 'asc' }, names),
    show(found, _, empty) {
      let shown: Bucket[] = found.map((bucket) => ({ ...bucket, keys: [Number(bucket.keys[0])] }));
      if (hard.min !== undefined)
        shown = shown.filter(({ keys }) => scale.key(keys[0] as number) >= hard.min!);
      if (hard.max !== undefined)
        shown = shown.filter(({ keys }) => {
          const key = scale.key(keys[0] as number);
          // As in Elasticsearch: the end of a stretch of time is not part of it.
          return type === 'histogram' ? key <= hard.max! : key < hard.max!;
        });
      if (minimum === 0) {
        const filled = fill(shown, scale, extended, empty);
        // Another order than by key keeps the buckets with documents where they are.
        const descending = typeof order === 'object' && (order as any)?.['_key'] === 'desc';
        const byKey = order === undefined || Object.keys(order as object).includes('_key');
        if (byKey) shown = descending ? filled.reverse() : filled;
        else shown = [...shown, ...filled.filter(({ count }) => count === 0)];
      }
      const entries = shown.map(({ keys, count, inside }) => {
        const key = scale.key(keys[0] as number);
        return { ...(scale.text && { key_as_string: scale.text(key) }), key, doc_count: count, ...inside };
      });
      if (parameters['keyed'] === true)
        return {
          buckets: Object.fromEntries(
            entries.map((entry) => [entry.key_as_string ?? doubleText(entry.key), entry]),
          ),
        };
      return { buckets: entries };
    },
  };
}

/** As Java writes a double. */
const doubleText = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));

/** All buckets between the first and the last. */
function fill(
  found: readonly Bucket[],
  scale: Scale,
  extended: { min?: number; max?: number },
  empty: () => Readonly<Record<string, unknown>>,
): Bucket[] {
  const numbers = found.map(({ keys }) => keys[0] as number);
  if (extended.min !== undefined) numbers.push(scale.at(extended.min));
  if (extended.max !== undefined) numbers.push(scale.at(extended.max));
  if (numbers.length === 0) return [];
  let first = Infinity;
  let last = -Infinity;
  for (const number of numbers) {
    first = Math.min(first, number);
    last = Math.max(last, number);
  }
  if (last - first >= MAX_BUCKETS) throw tooManyBuckets(last - first + 1);
  const known = new Map(found.map((bucket) => [bucket.keys[0] as number, bucket]));
  const all: Bucket[] = [];
  for (let number = first; number <= last; number++)
    all.push(known.get(number) ?? { keys: [number], count: 0, inside: empty() });
  return all;
}

// ---- times -----------------------------------------------------------------------------------------------

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const units: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };
/** Calendar units of one length in local time, and of how many months the others are. */
const calendarLengths: Readonly<Record<string, number>> = {
  second: SECOND, '1s': SECOND,
  minute: MINUTE, '1m': MINUTE,
  hour: HOUR, '1h': HOUR,
  day: DAY, '1d': DAY,
  week: 7 * DAY, '1w': 7 * DAY,
}; // biome-ignore format: pairs
const calendarMonths: Readonly<Record<string, number>> = {
  month: 1, '1M': 1,
  quarter: 3, '1q': 3,
  year: 12, '1y': 12,
}; // biome-ignore format: pairs
/** The epoch began on a Thursday; weeks begin on Mondays. */
const MONDAY = -3 * DAY;

/** @throws StoreError when it is no such interval */
function fixedInterval(text: unknown): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(String(text)) ?? [];
  const length = Number(count) * (units[unit ?? ''] ?? Number.NaN);
  if (!(length >= 1))
    throw illegal(
      `failed to parse setting [date_histogram.fixedInterval] with value [${String(text)}] as a time value`,
    );
  return length;
}

function offsetOf(text: unknown): number {
  if (text === undefined) return 0;
  if (typeof text === 'number') return text;
  const [, sign, rest] = /^([+-]?)(.+)$/.exec(String(text)) ?? [];
  return (sign === '-' ? -1 : 1) * fixedInterval(rest);
}

/** What local time is ahead of UTC in a stretch of time, as SQL on a value. */
interface ZoneOffsets {
  sql(value: string): string;
  /** All offsets that occur. */
  readonly offsets: readonly number[];
}

/** The clock changes of a zone between two instants. */
function zoneOffsets(zone: Zone, from: number, to: number): ZoneOffsets {
  const changes: { at: number; offset: number }[] = [];
  const first = zone.offsetAt(from);
  let offset = first;
  // Four centuries of days at most.
  const end = Math.min(to, from + 400 * 366 * DAY);
  for (let day = from; day < end; day += DAY) {
    const next = zone.offsetAt(Math.min(day + DAY, end));
    if (next === offset) continue;
    let low = day;
    let high = Math.min(day + DAY, end);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (zone.offsetAt(middle) === offset) low = middle;
      else high = middle;
    }
    changes.push({ at: high, offset: next });
    offset = next;
  }
  return {
    offsets: [first, ...changes.map((change) => change.offset)],
    sql(value) {
      if (changes.length === 0) return String(first);
      let before = first;
      let sql = 'CASE';
      for (const change of changes) {
        sql += ` WHEN ${value} < ${change.at} THEN ${before}`;
        before = change.offset;
      }
      return `(${sql} ELSE ${before} END)`;
    },
  };
}

export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** Whether the buckets depend on clock changes, so that the range of times must be known. */
export const needsRange = (aggregation: Aggregation): boolean =>
  aggregation.parameters['time_zone'] !== undefined &&
  zoneNamed(aggregation.parameters['time_zone']).id !== 'UTC';

export function dateScale(
  parameters: Readonly<Record<string, unknown>>,
  range: TimeRange | undefined,
): Scale {
  const zone = zoneNamed(parameters['time_zone']);
  const offset = offsetOf(parameters['offset']);
  const { fixed_interval: fixed, calendar_interval: calendar, interval: either } = parameters;
  const given = fixed ?? calendar ?? either;
  if (given === undefined) throw illegal('Invalid interval specified, must be non-null and non-empty');
  const unit = String(given);
  const text = dateFormatter(parameters['format'], zone);
  const zoned: ZoneOffsets =
    range && zone.id !== 'UTC' ? zoneOffsets(zone, range.from, range.to) : { offsets: [0], sql: () => '0' };
  const months = fixed === undefined ? calendarMonths[unit] : undefined;
  if (months !== undefined) {
    const monthNumber = (local: number): number => {
      const date = new Date(local - offset);
      return Math.floor(((date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()) / months);
    };
    return {
      number: (value) =>
        `floor(date_diff('month', TIMESTAMP '1970-01-01', epoch_ms(((${value}) + ${zoned.sql(value)} - (${offset}))::BIGINT)) / ${months}.0)`,
      key: (number) => toUtc(zone, Date.UTC(1970, number * months, 1) + offset),
      at: (key) => monthNumber(key + zone.offsetAt(key)),
      text,
    };
  }
  const length = (fixed === undefined ? calendarLengths[unit] : undefined) ?? undefined;
  if (calendar !== undefined && length === undefined)
    throw illegal(`The supplied interval [${unit}] could not be parsed as a calendar interval.`);
  const size = length ?? fixedInterval(unit);
  const start = offset + (size === 7 * DAY && length !== undefined ? MONDAY : 0);
  // Where every offset is a multiple of the bucket, local and UTC buckets are the same: no hour occurs twice.
  const local = zoned.offsets.some((ahead) => ahead % size !== 0);
  if (!local)
    return {
      number: (value) => `floor(((${value}) - (${start})) / ${size}.0)`,
      key: (number) => number * size + start,
      at: (key) => Math.floor((key - start) / size),
      text,
    };
  return {
    number: (value) => `floor(((${value}) + ${zoned.sql(value)} - (${start})) / ${size}.0)`,
    key: (number) => toUtc(zone, number * size + start),
    at: (key) => Math.floor((key + zone.offsetAt(key) - start) / size),
    text,
  };
}

/** The instant of a local time; of one that a clock change leaves out, the change. */
function toUtc(zone: Zone, local: number): number {
  const utc = zone.toUtc(local);
  return Number.isNaN(utc) ? local - zone.offsetAt(local - DAY) : utc;
}

export function dateHistogramBuckets(
  aggregation: Aggregation,
  relation: FieldView,
  range: TimeRange | undefined,
  now: number,
): Bucketing {
  const { parameters } = aggregation;
  const timeZone = parameters['time_zone'];
  return buckets(aggregation, relation, dateScale(parameters, range), (value) =>
    resolveDate(value, {
      now,
      roundUp: false,
      ...(typeof timeZone === 'string' && { timeZone }),
      ...(typeof parameters['format'] === 'string' && { format: parameters['format'] }),
    }),
  );
}

/** Buckets of several units begin with the unit of the first value. */
const beginOf = (from: number, interval: string): number => {
  const unit = units[interval.at(-1)!]!;
  return Math.floor(from / unit) * unit;
};

const roundIntervals: readonly (readonly [string, number, string])[] = [
  ['1s', SECOND, 'fixed'], ['5s', 5 * SECOND, 'fixed'], ['10s', 10 * SECOND, 'fixed'], ['30s', 30 * SECOND, 'fixed'],
  ['1m', MINUTE, 'fixed'], ['5m', 5 * MINUTE, 'fixed'], ['10m', 10 * MINUTE, 'fixed'], ['30m', 30 * MINUTE, 'fixed'],
  ['1h', HOUR, 'fixed'], ['3h', 3 * HOUR, 'fixed'], ['12h', 12 * HOUR, 'fixed'], ['1d', DAY, 'calendar'],
  ['7d', 7 * DAY, 'fixed'], ['1M', 30 * DAY, 'calendar'], ['3M', 91 * DAY, 'months'], ['1y', 365 * DAY, 'calendar'],
]; // biome-ignore format: a table

/** The interval that gives at most `wanted` buckets over a range. */
export function autoInterval({ from, to }: TimeRange, wanted: number): Record<string, unknown> {
  for (const [name, length, kind] of roundIntervals)
    if (kind !== 'months' && (to - from) / length < wanted)
      return {
        interval: name,
        ...(kind === 'calendar'
          ? { calendar_interval: name }
          : { fixed_interval: name, offset: beginOf(from, name) % length }),
      };
  const years = Math.ceil((to - from) / (365 * DAY) / wanted);
  return { interval: `${years}y`, fixed_interval: `${years * 365}d` };
}
