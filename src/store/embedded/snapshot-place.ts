/** Where a snapshot lies: a folder or S3. */
import { copyFile, link, mkdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreError, unsupported } from '../errors.ts';
import { S3Client } from '../s3/s3-client.ts';
import { isS3, type S3Settings, s3Target } from '../s3/s3-target.ts';
import type { StoredFile } from './catalogue.ts';
import { decodeWhole } from './manifest.ts';
import { partsOf } from './segment-files.ts';
import { checkSegment, syncFolder, writeDurably } from './segment-writer.ts';
import type { SnapshotRecord } from './store-snapshot.ts';

/**
 * whole: it can be restored. partial: it is being made, or that was interrupted. deleting: the same of its deletion, which
 * goes on when it is deleted again.
 */
export type SnapshotState = 'whole' | 'partial' | 'deleting';

export interface SnapshotPlace {
  /** For messages. */
  readonly name: string;
  /** Undefined: there is none. */
  readonly state: () => Promise<SnapshotState | undefined>;
  /** First: what is here is going to be a snapshot. */
  readonly begin: () => Promise<void>;
  /** `path`: where the file of a segment is here. What is there already is not sent again. */
  readonly keep: (
    segments: readonly { readonly info: StoredFile; readonly path: string }[],
    done: (bytes: number) => void,
  ) => Promise<void>;
  /** Last: now it is a snapshot. */
  readonly finish: (manifest: Uint8Array) => Promise<void>;
  readonly manifest: () => Promise<Uint8Array | undefined>;
  /** Brings a segment's file to `path`, whole. @throws StoreError when it is damaged */
  readonly bring: (info: StoredFile, path: string) => Promise<void>;
  /** From its first step on it is no snapshot any more; what no other snapshot needs of its data goes with it. */
  readonly remove: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The files that say that a folder or prefix is a snapshot. */
export const SNAPSHOT_FILES: Readonly<Record<SnapshotState, string>> = {
  whole: 'snapshot.json',
  partial: 'snapshot.partial',
  deleting: 'snapshot.deleting',
};
const SNAPSHOT_NAME = SNAPSHOT_FILES.whole;
/** Files on their way to S3 at the same time: each has up to 16 MiB in memory. */
const AT_ONCE = 3;

/** @throws StoreError when it is no such place, or credentials are missing */
export function snapshotPlace(target: string, s3: S3Settings): SnapshotPlace {
  if (isS3(target)) return s3Place(target, s3);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) throw unsupported(`A snapshot in ${target.split('://')[0]}`);
  return folderPlace(target);
}

/** Hard links where the file system can, otherwise copies. */
function folderPlace(folder: string): SnapshotPlace {
  const fileOf = (state: SnapshotState): string => join(folder, SNAPSHOT_FILES[state]);
  const has = (state: SnapshotState): Promise<boolean> =>
    stat(fileOf(state)).then(
      () => true,
      () => false,
    );
  return {
    name: folder,
    state: () => firstOf(has),
    begin: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeDurably(fileOf('partial'), new Uint8Array());
    },
    keep: async (segments, done) => {
      for (const { info, path } of segments) {
        await linkOrCopy(path, join(folder, info.file));
        done(info.bytes);
      }
    },
    finish: async (manifest) => {
      await writeDurably(fileOf('whole'), manifest);
      await rm(fileOf('partial'), { force: true });
    },
    manifest: () => readFile(fileOf('whole')).catch(() => undefined),
    bring: async ({ file, bytes, sums }, path) => {
      const reason = await checkSegment(join(folder, file), bytes, sums);
      if (reason !== undefined)
        throw new StoreError(500, 'snapshot_restore_exception', `${join(folder, file)}: ${reason}`);
      await linkOrCopy(join(folder, file), path);
    },
    remove: async () => {
      if (await has('whole')) {
        await rename(fileOf('whole'), fileOf('deleting'));
        await syncFolder(folder);
      }
      await rm(join(folder, 'segments'), { recursive: true, force: true });
      for (const state of ['partial', 'deleting'] as const) await rm(fileOf(state), { force: true });
      // Other snapshots may lie in it.
      await rmdir(folder).catch(() => {});
    },
    close: async () => {},
  };
}

