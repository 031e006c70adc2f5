/** How far a search is: of the rows that its statements have to read, how many they have read. */

export interface Reading {
  /** `share`: of its rows, from 0 to 1. */
  at(share: number): void;
  /** It has read all it had to. */
  end(): void;
}

export class SearchProgress {
  readonly #tell: (share: number) => void;
  readonly #running = new Map<Reading, { readonly rows: number; share: number }>();
  #expected = 0;
  #done = 0;
  #told = 0;

  /** `tell` gets shares of the whole that only grow, from 0 to 1. */
  constructor(tell: (share: number) => void) {
    this.#tell = tell;
  }

  /** So many rows will have to be read. */
  expect(rows: number): void {
    this.#expected += rows;
  }

  /** A statement that reads so many of those begins. */
  begin(rows: number): Reading {
    const state = { rows, share: 0 };
    const reading: Reading = {
      at: (share) => {
        state.share = Math.min(1, share);
        this.#update();
      },
      end: () => {
        if (this.#running.delete(reading)) this.#done += rows;
        this.#update();
      },
    };
    this.#running.set(reading, state);
    return reading;
  }

  #update(): void {
    let read = this.#done;
    for (const { rows, share } of this.#running.values()) read += rows * share;
    const share = this.#expected === 0 ? 0 : Math.min(1, read / this.#expected);
    if (share < this.#told + 0.005) return;
    this.#told = share;
    this.#tell(share);
  }
}
