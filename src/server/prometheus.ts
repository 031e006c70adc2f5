/** The same numbers as Prometheus text (exposition format 0.0.4), at `/metrics`. */
import type { Engine } from '../engine/engine.ts';
import type { PipelineStatus } from '../engine/pipeline-status.ts';
import { queueFolder } from '../engine/queue-folder.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import type { Flow } from './flow.ts';
import { type HealthStatus, pipelineHealth } from './health-report.ts';
import type { NodeStats } from './node-stats.ts';
import { limits } from './process-stats.ts';
import { storageOf } from './queue-stats.ts';

type Labels = Readonly<Record<string, string>>;

const levels: Record<HealthStatus, number> = { green: 0, unknown: 1, yellow: 1, red: 2 };

export function prometheusText(engine: Engine, stats: NodeStats, version: string): string {
  const text = new Exposition();
  text.gauge('millrace_info', 'Always 1; the version is a label.', { version }, 1);
  for (const status of engine.pipelines.values()) addPipeline(text, engine, stats, status);
  addProcess(text);
  return text.toString();
}

function addPipeline(text: Exposition, engine: Engine, stats: NodeStats, status: PipelineStatus): void {
  const pipeline = status.id;
  const labels = { pipeline };
  const counts = engine.counts(pipeline);
  const queue = stats.queue(pipeline);
  const counter = (name: string, help: string, value: number): void =>
    text.counter(`millrace_pipeline_${name}_total`, help, labels, value);
  const gauge = (name: string, help: string, value: number): void =>
    text.gauge(`millrace_pipeline_${name}`, help, labels, value);
  gauge('up', '1 while the pipeline runs.', status.state === 'running' ? 1 : 0);
  gauge('health', '0 green, 1 yellow, 2 red.', levels[pipelineHealth(status, stats).status]);
  gauge('workers', 'Batches worked on at once at most.', status.workers);
  counter('events_in', 'Events that inputs gave.', counts.in);
  counter('events_filtered', 'Events through the filters.', counts.filtered);
  counter('events_out', 'Events that outputs took.', counts.out);
  counter('worker_seconds', 'Time that workers were busy or blocked.', counts.millis / 1000);
  counter('backpressure_seconds', 'Time that inputs waited for room.', counts.pushMillis / 1000);
  counter('batches', 'Batches through the filters.', counts.batches);
  counter('intake_bytes', 'Bytes that inputs took.', counts.bytes);
  counter('condition_errors', 'Conditions that could not be evaluated.', counts.conditionErrors);
  gauge('queue_events', 'Records not yet delivered.', queue?.events ?? 0);
  gauge('queue_bytes', 'Bytes not yet delivered.', queue?.bytes ?? 0);
  gauge('queue_max_bytes', 'Bytes that it holds at most.', queue?.maxBytes ?? 0);
  gauge(
    'queue_max_events',
    'Records that it holds at most; 0: no limit.',
    status.config.settings.queueMaxEvents,
  );
  const dropped = Object.values(queue?.drops ?? {}).reduce((sum, drops) => sum + drops.events, 0);
  counter('dropped', 'Datagrams that found no room.', dropped);
  if (queue?.type === 'persisted') {
    const { free_space_in_bytes } = storageOf(queueFolder(pipeline, status.config.settings));
    gauge('queue_free_space_bytes', 'Room in the file system of a persisted queue.', free_space_in_bytes);
  }
  const deadLetters = engine.deadLetters(pipeline);
  if (deadLetters) {
    const { events, dropped: lost, expired, queueBytes, maxBytes } = deadLetters;
    counter('dead_letters', 'Events that went to the dead letter queue.', events);
    counter('dead_letters_dropped', 'Dead letters lost because their queue was full.', lost);
    counter('dead_letters_expired', 'Dead letters removed because they were too old.', expired);
    gauge('dead_letter_queue_bytes', 'Size of the dead letter queue.', queueBytes);
    gauge('dead_letter_queue_max_bytes', 'Size of the dead letter queue at most.', maxBytes);
  }
  addFlows(text, labels, stats.pipelineFlow(status));
  for (const result of ['success', 'failure'] as const) {
    const value = result === 'success' ? status.reloads.successes : status.reloads.failures;
    text.counter('millrace_pipeline_reloads_total', 'Reloads.', { ...labels, result }, value);
  }
  for (const node of pluginNodes(status.config.graph)) {
    const own = counts.nodes.get(node.id);
    if (!own) continue;
    const plugin = { pipeline, kind: node.kind, plugin: node.name, id: node.id };
    text.counter(
      'millrace_plugin_events_in_total',
      'Events (inputs: records) into a plugin.',
      plugin,
      own.in,
    );
    text.counter('millrace_plugin_events_out_total', 'Events out of a plugin.', plugin, own.out);
    text.counter(
      'millrace_plugin_seconds_total',
      'Time in a filter (from a sample of batches), in an output, or that an input waited for room.',
      plugin,
      own.millis / 1000,
    );
    if (node.kind === 'input') {
      const help = 'Time in which the records of an input were decoded.';
      text.counter('millrace_plugin_decode_seconds_total', help, plugin, own.decodeMillis / 1000);
      const lost = queue?.drops[node.id]?.events ?? 0;
      text.counter('millrace_plugin_dropped_total', 'Records that found no room.', plugin, lost);
    }
    text.gauge(
      'millrace_plugin_problem',
      '1 while something is wrong with a plugin; the health report says what.',
      plugin,
      status.problems.byNode.has(node.id) ? 1 : 0,
    );
    for (const [name, value] of Object.entries(own.named)) {
      const help = 'Counters of plugins, by name.';
      text.counter('millrace_plugin_count_total', help, { ...plugin, name }, value);
    }
  }
}

