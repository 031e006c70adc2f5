/**
 * Keeps an output from hammering a server that is down. Closed: everybody may try. A failure of the output as a whole
 * opens it: nobody tries until the wait is over; then one try is let through, as a probe. Its success closes the
 * circuit and lets all go, its failure opens it for twice as long.
 */

/** Bounds of the wait between tries, in milliseconds. */
export interface RetryDelays {
  readonly initialMs: number;
  readonly maxMs: number;
}

export const DEFAULT_DELAYS: RetryDelays = { initialMs: 250, maxMs: 30_000 };
/** Below this a wait is none. */
const SHORTEST_MS = 10;
/** What is added to the wait that a receiver asked for, at most: not all shall come back at the same moment. */
const SPREAD_MS = 1000;

/** Milliseconds to wait after so many failures in a row: as long as the receiver asked, or full jitter. */
export function backOff({ initialMs, maxMs }: RetryDelays, failures: number, retryAfter = 0): number {
  if (retryAfter > 0) return retryAfter + Math.random() * Math.min(initialMs, SPREAD_MS);
  const ceiling = Math.min(maxMs, initialMs * 2 ** Math.min(30, failures - 1));
  return Math.max(SHORTEST_MS, ceiling * (0.1 + 0.9 * Math.random()));
}

interface Waiter {
  /** With true: this one probes. */
  readonly resolve: (probes: boolean) => void;
  readonly reject: (error: Error) => void;
}

export interface CircuitOptions {
  readonly delays: RetryDelays;
  /** The wait is over and nobody waits: returns false if there is nothing to be probed without a batch. */
  readonly probe: () => boolean;
}

export class Circuit {
  readonly #delays: RetryDelays;
  readonly #probe: () => boolean;
  #state: 'closed' | 'open' | 'ready' | 'probing' = 'closed';
  /** Counts up whenever it opens. */
  #generation = 0;
  #failures = 0;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiters: Waiter[] = [];
  #stopped: Error | undefined;

  constructor({ delays, probe }: CircuitOptions) {
    this.#delays = delays;
    this.#probe = probe;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** To be handed back with the result of a try that begins now. */
  get generation(): number {
    return this.#generation;
  }

  /** Resolves when the caller may try; to true when everybody else waits for what comes of it. @throws when stopped */
  async turn(): Promise<boolean> {
    for (;;) {
      if (this.#stopped) throw this.#stopped;
      if (this.#state === 'closed') return false;
      if (this.#state === 'ready') {
        this.#state = 'probing';
        return true;
      }
      const probes = await new Promise<boolean>((resolve, reject) => {
        this.#waiters.push({ resolve, reject });
      });
      if (probes) return true;
    }
  }

  /** The other side took something. */
  succeeded(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#failures = 0;
    clearTimeout(this.#timer);
    for (const { resolve } of this.#waiters.splice(0)) resolve(false);
  }

  /** A try of this generation failed as a whole. One that was begun before the circuit opened says nothing new. */
  failed(generation: number, retryAfter = 0): void {
    if (this.#stopped) return;
    const now = performance.now();
    if (generation === this.#generation) {
      this.#failures++;
      this.#generation++;
      this.#open(now + backOff(this.#delays, this.#failures, retryAfter));
    } else if (this.#state === 'open' && now + retryAfter > this.#until) this.#open(now + retryAfter);
  }

  #open(until: number): void {
    this.#state = 'open';
    this.#until = until;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#over(), until - performance.now());
  }

  #over(): void {
    const first = this.#waiters.shift();
    this.#state = first || this.#probe() ? 'probing' : 'ready';
    first?.resolve(true);
  }

  /** Ends all waiting with an error. */
  stop(error: Error): void {
    this.#stopped ??= error;
    clearTimeout(this.#timer);
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
}
