/** Documents in a DuckDB table as the embedded store keeps them: a number for each (field, type), `c<n>` and `m<n>`. */
import { DuckDBInstance } from '@duckdb/node-api';
import { someLeaf } from '../../src/query/document.ts';
import type { FieldType, SqlColumn, SqlFields } from '../../src/query/field-types.ts';
import { type StoredValue, storedValue } from '../../src/query/field-value.ts';
import { toBooleanSql, toSql } from '../../src/query/sql.ts';
import { sqlText } from '../../src/query/sql-literal.ts';
import type { Query } from '../../src/query/tree.ts';

export type Mapping = Readonly<Record<string, FieldType | 'nested'>>;

export interface TableIndex {
  readonly name: string;
  readonly mapping: Mapping;
  readonly documents: Readonly<Record<string, object>>;
}

export interface QueryTable {
  readonly fields: SqlFields;
  /** Ids of the documents that a query finds, in order of writing. */
  find(query: Query): Promise<string[]>;
  /** How many of these queries each document meets, asked in one statement: NULL counts as an error. */
  findAll(queries: readonly Query[]): Promise<string[][]>;
  /** The first column of what any SQL gives. */
  ask(sql: string): Promise<string[]>;
  close(): Promise<void>;
}

interface Column {
  readonly number: number;
  readonly field: string;
  readonly type: SqlColumn['type'];
}

let shared: Promise<DuckDBInstance> | undefined;
let tables = 0;

function instance(): Promise<DuckDBInstance> {
  shared ??= DuckDBInstance.create(':memory:', { threads: '1' });
  return shared;
}

export async function queryTable(indices: readonly TableIndex[], now: number): Promise<QueryTable> {
  const columns = new Map<string, Column>();
  const used = new Set<string>();
  const nested = new Set<string>();
  const rows: { id: string; index: string; source: string; cells: Map<string, string> }[] = [];
  const columnOf = (field: string, type: SqlColumn['type']): Column => {
    const key = `${type} ${field}`;
    const column = columns.get(key) ?? { number: columns.size + 1, field, type };
    columns.set(key, column);
    return column;
  };
  for (const { name, mapping, documents } of indices) {
    for (const [path, type] of Object.entries(mapping)) if (type === 'nested') nested.add(path);
    for (const [id, document] of Object.entries(documents)) {
      const cells = new Map<string, string>();
      for (const [field, values] of fieldsOf(document, mapping)) {
        const type = mapping[field] ?? dynamicType(values[0]);
        if (type === 'unindexed' || type === 'nested') continue;
        const { number } = columnOf(field, type);
        const stored =
          type === 'flattened'
            ? values.filter((value) => someLeaf(value, () => true)).map((value) => JSON.stringify(value))
            : values.map((value) => storedValue(type, value)).filter((value) => value !== undefined);
        if (stored.length === 0) continue;
        const literals = stored.map(literal);
        const cell = stored.length === 1 ? `c${number}` : `m${number}`;
        cells.set(cell, stored.length === 1 ? literals[0]! : `[${literals.join(',')}]`);
        used.add(cell);
      }
      rows.push({ id, index: name, source: JSON.stringify(document), cells });
    }
  }
  const names = [...used];
  const typeOf = (name: string): string => {
    const { type } = [...columns.values()].find(({ number }) => number === Number(name.slice(1)))!;
    const sql = {
      long: 'BIGINT',
      date: 'BIGINT',
      unsigned_long: 'UBIGINT',
      double: 'DOUBLE',
      boolean: 'BOOLEAN',
    };
    return (sql[type as keyof typeof sql] ?? 'VARCHAR') + (name[0] === 'm' ? '[]' : '');
  };
  const connection = await (await instance()).connect();
  const name = `t${++tables}`;
  const declared = names.map((name) => `, ${name} ${typeOf(name)}`).join('');
  await connection.run(
    `CREATE TABLE ${name} (n INTEGER, _id VARCHAR, _index VARCHAR, _source VARCHAR${declared})`,
  );
  if (rows.length > 0) {
    const values = rows.map(
      (row, at) =>
        `(${[at, sqlText(row.id), sqlText(row.index), sqlText(row.source), ...names.map((name) => row.cells.get(name) ?? 'NULL')].join(',')})`,
    );
    await connection.run(`INSERT INTO ${name} VALUES ${values.join(',')}`);
  }
  const fields: SqlFields = {
    resolve(pattern) {
      const fits = fitter(pattern);
      let found = [...columns.values()].filter((column) => fits(column.field));
      if (found.length === 0) {
        found = [...columns.values()].filter(
          ({ type, field }) => type === 'flattened' && pattern.startsWith(`${field}.`),
        );
      }
      if (found.length === 0 && pattern.endsWith('.keyword')) return fields.resolve(pattern.slice(0, -8));
      return found.flatMap(({ field, type, number }) =>
        [`c${number}`, `m${number}`]
          .filter((name) => used.has(name))
          .map((name) => ({ field, type, expression: name, multi: name[0] === 'm' })),
      );
    },
    source: '_source',
    id: '_id',
    index: '_index',
    nested: (path) =>
      nested.has(path)
        ? { json: `json_extract(_source, ${sqlText(`/${path.replaceAll('.', '/')}`)})` }
        : undefined,
    now,
  };
  const ask = async (sql: string): Promise<unknown[][]> =>
    (await connection.runAndReadAll(sql)).getRows() as unknown[][];
  return {
    fields,
    async find(query) {
      const found = await ask(`SELECT _id FROM ${name} WHERE ${toSql(query, fields)} ORDER BY n`);
      return found.map(([id]) => id as string);
    },
    async findAll(queries) {
      const select = queries.map((query) => toBooleanSql(query, fields)).join(', ');
      const answers = await ask(`SELECT _id, ${select} FROM ${name} ORDER BY n`);
      return queries.map((_, at) => {
        if (answers.some((row) => row[at + 1] === null)) throw new Error('NULL');
        return answers.filter((row) => row[at + 1] === true).map(([id]) => id as string);
      });
    },
    ask: async (sql) => (await ask(sql)).map(([first]) => first as string),
    async close() {
      await connection.run(`DROP TABLE ${name}`);
      connection.closeSync();
    },
  };
}

