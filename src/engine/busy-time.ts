/**
 * Adds up for how long something was at work, times how many at once, in milliseconds, into one slot of a pipeline's
 * counters. What is still under way counts up to the last `update`.
 */
export class BusyTime {
  readonly #values: Float64Array;
  readonly #slot: number;
  #active = 0;
  #since = 0;

  constructor(values: Float64Array, slot: number) {
    this.#values = values;
    this.#slot = slot;
  }

  get active(): number {
    return this.#active;
  }

  /** Time of the last begin, end or update, as `performance.now()` gave it. */
  get since(): number {
    return this.#since;
  }

  begin(now: number): void {
    this.update(now);
    this.#active++;
  }

  end(now: number): void {
    this.update(now);
    this.#active--;
  }

  update(now: number): void {
    if (this.#active > 0) this.#values[this.#slot]! += this.#active * (now - this.#since);
    this.#since = now;
  }

  /** Ends when the promise is settled, and settles as it does. */
  async until<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } finally {
      this.end(performance.now());
    }
  }
}
