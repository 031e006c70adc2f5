/**
 * The embedded store without what a document means: rows and records come in as frames, are durable in the log and
 * found in hot tables when `commit` resolves, and go to segments later. See docs/adr/0040-the-embedded-event-store.md.
 *
 * Everything happens in one thread; between two `await`s nothing changes.
 */

import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { StoreError } from '../errors.ts';
import { Archive } from './archive.ts';
import {
  Catalogue,
  type CatalogueRecord,
  type Index,
  type MakeMapping,
  mergeSorted,
  type Segment,
  type SegmentInfo,
  type SegmentsRecord,
} from './catalogue.ts';
import { Duckdb } from './duckdb.ts';
import { type DeadRow, eachRow, type FrameKinds, type FrameTail, frameTail } from './frame.ts';
import { HotIds } from './hot-ids.ts';
import { HotTable } from './hot-table.ts';
import { Log, readLogFile } from './log.ts';
import { Manifest, refuseNewerFormat } from './manifest.ts';
import { Pin } from './pins.ts';
import { Problems } from './problems.ts';
import { filesOf, partsOf } from './segment-files.ts';
import { checkSegment } from './segment-writer.ts';
import type { Snapshot } from './snapshot.ts';
import { makeSnapshot } from './snapshots.ts';
import { RealStoreFiles } from './store-files.ts';
import { Tasks } from './tasks.ts';

export interface CoreOptions {
  readonly folder: string;
  /** When rows come; for tests. */
  readonly now?: () => number;
  readonly makeMapping: MakeMapping;
  /** Bytes for queries and rows in memory. */
  readonly memoryLimit?: number;
  /** Another disk, for segments that are moved there. */
  readonly archive?: string;
}

/** The rows of one log file while they are in memory. */
export interface Generation {
  readonly number: number;
  readonly hot: HotTable;
  readonly pin: Pin;
  /** Milliseconds since the epoch. */
  readonly opened: number;
  /** When its first row came. */
  readonly began: number;
  readonly records: CatalogueRecord[];
  readonly dead: DeadRow[];
  bytes: number;
  /** Of the log, that are in it: neighbours. */
  firstFrame: number;
  lastFrame: number;
}

const GIGABYTE = 2 ** 30;
/** Milliseconds. */
const MERGE_REST = 15_000;

export class Core {
  readonly folder: string;
  readonly now: () => number;
  readonly duckdb: Duckdb;
  readonly catalogue: Catalogue;
  readonly hotIds = new HotIds();
  readonly problems: Problems;
  readonly tasks = new Tasks();
  readonly archive: Archive | undefined;
  log!: Log;
  manifest!: Manifest<CatalogueRecord>;
  /** In order of their log files. */
  readonly generations = new Map<number, Generation>();
  readonly #logFiles: RealStoreFiles;
  #arrivals: Promise<void> = Promise.resolve();
  #publishing: Promise<void> = Promise.resolve();
  #rebuilding: Promise<void> | undefined;
  readonly #openMerging: () => Promise<Duckdb>;
  #merging: Promise<Duckdb> | undefined;
  /** So many work with it. */
  #mergers = 0;
  /** When the last one was done. */
  #mergedAt = 0;
  #closed = false;

  private constructor(
    options: CoreOptions,
    archive: Archive | undefined,
    duckdb: Duckdb,
    openMerging: () => Promise<Duckdb>,
  ) {
    this.archive = archive;
    this.folder = options.folder;
    this.now = options.now ?? Date.now;
    this.duckdb = duckdb;
    this.problems = new Problems();
    this.catalogue = new Catalogue(options.makeMapping);
    this.#openMerging = openMerging;
    this.#logFiles = new RealStoreFiles(join(options.folder, 'log'));
    this.catalogue.onSegmentGone = (segment) => segment.pin.retire(() => this.removeFiles(segment));
    this.catalogue.onIndexGone = (index) => this.hotIds.drop(index.ix);
    duckdb.onFatal = (error) => void this.#rebuild(error);
  }

