import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { parseKql } from '../../query/kql.ts';
import { EmbeddedStore } from './embedded-store.ts';
import type { HotKind } from './hot-table.ts';
import { familiesOf } from './row-families.ts';
import { embeddedSearcher } from './search/searcher.ts';

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

const kindOf = (rows: number, ...columns: string[]): HotKind => ({ rows, columns: [new Set(columns)] });
const many = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);

test('kinds with few columns in common are families of their own, those that are alike are one', () => {
  const [a, b] = [many('c1', 30), many('c2', 30)];
  const kinds = new Map([
    [7, kindOf(6000, ...a)],
    [-8, kindOf(4000, ...a.slice(2), 'c5')],
    [9, kindOf(2000, ...b, 'c5')],
  ]);
  const families = familiesOf({ kinds, rows: 12_000 }, [...a, ...b, 'c5']);
  expect(families.map(({ where }) => where)).toEqual([' AND kind IN (7,-8)', ' AND kind IN (9)']);
  expect(families.map(({ columns }) => [...columns].sort())).toEqual([
    [...a, 'c5'].sort(),
    [...b, 'c5'].sort(),
  ]);
});

test('one family where nothing is to be gained, or kinds are not known', () => {
  const whole = [{ where: '', columns: new Set(['c1', 'c2']), others: undefined }];
  const of = (kinds: Map<number, HotKind> | undefined, rows: number) =>
    familiesOf({ kinds, rows }, ['c1', 'c2']);
  expect(of(undefined, 9000)).toEqual(whole);
  expect(of(new Map([[1, kindOf(9000, 'c1', 'c2')]]), 9000)).toEqual(whole);
  const apart = new Map([
    [1, kindOf(4500, 'c1')],
    [2, kindOf(4500, 'c2')],
  ]);
  expect(of(apart, 9000)).toHaveLength(2);
  expect(of(apart, 90)).toEqual(whole);
});

test('every kind is in one family, which has all of its columns', () => {
  const names = many('c', 12);
  const kinds = fc.uniqueArray(fc.tuple(fc.integer(), fc.nat(5000), fc.subarray(names)), {
    selector: ([number]) => number,
    maxLength: 40,
  });
  fc.assert(
    fc.property(kinds, fc.subarray(names), (list, wanted) => {
      const rows = list.reduce((sum, [, count]) => sum + count, 0);
      const map = new Map(list.map(([number, count, columns]) => [number, kindOf(count, ...columns)]));
      const families = familiesOf({ kinds: map, rows }, wanted);
      if (families.length === 1 && families[0]!.where === '') {
        expect([...families[0]!.columns]).toEqual(wanted);
        return;
      }
      const places = families.flatMap(({ where, columns, others }) =>
        /\((.*)\)/
          .exec(where)![1]!
          .split(',')
          .map((number) => [Number(number), columns, others] as const),
      );
      expect(places.map(([number]) => number).sort()).toEqual([...map.keys()].sort());
      for (const [number, columns, others] of places)
        for (const name of map.get(number)!.columns.flatMap((some) => [...some]))
          expect((wanted.includes(name) ? columns : others)!.has(name)).toBe(true);
    }),
  );
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

test('what is found in memory is found in segments of several families, with and without deleted rows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-families-'));
  folders.push(folder);
  let store = await open(folder);
  const write = async (from: number, to: number): Promise<void> => {
    const lines = Array.from({ length: to - from }, (_, at) => [
      `{"index":{"_index":"mixed","_id":"${from + at}"}}`,
      JSON.stringify(document(from + at)),
    ]);
    const { errors } = await store.bulkBody({ body: Buffer.from(`${lines.flat().join('\n')}\n`) });
    expect(errors).toBe(false);
  };
  const ask = async (): Promise<unknown> => {
    const fields = [
      'web.f7',
      'dns.f7',
      'file.f7',
      'shared',
      'tags',
      'odd',
      'n',
      'rare199.x',
      'file.odd.deep',
    ];
    const result = await store.search({
      indices: { names: [] },
      query: { type: 'all' },
      size: 1000,
      from: 0,
      sort: [{ field: 'n', order: 'asc' }],
      source: true,
      fields: fields.map((field) => ({ field })),
      trackTotalHits: true,
    } as any);
    const counts: number[] = [];
    for (const question of [
      'web.f7: "w 3"',
      'dns.f7: "d 3"',
      'file.f7: "f 3"',
      'shared: *',
      'tags: t2',
      'odd: 199',
      'file.odd: x',
      'file.odd.deep: 1',
      'rare199.x: 199',
      'rare299.f3: *',
      'web.seldom: 900',
      'web.seldom: *',
      'n > 1500',
      'ip: "10.0.0.0/28"',
      'not web.f1: *',
    ])
      counts.push((await store.count({ names: [] }, parseKql(question))).count);
    return [
      counts,
      result.total,
      result.hits.map(({ id, source, ...rest }) => [id, source, (rest as any).fields]),
    ];
  };
  for (let from = 0; from < 8100; from += 900) await write(from, from + 900);
  // Some are replaced, and so gone in the same table.
  await write(30, 60);
  const before = await ask();
  expect((before as number[][])[0]!.filter((count) => count > 0).length).toBeGreaterThan(9);
  await store.verify();
  const after = await ask();
  expect(after).toEqual(before);
  stores.splice(stores.indexOf(store), 1);
  await store.close();
  store = await open(folder);
  expect(await ask()).toEqual(before);
  // Rows that come from the log are of no known kind.
  await write(8100, 8400);
  const more = await ask();
  stores.splice(stores.indexOf(store), 1);
  await store.close();
  store = await open(folder);
  await store.verify();
  expect(await ask()).toEqual(more);
}, 60_000);
