import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { StoreClient } from '../../src/store/embedded/store-client.ts';
import { OpenSearchStore } from '../../src/store/opensearch/opensearch-store.ts';
import { type OpenSearch, openSearchMissing, startOpenSearch } from '../peers/opensearch.ts';
import { startEventsConsole } from '../support/events-console.ts';
import { runToEnd } from '../support/millrace.ts';
import { describePeer } from '../support/peers.ts';
import { driverSuite, fixedRules } from './driver-suite.ts';

describePeer('OpenSearch', [await openSearchMissing()], () => {
  let server: OpenSearch;
  let store: OpenSearchStore;
  beforeAll(async () => {
    server = await startOpenSearch();
    store = await OpenSearchStore.open({
      connection: { hosts: [server.url] },
      templatePatterns: ['*'],
      retention: fixedRules,
      logger: silentLogger,
    });
  }, 150_000);
  afterAll(async () => {
    await store?.close();
    await server?.stop();
  });

  driverSuite({ name: 'cluster', open: async () => ({ store, close: async () => {} }) });

  test('the console’s Discover works on a cluster, within the rights of its caller', async () => {
    const day = Date.UTC(2026, 10, 1);
    const documents = Array.from({ length: 500 }, (_, n) =>
      [
        { create: { _index: n % 5 === 0 ? 'disco-secret' : `disco-${n % 2}`, _id: `d${n}` } },
        {
          '@timestamp': new Date(day + n * 60_000).toISOString(),
          user: { name: n % 3 === 0 ? 'alice' : 'bob', secret: 'hunter2' },
          message: `event number ${n}`,
          n,
        },
      ]
        .map((each) => `${JSON.stringify(each)}\n`)
        .join(''),
    );
    expect((await store.bulkBody({ body: Buffer.from(documents.join('')) })).errors).toBe(false);
    const started = await startEventsConsole(store);
    const ask = async (path: string, body?: object): Promise<any> => {
      const response = await fetch(started.url + path, {
        method: body ? 'POST' : 'GET',
        headers: { 'content-type': 'application/json', 'x-millrace-csrf': 'proof' },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : text;
    };
    const whole = { from: '2026-11-01', to: '2026-11-02', indices: ['disco-*'] };
    try {
      // Pages go through everything once, newest first.
      const seen: number[] = [];
      for (let after: unknown; ; ) {
        const page = await ask('/api/events/search', {
          ...whole,
          size: 150,
          ...(after !== undefined && { after }),
        });
        seen.push(...page.hits.map(({ source }: any) => JSON.parse(source).n));
        if (page.hits.length < 150) break;
        after = page.hits.at(-1).sort;
      }
      expect(seen).toEqual(Array.from({ length: 500 }, (_, at) => 499 - at));
      const found = await ask('/api/events/search', { ...whole, query: 'user.name: alice and n < 10' });
      expect(found.total).toEqual({ value: 4, relation: 'eq' });
      expect(found.hits[0].highlight).toMatchObject({ 'user.name': ['alice'] });
      const { histogram, total } = await ask('/api/events/histogram', { ...whole, interval: '1h' });
      expect([total, histogram.buckets.length]).toEqual([500, 48]);
      const values = await ask('/api/events/values', { ...whole, field: 'user.name' });
      expect(values.values).toEqual([
        { value: 'bob', count: 333 },
        { value: 'alice', count: 167 },
      ]);
      const completed = await ask('/api/events/complete', { ...whole, query: 'user.name: al', cursor: 13 });
      expect(completed.options.map(({ text }: any) => text)).toContain('alice');
      const around = await ask('/api/events/surrounding?index=disco-1&id=d101&size=3&indices=disco-*');
      expect([...around.before, ...around.after].map(({ id }: any) => id).toSorted()).toEqual(
        ['d98', 'd99', 'd100', 'd102', 'd103', 'd104'].toSorted(),
      );
      const lines = (await ask('/api/events/export', { ...whole, format: 'ndjson' })).trim().split('\n');
      expect(lines).toHaveLength(500);
      started.caller = {
        name: 'vera',
        role: 'analyst',
        indices: ['disco-0', 'disco-1'],
        hiddenFields: ['user.secret'],
        filter: 'not user.name: alice',
      };
      const narrow = await ask('/api/events/search', { ...whole, indices: [], size: 1000 });
      expect(narrow.hits).toHaveLength(documents.filter((_, n) => n % 5 !== 0 && n % 3 !== 0).length);
      expect(JSON.stringify(narrow)).not.toMatch(/hunter2|alice|disco-secret/);
      expect((await ask('/api/events/search', { ...whole, query: 'hunter2' })).hits).toEqual([]);
      expect(await ask('/api/events/export', { ...whole, format: 'ndjson' })).not.toMatch(/hunter2|alice/);
      expect(started.errors).toEqual([]);
    } finally {
      await started.console.close();
    }
  }, 60_000);

  test('several shards: no page skips or repeats what has the same order', async () => {
    await store.createIndex('shards', { settings: { number_of_shards: 3, number_of_replicas: 0 } });
    const body = Array.from({ length: 3000 }, (_, at) => `{"create":{"_id":"s${at}"}}\n{"n":${at % 2}}\n`);
    expect((await store.bulkBody({ body: Buffer.from(body.join('')), index: 'shards' })).errors).toBe(false);
    const { hits } = await store.search({
      indices: { names: ['shards'] },
      query: { type: 'all' },
      sort: [{ field: 'n', order: 'asc' }],
      from: 0,
      size: 3000,
      source: false,
      trackTotalHits: false,
    });
    const id = await store.openPointInTime({ names: ['shards'] }, 60_000);
    const seen: string[] = [];
    for (let after = undefined as (typeof hits)[number]['sort']; ; ) {
      const page = await store.search({
        indices: { names: [] },
        pointInTime: { id },
        query: { type: 'all' },
        sort: [{ field: 'n', order: 'asc' }],
        from: 0,
        size: 170,
        source: false,
        trackTotalHits: false,
        ...(after && { searchAfter: after }),
      });
      seen.push(...page.hits.map((hit) => hit.id));
      if (page.hits.length < 170) break;
      after = page.hits.at(-1)!.sort;
    }
    expect([...seen].sort()).toEqual(hits.map((hit) => hit.id).sort());
    expect(await store.closePointInTime(id)).toBe(true);
  });

  test('snapshots go to repositories of the cluster', async () => {
    await expect(store.snapshot('s3://bucket/x', { names: [] })).rejects.toMatchObject({
      status: 400,
      type: 'repository_missing_exception',
    });
    await expect(store.snapshot('nowhere', { names: [] })).rejects.toThrow(/PUT _snapshot/);
    await expect(store.restore('nowhere/x', { indices: { names: [] } })).rejects.toThrow(/PUT _snapshot/);
  });

  test('commands see it as the cluster that it is', async () => {
    const own = await OpenSearchStore.connect({
      connection: { hosts: [server.url] },
      logger: silentLogger,
    });
    expect((await own.status()).driver).toBe('cluster');
    expect(await own.retention()).toEqual([]);
    expect(await own.snapshots('')).toEqual([]);
    await expect(own.verify()).rejects.toThrow(/not supported/);
    await expect(own.archive({ names: ['x'] })).rejects.toThrow(/not supported/);
    await own.close();
    const { code, stdout, stderr } = await runToEnd({
      args: ['store', 'status', '--store.driver', 'opensearch', '--store.hosts', server.url],
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^store +${server.url}$`, 'm'));
    expect(stdout).toMatch(/^disk .* free of /m);
  });

  test('in the thread of the store, as the settings start it', async () => {
    const said: string[] = [];
    const logger = { ...silentLogger, info: (_: object, message: string) => said.push(message) };
    const cluster = { connection: { hosts: [server.url] }, secrets: {}, templatePatterns: ['*'] };
    const client = await StoreClient.start({ cluster }, logger);
    const body = new Uint8Array(Buffer.from('{"index":{}}\n{"a":1}\n'));
    expect((await client.bulkBody({ body, index: 'in-thread' })).errors).toBe(false);
    expect(await client.count({ names: ['in-thread'] }, { type: 'all' })).toEqual({ count: 1, shards: 1 });
    await expect(client.get('no-such', '1')).rejects.toMatchObject({ type: 'index_not_found_exception' });
    await client.close();
    expect(said).toEqual([expect.stringMatching(/^connected to OpenSearch 2\./)]);
  });

  test('a cluster that is not there', async () => {
    const connection = { hosts: ['http://127.0.0.1:9'] };
    await expect(OpenSearchStore.open({ connection, logger: silentLogger })).rejects.toThrow(
      'http://127.0.0.1:9 refuses connections',
    );
  });
});
