/** Counts what an input had to drop, by sender and by reason, in bounded memory. */
import type { Drops } from './messages.ts';

/** Senders, and reasons, that are counted for themselves; the rest go to "other". */
const MAX_SOURCES = 1000;
const MAX_REASONS = 20;
const OTHER = 'other';

export class DropTable {
  #events = 0;
  readonly #bySource = new Map<string, number>();
  readonly #byReason = new Map<string, number>();

  get events(): number {
    return this.#events;
  }

  add(source: string, reason: string): void {
    this.#events++;
    increase(this.#bySource, source, MAX_SOURCES);
    increase(this.#byReason, reason, MAX_REASONS);
  }

  /** Those that lost most come first. */
  counts(): Drops {
    const list = (counts: ReadonlyMap<string, number>): Record<string, number> =>
      Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
    return { events: this.#events, by_source: list(this.#bySource), by_reason: list(this.#byReason) };
  }
}

function increase(counts: Map<string, number>, key: string, max: number): void {
  const known = counts.get(key);
  if (known !== undefined) counts.set(key, known + 1);
  else if (counts.size < max) counts.set(key, 1);
  else counts.set(OTHER, (counts.get(OTHER) ?? 0) + 1);
}
