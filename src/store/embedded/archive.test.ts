import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EmbeddedStore } from './embedded-store.ts';
import { embeddedSearcher } from './search/searcher.ts';

let root = '';
let store: EmbeddedStore;
const folder = (): string => join(root, 'store');
const archive = (): string => join(root, 'archive');

const open = async (more: object = {}): Promise<EmbeddedStore> =>
  EmbeddedStore.open({
    folder: folder(),
    archive: archive(),
    searcher: embeddedSearcher,
    reserve: 0,
    maintenance: { verifyEvery: 30, mergeEvery: 1e6, retentionEvery: 1e6 },
    ...more,
  });

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-archive-'));
  mkdirSync(folder());
  mkdirSync(archive());
  store = await open();
});
afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

async function write(index: string, first: number, count: number): Promise<void> {
  const lines = Array.from(
    { length: count },
    (_, at) => `{"index":{"_index":"${index}","_id":"${first + at}"}}\n{"n":${first + at}}\n`,
  );
  const { errors } = await store.bulkBody({ body: Buffer.from(lines.join('')) });
  expect(errors).toBe(false);
}
const count = async (index = '*'): Promise<number> =>
  (await store.count({ names: [index] }, { type: 'all' })).count;
const files = (path: string, index: string): string[] =>
  existsSync(join(path, 'segments', index))
    ? readdirSync(join(path, 'segments', index)).filter((name) => name.endsWith('.parquet'))
    : [];
/** Without what can be made again. */
const parts = (path: string, index: string): string[] =>
  files(path, index).filter((name) => !name.includes('indicators'));
const own = (): string => join(archive(), readdirSync(archive())[0]!);
const eventually = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 5000 });

test('what is moved is one segment on the other disk, is found, changed, copied, deleted as before, and survives a restart', async () => {
  await write('old', 0, 20);
  await store.settle();
  await write('old', 20, 20);
  await store.settle();
  await write('new', 0, 5);
  expect(await store.archive({ names: ['old'] })).toMatchObject({ indices: ['old'] });
  expect(files(folder(), 'old')).toEqual([]);
  expect(parts(own(), 'old')).toHaveLength(2);
  expect(parts(own(), 'old').filter((name) => name.endsWith('.documents.parquet'))).toHaveLength(1);
  expect(await count('old')).toBe(40);
  expect((await store.get('old', '7'))?.source).toBe('{"n":7}');

  await store.bulkBody({ body: Buffer.from('{"delete":{"_index":"old","_id":"3"}}\n') });
  await write('old', 5, 1);
  expect(await count('old')).toBe(39);
  expect((await store.get('old', '5'))?.version).toBe(2);
  const [info] = await store.indices({ names: ['old'] });
  expect(info).toMatchObject({ documents: 39, health: 'green' });
  expect((await store.status()).archive).toMatchObject({ path: archive(), isThere: true });

  const target = join(root, 'snapshot');
  await store.snapshot(target, { names: ['old'] });
  await store.close();
  store = await open();
  expect(await count('old')).toBe(39);
  await store.restore(target, { indices: { names: [] }, renamePattern: '.+', renameReplacement: 'back' });
  expect(await count('back')).toBe(39);

  await store.deleteIndices({ names: ['old'] });
  expect(files(own(), 'old')).toEqual([]);
  expect(await count('new')).toBe(5);
});

test('a disk that is not there is said, its events are left out, and come back by themselves', async () => {
  await write('old', 0, 10);
  await write('new', 0, 5);
  await store.archive({ names: ['old'] });
  renameSync(archive(), `${archive()}-away`);
  mkdirSync(archive()); // As an empty mount point.
  await eventually(async () => expect(await count()).toBe(5));
  const status = await store.status();
  expect(status.health).toBe('yellow');
  expect(status.problems[0]).toMatch(/is it mounted\?\): 10 events of 1 indices are left out/);
  expect((await store.indices({ names: ['old'] }))[0]?.health).toBe('yellow');
  await expect(store.snapshot(join(root, 's'), { names: ['old'] })).rejects.toThrow(/would not be whole/);
  await expect(store.archive({ names: ['new'] })).rejects.toThrow(/is not there/);
  expect(readdirSync(archive())).toEqual([]);

  // Also over a restart; and what is deleted meanwhile is gone later.
  await store.close();
  store = await open();
  expect(await count()).toBe(5);
  await write('gone', 0, 1);
  rmSync(archive(), { recursive: true });
  renameSync(`${archive()}-away`, archive());
  await eventually(async () => expect(await count('old')).toBe(10));
  expect(await store.status()).toMatchObject({ health: 'green', problems: [] });
});

