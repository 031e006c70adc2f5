import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { EmbeddedStore } from './embedded-store.ts';
import { embeddedSearcher } from './search/searcher.ts';

let root = '';
let store: EmbeddedStore;
const place = (): string => join(root, 'snapshots');
const at = (...parts: string[]): string => join(place(), ...parts);
const names = async (): Promise<(string | undefined)[][]> =>
  (await store.snapshots(place())).map(({ target, problem }) => [target.slice(place().length + 1), problem]);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-delete-snapshot-'));
  store = await EmbeddedStore.open({
    folder: join(root, 'store'),
    searcher: embeddedSearcher,
    reserve: 0,
    maintenance: { verifyEvery: 1e6, mergeEvery: 1e6, retentionEvery: 1e6 },
  });
  await store.bulkBody({ body: Buffer.from('{"create":{"_index":"a"}}\n{"n":1}\n') });
});
beforeEach(() => rmSync(place(), { recursive: true, force: true }));
afterAll(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

test('a snapshot is deleted with all its files; the others and the store stay as they are', async () => {
  await store.snapshot(at('one'), { names: [] });
  await store.snapshot(at('two'), { names: [] });
  expect(readdirSync(at('one')).toSorted()).toEqual(['segments', 'snapshot.json']);
  await store.deleteSnapshot(at('one'));
  expect(existsSync(at('one'))).toBe(false);
  expect(await names()).toEqual([['two', undefined]]);
  await store.restore(at('two'), { indices: { names: [] }, renamePattern: '^', renameReplacement: 'back-' });
  expect((await store.count({ names: ['back-a', 'a'] }, { type: 'all' })).count).toBe(2);
  await store.deleteIndices({ names: ['back-a'] });
});

test('a deletion that was interrupted is told, and goes on when it is deleted again', async () => {
  await store.snapshot(at('one'), { names: [] });
  renameSync(at('one', 'snapshot.json'), at('one', 'snapshot.deleting'));
  expect(await names()).toEqual([['one', 'its deletion was interrupted: delete it again']]);
  await expect(store.snapshot(at('one'), { names: [] })).rejects.toThrow(/deletion was interrupted/);
  await expect(store.restore(at('one'), { indices: { names: [] } })).rejects.toThrow(/holds no snapshot/);
  await store.deleteSnapshot(at('one'));
  expect(existsSync(at('one'))).toBe(false);
});

test('one that was never finished is told, can be made again, or deleted', async () => {
  for (const name of ['again', 'gone']) {
    mkdirSync(at(name, 'segments'), { recursive: true });
    writeFileSync(at(name, 'snapshot.partial'), '');
  }
  const problem = 'it is not whole: making it was interrupted';
  expect((await names()).toSorted()).toEqual([
    ['again', problem],
    ['gone', problem],
  ]);
  await store.deleteSnapshot(at('gone'));
  await store.snapshot(at('again'), { names: [] });
  expect(await names()).toEqual([['again', undefined]]);
});

test('what is no snapshot is left alone, and so is what lies beside and below one', async () => {
  mkdirSync(at('store', 'segments'), { recursive: true });
  await expect(store.deleteSnapshot(at('store'))).rejects.toMatchObject({ status: 404 });
  await expect(store.deleteSnapshot(at('nowhere'))).rejects.toMatchObject({ status: 404 });
  expect(existsSync(at('store', 'segments'))).toBe(true);
  await store.snapshot(place(), { names: [] });
  await store.deleteSnapshot(place());
  expect(readdirSync(place())).toEqual(['store']);
});

test('not while it is made or restored', async () => {
  await store.snapshot(at('one'), { names: [] });
  const restoring = store.restore(at('one'), {
    indices: { names: [] },
    renamePattern: '^',
    renameReplacement: 'again-',
  });
  await expect(store.deleteSnapshot(at('one'))).rejects.toMatchObject({ status: 409 });
  await restoring;
  await store.deleteSnapshot(at('one'));
});
