/** Types of the fields that searches sort by, asked of the cluster once. */
import { StoreError } from '../errors.ts';
import type { IndexSelection, SortKey } from '../store.ts';
import type { Cluster } from './cluster.ts';
import { fieldCapabilities } from './indices.ts';
import { isMetaKey } from './search-body.ts';

const MAX_REMEMBERED = 10_000;

/** A cluster refuses to sort where one of many indices does not know the field; it is told the type that others have. */
export class SortTypes {
  readonly #cluster: Cluster;
  readonly #known = new Map<string, string>([['@timestamp', 'date']]);

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * By field. Fields with a type of their own for that (`unmappedType`) are not among them.
   * @throws StoreError query_shard_exception: no index has the field
   */
  async of(sort: readonly SortKey[], indices: IndexSelection): Promise<ReadonlyMap<string, string>> {
    const wanted = sort.filter(
      ({ field, unmappedType }) => !isMetaKey(field) && unmappedType === undefined && !this.#known.has(field),
    );
    if (wanted.length === 0) return this.#known;
    const names = wanted.map(({ field }) => field);
    const { fields, indices: all } = await fieldCapabilities(this.#cluster, indices, names);
    if (all.length === 0) return this.#known;
    if (this.#known.size > MAX_REMEMBERED) this.#known.clear();
    for (const field of names) {
      const [type] = Object.keys(fields[field] ?? {}).filter((one) => one !== 'unmapped');
      if (type === undefined)
        throw new StoreError(
          400,
          'query_shard_exception',
          `No mapping found for [${field}] in order to sort on`,
        );
      this.#known.set(field, type);
    }
    return this.#known;
  }
}
