/** Searching stored events: everything that the Discover screen asks. */
import { parseJson } from '../../event/json.ts';
import type { Query } from '../../query/tree.ts';
import type { Store } from '../../store/store.ts';
import { filterPill } from '../contract/events.ts';
import type { AnswerOf, EventHit, EventQuery } from '../contract.ts';
import { type Access, type Call, ConsoleError, type HandlersOf, notThere } from './call.ts';
import { complete } from './events/completion.ts';
import { askedFor, inspect, resolveSearch, TIME_FIELD } from './events/event-search.ts';
import { exportEvents } from './events/export.ts';
import { hiddenTest } from './events/hidden-fields.ts';
import { eventHits, highlightOf, newestFirst, sourceOf } from './events/hits.ts';
import { chooseInterval, knownZone } from './events/interval.ts';
import { Rights, type View } from './events/rights.ts';
import { RunningSearches } from './events/running-searches.ts';
import { savedSearchHandlers } from './events/saved-searches.ts';
import { type TailStep, tail } from './events/tail.ts';
import { topValues } from './events/top-values.ts';

export type EventHandlers = HandlersOf<
  Extract<
    keyof import('../contract.ts').Routes,
    `${string} /api/events/${string}` | `${string} /api/searches${string}`
  >
>;

export interface EventOptions {
  readonly store: Store;
  readonly audit: Access['audit'];
}

const VALUES_MS = 20_000;
const DEFAULT_TOTAL = 10_000;

