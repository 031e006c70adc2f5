/** What `/_node/stats` and its parts answer: keeps the history of all pipelines. */
import { randomUUID } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import type { QueueState } from '../engine/messages.ts';
import type { PipelineStatus } from '../engine/pipeline-status.ts';
import { addFlows, type Flow, FlowHistory, SAMPLE_MS, Snapshot } from './flow.ts';
import { commonFlow, eventStats, type PipelineView, pipelineFlow, pipelineStats } from './pipeline-stats.ts';
import { ProcessStats } from './process-stats.ts';

/** A busy intake answers late; numbers of a moment ago are better than a late answer. */
const QUEUES_WAIT_MS = 300;

export class NodeStats {
  readonly process = new ProcessStats();
  readonly #engine: Engine;
  readonly #histories = new Map<string, { readonly status: PipelineStatus; readonly history: FlowHistory }>();
  /** One for each version of a pipeline. */
  readonly #ephemeralIds = new WeakMap<PipelineStatus, { readonly version: number; readonly id: string }>();
  readonly #timer: NodeJS.Timeout;
  #queues: Readonly<Record<string, QueueState>> = {};
  #asking: Promise<void> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.process.close();
  }

  async #sample(): Promise<void> {
    this.process.sample();
    // Asking makes the intake count how long inputs have waited.
    await this.refresh();
    for (const status of this.#engine.pipelines.values()) {
      const { history, now } = this.#view(status);
      history.record(now);
    }
    for (const id of this.#histories.keys()) if (!this.#engine.pipelines.has(id)) this.#histories.delete(id);
  }

  /** Brings queue states up to date, if the intake answers soon; call before answering. */
  async refresh(): Promise<void> {
    this.#asking ??= this.#engine.queues().then((queues) => {
      if (Object.keys(queues).length > 0) this.#queues = queues;
      this.#asking = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, QUEUES_WAIT_MS);
    });
    await Promise.race([this.#asking, enough]);
    clearTimeout(timer);
  }

  queue(id: string): QueueState | undefined {
    return Object.hasOwn(this.#queues, id) ? this.#queues[id] : undefined;
  }

  #view(status: PipelineStatus): PipelineView {
    const counts = this.#engine.counts(status.id);
    const history = this.#history(status);
    const queue = this.queue(status.id);
    return {
      status,
      counts,
      queue,
      history,
      now: new Snapshot(performance.now(), counts, history.last, queue?.growth),
      ephemeralId: this.ephemeralId(status),
    };
  }

  #history(status: PipelineStatus): FlowHistory {
    let known = this.#histories.get(status.id);
    if (known?.status !== status) {
      const age = Math.max(1, Date.now() - status.startedAt);
      known = { status, history: new FlowHistory(new Snapshot(performance.now() - age)) };
      this.#histories.set(status.id, known);
    }
    return known.history;
  }

  ephemeralId(status: PipelineStatus): string {
    let known = this.#ephemeralIds.get(status);
    if (known?.version !== status.version) {
      known = { version: status.version, id: randomUUID() };
      this.#ephemeralIds.set(status, known);
    }
    return known.id;
  }

  pipeline(status: PipelineStatus, vertices: boolean): Record<string, unknown> {
    return pipelineStats(this.#view(status), vertices, this.#engine.deadLetters(status.id));
  }

  pipelineFlow(status: PipelineStatus): Record<string, Flow> {
    return pipelineFlow(this.#view(status));
  }

  /** Of all pipelines together. */
  events(): Record<string, number> {
    const total: Record<string, number> = {
      in: 0,
      filtered: 0,
      out: 0,
      duration_in_millis: 0,
      queue_push_duration_in_millis: 0,
    };
    for (const id of this.#engine.pipelines.keys()) {
      for (const [name, value] of Object.entries(eventStats(this.#engine.counts(id))))
        total[name] = (total[name] ?? 0) + value;
    }
    return total;
  }

  /** Of all pipelines together. */
  flow(): Record<string, Flow> {
    const flows = [...this.#engine.pipelines.values()].map((status) => commonFlow(this.#view(status)));
    const names = Object.keys(flows[0] ?? {});
    return Object.fromEntries(names.map((name) => [name, addFlows(flows.map((each) => each[name]!))]));
  }

  reloads(): Record<string, number> {
    const all = [...this.#engine.pipelines.values()].map(({ reloads }) => reloads);
    return {
      successes: all.reduce((sum, each) => sum + each.successes, 0),
      failures: all.reduce((sum, each) => sum + each.failures, 0),
    };
  }

  queuedEvents(): number {
    return [...this.#engine.pipelines.keys()].reduce((sum, id) => sum + (this.queue(id)?.events ?? 0), 0);
  }
}
