import { deflateSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStoreApi, type TestApi } from '../support/store-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startStoreApi();
});
afterAll(() => api.close());

const lines = (...values: unknown[]): string =>
  `${values.map((value) => JSON.stringify(value)).join('\n')}\n`;
const ask: TestApi['ask'] = (...given) => api.ask(...given);

describe('the handshake of shippers', () => {
  test('the root has what clients look at, and every answer names the product', async () => {
    const { status, json, headers } = await ask('GET', '/');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      version: { number: '8.19.0', build_flavor: 'default' },
      tagline: 'You Know, for Search',
      cluster_uuid: expect.any(String),
    });
    expect(headers['x-elastic-product']).toBe('Elasticsearch');
    const head = await ask('HEAD', '/');
    expect([head.status, head.text, head.headers['x-elastic-product']]).toEqual([200, '', 'Elasticsearch']);
    expect((await ask('GET', '/nothing-here')).headers['x-elastic-product']).toBe('Elasticsearch');
  });

  test('media types of clients 7, 8 and 9 are answered in kind', async () => {
    for (const version of [7, 8, 9]) {
      const type = `application/vnd.elasticsearch+json; compatible-with=${version}`;
      const { headers } = await ask('GET', '/', undefined, { accept: type });
      expect(headers['content-type']).toBe(`application/vnd.elasticsearch+json;compatible-with=${version}`);
      const bulk = await ask('POST', '/media/_bulk', lines({ create: {} }, { a: version }), {
        'content-type': `application/vnd.elasticsearch+x-ndjson; compatible-with=${version}`,
      });
      expect(bulk.status).toBe(200);
    }
    expect((await ask('GET', '/')).headers['content-type']).toBe('application/json');
  });

  test('set-up of Beats 8: policy, template, data stream, pipeline; then bulk', async () => {
    expect((await ask('GET', '/_license?human=false')).json.license).toMatchObject({
      status: 'active',
      type: 'basic',
    });
    expect((await ask('GET', '/_ilm/policy/filebeat')).status).toBe(404);
    const policy = await ask('PUT', '/_ilm/policy/filebeat', {
      policy: { phases: { hot: { actions: {} } } },
    });
    expect(policy.json).toEqual({ acknowledged: true });
    expect((await ask('GET', '/_ilm/policy/filebeat')).json.filebeat.policy.phases).toEqual({
      hot: { actions: {} },
    });
    expect((await ask('HEAD', '/_index_template/filebeat-8.17.0')).status).toBe(404);
    const template = {
      index_patterns: ['filebeat-8.17.0'],
      data_stream: {},
      priority: 150,
      template: {
        mappings: { properties: { '@timestamp': { type: 'date' }, message: { type: 'match_only_text' } } },
      },
    };
    expect((await ask('PUT', '/_index_template/filebeat-8.17.0', template)).json.acknowledged).toBe(true);
    expect((await ask('HEAD', '/_index_template/filebeat-8.17.0')).status).toBe(200);
    expect((await ask('GET', '/_data_stream/filebeat-8.17.0')).status).toBe(404);
    expect((await ask('PUT', '/_data_stream/filebeat-8.17.0')).json.acknowledged).toBe(true);
    expect((await ask('GET', '/_data_stream/filebeat-8.17.0')).json.data_streams[0]).toMatchObject({
      name: 'filebeat-8.17.0',
      timestamp_field: { name: '@timestamp' },
      generation: 1,
      template: 'filebeat-8.17.0',
    });
    expect((await ask('GET', '/_ingest/pipeline/filebeat-x')).status).toBe(404);
    await ask('PUT', '/_ingest/pipeline/filebeat-x', { description: 'x', processors: [] });
    expect((await ask('GET', '/_ingest/pipeline/filebeat-x')).status).toBe(200);
    expect((await ask('GET', '/_nodes/ingest')).status).toBe(200);
    const bulk = await ask(
      'POST',
      '/_bulk?filter_path=errors,items.*.error,items.*.status',
      gzipSync(
        lines(
          { create: { _index: 'filebeat-8.17.0', pipeline: 'filebeat-x' } },
          { '@timestamp': '2026-11-20T10:00:00.000Z', message: 'one' },
          { index: { _index: 'filebeat-8.17.0' } },
          { '@timestamp': '2026-11-20T10:00:01.000Z', message: 'not a create' },
        ),
      ),
      { 'content-encoding': 'gzip', 'content-type': 'application/json; charset=UTF-8' },
    );
    expect(bulk.status).toBe(200);
    expect(Object.keys(bulk.json)).toEqual(['errors', 'items']);
    expect(bulk.json.errors).toBe(true);
    expect(bulk.json.items[0]).toEqual({ create: { status: 201 } });
    expect(bulk.json.items[1].index).toMatchObject({
      status: 400,
      error: { type: 'illegal_argument_exception' },
    });
  });

  test('set-up of Beats 7: legacy template, alias behind a date math name', async () => {
    expect((await ask('HEAD', '/_template/filebeat-7')).status).toBe(404);
    const template = {
      index_patterns: ['filebeat-7*'],
      order: 1,
      settings: { index: { 'mapping.total_fields.limit': 10000 } },
      mappings: { properties: { n: { type: 'long' } } },
    };
    expect((await ask('PUT', '/_template/filebeat-7?include_type_name=false', template)).status).toBe(200);
    expect((await ask('HEAD', '/_template/filebeat-7')).status).toBe(200);
    expect((await ask('HEAD', '/_alias/filebeat-7')).status).toBe(404);
    const path = '/%3Cfilebeat-7-%7Bnow%2Fd%7D-000001%3E';
    const made = await ask('PUT', path, { aliases: { 'filebeat-7': { is_write_index: true } } });
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '.');
    expect(made.json).toMatchObject({ acknowledged: true, index: `filebeat-7-${day}-000001` });
    expect((await ask('PUT', path, {})).json.error.type).toBe('resource_already_exists_exception');
    expect((await ask('HEAD', '/_alias/filebeat-7')).status).toBe(200);
    expect((await ask('HEAD', '/filebeat-7')).status).toBe(200);
    const bulk = await ask('POST', '/_bulk', lines({ index: { _index: 'filebeat-7' } }, { n: 1 }));
    expect(bulk.json.items[0].index).toMatchObject({ _index: `filebeat-7-${day}-000001`, status: 201 });
  });

  test('a pipeline in the URL is named in a warning, and one that is not there is an error', async () => {
    const body = lines({ create: {} }, { a: 1 });
    const { status, headers } = await ask('POST', '/warned/_bulk?pipeline=filebeat-x', body);
    expect([status, headers['warning']]).toEqual([200, expect.stringContaining('not executed')]);
    const missing = await ask('POST', '/warned/_bulk?pipeline=nowhere', body);
    expect(missing.json.error.reason).toBe('pipeline with id [nowhere] does not exist');
  });

  test('Vector and Fluent Bit: x-ndjson, a timeout, a type in the action', async () => {
    expect((await ask('GET', '/_cluster/health')).json).toMatchObject({ status: 'green', timed_out: false });
    const { json } = await ask(
      'POST',
      '/_bulk?timeout=60s',
      lines({ create: { _index: 'fluent-bit', _type: '_doc' } }, { log: 'x' }),
      { 'content-type': 'application/x-ndjson' },
    );
    expect(json).toMatchObject({ errors: false });
  });
});

