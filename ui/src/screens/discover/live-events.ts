/** Live mode: the newest events as they arrive, some thousands of them, and how many a second. */
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { EventHit, EventQuery } from '../../../../src/server/contract.ts';
import { listen } from '../../lib/api.ts';

export const MAX_LIVE = 2000;
/** Seconds of rates that are kept. */
export const RATE_SECONDS = 120;
const LIMIT = 200;

export interface LiveState {
  /** Newest first. */
  readonly rows: readonly EventHit[];
  readonly paused: boolean;
  /** Arrived since the pause, shown or not. */
  readonly waiting: number;
  /** Matched, but were more than can be shown. */
  readonly skipped: number;
  readonly perSecond: number;
  /** Of the last seconds: the oldest first. */
  readonly rates: readonly number[];
  readonly connected: boolean;
  readonly problem: string | undefined;
  readonly version: number;
}

export class LiveEvents {
  readonly #listeners = new Set<() => void>();
  readonly #query: Pick<EventQuery, 'query' | 'filters' | 'indices'>;
  #held: EventHit[] = [];
  #thisSecond = 0;
  #stop: (() => void) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  state: LiveState = {
    rows: [],
    paused: false,
    waiting: 0,
    skipped: 0,
    perSecond: 0,
    rates: Array.from({ length: RATE_SECONDS }, () => 0),
    connected: false,
    problem: undefined,
    version: 0,
  };

  constructor(query: Pick<EventQuery, 'query' | 'filters' | 'indices'>) {
    this.#query = query;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  snapshot = (): LiveState => this.state;

  start(): void {
    const { query, filters, indices } = this.#query;
    this.#stop = listen(
      'GET /api/events/tail',
      { query: { query, filters: JSON.stringify(filters), indices: indices.join(','), limit: LIMIT } },
      {
        open: () => this.#set({ connected: true, problem: undefined }),
        event: ({ hits, skipped }) => this.#take(hits, skipped),
        problem: (problem) => this.#set({ connected: false, problem }),
      },
    );
    this.#timer = setInterval(() => this.#second(), 1000);
  }

  end(): void {
    this.#stop?.();
    clearInterval(this.#timer);
  }

  setPaused(paused: boolean): void {
    if (paused === this.state.paused) return;
    const held = this.#held;
    this.#held = [];
    this.#set({ paused, waiting: 0, ...(!paused && { rows: newestOf(held, this.state.rows) }) });
  }

  #take(hits: readonly EventHit[], skipped: number): void {
    const arrived = hits.length + skipped;
    if (arrived === 0) return;
    this.#thisSecond += arrived;
    const newest = hits.toReversed();
    if (this.state.paused) {
      this.#held = newestOf(newest, this.#held);
      this.#set({ waiting: this.state.waiting + arrived, skipped: this.state.skipped + skipped });
    } else this.#set({ rows: newestOf(newest, this.state.rows), skipped: this.state.skipped + skipped });
  }

  #second(): void {
    const perSecond = this.#thisSecond;
    this.#thisSecond = 0;
    this.#set({ perSecond, rates: [...this.state.rates.slice(1), perSecond] });
  }

  #set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change, version: this.state.version + 1 };
    for (const listener of this.#listeners) listener();
  }
}

const newestOf = (newest: EventHit[], older: readonly EventHit[]): EventHit[] =>
  newest.length >= MAX_LIVE
    ? newest.slice(0, MAX_LIVE)
    : [...newest, ...older.slice(0, MAX_LIVE - newest.length)];

/** Follows events while `enabled`. */
export function useLiveEvents(
  query: Pick<EventQuery, 'query' | 'filters' | 'indices'>,
  enabled: boolean,
): { readonly live: LiveEvents; readonly state: LiveState } {
  const key = JSON.stringify([query.query, query.filters, query.indices]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the query
  const live = useMemo(() => new LiveEvents(query), [key, enabled]);
  useEffect(() => {
    if (!enabled) return undefined;
    live.start();
    return () => live.end();
  }, [live, enabled]);
  return { live, state: useSyncExternalStore(live.subscribe, live.snapshot) };
}
