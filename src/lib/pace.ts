/** When events of a replay may go on: at most so many a second, and in the rhythm of their own times. */

export interface PaceOptions {
  /** Events a second; undefined: any number. */
  readonly rate: number | undefined;
  /** How many times as fast as they happened; undefined: times do not matter. */
  readonly speed: number | undefined;
  /** Milliseconds of a clock that is never set. */
  readonly now?: () => number;
}

/** What was let go at once at most, of a second's events: a rate is even, not one burst a second. */
const SLICES = 20;

export class Pace {
  readonly #rate: number | undefined;
  readonly #speed: number | undefined;
  readonly #now: () => number;
  /** When the next event may go, as far as the rate is concerned. */
  #free = 0;
  /** The clock when the first event went, and its own time. */
  #began: { readonly clock: number; readonly time: number } | undefined;

  constructor({ rate, speed, now = () => performance.now() }: PaceOptions) {
    this.#rate = rate;
    this.#speed = speed;
    this.#now = now;
  }

  /** How many of the next events may go together. */
  get burst(): number {
    return this.#rate === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(this.#rate / SLICES));
  }

  /** Milliseconds until an event with that time (in milliseconds) may go; then tell `went`. */
  delay(time: number | undefined): number {
    const now = this.#now();
    let at = this.#free;
    if (this.#speed !== undefined && time !== undefined) {
      this.#began ??= { clock: now, time };
      at = Math.max(at, this.#began.clock + (time - this.#began.time) / this.#speed);
    }
    return Math.max(0, at - now);
  }

  went(count: number): void {
    if (this.#rate !== undefined)
      this.#free = Math.max(this.#free, this.#now()) + (count / this.#rate) * 1000;
  }
}
