/**
 * The events of one search, a page at a time as they are scrolled to. Only some pages are kept, so that memory stays flat
 * however far somebody scrolls; of the others it is known where they begin.
 */
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { AnswerOf, EventHit, EventQuery } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import type { SortOrder } from './search-state.ts';
import { newProgressId } from './use-search-progress.ts';

type Answer = AnswerOf<'POST /api/events/search'>;
type Place = EventHit['sort'];

/** Rows that are asked for at a time. */
export const PAGE = 200;
const MAX_KEPT = 25;

export interface EventSearchRequest extends EventQuery {
  readonly sort: SortOrder;
}

export interface EventsState {
  /** Rows that are known to exist. */
  readonly count: number;
  /** There may be more behind them. */
  readonly more: boolean;
  readonly loading: boolean;
  readonly cancelled: boolean;
  readonly error: unknown;
  /** Of the first page. */
  readonly first: Answer | undefined;
  /** Changes with everything that is loaded. */
  readonly version: number;
}

const initial: EventsState = {
  count: 0,
  more: true,
  loading: true,
  cancelled: false,
  error: undefined,
  first: undefined,
  version: 0,
};

export class EventPages {
  readonly #request: EventSearchRequest;
  readonly #timeout: number | undefined;
  readonly #counted: boolean;
  readonly #pages = new Map<number, readonly EventHit[]>();
  /** Where each page begins: the place of the last row before it. */
  readonly #after: (Place | undefined)[] = [undefined];
  readonly #loading = new Map<number, { readonly controller: AbortController; readonly id: string }>();
  readonly #listeners = new Set<() => void>();
  #range: Answer['range'] | undefined;
  state: EventsState = initial;

  /** `counted`: how many there are is wanted, too. */
  constructor(request: EventSearchRequest, counted: boolean, timeout?: number) {
    this.#request = request;
    this.#counted = counted;
    this.#timeout = timeout;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  snapshot = (): EventsState => this.state;

  /** Undefined while its page is not there; `need` loads it. */
  row(at: number): EventHit | undefined {
    return this.#pages.get(Math.floor(at / PAGE))?.[at % PAGE];
  }

  /** Loads the pages of the rows that are looked at. */
  need(from: number, to: number): void {
    const last = Math.min(Math.floor(to / PAGE), this.#after.length - 1);
    for (let page = Math.floor(from / PAGE); page <= last; page++)
      if (!this.#pages.has(page) && !this.#loading.has(page) && this.state.error === undefined)
        void this.#load(page);
    this.#forget(Math.floor(from / PAGE));
  }

  /** Names of the searches that run. */
  get running(): readonly string[] {
    return [...this.#loading.values()].map(({ id }) => id);
  }

  cancel(): void {
    if (this.#loading.size === 0) return;
    this.#abort();
    this.#set({ loading: false, cancelled: true, more: false });
  }

  /** The search is of no interest any more. */
  end(): void {
    this.#abort();
  }

  #abort(): void {
    for (const { controller } of this.#loading.values()) controller.abort();
    this.#loading.clear();
  }

  async #load(page: number): Promise<void> {
    const controller = new AbortController();
    const id = newProgressId();
    this.#loading.set(page, { controller, id });
    if (!this.state.loading) this.#set({ loading: true });
    const { sort, ...query } = this.#request;
    const after = this.#after[page];
    const range = this.#range && {
      from: new Date(this.#range.from).toISOString(),
      to: new Date(this.#range.to).toISOString(),
    };
    try {
      const answer = await call('POST /api/events/search', {
        body: {
          ...query,
          ...(after && range),
          sort: [sort],
          size: PAGE,
          counted: this.#counted,
          progressId: id,
          ...(after && { after }),
          ...(this.#timeout !== undefined && { timeout: this.#timeout }),
        },
        signal: controller.signal,
      });
      this.#loading.delete(page);
      if (!controller.signal.aborted) this.#take(page, answer);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#loading.delete(page);
      this.#set({ loading: this.#loading.size > 0, error, more: false });
    }
  }

  #take(page: number, answer: Answer): void {
    const { hits } = answer;
    this.#pages.set(page, hits);
    this.#range ??= answer.range;
    const full = hits.length === PAGE;
    if (full) this.#after[page + 1] ??= hits.at(-1)!.sort;
    this.#set({
      count: Math.max(this.state.count, page * PAGE + hits.length),
      more: full ? this.state.more : false,
      loading: this.#loading.size > 0,
      ...(page === 0 && { first: answer }),
    });
  }

  #forget(around: number): void {
    if (this.#pages.size <= MAX_KEPT) return;
    const far = [...this.#pages.keys()].toSorted((a, b) => Math.abs(b - around) - Math.abs(a - around));
    for (const page of far.slice(0, this.#pages.size - MAX_KEPT)) this.#pages.delete(page);
  }

  #set(change: Partial<EventsState>): void {
    this.state = { ...this.state, ...change, version: this.state.version + 1 };
    for (const listener of this.#listeners) listener();
  }
}

/** A new search whenever the request or `tick` changes; until it has rows, those of the one before stay. */
export function useEventPages(
  request: EventSearchRequest,
  tick: number,
  enabled: boolean,
  counted: boolean,
  timeout?: number,
): { readonly pages: EventPages; readonly shown: EventPages; readonly state: EventsState } {
  const key = JSON.stringify(request);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the request; a chart that is shown or hidden asks for no rows again
  const pages = useMemo(() => new EventPages(request, counted, timeout), [key, tick, timeout]);
  const state = useSyncExternalStore(pages.subscribe, pages.snapshot);
  const [before, setBefore] = useState<EventPages>();
  useEffect(() => {
    if (!enabled) return undefined;
    pages.need(0, 0);
    return () => pages.end();
  }, [pages, enabled]);
  const ready = state.first !== undefined;
  useEffect(() => {
    if (ready) setBefore(pages);
  }, [pages, ready]);
  const shown = ready || !before || state.error !== undefined || state.cancelled ? pages : before;
  return { pages, shown, state };
}