/** The flow metrics of the monitoring API, for those who do not want to compute rates themselves. */
function addFlows(text: Exposition, labels: Labels, flows: Readonly<Record<string, Flow>>): void {
  for (const [name, flow] of Object.entries(flows)) {
    for (const [window, value] of Object.entries(flow)) {
      text.gauge(
        `millrace_pipeline_flow_${name}`,
        'Rate of the flow metric of this name, in the window named by the label.',
        { ...labels, window },
        value === 'Infinity' ? '+Inf' : value,
      );
    }
  }
}

/** Names that Prometheus' own client libraries use. */
function addProcess(text: Exposition): void {
  const { user, system } = process.cpuUsage();
  const { open, max, virtualBytes } = limits();
  const start = performance.timeOrigin / 1000;
  text.counter('process_cpu_seconds_total', 'CPU time of the process.', {}, (user + system) / 1e6);
  text.gauge('process_resident_memory_bytes', 'Resident memory.', {}, process.memoryUsage.rss());
  text.gauge('process_virtual_memory_bytes', 'Virtual memory.', {}, virtualBytes);
  text.gauge('process_open_fds', 'Open file descriptors.', {}, open);
  text.gauge('process_max_fds', 'Limit of open file descriptors.', {}, max);
  text.gauge('process_start_time_seconds', 'When the process started, since the epoch.', {}, start);
}

/** Samples of one name must stand together under their HELP and TYPE. */
class Exposition {
  readonly #families = new Map<string, { readonly head: string; readonly samples: string[] }>();

  counter(name: string, help: string, labels: Labels, value: number): void {
    this.#add(name, 'counter', help, labels, value);
  }

  gauge(name: string, help: string, labels: Labels, value: number | string): void {
    this.#add(name, 'gauge', help, labels, value);
  }

  #add(name: string, type: string, help: string, labels: Labels, value: number | string): void {
    let family = this.#families.get(name);
    if (!family) {
      family = { head: `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`, samples: [] };
      this.#families.set(name, family);
    }
    const pairs = Object.entries(labels).map(([key, label]) => `${key}="${escapeLabel(label)}"`);
    family.samples.push(`${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`);
  }

  toString(): string {
    return [...this.#families.values()].map(({ head, samples }) => head + samples.join('')).join('');
  }
}

const escapeLabel = (text: string): string =>
  text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
