import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Query } from '../../query/tree.ts';
import { IndexMapping } from '../mapping/mapping.ts';
import { flatSettings, limitsOf } from '../mapping/templates.ts';
import { Core } from './core.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { mergeSegments } from './merger.ts';
import { embeddedSearcher } from './search/searcher.ts';
import { MAX_COLUMNS, splitColumns } from './sparse-columns.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-sparse-'));
const stores: EmbeddedStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = async (name: string): Promise<EmbeddedStore> => {
  const store = await EmbeddedStore.open({
    folder: join(folder, name),
    searcher: embeddedSearcher,
    memoryLimit: 2 ** 31,
    reserve: 0,
  });
  stores.push(store);
  return store;
};

/** Fields that hundreds of documents have once each, beside one that all have. */
async function fill(store: EmbeddedStore, from: number): Promise<void> {
  const lines = Array.from({ length: 400 }, (_, at) => {
    const n = from + at;
    const document = {
      '@timestamp': new Date(1_790_000_000_000 + n * 1000).toISOString(),
      host: 'a',
      [`rare_${n % 700}`]: { text: `value ${n}`, number: n, list: [n, n + 1], flag: n % 2 === 0 },
    };
    return `{"index":{"_index":"wide"}}\n${JSON.stringify(document)}\n`;
  });
  await store.putObject('index_template', 'wide', {
    index_patterns: ['wide'],
    template: { settings: { index: { mapping: { total_fields: { limit: 5000 } } } } },
  });
  const { errors, body } = await store.bulkBody({ body: Buffer.from(lines.join('')) });
  expect(errors, Buffer.from(body).toString().slice(0, 300)).toBe(false);
}

const ids = async (store: EmbeddedStore, query: Query, names = ['wide']): Promise<number[]> => {
  const { hits } = await store.search({
    indices: { names },
    query,
    from: 0,
    size: 100,
    sort: [{ field: '@timestamp', order: 'asc' }],
    source: true,
    trackTotalHits: true,
  });
  return hits.map(({ source }) => {
    const key = Object.keys(JSON.parse(source!)).find((name) => name.startsWith('rare_'))!;
    return JSON.parse(source!)[key].number;
  });
};

test('fields that few rows have are found in memory, sealed, merged and restored', async () => {
  const store = await open('a');
  await fill(store, 0);
  await fill(store, 400);
  const check = async (where: EmbeddedStore, names = ['wide']): Promise<void> => {
    const find = (query: Query): Promise<number[]> => ids(where, query, names);
    expect(await find({ type: 'term', field: 'rare_5.text', value: 'value 705' })).toEqual([705]);
    expect(await find({ type: 'range', field: 'rare_650.number', gte: 650 })).toEqual([650]);
    expect(await find({ type: 'term', field: 'rare_699.list', value: 700 })).toEqual([699]);
    expect(await find({ type: 'term', field: 'rare_20.flag', value: true })).toEqual([20, 720]);
    expect(await find({ type: 'exists', field: 'rare_3.number' })).toEqual([3, 703]);
    expect(await find({ type: 'term', field: 'rare_5.text', value: 'value 6' })).toEqual([]);
    const { aggregations } = await where.search({
      indices: { names },
      query: { type: 'all' },
      from: 0,
      size: 0,
      sort: [],
      source: false,
      trackTotalHits: false,
      aggregations: {
        sum: { type: 'sum', parameters: { field: 'rare_4.number' } },
        lists: { type: 'terms', parameters: { field: 'rare_698.list' } },
      },
    });
    const { sum, lists } = JSON.parse(aggregations!);
    expect(sum.value).toBe(4 + 704);
    expect(lists.buckets.map(({ key }: any) => key)).toEqual([698, 699]);
  };
  await check(store);
  await store.settle();
  await check(store);
  for (let more = 0; more < 8; more++) {
    await store.bulkBody({
      body: Buffer.from('{"index":{"_index":"wide"}}\n{"rare_0":{"number":-1},"host":"b"}\n'),
    });
    await store.settle();
  }
  await check(store);
  const target = join(folder, 'snapshot');
  await store.snapshot(target, { names: ['wide'] });
  const other = await open('b');
  await other.bulkBody({ body: Buffer.from('{"index":{"_index":"x"}}\n{"moved":"numbers","z":1}\n') });
  await other.restore(target, { indices: { names: ['wide'] } });
  await check(other);
  // Its keys are those of the store that it comes from, also when it was merged again.
  stores.splice(stores.indexOf(other), 1);
  await other.close();
  const core = await Core.open({
    folder: join(folder, 'b'),
    makeMapping: (mapping, settings) => new IndexMapping(mapping, limitsOf(flatSettings(settings))),
  });
  const index = core.catalogue.byName.get('wide')!;
  expect(index.segments.some(({ info }) => info.sparse)).toBe(true);
  for (const segment of [...index.segments])
    await mergeSegments(core, { index, segments: [segment], isLast: true });
  await core.close();
  await check(await open('b'));
});

test('columns that hardly any row fills get none of their own, whatever room there is', () => {
  const names = Array.from({ length: 600 }, (_, n) => `c${n + 1}`);
  const split = (counts: (n: number) => number, always = (_: string): boolean => false) =>
    splitColumns(names, new Map(names.map((name, n) => [name, counts(n)])), 1000, always);
  const few = split((n) => (n < 100 ? 1000 - n : 2));
  expect(few.dense).toEqual(names.slice(0, 100).sort());
  expect([...few.dense, ...few.sparse].sort()).toEqual([...names].sort());
  const many = split((n) => 1000 - n);
  expect(many.dense).toEqual(names.slice(0, MAX_COLUMNS).sort());
  expect(
    split(
      () => 0,
      (name) => name === 'c600',
    ).dense,
  ).toEqual(['c600']);
});
