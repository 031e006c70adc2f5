/**
 * The second, cheaper disk: segments that are moved there stay part of the store. Each store has a folder of its own on
 * it, whose presence says whether the disk is mounted.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdir, open, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreError } from '../errors.ts';
import type { Catalogue, Index, Segment, SegmentInfo } from './catalogue.ts';
import type { Core } from './core.ts';
import { checkSegment, syncFolder, writeDurably } from './segment-writer.ts';

const ID = 'archive-id';

export class Archive {
  readonly path: string;
  /** Of this store, below `path`. */
  readonly folder: string;
  #isThere: boolean;

  private constructor(path: string, folder: string) {
    this.path = path;
    this.folder = folder;
    this.#isThere = existsSync(folder);
  }

  /** Remembers which folder on the disk is the store's. */
  static async open(path: string, storeFolder: string): Promise<Archive> {
    const file = join(storeFolder, ID);
    if (!existsSync(file)) await writeDurably(file, Buffer.from(randomBytes(8).toString('hex')));
    return new Archive(path, join(path, `millrace-${readFileSync(file, 'utf8').trim()}`));
  }

  /** As it was when it was looked at last. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** Looks again. True: it has come back. */
  look(): boolean {
    const was = this.#isThere;
    this.#isThere = existsSync(this.folder);
    return this.#isThere && !was;
  }

  /** Of the first segment. An empty folder where the disk was is no archive. @throws StoreError */
  make(hasSegments: boolean): void {
    if (!existsSync(this.path) || (hasSegments && !existsSync(this.folder)))
      throw new StoreError(503, 'archive_exception', `the archive ${this.path} is not there: is it mounted?`);
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.#isThere = true;
  }

  /** Files that were copied but never entered, or taken out while the disk was away. */
  removeOrphans(catalogue: Catalogue): void {
    const root = join(this.folder, 'segments');
    if (!existsSync(root)) return;
    const wanted = new Set<string>();
    for (const { info } of catalogue.segments.values())
      if (info.archived) for (const file of filesOf(info)) wanted.add(file);
    for (const index of readdirSync(root)) {
      const names = readdirSync(join(root, index));
      const gone = names.filter((name) => !wanted.has(join('segments', index, name)));
      for (const name of gone) rmSync(join(root, index, name), { force: true });
      if (gone.length === names.length) rmSync(join(root, index), { recursive: true, force: true });
    }
  }
}

export const filesOf = ({ file, sidecars }: Pick<SegmentInfo, 'file' | 'sidecars'>): readonly string[] => [
  file,
  ...Object.values(sidecars),
];

/**
 * Moves the segments of an index: copied, checked, entered, and only then removed from the first disk. Answers the bytes.
 * @throws what the disk says, or that the copy is not good: then what is not moved stays where it is
 */
export async function archiveIndex(core: Core, index: Index, stopped: () => boolean): Promise<number> {
  const segments = index.segments.filter(
    ({ info, quarantined }) => !info.archived && quarantined === undefined,
  );
  if (segments.length === 0) return 0;
  const { archive, catalogue } = core;
  if (!archive)
    throw new StoreError(400, 'archive_exception', 'there is no archive: store.archive.path is not set');
  archive.make([...catalogue.segments.values()].some(({ info }) => info.archived));
  const bytes = segments.reduce((sum, { info }) => sum + info.bytes, 0);
  const task = core.tasks.begin(`archive of ${index.name}`, bytes);
  try {
    for (const segment of segments) {
      if (stopped()) break;
      await moveSegment(core, archive, segment);
      task.done += segment.info.bytes;
    }
  } finally {
    core.tasks.end(task);
  }
  return task.done;
}

async function moveSegment(core: Core, archive: Archive, segment: Segment): Promise<void> {
  const { info, index } = segment;
  const { catalogue } = core;
  const isCurrent = (): boolean => catalogue.segments.get(info.id) === segment;
  const { bavail, bsize } = await statfs(archive.folder);
  if (bavail * bsize < info.bytes * 1.1)
    throw new StoreError(507, 'archive_exception', `the archive ${archive.path} is full`);
  const files = filesOf(info);
  segment.pin.acquire();
  try {
    for (const file of files) await copyDurably(join(core.folder, file), join(archive.folder, file));
    const reason = await checkSegment(join(archive.folder, info.file), info.bytes, info.sums);
    if (reason !== undefined) {
      // Perhaps it was damaged before.
      await core.verify([segment]);
      throw new Error(`${join(archive.folder, info.file)}: ${reason}`);
    }
    await core.publish(
      () => {
        if (!isCurrent()) throw new SegmentGone();
        const { buried } = segment;
        return {
          before: [],
          record: {
            t: 'segments',
            add: [{ ...info, archived: true }],
            remove: [info.id],
            dead: buried.length > 0 ? { [info.id]: buried } : {},
          },
        };
      },
      // What is only in the log so far.
      () => core.bury(segment.tombstones.map((sequence) => [index.ix, sequence, null])),
    );
  } catch (error) {
    if (!catalogue.segments.get(info.id)?.info.archived)
      for (const file of files) await rm(join(archive.folder, file), { force: true }).catch(() => {});
    if (!(error instanceof SegmentGone)) throw error;
  } finally {
    segment.pin.release();
  }
}

class SegmentGone extends Error {}

async function copyDurably(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to);
  const handle = await open(to, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(dirname(to));
  await syncFolder(dirname(dirname(to)));
}
