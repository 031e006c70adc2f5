/** Documents in DuckDB tables and Parquet files as the embedded store keeps them, for tests of searching alone. */
import { join } from 'node:path';
import { columnTypes, type FieldType } from '../../src/query/field-types.ts';
import type { SqlEngine } from '../../src/store/embedded/search/sql-engine.ts';
import type { RowSet, Snapshot, SnapshotIndex, StoredColumn } from '../../src/store/embedded/snapshot.ts';
import { openDuckdb } from './duckdb.ts';

export interface TestDocument {
  readonly index?: string;
  readonly id: string;
  readonly source: Readonly<Record<string, unknown>>;
}

type Type = Exclude<FieldType, 'unindexed'>;

/**
 * Groups of documents: those under `hot` in memory, every other group a Parquet file of one index; every second of these
 * has its documents in a file of their own.
 */
export async function storeRows(
  folder: string,
  types: Readonly<Record<string, Type>>,
  groups: readonly (readonly TestDocument[])[],
  { hot = 0 }: { hot?: number } = {},
): Promise<{ engine: SqlEngine; snapshot: Snapshot; close(): Promise<void> }> {
  const duckdb = await openDuckdb(folder);
  const engine: SqlEngine = {
    async rows(sql, signal) {
      const { columns, rows } = await duckdb.query(sql, signal);
      return Array.from({ length: rows }, (_, at) => columns.map((column) => column[at]!));
    },
  };
  const dictionary: StoredColumn[] = Object.entries(types).map(([field, type], at) => ({
    number: at + 1,
    field,
    type,
  }));
  const indices = new Map<string, SnapshotIndex>();
  const rowSets: RowSet[] = [];
  let sequence = 0;
  for (const [at, documents] of groups.entries()) {
    const isHot = at < hot;
    const filled = new Set<string>();
    const rows = documents.map(({ index = 'test', id, source }) => {
      const norm: Record<string, unknown> = {};
      for (const { number, field, type } of dictionary) {
        const values = valuesAt(source, field).map((value) =>
          type === 'date' && typeof value === 'string' ? Date.parse(value) : value,
        );
        if (values.length === 0) continue;
        const name = `${values.length > 1 ? 'm' : 'c'}${number}`;
        filled.add(name);
        norm[name] = values.length > 1 ? values : values[0];
      }
      indices.set(index, {
        name: index,
        fields: new Map(Object.entries(types)),
        nested: new Set(),
        aliases: new Map(),
      });
      return { sequence: ++sequence, index, id, source: JSON.stringify(source), norm };
    });
    const table = `rows${at}`;
    const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
    await duckdb.run(
      `CREATE TABLE ${table} AS SELECT * FROM (VALUES ${rows
        .map(
          (row) =>
            `(${row.sequence}::BIGINT, ${text(row.index)}, ${text(row.id)}, 1, ${text(row.source)}, ${text(JSON.stringify(row.norm))})`,
        )
        .join(', ')}) AS t(seq, idx, id, version, src, norm)`,
    );
    const typeOf = (name: string): string => {
      const column = dictionary[Number(name.slice(1)) - 1]!;
      return `${columnTypes[column.type]}${name.startsWith('m') ? '[]' : ''}`;
    };
    const relation = (wanted: readonly string[]): string => {
      const names = wanted.filter((name) => /^[cm]\d+$/.test(name));
      const shape = names.map(
        (name) =>
          `"${name}":${JSON.stringify(typeOf(name).endsWith('[]') ? [typeOf(name).slice(0, -2)] : typeOf(name))}`,
      );
      const columns = names.length > 0 ? `, unnest(from_json(norm, '{${shape.join(',')}}'))` : '';
      return `SELECT seq AS _seq, idx AS _index, id AS _id, version AS _version, src AS _source, NULL::VARCHAR[] AS _ignored${columns} FROM ${table}`;
    };
    const times = rows
      .map(({ source }) => Date.parse(JSON.parse(source)['@timestamp']))
      .filter((time) => !Number.isNaN(time));
    let file: string | undefined;
    let apart: RowSet['documents'];
    if (!isHot) {
      file = join(folder, `${table}.parquet`);
      const isApart = at % 2 === 1;
      const without = isApart ? 'EXCLUDE (_source)' : '';
      await duckdb.run(
        `COPY (SELECT * ${without} FROM (${relation([...filled])})) TO '${file}' (FORMAT parquet)`,
      );
      if (isApart) {
        const times = dictionary
          .filter(({ field, number }) => field === '@timestamp' && filled.has(`c${number}`))
          .map(({ number }) => `c${number}`);
        apart = { file: join(folder, `${table}.documents.parquet`), columns: new Set(times) };
        await duckdb.run(`COPY (${relation(times)}) TO '${apart.file}' (FORMAT parquet)`);
      }
    }
    const counts = new Map<string, number>();
    for (const { index } of rows) counts.set(index, (counts.get(index) ?? 0) + 1);
    rowSets.push({
      kind: isHot ? 'hot' : 'segment',
      id: table,
      relation,
      file,
      ...(apart && { documents: apart }),
      indices: counts,
      columns: filled,
      sparse: new Map(),
      rows: rows.length,
      earliest: times.length > 0 ? Math.min(...times) : undefined,
      latest: times.length > 0 ? Math.max(...times) : undefined,
      undated: rows.length - times.length,
      firstSequence: rows[0]!.sequence,
      lastSequence: rows.at(-1)!.sequence,
      tombstones: [],
      sidecars: {},
    });
  }
  const snapshot: Snapshot = {
    rowSets,
    indices,
    columns: {
      get: (number) => dictionary[number - 1]!,
      of: (field) => dictionary.filter((column) => column.field === field),
      fields: () => Object.keys(types),
    },
    release() {},
  };
  return { engine, snapshot, close: () => duckdb.close() };
}

/** Values at a dotted path, through arrays of objects. */
function valuesAt(value: unknown, path: string): unknown[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((one) => valuesAt(one, path));
  if (path === '') return [value];
  if (typeof value !== 'object') return [];
  if (Object.hasOwn(value, path)) return valuesAt((value as any)[path], '');
  const dot = path.indexOf('.');
  if (dot < 0) return [];
  return valuesAt((value as any)[path.slice(0, dot)], path.slice(dot + 1));
}