describe('documents', () => {
  test('are written, read, changed and deleted, with versions', async () => {
    const created = await ask('PUT', '/docs/_doc/1', '{"a": 1,\n "big": 9007199254740993, "b": {"c": "x"}}');
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      _index: 'docs',
      _id: '1',
      _version: 1,
      result: 'created',
      _primary_term: 1,
    });
    const got = await ask('GET', '/docs/_doc/1');
    expect(got.text).toContain('9007199254740993');
    expect(got.json).toMatchObject({ found: true, _version: 1 });
    expect((await ask('GET', '/docs/_source/1?_source_includes=b')).text).toBe('{"b":{"c": "x"}}');
    expect((await ask('GET', '/docs/_doc/1?_source=false')).json._source).toBeUndefined();
    expect((await ask('HEAD', '/docs/_doc/1')).status).toBe(200);
    expect((await ask('PUT', '/docs/_create/1', { a: 2 })).status).toBe(409);
    expect((await ask('PUT', '/docs/_doc/1?op_type=create', { a: 2 })).json.error.type).toBe(
      'version_conflict_engine_exception',
    );
    const updated = await ask('POST', '/docs/_update/1?_source=true', { doc: { a: 3 } });
    expect(updated.json).toMatchObject({
      result: 'updated',
      _version: 2,
      get: { found: true, _source: { a: 3 } },
    });
    const stale = await ask('PUT', `/docs/_doc/1?if_seq_no=${created.json._seq_no}&if_primary_term=1`, {
      a: 4,
    });
    expect(stale.status).toBe(409);
    expect((await ask('DELETE', '/docs/_doc/1')).json.result).toBe('deleted');
    expect((await ask('DELETE', '/docs/_doc/1')).status).toBe(404);
    expect((await ask('GET', '/docs/_doc/1')).json).toEqual({ _index: 'docs', _id: '1', found: false });
    const posted = await ask('POST', '/docs/_doc', { a: 5 });
    expect(posted.status).toBe(201);
    expect(posted.headers['location']).toBe(`/docs/_doc/${posted.json._id}`);
    expect((await ask('POST', '/docs/_doc', 'no json')).status).toBe(400);
    expect((await ask('POST', '/docs/_doc', '')).status).toBe(400);
  });

  test('several at once', async () => {
    await ask('PUT', '/many/_doc/a', { n: 1 });
    await ask('PUT', '/many/_doc/b', { n: 2 });
    const { json } = await ask('GET', '/many/_mget', { ids: ['a', 'b', 'c'] });
    expect(json.docs.map((one: any) => [one._id, one.found])).toEqual([
      ['a', true],
      ['b', true],
      ['c', false],
    ]);
    const mixed = await ask('POST', '/_mget', {
      docs: [
        { _index: 'many', _id: 'a', _source: ['x'] },
        { _index: 'gone', _id: 'a' },
      ],
    });
    expect(mixed.json.docs[0]._source).toEqual({});
    expect(mixed.json.docs[1].error.type).toBe('index_not_found_exception');
  });

  test('bulk bodies may be packed in several ways', async () => {
    const body = Buffer.from(lines({ index: { _id: '1' } }, { a: 'é' }));
    for (const [encoding, packed] of [
      ['gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['zstd', zstdCompressSync(body)],
    ] as const) {
      const { json } = await ask('POST', `/packed/_bulk`, packed, { 'content-encoding': encoding });
      expect(json.errors).toBe(false);
    }
    expect((await ask('POST', '/packed/_bulk', body, { 'content-encoding': 'br' })).status).toBe(415);
    expect((await ask('POST', '/packed/_bulk', body, { 'content-encoding': 'gzip' })).status).toBe(400);
  });
});

