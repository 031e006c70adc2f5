/** Starts the event store where something needs it, and hands out ways to it. */
import { join, resolve } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { PipelineConfig } from '../engine/pipeline-status.ts';
import type { Logger } from '../kernel/logger.ts';
import type { PipelineGraph } from '../lang/graph.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import type { AuditEntry } from '../server/console/call.ts';
import type { StoreHealth } from '../server/store-health.ts';
import type { StoreApi } from '../store/api/server.ts';
import type { StoreClient } from '../store/embedded/store-client.ts';
import { scheduleProblem } from '../store/snapshot-schedule.ts';
import type { ProcessSettings } from './configuration.ts';
import { embeddedOptions } from './embedded-options.ts';
import { storeCluster } from './store-cluster.ts';

/** Whether this process has a store: as set, or because a pipeline writes to it. */
export function wantsStore(
  settings: ProcessSettings,
  pipelines: readonly PipelineConfig[],
  byDefault: boolean,
): boolean {
  const enabled = settings.get<string>('store.enabled');
  if (enabled !== 'auto') return enabled === 'true';
  return byDefault || pipelines.some(({ graph }) => usesStore(graph));
}

const usesStore = (graph: PipelineGraph): boolean =>
  pluginNodes(graph).some(({ kind, name }) => name === 'store' && kind !== 'filter');

export class EventStore {
  readonly folder: string;
  readonly #settings: ProcessSettings;
  readonly #logger: Logger;
  #client: Promise<StoreClient> | undefined;
  /** Why it could not be opened the last time. */
  #problem: string | undefined;
  #api: Promise<StoreApi | undefined> | undefined;

  constructor(settings: ProcessSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger.child('store');
    this.folder = resolve(
      settings.get<string | undefined>('store.path') ?? join(settings.get<string>('path.data'), 'store'),
    );
  }

  /** The store of this process, opened at the first call. Rejects with a sentence; it may be called again. */
  open(): Promise<StoreClient> {
    this.#client ??= this.#open().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  /** Opens the store and serves it to Elasticsearch's clients. What goes wrong is told in the log. */
  async start(audit: (entry: AuditEntry) => void = () => {}): Promise<void> {
    this.#api ??= this.#serve(audit).catch((error: unknown) => {
      this.#logger.error({}, `the event store is not served: ${(error as Error).message}`);
      return undefined;
    });
    await this.#api;
  }

  async #serve(audit: (entry: AuditEntry) => void): Promise<StoreApi | undefined> {
    // Its own words are in the log already.
    const store = await this.open().catch(() => undefined);
    if (!store || !this.#settings.get<boolean>('store.http.enabled')) return undefined;
    const { createStoreApi } = await import('../store/api/server.ts');
    const { storeAuthenticator } = await import('../server/store-authenticator.ts');
    const { Users } = await import('../server/users.ts');
    const users = new Users(resolve(this.#settings.get<string>('path.data')));
    const api = createStoreApi({
      store,
      setting: (name) => this.#settings.get(name as never),
      logger: this.#logger,
      authenticator: storeAuthenticator(users),
      audit,
    });
    const url = await api.listen();
    this.#logger.info({}, `Event store at ${url}`);
    return api;
  }

  async #open(): Promise<StoreClient> {
    const started = performance.now();
    const { StoreClient } = await import('../store/embedded/store-client.ts');
    const isCluster = this.#settings.get<string>('store.driver') === 'opensearch';
    const where = isCluster ? { hosts: this.#settings.get<string>('store.hosts') } : { folder: this.folder };
    try {
      const client = await StoreClient.start(
        isCluster ? storeCluster(this.#settings, true) : embeddedOptions(this.#settings, this.folder, true),
        this.#logger,
      );
      this.#problem = undefined;
      this.#logger.debug(where, `Event store opened in ${Math.round(performance.now() - started)} ms`);
      return client;
    } catch (error) {
      this.#problem = `it can not be opened: ${(error as Error).message}`;
      this.#logger.error(where, `The event store can not be opened: ${(error as Error).message}`);
      throw error;
    }
  }

  /**
   * Undefined: it is being opened for the first time. A cluster's own health is not told: it has its own monitoring, and
   * what can not be written there is in that of the pipelines.
   */
  async health(): Promise<StoreHealth | undefined> {
    const client = await this.#client?.catch(() => undefined);
    if (this.#problem !== undefined) return { status: 'red', problems: [this.#problem] };
    if (!client) return undefined;
    const { driver, health, problems, snapshotSchedule } = await client.status();
    if (driver === 'embedded') return { status: health, problems };
    const late = scheduleProblem(snapshotSchedule);
    return late === undefined ? { status: 'green', problems: [] } : { status: 'yellow', problems: [late] };
  }

  /** A port for another thread. */
  async connect(): Promise<MessagePort> {
    return (await this.open()).connect();
  }

  async close(): Promise<void> {
    await (await this.#api)?.close();
    this.#api = undefined;
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.close();
  }
}
