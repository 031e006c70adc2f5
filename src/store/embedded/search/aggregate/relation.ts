/** The rows that aggregations work on, with one column for each field they name, whatever segments keep it as. */
import { columnTypes, type FieldType } from '../../../../query/field-types.ts';
import { sqlText } from '../../../../query/sql-literal.ts';
import type { Query } from '../../../../query/tree.ts';
import type { RowSet } from '../../snapshot.ts';
import { commonType, fieldValue, fromClause, Plan } from '../row-groups.ts';
import type { SearchContext } from '../search.ts';
import { NestedView, nestedQueries, type Wanted } from './nested.ts';

export interface RelationField {
  readonly sql: string;
  readonly type: Exclude<FieldType, 'unindexed'>;
  /** `sql` is a list. */
  readonly multi: boolean;
}

/** Documents, or objects inside of them, as aggregations see them. */
export interface FieldView {
  /** The column of a field; undefined when no row has it. */
  field(name: string): RelationField | undefined;
  /** The column that tells whether a row meets a condition. */
  condition(query: Query): string;
  /** SELECT of all rows of the view, of one of all documents. */
  rowsOf(documents: string): string;
  /** The objects at a path below. */
  nested(path: string): NestedView;
}

export interface RelationOptions {
  readonly query: Query;
  /** Field names that aggregations ask for, conditions of filter aggregations, and both of nested objects. */
  readonly wanted: Wanted;
  /** With the places of rows, for `top_hits`. */
  readonly places: boolean;
}

export class Relation implements FieldView {
  /** SELECT without parentheses. Columns: f0…, q0…, n0…, and with places _seq, _file, _row. */
  readonly sql: string;
  readonly #fields = new Map<string, RelationField>();
  readonly #queries: readonly Query[];
  readonly #nested = new Map<string, NestedView>();
  readonly #rowSets = new Map<string, RowSet>();
  readonly plan: Plan;

  constructor({ snapshot, now }: SearchContext, { query, wanted, places }: RelationOptions) {
    const { fields, queries } = wanted;
    this.#queries = queries;
    const all = [...queries, ...nestedQueries(wanted)];
    this.plan = new Plan({ snapshot, query, fields: [...fields], queries: all, now });
    const { groups } = this.plan;
    const names = [...fields];
    names.forEach((name, at) => {
      const types = new Set<FieldType>();
      let multi = false;
      if (name === '_index' || name === '_id') types.add('keyword');
      for (const group of groups)
        for (const column of group.columns(name)) {
          types.add(column.type);
          multi ||= column.multi;
        }
      const type = commonType(types);
      if (type) this.#fields.set(name, { sql: `f${at}`, type, multi });
    });
    const shapes = groups.map(({ rowSets }) => this.plan.fields(rowSets[0]!, new Set()));
    for (const [at, [path, inside]] of [...wanted.nested].entries())
      this.#nested.set(path, new NestedView(path, inside, String(at), shapes));
    const selects = groups.flatMap((group) => {
      const used = new Set(group.used);
      const columns = names.flatMap((name, at) => {
        const field = this.#fields.get(name);
        if (!field) return [];
        if (name === '_index' || name === '_id') return [`${name} AS f${at}`];
        const found = group.columns(name);
        for (const { stored } of found) used.add(stored);
        return [`${fieldValue(found, field.type, field.multi)} AS f${at}`];
      });
      queries.forEach((condition, at) => {
        columns.push(`${this.plan.compileBoolean(group.rowSets[0]!, condition, used)} AS q${at}`);
      });
      for (const view of this.#nested.values())
        columns.push(view.columnSql(this.plan.fields(group.rowSets[0]!, used)));
      const inFiles = group.rowSets[0]!.file !== undefined;
      for (const rowSet of group.rowSets) {
        this.#rowSets.set(rowSet.file ?? rowSet.id, rowSet);
        if (rowSet.documents) this.#rowSets.set(rowSet.documents.file, rowSet);
      }
      if (places)
        columns.push(
          '_seq',
          inFiles ? 'filename AS _file' : `${sqlText(group.rowSets[0]!.id)} AS _file`,
          inFiles ? 'file_row_number AS _row' : '-1::BIGINT AS _row',
        );
      if (columns.length === 0) columns.push('1 AS nothing');
      return [
        `SELECT ${columns.join(', ')} FROM ${fromClause(group, group.rowSets, used, places && inFiles)} WHERE ${group.where}`,
      ];
    });
    this.sql = selects.length > 0 ? selects.join(' UNION ALL ') : this.#nothing(names, queries, places);
  }

  #nothing(names: readonly string[], queries: readonly Query[], places: boolean): string {
    const columns = names.flatMap((name) => {
      const field = this.#fields.get(name);
      return field ? [`NULL::${columnTypes[field.type]}${field.multi ? '[]' : ''} AS ${field.sql}`] : [];
    });
    for (let at = 0; at < queries.length; at++) columns.push(`false AS q${at}`);
    for (const view of this.#nested.values()) columns.push(view.emptyColumn);
    if (places) columns.push('0::BIGINT AS _seq', "'' AS _file", '0::BIGINT AS _row');
    columns.push('1 AS nothing');
    return `SELECT ${columns.join(', ')} WHERE false`;
  }

  field(name: string): RelationField | undefined {
    return this.#fields.get(name);
  }

  rowsOf(documents: string): string {
    return documents;
  }

  nested(path: string): NestedView {
    return this.#nested.get(path)!;
  }

  condition(query: Query): string {
    return `q${this.#queries.indexOf(query)}`;
  }

  /** The row set of a `_file`. */
  rowSet(file: string): RowSet {
    return this.#rowSets.get(file)!;
  }
}
