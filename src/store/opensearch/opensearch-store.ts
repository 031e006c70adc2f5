/** The event store on a cluster: OpenSearch, or Elasticsearch. */
import { toDsl } from '../../query/dsl.ts';
import type { Query } from '../../query/tree.ts';
import { unsupported } from '../errors.ts';
import { checkRetention } from '../retention-plan.ts';
import { scheduleProblem } from '../snapshot-schedule.ts';
import { SnapshotScheduler } from '../snapshot-scheduler.ts';
import type {
  AliasAction,
  Arrivals,
  ArrivalsRequest,
  BulkBodyRequest,
  BulkRequest,
  BulkResult,
  FieldCapabilities,
  IndexInfo,
  IndexSelection,
  IndicatorHit,
  IndicatorScanRequest,
  RestoreOptions,
  RetentionRule,
  SearchRequest,
  SearchResult,
  SnapshotInfo,
  SnapshotSchedule,
  Store,
  StoredDocument,
  StoredKind,
  StoreStatus,
  VerifyResult,
} from '../store.ts';
import { arrivals } from './arrivals.ts';
import { bulk, bulkBody } from './bulk.ts';
import { Cluster, type Json, path } from './cluster.ts';
import { indicatorScan } from './indicators.ts';
import {
  deleteIndices,
  describeIndices,
  fieldCapabilities,
  putMapping,
  putSettings,
  updateAliases,
} from './indices.ts';
import { MillraceServer } from './millrace-server.ts';
import { deleteObject, makeOwnIndex, objects, putObject } from './objects.ts';
import { type ClusterOptions, DEFAULT_PATTERNS } from './options.ts';
import { closePointInTime, openPointInTime } from './points-in-time.ts';
import { Refreshes } from './refreshes.ts';
import { applyRetention, storedRetention, storeRetention } from './retention.ts';
import { getDocument, search } from './search.ts';
import { selectionPath } from './selection.ts';
import { checkRepository, deleteSnapshot, restoreFrom, snapshotsOf, snapshotTo } from './snapshots.ts';
import { SortTypes } from './sort-types.ts';
import { clusterStatus } from './status.ts';
import { installTemplate } from './template.ts';

const RETENTION_EVERY = 10 * 60_000;
const NONE = Promise.resolve(undefined);

/**
 * Writes are on the cluster's disks when they are acknowledged. What was written here is found by every later search
 * here: it refreshes what it looks at first, if anything was written since.
 */
export class OpenSearchStore implements Store {
  readonly #cluster: Cluster;
  readonly #refreshes: Refreshes;
  readonly #sortTypes: SortTypes;
  /** Of the settings: they come first, and `setRetention` does not change them. */
  readonly #fixed: readonly RetentionRule[];
  readonly #retention: NodeJS.Timeout | undefined;
  readonly #scheduler: SnapshotScheduler;
  #isForeign = false;
  #server: Promise<MillraceServer | undefined> | undefined;

