/** The elasticsearch output against a real OpenSearch. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Event } from '../../src/event/event.ts';
import type { Fields } from '../../src/kernel/event-types.ts';
import type { EcsMode, Output } from '../../src/kernel/plugin.ts';
import { plain } from '../../src/plugins/codecs/plain.ts';
import { elasticsearch } from '../../src/plugins/outputs/elasticsearch.ts';
import { describePeer } from '../support/peers.ts';
import { createCodec, outputContext, resolveOptions } from '../support/plugin.ts';
import { type OpenSearch, openSearchMissing, startOpenSearch } from './opensearch.ts';

describePeer('OpenSearch', [await openSearchMissing()], () => {
  let server: OpenSearch;
  const outputs: Output[] = [];
  const { signal } = new AbortController();
  beforeAll(async () => {
    server = await startOpenSearch();
  }, 130_000);
  afterEach(async () => {
    for (const output of outputs.splice(0)) await output.close();
  });
  afterAll(() => server?.stop());

  async function open(options: Record<string, unknown>, ecs: EcsMode = 'disabled'): Promise<Output> {
    const output = elasticsearch.create(
      resolveOptions(elasticsearch, { hosts: [server.url], ...options }),
      outputContext(createCodec(plain), { ecs }),
    );
    outputs.push(output);
    await output.open!(signal);
    return output;
  }
  const time = '2026-11-20T10:00:00.000Z';
  const event = (fields: Fields): Event => new Event({ '@timestamp': time, '@version': '1', ...fields });
  const write = async (output: Output, ...events: Fields[]) => output.write(events.map(event), signal);
  const found = async (index: string): Promise<any[]> => {
    await server.ask('POST', `/${index}/_refresh`);
    const { hits } = await server.ask('GET', `/${index}/_search?size=10000&sort=_doc`);
    return hits.hits;
  };

  it('takes a thousand events, each exactly once, with integers of 64 bits', async () => {
    const output = await open({ document_id: '%{id}' });
    const top = 9_223_372_036_854_775_807n;
    const numbers = Array.from({ length: 1000 }, (_, n) => n);
    const batches = Array.from({ length: 8 }, (_, batch) => numbers.slice(batch * 125, batch * 125 + 125));
    const results = await Promise.all(
      batches.map((batch) =>
        write(output, ...batch.map((n) => ({ id: `e${n}`, big: top - BigInt(n), message: `line ${n} äöü` }))),
      ),
    );
    expect(results.flat()).toEqual([]);
    const hits = await found('logstash-2026.11.20');
    expect(hits.map(({ _id }) => Number(_id.slice(1))).toSorted((a, b) => a - b)).toEqual(numbers);
    for (const n of [0, 1, 999]) {
      const document = await server.text(`/logstash-2026.11.20/_doc/e${n}`);
      expect(document).toContain(`"big":${top - BigInt(n)},"message":"line ${n} äöü"`);
    }
  });

  it('has the template installed, and fields are mapped by it', async () => {
    await write(await open({ index: 'logstash-mapped' }), {
      message: 'm',
      user: 'u',
      geoip: { ip: '192.0.2.1' },
    });
    const { index_templates } = await server.ask('GET', '/_index_template/logstash');
    expect(index_templates[0].index_template).toMatchObject({
      index_patterns: ['logstash-*'],
      priority: 200,
    });
    const { mappings } = (await server.ask('GET', '/logstash-mapped/_mapping'))['logstash-mapped'];
    expect(mappings.properties).toMatchObject({
      '@timestamp': { type: 'date' },
      '@version': { type: 'keyword' },
      message: { type: 'text', norms: false },
      user: { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } },
      geoip: { properties: { ip: { type: 'ip' } } },
    });
    expect(mappings.properties.message.fields).toBeUndefined();
  });

  it('has a template for ECS, too', async () => {
    const output = await open({ data_stream: 'false' }, 'v8');
    const source = {
      ip: '192.0.2.1',
      port: 443,
      geo: { location: { lat: 60, lon: 25 } },
      bytes: 9_007_199_254_740_993n,
    };
    const odd = { ip: 'no address', port: 'https' };
    expect(
      await write(output, { source, event: { original: 'x', created: time }, message: 'm' }, { source: odd }),
    ).toEqual([]);
    const index = 'ecs-logstash-2026.11.20';
    expect(await found(index)).toHaveLength(2);
    const { mappings } = (await server.ask('GET', `/${index}/_mapping`))[index];
    expect(mappings.properties).toMatchObject({
      message: { type: 'text' },
      source: {
        properties: {
          ip: { type: 'ip' },
          port: { type: 'long' },
          bytes: { type: 'long' },
          geo: { properties: { location: { type: 'geo_point' } } },
        },
      },
      event: { properties: { original: { type: 'keyword', index: false }, created: { type: 'date' } } },
    });
  });

  it('refuses single documents, which are rejected with its words; the others arrive', async () => {
    const output = await open({ index: 'conflict-%{where}' });
    const failures = await write(
      output,
      { where: 'a', value: 1, n: 1 },
      { where: 'a', value: { not: 'a number' }, n: 2 },
      { where: 'a', value: 'nor this', n: 3 },
      { where: 'UPPER', n: 4 },
      { where: 'a', value: 5, n: 5 },
      { n: 6 },
    );
    expect(failures!.map(({ index, kind }) => [index, kind]).toSorted()).toEqual([
      [1, 'reject'],
      [2, 'reject'],
      [3, 'reject'],
      [5, 'reject'],
    ]);
    const reasons = new Map(failures!.map(({ index, reason }) => [index, reason]));
    expect(reasons.get(1)).toMatch(
      /^Could not index event to Elasticsearch\. status: 400, mapper_parsing_exception: .*value/,
    );
    expect(reasons.get(3)).toContain('invalid_index_name_exception');
    expect(reasons.get(5)).toContain('conflict-%{where}');
    expect((await found('conflict-a')).map(({ _source }) => _source.n)).toEqual([1, 5]);
  });

  it('refuses a whole request for one id that is too long; only that one is rejected', async () => {
    const output = await open({ index: 'ids', document_id: '%{id}' });
    const failures = await write(output, { id: 'a' }, { id: 'x'.repeat(600) }, { id: 'c' });
    expect(failures).toMatchObject([
      { index: 1, kind: 'reject', reason: expect.stringContaining('too long') },
    ]);
    expect((await found('ids')).map(({ _id }) => _id)).toEqual(['a', 'c']);
  });

  it('updates, upserts, runs scripts and deletes', async () => {
    const at = { index: 'changes', document_id: '%{id}' };
    const document = async (id: string): Promise<any> =>
      (await server.ask('GET', `/changes/_doc/${id}`))._source;
    await write(await open(at), { id: '1', n: 1, kept: true }, { id: '2', n: 2 });
    const update = await open({ ...at, action: 'update' });
    expect(await write(update, { id: '1', n: 10 })).toEqual([]);
    expect(await document('1')).toMatchObject({ n: 10, kept: true });
    expect(await write(update, { id: '9', n: 1 })).toMatchObject([
      { kind: 'reject', reason: expect.stringContaining('document_missing_exception') },
    ]);
    expect(
      await write(await open({ ...at, action: 'update', doc_as_upsert: true }), { id: '3', n: 3 }),
    ).toEqual([]);
    expect(await document('3')).toMatchObject({ n: 3 });
    const script = 'ctx._source.n += params.event.by';
    const scripted = await open({ ...at, action: 'update', script, upsert: '{"n": 100}' });
    expect(await write(scripted, { id: '1', by: 5 }, { id: '4', by: 5 })).toEqual([]);
    expect(await document('1')).toMatchObject({ n: 15 });
    expect(await document('4')).toEqual({ n: 100 });
    const both = await open({ ...at, action: '%{do}' });
    expect(await write(both, { id: '2', do: 'delete' }, { id: '5', do: 'create' })).toEqual([]);
    expect((await found('changes')).map(({ _id }) => _id).toSorted()).toEqual(['1', '3', '4', '5']);
    // There already: dropped with a warning, as in Logstash.
    expect(await write(both, { id: '5', do: 'create', n: 2 })).toEqual([]);
    expect((await document('5')).n).toBeUndefined();
  });

  it('writes to a data stream', async () => {
    await server.ask('PUT', '/_index_template/streams', {
      index_patterns: ['logs-*-*'],
      data_stream: {},
      priority: 100,
    });
    const output = await open({ data_stream: 'true' }, 'v8');
    expect(await write(output, { n: 1 }, { n: 2, data_stream: { dataset: 'nginx' } })).toEqual([]);
    const streams = await server.ask('GET', '/_data_stream/logs-*');
    expect(streams.data_streams.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'logs-generic-default',
      'logs-nginx-default',
    ]);
    expect((await found('logs-nginx-default'))[0]._source.data_stream).toEqual({
      dataset: 'nginx',
      type: 'logs',
      namespace: 'default',
    });
  });

  it('names its nodes when asked (sniffing)', async () => {
    const output = await open({ index: 'sniffed', sniffing: true });
    expect(await write(output, { n: 1 })).toEqual([]);
    expect(await found('sniffed')).toHaveLength(1);
  });
});
