import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { everything } from '../../../test/support/store-everything.ts';
import type { Query } from '../../query/tree.ts';
import type { BulkAction, BulkItem } from '../store.ts';
import { type EmbeddedOptions, EmbeddedStore } from './embedded-store.ts';

const folders: string[] = [];
const stores: EmbeddedStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'millrace-store-')));
  return folders.at(-1)!;
}

async function open(folder = newFolder(), more: Partial<EmbeddedOptions> = {}): Promise<EmbeddedStore> {
  const store = await EmbeddedStore.open({
    folder,
    searcher: everything,
    memoryLimit: 2 ** 29,
    reserve: 0,
    ...more,
  });
  stores.push(store);
  return store;
}

async function reopen(store: EmbeddedStore, folder: string): Promise<EmbeddedStore> {
  stores.splice(stores.indexOf(store), 1);
  await store.close();
  return open(folder);
}

type Operation = [BulkAction, string, string | undefined, unknown?];

async function bulk(store: EmbeddedStore, ...operations: Operation[]): Promise<readonly BulkItem[]> {
  const lines = operations.flatMap(([action, index, id, document]) => [
    JSON.stringify({ [action]: { _index: index, ...(id === undefined ? {} : { _id: id }) } }),
    ...(document === undefined ? [] : [typeof document === 'string' ? document : JSON.stringify(document)]),
  ]);
  const { body } = await store.bulkBody({ body: Buffer.from(`${lines.join('\n')}\n`) });
  return (JSON.parse(Buffer.from(body).toString()) as { items: Record<string, any>[] }).items.map(
    (item) => Object.values(item)[0],
  );
}

const ALL: Query = { type: 'all' };
const all = async (store: EmbeddedStore, ...names: string[]): Promise<(string | undefined)[]> =>
  (await store.search({ indices: { names }, query: ALL } as any)).hits.map(({ source }) => source).sort();

