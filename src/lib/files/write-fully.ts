/** Writes to a file descriptor completely and in order, waiting where the other side is slow. */
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** How often a full pipe is tried again. */
const RETRY_MS = 2;

export class DescriptorWriter {
  readonly #fd: number;
  /** The last of the writes that wait; later ones go behind it. */
  #last: Promise<void> | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Writes at once and returns undefined when everything was taken (always so for files). A pipe or terminal that is
   * full (EAGAIN) makes it a promise, which the signal ends with its reason.
   * @throws Error of write(2), with `code`
   */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> | undefined {
    if (this.#last === undefined) {
      const at = this.#some(bytes, 0);
      return at === bytes.length ? undefined : this.#queue(this.#rest(bytes, at, signal));
    }
    const before = this.#last;
    const write = (): Promise<void> => this.#rest(bytes, 0, signal);
    return this.#queue(before.then(write, write));
  }

  #queue(write: Promise<void>): Promise<void> {
    const mine = write.finally(() => {
      if (this.#last === mine) this.#last = undefined;
    });
    this.#last = mine;
    return mine;
  }

  /** Writes until the other side is full; returns how far it came. */
  #some(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      try {
        at += writeSync(this.#fd, bytes, at, bytes.length - at);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') return at;
        if (code !== 'EINTR') throw error;
      }
    }
    return at;
  }

  async #rest(bytes: Uint8Array, from: number, signal: AbortSignal): Promise<void> {
    for (let at = this.#some(bytes, from); at < bytes.length; at = this.#some(bytes, at))
      await delay(RETRY_MS, undefined, { signal });
  }
}
