/** Writes segments: Parquet files that are whole and on disk under their name before the manifest speaks of them. */
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sqlText } from '../../query/sql-literal.ts';
import { crc32c } from '../../queue/crc32c.ts';
import type { Duckdb, Lane } from './duckdb.ts';

/** Of each part of a file there is a checksum in the manifest. */
export const SUM_BYTES = 64 << 20;

export interface WrittenFile {
  readonly rows: number;
  readonly bytes: number;
  readonly sums: readonly number[];
}

/** How close a file is packed. `quick`: soon to be merged. */
export type Packing = 'quick' | 'merged' | 'last';

/**
 * How many rows are packed together. A document is read by unpacking those of its row group, so that small ones make pages
 * of results cheap; the more values of a column stand together, the closer they pack. Version 2 of the format packs numbers
 * and lengths of texts closer than 1.
 */
const LAYOUT = {
  whole: 'ROW_GROUP_SIZE 10240',
  columns: 'ROW_GROUP_SIZE 40960, PARQUET_VERSION V2',
  documents: 'ROW_GROUP_SIZE 2048, PARQUET_VERSION V2',
} as const;

type Layout = keyof typeof LAYOUT;

/** Levels of zstd. From 4 to 5 documents lose a twentieth of their bytes, columns next to nothing. */
const LEVEL = {
  quick: { whole: 1, columns: 1, documents: 1 },
  merged: { whole: 3, columns: 3, documents: 5 },
  last: { whole: 9, columns: 9, documents: 9 },
} as const;

/**
 * Writes the rows of a SELECT to `file`, which does not exist. No rows: no file. There are no Bloom filters: they take a
 * dictionary of every column, which made files an eighth larger and merges twice as dear, and the filters of words
 * (`token-filter.ts`) know nearly all that they would.
 */
export async function writeSegment(
  duckdb: Duckdb,
  select: string,
  file: string,
  packing: Packing,
  lane: Lane,
  layout: Layout = 'whole',
): Promise<WrittenFile> {
  const temporary = `${file}.tmp`;
  try {
    const result = await duckdb.query(
      `COPY (${select}) TO ${sqlText(temporary)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL ${LEVEL[packing][layout]}, WRITE_BLOOM_FILTER false, ${LAYOUT[layout]})`,
      undefined,
      lane,
    );
    const rows = Number(result.columns[0]?.[0] ?? 0);
    if (rows === 0) {
      await rm(temporary, { force: true });
      return { rows, bytes: 0, sums: [] };
    }
    const { bytes, sums } = await sumAndSync(temporary);
    await rename(temporary, file);
    await syncFolder(dirname(file));
    return { rows, bytes, sums };
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Writes bytes under a name, whole and synced or not at all. */
export async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(dirname(file));
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sumAndSync(file: string): Promise<{ bytes: number; sums: number[] }> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  return sumFile(file);
}

/** CRC-32C of each part of a file. Reads a mebibyte at a time, so that others get their turn. */
export async function sumFile(file: string): Promise<{ bytes: number; sums: number[] }> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(1 << 20);
    const sums: number[] = [];
    let bytes = 0;
    let sum = 0;
    for (;;) {
      const { bytesRead } = await handle.read(
        buffer,
        0,
        Math.min(buffer.length, SUM_BYTES - (bytes % SUM_BYTES)),
        bytes,
      );
      if (bytesRead === 0) break;
      if (bytes % SUM_BYTES === 0) {
        if (bytes > 0) sums.push(sum);
        sum = 0;
      }
      sum = crc32c(buffer.subarray(0, bytesRead), sum);
      bytes += bytesRead;
    }
    if (bytes > 0) sums.push(sum);
    return { bytes, sums };
  } finally {
    await handle.close();
  }
}

/** What is wrong with a segment's file; undefined: nothing. */
export async function checkSegment(
  file: string,
  bytes: number,
  sums: readonly number[],
): Promise<string | undefined> {
  try {
    const size = (await stat(file)).size;
    if (size !== bytes) return `it has ${size} bytes instead of ${bytes}`;
    const found = await sumFile(file);
    const bad = sums.findIndex((sum, part) => found.sums[part] !== sum);
    return bad < 0 ? undefined : `its checksum is wrong behind byte ${bad * SUM_BYTES}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? 'the file is missing'
      : (error as Error).message;
  }
}
