import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseKql } from '../query/kql.ts';
import { EmbeddedStore } from './embedded/embedded-store.ts';
import { embeddedSearcher } from './embedded/search/searcher.ts';
import { type ScanPage, type ScanPosition, type ScanRequest, scan } from './scan.ts';
import type { SortKey } from './store.ts';

let folder: string;
let store: EmbeddedStore;
const START = Date.parse('2026-11-20T00:00:00Z');
const COUNT = 12_000;

/** Three daily indices, many events of the same second, some without a time, in no order; half of them sealed. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-scan-'));
  store = await EmbeddedStore.open({
    folder,
    searcher: embeddedSearcher,
    memoryLimit: 2 ** 29,
    reserve: 0,
  });
  for (let from = 0; from < COUNT; from += 3000) {
    let body = '';
    for (let n = from; n < from + 3000; n++) {
      const day = n % 3;
      const time = new Date(START + day * 86_400_000 + ((n * 7919) % 600) * 1000).toISOString();
      body += `{"index":{"_index":"scan-${day}"}}\n{"n":${n}${n % 50 === 0 ? '' : `,"@timestamp":"${time}"`},"even":${n % 2 === 0}}\n`;
    }
    expect((await store.bulkBody({ body: Buffer.from(body) })).errors).toBe(false);
    if (from === 3000) await store.settle();
  }
}, 30_000);
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const request = (more: Partial<ScanRequest> = {}): ScanRequest => ({
  indices: { names: ['scan-*'] },
  query: { type: 'all' },
  ...more,
});
const numbers = (page: ScanPage): number[] => page.hits.map(({ source }) => JSON.parse(source!).n as number);

async function collect(given: ScanRequest): Promise<{ all: number[]; pages: ScanPage[] }> {
  const all: number[] = [];
  const pages: ScanPage[] = [];
  for await (const page of scan(store, given)) {
    all.push(...numbers(page));
    pages.push(page);
  }
  return { all, pages };
}

const sorts: readonly (readonly [string, readonly SortKey[] | undefined])[] = [
  ['oldest first', undefined],
  ['newest first', [{ field: '@timestamp', order: 'desc' }]],
  ['in the order of arrival', [{ field: '_doc', order: 'asc' }]],
  ['latest arrivals first', [{ field: '_doc', order: 'desc' }]],
  ['by another field', [{ field: 'even', order: 'asc' }]],
];

describe.each(sorts)('%s', (_name, sort) => {
  const given = request(sort && { sort });

  test('everything once, beyond ten thousand', async () => {
    const { all, pages } = await collect(given);
    expect(all.length).toBe(COUNT);
    expect(new Set(all).size).toBe(COUNT);
    expect(pages.map(({ total }) => total)).toEqual(pages.map(() => COUNT));
    expect(pages.at(-1)!.done).toBe(COUNT);
  });

  test('goes on behind any page as if nothing had happened', async () => {
    const whole = await collect({ ...given, limit: 4000 });
    const { done, position } = whole.pages[0]!;
    const rest = await collect({ ...given, after: position, limit: 4000 - done });
    expect(rest.all).toEqual(whole.all.slice(done));
    expect(rest.pages[0]!.total).toBe(COUNT);
  });
});

test('oldest first is in order, those without a time last', async () => {
  const times: number[] = [];
  for await (const { hits } of scan(store, request()))
    for (const { source } of hits)
      times.push(Date.parse(JSON.parse(source!)['@timestamp'] ?? '') || Number.POSITIVE_INFINITY);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.filter((time) => time === Number.POSITIVE_INFINITY).length).toBe(COUNT / 50);
});

test('what is written meanwhile is not in it', async () => {
  const arrivals: ScanPosition[] = [];
  let count = 0;
  for await (const page of scan(store, { ...request(), indices: { names: ['scan-0'] } })) {
    if (count === 0) {
      const body = Buffer.from('{"index":{"_index":"scan-0"}}\n{"n":-1}\n');
      await store.bulkBody({ body });
    }
    count += page.hits.length;
    arrivals.push(page.position);
  }
  expect(count).toBe(COUNT / 3);
  expect(arrivals.every((position) => position.length === 2)).toBe(true);
  await store.deleteByQuery({ names: ['scan-0'] }, parseKql('n: -1'));
});

test('a limit, a query, and nothing found', async () => {
  expect((await collect(request({ limit: 7 }))).all.length).toBe(7);
  expect((await collect(request({ limit: 0 }))).pages).toEqual([]);
  expect((await collect(request({ query: parseKql('even: true and n < 100') }))).all.length).toBe(50);
  expect((await collect(request({ query: parseKql('n: 99999999') }))).pages).toEqual([]);
});

test('a snapshot that timed out is opened anew', async () => {
  const opened: string[] = [];
  const given = {
    search: store.search.bind(store),
    closePointInTime: store.closePointInTime.bind(store),
    openPointInTime: async (...args: Parameters<EmbeddedStore['openPointInTime']>) => {
      const id = await store.openPointInTime(...args);
      opened.push(id);
      return id;
    },
  };
  const all: number[] = [];
  for await (const page of scan(given, request())) {
    all.push(...numbers(page));
    await store.closePointInTime(opened.at(-1)!);
  }
  expect(new Set(all).size).toBe(COUNT);
  expect(all.length).toBe(COUNT);
  expect(opened.length).toBeGreaterThan(1);
});

test('stopping early and aborting let the snapshot go', async () => {
  for await (const _ of scan(store, request())) break;
  const controller = new AbortController();
  const aborted = (async () => {
    for await (const _ of scan(store, request(), controller.signal)) controller.abort(new Error('enough'));
  })();
  await expect(aborted).rejects.toThrow('enough');
  await expect(collect({ ...request(), indices: { names: ['not-there'] } })).rejects.toMatchObject({
    type: 'index_not_found_exception',
  });
});
