/** The embedded store's engine without a store, for tests of what it is asked. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Duckdb } from '../../src/store/embedded/duckdb.ts';

/** It may read and write below the folder; what it needs for itself is in `tmp` there. */
export function openDuckdb(folder: string): Promise<Duckdb> {
  const temporaryFolder = join(folder, 'tmp');
  mkdirSync(temporaryFolder, { recursive: true });
  return Duckdb.open({
    threads: 2,
    memoryLimit: 2 ** 30,
    temporaryFolder,
    temporaryLimit: 2 ** 30,
    folders: [folder],
  });
}

/** One in a folder of its own; both are gone after the tests of the file that calls it. */
export async function duckdbForTests(): Promise<{ readonly folder: string; readonly duckdb: Duckdb }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-duckdb-'));
  const duckdb = await openDuckdb(folder);
  afterAll(async () => {
    await duckdb.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, duckdb };
}
