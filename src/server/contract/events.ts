/** Searching stored events. */
import { z } from 'zod';
import { defineRoutes } from './route.ts';

/** A condition that was clicked together; all that are enabled hold at once. */
export const filterPill = z.object({
  field: z.string().max(1024),
  operator: z.enum(['is', 'is_not', 'exists', 'not_exists', 'one_of', 'not_one_of', 'range']),
  /** `one_of`: a list. `range`: `{gt, gte, lt, lte}`. */
  value: z.unknown().optional(),
  disabled: z.boolean().optional(),
  pinned: z.boolean().optional(),
});
export type FilterPill = z.infer<typeof filterPill>;

/** What to look for: the same in every search. */
const eventQuery = z.object({
  /** KQL. */
  query: z.string().max(32_768).default(''),
  filters: z.array(filterPill).max(200).default([]),
  /** Date math or ISO times. */
  from: z.string().max(100).default('now-15m'),
  to: z.string().max(100).default('now'),
  /** Index names and patterns; empty: all. */
  indices: z.array(z.string().max(512)).max(100).default([]),
  timeZone: z.string().max(100).optional(),
});
export type EventQuery = z.infer<typeof eventQuery>;

/** A name that the caller gives a search, to ask how far it is while it runs. */
const progressId = z.string().min(8).max(64).optional();

/** Where a page goes on: the `sort` of the last event before it. */
const place = z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** An event as it is stored; `source` is its JSON text, so that no number is altered on the way. */
const eventHit = z.object({
  index: z.string(),
  id: z.string(),
  source: z.string(),
  sort: place,
  /** By field: the parts of its values that the query found. */
  highlight: z.record(z.string(), z.array(z.string())).optional(),
  ignored: z.array(z.string()).optional(),
});
export type EventHit = z.infer<typeof eventHit>;

const histogram = z.object({
  /** `30s`, `1h`, `1d` … */
  interval: z.string(),
  /** Milliseconds since the epoch, and how many events. */
  buckets: z.array(z.tuple([z.number(), z.number()])),
  from: z.number(),
  to: z.number(),
});

const eventField = z.object({
  name: z.string(),
  type: z.string(),
  searchable: z.boolean(),
  aggregatable: z.boolean(),
});
export type EventField = z.infer<typeof eventField>;

/** A time range in milliseconds since the epoch, both ends included. */
const timeRange = z.object({ from: z.number(), to: z.number() });

const timeout = z.number().int().min(100).max(600_000).default(30_000);

const savedSearch = z.object({
  id: z.string(),
  title: z.string(),
  owner: z.string(),
  /** Milliseconds since the epoch. */
  updated: z.number(),
  /** What stands behind the `?` of the screen's URL. */
  state: z.string(),
  /** The caller may change and delete it. */
  mine: z.boolean(),
});
export type SavedSearch = z.infer<typeof savedSearch>;

/** What is wrong with a query, and where. */
const queryProblem = z.object({
  message: z.string(),
  /** Offset in the query. */
  position: z.number().optional(),
  hint: z.string().optional(),
});

