/** Running pipelines: how they are, their graphs, their numbers now and before, and taps. */
import { z } from 'zod';
import { defineRoutes } from './route.ts';

const healthStatus = z.enum(['green', 'yellow', 'red', 'unknown']);
export type HealthStatus = z.infer<typeof healthStatus>;

/** One cause of trouble, in words. */
const finding = z.object({
  status: healthStatus,
  cause: z.string(),
  action: z.string(),
  impact: z.string(),
});

/** Rates are events a second over the last five seconds. */
const pipelineSummary = z.object({
  id: z.string(),
  /** Of the disk buffer of an output: the pipeline that the output belongs to. */
  parent: z.string().optional(),
  state: z.enum(['loading', 'running', 'finished', 'terminated']),
  health: z.object({ status: healthStatus, symptom: z.string(), findings: z.array(finding) }),
  rates: z.object({ in: z.number(), filtered: z.number(), out: z.number() }),
  /** Since the start. */
  totals: z.object({ in: z.number(), filtered: z.number(), out: z.number() }),
  /** Milliseconds that an event stays in the queue and the workers, estimated from how many are there and leave. */
  latency: z.number().optional(),
  /** Of the workers' time, 0 to 1. */
  utilization: z.number(),
  queue: z.object({
    type: z.enum(['memory', 'persisted']),
    events: z.number(),
    bytes: z.number(),
    maxBytes: z.number(),
    /** 0: no limit of its own. */
    maxEvents: z.number(),
    inFlight: z.number(),
    /** 0 to 1, of whichever limit is nearer. */
    full: z.number(),
    fullSince: z.number().optional(),
  }),
  failures: z.object({
    /** Refused by outputs for good. */
    rejected: z.number(),
    conditionErrors: z.number(),
    /** By inputs that found no room. */
    dropped: z.number(),
    /** A second, of all kinds. */
    rate: z.number(),
  }),
  deadLetters: z.object({ bytes: z.number(), maxBytes: z.number(), events: z.number() }).optional(),
  workers: z.number(),
  batchSize: z.number(),
  startedAt: z.number(),
  reloads: z.object({
    successes: z.number(),
    failures: z.number(),
    lastError: z.string().optional(),
  }),
  /** Events out a second in each of the last sixty seconds. */
  recent: z.array(z.number()),
});
export type PipelineSummary = z.infer<typeof pipelineSummary>;

const pipelineList = z.object({
  status: healthStatus,
  /** One sentence about all of them. */
  symptom: z.string(),
  pipelines: z.array(pipelineSummary),
});
export type PipelineList = z.infer<typeof pipelineList>;

const vertex = z.object({
  id: z.string(),
  kind: z.enum(['input', 'queue', 'filter', 'if', 'outputs', 'output']),
  /** Plugin, or what it is. */
  title: z.string(),
  /** An id that the config gives, or the condition. */
  detail: z.string().optional(),
  /** As in a config, secrets masked. */
  snippet: z.string().optional(),
  source: z.object({ file: z.string(), line: z.number() }).optional(),
  /** The condition that it stands under, for lists without a graph. */
  depth: z.number(),
});
export type Vertex = z.infer<typeof vertex>;

const edge = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  /** Of an `if`: which way. */
  label: z.string().optional(),
});
export type Edge = z.infer<typeof edge>;

const nodeNumbers = z.object({
  in: z.number(),
  out: z.number(),
  /** Since the start. */
  totalIn: z.number(),
  totalOut: z.number(),
  /** Of work an event. Of an input: of decoding. */
  millisPerEvent: z.number().optional(),
  /** Of the workers' time, 0 to 1. */
  share: z.number(),
  /** Events refused, tagged as failed or dropped, since the start. */
  failures: z.number(),
  problem: z.object({ text: z.string(), severity: z.enum(['yellow', 'red']), since: z.number() }).optional(),
  /** What the plugin itself counts. */
  counters: z.record(z.string(), z.number()),
});
export type NodeNumbers = z.infer<typeof nodeNumbers>;

const pipelineLive = z.object({
  at: z.number(),
  /** Changes when the graph must be fetched anew. */
  hash: z.string(),
  summary: pipelineSummary,
  nodes: z.record(z.string(), nodeNumbers),
  /** Events a second over an edge, where that follows from what nodes count. */
  edges: z.record(z.string(), z.number()),
  /** The node that takes most of the workers' time, if one stands out. */
  slowest: z.string().optional(),
});
export type PipelineLive = z.infer<typeof pipelineLive>;

const series = z.array(z.number().nullable());

/** One event on its way through a node. Texts are JSON: `{"f": fields, "m": @metadata}`. */
export const tapSample = z.object({
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** Undefined: the event was made there. */
  before: z.string().optional(),
  /** Empty: it was dropped. More than one: it was split or copied. */
  after: z.array(z.string()),
  /** Came out too, but are not shown. */
  more: z.number().optional(),
});
export type TapSample = z.infer<typeof tapSample>;

const tapAnswer = z.object({
  samples: z.array(tapSample),
  /** Not shown because they came faster than the tap or its reader. */
  skipped: z.number(),
  /** Fields that nothing in the pipeline reads are not there. */
  partial: z.boolean().optional(),
  /** The tap has ended by itself. */
  ended: z.enum(['time', 'gone']).optional(),
});
export type TapAnswer = z.infer<typeof tapAnswer>;

export const pipelineRoutes = defineRoutes({
  'GET /api/pipelines': { summary: 'All pipelines', access: 'viewer', answer: pipelineList },
  'GET /api/pipelines/live': {
    summary: 'All pipelines, every second',
    access: 'viewer',
    stream: 'events',
    answer: pipelineList,
  },
  'GET /api/pipelines/:id': {
    summary: 'The graph of a pipeline',
    access: 'viewer',
    answer: z.object({
      id: z.string(),
      hash: z.string(),
      vertices: z.array(vertex),
      edges: z.array(edge),
    }),
  },
  'GET /api/pipelines/:id/live': {
    summary: 'Numbers of a pipeline and its nodes, every second',
    access: 'viewer',
    stream: 'events',
    answer: pipelineLive,
  },
  'GET /api/pipelines/:id/history': {
    summary: 'Numbers of a pipeline, or of one of its nodes, over time',
    access: 'viewer',
    query: z.object({
      node: z.string().max(1024).optional(),
      /** 5m in seconds, 1h in tens of seconds, 24h in minutes. */
      window: z.enum(['5m', '1h', '24h']).default('5m'),
    }),
    answer: z.object({
      /** Milliseconds between two points. */
      step: z.number(),
      /** Milliseconds since the epoch. */
      times: z.array(z.number()),
      in: series,
      out: series,
      /** Of a node: of work an event. Of a pipeline: as in its summary. */
      latency: series,
      failures: series,
      /** Of a pipeline only. */
      queued: series.optional(),
    }),
  },
  'GET /api/pipelines/:id/tap': {
    summary: 'Events at a node, before and after it, as they pass',
    access: 'operator',
    query: z.object({
      /** Empty: the whole pipeline, from its inputs to its outputs. */
      node: z.string().max(1024).default(''),
      /** Samples a second at most. */
      rate: z.coerce.number().int().min(1).max(100).default(10),
    }),
    stream: 'events',
    answer: tapAnswer,
  },
});
