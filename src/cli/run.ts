/** `millrace` and `logstash`: reads configs, runs pipelines, reloads them, and ends when they end or on a signal. */
import { mkdirSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../engine/engine.ts';
import type { ThreadData } from '../engine/messages.ts';
import { type PipelineConfig, PipelineError } from '../engine/pipeline-status.ts';
import { threadLogger } from '../engine/thread.ts';
import { MillraceError } from '../kernel/errors.ts';
import { type Level, type Logger, levels } from '../kernel/logger.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import { registry } from '../plugins/registry.ts';
import { AuditLog } from '../server/audit/audit-log.ts';
import type { Console } from '../server/console/console.ts';
import { type Monitoring, startMonitoring } from '../server/monitoring.ts';
import {
  type Configuration,
  type Definition,
  formatDiagnostics,
  type ProcessSettings,
  processSettings,
  readConfiguration,
} from './configuration.ts';
import { wantsConsole } from './console-settings.ts';
import { Demo, type DemoRun, demoDefinitions } from './demo.ts';
import { EventStore, wantsStore } from './event-store.ts';
import { listenHint } from './listen-hint.ts';
import { liveConfigs } from './live-configs.ts';
import { pluginNames } from './plugin-command.ts';
import type { SettingValues } from './settings.ts';
import { VERSION } from './version.ts';

const REGISTRY_URL = new URL(
  `../plugins/registry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
).href;

/** A pipeline that is no longer configured holds up a reload for so long at most. */
const UNLOAD_MS = 10_000;
/** One that is wanted again meanwhile starts later than that without being waited for. */
const LEFT_MS = 2000;
const NEXT_START = 'it changes with the next start of Millrace';

/** What became of a reload. */
export interface ReloadResult {
  /** Why nothing was changed: what the files say can not be used. */
  readonly problem?: string;
  /** Pipelines that do not run as the files say, with the cause: those that could not be started or reloaded. */
  readonly failed: ReadonlyMap<string, string>;
}

export interface RunOptions {
  /** There are an event store and the console unless settings say otherwise. */
  readonly everythingByDefault?: boolean;
  /** Invented traffic for these listeners; they are defined such that they tell it from everybody else's. */
  readonly demo?: DemoRun & { readonly listeners: readonly Definition[] };
}

/**
 * Runs the configured pipelines, or those given, until they end. Resolves to the exit status.
 * @throws MillraceError before anything runs
 */
export async function run(
  given: SettingValues,
  definitions?: readonly Definition[],
  { everythingByDefault = false, demo }: RunOptions = {},
): Promise<number> {
  const settings = await processSettings(given);
  const log = logging(settings);
  const logger = threadLogger(log);
  for (const warning of settings.warnings) logger.warn({}, warning);
  if (process.getuid?.() === 0 && settings.get<boolean>('config.test_and_exit') === false) {
    logger.warn({}, 'running as root: fine for a try, a user of its own is safer');
  }
  const console = wantsConsole(settings, everythingByDefault);
  const asked = (['config.string', 'path.config'] as const).some(
    (name) => settings.get<string | undefined>(name) !== undefined,
  );
  // A config on the command line is run alone, unless there is a console that shows the rest.
  const integrations = console || !asked;
  const running = demo ? [...demo.listeners, ...demoDefinitions(settings)] : definitions;
  const configuration = await readConfiguration(settings, registry, running, integrations);
  for (const warning of configuration.warnings) logger.warn({}, warning);
  if (configuration.diagnostics.length > 0) process.stderr.write(`${formatDiagnostics(configuration)}\n`);
  if (configuration.hasErrors) return 1;
  if (settings.get<boolean>('config.test_and_exit')) {
    process.stdout.write('Configuration OK\n');
    return 0;
  }
  const store = wantsStore(settings, configuration.pipelines, everythingByDefault)
    ? new EventStore(settings, logger)
    : undefined;
  const runner = new Runner({
    settings,
    logger,
    log,
    configuration,
    definitions: running,
    integrations,
    store,
    console,
  });
  if (store) runner.prepareDemo(demo, definitions);
  return runner.run();
}

/** The log's settings as every thread gets them. */
function logging(settings: ProcessSettings): ThreadData['logging'] {
  const directory = settings.get<string | undefined>('path.logs');
  if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o750 });
  const format = settings.get<'plain' | 'json'>('log.format');
  const level = new SharedArrayBuffer(1);
  new Uint8Array(level)[0] = levels.indexOf(settings.get<Level>('log.level'));
  return {
    level,
    format,
    file: directory === undefined ? undefined : join(resolve(directory), `logstash-${format}.log`),
  };
}

interface RunnerParts {
  readonly settings: ProcessSettings;
  readonly logger: Logger;
  readonly log: ThreadData['logging'];
  readonly configuration: Configuration;
  readonly definitions: readonly Definition[] | undefined;
  /** What people set up on the console's page of sources and destinations runs, too. */
  readonly integrations: boolean;
  readonly store: EventStore | undefined;
  readonly console: boolean;
}

class Runner {
  readonly #settings: ProcessSettings;
  readonly #level: Uint8Array;
  #definitions: readonly Definition[] | undefined;
  readonly #integrations: boolean;
  readonly #logger: Logger;
  readonly #engine: Engine;
  readonly #store: EventStore | undefined;
  #configuration: Configuration;
  #monitoring: Monitoring | undefined;
  #console: Promise<Console | undefined> | undefined;
  readonly #wantsConsole: boolean;
  #audit: AuditLog | undefined;
  #demo: Demo | undefined;
  #reloading: Promise<ReloadResult> | undefined;
  /** Pipelines whose newest version could not be loaded: its hash, and why. */
  readonly #failed = new Map<string, { readonly hash: string; readonly error: string }>();
  readonly #startingLater = new Set<string>();
  #stopping = false;
  /** Until every pipeline has started, or failed to. */
  #loading: Promise<unknown> | undefined;
  /** What the files said at the last look, so that a broken edit is reported once. */
  #lastSeen: string;
  #resolve!: (status: number) => void;

  constructor(parts: RunnerParts) {
    const { settings, logger, log, configuration, definitions, integrations, store, console } = parts;
    this.#store = store;
    this.#wantsConsole = console;
    this.#integrations = integrations;
    this.#settings = settings;
    this.#level = new Uint8Array(log.level);
    this.#definitions = definitions;
    this.#logger = logger.child('agent');
    this.#configuration = configuration;
    this.#lastSeen = fingerprint(configuration);
    this.#engine = new Engine({
      registryUrl: REGISTRY_URL,
      registry,
      logger,
      logging: log,
      escapeStyle: settings.get('config.field_reference.escape_style'),
      maxThreads: availableParallelism(),
      ...(store && { connectStore: () => store.connect() }),
    });
  }

  /** `played` undefined: nothing is played, but what an earlier demo left can be removed. */
  prepareDemo(played: DemoRun | undefined, without: readonly Definition[] | undefined): void {
    this.#demo = new Demo({
      settings: this.#settings,
      played,
      logger: this.#logger,
      openStore: () => this.#store!.open(),
      unload: async () => {
        if (!played) return;
        this.#definitions = without;
        await this.#reload(true);
      },
    });
  }

  async run(): Promise<number> {
    const dataPath = resolve(this.#settings.get<string>('path.data'));
    mkdirSync(dataPath, { recursive: true, mode: 0o700 });
    if (this.#settings.get<boolean>('config.print')) return this.#print();
    const ended = new Promise<number>((done) => {
      this.#resolve = done;
    });
    this.#engine.onChange(() => this.#checkEnded());
    this.#listenToSignals();
    const monitoring = this.#startMonitoring();
    // It opens while the pipelines start; an output that comes too early tries again.
    if (this.#store || this.#wantsConsole) this.#audit = new AuditLog(dataPath, this.#logger);
    void this.#store?.start((entry) => this.#audit!.append(entry));
    if (this.#wantsConsole) this.#console = this.#startConsole();
    const loading = Promise.all(this.#configuration.pipelines.map((pipeline) => this.#load(pipeline)));
    this.#loading = loading;
    const results = await loading;
    this.#monitoring = await monitoring;
    const running = results.filter(Boolean).length;
    if (running === 0 && !this.#reloads) {
      await this.#closeServers();
      await this.#engine.terminate();
      await this.#closeStore();
      return 1;
    }
    const list = [...this.#engine.pipelines.values()]
      .filter((each) => each.state !== 'terminated')
      .map((each) => each.id);
    this.#logger.info(
      { pipelines: list },
      `${list.length > 0 ? 'Pipelines running' : 'No pipeline is running'}${this.#monitoring ? `, monitoring API at ${this.#monitoring.url}` : ''}`,
    );
    if (this.#reloads) this.#watch();
    this.#demo?.start();
    this.#checkEnded();
    const status = await ended;
    await this.#closeServers();
    await this.#closeStore();
    return status;
  }

  async #closeServers(): Promise<void> {
    await this.#monitoring?.close();
    await (await this.#console)?.close();
  }

  async #closeStore(): Promise<void> {
    await this.#store?.close();
    await this.#audit?.close();
  }

  async #startConsole(): Promise<Console | undefined> {
    try {
      const { startConsole } = await import('./console.ts');
      return await startConsole({
        settings: this.#settings,
        engine: this.#engine,
        store: this.#store,
        audit: this.#audit!,
        demo: this.#demo,
        logger: this.#logger,
        reload: () => this.#reload(true),
        failed: () => this.#allFailed(),
        integrations: this.#integrations,
        configs: liveConfigs({
          settings: this.#settings,
          definitions: () => this.#definitions,
          integrations: this.#integrations,
          engine: this.#engine,
          reload: (force) => this.#reload(true, force),
        }),
      });
    } catch (error) {
      this.#logger.error({}, `the console is off: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #print(): Promise<number> {
    for (const config of this.#configuration.pipelines) {
      await this.#engine
        .compileOnly(config)
        .then((source) => process.stdout.write(`// pipeline ${config.id}\n${source}\n`));
    }
    await this.#engine.terminate();
    return 0;
  }

  get #reloads(): boolean {
    return this.#settings.get<boolean>('config.reload.automatic');
  }

  async #load(config: PipelineConfig): Promise<boolean> {
    try {
      await this.#engine.load(config);
      if (this.#settings.get<boolean>('config.debug')) {
        const { source } = this.#engine.pipelines.get(config.id)!;
        this.#logger.debug({ pipeline: config.id }, `Compiled pipeline code:\n${this.#masked(source)}`);
      }
      return true;
    } catch (error) {
      const reason = describe(error, config, this.#otherPort(config));
      this.#failed.set(config.id, { hash: config.hash, error: reason });
      this.#logger.error({ pipeline: config.id }, `Pipeline could not be started: ${reason}`);
      return false;
    }
  }

  /** Without what came from the keystore, as it stands or inside a string literal. */
  #masked(text: string): string {
    let masked = text;
    for (const secret of this.#settings.kept) {
      masked = masked
        .replaceAll(JSON.stringify(secret).slice(1, -1), '<password>')
        .replaceAll(secret, '<password>');
    }
    return masked;
  }

  #otherPort({ id }: PipelineConfig): string | undefined {
    return this.#definitions?.find((definition) => definition.id === id)?.otherPort;
  }

  async #startMonitoring(): Promise<Monitoring | undefined> {
    if (!this.#settings.get<boolean>('api.enabled')) return undefined;
    try {
      return await startMonitoring({
        engine: this.#engine,
        name: this.#settings.get<string | undefined>('node.name') ?? hostname(),
        setting: (name) => this.#settings.get(name as never),
        logger: this.#logger,
        version: VERSION,
        logLevel: {
          get: () => levels[this.#level[0]!]!,
          set: (level) => {
            this.#level[0] = levels.indexOf(level);
          },
        },
        plugins: pluginNames(),
      });
    } catch (error) {
      this.#logger.error({}, `the monitoring API is off: ${(error as Error).message}`);
      return undefined;
    }
  }

  // ---- reload ----

  #watch(): void {
    const interval = Math.max(0.1, this.#settings.get<number>('config.reload.interval')) * 1000;
    const timer = setInterval(() => void this.#reload(), interval);
    timer.unref();
  }

  /** Pipelines that do not run as the files say, and why. */
  #allFailed(): Map<string, string> {
    return new Map([
      ...this.#configuration.leftOut,
      ...this.#failed.entries().map(([id, { error }]) => [id, error] as const),
    ]);
  }

  /**
   * Reads everything anew and brings the running pipelines to it. A broken config changes nothing. `now`: what the files
   * say at this moment counts, and what could not be started is tried again even if they say the same; so are the
   * pipelines in `force`.
   */
  #reload(now = false, force?: ReadonlySet<string>): Promise<ReloadResult> {
    if (this.#reloading && now) return this.#reloading.then(() => this.#reload(true, force));
    this.#reloading ??= this.#reloadNow(now, force).finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reloadNow(now: boolean, force: ReadonlySet<string> = new Set()): Promise<ReloadResult> {
    if (this.#stopping) return { problem: 'Millrace is ending', failed: this.#allFailed() };
    await this.#loading;
    let next: Configuration;
    try {
      next = await readConfiguration(
        await processSettings(this.#settings.given),
        registry,
        this.#definitions,
        this.#integrations,
      );
    } catch (error) {
      const text = String((error as Error).message);
      if (text !== this.#lastSeen)
        this.#logger.error({}, `The config could not be read again, what runs goes on: ${text}`);
      this.#lastSeen = text;
      return { problem: text, failed: this.#allFailed() };
    }
    const seen = fingerprint(next);
    if (seen === this.#lastSeen && !now) return { failed: this.#allFailed() };
    const isNew = seen !== this.#lastSeen;
    this.#lastSeen = seen;
    if (next.hasErrors) {
      const text = formatDiagnostics(next);
      this.#logger.error({}, `The changed config has errors, what runs goes on:\n${text}`);
      for (const status of this.#engine.pipelines.values()) {
        status.reloads.failures++;
        status.reloads.lastError = next.diagnostics.find((each) => each.severity === 'error')?.message;
        status.reloads.lastFailure = Date.now();
      }
      return { problem: text, failed: this.#allFailed() };
    }
    if (isNew && next.diagnostics.length > 0) process.stderr.write(`${formatDiagnostics(next)}\n`);
    this.#configuration = next;
    await this.#bringTo(next, force);
    return { failed: this.#allFailed() };
  }

  async #bringTo({ pipelines }: Configuration, force: ReadonlySet<string>): Promise<void> {
    const wanted = new Set(pipelines.map(({ id }) => id));
    for (const id of this.#failed.keys()) if (!wanted.has(id)) this.#failed.delete(id);
    const leaving = [...this.#engine.pipelines.values()].filter(
      ({ id, parent }) => !wanted.has(id) && parent === undefined && !this.#engine.isLeaving(id),
    );
    // Who sends to a pipeline that leaves is told before; who needs a port that one of them holds, afterwards.
    const addresses = new Set(leaving.flatMap(({ config }) => receivesAt(config)));
    const sends = (config: PipelineConfig | undefined): boolean =>
      config !== undefined && sendsTo(config).some((address) => addresses.has(address));
    const [before, after] = partition(pipelines, ({ id }) => sends(this.#engine.pipelines.get(id)?.config));
    for (const config of before) await this.#bring(config, force.has(config.id));
    for (const { id } of leaving) {
      this.#logger.info({ pipeline: id }, 'Pipeline is no longer configured: stopping it');
      if (!(await inTime(this.#engine.unload(id), UNLOAD_MS)))
        this.#logger.warn({ pipeline: id }, 'Pipeline still delivers what it has taken, and stops then');
    }
    for (const config of after) await this.#bring(config, force.has(config.id));
  }

  async #bring(config: PipelineConfig, force: boolean): Promise<void> {
    const running = this.#engine.pipelines.get(config.id);
    const isRunning = running?.state === 'running' && !this.#engine.isLeaving(config.id);
    if (isRunning && running.config.hash === config.hash && !force) {
      this.#failed.delete(config.id);
      return;
    }
    if (isRunning && !(await this.#mayReload(config))) return;
    if (!(await inTime(this.#engine.whenLeft(config.id), LEFT_MS))) {
      this.#startLater(config.id);
      return;
    }
    const started = performance.now();
    if (running && !isRunning && !this.#engine.isLeaving(config.id)) this.#engine.pipelines.delete(config.id);
    try {
      await this.#engine.load(config);
      this.#failed.delete(config.id);
      this.#logger.info(
        { pipeline: config.id },
        `Pipeline ${running ? 'reloaded' : 'started'} in ${Math.round(performance.now() - started)} ms`,
      );
    } catch (error) {
      const reason = describe(error, config, this.#otherPort(config));
      this.#failed.set(config.id, { hash: config.hash, error: reason });
      this.#logger.error(
        { pipeline: config.id },
        `Pipeline could not be ${isRunning ? 'reloaded, the old one goes on' : 'started'}: ${reason}`,
      );
    }
  }

  /** It is wanted again while it still delivers what it has taken: two of them would mix up what they hold. */
  #startLater(id: string): void {
    this.#failed.delete(id);
    this.#logger.info(
      { pipeline: id },
      'Pipeline is wanted again: it starts when it has delivered what it had',
    );
    if (this.#startingLater.has(id)) return;
    this.#startingLater.add(id);
    void this.#engine.whenLeft(id).then(() => {
      this.#startingLater.delete(id);
      // By now somebody may have taken it out, or changed it.
      return this.#reload(true);
    });
  }

  async #mayReload(config: PipelineConfig): Promise<boolean> {
    if (config.settings.all['pipeline.reloadable'] === false) {
      this.#logger.warn({ pipeline: config.id }, 'Pipeline is not reloaded: pipeline.reloadable is false');
      this.#failed.set(config.id, {
        hash: config.hash,
        error: `pipeline.reloadable is false: ${NEXT_START}`,
      });
      return false;
    }
    for (const node of config.graph.inputs) {
      const plugin = await registry.load('input', node.name);
      if (plugin?.kind === 'input' && plugin.reloadable === false) {
        this.#logger.error(
          { pipeline: config.id },
          `Pipeline is not reloaded: input ${node.name} can not be reloaded`,
        );
        const error = `input ${node.name} can not be reloaded: ${NEXT_START}`;
        this.#failed.set(config.id, { hash: config.hash, error });
        return false;
      }
    }
    return true;
  }

  // ---- end ----

  #checkEnded(): void {
    if (this.#stopping || this.#reloads || !this.#monitoringDone()) return;
    const all = [...this.#engine.pipelines.values()];
    if (all.filter(({ parent }) => parent === undefined).length < this.#configuration.pipelines.length)
      return;
    const states = all.map((status) => status.state);
    if (states.some((state) => state === 'running' || state === 'loading')) return;
    void this.#stop(states.every((state) => state === 'finished') ? 0 : 1);
  }

  #monitoringDone(): boolean {
    return this.#resolve !== undefined;
  }

  async #stop(status: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    // What is half started can not be stopped.
    await this.#loading;
    await this.#demo?.stop();
    await this.#engine.stop();
    this.#resolve(status);
  }

  #listenToSignals(): void {
    const seen = new Map<string, number>();
    const on = (signal: string): void => {
      // The launcher and the terminal may both send it: once is meant.
      const now = performance.now();
      const last = seen.get(signal) ?? -Infinity;
      seen.set(signal, now);
      if (now - last < 200) return;
      if (signal === 'SIGHUP') {
        this.#logger.info({}, 'SIGHUP: reading the config again');
        void this.#reload();
      } else if (this.#stopping) {
        this.#logger.error({}, `${signal} again: ending at once, events in flight are lost`);
        process.exit(1);
      } else {
        this.#logger.info(
          {},
          `${signal}: stopping; what was taken is delivered first (the same signal again ends at once)`,
        );
        this.#warnWhileStopping();
        void this.#stop(0);
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => on(signal));
    if (process.send) {
      process.on('message', (message: { signal?: string }) => {
        if (typeof message?.signal === 'string') on(message.signal);
      });
      process.on('disconnect', () => on('SIGTERM'));
      (process as NodeJS.Process & { channel?: { unref(): void } }).channel?.unref();
    }
  }

  /** Says every five seconds what a shutdown waits for; with `pipeline.unsafe_shutdown` gives up after a while. */
  #warnWhileStopping(): void {
    let rounds = 0;
    const timer = setInterval(() => {
      const waiting = [...this.#engine.pipelines.values()].filter((status) => status.state === 'running');
      if (waiting.length === 0) return;
      const why = waiting.flatMap((status) =>
        [...status.problems.byNode].map(([node, { problem }]) => `${status.id}/${node}: ${problem}`),
      );
      this.#logger.warn(
        { pipelines: waiting.map((status) => status.id) },
        `The shutdown process is waiting for outputs${why.length ? `: ${why.join('; ')}` : ''}`,
      );
      if (
        ++rounds >= 5 &&
        waiting.every((status) => status.config.settings.all['pipeline.unsafe_shutdown'] === true)
      ) {
        this.#logger.error(
          {},
          'Forcefully quitting: pipeline.unsafe_shutdown is set, events in flight are lost',
        );
        process.exit(1);
      }
    }, 5000);
    timer.unref();
  }
}

const receivesAt = ({ graph }: PipelineConfig): string[] =>
  graph.inputs.filter(({ name }) => name === 'pipeline').map(({ options }) => String(options['address']));
const sendsTo = ({ graph }: PipelineConfig): string[] =>
  pluginNodes(graph)
    .filter(({ kind, name }) => kind === 'output' && name === 'pipeline')
    .flatMap(({ options }) => options['send_to'] as unknown[])
    .map(String);

/** Whether something is done within so many milliseconds; it goes on otherwise. */
async function inTime(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const late = new AbortController();
  const done = work.then(() => true);
  const waited = sleep(milliseconds, false, { signal: late.signal }).catch(() => false);
  try {
    return await Promise.race([done, waited]);
  } finally {
    late.abort();
  }
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  const first: T[] = [];
  const second: T[] = [];
  for (const one of all) (isFirst(one) ? first : second).push(one);
  return [first, second];
}

/** A start error in words, with who holds the port and which setting to change where that is the cause. */
function describe(error: unknown, config: PipelineConfig, otherPort: string | undefined): string {
  if (!(error instanceof PipelineError))
    return error instanceof MillraceError ? error.message : String((error as Error).stack ?? error);
  const node = config.graph.inputs.find((each) => each.id === error.node);
  const where = node ? `${node.position.file}:${node.position.line}: input ${node.name}: ` : '';
  const message = node ? error.message.replace(`input ${node.name}: `, '') : error.message;
  return `${where}${message}${node ? listenHint(error, node, otherPort) : ''}`;
}

function fingerprint(configuration: Configuration): string {
  return JSON.stringify([
    configuration.pipelines.map((pipeline) => [pipeline.id, pipeline.hash]),
    configuration.diagnostics.filter((each) => each.severity === 'error'),
    [...configuration.sources],
    [...configuration.leftOut],
  ]);
}
