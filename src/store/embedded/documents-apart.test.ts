/** Segments whose documents stand in a file of their own, beside those that have them with their columns. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Query } from '../../query/tree.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { embeddedSearcher } from './search/searcher.ts';

let root = '';
let store: EmbeddedStore;
const folder = (): string => join(root, 'store');
const archive = (): string => join(root, 'archive');
const open = (): Promise<EmbeddedStore> =>
  EmbeddedStore.open({
    folder: folder(),
    archive: archive(),
    searcher: embeddedSearcher,
    memoryLimit: 2 ** 29,
    reserve: 0,
    maintenance: { verifyEvery: 1e6, mergeEvery: 1e6, retentionEvery: 1e6, sealAfter: 1e6 },
  });

async function write(from: number, count: number, index = 'logs'): Promise<void> {
  const lines = Array.from({ length: count }, (_, at) => {
    const n = from + at;
    const document = {
      '@timestamp': new Date(1_800_000_000_000 + n * 1000).toISOString(),
      n,
      user: { name: `u${n % 5}` },
      message: `${n % 3 === 0 ? 'fizz' : 'plain'} number${n} ${'x'.repeat(n % 50)}`,
      list: [{ a: n % 4, b: n % 2 }, { a: 9 }],
    };
    return `{"index":{"_index":"${index}","_id":"${n}"}}\n${JSON.stringify(document)}\n`;
  });
  const { errors } = await store.bulkBody({ body: Buffer.from(lines.join('')) });
  expect(errors).toBe(false);
}
const search = async (query: Query, more: object = {}): Promise<number[]> => {
  const { hits } = await store.search({
    indices: { names: [] },
    query,
    from: 0,
    size: 1000,
    sort: [{ field: '@timestamp', order: 'desc' }],
    source: true,
    trackTotalHits: true,
    ...more,
  } as never);
  return hits.map(({ id, source }) => {
    if (source !== undefined) expect(JSON.parse(source).n).toBe(Number(id));
    return Number(id);
  });
};
const count = async (query: Query): Promise<number> => (await store.count({ names: [] }, query)).count;
const segmentFiles = (): string[] =>
  readdirSync(join(folder(), 'segments'), { recursive: true })
    .map((name) => join(folder(), 'segments', String(name)))
    .filter((name) => /\.parquet$/.test(name) && !name.includes('indicators'));
const documentFiles = (): string[] => segmentFiles().filter((name) => name.endsWith('.documents.parquet'));
const descending = (fits: (n: number) => boolean, upTo: number): number[] =>
  Array.from({ length: upTo }, (_, at) => upTo - 1 - at).filter(fits);

const fizz: Query = { type: 'anywhere', text: 'fizz' };
const user: Query = { type: 'term', field: 'user.name', value: 'u1' };
const questions: readonly [Query, (n: number) => boolean][] = [
  [{ type: 'all' }, () => true],
  [fizz, (n) => n % 3 === 0],
  [user, (n) => n % 5 === 1],
  [{ type: 'and', of: [fizz, user] }, (n) => n % 3 === 0 && n % 5 === 1],
  [{ type: 'or', of: [fizz, user] }, (n) => n % 3 === 0 || n % 5 === 1],
  [{ type: 'and', of: [{ type: 'not', of: fizz }, user] }, (n) => n % 3 !== 0 && n % 5 === 1],
  [{ type: 'anywhere', text: '*umber7*', pattern: true }, (n) => String(n).startsWith('7')],
  [
    {
      type: 'nested',
      path: 'list',
      of: {
        type: 'and',
        of: [
          { type: 'term', field: 'list.a', value: 1 },
          { type: 'term', field: 'list.b', value: 1 },
        ],
      },
    },
    (n) => n % 4 === 1,
  ],
];
async function check(upTo: number): Promise<void> {
  for (const [query, fits] of questions) {
    expect(await search(query)).toEqual(descending(fits, upTo));
    expect(await search(query, { sort: [{ field: 'n', order: 'asc' }], size: 7 })).toEqual(
      descending(fits, upTo).reverse().slice(0, 7),
    );
    expect(await count(query)).toBe(descending(fits, upTo).length);
  }
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-apart-'));
  mkdirSync(folder());
  mkdirSync(archive());
  store = await open();
});
afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

/** One merged segment with its documents apart, one that is just sealed, and rows in memory. */
async function allShapes(): Promise<void> {
  await write(0, 60);
  await store.archive({ names: ['logs'] });
  await store.unarchive({ names: ['logs'] });
  expect(documentFiles()).toHaveLength(1);
  await write(60, 30, 'more');
  await store.snapshot(join(root, 'sealed'), { names: ['more'] });
  expect(documentFiles()).toHaveLength(1);
  expect(segmentFiles()).toHaveLength(3);
  await write(90, 30, 'newest');
}

