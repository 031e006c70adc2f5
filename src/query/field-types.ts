/** Types of fields, by Elasticsearch's names, and how the embedded store keeps them. */
export type FieldType =
  | 'keyword'
  | 'text'
  | 'long'
  | 'unsigned_long'
  | 'double'
  | 'boolean'
  | 'date'
  | 'ip'
  /** A whole object of strings, searched as `field.key`; also what is beyond `total_fields.limit`. */
  | 'flattened'
  /** Kept in `_source` only: `enabled: false`, `index: false`, geo and vector types. */
  | 'unindexed';

/**
 * The column type in DuckDB; many values in a field make it a list of it.
 * date: milliseconds since the epoch, UTC. ip: canonical text (RFC 5952; IPv4-mapped as IPv4). flattened: the object's
 * JSON text.
 */
export const columnTypes: Readonly<Record<Exclude<FieldType, 'unindexed'>, string>> = {
  keyword: 'VARCHAR',
  text: 'VARCHAR',
  long: 'BIGINT',
  unsigned_long: 'UBIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'BIGINT',
  ip: 'VARCHAR',
  flattened: 'VARCHAR',
};

/** A column that holds a field's values in one group of rows. */
export interface SqlColumn {
  readonly field: string;
  /** SQL that gives its value, e.g. `c17`. */
  readonly expression: string;
  readonly type: Exclude<FieldType, 'unindexed'>;
  /** The expression is a list. */
  readonly multi: boolean;
  /** Its value stands in a JSON object, too, together with those of others, that can be looked at all at once. */
  readonly packed?: { readonly json: string; readonly key: string };
}

/** What the SQL compiler asks of one group of rows that have the same columns. */
export interface SqlFields {
  /** The columns of a field name or pattern; none: no row has it. `x.keyword` finds `x` where there is no such field. */
  resolve(pattern: string): readonly SqlColumn[];
  /** SQL of the document's JSON text. */
  readonly source: string;
  /** SQL of `_id` and `_index`. */
  readonly id: string;
  readonly index: string;
  /** The array of objects at this path as SQL of a JSON text, for `nested`: undefined when no row has it. */
  nested(path: string): { readonly json: string } | undefined;
  /** Milliseconds since the epoch that `now` stands for. */
  readonly now: number;
}
