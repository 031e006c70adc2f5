/**
 * One tree for every search: KQL, Lucene query strings and Elasticsearch's Query DSL are parsed into it; it is compiled
 * to SQL (embedded store), to Query DSL (OpenSearch, Elasticsearch) and to a predicate over live events. All of them
 * must answer alike; `cases.ts` holds what that means.
 *
 * A field is a dotted path as in mappings (`source.ip`, never `[source][ip]`); where `fields` is said, `*` in it stands
 * for any characters, and `*` alone for all fields. A field that nobody knows matches nothing.
 *
 * A document's field has no, one or many values (an array's elements; those of objects in arrays are put together).
 * A clause about a field matches when any one of its values does. `null` and `[]` are no value.
 */
export type QueryValue = string | number | bigint | boolean;

export type Query =
  | { readonly type: 'all' }
  | { readonly type: 'none' }
  | { readonly type: 'and'; readonly of: readonly Query[] }
  /** At least `minimum` (default 1) of them. */
  | { readonly type: 'or'; readonly of: readonly Query[]; readonly minimum?: number }
  | { readonly type: 'not'; readonly of: Query }
  | { readonly type: 'exists'; readonly field: string }
  /**
   * The value itself, compared in the field's own type: keywords exactly, numbers as numbers (`'5'` is 5), times in any
   * form that mappings take, addresses also against `10.0.0.0/8`. On analysed text: a token.
   */
  | {
      readonly type: 'term';
      readonly field: string;
      readonly value: QueryValue;
      readonly ignoreCase?: boolean;
    }
  /** Any of many values; like `or` of `term`s, but may be thousands. */
  | { readonly type: 'terms'; readonly field: string; readonly values: readonly QueryValue[] }
  /** On analysed text: any (`or`) or all (`and`) of the words of `text`. On every other type: `term`. */
  | {
      readonly type: 'match';
      readonly field: string;
      readonly text: QueryValue;
      readonly operator: 'or' | 'and';
    }
  /** On analysed text: the words behind one another (the last one as a prefix, if `prefix`). Otherwise `term`. */
  | { readonly type: 'phrase'; readonly field: string; readonly text: string; readonly prefix?: boolean }
  | {
      readonly type: 'prefix';
      readonly field: string;
      readonly value: string;
      readonly ignoreCase?: boolean;
    }
  /** `*` any characters, `?` one; `\*` and `\?` those characters themselves. Of the whole value; on text: of a token. */
  | {
      readonly type: 'wildcard';
      readonly field: string;
      readonly pattern: string;
      readonly ignoreCase?: boolean;
    }
  /** Of the whole value, in Lucene's syntax; KQL's `field ~ /…/` is unanchored and comes with `.*` around it. */
  | {
      readonly type: 'regexp';
      readonly field: string;
      readonly pattern: string;
      readonly ignoreCase?: boolean;
    }
  /** Bounds of one value. Dates may be date math (`now-1d/d`, `2026-11-20||+1M`); `timeZone` is for those without one. */
  | {
      readonly type: 'range';
      readonly field: string;
      readonly gt?: QueryValue;
      readonly gte?: QueryValue;
      readonly lt?: QueryValue;
      readonly lte?: QueryValue;
      readonly timeZone?: string;
      readonly format?: string;
    }
  | { readonly type: 'ids'; readonly values: readonly string[] }
  /** One object of the array at `path` meets all of it; fields inside are written in full (`dns.answers.type`). */
  | { readonly type: 'nested'; readonly path: string; readonly of: Query }
  /**
   * The same clause for several fields (patterns): any (`or`) of them must meet it.
   * Clauses that make no sense for a field's type (text for a number) match nothing there, without an error.
   */
  | {
      readonly type: 'fields';
      readonly fields: readonly string[];
      readonly clause: FieldClause;
    }
  /**
   * Free text: some value of any field holds these words behind one another, as whole words, whatever their case
   * (`text`), or with `pattern` a word that matches it (`*` and `?`).
   */
  | { readonly type: 'anywhere'; readonly text: string; readonly pattern?: boolean };

/** What can be asked of a field whose name is a pattern: a clause without its field. */
export type FieldClause =
  | { readonly type: 'exists' }
  | { readonly type: 'term'; readonly value: QueryValue; readonly ignoreCase?: boolean }
  | { readonly type: 'match'; readonly text: QueryValue; readonly operator: 'or' | 'and' }
  | { readonly type: 'phrase'; readonly text: string; readonly prefix?: boolean }
  | { readonly type: 'prefix'; readonly value: string; readonly ignoreCase?: boolean }
  | { readonly type: 'wildcard'; readonly pattern: string; readonly ignoreCase?: boolean }
  | { readonly type: 'regexp'; readonly pattern: string; readonly ignoreCase?: boolean }
  | {
      readonly type: 'range';
      readonly gt?: QueryValue;
      readonly gte?: QueryValue;
      readonly lt?: QueryValue;
      readonly lte?: QueryValue;
      readonly timeZone?: string;
      readonly format?: string;
    };

export const ALL: Query = { type: 'all' };
