/**
 * The supervisor, in the main thread: starts the intake and worker threads, loads pipelines into them, reloads
 * and stops them, replaces a worker that died, and keeps what the monitoring API shows.
 */
import { extname } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { EscapeStyle } from '../event/field-reference.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Registry } from '../kernel/plugin.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import { packGraph } from '../lang/pack.ts';
import { BufferedPipelines } from './buffered-pipelines.ts';
import { type DeadLetterState, deadLetterState } from './dead-letters.ts';
import { splitBuffers } from './disk-buffers.ts';
import type {
  CounterRegion,
  FromIntake,
  FromWorker,
  Health,
  NewNames,
  PipelineSpec,
  QueueState,
  StoreAnswer,
  ThreadData,
  ToIntake,
  ToWorker,
} from './messages.ts';
import { type PipelineCounts, sumCounters, totalsOf } from './metrics.ts';
import { OpenTaps, type TapBatch, type TapOptions } from './open-taps.ts';
import { newStatus, type PipelineConfig, PipelineError, type PipelineStatus } from './pipeline-status.ts';
import { planPipeline } from './plan.ts';
import { DEAD_LETTER_NODE, INTAKE } from './problems.ts';
import { WorkerPipeline } from './worker-pipeline.ts';

export interface EngineOptions {
  /** URL of the module that exports `registry`; every thread imports it. */
  readonly registryUrl: string;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly logging: ThreadData['logging'];
  readonly escapeStyle: EscapeStyle;
  /** Worker threads at most; as many as the busiest pipeline asks for are started. */
  readonly maxThreads: number;
  /** A port to the event store for a thread; undefined: there is none. */
  readonly connectStore?: () => Promise<MessagePort | undefined>;
}

interface WorkerThread {
  readonly index: number;
  thread: Worker;
  /** Versions it has loaded or is loading. */
  readonly versions: Set<number>;
  /** Those that a thread started anew must have loaded before it gets blocks. */
  reloading: Set<number>;
}

/** Blocks that a worker thread has under way at outputs that take them so. */
const OVERLAPPING_BLOCKS = 4;
/** Milliseconds before a worker that died is replaced, so that a config that kills workers does not spin. */
const RESTART_MS = 200;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly threads: Set<number>;
}

