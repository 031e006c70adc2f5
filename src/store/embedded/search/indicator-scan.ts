/** Which of many values occur: from the segments' lists of values where they have one, otherwise from the rows. */

import { sqlText } from '../../../query/sql-literal.ts';
import type { Query } from '../../../query/tree.ts';
import type { IndicatorHit, IndicatorScanRequest } from '../../store.ts';
import { INDICATOR_FIELD } from '../merger.ts';
import type { RowSet, Snapshot } from '../snapshot.ts';
import { fromClause, Plan } from './row-groups.ts';
import type { SearchContext } from './search.ts';
import type { SqlValue } from './sql-engine.ts';

/** Values in one statement. */
const CHUNK = 20_000;

export async function indicatorScan(
  { engine, snapshot, now, signal }: SearchContext,
  { values, fields, from, to }: IndicatorScanRequest,
): Promise<readonly IndicatorHit[]> {
  const listable = fields.filter((field) => isIndicatorField(field, snapshot));
  const { listed, others } = split(snapshot, fields, from, to);
  const query: Query =
    from === undefined && to === undefined
      ? { type: 'all' }
      : {
          type: 'range',
          field: '@timestamp',
          ...(from !== undefined && { gte: from }),
          ...(to !== undefined && { lte: to }),
        };
  const plan = new Plan({
    snapshot: { ...snapshot, rowSets: others },
    query,
    fields: ['@timestamp', ...fields],
    now,
  });
  // Fields that lists leave out are looked at in the rows of every segment.
  const unlisted = fields.filter((field) => !listable.includes(field));
  const rest = new Plan({
    snapshot: { ...snapshot, rowSets: listed },
    query,
    fields: ['@timestamp', ...unlisted],
    now,
  });
  const hits = new Map<string, IndicatorHit>();
  for (let at = 0; at < values.length; at += CHUNK) {
    const wanted = `(SELECT unnest([${values
      .slice(at, at + CHUNK)
      .map(sqlText)
      .join(', ')}]) AS value)`;
    const selects = [
      ...fromLists(listed, listable, wanted),
      ...fromRows(rest, unlisted, wanted),
      ...fromRows(plan, fields, wanted),
    ];
    // The parser's depth bounds how many parts one statement can have.
    for (let part = 0; part < selects.length; part += 32) {
      const sql = selects.slice(part, part + 32).join(' UNION ALL ');
      for (const row of await engine.rows(sql, signal)) add(hits, row);
    }
  }
  return [...hits.values()].sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

/** Whether lists of values have this field: what `merger.ts` writes into them. */
const isIndicatorField = (field: string, { columns }: Snapshot): boolean =>
  INDICATOR_FIELD.test(field) || columns.of(field).every(({ type }) => type === 'ip');

/** Row sets whose list of values says everything that is asked, and the rest. */
function split(
  { rowSets, columns }: Snapshot,
  fields: readonly string[],
  from: number | undefined,
  to: number | undefined,
): { listed: RowSet[]; others: RowSet[] } {
  const listed: RowSet[] = [];
  const others: RowSet[] = [];
  for (const rowSet of rowSets) {
    const { earliest, latest, undated, tombstones, sidecars } = rowSet;
    const bounded = from !== undefined || to !== undefined;
    const whole =
      !bounded ||
      (undated === 0 &&
        earliest !== undefined &&
        latest !== undefined &&
        (from === undefined || earliest >= from) &&
        (to === undefined || latest <= to));
    // Lists have no values of sparse columns.
    const sparse =
      rowSet.sparse.size > 0 &&
      fields.some((field) =>
        columns
          .of(field)
          .some(({ number }) => rowSet.sparse.has(`c${number}`) || rowSet.sparse.has(`m${number}`)),
      );
    if (sidecars['indicators'] !== undefined && tombstones.length === 0 && whole && !sparse)
      listed.push(rowSet);
    else others.push(rowSet);
  }
  return { listed, others };
}

function fromLists(rowSets: readonly RowSet[], fields: readonly string[], wanted: string): string[] {
  if (rowSets.length === 0 || fields.length === 0) return [];
  const files = rowSets.map(({ sidecars }) => sqlText(sidecars['indicators']!));
  return [
    `SELECT field, value, sum(count)::BIGINT, min(first), max(last) FROM read_parquet([${files.join(', ')}]) ` +
      `SEMI JOIN ${wanted} AS wanted USING (value) WHERE field IN (${fields.map(sqlText).join(', ')}) GROUP BY field, value`,
  ];
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
