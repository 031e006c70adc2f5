import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { VERSION } from '../../kernel/version.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { encodeLine, Manifest, STORE_FORMAT } from './manifest.ts';
import { embeddedSearcher } from './search/searcher.ts';
import { RealStoreFiles } from './store-files.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-manifest-'));
  folders.push(folder);
  return folder;
}

const linesOf = (folder: string): string[] =>
  readFileSync(join(folder, 'manifest'), 'utf8').trimEnd().split('\n');
const recordsOf = (line: string): unknown => JSON.parse(line.slice(9));

/** Every file below a folder with what is in it, but for the lock. */
function everything(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.name.includes('lock')) files[path] = entry.isFile() ? readFileSync(path, 'latin1') : 'folder';
  }
  return files;
}

const open = (folder: string): Promise<EmbeddedStore> =>
  EmbeddedStore.open({ folder, searcher: embeddedSearcher, memoryLimit: 2 ** 28 });

test('the first line says which format of the store it is and who wrote it; a manifest without it gets it', async () => {
  const folder = newFolder();
  const record = { t: 'drop', ix: 1 };
  writeFileSync(join(folder, 'manifest'), encodeLine([record]));
  const { manifest, records } = await Manifest.open(
    new RealStoreFiles(folder),
    (all) => all,
    () => {},
  );
  expect(records).toEqual([record]);
  await manifest.append([{ t: 'drop', ix: 2 }]);
  await manifest.close();
  expect(linesOf(folder).map(recordsOf)).toEqual([
    [{ t: 'format', version: STORE_FORMAT, millrace: VERSION }],
    [record],
    [{ t: 'drop', ix: 2 }],
  ]);
});

test('a store of a newer format is not opened, and nothing of it changes', async () => {
  const folder = newFolder();
  const store = await open(folder);
  await store.close();
  const [, ...others] = linesOf(folder);
  const newer = { t: 'format', version: STORE_FORMAT + 1, millrace: '9.8.7' };
  writeFileSync(
    join(folder, 'manifest'),
    Buffer.concat([encodeLine([newer]), Buffer.from(`${others.join('\n')}\n`)]),
  );
  // What only the newer one knows.
  mkdirSync(join(folder, 'segments', 'logs'));
  writeFileSync(join(folder, 'segments', 'logs', 'a.novelty'), 'novelty');
  writeFileSync(join(folder, 'tmp', 'unfinished'), 'x');
  writeFileSync(join(folder, 'log', '7.log'), 'of another shape');
  const before = everything(folder);
  await expect(open(folder)).rejects.toThrow(
    `the event store in ${folder} was written by Millrace 9.8.7 in format ${STORE_FORMAT + 1}, and this is Millrace ${VERSION}, which knows formats up to ${STORE_FORMAT}: start Millrace 9.8.7 or a newer one. Nothing was changed`,
  );
  expect(everything(folder)).toEqual(before);
});

test('a torn or strange first line is damage, not a newer format', async () => {
  for (const start of ['', '\n', 'x'.repeat(5000), '00000000 [{"t":"format","version":99}]\n']) {
    const folder = newFolder();
    writeFileSync(join(folder, 'manifest'), start);
    const { manifest, records } = await Manifest.open(
      new RealStoreFiles(folder),
      (all) => all,
      () => {},
    );
    expect(records).toEqual([]);
    await manifest.close();
  }
});
