import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomQuery } from '../../test/support/query-arbitraries.ts';
import { toDsl } from './dsl.ts';
import { parseDsl } from './dsl-parse.ts';
import { QueryError } from './query-error.ts';
import type { Query } from './tree.ts';

const a: Query = { type: 'term', field: 'a', value: 1 };
const b: Query = { type: 'term', field: 'b', value: 'x' };

describe('queries', () => {
  test.each<[unknown, Query]>([
    [{ match_all: {} }, { type: 'all' }],
    [{ match_none: {} }, { type: 'none' }],
    [{ term: { a: 1 } }, a],
    [
      { term: { a: { value: 'X', case_insensitive: true, boost: 2 } } },
      { type: 'term', field: 'a', value: 'X', ignoreCase: true },
    ],
    [{ terms: { a: ['x', 2, true], boost: 1 } }, { type: 'terms', field: 'a', values: ['x', 2, true] }],
    [{ terms: { a: [] } }, { type: 'none' }],
    [{ match: { a: 'x y' } }, { type: 'match', field: 'a', text: 'x y', operator: 'or' }],
    [
      { match: { a: { query: 5, operator: 'AND', lenient: true } } },
      { type: 'match', field: 'a', text: 5, operator: 'and' },
    ],
    [
      { match: { a: { query: 'x', minimum_should_match: '100%' } } },
      { type: 'match', field: 'a', text: 'x', operator: 'and' },
    ],
    [{ match_phrase: { a: 'x y' } }, { type: 'phrase', field: 'a', text: 'x y' }],
    [
      { match_phrase_prefix: { a: { query: 'x y' } } },
      { type: 'phrase', field: 'a', text: 'x y', prefix: true },
    ],
    [
      { multi_match: { query: 'x', fields: ['a^2', 'b.*'] } },
      { type: 'fields', fields: ['a', 'b.*'], clause: { type: 'match', text: 'x', operator: 'or' } },
    ],
    [{ multi_match: { query: 'x y', type: 'phrase', lenient: true } }, { type: 'anywhere', text: 'x y' }],
    [
      { multi_match: { query: 'x y' } },
      {
        type: 'or',
        of: [
          { type: 'anywhere', text: 'x' },
          { type: 'anywhere', text: 'y' },
        ],
      },
    ],
    [{ exists: { field: 'a' } }, { type: 'exists', field: 'a' }],
    [{ exists: { field: 'a.*' } }, { type: 'fields', fields: ['a.*'], clause: { type: 'exists' } }],
    [{ prefix: { a: 'x' } }, { type: 'prefix', field: 'a', value: 'x' }],
    [
      { wildcard: { a: { wildcard: 'x*', case_insensitive: 'true' } } },
      { type: 'wildcard', field: 'a', pattern: 'x*', ignoreCase: true },
    ],
    [
      { regexp: { a: { value: 'x~y', flags: 'INTERVAL|ANYSTRING' } } },
      { type: 'regexp', field: 'a', pattern: 'x\\~y' },
    ],
    [{ range: { a: { gte: 1, lt: '5' } } }, { type: 'range', field: 'a', gte: 1, lt: '5' }],
    [
      { range: { a: { from: 1, to: 5, include_upper: false } } },
      { type: 'range', field: 'a', gte: 1, lt: 5 },
    ],
    [
      { range: { a: { gt: 'now-1d/d', time_zone: '+01:00', format: 'yyyy', lte: null } } },
      { type: 'range', field: 'a', gt: 'now-1d/d', timeZone: '+01:00', format: 'yyyy' },
    ],
    [{ ids: { values: ['1', '2'] } }, { type: 'ids', values: ['1', '2'] }],
    [{ bool: {} }, { type: 'all' }],
    [{ bool: { filter: { term: { a: 1 } } } }, a],
    [
      { bool: { must: [{ term: { a: 1 } }], must_not: { term: { b: 'x' } } } },
      { type: 'and', of: [a, { type: 'not', of: b }] },
    ],
    [{ bool: { should: [{ term: { a: 1 } }, { term: { b: 'x' } }] } }, { type: 'or', of: [a, b] }],
    [{ bool: { must: { term: { a: 1 } }, should: { term: { b: 'x' } } } }, a],
    [{ bool: { filter: [], should: [{ term: { b: 'x' } }] } }, b],
    [
      { bool: { should: [{ term: { a: 1 } }, { term: { b: 'x' } }], minimum_should_match: 2 } },
      { type: 'or', of: [a, b], minimum: 2 },
    ],
    [
      { bool: { should: [{ term: { a: 1 } }, { term: { b: 'x' } }], minimum_should_match: '-50%' } },
      { type: 'or', of: [a, b] },
    ],
    [
      { nested: { path: 'n', query: { term: { a: 1 } }, score_mode: 'max' } },
      { type: 'nested', path: 'n', of: a },
    ],
    [{ constant_score: { filter: { term: { a: 1 } }, boost: 2 } }, a],
    [{ boosting: { positive: { term: { a: 1 } }, negative: { term: { b: 'x' } }, negative_boost: 0.5 } }, a],
    [{ function_score: { query: { term: { a: 1 } }, functions: [] } }, a],
    [
      { dis_max: { queries: [{ term: { a: 1 } }, { term: { b: 'x' } }], tie_breaker: 0.7 } },
      { type: 'or', of: [a, b] },
    ],
    [
      { query_string: { query: 'a:1', default_operator: 'and' } },
      { type: 'match', field: 'a', text: '1', operator: 'and' },
    ],
    [
      { simple_query_string: { query: 'x -y', fields: ['a'], default_operator: 'and' } },
      {
        type: 'and',
        of: [
          { type: 'match', field: 'a', text: 'x', operator: 'and' },
          { type: 'not', of: { type: 'match', field: 'a', text: 'y', operator: 'and' } },
        ],
      },
    ],
  ])('%j', (dsl, tree) => {
    expect(parseDsl(dsl)).toEqual(tree);
  });
});