export const eventRoutes = defineRoutes({
  'POST /api/events/search': {
    summary: 'A page of events, newest first',
    access: 'viewer',
    body: eventQuery.extend({
      size: z.number().int().min(0).max(1000).default(100),
      sort: z
        .array(z.object({ field: z.string().max(1024), order: z.enum(['asc', 'desc']) }))
        .max(5)
        .default([{ field: '@timestamp', order: 'desc' }]),
      after: place.optional(),
      highlight: z.boolean().default(true),
      /** Counts all that match instead of up to 10,000. */
      exactTotal: z.boolean().default(false),
      /** False: not counted, such as where the histogram is asked for, too. */
      counted: z.boolean().default(true),
      /** Milliseconds; what was found until then is answered. */
      timeout,
      progressId,
    }),
    answer: z.object({
      hits: z.array(eventHit),
      total: z.object({ value: z.number(), relation: z.enum(['eq', 'gte']) }).optional(),
      took: z.number(),
      timedOut: z.boolean(),
      failures: z.array(z.string()),
      /** What `from` and `to` were: for the pages behind this one. */
      range: timeRange,
      /** The query as Elasticsearch would be asked, for "Inspect". */
      inspect: z.string(),
    }),
  },
  'POST /api/events/histogram': {
    summary: 'How many events there were, over time',
    access: 'viewer',
    body: eventQuery.extend({
      buckets: z.number().int().min(1).max(500).default(60),
      /** `30s`, `1h`, `1d`, `1w`, `1M` …; made longer when it would give too many buckets. */
      interval: z.string().max(20).optional(),
      timeout,
      progressId,
    }),
    answer: z.object({ histogram, total: z.number(), took: z.number(), timedOut: z.boolean() }),
  },
  'GET /api/events/progress': {
    summary: 'How far searches of the caller are that run at the moment',
    access: 'viewer',
    query: z.object({
      /** Their `progressId`, with commas. */
      ids: z.string().max(1000),
    }),
    answer: z.object({
      /** By id: what share of the work is done, from 0 to 1. Those that run and can tell. */
      shares: z.record(z.string(), z.number()),
    }),
  },
  'POST /api/events/values': {
    summary: 'The most frequent values of a field',
    access: 'viewer',
    body: eventQuery.extend({
      field: z.string().max(1024),
      size: z.number().int().min(1).max(100).default(10),
    }),
    answer: z.object({
      /** Numbers beyond 2^53 and times are text. */
      values: z.array(z.object({ value: z.union([z.string(), z.number(), z.boolean()]), count: z.number() })),
      /** How often all other values occur. */
      other: z.number(),
      /** Events without the field, and all of them. */
      missing: z.number(),
      total: z.number(),
      timedOut: z.boolean(),
    }),
  },
  'POST /api/events/fields': {
    summary: 'Fields of the indices',
    access: 'viewer',
    body: z.object({ indices: z.array(z.string().max(512)).max(100).default([]) }),
    answer: z.object({ fields: z.array(eventField) }),
  },
  'GET /api/events/indices': {
    summary: 'Indices that the caller may search',
    access: 'viewer',
    answer: z.object({ indices: z.array(z.object({ name: z.string(), documents: z.number() })) }),
  },
  'POST /api/events/complete': {
    summary: 'How a query can go on at the cursor',
    access: 'viewer',
    body: eventQuery.extend({ cursor: z.number().int().min(0) }),
    answer: z.object({
      from: z.number(),
      to: z.number(),
      options: z.array(
        z.object({
          text: z.string(),
          kind: z.enum(['field', 'value', 'operator', 'conjunction']),
          detail: z.string().optional(),
        }),
      ),
      problem: queryProblem.optional(),
    }),
  },
  'GET /api/events/tail': {
    summary: 'Events as they arrive',
    access: 'viewer',
    query: z.object({
      query: z.string().max(32_768).default(''),
      /** JSON of `filterPill[]`. */
      filters: z.string().max(65_536).default('[]'),
      indices: z.string().max(4096).default(''),
      /** At most so many a second; the rest is counted. */
      limit: z.coerce.number().int().min(1).max(1000).default(200),
    }),
    stream: 'events',
    answer: z.object({
      /** Oldest first. */
      hits: z.array(eventHit),
      /** Matched too, but were beyond the limit. */
      skipped: z.number(),
    }),
  },
  'GET /api/events/document': {
    summary: 'One event',
    access: 'viewer',
    query: z.object({ index: z.string().max(512), id: z.string().max(1024) }),
    answer: z.object({ hit: eventHit }),
  },
  'GET /api/events/surrounding': {
    summary: 'Events just before and after one',
    access: 'viewer',
    query: z.object({
      index: z.string().max(512),
      id: z.string().max(1024),
      size: z.coerce.number().int().min(1).max(200).default(10),
      /** Of which indices, with commas; empty: all. */
      indices: z.string().max(4096).default(''),
    }),
    answer: z.object({ before: z.array(eventHit), event: eventHit, after: z.array(eventHit) }),
  },
  'POST /api/events/export': {
    summary: 'All events of a search as CSV or NDJSON',
    access: 'analyst',
    body: eventQuery.extend({
      format: z.enum(['csv', 'ndjson']),
      /** Of CSV; empty: every field. */
      columns: z.array(z.string().max(1024)).max(2000).default([]),
    }),
    stream: 'download',
    answer: z.string(),
  },
  'GET /api/searches': {
    summary: 'Saved searches',
    access: 'viewer',
    answer: z.object({ searches: z.array(savedSearch) }),
  },
  'POST /api/searches': {
    summary: 'Save a search, or change one of your own',
    access: 'analyst',
    body: z.object({
      id: z.string().max(64).optional(),
      title: z.string().min(1).max(200),
      state: z.string().max(65_536),
    }),
    answer: z.object({ id: z.string() }),
  },
  'DELETE /api/searches/:id': { summary: 'Delete a saved search', access: 'analyst', answer: z.object({}) },
});
