/** The event store on a cluster: OpenSearch, or Elasticsearch. */
import { toDsl } from '../../query/dsl.ts';
import type { Query } from '../../query/tree.ts';
import { unsupported } from '../errors.ts';
import type {
  AliasAction,
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
  Store,
  StoredDocument,
  StoredKind,
  StoreStatus,
} from '../store.ts';
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
import { deleteObject, makeOwnIndex, objects, putObject } from './objects.ts';
import { type ClusterOptions, DEFAULT_PATTERNS } from './options.ts';
import { closePointInTime, openPointInTime } from './points-in-time.ts';
import { Refreshes } from './refreshes.ts';
import { applyRetention, storedRetention, storeRetention } from './retention.ts';
import { getDocument, search } from './search.ts';
import { selectionPath } from './selection.ts';
import { restoreFrom, snapshotTo } from './snapshots.ts';
import { SortTypes } from './sort-types.ts';
import { clusterStatus } from './status.ts';
import { installTemplate } from './template.ts';

const RETENTION_EVERY = 10 * 60_000;

/**
 * Writes are on the cluster's disks when they are acknowledged. What was written here is found by every later search
 * here: it refreshes what it looks at first, if anything was written since.
 */
export class OpenSearchStore implements Store {
  readonly #cluster: Cluster;
  readonly #refreshes: Refreshes;
  readonly #sortTypes: SortTypes;
  readonly #retention: NodeJS.Timeout | undefined;

  private constructor(cluster: Cluster, { logger, retentionEvery = RETENTION_EVERY }: ClusterOptions) {
    this.#cluster = cluster;
    this.#refreshes = new Refreshes(cluster);
    this.#sortTypes = new SortTypes(cluster);
    if (retentionEvery <= 0) return;
    this.#retention = setInterval(() => {
      applyRetention(cluster).then(
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
    return new OpenSearchStore(await Cluster.connect(options), { ...options, retentionEvery: 0 });
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

  snapshot(
    target: string,
    selection: IndexSelection,
  ): Promise<{ indices: readonly string[]; bytes: number }> {
    return snapshotTo(this.#cluster, target, selection);
  }

  restore(source: string, options: RestoreOptions): Promise<{ indices: readonly string[] }> {
    return restoreFrom(this.#cluster, source, options);
  }

  async setRetention(rules: readonly RetentionRule[]): Promise<void> {
    if (rules.some(({ archiveAfter }) => archiveAfter !== undefined))
      throw unsupported('An archive on a cluster (its own tiers do that)');
    await storeRetention(this.#cluster, rules);
    await this.#refreshes.before({ names: [] });
    await applyRetention(this.#cluster);
  }

  retention(): Promise<readonly RetentionRule[]> {
    return storedRetention(this.#cluster);
  }

  async archive(): Promise<never> {
    throw unsupported('An archive on a cluster (its own tiers do that)');
  }

  status(): Promise<StoreStatus> {
    return clusterStatus(this.#cluster);
  }

  async close(): Promise<void> {
    clearInterval(this.#retention);
    await this.#cluster.close();
  }
}
