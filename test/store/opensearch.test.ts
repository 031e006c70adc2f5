import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { StoreClient } from '../../src/store/embedded/store-client.ts';
import { OpenSearchStore } from '../../src/store/opensearch/opensearch-store.ts';
import { type OpenSearch, openSearchMissing, startOpenSearch } from '../peers/opensearch.ts';
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