/** Segments of all snapshots lie beside one another, under names that never come again. */
function s3Place(text: string, settings: S3Settings): SnapshotPlace {
  const target = s3Target(text, settings);
  const client = new S3Client(target);
  const keyOfState = (state: SnapshotState): string => `${target.prefix}/${SNAPSHOT_FILES[state]}`;
  const manifestKey = keyOfState('whole');
  const keyOf = (file: string): string => (target.repository === '' ? file : `${target.repository}/${file}`);
  return {
    name: `s3://${target.bucket}/${target.prefix}`,
    state: () => firstOf((state) => client.exists(keyOfState(state))),
    // What was sent without a snapshot is used by the next one: it lies beside the data of the others.
    begin: async () => {},
    keep: async (segments, done) => {
      const there = new Map<string, number>();
      for (const folder of new Set(segments.map(({ info }) => dirname(keyOf(info.file)))))
        for (const [key, size] of await client.list(`${folder}/`)) there.set(key, size);
      const waiting = segments.values();
      let failed = false;
      const work = async (): Promise<void> => {
        for (const { info, path } of waiting) {
          if (failed) return;
          const key = keyOf(info.file);
          if (there.get(key) === info.bytes) done(info.bytes);
          else await client.upload(path, key, info, done);
        }
      };
      const outcomes = await Promise.allSettled(
        Array.from({ length: AT_ONCE }, () =>
          work().catch((error: unknown) => {
            failed = true;
            throw error;
          }),
        ),
      );
      const bad = outcomes.find((outcome) => outcome.status === 'rejected');
      if (bad) throw bad.reason;
    },
    finish: (manifest) => client.put(manifestKey, manifest),
    manifest: () => client.get(manifestKey),
    bring: (info, path) => client.download(keyOf(info.file), path, info),
    remove: async () => {
      const manifest = (await client.get(manifestKey)) ?? (await client.get(keyOfState('deleting')));
      if (manifest) {
        await client.put(keyOfState('deleting'), manifest);
        await client.remove(manifestKey);
        const needed = await neededByOthers(client, target.repository, manifestKey);
        for (const file of filesIn(manifest)) {
          const key = keyOf(file);
          if (!needed.has(file)) await client.remove(key);
        }
      }
      await client.remove(keyOfState('deleting'));
    },
    close: () => client.close(),
  };
}

const STATES = ['whole', 'deleting', 'partial'] as const;

async function firstOf(has: (state: SnapshotState) => Promise<boolean>): Promise<SnapshotState | undefined> {
  for (const state of STATES) if (await has(state)) return state;
  return undefined;
}

/** Files of segments that a manifest names, as far as it can be read. */
function filesIn(manifest: Uint8Array, damaged: () => void = () => {}): string[] {
  return (decodeWhole(manifest, damaged) as SnapshotRecord[])
    .flatMap(({ segments }) => segments.flatMap(partsOf).map(({ file }) => file))
    .filter((file) => file.startsWith('segments/'));
}

/** @throws StoreError when one of the others can not be read: then it is not known what it needs */
async function neededByOthers(client: S3Client, repository: string, own: string): Promise<Set<string>> {
  const prefix = repository === '' ? '' : `${repository}/`;
  const needed = new Set<string>();
  for (const key of (await client.list(prefix)).keys()) {
    const isManifest = key.endsWith(`/${SNAPSHOT_NAME}`) && key.slice(prefix.length).split('/').length === 2;
    if (!isManifest || key === own) continue;
    const manifest = await client.get(key);
    if (!manifest) continue;
    const damaged = (): never => {
      throw new StoreError(
        409,
        'snapshot_exception',
        `${key} beside it is damaged: what of the data that snapshot needs is not known. Delete it first`,
      );
    };
    for (const file of filesIn(manifest, damaged)) needed.add(file);
  }
  return needed;
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await rm(to, { force: true });
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
  }
}
