/**
 * What the write side of the embedded store shows to the search side: rows in groups, and which columns they have.
 * See docs/adr/0040-the-embedded-event-store.md.
 *
 * Columns. A field with a type has one number for ever, over all indices (`ColumnDictionary`): `source.ip` as ip may be
 * 17. A row with one value has it in `c17`, a row with several has them as a list in `m17`; never both. A row set
 * has only the columns that some row of it fills.
 *
 * Beside them every row set gives: `_seq` BIGINT (unique, in the order of arrival), `_index` VARCHAR, `_id` VARCHAR,
 * `_version` INTEGER, `_source` VARCHAR (as it was sent), `_ignored` VARCHAR[] (NULL: none).
 */
import type { FieldType } from '../../query/field-types.ts';

export interface StoredColumn {
  readonly number: number;
  readonly field: string;
  readonly type: Exclude<FieldType, 'unindexed'>;
}

export interface ColumnDictionary {
  get(number: number): StoredColumn;
  /** All types that a field has anywhere, in order of numbers. */
  of(field: string): readonly StoredColumn[];
  /** Every field name, for patterns. */
  fields(): Iterable<string>;
}

/** Rows with one shape: what is in memory since the last seal, or one Parquet file. */
export interface RowSet {
  readonly kind: 'hot' | 'segment';
  /** Unique for ever. */
  readonly id: string;
  /**
   * SQL for a FROM clause that gives the columns above, `c17` and `m17` among `wanted`, and `file_row_number` for
   * segments. Hot: already without rows of indices that are not in `indices`, and beyond the snapshot.
   */
  relation(wanted: readonly string[]): string;
  /** Of a segment: the Parquet file with its columns. Searches read many with the same columns in one go. */
  readonly file: string | undefined;
  /**
   * Of a segment whose documents stand apart: the file that has `_source`. Its rows are those of `file` in the same order,
   * with what every row set gives and these columns. Otherwise `_source` stands in `file`.
   */
  readonly documents?: { readonly file: string; readonly columns: ReadonlySet<string> };
  /** Index → its rows here. A segment has exactly one index. */
  readonly indices: ReadonlyMap<string, number>;
  /** Names of the columns that hold at least one value: `c17`, `m17`. */
  readonly columns: ReadonlySet<string>;
  /** Further columns, in the JSON text `_sparse`: name → key there (`sparse-columns.ts`). */
  readonly sparse: ReadonlyMap<string, string>;
  /** The column with a JSON object of the values of all `columns`, if there is one. */
  readonly packed?: string;
  readonly rows: number;
  /** Of `@timestamp`, milliseconds since the epoch; undefined: no row has one. */
  readonly earliest: number | undefined;
  readonly latest: number | undefined;
  /** Rows without `@timestamp`: they must be looked at in spite of a time range that excludes the row set. */
  readonly undated: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** `_seq` of rows that were deleted or replaced, in order: every query leaves them out. */
  readonly tombstones: readonly number[];
  /** Sidecar files of a segment, by kind (`indicators`, `tokens`); absent: not made yet. */
  readonly sidecars: Readonly<Record<string, string>>;
}

/** A picture of the store that stays as it is until it is released. */
export interface Snapshot {
  readonly rowSets: readonly RowSet[];
  /** Indices it covers, with their mappings, in order of names. */
  readonly indices: ReadonlyMap<string, SnapshotIndex>;
  readonly columns: ColumnDictionary;
  release(): void;
}

export interface SnapshotIndex {
  readonly name: string;
  /** Field → type as mapped; `x.keyword` and aliases are resolved by `resolveField`. */
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Dotted paths of objects that are mapped as `nested`. */
  readonly nested: ReadonlySet<string>;
  /** Another name of a field (`alias` type, multi-fields such as `message.keyword`) → the field that has the column. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Fields that may hold values which stand in no document (`null_value`, `constant_keyword`), and those below them. */
  readonly madeValues?: ReadonlySet<string>;
}
