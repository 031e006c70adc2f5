/** Which snapshots are being made, read or deleted: no one is deleted under the hands of another. */
import { resolve } from 'node:path';
import { StoreError } from '../errors.ts';
import { isS3 } from '../s3/s3-target.ts';

const keyOf = (target: string): string => (isS3(target) ? target.split('?')[0]! : resolve(target));

export class SnapshotUses {
  readonly #used = new Map<string, number>();
  #isDeleting = false;

  /** Makes or reads one. @throws StoreError 409 while one is deleted: it may share its data */
  async use<T>(target: string, work: () => Promise<T>): Promise<T> {
    if (this.#isDeleting) throw busy('a snapshot is being deleted: try again when that is done');
    const key = keyOf(target);
    this.#used.set(key, (this.#used.get(key) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = this.#used.get(key)! - 1;
      if (left > 0) this.#used.set(key, left);
      else this.#used.delete(key);
    }
  }

  /** @throws StoreError 409 while one is made, read or deleted */
  async delete<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isDeleting) throw busy('another snapshot is being deleted: try again when that is done');
    if (this.#used.size > 0) throw busy('a snapshot is being made or restored: try again when that is done');
    this.#isDeleting = true;
    try {
      return await work();
    } finally {
      this.#isDeleting = false;
    }
  }

  isUsed(target: string): boolean {
    return this.#used.has(keyOf(target));
  }
}

const busy = (reason: string): StoreError =>
  new StoreError(409, 'concurrent_snapshot_execution_exception', reason);
