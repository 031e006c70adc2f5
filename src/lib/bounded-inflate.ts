/**
 * Inflates zlib streams from senders who may be hostile: the result is capped, and only so many results exist at
 * a time, from the start of inflating until `release`. Small ones are inflated at once (a third of the CPU time),
 * the others in the thread pool.
 */
import zlib from 'node:zlib';

/** Up to this many deflated bytes are tried at once, if they do not come to more than MAX_AT_ONCE. */
const SMALL = 256 * 1024;
const MAX_AT_ONCE = 2 * 1024 * 1024;
const CHUNK = 64 * 1024;

export type Inflated = (error: Error | undefined, bytes: Buffer | undefined) => void;

interface Job {
  readonly deflated: Uint8Array;
  readonly done: Inflated;
  readonly unwanted: () => boolean;
}

export class BoundedInflate {
  readonly #maxBytes: number;
  #free: number;
  readonly #waiting: Job[] = [];

  constructor(slots: number, maxBytes: number) {
    this.#free = slots;
    this.#maxBytes = maxBytes;
  }

  /**
   * Calls `done` with the result as soon as there is a slot, perhaps before it returns. The slot is taken until
   * `release` is called, which must happen once for every `done`, whatever it was given. Jobs that are `unwanted`
   * when their turn comes are forgotten.
   */
  inflate(deflated: Uint8Array, done: Inflated, unwanted: () => boolean): void {
    if (this.#free === 0) {
      this.#waiting.push({ deflated, done, unwanted });
      return;
    }
    this.#free--;
    this.#start(deflated, done);
  }

  /** Gives a slot back. The next job starts in a later turn of the event loop, never inside this call. */
  release(): void {
    let next = this.#waiting.shift();
    while (next?.unwanted()) next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else setImmediate((job: Job) => this.#start(job.deflated, job.done), next);
  }

  #start(deflated: Uint8Array, done: Inflated): void {
    const limit = Math.min(MAX_AT_ONCE, this.#maxBytes);
    if (deflated.length <= SMALL) {
      let bytes: Buffer | undefined;
      let failure: Error | undefined;
      try {
        bytes = zlib.inflateSync(deflated, { maxOutputLength: limit, chunkSize: CHUNK });
      } catch (error) {
        failure = error as Error;
      }
      if (failure === undefined || !isTooLarge(failure) || limit === this.#maxBytes) {
        done(failure, bytes);
        return;
      }
    }
    zlib.inflate(deflated, { maxOutputLength: this.#maxBytes, chunkSize: MAX_AT_ONCE }, (error, bytes) => {
      if (error) done(error, undefined);
      else done(undefined, bytes);
    });
  }
}

/** Did inflating stop because the result would be larger than allowed? */
export function isTooLarge(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}
