/** The body and the URL of `_search` as a request to the store. Nothing is ignored silently. */
import { parseDsl } from '../../query/dsl-parse.ts';
import { parseLucene } from '../../query/lucene.ts';
import { ALL, type Query } from '../../query/tree.ts';
import { parsingError, StoreError, unsupported } from '../errors.ts';
import { parseAggregations } from '../parse-aggregations.ts';
import { parseSort } from '../parse-sort.ts';
import type { Highlight, IndexSelection, SearchRequest } from '../store.ts';

type Body = Readonly<Record<string, unknown>>;

/** Elasticsearch counts so far unless it is told otherwise. */
const DEFAULT_TOTAL = 10_000;
const DEFAULT_KEEP_ALIVE = 5 * 60_000;

const known = new Set([
  'query', 'post_filter', 'from', 'size', 'sort', 'search_after', 'pit', '_source', 'fields', 'docvalue_fields',
  'stored_fields', 'highlight', 'aggs', 'aggregations', 'track_total_hits', 'timeout', 'version',
  'seq_no_primary_term', 'explain', 'collapse', 'track_scores', 'min_score', 'terminate_after', 'stats', 'profile',
  'runtime_mappings', 'script_fields', 'indices_boost', 'rescore', 'suggest', 'knn', 'slice', 'ext',
]); // biome-ignore format: a list
/** Taken when they ask for nothing. */
const unsupportedUnlessEmpty = [
  'runtime_mappings',
  'script_fields',
  'rescore',
  'suggest',
  'knn',
  'slice',
  'ext',
];

/** Parameters of the URL that say the same as the body. */
export interface SearchParameters {
  readonly [name: string]: string | undefined;
}

/** @throws StoreError, QueryError in Elasticsearch's words */
export function parseSearch(body: unknown, url: SearchParameters, indices: IndexSelection): SearchRequest {
  const given = body ?? {};
  if (typeof given !== 'object' || Array.isArray(given))
    throw parsingError('Expected [START_OBJECT] but found something else');
  const search = given as Body;
  for (const key of Object.keys(search))
    if (!known.has(key)) throw parsingError(`unknown key [${key}] for a search request`);
  for (const key of unsupportedUnlessEmpty)
    if (isFilled(search[key])) throw unsupported(`[${key}] in a search`);
  const from = integer(url['from'] ?? search['from'], 'from', 0);
  const size = integer(url['size'] ?? search['size'], 'size', 10);
  const sort = url['sort'] === undefined ? parseSort(search['sort']) : parseSort(url['sort'].split(','));
  const query: Query =
    url['q'] !== undefined
      ? parseLucene(url['q'], {
          fields: url['df'] === undefined ? undefined : [url['df']],
          operator: url['default_operator']?.toLowerCase() === 'and' ? 'and' : 'or',
        })
      : search['query'] === undefined || search['query'] === null
        ? ALL
        : parseDsl(search['query']);
  const aggregations = search['aggs'] ?? search['aggregations'];
  const searchAfter = search['search_after'];
  if (searchAfter !== undefined && !Array.isArray(searchAfter))
    throw parsingError('[search_after] must be an array');
  const timeout = durationOf(url['timeout'] ?? search['timeout'], 'timeout');
  const fields = [
    ...fieldList(search['fields'], 'fields'),
    ...fieldList(search['docvalue_fields'], 'docvalue_fields'),
  ];
  const highlight = search['highlight'] === undefined ? undefined : parseHighlight(search['highlight']);
  const pit = search['pit'] as Body | undefined;
  if (pit !== undefined && typeof pit?.['id'] !== 'string')
    throw parsingError('Required [id] of [pit] is missing');
  const collapse = search['collapse'];
  if (collapse !== undefined) throw unsupported('[collapse] in a search');
  const postFilter = search['post_filter'];
  return {
    indices,
    ...(pit && {
      pointInTime: {
        id: pit['id'] as string,
        ...(pit['keep_alive'] !== undefined && {
          keepAlive: durationOf(pit['keep_alive'], 'keep_alive') ?? DEFAULT_KEEP_ALIVE,
        }),
      },
    }),
    query,
    ...(postFilter !== undefined && postFilter !== null && { postFilter: parseDsl(postFilter) }),
    from,
    size,
    sort,
    ...(searchAfter && { searchAfter: searchAfter as (string | number | boolean | null)[] }),
    source: parseSource(url['_source'] ?? search['_source'], url, isFilled(search['stored_fields'])),
    ...(fields.length > 0 && { fields }),
    ...(highlight && { highlight }),
    ...(isFilled(aggregations) && { aggregations: parseAggregations(aggregations) }),
    trackTotalHits: totalHits(url['track_total_hits'] ?? search['track_total_hits']),
    ...(timeout !== undefined && { timeout }),
    ...((truthy(url['version'] ?? search['version']) ||
      truthy(url['seq_no_primary_term'] ?? search['seq_no_primary_term'])) && { version: true }),
  };
}

