/** What the embedded store asks of the search side (`search/`): it reads snapshots and knows queries. */
import type { Query } from '../../query/tree.ts';
import type {
  FieldCapabilities,
  IndicatorHit,
  IndicatorScanRequest,
  SearchRequest,
  SearchResult,
} from '../store.ts';
import type { Duckdb } from './duckdb.ts';
import type { Snapshot, SnapshotIndex } from './snapshot.ts';

export interface SearchContext {
  readonly engine: Duckdb;
  readonly snapshot: Snapshot;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** Gets shares of the work that is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

export interface Searcher {
  search(context: SearchContext, request: SearchRequest): Promise<SearchResult>;
  count(context: SearchContext, query: Query): Promise<number>;
  /** Index, id and sequence of everything that matches, a page at a time. */
  select(
    context: SearchContext,
    query: Query,
  ): AsyncIterable<readonly { readonly index: string; readonly id: string; readonly sequence: number }[]>;
  fieldCapabilities(
    indices: ReadonlyMap<string, SnapshotIndex>,
    patterns: readonly string[],
  ): FieldCapabilities;
  indicatorScan(context: SearchContext, request: IndicatorScanRequest): Promise<readonly IndicatorHit[]>;
}
