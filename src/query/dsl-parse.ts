/**
 * Elasticsearch's Query DSL into the tree. What makes no sense is an error in Elasticsearch's words; what Elasticsearch
 * knows and we do not, an error that names it. Parameters that only move relevance (`boost`, `tie_breaker`) are read
 * over, because results have none.
 */
import { parseFullText } from './dsl-full-text.ts';
import {
  type Body,
  bodyOf,
  booleanOf,
  kindOf,
  malformed,
  oneField,
  parsingError,
  scalarOf,
  stringOf,
  unsupported,
} from './dsl-values.ts';
import {
  MAX_CLAUSES,
  MAX_DEPTH,
  MAX_TERMS,
  QueryError,
  tooDeep,
  tooManyClauses,
  tooManyTerms,
} from './query-error.ts';
import type { Query, QueryValue } from './tree.ts';

/** @throws QueryError */
export function parseDsl(json: unknown): Query {
  return parse(json, { depth: 0, clauses: 0 });
}

interface Budget {
  depth: number;
  clauses: number;
}

type Parser = (body: unknown, budget: Budget) => Query;

function parse(json: unknown, budget: Budget): Query {
  if (budget.depth >= MAX_DEPTH) throw tooDeep();
  if (++budget.clauses > MAX_CLAUSES) throw tooManyClauses();
  if (kindOf(json) !== 'object') throw parsingError('[_na] query malformed, must start with start_object');
  const names = Object.keys(json as Body);
  const [name] = names;
  if (name === undefined)
    throw new QueryError('illegal_argument_exception', 'query malformed, empty clause found');
  if (names.length > 1) {
    throw parsingError(`[${name}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`);
  }
  const body = (json as Body)[name];
  budget.depth++;
  try {
    if (Object.hasOwn(PARSERS, name)) return PARSERS[name]!(body, budget);
    const fullText = parseFullText(name, body);
    if (fullText !== undefined) return fullText;
  } finally {
    budget.depth--;
  }
  if (UNSUPPORTED.has(name)) throw unsupported(`[${name}] query`);
  throw parsingError(`unknown query [${name}]`);
}

/** Queries that Elasticsearch or OpenSearch have beside ours. */
const UNSUPPORTED = new Set(
  `fuzzy more_like_this script script_score geo_bounding_box geo_distance geo_polygon geo_shape geo_grid shape
   has_child has_parent parent_id percolate span_containing span_field_masking span_first span_multi span_near span_not
   span_or span_term span_within intervals knn sparse_vector text_expansion semantic neural rule pinned terms_set
   distance_feature rank_feature wrapper common combined_fields xy_shape hybrid weighted_tokens`.split(/\s+/),
);

const PARSERS: Readonly<Record<string, Parser>> = {
  match_all: (body) => {
    bodyOf('match_all', body, ['boost']);
    return { type: 'all' };
  },
  match_none: (body) => {
    bodyOf('match_none', body, ['boost']);
    return { type: 'none' };
  },
  term,
  terms,
  range,
  exists,
  prefix: (body) => pattern('prefix', body),
  wildcard: (body) => pattern('wildcard', body),
  regexp: (body) => pattern('regexp', body),
  ids,
  bool,
  nested,
  constant_score: (body, budget) => inner('constant_score', 'filter', body, ['filter', 'boost'], budget),
  boosting: (body, budget) => {
    const { negative } = bodyOf('boosting', body, ['positive', 'negative', 'negative_boost', 'boost']);
    if (negative !== undefined) parse(negative, budget);
    return inner('boosting', 'positive', body, ['positive', 'negative', 'negative_boost', 'boost'], budget);
  },
  function_score: functionScore,
  dis_max: (body, budget) => {
    const { queries } = bodyOf('dis_max', body, ['queries', 'tie_breaker', 'boost']);
    if (queries === undefined)
      throw parsingError("[dis_max] requires 'queries' field with at least one clause");
    const of = list(queries, budget);
    return of.length === 1 ? of[0]! : { type: 'or', of };
  },
};

function inner(query: string, key: string, body: unknown, known: readonly string[], budget: Budget): Query {
  const wanted = bodyOf(query, body, known)[key];
  if (wanted === undefined) throw parsingError(`[${query}] requires a '${key}' element`);
  return parse(wanted, budget);
}

