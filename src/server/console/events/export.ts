/** All events of a search as a file, written while it is read: a snapshot of the store, a page at a time. */
import { scan } from '../../../store/scan.ts';
import type { SearchHit, Store } from '../../../store/store.ts';
import { ConsoleError, type Download } from '../call.ts';
import { csvHeader, csvLine } from './csv.ts';
import { type EventSearch, TIME_FIELD } from './event-search.ts';
import { flatDocument } from './flat-document.ts';
import { hiddenTest } from './hidden-fields.ts';
import { sourceOf } from './hits.ts';

const MAX_COLUMNS = 2000;

export interface ExportOptions {
  readonly store: Store;
  readonly search: EventSearch;
  readonly format: 'csv' | 'ndjson';
  readonly columns: readonly string[];
  readonly signal: AbortSignal;
}

export async function exportEvents(options: ExportOptions): Promise<Download> {
  const { format, search } = options;
  const stamp = new Date(search.from).toISOString().slice(0, 19).replace(/:/g, '');
  return {
    fileName: `events-${stamp}.${format}`,
    type: format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson',
    chunks: format === 'csv' ? csv(options, await columnsOf(options)) : ndjson(options),
  };
}

async function columnsOf({ search: { view }, columns }: ExportOptions): Promise<readonly string[]> {
  const isHidden = hiddenTest(view.hidden);
  if (columns.length > 0) return columns.filter((column) => !isHidden(column));
  const all = (await view.fields()).map(({ name }) => name).filter((name) => name !== TIME_FIELD);
  if (all.length > MAX_COLUMNS)
    throw new ConsoleError(
      400,
      'columns',
      `there are ${all.length} fields, more than ${MAX_COLUMNS} columns`,
      {
        hint: 'Choose columns first, or export as NDJSON.',
      },
    );
  return [TIME_FIELD, '_index', '_id', ...all];
}

async function* csv(options: ExportOptions, columns: readonly string[]): AsyncGenerator<string> {
  yield csvHeader(columns);
  for await (const hits of pages(options)) yield hits.map((hit) => csvLine(cells(hit, columns))).join('');
}

function cells({ index, id, source = '' }: SearchHit, columns: readonly string[]): string[] {
  const values = flatDocument(source);
  return columns.map((column) =>
    column === '_index'
      ? index
      : column === '_id'
        ? id
        : column === '_source'
          ? oneLine(source)
          : (values.get(column)?.join(', ') ?? ''),
  );
}

/** JSON has line ends only between its tokens. */
const oneLine = (json: string): string => json.replace(/[\r\n]+/g, ' ');

async function* ndjson(options: ExportOptions): AsyncGenerator<string> {
  for await (const hits of pages(options))
    yield hits
      .map(
        ({ index, id, source = '{}' }) =>
          `{"_index":${JSON.stringify(index)},"_id":${JSON.stringify(id)},"_source":${oneLine(source)}}\n`,
      )
      .join('');
}

async function* pages({ store, search, signal }: ExportOptions): AsyncGenerator<readonly SearchHit[]> {
  const { view, query } = search;
  if (view.empty) return;
  const all = {
    indices: view.selection,
    query,
    sort: [{ field: TIME_FIELD, order: 'desc', unmappedType: 'date' } as const],
    source: sourceOf(view),
  };
  for await (const { hits } of scan(store, all, signal)) yield hits;
}