describe('searches', () => {
  const START = Date.parse('2026-11-01T00:00:00.000Z');
  beforeAll(async () => {
    const body = Array.from({ length: 100 }, (_, at) => [
      { index: { _index: at < 50 ? 'logs-1' : 'logs-2', _id: `${at}` } },
      {
        '@timestamp': new Date(START + at * 60_000).toISOString(),
        n: at,
        host: { name: `h${at % 3}` },
        message: `line ${at}`,
      },
    ]).flat();
    expect((await ask('POST', '/_bulk?refresh=wait_for', lines(...body))).json.errors).toBe(false);
  });

  test('query, sort, page, source filter, aggregation', async () => {
    const { json } = await ask('POST', '/logs-*/_search', {
      query: { range: { n: { gte: 10, lt: 20 } } },
      sort: [{ n: 'desc' }],
      size: 3,
      _source: ['n'],
      aggs: { hosts: { terms: { field: 'host.name.keyword' } } },
    });
    expect(json.hits.total).toEqual({ value: 10, relation: 'eq' });
    expect(json.hits.hits.map((hit: any) => hit._source)).toEqual([{ n: 19 }, { n: 18 }, { n: 17 }]);
    expect(json.hits.hits[0].sort).toEqual([19]);
    expect(json.aggregations.hosts.buckets[0]).toMatchObject({ doc_count: 4 });
    expect(json._shards).toMatchObject({ total: 2, failed: 0 });
  });

  test('in the URL', async () => {
    const { json } = await ask('GET', '/logs-1/_search?q=n:7&filter_path=hits.hits._id,-hits.total&pretty');
    expect(json).toEqual({ hits: { hits: [{ _id: '7' }] } });
    expect((await ask('GET', '/logs-1/_count?q=n:7')).json.count).toBe(1);
    expect((await ask('GET', '/logs-1/_search?size=1&rest_total_hits_as_int=true')).json.hits.total).toBe(50);
    expect((await ask('GET', '/logs-1/_search?size=0&filter_path=hits.total.value')).text).toBe(
      '{"hits":{"total":{"value":50}}}',
    );
  });

  test('several in one request fail alone', async () => {
    const body = lines(
      { index: 'logs-1' },
      { size: 0 },
      { index: 'absent' },
      {},
      {},
      { query: { nonsense: {} } },
      { index: ['absent', 'logs-2'], ignore_unavailable: true },
      { size: 0 },
    );
    const { json } = await ask('POST', '/_msearch', body, { 'content-type': 'application/x-ndjson' });
    expect(json.responses.map((one: any) => one.status)).toEqual([200, 404, 400, 200]);
    expect(json.responses[3].hits.total.value).toBe(50);
  });

  test('a point in time stays what it was', async () => {
    const { json: opened } = await ask('POST', '/logs-*/_pit?keep_alive=1m');
    const before = await ask('POST', '/_search', {
      pit: { id: opened.id, keep_alive: '1m' },
      sort: [{ n: 'asc' }],
      size: 60,
    });
    expect(before.json.pit_id).toBe(opened.id);
    const last = before.json.hits.hits.at(-1).sort;
    const after = await ask('POST', '/_search', {
      pit: { id: opened.id },
      sort: [{ n: 'asc' }],
      size: 60,
      search_after: last,
    });
    expect(after.json.hits.hits.map((hit: any) => hit._source.n)).toEqual(
      Array.from({ length: 40 }, (_, at) => 60 + at),
    );
    expect((await ask('POST', '/logs-1/_search', { pit: { id: opened.id } })).status).toBe(400);
    expect((await ask('DELETE', '/_pit', { id: opened.id })).json).toEqual({ succeeded: true, num_freed: 1 });
    expect((await ask('POST', '/_search', { pit: { id: opened.id } })).status).toBe(404);
    const theirs = (await ask('POST', '/logs-*/_search/point_in_time?keep_alive=1m')).json;
    expect((await ask('GET', '/_search/point_in_time/_all')).json.pits).toHaveLength(1);
    expect(
      (await ask('DELETE', '/_search/point_in_time', { pit_id: [theirs.pit_id] })).json.pits[0].successful,
    ).toBe(true);
  });

  test('a scroll gives everything once', async () => {
    const seen: number[] = [];
    let { json } = await ask('POST', '/logs-*/_search?scroll=1m', { size: 33, query: { match_all: {} } });
    expect(json.hits.total.value).toBe(100);
    while (json.hits.hits.length > 0) {
      seen.push(...json.hits.hits.map((hit: any) => hit._source.n));
      ({ json } = await ask('POST', '/_search/scroll', { scroll: '1m', scroll_id: json._scroll_id }));
    }
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at));
    expect((await ask('DELETE', '/_search/scroll', { scroll_id: [json._scroll_id] })).json).toEqual({
      succeeded: true,
      num_freed: 1,
    });
    expect((await ask('POST', '/_search/scroll', { scroll_id: json._scroll_id })).json.error.type).toBe(
      'search_context_missing_exception',
    );
  });

  test('deletes by query, counts, validates, tells capabilities', async () => {
    await ask('POST', '/gone/_bulk', lines({ index: {} }, { x: 1 }, { index: {} }, { x: 2 }));
    expect((await ask('POST', '/gone/_delete_by_query', {})).status).toBe(400);
    expect((await ask('POST', '/gone/_delete_by_query', { query: { term: { x: 1 } } })).json).toMatchObject({
      deleted: 1,
      total: 1,
    });
    expect((await ask('POST', '/gone/_count', { query: { match_all: {} } })).json.count).toBe(1);
    expect((await ask('GET', '/logs-1/_validate/query', { query: { match_all: {} } })).json.valid).toBe(true);
    expect((await ask('GET', '/logs-1/_validate/query', { query: { nonsense: {} } })).json.valid).toBe(false);
    const { json } = await ask('GET', '/logs-*/_field_caps?fields=n,host.*');
    expect(json.fields.n.long).toMatchObject({
      type: 'long',
      searchable: true,
      aggregatable: true,
      metadata_field: false,
    });
    expect(Object.keys(json.fields)).toContain('host.name');
  });

  test('what is not supported is named', async () => {
    const reason = async (method: string, path: string, body?: unknown): Promise<string> => {
      const { status, json } = await ask(method, path, body);
      expect(status).toBe(400);
      expect(json).toMatchObject({
        error: { root_cause: [{ type: expect.any(String) }], type: expect.any(String) },
        status: 400,
      });
      return json.error.reason as string;
    };
    expect(await reason('POST', '/_reindex', {})).toContain('[_reindex] is not supported');
    expect(await reason('POST', '/logs-1/_update_by_query', {})).toContain('_update_by_query');
    expect(await reason('POST', '/logs-1/_search', { runtime_mappings: { a: {} } })).toContain(
      'runtime_mappings',
    );
    expect(await reason('POST', '/logs-1/_search', { aggs: { a: { significant_terms: {} } } })).toContain(
      'significant_terms',
    );
    expect(await reason('GET', '/logs-1/_search?wrong=1')).toContain('unrecognized parameter: [wrong]');
    expect(await reason('GET', '/_cluster/health?format=yaml')).toContain('format=yaml');
    expect(await reason('PUT', '/_cluster/settings', { persistent: { a: 1 } })).toContain('[a]');
  });

  test('answers are packed when the client asks', async () => {
    const { headers, text } = await ask('GET', '/logs-1/_search?size=50', undefined, {
      'accept-encoding': 'gzip,deflate',
    });
    expect(headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(Buffer.from(text, 'latin1')).toString()).hits.hits).toHaveLength(50);
  });
});

