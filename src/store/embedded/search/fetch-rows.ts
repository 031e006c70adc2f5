/** What stands in rows that were found: read by their place, so that only their row groups are unpacked. */
import { sqlText } from '../../../query/sql-literal.ts';
import type { FoundRow } from './find-rows.ts';
import type { SqlEngine } from './sql-engine.ts';

export interface FetchedRow {
  readonly index: string;
  readonly id: string;
  readonly version: number;
  readonly source: string | undefined;
  readonly ignored: readonly string[] | undefined;
}

/**
 * In the order of `rows`; undefined where a row went since it was found, such as of an index that was deleted while the
 * engine started anew. `withSource` false saves unpacking the documents.
 */
export async function fetchRows(
  engine: SqlEngine,
  rows: readonly FoundRow[],
  withSource: boolean,
  signal: AbortSignal,
): Promise<(FetchedRow | undefined)[]> {
  const places = new Map<FoundRow['rowSet'], number[]>();
  rows.forEach(({ rowSet }, at) => {
    const known = places.get(rowSet);
    if (known) known.push(at);
    else places.set(rowSet, [at]);
  });
  const fetched = Array.from<FetchedRow | undefined>({ length: rows.length });
  const columns = `_seq, _index, _id, _version, _ignored${withSource ? ', _source' : ''}`;
  const selects = [...places].map(([rowSet, at]) =>
    rowSet.file === undefined
      ? `SELECT ${columns} FROM (${rowSet.relation([])}) WHERE _seq IN (${at.map((one) => rows[one]!.sequence).join(',')})`
      : `SELECT ${columns} FROM read_parquet(${sqlText(rowSet.documents?.file ?? rowSet.file)}, file_row_number=true) WHERE file_row_number IN (${at.map((one) => rows[one]!.row).join(',')})`,
  );
  const bySequence = new Map(rows.map(({ sequence }, at) => [sequence, at]));
  // Many files in one statement; the parser's depth bounds how many.
  for (let at = 0; at < selects.length; at += 64) {
    for (const row of await engine.rows(selects.slice(at, at + 64).join(' UNION ALL '), signal))
      fetched[bySequence.get(Number(row[0]))!] = {
        index: row[1] as string,
        id: row[2] as string,
        version: Number(row[3] ?? 1),
        ignored: (row[4] ?? undefined) as string[] | undefined,
        source: withSource ? (row[5] as string) : undefined,
      };
  }
  return fetched;
}
