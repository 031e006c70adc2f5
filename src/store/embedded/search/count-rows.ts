/** How many rows match. */
import { fromClause, knownCount, type Plan, rowsToRead } from './row-groups.ts';
import type { SqlEngine } from './sql-engine.ts';

/** Exact up to `limit`, and not counted further than that. */
export async function countRows(
  engine: SqlEngine,
  plan: Plan,
  limit: number,
  signal: AbortSignal,
): Promise<number> {
  if (plan.everything !== undefined) return plan.everything;
  const bounded = Number.isFinite(limit);
  let total = 0;
  const unknown = plan.groups.filter((group) => {
    const known = knownCount(group);
    total += known ?? 0;
    return known === undefined;
  });
  for (const group of unknown) {
    if (total > limit) break;
    const from = fromClause(group, group.rowSets, group.used);
    const sql = bounded
      ? `SELECT count(*) FROM (SELECT 1 FROM ${from} WHERE ${group.where} LIMIT ${limit + 1 - total})`
      : `SELECT count(*) FROM ${from} WHERE ${group.where}`;
    const [row] = await engine.rows(sql, signal, rowsToRead(group, group.rowSets));
    total += Number(row![0]);
  }
  return total;
}
