/** A search side that knows one query: everything. For tests of what is stored. */
import type { SearchContext, Searcher } from '../../src/store/embedded/searcher.ts';
import type { SearchHit } from '../../src/store/store.ts';

interface Row extends SearchHit {
  readonly sequence: number;
}

async function rows({ engine, snapshot }: SearchContext): Promise<Row[]> {
  const found: Row[] = [];
  for (const rowSet of snapshot.rowSets) {
    const gone = new Set(rowSet.tombstones);
    for (const [sequence, index, id, source, version] of await engine.rows(
      `SELECT _seq, _index, _id, _source, _version FROM (${rowSet.relation([...rowSet.columns])})`,
    ))
      if (!gone.has(sequence as number))
        found.push({
          sequence: sequence as number,
          index: index as string,
          id: id as string,
          source: source as string,
          version: version as number,
        });
  }
  return found.sort((a, b) => a.sequence - b.sequence);
}

export const everything: Searcher = {
  async search(context) {
    const hits = await rows(context);
    return { took: 0, timedOut: false, hits, shards: context.snapshot.indices.size };
  },
  async count(context) {
    return (await rows(context)).length;
  },
  async *select(context) {
    yield await rows(context);
  },
  fieldCapabilities: () => ({ indices: [], fields: {} }),
  indicatorScan: async () => [],
};
