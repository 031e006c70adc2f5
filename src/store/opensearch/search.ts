/** Searching, with pages as deep and as long as one likes. */
import type { SearchHit, SearchRequest, SearchResult, SortKey, StoredDocument } from '../store.ts';
import { parseDocument, parseSearchAnswer } from './answers.ts';
import { type Cluster, type Json, path, refusal } from './cluster.ts';
import { closePointInTime, clusterId, openPointInTime, renewed, tieBreakers } from './points-in-time.ts';
import { type Page, type SortValues, searchBody, sortBody } from './search-body.ts';
import { selectionPath } from './selection.ts';

type SortTypesByField = ReadonlyMap<string, string>;

/** The cluster's `index.max_result_window`: no single answer can have more hits. */
const MAX_WINDOW = 10_000;
/** Of a snapshot that is there for the pages of one request. */
const PAGING_KEEP_ALIVE = 120_000;

export async function search(
  cluster: Cluster,
  request: SearchRequest,
  types: SortTypesByField,
  signal?: AbortSignal,
): Promise<SearchResult> {
  const { from, size, searchAfter, pointInTime } = request;
  const isWithin = searchAfter ? size <= MAX_WINDOW : from + size <= MAX_WINDOW;
  // What is beyond is refused by the cluster in its own words, as the embedded store does in the same ones.
  if (isWithin || !(searchAfter || pointInTime)) return searchOnce(cluster, request, types, signal);
  return searchInPages(cluster, request, types, signal);
}

async function searchOnce(
  cluster: Cluster,
  request: SearchRequest,
  types: SortTypesByField,
  signal: AbortSignal | undefined,
): Promise<SearchResult> {
  const { from, size, searchAfter, pointInTime } = request;
  const sort = sortOf(request, types, pointInTime?.id, searchAfter);
  return ask(cluster, request, { from, size, after: searchAfter, sort, first: true, pointInTime }, signal);
}

/** One snapshot, page behind page; those that `from` steps over come without their documents. */
async function searchInPages(
  cluster: Cluster,
  request: SearchRequest,
  types: SortTypesByField,
  signal: AbortSignal | undefined,
): Promise<SearchResult> {
  const { from, size, searchAfter, pointInTime } = request;
  let id = pointInTime?.id ?? (await openPointInTime(cluster, request.indices, PAGING_KEEP_ALIVE));
  const keepAlive = pointInTime === undefined ? PAGING_KEEP_ALIVE : pointInTime.keepAlive;
  const sort = sortOf(request, types, id, undefined);
  let skip = searchAfter ? 0 : from;
  let after = searchAfter;
  let result: SearchResult | undefined;
  const hits: SearchHit[] = [];
  try {
    for (;;) {
      const wanted = Math.min(MAX_WINDOW, skip > 0 ? skip : size - hits.length);
      const known = after && after.length < sort.length ? sort.slice(0, after.length) : sort;
      const page: SearchResult = await ask(
        cluster,
        skip > 0 ? { ...request, source: false } : request,
        {
          ...{ from: 0, size: wanted, after, sort: known, first: result === undefined },
          pointInTime: { id, ...(keepAlive !== undefined && { keepAlive }) },
        },
        signal,
      );
      result ??= page;
      id = page.pointInTimeId ?? id;
      if (skip > 0) skip -= page.hits.length;
      else for (const hit of page.hits) hits.push(hit);
      if (page.timedOut) result = { ...result, timedOut: true };
      after = page.hits.at(-1)?.sort;
      if (page.hits.length < wanted || (skip === 0 && hits.length === size)) break;
    }
  } finally {
    if (pointInTime === undefined) await closePointInTime(cluster, id).catch(() => {});
  }
  const { pointInTimeId: _, hits: __, ...rest } = result;
  return { ...rest, hits, ...(pointInTime && { pointInTimeId: id }) };
}

