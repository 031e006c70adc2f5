/**
 * Inflates zlib streams from senders who may be hostile: the result is capped, and only so many results exist at
 * a time, from the start of inflating until `release`. Usual ones are inflated at once (a few milliseconds at most,
 * and half the CPU time: no fresh memory for every large piece), the others in the thread pool.
 */
import zlib from 'node:zlib';

/** Up to this many deflated bytes are tried at once, if they do not come to more than MAX_AT_ONCE. */
const SMALL = 512 * 1024;
const MAX_AT_ONCE = 4 * 1024 * 1024;
const MIN_CHUNK = 16 * 1024;
const MAX_RATIO = 32;
const THREAD_CHUNK = 2 * 1024 * 1024;

export type Inflated = (error: Error | undefined, bytes: Buffer | undefined) => void;

interface Job {
  readonly deflated: Uint8Array;
  readonly done: Inflated;
  readonly unwanted: () => boolean;
}

export class BoundedInflate {
  readonly #maxBytes: number;
  #free: number;
  /** How much recent streams grew; memory for a result is taken in one piece if it fits. */
  #ratio = 8;
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
        const expected = Math.ceil(deflated.length * this.#ratio * 1.1);
        const chunkSize = Math.min(limit, Math.max(MIN_CHUNK, expected));
        bytes = zlib.inflateSync(deflated, { maxOutputLength: limit, chunkSize });
        this.#learn(bytes.length / deflated.length);
      } catch (error) {
        failure = error as Error;
      }
      if (failure === undefined || !isTooLarge(failure) || limit === this.#maxBytes) {
        done(failure, bytes);
        return;
      }
    }
    zlib.inflate(deflated, { maxOutputLength: this.#maxBytes, chunkSize: THREAD_CHUNK }, (error, bytes) => {
      if (error) done(error, undefined);
      else done(undefined, bytes);
    });
  }

  #learn(ratio: number): void {
    const bounded = Math.min(MAX_RATIO, ratio);
    this.#ratio = bounded > this.#ratio ? bounded : this.#ratio * 0.95 + bounded * 0.05;
  }
}

/** Did inflating stop because the result would be larger than allowed? */
export function isTooLarge(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}
