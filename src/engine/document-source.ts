/** The event store as inputs see it (`DocumentSource`): searches in words, documents as JSON texts. */
import type { DocumentSearch, DocumentSource, FoundDocument } from '../kernel/plugin.ts';
import { parseDateMath } from '../query/date-math.ts';
import { parseKql } from '../query/kql.ts';
import type { Query } from '../query/tree.ts';
import { scan } from '../store/scan.ts';
import type { IndexSelection, SearchHit, SearchRequest, SortKey, Store } from '../store/store.ts';

/** Documents of one page of `newer`. */
const PAGE = 1000;

type Searched = Pick<Store, 'search' | 'openPointInTime' | 'closePointInTime' | 'status'>;

export function documentSource(store: Searched): DocumentSource {
  return {
    async arrived() {
      const { driver } = await store.status();
      if (driver !== 'embedded') return undefined;
      const { hits } = await store.search({ ...newest, indices: selection([]) });
      return Number(hits[0]?.sort?.[0] ?? -1);
    },
    async *history(search, after, signal) {
      const pages = scan(
        store,
        {
          indices: selection(search.indices),
          query: queryOf(search),
          sort: [sortOf(search.order)],
          ...(after && { after }),
        },
        signal,
      );
      for await (const { hits } of pages) yield hits.map((hit) => found(hit, search.order !== 'arrival'));
    },
    async newer(search, arrival, signal) {
      const { hits } = await store.search(
        {
          ...newest,
          indices: selection(search.indices),
          query: queryOf(search),
          sort: [sortOf('arrival')],
          searchAfter: [arrival],
          size: PAGE,
          source: true,
        },
        signal,
      );
      return hits.map((hit) => found(hit, false));
    },
  };
}

const newest: SearchRequest = {
  indices: { names: [] },
  query: { type: 'all' },
  from: 0,
  size: 1,
  sort: [{ field: '_doc', order: 'desc' }],
  source: false,
  trackTotalHits: false,
};

/** What does not exist yet may come. */
const selection = (names: readonly string[]): IndexSelection => ({ names, ignoreUnavailable: true });

function sortOf(order: DocumentSearch['order']): SortKey {
  if (order === 'arrival') return { field: '_doc', order: 'asc' };
  return { field: '@timestamp', order: order === 'newest_first' ? 'desc' : 'asc', unmappedType: 'date' };
}

function queryOf({ query, from, to }: DocumentSearch): Query {
  const asked = parseKql(query);
  if (from === undefined && to === undefined) return asked;
  const options = { now: Date.now(), roundUp: false };
  const range: Query = {
    type: 'range',
    field: '@timestamp',
    ...(from !== undefined && { gte: parseDateMath(from, options) }),
    ...(to !== undefined && { lt: parseDateMath(to, options) }),
    format: 'epoch_millis',
  };
  return { type: 'and', of: [range, asked] };
}

function found({ index, id, source = '{}', sort = [] }: SearchHit, byTime: boolean): FoundDocument {
  const arrival = sort.at(-1);
  const [time] = sort;
  return {
    index,
    id,
    source,
    position: sort,
    arrival: typeof arrival === 'number' ? arrival : undefined,
    time: byTime && typeof time === 'number' ? time : undefined,
  };
}
