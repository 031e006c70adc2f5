/** How the event store of this process is, for its health report: asked when somebody wants to know. */

export interface StoreHealth {
  readonly status: 'green' | 'yellow' | 'red';
  /** In words. */
  readonly problems: readonly string[];
}

/** Milliseconds that an answer is good for. */
const FRESH_MS = 2000;
/** Milliseconds that a store that is busy is waited for: what it said the last time holds until it answers. */
const WAIT_MS = 1000;

export class StoreHealthWatch {
  readonly #ask: () => Promise<StoreHealth | undefined>;
  #current: StoreHealth | undefined;
  #asking: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `ask`: undefined while there is none, or not yet. */
  constructor(ask: () => Promise<StoreHealth | undefined>) {
    this.#ask = ask;
  }

  get current(): StoreHealth | undefined {
    return this.#current;
  }

  /** Never rejects. */
  async refresh(): Promise<void> {
    if (!this.#asking && performance.now() - this.#askedAt < FRESH_MS) return;
    this.#asking ??= this.#take();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WAIT_MS);
    });
    await Promise.race([this.#asking, late]);
    clearTimeout(timer);
  }

  async #take(): Promise<void> {
    try {
      this.#current = await this.#ask();
    } catch (error) {
      this.#current = { status: 'red', problems: [(error as Error).message] };
    }
    this.#askedAt = performance.now();
    this.#asking = undefined;
  }
}