describe('indices and what belongs to them', () => {
  test('are made, shown, changed, deleted by name only', async () => {
    const body = {
      settings: { number_of_shards: 3 },
      mappings: {
        properties: { a: { type: 'keyword' }, t: { type: 'text', fields: { raw: { type: 'keyword' } } } },
      },
      aliases: { shown: {} },
    };
    expect((await ask('PUT', '/made', body)).json).toEqual({
      acknowledged: true,
      shards_acknowledged: true,
      index: 'made',
    });
    expect((await ask('PUT', '/Made', {})).json.error.type).toBe('invalid_index_name_exception');
    expect((await ask('GET', '/made')).json.made).toMatchObject({
      aliases: { shown: {} },
      mappings: { properties: { a: { type: 'keyword' } } },
    });
    expect(
      (await ask('PUT', '/made/_mapping', { properties: { b: { type: 'long' } } })).json.acknowledged,
    ).toBe(true);
    expect((await ask('GET', '/made/_mapping')).json.made.mappings.properties.b).toMatchObject({
      type: 'long',
    });
    expect((await ask('GET', '/made/_mapping/field/a,b')).json.made.mappings.b).toMatchObject({
      full_name: 'b',
    });
    expect(
      (await ask('PUT', '/made/_settings', { index: { refresh_interval: '5s' } })).json.acknowledged,
    ).toBe(true);
    expect((await ask('GET', '/made/_settings')).json.made.settings.index.refresh_interval).toBe('5s');
    expect(
      (
        await ask('POST', '/_aliases', {
          actions: [{ add: { index: 'made', alias: 'more' } }, { remove: { index: 'made', alias: 'shown' } }],
        })
      ).json.acknowledged,
    ).toBe(true);
    expect((await ask('GET', '/_alias/more')).json).toEqual({ made: { aliases: { more: {} } } });
    expect((await ask('GET', '/_alias/shown')).json).toMatchObject({
      error: 'alias [shown] missing',
      status: 404,
    });
    expect((await ask('GET', '/_resolve/index/ma*')).json.aliases).toEqual([
      { name: 'more', indices: ['made'] },
    ]);
    expect((await ask('DELETE', '/ma*')).status).toBe(400);
    expect((await ask('DELETE', '/made')).json).toEqual({ acknowledged: true });
    expect((await ask('HEAD', '/made')).status).toBe(404);
    expect((await ask('GET', '/made')).json.error).toMatchObject({
      type: 'index_not_found_exception',
      'resource.id': 'made',
    });
  });

  test('rollover moves the alias on', async () => {
    await ask('PUT', '/roll-000001', { aliases: { roll: { is_write_index: true } } });
    expect((await ask('POST', '/roll/_rollover?dry_run', {})).json).toMatchObject({
      new_index: 'roll-000002',
      rolled_over: false,
    });
    expect((await ask('POST', '/roll/_rollover', { conditions: { max_docs: 1 } })).json.rolled_over).toBe(
      false,
    );
    expect((await ask('POST', '/roll/_rollover')).json).toMatchObject({
      rolled_over: true,
      new_index: 'roll-000002',
    });
    expect((await ask('POST', '/roll/_doc', { a: 1 })).json._index).toBe('roll-000002');
  });

  test('templates of all kinds come back as they went', async () => {
    await ask('PUT', '/_component_template/part', {
      template: { mappings: { properties: { p: { type: 'ip' } } } },
    });
    await ask('PUT', '/_index_template/whole', {
      index_patterns: 'whole-*',
      composed_of: ['part'],
      priority: 5,
    });
    expect((await ask('GET', '/_index_template/whole')).json.index_templates[0]).toMatchObject({
      name: 'whole',
      index_template: { index_patterns: ['whole-*'] },
    });
    expect(
      (await ask('POST', '/_index_template/_simulate_index/whole-1')).json.template.mappings.properties.p
        .type,
    ).toBe('ip');
    await ask('PUT', '/whole-1/_doc/1', { p: '10.0.0.1' });
    expect((await ask('GET', '/whole-1/_mapping')).json['whole-1'].mappings.properties.p.type).toBe('ip');
    expect((await ask('PUT', '/_index_template/whole?create=true', { index_patterns: ['x'] })).status).toBe(
      400,
    );
    expect(
      (await ask('PUT', '/_index_template/bad', { index_patterns: ['x'], nonsense: 1 })).json.error.reason,
    ).toContain('nonsense');
    expect((await ask('DELETE', '/_index_template/whole')).json.acknowledged).toBe(true);
    expect((await ask('GET', '/_index_template/whole')).json.error.type).toBe('resource_not_found_exception');
    expect((await ask('GET', '/_template/none')).json).toEqual({});
  });

  test('tables for people', async () => {
    const text = (await ask('GET', '/_cat/indices/logs-*?v&h=index,docs.count&s=index:desc')).text;
    expect(text).toBe('index  docs.count\nlogs-2         50\nlogs-1         50\n');
    expect((await ask('GET', '/_cat/count/logs-*?format=json')).json[0].count).toBe('100');
    for (const name of [
      'health',
      'nodes',
      'aliases',
      'templates',
      'shards',
      'master',
      'plugins',
      'allocation',
    ])
      expect((await ask('GET', `/_cat/${name}?v`)).status).toBe(200);
    expect((await ask('GET', '/_cat/indices?help')).text).toContain('docs.count');
    expect((await ask('GET', '/_cat')).text).toContain('/_cat/indices');
  });

  test('monitoring answers', async () => {
    for (const path of [
      '/_cluster/state',
      '/_cluster/stats',
      '/_cluster/settings',
      '/_nodes',
      '/_nodes/stats',
      '/_nodes/_all/http',
      '/_stats',
      '/_xpack',
      '/_tasks',
      '/_security/_authenticate',
      '/_ilm/status',
      '/logs-1/_ilm/explain',
    ])
      expect([path, (await ask('GET', path)).status]).toEqual([path, 200]);
    for (const path of ['/_refresh', '/logs-1/_flush', '/_forcemerge?max_num_segments=1', '/_cache/clear'])
      expect([path, (await ask('POST', path)).status]).toEqual([path, 200]);
    expect(
      (await ask('POST', '/_analyze', { text: 'Hello, World 42' })).json.tokens.map((one: any) => one.token),
    ).toEqual(['hello', 'world', '42']);
  });

  test('snapshots go into one folder and come back', async () => {
    expect(
      (await ask('PUT', '/_snapshot/out', { type: 'fs', settings: { location: '../../etc' } })).status,
    ).toBe(400);
    expect(
      (await ask('PUT', '/_snapshot/repo', { type: 'fs', settings: { location: 'one' } })).json.acknowledged,
    ).toBe(true);
    const taken = await ask('PUT', '/_snapshot/repo/first?wait_for_completion=true', { indices: 'logs-1' });
    expect(taken.json.snapshot).toMatchObject({ state: 'SUCCESS', indices: ['logs-1'] });
    expect((await ask('GET', '/_snapshot/repo/first')).json.snapshots).toHaveLength(1);
    const restored = await ask('POST', '/_snapshot/repo/first/_restore', {
      indices: 'logs-1',
      rename_pattern: '(.+)',
      rename_replacement: 'back-$1',
    });
    expect(restored.status).toBe(200);
    expect((await ask('GET', '/back-logs-1/_count')).json.count).toBe(50);
  });
});

describe('paths and methods', () => {
  test("have Elasticsearch's words when there is nothing", async () => {
    const none = await ask('GET', '/_nonsense/x');
    expect([none.status, none.json]).toEqual([
      400,
      { error: 'no handler found for uri [/_nonsense/x] and method [GET]' },
    ]);
    const wrong = await ask('POST', '/_cluster/health', {});
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'GET, HEAD']);
    expect(wrong.json.error).toBe(
      'Incorrect HTTP method for uri [/_cluster/health] and method [POST], allowed: [GET, HEAD]',
    );
    expect((await ask('GET', '/%zz')).status).toBe(400);
  });
});
