/** One pipeline in `/_node/stats/pipelines`: its plugins, its rates, its queue, in Logstash's form. */
import type { DeadLetterState } from '../engine/dead-letters.ts';
import type { QueueState } from '../engine/messages.ts';
import type { NodeCounts, PipelineCounts } from '../engine/metrics.ts';
import type { PipelineStatus } from '../engine/pipeline-status.ts';
import { QUEUE_NODE } from '../engine/problems.ts';
import type { GraphNode } from '../lang/graph.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import { type Flow, type FlowHistory, type Measure, mapFlow, type Snapshot } from './flow.ts';
import { deadLetterStats, queueStats } from './queue-stats.ts';

/** What is known of a pipeline at the time of a request. */
export interface PipelineView {
  readonly status: PipelineStatus;
  readonly counts: PipelineCounts;
  readonly queue: QueueState | undefined;
  readonly history: FlowHistory;
  readonly now: Snapshot;
  readonly ephemeralId: string;
}

type Json = Record<string, unknown>;

const none: NodeCounts = { in: 0, out: 0, millis: 0, decodeMillis: 0, named: {} };
const countsOf = (view: PipelineView, node: GraphNode): NodeCounts => view.counts.nodes.get(node.id) ?? none;
const total =
  (name: Parameters<Snapshot['total']>[0], scale = 1): Measure =>
  (snapshot) =>
    snapshot.total(name) * scale;
const seconds = 1 / 1000;

export function pipelineStats(
  view: PipelineView,
  vertices: boolean,
  deadLetters: DeadLetterState | undefined,
): Json {
  const { status } = view;
  const { settings, hash } = status.config;
  return {
    batch: batchStats(view),
    events: eventStats(view.counts),
    flow: pipelineFlow(view),
    plugins: {
      inputs: ofKind(view, 'input').map((node) => inputStats(view, node)),
      codecs: codecStats(view),
      filters: ofKind(view, 'filter').map((node) => processorStats(view, node)),
      outputs: ofKind(view, 'output').map((node) => processorStats(view, node)),
    },
    reloads: reloadStats(status),
    queue: { ...queueStats(status, view.queue), ...problemOf(view, QUEUE_NODE) },
    ...(deadLetters ? { dead_letter_queue: deadLetterStats(deadLetters, status.deadLetterError) } : {}),
    pipeline: {
      workers: settings.workers,
      batch_size: settings.batchSize,
      batch_delay: settings.batchDelay,
    },
    condition_errors: view.counts.conditionErrors,
    hash,
    ephemeral_id: view.ephemeralId,
    ...(vertices
      ? { vertices: pluginNodes(status.config.graph).map((node) => vertexStats(view, node)) }
      : {}),
  };
}

const ofKind = (view: PipelineView, kind: GraphNode['kind']): GraphNode[] =>
  pluginNodes(view.status.config.graph).filter((node) => node.kind === kind);

export function eventStats(counts: PipelineCounts): Record<string, number> {
  return {
    in: counts.in,
    filtered: counts.filtered,
    out: counts.out,
    duration_in_millis: Math.round(counts.millis),
    queue_push_duration_in_millis: Math.round(counts.pushMillis),
  };
}

/** Rates that add up over pipelines. */
export function commonFlow({ history, now }: PipelineView): Record<string, Flow> {
  return {
    input_throughput: history.flow(now, total('in')),
    filter_throughput: history.flow(now, total('filtered')),
    output_throughput: history.flow(now, total('out')),
    queue_backpressure: history.flow(now, total('pushMillis', seconds)),
    worker_concurrency: history.flow(now, total('millis', seconds)),
  };
}

export function pipelineFlow(view: PipelineView): Record<string, Flow> {
  const { history, now, status } = view;
  return {
    ...commonFlow(view),
    worker_utilization: utilization(view, total('millis')),
    ...(status.config.settings.queueType === 'persisted'
      ? {
          queue_persisted_growth_bytes: history.flow(now, total('queueBytes')),
          queue_persisted_growth_events: history.flow(now, total('queueEvents')),
        }
      : {}),
  };
}

/** Per cent of the time of all workers. Threads count what they did up to a second later: never above 100. */
function utilization({ history, now, status }: PipelineView, millis: Measure): Flow {
  const flow = history.flow(now, (snapshot) => millis(snapshot) / 10 / status.workers);
  return mapFlow(flow, (percent) => Math.min(100, percent));
}

