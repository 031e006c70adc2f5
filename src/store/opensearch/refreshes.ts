/**
 * A cluster finds what was written after its next refresh, a second later or more. Instead of a refresh with every write,
 * which costs many times the write, readers ask for one when there were writes since the last.
 */
import type { IndexSelection } from '../store.ts';
import { type Cluster, path } from './cluster.ts';
import { selectionPath } from './selection.ts';

const MAX_REMEMBERED = 1000;

export class Refreshes {
  readonly #cluster: Cluster;
  /** Of a selection: how many writes there were when it was refreshed, or is being so. */
  readonly #done = new Map<string, { readonly writes: number; readonly refreshed: Promise<unknown> }>();
  #writes = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** After each write. */
  written(): void {
    this.#writes++;
  }

  /** Before each reading. Selections of what is not there are judged by what is asked next. */
  async before(selection: IndexSelection): Promise<void> {
    if (this.#writes === 0) return;
    const { names } = selectionPath(selection);
    const known = this.#done.get(names);
    if (known?.writes === this.#writes) {
      await known.refreshed;
      return;
    }
    if (this.#done.size >= MAX_REMEMBERED) this.#done.clear();
    const refreshed = this.#cluster.request({
      method: 'POST',
      path: path([names, '_refresh'], { ignore_unavailable: true, allow_no_indices: true }),
    });
    this.#done.set(names, { writes: this.#writes, refreshed });
    refreshed.catch(() => this.#done.delete(names));
    await refreshed;
  }
}
