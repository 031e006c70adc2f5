/** A search of the embedded store: plans, finds a page of rows, counts and aggregates side by side. */
import '../../../event/bigint-json.ts';
import { ALL, type Query } from '../../../query/tree.ts';
import { StoreError, unsupported } from '../../errors.ts';
import { compileSourceFilter } from '../../source-filter.ts';
import type { SearchHit, SearchRequest, SearchResult } from '../../store.ts';
import type { Snapshot } from '../snapshot.ts';
import { runAggregations } from './aggregations.ts';
import { countRows } from './count-rows.ts';
import { fetchRows } from './fetch-rows.ts';
import { type FoundRow, findRows } from './find-rows.ts';
import { highlighter } from './highlight.ts';
import { hitFields } from './hit-fields.ts';
import { Plan } from './row-groups.ts';
import type { SearchProgress } from './search-progress.ts';
import type { SqlEngine, SqlValue } from './sql-engine.ts';

/** Elasticsearch's `index.max_result_window`: pages beyond it need `search_after`. */
const MAX_RESULT_WINDOW = 10_000;

export interface SearchContext {
  readonly engine: SqlEngine;
  readonly snapshot: Snapshot;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Ends everything: cancelled by the client, or out of time. */
  readonly signal: AbortSignal;
  /** Where somebody wants to know how far it is. */
  readonly progress?: SearchProgress | undefined;
}

/** @throws StoreError and QueryError for what can not be asked */
export async function search(context: SearchContext, request: SearchRequest): Promise<SearchResult> {
  const started = performance.now();
  const { engine, snapshot, now, signal } = context;
  const { from, size, sort, searchAfter, postFilter, aggregations } = request;
  if (from + size > MAX_RESULT_WINDOW && !searchAfter && !request.pointInTime)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `Result window is too large, from + size must be less than or equal to: [${MAX_RESULT_WINDOW}] but was [${from + size}]. See the scroll api for a more efficient way to request large data sets. This limit can be set by changing the [index.max_result_window] index level setting.`,
    );
  if (request.collapse !== undefined) throw unsupported('[collapse]');
  const query: Query = postFilter ? { type: 'and', of: [request.query, postFilter] } : request.query;
  const plan = new Plan({ snapshot, query, now, fields: sort.map(({ field }) => field) });
  const timeout = request.timeout === undefined ? undefined : AbortSignal.timeout(request.timeout);
  const ended = timeout ? AbortSignal.any([signal, timeout]) : signal;
  let timedOut = false;
  /** Out of time is no error: what is there is answered. */
  const inTime = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (signal.aborted || !timeout?.aborted) throw error;
      timedOut = true;
      return otherwise;
    }
  };
  const page = inTime<FoundRow[]>(
    findRows(engine, plan, { sort, limit: size === 0 ? 0 : from + size, after: searchAfter }, ended),
    [],
  );
  const grouped =
    aggregations && inTime(runAggregations({ ...context, signal: ended }, request.query, aggregations), {});
  const histogram = postFilter || !aggregations ? undefined : countingHistogram(plan, snapshot, aggregations);
  const isCounted = request.trackTotalHits !== false && histogram === undefined;
  context.progress?.expect(plan.rows * (Number(size > 0) + Number(isCounted)));
  const [rows, total, buckets] = await Promise.all([
    page,
    inTime(
      histogram === undefined || request.trackTotalHits === false
        ? totalOf(engine, plan, request, page, ended)
        : grouped!.then((results) =>
            results[histogram] === undefined ? undefined : counted(sumOf(results[histogram]), request),
          ),
      undefined,
    ),
    grouped,
  ]);
  const hits = await inTime(readHits(context, request, rows.slice(from, from + size)), []);
  return {
    took: Math.round(performance.now() - started),
    timedOut,
    hits,
    shards: snapshot.indices.size,
    ...(total && { total }),
    ...(buckets && { aggregations: JSON.stringify(buckets) }),
    ...(request.pointInTime && { pointInTimeId: request.pointInTime.id }),
  };
}

async function totalOf(
  engine: SqlEngine,
  plan: Plan,
  request: SearchRequest,
  page: Promise<readonly FoundRow[]>,
  signal: AbortSignal,
): Promise<SearchResult['total']> {
  const { trackTotalHits, size, from, searchAfter } = request;
  if (trackTotalHits === false) return undefined;
  if (size > 0 && !searchAfter && plan.everything === undefined) {
    const found = await page;
    // A page that is not full holds everything there is.
    if (found.length < from + size) return { value: found.length, relation: 'eq' };
  }
  const limit = trackTotalHits === true ? Number.POSITIVE_INFINITY : trackTotalHits;
  return counted(await countRows(engine, plan, limit, signal), request);
}

