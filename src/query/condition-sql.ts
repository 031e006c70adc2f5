/** Conditions as SQL of DuckDB. NULL stands for false: see `sql.ts`. */
import type { Condition } from './condition.ts';
import type { FieldType, SqlColumn } from './field-types.ts';
import type { StoredValue } from './field-value.ts';
import { type IpRange, ipKey, isV4 } from './ip.ts';
import { sqlNumber, sqlText } from './sql-literal.ts';
import { TOKEN_PATTERN } from './text-analysis.ts';
import { MANY, ONE, type WildcardPart } from './wildcard.ts';

/** Above this many values, IN instead of OR of `=`: bloom filters and zone maps of Parquet serve only the latter. */
const MAX_EQUALS = 16;
/** Above this many values, a list is looked up in a set (a hash join) instead of value by value. */
const MAX_LIST_VALUES = 40;

/**
 * SQL that is true when some value of the column meets the condition. `inLambda`: the column's expression stands in
 * a lambda, where DuckDB takes no subqueries.
 */
export function columnSql(
  column: Pick<SqlColumn, 'expression' | 'type' | 'multi'>,
  condition: Condition,
  inLambda = false,
): string {
  const { expression, type } = column;
  if (condition.op === 'never') return 'false';
  if (condition.op === 'any') return column.multi ? `len(${expression}) > 0` : `${expression} IS NOT NULL`;
  if (!column.multi) return valueSql(condition, expression, type);
  if (condition.op === 'in') return listInSql(condition.values, expression, type, inLambda);
  const variable = `v${depth}`;
  depth++;
  try {
    return `len(list_filter(${expression}, lambda ${variable}: ${valueSql(condition, variable, type)})) > 0`;
  } finally {
    depth--;
  }
}

/** Lambdas stand in one another: each needs its own variable. */
let depth = 0;

function listInSql(values: readonly StoredValue[], list: string, type: FieldType, inLambda: boolean): string {
  const literals = values.map((value) => literal(value, type));
  if (literals.length === 1) return `list_contains(${list}, ${literals[0]})`;
  if (literals.length <= MAX_LIST_VALUES || inLambda) return `list_has_any(${list}, [${literals.join(',')}])`;
  return `EXISTS (SELECT 1 FROM (SELECT unnest(${list}) AS v) WHERE v IN (${literals.join(',')}))`;
}

/** A value of a column as a literal of the column's type. */
function literal(value: StoredValue, type: FieldType): string {
  switch (typeof value) {
    case 'string':
      return sqlText(value);
    case 'boolean':
      return String(value);
  }
  return sqlNumber(value, type === 'double' ? 'DOUBLE' : type === 'unsigned_long' ? 'UBIGINT' : 'BIGINT');
}

/** SQL about one value. */
function valueSql(condition: Condition, expression: string, type: FieldType): string {
  switch (condition.op) {
    case 'never':
      return 'false';
    case 'any':
      return `${expression} IS NOT NULL`;
    case 'in':
      return inSql(
        condition.values.map((value) => literal(value, type)),
        expression,
      );
    case 'folded':
      return `lower(${expression}) = ${sqlText(condition.value)}`;
    case 'range':
      return rangeSql(condition, expression, type);
    case 'addresses': {
      const parts = condition.ranges.map((range) => addressSql(range, expression));
      if (condition.exact.length > 0) parts.unshift(inSql(condition.exact.map(sqlText), expression));
      return anyOf(parts);
    }
    case 'wildcard':
      return wildcardSql(
        condition.parts,
        condition.fold ? `lower(${asText(expression, type)})` : asText(expression, type),
      );
    case 'regexp':
      return `regexp_matches(${asText(expression, type)}, ${sqlText(condition.source.re2)})`;
    case 'token':
      return tokenSql(condition.of, expression);
    case 'phrase':
      return phraseSql(condition.words, condition.prefix, expression);
    case 'some':
      return anyOf(condition.of.map((each) => valueSql(each, expression, type)));
  }
}

