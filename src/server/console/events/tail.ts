/** Events as they arrive: the store is asked again and again for what came behind the last one seen. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Query } from '../../../query/tree.ts';
import type { SearchHit, SearchRequest, Store } from '../../../store/store.ts';
import type { EventHit } from '../../contract.ts';
import { eventHits, highlightOf, sourceOf } from './hits.ts';
import type { View } from './rights.ts';

const POLL_MS = 250;
/** Events of one poll that are counted one by one; more are counted as so many. */
const MAX_COUNTED = 10_000;
/** Indices that were made since are looked for so often by those who may not see all of them. */
const VIEW_MS = 5_000;

export interface TailOptions {
  readonly store: Store;
  /** Asked for again now and then: indices come and go. */
  view(): Promise<View>;
  readonly asked: Query;
  /** Events a second. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

export interface TailStep {
  readonly hits: EventHit[];
  readonly skipped: number;
}

/** Ends when the signal is aborted. Yields an empty step now and then, so that the reader knows that it is alive. */
export async function* tail({ store, view, asked, limit, signal }: TailOptions): AsyncGenerator<TailStep> {
  let current = await view();
  let query = await current.narrow(asked);
  let viewUntil = performance.now() + VIEW_MS;
  let after = await newest(store, current, signal);
  yield { hits: [], skipped: 0 };
  for (let credit = limit; !signal.aborted; ) {
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    if (performance.now() > viewUntil) {
      current = await view();
      query = await current.narrow(asked);
      viewUntil = performance.now() + VIEW_MS;
    }
    if (current.empty) continue;
    credit = Math.min(limit, credit + (limit * POLL_MS) / 1000);
    const quota = Math.max(1, Math.floor(credit));
    const { hits, last, skipped } = await step(store, current, { query, asked, after, quota, signal });
    after = last;
    credit -= hits.length;
    if (hits.length > 0 || skipped > 0) yield { hits: eventHits(current, hits), skipped };
  }
}

interface StepOptions {
  readonly query: Query;
  readonly asked: Query;
  readonly after: number;
  readonly quota: number;
  readonly signal: AbortSignal;
}

/** The newest `quota` of what came behind `after`, and how many others. */
async function step(
  store: Store,
  view: View,
  { query, asked, after, quota, signal }: StepOptions,
): Promise<{ hits: readonly SearchHit[]; last: number; skipped: number }> {
  const read = async (from: number, size: number, full: boolean): Promise<readonly SearchHit[]> => {
    const { hits } = await store.search(
      {
        ...byArrival(view),
        query,
        size,
        searchAfter: [from],
        source: full ? sourceOf(view) : false,
        ...(full && asked.type !== 'all' && { highlight: highlightOf(asked) }),
      },
      signal,
    );
    return hits;
  };
  const first = await read(after, quota + 1, true);
  if (first.length <= quota) return { hits: first, last: placeOf(first.at(-1)) ?? after, skipped: 0 };
  const all = await read(after, MAX_COUNTED, false);
  const shown = all.length <= quota ? after : placeOf(all[all.length - quota - 1])!;
  const hits = await read(shown, quota, true);
  return {
    hits,
    last: placeOf(hits.at(-1)) ?? shown,
    skipped: Math.max(0, all.length - quota),
  };
}

const byArrival = (view: View): Omit<SearchRequest, 'query' | 'size' | 'source'> => ({
  indices: view.selection,
  from: 0,
  sort: [{ field: '_doc', order: 'asc' }],
  trackTotalHits: false,
});

const placeOf = (hit: SearchHit | undefined): number | undefined => hit && Number(hit.sort?.[0]);

/** Where the order of arrival stands now. */
async function newest(store: Store, view: View, signal: AbortSignal): Promise<number> {
  if (view.empty) return 0;
  const { hits } = await store.search(
    {
      ...byArrival(view),
      sort: [{ field: '_doc', order: 'desc' }],
      query: { type: 'all' },
      size: 1,
      source: false,
    },
    signal,
  );
  return placeOf(hits[0]) ?? 0;
}
