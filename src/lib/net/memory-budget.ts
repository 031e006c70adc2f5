/** Bytes that may be held at once for senders that have no answer yet. */
export class MemoryBudget {
  readonly #limit: number;
  #taken = 0;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes the bytes if they are left. */
  tryTake(bytes: number): boolean {
    if (this.#taken + bytes > this.#limit) return false;
    this.#taken += bytes;
    return true;
  }

  /** Takes the bytes as soon as they are left, in the order of the calls; never more than the whole. */
  async take(bytes: number): Promise<number> {
    const wanted = Math.min(bytes, this.#limit);
    if (this.#waiting.length > 0 || !this.tryTake(wanted))
      await new Promise<void>((go) => this.#waiting.push({ bytes: wanted, go }));
    return wanted;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
    while (this.#waiting.length > 0 && this.tryTake(this.#waiting[0]!.bytes)) this.#waiting.shift()!.go();
  }
}
