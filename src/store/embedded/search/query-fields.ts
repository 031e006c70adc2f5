/** Names and patterns of fields that a query looks at, and the time it can be about. */

import type { Query } from '../../../query/tree.ts';
import { resolveDate } from './resolve-date.ts';

/** Every field name and pattern in the tree; `nested:PATH` for objects looked at whole. */
export function fieldsOf(query: Query, into: Set<string> = new Set()): Set<string> {
  switch (query.type) {
    case 'and':
    case 'or':
      for (const part of query.of) fieldsOf(part, into);
      break;
    case 'not':
      fieldsOf(query.of, into);
      break;
    case 'nested':
      into.add(`nested:${query.path}`);
      fieldsOf(query.of, into);
      break;
    case 'fields':
      for (const field of query.fields) into.add(field);
      break;
    case 'all':
    case 'none':
    case 'ids':
    case 'anywhere':
      break;
    default:
      into.add(query.field);
      // `exists` of an object means any field below it.
      if (query.type === 'exists') into.add(`${query.field}.*`);
  }
  return into;
}

/** The number in the order of arrival that all matches lie behind; undefined: any. */
export function arrivalBound(query: Query): number | undefined {
  if (query.type === 'and') {
    const bounds = query.of.flatMap((part) => arrivalBound(part) ?? []);
    return bounds.length > 0 ? Math.max(...bounds) : undefined;
  }
  if (query.type !== 'range' || query.field !== '_seq_no') return undefined;
  return typeof query.gt === 'number' ? query.gt : undefined;
}

export interface TimeBounds {
  /** Milliseconds since the epoch, inclusive; undefined: open. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** Bounds that `@timestamp` must lie in for the query to match: rows outside need not be looked at. */
export function timeBounds(query: Query, now: number): TimeBounds {
  if (query.type === 'and') {
    let from: number | undefined;
    let to: number | undefined;
    for (const part of query.of) {
      const bounds = timeBounds(part, now);
      if (bounds.from !== undefined) from = Math.max(from ?? bounds.from, bounds.from);
      if (bounds.to !== undefined) to = Math.min(to ?? bounds.to, bounds.to);
    }
    return { from, to };
  }
  if (query.type !== 'range' || query.field !== '@timestamp') return { from: undefined, to: undefined };
  const { timeZone, format } = query;
  const at = (value: typeof query.gt, roundUp: boolean): number | undefined => {
    if (value === undefined) return undefined;
    try {
      return resolveDate(value, {
        now,
        roundUp,
        ...(timeZone !== undefined && { timeZone }),
        ...(format !== undefined && { format }),
      });
    } catch {
      // The compiler reports what is wrong with it.
      return undefined;
    }
  };
  return {
    from: at(query.gte, false) ?? at(query.gt, true),
    to: at(query.lte, true) ?? at(query.lt, false),
  };
}

/** What is left of a query in rows that its times (`timeBounds`) leave nothing out of. */
export function withoutTimes(query: Query): Query {
  if (query.type === 'and') {
    const of = query.of.map(withoutTimes).filter(({ type }) => type !== 'all');
    return of.length === 0 ? { type: 'all' } : of.length === 1 ? of[0]! : { type: 'and', of };
  }
  return query.type === 'range' && query.field === '@timestamp' ? { type: 'all' } : query;
}
