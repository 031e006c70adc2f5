/**
 * The writes of one output that are under way. Each gets a signal; the writes of outputs that have no time limit of
 * their own are cut after one of the engine's.
 */
import type { Output } from '../kernel/plugin.ts';

export interface Attempt {
  readonly signal: AbortSignal;
}

interface TimedAttempt extends Attempt {
  readonly controller: AbortController;
  readonly since: number;
  isCut: boolean;
}

export class Attempts {
  readonly #all = new AbortController();
  /** For every write of an output that has its own limits. */
  readonly #untimed: Attempt = { signal: this.#all.signal };
  readonly #limitMs: number;
  readonly #running = new Set<TimedAttempt>();

  /** `limitMs`: 0 for none. */
  constructor(output: Output, limitMs: number) {
    this.#limitMs = output.timeLimit === undefined ? limitMs : 0;
  }

  get signal(): AbortSignal {
    return this.#all.signal;
  }

  begin(): Attempt {
    if (this.#limitMs === 0) return this.#untimed;
    const controller = new AbortController();
    if (this.#all.signal.aborted) controller.abort();
    const attempt: TimedAttempt = {
      controller,
      signal: controller.signal,
      since: performance.now(),
      isCut: false,
    };
    this.#running.add(attempt);
    return attempt;
  }

  end(attempt: Attempt): void {
    if (attempt !== this.#untimed) this.#running.delete(attempt as TimedAttempt);
  }

  /** In words, if it was cut. */
  cutReason(attempt: Attempt): string | undefined {
    return (attempt as TimedAttempt).isCut
      ? `nothing came of a write for ${this.#limitMs / 1000} seconds (pipeline.delivery_timeout), it was cut`
      : undefined;
  }

  /** Every second: cuts those that have taken too long. */
  tick(): void {
    if (this.#running.size === 0) return;
    const before = performance.now() - this.#limitMs;
    for (const attempt of this.#running) {
      if (attempt.since > before || attempt.isCut) continue;
      attempt.isCut = true;
      attempt.controller.abort();
    }
  }

  /** Nothing more is to be done. */
  abort(): void {
    this.#all.abort();
    for (const { controller } of this.#running) controller.abort();
  }
}
