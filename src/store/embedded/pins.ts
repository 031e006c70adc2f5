/** What readers use and the store wants to get rid of: gone when it is retired and the last reader is done. */
export class Pin {
  #readers = 0;
  #dispose: (() => void) | undefined;

  acquire(): void {
    this.#readers++;
  }

  release(): void {
    if (--this.#readers === 0) this.#end();
  }

  /** No new readers come; `dispose` runs once, perhaps at once. */
  retire(dispose: () => void): void {
    this.#dispose = dispose;
    if (this.#readers === 0) this.#end();
  }

  #end(): void {
    const dispose = this.#dispose;
    this.#dispose = undefined;
    dispose?.();
  }
}
