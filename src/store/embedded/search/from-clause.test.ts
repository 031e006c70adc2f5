import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { duckdbForTests } from '../../../../test/support/duckdb.ts';
import type { RowSet } from '../snapshot.ts';
import { fromClause } from './row-groups.ts';

const ROWS = 8;
const { folder, duckdb } = await duckdbForTests();

/** Files of eight rows each, numbered through: `c1` and `c2` are the number, and it stands in the document, which is apart with `c1`. */
async function files(name: string, count: number): Promise<RowSet[]> {
  const all = `SELECT range AS _seq, 'i' AS _index, 'id' || range AS _id, 1 AS _version, NULL::VARCHAR[] AS _ignored, range AS c1, range AS c2, 'n' || range AS _source, range // ${ROWS} AS part FROM range(${count * ROWS})`;
  for (const [kind, out] of [
    ['columns', '_source'],
    ['documents', 'c2'],
  ])
    await duckdb.run(
      `COPY (SELECT * EXCLUDE (${out}) FROM (${all}) ORDER BY _seq) TO '${join(folder, name, kind!)}' (FORMAT parquet, PARTITION_BY (part))`,
    );
  return Array.from({ length: count }, (_, part) => {
    const path = (kind: string): string => join(folder, name, kind, `part=${part}`, 'data_0.parquet');
    return {
      file: path('columns'),
      documents: { file: path('documents'), columns: new Set(['c1']) },
    } as unknown as RowSet;
  });
}

describe.each([
  ['a few files', 3],
  ['as many as are put together one by one', 32],
  ['more than that', 33],
])('%s', (name, count) => {
  let rowSets: readonly RowSet[];
  beforeAll(async () => {
    mkdirSync(join(folder, name));
    rowSets = await files(name, count);
  });

  test.each([
    [['c2'], false],
    [['_source'], false],
    [['c1', '_source'], false],
    [['c1', 'c2', '_source'], true],
  ])('%j: every row once, with what belongs to it', async (wanted, joined) => {
    for (const places of [false, true]) {
      const from = fromClause({ ranges: new Map() }, rowSets, new Set(wanted), places);
      expect(from.includes('JOIN')).toBe(joined);
      expect(from.includes('/documents/')).toBe(wanted.includes('_source'));
      const right = wanted.map((column) =>
        column === '_source' ? `_source = 'n' || _seq` : `${column} = _seq`,
      );
      if (places)
        right.push(
          `file_row_number = _seq % ${ROWS}`,
          `contains(filename, 'part=' || _seq // ${ROWS} || '/')`,
        );
      const [row] = await duckdb.rows(
        `SELECT count(*), count(DISTINCT _seq), count(*) FILTER (${right.join(' AND ')}), count(_index) FROM ${from}`,
      );
      expect(row).toEqual([count * ROWS, count * ROWS, count * ROWS, count * ROWS]);
    }
  });

  test.each([[['c2']], [['_source']], [['c2', '_source']]])('%j: only some rows of some', async (wanted) => {
    const some = [
      { from: 1, to: 3 },
      { from: 6, to: 99 },
    ];
    const ranges = new Map(rowSets.filter((_, at) => at % 2 === 1).map((rowSet) => [rowSet, some]));
    const from = fromClause({ ranges }, rowSets, new Set(wanted), true);
    const rows = await duckdb.rows(`SELECT _seq, file_row_number FROM ${from} ORDER BY _seq`);
    const inside = (sequence: number): boolean =>
      Math.floor(sequence / ROWS) % 2 === 0 || [1, 2, 6, 7].includes(sequence % ROWS);
    expect(rows).toEqual(
      Array.from({ length: count * ROWS }, (_, at) => [at, at % ROWS]).filter(([at]) => inside(at!)),
    );
  });
});