const literal = (value: StoredValue): string => (typeof value === 'string' ? sqlText(value) : String(value));

function fitter(pattern: string): (field: string) => boolean {
  if (!pattern.includes('*')) return (field) => field === pattern;
  const parts = pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'));
  const expression = new RegExp(`^${parts.join('.*')}$`, 's');
  return (field) => expression.test(field);
}

/** Dynamic mapping of the embedded store, as far as the cases need it. */
function dynamicType(value: unknown): FieldType {
  if (typeof value === 'number') return Number.isInteger(value) ? 'long' : 'double';
  return typeof value === 'boolean' ? 'boolean' : 'keyword';
}

function fieldsOf(document: object, mapping: Mapping): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  const walk = (value: unknown, name: string): void => {
    if (value === null || value === undefined) return;
    if (Array.isArray(value)) for (const each of value) walk(each, name);
    else if (typeof value === 'object' && mapping[name] !== 'flattened' && mapping[name] !== 'unindexed') {
      for (const [key, inner] of Object.entries(value)) walk(inner, name === '' ? key : `${name}.${key}`);
    } else found.set(name, [...(found.get(name) ?? []), value]);
  };
  walk(document, '');
  return found;
}

/** The type of a field over all indices, for predicates: its own, or that of the flattened object it is in. */
export function typesOf(mapping: Mapping): (field: string) => FieldType | undefined {
  return (field) => {
    const own = mapping[field] ?? mapping[field.replace(/\.keyword$/, '')];
    if (own !== undefined) return own === 'nested' ? undefined : own;
    const isRoot = (name: string): boolean =>
      (mapping[name] === 'flattened' || mapping[name] === 'unindexed') && field.startsWith(`${name}.`);
    const root = Object.keys(mapping).find(isRoot);
    return root === undefined ? undefined : (mapping[root] as FieldType);
  };
}