/** With a snapshot something unique ends the order, so that pages neither skip nor repeat. */
function sortOf(
  { sort }: SearchRequest,
  types: SortTypesByField,
  snapshot: string | undefined,
  after: SortValues | undefined,
): Json[] {
  const typed = (key: SortKey): Json => sortBody(key, types.get(key.field));
  if (snapshot === undefined) return sort.map(typed);
  const [arrival = '_seq_no', ...others] = tieBreakers(snapshot);
  const own = sort.map((key) => typed(key.field === '_doc' ? { ...key, field: arrival } : key));
  if (after !== undefined && after.length === own.length) return own;
  const has = (field: string): boolean => own.some((key) => Object.hasOwn(key, field));
  const missing = [arrival, ...others].filter((field) => !has(field));
  return [...own, ...missing.map((field) => ({ [field]: { order: 'asc' } }))];
}

/** Of one shard only. */
export function askShard(
  cluster: Cluster,
  request: SearchRequest,
  shard: string,
  signal: AbortSignal | undefined,
): Promise<SearchResult> {
  const sort = request.sort.map((key) => sortBody(key, undefined));
  const page = { from: 0, size: request.size, after: undefined, sort, first: true, pointInTime: undefined };
  return ask(cluster, request, page, signal, `_shards:${shard}`);
}

async function ask(
  cluster: Cluster,
  request: SearchRequest,
  page: Page,
  signal: AbortSignal | undefined,
  preference?: string,
): Promise<SearchResult> {
  const { names, parameters } = selectionPath(request.indices);
  const answer = await cluster.bytes({
    method: 'POST',
    // A snapshot says itself what it is of.
    path: page.pointInTime ? '/_search' : path([names, '_search'], { ...parameters, preference }),
    body: searchBody(request, inCluster(page)),
    signal,
  });
  const { rest, sources, aggregations } = parseSearchAnswer(answer);
  const failures = failuresOf(rest);
  const { total } = rest['hits'] as { total?: { value: number; relation: 'eq' | 'gte' } };
  return {
    took: Number(rest['took']),
    timedOut: rest['timed_out'] === true,
    ...(total && { total }),
    hits: (rest['hits'].hits as AnsweredHit[]).map((hit, at) => hitOf(hit, sources[at])),
    ...(aggregations !== undefined && { aggregations }),
    shards: Number(rest['_shards']?.total ?? 0),
    ...(page.pointInTime && { pointInTimeId: renewed(page.pointInTime.id, rest['pit_id']) }),
    ...(failures.length > 0 && { failures }),
  };
}

const inCluster = (page: Page): Page =>
  page.pointInTime === undefined
    ? page
    : { ...page, pointInTime: { ...page.pointInTime, id: clusterId(page.pointInTime.id) } };

interface AnsweredHit {
  readonly _index: string;
  readonly _id: string;
  readonly _version?: number;
  readonly _seq_no?: number;
  readonly _ignored?: readonly string[];
  readonly sort?: SortValues;
  readonly fields?: Readonly<Record<string, readonly unknown[]>>;
  readonly highlight?: Readonly<Record<string, readonly string[]>>;
}

function hitOf(hit: AnsweredHit, source: string | undefined): SearchHit {
  const { _index, _id, _version, _seq_no, _ignored, sort, fields, highlight } = hit;
  return {
    index: _index,
    id: _id,
    ...(source !== undefined && { source }),
    ...(sort && { sort }),
    ...(fields && { fields }),
    ...(highlight && { highlight }),
    ...(_ignored && { ignored: _ignored }),
    ...(_version !== undefined && { version: _version }),
    ...(_seq_no !== undefined && { seqNo: _seq_no }),
  };
}

function failuresOf(rest: Record<string, any>): string[] {
  const failures = (rest['_shards']?.failures ?? []) as readonly Record<string, any>[];
  return failures.map(
    ({ index, shard, reason }) => `shard ${shard} of ${index}: ${reason?.type}: ${reason?.reason}`,
  );
}

/** @throws StoreError index_not_found_exception */
export async function getDocument(
  cluster: Cluster,
  index: string,
  id: string,
): Promise<StoredDocument | undefined> {
  const { status, body } = await cluster.request({ method: 'GET', path: path([index, '_doc', id]) });
  const { rest, source } = parseDocument(body);
  if (rest['found'] === false) return undefined;
  if (status !== 200) throw refusal(status, body);
  return {
    index: String(rest['_index']),
    id,
    source: source ?? '{}',
    version: Number(rest['_version']),
    seqNo: Number(rest['_seq_no']),
  };
}