const list = (json: unknown, budget: Budget): Query[] =>
  (Array.isArray(json) ? json : [json]).map((each) => parse(each, budget));

function functionScore(body: unknown, budget: Budget): Query {
  const { query, min_score: minimum } = bodyOf('function_score', body, undefined);
  if (minimum !== undefined && minimum !== null) throw unsupported('[function_score] with [min_score]');
  return query === undefined ? { type: 'all' } : parse(query, budget);
}

function term(json: unknown): Query {
  const { field, body } = oneField('term', json, ['value', 'term', 'case_insensitive', 'boost'], 'value');
  const given = body['value'] ?? body['term'];
  if (given === undefined || given === null)
    throw new QueryError('illegal_argument_exception', 'value cannot be null');
  const value = scalarOf('term', 'value', given);
  const ignoreCase = booleanOf('term', 'case_insensitive', body['case_insensitive']);
  return { type: 'term', field, value, ...(ignoreCase ? { ignoreCase } : {}) };
}

function terms(json: unknown): Query {
  if (kindOf(json) !== 'object') throw malformed('terms', kindOf(json));
  const { boost: _boost, _name, ...fields } = json as Body;
  const names = Object.keys(fields);
  const [field, second] = names;
  if (field === undefined) {
    throw parsingError(
      '[terms] query requires a field name, followed by array of terms or a document lookup specification',
    );
  }
  if (second !== undefined) throw parsingError('[terms] query does not support multiple fields');
  const given = fields[field];
  if (kindOf(given) === 'object') throw unsupported('[terms] query with a lookup of terms in a document');
  if (!Array.isArray(given)) throw parsingError(`[terms] query does not support [${field}]`);
  if (given.length > MAX_TERMS) throw tooManyTerms(field, given.length);
  const values: QueryValue[] = given.map((value) => {
    if (value === null)
      throw new QueryError('illegal_argument_exception', 'No value specified for terms query');
    return scalarOf('terms', field, value);
  });
  return values.length === 0 ? { type: 'none' } : { type: 'terms', field, values };
}

const BOUNDS = ['gt', 'gte', 'lt', 'lte'] as const;

function range(json: unknown): Query {
  const known = [
    ...BOUNDS,
    'from',
    'to',
    'include_lower',
    'include_upper',
    'format',
    'time_zone',
    'relation',
    'boost',
  ];
  if (kindOf(json) !== 'object') throw malformed('range', kindOf(json));
  const { field, body } = oneField('range', json, known);
  const bounds: Partial<Record<(typeof BOUNDS)[number], QueryValue>> = {};
  const set = (key: (typeof BOUNDS)[number], value: unknown): void => {
    if (value !== undefined && value !== null) bounds[key] = scalarOf('range', key, value);
  };
  set(booleanOf('range', 'include_lower', body['include_lower'], true) ? 'gte' : 'gt', body['from']);
  set(booleanOf('range', 'include_upper', body['include_upper'], true) ? 'lte' : 'lt', body['to']);
  for (const key of BOUNDS) set(key, body[key]);
  const relation = body['relation'];
  if (relation !== undefined && !/^(intersects|within|contains)$/i.test(String(relation))) {
    throw new QueryError('illegal_argument_exception', `${relation} is not a valid relation`);
  }
  const timeZone = stringOf('range', 'time_zone', body['time_zone']);
  const format = stringOf('range', 'format', body['format']);
  if (Object.keys(bounds).length === 0) return { type: 'exists', field };
  return {
    type: 'range',
    field,
    ...bounds,
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(format === undefined ? {} : { format }),
  };
}

function exists(json: unknown): Query {
  const { field } = bodyOf('exists', json, ['field', 'boost']);
  if (typeof field !== 'string' || field === '')
    throw parsingError('[exists] must be provided with a [field]');
  if (!field.includes('*')) return { type: 'exists', field };
  return { type: 'fields', fields: [field], clause: { type: 'exists' } };
}