export class Engine {
  readonly pipelines = new Map<string, PipelineStatus>();
  readonly startedAt = Date.now();
  readonly #options: EngineOptions;
  #intake: Worker | undefined;
  readonly #workers: WorkerThread[] = [];
  /** Specs that threads may have to load again. */
  readonly #specs = new Map<number, PipelineSpec>();
  #nextVersion = 1;
  #nextToken = 1;
  readonly #loading = new Map<number, Waiting>();
  readonly #starting = new Map<number, Waiting>();
  readonly #queueAnswers = new Map<number, (queues: Readonly<Record<string, QueueState>>) => void>();
  /** Called with the number of events that stay in the queue. */
  readonly #ended = new Map<string, ((left: number) => void)[]>();
  readonly #retired = new Map<number, () => void>();
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #buffers: BufferedPipelines;
  readonly #taps = new OpenTaps((message) => {
    for (const { thread } of this.#workers) thread.postMessage(message);
  });
  #stopping = false;
  readonly #listeners: ((status: PipelineStatus) => void)[] = [];

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#buffers = new BufferedPipelines({
      pipelines: this.pipelines,
      logger: options.logger,
      load: (config, parent) => this.#load(config, parent),
      end: (id) => this.#end(id),
      forget: (id) => this.pipelines.delete(id),
      whenRetired: (version) =>
        this.#specs.has(version)
          ? new Promise((resolve) => this.#retired.set(version, resolve))
          : Promise.resolve(),
      queued: async (id) => (await this.queues())[id]?.events,
    });
  }

  /** Called whenever a pipeline changes its state or its problems. */
  onChange(listener: (status: PipelineStatus) => void): void {
    this.#listeners.push(listener);
  }

  #changed(status: PipelineStatus): void {
    for (const listener of this.#listeners) listener(status);
  }

  /**
   * Starts a pipeline, or replaces it by a new version without closing its listening sockets.
   * @throws PipelineError; the old version, if any, goes on
   */
  load(config: PipelineConfig): Promise<void> {
    return this.#load(config, undefined);
  }

  /** Starts a pipeline that is part of another one and goes away by itself, such as a replay. @throws PipelineError */
  loadPart(config: PipelineConfig, parent: string): Promise<void> {
    return this.#load(config, parent);
  }

  async #load(config: PipelineConfig, parent: string | undefined): Promise<void> {
    await this.#leaving.get(config.id);
    const running = this.pipelines.get(config.id);
    const reload = running !== undefined && running.state === 'running';
    const status = reload ? running : newStatus(config, parent);
    if (!reload) this.pipelines.set(config.id, status);
    try {
      await this.#buffers.around(config, (main) => this.#loadVersion(status, main, reload));
      status.config = config;
      status.problems.keepInputs(config.graph.inputs.map(({ id }) => id));
      if (status.state === 'loading') status.state = 'running';
      if (reload) {
        status.reloads.successes++;
        status.reloads.lastSuccess = Date.now();
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (reload) {
        status.reloads.failures++;
        status.reloads.lastError = message;
        status.reloads.lastFailure = Date.now();
      } else {
        status.state = 'terminated';
        status.error = message;
      }
      this.#changed(status);
      throw error;
    }
    this.#changed(status);
  }

  /** The generated function of a pipeline, without starting anything. */
  async compileOnly(config: PipelineConfig): Promise<string> {
    const { registry, logger } = this.#options;
    const { graph } = splitBuffers(config).main;
    const plan = await planPipeline(graph, registry, config.settings);
    const spec: PipelineSpec = {
      id: config.id,
      version: 0,
      graph,
      settings: config.settings,
      threads: [0],
      blocksAtOnce: 1,
      ...plan,
    };
    const host = {
      registry,
      logger,
      health: () => {},
      done: () => {},
      returned: () => {},
      send: async () => false,
      store: () => Promise.reject(new Error('nothing is written while compiling')),
    };
    return (await WorkerPipeline.make(spec, host)).source;
  }

  async #loadVersion(status: PipelineStatus, config: PipelineConfig, reload: boolean): Promise<void> {
    const { registry, logger, maxThreads } = this.#options;
    const plan = await planPipeline(config.graph, registry, config.settings);
    if (plan.shared !== undefined && config.settings.workers > 1) {
      logger.info(
        { pipeline: config.id },
        `runs on one worker, because ${plan.shared} keeps state for the whole pipeline`,
      );
    }
    const workers = plan.shared === undefined ? config.settings.workers : 1;
    const wanted = Math.max(1, Math.min(maxThreads, workers));
    const offset = wanted === 1 ? this.pipelines.size - 1 : 0;
    this.#startThreads(wanted === 1 ? Math.min(maxThreads, Math.max(1, (offset % maxThreads) + 1)) : wanted);
    const threads = Array.from({ length: wanted }, (_, index) => (index + offset) % this.#workers.length);
    const blocksAtOnce = Math.max(
      Math.ceil(workers / threads.length),
      plan.wholeBlocks && workers > 1 ? OVERLAPPING_BLOCKS : 1,
    );
    const version = this.#nextVersion++;
    const spec: PipelineSpec = {
      id: config.id,
      version,
      graph: packGraph(config.graph),
      settings: { ...config.settings, workers },
      threads,
      needs: plan.needs,
      room: plan.room,
      cutTexts: plan.cutTexts,
      countOnly: plan.countOnly,
      passThrough: plan.passThrough,
      textFields: plan.textFields,
      wholeBlocks: plan.wholeBlocks,
      blocksAtOnce,
    };
    this.#specs.set(version, spec);
    try {
      await this.#wait(this.#loading, version, new Set(threads), () => {
        for (const index of threads) this.#loadInto(this.#workers[index]!, spec);
      });
      await this.#wait(this.#starting, version, new Set([0]), () =>
        this.#toIntake({ type: reload ? 'reload' : 'start', spec }),
      );
    } catch (error) {
      this.#specs.delete(version);
      throw error;
    }
    status.version = version;
    status.workers = threads.length * blocksAtOnce;
  }

  #loadInto(worker: WorkerThread, spec: PipelineSpec): void {
    worker.versions.add(spec.version);
    worker.thread.postMessage({ type: 'load', spec } satisfies ToWorker);
  }

  #wait(map: Map<number, Waiting>, version: number, threads: Set<number>, begin: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      map.set(version, { resolve, reject, threads });
      begin();
    });
  }

  // ---- threads ----

  #startThreads(workers: number): void {
    if (!this.#intake) this.#startIntake();
    while (this.#workers.length < workers) {
      const worker: WorkerThread = {
        index: this.#workers.length,
        thread: undefined as never,
        versions: new Set(),
        reloading: new Set(),
      };
      this.#workers.push(worker);
      this.#startWorker(worker);
      this.#connect(worker);
    }
  }

  #thread(file: 'intake' | 'worker', index: number): Worker {
    const { registryUrl, logging, escapeStyle } = this.#options;
    const data: ThreadData = { role: file, index, registry: registryUrl, logging, escapeStyle };
    return new Worker(new URL(`./${file}${extname(import.meta.url)}`, import.meta.url), {
      workerData: data,
      name: file === 'intake' ? 'intake' : `worker ${index}`,
      stdin: false,
    });
  }

  #startIntake(): void {
    const intake = this.#thread('intake', 0);
    this.#intake = intake;
    intake.on('message', (message: FromIntake) => this.#fromIntake(message));
    const fatal = (reason: string): void => {
      if (this.#stopping) return;
      this.#options.logger.error({}, `the intake thread ended: ${reason}`);
      process.exit(70);
    };
    intake.on('error', (error: Error) => fatal(error.stack ?? error.message));
    intake.on('exit', (code) => fatal(`exit ${code}`));
  }

  #toIntake(message: ToIntake, transfer: readonly import('node:worker_threads').Transferable[] = []): void {
    this.#intake!.postMessage(message, transfer as never);
  }

  /** Blocks come over a channel of their own, from when the intake has its end of it. */
  #connect(worker: WorkerThread): void {
    const { port1, port2 } = new MessageChannel();
    worker.thread.postMessage({ type: 'intake', port: port1 } satisfies ToWorker, [port1]);
    this.#toIntake({ type: 'worker', index: worker.index, port: port2 }, [port2]);
  }

  #startWorker(worker: WorkerThread): void {
    const thread = this.#thread('worker', worker.index);
    worker.thread = thread;
    for (const message of this.#taps.messages()) thread.postMessage(message);
    thread.on('message', (message: FromWorker) => this.#fromWorker(worker, message));
    thread.on('error', (error: Error) =>
      this.#options.logger.error(
        { worker: worker.index },
        `worker thread failed: ${error.stack ?? error.message}`,
      ),
    );
    thread.on('exit', () => {
      if (!this.#stopping) this.#replaceWorker(worker);
    });
  }

  async #connectStore(thread: Worker): Promise<void> {
    let port: MessagePort | undefined;
    let problem: string | undefined;
    try {
      port = await this.#options.connectStore?.();
    } catch (error) {
      // Whoever wants to write says so, and tries again.
      problem = (error as Error).message;
    }
    thread.postMessage({ type: 'store', port, problem } satisfies StoreAnswer, port ? [port] : []);
  }

  /** Its blocks are still with the intake: a new thread gets the same pipelines, and the blocks once more. */
  #replaceWorker(worker: WorkerThread): void {
    this.#options.logger.error(
      { worker: worker.index },
      'worker thread ended; starting another, its events are processed again',
    );
    const versions = [...worker.versions];
    worker.versions.clear();
    for (const { problems } of this.pipelines.values()) problems.forgetThread(worker.index);
    this.#toIntake({ type: 'worker lost', index: worker.index });
    setTimeout(() => {
      if (this.#stopping) return;
      this.#startWorker(worker);
      const specs = versions.flatMap((version) => this.#specs.get(version) ?? []);
      // No block may come before its pipeline is there.
      worker.reloading = new Set(specs.map((spec) => spec.version));
      for (const spec of specs) this.#loadInto(worker, spec);
      if (specs.length === 0) this.#connect(worker);
    }, RESTART_MS);
  }

  #fromWorker(worker: WorkerThread, message: FromWorker): void {
    if (
      (message.type === 'loaded' || message.type === 'failed') &&
      worker.reloading.delete(message.version) &&
      worker.reloading.size === 0
    ) {
      this.#connect(worker);
    }
    switch (message.type) {
      case 'store':
        void this.#connectStore(worker.thread);
        break;
      case 'loaded': {
        const status = this.pipelines.get(message.id);
        if (status) {
          status.source = message.source;
          this.#addRegion(status, message.version, worker.index, message.counters);
        }
        const waiting = this.#loading.get(message.version);
        waiting?.threads.delete(worker.index);
        if (waiting?.threads.size === 0) {
          this.#loading.delete(message.version);
          waiting.resolve();
        }
        return;
      }
      case 'failed': {
        const waiting = this.#loading.get(message.version);
        this.#loading.delete(message.version);
        waiting?.reject(new PipelineError(message.id, message.node, message.error));
        return;
      }
      case 'unloaded':
        worker.versions.delete(message.version);
        return;
      case 'health':
        this.#health(worker.index, message);
        return;
      case 'named':
        this.#named(worker.index, message);
        return;
      case 'tapped':
        this.#taps.take(message);
        return;
      case 'ready':
        return;
    }
  }

  #addRegion(status: PipelineStatus, version: number, thread: number, region: CounterRegion): void {
    const spec = this.#specs.get(version);
    if (spec)
      status.regions.push({
        version,
        thread,
        nodes: pluginNodes(spec.graph).map(({ id, kind }) => ({ id, kind })),
        region,
      });
  }

  /** A thread counts something that had no name when its region came: the last one, if it was started anew. */
  #named(thread: number, { id, version, named }: NewNames): void {
    const regions = this.pipelines.get(id)?.regions ?? [];
    const at = regions.findLastIndex((each) => each.thread === thread && each.version === version);
    const known = regions[at];
    if (known) regions[at] = { ...known, region: { buffer: known.region.buffer, named } };
  }

  #fromIntake(message: FromIntake): void {
    switch (message.type) {
      case 'started': {
        const status = this.pipelines.get(message.id);
        if (status) this.#addRegion(status, message.version, INTAKE, message.counters);
        this.#starting.get(message.version)?.resolve();
        this.#starting.delete(message.version);
        return;
      }
      case 'failed':
        this.#starting
          .get(message.version)
          ?.reject(new PipelineError(message.id, message.node, message.error, message.code));
        this.#starting.delete(message.version);
        return;
      case 'retired':
        this.#specs.delete(message.version);
        this.#retired.get(message.version)?.();
        this.#retired.delete(message.version);
        this.pipelines.get(message.id)?.problems.forgetVersion(message.version);
        return;
      case 'ended': {
        const status = this.pipelines.get(message.id);
        if (status?.state === 'running' || status?.state === 'loading') {
          status.state = 'finished';
          status.problems.clear();
          this.#changed(status);
        }
        const waiting = this.#ended.get(message.id);
        this.#ended.delete(message.id);
        for (const resolve of waiting ?? []) resolve(message.left);
        if (!waiting && !this.#stopping) void this.#buffers.finish(message.id);
        return;
      }
      case 'health':
        this.#health(INTAKE, message);
        return;
      case 'named':
        this.#named(INTAKE, message);
        return;
      case 'store':
        void this.#connectStore(this.#intake!);
        return;
      case 'totals': {
        const { token, id } = message;
        const totals = this.pipelines.has(id) ? totalsOf(this.counts(id)) : undefined;
        this.#toIntake({ type: 'totals', token, totals });
        return;
      }
      case 'queues':
        this.#queueAnswers.get(message.token)?.(message.queues);
        this.#queueAnswers.delete(message.token);
        return;
      case 'ready':
        return;
    }
  }

  #health(thread: number, health: Health): void {
    const status = this.pipelines.get(health.id);
    if (!status) return;
    status.problems.report(thread, health);
    if (health.node === DEAD_LETTER_NODE && health.severity === 'red')
      status.deadLetterError = health.problem;
    this.#changed(status);
  }

  // ---- end ----

  /** Ends a pipeline that runs: no new data, what is queued is delivered or kept. Resolves to what is kept. */
  #end(id: string, removed = false): Promise<number> {
    if (this.pipelines.get(id)?.state !== 'running') return Promise.resolve(0);
    return new Promise((resolve) => {
      this.#ended.set(id, [...(this.#ended.get(id) ?? []), resolve]);
      this.#toIntake({ type: 'stop', id, removed });
    });
  }

  /** Stops one pipeline and its buffers. An output that fails is not waited for longer than `pipeline.shutdown_timeout`. */
  unload(id: string): Promise<void> {
    let leaving = this.#leaving.get(id);
    if (!leaving) {
      leaving = this.#unload(id).finally(() => this.#leaving.delete(id));
      this.#leaving.set(id, leaving);
    }
    return leaving;
  }

  async #unload(id: string): Promise<void> {
    await this.#end(id, true);
    await this.#buffers.unload(id);
    this.pipelines.delete(id);
  }

  /** Is a pipeline on its way out? */
  isLeaving(id: string): boolean {
    return this.#leaving.has(id);
  }

  /** Resolves when a pipeline that is on its way out has gone. */
  async whenLeft(id: string): Promise<void> {
    await this.#leaving.get(id);
  }

  /** Stops all pipelines and threads. Resolves when everything taken is delivered or kept. */
  async stop(): Promise<void> {
    const all = [...this.pipelines.values()];
    // Buffers take what the pipelines before them still deliver.
    await Promise.all(all.filter(({ parent }) => parent === undefined).map(({ id }) => this.#end(id)));
    await Promise.all(all.filter(({ parent }) => parent !== undefined).map(({ id }) => this.#end(id)));
    await this.terminate();
  }

  /** Ends the threads at once. */
  async terminate(): Promise<void> {
    this.#stopping = true;
    await Promise.all([
      this.#intake?.terminate(),
      ...this.#workers.map((worker) => worker.thread.terminate()),
    ]);
  }

  /**
   * Samples of events at a node of a pipeline as they pass, until the signal, or for five minutes. Reloads do not end it.
   * @throws Error when too many taps are open
   */
  tap(id: string, options: TapOptions): AsyncGenerator<TapBatch> {
    return this.#taps.open(id, options);
  }

  /** Does a pipeline build every field of its events, or only those that something in it reads? */
  buildsAllFields(id: string): boolean {
    const spec = this.#specs.get(this.pipelines.get(id)?.version ?? 0);
    return spec?.needs === 'all' || spec === undefined;
  }

  // ---- numbers ----

  get threadCount(): number {
    return 1 + (this.#intake ? 1 : 0) + this.#workers.length;
  }

  /** How busy each thread is, since it started (0 to 1). */
  threads(): { name: string; utilization: number }[] {
    const busy = (thread: Worker): number => thread.performance.eventLoopUtilization().utilization;
    return [
      { name: 'main', utilization: performance.eventLoopUtilization().utilization },
      ...(this.#intake ? [{ name: 'intake', utilization: busy(this.#intake) }] : []),
      ...this.#workers.map((worker) => ({
        name: `worker ${worker.index}`,
        utilization: busy(worker.thread),
      })),
    ];
  }

  counts(id: string): PipelineCounts {
    return sumCounters(this.pipelines.get(id)?.regions ?? []);
  }

  /** Of a pipeline's dead letter queue; undefined when it has none. */
  deadLetters(id: string): DeadLetterState | undefined {
    const status = this.pipelines.get(id);
    return status && deadLetterState(id, status.config.settings, this.counts(id));
  }

  /** States of all queues, or nothing if the intake does not answer within a second. */
  queues(): Promise<Readonly<Record<string, QueueState>>> {
    if (!this.#intake) return Promise.resolve({});
    const token = this.#nextToken++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#queueAnswers.delete(token);
        resolve({});
      }, 1000);
      this.#queueAnswers.set(token, (queues) => {
        clearTimeout(timer);
        resolve(queues);
      });
      this.#toIntake({ type: 'queues', token });
    });
  }
}
