/** Versions of one pipeline that take no new blocks, and the workers that still have to finish them. */
import type { IntakeToWorker } from './messages.ts';

interface Retiring {
  readonly threads: readonly number[];
  /** What workers are told at once. */
  readonly farewell: IntakeToWorker | undefined;
  /** Workers that were told to finish it: they take no more blocks of it. */
  readonly told: Set<number>;
  /** Workers that still have it. */
  readonly left: Set<number>;
}

export interface RetiringHost {
  /** False: there is no such worker now. */
  tell(worker: number, message: IntakeToWorker): boolean;
  /** Does a block of this version wait for a worker? */
  waits(version: number): boolean;
  /** All workers are through with it. */
  retired(version: number): void;
}

export class RetiringVersions {
  readonly #host: RetiringHost;
  readonly #versions = new Map<number, Retiring>();

  constructor(host: RetiringHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#versions.size;
  }

  /** `farewell`: what its workers, and those that take their places, are told at once. */
  add(version: number, threads: readonly number[], farewell: IntakeToWorker | undefined): void {
    this.#versions.set(version, { threads, farewell, told: new Set(), left: new Set(threads) });
    if (farewell) for (const index of threads) this.#host.tell(index, farewell);
  }

  /** Workers that blocks of a version may go to; undefined if it is none of these. */
  threadsOf(version: number): readonly number[] | undefined {
    const retiring = this.#versions.get(version);
    return retiring?.threads.filter((index) => !retiring.told.has(index));
  }

  /** Tells workers to finish a version once none of its blocks waits; they answer when it is delivered. */
  tell(): void {
    for (const [version, { told, left }] of this.#versions) {
      if (this.#host.waits(version)) continue;
      for (const index of left) {
        if (told.has(index)) continue;
        if (this.#host.tell(index, { type: 'retire', version })) told.add(index);
        else left.delete(index);
      }
      if (left.size > 0) continue;
      this.#versions.delete(version);
      this.#host.retired(version);
    }
  }

  /** A worker has finished a version. */
  finished(version: number, worker: number): void {
    this.#versions.get(version)?.left.delete(worker);
    this.tell();
  }

  /** A worker died, and what it had waits again. */
  workerLost(worker: number): void {
    for (const [version, { told, left }] of this.#versions) {
      // The thread that takes its place has all versions once more, if there is still something to do.
      told.delete(worker);
      if (!this.#host.waits(version)) left.delete(worker);
    }
    this.tell();
  }

  /** A worker is there, perhaps instead of one that died. */
  workerReady(worker: number): void {
    for (const { farewell, threads } of this.#versions.values())
      if (farewell && threads.includes(worker)) this.#host.tell(worker, farewell);
  }
}