  /**
   * Makes the folder, or brings back what was acknowledged. The caller holds its lock.
   * @throws Error when a newer Millrace wrote it: nothing was changed then
   */
  static async open(options: CoreOptions): Promise<Core> {
    const { folder } = options;
    refuseNewerFormat(new RealStoreFiles(folder));
    for (const part of ['log', 'segments', 'tmp'])
      mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
    for (const name of readdirSync(join(folder, 'tmp')))
      rmSync(join(folder, 'tmp', name), { recursive: true, force: true });
    const memoryLimit = options.memoryLimit ?? Math.min(4 * GIGABYTE, totalmem() / 4);
    const disk = statfsSync(folder);
    const temporaryLimit = Math.max(GIGABYTE, Math.min(16 * GIGABYTE, (disk.bavail * disk.bsize) / 4));
    const archive = options.archive === undefined ? undefined : await Archive.open(options.archive, folder);
    const engine = (name: 'query' | 'merge', threads: number, memory: number): Promise<Duckdb> =>
      Duckdb.open({
        threads,
        memoryLimit: memory,
        temporaryFolder: join(folder, 'tmp', name),
        temporaryLimit,
        // Merges read what will be gone when they are done: that filled all of their memory.
        cachesFiles: name === 'query',
        folders: archive ? [folder, archive.folder] : [folder],
      });
    const core = new Core(options, archive, await engine('query', 2, memoryLimit), () =>
      engine('merge', 1, Math.min(GIGABYTE, memoryLimit / 2)),
    );
    await core.#recover(options);
    return core;
  }

  /**
   * Makes a frame durable, and its rows found. Frames take effect in the order of the calls. The records were applied
   * to the catalogue by the caller, if `applied`.
   * @throws the system's error when it could not be written: then nothing of it happened.
   */
  commit(payload: Uint8Array, tail: FrameTail, applied: boolean, kinds?: FrameKinds): Promise<void> {
    return new Promise((resolve, reject) => {
      this.log.append(payload, (error, file, frame) => {
        if (error) {
          const problem = `${join(this.folder, 'log')} can not be written: ${error.message}`;
          this.problems.set('log', problem);
          // Without room it is said in other words (`isFull`).
          const refusal = new StoreError(503, 'unavailable_shards_exception', problem);
          reject(Object.assign(refusal, { code: (error as NodeJS.ErrnoException).code }));
          return;
        }
        this.problems.clear('log');
        this.#arrivals = this.#arrivals.then(() => this.#arrive(file, frame, payload, tail, applied, kinds));
        this.#arrivals.then(resolve, reject);
      });
    });
  }

  /** All rows of some indices as they are now. */
  snapshot(indices: readonly Index[]): Snapshot {
    this.flush();
    return makeSnapshot(this, [...this.generations.values()], indices);
  }

  /** What came is in the tables that readers look into. */
  flush(): void {
    for (const { hot } of this.generations.values()) {
      try {
        hot.flush();
      } catch (error) {
        void this.#rebuild(error as Error);
      }
    }
  }

