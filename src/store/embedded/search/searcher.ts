/** The search side of the embedded store, as its owner calls it. */
import type { Searcher, SearchContext as StoreContext } from '../searcher.ts';
import { fieldCapabilities } from './field-capabilities.ts';
import { indicatorScan } from './indicator-scan.ts';
import { count, type SearchContext, search, select } from './search.ts';
import { SearchProgress } from './search-progress.ts';
import type { SqlEngine } from './sql-engine.ts';

export const embeddedSearcher: Searcher = {
  search: (context, request) => search(inner(context), request),
  count: (context, query) => count(inner(context), query),
  select: (context, query) => select(inner(context), query),
  fieldCapabilities,
  indicatorScan: (context, request) => indicatorScan(inner(context), request),
};

function inner({ engine, onProgress, ...context }: StoreContext): SearchContext {
  const progress = onProgress && new SearchProgress(onProgress);
  const rows: SqlEngine['rows'] = async (sql, signal, toRead) => {
    const reading = toRead === undefined ? undefined : progress?.begin(toRead);
    const { columns, rows } = await engine.query(
      sql,
      signal,
      'interactive',
      reading && ((share) => reading.at(share)),
    );
    reading?.end();
    return Array.from({ length: rows }, (_, at) => columns.map((column) => column[at]!));
  };
  return { ...context, engine: { rows }, progress };
}