test('what is asked is found in every shape, before and after the last merge, changes and a restart', async () => {
  await allShapes();
  await check(120);
  for (const name of ['logs', 'more', 'newest']) {
    await store.archive({ names: [name] });
    await store.unarchive({ names: [name] });
  }
  expect(documentFiles()).toHaveLength(3);
  await check(120);
  await store.close();
  store = await open();
  await check(120);
  expect((await store.get('logs', '7'))?.source).toContain('"n":7');
  // What is replaced and deleted is merged away from both files.
  await write(7, 1);
  await store.bulkBody({ body: Buffer.from('{"delete":{"_index":"logs","_id":"9"}}\n') });
  await store.archive({ names: ['logs'] });
  await store.unarchive({ names: ['logs'] });
  expect(await count({ type: 'all' })).toBe(119);
  expect(await search(fizz)).toEqual(descending((n) => n % 3 === 0 && n !== 9, 120));
  expect((await store.get('logs', '7'))?.version).toBe(2);
});

test('its documents count in what is told of the disk', async () => {
  await allShapes();
  const checked = (await store.verify()).bytes;
  const indices = await store.indices({ names: [] });
  const bytes = segmentFiles().reduce((sum, file) => sum + statSync(file).size, 0);
  expect(indices.reduce((sum, index) => sum + index.bytes, 0)).toBe(bytes);
  expect(checked).toBe(bytes);
});

test('a question about columns only never opens the documents', async () => {
  await allShapes();
  for (const file of documentFiles()) rmSync(file);
  expect(await count(user)).toBe(24);
  expect(await search(user, { source: true, size: 0 })).toEqual([]);
  const { aggregations } = await store.search({
    indices: { names: [] },
    query: user,
    from: 0,
    size: 0,
    sort: [],
    source: false,
    trackTotalHits: true,
    aggregations: {
      users: { type: 'terms', parameters: { field: 'user.name' }, aggregations: {}, meta: undefined },
    },
  } as never);
  expect(aggregations).toContain('"doc_count":24');
});

describe('damage of the documents', () => {
  const damages: Readonly<Record<string, (file: string) => void>> = {
    'a bit': (file) => {
      const bytes = readFileSync(file);
      bytes[bytes.length >> 1]! ^= 4;
      writeFileSync(file, bytes);
    },
    'its end': (file) => writeFileSync(file, readFileSync(file).subarray(0, 100)),
    'all of it': (file) => rmSync(file),
  };
  test.each(Object.keys(damages))('%s: it is found, told, and its segment left out', async (kind) => {
    await allShapes();
    damages[kind]!(documentFiles()[0]!);
    const { damaged } = await store.verify();
    expect(damaged).toMatchObject([
      { index: 'logs', documents: 60, reason: expect.stringMatching(/^in .*\.documents\.parquet, /) },
    ]);
    expect((await store.status()).health).toBe('red');
    expect(await search({ type: 'all' })).toEqual(descending((n) => n >= 60, 120));
    await store.close();
    store = await open();
    expect(await count({ type: 'all' })).toBe(60);
  });

  test('a search that comes upon it goes on without the segment', async () => {
    await allShapes();
    rmSync(documentFiles()[0]!);
    expect(await search(fizz)).toEqual(descending((n) => n % 3 === 0 && n >= 60, 120));
    expect((await store.status()).quarantined).toHaveLength(1);
  });

  test('a snapshot is not restored from it, and nothing of it stays', async () => {
    await allShapes();
    const target = join(root, 'copy');
    await store.snapshot(target, { names: ['logs'] });
    const rename = { indices: { names: [] }, renamePattern: '.+', renameReplacement: 'back' };
    await store.restore(target, rename);
    expect(await count({ type: 'all' })).toBe(180);
    await store.deleteIndices({ names: ['back'] });
    const [copy] = readdirSync(target, { recursive: true })
      .map((name) => join(target, String(name)))
      .filter((name) => name.endsWith('.documents.parquet'));
    // The store's own is the same file.
    rmSync(copy!);
    await expect(store.restore(target, rename)).rejects.toThrow(/documents\.parquet: the file is missing/);
    expect(segmentFiles().filter((name) => name.includes('back'))).toEqual([]);
    expect(readdirSync(join(folder(), 'tmp')).filter((name) => name.startsWith('restore'))).toEqual([]);
    await check(120);
  });
});

test('files that a process left half written or took out go when the store is opened; those of segments stay', async () => {
  await allShapes();
  await store.close();
  const [documents] = documentFiles();
  const left = ['.tmp', '2'].map((end) =>
    documents!.replace('.documents.parquet', `${end}.documents.parquet`),
  );
  for (const file of [...left, `${documents!}.tmp`]) writeFileSync(file, 'x');
  store = await open();
  expect(documentFiles()).toEqual([documents]);
  await check(120);
});
