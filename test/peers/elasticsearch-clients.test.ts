/** The store's API with the official clients: what they send, and that they understand the answers. */
import { Client as OpenSearch } from '@opensearch-project/opensearch';
import { Client as Elastic7 } from 'es7';
import { Client as Elastic8 } from 'es8';
import { Client as Elastic9 } from 'es9';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describePeer, Peer, peers, pythonModules } from '../support/peers.ts';
import { startStoreApi, type TestApi } from '../support/store-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startStoreApi();
});
afterAll(() => api.close());

interface Tested {
  readonly name: string;
  /** Clients 7 and OpenSearch's put the request's JSON under `body`, and so does their answer. */
  readonly wrapped: boolean;
  make(node: string): any;
}
const clients: readonly Tested[] = [
  { name: '@elastic/elasticsearch 7', wrapped: true, make: (node) => new Elastic7({ node }) },
  { name: '@elastic/elasticsearch 8', wrapped: false, make: (node) => new Elastic8({ node }) },
  { name: '@elastic/elasticsearch 9', wrapped: false, make: (node) => new Elastic9({ node }) },
  { name: '@opensearch-project/opensearch', wrapped: true, make: (node) => new OpenSearch({ node }) },
];

describe.each(clients)('$name', ({ name, wrapped, make }) => {
  let client: any;
  const index = `client-${name.replace(/\W+/g, '-').toLowerCase()}`.replace(/-+/g, '-');
  const request = (parameters: object, body: object): object =>
    wrapped ? { ...parameters, body } : { ...parameters, ...body };
  const answer = async (promise: Promise<any>): Promise<any> => (wrapped ? (await promise).body : promise);
  beforeAll(() => {
    client = make(api.url);
  });
  afterAll(() => client.close());

  test('templates, bulk helper, search, aggregation', async () => {
    await client.indices.putIndexTemplate(
      request(
        { name: index },
        {
          index_patterns: [`${index}*`],
          template: {
            mappings: { properties: { host: { type: 'keyword' }, '@timestamp': { type: 'date' } } },
          },
        },
      ),
    );
    const documents = Array.from({ length: 250 }, (_, at) => ({
      '@timestamp': new Date(1_700_000_000_000 + at * 1000).toISOString(),
      at,
      host: `h${at % 5}`,
    }));
    const result = await client.helpers.bulk({
      datasource: documents,
      flushBytes: 4096,
      onDocument: () => ({ create: { _index: index } }),
    });
    expect(result).toMatchObject({ total: 250, successful: 250, failed: 0 });
    await client.indices.refresh({ index });
    const found = await answer(
      client.search(
        request(
          { index },
          {
            query: { bool: { filter: [{ term: { host: 'h1' } }, { range: { at: { lt: 100 } } }] } },
            sort: [{ at: 'desc' }],
            size: 5,
            aggs: {
              hosts: { terms: { field: 'host' } },
              per: { date_histogram: { field: '@timestamp', fixed_interval: '1m' } },
            },
          },
        ),
      ),
    );
    expect(found.hits.total.value).toBe(20);
    expect(found.hits.hits.map((hit: any) => hit._source.at)).toEqual([96, 91, 86, 81, 76]);
    expect(found.aggregations.hosts.buckets).toEqual([expect.objectContaining({ key: 'h1', doc_count: 20 })]);
    expect(found.aggregations.per.buckets.length).toBeGreaterThan(1);
    expect((await answer(client.count({ index }))).count).toBe(250);
    const mapping = await answer(client.indices.getMapping({ index }));
    expect(mapping[index].mappings.properties.host).toMatchObject({ type: 'keyword' });
  });

  test('single documents, errors', async () => {
    const one = `${index}-one`;
    const made = await answer(
      client.index(
        wrapped ? { index: one, id: '1', body: { a: 1 } } : { index: one, id: '1', document: { a: 1 } },
      ),
    );
    expect(made).toMatchObject({ result: 'created', _version: 1 });
    await answer(client.update(request({ index: one, id: '1' }, { doc: { b: 2 } })));
    expect((await answer(client.get({ index: one, id: '1' })))._source).toEqual({ a: 1, b: 2 });
    expect(await answer(client.exists({ index: one, id: '2' }))).toBe(false);
    const several = await answer(client.mget(request({ index: one }, { ids: ['1', '2'] })));
    expect(several.docs.map((doc: any) => doc.found)).toEqual([true, false]);
    expect((await answer(client.delete({ index: one, id: '1' }))).result).toBe('deleted');
    const error = await client.search({ index: `${index}-absent` }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'ResponseError', statusCode: 404 });
    expect(await answer(client.indices.exists({ index: one }))).toBe(true);
    await client.indices.delete({ index: one });
    expect(await answer(client.indices.exists({ index: one }))).toBe(false);
  });

  test('everything, by scroll and by a point in time', async () => {
    const seen: number[] = [];
    for await (const document of client.helpers.scrollDocuments(
      request({ index, size: 100 }, { query: { match_all: {} } }),
    ))
      seen.push(document.at);
    expect(new Set(seen).size).toBe(250);
    expect(seen).toHaveLength(250);
    const isOpenSearch = name.includes('opensearch');
    const opened = isOpenSearch
      ? (await answer(client.createPit({ index, keep_alive: '1m' }))).pit_id
      : (await answer(client.openPointInTime({ index, keep_alive: '1m' }))).id;
    let after: unknown[] | undefined;
    let count = 0;
    for (;;) {
      const page = await answer(
        client.search(
          request(
            {},
            {
              size: 90,
              pit: { id: opened, keep_alive: '1m' },
              sort: [{ '@timestamp': 'asc' }],
              ...(after && { search_after: after }),
            },
          ),
        ),
      );
      if (page.hits.hits.length === 0) break;
      count += page.hits.hits.length;
      after = page.hits.hits.at(-1).sort;
    }
    expect(count).toBe(250);
    const closed = isOpenSearch
      ? (await answer(client.deletePit({ body: { pit_id: [opened] } }))).pits[0].successful
      : (await answer(client.closePointInTime(wrapped ? { body: { id: opened } } : { id: opened })))
          .succeeded;
    expect(closed).toBe(true);
  });

  test('several searches, the cluster, tables', async () => {
    const searches = [{ index }, { size: 0 }, { index: 'absent' }, { size: 0 }];
    const { responses } = await answer(client.msearch(wrapped ? { body: searches } : { searches }));
    expect(responses[0].hits.total.value).toBe(250);
    expect(responses[1].status).toBe(404);
    expect((await answer(client.cluster.health())).status).toBe('green');
    expect((await answer(client.info())).version.number).toBe('8.19.0');
    const rows = await answer(client.cat.indices({ index, format: 'json' }));
    expect(rows[0]['docs.count']).toBe('250');
    const fields = await answer(client.fieldCaps({ index, fields: '*' }));
    expect(fields.fields.at.long).toMatchObject({ type: 'long' });
  });
});

const python = `
import sys
from elasticsearch import Elasticsearch, helpers
es = Elasticsearch([sys.argv[1]])
helpers.bulk(es, ({"_index": "python", "_id": str(n), "n": n} for n in range(120)))
es.indices.refresh(index="python")
found = es.search(index="python", body={"query": {"range": {"n": {"gte": 100}}}, "aggs": {"m": {"max": {"field": "n"}}}})
print(found["hits"]["total"]["value"], float(found["aggregations"]["m"]["value"]))
print(sum(1 for _ in helpers.scan(es, index="python", size=50)))
print(es.get(index="python", id="7")["_source"]["n"])
`;

describePeer("Debian's python3-elasticsearch", [peers.python3, peers.pythonElasticsearch], () => {
  test('bulk helper, search, scan', async () => {
    const peer = new Peer('python3', ['-W', 'ignore', '-c', python, api.url], {
      env: { PYTHONPATH: pythonModules },
    });
    await peer.exited;
    expect(peer.output.trim().split('\n')).toEqual(['20 119.0', '120', '7']);
  });
});
