/** `field: (a or b or …)` with thousands of values is one question about a set, not thousands of questions. */
import type { Clause } from './condition.ts';
import type { Query, QueryValue } from './tree.ts';

export interface Equalities {
  readonly field: string;
  /** As they were, for analysed text, where they are not about the whole value. */
  readonly clauses: readonly Clause[];
  /** What any of them names, for every other type. */
  readonly values: readonly QueryValue[];
}

/** Fewer are asked one by one, as bloom filters take them. */
const MIN_MERGED = 16;

/** Takes out the clauses about equality of fields that have many of them. */
export function takeEqualities(of: readonly Query[]): {
  rest: readonly Query[];
  merged: readonly Equalities[];
} {
  if (of.length < MIN_MERGED) return { rest: of, merged: [] };
  const fields = new Map<string, { clauses: Clause[]; values: QueryValue[] }>();
  for (const query of of) {
    const values = valuesOf(query);
    if (values === undefined || !('field' in query)) continue;
    let found = fields.get(query.field);
    if (found === undefined) fields.set(query.field, (found = { clauses: [], values: [] }));
    found.clauses.push(query as Clause);
    for (const value of values) found.values.push(value);
  }
  const merged = [...fields]
    .filter(([, { clauses }]) => clauses.length >= MIN_MERGED)
    .map(([field, found]) => ({ field, ...found }));
  if (merged.length === 0) return { rest: of, merged: [] };
  const taken = new Set(merged.map(({ field }) => field));
  const rest = of.filter(
    (query) => valuesOf(query) === undefined || !('field' in query) || !taken.has(query.field),
  );
  return { rest, merged };
}

function valuesOf(query: Query): readonly QueryValue[] | undefined {
  switch (query.type) {
    case 'term':
      return query.ignoreCase ? undefined : [query.value];
    case 'terms':
      return query.values;
    case 'match':
      return [query.text];
    case 'phrase':
      return query.prefix ? undefined : [query.text];
  }
  return undefined;
}
