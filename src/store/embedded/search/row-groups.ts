/** Which rows a request must look at, put together by the columns they have, each with its WHERE clause. */
import { columnTypes, type FieldType, type SqlColumn, type SqlFields } from '../../../query/field-types.ts';
import { toBooleanSql, toSql } from '../../../query/sql.ts';
import { sqlText } from '../../../query/sql-literal.ts';
import type { Query } from '../../../query/tree.ts';
import { isListed } from '../indicator-list.ts';
import type { RowSet, Snapshot } from '../snapshot.ts';
import { listHas } from '../value-lookup.ts';
import { type HasAddress, neededTokens, type RowRange, rowsWith } from './needed-tokens.ts';
import { arrivalBound, fieldsOf, timeBounds, withoutTimes } from './query-fields.ts';
import { FieldResolver, type ResolvedColumn, sqlFields } from './resolve-fields.ts';

/** Rows of one shape. */
export interface RowGroup {
  readonly rowSets: readonly RowSet[];
  /** SQL condition of the rows that match, without those deleted. */
  readonly where: string;
  /** Stored columns that `where` uses. */
  readonly used: ReadonlySet<string>;
  /** Of which segments only these rows can match. */
  readonly ranges: ReadonlyMap<RowSet, readonly RowRange[]>;
  /** The columns of a field name or pattern in these rows. */
  columns(pattern: string): readonly ResolvedColumn[];
}

export interface PlanOptions {
  readonly snapshot: Snapshot;
  readonly query: Query;
  /** Fields that are sorted by, aggregated or returned, beside those in the query. */
  readonly fields: readonly string[];
  readonly now: number;
  /** Further conditions that are compiled for each group, such as those of filter aggregations. */
  readonly queries?: readonly Query[];
}

/** So many lists of values are asked whether they have an address: of one that is everywhere it would only cost. */
const MAX_LISTS = 16;
/** Each range of rows is a part of the statement: with more, the segments with the most are read whole. */
const MAX_RANGES = 256;
const NO_FIELDS: ReadonlySet<string> = new Set();

export class Plan {
  readonly groups: readonly RowGroup[];
  /** Rows that no condition could leave out, when the query is about all of them: then counting needs no reading. */
  readonly everything: number | undefined;
  /** So many rows are looked at. */
  readonly rows: number;
  /** `@timestamp` of what matches lies between these; undefined: nobody knows. */
  readonly times: { readonly from: number; readonly to: number } | undefined;
  readonly #snapshot: Snapshot;
  readonly #resolver: FieldResolver;
  readonly #now: number;

