/** What passes inputs and outputs, second by second: rates, and when the last event was seen. */
import type { Engine } from '../../engine/engine.ts';
import { Ticks } from '../ticks.ts';

const EVERY_MS = 1000;
const KEPT = 6;

interface Moment {
  readonly at: number;
  readonly events: number;
}

interface Watched {
  readonly moments: Moment[];
  last: number | undefined;
}

export interface Passing {
  /** Events a second. */
  readonly rate: number;
  /** Since the pipeline was started. */
  readonly total: number;
  /** Milliseconds since the epoch, of the last second in which there was one. */
  readonly last: number | undefined;
}

const nothing: Passing = { rate: 0, total: 0, last: undefined };

export class Flow {
  readonly #engine: Engine;
  readonly #nodes = new Map<string, Watched>();
  readonly #ticks = new Ticks();
  readonly #timer: NodeJS.Timeout;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#timer.unref();
    this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#ticks.close();
  }

  #look(): void {
    const seen = new Set<string>();
    const at = Date.now();
    for (const id of this.#engine.pipelines.keys()) {
      const { nodes } = this.#engine.counts(id);
      for (const [node, counts] of nodes) {
        const key = `${id}/${node}`;
        seen.add(key);
        this.#take(key, { at, events: counts.out });
      }
    }
    for (const key of this.#nodes.keys()) if (!seen.has(key)) this.#nodes.delete(key);
    this.#ticks.tick();
  }

  #take(key: string, moment: Moment): void {
    let watched = this.#nodes.get(key);
    if (!watched) this.#nodes.set(key, (watched = { moments: [], last: undefined }));
    const { moments } = watched;
    const before = moments.at(-1)?.events ?? 0;
    // It was started anew.
    if (moment.events < before) moments.length = 0;
    if (moment.events > (moments.at(-1)?.events ?? 0)) watched.last = moment.at;
    moments.push(moment);
    if (moments.length > KEPT) moments.shift();
  }

  of(pipeline: string, node: string): Passing {
    const watched = this.#nodes.get(`${pipeline}/${node}`);
    const [first, now] = [watched?.moments[0], watched?.moments.at(-1)];
    if (!watched || !first || !now) return nothing;
    const seconds = (now.at - first.at) / 1000;
    const rate = seconds > 0 ? (now.events - first.events) / seconds : 0;
    return {
      rate: rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2)),
      total: now.events,
      last: watched.last,
    };
  }

  /** What `read` gives now and after every second; ends with the signal, and when it gives nothing. */
  each<T>(signal: AbortSignal, read: () => T | undefined): AsyncGenerator<T> {
    return this.#ticks.each(signal, read);
  }
}
