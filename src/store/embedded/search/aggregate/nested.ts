/**
 * Aggregations over the objects of nested arrays. Each row carries the objects as a list of structures that already hold
 * what is asked of them: values of fields, whether conditions are met, lists of objects deeper inside. A `nested`
 * aggregation then works on the elements, one row each.
 */
import { columnTypes, type FieldType, type SqlFields } from '../../../../query/field-types.ts';
import { toBooleanSql } from '../../../../query/sql.ts';
import { nestedFields, objectsSql } from '../../../../query/sql-json.ts';
import type { Query } from '../../../../query/tree.ts';
import { commonType, fieldValue } from '../row-groups.ts';
import type { FieldView, RelationField } from './relation.ts';

/** What aggregations ask of the documents, or of the objects at one path. */
export interface Wanted {
  readonly fields: Set<string>;
  readonly queries: Query[];
  /** By path. */
  readonly nested: Map<string, Wanted>;
}

export const nothingWanted = (): Wanted => ({ fields: new Set(), queries: [], nested: new Map() });

/** One query for each path, for the choice of rows that have the same columns. */
export const nestedQueries = ({ nested }: Wanted): Query[] =>
  [...nested].map(([path, inside]) => ({
    type: 'nested',
    path,
    of: {
      type: 'and',
      of: [
        ...[...inside.fields].map((field): Query => ({ type: 'exists', field })),
        ...inside.queries,
        ...nestedQueries(inside),
      ],
    },
  }));

/** The objects at one path, for aggregations inside of a `nested` one. */
export class NestedView implements FieldView {
  readonly path: string;
  readonly wanted: Wanted;
  /** The column of one object, once the list is unnested. */
  readonly object: string;
  readonly #parent: NestedView | undefined;
  readonly #list: string;
  readonly #fields = new Map<string, RelationField>();
  readonly #nested = new Map<string, NestedView>();

  /** `groups`: the SQL compiler's view of the rows of every shape. */
  constructor(
    path: string,
    wanted: Wanted,
    number: string,
    groups: readonly SqlFields[],
    parent?: NestedView,
  ) {
    this.path = path;
    this.wanted = wanted;
    this.object = `e${number}`;
    this.#list = `n${number}`;
    this.#parent = parent;
    const inside = groups
      .filter((fields) => fields.nested(path) !== undefined)
      .map((fields) => nestedFields(fields, path, this.#variable));
    [...wanted.fields].forEach((name, at) => {
      const types = new Set<FieldType>(
        inside.flatMap((fields) => fields.resolve(name).map(({ type }) => type)),
      );
      const type = commonType(types);
      if (type) this.#fields.set(name, { sql: this.#part(`f${at}`), type, multi: true });
    });
    for (const [at, [deeper, each]] of [...wanted.nested].entries())
      this.#nested.set(deeper, new NestedView(deeper, each, `${number}_${at}`, inside, this));
  }

  field(name: string): RelationField | undefined {
    return this.#fields.get(name);
  }

  condition(query: Query): string {
    return this.#part(`q${this.wanted.queries.indexOf(query)}`);
  }

  nested(path: string): NestedView {
    return this.#nested.get(path)!;
  }

  /** SELECT of the objects of some rows, with all that the rows have. */
  objectsOf(from: string): string {
    const list = this.#parent ? this.#parent.#part(this.#list) : this.#list;
    return `SELECT *, unnest(${list}) AS ${this.object} FROM (${from})`;
  }

  rowsOf(documents: string): string {
    return this.objectsOf(this.#parent ? this.#parent.rowsOf(documents) : documents);
  }

  /** The list, as a column of rows of one shape. */
  columnSql(fields: SqlFields): string {
    return `${this.#listSql(fields)} AS ${this.#list}`;
  }

  #listSql(fields: SqlFields): string {
    const objects = fields.nested(this.path);
    if (!objects) return `NULL::${this.#type}`;
    const inner = nestedFields(fields, this.path, this.#variable);
    const parts = ['x: 1'];
    [...this.wanted.fields].forEach((name, at) => {
      const field = this.#fields.get(name);
      if (field) parts.push(`f${at}: ${fieldValue(inner.resolve(name), field.type, true)}`);
    });
    this.wanted.queries.forEach((query, at) => {
      parts.push(`q${at}: ${toBooleanSql(query, inner)}`);
    });
    for (const view of this.#nested.values()) parts.push(`${view.#list}: ${view.#listSql(inner)}`);
    const list = `list_transform(${objectsSql(objects.json)}, lambda ${this.#variable}: {${parts.join(', ')}})`;
    return `CAST(${list} AS ${this.#type})`;
  }

  /** Of the list: the same for rows of every shape. */
  get #type(): string {
    const parts = ['x INTEGER'];
    [...this.wanted.fields].forEach((name, at) => {
      const field = this.#fields.get(name);
      if (field) parts.push(`f${at} ${columnTypes[field.type]}[]`);
    });
    for (const at of this.wanted.queries.keys()) parts.push(`q${at} BOOLEAN`);
    for (const view of this.#nested.values()) parts.push(`${view.#list} ${view.#type}`);
    return `STRUCT(${parts.join(', ')})[]`;
  }

  /** Other than the names that the query compiler gives. */
  get #variable(): string {
    return `a${this.#list}`;
  }

  #part(name: string): string {
    return `struct_extract(${this.object}, '${name}')`;
  }

  /** NULL for rows that are not there at all. */
  get emptyColumn(): string {
    return `NULL::${this.#type} AS ${this.#list}`;
  }
}
