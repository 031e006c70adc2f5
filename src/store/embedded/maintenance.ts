/** What the store does by itself: seals, merges, retention, and looking at its files again. One thing at a time. */
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { planRetention, ruleOf } from '../retention-plan.ts';
import type { CatalogueRecord, Index, Segment } from './catalogue.ts';
import type { Core } from './core.ts';
import { isKeptHere } from './kept-here.ts';
import { mergeSegments, nextMerge } from './merger.ts';
import { moveIndex } from './move-segments.ts';
import { sealGeneration } from './sealer.ts';
import { bytesOf } from './segment-files.ts';

export interface MaintenanceOptions {
  /** Milliseconds. */
  readonly sealAfter: number;
  readonly sealRows: number;
  readonly sealBytes: number;
  readonly mergeEvery: number;
  readonly retentionEvery: number;
  readonly verifyEvery: number;
}

const DEFAULT_MAINTENANCE: MaintenanceOptions = {
  sealAfter: 15_000,
  sealRows: 30_000,
  sealBytes: 96 << 20,
  mergeEvery: 10_000,
  retentionEvery: 60_000,
  verifyEvery: 5_000,
};

/** An index that was written to since then is not moved yet. */
const QUIET = 3_600_000;

export class Maintenance {
  readonly #core: Core;
  readonly #options: MaintenanceOptions;
  readonly #change: (change: () => readonly CatalogueRecord[]) => Promise<void>;
  readonly #verified = new WeakSet<Segment>();
  readonly #timers: NodeJS.Timeout[] = [];
  #sealing: Promise<void> | undefined;
  #merging: Promise<void> | undefined;
  #checking: Promise<void> | undefined;
  #retryAt = 0;
  #stopped = false;

  constructor(
    core: Core,
    change: (change: () => readonly CatalogueRecord[]) => Promise<void>,
    options: Partial<MaintenanceOptions> = {},
  ) {
    this.#core = core;
    this.#change = change;
    this.#options = { ...DEFAULT_MAINTENANCE, ...options };
    const { mergeEvery, retentionEvery, verifyEvery, sealAfter } = this.#options;
    this.#every(Math.min(1000, sealAfter), () => this.sealIfDue());
    this.#every(mergeEvery, () => void this.merge());
    this.#every(retentionEvery, () => void this.applyRetention().catch(() => {}));
    this.#every(verifyEvery, () => void this.#verifyNext());
  }

