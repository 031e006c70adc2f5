/** The event store in one folder of this machine. Runs in a thread of its own (`store-thread.ts`). */
import { statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { lockFolder } from '../../kernel/folder-lock.ts';
import type { Query } from '../../query/tree.ts';
import { parseBulkBody } from '../bulk-body.ts';
import { formatBulkResponse } from '../bulk-response.ts';
import { indexNotFound, StoreError, unsupported } from '../errors.ts';
import { globMatch } from '../glob-match.ts';
import { validateIndexName } from '../index-selection.ts';
import { isBuiltIn, withBuiltIns } from '../mapping/built-in-templates.ts';
import { IndexMapping } from '../mapping/mapping.ts';
import {
  flatSettings,
  limitsOf,
  validateComponentTemplate,
  validateIndexTemplate,
  validateLegacyTemplate,
} from '../mapping/templates.ts';
import { checkRetention } from '../retention-plan.ts';
import type { S3Settings } from '../s3/s3-target.ts';
import { checkEmbeddedPlace, type SchedulerOptions, SnapshotScheduler } from '../snapshot-scheduler.ts';
import type {
  AliasAction,
  Arrivals,
  BulkBodyRequest,
  BulkItem,
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
import { Admission, diskFull } from './admission.ts';
import { type BulkDocuments, BulkWriter } from './bulk-writer.ts';
import type { CatalogueRecord, Index, Json, MakeMapping } from './catalogue.ts';
import { Core } from './core.ts';
import { findIds } from './id-lookup.ts';
import { countsOf } from './index-counts.ts';
import { Indices, mergeSettings } from './indices.ts';
import { isKeptHere, keptHere } from './kept-here.ts';
import { Maintenance, type MaintenanceOptions } from './maintenance.ts';
import { PointsInTime } from './points-in-time.ts';
import type { SearchContext, Searcher } from './searcher.ts';
import { verifyAll } from './segment-damage.ts';
import type { Snapshot } from './snapshot.ts';
import { listSnapshots } from './snapshot-list.ts';
import { SnapshotUses } from './snapshot-uses.ts';
import { deleteSnapshot, restoreFrom, snapshotTo } from './store-snapshot.ts';
import { statusOf } from './store-status.ts';

export interface EmbeddedOptions {
  readonly folder: string;
  readonly searcher: Searcher;
  /** When events come; for tests. */
  readonly now?: () => number;
  /** Bytes; by default a quarter of the machine's, at most 4 GiB. */
  readonly memoryLimit?: number;
  readonly maintenance?: Partial<MaintenanceOptions>;
  /** Free bytes of the disk that writing leaves alone. */
  readonly reserve?: number;
  /** Of snapshots in S3. */
  readonly s3?: S3Settings;
  /** Folder on another disk that old indices are moved to. */
  readonly archive?: string;
  /** Rules that come before all others and can not be changed. */
  readonly retention?: readonly RetentionRule[];
  readonly snapshots?: SchedulerOptions;
}

const MEBIBYTE = 1 << 20;

export class EmbeddedStore implements Store {
  readonly #core: Core;
  readonly #searcher: Searcher;
  readonly #unlock: () => void;
  readonly #indices: Indices;
  readonly #writer: BulkWriter;
  readonly #maintenance: Maintenance;
  readonly #admission: Admission;
  readonly #s3: S3Settings;
  readonly #points = new PointsInTime();
  readonly #uses = new SnapshotUses();
  readonly #scheduler: SnapshotScheduler;
  #closing: Promise<void> | undefined;

  private constructor(core: Core, options: EmbeddedOptions, unlock: () => void) {
    this.#core = core;
    this.#searcher = options.searcher;
    this.#unlock = unlock;
    this.#s3 = options.s3 ?? {};
    core.catalogue.fixedRetention = (options.retention ?? []).map((rule) => ({ ...rule, isFixed: true }));
    this.#indices = new Indices(core.catalogue);
    this.#writer = new BulkWriter(core, this.#indices);
    this.#maintenance = new Maintenance(core, (change) => this.#writer.change(change), options.maintenance);
    this.#scheduler = new SnapshotScheduler(this, options.snapshots ?? { runs: false });
    const { blocks, bsize } = statfsSync(options.folder);
    this.#admission = new Admission(core, {
      maxInFlight: Math.max(128 * MEBIBYTE, Math.min(512 * MEBIBYTE, totalmem() / 16)),
      maxUnsealed: Math.max(192 * MEBIBYTE, Math.min(256 * MEBIBYTE, totalmem() / 16)),
      reserve: options.reserve ?? Math.min(512 * MEBIBYTE, (blocks * bsize) / 20),
      isSealing: () => this.#maintenance.isSealing,
    });
  }

  /** Makes the folder, or brings back what is in it. @throws Error when another process has it */
  static async open(options: EmbeddedOptions): Promise<EmbeddedStore> {
    const { mkdirSync } = await import('node:fs');
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    checkRetention(options.retention ?? [], options.archive !== undefined);
    checkEmbeddedPlace(options.snapshots?.schedule?.place ?? '');
    const unlock = lockFolder(options.folder, `the event store in ${options.folder}`);
    try {
      const core = await Core.open({
        folder: options.folder,
        makeMapping,
        ...(options.now && { now: options.now }),
        ...(options.archive === undefined ? {} : { archive: options.archive }),
        ...(options.memoryLimit === undefined ? {} : { memoryLimit: options.memoryLimit }),
      });
      return new EmbeddedStore(core, options, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  async bulk(request: BulkRequest): Promise<BulkResult> {
    const started = performance.now();
    await this.#admission.room();
    const items = await this.#write(request);
    const errors = items.some(({ error }) => error !== undefined);
    return {
      took: Math.round(performance.now() - started),
      items: request.onlyFailures && !errors ? [] : items,
      errors,
    };
  }

  async #write(request: BulkDocuments): Promise<readonly BulkItem[]> {
    const leave = this.#admission.enter(request.source.length);
    try {
      return await this.#writer.write(request);
    } catch (error) {
      if (isFull(error)) throw diskFull();
      throw error;
    } finally {
      leave();
      this.#maintenance.sealIfDue();
    }
  }

  async bulkBody(request: BulkBodyRequest): Promise<{ readonly body: Uint8Array; readonly errors: boolean }> {
    const started = performance.now();
    const items = await this.#write(parseBulkBody(request.body, request));
    const result = {
      took: Math.round(performance.now() - started),
      items,
      errors: items.some(({ error }) => error !== undefined),
    };
    return { body: formatBulkResponse(result, request.filterPath), errors: result.errors };
  }

  async search(
    request: SearchRequest,
    signal?: AbortSignal,
    onProgress?: (share: number) => void,
  ): Promise<SearchResult> {
    const point =
      request.pointInTime && this.#points.use(request.pointInTime.id, request.pointInTime.keepAlive);
    const selected = point ? point.indices : this.#indices.select(request.indices);
    return this.#reading(selected, point?.snapshot, signal, (context) =>
      this.#searcher.search({ ...context, ...(onProgress && { onProgress }) }, request),
    );
  }

  async arrivals(): Promise<Arrivals> {
    throw unsupported('Positions of shards in the embedded store (it sorts by _doc)');
  }

  async count(
    selection: IndexSelection,
    query: Query,
    signal?: AbortSignal,
  ): Promise<{ count: number; shards: number }> {
    const selected = this.#indices.select(selection);
    const count = await this.#reading(selected, undefined, signal, (context) =>
      this.#searcher.count(context, query),
    );
    return { count, shards: selected.length };
  }

  async get(name: string, id: string): Promise<StoredDocument | undefined> {
    const index = this.#indices.one(name);
    const row = (await findIds(this.#core, index, [id], new Set([id]))).get(id);
    if (row?.source === undefined) return undefined;
    return { index: index.name, id, source: row.source, version: row.version, seqNo: row.sequence };
  }

  async openPointInTime(selection: IndexSelection, keepAlive: number): Promise<string> {
    const indices = this.#indices.select(selection);
    return this.#points.open(this.#core.snapshot(indices), indices, keepAlive);
  }

  async closePointInTime(id: string): Promise<boolean> {
    return this.#points.close(id);
  }

  async deleteByQuery(
    selection: IndexSelection,
    query: Query,
    signal?: AbortSignal,
  ): Promise<{ deleted: number; total: number }> {
    let deleted = 0;
    let total = 0;
    await this.#reading(this.#indices.select(selection), undefined, signal, async (context) => {
      for await (const rows of this.#searcher.select(context, query)) {
        total += rows.length;
        deleted += await this.#writer.deleteRows(rows);
      }
    });
    return { deleted, total };
  }

  async fieldCapabilities(
    selection: IndexSelection,
    patterns: readonly string[],
  ): Promise<FieldCapabilities> {
    const snapshot = this.#core.snapshot(this.#indices.select(selection));
    try {
      return this.#searcher.fieldCapabilities(snapshot.indices, patterns);
    } finally {
      snapshot.release();
    }
  }

  async indicatorScan(request: IndicatorScanRequest, signal?: AbortSignal): Promise<readonly IndicatorHit[]> {
    return this.#reading(this.#indices.select(request.indices), undefined, signal, (context) =>
      this.#searcher.indicatorScan(context, request),
    );
  }

  async indices(selection: IndexSelection): Promise<readonly IndexInfo[]> {
    return this.#indices.select(selection).map((index) => this.#describe(index));
  }

  async createIndex(name: string, body: Json): Promise<void> {
    await this.#writer.change(() => {
      const records = this.#indices.create(name, body, 'index');
      for (const record of records) if (record.t === 'index') makeMapping(record.mapping, record.settings);
      return records;
    });
  }

  async deleteIndices(selection: IndexSelection): Promise<readonly string[]> {
    let deleted: string[] = [];
    await this.#writer.change(() => {
      const chosen = this.#indices.select(selection);
      const alias = selection.names.find(
        (name) =>
          !name.includes('*') &&
          name !== '_all' &&
          chosen.some((index) => Object.hasOwn(index.aliases, name)),
      );
      if (alias !== undefined)
        throw new StoreError(
          400,
          'illegal_argument_exception',
          `The provided expression [${alias}] matches an alias, specify the corresponding concrete indices instead.`,
        );
      deleted = chosen.map(({ name }) => name);
      return chosen.map(({ ix }): CatalogueRecord => ({ t: 'drop', ix }));
    });
    return deleted;
  }

  async putMapping(selection: IndexSelection, mapping: Json): Promise<void> {
    await this.#writer.change(() =>
      this.#indices.select(selection).map(({ ix, mapping: own, settings }): CatalogueRecord => {
        // Throws before anything is written.
        (makeMapping(own.toJSON(), settings) as IndexMapping).merge(mapping);
        return { t: 'mapping', ix, mapping };
      }),
    );
  }

  async putSettings(selection: IndexSelection, settings: Json): Promise<void> {
    await this.#changeIndices(selection, (index) => ({ settings: mergeSettings(index.settings, settings) }));
  }

  async updateAliases(actions: readonly AliasAction[]): Promise<void> {
    await this.#writer.change(() => {
      const aliases = new Map<Index, Record<string, Json>>();
      const dropped: CatalogueRecord[] = [];
      for (const { action, index: name, alias, body } of actions) {
        for (const index of this.#indices.select({ names: [name] })) {
          if (action === 'remove_index') {
            dropped.push({ t: 'drop', ix: index.ix });
            continue;
          }
          const own = aliases.get(index) ?? { ...index.aliases };
          aliases.set(index, own);
          if (action === 'add') {
            validateIndexName(alias);
            if (this.#core.catalogue.byName.has(alias))
              throw new StoreError(
                400,
                'invalid_alias_name_exception',
                `Invalid alias name [${alias}]: an index or data stream exists with the same name as the alias`,
                { index: alias },
              );
            own[alias] = body;
            continue;
          }
          const matches = globMatch(alias);
          const gone = Object.keys(own).filter((key) => matches(key));
          if (gone.length === 0 && !alias.includes('*'))
            throw new StoreError(404, 'aliases_not_found_exception', `aliases [${alias}] missing`, {
              'resource.type': 'aliases',
              'resource.id': alias,
            });
          for (const key of gone) delete own[key];
        }
      }
      return [...[...aliases].map(([index, own]) => recordOf(index, { aliases: own })), ...dropped];
    });
  }

  async putObject(kind: StoredKind, name: string, body: Json): Promise<void> {
    await this.#writer.change(() => {
      if (kind === 'data_stream') {
        if (this.#core.catalogue.objects(kind).has(name)) return [{ t: 'object', kind, name, body }];
        return this.#indices.create(name, {}, 'data stream');
      }
      const templates = this.#indices.templates();
      if (kind === 'index_template') validateIndexTemplate(name, body, templates);
      else if (kind === 'component_template') validateComponentTemplate(name, body);
      else if (kind === 'template') validateLegacyTemplate(name, body);
      return [{ t: 'object', kind, name, body }];
    });
  }

  async objects(
    kind: StoredKind,
    pattern: string,
  ): Promise<readonly { name: string; body: Record<string, unknown> }[]> {
    const matches = globMatch(pattern === '' || pattern === '_all' ? '*' : pattern);
    return [...withBuiltIns(kind, this.#core.catalogue.objects(kind))]
      .filter(([name]) => matches(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, body]) => ({ name, body: body as Record<string, unknown> }));
  }

  async deleteObject(kind: StoredKind, name: string): Promise<boolean> {
    let existed = false;
    await this.#writer.change(() => {
      const { catalogue } = this.#core;
      existed = catalogue.objects(kind).has(name);
      if (!existed) {
        // It comes back at once, as in Elasticsearch.
        existed = isBuiltIn(kind, name);
        return [];
      }
      const backing =
        kind === 'data_stream'
          ? [...catalogue.indices.values()].filter(({ dataStream }) => dataStream === name)
          : [];
      return [
        ...backing.map(({ ix }): CatalogueRecord => ({ t: 'drop', ix })),
        { t: 'object', kind, name, body: null },
      ];
    });
    return existed;
  }

  async snapshot(
    target: string,
    selection: IndexSelection,
  ): Promise<{ indices: readonly string[]; bytes: number }> {
    await this.#maintenance.seal();
    const chosen = this.#indices.select(selection);
    this.#core.lookAtArchive();
    const away = chosen.find(({ segments }) => segments.some((segment) => this.#core.isAway(segment)));
    if (away)
      throw new StoreError(
        503,
        'snapshot_exception',
        `[${away.name}] is in the archive, which is not there: a snapshot of it would not be whole`,
      );
    return this.#uses.use(target, () => snapshotTo(this.#core, chosen, target, this.#s3));
  }

  async restore(source: string, options: RestoreOptions): Promise<{ indices: readonly string[] }> {
    return this.#uses.use(source, () =>
      restoreFrom(this.#core, (change) => this.#writer.change(change), source, options, this.#s3),
    );
  }

  async snapshots(place: string): Promise<readonly SnapshotInfo[]> {
    const found = await listSnapshots(place, this.#s3);
    // What is being made is none yet.
    return found.filter(({ target, problem }) => problem === undefined || !this.#uses.isUsed(target));
  }

  deleteSnapshot(target: string): Promise<void> {
    return this.#uses.delete(() => deleteSnapshot(target, this.#s3));
  }

  async setSnapshotSchedule(schedule: SnapshotSchedule | undefined): Promise<void> {
    checkEmbeddedPlace(schedule?.place ?? '');
    await this.#scheduler.set(schedule);
  }

  async verify(signal?: AbortSignal): Promise<VerifyResult> {
    await this.#maintenance.seal();
    return verifyAll(this.#core, signal);
  }

  async setRetention(rules: readonly RetentionRule[]): Promise<void> {
    checkRetention(rules, this.#core.archive !== undefined);
    const own = rules.filter(({ isFixed }) => !isFixed);
    await this.#writer.change(() => [{ t: 'retention', rules: own }]);
    await this.#maintenance.applyRetention();
  }

  async retention(): Promise<readonly RetentionRule[]> {
    return this.#core.catalogue.rules;
  }

  async archive(selection: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }> {
    const chosen = this.#indices.select(selection);
    await this.#keepHere(chosen, false);
    const bytes = await this.#maintenance.archive(chosen);
    return { indices: chosen.map(({ name }) => name), bytes };
  }

  async unarchive(selection: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }> {
    const { archive } = this.#core;
    const chosen = this.#indices
      .select(selection)
      .filter(({ segments }) => segments.some(({ info }) => info.archived));
    if (chosen.length === 0) return { indices: [], bytes: 0 };
    if (!archive)
      throw new StoreError(400, 'archive_exception', 'there is no archive: store.archive.path is not set');
    archive.requireThere();
    const wanted = chosen.reduce((sum, index) => sum + (countsOf(this.#core, index).archivedBytes ?? 0), 0);
    if (wanted > this.#admission.roomBytes)
      throw new StoreError(
        507,
        'archive_exception',
        `${wanted} bytes do not fit on the disk of ${this.#core.folder}, which has ${this.#admission.roomBytes} left for the store`,
      );
    await this.#keepHere(chosen, true);
    const bytes = await this.#maintenance.unarchive(chosen);
    return { indices: chosen.map(({ name }) => name), bytes };
  }

  /** Whether rules may move them to the archive. */
  async #keepHere(indices: readonly Index[], isKept: boolean): Promise<void> {
    await this.#writer.change(() =>
      indices
        .filter((index) => this.#core.catalogue.indices.has(index.ix) && isKeptHere(index) !== isKept)
        .map((index) => recordOf(index, { settings: keptHere(index.settings, isKept) })),
    );
  }

  async status(): Promise<StoreStatus> {
    return statusOf(this.#core, this.#admission, await this.#scheduler.state());
  }

  /** For tests and shutdown: everything committed is in segments, and merged where that is worth it. */
  async settle(): Promise<void> {
    await this.#maintenance.seal();
    await this.#maintenance.merge();
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#scheduler.stop();
      await this.#maintenance.stop();
      await this.#writer.idle();
      this.#points.closeAll();
      await this.#core.close();
      this.#unlock();
    })();
    return this.#closing;
  }

  /**
   * For a process that ends without `close`: stops the engines, which would abort it otherwise. Nothing that was
   * acknowledged is lost by it.
   */
  abandon(): Promise<void> {
    return this.#core.stopEngines();
  }

  /** Reads a snapshot; when a segment turns out to be damaged, once more without it. */
  async #reading<T>(
    selected: readonly Index[],
    kept: Snapshot | undefined,
    signal: AbortSignal = new AbortController().signal,
    read: (context: SearchContext) => Promise<T>,
  ): Promise<T> {
    for (let tries = 0; ; tries++) {
      const snapshot = kept ?? this.#core.snapshot(selected);
      try {
        return await read({ engine: this.#core.duckdb, snapshot, now: Date.now(), signal });
      } catch (error) {
        if (tries > 0 || signal.aborted || error instanceof StoreError || kept) throw error;
        const ids = new Set(snapshot.rowSets.map(({ id }) => id));
        const segments = [...this.#core.catalogue.segments.values()].filter(({ info }) => ids.has(info.id));
        if (!looksDamaged(error) || !(await this.#core.verify(segments))) throw error;
      } finally {
        if (!kept) snapshot.release();
      }
    }
  }

  #describe(index: Index): IndexInfo {
    return {
      name: index.name,
      uuid: index.uuid,
      created: index.created,
      ...countsOf(this.#core, index),
      aliases: index.aliases,
      mappings: index.mapping.toJSON(),
      settings: index.settings,
      ...(index.dataStream === undefined ? {} : { dataStream: index.dataStream }),
      ...(isKeptHere(index) && { isKeptHere: true }),
    };
  }

  async #changeIndices(
    selection: IndexSelection,
    change: (index: Index) => Partial<Pick<Index, 'settings' | 'aliases'>>,
  ): Promise<void> {
    await this.#writer.change(() => {
      const chosen = this.#indices.select(selection);
      if (chosen.length === 0 && selection.names.length === 1) throw indexNotFound(selection.names[0]!);
      return chosen.map((index) => recordOf(index, change(index)));
    });
  }
}

const recordOf = (index: Index, change: Partial<Pick<Index, 'settings' | 'aliases'>>): CatalogueRecord => {
  const { segments: _, mapping, ...own } = index;
  return { ...own, ...change, t: 'index', mapping: mapping.toJSON() };
};

const makeMapping: MakeMapping = (mapping, settings) =>
  new IndexMapping(mapping, limitsOf(flatSettings(settings)));

const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');

/** DuckDB's errors about files; those about the statement itself say nothing about segments. */
const looksDamaged = (error: unknown): boolean =>
  error instanceof Error && !/^(Parser|Binder|Catalog) Error/.test(error.message);
