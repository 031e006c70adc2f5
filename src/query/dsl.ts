/** A tree as Query DSL for OpenSearch and Elasticsearch. */
import { anywhereWords } from './anywhere.ts';
import { tooDeep } from './query-error.ts';
import type { FieldClause, Query } from './tree.ts';
import { hasWildcard, MANY, parseWildcard, type WildcardPart } from './wildcard.ts';

export type Dsl = Readonly<Record<string, unknown>>;

/** @throws QueryError when it is nested too deeply */
export function toDsl(query: Query): Dsl {
  return convert(query, 0);
}

const MAX_TREE_DEPTH = 200;

function convert(query: Query, depth: number): Dsl {
  if (depth > MAX_TREE_DEPTH) throw tooDeep();
  switch (query.type) {
    case 'all':
      return { match_all: {} };
    case 'none':
      return { match_none: {} };
    case 'and':
      return and(query.of, depth);
    case 'or':
      return or(query.of, query.minimum ?? 1, depth);
    case 'not':
      return { bool: { must_not: [convert(query.of, depth + 1)] } };
    case 'ids':
      return { ids: { values: query.values } };
    case 'nested':
      return {
        nested: {
          path: query.path,
          query: convert(query.of, depth + 1),
          score_mode: 'none',
          ignore_unmapped: true,
        },
      };
    case 'fields':
      return fields(query.fields, query.clause);
    case 'anywhere':
      return anywhere(query.text, query.pattern === true);
    case 'terms':
      return query.values.length === 0
        ? { match_none: {} }
        : { terms: { [query.field]: query.values.map(json) } };
  }
  return clause(query.field, query);
}

/** Without relevance everything is a filter; what is negated goes beside it instead of one level down. */
function and(of: readonly Query[], depth: number): Dsl {
  if (of.length === 0) return { match_all: {} };
  const filter: Dsl[] = [];
  const not: Dsl[] = [];
  for (const each of of) {
    if (each.type === 'not') not.push(convert(each.of, depth + 1));
    else filter.push(convert(each, depth + 1));
  }
  return { bool: { ...(filter.length > 0 ? { filter } : {}), ...(not.length > 0 ? { must_not: not } : {}) } };
}

function or(of: readonly Query[], minimum: number, depth: number): Dsl {
  if (minimum <= 0) return { match_all: {} };
  if (minimum > of.length) return { match_none: {} };
  return { bool: { should: of.map((each) => convert(each, depth + 1)), minimum_should_match: minimum } };
}

