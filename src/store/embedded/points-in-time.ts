/** Snapshots that outlive a request, until nobody used them for a while. */
import { randomBytes } from 'node:crypto';
import { StoreError } from '../errors.ts';
import type { Index } from './catalogue.ts';
import type { Snapshot } from './snapshot.ts';

interface Point {
  readonly snapshot: Snapshot;
  readonly indices: readonly Index[];
  keepAlive: number;
  timer: NodeJS.Timeout;
}

/** As in Elasticsearch: each holds files. */
const MAX_POINTS = 500;

export class PointsInTime {
  readonly #points = new Map<string, Point>();

  /** The snapshot belongs to it from now on. */
  open(snapshot: Snapshot, indices: readonly Index[], keepAlive: number): string {
    if (this.#points.size >= MAX_POINTS) {
      snapshot.release();
      throw new StoreError(
        429,
        'es_rejected_execution_exception',
        `more than ${MAX_POINTS} points in time are open`,
      );
    }
    const id = randomBytes(24).toString('base64url');
    this.#points.set(id, { snapshot, indices, keepAlive, timer: this.#timer(id, keepAlive) });
    return id;
  }

  /** Begins its time anew. @throws StoreError search_context_missing_exception */
  use(id: string, keepAlive?: number): { readonly snapshot: Snapshot; readonly indices: readonly Index[] } {
    const point = this.#points.get(id);
    if (!point)
      throw new StoreError(404, 'search_context_missing_exception', `No search context found for id [${id}]`);
    if (keepAlive !== undefined) point.keepAlive = keepAlive;
    clearTimeout(point.timer);
    point.timer = this.#timer(id, point.keepAlive);
    return point;
  }

  close(id: string): boolean {
    const point = this.#points.get(id);
    if (!point) return false;
    this.#points.delete(id);
    clearTimeout(point.timer);
    point.snapshot.release();
    return true;
  }

  closeAll(): void {
    for (const id of [...this.#points.keys()]) this.close(id);
  }

  #timer(id: string, keepAlive: number): NodeJS.Timeout {
    return setTimeout(() => this.close(id), Math.min(Math.max(keepAlive, 1), 2 ** 31 - 1)).unref();
  }
}
