/** Reading the bodies of queries, with Elasticsearch's words for what is wrong in them. */
import { isRawNumber } from './field-value.ts';
import { QueryError } from './query-error.ts';
import type { QueryValue } from './tree.ts';

export type Body = Readonly<Record<string, unknown>>;

export const parsingError = (reason: string): QueryError => new QueryError('parsing_exception', reason);

export const unsupported = (what: string): QueryError =>
  new QueryError('illegal_argument_exception', `${what} is not supported by Millrace's event store`);

type Kind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export function kindOf(json: unknown): Kind {
  if (json === null || json === undefined) return 'null';
  if (Array.isArray(json)) return 'array';
  switch (typeof json) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'number':
    case 'bigint':
      return 'number';
  }
  return isRawNumber(json) ? 'number' : 'object';
}

const TOKENS: Readonly<Record<Kind, string>> = {
  object: 'START_OBJECT',
  array: 'START_ARRAY',
  string: 'VALUE_STRING',
  number: 'VALUE_NUMBER',
  boolean: 'VALUE_BOOLEAN',
  null: 'VALUE_NULL',
};

export const malformed = (query: string, found: Kind): QueryError =>
  parsingError(`[${query}] query malformed, no start_object after query name, found [${TOKENS[found]}]`);

/** The body of a query; `known`: the only keys that it may have (undefined: any). */
export function bodyOf(query: string, json: unknown, known: readonly string[] | undefined): Body {
  if (kindOf(json) !== 'object') throw malformed(query, kindOf(json));
  const body = json as Body;
  if (known !== undefined) {
    for (const key of Object.keys(body)) {
      if (key !== '_name' && !known.includes(key))
        throw parsingError(`[${query}] query does not support [${key}]`);
    }
  }
  return body;
}

/** `{"field": {…}}`, or `{"field": value}` where the query has a short form. */
export function oneField(
  query: string,
  json: unknown,
  known: readonly string[],
  short?: string,
): { field: string; body: Body } {
  if (kindOf(json) !== 'object') throw malformed(query, kindOf(json));
  const { _name, boost: _boost, ...fields } = json as Body;
  const [field, second] = Object.keys(fields);
  if (field === undefined) throw parsingError(`[${query}] query malformed, no field name found`);
  if (second !== undefined) {
    throw parsingError(`[${query}] query doesn't support multiple fields, found [${field}] and [${second}]`);
  }
  const given = fields[field];
  const kind = kindOf(given);
  if (kind === 'object') return { field, body: bodyOf(query, given, known) };
  if (short === undefined || kind === 'array') {
    throw parsingError(
      kind === 'array' && short !== undefined
        ? `[${query}] query does not support array of values`
        : `[${query}] query malformed, no start_object after query name`,
    );
  }
  return { field, body: { [short]: given } };
}

export function scalarOf(query: string, key: string, value: unknown): QueryValue {
  switch (kindOf(value)) {
    case 'string':
    case 'boolean':
      return value as string | boolean;
    case 'number':
      return isRawNumber(value) ? value.rawJSON : (value as number | bigint);
    case 'null':
      throw new QueryError('illegal_argument_exception', 'value cannot be null');
  }
  throw parsingError(`[${query}] unknown token [${TOKENS[kindOf(value)]}] after [${key}]`);
}

export function stringOf(query: string, key: string, value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(scalarOf(query, key, value));
}

export function booleanOf(query: string, key: string, value: unknown, otherwise = false): boolean {
  if (value === undefined || value === null) return otherwise;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new QueryError(
    'illegal_argument_exception',
    `Failed to parse value [${stringOf(query, key, value)}] as only [true] or [false] are allowed.`,
  );
}

export function operatorOf(query: string, value: unknown): 'or' | 'and' {
  const operator = stringOf(query, 'operator', value)?.toLowerCase() ?? 'or';
  if (operator === 'or' || operator === 'and') return operator;
  throw new QueryError(
    'illegal_argument_exception',
    `operator needs to be either OR or AND, but not [${String(value)}]`,
  );
}

export function stringsOf(query: string, key: string, value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  return (Array.isArray(value) ? value : [value]).map((each) => String(scalarOf(query, key, each)));
}