test('a disk that goes away during a search is no damage', async () => {
  await write('old', 0, 10);
  await store.archive({ names: ['old'] });
  await store.close();
  store = await open({ maintenance: { verifyEvery: 1e6, mergeEvery: 1e6, retentionEvery: 1e6 } });
  renameSync(archive(), `${archive()}-away`);
  const { hits } = await store.search({
    indices: { names: ['old'] }, query: { type: 'all' }, from: 0, size: 20, sort: [], source: true, trackTotalHits: true,
  }); // biome-ignore format: one line
  expect(hits).toEqual([]);
  expect(await store.status()).toMatchObject({ health: 'yellow', quarantined: [] });
  renameSync(`${archive()}-away`, archive());
});

test('rules: by age, those of the settings first; wrong ones are refused', async () => {
  await store.close();
  store = await open({
    retention: [{ pattern: 'logs-*', archiveAfter: 1 }],
    maintenance: { verifyEvery: 1e6, mergeEvery: 30, retentionEvery: 1e6 },
  });
  await write('logs-1', 0, 10);
  await write('other', 0, 10);
  await store.settle();
  await eventually(async () => expect(files(folder(), 'logs-1')).toEqual([]));
  expect(await count()).toBe(20);
  expect(files(folder(), 'other').length).toBeGreaterThan(0);
  await store.setRetention([{ pattern: 'x-*', maxAge: 1000 }]);
  expect(await store.retention()).toEqual([
    { pattern: 'logs-*', archiveAfter: 1, isFixed: true },
    { pattern: 'x-*', maxAge: 1000 },
  ]);
  await expect(store.setRetention([{ pattern: 'x', maxAge: 5, archiveAfter: 10 }])).rejects.toThrow(/before/);
  await expect(store.setRetention([{ pattern: 'x' }])).rejects.toThrow(/neither/);
});

test('what was moved comes back whole, survives a restart, and no rule moves it again', async () => {
  await write('old', 0, 20);
  await store.settle();
  await store.archive({ names: ['old'] });
  await store.bulkBody({ body: Buffer.from('{"delete":{"_index":"old","_id":"3"}}\n') });
  await write('old', 20, 5);
  const moved = (await store.indices({ names: ['old'] }))[0]!.archivedBytes!;
  expect(moved).toBeGreaterThan(0);

  expect(await store.unarchive({ names: ['old'] })).toEqual({ indices: ['old'], bytes: moved });
  const [info] = await store.indices({ names: ['old'] });
  expect(info).toMatchObject({ documents: 24, isKeptHere: true });
  expect(info!.archivedBytes).toBeUndefined();
  expect(files(own(), 'old')).toEqual([]);
  expect(await store.unarchive({ names: ['old'] })).toEqual({ indices: [], bytes: 0 });

  await store.close();
  store = await open({ retention: [{ pattern: '*', archiveAfter: 1 }] });
  expect(await count('old')).toBe(24);
  await store.settle();
  expect((await store.indices({ names: ['old'] }))[0]!.archivedBytes).toBeUndefined();
  // Somebody wants it there again.
  await store.archive({ names: ['old'] });
  expect((await store.indices({ names: ['old'] }))[0]).not.toHaveProperty('isKeptHere');
  expect(await count('old')).toBe(24);
});

test('nothing comes back from an archive that is not there, or onto a full disk', async () => {
  await write('old', 0, 20);
  await store.archive({ names: ['old'] });
  renameSync(archive(), `${archive()}-away`);
  await expect(store.unarchive({ names: ['old'] })).rejects.toThrow(/is it mounted\?/);
  renameSync(`${archive()}-away`, archive());
  await store.close();
  store = await open({ reserve: Number.MAX_SAFE_INTEGER });
  await expect(store.unarchive({ names: ['old'] })).rejects.toThrow(/do not fit on the disk/);
  expect(await count('old')).toBe(20);
});

test('a search that began before the move goes on with what it has, and its end removes nothing that is in use', async () => {
  await write('old', 0, 20);
  await store.settle();
  const before = await store.openPointInTime({ names: ['old'] }, 60_000);
  await store.archive({ names: ['old'] });
  const between = await store.openPointInTime({ names: ['old'] }, 60_000);
  await store.unarchive({ names: ['old'] });
  for (const id of [before, between]) {
    const { hits } = await store.search({
      indices: { names: [] },
      pointInTime: { id },
      query: { type: 'all' },
      from: 0,
      size: 100,
      sort: [],
      source: true,
      trackTotalHits: false,
    });
    expect(hits).toHaveLength(20);
    await store.closePointInTime(id);
  }
  expect(files(own(), 'old')).toEqual([]);
  expect(await count('old')).toBe(20);
  await store.close();
  store = await open();
  expect(await count('old')).toBe(20);
  expect(await store.verify()).toMatchObject({ damaged: [], away: 0 });
});