export function eventHandlers({ store, audit }: EventOptions): EventHandlers {
  const rights = new Rights(store);
  const running = new RunningSearches();
  const noted = new Map<string, string>();
  const note = (
    action: string,
    call: Pick<Call<any>, 'caller' | 'address'>,
    details: Record<string, unknown>,
  ): void => audit({ action, user: call.caller?.name, address: call.address, outcome: 'success', details });
  /** A search that is only repeated, such as every five seconds, is noted once. */
  const noteSearch = (call: Call<'POST /api/events/search'>): void => {
    const { query, filters, from, to, indices } = call.body;
    const details = { query, filters, from, to, indices };
    const key = call.caller?.name ?? '';
    const text = JSON.stringify(details);
    if (noted.get(key) === text) return;
    if (noted.size > 1000) noted.clear();
    noted.set(key, text);
    note('events.search', call, details);
  };

  return {
    ...savedSearchHandlers(store),

    'POST /api/events/search': async (call) => {
      const { body, signal } = call;
      const search = await resolveSearch(rights, call.caller, body);
      const { view, query, from, to } = search;
      if (body.after === undefined) noteSearch(call);
      const isHidden = hiddenTest(view.hidden);
      const wrong = body.sort.find(({ field }) => isHidden(field));
      if (wrong) throw new ConsoleError(400, 'sort', `there is no field ${wrong.field} to sort by`);
      const sort = [
        ...body.sort.map(({ field, order }) => ({ field, order, unmappedType: 'keyword' })),
        { field: '_doc', order: body.sort[0]?.order ?? ('desc' as const) },
      ];
      const inspected = inspect(search, {
        size: body.size,
        sort: sort.map(({ field, order }) => ({ [field]: order })),
        ...(body.after && { search_after: body.after }),
        track_total_hits: body.counted && (body.exactTotal || DEFAULT_TOTAL),
      });
      const empty = { hits: [], took: 0, timedOut: false, total: { value: 0, relation: 'eq' as const } };
      const found = view.empty
        ? empty
        : await running.watch(call.caller, body.progressId, (onProgress) =>
            store.search(
              {
                indices: view.selection,
                query,
                from: 0,
                size: body.size,
                sort,
                source: sourceOf(view),
                trackTotalHits: body.counted && !body.after && (body.exactTotal || DEFAULT_TOTAL),
                timeout: body.timeout,
                ...(body.after && { searchAfter: body.after }),
                ...(body.highlight && { highlight: highlightOf(withoutTimes(search.asked)) }),
              },
              signal,
              onProgress,
            ),
          );
      return {
        hits: eventHits(view, found.hits),
        ...(found.total && { total: found.total }),
        took: found.took,
        timedOut: found.timedOut,
        failures: [...('failures' in found ? (found.failures ?? []) : [])],
        range: { from, to },
        inspect: inspected,
      };
    },

    'POST /api/events/histogram': async ({ body, caller, signal }) => {
      const { view, query, from, to, timeZone } = await resolveSearch(rights, caller, body);
      const interval = chooseInterval(from, to, body.buckets, body.interval);
      const answer = (
        buckets: [number, number][],
        took: number,
        timedOut: boolean,
      ): AnswerOf<'POST /api/events/histogram'> => ({
        histogram: { interval: interval.name, buckets, from, to },
        total: buckets.reduce((sum, [, count]) => sum + count, 0),
        took,
        timedOut,
      });
      if (view.empty) return answer([], 0, false);
      const { aggregations, took, timedOut } = await running.watch(caller, body.progressId, (onProgress) =>
        store.search(
          {
            indices: view.selection,
            query,
            from: 0,
            size: 0,
            sort: [],
            source: false,
            trackTotalHits: false,
            timeout: body.timeout,
            aggregations: {
              times: {
                type: 'date_histogram',
                parameters: {
                  field: TIME_FIELD,
                  ...interval.parameters,
                  time_zone: knownZone(timeZone),
                  min_doc_count: 0,
                  extended_bounds: { min: from, max: to },
                },
              },
            },
          },
          signal,
          onProgress,
        ),
      );
      const { times } = (aggregations === undefined ? {} : parseJson(aggregations)) as {
        times?: { buckets: { key: number; doc_count: number }[] };
      };
      return answer(
        (times?.buckets ?? []).map(({ key, doc_count: count }) => [Number(key), Number(count)]),
        took,
        timedOut,
      );
    },

    'GET /api/events/progress': async ({ query: { ids }, caller }) => ({
      shares: running.shares(caller, namesOf(ids)),
    }),

    'POST /api/events/values': async ({ body, caller, signal }) => {
      const { view, query } = await resolveSearch(rights, caller, body);
      if (hiddenTest(view.hidden)(body.field)) throw notThere(`the field ${body.field}`);
      if (view.empty) return { values: [], other: 0, missing: 0, total: 0, timedOut: false };
      const { field, size } = body;
      const request = { selection: view.selection, query, field, size, timeout: VALUES_MS };
      return topValues(store, request, signal);
    },

    'POST /api/events/fields': async ({ body, caller }) => {
      const view = await rights.view(caller, body.indices);
      return { fields: [...(await view.fields())] };
    },

    'GET /api/events/indices': async ({ caller }) => ({
      indices: (await rights.indices(caller, [])).map(({ name, documents }) => ({ name, documents })),
    }),

    'POST /api/events/complete': async ({ body, caller, signal }) => {
      const view = await rights.view(caller, body.indices);
      const around = await resolveSearch(rights, caller, { ...body, query: '' }).catch(() => undefined);
      return complete(store, around, await view.fields(), body.query, body.cursor, signal);
    },

    'GET /api/events/tail': async (call) => {
      const { query, limit, indices } = call.query;
      const parts = askedFor(query, pillsOf(call.query.filters)).filter(({ type }) => type !== 'all');
      const asked: Query = parts.length === 0 ? { type: 'all' } : { type: 'and', of: parts };
      note('events.tail', call, { query, filters: call.query.filters });
      const view = (): Promise<View> => rights.view(call.caller, namesOf(indices));
      return tail({ store, view, asked, limit, signal: call.signal }) as AsyncIterable<TailStep>;
    },

    'GET /api/events/document': async ({ query: { index, id }, caller, signal }) => {
      const view = await rights.view(caller, [index]);
      return { hit: await oneEvent(store, view, id, signal) };
    },

    'GET /api/events/surrounding': async ({ query: { index, id, size, indices }, caller, signal }) => {
      const event = await oneEvent(store, await rights.view(caller, [index]), id, signal);
      const view = await rights.view(caller, namesOf(indices));
      const beside = async (order: 'asc' | 'desc'): Promise<EventHit[]> => {
        const { hits } = await store.search(
          {
            indices: view.selection,
            query: await view.narrow({ type: 'exists', field: TIME_FIELD }),
            from: 0,
            size,
            sort: newestFirst.map((key) => ({ ...key, order })),
            searchAfter: event.sort,
            source: sourceOf(view),
            trackTotalHits: false,
          },
          signal,
        );
        return eventHits(view, hits);
      };
      if (event.sort[0] === null || view.empty) return { before: [], event, after: [] };
      const [before, after] = await Promise.all([beside('desc'), beside('asc')]);
      return { before, event, after: after.reverse() };
    },

    'POST /api/events/export': async (call) => {
      const { format, columns, ...asked } = call.body;
      const search = await resolveSearch(rights, call.caller, asked);
      note('events.export', call, { ...asked, format, columns });
      return exportEvents({ store, search, format, columns, signal: call.signal });
    },
  };
}

/** The time range is in every hit: it marks nothing. */
const withoutTimes = (query: Query): Query =>
  query.type === 'and' ? { ...query, of: query.of.slice(1) } : query;

const namesOf = (text: string): string[] => text.split(',').filter((name) => name !== '');

function pillsOf(text: string): EventQuery['filters'] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConsoleError(400, 'filter', 'the filters are no JSON');
  }
  const pills = filterPill.array().max(200).safeParse(value);
  if (!pills.success) throw new ConsoleError(400, 'filter', 'the filters are not valid');
  return pills.data;
}

/** @throws ConsoleError when there is none that the caller may see */
async function oneEvent(store: Store, view: View, id: string, signal: AbortSignal): Promise<EventHit> {
  const none = (): ConsoleError => notThere('this event');
  if (view.empty) throw none();
  const { hits } = await store.search(
    {
      indices: view.selection,
      query: await view.narrow({ type: 'ids', values: [id] }),
      from: 0,
      size: 1,
      sort: newestFirst,
      source: sourceOf(view),
      trackTotalHits: false,
    },
    signal,
  );
  const [hit] = eventHits(view, hits);
  if (!hit) throw none();
  return hit;
}
