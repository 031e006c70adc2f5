/** New segments have few columns, and all of them in a text, until they are merged. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseKql } from '../../query/kql.ts';
import { IndexMapping } from '../mapping/mapping.ts';
import { flatSettings, limitsOf } from '../mapping/templates.ts';
import { Columns, type Index, type Segment } from './catalogue.ts';
import { Core } from './core.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { mergeSegments } from './merger.ts';
import { embeddedSearcher } from './search/searcher.ts';
import { AskedColumns, firstColumns, MAX_COLUMNS } from './sparse-columns.ts';

const folders: string[] = [];
const stores: EmbeddedStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function open(folder: string): Promise<EmbeddedStore> {
  const store = await EmbeddedStore.open({
    folder,
    searcher: embeddedSearcher,
    memoryLimit: 2 ** 29,
    reserve: 0,
    maintenance: { sealAfter: 3_600_000, sealRows: 1e9, mergeEvery: 3_600_000 },
  });
  stores.push(store);
  return store;
}

const columnsOf = (count: number, type: 'keyword' | 'flattened' = 'keyword'): Columns => {
  const columns = new Columns();
  columns.add({ number: 1, field: '@timestamp', type: 'date' });
  columns.add({ number: 2, field: 'labels', type });
  for (let number = 3; number <= count; number++)
    columns.add({ number, field: `f${number}`, type: 'keyword' });
  columns.add({ number: count + 1, field: 'user.name', type: 'keyword' });
  return columns;
};
const named = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `c${from + at}`);

test('new segments have columns for times, what was asked for, what is common and what was there first', () => {
  const asked = new AskedColumns();
  for (const name of ['c190', 'c191', 'c7777']) asked.note(name);
  const all = new Set(named(1, 201));
  const { dense, sparse } = firstColumns(columnsOf(200), all, asked);
  expect(dense).toHaveLength(32);
  expect(new Set(dense)).toEqual(new Set(['c1', 'c190', 'c191', 'c201', ...named(2, 29)]));
  expect(new Set([...dense, ...sparse])).toEqual(all);
  expect(sparse).toHaveLength(201 - 32);
});

test('an index with few fields has all columns at once', () => {
  const all = new Set(named(1, 41));
  expect(firstColumns(columnsOf(40), all, [])).toEqual({ dense: [...all].sort(), sparse: [] });
});

test('objects that are kept as one text always have their columns', () => {
  const asked = new AskedColumns();
  for (const name of named(100, 180)) asked.note(name);
  expect([...asked]).toEqual(named(149, 180).reverse());
  const { dense } = firstColumns(columnsOf(200, 'flattened'), new Set(named(1, 201)), asked);
  expect(dense).toContain('c2');
  expect(dense).toContain('c1');
});

/** Documents of several shippers in one index, with a few that are like nothing else. */
function document(n: number): object {
  const time = { '@timestamp': new Date(Date.UTC(2026, 10, 20) + n * 1000).toISOString(), n };
  const filled = (prefix: string, count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, `${prefix} ${(n * at) % 17}`]));
  if (n % 100 === 99) return { ...time, [`rare${n}`]: { x: n, ...filled('r', 12) }, odd: [n, n + 1] };
  // A column that few rows of the family have.
  const seldom = n % 900 === 0 ? { seldom: n } : {};
  if (n % 3 === 0)
    return { ...time, web: { ...filled('w', 40), ...seldom }, shared: n % 7, tags: ['a', `t${n % 5}`] };
  if (n % 3 === 1) return { ...time, shared: `text ${n % 7}`, dns: filled('d', 30), ip: `10.0.0.${n % 250}` };
  return { ...time, file: { ...filled('f', 35), size: n, odd: n % 2 === 0 ? { deep: 1 } : 'x' } };
}

const FIELDS = ['web.f7', 'dns.f7', 'file.f7', 'shared', 'tags', 'odd', 'n', 'rare199.x', 'file.odd.deep'];
const QUESTIONS: readonly (readonly [question: string, fits: (one: any) => boolean])[] = [
  ['web.f7: "w 3"', ({ web }) => web?.f7 === 'w 3'],
  ['dns.f7: "d 3"', ({ dns }) => dns?.f7 === 'd 3'],
  ['file.f7: "f 3"', ({ file }) => file?.f7 === 'f 3'],
  // A text does not fit where numbers came first.
  ['shared: *', ({ shared }) => typeof shared === 'number'],
  ['shared: 3', ({ shared }) => shared === 3],
  ['tags: t2', ({ tags }) => tags?.includes('t2')],
  ['odd: 199', ({ odd }) => odd?.includes(199)],
  ['file.odd: x', ({ file }) => file?.odd === 'x'],
  ['file.odd.deep: 1', ({ file }) => file?.odd?.deep === 1],
  ['rare199.x: 199', ({ n }) => n === 199],
  ['rare299.f3: *', ({ n }) => n === 299],
  ['web.seldom: 900', ({ n }) => n === 900],
  ['web.seldom: *', ({ n }) => n % 900 === 0],
  ['n > 1500', ({ n }) => n > 1500],
  ['ip: "10.0.0.0/28"', ({ ip }) => ip !== undefined && Number(ip.slice(7)) < 16],
  ['not web.f1: *', ({ web }) => web === undefined],
];

