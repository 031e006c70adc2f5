/** The search side of the embedded store, as its owner calls it. */
import type { Searcher, SearchContext as StoreContext } from '../searcher.ts';
import { fieldCapabilities } from './field-capabilities.ts';
import { indicatorScan } from './indicator-scan.ts';
import { count, type SearchContext, search, select } from './search.ts';
import type { SqlEngine } from './sql-engine.ts';

export const embeddedSearcher: Searcher = {
  search: (context, request) => search(inner(context), request),
  count: (context, query) => count(inner(context), query),
  select: (context, query) => select(inner(context), query),
  fieldCapabilities,
  indicatorScan: (context, request) => indicatorScan(inner(context), request),
};

function inner({ engine, ...context }: StoreContext): SearchContext {
  const rows: SqlEngine['rows'] = async (sql, signal) => {
    const { columns, rows } = await engine.query(sql, signal);
    return Array.from({ length: rows }, (_, at) => columns.map((column) => column[at]!));
  };
  return { ...context, engine: { rows } };
}
