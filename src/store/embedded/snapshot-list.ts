/** Which snapshots lie at a place, and what is in them. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../errors.ts';
import { S3Client } from '../s3/s3-client.ts';
import { isS3, type S3Settings, s3Target } from '../s3/s3-target.ts';
import type { SnapshotIndexInfo, SnapshotInfo } from '../store.ts';
import { decodeWhole } from './manifest.ts';
import { SNAPSHOT_FILES, type SnapshotState, snapshotPlace } from './snapshot-place.ts';
import type { SnapshotRecord } from './store-snapshot.ts';

/** Of folders below the place: a repository, and a snapshot in it. */
const DEPTH = 2;
const MAX_SNAPSHOTS = 1000;

const NAMES = new Set(Object.values(SNAPSHOT_FILES));
const PROBLEMS: Readonly<Record<Exclude<SnapshotState, 'whole'>, string>> = {
  partial: 'it is not whole: making it was interrupted',
  deleting: 'its deletion was interrupted: delete it again',
};

/** The newest first. @throws StoreError when there is no such place */
export async function listSnapshots(place: string, s3: S3Settings): Promise<SnapshotInfo[]> {
  const targets = isS3(place) ? await inS3(place, s3) : await inFolder(place, DEPTH);
  const found: SnapshotInfo[] = [];
  for (const target of targets.slice(0, MAX_SNAPSHOTS)) found.push(await describe(target, s3));
  return found.sort((a, b) => (b.taken ?? 0) - (a.taken ?? 0));
}

async function inFolder(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    // Where snapshots go, but none was made.
    if (error.code === 'ENOENT') return [];
    throw new StoreError(400, 'repository_exception', `[${folder}] can not be read: ${error.message}`);
  });
  if (entries.some((entry) => entry.isFile() && NAMES.has(entry.name))) return [folder];
  if (depth === 0) return [];
  const below: string[] = [];
  for (const entry of entries)
    if (entry.isDirectory()) below.push(...(await inFolder(join(folder, entry.name), depth - 1)));
  return below;
}

async function inS3(place: string, settings: S3Settings): Promise<string[]> {
  const target = s3Target(place, settings);
  const client = new S3Client(target);
  try {
    const query = place.includes('?') ? place.slice(place.indexOf('?')) : '';
    const keys = [...(await client.list(`${target.prefix}/`)).keys()];
    const found = keys.filter((key) => NAMES.has(key.slice(key.lastIndexOf('/') + 1)));
    return [...new Set(found.map((key) => key.slice(0, key.lastIndexOf('/'))))].map(
      (prefix) => `s3://${target.bucket}/${prefix}${query}`,
    );
  } finally {
    await client.close();
  }
}

async function describe(target: string, s3: S3Settings): Promise<SnapshotInfo> {
  const place = snapshotPlace(target, s3);
  try {
    const state = await place.state();
    if (state !== undefined && state !== 'whole')
      return { target, indices: [], bytes: 0, problem: PROBLEMS[state] };
    let damaged = false as boolean;
    const text = (await place.manifest()) ?? new Uint8Array();
    const records = decodeWhole(text, () => (damaged = true)) as SnapshotRecord[];
    const indices = records.map(indexOf).sort((a, b) => (a.name < b.name ? -1 : 1));
    const taken = records[0]?.taken ?? (isS3(target) ? undefined : await timeOf(target));
    return {
      target,
      ...(taken !== undefined && { taken }),
      indices,
      bytes: indices.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
      ...(damaged && { problem: `${SNAPSHOT_FILES.whole} is damaged` }),
    };
  } catch (error) {
    return { target, indices: [], bytes: 0, problem: (error as Error).message };
  } finally {
    await place.close();
  }
}

const timeOf = (folder: string): Promise<number | undefined> =>
  stat(join(folder, SNAPSHOT_FILES.whole)).then(
    ({ mtimeMs }) => Math.round(mtimeMs),
    () => undefined,
  );

function indexOf({ index, segments }: SnapshotRecord): SnapshotIndexInfo {
  const times = (name: 'earliest' | 'latest'): number[] => segments.flatMap((segment) => segment[name] ?? []);
  const [earliest, latest] = [Math.min(...times('earliest')), Math.max(...times('latest'))];
  return {
    name: index.name,
    documents: segments.reduce((sum, { rows, dead }) => sum + rows - dead.length, 0),
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(Number.isFinite(earliest) && { earliest }),
    ...(Number.isFinite(latest) && { latest }),
  };
}
