/** The terms aggregation. */
import { ipKeySql } from '../../../../query/condition-sql.ts';
import { sqlText } from '../../../../query/sql-literal.ts';
import { unsupported } from '../../../errors.ts';
import type { Aggregation } from '../../../store.ts';
import type { SqlValue } from '../sql-engine.ts';
import type { Bucketing, OrderNames } from './bucketing.ts';
import { dateFormatter, UTC } from './dates.ts';
import { fieldOf, illegal, numberOf } from './parameters.ts';
import type { FieldView, RelationField } from './relation.ts';

/** What a key looks like in an answer. */
function keyShown(
  type: RelationField['type'] | undefined,
  format: unknown,
): (key: SqlValue) => Record<string, unknown> {
  if (type === 'boolean') return (key) => ({ key: key ? 1 : 0, key_as_string: String(key) });
  if (type === 'date') {
    const text = dateFormatter(format, UTC);
    return (key) => ({ key, key_as_string: text(Number(key)) });
  }
  return (key) => ({ key });
}

export function termsBuckets(aggregation: Aggregation, relation: FieldView): Bucketing {
  const { parameters } = aggregation;
  const name = fieldOf(aggregation);
  const field = relation.field(name);
  const minimum = numberOf(aggregation, 'min_doc_count', 1);
  if (minimum < 1) throw unsupported('[terms] with [min_doc_count] 0');
  if (field?.type === 'text')
    throw illegal(
      `Text fields are not optimised for operations that require per-document field data like aggregations and sorting. Please use a keyword field instead of [${name}].`,
    );
  const size = numberOf(aggregation, 'size', 10);
  if (size <= 0) throw illegal(`[size] must be greater than 0. Found [${size}] in [terms]`);
  const shown = keyShown(field?.type, parameters['format']);
  return {
    keys: [key(aggregation, field)],
    limit: size,
    minimum,
    order: (names) =>
      orderOf(parameters['order'], names, field?.type === 'ip' ? ipKeySql(names.keys[0]!) : undefined),
    show: (found, all) => ({
      doc_count_error_upper_bound: 0,
      sum_other_doc_count: all.documents - found.reduce((sum, { count }) => sum + count, 0),
      buckets: found.map(({ keys, count, inside }) => ({ ...shown(keys[0]!), doc_count: count, ...inside })),
    }),
  };
}

/** ORDER BY of terms: given orders, and the key to settle ties. `byKeySql`: what an order by key means. */
export function orderOf(
  order: unknown,
  { keys, expression }: OrderNames,
  byKeySql: string | undefined = keys[0],
): string {
  const given = order === undefined ? [{ _count: 'desc' }] : Array.isArray(order) ? order : [order];
  const parts: string[] = [];
  let byKey = false;
  for (const one of given) {
    if (typeof one !== 'object' || one === null)
      throw illegal('[order] must be an object or a list of objects');
    for (const [path, direction] of Object.entries(one)) {
      const way = String(direction).toLowerCase();
      if (way !== 'asc' && way !== 'desc') throw illegal(`Unknown order direction [${String(direction)}]`);
      const isKey = path === '_key' || path === '_term';
      byKey ||= isKey;
      parts.push(`${isKey ? byKeySql : expression(path)} ${way} NULLS LAST`);
    }
  }
  if (!byKey) parts.push(`${keys[0]} ASC`);
  return parts.join(', ');
}

function key({ parameters }: Aggregation, field: RelationField | undefined): Bucketing['keys'][number] {
  const { missing, include, exclude } = parameters;
  if (!field) {
    if (missing === undefined) return { sql: 'NULL', multi: false };
    return { sql: literal(missing), multi: false };
  }
  let { sql } = field;
  if (missing !== undefined)
    sql = `coalesce(${sql}, ${field.multi ? `[${literal(missing)}]` : literal(missing)})`;
  const wanted: string[] = [];
  if (include !== undefined) wanted.push(fits('x', include));
  if (exclude !== undefined) wanted.push(`NOT ${fits('x', exclude)}`);
  if (wanted.length > 0) {
    const condition = wanted.join(' AND ');
    sql = field.multi
      ? `list_filter(${sql}, lambda x: ${condition})`
      : `list_filter([${sql}], lambda x: x IS NOT NULL AND ${condition})[1]`;
  }
  return { sql: field.multi ? `list_distinct(${sql})` : sql, multi: field.multi };
}

const literal = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'boolean' ? String(value) : sqlText(String(value));

function fits(value: string, wanted: unknown): string {
  if (Array.isArray(wanted))
    return wanted.length === 0 ? 'false' : `${value} IN (${wanted.map(literal).join(', ')})`;
  if (typeof wanted === 'string') return `regexp_full_match(${value}::VARCHAR, ${sqlText(wanted)})`;
  throw unsupported('[terms] with [include] by partitions');
}