/** The name of an aggregation that has every document of the search in exactly one bucket. */
function countingHistogram(
  plan: Plan,
  { columns }: Snapshot,
  aggregations: NonNullable<SearchRequest['aggregations']>,
): string | undefined {
  const times = columns.of('@timestamp');
  const eachOnce = plan.groups.every(({ rowSets }) =>
    rowSets.every(
      (rowSet) =>
        rowSet.undated === 0 &&
        times.every(({ number }) => !rowSet.columns.has(`m${number}`) && !rowSet.sparse.has(`m${number}`)),
    ),
  );
  if (!eachOnce || times.length !== 1 || times[0]!.type !== 'date') return undefined;
  const found = Object.entries(aggregations).find(
    ([, { type, parameters }]) =>
      type === 'date_histogram' &&
      parameters['field'] === '@timestamp' &&
      parameters['hard_bounds'] === undefined &&
      Number(parameters['min_doc_count'] ?? 0) <= 1,
  );
  return found?.[0];
}

function sumOf(result: unknown): number {
  const { buckets = [] } = result as { buckets?: { doc_count: number }[] | Record<string, any> };
  return Object.values(buckets).reduce((sum: number, { doc_count: count }) => sum + count, 0);
}

/** A number of hits as it was asked for. */
function counted(count: number, { trackTotalHits }: SearchRequest): SearchResult['total'] {
  const limit = typeof trackTotalHits === 'number' ? trackTotalHits : Number.POSITIVE_INFINITY;
  return count > limit ? { value: limit, relation: 'gte' } : { value: count, relation: 'eq' };
}

/** The documents of found rows, as the request wants to see them. */
export async function readHits(
  { engine, snapshot, signal }: SearchContext,
  request: Pick<
    SearchRequest,
    'source' | 'fields' | 'highlight' | 'version' | 'sort' | 'pointInTime' | 'query'
  >,
  rows: readonly FoundRow[],
): Promise<SearchHit[]> {
  const { source, fields, highlight } = request;
  const parsed = fields !== undefined || highlight !== undefined;
  const fetched = await fetchRows(engine, rows, source !== false || parsed, signal);
  const filter = typeof source === 'object' ? compileSourceFilter(source) : undefined;
  const marks = highlight && highlighter(highlight.query ?? request.query ?? ALL, highlight);
  // The order of arrival goes with every point in time, so that no page skips a row with the same values.
  const shownKeys = request.pointInTime ? request.sort.length + 1 : request.sort.length;
  return fetched.flatMap((row, at): SearchHit | [] => {
    if (!row) return [];
    const { sequence, sort } = rows[at]!;
    const index = snapshot.indices.get(row.index);
    const document = parsed ? (JSON.parse(row.source!) as unknown) : undefined;
    const shownFields = fields && hitFields(document, fields, index);
    const highlighted = marks?.(document);
    return {
      index: row.index,
      id: row.id,
      ...(source !== false && {
        source: filter ? filter(row.source!) : row.source!,
      }),
      ...(shownKeys > 0 && { sort: sort.slice(0, shownKeys).map(sortValue) }),
      ...(shownFields && { fields: shownFields }),
      ...(highlighted && { highlight: highlighted }),
      ...(row.ignored && { ignored: row.ignored }),
      ...(request.version && { version: row.version, seqNo: sequence }),
    };
  });
}

const sortValue = (value: SqlValue): string | number | boolean | null =>
  typeof value === 'bigint' || typeof value === 'boolean'
    ? Number(value)
    : (value as string | number | boolean | null);

/** How many documents match, exactly. */
export function count({ engine, snapshot, now, signal }: SearchContext, query: Query): Promise<number> {
  return countRows(engine, new Plan({ snapshot, query, fields: [], now }), Number.POSITIVE_INFINITY, signal);
}

/** Index, id and place in the order of arrival of everything that matches, a page at a time. */
export async function* select(
  { engine, snapshot, now, signal }: SearchContext,
  query: Query,
): AsyncGenerator<{ index: string; id: string; sequence: number }[]> {
  const plan = new Plan({ snapshot, query, fields: [], now });
  for (let after: number | undefined; ; ) {
    const rows = await findRows(
      engine,
      plan,
      {
        sort: [{ field: '_doc', order: 'asc' }],
        limit: 10_000,
        after: after === undefined ? undefined : [after],
      },
      signal,
    );
    if (rows.length === 0) return;
    const fetched = await fetchRows(engine, rows, false, signal);
    yield fetched.flatMap((row, at) =>
      row ? { index: row.index, id: row.id, sequence: rows[at]!.sequence } : [],
    );
    after = rows.at(-1)!.sequence;
  }
}
