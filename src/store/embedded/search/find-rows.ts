/** The rows that a page of results shows: sorted, and no more read than that takes. */
import { ipKeySql } from '../../../query/condition-sql.ts';
import type { FieldType } from '../../../query/field-types.ts';
import { formatIp, ipKey, parseIp } from '../../../query/ip.ts';
import { sqlText } from '../../../query/sql-literal.ts';
import { compareText } from '../../../query/text-analysis.ts';
import { StoreError } from '../../errors.ts';
import type { SortKey } from '../../store.ts';
import type { RowSet } from '../snapshot.ts';
import { commonType, fieldValue, fromClause, type Plan, type RowGroup, rowsToRead } from './row-groups.ts';
import type { SqlEngine, SqlValue } from './sql-engine.ts';

export interface FoundRow {
  readonly rowSet: RowSet;
  readonly sequence: number;
  /** Row of the file; undefined in memory. */
  readonly row: number | undefined;
  readonly sort: readonly SqlValue[];
}

interface Key {
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly type: Exclude<FieldType, 'unindexed'> | undefined;
  /** SQL of the key in the rows of a group. */
  sql(group: RowGroup): string;
  readonly field: string;
}

/** Stands for the order of arrival. */
const ARRIVAL = '_seq';
const arrivalFields = new Set(['_doc', '_score', '_shard_doc', ARRIVAL]);
/** Every row has them, beside its fields. */
const rowFields = new Set([ARRIVAL, '_id', '_index']);

export interface PageRequest {
  readonly sort: readonly SortKey[];
  /** How many rows from the first one; those of earlier pages included. */
  readonly limit: number;
  readonly after: readonly (string | number | boolean | null)[] | undefined;
}

/** Finds the first `limit` rows in order. Newest or oldest first, only as many segments as needed are read. */
export async function findRows(
  engine: SqlEngine,
  plan: Plan,
  { sort, limit, after }: PageRequest,
  signal: AbortSignal,
): Promise<FoundRow[]> {
  if (limit === 0 || plan.groups.length === 0) return [];
  const keys = sort.map((key) => sortKey(plan, key));
  const tieDescending = keys[0]?.descending ?? false;
  if (!keys.some((key) => key.field === ARRIVAL)) keys.push(arrivalKey(tieDescending));
  if (after && after.length !== sort.length && after.length !== keys.length)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `search_after has ${after.length} value(s) but sort has ${sort.length}.`,
    );
  const compare = comparison(keys);
  let found: FoundRow[] = [];
  for (const step of steps(plan, keys[0]!, after?.[0])) {
    const rows = await Promise.all(
      step.rowSets.map(([group, rowSets]) => query(engine, group, rowSets, keys, limit, after, signal)),
    );
    found = [...found, ...rows.flat()].sort(compare);
    if (found.length > limit) found.length = limit;
    if (found.length < limit || step.beyond === undefined) continue;
    const worst = found.at(-1)!.sort[0];
    if (typeof worst !== 'number') continue;
    if (keys[0]!.descending ? step.beyond < worst : step.beyond > worst) break;
  }
  if (!keys.some(({ type }) => type === 'ip')) return found;
  return found.map((row) => ({ ...row, sort: shownKeys(row.sort, keys) }));
}

interface Step {
  readonly rowSets: readonly (readonly [RowGroup, readonly RowSet[]])[];
  /** The best time that any row of a later step can have; undefined: unknown. */
  readonly beyond: number | undefined;
}

/**
 * Rows in memory and segments in the order of their times or of arrival, in growing steps, without those that lie before
 * the place where the page goes on; all at once for other orders.
 */
