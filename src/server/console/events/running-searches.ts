/** How far searches are that run at the moment, for those who have asked them. */
import type { Caller } from '../call.ts';

export class RunningSearches {
  readonly #shares = new Map<string, number>();

  /** Runs a search that its caller calls `id`; without one nobody asks how far it is. */
  async watch<T>(
    caller: Caller | undefined,
    id: string | undefined,
    search: (onProgress?: (share: number) => void) => Promise<T>,
  ): Promise<T> {
    if (id === undefined) return search();
    const key = keyOf(caller, id);
    let runs = true;
    try {
      return await search((share) => {
        if (runs) this.#shares.set(key, share);
      });
    } finally {
      runs = false;
      this.#shares.delete(key);
    }
  }

  /** Of those that run and can tell; only the caller's own. */
  shares(caller: Caller | undefined, ids: readonly string[]): Record<string, number> {
    const shares: Record<string, number> = {};
    for (const id of ids) {
      const share = this.#shares.get(keyOf(caller, id));
      if (share !== undefined) shares[id] = share;
    }
    return shares;
  }
}

const keyOf = (caller: Caller | undefined, id: string): string => JSON.stringify([caller?.name, id]);