function batchStats({ history, now }: PipelineView): Json {
  const average = (name: 'in' | 'bytes'): Json => {
    const { current, lifetime, last_1_minute, last_5_minutes, last_15_minutes } = mapFlow(
      history.flow(now, total(name), total('batches')),
      Math.round,
    );
    const averages = { lifetime: lifetime ?? 0, last_1_minute, last_5_minutes, last_15_minutes };
    return { current: current ?? 0, average: averages };
  };
  return { event_count: average('in'), byte_size: average('bytes') };
}

function inputStats(view: PipelineView, node: GraphNode): Json {
  const counts = countsOf(view, node);
  const drops = view.queue?.drops[node.id];
  return {
    id: node.id,
    name: node.name,
    events: { out: counts.out, queue_push_duration_in_millis: Math.round(counts.millis) },
    flow: { throughput: view.history.flow(view.now, (snapshot) => snapshot.node(node.id, 'out')) },
    ...nest(counts.named),
    ...(drops ? { dropped: drops } : {}),
    ...problemOf(view, node.id),
  };
}

/** A filter or an output. */
function processorStats(view: PipelineView, node: GraphNode): Json {
  const counts = countsOf(view, node);
  const millis: Measure = (snapshot) => snapshot.node(node.id, 'millis');
  const events: Measure = (snapshot) => snapshot.node(node.id, 'in');
  return {
    id: node.id,
    name: node.name,
    events: { in: counts.in, out: counts.out, duration_in_millis: Math.round(counts.millis) },
    flow: {
      worker_utilization: utilization(view, millis),
      worker_millis_per_event: view.history.flow(view.now, millis, events),
    },
    ...nest(counts.named),
    ...patternsPerField(node),
    ...problemOf(view, node.id),
  };
}

/** What is wrong with a plugin or a queue now. */
function problemOf({ status }: PipelineView, node: string): Json {
  const known = status.problems.byNode.get(node);
  return known ? { problem: known.problem, since: new Date(known.since).toISOString() } : {};
}

/** Grok says how many patterns it tries for each field. */
function patternsPerField(node: GraphNode): Json {
  const match = node.options['match'];
  if (node.name !== 'grok' || typeof match !== 'object' || match === null) return {};
  const patterns = Object.entries(match).map(([field, list]) => [
    field,
    Array.isArray(list) ? list.length : 1,
  ]);
  return { patterns_per_field: Object.fromEntries(patterns) };
}

/** `{ 'documents.successes': 3 }` becomes `{ documents: { successes: 3 } }`. */
function nest(named: Readonly<Record<string, number>>): Json {
  const root: Json = {};
  for (const [name, value] of Object.entries(named)) {
    const path = name.split('.');
    const last = path.pop()!;
    let at = root;
    for (const part of path) at = (at[part] ??= {}) as Json;
    at[last] = value;
  }
  return root;
}

function codecStats(view: PipelineView): Json[] {
  return pluginNodes(view.status.config.graph)
    .filter((node) => node.kind !== 'filter' && node.options['codec'] !== undefined)
    .map((node) => {
      const counts = countsOf(view, node);
      const [decodes, encodes] = [node.kind === 'input', node.kind === 'output'];
      return {
        id: `${node.id}-codec`,
        name: (node.options['codec'] as { plugin: string }).plugin,
        decode: {
          writes_in: decodes ? counts.in : 0,
          out: decodes ? counts.out : 0,
          duration_in_millis: Math.round(counts.decodeMillis),
        },
        // Outputs encode while they write: their own duration holds it.
        encode: { writes_in: encodes ? counts.in : 0, duration_in_millis: 0 },
      };
    });
}

function reloadStats({ reloads }: PipelineStatus): Json {
  const time = (at: number | undefined): string | null =>
    at === undefined ? null : new Date(at).toISOString();
  return {
    last_error: reloads.lastError === undefined ? null : { message: reloads.lastError },
    successes: reloads.successes,
    failures: reloads.failures,
    last_success_timestamp: time(reloads.lastSuccess),
    last_failure_timestamp: time(reloads.lastFailure),
  };
}

/** As Metricbeat reads it: `?vertices=true`. */
function vertexStats(view: PipelineView, node: GraphNode): Json {
  const counts = countsOf(view, node);
  const gauges = Object.entries(
    (patternsPerField(node)['patterns_per_field'] ?? {}) as Record<string, number>,
  );
  return {
    id: node.id,
    pipeline_ephemeral_id: view.ephemeralId,
    ...(node.kind === 'input'
      ? { events_out: counts.out, queue_push_duration_in_millis: Math.round(counts.millis) }
      : { events_in: counts.in, events_out: counts.out, duration_in_millis: Math.round(counts.millis) }),
    long_counters: Object.entries(counts.named).map(([name, value]) => ({ name, value })),
    double_gauges: gauges.map(([field, value]) => ({ name: `patterns_per_field.${field}`, value })),
  };
}
