/**
 * Columns that few rows of an index fill. A Parquet column costs memory and time whether rows fill it or not, so a segment
 * has the fullest ones only; the values of the others stay together in `_sparse`, a JSON text as in the hot table.
 */
import { columnTypes } from '../../query/field-types.ts';
import { sqlText } from '../../query/sql-literal.ts';
import type { Columns } from './catalogue.ts';

/** Columns of a segment: memory and time for writing grow with them (961 columns took over 1 GB and 220 µs an event). */
export const MAX_COLUMNS = 256;

/** DuckDB's type of a column. */
export function columnType(columns: Columns, name: string): string {
  const type = columnTypes[columns.get(Number(name.slice(1))).type];
  return name.startsWith('m') ? `${type}[]` : type;
}

/** The value of a column in `_sparse`, where it stands under `key`. */
export function sparseValue(name: string, key: string, type: string): string {
  const path = sqlText(`$.${key}`);
  if (name.startsWith('m'))
    return `from_json(json_extract(_sparse, ${path}), ${sqlText(JSON.stringify([type]))})`;
  const text = `json_extract_string(_sparse, ${path})`;
  return type === 'VARCHAR' ? text : `TRY_CAST(${text} AS ${type})`;
}

/** SQL that keeps the columns of a row as JSON (`norm`) where one of `sparse` is among them. */
export const sparseText = (norm: string, sparse: readonly string[]): string =>
  `CASE WHEN list_has_any(json_keys(${norm}), [${sparse.map(sqlText).join(', ')}]) THEN ${norm} END`;

/** The fullest columns, and the others. `counts`: rows that fill each. */
export function splitColumns(counts: ReadonlyMap<string, number>): { dense: string[]; sparse: string[] } {
  const names = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1));
  return { dense: names.slice(0, MAX_COLUMNS).sort(), sparse: names.slice(MAX_COLUMNS).sort() };
}
