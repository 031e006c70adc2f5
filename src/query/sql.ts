/**
 * A query as a boolean expression of DuckDB, for one group of rows that have the same columns.
 *
 * The expression is true, or it is false or NULL: WHERE, FILTER and CASE take these two for the same, and comparisons
 * that stand bare are what DuckDB can push into Parquet's statistics and bloom filters. Under NOT a clause is made
 * never NULL, so a missing field is one that does not match. `toBooleanSql` is for the places where NULL matters.
 */
import { anywhereSql, anywhereWords } from './anywhere.ts';
import { type Clause, type ConditionContext, clauseCondition } from './condition.ts';
import { allOf, anyOf, columnSql } from './condition-sql.ts';
import { type Equalities, takeEqualities } from './equalities.ts';
import { columnTypes, type SqlColumn, type SqlFields } from './field-types.ts';
import { tooDeep } from './query-error.ts';
import { flattenedColumn, nestedFields, objectsSql } from './sql-json.ts';
import { sqlText } from './sql-literal.ts';
import type { Query } from './tree.ts';

/** @throws QueryError for date math or patterns that mean nothing in the types that the columns have */
export function toSql(query: Query, fields: SqlFields): string {
  return compile(query, { fields, inLambda: false, depth: 0 });
}

/** The same, never NULL. */
export function toBooleanSql(query: Query, fields: SqlFields): string {
  return `coalesce(${toSql(query, fields)}, false)`;
}

interface Context {
  readonly fields: SqlFields;
  readonly inLambda: boolean;
  readonly depth: number;
}

/** Deeper than any parser lets a query become. */
const MAX_TREE_DEPTH = 200;

function compile(query: Query, outer: Context): string {
  if (outer.depth > MAX_TREE_DEPTH) throw tooDeep();
  const context = { ...outer, depth: outer.depth + 1 };
  switch (query.type) {
    case 'all':
      return 'true';
    case 'none':
      return 'false';
    case 'and': {
      const parts = query.of.map((each) => compile(each, context)).filter((part) => part !== 'true');
      return parts.includes('false') ? 'false' : allOf(parts);
    }
    case 'or': {
      const minimum = query.minimum ?? 1;
      const { rest, merged } = minimum === 1 ? takeEqualities(query.of) : { rest: query.of, merged: [] };
      const parts = rest.map((each) => compile(each, context));
      for (const each of merged) parts.push(equalitiesSql(each, context));
      return orSql(parts, minimum);
    }
    case 'not': {
      const inner = compile(query.of, context);
      return inner === 'true' ? 'false' : inner === 'false' ? 'true' : `NOT coalesce(${inner}, false)`;
    }
    case 'ids':
      return columnSql(
        { expression: context.fields.id, type: 'keyword', multi: false },
        amongIds(query.values),
        context.inLambda,
      );
    case 'nested':
      return nestedSql(query.path, query.of, context);
    case 'fields': {
      const parts = [...new Set(query.fields)].map((field) => fieldSql(field, query.clause, context, true));
      return orSql(parts, 1);
    }
    case 'anywhere':
      return anywhereSql(anywhereWords(query.text, query.pattern), context.fields.source);
    default:
      return fieldSql(query.field, query, context, query.type === 'match' || query.type === 'phrase');
  }
}

const amongIds = (values: readonly string[]): { op: 'in'; values: readonly string[] } | { op: 'never' } =>
  values.length === 0 ? { op: 'never' } : { op: 'in', values };

function orSql(all: readonly string[], minimum: number): string {
  if (minimum <= 0) return 'true';
  if (minimum > all.length) return 'false';
  if (minimum === all.length) return allOf(all);
  if (minimum === 1) {
    const parts = all.filter((part) => part !== 'false');
    return parts.includes('true') ? 'true' : anyOf(parts);
  }
  return `(${all.map((part) => `CAST(coalesce(${part}, false) AS INTEGER)`).join(' + ')}) >= ${minimum}`;
}

const fieldSql = (field: string, clause: Clause, context: Context, lenient: boolean): string =>
  columnsSql(columnsOf(field, clause, context.fields), clause, context, lenient);

function equalitiesSql({ field, clauses, values }: Equalities, context: Context): string {
  const clause: Clause = { type: 'terms', values };
  const columns = columnsOf(field, clause, context.fields);
  const isText = (column: SqlColumn): boolean => column.type === 'text';
  const parts = [
    columnsSql(
      columns.filter((column) => !isText(column)),
      clause,
      context,
      true,
    ),
  ];
  const texts = columns.filter(isText);
  if (texts.length > 0) for (const each of clauses) parts.push(columnsSql(texts, each, context, true));
  return orSql(parts, 1);
}

/** So many columns that stand in one JSON object are looked at one by one. */
const FEW_PACKED = 8;

