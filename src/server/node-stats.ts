/** What `/_node/stats` and its parts answer, from the engine's counters. */
import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import type { Engine, PipelineStatus } from '../engine/engine.ts';
import type { QueueState } from '../engine/messages.ts';
import type { GraphNode } from '../lang/graph.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import { type Flow, FlowHistory, type Snapshot } from './flow.ts';

const SAMPLE_MS = 5_000;

/** Keeps the history of all pipelines and answers with numbers. */
export class NodeStats {
  readonly #engine: Engine;
  readonly #histories = new Map<string, FlowHistory>();
  readonly #timer: NodeJS.Timeout;
  #queues: Readonly<Record<string, QueueState>> = {};
  #peakDescriptors = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #sample(): Promise<void> {
    this.#queues = await this.#engine.queues();
    for (const id of this.#engine.pipelines.keys()) {
      const snapshot = this.#snapshot(id);
      this.#history(id, snapshot).record(snapshot);
    }
    for (const id of this.#histories.keys()) if (!this.#engine.pipelines.has(id)) this.#histories.delete(id);
  }

  #snapshot(id: string): Snapshot {
    return {
      at: performance.now(),
      counts: this.#engine.counts(id),
      pushMillis: this.#queues[id]?.pushMillis ?? 0,
    };
  }

  #history(id: string, snapshot: Snapshot): FlowHistory {
    let history = this.#histories.get(id);
    if (!history) this.#histories.set(id, (history = new FlowHistory(snapshot)));
    return history;
  }

  /** Brings queue states up to date; call before answering. */
  async refresh(): Promise<void> {
    this.#queues = await this.#engine.queues();
  }

  queue(id: string): QueueState | undefined {
    return this.#queues[id];
  }

  events(ids: Iterable<string> = this.#engine.pipelines.keys()): Record<string, number> {
    const total = { in: 0, filtered: 0, out: 0, duration_in_millis: 0, queue_push_duration_in_millis: 0 };
    for (const id of ids) {
      const counts = this.#engine.counts(id);
      total.in += counts.in;
      total.filtered += counts.filtered;
      total.out += counts.out;
      total.duration_in_millis += Math.round(counts.millis);
      total.queue_push_duration_in_millis += Math.round(this.#queues[id]?.pushMillis ?? 0);
    }
    return total;
  }

  flow(id: string): Record<string, Flow> {
    const now = this.#snapshot(id);
    const history = this.#history(id, now);
    const workers = this.#engine.pipelines.get(id)?.config.settings.workers ?? 1;
    return {
      input_throughput: history.flow(now, ({ counts }) => counts.in),
      filter_throughput: history.flow(now, ({ counts }) => counts.filtered),
      output_throughput: history.flow(now, ({ counts }) => counts.out),
      queue_backpressure: history.flow(now, ({ pushMillis }) => pushMillis / 1000),
      worker_concurrency: history.flow(now, ({ counts }) => counts.millis / 1000),
      worker_utilization: history.flow(now, ({ counts }) => counts.millis / 10 / workers),
    };
  }

  /** Rates of all pipelines together: those that add up. */
  totalFlow(): Record<string, Flow> {
    const total: Record<string, Flow> = {};
    for (const id of this.#engine.pipelines.keys()) {
      for (const [name, flow] of Object.entries(this.flow(id))) {
        if (name === 'worker_utilization') continue;
        const sum = (total[name] ??= {});
        for (const [window, value] of Object.entries(flow) as [keyof Flow, number | string][]) {
          sum[window] = Number(sum[window] ?? 0) + Number(value);
        }
      }
    }
    return total;
  }

  pipeline(status: PipelineStatus): Record<string, unknown> {
    const { id, config, reloads } = status;
    const queue = this.#queues[id];
    return {
      events: this.events([id]),
      flow: this.flow(id),
      plugins: this.#plugins(status),
      reloads: {
        last_error: reloads.lastError === undefined ? null : { message: reloads.lastError },
        successes: reloads.successes,
        failures: reloads.failures,
        last_success_timestamp: reloads.lastSuccess ? new Date(reloads.lastSuccess).toISOString() : null,
        last_failure_timestamp: reloads.lastFailure ? new Date(reloads.lastFailure).toISOString() : null,
      },
      queue: {
        type: queue?.type ?? config.settings.queueType,
        events_count: queue?.events ?? 0,
        events: queue?.events ?? 0,
        queue_size_in_bytes: queue?.bytes ?? 0,
        max_queue_size_in_bytes: queue?.maxBytes ?? 0,
        dropped: queue?.dropped ?? {},
      },
      condition_errors: this.#engine.counts(id).conditionErrors,
      hash: config.hash,
      ephemeral_id: `${id}-${status.version}`,
    };
  }

  #plugins(status: PipelineStatus): Record<string, unknown> {
    const { counts } = this.#snapshot(status.id);
    const now = this.#snapshot(status.id);
    const history = this.#history(status.id, now);
    const of = (node: GraphNode) => counts.nodes.get(node.id) ?? { in: 0, out: 0, millis: 0, named: {} };
    const millis = (id: string) => (snapshot: Snapshot) => snapshot.counts.nodes.get(id)?.millis ?? 0;
    const field =
      (id: string, name: 'in' | 'out') =>
      (snapshot: Snapshot): number =>
        snapshot.counts.nodes.get(id)?.[name] ?? 0;
    const nodes = pluginNodes(status.config.graph);
    const problem = (node: GraphNode) => {
      const known = status.problems.get(node.id);
      return known ? { problem: known.problem, since: new Date(known.since).toISOString() } : {};
    };
    const inputs = nodes
      .filter((node) => node.kind === 'input')
      .map((node) => ({
        id: node.id,
        name: node.name,
        events: { out: of(node).out, queue_push_duration_in_millis: 0 },
        flow: { throughput: history.flow(now, field(node.id, 'out')) },
        ...of(node).named,
        ...problem(node),
      }));
    const filters = nodes
      .filter((node) => node.kind === 'filter')
      .map((node) => ({
        id: node.id,
        name: node.name,
        events: { in: of(node).in, out: of(node).out, duration_in_millis: Math.round(of(node).millis) },
        flow: {
          worker_utilization: history.flow(
            now,
            (snapshot) => millis(node.id)(snapshot) / 10 / status.config.settings.workers,
          ),
          worker_millis_per_event: history.flow(now, millis(node.id), field(node.id, 'in')),
        },
        ...of(node).named,
      }));
    const outputs = nodes
      .filter((node) => node.kind === 'output')
      .map((node) => ({
        id: node.id,
        name: node.name,
        events: { in: of(node).in, out: of(node).out, duration_in_millis: Math.round(of(node).millis) },
        flow: { throughput: history.flow(now, field(node.id, 'out')) },
        ...of(node).named,
        ...problem(node),
      }));
    const codecs = nodes
      .filter((node) => node.kind !== 'filter' && node.options['codec'] !== undefined)
      .map((node) => ({
        id: `${node.id}-codec`,
        name: (node.options['codec'] as { plugin: string }).plugin,
        decode: {
          writes_in: node.kind === 'input' ? of(node).in : 0,
          out: node.kind === 'input' ? of(node).out : 0,
          duration_in_millis: 0,
        },
        encode: { writes_in: node.kind === 'output' ? of(node).in : 0, duration_in_millis: 0 },
      }));
    return { inputs, codecs, filters, outputs };
  }

  process(): Record<string, unknown> {
    const usage = process.cpuUsage();
    let descriptors = -1;
    let limit = -1;
    let virtual = -1;
    try {
      descriptors = readdirSync('/proc/self/fd').length;
      limit = Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? -1);
      virtual = Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      // Not Linux.
    }
    this.#peakDescriptors = Math.max(this.#peakDescriptors, descriptors);
    const total = Math.round((usage.user + usage.system) / 1000);
    const [one, five, fifteen] = loadavg();
    return {
      open_file_descriptors: descriptors,
      peak_open_file_descriptors: this.#peakDescriptors,
      max_file_descriptors: limit,
      mem: { total_virtual_in_bytes: virtual, resident_in_bytes: process.memoryUsage.rss() },
      cpu: {
        total_in_millis: total,
        percent: Math.min(100, Math.round((total / (process.uptime() * 1000)) * 100)),
        load_average: { '1m': one, '5m': five, '15m': fifteen },
      },
    };
  }

  /** The part that Logstash fills from its JVM: what Node has instead, under the same names. */
  jvm(): Record<string, unknown> {
    const memory = process.memoryUsage();
    return {
      threads: { count: this.#engine.threadCount, peak_count: this.#engine.threadCount },
      mem: {
        heap_used_in_bytes: memory.heapUsed,
        heap_committed_in_bytes: memory.heapTotal,
        heap_max_in_bytes: memory.heapTotal,
        heap_used_percent: Math.round((memory.heapUsed / memory.heapTotal) * 100),
        non_heap_used_in_bytes: memory.external,
        non_heap_committed_in_bytes: memory.external,
      },
      gc: { collectors: {} },
      uptime_in_millis: Math.round(process.uptime() * 1000),
    };
  }
}
