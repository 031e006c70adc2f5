/** What the parsers share: one clause asked of the fields that a search names. */

import type { FieldClause, Query } from './tree.ts';
import { MANY, parseWildcard } from './wildcard.ts';

/** Undefined: no field was named, so all are meant. Boosts (`title^3`) are for relevance, of which there is none. */
export type FieldNames = readonly string[] | undefined;

export function namedFields(fields: readonly string[] | undefined): FieldNames {
  if (fields === undefined || fields.length === 0) return undefined;
  const names = [...new Set(fields.map((field) => field.replace(/\^[\d.]+$/, '')))];
  return names.includes('*') ? undefined : names;
}

export function askFields(fields: FieldNames, clause: FieldClause): Query {
  if (fields === undefined) return { type: 'fields', fields: ['*'], clause };
  const [only = ''] = fields;
  if (fields.length === 1 && !only.includes('*')) return { ...clause, field: only } as Query;
  return { type: 'fields', fields, clause };
}

/** Words, any or all of them: of named fields, or each of them anywhere. */
export function askWords(fields: FieldNames, text: string, operator: 'or' | 'and'): Query {
  if (fields !== undefined) return askFields(fields, { type: 'match', text, operator });
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return { type: 'none' };
  const of = words.map((word): Query => ({ type: 'anywhere', text: word }));
  return of.length === 1 ? of[0]! : { type: operator, of };
}

export function askPhrase(fields: FieldNames, text: string): Query {
  return fields === undefined ? { type: 'anywhere', text } : askFields(fields, { type: 'phrase', text });
}

/** `*` alone asks whether there is a value at all. */
export function askPattern(fields: FieldNames, pattern: string): Query {
  const parts = parseWildcard(pattern);
  const isAll = parts.length === 1 && parts[0] === MANY;
  if (fields === undefined)
    return isAll ? { type: 'all' } : { type: 'anywhere', text: pattern, pattern: true };
  return askFields(fields, isAll ? { type: 'exists' } : { type: 'wildcard', pattern });
}
