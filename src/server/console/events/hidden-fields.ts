/**
 * A query that can tell nothing about hidden fields: clauses about them match nothing, patterns of names become the names
 * that may be seen, and free text is looked for in those fields only (there also as a part of a word).
 */
import type { FieldClause, Query } from '../../../query/tree.ts';
import { globMatch } from '../../../store/glob-match.ts';
import type { Field } from './rights.ts';

/** Names and patterns of fields; everything below them is meant too. */
export type HiddenFields = readonly string[];

/** Whether a field is one of the hidden ones, or below one, or another form of one. */
export function hiddenTest(hidden: HiddenFields): (field: string) => boolean {
  const tests = hidden.map(globMatch);
  return (field) => {
    if (tests.length === 0) return false;
    for (let path = field; ; path = path.slice(0, path.lastIndexOf('.'))) {
      if (tests.some((fits) => fits(path))) return true;
      if (!path.includes('.')) return false;
    }
  };
}

const NONE: Query = { type: 'none' };

export function withoutHidden(query: Query, hidden: HiddenFields, visible: readonly Field[]): Query {
  const isHidden = hiddenTest(hidden);
  const leaves = new Set(
    visible.filter(({ type }) => !/flattened|nested/.test(type)).map(({ name }) => name),
  );
  /** An object, or one field of many keys, that may have something hidden in it. */
  const holdsHidden = (field: string): boolean =>
    !leaves.has(field) &&
    hidden.some((pattern) => {
      const head = pattern.split('*')[0]!;
      return head.startsWith(`${field}.`) || (pattern !== head && `${field}.`.startsWith(head));
    });
  const named = (test: (name: string) => boolean): string[] =>
    visible.filter(({ name }) => test(name) && !holdsHidden(name)).map(({ name }) => name);
  const inFields = (fields: readonly string[], clause: FieldClause): Query =>
    fields.length === 0 ? NONE : { type: 'fields', fields, clause };

  const rewrite = (one: Query): Query => {
    switch (one.type) {
      case 'all':
      case 'none':
      case 'ids':
        return one;
      case 'and':
        return { ...one, of: one.of.map(rewrite) };
      case 'or':
        return { ...one, of: one.of.map(rewrite) };
      case 'not':
        return { ...one, of: rewrite(one.of) };
      case 'nested':
        return isHidden(one.path) ? NONE : { ...one, of: rewrite(one.of) };
      case 'anywhere':
        return anywhere(one.text, one.pattern === true);
      case 'fields': {
        const tests = one.fields.map(globMatch);
        return inFields(
          named((name) => tests.some((fits) => fits(name))),
          one.clause,
        );
      }
      default:
        return about(one);
    }
  };

  const about = (one: Extract<Query, { readonly field: string }>): Query => {
    if (isHidden(one.field)) return NONE;
    if (!holdsHidden(one.field)) return one;
    if (one.type === 'terms') return NONE;
    const { field, ...clause } = one;
    return inFields(
      named((name) => name.startsWith(`${field}.`)),
      clause as FieldClause,
    );
  };

  const anywhere = (text: string, isPattern: boolean): Query => {
    const fields = named(() => true);
    const pattern = isPattern ? text : text.replace(/[\\*?]/g, '\\$&');
    return {
      type: 'or',
      of: [
        inFields(fields, { type: 'wildcard', pattern: `*${pattern}*`, ignoreCase: true }),
        ...(isPattern ? [] : [inFields(fields, { type: 'phrase', text })]),
      ],
    };
  };
  return rewrite(query);
}
