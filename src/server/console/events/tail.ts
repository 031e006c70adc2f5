/** Events as they arrive: the store is asked again and again for what came behind the last one seen. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Query } from '../../../query/tree.ts';
import type { ArrivalPosition, SearchHit, SearchRequest, Store } from '../../../store/store.ts';
import type { EventHit } from '../../contract.ts';
import { eventHits, highlightOf, sourceOf } from './hits.ts';
import type { View } from './rights.ts';

const POLL_MS = 250;
/** A cluster shows what was written a second later, or more. */
const CLUSTER_POLL_MS = 700;
/** Events of one poll that are counted; more are taken for so many. */
const MAX_COUNTED = 100_000;
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
  const isCluster = (await store.status()).driver === 'cluster';
  const pollMs = isCluster ? CLUSTER_POLL_MS : POLL_MS;
  const next = isCluster ? await ofCluster(store, current, signal) : await ofEmbedded(store, current, signal);
  yield { hits: [], skipped: 0 };
  for (let credit = limit; !signal.aborted; ) {
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    if (performance.now() > viewUntil) {
      current = await view();
      query = await current.narrow(asked);
      viewUntil = performance.now() + VIEW_MS;
    }
    if (current.empty) continue;
    credit = Math.min(limit, credit + (limit * pollMs) / 1000);
    const quota = Math.max(1, Math.floor(credit));
    const { hits, skipped } = await next({ view: current, query, asked, quota });
    credit -= hits.length;
    if (hits.length > 0 || skipped > 0) yield { hits: eventHits(current, hits), skipped };
  }
}

interface Asked {
  readonly view: View;
  readonly query: Query;
  readonly asked: Query;
  readonly quota: number;
}

/** The newest `quota` of what came since it was asked last, and how many others. */
type Next = (what: Asked) => Promise<{ readonly hits: readonly SearchHit[]; readonly skipped: number }>;

async function ofEmbedded(store: Store, view: View, signal: AbortSignal): Promise<Next> {
  let after = await newest(store, view, signal);
  // Where there was too much last time there will be again: the first question is left out.
  let crowded = false;
  return async ({ view: current, ...what }) => {
    const { hits, last, skipped } = await step(store, current, { ...what, after, crowded, signal });
    after = last;
    crowded = skipped > 0;
    return { hits, skipped };
  };
}

async function ofCluster(store: Store, first: View, signal: AbortSignal): Promise<Next> {
  const now = async (view: View, query: Query, asked: Query, size: number, after?: ArrivalPosition) =>
    store.arrivals(
      {
        indices: view.selection,
        query,
        size,
        source: sourceOf(view),
        ...(after && { after }),
        ...(asked.type !== 'all' && { highlight: highlightOf(asked) }),
      },
      signal,
    );
  // Of those who may see nothing yet: everything that they will.
  let after: ArrivalPosition = {};
  if (!first.empty) after = (await now(first, { type: 'none' }, { type: 'all' }, 1)).position;
  return async ({ view, query, asked, quota }) => {
    const { hits, skipped, position } = await now(view, query, asked, quota, after);
    after = position;
    return { hits, skipped };
  };
}

interface StepOptions {
  readonly query: Query;
  readonly asked: Query;
  readonly after: number;
  readonly quota: number;
  readonly crowded: boolean;
  readonly signal: AbortSignal;
}

/** The newest `quota` of what came behind `after`, and how many others. */
async function step(
  store: Store,
  view: View,
  { query, asked, after, quota, crowded, signal }: StepOptions,
): Promise<{ hits: readonly SearchHit[]; last: number; skipped: number }> {
  const arrived = byArrival(view, query, after);
  const marks = asked.type === 'all' ? {} : { highlight: highlightOf(asked) };
  if (!crowded) {
    const { hits } = await store.search(
      { ...arrived, ...marks, size: quota + 1, source: sourceOf(view), trackTotalHits: false },
      signal,
    );
    if (hits.length <= quota) return { hits, last: placeOf(hits.at(-1)) ?? after, skipped: 0 };
  }
  const { hits, total } = await store.search(
    {
      ...arrived,
      ...marks,
      sort: [{ field: '_doc', order: 'desc' }],
      size: quota,
      source: sourceOf(view),
      trackTotalHits: MAX_COUNTED,
    },
    signal,
  );
  const shown = hits.toReversed();
  return {
    hits: shown,
    last: placeOf(shown.at(-1)) ?? after,
    skipped: Math.max(0, (total?.value ?? 0) - shown.length),
  };
}

const byArrival = (
  view: View,
  query: Query,
  after: number,
): Omit<SearchRequest, 'size' | 'source' | 'trackTotalHits'> => ({
  indices: view.selection,
  from: 0,
  // Only what has arrived since is looked at, however much is stored.
  query: { type: 'and', of: [{ type: 'range', field: '_seq_no', gt: after }, query] },
  sort: [{ field: '_doc', order: 'asc' }],
});

const placeOf = (hit: SearchHit | undefined): number | undefined => hit && Number(hit.sort?.[0]);

/** Where the order of arrival stands now. */
async function newest(store: Store, view: View, signal: AbortSignal): Promise<number> {
  if (view.empty) return 0;
  const { hits } = await store.search(
    {
      indices: view.selection,
      query: { type: 'all' },
      from: 0,
      size: 1,
      sort: [{ field: '_doc', order: 'desc' }],
      source: false,
      trackTotalHits: false,
    },
    signal,
  );
  return placeOf(hits[0]) ?? 0;
}
