/** `millrace` and `logstash`: reads configs, runs pipelines, reloads them, and ends when they end or on a signal. */
import { mkdirSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { Engine } from '../engine/engine.ts';
import type { ThreadData } from '../engine/messages.ts';
import { threadLogger } from '../engine/thread.ts';
import { type Level, type Logger, levels } from '../kernel/logger.ts';
import { VERSION } from '../kernel/version.ts';
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
import { ConfiguredPipelines } from './configured-pipelines.ts';
import { wantsConsole } from './console-settings.ts';
import { Demo, type DemoRun, demoDefinitions } from './demo.ts';
import { EventStore, wantsStore } from './event-store.ts';
import { liveConfigs } from './live-configs.ts';
import { pluginNames } from './plugin-command.ts';
import { listenToSignals } from './process-signals.ts';
import type { SettingValues } from './settings.ts';

const REGISTRY_URL = new URL(
  `../plugins/registry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
).href;

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
  readonly #integrations: boolean;
  readonly #logger: Logger;
  readonly #engine: Engine;
  readonly #store: EventStore | undefined;
  readonly #pipelines: ConfiguredPipelines;
  #monitoring: Monitoring | undefined;
  #console: Promise<Console | undefined> | undefined;
  readonly #wantsConsole: boolean;
  #audit: AuditLog | undefined;
  #demo: Demo | undefined;
  #stopping = false;
  #resolve!: (status: number) => void;

  constructor(parts: RunnerParts) {
    const { settings, logger, log, configuration, definitions, integrations, store, console } = parts;
    this.#store = store;
    this.#wantsConsole = console;
    this.#integrations = integrations;
    this.#settings = settings;
    this.#level = new Uint8Array(log.level);
    this.#logger = logger.child('agent');
    this.#engine = new Engine({
      registryUrl: REGISTRY_URL,
      registry,
      logger,
      logging: log,
      escapeStyle: settings.get('config.field_reference.escape_style'),
      maxThreads: availableParallelism(),
      ...(store && { connectStore: () => store.connect() }),
    });
    this.#pipelines = new ConfiguredPipelines({
      settings,
      engine: this.#engine,
      logger: this.#logger,
      configuration,
      definitions,
      integrations,
      isStopping: () => this.#stopping,
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
        this.#pipelines.definitions = without;
        await this.#pipelines.reload(true);
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
    listenToSignals({
      engine: this.#engine,
      logger: this.#logger,
      isStopping: () => this.#stopping,
      reload: () => void this.#pipelines.reload(),
      stop: () => void this.#stop(0),
    });
    const monitoring = this.#startMonitoring();
    // It opens while the pipelines start; an output that comes too early tries again.
    if (this.#store || this.#wantsConsole) this.#audit = new AuditLog(dataPath, this.#logger);
    void this.#store?.start((entry) => this.#audit!.append(entry));
    if (this.#wantsConsole) this.#console = this.#startConsole();
    const running = await this.#pipelines.start();
    this.#monitoring = await monitoring;
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
        reload: () => this.#pipelines.reload(true),
        failed: () => this.#pipelines.allFailed(),
        integrations: this.#integrations,
        configs: liveConfigs({
          settings: this.#settings,
          definitions: () => this.#pipelines.definitions,
          integrations: this.#integrations,
          engine: this.#engine,
          reload: (force) => this.#pipelines.reload(true, force),
        }),
      });
    } catch (error) {
      this.#logger.error({}, `the console is off: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #print(): Promise<number> {
    for (const config of this.#pipelines.configuration.pipelines) {
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
        storeHealth: async () => this.#store?.health(),
      });
    } catch (error) {
      this.#logger.error({}, `the monitoring API is off: ${(error as Error).message}`);
      return undefined;
    }
  }

  #watch(): void {
    const interval = Math.max(0.1, this.#settings.get<number>('config.reload.interval')) * 1000;
    const timer = setInterval(() => void this.#pipelines.reload(), interval);
    timer.unref();
  }

  #checkEnded(): void {
    if (this.#stopping || this.#reloads || !this.#monitoringDone()) return;
    const all = [...this.#engine.pipelines.values()];
    if (
      all.filter(({ parent }) => parent === undefined).length < this.#pipelines.configuration.pipelines.length
    )
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
    await this.#pipelines.settled();
    await this.#demo?.stop();
    await this.#engine.stop();
    this.#resolve(status);
  }
}
