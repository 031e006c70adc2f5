/** Guesses cost more and more time: failures per place (an address, a name), forgotten after a quarter of an hour. */

const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 5 * 60_000;
const FORGET_MS = 15 * 60_000;
const MAX_PLACES = 10_000;

interface Failures {
  count: number;
  last: number;
}

export class Throttle {
  readonly #failures = new Map<string, Failures>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Milliseconds until the next try is looked at; 0: now. */
  wait(place: string): number {
    const failures = this.#failures.get(place);
    if (!failures || failures.count < FREE_FAILURES) return 0;
    const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures.count - FREE_FAILURES));
    return Math.max(0, failures.last + wait - this.#now());
  }

  fail(place: string): void {
    const now = this.#now();
    const known = this.#failures.get(place);
    // Put in anew, so that the oldest stands first.
    this.#failures.delete(place);
    const isOld = !known || now - known.last > FORGET_MS;
    this.#failures.set(place, { count: isOld ? 1 : known.count + 1, last: now });
    if (this.#failures.size > MAX_PLACES) this.#failures.delete(this.#failures.keys().next().value!);
  }

  succeed(place: string): void {
    this.#failures.delete(place);
  }
}
