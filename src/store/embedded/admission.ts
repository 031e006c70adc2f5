/** Back-pressure: writes are refused with 429 while too much is under way or the disk is full, and taken again by itself. */
import { statfsSync } from 'node:fs';
import { StoreError } from '../errors.ts';
import type { Core } from './core.ts';

export interface AdmissionOptions {
  /** Bytes of documents that are on their way to the disk. */
  readonly maxInFlight: number;
  /** Bytes in memory and log that wait to become segments. */
  readonly maxUnsealed: number;
  /** Free bytes that must stay, so that segments can be written and the log gets shorter. */
  readonly reserve: number;
  /** Segments are being written. */
  readonly isSealing?: () => boolean;
}

/** How long a write waits for room, and how often it looks, in milliseconds. */
const PATIENCE = 5000;
const LOOKS_EVERY = 10;

/** How long what `statfs` said is believed. */
const FRESH = 250;

export class Admission {
  readonly #core: Pick<Core, 'unsealedBytes' | 'problems' | 'folder'>;
  readonly #options: AdmissionOptions;
  #inFlight = 0;
  #free = Number.POSITIVE_INFINITY;
  #size = 0;
  #askedAt = 0;

  constructor(core: Pick<Core, 'unsealedBytes' | 'problems' | 'folder'>, options: AdmissionOptions) {
    this.#core = core;
    this.#options = options;
  }

  /**
   * Waits while too much is unsealed and is being sealed, but not for long: for whoever would do nothing but try again
   * later when refused.
   */
  async room(): Promise<void> {
    const { maxUnsealed, isSealing } = this.#options;
    const end = performance.now() + PATIENCE;
    while (this.#core.unsealedBytes > maxUnsealed && isSealing?.() === true && performance.now() < end)
      await new Promise((done) => setTimeout(done, LOOKS_EVERY));
  }

  /** The result gives the bytes back. @throws StoreError with status 429 */
  enter(bytes: number): () => void {
    const { maxInFlight, maxUnsealed, reserve } = this.#options;
    if (this.#inFlight > 0 && this.#inFlight + bytes > maxInFlight)
      throw rejected(
        `${this.#inFlight} bytes are being written and ${bytes} more are over the limit of ${maxInFlight}`,
      );
    const { unsealedBytes } = this.#core;
    if (unsealedBytes > maxUnsealed)
      throw rejected(`${unsealedBytes} bytes wait to be sealed, which is over the limit of ${maxUnsealed}`);
    const free = this.freeBytes;
    if (free < reserve + bytes * 2) {
      this.#core.problems.set(
        'disk',
        `the disk of ${this.#core.folder} is full: ${free} bytes are free, ${reserve} are kept for segments; writing goes on when there is room`,
      );
      throw diskFull();
    }
    this.#core.problems.clear('disk');
    this.#inFlight += bytes;
    return () => {
      this.#inFlight -= bytes;
    };
  }

  /** Of the disk, without what only root may use. */
  get diskBytes(): number {
    void this.freeBytes;
    return this.#size;
  }

  /** What may be written without getting near the reserve. */
  get roomBytes(): number {
    return Math.max(0, this.freeBytes - this.#options.reserve);
  }

  get freeBytes(): number {
    const now = Date.now();
    if (now - this.#askedAt >= FRESH) {
      const { bavail, bsize, bfree, blocks } = statfsSync(this.#core.folder);
      this.#free = bavail * bsize;
      this.#size = (blocks - bfree + bavail) * bsize;
      this.#askedAt = now;
    }
    return this.#free;
  }
}

const rejected = (reason: string): StoreError =>
  new StoreError(
    429,
    'es_rejected_execution_exception',
    `rejected execution of coordinating operation: ${reason}`,
  );

export const diskFull = (): StoreError =>
  new StoreError(
    429,
    'cluster_block_exception',
    'blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];',
  );
