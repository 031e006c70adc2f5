/**
 * Columns that a segment does not have: their values stay together in `_sparse`, a JSON text as in the hot table. A Parquet
 * column costs memory and time whether rows fill it or not, so merged segments have the fullest ones only. New segments have
 * those few that searches look at: the text of every row has all columns until they are merged.
 */
import { columnTypes } from '../../query/field-types.ts';
import { sqlText } from '../../query/sql-literal.ts';
import type { Columns } from './catalogue.ts';

/** Columns of a segment: memory and time for writing grow with them (961 columns took over 1 GB and 220 µs an event). */
export const MAX_COLUMNS = 256;

/** Columns of a new segment. An index that has not many more gets all of them. */
const FIRST_COLUMNS = 32;
const FEW_COLUMNS = 48;

/** Fields that searches, detections and screens look at before anybody asked. */
const COMMON_FIELDS = [
  'event.action',
  'event.category',
  'event.dataset',
  'event.module',
  'event.kind',
  'event.outcome',
  'event.code',
  'host.name',
  'user.name',
  'source.ip',
  'destination.ip',
  'destination.port',
  'process.name',
  'log.level',
  'message',
];

/** Fields that were searched last, so that new segments have columns of their own for them. */
export class AskedColumns implements Iterable<string> {
  readonly #names = new Set<string>();

  /** `name`: `c17`, `m17` */
  note(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
    if (this.#names.size > FIRST_COLUMNS) this.#names.delete(this.#names.values().next().value!);
  }

  /** The last one first. */
  [Symbol.iterator](): Iterator<string> {
    return [...this.#names].reverse().values();
  }
}

/** The columns of a new segment, and those that stand in `_sparse` only until it is merged. */
export function firstColumns(
  columns: Columns,
  names: ReadonlySet<string>,
  asked: Iterable<string>,
): { dense: string[]; sparse: string[] } {
  if (names.size <= FEW_COLUMNS) return { dense: [...names].sort(), sparse: [] };
  const first = new Set<string>();
  const add = (name: string): void => {
    if (names.has(name)) first.add(name);
  };
  // Keys within objects that are kept as one text are looked for in their columns only, and pages need the time.
  for (const name of names) if (isFlattened(columns, name)) add(name);
  const room = first.size + FIRST_COLUMNS;
  const fields = (of: readonly string[]): string[] =>
    of.flatMap((field) => columns.of(field).flatMap(({ number }) => [`c${number}`, `m${number}`]));
  const ranked = [...fields(['@timestamp']), ...asked, ...fields(COMMON_FIELDS), ...oldestFirst(names)];
  for (const name of ranked) {
    if (first.size === room) break;
    add(name);
  }
  return { dense: [...first].sort(), sparse: [...names].filter((name) => !first.has(name)).sort() };
}

export const isFlattened = (columns: Columns, name: string): boolean =>
  columns.get(Number(name.slice(1))).type === 'flattened';

/** What was there first is what most rows have. */
const oldestFirst = (names: ReadonlySet<string>): string[] =>
  [...names].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));

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
 * SQL that keeps the columns of a row as JSON where it has more of them than the dense ones. `filled`: conditions that tell
 * which of those the row fills.
 */
export const sparseText = (filled: readonly string[]): string =>
  `CASE WHEN len(json_keys(_sparse)) > ${sum(filled.map((one) => `(${one})::INTEGER`))} THEN _sparse END`;

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