describe('errors in Elasticsearch’s words', () => {
  let deep: unknown = { match_all: {} };
  for (let at = 0; at < 31; at++) deep = { bool: { must: deep } };
  test.each<[unknown, string, string]>([
    [{ foo: {} }, 'parsing_exception', 'unknown query [foo]'],
    [{}, 'illegal_argument_exception', 'query malformed, empty clause found'],
    [[], 'parsing_exception', '[_na] query malformed, must start with start_object'],
    [
      { term: { a: 1 }, match: {} },
      'parsing_exception',
      '[term] malformed query, expected [END_OBJECT] but found [FIELD_NAME]',
    ],
    [
      { term: { a: 1, b: 2 } },
      'parsing_exception',
      "[term] query doesn't support multiple fields, found [a] and [b]",
    ],
    [{ term: { a: [1] } }, 'parsing_exception', '[term] query does not support array of values'],
    [{ term: { a: { value: 1, foo: 2 } } }, 'parsing_exception', '[term] query does not support [foo]'],
    [{ term: { a: null } }, 'illegal_argument_exception', 'value cannot be null'],
    [
      { term: 'a' },
      'parsing_exception',
      '[term] query malformed, no start_object after query name, found [VALUE_STRING]',
    ],
    [
      { match: { a: { query: ['x'] } } },
      'parsing_exception',
      '[match] unknown token [START_ARRAY] after [query]',
    ],
    [
      { match: { a: { query: 'x', fuzziness: 'AUTO' } } },
      'illegal_argument_exception',
      "[match] query with [fuzziness] is not supported by Millrace's event store",
    ],
    [
      { fuzzy: { a: 'x' } },
      'illegal_argument_exception',
      "[fuzzy] query is not supported by Millrace's event store",
    ],
    [
      { terms: { a: { index: 'i', id: '1', path: 'p' } } },
      'illegal_argument_exception',
      "[terms] query with a lookup of terms in a document is not supported by Millrace's event store",
    ],
    [{ exists: {} }, 'parsing_exception', '[exists] must be provided with a [field]'],
    [{ range: { a: 5 } }, 'parsing_exception', '[range] query malformed, no start_object after query name'],
    [{ range: { a: { gtt: 5 } } }, 'parsing_exception', '[range] query does not support [gtt]'],
    [{ bool: { most: [] } }, 'parsing_exception', '[bool] query does not support [most]'],
    [{ nested: { path: 'a' } }, 'illegal_argument_exception', "[nested] requires 'query' field"],
    [{ constant_score: {} }, 'parsing_exception', "[constant_score] requires a 'filter' element"],
    [
      deep,
      'illegal_argument_exception',
      'The nested depth of the query exceeds the maximum nested depth for queries set in [indices.query.bool.max_nested_depth]: 30',
    ],
    [{ constructor: {} }, 'parsing_exception', 'unknown query [constructor]'],
    [
      { terms: { a: Array(70_000).fill(1) } },
      'illegal_argument_exception',
      'The number of terms [70000] used in the Terms Query request on [a] has exceeded the allowed maximum of [65536].',
    ],
  ])('%.80j', (dsl, type, reason) => {
    let error: unknown;
    try {
      parseDsl(dsl);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(QueryError);
    expect(error).toMatchObject({ type, reason, status: 400 });
  });
});

test('any JSON is a query or a QueryError', () => {
  const name = fc.constantFrom(
    ...[
      'bool',
      'must',
      'should',
      'must_not',
      'filter',
      'term',
      'terms',
      'range',
      'match',
      'query',
      'fields',
      'nested',
      'path',
    ],
    ...[
      'exists',
      'field',
      'ids',
      'values',
      'query_string',
      'simple_query_string',
      'multi_match',
      'value',
      'gte',
      'type',
      '__proto__',
    ],
  );
  const json = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 5 },
      fc.oneof(
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.constantFrom('a:b', '(', '"', 'phrase'),
      ),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(name, tie('any'), { maxKeys: 2 }),
    ),
  })).any;
  fc.assert(
    fc.property(json, (dsl) => {
      try {
        parseDsl(dsl);
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

test('what we write as Query DSL we can read', () => {
  fc.assert(
    fc.property(randomQuery, (query) => {
      try {
        parseDsl(JSON.parse(JSON.stringify(toDsl(query))));
      } catch (error) {
        // Patterns of names go through query strings, in which some regular expressions are none.
        if (!(error instanceof QueryError && /regular expression|too large/.test(error.reason))) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});

test('a backslash at the end of a pattern is one', () => {
  const query: Query = { type: 'wildcard', field: 'a', pattern: '*\\' };
  expect(parseDsl(toDsl(query))).toEqual({ type: 'wildcard', field: 'a', pattern: '*\\\\' });
});