/** JSON knows no bigint; Elasticsearch reads numbers from text. */
const json = (value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

function clause(field: string, of: FieldClause): Dsl {
  const ignoreCase = 'ignoreCase' in of && of.ignoreCase ? { case_insensitive: true } : {};
  switch (of.type) {
    case 'exists':
      return { exists: { field } };
    case 'term':
      return { term: { [field]: { value: json(of.value), ...ignoreCase } } };
    case 'match':
      return { match: { [field]: { query: json(of.text), operator: of.operator, lenient: true } } };
    case 'phrase':
      if (of.prefix) return { match_phrase_prefix: { [field]: { query: of.text } } };
      // Of one type with `lenient`, which match_phrase does not take.
      return { multi_match: { query: of.text, fields: [field], type: 'phrase', lenient: true } };
    case 'prefix':
      return { prefix: { [field]: { value: of.value, ...ignoreCase } } };
    case 'wildcard':
      return wildcard(field, of.pattern, of.ignoreCase === true);
    case 'regexp':
      return { regexp: { [field]: { value: of.pattern, ...ignoreCase } } };
    case 'range': {
      const { gt, gte, lt, lte, timeZone, format } = of;
      const bounds = { gt, gte, lt, lte };
      const given = Object.entries(bounds).filter(([, value]) => value !== undefined);
      return {
        range: {
          [field]: {
            ...Object.fromEntries(given.map(([key, value]) => [key, json(value)])),
            ...(timeZone === undefined ? {} : { time_zone: timeZone }),
            ...(format === undefined ? {} : { format }),
          },
        },
      };
    }
  }
}

/** `query_string` is the one that brings a pattern for analysed text into the form of its words. */
function wildcard(field: string, pattern: string, ignoreCase: boolean): Dsl {
  if (ignoreCase) return { wildcard: { [field]: { value: pattern, case_insensitive: true } } };
  const parts = parseWildcard(pattern);
  const text = parts.filter((part) => typeof part === 'string').join('');
  if (!hasWildcard(parts)) return { term: { [field]: { value: text } } };
  return { query_string: { query: escapedPattern(pattern), fields: [field.replaceAll('*', '\\*')] } };
}

/** `query_string` is what expands patterns of names and leaves out fields of types that a clause makes no sense for. */
function fields(names: readonly string[], of: FieldClause): Dsl {
  const lenient = { fields: names, lenient: true };
  switch (of.type) {
    case 'exists':
      return { query_string: { query: '*', ...lenient } };
    case 'term':
      return { multi_match: { query: json(of.value), type: 'phrase', ...lenient } };
    case 'match':
      return {
        multi_match: { query: json(of.text), type: 'best_fields', operator: of.operator, ...lenient },
      };
    case 'phrase':
      return { multi_match: { query: of.text, type: of.prefix ? 'phrase_prefix' : 'phrase', ...lenient } };
    case 'prefix':
      return { query_string: { query: `${escaped(of.value)}*`, ...lenient } };
    case 'wildcard':
      return { query_string: { query: escapedPattern(of.pattern), ...lenient } };
    case 'regexp':
      return {
        query_string: {
          query: `/${of.pattern.replace(/\\[\s\S]|\//g, (part) => (part === '/' ? '\\/' : part))}/`,
          ...lenient,
        },
      };
    case 'range': {
      const open = of.gt !== undefined ? '{' : '[';
      const close = of.lt !== undefined ? '}' : ']';
      const bound = (value: unknown): string =>
        value === undefined ? '*' : `"${String(value).replace(/["\\]/g, '\\$&')}"`;
      const zone = of.timeZone === undefined ? {} : { time_zone: of.timeZone };
      const query = `${open}${bound(of.gt ?? of.gte)} TO ${bound(of.lt ?? of.lte)}${close}`;
      return { query_string: { query, ...zone, ...lenient } };
    }
  }
}

const escaped = (text: string): string => text.replace(/[-+=&|><!(){}[\]^"~*?:\\/\s]/g, '\\$&');

/** `*` and `?` stay, and what the tree escapes is escaped. */
const escapedPattern = (pattern: string): string =>
  pattern.replace(/\\[\s\S]|[-+=\\&|><!(){}[\]^"~:/\s]/g, (part) => (part.length > 1 ? part : `\\${part}`));

/**
 * Words anywhere: as a phrase of analysed fields, and by a regular expression in keywords, whose values are one term.
 * A pattern of several words finds keywords only.
 */
function anywhere(text: string, pattern: boolean): Dsl {
  const words = anywhereWords(text, pattern);
  if (words.length === 0) return { match_none: {} };
  const expression = `(.*[^${WORD}])?${words.map((word) => word.map(part).join('')).join(`[^${WORD}]+`)}([^${WORD}].*)?`;
  const keywords = {
    query_string: { query: `/${expression.replaceAll('/', '\\/')}/`, fields: ['*'], lenient: true },
  };
  if (pattern) return keywords;
  const phrase = { multi_match: { query: text, fields: ['*'], type: 'phrase', lenient: true } };
  return { bool: { should: [phrase, keywords], minimum_should_match: 1 } };
}

/** Lucene has no classes of Unicode: everything beyond ASCII is taken for letters. */
const WORD = '0-9A-Za-z_\u0080-\u{10ffff}';

function part(of: WildcardPart): string {
  if (of === MANY) return `[${WORD}]*`;
  if (typeof of === 'number') return `[${WORD}]`;
  return [...of]
    .map((char) => {
      const forms = new Set(
        [char, char.toLowerCase(), char.toUpperCase()].filter((form) => [...form].length === 1),
      );
      return forms.size === 1 ? char : `[${[...forms].join('')}]`;
    })
    .join('');
}
