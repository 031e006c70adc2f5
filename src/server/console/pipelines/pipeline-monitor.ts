/** Watches all pipelines each second: numbers now, and before. The counters are those of the monitoring API. */
import type { Engine } from '../../../engine/engine.ts';
import type { PipelineCounts } from '../../../engine/metrics.ts';
import type { PipelineStatus } from '../../../engine/pipeline-status.ts';
import type { PipelineList, PipelineLive } from '../../contract/pipelines.ts';
import type { NodeStats } from '../../node-stats.ts';
import { Ticks } from '../../ticks.ts';
import { HIDDEN_PARENT } from '../dead-letters/letter-pipeline.ts';
import { consoleGraph, type GraphView } from './graph-view.ts';
import { Series } from './history.ts';
import { failuresOf, liveOf, type Moment, summaryOf, symptomOf, worstOf } from './numbers.ts';

const SECOND = 1000;
/** Rates are over so many seconds; times per event, which are sampled, over all that are kept. */
const RATE_SECONDS = 5;
const KEPT = 31;
const RECENT = 60;

const pipelineColumns = ['in', 'out', 'latency', 'failures', 'queued'] as const;
const nodeColumns = ['in', 'out', 'latency', 'failures'] as const;
type NodeSeries = Series<(typeof nodeColumns)[number]>;

interface Watched {
  readonly status: PipelineStatus;
  readonly moments: Moment[];
  readonly series: Series<(typeof pipelineColumns)[number]>;
  readonly nodes: Map<string, NodeSeries>;
  readonly recent: number[];
  graph: { readonly hash: string; readonly view: GraphView };
}

export class PipelineMonitor {
  readonly #engine: Engine;
  readonly #stats: NodeStats;
  readonly #watched = new Map<string, Watched>();
  readonly #timer: NodeJS.Timeout;
  readonly #ticks = new Ticks();
  #list: PipelineList | undefined;

  constructor(engine: Engine, stats: NodeStats) {
    this.#engine = engine;
    this.#stats = stats;
    this.#timer = setInterval(() => void this.#sample(), SECOND);
    this.#timer.unref();
    void this.#sample();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#ticks.close();
  }

  async #sample(): Promise<void> {
    await this.#stats.refresh();
    if (this.#ticks.isClosed) return;
    const { pipelines } = this.#engine;
    for (const status of pipelines.values()) this.#take(status);
    for (const id of this.#watched.keys()) if (!pipelines.has(id)) this.#watched.delete(id);
    this.#list = undefined;
    this.#ticks.tick();
  }

  #take(status: PipelineStatus): void {
    const watched = this.#of(status);
    const moment = this.#now(status);
    const { moments, recent } = watched;
    moments.push(moment);
    if (moments.length > KEPT) moments.shift();
    const last = moments.at(-2);
    if (!last) return;
    const seconds = (moment.at - last.at) / 1000;
    const at = Date.now();
    const per = (now: number, before: number): number => Math.max(0, now - before) / seconds;
    const summary = this.#summary(watched);
    recent.push(Math.round(per(moment.counts.out, last.counts.out)));
    if (recent.length > RECENT) recent.shift();
    watched.series.add(at, {
      in: per(moment.counts.in, last.counts.in),
      out: per(moment.counts.out, last.counts.out),
      latency: summary.latency ?? Number.NaN,
      failures: per(failuresOf(moment), failuresOf(last)),
      queued: summary.queue.events,
    });
    for (const [id, counts] of moment.counts.nodes) {
      const before = last.counts.nodes.get(id);
      if (!before) continue;
      let series = watched.nodes.get(id);
      if (!series) watched.nodes.set(id, (series = new Series(nodeColumns)));
      const events = counts.in - before.in || counts.out - before.out;
      const millis = counts.millis - before.millis + (counts.decodeMillis - before.decodeMillis);
      const failed = (node: typeof counts): number =>
        (node.named['rejected'] ?? 0) + (node.named['failures'] ?? 0);
      series.add(at, {
        in: per(counts.in, before.in),
        out: per(counts.out, before.out),
        latency: events > 0 ? millis / events : Number.NaN,
        failures: per(failed(counts), failed(before)),
      });
    }
    for (const id of watched.nodes.keys()) if (!moment.counts.nodes.has(id)) watched.nodes.delete(id);
  }

  #of(status: PipelineStatus): Watched {
    let watched = this.#watched.get(status.id);
    if (watched?.status !== status) {
      watched = {
        status,
        moments: [],
        series: new Series(pipelineColumns),
        nodes: new Map(),
        recent: [],
        graph: { hash: status.config.hash, view: consoleGraph(status.config.graph) },
      };
      this.#watched.set(status.id, watched);
    }
    const { hash, graph } = status.config;
    if (watched.graph.hash !== hash) watched.graph = { hash, view: consoleGraph(graph) };
    return watched;
  }

  #now(status: PipelineStatus): Moment {
    const counts: PipelineCounts = this.#engine.counts(status.id);
    const drops = Object.values(this.#stats.queue(status.id)?.drops ?? {});
    return { at: performance.now(), counts, dropped: drops.reduce((sum, { events }) => sum + events, 0) };
  }

  #summary(watched: Watched): ReturnType<typeof summaryOf> {
    const { status, moments, recent } = watched;
    return summaryOf({
      status,
      stats: this.#stats,
      deadLetters: this.#engine.deadLetters(status.id),
      now: moments.at(-1)!,
      before: moments.at(-1 - RATE_SECONDS) ?? moments[0]!,
      recent,
    });
  }

  /** @returns undefined when there is no such pipeline */
  graph(id: string): { readonly hash: string; readonly view: GraphView } | undefined {
    const status = this.#engine.pipelines.get(id);
    return status && this.#of(status).graph;
  }

  list(): PipelineList {
    if (this.#list) return this.#list;
    const shown = [...this.#engine.pipelines.values()].filter(({ parent }) => parent !== HIDDEN_PARENT);
    const pipelines = shown.map((status) => {
      const watched = this.#of(status);
      if (watched.moments.length === 0) watched.moments.push(this.#now(status));
      return this.#summary(watched);
    });
    this.#list = { status: worstOf(pipelines), symptom: symptomOf(pipelines), pipelines };
    return this.#list;
  }

  live(id: string): PipelineLive | undefined {
    const summary = this.list().pipelines.find((each) => each.id === id);
    const watched = this.#watched.get(id);
    if (!summary || !watched) return undefined;
    const { status, moments, graph } = watched;
    return {
      at: Date.now(),
      hash: graph.hash,
      summary,
      ...liveOf({
        status,
        view: graph.view,
        queue: this.#stats.queue(id),
        now: moments.at(-1)!,
        before: moments.at(-1 - RATE_SECONDS) ?? moments[0]!,
        longBefore: moments[0]!,
      }),
    };
  }

  /** Numbers over time: of the pipeline, or of a node. */
  history(id: string, node: string | undefined): Series<string> | undefined {
    const watched = this.#watched.get(id);
    return node === undefined ? watched?.series : watched?.nodes.get(node);
  }

  /** What `read` gives now and after every second; ends when it gives nothing, and with the signal. */
  each<T>(signal: AbortSignal, read: () => T | undefined): AsyncGenerator<T> {
    return this.#ticks.each(signal, read);
  }
}
