/** What is wrong at the moment, each by its cause, so that it ends when the cause does. */
export class Problems {
  readonly #all = new Map<string, { readonly text: string; readonly isRed: boolean }>();

  set(cause: string, text: string, isRed = true): void {
    this.#all.set(cause, { text, isRed });
  }

  clear(cause: string): void {
    this.#all.delete(cause);
  }

  has(cause: string): boolean {
    return this.#all.has(cause);
  }

  get texts(): string[] {
    return [...this.#all.values()].map(({ text }) => text);
  }

  get isRed(): boolean {
    for (const { isRed } of this.#all.values()) if (isRed) return true;
    return false;
  }
}