/** Everything that can be seen of the rows. */
async function picture(store: EmbeddedStore, index: string): Promise<unknown> {
  const { hits, total, aggregations } = await store.search({
    indices: { names: [index] },
    query: { type: 'all' },
    size: 1000,
    from: 0,
    sort: [
      { field: 'file.size', order: 'desc' },
      { field: 'n', order: 'asc' },
    ],
    source: true,
    fields: FIELDS.map((field) => ({ field })),
    trackTotalHits: true,
    aggregations: {
      sizes: { type: 'stats', parameters: { field: 'file.size' } },
      shared: { type: 'terms', parameters: { field: 'shared', size: 50 } },
      webs: { type: 'terms', parameters: { field: 'web.f30', size: 50 } },
    },
  } as never);
  const counts: [string, number][] = [];
  for (const [question] of QUESTIONS)
    counts.push([question, (await store.count({ names: [index] }, parseKql(question))).count]);
  return {
    counts,
    total,
    aggregations: JSON.parse(aggregations!),
    hits: hits.map(({ id, source, fields, sort }: any) => [id, source, fields, sort]),
  };
}

test('what is found in memory is found in segments, new, merged and merged for the last time, and in snapshots of them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-packed-'));
  folders.push(folder);
  let store = await open(join(folder, 'store'));
  const other = await open(join(folder, 'other'));
  // Columns have other numbers there.
  await other.bulkBody({ body: Buffer.from('{"index":{"_index":"x"}}\n{"tags":"a","z":1,"y":{"z":2}}\n') });
  const write = async (from: number, to: number): Promise<void> => {
    const lines = Array.from({ length: to - from }, (_, at) => [
      `{"index":{"_index":"mixed","_id":"${from + at}"}}`,
      JSON.stringify(document(from + at)),
    ]);
    const { errors } = await store.bulkBody({ body: Buffer.from(`${lines.flat().join('\n')}\n`) });
    expect(errors).toBe(false);
  };
  const reopen = async (between: (core: Core) => Promise<void> = async () => {}): Promise<void> => {
    stores.splice(stores.indexOf(store), 1);
    await store.close();
    const core = await Core.open({
      folder: join(folder, 'store'),
      makeMapping: (mapping, settings) => new IndexMapping(mapping, limitsOf(flatSettings(settings))),
    });
    await between(core);
    await core.close();
    store = await open(join(folder, 'store'));
  };
  const indexOf = (core: Core): Index => core.catalogue.byName.get('mixed')!;
  const restored = async (name: string): Promise<unknown> => {
    await store.snapshot(join(folder, name), { names: ['mixed'] });
    await other.restore(join(folder, name), {
      indices: { names: ['mixed'] },
      renamePattern: '^mixed$',
      renameReplacement: `mixed-${name}`,
    });
    return picture(other, `mixed-${name}`);
  };
  for (let from = 0; from < 2700; from += 900) await write(from, from + 900);
  // Some are replaced, and so gone in the same table.
  await write(30, 60);
  const before = await picture(store, 'mixed');
  const all = Array.from({ length: 2700 }, (_, n) => document(n));
  expect((before as any).counts).toEqual(
    QUESTIONS.map(([question, fits]) => [question, all.filter((one) => fits(one)).length]),
  );
  await store.verify();
  expect(await picture(store, 'mixed')).toEqual(before);
  // Another segment, with other columns of its own since these were searched.
  await write(500, 1500);
  const after = await picture(store, 'mixed');
  await store.verify();
  expect(await picture(store, 'mixed')).toEqual(after);
  await reopen(async (core) => {
    const { segments } = indexOf(core);
    expect(segments.map(({ info }) => [info.packed, info.columns.length < 50])).toEqual([
      [true, true],
      [true, true],
    ]);
    expect(segments[0]!.info.columns).not.toEqual(segments[1]!.info.columns);
  });
  expect(await picture(store, 'mixed')).toEqual(after);
  expect(await restored('new')).toEqual(after);
  await reopen(async (core) => {
    await mergeSegments(core, { index: indexOf(core), segments: [...indexOf(core).segments], isLast: false });
    const [{ info }] = indexOf(core).segments as [Segment];
    expect(info.packed).toBeUndefined();
    expect(info.columns.length).toBeGreaterThan(100);
    expect(info.columns.length).toBeLessThanOrEqual(MAX_COLUMNS);
    expect(Object.keys(info.sparse!).length).toBeGreaterThan(100);
  });
  expect(await picture(store, 'mixed')).toEqual(after);
  expect(await restored('merged')).toEqual(after);
  // New rows beside those that are merged, and all of them once more.
  await write(2000, 2600);
  const more = await picture(store, 'mixed');
  await store.verify();
  expect(await picture(store, 'mixed')).toEqual(more);
  await reopen(async (core) => {
    await mergeSegments(core, { index: indexOf(core), segments: [...indexOf(core).segments], isLast: true });
    expect(indexOf(core).segments).toHaveLength(1);
  });
  expect(await picture(store, 'mixed')).toEqual(more);
  // What was restored is merged as well, with the keys that it came with.
  const numbers = join(folder, 'other');
  stores.splice(stores.indexOf(other), 1);
  await other.close();
  const core = await Core.open({
    folder: numbers,
    makeMapping: (mapping, settings) => new IndexMapping(mapping, limitsOf(flatSettings(settings))),
  });
  for (const name of ['mixed-new', 'mixed-merged']) {
    const index = core.catalogue.byName.get(name)!;
    for (const segment of [...index.segments])
      await mergeSegments(core, { index, segments: [segment], isLast: true });
  }
  await core.close();
  const again = await open(numbers);
  expect(await picture(again, 'mixed-new')).toEqual(after);
  expect(await picture(again, 'mixed-merged')).toEqual(after);
}, 60_000);
