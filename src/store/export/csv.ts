/** CSV as RFC 4180 has it: lines end with CR LF, the first one names the columns. */
import type { ScanPage } from '../scan.ts';
import type { SearchHit } from '../store.ts';
import { type Cell, flatten, type Scalar } from './flatten.ts';
import type { ExportPiece } from './piece.ts';

export interface CsvOptions {
  /** Dotted names of fields; `_id` and `_index` are columns, too. */
  readonly columns: readonly string[];
  /** Without: an export that goes on. */
  readonly header?: boolean;
  /**
   * Texts that a spreadsheet would run as a formula get an apostrophe in front. They are then not what was stored.
   */
  readonly guardFormulas?: boolean;
}

/** Names that begin with a sign and are no formulas. */
const LOGSTASH_FIELDS: readonly string[] = ['@timestamp', '@version', '@metadata'];

/** One piece a page. A field with several values is a JSON list in its cell. */
export async function* toCsv(
  pages: AsyncIterable<ScanPage>,
  { columns, header = true, guardFormulas = false }: CsvOptions,
): AsyncGenerator<ExportPiece> {
  const names = columns.map((name) => csvCell(name, guardFormulas && !LOGSTASH_FIELDS.includes(name)));
  if (header) yield { bytes: Buffer.from(csvLine(names)) };
  for await (const page of pages) {
    const lines = page.hits.map((hit) => csvRow(hit, columns, guardFormulas));
    yield { bytes: Buffer.from(lines.join('')), page };
  }
}

/** The line of one document. */
export function csvRow(hit: SearchHit, columns: readonly string[], guardFormulas: boolean): string {
  const row = flatten(hit.source!);
  return csvLine(
    columns.map((name) => {
      const value = row.get(name) ?? metaField(hit, name);
      return value === undefined ? '' : csvCell(value, guardFormulas);
    }),
  );
}

/** Fields that no document holds itself. */
export function metaField({ index, id }: SearchHit, name: string): string | undefined {
  return name === '_index' ? index : name === '_id' ? id : undefined;
}

/** A cell as text: what JSON would write, but for texts, which stand as they are. */
export function cellText(value: Cell): string {
  if (Array.isArray(value)) return `[${value.map((one: Scalar) => JSON.stringify(one)).join(',')}]`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const csvLine = (cells: readonly string[]): string => `${cells.join(',')}\r\n`;

function csvCell(value: Cell, guardFormulas: boolean): string {
  let text = cellText(value);
  // What OWASP lists under "CSV injection". A number is none.
  if (guardFormulas && typeof value === 'string' && /^[=+\-@\t\r\n]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
