/** What somebody looks for, resolved: a query tree over a time range, narrowed by what they may see. */
import { tryDateMath } from '../../../query/date-math.ts';
import { toDsl } from '../../../query/dsl.ts';
import { parseKql } from '../../../query/kql.ts';
import { QueryError } from '../../../query/query-error.ts';
import type { Query } from '../../../query/tree.ts';
import type { EventQuery } from '../../contract.ts';
import { type Caller, ConsoleError } from '../call.ts';
import { pillsQuery } from './pills.ts';
import type { Rights, View } from './rights.ts';

export const TIME_FIELD = '@timestamp';

export interface EventSearch {
  readonly view: View;
  /** With time range and rights: what the store is asked. */
  readonly query: Query;
  /** Without rights: what is highlighted and inspected. */
  readonly asked: Query;
  readonly from: number;
  readonly to: number;
  readonly timeZone: string | undefined;
}

/** @throws QueryError for KQL, ConsoleError for times and filters */
export async function resolveSearch(
  rights: Rights,
  caller: Caller | undefined,
  { query, filters, from, to, indices, timeZone }: EventQuery,
): Promise<EventSearch> {
  const now = Date.now();
  const range = {
    from: instant(from, 'start', { now, roundUp: false, timeZone }),
    to: instant(to, 'end', { now, roundUp: true, timeZone }),
  };
  if (range.from > range.to)
    throw new ConsoleError(400, 'time', 'the time range ends before it begins', { hint: `${from} to ${to}` });
  const [parsed, ...pills] = askedFor(query, filters, timeZone);
  const times: Query = {
    type: 'range',
    field: TIME_FIELD,
    gte: new Date(range.from).toISOString(),
    lte: new Date(range.to).toISOString(),
  };
  const asked: Query = { type: 'and', of: [times, ...(parsed!.type === 'all' ? [] : [parsed!]), ...pills] };
  const view = await rights.view(caller, indices);
  return { view, query: await view.narrow(asked), asked, ...range, timeZone };
}

/** The KQL query first, then the filters. */
export const askedFor = (
  query: string,
  filters: EventQuery['filters'],
  timeZone?: string | undefined,
): Query[] => [parseKql(query, { timeZone }), ...pillsQuery(filters)];

function instant(
  text: string,
  which: 'start' | 'end',
  options: { readonly now: number; readonly roundUp: boolean; readonly timeZone: string | undefined },
): number {
  let millis: number;
  try {
    millis = tryDateMath(text.trim(), options);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new ConsoleError(400, 'time', error.message);
  }
  if (Number.isNaN(millis))
    throw new ConsoleError(400, 'time', `"${text}" is no time for the ${which} of the range`, {
      hint: 'Times are like 2026-11-20T10:00:00Z, 2026-11-20 10:00, now, now-15m or now/d.',
    });
  return millis;
}

/** The body of an Elasticsearch search that asks the same. */
export const inspect = (search: EventSearch, more: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ query: toDsl(search.asked), ...more }, null, 2);