function* steps(
  plan: Plan,
  first: Key,
  after: string | number | boolean | null | undefined,
): Generator<Step> {
  const all = plan.groups.flatMap((group) => group.rowSets.map((rowSet) => ({ group, rowSet })));
  const bounds = boundsOf(first);
  if (!bounds) {
    yield { rowSets: byGroup(all), beyond: undefined };
    return;
  }
  const sign = first.descending ? -1 : 1;
  /** The first that rows have of a set in this order, and the last. */
  const best = ({ rowSet }: (typeof all)[number]): number => sign * bounds(rowSet)[first.descending ? 1 : 0];
  const last = ({ rowSet }: (typeof all)[number]): number => sign * bounds(rowSet)[first.descending ? 0 : 1];
  const left =
    typeof after === 'number'
      ? all.filter((one) => last(one) >= sign * after || hasUndated(one.rowSet, first))
      : all;
  left.sort((a, b) => best(a) - best(b));
  let at = 0;
  for (let size = 4; at < left.length; size *= 2) {
    const step = left.slice(at, at + size);
    at += size;
    const next = left[at];
    yield { rowSets: byGroup(step), beyond: next === undefined ? undefined : sign * best(next) };
  }
}

/** The least and the greatest that rows of a set have of a key; undefined: nobody knows. */
function boundsOf(key: Key): ((rowSet: RowSet) => readonly [number, number]) | undefined {
  if (key.field === ARRIVAL) return ({ firstSequence, lastSequence }) => [firstSequence, lastSequence];
  if (key.field !== '@timestamp' || key.type !== 'date' || key.nullsFirst) return undefined;
  return ({ earliest = Infinity, latest = -Infinity }) => [earliest, latest];
}

const hasUndated = (rowSet: RowSet, key: Key): boolean => key.field !== ARRIVAL && rowSet.undated > 0;

/** Rows in memory one table at a time, segments of one group together. */
function byGroup(
  rows: readonly { group: RowGroup; rowSet: RowSet }[],
): (readonly [RowGroup, readonly RowSet[]])[] {
  const groups = new Map<RowGroup, RowSet[]>();
  for (const { group, rowSet } of rows) {
    const known = groups.get(group);
    if (known) known.push(rowSet);
    else groups.set(group, [rowSet]);
  }
  return [...groups];
}

async function query(
  engine: SqlEngine,
  group: RowGroup,
  rowSets: readonly RowSet[],
  keys: readonly Key[],
  limit: number,
  after: PageRequest['after'],
  signal: AbortSignal,
): Promise<FoundRow[]> {
  const inFiles = rowSets[0]!.file !== undefined;
  const used = new Set(group.used);
  for (const { field } of keys)
    if (!rowFields.has(field)) for (const { stored } of group.columns(field)) used.add(stored);
  const values = keys.map((key, at) => `${key.sql(group)} AS k${at}`);
  const place = inFiles ? ', filename, file_row_number' : '';
  const order = keys.map(
    (key, at) => `k${at} ${key.descending ? 'DESC' : 'ASC'} NULLS ${key.nullsFirst ? 'FIRST' : 'LAST'}`,
  );
  const follows = after ? ` AND ${afterCondition(keys, after, group)}` : '';
  const rows = await engine.rows(
    `SELECT ${values.join(', ')}${place} FROM ${fromClause(group, rowSets, used, inFiles)} ` +
      `WHERE (${group.where})${follows} ORDER BY ${order.join(', ')} LIMIT ${limit}`,
    signal,
    rowsToRead(group, rowSets),
  );
  const files = new Map(
    rowSets.flatMap((rowSet) => [rowSet.file, rowSet.documents?.file].map((file) => [file, rowSet])),
  );
  const arrival = keys.findIndex((key) => key.field === ARRIVAL);
  return rows.map((row) => ({
    rowSet: inFiles ? files.get(row[keys.length] as string)! : rowSets[0]!,
    row: inFiles ? Number(row[keys.length + 1]) : undefined,
    sequence: Number(row[arrival]),
    sort: row.slice(0, keys.length),
  }));
}

const arrivalKey = (descending: boolean): Key => ({
  field: ARRIVAL,
  descending,
  nullsFirst: false,
  type: 'long',
  sql: () => '_seq',
});

