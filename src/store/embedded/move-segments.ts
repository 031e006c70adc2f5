/**
 * Segments on their way to the archive and back. Each is copied, checked, entered, and only then removed from where it
 * was: whenever the process ends, it is in one of both places, and the other copy is removed when the store is opened.
 */
import { copyFile, mkdir, open, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreError } from '../errors.ts';
import type { Archive } from './archive.ts';
import type { Index, Segment, SegmentInfo } from './catalogue.ts';
import type { Core } from './core.ts';
import { newSegmentId, segmentFile } from './sealer.ts';
import { bytesOf, documentsFile, filesOf, partsOf, stemOf } from './segment-files.ts';
import { checkSegment, syncFolder } from './segment-writer.ts';

/**
 * Moves what is not there yet. Answers the bytes.
 * @throws what the disk says, or that the copy is not good: then what is not moved stays where it is
 */
export async function moveIndex(
  core: Core,
  index: Index,
  to: 'archive' | 'store',
  stopped: () => boolean,
): Promise<number> {
  const toArchive = to === 'archive';
  const segments = index.segments.filter(
    ({ info, quarantined }) => (info.archived !== true) === toArchive && quarantined === undefined,
  );
  if (segments.length === 0) return 0;
  const { archive, catalogue } = core;
  if (!archive)
    throw new StoreError(400, 'archive_exception', 'there is no archive: store.archive.path is not set');
  if (toArchive) archive.make([...catalogue.segments.values()].some(({ info }) => info.archived));
  else {
    core.lookAtArchive();
    archive.requireThere();
  }
  const bytes = segments.reduce((sum, { info }) => sum + bytesOf(info), 0);
  const task = core.tasks.begin(toArchive ? `archive of ${index.name}` : `way back of ${index.name}`, bytes);
  try {
    for (const segment of segments) {
      if (stopped()) break;
      await moveSegment(core, archive, segment, toArchive);
      task.done += bytesOf(segment.info);
    }
  } finally {
    core.tasks.end(task);
  }
  return task.done;
}

async function moveSegment(
  core: Core,
  archive: Archive,
  segment: Segment,
  toArchive: boolean,
): Promise<void> {
  const { info, index } = segment;
  const { catalogue } = core;
  const [from, to] = toArchive ? [core.folder, archive.folder] : [archive.folder, core.folder];
  const isCurrent = (): boolean => catalogue.segments.get(info.id) === segment;
  const { bavail, bsize } = await statfs(to);
  if (bavail * bsize < bytesOf(info) * 1.1)
    throw new StoreError(
      507,
      'archive_exception',
      toArchive ? `the archive ${archive.path} is full` : `the disk of ${core.folder} is full`,
    );
  const moved = toArchive ? { ...info, archived: true as const } : renamed(core, index, info);
  const targets = filesOf(moved).map((file) => join(to, file));
  segment.pin.acquire();
  try {
    for (const [at, file] of filesOf(info).entries()) await copyDurably(join(from, file), targets[at]!);
    for (const { file, bytes, sums } of partsOf(moved)) {
      const reason = await checkSegment(join(to, file), bytes, sums);
      if (reason === undefined) continue;
      // Perhaps it was damaged before.
      await core.verify([segment]);
      throw new Error(`${join(to, file)}: ${reason}`);
    }
    await core.publish(
      () => {
        if (!isCurrent()) throw new SegmentGone();
        const { buried } = segment;
        return {
          before: [],
          record: {
            t: 'segments',
            add: [moved],
            remove: [info.id],
            dead: buried.length > 0 ? { [moved.id]: buried } : {},
          },
        };
      },
      // What is only in the log so far.
      () => core.bury(segment.tombstones.map((sequence) => [index.ix, sequence, null])),
    );
  } catch (error) {
    if (catalogue.segments.get(moved.id)?.info !== moved)
      for (const file of targets) await rm(file, { force: true }).catch(() => {});
    if (!(error instanceof SegmentGone)) throw error;
  } finally {
    segment.pin.release();
  }
}

/**
 * What comes back gets new names: those it had here may still be in use by a search that began before it was moved, whose
 * end removes them, as does the manifest when it is read again.
 */
function renamed(core: Core, index: Index, { archived: _, ...info }: SegmentInfo): SegmentInfo {
  const id = newSegmentId(info.first);
  const file = segmentFile(core, index, id);
  const [old, stem] = [stemOf(info.file), stemOf(file)];
  const sidecars = Object.entries(info.sidecars).map(([kind, name]) => [kind, name.replace(old, stem)]);
  return {
    ...info,
    id,
    file,
    ...(info.documents && { documents: { ...info.documents, file: documentsFile(file) } }),
    sidecars: Object.fromEntries(sidecars),
  };
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