function columnsSql(all: readonly SqlColumn[], clause: Clause, context: Context, lenient: boolean): string {
  const packed = all.filter((column) => column.packed);
  if (context.inLambda || packed.length <= FEW_PACKED) return eachColumnSql(all, clause, context, lenient);
  const others = all.filter((column) => !column.packed);
  const parts = [eachColumnSql(others, clause, context, lenient)];
  for (const [json, columns] of Map.groupBy(packed, (column) => column.packed!.json))
    parts.push(packedSql(json, columns, clause, context, lenient));
  return orSql(parts, 1);
}

/**
 * Thousands of columns, each with an expression of its own, take memory and time with the square of their number. The
 * values that a row has are few: each is held against the condition of its type, and only then asked for its column.
 */
function packedSql(
  json: string,
  columns: readonly SqlColumn[],
  clause: Clause,
  context: Context,
  lenient: boolean,
): string {
  const entry = `p${context.depth}`;
  const kinds = Map.groupBy(columns, ({ type, multi }) => `${type} ${multi}`);
  const parts = [...kinds.values()].map((same) => {
    const [{ type, multi }] = same as [SqlColumn];
    const sqlType = columnTypes[type];
    const expression = multi
      ? `from_json(${entry}.value, ${sqlText(JSON.stringify([sqlType]))})`
      : sqlType === 'VARCHAR'
        ? `${entry}.value`
        : `TRY_CAST(${entry}.value AS ${sqlType})`;
    const inLambda = { ...context, inLambda: true };
    const condition = eachColumnSql([{ field: '', expression, type, multi }], clause, inLambda, lenient);
    if (condition === 'false') return condition;
    // CASE looks at the values of these columns only; AND would look at all.
    const keys = same.map(({ packed }) => packed!.key);
    return `CASE WHEN ${isAmongSql(`${entry}.key`, keys)} THEN ${condition} ELSE false END`;
  });
  const inner = orSql(parts, 1);
  if (inner === 'false') return inner;
  return `len(list_filter(map_entries(CAST(${json}::JSON AS MAP(VARCHAR, VARCHAR))), lambda ${entry}: ${inner})) > 0`;
}

/** Keys are a letter, the same for all, and a number: these are looked up as bits, in no time. */
function isAmongSql(key: string, keys: readonly string[]): string {
  const numbers = keys.map((each) => Number(each.slice(1)));
  const bits = new Uint8Array(Math.max(...numbers) + 1);
  for (const number of numbers) bits[number] = 1;
  const number = `TRY_CAST(substr(${key}, 2) AS INTEGER)`;
  return `CASE WHEN starts_with(${key}, ${sqlText(keys[0]![0]!)}) AND ${number} < ${bits.length} THEN get_bit('${bits.join('')}'::BIT, ${number}) = 1 ELSE false END`;
}

/** Columns of one field and type are one: a row has a single value in one of them or several in the other. */
function eachColumnSql(
  all: readonly SqlColumn[],
  clause: Clause,
  context: Context,
  lenient: boolean,
): string {
  const conditionContext: ConditionContext = { now: context.fields.now, lenient };
  const groups = new Map<string, SqlColumn[]>();
  for (const column of all) {
    const key = `${column.type} ${column.field}`;
    const group = groups.get(key);
    if (group) group.push(column);
    else groups.set(key, [column]);
  }
  const parts = [...groups.values()].map((columns) =>
    allOf(
      clauseCondition(clause, columns[0]!.type, conditionContext).every.map((condition) =>
        orSql(
          columns.map((column) => columnSql(column, condition, context.inLambda)),
          1,
        ),
      ),
    ),
  );
  return orSql(parts, 1);
}

function columnsOf(field: string, clause: Clause, fields: SqlFields): readonly SqlColumn[] {
  if (field === '_id') return [{ field, expression: fields.id, type: 'keyword', multi: false }];
  if (field === '_index') return [{ field, expression: fields.index, type: 'keyword', multi: false }];
  let columns = fields.resolve(field);
  // An object is there when one of its fields is.
  if (columns.length === 0 && clause.type === 'exists') columns = fields.resolve(`${field}.*`);
  return columns.map((column) =>
    column.type === 'flattened' ? flattenedColumn(column, field, clause.type === 'exists') : column,
  );
}

function nestedSql(path: string, of: Query, context: Context): string {
  const nested = context.fields.nested(path);
  if (nested === undefined) return 'false';
  const variable = `o${context.depth}`;
  const inner = compile(of, {
    ...context,
    fields: nestedFields(context.fields, path, variable),
    inLambda: true,
  });
  if (inner === 'false') return 'false';
  const exact = `len(list_filter(${objectsSql(nested.json)}, lambda ${variable}: ${inner})) > 0`;
  if (context.inLambda) return exact;
  // Columns know at little cost which documents can not match: those where not even different objects together do.
  const possible = compile(withoutNegation(of), context);
  return possible === 'true' ? exact : allOf([possible, exact]);
}

/** What must hold without a look at which values are in one object. */
function withoutNegation(query: Query): Query {
  switch (query.type) {
    case 'and':
      return { type: 'and', of: query.of.map(withoutNegation) };
    case 'or':
      return { ...query, of: query.of.map(withoutNegation) };
    case 'not':
    case 'nested':
    case 'exists':
      return { type: 'all' };
  }
  return query;
}
