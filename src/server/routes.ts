/** What the monitoring API answers to GET, by path. */
import { hostname } from 'node:os';
import type { Engine } from '../engine/engine.ts';
import type { PipelineStatus } from '../engine/pipeline-status.ts';
import type { Level } from '../kernel/logger.ts';
import { notFound } from './api-error.ts';
import { type HealthReport, type HealthStatus, healthReport } from './health-report.ts';
import { type HotThreads, hotThreads, hotThreadsText } from './hot-threads.ts';
import type { NodeStats } from './node-stats.ts';
import { graphView } from './pipeline-graph.ts';
import { jvmInfo, osInfo } from './process-stats.ts';
import { prometheusText } from './prometheus.ts';
import type { StoreHealth } from './store-health.ts';

export interface RouteOptions {
  readonly engine: Engine;
  readonly name: string;
  readonly version: string;
  /** Settings by name. */
  readonly setting: (name: string) => unknown;
  readonly logLevel: { get(): Level };
  /** Every bundled plugin, as `logstash-filter-grok`. */
  readonly plugins: readonly string[];
  /** As it was a moment ago; undefined: there is none. */
  readonly storeHealth: () => StoreHealth | undefined;
}

export interface Identity {
  /** Stays the same over restarts. */
  readonly id: string;
  readonly ephemeralId: string;
  /** `127.0.0.1:9600` */
  readonly address: string;
}

type Json = Record<string, unknown>;
type Sections = Readonly<Record<string, () => unknown>>;
/** JSON, or text of a type. */
export type Answer = Json | { readonly text: string; readonly type: string };

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

export class Routes {
  readonly #options: RouteOptions;
  readonly #identity: Identity;
  readonly #stats: NodeStats;

  constructor(options: RouteOptions, identity: Identity, stats: NodeStats) {
    this.#options = options;
    this.#identity = identity;
    this.#stats = stats;
  }

  get health(): HealthStatus {
    return this.#health().status;
  }