const asText = (expression: string, type: FieldType): string =>
  type === 'long' || type === 'unsigned_long' ? `CAST(${expression} AS VARCHAR)` : expression;

const inSql = (literals: readonly string[], expression: string): string =>
  literals.length <= MAX_EQUALS
    ? anyOf(literals.map((each) => `${expression} = ${each}`))
    : `${expression} IN (${literals.join(',')})`;

export const anyOf = (parts: readonly string[]): string =>
  parts.length === 1 ? parts[0]! : parts.length === 0 ? 'false' : `(${parts.join(' OR ')})`;

export const allOf = (parts: readonly string[]): string =>
  parts.length === 1 ? parts[0]! : parts.length === 0 ? 'true' : `(${parts.join(' AND ')})`;

function rangeSql(range: Extract<Condition, { op: 'range' }>, expression: string, type: FieldType): string {
  const parts: string[] = [];
  if (range.min !== undefined)
    parts.push(`${expression} ${range.minOpen ? '>' : '>='} ${literal(range.min, type)}`);
  if (range.max !== undefined)
    parts.push(`${expression} ${range.maxOpen ? '<' : '<='} ${literal(range.max, type)}`);
  return parts.length === 0 ? `${expression} IS NOT NULL` : allOf(parts);
}

function wildcardSql(parts: readonly WildcardPart[], text: string): string {
  const [first, second, third] = parts;
  if (parts.length === 0) return `${text} = ''`;
  if (parts.length === 1 && typeof first === 'string') return `${text} = ${sqlText(first)}`;
  if (parts.length === 1 && first === MANY) return `${text} IS NOT NULL`;
  if (parts.length === 2 && typeof first === 'string' && second === MANY)
    return `starts_with(${text}, ${sqlText(first)})`;
  if (parts.length === 2 && first === MANY && typeof second === 'string')
    return `ends_with(${text}, ${sqlText(second)})`;
  if (parts.length === 3 && first === MANY && typeof second === 'string' && third === MANY) {
    return `contains(${text}, ${sqlText(second)})`;
  }
  let escaped = false;
  const pattern = parts.map((part) => {
    if (part === MANY) return '%';
    if (part === ONE) return '_';
    escaped ||= /[%_!]/.test(part);
    return part.replace(/[%_!]/g, '!$&');
  });
  return `${text} LIKE ${sqlText(pattern.join(''))}${escaped ? " ESCAPE '!'" : ''}`;
}

const tokens = (expression: string): string =>
  `regexp_extract_all(lower(${expression}), ${sqlText(TOKEN_PATTERN)})`;

function tokenSql(of: Condition, expression: string): string {
  if (of.op === 'in' && of.values.every((value) => typeof value === 'string')) {
    const words = of.values.map(sqlText);
    const exact = `list_has_any(${tokens(expression)}, [${words.join(',')}])`;
    if (words.length > MAX_EQUALS) return exact;
    const plain = of.values.map((word) => plainly([word as string], false, expression));
    return `(${anyOf(words.map((word) => `contains(lower(${expression}), ${word})`))} AND (${[...plain, exact].join(' OR ')}))`;
  }
  const variable = `t${depth}`;
  return `len(list_filter(${tokens(expression)}, lambda ${variable}: ${valueSql(of, variable, 'keyword')})) > 0`;
}

/** Words never have spaces in them, so words behind one another are a substring of all of them. */
function phraseSql(words: readonly string[], prefix: boolean, expression: string): string {
  const text = ` ${words.join(' ')}${prefix ? '' : ' '}`;
  const all = words.map((word) => `contains(lower(${expression}), ${sqlText(word)})`);
  const exact = `contains(' ' || array_to_string(${tokens(expression)}, ' ') || ' ', ${sqlText(text)})`;
  return `(${allOf(all)} AND (${plainly(words, prefix, expression)} OR ${exact}))`;
}