describe('EmbeddedStore', () => {
  test('bytes that are no UTF-8 are replaced, in memory, after a restart and in segments, and harm no neighbour', async () => {
    const folder = newFolder();
    let store = await open(folder);
    const line = (bytes: readonly number[]): Buffer =>
      Buffer.concat([
        Buffer.from('{"create":{"_index":"a"}}\n{"x":"'),
        Buffer.from(bytes),
        Buffer.from('"}\n'),
      ]);
    const body = Buffer.concat([line([0x61]), line([0x62, 0xc3]), line([0xff]), line([0xc3, 0xbc])]);
    const { errors } = await store.bulkBody({ body });
    expect(errors).toBe(false);
    const expected = ['{"x":"a"}', '{"x":"b\uFFFD"}', '{"x":"\uFFFD"}', '{"x":"ü"}'].sort();
    expect(await all(store, 'a')).toEqual(expected);
    store = await reopen(store, folder);
    expect(await all(store, 'a')).toEqual(expected);
    await store.settle();
    expect(await all(store, 'a')).toEqual(expected);
  });

  test('more rows than a chunk of the engine in one request', async () => {
    const store = await open();
    const count = 5000;
    const lines = Array.from({ length: count }, (_, n) => `{"create":{"_index":"a"}}\n{"n":${n}}\n`);
    await store.bulkBody({ body: Buffer.from(lines.join('')) });
    const found = (await all(store, 'a')).map((source) => JSON.parse(source!).n as number);
    expect(new Set(found).size).toBe(count);
    expect(Math.max(...found)).toBe(count - 1);
  });

  test('documents are found when they are acknowledged, byte for byte, and after restart and seal', async () => {
    const folder = newFolder();
    let store = await open(folder);
    const odd = '{ "a" : 1.0, "big":123456789012345678901, "é":"\\u00fc", "a":2 }';
    const [item] = await bulk(store, ['index', 'logs', undefined, odd]);
    expect(item).toMatchObject({
      _index: 'logs',
      result: 'created',
      status: 201,
      _version: 1,
      _primary_term: 1,
    });
    for (const step of ['now', 'restarted', 'sealed', 'again']) {
      if (step === 'restarted' || step === 'again') store = await reopen(store, folder);
      if (step === 'sealed') await store.settle();
      expect(await all(store, 'logs')).toEqual([odd]);
      expect(await store.get('logs', (item as any)._id)).toMatchObject({ source: odd, version: 1 });
    }
    expect((await store.status()).unsealed).toBe(0);
  });

  test('what was deleted before a crash is deleted after it', async () => {
    const folder = newFolder();
    let store = await open(folder, { maintenance: { sealAfter: 1e9, mergeEvery: 1e9 } });
    await bulk(store, ['index', 'logs', 'a', { n: 1 }], ['index', 'logs', 'b', { n: 2 }]);
    await bulk(store, ['delete', 'logs', 'a']);
    store = await reopen(store, folder);
    expect(await bulk(store, ['create', 'logs', 'a', { n: 3 }])).toMatchObject([
      { status: 201, result: 'created' },
    ]);
    await store.settle();
    expect(await all(store, 'logs')).toEqual(['{"n":2}', '{"n":3}']);
    expect(await store.indices({ names: ['logs'] })).toMatchObject([{ documents: 2 }]);
  });

  test('ids: index, create, update and delete have versions and conflicts as Elasticsearch has them', async () => {
    const folder = newFolder();
    let store = await open(folder);
    for (const sealed of [false, true]) {
      const index = sealed ? 'b' : 'a';
      const next = async (): Promise<void> => {
        if (!sealed) return;
        await store.settle();
        store = await reopen(store, folder);
      };
      expect((await bulk(store, ['create', index, '1', { n: 1 }]))[0]).toMatchObject({
        status: 201,
        _version: 1,
      });
      await next();
      expect((await bulk(store, ['create', index, '1', { n: 2 }]))[0]).toMatchObject({
        status: 409,
        error: {
          type: 'version_conflict_engine_exception',
          reason: '[1]: version conflict, document already exists (current version [1])',
          index,
        },
      });
      expect((await bulk(store, ['index', index, '1', { n: 3, o: { p: 1 } }]))[0]).toMatchObject({
        status: 200,
        result: 'updated',
        _version: 2,
      });
      await next();
      expect((await bulk(store, ['update', index, '1', { doc: { o: { q: 2 } } }]))[0]).toMatchObject({
        status: 200,
        _version: 3,
      });
      await next();
      expect(await all(store, index)).toEqual(['{"n":3,"o":{"p":1,"q":2}}']);
      expect((await bulk(store, ['update', index, '1', { doc: { n: 3 } }]))[0]).toMatchObject({
        result: 'noop',
        _version: 3,
      });
      expect((await bulk(store, ['update', index, '2', { doc: { n: 3 } }]))[0]).toMatchObject({
        status: 404,
        error: { type: 'document_missing_exception', reason: '[2]: document missing' },
      });
      expect(
        (await bulk(store, ['update', index, '2', { doc: { n: 4 }, doc_as_upsert: true }]))[0],
      ).toMatchObject({ status: 201, result: 'created' });
      expect((await bulk(store, ['update', index, '2', { script: 'x' }]))[0]).toMatchObject({ status: 400 });
      await next();
      expect((await bulk(store, ['delete', index, '1']))[0]).toMatchObject({
        status: 200,
        result: 'deleted',
        _version: 4,
      });
      await next();
      expect((await bulk(store, ['delete', index, '1']))[0]).toMatchObject({
        status: 404,
        result: 'not_found',
      });
      expect(await store.get(index, '1')).toBeUndefined();
      expect(await all(store, index)).toEqual(['{"n":4}']);
      expect((await store.indices({ names: [index] }))[0]!.documents).toBe(1);
    }
  });

  test('many changes of one id in one request', async () => {
    const store = await open();
    const items = await bulk(
      store,
      ['index', 'a', 'x', { n: 1 }],
      ['update', 'a', 'x', { doc: { m: 2 } }],
      ['delete', 'a', 'x'],
      ['create', 'a', 'x', { n: 5 }],
      ['update', 'a', 'x', { doc: { m: 6 } }],
    );
    expect(items.map(({ status }) => status)).toEqual([201, 200, 200, 201, 200]);
    expect(await all(store, 'a')).toEqual(['{"n":5,"m":6}']);
    expect(await store.get('a', 'x')).toMatchObject({ version: 5 });
    expect((await store.indices({ names: ['a'] }))[0]).toMatchObject({ documents: 1, deleted: 3 });
  });

  test('an id that the store made can be updated and deleted, from memory and from a segment', async () => {
    const store = await open();
    const ids = (
      await bulk(store, ['index', 'a', undefined, { n: 1 }], ['index', 'a', undefined, { n: 2 }])
    ).map((item: any) => item._id as string);
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => /^[A-Za-z0-9_-]{20}$/.test(id))).toBe(true);
    await bulk(store, ['index', 'a', ids[0]!, { n: 3 }]);
    expect(await all(store, 'a')).toEqual(['{"n":2}', '{"n":3}']);
    await store.settle();
    await bulk(store, ['delete', 'a', ids[1]!], ['update', 'a', ids[0]!, { doc: { m: 1 } }]);
    expect(await all(store, 'a')).toEqual(['{"n":3,"m":1}']);
  });

  test('optimistic concurrency', async () => {
    const store = await open();
    const [first] = (await bulk(store, ['index', 'a', 'x', { n: 1 }])) as any;
    const write = (ifSeqNo: number): Promise<any> =>
      store.bulk({
        source: Buffer.from('{"n":2}'),
        ends: Int32Array.of(7),
        operations: { action: 'index', index: 'a', id: 'x', ifSeqNo, ifPrimaryTerm: 1 },
      });
    expect((await write(first._seq_no)).errors).toBe(false);
    expect((await write(first._seq_no)).items[0].error.reason).toMatch(
      /^\[x\]: version conflict, required seqNo \[\d+\], primary term \[1\]\. current document has seqNo/,
    );
  });

  test('one bad operation fails alone', async () => {
    const store = await open();
    const items = await bulk(
      store,
      ['index', 'a', undefined, { n: 1 }],
      ['index', 'a', undefined, '[1]'],
      ['index', 'BAD', undefined, { n: 1 }],
      ['index', 'a', undefined, { n: 'text' }],
    );
    expect(items.map(({ status }) => status)).toEqual([201, 400, 400, 201]);
    expect(await all(store, 'a')).toEqual(['{"n":"text"}', '{"n":1}']);
  });

  test('templates, aliases, data streams', async () => {
    const store = await open();
    await store.putObject('component_template', 'c', {
      template: { mappings: { properties: { ip: { type: 'ip' } } } },
    });
    await store.putObject('index_template', 't', {
      index_patterns: ['logs-*'],
      composed_of: ['c'],
      priority: 5,
      data_stream: {},
      template: { settings: { 'index.refresh_interval': '5s' }, aliases: { every: {} } },
    });
    expect((await bulk(store, ['index', 'logs-x', undefined, {}]))[0]).toMatchObject({ status: 400 });
    expect(
      (await bulk(store, ['create', 'logs-x', undefined, { '@timestamp': 0, ip: '1.2.3.4' }]))[0],
    ).toMatchObject({
      status: 201,
    });
    const [index] = await store.indices({ names: ['logs-x'] });
    expect(index).toMatchObject({
      dataStream: 'logs-x',
      aliases: { every: {} },
      settings: { index: { refresh_interval: '5s' } },
    });
    expect(index!.name).toMatch(/^\.ds-logs-x-\d{4}\.\d\d\.\d\d-000001$/);
    expect(index!.mappings).toMatchObject({ properties: { ip: { type: 'ip' } } });
    expect(await all(store, 'every')).toHaveLength(1);
    await store.updateAliases([{ action: 'remove', index: index!.name, alias: 'every', body: {} }]);
    await expect(all(store, 'every')).rejects.toMatchObject({
      status: 404,
      type: 'index_not_found_exception',
    });
    expect(await store.deleteObject('data_stream', 'logs-x')).toBe(true);
    expect(await store.indices({ names: [] })).toEqual([]);
  });

  test('logs-*-* and metrics-*-* are data streams by themselves', async () => {
    const folder = newFolder();
    let store = await open(folder);
    const create = async (index: string, document: object | string): Promise<BulkItem> =>
      (await bulk(store, ['create', index, undefined, document]))[0]!;
    const named = { data_stream: { type: 'logs', dataset: 'web', namespace: 'x' } };
    const first = await create('logs-web-x', { '@timestamp': '2026-11-20T10:00:00Z', ...named });
    expect(first).toMatchObject({ status: 201 });
    expect((first as unknown as { _index: string })._index).toMatch(
      /^\.ds-logs-web-x-\d{4}\.\d\d\.\d\d-000001$/,
    );
    expect((await bulk(store, ['index', 'logs-web-x', undefined, {}]))[0]).toMatchObject({
      status: 400,
      error: { reason: 'only write ops with an op_type of create are allowed in data streams' },
    });
    expect(await create('metrics-cpu-x', { n: 1 })).toMatchObject({
      status: 400,
      error: { reason: 'data stream timestamp field [@timestamp] is missing' },
    });
    expect(await create('logs-web-x', { '@timestamp': 'no time' })).toMatchObject({ status: 400 });
    // As Elasticsearch's own pipeline for logs does; everything else stays to the byte.
    expect(await create('logs-web-x', '{"n": 1.0}')).toMatchObject({ status: 201 });
    expect(await create('logs-web-x', ' { } ')).toMatchObject({ status: 201 });
    store = await reopen(store, folder);
    const documents = await all(store, 'logs-web-x');
    expect(documents).toHaveLength(3);
    expect(documents).toContainEqual(expect.stringMatching(/^\{"@timestamp":"20[^"]+Z","n": 1.0\}$/));
    expect(documents).toContainEqual(expect.stringMatching(/^\{"@timestamp":"20[^"]+Z" \}/));
    expect(documents).toContain(JSON.stringify({ '@timestamp': '2026-11-20T10:00:00Z', ...named }));
    await expect(store.createIndex('logs-a-b', {})).rejects.toThrow('creates data streams only');
  });

  test('built-in templates give way to others', async () => {
    const store = await open();
    const names = async (pattern = '*'): Promise<string[]> =>
      (await store.objects('index_template', pattern)).map(({ name }) => name);
    expect(await names()).toEqual(['logs', 'metrics', 'synthetics']);
    await expect(
      store.putObject('index_template', 'same', { index_patterns: ['logs-x-*'], priority: 100 }),
    ).rejects.toThrow('that have the same priority [100]');
    await store.putObject('index_template', 'mine', { index_patterns: ['logs-x-*'], priority: 101 });
    expect((await bulk(store, ['index', 'logs-x-y', undefined, {}]))[0]).toMatchObject({
      _index: 'logs-x-y',
    });
    await store.putObject('index_template', 'logs', { index_patterns: ['logs-*-*'], priority: 7 });
    expect((await store.objects('index_template', 'logs'))[0]!.body).toMatchObject({ priority: 7 });
    expect((await bulk(store, ['index', 'logs-z-y', undefined, {}]))[0]).toMatchObject({
      _index: 'logs-z-y',
    });
    expect(await store.deleteObject('index_template', 'logs')).toBe(true);
    expect(await store.deleteObject('index_template', 'metrics')).toBe(true);
    expect(await names('*s')).toEqual(['logs', 'metrics', 'synthetics']);
    expect((await store.objects('index_template', 'logs'))[0]!.body).toMatchObject({ priority: 100 });
  });

  test('a data stream begins an index every day, and retention deletes the old ones', async () => {
    const folder = newFolder();
    let store = await open(folder, { maintenance: { retentionEvery: 1e8 } });
    await store.putObject('index_template', 't', {
      index_patterns: ['beat'],
      data_stream: {},
      template: { mappings: { properties: { ip: { type: 'ip' } } } },
    });
    const write = async (time: string): Promise<void> => {
      vi.setSystemTime(time);
      const [item] = await bulk(store, ['create', 'beat', undefined, { '@timestamp': time, ip: '1.2.3.4' }]);
      expect(item).toMatchObject({ status: 201 });
    };
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      await write('2026-11-18T10:00:00Z');
      await write('2026-11-18T23:59:59Z');
      await write('2026-11-19T00:00:00Z');
      store = await reopen(store, folder);
      await write('2026-11-20T12:00:00Z');
      const found = await store.indices({ names: ['beat'] });
      expect(found.map(({ name, documents, dataStream }) => [name, documents, dataStream])).toEqual([
        ['.ds-beat-2026.11.18-000001', 2, 'beat'],
        ['.ds-beat-2026.11.19-000002', 1, 'beat'],
        ['.ds-beat-2026.11.20-000003', 1, 'beat'],
      ]);
      expect(found[2]!.mappings).toMatchObject({ properties: { ip: { type: 'ip' } } });
      expect(await all(store, 'beat')).toHaveLength(4);
      await store.setRetention([{ pattern: 'beat', maxAge: 86_400_000 }]);
      expect((await store.indices({ names: ['beat'] })).map(({ name }) => name)).toEqual([
        '.ds-beat-2026.11.20-000003',
      ]);
      expect(await store.objects('data_stream', 'beat')).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('an index is deleted and made again', async () => {
    const folder = newFolder();
    let store = await open(folder);
    await bulk(store, ['index', 'a', '1', { n: 1 }]);
    await store.settle();
    await bulk(store, ['index', 'a', '2', { n: 2 }]);
    expect(await store.deleteIndices({ names: ['a'] })).toEqual(['a']);
    await bulk(store, ['create', 'a', '1', { n: 'three' }]);
    expect(await all(store, 'a')).toEqual(['{"n":"three"}']);
    store = await reopen(store, folder);
    expect(await all(store, 'a')).toEqual(['{"n":"three"}']);
    expect((await store.indices({ names: ['a'] }))[0]!.mappings).toMatchObject({
      properties: { n: { type: 'keyword' } },
    });
  });

  test('a point in time stays as it was', async () => {
    const store = await open();
    await bulk(store, ['index', 'a', '1', { n: 1 }]);
    const id = await store.openPointInTime({ names: ['a'] }, 60_000);
    await bulk(store, ['index', 'a', '1', { n: 2 }], ['index', 'a', undefined, { n: 3 }]);
    await store.settle();
    const seen = await store.search({ indices: { names: [] }, query: ALL, pointInTime: { id } } as any);
    expect(seen.hits.map(({ source }) => source)).toEqual(['{"n":1}']);
    expect(await store.closePointInTime(id)).toBe(true);
    expect(await store.closePointInTime(id)).toBe(false);
  });

  test('delete by query', async () => {
    const store = await open();
    await bulk(store, ['index', 'a', '1', { n: 1 }], ['index', 'a', undefined, { n: 2 }]);
    await store.settle();
    await bulk(store, ['index', 'a', '3', { n: 3 }]);
    expect(await store.deleteByQuery({ names: ['a'] }, ALL)).toEqual({ deleted: 3, total: 3 });
    expect(await all(store, 'a')).toEqual([]);
    expect((await bulk(store, ['create', 'a', '1', { n: 1 }]))[0]).toMatchObject({ status: 201 });
  });

  test('retention by age and by size', async () => {
    const store = await open();
    for (const [at, day] of ['2020.01.01', '2020.01.02', '2020.01.03'].entries())
      await bulk(store, [
        'index',
        `logs-${day}`,
        undefined,
        { '@timestamp': `2020-01-0${at + 1}T00:00:00Z` },
      ]);
    await bulk(store, ['index', 'logs-new', undefined, { '@timestamp': new Date().toISOString() }]);
    await store.settle();
    await store.setRetention([
      { pattern: 'logs-2020.01.01', maxAge: 1000 },
      { pattern: 'logs-*', maxBytes: 1 },
    ]);
    expect((await store.indices({ names: [] })).map(({ name }) => name)).toEqual(['logs-new']);
  });

  test('snapshot and restore, also under another name and into another store', async () => {
    const store = await open();
    await bulk(
      store,
      ['index', 'a', '1', { n: 1, t: 'x' }],
      ['index', 'a', '2', { n: 2 }],
      ['delete', 'a', '1'],
    );
    const target = join(newFolder(), 'snap');
    expect((await store.snapshot(target, { names: ['a'] })).indices).toEqual(['a']);
    await expect(store.restore(target, { indices: { names: [] } })).rejects.toMatchObject({ status: 400 });
    await store.restore(target, {
      indices: { names: [] },
      renamePattern: '(.+)',
      renameReplacement: 'old-$1',
    });
    expect(await all(store, 'old-a')).toEqual(['{"n":2}']);
    const folder = newFolder();
    let other = await open(folder);
    await bulk(other, ['index', 'z', undefined, { other: 1, n: 'x' }]);
    await other.restore(target, { indices: { names: ['a'] } });
    other = await reopen(other, folder);
    expect(await all(other)).toEqual(['{"n":2}', '{"other":1,"n":"x"}']);
    expect((await bulk(other, ['create', 'a', '2', { n: 1 }]))[0]).toMatchObject({ status: 409 });
    await expect(store.snapshot('s3://bucket/x', { names: [] })).rejects.toMatchObject({ status: 400 });
  });

  test('a damaged segment is left out, reported, and the rest serves', async () => {
    const folder = newFolder();
    let store = await open(folder);
    await bulk(store, ['index', 'a', undefined, { n: 1 }]);
    await store.settle();
    await bulk(store, ['index', 'b', undefined, { n: 2 }]);
    await store.settle();
    await store.close();
    const { file } = JSON.parse(
      readFileSync(join(folder, 'manifest'), 'utf8').match(/"add":\[(\{.*?"file":"segments\/a.*?\})\]/)![1]!,
    );
    const bytes = readFileSync(join(folder, file));
    bytes.fill(0x55, bytes.length - 200, bytes.length - 8);
    writeFileSync(join(folder, file), bytes);
    store = await open(folder);
    expect(await all(store)).toEqual(['{"n":2}']);
    expect(await store.status()).toMatchObject({
      health: 'red',
      quarantined: [{ file: join(folder, file) }],
    });
    await bulk(store, ['index', 'a', undefined, { n: 3 }]);
    expect(await all(store)).toEqual(['{"n":2}', '{"n":3}']);
  });

  test('only one process has a store', async () => {
    const folder = newFolder();
    writeFileSync(
      join(folder, 'lock'),
      JSON.stringify({ pid: process.ppid, started: startOf(process.ppid) }),
    );
    await expect(open(folder)).rejects.toThrow(/in use by process/);
  });

  test('too much at once is refused for the moment', async () => {
    const store = await open(undefined, { reserve: 2 ** 60 });
    await expect(bulk(store, ['index', 'a', undefined, { n: 1 }])).rejects.toMatchObject({
      status: 429,
      type: 'cluster_block_exception',
    });
    expect(await store.status()).toMatchObject({ health: 'red' });
  });
});

const startOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')[19]!;
