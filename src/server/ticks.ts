/** Tells streams to the browser when there are new numbers. */
export class Ticks {
  readonly #waiting = new Set<() => void>();
  #closed = false;

  get isClosed(): boolean {
    return this.#closed;
  }

  /** There are new numbers: every stream gives what it reads now. */
  tick(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Ends all streams. */
  close(): void {
    this.#closed = true;
    this.tick();
  }

  /** What `read` gives now and after every tick; ends when it gives nothing, and with the signal. */
  async *each<T>(signal: AbortSignal, read: () => T | undefined): AsyncGenerator<T> {
    while (!this.#closed && !signal.aborted) {
      const value = read();
      if (value === undefined) return;
      yield value;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake);
        if (signal.aborted) wake();
      });
    }
  }
}