  /** After each write: seals what is full or old. */
  sealIfDue(): void {
    const { sealAfter, sealRows, sealBytes } = this.#options;
    const now = Date.now();
    if (this.#sealing || this.#stopped || now < this.#retryAt) return;
    let rows = 0;
    let bytes = 0;
    let oldest = now;
    for (const generation of this.#core.generations.values()) {
      rows += generation.hot.rows;
      bytes += generation.bytes;
      oldest = Math.min(oldest, generation.opened);
    }
    if (
      rows >= sealRows ||
      bytes >= sealBytes ||
      (now - oldest >= sealAfter && this.#core.generations.size > 0)
    )
      void this.seal().catch(() => {});
  }

  get isSealing(): boolean {
    return this.#sealing !== undefined;
  }

  /** Everything that is committed by now goes to segments. @throws what the disk or the engine say */
  seal(): Promise<void> {
    const sealing = (this.#sealing ?? Promise.resolve())
      .catch(() => {})
      .then(() => this.#seal())
      .finally(() => {
        if (this.#sealing === sealing) this.#sealing = undefined;
      });
    this.#sealing = sealing;
    return sealing;
  }

  async #seal(): Promise<void> {
    const core = this.#core;
    await core.rotate();
    try {
      for (const generation of [...core.generations.values()]) {
        // One that began after the rotation still gets frames.
        if (generation.number >= core.log.current) break;
        await sealGeneration(core, generation);
      }
      core.problems.clear('seal');
      this.#retryAt = 0;
    } catch (error) {
      this.#retryAt = Date.now() + 1000;
      core.problems.set(
        'seal',
        `events can not be written to segments in ${join(core.folder, 'segments')}: ${(error as Error).message}`,
      );
      throw error;
    }
  }

  /** Rows come in faster than they are sealed. */
  get #isBusy(): boolean {
    let rows = 0;
    for (const { hot } of this.#core.generations.values()) rows += hot.rows;
    return rows >= this.#options.sealRows;
  }

  /** Merges until nothing is worth it. */
  merge(): Promise<void> {
    this.#merging ??= this.#merge().finally(() => {
      this.#merging = undefined;
    });
    return this.#merging;
  }

  async #merge(): Promise<void> {
    const core = this.#core;
    try {
      for (
        let job = nextMerge(core.catalogue, Date.now(), undefined, this.#isBusy);
        job && !this.#stopped;
        job = nextMerge(core.catalogue, Date.now(), undefined, this.#isBusy)
      ) {
        const bytes = job.segments.reduce((sum, { info }) => sum + bytesOf(info), 0);
        const { bavail, bsize } = statfsSync(core.folder);
        if (bavail * bsize < bytes * 2) break;
        try {
          await mergeSegments(core, job);
        } catch (error) {
          // Perhaps one of its files is damaged: then it goes on without it.
          if (this.#stopped || !(await core.verify(job.segments))) throw error;
        }
      }
      core.problems.clear('merge');
      if (!this.#stopped) await this.#archiveOld();
    } catch (error) {
      if (!this.#stopped)
        core.problems.set('merge', `segments can not be merged: ${(error as Error).message}`, false);
    }
    await core.restMerging();
  }

  /** Moves the segments of indices that are old enough, after their last merge. */
  async #archiveOld(): Promise<void> {
    const core = this.#core;
    try {
      for (const index of [...core.catalogue.indices.values()]) {
        const after = ruleOf(core.catalogue.rules, index)?.archiveAfter;
        if (after === undefined || !index.segments.some(({ info }) => !info.archived)) continue;
        if (isKeptHere(index)) continue;
        const now = Date.now();
        const written = Math.max(...index.segments.map(({ info }) => info.created));
        if (now - this.#latest(index) <= after || now - written <= Math.min(after, QUIET)) continue;
        await this.#archiveNow(index);
      }
      core.problems.clear('archiving');
    } catch (error) {
      if (!this.#stopped)
        core.problems.set(
          'archiving',
          `segments can not be moved to the archive: ${(error as Error).message}`,
          false,
        );
    }
  }

  /** Now, whatever the rules say. Answers the bytes. @throws what the disk says */
  async archive(indices: readonly Index[]): Promise<number> {
    await this.seal();
    let bytes = 0;
    for (const index of indices) bytes += await this.#exclusively(() => this.#archiveNow(index));
    return bytes;
  }

  /** The way back. Answers the bytes. @throws what the disk says */
  async unarchive(indices: readonly Index[]): Promise<number> {
    let bytes = 0;
    for (const index of indices)
      bytes += await this.#exclusively(() => moveIndex(this.#core, index, 'store', () => this.#stopped));
    return bytes;
  }

  async #archiveNow(index: Index): Promise<number> {
    const core = this.#core;
    for (
      let job = nextMerge(core.catalogue, Date.now(), index), tries = 0;
      job && tries < 1000 && !this.#stopped;
      job = nextMerge(core.catalogue, Date.now(), index), tries++
    ) {
      // A full disk: then they move as they are.
      const bytes = job.segments.reduce((sum, { info }) => sum + bytesOf(info), 0);
      const { bavail, bsize } = statfsSync(core.folder);
      if (bavail * bsize < bytes * 2) break;
      await mergeSegments(core, job);
    }
    return moveIndex(core, index, 'archive', () => this.#stopped);
  }

  /** Not while it merges, and no merge meanwhile. */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    while (this.#merging) await this.#merging;
    const working = work();
    this.#merging = working.then(
      () => {},
      () => {},
    );
    try {
      return await working;
    } finally {
      this.#merging = undefined;
    }
  }

  /** Deletes indices that are too old, or the oldest where a pattern's indices are too large together. */
  async applyRetention(): Promise<void> {
    const { catalogue } = this.#core;
    const { rules } = catalogue;
    if (rules.length === 0) return;
    await this.#change(() => {
      const indices = [...catalogue.indices.values()].map((index) => ({
        name: index.name,
        created: index.created,
        latest: this.#latest(index),
        bytes: indexBytes(index),
        index,
        ...(index.dataStream !== undefined && { dataStream: index.dataStream }),
      }));
      const due = [...planRetention(indices, rules, Date.now())].filter(([, plan]) => plan.due !== undefined);
      const dropped = due.map(([{ index }]): CatalogueRecord => ({ t: 'drop', ix: index.ix }));
      const left = new Set(indices.map(({ dataStream }) => dataStream));
      const gone = new Set(due.map(([one]) => one));
      for (const stream of catalogue.objects('data_stream').keys())
        if (left.has(stream) && !indices.some((one) => one.dataStream === stream && !gone.has(one)))
          dropped.push({ t: 'object', kind: 'data_stream', name: stream, body: null });
      return dropped;
    });
  }

  #latest(index: Index): number {
    let latest: number | undefined;
    for (const { info } of index.segments)
      if (info.latest !== undefined) latest = Math.max(latest ?? info.latest, info.latest);
    for (const { hot } of this.#core.generations.values()) {
      const own = hot.indices.get(index.ix)?.latest;
      if (own !== undefined) latest = Math.max(latest ?? own, own);
    }
    return latest ?? index.created;
  }

  /** Every file is looked at once in each run of the process. */
  async #verifyNext(): Promise<void> {
    if (this.#checking) return;
    this.#core.lookAtArchive();
    for (const segment of this.#core.catalogue.segments.values()) {
      if (this.#verified.has(segment) || this.#core.isAway(segment)) continue;
      this.#verified.add(segment);
      this.#checking = this.#core.verify([segment]).then(
        () => {},
        () => {},
      );
      await this.#checking;
      this.#checking = undefined;
      return;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#core.stopMerging();
    await Promise.allSettled([this.#sealing, this.#merging, this.#checking]);
  }

  #every(milliseconds: number, work: () => void): void {
    const timer = setInterval(work, milliseconds);
    timer.unref();
    this.#timers.push(timer);
  }
}

const indexBytes = (index: Index): number => index.segments.reduce((sum, { info }) => sum + bytesOf(info), 0);