  /** @throws ApiError 404 for what is not there */
  answer(path: readonly string[], query: URLSearchParams): Answer {
    const { engine, version } = this.#options;
    const [first, ...rest] = path;
    if (first === undefined)
      return { ...this.header(), build_date: '', build_sha: '', build_snapshot: false };
    if (first === '_node') return this.#node(rest, query);
    if (rest.length > 0) throw notFound();
    switch (first) {
      case 'metrics':
        return { text: prometheusText(engine, this.#stats, version), type: PROMETHEUS };
      case '_health_report':
        return { ...this.header(), ...this.#health() };
      case '_stats':
        return this.#nodeStats([], query);
      default:
        throw notFound();
    }
  }

  #health(): HealthReport {
    return healthReport(this.#options.engine, this.#stats, this.#options.storeHealth());
  }

  /** Begins every answer. */
  header(): Json {
    const { engine, name, version, setting } = this.#options;
    const { id, ephemeralId, address } = this.#identity;
    const first = [...engine.pipelines.values()][0]?.config.settings;
    return {
      host: hostname(),
      version,
      http_address: address,
      id,
      name,
      ephemeral_id: ephemeralId,
      snapshot: false,
      status: this.health,
      pipeline: {
        workers: first?.workers ?? setting('pipeline.workers'),
        batch_size: first?.batchSize ?? setting('pipeline.batch.size'),
        batch_delay: first?.batchDelay ?? setting('pipeline.batch.delay'),
      },
    };
  }

  #node(path: readonly string[], query: URLSearchParams): Answer {
    const [first, ...rest] = path;
    if (first === 'stats') return this.#nodeStats(rest, query);
    if (first === 'pipelines' && rest.length === 1)
      return { ...this.header(), pipelines: this.#pipelineInfos(rest[0], query) };
    if (rest.length > 0) throw notFound();
    switch (first) {
      case 'plugins':
        return { ...this.header(), ...this.#plugins() };
      case 'logging':
        return { ...this.header(), loggers: { logstash: this.#options.logLevel.get().toUpperCase() } };
      case 'hot_threads':
        return this.#hotThreads(query);
    }
    const sections: Sections = {
      pipelines: () => this.#pipelineInfos(undefined, query),
      os: osInfo,
      jvm: jvmInfo,
    };
    return { ...this.header(), ...selected(sections, first, Object.keys(sections)) };
  }

  #plugins(): Json {
    const { plugins, version } = this.#options;
    return { total: plugins.length, plugins: plugins.map((name) => ({ name, version })) };
  }

  #pipelinesOf(id: string | undefined): PipelineStatus[] {
    const { pipelines } = this.#options.engine;
    if (id === undefined) return [...pipelines.values()];
    const status = pipelines.get(id);
    if (!status) throw notFound();
    return [status];
  }

  #pipelineInfos(id: string | undefined, query: URLSearchParams): Json {
    const withGraph = isTrue(query.get('graph')) || isTrue(query.get('vertices'));
    const { setting } = this.#options;
    const info = (status: PipelineStatus): Json => {
      const { settings, hash, graph } = status.config;
      const deadLetters = this.#options.engine.deadLetters(status.id);
      return {
        ephemeral_id: this.#stats.ephemeralId(status),
        hash,
        workers: settings.workers,
        batch_size: settings.batchSize,
        batch_delay: settings.batchDelay,
        config_reload_automatic: setting('config.reload.automatic'),
        // Nanoseconds, as Logstash has it.
        config_reload_interval: Number(setting('config.reload.interval')) * 1e9,
        dead_letter_queue_enabled: deadLetters !== undefined,
        ...(deadLetters ? { dead_letter_queue_path: deadLetters.directory } : {}),
        ...(withGraph ? { graph: graphView(graph) } : {}),
      };
    };
    return Object.fromEntries(this.#pipelinesOf(id).map((status) => [status.id, info(status)]));
  }

  #nodeStats(path: readonly string[], query: URLSearchParams): Answer {
    const stats = this.#stats;
    const { engine } = this.#options;
    const pipelines = (id?: string): Json => {
      const vertices = isTrue(query.get('vertices'));
      return Object.fromEntries(
        this.#pipelinesOf(id).map((status) => [status.id, stats.pipeline(status, vertices)]),
      );
    };
    const [first, id, ...rest] = path;
    if (rest.length > 0 || (id !== undefined && first !== 'pipelines')) throw notFound();
    if (id !== undefined) return { ...this.header(), pipelines: pipelines(id) };
    const all: Sections = {
      jvm: () => stats.process.jvm(engine.threadCount),
      process: () => stats.process.process(),
      events: () => stats.events(),
      flow: () => stats.flow(),
      pipelines,
      reloads: () => stats.reloads(),
      os: () => stats.process.os(),
      queue: () => ({ events_count: stats.queuedEvents() }),
    };
    // Nothing is downloaded here; only who asks for it by name is told so.
    const sections = { ...all, geoip_download_manager: () => ({}) };
    return { ...this.header(), ...selected(sections, first, Object.keys(all)) };
  }

  #hotThreads(query: URLSearchParams): Answer {
    const found: HotThreads = hotThreads(this.#options.engine.threads(), {
      threads: Number.parseInt(query.get('threads') ?? '10', 10),
      ignoreIdle: !isFalse(query.get('ignore_idle_threads')),
    });
    if (query.has('human') && !isFalse(query.get('human') || 'true'))
      return { text: hotThreadsText(found, hostname()), type: 'text/plain; charset=utf-8' };
    return { ...this.header(), hot_threads: found };
  }
}

/** The sections that a path like `jvm,os` names, or those of `initial`. Names that are unknown are passed over. */
function selected(sections: Sections, names: string | undefined, initial: readonly string[]): Json {
  const wanted = names === undefined ? initial : names.split(',').map((name) => name.trim());
  const known = wanted.filter((name) => Object.hasOwn(sections, name));
  if (known.length === 0) throw notFound();
  return Object.fromEntries(known.map((name) => [name, sections[name]!()]));
}

const isTrue = (value: string | null): boolean => value !== null && /^(?:|true|t|yes|y|1)$/i.test(value);
const isFalse = (value: string | null): boolean => value !== null && /^(?:|false|f|no|n|0)$/i.test(value);
