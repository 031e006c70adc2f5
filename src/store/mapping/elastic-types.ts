/** Elasticsearch's field types, and how the store keeps them. */
import type { FieldType } from '../../query/field-types.ts';

/** Types whose value is a scalar or kept in `_source` only. Objects, `nested` and `alias` are no fields. */
const types: Readonly<Record<string, FieldType>> = {
  keyword: 'keyword',
  constant_keyword: 'keyword',
  wildcard: 'keyword',
  version: 'keyword',
  counted_keyword: 'keyword',
  icu_collation_keyword: 'keyword',
  text: 'text',
  match_only_text: 'text',
  search_as_you_type: 'text',
  annotated_text: 'text',
  long: 'long',
  integer: 'long',
  short: 'long',
  byte: 'long',
  unsigned_long: 'unsigned_long',
  double: 'double',
  float: 'double',
  half_float: 'double',
  scaled_float: 'double',
  boolean: 'boolean',
  date: 'date',
  date_nanos: 'date',
  ip: 'ip',
  flattened: 'flattened',
  flat_object: 'flattened',
  binary: 'unindexed',
  integer_range: 'unindexed',
  long_range: 'unindexed',
  float_range: 'unindexed',
  double_range: 'unindexed',
  date_range: 'unindexed',
  ip_range: 'unindexed',
  geo_point: 'unindexed',
  geo_shape: 'unindexed',
  point: 'unindexed',
  shape: 'unindexed',
  histogram: 'unindexed',
  aggregate_metric_double: 'unindexed',
  completion: 'unindexed',
  token_count: 'unindexed',
  murmur3: 'unindexed',
  percolator: 'unindexed',
  join: 'unindexed',
  rank_feature: 'unindexed',
  rank_features: 'unindexed',
  dense_vector: 'unindexed',
  sparse_vector: 'unindexed',
  semantic_text: 'unindexed',
  knn_vector: 'unindexed',
};

/** Types of objects: what is in them has fields of its own. */
export const isObjectType = (type: string): boolean =>
  type === 'object' || type === 'nested' || type === 'passthrough';

/**
 * How a field of this type is kept; undefined: there is no such type. `string` is that of Elasticsearch 1 and 2
 * (Logstash's old template), where `index: not_analyzed` makes it a keyword.
 */
export function storedType(
  type: string,
  parameters: Readonly<Record<string, unknown>>,
): FieldType | undefined {
  if (type === 'string') {
    if (parameters['index'] === 'no' || parameters['index'] === false) return 'unindexed';
    return parameters['index'] === 'not_analyzed' ? 'keyword' : 'text';
  }
  const kept = Object.hasOwn(types, type) ? types[type] : undefined;
  if (kept === undefined || kept === 'unindexed') return kept;
  const isIndexed = parameters['index'] !== false && parameters['index'] !== 'false';
  const hasDocValues = parameters['doc_values'] !== false && parameters['doc_values'] !== 'false';
  if (isIndexed) return kept;
  // Without an index Elasticsearch still searches and aggregates doc values, which analysed text does not have.
  return hasDocValues && kept !== 'text' ? kept : 'unindexed';
}

/** The bounds of whole numbers. */
export const integerBounds: Readonly<Record<string, readonly [bigint, bigint]>> = {
  long: [-(2n ** 63n), 2n ** 63n - 1n],
  unsigned_long: [0n, 2n ** 64n - 1n],
  integer: [-(2n ** 31n), 2n ** 31n - 1n],
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  byte: [-128n, 127n],
};

/** The largest absolute value of floating point types. */
export const floatLimits: Readonly<Record<string, number>> = {
  float: 3.4028234663852886e38,
  half_float: 65504,
};
