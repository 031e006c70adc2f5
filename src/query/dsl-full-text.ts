/** Query DSL's searches for words: match and its kin, multi_match, query_string, simple_query_string. */
import {
  type Body,
  bodyOf,
  oneField,
  operatorOf,
  parsingError,
  scalarOf,
  stringOf,
  stringsOf,
  unsupported,
} from './dsl-values.ts';
import { askFields, askPhrase, askWords, namedFields } from './field-query.ts';
import { parseLucene } from './lucene.ts';
import { parseSimpleQuery } from './simple-query.ts';
import type { Query, QueryValue } from './tree.ts';
import { escapeWildcard } from './wildcard.ts';

/** Undefined: it is none of them. @throws QueryError */
export function parseFullText(name: string, body: unknown): Query | undefined {
  switch (name) {
    case 'match':
    case 'match_phrase':
    case 'match_phrase_prefix':
    case 'match_bool_prefix':
      return match(name, body);
    case 'multi_match':
      return multiMatch(body);
    case 'query_string':
      return queryString(body);
    case 'simple_query_string':
      return simpleQueryString(body);
  }
  return undefined;
}

/** Parameters that change no result where words are compared as they are. */
const HARMLESS = [
  ...[
    'boost',
    'lenient',
    'prefix_length',
    'max_expansions',
    'fuzzy_transpositions',
    'fuzzy_rewrite',
    'rewrite',
  ],
  ...['auto_generate_synonyms_phrase_query', 'cutoff_frequency', 'zero_terms_query', 'tie_breaker'],
];

/** Parameters that would change the result. */
function refuse(query: string, body: Body): void {
  const { fuzziness, analyzer, slop, zero_terms_query: zeroTerms } = body;
  if (fuzziness !== undefined && fuzziness !== null && String(fuzziness) !== '0')
    throw unsupported(`[${query}] query with [fuzziness]`);
  if (analyzer !== undefined && analyzer !== null && analyzer !== 'standard')
    throw unsupported(`[${query}] query with [analyzer]`);
  if (slop !== undefined && Number(slop) !== 0) throw unsupported(`[${query}] query with [slop]`);
  if (zeroTerms !== undefined && String(zeroTerms).toLowerCase() === 'all')
    throw unsupported(`[${query}] query with [zero_terms_query] of [all]`);
}

/** How many of the words must be there, as far as it is all or any. */
function operatorFrom(query: string, body: Body): 'or' | 'and' {
  const operator = operatorOf(query, body['operator'] ?? body['default_operator']);
  const minimum = body['minimum_should_match'];
  if (minimum === undefined || minimum === null || operator === 'and') return operator;
  if (/^[01]$/.test(String(minimum))) return 'or';
  if (String(minimum) === '100%') return 'and';
  throw unsupported(`[${query}] query with [minimum_should_match] of [${String(minimum)}]`);
}

function match(
  query: 'match' | 'match_phrase' | 'match_phrase_prefix' | 'match_bool_prefix',
  json: unknown,
): Query {
  const known = ['query', 'operator', 'minimum_should_match', 'fuzziness', 'analyzer', 'slop', ...HARMLESS];
  const { field, body } = oneField(query, json, known, 'query');
  refuse(query, body);
  if (body['query'] === undefined) throw parsingError('No text specified for text query');
  const value = scalarOf(query, 'query', body['query']);
  const operator = operatorFrom(query, body);
  return matchOne([field], query === 'match' ? 'match' : query.slice('match_'.length), value, operator);
}

function matchOne(fields: readonly string[], how: string, value: QueryValue, operator: 'or' | 'and'): Query {
  const text = String(value);
  switch (how) {
    case 'phrase':
      return askFields(fields, { type: 'phrase', text });
    case 'phrase_prefix':
      return askFields(fields, { type: 'phrase', text, prefix: true });
    case 'bool_prefix': {
      const words = text.trim().split(/\s+/);
      const last = askFields(fields, { type: 'phrase', text: words.pop() ?? '', prefix: true });
      if (words.length === 0) return last;
      const others = askFields(fields, { type: 'match', text: words.join(' '), operator });
      return { type: operator, of: [others, last] };
    }
  }
  return askFields(fields, { type: 'match', text: value, operator });
}

