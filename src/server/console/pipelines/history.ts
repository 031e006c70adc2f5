/** Numbers over time, in rings of a fixed size: each second for five minutes, then coarser for an hour and a day. */

const windows = {
  '5m': { step: 1000, points: 300 },
  '1h': { step: 10_000, points: 360 },
  '24h': { step: 60_000, points: 1440 },
} as const;
export type WindowName = keyof typeof windows;
const names = Object.keys(windows) as WindowName[];

/** Rows of `width` numbers; NaN is nothing known. */
class Ring {
  readonly step: number;
  readonly #width: number;
  readonly #points: number;
  readonly #times: Float64Array;
  readonly #values: Float32Array;
  readonly #sums: Float64Array;
  readonly #counts: Uint32Array;
  #begun: number | undefined;
  #length = 0;
  #next = 0;

  constructor(width: number, { step, points }: { readonly step: number; readonly points: number }) {
    this.step = step;
    this.#width = width;
    this.#points = points;
    this.#times = new Float64Array(points);
    this.#values = new Float32Array(points * width);
    this.#sums = new Float64Array(width);
    this.#counts = new Uint32Array(width);
  }

  /** The mean of what came within a step becomes one row. */
  add(at: number, row: readonly number[]): void {
    const begin = Math.floor(at / this.step);
    if (this.#begun !== undefined && begin !== this.#begun) this.#close();
    this.#begun = begin;
    for (let column = 0; column < this.#width; column++) {
      const value = row[column]!;
      if (Number.isNaN(value)) continue;
      this.#sums[column]! += value;
      this.#counts[column]!++;
    }
  }

  #close(): void {
    const base = this.#next * this.#width;
    this.#times[this.#next] = this.#begun! * this.step;
    for (let column = 0; column < this.#width; column++) {
      const count = this.#counts[column]!;
      this.#values[base + column] = count === 0 ? Number.NaN : this.#sums[column]! / count;
      this.#sums[column] = 0;
      this.#counts[column] = 0;
    }
    this.#next = (this.#next + 1) % this.#points;
    this.#length = Math.min(this.#points, this.#length + 1);
  }

  *#places(): Generator<number> {
    const first = this.#length < this.#points ? 0 : this.#next;
    for (let at = 0; at < this.#length; at++) yield (first + at) % this.#points;
  }

  times(): number[] {
    return [...this.#places()].map((place) => this.#times[place]!);
  }

  column(column: number): (number | null)[] {
    return [...this.#places()].map((place) => {
      const value = this.#values[place * this.#width + column]!;
      return Number.isNaN(value) ? null : Number(value.toPrecision(6));
    });
  }
}

/** What is remembered of one pipeline, or of one node. */
export class Series<Column extends string> {
  readonly #columns: readonly Column[];
  readonly #rings: readonly Ring[];

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#rings = names.map((name) => new Ring(columns.length, windows[name]));
  }

  /** `at`: milliseconds since the epoch. */
  add(at: number, values: Readonly<Record<Column, number>>): void {
    const row = this.#columns.map((column) => values[column]);
    for (const ring of this.#rings) ring.add(at, row);
  }

  /** Whole steps only, oldest first. */
  read(window: WindowName): { step: number; times: number[]; column(name: Column): (number | null)[] } {
    const ring = this.#rings[names.indexOf(window)]!;
    return {
      step: ring.step,
      times: ring.times(),
      column: (name) => ring.column(this.#columns.indexOf(name)),
    };
  }
}