  private constructor(
    cluster: Cluster,
    { logger, retention = [], retentionEvery = RETENTION_EVERY, snapshots }: ClusterOptions,
  ) {
    this.#cluster = cluster;
    this.#fixed = retention.map((rule) => ({ ...rule, isFixed: true }));
    this.#refreshes = new Refreshes(cluster);
    this.#sortTypes = new SortTypes(cluster);
    this.#scheduler = new SnapshotScheduler(this, snapshots ?? { runs: false });
    if (retentionEvery <= 0) return;
    this.#retention = setInterval(() => {
      this.#applyRetention().then(
        (names) => {
          if (names.length > 0)
            logger.info({ indices: names }, 'indices were deleted by the rules of retention');
        },
        ({ message }: Error) => logger.warn({}, `retention could not be applied: ${message}`),
      );
    }, retentionEvery).unref();
  }

  /** Connects, makes the index of our own and installs the template. @throws Error when that fails */
  static async open(options: ClusterOptions): Promise<OpenSearchStore> {
    checkRules(options.retention ?? []);
    const cluster = await Cluster.connect(options);
    try {
      await makeOwnIndex(cluster);
      await installTemplate(cluster, options.templatePatterns ?? DEFAULT_PATTERNS);
      return new OpenSearchStore(cluster, options);
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Connects to read: nothing is made or changed there. @throws Error when that fails */
  static async connect(options: ClusterOptions): Promise<OpenSearchStore> {
    const store = new OpenSearchStore(await Cluster.connect(options), { ...options, retentionEvery: 0 });
    store.#isForeign = true;
    return store;
  }

  /** Undefined: the other side is a cluster, and no Millrace. */
  #millrace(): Promise<MillraceServer | undefined> {
    if (!this.#isForeign) return NONE;
    this.#server ??= MillraceServer.find(this.#cluster);
    return this.#server;
  }

  async bulk(request: BulkRequest): Promise<BulkResult> {
    try {
      return await bulk(this.#cluster, request);
    } finally {
      this.#refreshes.written();
    }
  }

  async bulkBody(request: BulkBodyRequest): Promise<{ readonly body: Uint8Array; readonly errors: boolean }> {
    try {
      return await bulkBody(this.#cluster, request);
    } finally {
      this.#refreshes.written();
    }
  }

  async search(request: SearchRequest, signal?: AbortSignal): Promise<SearchResult> {
    if (!request.pointInTime) await this.#refreshes.before(request.indices);
    const indices = request.pointInTime ? { names: [] } : request.indices;
    return search(this.#cluster, request, await this.#sortTypes.of(request.sort, indices), signal);
  }

  async arrivals(request: ArrivalsRequest, signal?: AbortSignal): Promise<Arrivals> {
    if (await this.#millrace())
      throw unsupported('Following a Millrace whose event store is a cluster (ask the cluster)');
    await this.#refreshes.before(request.indices);
    return arrivals(this.#cluster, request, signal);
  }

  async count(
    selection: IndexSelection,
    query: Query,
    signal?: AbortSignal,
  ): Promise<{ count: number; shards: number }> {
    await this.#refreshes.before(selection);
    const { names, parameters } = selectionPath(selection);
    const { count, _shards: shards } = await this.#cluster.json({
      method: 'POST',
      path: path([names, '_count'], parameters),
      body: { query: toDsl(query) },
      signal,
    });
    return { count, shards: shards.total };
  }

  get(index: string, id: string): Promise<StoredDocument | undefined> {
    return getDocument(this.#cluster, index, id);
  }

  async openPointInTime(selection: IndexSelection, keepAlive: number): Promise<string> {
    await this.#refreshes.before(selection);
    return openPointInTime(this.#cluster, selection, keepAlive);
  }

  closePointInTime(id: string): Promise<boolean> {
    return closePointInTime(this.#cluster, id);
  }

  async deleteByQuery(
    selection: IndexSelection,
    query: Query,
    signal?: AbortSignal,
  ): Promise<{ deleted: number; total: number }> {
    await this.#refreshes.before(selection);
    const { names, parameters } = selectionPath(selection);
    const { deleted, total } = await this.#cluster.json({
      method: 'POST',
      path: path([names, '_delete_by_query'], { ...parameters, conflicts: 'proceed', refresh: true }),
      body: { query: toDsl(query) },
      signal,
    });
    return { deleted, total };
  }

  fieldCapabilities(selection: IndexSelection, patterns: readonly string[]): Promise<FieldCapabilities> {
    return fieldCapabilities(this.#cluster, selection, patterns);
  }

  async indices(selection: IndexSelection): Promise<readonly IndexInfo[]> {
    const server = await this.#millrace();
    if (server) return server.indices(selection);
    await this.#refreshes.before(selection);
    return describeIndices(this.#cluster, selection);
  }

  async createIndex(name: string, body: Json): Promise<void> {
    await this.#cluster.json({ method: 'PUT', path: path([name]), body });
  }

  deleteIndices(selection: IndexSelection): Promise<readonly string[]> {
    return deleteIndices(this.#cluster, selection);
  }

  putMapping(selection: IndexSelection, mapping: Json): Promise<void> {
    return putMapping(this.#cluster, selection, mapping);
  }

  putSettings(selection: IndexSelection, settings: Json): Promise<void> {
    return putSettings(this.#cluster, selection, settings);
  }

  updateAliases(actions: readonly AliasAction[]): Promise<void> {
    return updateAliases(this.#cluster, actions);
  }

  putObject(kind: StoredKind, name: string, body: Json): Promise<void> {
    return putObject(this.#cluster, kind, name, body);
  }

  objects(
    kind: StoredKind,
    pattern: string,
  ): Promise<readonly { name: string; body: Record<string, unknown> }[]> {
    return objects(this.#cluster, kind, pattern);
  }

  deleteObject(kind: StoredKind, name: string): Promise<boolean> {
    return deleteObject(this.#cluster, kind, name);
  }

  async indicatorScan(request: IndicatorScanRequest, signal?: AbortSignal): Promise<readonly IndicatorHit[]> {
    await this.#refreshes.before(request.indices);
    return indicatorScan(this.#cluster, request, signal);
  }

  async snapshot(
    target: string,
    selection: IndexSelection,
  ): Promise<{ indices: readonly string[]; bytes: number }> {
    const server = await this.#millrace();
    if (server) return server.snapshot(target, selection);
    return snapshotTo(this.#cluster, target, selection);
  }

  async restore(source: string, options: RestoreOptions): Promise<{ indices: readonly string[] }> {
    const server = await this.#millrace();
    if (server) return server.restore(source, options);
    return restoreFrom(this.#cluster, source, options);
  }

  async setRetention(rules: readonly RetentionRule[]): Promise<void> {
    const server = await this.#millrace();
    if (server) return server.setRetention(rules);
    const own = rules.filter(({ isFixed }) => !isFixed);
    checkRules(own);
    await storeRetention(this.#cluster, own);
    await this.#refreshes.before({ names: [] });
    await this.#applyRetention();
  }

  async retention(): Promise<readonly RetentionRule[]> {
    const server = await this.#millrace();
    if (server) return server.retention();
    return [...this.#fixed, ...(await storedRetention(this.#cluster))];
  }

  async #applyRetention(): Promise<readonly string[]> {
    return applyRetention(this.#cluster, await this.retention());
  }

  async archive(selection: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }> {
    const server = await this.#millrace();
    if (server) return server.archive(selection);
    throw unsupported('An archive on a cluster (its own tiers do that)');
  }

  async unarchive(selection: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }> {
    const server = await this.#millrace();
    if (server) return server.unarchive(selection);
    throw unsupported('An archive on a cluster (its own tiers do that)');
  }

  async deleteSnapshot(target: string): Promise<void> {
    const server = await this.#millrace();
    if (server) return server.deleteSnapshot(target);
    return deleteSnapshot(this.#cluster, target);
  }

  async setSnapshotSchedule(schedule: SnapshotSchedule | undefined): Promise<void> {
    const server = await this.#millrace();
    if (server) return server.setSnapshotSchedule(schedule);
    if (schedule) await checkRepository(this.#cluster, schedule.place);
    return this.#scheduler.set(schedule);
  }

  async snapshots(place: string): Promise<readonly SnapshotInfo[]> {
    const server = await this.#millrace();
    if (server) return server.snapshots(place);
    return snapshotsOf(this.#cluster, place);
  }

  async verify(signal?: AbortSignal): Promise<VerifyResult> {
    const server = await this.#millrace();
    if (server) return server.verify(signal);
    throw unsupported('Verifying a cluster (it checks its own files)');
  }

  async status(): Promise<StoreStatus> {
    const server = await this.#millrace();
    if (server) return server.status();
    const [status, snapshotSchedule] = await Promise.all([
      clusterStatus(this.#cluster),
      // Whoever only reads may not see our own index.
      this.#scheduler.state().catch(() => undefined),
    ]);
    const late = scheduleProblem(snapshotSchedule);
    return {
      ...status,
      ...(snapshotSchedule && { snapshotSchedule }),
      ...(late !== undefined && {
        problems: [...status.problems, late],
        health: status.health === 'green' ? 'yellow' : status.health,
      }),
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#retention);
    this.#scheduler.stop();
    await this.#cluster.close();
  }
}

/** @throws StoreError */
function checkRules(rules: readonly RetentionRule[]): void {
  if (rules.some(({ archiveAfter }) => archiveAfter !== undefined))
    throw unsupported('An archive on a cluster (its own tiers do that)');
  checkRetention(rules, false);
}