function multiMatch(json: unknown): Query {
  const known = [
    'query',
    'fields',
    'type',
    'operator',
    'minimum_should_match',
    'fuzziness',
    'analyzer',
    'slop',
    ...HARMLESS,
  ];
  const body = bodyOf('multi_match', json, known);
  refuse('multi_match', body);
  if (body['query'] === undefined) throw parsingError('No text specified for multi_match query');
  const value = scalarOf('multi_match', 'query', body['query']);
  const operator = operatorFrom('multi_match', body);
  const type = stringOf('multi_match', 'type', body['type']) ?? 'best_fields';
  const fields = namedFields(stringsOf('multi_match', 'fields', body['fields']));
  const text = String(value);
  switch (type) {
    case 'best_fields':
    case 'most_fields':
      return fields === undefined
        ? askWords(fields, text, operator)
        : matchOne(fields, 'match', value, operator);
    case 'cross_fields': {
      if (fields === undefined) return askWords(fields, text, operator);
      const words = text.split(/\s+/).filter((word) => word !== '');
      if (words.length < 2) return matchOne(fields, 'match', value, operator);
      return { type: operator, of: words.map((word) => matchOne(fields, 'match', word, operator)) };
    }
    case 'phrase':
      return askPhrase(fields, text);
    case 'phrase_prefix':
    case 'bool_prefix':
      if (fields !== undefined) return matchOne(fields, type, value, operator);
      return { type: 'anywhere', text: `${escapeWildcard(text)}*`, pattern: true };
  }
  throw parsingError(`[multi_match] query does not support type [${type}]`);
}

function queryString(json: unknown): Query {
  const known = [
    ...[
      'query',
      'default_field',
      'fields',
      'default_operator',
      'time_zone',
      'analyze_wildcard',
      'analyzer',
      'fuzziness',
    ],
    ...[
      'allow_leading_wildcard',
      'type',
      'minimum_should_match',
      'quote_analyzer',
      'quote_field_suffix',
      'phrase_slop',
    ],
    ...[
      'enable_position_increments',
      'escape',
      'max_determinized_states',
      'fuzzy_prefix_length',
      'fuzzy_max_expansions',
    ],
    ...HARMLESS,
  ];
  const body = bodyOf('query_string', json, known);
  const { fuzziness: _onlyForTilde, phrase_slop: slop, quote_analyzer: quoteAnalyzer, ...rest } = body;
  refuse('query_string', { ...rest, slop: slop ?? 0, analyzer: rest['analyzer'] ?? quoteAnalyzer });
  if (rest['quote_field_suffix'] !== undefined)
    throw unsupported('[query_string] query with [quote_field_suffix]');
  const text = stringOf('query_string', 'query', body['query']);
  if (text === undefined) throw parsingError('[query_string] must be provided with a [query]');
  const fields = stringsOf('query_string', 'fields', body['fields'] ?? body['default_field']);
  const timeZone = stringOf('query_string', 'time_zone', body['time_zone']);
  const escapeAll = body['escape'] === true || body['escape'] === 'true';
  return parseLucene(escapeAll ? text.replace(/[-+!(){}[\]^"~*?:\\/&|]/g, '\\$&') : text, {
    fields,
    operator: operatorFrom('query_string', body),
    timeZone,
  });
}

function simpleQueryString(json: unknown): Query {
  const known = [
    ...[
      'query',
      'fields',
      'default_operator',
      'flags',
      'analyze_wildcard',
      'minimum_should_match',
      'analyzer',
    ],
    ...['quote_field_suffix', 'fuzzy_prefix_length', 'fuzzy_max_expansions', ...HARMLESS],
  ];
  const body = bodyOf('simple_query_string', json, known);
  refuse('simple_query_string', body);
  const flags = body['flags'];
  if (flags !== undefined && flags !== -1 && String(flags).toUpperCase() !== 'ALL') {
    throw unsupported('[simple_query_string] query with [flags]');
  }
  const text = stringOf('simple_query_string', 'query', body['query']);
  if (text === undefined) throw parsingError('[simple_query_string] query text missing');
  return parseSimpleQuery(text, {
    fields: stringsOf('simple_query_string', 'fields', body['fields']),
    operator: operatorFrom('simple_query_string', body),
  });
}
