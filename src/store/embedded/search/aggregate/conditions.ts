/** Aggregations whose buckets are conditions: filter, filters, missing, and the ranges. */
import { formatIp, MAX_IP, parseCidr } from '../../../../query/ip.ts';
import type { Query, QueryValue } from '../../../../query/tree.ts';
import { parsingError } from '../../../errors.ts';
import type { Aggregation } from '../../../store.ts';
import { resolveDate } from '../resolve-date.ts';
import type { Bucket, Bucketing } from './bucketing.ts';
import { dateFormatter, zoneNamed } from './dates.ts';
import { fieldOf } from './parameters.ts';
import type { FieldView } from './relation.ts';

interface NamedCondition {
  readonly key: string | undefined;
  readonly query: Query;
  /** What the bucket shows beside its count. */
  readonly shown?: Readonly<Record<string, unknown>>;
}

/** The conditions of an aggregation, in the order of its buckets; undefined when it is none of these. */
export function conditionsOf(aggregation: Aggregation, now: number): readonly NamedCondition[] | undefined {
  const { type, queries = {} } = aggregation;
  switch (type) {
    case 'filter':
      return [{ key: undefined, query: queries['']! }];
    case 'filters':
      return Object.entries(queries).map(([key, query]) => ({ key, query }));
    case 'missing':
      return [
        { key: undefined, query: { type: 'not', of: { type: 'exists', field: fieldOf(aggregation) } } },
      ];
    case 'range':
    case 'date_range':
    case 'ip_range':
      return ranges(aggregation, now);
    default:
      return undefined;
  }
}

function ranges(aggregation: Aggregation, now: number): NamedCondition[] {
  const { type, parameters } = aggregation;
  const field = fieldOf(aggregation);
  const given = parameters['ranges'];
  if (!Array.isArray(given) || given.length === 0 || given.length > 1000)
    throw parsingError(`No [ranges] specified for the [${type}] aggregation`);
  const conditions = given.map((range: unknown) => {
    if (typeof range !== 'object' || range === null)
      throw parsingError(`[${type}] a range is an object with [from] and [to]`);
    const { key, from, to, mask } = range as Record<string, QueryValue | undefined>;
    if (type === 'ip_range' && mask !== undefined)
      return {
        sort: String(mask),
        condition: {
          key: String(key ?? mask),
          query: { type: 'term', field, value: mask } as Query,
          shown: bordersOf(String(mask)),
        },
      };
    return rangeCondition(aggregation, field, { key, from, to }, now);
  });
  if (type !== 'ip_range')
    conditions.sort(
      (a, b) => Number(a.sort) - Number(b.sort) || Number(a.end ?? Infinity) - Number(b.end ?? Infinity),
    );
  return conditions.map(({ condition }) => condition);
}

/** The first address of a network, and the first one behind it. */
function bordersOf(mask: string): Record<string, string> {
  const network = parseCidr(mask);
  if (network === undefined) return {};
  return {
    from: formatIp(network.first),
    ...(network.last < MAX_IP && { to: formatIp(network.last + 1n) }),
  };
}

interface SortedCondition {
  readonly sort: number | string;
  readonly end?: number;
  readonly condition: NamedCondition;
}

function rangeCondition(
  { type, parameters }: Aggregation,
  field: string,
  {
    key,
    from,
    to,
  }: { key: QueryValue | undefined; from: QueryValue | undefined; to: QueryValue | undefined },
  now: number,
): SortedCondition {
  const has = (value: QueryValue | undefined | null): value is QueryValue =>
    value !== undefined && value !== null;
  const open: Query = { type: 'exists', field };
  const query = (gte: QueryValue | undefined, lt: QueryValue | undefined): Query =>
    gte === undefined && lt === undefined
      ? open
      : { type: 'range', field, ...(gte !== undefined && { gte }), ...(lt !== undefined && { lt }) };
  if (type === 'ip_range') {
    const shown = { ...(has(from) && { from }), ...(has(to) && { to }) };
    return {
      sort: String(from ?? ''),
      condition: {
        key: String(key ?? `${has(from) ? from : '*'}-${has(to) ? to : '*'}`),
        query: query(has(from) ? from : undefined, has(to) ? to : undefined),
        shown,
      },
    };
  }
  const timeZone = parameters['time_zone'];
  const zone = zoneNamed(timeZone);
  const format = dateFormatter(parameters['format'], zone);
  const read = (value: QueryValue | undefined): number | undefined => {
    if (!has(value)) return undefined;
    if (type === 'range') {
      const number = Number(value);
      if (Number.isNaN(number)) throw parsingError(`[range] failed to parse number [${String(value)}]`);
      return number;
    }
    return resolveDate(value, {
      now,
      roundUp: false,
      ...(typeof timeZone === 'string' && { timeZone }),
      ...(typeof parameters['format'] === 'string' && { format: parameters['format'] }),
    });
  };
  const start = read(from);
  const end = read(to);
  const number = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));
  const text = type === 'range' ? number : format;
  return {
    sort: start ?? Number.NEGATIVE_INFINITY,
    ...(end !== undefined && { end }),
    condition: {
      key: String(key ?? `${start === undefined ? '*' : text(start)}-${end === undefined ? '*' : text(end)}`),
      query: query(start, end),
      shown: {
        ...(start !== undefined && {
          from: start,
          ...(type === 'date_range' && { from_as_string: format(start) }),
        }),
        ...(end !== undefined && { to: end, ...(type === 'date_range' && { to_as_string: format(end) }) }),
      },
    },
  };
}

export function conditionBuckets(
  aggregation: Aggregation,
  conditions: readonly NamedCondition[],
  relation: FieldView,
): Bucketing {
  const { type, parameters } = aggregation;
  const flags = conditions.map(({ query }) => relation.condition(query));
  const otherKey =
    parameters['other_bucket_key'] ?? (parameters['other_bucket'] === true ? '_other_' : undefined);
  const cases = flags.map((flag, at) => `CASE WHEN ${flag} THEN ${at} END`);
  if (otherKey !== undefined) cases.push(`CASE WHEN NOT (${flags.join(' OR ')}) THEN ${flags.length} END`);
  const bucketOf = (found: readonly Bucket[], at: number): Bucket | undefined =>
    found.find(({ keys }) => Number(keys[0]) === at);
  const single = type === 'filter' || type === 'missing';
  return {
    keys: [
      cases.length === 1
        ? { sql: cases[0]!, multi: false }
        : { sql: `list_filter([${cases.join(', ')}], lambda x: x IS NOT NULL)`, multi: true },
    ],
    minimum: 1,
    show(found, _, empty) {
      const shown = (at: number): Record<string, unknown> => {
        const bucket = bucketOf(found, at);
        return { doc_count: bucket?.count ?? 0, ...(bucket?.inside ?? empty()) };
      };
      if (single) return shown(0);
      const all = conditions.map(({ key, shown: bounds }, at) => ({ key: key!, bounds, rest: shown(at) }));
      if (otherKey !== undefined)
        all.push({ key: String(otherKey), bounds: undefined, rest: shown(flags.length) });
      const anonymous = type === 'filters' ? parameters['keyed'] === false : parameters['keyed'] !== true;
      if (anonymous)
        return {
          buckets: all.map(({ key, bounds, rest }) =>
            type === 'filters' ? rest : { key, ...bounds, ...rest },
          ),
        };
      return {
        buckets: Object.fromEntries(all.map(({ key, bounds, rest }) => [key, { ...bounds, ...rest }])),
      };
    },
  };
}
