/** Which of many values occur: from the segments' lists of values where they have one, otherwise from the rows. */
import { sqlText } from '../../../query/sql-literal.ts';
import type { Query } from '../../../query/tree.ts';
import type { IndicatorHit, IndicatorScanRequest } from '../../store.ts';
import { INDICATOR_FIELD, isListed } from '../indicator-list.ts';
import type { RowSet, Snapshot } from '../snapshot.ts';
import { listedValues, mayHaveValues, type WantedValues, wantedValues } from '../value-lookup.ts';
import { FieldResolver } from './resolve-fields.ts';
import { fromClause, Plan } from './row-groups.ts';
import type { SearchContext } from './search.ts';
import type { SqlValue } from './sql-engine.ts';

/** Values in one statement. */
const CHUNK = 20_000;
/** Lists that are read at the same time. */
const LISTS_AT_ONCE = 4;

/** What is asked of a row set. */
interface Part {
  readonly rowSet: RowSet;
  /** Fields that its list has. */
  readonly listed: readonly string[];
  /** Fields that its list has if any row of it has them, unless it names them. */
  readonly perhaps: readonly string[];
  /** Fields that are looked for in its rows. */
  readonly others: readonly string[];
}

export async function indicatorScan(
  { engine, snapshot, now, signal }: SearchContext,
  { values, fields, from, to }: IndicatorScanRequest,
): Promise<readonly IndicatorHit[]> {
  const hits = new Map<string, IndicatorHit>();
  const asked = [...new Set(fields)];
  const wanted = wantedValues(values);
  const parts = await askLists(partsOf(snapshot, asked), wanted, { from, to }, hits, signal);
  const query: Query =
    from === undefined && to === undefined
      ? { type: 'all' }
      : {
          type: 'range',
          field: '@timestamp',
          ...(from !== undefined && { gte: from }),
          ...(to !== undefined && { lte: to }),
        };
  const plans = [...groupBy(parts, ({ others }) => others.join('\n')).values()].map((same) => {
    const { others } = same[0]!;
    const rowSets = same.map(({ rowSet }) => rowSet);
    const plan = new Plan({
      snapshot: { ...snapshot, rowSets },
      query,
      fields: ['@timestamp', ...others],
      now,
    });
    return { plan, others };
  });
  const oldLists = parts.filter(({ listed }) => listed.length > 0);
  for (let at = 0; at < wanted.values.length; at += CHUNK) {
    const some = `(SELECT unnest([${wanted.values
      .slice(at, at + CHUNK)
      .map(sqlText)
      .join(', ')}]) AS value)`;
    const selects = [
      ...[...groupBy(oldLists, ({ listed }) => listed.join('\n')).values()].map((same) =>
        fromLists(same, some),
      ),
      ...plans.flatMap(({ plan, others }) => fromRows(plan, others, some)),
    ];
    // The parser's depth bounds how many parts one statement can have.
    for (let part = 0; part < selects.length; part += 32) {
      const sql = selects.slice(part, part + 32).join(' UNION ALL ');
      for (const row of await engine.rows(sql, signal)) add(hits, row);
    }
  }
  return [...hits.values()].sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

/** Which fields the list of each row set has as they are asked for. */
function partsOf(snapshot: Snapshot, fields: readonly string[]): Part[] {
  const resolver = new FieldResolver(snapshot);
  const beyondLimit = snapshot.columns.of('_rest').map(({ number }) => `c${number}`);
  return snapshot.rowSets.map((rowSet) => {
    const isNew = rowSet.sidecars['values'] !== undefined;
    const hasList = isNew || rowSet.sidecars['indicators'] !== undefined;
    const listed: string[] = [];
    const perhaps: string[] = [];
    const others: string[] = [];
    for (const field of fields) {
      const columns = resolver.columns(rowSet, field);
      // Neither a name of another field nor a part of another column.
      const isInList = columns.every(
        ({ stored, expression, ...column }) =>
          column.field === field &&
          isListed(column) &&
          (stored === '_sparse' ? isNew : stored === expression),
      );
      const isBeyond =
        columns.every(({ stored }) => beyondLimit.includes(stored)) && INDICATOR_FIELD.test(field);
      if (hasList && isInList) listed.push(field);
      else if (isNew && isBeyond) perhaps.push(field);
      else others.push(field);
    }
    return { rowSet, listed, perhaps, others };
  });
}

/** Adds what lists say. Returns what is left to do: of old lists, and of rows. */
async function askLists(
  parts: readonly Part[],
  wanted: WantedValues,
  { from, to }: { readonly from: number | undefined; readonly to: number | undefined },
  hits: Map<string, IndicatorHit>,
  signal: AbortSignal,
): Promise<Part[]> {
  const left: Part[] = [];
  const waiting = parts.values();
  const work = async (): Promise<void> => {
    for (const part of waiting) {
      signal.throwIfAborted();
      const rest = await askList(part, wanted, liesInside(part.rowSet, from, to), hits);
      if (rest.listed.length > 0 || rest.others.length > 0) left.push(rest);
    }
  };
  await Promise.all(Array.from({ length: LISTS_AT_ONCE }, work));
  return left;
}

async function askList(
  part: Part,
  wanted: WantedValues,
  isInside: boolean,
  hits: Map<string, IndicatorHit>,
): Promise<Part> {
  const { rowSet, listed, perhaps, others } = part;
  const list = rowSet.sidecars['values'];
  const rest = (listed: readonly string[], byRows: readonly string[]): Part => ({
    rowSet,
    listed,
    perhaps: [],
    others: [...byRows, ...others],
  });
  const byRows = rest([], [...listed, ...perhaps]);
  if (listed.length + perhaps.length === 0) return byRows;
  // Lists speak of all rows that the segment was made with.
  const isExact = isInside && rowSet.tombstones.length === 0;
  if (list === undefined) return isExact ? part : byRows;
  const answer = await (isExact ? listedValues(list, wanted) : mayHaveValues(list, wanted));
  if (!answer) return byRows;
  const { unlisted } = answer;
  const left = unlisted ? perhaps.filter((field) => unlisted.includes(field)) : perhaps;
  if ('may' in answer) return rest([], answer.may ? [...listed, ...left] : left);
  for (const { field, value, count, first, last } of answer.listed)
    if (listed.includes(field)) add(hits, [field, value, count, first, last]);
  return rest([], left);
}

/** All rows are of the time that is asked for. */
function liesInside(
  { earliest, latest, undated }: RowSet,
  from: number | undefined,
  to: number | undefined,
): boolean {
  if (from === undefined && to === undefined) return true;
  if (undated > 0 || earliest === undefined || latest === undefined) return false;
  return (from === undefined || earliest >= from) && (to === undefined || latest <= to);
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const known = groups.get(key);
    if (known) known.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

/** From lists of the form before: Parquet with field, value, count, first, last. They have no sparse columns. */
function fromLists(parts: readonly Part[], wanted: string): string {
  const files = parts.map(({ rowSet }) => sqlText(rowSet.sidecars['indicators']!));
  return (
    `SELECT field, value, sum(count)::BIGINT, min(first), max(last) FROM read_parquet([${files.join(', ')}]) ` +
    `SEMI JOIN ${wanted} AS wanted USING (value) WHERE field IN (${parts[0]!.listed.map(sqlText).join(', ')}) GROUP BY field, value`
  );
}

function fromRows(plan: Plan, fields: readonly string[], wanted: string): string[] {
  return plan.groups.flatMap((group) =>
    fields.flatMap((field) =>
      group.columns(field).map((column) => {
        const times = group.columns('@timestamp').filter(({ type, multi }) => type === 'date' && !multi);
        const used = new Set([...group.used, column.stored, ...times.map(({ stored }) => stored)]);
        const value = column.multi
          ? `unnest(list_distinct(${column.expression}))::VARCHAR`
          : `(${column.expression})::VARCHAR`;
        const time = times[0]?.expression ?? 'NULL::BIGINT';
        return (
          `SELECT ${sqlText(field)}, value, count(*), min(t), max(t) FROM (SELECT ${value} AS value, ${time} AS t ` +
          `FROM ${fromClause(group, group.rowSets, used)} WHERE ${group.where}) SEMI JOIN ${wanted} AS wanted USING (value) GROUP BY value`
        );
      }),
    ),
  );
}

function add(hits: Map<string, IndicatorHit>, [field, value, count, first, last]: readonly SqlValue[]): void {
  const key = `${String(field)}\u0000${String(value)}`;
  const known = hits.get(key);
  const start = first === null ? Number.POSITIVE_INFINITY : Number(first);
  const end = last === null ? Number.NEGATIVE_INFINITY : Number(last);
  hits.set(key, {
    field: String(field),
    value: String(value),
    count: Number(count) + (known?.count ?? 0),
    first: Math.min(start, known?.first ?? start),
    last: Math.max(end, known?.last ?? end),
  });
}
