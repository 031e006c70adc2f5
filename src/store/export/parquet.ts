/**
 * A Parquet file with a column a field: whole numbers, numbers, flags and times in UTC keep their types when all values
 * of a field are of one kind, everything else is text; a field that ever has several values is a list.
 *
 * The types are known when the last document was seen: rows wait in a file beside, from which DuckDB makes the columns.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { ScanPage } from '../scan.ts';
import { ordered } from './columns.ts';
import { metaField } from './csv.ts';
import { type Cell, flatten, type Scalar } from './flatten.ts';

export interface ParquetOptions {
  /** Dotted names of fields, `_index` and `_id`; undefined: these two and all fields that the documents have. */
  readonly columns?: readonly string[] | undefined;
  /** Called for every page when its rows are in the file beside. */
  readonly onPage?: (page: ScanPage) => void;
}

const META = ['_index', '_id'];
const MAX_COLUMNS = 16_384;
const MEMORY = '1GiB';
/** DuckDB takes twice the longest row for each thread. */
const MIN_ROW = 8 << 20;

/** Kinds of values that a column has: bits. */
const Kind = { whole: 1, large: 2, decimal: 4, flag: 8, time: 16, text: 32 } as const;

interface Column {
  readonly key: string;
  kinds: number;
  isList: boolean;
}

/**
 * Writes `file`, whole or not at all.
 * @throws the system's errors, what the pages throw
 */
export async function writeParquet(
  pages: AsyncIterable<ScanPage>,
  file: string,
  { columns: chosen, onPage }: ParquetOptions = {},
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const rowsFile = `${file}.rows`;
  const temporary = `${file}.part`;
  const columns = new Map<string, Column>();
  for (const name of chosen ?? META) columnOf(columns, name);
  let rows = 0;
  let longest = MIN_ROW;
  try {
    const out = createWriteStream(rowsFile, { mode: 0o600 });
    await once(out, 'open');
    try {
      for await (const page of pages) {
        const lines: string[] = [];
        for (const hit of page.hits) {
          const row = flatten(hit.source!);
          for (const name of META) {
            const value = metaField(hit, name);
            if (value !== undefined && !row.has(name)) row.set(name, value);
          }
          const line = rowLine(columns, row, chosen !== undefined);
          // A character takes up to three bytes.
          longest = Math.max(longest, line.length * 3);
          lines.push(line);
        }
        rows += lines.length;
        if (!out.write(lines.join(''))) await once(out, 'drain');
        onPage?.(page);
      }
    } finally {
      await new Promise<void>((resolve, reject) => {
        out.once('error', reject);
        out.end(() => resolve());
      });
    }
    const names = chosen ?? [...META, ...ordered([...columns.keys()].filter((name) => !META.includes(name)))];
    await copy(rowsFile, temporary, names, columns, longest);
    await rename(temporary, file);
    return { rows, bytes: (await stat(file)).size };
  } finally {
    await rm(rowsFile, { force: true });
    await rm(temporary, { force: true });
  }
}

function columnOf(columns: Map<string, Column>, name: string): Column {
  let column = columns.get(name);
  if (!column) {
    if (columns.size >= MAX_COLUMNS)
      throw new Error(
        `the events have more than ${MAX_COLUMNS.toLocaleString('en')} different fields: choose columns with --fields`,
      );
    column = { key: `c${columns.size}`, kinds: 0, isList: false };
    columns.set(name, column);
  }
  return column;
}

function rowLine(columns: Map<string, Column>, row: ReadonlyMap<string, Cell>, onlyKnown: boolean): string {
  const parts: string[] = [];
  for (const [name, cell] of row) {
    if (onlyKnown && !columns.has(name)) continue;
    const column = columnOf(columns, name);
    if (Array.isArray(cell)) {
      column.isList = true;
      parts.push(`"${column.key}":[${cell.map((value: Scalar) => text(column, value)).join(',')}]`);
    } else parts.push(`"${column.key}":${text(column, cell as Scalar)}`);
  }
  return `{${parts.join(',')}}\n`;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/;
const INT64 = 2n ** 63n;

/** The value as JSON, and its kind noted. */
function text(column: Column, value: Scalar): string {
  switch (typeof value) {
    case 'string':
      column.kinds |= TIME.test(value) ? Kind.time : Kind.text;
      return JSON.stringify(value.toWellFormed());
    case 'boolean':
      column.kinds |= Kind.flag;
      return String(value);
    case 'number':
      column.kinds |= Number.isSafeInteger(value) ? Kind.whole : Kind.decimal;
      return JSON.stringify(value);
    case 'bigint':
      if (value >= -INT64 && value < INT64) {
        column.kinds |= Kind.large;
        return String(value);
      }
  }
  // A number that no type of Parquet holds exactly.
  column.kinds |= Kind.text;
  return JSON.stringify(typeof value === 'bigint' ? String(value) : JSON.stringify(value));
}

function typeOf({ kinds }: Column): string {
  if (kinds === 0) return 'VARCHAR';
  if ((kinds & ~(Kind.whole | Kind.large)) === 0) return 'BIGINT';
  if ((kinds & ~(Kind.whole | Kind.decimal)) === 0) return 'DOUBLE';
  if (kinds === Kind.flag) return 'BOOLEAN';
  return kinds === Kind.time ? 'TIMESTAMP' : 'VARCHAR';
}

async function copy(
  rowsFile: string,
  file: string,
  names: readonly string[],
  columns: ReadonlyMap<string, Column>,
  longest: number,
): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY,
    threads: '2',
    temp_directory: `${file}.tmp`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  try {
    const connection = await instance.connect();
    const taken = new Set<string>();
    const selected = names.map((name) => {
      const column = columns.get(name)!;
      return `${columnValue(column)} AS ${identifier(uniqueName(name, taken))}`;
    });
    const types = names.map((name) => {
      const column = columns.get(name)!;
      return `${column.key}: '${column.isList ? 'JSON' : typeOf(column)}'`;
    });
    await connection.run(
      `COPY (SELECT ${selected.join(', ')} FROM read_json(${literal(exactPath(rowsFile))}, format='newline_delimited', ` +
        `compression='uncompressed', maximum_object_size=${longest}, columns={${types.join(', ')}})) ` +
        `TO ${literal(file)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 61440)`,
    );
    connection.closeSync();
  } finally {
    instance.closeSync();
    await rm(`${file}.tmp`, { recursive: true, force: true });
  }
}

function columnValue(column: Column): string {
  const { key, isList } = column;
  if (!isList) return key;
  const type = typeOf(column);
  return `CASE WHEN ${key} IS NULL THEN NULL WHEN json_type(${key}) = 'ARRAY' THEN CAST(${key} AS ${type}[]) ELSE [CAST(${key} AS ${type})] END`;
}

/** Names that differ in case only are one to many readers: the second gets a number. */
function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let number = 2; taken.has(unique.toLowerCase()); number++) unique = `${name}_${number}`;
  taken.add(unique.toLowerCase());
  return unique;
}

/** DuckDB takes paths for patterns. */
const exactPath = (path: string): string => path.replace(/[*?[]/g, '[$&]');
const identifier = (name: string): string => `"${name.replaceAll('"', '""').replaceAll('\0', '')}"`;
const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;
