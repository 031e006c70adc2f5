/** The pipelines of a process and the files they come from: started, and brought to what the files say later. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import { type PipelineConfig, PipelineError } from '../engine/pipeline-status.ts';
import { MillraceError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import { registry } from '../plugins/registry.ts';
import {
  type Configuration,
  type Definition,
  formatDiagnostics,
  type ProcessSettings,
  processSettings,
  readConfiguration,
} from './configuration.ts';
import { listenHint } from './listen-hint.ts';

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

export interface ConfiguredPipelinesParts {
  readonly settings: ProcessSettings;
  readonly engine: Engine;
  readonly logger: Logger;
  readonly configuration: Configuration;
  readonly definitions: readonly Definition[] | undefined;
  /** What people set up on the console's page of sources and destinations runs, too. */
  readonly integrations: boolean;
  readonly isStopping: () => boolean;
}

export class ConfiguredPipelines {
  readonly #settings: ProcessSettings;
  readonly #engine: Engine;
  readonly #logger: Logger;
  readonly #integrations: boolean;
  readonly #isStopping: () => boolean;
  /** Of pipelines that are given instead of files; a reload looks at what they are then. */
  definitions: readonly Definition[] | undefined;
  #configuration: Configuration;
  #reloading: Promise<ReloadResult> | undefined;
  /** Pipelines whose newest version could not be loaded: its hash, and why. */
  readonly #failed = new Map<string, { readonly hash: string; readonly error: string }>();
  readonly #startingLater = new Set<string>();
  /** Until every pipeline has started, or failed to. */
  #loading: Promise<boolean[]> | undefined;
  /** What the files said at the last look, so that a broken edit is reported once. */
  #lastSeen: string;

  constructor(parts: ConfiguredPipelinesParts) {
    this.#settings = parts.settings;
    this.#engine = parts.engine;
    this.#logger = parts.logger;
    this.#integrations = parts.integrations;
    this.#isStopping = parts.isStopping;
    this.definitions = parts.definitions;
    this.#configuration = parts.configuration;
    this.#lastSeen = fingerprint(parts.configuration);
  }

  /** As the files said when they were last in order. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Starts all of them. Resolves to how many run. */
  async start(): Promise<number> {
    this.#loading = Promise.all(this.#configuration.pipelines.map((pipeline) => this.#load(pipeline)));
    return (await this.#loading).filter(Boolean).length;
  }

  /** Resolves when each has started, or failed to. */
  async settled(): Promise<void> {
    await this.#loading;
  }

  /** Pipelines that do not run as the files say, and why. */
  allFailed(): Map<string, string> {
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
  reload(now = false, force?: ReadonlySet<string>): Promise<ReloadResult> {
    if (this.#reloading && now) return this.#reloading.then(() => this.reload(true, force));
    this.#reloading ??= this.#reloadNow(now, force).finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reloadNow(now: boolean, force: ReadonlySet<string> = new Set()): Promise<ReloadResult> {
    if (this.#isStopping()) return { problem: 'Millrace is ending', failed: this.allFailed() };
    await this.#loading;
    let next: Configuration;
    try {
      next = await readConfiguration(
        await processSettings(this.#settings.given),
        registry,
        this.definitions,
        this.#integrations,
      );
    } catch (error) {
      const text = String((error as Error).message);
      if (text !== this.#lastSeen)
        this.#logger.error({}, `The config could not be read again, what runs goes on: ${text}`);
      this.#lastSeen = text;
      return { problem: text, failed: this.allFailed() };
    }
    const seen = fingerprint(next);
    if (seen === this.#lastSeen && !now) return { failed: this.allFailed() };
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
      return { problem: text, failed: this.allFailed() };
    }
    if (isNew && next.diagnostics.length > 0) process.stderr.write(`${formatDiagnostics(next)}\n`);
    this.#configuration = next;
    await this.#bringTo(next, force);
    return { failed: this.allFailed() };
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
      return this.reload(true);
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
    return this.definitions?.find((definition) => definition.id === id)?.otherPort;
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
