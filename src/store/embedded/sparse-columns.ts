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

/** The values of many columns in `_sparse`, as a structure by their keys there: the text is read once. */
export function sparseValues(
  columns: Columns,
  names: readonly string[],
  keys: Readonly<Record<string, string>>,
): string {
  const types = names.map((name) => {
    const type = columnType(columns, name.replace('m', 'c'));
    return [keys[name], name.startsWith('m') ? [type] : type];
  });
  return `from_json(_sparse, ${sqlText(JSON.stringify(Object.fromEntries(types)))})`;
}

/**
 * SQL that keeps the columns of a row as JSON (`norm`) where it has more of them than the dense ones, which stand in the
 * structure `s`.
 */
export const sparseText = (norm: string, dense: readonly string[]): string =>
  `CASE WHEN len(json_keys(${norm})) > ${sum(['_ignored', ...dense].map((name) => `(s.${name} IS NOT NULL)::INTEGER`))} THEN ${norm} END`;

/** The same where it is known which other columns there can be: they stand in `s` as well. */
export const textIfAny = (norm: string, others: readonly string[]): string =>
  others.length === 0
    ? 'NULL::VARCHAR'
    : `CASE WHEN ${others.map((name) => `s.${name} IS NOT NULL`).join(' OR ')} THEN ${norm} END`;

/** Halves in brackets: the planner's time grows with the depth of an expression at every one of its terms. */
function sum(terms: readonly string[]): string {
  if (terms.length === 1) return terms[0]!;
  const half = terms.length >> 1;
  return `(${sum(terms.slice(0, half))} + ${sum(terms.slice(half))})`;
}

/** A column that no greater part of the rows fills is not among the dense ones, so that neighbours agree on which these are. */
const LEAST_SHARE = 1 / 256;

/**
 * The fullest columns, and the others. `counts`: how many of `rows` fill each. `always`: never among the others.
 */
export function splitColumns(
  names: Iterable<string>,
  counts: ReadonlyMap<string, number>,
  rows: number,
  always: (name: string) => boolean,
): { dense: string[]; sparse: string[] } {
  const rank = (name: string): number => (always(name) ? Number.POSITIVE_INFINITY : (counts.get(name) ?? 0));
  const ranked = [...names].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left === right ? (a < b ? -1 : 1) : right - left;
  });
  const least = rows * LEAST_SHARE + 1;
  const full = ranked.findIndex((name) => rank(name) <= least);
  const end = Math.min(MAX_COLUMNS, full < 0 ? ranked.length : full);
  return { dense: ranked.slice(0, end).sort(), sparse: ranked.slice(end).sort() };
}