function sortKey(plan: Plan, { field, order, missing, mode, unmappedType }: SortKey): Key {
  const descending = order === 'desc';
  // There is no relevance: every hit has the same score, and arrival decides.
  if (arrivalFields.has(field)) return arrivalKey(field === '_score' ? false : descending);
  if (rowFields.has(field))
    return { field, descending, nullsFirst: false, type: 'keyword', sql: () => field };
  const types = new Set<FieldType>();
  for (const group of plan.groups) for (const { type } of group.columns(field)) types.add(type);
  const type = commonType(types);
  if (type === undefined && unmappedType === undefined && !plan.isMapped(field))
    throw new StoreError(400, 'query_shard_exception', `No mapping found for [${field}] in order to sort on`);
  if (types.has('text') && types.size === 1)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `Text fields are not optimised for operations that require per-document field data like aggregations and sorting. Please use a keyword field instead of [${field}].`,
    );
  const instead =
    missing === undefined || missing === '_last' || missing === '_first'
      ? undefined
      : keyLiteral(missing, type);
  const merge = { min: 'list_min', max: 'list_max', avg: 'list_avg', sum: 'list_sum' };
  return {
    field,
    descending,
    nullsFirst: missing === '_first',
    type,
    sql: (group) => {
      if (type === undefined) return 'NULL';
      const columns = group.columns(field);
      const multi = columns.some((column) => column.multi);
      const values = ordered(fieldValue(columns, type, multi), type, multi);
      const value = multi ? `${merge[mode ?? (descending ? 'max' : 'min')]}(${values})` : values;
      return instead === undefined ? value : `coalesce(${value}, ${instead})`;
    },
  };
}

/** Addresses are ordered by their numbers; everything else by itself. */
function ordered(value: string, type: Key['type'], multi: boolean): string {
  if (type !== 'ip') return value;
  return multi ? `list_transform(${value}, lambda a: ${ipKeySql('a')})` : ipKeySql(value);
}

/** A value that is compared with a key. */
function keyLiteral(value: string | number | boolean, type: Key['type']): string {
  const address = type === 'ip' ? parseIp(String(value)) : undefined;
  return literal(address === undefined ? value : ipKey(address));
}

/** Keys as they are shown. */
const shownKeys = (sort: readonly SqlValue[], keys: readonly Key[]): SqlValue[] =>
  sort.map((value, at) =>
    keys[at]!.type === 'ip' && typeof value === 'string' ? formatIp(BigInt(`0x${value}`)) : value,
  );

const literal = (value: string | number | boolean): string =>
  typeof value === 'string' ? sqlText(value) : String(value);

/** Rows that come behind given values of the keys. */
function afterCondition(
  keys: readonly Key[],
  after: readonly (string | number | boolean | null)[],
  group: RowGroup,
): string {
  const alternatives: string[] = [];
  let equal = '';
  for (let at = 0; at < after.length; at++) {
    const key = keys[at]!;
    const sql = key.sql(group);
    const value = after[at]!;
    const sign = key.descending ? '<' : '>';
    let beyond: string;
    if (value === null) beyond = key.nullsFirst ? `${sql} IS NOT NULL` : 'false';
    else {
      beyond = `${sql} ${sign} ${keyLiteral(value, key.type)}`;
      if (!key.nullsFirst) beyond = `(${beyond} OR ${sql} IS NULL)`;
    }
    alternatives.push(`${equal}${beyond}`);
    equal += `${value === null ? `${sql} IS NULL` : `${sql} = ${keyLiteral(value, key.type)}`} AND `;
  }
  return `(${alternatives.map((part) => `coalesce((${part}), false)`).join(' OR ')})`;
}

/** The order of rows of several groups, as DuckDB orders them within one. */
function comparison(keys: readonly Key[]): (a: FoundRow, b: FoundRow) => number {
  return (a, b) => {
    for (let at = 0; at < keys.length; at++) {
      const left = a.sort[at] ?? null;
      const right = b.sort[at] ?? null;
      if (left === right) continue;
      const { descending, nullsFirst } = keys[at]!;
      if (left === null) return nullsFirst ? -1 : 1;
      if (right === null) return nullsFirst ? 1 : -1;
      const order = compareValues(left, right);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };
}

/** Numbers by value, texts by their UTF-8 bytes, as the index orders them. */
function compareValues(left: SqlValue, right: SqlValue): number {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  return left! < right! ? -1 : left! > right! ? 1 : 0;
}
