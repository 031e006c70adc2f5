/** Scrolls, on a point in time, and points in time themselves in Elasticsearch's and OpenSearch's words. */
import { StoreError } from '../../errors.ts';
import type { SearchResult } from '../../store.ts';
import type { Scroll } from '../api-state.ts';
import { type Answer, type Call, type Json, json, names, type Route, shards } from '../call.ts';
import { durationOf } from '../search-body.ts';
import { responseForm, searchResponse } from '../search-response.ts';
import { prepare } from './search.ts';

/** Elasticsearch's `search.max_keep_alive`. */
const MAX_KEEP_ALIVE = 24 * 3_600_000;

function keepAliveOf(value: unknown): number {
  const time = durationOf(value, 'keep_alive');
  if (time === undefined)
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: [keep_alive] is not specified;',
    );
  if (time > MAX_KEEP_ALIVE)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `Keep alive for request (${String(value)}) is too large. It must be less than (1d).`,
    );
  return time;
}

/** The first page. */
export async function startScroll(call: Call, body: Json): Promise<Answer> {
  const keepAlive = keepAliveOf(call.query['scroll']);
  const asked = await prepare(call, body, call.params['index']);
  if (asked.from > 0) throw validation('using [from] is not allowed in a scroll context');
  if (asked.size === 0) throw validation('[size] cannot be [0] in a scroll context');
  if (asked.pointInTime) throw validation('using [point in time] is not allowed in a scroll context');
  const pointInTime = await call.store.openPointInTime(asked.indices, keepAlive);
  const counted = call.query['track_total_hits'] ?? body['track_total_hits'];
  const scroll: Scroll = {
    owner: '',
    pointInTime,
    request: { ...asked, ...(counted === undefined && { trackTotalHits: true }) },
    form: responseForm(asked, call.query, body),
    after: undefined,
    expires: Date.now() + keepAlive,
  };
  try {
    const page = await nextPage(call, scroll, keepAlive);
    const id = call.api.openScroll(scroll, call.identity);
    return { text: withId(id, page, scroll) };
  } catch (error) {
    await call.store.closePointInTime(pointInTime);
    throw error;
  }
}

async function goOn(call: Call): Promise<Answer> {
  const body = call.object();
  const id = call.params['id'] ?? body['scroll_id'] ?? call.query['scroll_id'];
  if (typeof id !== 'string') throw validation('scrollId is missing');
  const scroll = call.api.scroll(id, call.identity);
  const given = call.query['scroll'] ?? body['scroll'];
  const keepAlive = given === undefined ? 60_000 : keepAliveOf(given);
  scroll.expires = Math.max(scroll.expires, Date.now() + keepAlive);
  const page = await nextPage(call, scroll, keepAlive);
  return { text: withId(id, page, scroll) };
}

async function nextPage(call: Call, scroll: Scroll, keepAlive: number): Promise<SearchResult> {
  const { request, pointInTime, after } = scroll;
  const { aggregations: _, ...more } = request;
  const result = await call.store.search(
    {
      ...(after ? more : request),
      pointInTime: { id: pointInTime, keepAlive },
      ...(after && { searchAfter: after }),
    },
    call.signal,
  );
  const last = result.hits.at(-1)?.sort;
  if (last) scroll.after = last;
  return result;
}

/** The order of arrival, which goes with points in time, is none of the caller's keys. */
function withId(
  id: string,
  { pointInTimeId: _, ...result }: SearchResult,
  { request, form }: Scroll,
): string {
  const keys = request.sort.length;
  const hits = result.hits.map(({ sort, ...hit }) => ({
    ...hit,
    ...(keys > 0 && sort && { sort: sort.slice(0, keys) }),
  }));
  return `{"_scroll_id":${JSON.stringify(id)},${searchResponse({ ...result, hits }, form).slice(1)}`;
}

async function clear(call: Call): Promise<Answer> {
  const given = call.params['id'] ?? call.object()['scroll_id'] ?? call.query['scroll_id'];
  const ids = Array.isArray(given) ? given.map(String) : typeof given === 'string' ? names(given) : undefined;
  if (ids === undefined) throw validation('no scroll ids specified');
  const closed = await call.api.closeScrolls(ids.includes('_all') ? undefined : ids, call.identity);
  return json({ succeeded: true, num_freed: closed }, closed === 0 && !ids.includes('_all') ? 404 : 200);
}

async function openPoint(call: Call): Promise<string> {
  const keepAlive = keepAliveOf(call.query['keep_alive']);
  const body = call.object();
  if (Object.keys(body['index_filter'] ?? {}).length > 0)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      "[index_filter] is not supported by Millrace's event store",
    );
  const id = await call.store.openPointInTime(await call.select(), keepAlive);
  call.api.rememberPoint(id, call.identity, keepAlive);
  return id;
}

async function closePoint(call: Call, id: string): Promise<boolean> {
  call.api.checkPoint(id, call.identity);
  call.api.forgetPoint(id);
  return call.store.closePointInTime(id);
}

async function closeElastic(call: Call): Promise<Answer> {
  const { id } = call.object();
  if (typeof id !== 'string') throw validation('[id] is required');
  try {
    const closed = await closePoint(call, id);
    return json({ succeeded: closed, num_freed: closed ? 1 : 0 }, closed ? 200 : 404);
  } catch (error) {
    if (!(error instanceof StoreError) || error.status !== 404) throw error;
    return json({ succeeded: true, num_freed: 0 }, 404);
  }
}

async function closeOpenSearch(call: Call): Promise<Answer> {
  const given = call.path.endsWith('/_all') ? undefined : call.object()['pit_id'];
  const ids =
    given === undefined ? call.api.pointsOf(call.identity).map(({ id }) => id) : [given].flat().map(String);
  const pits: Json[] = [];
  for (const id of ids) pits.push({ successful: await closePoint(call, id), pit_id: id });
  return json({ pits });
}

const validation = (reason: string): StoreError =>
  new StoreError(400, 'action_request_validation_exception', `Validation Failed: 1: ${reason};`);

const scrolling = ['scroll', 'scroll_id', 'rest_total_hits_as_int'];

export const scrollRoutes: readonly Route[] = [
  { methods: ['GET', 'POST'], paths: ['/_search/scroll', '/_search/scroll/{id}'], needs: 'read', takes: scrolling, handle: goOn },
  { methods: ['DELETE'], paths: ['/_search/scroll', '/_search/scroll/{id}'], needs: 'read', takes: scrolling, handle: clear },
  { methods: ['POST'], paths: ['/{index}/_pit'], needs: 'read', takes: ['keep_alive'], handle: async (call) => json({ id: await openPoint(call), _shards: shards() }) },
  { methods: ['DELETE'], paths: ['/_pit'], needs: 'read', handle: closeElastic },
  {
    methods: ['POST'], paths: ['/{index}/_search/point_in_time'], needs: 'read', takes: ['keep_alive', 'allow_partial_pit_creation'],
    handle: async (call) => json({ pit_id: await openPoint(call), _shards: shards(), creation_time: Date.now() }),
  },
  { methods: ['DELETE'], paths: ['/_search/point_in_time', '/_search/point_in_time/_all'], needs: 'read', handle: closeOpenSearch },
  {
    methods: ['GET'], paths: ['/_search/point_in_time/_all'], needs: 'read',
    handle: ({ api, identity }) => json({ pits: api.pointsOf(identity).map(({ id, keepAlive }) => ({ pit_id: id, keep_alive: keepAlive })) }),
  },
]; // biome-ignore format: a table
