/** `aggs` of a search: which there are, and what they take. Nothing is ignored silently. */
import { isMap } from '../event/event.ts';
import { parseDsl } from '../query/dsl-parse.ts';
import type { Query } from '../query/tree.ts';
import { parsingError, unsupported } from './errors.ts';
import type { Aggregation, AggregationType } from './store.ts';

type Body = Readonly<Record<string, unknown>>;

/** Parameters of each type; those that only tune how Elasticsearch computes are taken and have no effect. */
const common = ['field', 'missing', 'script', 'value_type', 'format'];
const parameters: Readonly<Record<AggregationType, readonly string[]>> = {
  terms: [
    ...common,
    'size',
    'order',
    'min_doc_count',
    'include',
    'exclude',
    'shard_size',
    'shard_min_doc_count',
    'show_term_doc_count_error',
    'execution_hint',
    'collect_mode',
  ],
  histogram: [
    ...common,
    'interval',
    'offset',
    'min_doc_count',
    'keyed',
    'order',
    'extended_bounds',
    'hard_bounds',
  ],
  date_histogram: [
    ...common,
    'interval',
    'fixed_interval',
    'calendar_interval',
    'time_zone',
    'offset',
    'min_doc_count',
    'keyed',
    'order',
    'extended_bounds',
    'hard_bounds',
  ],
  auto_date_histogram: [...common, 'buckets', 'time_zone', 'minimum_interval'],
  range: [...common, 'ranges', 'keyed'],
  date_range: [...common, 'ranges', 'keyed', 'time_zone'],
  ip_range: [...common, 'ranges', 'keyed'],
  filter: [],
  filters: [],
  global: [],
  missing: common,
  composite: ['sources', 'size', 'after'],
  nested: ['path'],
  reverse_nested: ['path'],
  cardinality: [...common, 'precision_threshold', 'rehash', 'execution_hint'],
  value_count: common,
  min: common,
  max: common,
  avg: common,
  sum: common,
  stats: common,
  extended_stats: [...common, 'sigma'],
  percentiles: [...common, 'percents', 'keyed', 'tdigest', 'hdr', 'compression'],
  percentile_ranks: [...common, 'values', 'keyed', 'tdigest', 'hdr'],
  top_hits: ['from', 'size', 'sort', '_source', 'version', 'seq_no_primary_term', 'explain', 'track_scores'],
  top_metrics: ['metrics', 'sort', 'size'],
};

const MAX_DEPTH = 20;

/** @throws StoreError, QueryError in Elasticsearch's words */
export function parseAggregations(body: unknown, depth = 0): Record<string, Aggregation> {
  if (!isMap(body)) throw parsingError('Found a non-object value under [aggs]');
  if (depth > MAX_DEPTH) throw parsingError(`aggregations are nested deeper than ${MAX_DEPTH} levels`);
  const parsed: Record<string, Aggregation> = Object.create(null) as Record<string, Aggregation>;
  for (const [name, definition] of Object.entries(body)) {
    if (/[[\]>]/.test(name))
      throw parsingError(
        `Invalid aggregation name [${name}]. Aggregation names cannot contain '[', ']', and '>'`,
      );
    if (!isMap(definition)) throw parsingError(`Aggregation definition for [${name}] is not an object`);
    parsed[name] = parseOne(name, definition, depth);
  }
  return { ...parsed };
}

function parseOne(name: string, definition: Body, depth: number): Aggregation {
  const inside = definition['aggs'] ?? definition['aggregations'];
  const types = Object.keys(definition).filter((key) => !['aggs', 'aggregations', 'meta'].includes(key));
  const [type] = types;
  if (type === undefined) throw parsingError(`Missing definition for aggregation [${name}]`);
  if (types.length > 1)
    throw parsingError(`Found two aggregation type definitions in [${name}]: [${type}] and [${types[1]}]`);
  if (!Object.hasOwn(parameters, type)) throw unsupported(`[${type}] aggregation (in [${name}])`);
  const known = type as AggregationType;
  const given = definition[type];
  if (!isMap(given)) throw parsingError(`Expected [START_OBJECT] under [${type}] in [${name}]`);
  const queries = queriesOf(known, name, given);
  if (!queries)
    for (const key of Object.keys(given)) {
      if (!parameters[known].includes(key)) throw parsingError(`[${type}] unknown field [${key}]`);
      if (key === 'script') throw unsupported(`[script] in aggregation [${name}]`);
    }
  const children = inside === undefined ? undefined : parseAggregations(inside, depth + 1);
  if (children && Object.keys(children).length > 0 && !isBucket(known))
    throw parsingError(`Aggregator [${name}] of type [${type}] cannot accept sub-aggregations`);
  return {
    type: known,
    parameters: queries ? queries.parameters : given,
    ...(queries && { queries: queries.queries }),
    ...(children && { aggregations: children }),
    ...(isMap(definition['meta']) && { meta: definition['meta'] }),
  };
}

const bucketTypes: ReadonlySet<AggregationType> = new Set([
  'terms',
  'histogram',
  'date_histogram',
  'auto_date_histogram',
  'range',
  'date_range',
  'ip_range',
  'filter',
  'filters',
  'global',
  'missing',
  'composite',
  'nested',
  'reverse_nested',
]);
const isBucket = (type: AggregationType): boolean => bucketTypes.has(type);

function queriesOf(
  type: AggregationType,
  name: string,
  given: Body,
): { queries: Record<string, Query>; parameters: Body } | undefined {
  if (type === 'filter') return { queries: { '': parseDsl(given) }, parameters: {} };
  if (type !== 'filters') return undefined;
  const { filters, other_bucket, other_bucket_key, keyed, ...unknown } = given;
  const [wrong] = Object.keys(unknown);
  if (wrong !== undefined) throw parsingError(`[filters] unknown field [${wrong}]`);
  const options = {
    ...(other_bucket !== undefined && { other_bucket }),
    ...(other_bucket_key !== undefined && { other_bucket_key }),
  };
  if (Array.isArray(filters))
    return {
      queries: Object.fromEntries(filters.map((filter, at) => [`${at}`, parseDsl(filter)])),
      parameters: { ...options, keyed: false },
    };
  if (!isMap(filters)) throw parsingError(`[filters] must be provided in aggregation [${name}]`);
  return {
    queries: Object.fromEntries(Object.entries(filters).map(([key, filter]) => [key, parseDsl(filter)])),
    parameters: { ...options, keyed: keyed !== false },
  };
}
