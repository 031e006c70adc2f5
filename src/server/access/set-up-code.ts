/** The one-time code that proves that whoever makes the first administrator reads this machine's terminal. */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

/** Without letters and digits that look alike. */
const LETTERS = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';
const LIFETIME_MS = 30 * 60_000;
const MAX_TRIES = 10;

export class SetUpCode {
  readonly #print: (code: string) => void;
  readonly #now: () => number;
  #code: { readonly text: string; readonly until: number; tries: number } | undefined;

  /** `print` shows a new code in the terminal. */
  constructor(print: (code: string) => void, now: () => number = Date.now) {
    this.#print = print;
    this.#now = now;
  }

  /** Sees to it that there is a valid code, and prints a new one. */
  offer(): void {
    if (this.#code && this.#code.until > this.#now()) return;
    const part = (): string => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
    const text = `${part()}-${part()}`;
    this.#code = { text, until: this.#now() + LIFETIME_MS, tries: 0 };
    this.#print(text);
  }

  /** Ten wrong tries make a new code. */
  matches(given: string): boolean {
    this.offer();
    const code = this.#code!;
    if (timingSafeEqual(digest(code.text), digest(given))) return true;
    if (++code.tries >= MAX_TRIES) {
      this.#code = undefined;
      this.offer();
    }
    return false;
  }

  /** It was used. */
  spend(): void {
    this.#code = undefined;
  }
}

/** However it is typed. */
const digest = (text: string): Buffer =>
  createHash('sha256')
    .update(text.toUpperCase().replace(/[^A-Z0-9]/g, ''))
    .digest();
