/** Flow metrics: rates over Logstash's windows, from snapshots of counters. */
import type { PipelineCounts } from '../engine/metrics.ts';

export interface Snapshot {
  /** Milliseconds, monotonic. */
  readonly at: number;
  readonly counts: PipelineCounts;
  readonly pushMillis: number;
}

const windows = {
  current: 10_000,
  last_1_minute: 60_000,
  last_5_minutes: 300_000,
  last_15_minutes: 900_000,
  last_1_hour: 3_600_000,
  last_24_hours: 86_400_000,
  lifetime: Number.POSITIVE_INFINITY,
} as const;
type WindowName = keyof typeof windows;

/** A rate in each window that is filled to at least four fifths; `Infinity` is written as text, as Logstash does. */
export type Flow = Partial<Record<WindowName, number | string>>;

const FINE_MS = 5_000;
const FINE_SPAN_MS = 900_000;
const COARSE_MS = 60_000;

/** The snapshots of one pipeline: every 5 s for a quarter of an hour, every minute for a day, and the first. */
export class FlowHistory {
  readonly #first: Snapshot;
  #fine: Snapshot[] = [];
  #coarse: Snapshot[] = [];

  constructor(first: Snapshot) {
    this.#first = first;
  }

  record(snapshot: Snapshot): void {
    if (snapshot.at - (this.#fine.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= FINE_MS - 100)
      this.#fine.push(snapshot);
    if (snapshot.at - (this.#coarse.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= COARSE_MS - 100)
      this.#coarse.push(snapshot);
    this.#fine = this.#fine.filter((each) => snapshot.at - each.at <= FINE_SPAN_MS + FINE_MS);
    this.#coarse = this.#coarse.filter((each) => snapshot.at - each.at <= windows.last_24_hours + COARSE_MS);
  }

  /** How fast `numerator` grows against `denominator` (default: seconds), in each window. */
  flow(
    now: Snapshot,
    numerator: (snapshot: Snapshot) => number,
    denominator?: (snapshot: Snapshot) => number,
  ): Flow {
    const flow: Flow = {};
    for (const [name, span] of Object.entries(windows) as [WindowName, number][]) {
      const from = this.#baseline(now, span);
      if (!from) continue;
      const top = numerator(now) - numerator(from);
      const bottom = denominator ? denominator(now) - denominator(from) : (now.at - from.at) / 1000;
      if (bottom > 0) flow[name] = significant(top / bottom);
      else if (top > 0) flow[name] = 'Infinity';
      else if (!denominator) flow[name] = 0;
    }
    return flow;
  }

  #baseline(now: Snapshot, span: number): Snapshot | undefined {
    if (span === Number.POSITIVE_INFINITY) return this.#first;
    const snapshots = span <= FINE_SPAN_MS ? this.#fine : this.#coarse;
    let best: Snapshot | undefined;
    for (const each of snapshots) {
      // The oldest one inside the window.
      if (now.at - each.at <= span + 100) {
        best = each;
        break;
      }
    }
    if (!best || best === now) return undefined;
    return span === windows.current || now.at - best.at >= span * 0.8 ? best : undefined;
  }
}

/** Four significant digits. */
const significant = (value: number): number => Number(value.toPrecision(4));
