/**
 * Everything that a search matches, page by page, without a limit and with flat memory: a point in time and
 * `search_after`. A scan that was broken off goes on from the position of its last page.
 */
import type { Query } from '../query/tree.ts';
import { StoreError } from './errors.ts';
import type { IndexSelection, SearchHit, SearchRequest, SearchResult, SortKey, Store } from './store.ts';

/** What a scan needs of a store. */
export type ScannedStore = Pick<Store, 'search' | 'openPointInTime' | 'closePointInTime'>;

/** Sort values of a document, the order of arrival last: where a scan goes on behind it. */
export type ScanPosition = readonly (string | number | boolean | null)[];

export interface ScanRequest {
  readonly indices: IndexSelection;
  /** With times that are absolute: a scan that goes on later must mean the same by it. */
  readonly query: Query;
  /** Oldest `@timestamp` first unless given. */
  readonly sort?: readonly SortKey[];
  /** Left out: from the beginning. */
  readonly after?: ScanPosition;
  /** Documents at most. */
  readonly limit?: number;
  /** Parts of the documents; the whole of them unless given. */
  readonly source?: SearchRequest['source'];
}

export interface ScanPage {
  /** At least one. */
  readonly hits: readonly SearchHit[];
  /** Behind its last document. */
  readonly position: ScanPosition;
  /** Documents up to its end, of this scan. */
  readonly done: number;
  /** What the search matched when this scan began: those before `after` are counted, too. */
  readonly total: number;
}

export const OLDEST_FIRST: readonly SortKey[] = [{ field: '@timestamp', order: 'asc', unmappedType: 'date' }];

const KEEP_ALIVE_MS = 10 * 60_000;
/** Pages are as large as this, whatever the size of the documents. */
const PAGE_BYTES = 4 << 20;
const FIRST_PAGE = 500;
const MAX_PAGE = 10_000;

/**
 * The next page is read while one is worked on. The snapshot is let go at the end, and when the caller stops early.
 * @throws StoreError and QueryError for what can not be searched; the signal's reason
 */
export async function* scan(
  store: ScannedStore,
  request: ScanRequest,
  signal?: AbortSignal,
): AsyncGenerator<ScanPage> {
  const { limit = Number.POSITIVE_INFINITY } = request;
  if (limit <= 0) return;
  const reader = new PageReader(store, request, signal);
  let done = 0;
  let total: number | undefined;
  let next: Promise<SearchResult> | undefined;
  try {
    let result = await reader.read(request.after, Math.min(FIRST_PAGE, limit), true);
    while (result.hits.length > 0) {
      total ??= result.total?.value ?? 0;
      const { hits } = result;
      done += hits.length;
      const position = hits.at(-1)!.sort!;
      const wanted = Math.min(pageSize(hits), limit - done);
      next = wanted > 0 ? reader.read(position, wanted, false) : undefined;
      // Who takes the page may stop, or take long, before it is waited for.
      next?.catch(() => {});
      yield { hits, position, done, total };
      if (next === undefined) return;
      result = await next;
      // The page may have come before it was aborted, and be the last one.
      signal?.throwIfAborted();
    }
  } finally {
    await next?.catch(() => {});
    await reader.close();
  }
}

/** Reads pages of one snapshot, and of another one when nobody asked for the next page for too long. */
class PageReader {
  readonly #store: ScannedStore;
  readonly #request: ScanRequest;
  readonly #signal: AbortSignal | undefined;
  #id: string | undefined;

  constructor(store: ScannedStore, request: ScanRequest, signal: AbortSignal | undefined) {
    this.#store = store;
    this.#request = request;
    this.#signal = signal;
  }

  async read(after: ScanPosition | undefined, size: number, first: boolean): Promise<SearchResult> {
    const isKept = this.#id !== undefined;
    try {
      return await this.#search(after, size, first);
    } catch (error) {
      const isGone = error instanceof StoreError && error.type === 'search_context_missing_exception';
      if (!isKept || !isGone) throw error;
      this.#id = undefined;
      return this.#search(after, size, first);
    }
  }

  async #search(after: ScanPosition | undefined, size: number, first: boolean): Promise<SearchResult> {
    const { indices, query, sort = OLDEST_FIRST, source = true } = this.#request;
    this.#id ??= await this.#store.openPointInTime(indices, KEEP_ALIVE_MS);
    const result = await this.#store.search(
      {
        indices,
        pointInTime: { id: this.#id, keepAlive: KEEP_ALIVE_MS },
        query,
        from: 0,
        size,
        sort,
        ...(after && { searchAfter: after }),
        source,
        trackTotalHits: first,
      },
      this.#signal,
    );
    this.#id = result.pointInTimeId ?? this.#id;
    // A gap that nobody hears of is worse than no answer.
    if (result.failures !== undefined && result.failures.length > 0)
      throw new StoreError(500, 'search_phase_execution_exception', result.failures.join('; '));
    if (result.timedOut)
      throw new StoreError(503, 'search_phase_execution_exception', 'the search ran out of time');
    return result;
  }

  async close(): Promise<void> {
    // Its time ends anyway.
    if (this.#id !== undefined) await this.#store.closePointInTime(this.#id).catch(() => {});
  }
}

function pageSize(hits: readonly SearchHit[]): number {
  let bytes = 0;
  for (const { source = '' } of hits) bytes += source.length + 200;
  return Math.max(1, Math.min(MAX_PAGE, Math.floor((PAGE_BYTES / bytes) * hits.length)));
}
