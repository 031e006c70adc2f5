import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SearchRequest } from '../store.ts';
import { StoreClient } from './store-client.ts';

let folder: string;
let store: StoreClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-client-'));
  store = await StoreClient.start({ folder, memoryLimit: 2 ** 29, reserve: 0 });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const request: SearchRequest = {
  indices: { names: ['logs'] },
  query: { type: 'all' },
  from: 0,
  size: 10,
  sort: [],
  source: true,
  trackTotalHits: true,
};

test('a store in a thread: writes, reads, and errors that stay what they are', async () => {
  const body = new Uint8Array(
    Buffer.from('{"index":{"_index":"logs"}}\n{"a":"x","@timestamp":"2026-11-20T10:00:00Z"}\n'),
  );
  const answer = await store.bulkBody({ body });
  expect(answer.errors).toBe(false);
  expect(body.byteLength).toBe(0);
  const found = await store.search(request);
  expect(found.hits.map(({ source }) => source)).toEqual(['{"a":"x","@timestamp":"2026-11-20T10:00:00Z"}']);
  expect(await store.count({ names: ['logs'] }, { type: 'term', field: 'a', value: 'x' })).toEqual({
    count: 1,
    shards: 1,
  });
  await expect(store.search({ ...request, indices: { names: ['none'] } })).rejects.toMatchObject({
    name: 'StoreError',
    status: 404,
    type: 'index_not_found_exception',
  });
  expect((await store.status()).health).toBe('green');
});

test('a search says how far it is', async () => {
  const shares: number[] = [];
  const times = {
    type: 'date_histogram',
    parameters: { field: '@timestamp', fixed_interval: '1h' },
  } as const;
  const found = await store.search({ ...request, aggregations: { times } }, undefined, (share) =>
    shares.push(share),
  );
  expect(found.total).toEqual({ value: 1, relation: 'eq' });
  expect(shares.at(-1)).toBe(1);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
});

test('a second port has the same store', async () => {
  const other = new StoreClient(store.connect());
  expect((await other.indices({ names: [] })).map(({ name }) => name)).toEqual(['logs']);
  await other.close();
  expect((await store.retention()).length).toBe(0);
});

test('a search that is given up', async () => {
  await expect(store.search(request, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  const controller = new AbortController();
  const search = store.search(request, controller.signal);
  controller.abort(new Error('enough'));
  await expect(search).rejects.toThrow('enough');
  expect((await store.search(request)).hits).toHaveLength(1);
});

test('a folder that can not be had is an error', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(StoreClient.start({ folder: join(folder, 'file') })).rejects.toThrow();
});

test.each(['close', 'exit'])(
  'a process that ends by %s in the middle of work has its own status',
  async (way) => {
    const child = fileURLToPath(new URL('../../../test/support/store-exit-child.ts', import.meta.url));
    // More rounds by hand: an engine that is torn down while it works aborts the process in most of them.
    for (let round = 0; round < Number(process.env['MILLRACE_EXIT_ROUNDS'] ?? 1); round++) {
      const own = join(folder, `${way}-${round}`);
      const { status, stderr } = await new Promise<{ status: unknown; stderr: string }>((resolve) =>
        execFile(
          process.execPath,
          [child, own, way, String(200 + ((round * 137) % 900))],
          { env: { ...process.env, UV_THREADPOOL_SIZE: '16' } },
          (error, _, text) => resolve({ status: error?.code, stderr: text }),
        ),
      );
      expect(stderr).toBe('');
      expect(status).toBe(3);
      rmSync(own, { recursive: true });
    }
  },
  600_000,
);
