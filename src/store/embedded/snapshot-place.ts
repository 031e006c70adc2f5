/** Where a snapshot lies: a folder or S3. */
import { copyFile, link, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreError, unsupported } from '../errors.ts';
import { S3Client } from '../s3/s3-client.ts';
import { isS3, type S3Settings, s3Target } from '../s3/s3-target.ts';
import type { SegmentInfo } from './catalogue.ts';
import { checkSegment, writeDurably } from './segment-writer.ts';

type File = Pick<SegmentInfo, 'file' | 'bytes' | 'sums'>;

export interface SnapshotPlace {
  /** For messages. */
  readonly name: string;
  readonly isTaken: () => Promise<boolean>;
  /** `paths`: where the files of the segments are here. What is there already is not sent again. */
  readonly keep: (
    segments: readonly { readonly info: File; readonly path: string }[],
    done: (bytes: number) => void,
  ) => Promise<void>;
  /** Last: now it is a snapshot. */
  readonly finish: (manifest: Uint8Array) => Promise<void>;
  readonly manifest: () => Promise<Uint8Array | undefined>;
  /** Brings a segment's file to `path`, whole. @throws StoreError when it is damaged */
  readonly bring: (info: File, path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export const SNAPSHOT_NAME = 'snapshot.json';
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
  return {
    name: folder,
    isTaken: () =>
      stat(join(folder, SNAPSHOT_NAME)).then(
        () => true,
        () => false,
      ),
    keep: async (segments, done) => {
      for (const { info, path } of segments) {
        await linkOrCopy(path, join(folder, info.file));
        done(info.bytes);
      }
    },
    finish: async (manifest) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeDurably(join(folder, SNAPSHOT_NAME), manifest);
    },
    manifest: () => readFile(join(folder, SNAPSHOT_NAME)).catch(() => undefined),
    bring: async ({ file, bytes, sums }, path) => {
      const reason = await checkSegment(join(folder, file), bytes, sums);
      if (reason !== undefined)
        throw new StoreError(500, 'snapshot_restore_exception', `${join(folder, file)}: ${reason}`);
      await linkOrCopy(join(folder, file), path);
    },
    close: async () => {},
  };
}

/** Segments of all snapshots lie beside one another, under names that never come again. */
function s3Place(text: string, settings: S3Settings): SnapshotPlace {
  const target = s3Target(text, settings);
  const client = new S3Client(target);
  const manifestKey = `${target.prefix}/${SNAPSHOT_NAME}`;
  const keyOf = (file: string): string => (target.repository === '' ? file : `${target.repository}/${file}`);
  return {
    name: `s3://${target.bucket}/${target.prefix}`,
    isTaken: () => client.exists(manifestKey),
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
    close: () => client.close(),
  };
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
