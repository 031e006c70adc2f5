/** A live tail: the latest events that match, and then those that come, in the order of arrival. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../kernel/errors.ts';
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

/** Pages, the first one at once. Ends with the signal. @throws MillraceError when the store can not be followed */
export async function* followEvents(
  store: Pick<Store, 'search'>,
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
  const [newest] = (await store.search({ ...base, query: { type: 'all' }, size: 1 }, signal)).hits;
  if (newest && placeOf(newest) !== newest.seqNo)
    throw new MillraceError(
      'ERR_USAGE',
      'what answers there is no event store of Millrace: it knows no order of arrival, so that --follow is not possible',
    );
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
