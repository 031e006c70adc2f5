/** Fields that have no column of their own: keys of flattened objects, and objects inside nested arrays. */
import type { SqlColumn, SqlFields } from './field-types.ts';
import { sqlText } from './sql-literal.ts';

/** A flattened column as the list of the texts at the key that was asked for; of all its values without one. */
export function flattenedColumn(column: SqlColumn, asked: string, exists: boolean): SqlColumn {
  const { field, expression } = column;
  if (asked === field || asked.includes('*')) {
    // Emptiness of the object does not matter: empty ones have no column.
    return exists
      ? { ...column, type: 'keyword' }
      : { field, expression: leavesSql(expression), type: 'keyword', multi: true };
  }
  const key = asked.startsWith(`${field}.`) ? asked.slice(field.length + 1) : asked;
  return { field: asked, expression: valuesSql(expression, key), type: 'keyword', multi: true };
}

/** All values of a JSON text that are no objects: strings behind which no colon stands, numbers, true and false. */
const leavesSql = (json: string): string => {
  const tokens = `regexp_extract_all(${json}, ${sqlText(String.raw`"(?:[^"\\]|\\.)*"\s*:?|[-\dtf][-+.\w]*`)})`;
  return `list_transform(list_filter(${tokens}, lambda t: NOT ends_with(t, ':')), lambda t: json_extract_string(t, '$'))`;
};

/** Keys with a dot may stand for themselves: more parts are taken as objects only. */
const MAX_MIXED_PARTS = 4;

/** Paths in JSON that a dotted field may have below an object, as JSON pointers. */
function pointers(field: string): string[] {
  const parts = field.split('.');
  if (parts.length > MAX_MIXED_PARTS)
    return [`/${parts.map(pointerPart).join('/')}`, `/${pointerPart(field)}`];
  const found: string[] = [];
  for (let mask = 0; mask < 1 << (parts.length - 1); mask++) {
    const path = parts.reduce(
      (text, part, at) => `${text}${mask & (1 << (at - 1)) ? '.' : '/'}${pointerPart(part)}`,
      '',
    );
    found.push(path);
  }
  return found;
}

const pointerPart = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');

/** The list of texts at a dotted field of a JSON object. */
function valuesSql(json: string, field: string): string {
  const paths = pointers(field).map(sqlText).join(',');
  const list = `CASE json_type(j) WHEN 'ARRAY' THEN from_json(j, '["VARCHAR"]') WHEN 'OBJECT' THEN NULL ELSE [json_extract_string(j, '$')] END`;
  return `list_filter(flatten(list_transform(json_extract(${json}, [${paths}]), lambda j: ${list})), lambda j: j IS NOT NULL)`;
}

/** The objects of a JSON array, or the one object that stands in its place. */
export const objectsSql = (json: string): string =>
  `CASE json_type(${json}) WHEN 'ARRAY' THEN from_json(${json}, '["JSON"]') WHEN 'OBJECT' THEN [CAST(${json} AS JSON)] END`;

/** The fields of one object of the array at `path`, which a lambda calls `variable`. */
export function nestedFields(outer: SqlFields, path: string, variable: string): SqlFields {
  const inside = `${path}.`;
  return {
    ...outer,
    source: `CAST(${variable} AS VARCHAR)`,
    // Objects inside documents have neither.
    id: 'NULL::VARCHAR',
    index: 'NULL::VARCHAR',
    resolve(pattern) {
      const found = new Map<string, SqlColumn>();
      for (const column of outer.resolve(pattern)) {
        if (!column.field.startsWith(inside)) continue;
        const expression = typedSql(valuesSql(variable, column.field.slice(inside.length)), column.type);
        const { field, type } = column;
        found.set(`${type} ${field}`, { field, type, expression, multi: true });
      }
      return [...found.values()];
    },
    nested(deeper) {
      if (!deeper.startsWith(inside)) return undefined;
      const paths = pointers(deeper.slice(inside.length)).map(sqlText);
      const found = paths.map((each) => `json_extract(${variable}, ${each})`);
      return { json: found.length === 1 ? found[0]! : `coalesce(${found.join(',')})` };
    },
  };
}

/** A list of texts as a list of the values that a type's columns hold. */
function typedSql(list: string, type: SqlColumn['type']): string {
  switch (type) {
    case 'long':
      return castSql(
        list,
        'coalesce(TRY_CAST(x AS BIGINT), TRY_CAST(trunc(TRY_CAST(x AS DOUBLE)) AS BIGINT))',
      );
    case 'unsigned_long':
      return castSql(list, 'TRY_CAST(x AS UBIGINT)');
    case 'double':
      return castSql(list, 'TRY_CAST(x AS DOUBLE)');
    case 'boolean':
      return castSql(list, "CASE x WHEN 'true' THEN true WHEN 'false' THEN false WHEN '' THEN false END");
    case 'date':
      return castSql(list, 'coalesce(epoch_ms(TRY_CAST(x AS TIMESTAMP)), TRY_CAST(x AS BIGINT))');
    case 'ip':
      return castSql(list, 'lower(x)');
    default:
      return list;
  }
}

const castSql = (list: string, cast: string): string =>
  `list_filter(list_transform(${list}, lambda x: ${cast}), lambda x: x IS NOT NULL)`;
