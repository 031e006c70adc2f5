/** Bytes of unfinished records, over all connections of an input: bounded, however many senders trickle them. */

/** A sender of which something is held. */
export interface Holder {
  readonly held: number;
  /** Hands on what is held, as a piece of its record. */
  cut(): void;
}

const LIMIT = 64 * 1024 * 1024;

export class HeldBytes {
  readonly #limit: number;
  readonly #holders = new Set<Holder>();
  #total = 0;

  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  get total(): number {
    return this.#total;
  }

  /** The holder has so much more or less. Beyond the limit, those that hold most must hand on theirs. */
  changed(holder: Holder, by: number): void {
    this.#total += by;
    if (holder.held === 0) this.#holders.delete(holder);
    else this.#holders.add(holder);
    if (by > 0 && this.#total > this.#limit) this.#cutLargest();
  }

  /** Down to half of the limit, so that this is seldom. */
  #cutLargest(): void {
    for (const holder of [...this.#holders].sort((a, b) => b.held - a.held)) {
      if (this.#total <= this.#limit / 2) return;
      holder.cut();
    }
  }
}