/** Words between white space are words: most texts that have them need not be taken apart. */
function plainly(words: readonly string[], prefix: boolean, expression: string): string {
  const pattern = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|-]/g, '\\$&')).join('\\s+');
  return `regexp_matches(lower(${expression}), ${sqlText(`(?:^|\\s)${pattern}${prefix ? '' : '(?:$|\\s)'}`)})`;
}

/** `ip` columns are text. Networks of whole octets are prefixes of it, other ranges are compared as numbers. */
function addressSql(range: IpRange, expression: string): string {
  if (isV4(range.first) && isV4(range.last)) return v4Sql(range, expression);
  const [first, last] = [range.first, range.last].map((address) => sqlText(ipKey(address)));
  const v6 = `(contains(${expression}, ':') AND ${v6KeySql(expression)} BETWEEN ${first} AND ${last})`;
  const mapped = { first: 0xffff_0000_0000n, last: 0xffff_ffff_ffffn };
  if (range.last < mapped.first || range.first > mapped.last) return v6;
  const within = {
    first: range.first > mapped.first ? range.first : mapped.first,
    last: range.last < mapped.last ? range.last : mapped.last,
  };
  return `(${v6} OR ${v4Sql(within, expression)})`;
}

function v4Sql(range: IpRange, expression: string): string {
  const first = Number(range.first & 0xffff_ffffn);
  const last = Number(range.last & 0xffff_ffffn);
  const octets = (address: number): number[] => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
  const [from, to] = [octets(first), octets(last)];
  let same = 0;
  while (same < 4 && from[same] === to[same]) same++;
  if (same === 4) return `${expression} = ${sqlText(from.join('.'))}`;
  const prefix = from
    .slice(0, same)
    .map((octet) => `${octet}.`)
    .join('');
  const isV4Text =
    prefix === '' ? `NOT contains(${expression}, ':')` : `starts_with(${expression}, ${sqlText(prefix)})`;
  const whole = (at: number): boolean =>
    from.slice(at).every((octet) => octet === 0) && to.slice(at).every((octet) => octet === 255);
  if (whole(same)) return isV4Text;
  if (whole(same + 1)) {
    const octet = `TRY_CAST(split_part(${expression}, '.', ${same + 1}) AS SMALLINT)`;
    return `(${isV4Text} AND ${octet} BETWEEN ${from[same]} AND ${to[same]})`;
  }
  const number = [1, 2, 3, 4]
    .map((part) => `TRY_CAST(split_part(${expression}, '.', ${part}) AS BIGINT) * ${256 ** (4 - part)}`)
    .join(' + ');
  return `(${isV4Text} AND ${number} BETWEEN ${first} AND ${last})`;
}

/** Text of an `ip` column as 32 hexadecimal digits, which sort as the addresses do (`ipKey`). */
export function ipKeySql(expression: string): string {
  const octets = [1, 2, 3, 4]
    .map((part) => `TRY_CAST(split_part(${expression}, '.', ${part}) AS INTEGER)`)
    .join(', ');
  const v4 = `'00000000000000000000ffff' || printf('%02x%02x%02x%02x', ${octets})`;
  return `CASE WHEN contains(${expression}, ':') THEN ${v6KeySql(expression)} ELSE ${v4} END`;
}

/** The 32 hexadecimal digits of an IPv6 address in canonical text. */
function v6KeySql(expression: string): string {
  const groups = (half: number): string =>
    `list_filter(string_split(split_part(${expression}, '::', ${half}), ':'), lambda g: g <> '')`;
  const [left, right] = [groups(1), groups(2)];
  const zeros = `list_resize([]::VARCHAR[], greatest(8 - len(${left}) - len(${right}), 0), '0')`;
  const all = `list_concat(${left}, ${zeros}, ${right})`;
  return `array_to_string(list_transform(${all}, lambda g: lpad(g, 4, '0')), '')`;
}
