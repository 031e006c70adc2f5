/** A search of the store as the body of the cluster's `_search`. */
import { toDsl } from '../../query/dsl.ts';
import type { Aggregation, Highlight, SearchRequest, SortKey } from '../store.ts';
import type { Json } from './cluster.ts';

export type SortValues = readonly (string | number | boolean | null)[];

/** A page of it: what changes while paging. */
export interface Page {
  readonly from: number;
  readonly size: number;
  readonly after: SortValues | undefined;
  readonly sort: readonly Json[];
  /** Totals, aggregations and highlights are asked for. */
  readonly first: boolean;
  readonly pointInTime: { readonly id: string; readonly keepAlive?: number } | undefined;
}

export function searchBody(request: SearchRequest, page: Page): Json {
  const { postFilter, source, fields, highlight, aggregations, timeout, collapse } = request;
  const { pointInTime, first } = page;
  return {
    query: toDsl(request.query),
    ...(postFilter && { post_filter: toDsl(postFilter) }),
    from: page.from,
    size: page.size,
    ...(page.sort.length > 0 && { sort: page.sort }),
    ...(page.after && { search_after: page.after }),
    _source: source,
    ...(fields && { fields }),
    ...(highlight && { highlight: highlightBody(highlight) }),
    ...(first && aggregations && { aggs: aggregationsBody(aggregations) }),
    track_total_hits: first ? request.trackTotalHits : false,
    ...(timeout !== undefined && { timeout: `${Math.max(1, Math.round(timeout))}ms` }),
    ...(request.version && { version: true, seq_no_primary_term: true }),
    ...(request.explain && { explain: true }),
    ...(collapse !== undefined && { collapse: { field: collapse } }),
    ...(pointInTime && {
      pit: {
        id: pointInTime.id,
        ...(pointInTime.keepAlive !== undefined && { keep_alive: `${pointInTime.keepAlive}ms` }),
      },
    }),
  };
}

/** `type`: of the field, for indices that do not have it; their documents have no value there. */
export function sortBody(
  { field, order, missing, mode, unmappedType, format }: SortKey,
  type: string | undefined,
): Json {
  if (isMetaKey(field)) return { [field]: { order } };
  const unmapped = unmappedType ?? type;
  return {
    [field]: {
      order,
      ...(missing !== undefined && { missing }),
      ...(mode && { mode }),
      ...(unmapped !== undefined && { unmapped_type: unmapped }),
      ...(format && { format }),
    },
  };
}

/** `_id`, `_doc`, … */
export const isMetaKey = (field: string): boolean => field.startsWith('_');

function highlightBody({ fields, preTags, postTags, requireFieldMatch, query }: Highlight): Json {
  return {
    pre_tags: preTags,
    post_tags: postTags,
    require_field_match: requireFieldMatch,
    ...(query && { highlight_query: toDsl(query) }),
    fields: fields.map(({ field, fragmentSize, number }) => ({
      [field]: { fragment_size: fragmentSize, number_of_fragments: number },
    })),
  };
}

function aggregationsBody(aggregations: Readonly<Record<string, Aggregation>>): Json {
  return Object.fromEntries(
    Object.entries(aggregations).map(([name, { type, aggregations: inner, meta, ...own }]) => [
      name,
      {
        [type]: parametersOf(type, own),
        ...(inner && { aggs: aggregationsBody(inner) }),
        ...(meta && { meta }),
      },
    ]),
  );
}

function parametersOf(
  type: Aggregation['type'],
  { parameters, queries = {} }: Pick<Aggregation, 'parameters' | 'queries'>,
): Json {
  if (type === 'filter') return toDsl(queries['']!);
  if (type !== 'filters') return parameters;
  const { keyed, ...options } = parameters;
  const names = Object.keys(queries);
  const isList = keyed === false && names.every((name, at) => name === String(at));
  return {
    ...options,
    ...(keyed === false && !isList && { keyed }),
    filters: isList
      ? Object.values(queries).map((query) => toDsl(query))
      : Object.fromEntries(names.map((name) => [name, toDsl(queries[name]!)])),
  };
}