  /** What came is in a generation's table, which may be made again from the log for that. */
  async complete({ hot }: Generation): Promise<void> {
    try {
      hot.flush();
    } catch (error) {
      await this.#rebuild(error as Error);
    }
    while (this.#rebuilding) await this.#rebuilding;
    if (this.#closed) throw new Error('the event store is closed');
  }

  /** Lets later frames begin a new generation, and waits until those before are in theirs. */
  async rotate(): Promise<void> {
    await this.log.rotate();
    await this.#arrivals;
  }

  /** The generation that holds a row of an index in memory. Restored rows have numbers between those of other indices. */
  generationOf(ix: number, sequence: number): Generation | undefined {
    for (const generation of this.generations.values()) {
      const own = generation.hot.indices.get(ix);
      if (own && sequence <= own.last && sequence >= own.first) return generation;
    }
    return undefined;
  }

  /** Rows that were deleted or replaced: no later query finds them. */
  bury(dead: readonly DeadRow[]): void {
    const hot = new Map<Generation, number[]>();
    const sealed = new Map<Segment, number[]>();
    for (const [ix, sequence] of dead) {
      const generation = this.generationOf(ix, sequence);
      if (generation) {
        generation.hot.deadIndex.set(sequence, ix);
        push(hot, generation, sequence);
        continue;
      }
      const segment = this.catalogue.segmentOf(ix, sequence);
      if (segment) push(sealed, segment, sequence);
    }
    for (const [{ hot: table }, sequences] of hot)
      table.tombstones = mergeSorted(table.tombstones, sequences);
    for (const [segment, sequences] of sealed)
      segment.tombstones = mergeSorted(segment.tombstones, sequences);
  }

  /** Looks at the files of segments; those that are damaged are left out from now on. True: there were some. */
  async verify(segments: readonly Segment[]): Promise<boolean> {
    let found = false;
    for (const segment of segments) {
      if (segment.quarantined !== undefined || this.catalogue.segments.get(segment.info.id) !== segment)
        continue;
      if (this.isAway(segment)) continue;
      const reason = await this.#damageOf(segment.info);
      if (reason !== undefined && segment.info.archived) {
        // The disk may have been taken away just now: that is no damage, but the reader has to go without it.
        this.lookAtArchive();
        if (this.isAway(segment)) {
          found = true;
          continue;
        }
      }
      if (reason === undefined || this.catalogue.segments.get(segment.info.id) !== segment) continue;
      found = true;
      await this.quarantine(segment, reason);
    }
    return found;
  }

  async #damageOf(info: SegmentInfo): Promise<string | undefined> {
    for (const { file, bytes, sums } of partsOf(info)) {
      const reason = await checkSegment(this.pathOf(info, file), bytes, sums);
      if (reason !== undefined) return file === info.file ? reason : `in ${basename(file)}, ${reason}`;
    }
    return undefined;
  }

  /**
   * Enters segments in the manifest and then in the catalogue. `make` sees the catalogue as it will be when the record comes
   * in: no other one is on its way then, so that no tombstone falls between two. `then` runs in the same turn as the
   * change, so that no reader sees half of it.
   */
  publish(
    make: () => { readonly before: readonly CatalogueRecord[]; readonly record: SegmentsRecord },
    then: () => void,
  ): Promise<void> {
    const published = this.#publishing.then(async () => {
      const { before, record } = make();
      await this.manifest.append([...before, record]);
      this.catalogue.apply(record);
      then();
    });
    this.#publishing = published.catch(() => {});
    return published;
  }

  async quarantine(segment: Segment, reason: string): Promise<void> {
    const record: CatalogueRecord = { t: 'quarantine', id: segment.info.id, reason };
    this.catalogue.apply(record);
    await this.manifest.append([record]).catch(() => {});
  }

  /** Bytes of rows that are only in memory and the log. */
  get unsealedBytes(): number {
    let bytes = 0;
    for (const generation of this.generations.values()) bytes += generation.bytes;
    return bytes;
  }

  /** Where a file of a segment is. */
  pathOf({ archived }: Pick<SegmentInfo, 'archived'>, file: string): string {
    return join(archived && this.archive ? this.archive.folder : this.folder, file);
  }

  /** It is on a disk that is not there now. */
  isAway({ info }: Segment): boolean {
    return info.archived === true && !this.archive?.isThere;
  }

  /** Whether the archive's disk is there; while it is not, its segments are left out. */
  lookAtArchive(): void {
    let rows = 0;
    const indices = new Set<string>();
    for (const { info, index } of this.catalogue.segments.values()) {
      if (!info.archived) continue;
      rows += info.rows;
      indices.add(index.name);
    }
    if (this.archive?.look()) this.archive.removeOrphans(this.catalogue);
    if (rows === 0 || this.archive?.isThere) {
      this.problems.clear('archive');
      return;
    }
    const why = this.archive
      ? `the archive ${this.archive.path} is not there (is it mounted?)`
      : 'store.archive.path is not set any more';
    this.problems.set(
      'archive',
      `${why}: ${rows.toLocaleString('en')} events of ${indices.size} indices are left out of searches until it is`,
      false,
    );
  }

  removeFiles({ info }: Segment): void {
    // Where the archive is not there, it is done when it comes back.
    if (info.archived && !this.archive?.isThere) return;
    for (const file of filesOf(info)) rmSync(this.pathOf(info, file), { force: true });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.log.close();
    await this.#arrivals.catch(() => {});
    await this.manifest.close();
    for (const { hot } of this.generations.values()) hot.freeze();
    await this.stopEngines();
  }

  /** Does something with the engine for merges: what they need never takes from queries. */
  async merging<T>(work: (duckdb: Duckdb) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error('the event store is closed');
    this.#mergers++;
    try {
      this.#merging ??= this.#openMerging().catch((error: unknown) => {
        this.#merging = undefined;
        throw error;
      });
      return await work(await this.#merging);
    } finally {
      this.#mergers--;
      this.#mergedAt = performance.now();
    }
  }

  /** Closes the engine for merges when there has been none for a while: what it knows of files that are gone is a lot of memory. */
  async restMerging(after = MERGE_REST): Promise<void> {
    if (this.#mergers > 0 || performance.now() - this.#mergedAt < after) return;
    const engine = this.#merging;
    this.#merging = undefined;
    await (await engine)?.close();
  }

  /** Merges under way end at once: they are made again when the store is opened the next time. */
  async stopMerging(): Promise<void> {
    await this.#merging?.then(
      (engine) => engine.close(),
      () => {},
    );
  }

  /** Ends whatever the engines do: nothing can be written or asked any more. */
  async stopEngines(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.duckdb.close(), this.stopMerging()]);
  }

  async #recover({ makeMapping }: CoreOptions): Promise<void> {
    const condense = (records: readonly CatalogueRecord[]): CatalogueRecord[] => {
      const fresh = new Catalogue(makeMapping);
      for (const record of records) fresh.apply(record);
      return [...fresh.dump()];
    };
    const { manifest, records } = await Manifest.open<CatalogueRecord>(
      new RealStoreFiles(this.folder),
      condense,
      (line) =>
        this.problems.set('manifest', `line ${line + 1} of the manifest in ${this.folder} is damaged`),
    );
    this.manifest = manifest;
    for (const record of records) this.catalogue.apply(record);
    const frames: { payload: Uint8Array; file: number; frame: number }[] = [];
    const sealed: number[] = [];
    this.log = Log.open(this.#logFiles, {
      from: this.catalogue.sealedLog,
      old: (file) => sealed.push(file),
      frame: (payload, file, frame) => frames.push({ payload, file, frame }),
      damaged: (file, position, bytes) =>
        this.problems.set(
          `log ${file}`,
          `${bytes} bytes of log file ${file} in ${this.folder} behind byte ${position} are damaged: events may be lost`,
        ),
    });
    for (const file of sealed) this.log.remove(file);
    for (const { payload, file, frame } of frames)
      await this.#arrive(file, frame, payload, frameTail(payload), false);
    this.#removeOrphans();
    if (this.archive?.isThere) this.archive.removeOrphans(this.catalogue);
    this.lookAtArchive();
  }

  async #arrive(
    file: number,
    frame: number,
    payload: Uint8Array,
    tail: FrameTail,
    applied: boolean,
    kinds?: FrameKinds,
  ): Promise<void> {
    const { catalogue } = this;
    if (!applied) for (const record of tail.records) catalogue.apply(record);
    catalogue.nextSequence = Math.max(catalogue.nextSequence, tail.nextSequence);
    const generation = this.#generation(file, frame);
    const { hot } = generation;
    try {
      if (!hot.isOpen && !this.#rebuilding) await hot.open();
      while (this.#rebuilding) await this.#rebuilding;
      if (tail.rows > 0) hot.refill(payload, tail, this.#nameOf, kinds);
      generation.lastFrame = frame;
    } catch (error) {
      // It is on disk: the tables are made again from there, this frame with them.
      generation.lastFrame = frame;
      await this.#rebuild(error as Error);
    }
    generation.records.push(...tail.records);
    generation.dead.push(...tail.dead);
    generation.bytes += payload.length;
    if (tail.rows > 0) hot.count(payload, tail, this.#nameOf, kinds);
    if (!applied && (tail.rows > 0 || tail.dead.length > 0)) this.#replayIds(generation, payload, tail);
    this.bury(tail.dead);
  }

  #generation(file: number, frame: number): Generation {
    let generation = this.generations.get(file);
    if (!generation) {
      generation = {
        number: file,
        hot: new HotTable(this.duckdb, this.catalogue.columns, file),
        pin: new Pin(),
        opened: Date.now(),
        began: this.now(),
        records: [],
        dead: [],
        bytes: 0,
        firstFrame: frame,
        lastFrame: frame - 1,
      };
      this.generations.set(file, generation);
    }
    return generation;
  }

  /** At recovery the ids of rows in memory are learnt again. A frame that failed may have come back: the later row counts. */
  #replayIds(generation: Generation, payload: Uint8Array, tail: FrameTail): void {
    const replaced: DeadRow[] = [];
    eachRow(payload, tail, (row, bytes) => {
      if (!row.explicit || !this.catalogue.indices.has(row.ix)) return;
      const id = bytes.utf8Slice(row.id, row.source);
      const known = this.hotIds.get(row.ix, id);
      if (known && !known.deleted) replaced.push([row.ix, known.sequence, null]);
      this.hotIds.set(row.ix, id, { sequence: row.sequence, version: row.version, deleted: false });
    });
    for (const [ix, sequence, id] of tail.dead) {
      const known = id === null ? undefined : this.hotIds.get(ix, id);
      if (known?.sequence === sequence) this.hotIds.set(ix, id!, { ...known, deleted: true });
    }
    generation.dead.push(...replaced);
    this.bury(replaced);
  }

  readonly #nameOf = (ix: number): string | undefined => this.catalogue.indices.get(ix)?.name;

  /** After a fatal error of the engine: a new one, with the hot tables filled from the log. Tries until it works. */
  #rebuild(reason: Error): Promise<void> {
    this.#rebuilding ??= (async () => {
      for (let wait = 100; !this.#closed; wait = Math.min(wait * 2, 5000)) {
        this.problems.set(
          'engine',
          `the query engine failed and is started again: ${reason.message.slice(0, 300)}`,
        );
        try {
          await this.duckdb.reopen();
          for (const generation of this.generations.values()) {
            generation.hot.freeze();
            await generation.hot.open();
            readLogFile(this.#logFiles, generation.number, (payload, frame) => {
              if (frame >= generation.firstFrame && frame <= generation.lastFrame)
                generation.hot.refill(payload, frameTail(payload), this.#nameOf);
            });
            generation.hot.flush();
          }
          this.problems.clear('engine');
          return;
        } catch (error) {
          reason = error as Error;
          await new Promise((done) => setTimeout(done, wait));
        }
      }
    })().finally(() => {
      this.#rebuilding = undefined;
    });
    return this.#rebuilding;
  }

  /** Files that were written but never entered, or taken out but not yet removed, when the process ended. */
  #removeOrphans(): void {
    const wanted = new Set<string>();
    for (const { info } of this.catalogue.segments.values()) {
      if (!info.archived) for (const file of filesOf(info)) wanted.add(file);
    }
    const root = join(this.folder, 'segments');
    for (const index of readdirSync(root)) {
      const names = readdirSync(join(root, index));
      let kept = 0;
      for (const name of names) {
        if (wanted.has(join('segments', index, name))) kept++;
        else rmSync(join(root, index, name), { force: true });
      }
      if (kept === 0) rmSync(join(root, index), { recursive: true, force: true });
    }
  }
}

function push<K>(map: Map<K, number[]>, key: K, value: number): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
