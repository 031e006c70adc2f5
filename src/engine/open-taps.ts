/** The main thread's side of taps: opens them in all workers, hands samples to whoever asked, ends them in time. */
import type { EventSample, FromWorker, TapRequest, ToWorker } from './messages.ts';

export interface TapOptions {
  /** Node id; empty: the whole pipeline. */
  readonly node: string;
  /** Samples a second at most, of all workers together. */
  readonly rate: number;
  /** Takes every event of a batch while the rate allows, and not a few of each. */
  readonly all?: boolean;
  readonly signal: AbortSignal;
}

export interface TapBatch {
  readonly samples: readonly EventSample[];
  /** Samples that the reader was too slow for. */
  readonly skipped: number;
  readonly ended?: 'time';
}

/** A tap ends by itself. */
const MAX_MS = 5 * 60_000;
const MAX_TAPS = 16;
/** Held for a reader, at most. */
const MAX_WAITING = 500;
const MAX_WAITING_LENGTH = 8 << 20;
/** A reader gets what came within so many milliseconds at once. */
const GATHER_MS = 200;

interface Tap {
  readonly request: TapRequest;
  waiting: EventSample[];
  length: number;
  skipped: number;
  wake: (() => void) | undefined;
}

const lengthOf = ({ before, after }: EventSample): number =>
  (before?.length ?? 0) + after.reduce((sum, text) => sum + text.length, 0);

export class OpenTaps {
  readonly #post: (message: ToWorker) => void;
  readonly #taps = new Map<number, Tap>();
  #nextToken = 1;

  /** `post` reaches every worker. */
  constructor(post: (message: ToWorker) => void) {
    this.#post = post;
  }

  /** What a worker that was just started must know. */
  messages(): ToWorker[] {
    return [...this.#taps.values()].map(({ request }) => ({ type: 'tap', request }));
  }

  /** Ends with the signal, and after five minutes. @throws Error when too many are open */
  async *open(id: string, { node, rate, all, signal }: TapOptions): AsyncGenerator<TapBatch> {
    if (this.#taps.size >= MAX_TAPS) throw new Error(`${MAX_TAPS} taps are open already: close one of them`);
    const request: TapRequest = {
      token: this.#nextToken++,
      id,
      node,
      rate,
      ...(all === true && { all }),
      until: Date.now() + MAX_MS,
    };
    const tap: Tap = { request, waiting: [], length: 0, skipped: 0, wake: undefined };
    const wake = (): void => tap.wake?.();
    const timer = setTimeout(wake, MAX_MS);
    signal.addEventListener('abort', wake);
    this.#taps.set(request.token, tap);
    this.#post({ type: 'tap', request });
    try {
      while (!signal.aborted) {
        if (tap.waiting.length > 0 || tap.skipped > 0) {
          const { waiting: samples, skipped } = tap;
          tap.waiting = [];
          tap.length = 0;
          tap.skipped = 0;
          yield { samples, skipped };
        }
        if (Date.now() >= request.until) {
          yield { samples: [], skipped: 0, ended: 'time' };
          return;
        }
        await new Promise<void>((resolve) => {
          tap.wake = resolve;
          if (tap.waiting.length > 0 || signal.aborted) resolve();
        });
        // What other workers have just found comes along.
        if (!signal.aborted && !all) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      this.#taps.delete(request.token);
      this.#post({ type: 'untap', token: request.token });
    }
  }

  take({ token, samples }: Extract<FromWorker, { type: 'tapped' }>): void {
    const tap = this.#taps.get(token);
    if (!tap) return;
    for (const sample of samples) {
      const length = lengthOf(sample);
      if (tap.waiting.length >= MAX_WAITING || tap.length + length > MAX_WAITING_LENGTH) {
        tap.skipped++;
        continue;
      }
      tap.waiting.push(sample);
      tap.length += length;
    }
    tap.wake?.();
  }
}
