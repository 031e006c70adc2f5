/** Which columns a field's name means in rows of one shape. */
import { columnTypes, type SqlColumn, type SqlFields } from '../../../query/field-types.ts';
import { sqlPointer } from '../../../query/sql-literal.ts';
import { globMatch } from '../../glob-match.ts';
import type { RowSet, Snapshot, SnapshotIndex, StoredColumn } from '../snapshot.ts';
import { sparseValue } from '../sparse-columns.ts';

/** Field names that are columns of every row. */
const metaColumns: Readonly<Record<string, SqlColumn>> = {
  _id: { field: '_id', expression: '_id', type: 'keyword', multi: false },
  _index: { field: '_index', expression: '_index', type: 'keyword', multi: false },
  /** The order of arrival. */
  _seq_no: { field: '_seq_no', expression: '_seq', type: 'long', multi: false },
};

export interface ResolvedColumn extends SqlColumn {
  /** The stored column that it is made of. */
  readonly stored: string;
}

/** Resolves names against a snapshot; one instance a request, since it remembers what patterns stand for. */
export class FieldResolver {
  readonly #snapshot: Snapshot;
  readonly #patterns = new Map<string, readonly string[]>();
  readonly #names = new Map<string, readonly StoredColumn[]>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** The columns of `pattern` that rows of `rows` fill. */
  columns(
    rows: Pick<RowSet, 'columns' | 'sparse' | 'packed' | 'indices'>,
    pattern: string,
  ): readonly ResolvedColumn[] {
    const found: ResolvedColumn[] = [];
    for (const name of this.#expand(pattern)) {
      for (const { number, field, type } of this.#stored(name, rows)) {
        const single = `c${number}`;
        const several = `m${number}`;
        for (const [name, multi] of [
          [single, false],
          [several, true],
        ] as const) {
          const key = rows.sparse.get(name);
          const packed = rows.packed === undefined ? undefined : { json: rows.packed, key: name };
          if (rows.columns.has(name))
            found.push({ field, expression: name, type, multi, stored: name, ...(packed && { packed }) });
          else if (key !== undefined)
            found.push({
              field,
              expression: sparseValue(name, key, columnTypes[type]),
              type,
              multi,
              stored: '_sparse',
              packed: { json: '_sparse', key },
            });
        }
      }
      if (found.length > 0) continue;
      if (name.includes('.')) found.push(...this.#flattened(name, rows));
      if (found.length === 0 && !pattern.includes('*')) found.push(...this.#beyondLimit(name, rows));
    }
    return found;
  }

  #expand(pattern: string): readonly string[] {
    if (!pattern.includes('*')) return [pattern];
    let names = this.#patterns.get(pattern);
    if (names) return names;
    names = [...this.#snapshot.columns.fields()].filter(globMatch(pattern));
    this.#patterns.set(pattern, names);
    return names;
  }

  #stored(name: string, rows: Pick<RowSet, 'indices'>): readonly StoredColumn[] {
    const known = this.#names.get(name);
    const { columns, indices } = this.#snapshot;
    let stored = known ?? columns.of(name);
    if (!known) {
      if (stored.length === 0 && name.endsWith('.keyword')) stored = columns.of(name.slice(0, -8));
      this.#names.set(name, stored);
    }
    // Other names of a field are told by each index's mapping.
    let aliased: StoredColumn[] | undefined;
    for (const index of rows.indices.keys()) {
      const target = indices.get(index)?.aliases.get(name);
      if (target === undefined || target === name) continue;
      for (const column of columns.of(target))
        if (!stored.includes(column) && !aliased?.includes(column)) (aliased ??= []).push(column);
    }
    return aliased ? [...stored, ...aliased] : stored;
  }

  /** A field that an index has no column for, as it has too many: found in what all of those share. */
  #beyondLimit(name: string, rows: Pick<RowSet, 'columns'>): ResolvedColumn[] {
    return this.#snapshot.columns.of('_rest').flatMap(({ number }) => {
      const stored = `c${number}`;
      if (!rows.columns.has(stored)) return [];
      const path = sqlPointer(name);
      const value = `json_extract_string(${stored}, ${path})`;
      return [
        {
          field: name,
          expression: `CASE WHEN json_type(${stored}, ${path}) = 'ARRAY' THEN from_json(${value}, '["VARCHAR"]') WHEN ${value} IS NOT NULL THEN [${value}] END`,
          type: 'keyword',
          multi: true,
          stored,
        },
      ];
    });
  }

  /** `labels.env` where `labels` is kept as one JSON text. */
  #flattened(
    name: string,
    rows: Pick<RowSet, 'columns' | 'sparse' | 'packed' | 'indices'>,
  ): ResolvedColumn[] {
    const found: ResolvedColumn[] = [];
    for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      const path = sqlPointer(...name.slice(dot + 1).split('.'));
      for (const { number, type } of this.#snapshot.columns.of(name.slice(0, dot))) {
        const stored = `c${number}`;
        if (type !== 'flattened' || !rows.columns.has(stored)) continue;
        found.push({
          field: name,
          expression: `json_extract_string(${stored}, ${path})`,
          type: 'keyword',
          multi: false,
          stored,
        });
      }
    }
    return found;
  }
}

/** The SQL compiler's view of rows of one shape. Notes the stored columns that were asked for in `used`, `_source` too. */
export function sqlFields(
  resolver: FieldResolver,
  rows: Pick<RowSet, 'columns' | 'sparse' | 'packed' | 'indices'>,
  indices: ReadonlyMap<string, SnapshotIndex>,
  now: number,
  used: Set<string>,
): SqlFields {
  return {
    resolve(pattern) {
      const meta = Object.hasOwn(metaColumns, pattern) ? metaColumns[pattern] : undefined;
      if (meta) return [meta];
      const found = resolver.columns(rows, pattern);
      for (const { stored } of found) used.add(stored);
      return found;
    },
    get source() {
      used.add('_source');
      return '_source';
    },
    id: '_id',
    index: '_index',
    nested(path) {
      for (const index of rows.indices.keys())
        if (indices.get(index)?.nested.has(path)) {
          used.add('_source');
          return { json: jsonAt(path) };
        }
      // Arrays of objects that are not mapped as nested can be asked this way too, as `_source` still has them whole.
      if (resolver.columns(rows, `${path}.*`).length === 0) return undefined;
      used.add('_source');
      return { json: jsonAt(path) };
    },
    now,
  };
}

/** The value at a path of the document, whether it was written as objects or with dots in its key. */
function jsonAt(path: string): string {
  const at = (...keys: string[]): string => `json_extract(_source, ${sqlPointer(...keys)})`;
  return path.includes('.') ? `coalesce(${at(...path.split('.'))}, ${at(path)})` : at(path);
}
