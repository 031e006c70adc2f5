/** A live tail: the latest events that match, and then those that come, in the order of arrival; of a cluster as its shards have it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Query } from '../query/tree.ts';
import type { IndexSelection, SearchHit, SearchRequest, Store } from '../store/store.ts';

export interface FollowRequest {
  readonly indices: IndexSelection;
  readonly query: Query;
  /** Events before those that come. */
  readonly limit: number;
  readonly intervalMs?: number;
}

const PAGE = 1000;
const INTERVAL_MS = 500;
/** Of a cluster at once; of more only the newest are shown. */
const CLUSTER_PAGE = 10_000;

/** Pages, the first one at once. Ends with the signal. */
export async function* followEvents(
  store: Pick<Store, 'search' | 'status' | 'arrivals'>,
  { indices, query, limit, intervalMs = INTERVAL_MS }: FollowRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly SearchHit[]> {
  const base: SearchRequest = {
    indices: { ...indices, ignoreUnavailable: true },
    query,
    from: 0,
    size: limit,
    sort: [{ field: '_doc', order: 'desc' }],
    source: true,
    trackTotalHits: false,
    version: true,
  };
  if ((await store.status()).driver === 'cluster') {
    const byTime: SearchRequest['sort'] = [{ field: '@timestamp', order: 'desc', unmappedType: 'date' }];
    const request = { indices: base.indices, query, size: CLUSTER_PAGE, source: true };
    let { position } = await store.arrivals(request, signal);
    if (limit > 0) yield (await store.search({ ...base, sort: byTime }, signal)).hits.toReversed();
    for (;;) {
      await sleep(intervalMs, undefined, { signal });
      const came = await store.arrivals({ ...request, after: position }, signal);
      position = came.position;
      if (came.hits.length > 0) yield came.hits;
    }
  }
  const [newest] = (await store.search({ ...base, query: { type: 'all' }, size: 1 }, signal)).hits;
  let place = newest ? placeOf(newest) : -1;
  if (limit > 0) {
    const { hits } = await store.search(base, signal);
    yield hits.filter((hit) => placeOf(hit) <= place).reverse();
  }
  for (;;) {
    const { hits } = await store.search(
      { ...base, size: PAGE, sort: [{ field: '_doc', order: 'asc' }], searchAfter: [place] },
      signal,
    );
    if (hits.length > 0) {
      place = placeOf(hits.at(-1)!);
      yield hits;
    }
    if (hits.length < PAGE) await sleep(intervalMs, undefined, { signal });
  }
}

const placeOf = ({ sort }: SearchHit): number => Number(sort?.[0]);
