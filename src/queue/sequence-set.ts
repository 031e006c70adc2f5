/** A set of sequence numbers as ranges: what is acknowledged is mostly everything below a line. */
export class SequenceSet {
  /** First and last of each range, ascending, never touching. */
  readonly #ranges: number[] = [];

  get ranges(): readonly number[] {
    return this.#ranges;
  }

  /** The largest number, 0 if empty. */
  get last(): number {
    return this.#ranges.at(-1) ?? 0;
  }

  has(sequence: number): boolean {
    const at = this.#find(sequence);
    return at < this.#ranges.length && this.#ranges[at]! <= sequence;
  }

  /** Adds `first` to `last`, both included. */
  add(first: number, last: number): void {
    const ranges = this.#ranges;
    let from = this.#find(first - 1);
    let low = first;
    let high = last;
    let to = from;
    while (to < ranges.length && ranges[to]! <= last + 1) {
      low = Math.min(low, ranges[to]!);
      high = Math.max(high, ranges[to + 1]!);
      to += 2;
    }
    if (from > ranges.length) from = ranges.length;
    ranges.splice(from, to - from, low, high);
  }

  /** Index of the first range that ends at or after the number. */
  #find(sequence: number): number {
    const ranges = this.#ranges;
    let low = 0;
    let high = ranges.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle * 2 + 1]! < sequence) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}