  constructor({ snapshot, query, fields, now, queries = [] }: PlanOptions) {
    this.#snapshot = snapshot;
    this.#resolver = new FieldResolver(snapshot);
    this.#now = now;
    const { from, to } = timeBounds(query, now);
    const arrived = arrivalBound(query);
    const patterns = fieldsOf(query);
    for (const other of queries) fieldsOf(other, patterns);
    for (const field of fields) patterns.add(field);
    const bounded = from !== undefined || to !== undefined;
    const timeless = bounded ? withoutTimes(query) : query;
    const groups = new Map<string, { readonly query: Query; readonly rowSets: RowSet[] }>();
    const ranges = new Map<RowSet, readonly RowRange[]>();
    const need = neededTokens(query, (field) => this.#typesOf(field));
    const put = (rowSet: RowSet): void => {
      const isInside = timeless !== query && this.#liesInside(rowSet, from, to);
      const shape = rowSet.file === undefined ? rowSet.id : this.#signature(rowSet, patterns);
      const key = `${isInside ? 'inside' : ''};${shape}`;
      const group = groups.get(key);
      if (group) group.rowSets.push(rowSet);
      else groups.set(key, { query: isInside ? timeless : query, rowSets: [rowSet] });
    };
    let lists = MAX_LISTS;
    const has =
      (rowSet: RowSet): HasAddress =>
      (field, address) => {
        const list = rowSet.sidecars['values'];
        const filled = snapshot.columns
          .of(field)
          .filter(({ number }) => isFilled(rowSet, `c${number}`) || isFilled(rowSet, `m${number}`));
        // Otherwise it may be a part of another column, or be none of what lists have.
        const isKnown = filled.length > 0 && filled.every(isListed);
        return list !== undefined && isKnown && lists-- > 0 ? listHas(list, field, address) : undefined;
      };
    let rows = 0;
    const times = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
    for (const rowSet of snapshot.rowSets) {
      if (rowSet.rows === 0 || query.type === 'none') continue;
      if (arrived !== undefined && rowSet.lastSequence <= arrived) continue;
      if (bounded) {
        if (rowSet.latest === undefined || rowSet.earliest === undefined) continue;
        if (from !== undefined && rowSet.latest < from) continue;
        if (to !== undefined && rowSet.earliest > to) continue;
      }
      rows += rowSet.rows - rowSet.tombstones.length;
      const tokens = rowSet.sidecars['tokens'];
      const own = need && tokens !== undefined ? rowsWith(need, tokens, has(rowSet)) : undefined;
      if (own?.length === 0) continue;
      if (own) ranges.set(rowSet, own);
      put(rowSet);
      times.from = Math.min(times.from, Math.max(rowSet.earliest ?? Infinity, from ?? -Infinity));
      times.to = Math.max(times.to, Math.min(rowSet.latest ?? -Infinity, to ?? Infinity));
    }
    limit(ranges);
    this.times = times.from <= times.to ? times : undefined;
    this.everything = query.type === 'all' ? rows : undefined;
    this.groups = [...groups.values()]
      .map((group) => this.#group(group.rowSets, ranges, group.query))
      .filter((group) => group.where !== 'false');
    this.rows = this.groups.reduce((sum, group) => sum + rowsToRead(group, group.rowSets), 0);
  }

  /** Some index of the snapshot has the field, though perhaps no row fills it. */
  isMapped(field: string): boolean {
    for (const { fields, aliases } of this.#snapshot.indices.values())
      if (fields.has(field) || aliases.has(field)) return true;
    return field.endsWith('.keyword') && this.isMapped(field.slice(0, -8));
  }

  /** Each row has one time, and it is between the bounds. */
  #liesInside(
    { earliest, latest, undated, columns, sparse }: RowSet,
    from: number | undefined,
    to: number | undefined,
  ): boolean {
    if (undated > 0 || earliest === undefined || latest === undefined) return false;
    if (from !== undefined && earliest <= from) return false;
    if (to !== undefined && latest >= to) return false;
    const times = this.#snapshot.columns.of('@timestamp');
    return (
      times.some(({ number, type }) => type === 'date' && columns.has(`c${number}`)) &&
      times.every(({ number }) => !columns.has(`m${number}`) && !sparse.has(`m${number}`))
    );
  }

  /** For `neededTokens`. */
  #typesOf(field: string): readonly FieldType[] {
    if (field.startsWith('_') || field.includes('*')) return [];
    const types = new Set(this.#snapshot.columns.of(field).map(({ type }) => type));
    for (const { aliases, madeValues = NO_FIELDS } of this.#snapshot.indices.values()) {
      if (aliases.has(field)) return [];
      for (const made of madeValues) if (field === made || field.startsWith(`${made}.`)) return [];
    }
    return [...types];
  }

  #signature(rowSet: RowSet, patterns: ReadonlySet<string>): string {
    let signature = '';
    for (const pattern of patterns) {
      if (pattern.startsWith('nested:')) {
        const path = pattern.slice(7);
        const mapped = [...rowSet.indices.keys()].some((index) =>
          this.#snapshot.indices.get(index)?.nested.has(path),
        );
        signature += mapped ? 'n;' : ';';
        continue;
      }
      for (const { expression } of this.#resolver.columns(rowSet, pattern)) signature += `${expression},`;
      signature += ';';
    }
    return signature;
  }

  #group(
    rowSets: readonly RowSet[],
    ranges: ReadonlyMap<RowSet, readonly RowRange[]>,
    query: Query,
  ): RowGroup {
    const first = rowSets[0]!;
    const used = new Set<string>();
    const matches = this.compile(first, query, used);
    const deleted = rowSets.flatMap(({ tombstones }) => tombstones);
    const alive = deleted.length > 0 ? `_seq NOT IN (SELECT unnest([${deleted.join(',')}]))` : undefined;
    const where = alive === undefined ? matches : matches === 'true' ? alive : `(${matches}) AND ${alive}`;
    return {
      rowSets,
      where,
      used,
      ranges,
      columns: (pattern) => this.#resolver.columns(first, pattern),
    };
  }

  /** The condition of a query in the rows of a group; stored columns it uses are added to `used`. */
  compile(
    rows: Pick<RowSet, 'columns' | 'sparse' | 'packed' | 'indices'>,
    query: Query,
    used: Set<string>,
  ): string {
    if (query.type === 'all') return 'true';
    return toSql(query, this.fields(rows, used));
  }

  /** The same, and never NULL: a value that can be negated and combined. */
  compileBoolean(
    rows: Pick<RowSet, 'columns' | 'sparse' | 'packed' | 'indices'>,
    query: Query,
    used: Set<string>,
  ): string {
    return toBooleanSql(query, this.fields(rows, used));
  }

  /** What rows of one shape have; stored columns that are asked for are added to `used`. */
  fields(rows: Pick<RowSet, 'columns' | 'sparse' | 'packed' | 'indices'>, used: Set<string>): SqlFields {
    return sqlFields(this.#resolver, rows, this.#snapshot.indices, this.#now, used);
  }
}

const isFilled = ({ columns, sparse }: RowSet, name: string): boolean =>
  columns.has(name) || sparse.has(name);

/** How many rows of some segments of a group are looked at. */
export function rowsToRead({ ranges }: RowGroup, rowSets: readonly RowSet[]): number {
  let count = 0;
  for (const rowSet of rowSets) {
    const own = ranges.get(rowSet);
    count += own ? own.reduce((sum, { from, to }) => sum + Math.min(to, rowSet.rows) - from, 0) : rowSet.rows;
  }
  return count;
}

/** How many rows a group has when no condition leaves any out: they are counted without being read. */
export function knownCount({ where, rowSets, ranges }: RowGroup): number | undefined {
  if (where !== 'true' || rowSets.some((rowSet) => ranges.has(rowSet))) return undefined;
  return rowSets.reduce((sum, { rows }) => sum + rows, 0);
}

/** Drops ranges until there are not too many. */
function limit(ranges: Map<RowSet, readonly RowRange[]>): void {
  let count = 0;
  for (const own of ranges.values()) count += own.length;
  if (count <= MAX_RANGES) return;
  const byCount = [...ranges].sort(([, a], [, b]) => b.length - a.length);
  for (const [rowSet, own] of byCount) {
    if (count <= MAX_RANGES) return;
    ranges.delete(rowSet);
    count -= own.length;
  }
}

/** What every row of a segment has, beside the columns of fields and `_source`. */
const META_COLUMNS = ['_seq', '_index', '_id', '_version', '_ignored'];
/** So many parts of files are put together with their documents one by one: each takes half a millisecond to plan. */
const MAX_JOINS = 32;

/** A file as a whole, or some rows of it. */
interface Part {
  readonly file: string;
  readonly range: RowRange | undefined;
}

/**
 * FROM clause for some row sets of one group, with the columns `wanted`, `_source` only when it is among them: then
 * documents that stand apart are read, without their columns where those beside them suffice. With `places`: also
 * `filename` (of either file) and `file_row_number`.
 */
export function fromClause(
  { ranges }: Pick<RowGroup, 'ranges'>,
  rowSets: readonly RowSet[],
  wanted: ReadonlySet<string>,
  places = false,
): string {
  if (rowSets[0]!.file === undefined) {
    if (rowSets.length !== 1) throw new Error('rows in memory are read one table at a time');
    return `(${rowSets[0]!.relation([...wanted])})`;
  }
  const names = [...new Set([...META_COLUMNS, ...wanted])];
  const fields = names.filter((name) => name !== '_source' && !META_COLUMNS.includes(name));
  const shown = places ? ['filename', 'file_row_number'] : [];
  const plain: Part[] = [];
  const joined: (Part & { readonly documents: string })[] = [];
  for (const rowSet of rowSets) {
    const file = rowSet.file!;
    const apart = wanted.has('_source') ? rowSet.documents : undefined;
    for (const range of ranges.get(rowSet) ?? [undefined])
      if (!apart) plain.push({ file, range });
      else if (fields.every((name) => apart.columns.has(name))) plain.push({ file: apart.file, range });
      else joined.push({ file, documents: apart.file, range });
  }
  if (joined.length === 0 && plain.every(({ range }) => !range))
    return files(
      plain.map(({ file }) => file),
      shown,
    );
  const selects = plain.length > 0 ? [read(plain, [...names, ...shown])] : [];
  // Documents come first: they are what is looked through, and left out by what the columns say.
  const join = (parts: typeof joined, key: '_seq' | 'file_row_number'): string => {
    const documents = parts.map((part) => ({ file: part.documents, range: part.range }));
    const own = read(documents, [...new Set(['_source', ...META_COLUMNS, ...shown, key])]);
    return `SELECT ${[...names, ...shown].join(', ')} FROM (${own}) JOIN (${read(parts, [...fields, key])}) USING (${key})`;
  };
  if (joined.length > MAX_JOINS) selects.push(join(joined, '_seq'));
  else for (const part of joined) selects.push(join([part], 'file_row_number'));
  return `(${selects.join(' UNION ALL ')})`;
}

/** SELECT of columns of some files. */
function read(parts: readonly Part[], columns: readonly string[]): string {
  const whole = parts.filter(({ range }) => !range).map(({ file }) => file);
  const selects = whole.length > 0 ? [`SELECT ${columns.join(', ')} FROM ${files(whole, columns)}`] : [];
  for (const { file, range } of parts)
    if (range)
      selects.push(
        `SELECT ${columns.join(', ')} FROM ${files([file], [...columns, 'file_row_number'])} WHERE file_row_number >= ${range.from} AND file_row_number < ${range.to}`,
      );
  return selects.join(' UNION ALL ');
}

function files(paths: readonly string[], columns: readonly string[]): string {
  const more = ['filename', 'file_row_number'].filter((name) => columns.includes(name));
  return `read_parquet([${paths.map(sqlText).join(',')}]${more.map((name) => `, ${name}=true`).join('')})`;
}

/** A type that values of all these can be given in; text when there is no common one. */
export function commonType(types: ReadonlySet<FieldType>): Exclude<FieldType, 'unindexed'> | undefined {
  if (types.size === 0) return undefined;
  const [first] = types as ReadonlySet<Exclude<FieldType, 'unindexed'>>;
  if (types.size === 1) return first;
  const all = [...types];
  if (all.every((type) => type === 'long' || type === 'date')) return 'long';
  if (
    all.every((type) => type === 'long' || type === 'double' || type === 'unsigned_long' || type === 'date')
  )
    return 'double';
  return 'keyword';
}

/**
 * The value of a field as one expression of `type`: NULL where a row has none. `multi` makes it a list in every case.
 */
export function fieldValue(
  columns: readonly SqlColumn[],
  type: Exclude<FieldType, 'unindexed'>,
  multi: boolean,
): string {
  const sqlType = columnTypes[type];
  const cast = (column: SqlColumn): string =>
    columnTypes[column.type] === sqlType
      ? column.expression
      : `TRY_CAST(${column.expression} AS ${sqlType}${column.multi ? '[]' : ''})`;
  const parts = columns.map((column) => {
    if (!multi) return cast(column);
    return column.multi
      ? cast(column)
      : `CASE WHEN ${column.expression} IS NULL THEN NULL ELSE [${cast(column)}] END`;
  });
  if (parts.length === 0) return `NULL::${sqlType}${multi ? '[]' : ''}`;
  return parts.length === 1 ? parts[0]! : `coalesce(${parts.join(', ')})`;
}