function pattern(query: 'prefix' | 'wildcard' | 'regexp', json: unknown): Query {
  const known = [
    'value',
    query,
    'case_insensitive',
    'rewrite',
    'boost',
    'flags',
    'flags_value',
    'max_determinized_states',
  ];
  const { field, body } = oneField(query, json, known, 'value');
  const value = stringOf(query, 'value', body['value'] ?? body[query]);
  if (value === undefined) throw new QueryError('illegal_argument_exception', 'value cannot be null');
  const ignoreCase = booleanOf(query, 'case_insensitive', body['case_insensitive'])
    ? { ignoreCase: true }
    : {};
  if (query === 'prefix') return { type: 'prefix', field, value, ...ignoreCase };
  if (query === 'wildcard') return { type: 'wildcard', field, pattern: value, ...ignoreCase };
  const flags = stringOf(query, 'flags', body['flags']);
  return {
    type: 'regexp',
    field,
    pattern: flags === undefined ? value : withoutOperators(value, flags),
    ...ignoreCase,
  };
}

/** Operators that `flags` turns off are ordinary characters. */
function withoutOperators(pattern: string, flags: string): string {
  const on = new Set(flags.toUpperCase().split('|'));
  if (on.has('ALL') || on.has('')) return pattern;
  let off = '';
  if (!on.has('COMPLEMENT')) off += '~';
  if (!on.has('INTERVAL')) off += '<>';
  if (!on.has('INTERSECTION')) off += '&';
  if (!on.has('ANYSTRING')) off += '@';
  if (!on.has('EMPTY')) off += '#';
  if (off === '') return pattern;
  return pattern.replace(new RegExp(`\\\\[^]|[${off}]`, 'g'), (part) =>
    part.length > 1 ? part : `\\${part}`,
  );
}

function ids(json: unknown): Query {
  const { values } = bodyOf('ids', json, ['values', 'type', 'boost']);
  if (values === undefined) throw parsingError('[ids] requires providing "values"');
  const all = (Array.isArray(values) ? values : [values]).map((value) => {
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw parsingError('[ids] values must be strings or numbers');
    }
    return String(value);
  });
  if (all.length > MAX_TERMS) throw tooManyTerms('_id', all.length);
  return all.length === 0 ? { type: 'none' } : { type: 'ids', values: all };
}

function nested(json: unknown, budget: Budget): Query {
  const known = ['path', 'query', 'score_mode', 'ignore_unmapped', 'inner_hits', 'boost'];
  const { path, query, inner_hits: innerHits } = bodyOf('nested', json, known);
  if (typeof path !== 'string')
    throw new QueryError('illegal_argument_exception', "[nested] requires 'path' field");
  if (query === undefined)
    throw new QueryError('illegal_argument_exception', "[nested] requires 'query' field");
  if (innerHits !== undefined) throw unsupported('[nested] query with [inner_hits]');
  return { type: 'nested', path, of: parse(query, budget) };
}

function bool(json: unknown, budget: Budget): Query {
  const known = [
    'must',
    'filter',
    'should',
    'must_not',
    'mustNot',
    'minimum_should_match',
    'adjust_pure_negative',
    'boost',
  ];
  const body = bodyOf('bool', json, known);
  const clauses = (key: string): Query[] => {
    const given = body[key];
    return given === undefined || given === null ? [] : list(given, budget);
  };
  const required = [...clauses('must'), ...clauses('filter')];
  const should = clauses('should');
  const not = [...clauses('must_not'), ...clauses('mustNot')];
  const minimum = minimumOf(
    body['minimum_should_match'],
    should.length,
    required.length > 0 || should.length === 0 ? 0 : 1,
  );
  const parts = [...required];
  if (minimum > 0) {
    if (should.length === 1 && minimum === 1) parts.push(should[0]!);
    else parts.push({ type: 'or', of: should, ...(minimum === 1 ? {} : { minimum }) });
  }
  parts.push(...not.map((of): Query => ({ type: 'not', of })));
  if (parts.length === 0) return { type: 'all' };
  return parts.length === 1 ? parts[0]! : { type: 'and', of: parts };
}

/** `2`, `-1` (all but one), `75%`, `-25%` (a quarter may be missing). */
function minimumOf(given: unknown, count: number, otherwise: number): number {
  if (given === undefined || given === null) return otherwise;
  const match = /^\s*(-?\d{1,6})(%?)\s*$/.exec(String(given));
  if (!match) throw unsupported(`[bool] query with [minimum_should_match] of [${String(given)}]`);
  const number = Number(match[1]);
  const part = match[2] === '%' ? Math.trunc((count * number) / 100) : number;
  const wanted = number < 0 ? count + part : part;
  return Math.max(0, wanted);
}