const truthy = (value: unknown): boolean => value === true || value === 'true' || value === '';
const isFilled = (value: unknown): boolean =>
  value !== undefined && value !== null && !(typeof value === 'object' && Object.keys(value).length === 0);

function integer(value: unknown, name: string, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number))
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `Failed to parse int parameter [${name}] with value [${String(value)}]`,
    );
  if (number < 0)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `[${name}] parameter cannot be negative, found [${number}]`,
    );
  return number;
}

const units: Readonly<Record<string, number>> = {
  nanos: 1e-6, micros: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000,
}; // biome-ignore format: a list

/** `5m` in milliseconds; `-1` and absence: none. @throws StoreError */
export function durationOf(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null || value === '-1' || value === -1) return undefined;
  const [, number, unit] = /^(\d+(?:\.\d+)?)(nanos|micros|ms|s|m|h|d)$/.exec(String(value)) ?? [];
  if (unit === undefined)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `failed to parse setting [${name}] with value [${String(value)}] as a time value: unit is missing or unrecognized`,
    );
  return Number(number) * units[unit]!;
}

function totalHits(value: unknown): boolean | number {
  if (value === undefined || value === null) return DEFAULT_TOTAL;
  if (value === true || value === 'true' || value === '') return true;
  if (value === false || value === 'false') return false;
  const number = Number(value);
  if (!Number.isInteger(number) || number < -1)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `[track_total_hits] parameter must be positive or equals to -1, got ${String(value)}`,
    );
  return number === -1 ? true : number;
}

const list = (value: unknown): string[] =>
  value === undefined
    ? []
    : typeof value === 'string'
      ? value.split(',')
      : Array.isArray(value)
        ? value.map(String)
        : [];

function parseSource(
  value: unknown,
  url: SearchParameters,
  storedFieldsOnly: boolean,
): SearchRequest['source'] {
  const urlIncludes = url['_source_includes'] ?? url['_source_include'];
  const urlExcludes = url['_source_excludes'] ?? url['_source_exclude'];
  if (urlIncludes !== undefined || urlExcludes !== undefined)
    return { includes: list(urlIncludes), excludes: list(urlExcludes) };
  if (value === undefined || value === null) return !storedFieldsOnly;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  if (typeof value === 'string' || Array.isArray(value)) return { includes: list(value), excludes: [] };
  const { includes, include, excludes, exclude, ...unknown } = value as Body;
  const [wrong] = Object.keys(unknown);
  if (wrong !== undefined) throw parsingError(`Unknown key for a START_ARRAY in [${wrong}].`);
  return { includes: list(includes ?? include), excludes: list(excludes ?? exclude) };
}

function fieldList(value: unknown, name: string): { field: string; format?: string }[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw parsingError(`[${name}] must be an array`);
  return value.map((one: unknown) => {
    if (typeof one === 'string') return { field: one };
    const { field, format } = (one ?? {}) as Body;
    if (typeof field !== 'string') throw parsingError(`[${name}] an entry is a field name or {"field": …}`);
    return { field, ...(typeof format === 'string' && { format }) };
  });
}

function parseHighlight(body: unknown): Highlight {
  const given = body as Body;
  const number = (options: Body, name: string, otherwise: number): number =>
    typeof options[name] === 'number'
      ? options[name]
      : typeof given[name] === 'number'
        ? given[name]
        : otherwise;
  const { fields = {} } = given;
  const entries: [string, Body][] = Array.isArray(fields)
    ? fields.flatMap((one) => Object.entries(one as Record<string, Body>))
    : Object.entries(fields as Record<string, Body>);
  const query = given['highlight_query'];
  return {
    fields: entries.map(([field, options]) => ({
      field,
      fragmentSize: number(options, 'fragment_size', 100),
      number: number(options, 'number_of_fragments', 5),
    })),
    preTags: list(given['pre_tags'] ?? '<em>'),
    postTags: list(given['post_tags'] ?? '</em>'),
    requireFieldMatch: given['require_field_match'] !== false && given['require_field_match'] !== 'false',
    ...(query !== undefined && { query: parseDsl(query) }),
  };
}
