import { describe, expect, it } from 'vitest';
import {
  action,
  event,
  fake,
  open,
  recorder,
  resolved,
  signal,
} from '../../../test/support/elasticsearch-output.ts';
import type { FakeOptions } from '../../../test/support/elasticsearch-server.ts';
import { Event } from '../../event/event.ts';
import { parseJson } from '../../event/json.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { elasticsearch } from './elasticsearch.ts';

describe('documents of the elasticsearch output', () => {
  it('go out compressed, with exact numbers, one index a day', async () => {
    const server = await fake();
    const output = await open(server);
    const big = parseJson('{"id":12345678901234567890,"pi":3.141592653589793238}') as Fields;
    expect(
      await output.write(
        [event({ big, gone: undefined }, { m: 1 }), event({ '@timestamp': '2026-11-21T00:00:00.000Z' })],
        signal,
      ),
    ).toEqual([]);
    expect(server.documents).toEqual([
      {
        action: 'index',
        meta: { _index: 'logstash-2026.11.20' },
        source:
          '{"@timestamp":"2026-11-20T10:00:00.000Z","big":{"id":12345678901234567890,"pi":3.141592653589793238}}',
      },
      {
        action: 'index',
        meta: { _index: 'logstash-2026.11.21' },
        source: '{"@timestamp":"2026-11-21T00:00:00.000Z"}',
      },
    ]);
    const request = server.requests.at(-1)!;
    expect(request.url).toBe('/_bulk?filter_path=errors,items.*.error,items.*.status');
    expect(request.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
      'x-elastic-event-count': '2',
      'x-elastic-uncompressed-request-length': String(Buffer.byteLength(request.body)),
    });
  });

  it('go out as they are with compression_level 0', async () => {
    const server = await fake();
    await (await open(server, { compression_level: 0 })).write([event({ text: 'ä€😀' })], signal);
    expect(server.requests.at(-1)!.headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(server.documents[0]!.source!)).toMatchObject({ text: 'ä€😀' });
  });

  it('have id, routing, pipeline, version from fields', async () => {
    const made = await action(
      {
        document_id: '%{id}',
        routing: '%{r}',
        pipeline: 'p-%{id}',
        version: '%{v}',
        version_type: 'external',
        index: 'i-%{id}',
      },
      event({ id: 'a"b', r: 'x', v: '9007199254740993' }),
    );
    expect(made.action).toBe('index');
    expect(made.meta).toEqual({
      _index: 'i-a"b',
      _id: 'a"b',
      routing: 'x',
      pipeline: 'p-a"b',
      version: 9007199254740992,
      version_type: 'external',
    });
  });

  it('have action from fields; unknown ones are rejected', async () => {
    const server = await fake();
    const output = await open(server, { action: '%{do}', document_id: '1' });
    const events = ['index', 'create', 'update', 'delete', 'drop'].map((what) => event({ do: what }));
    expect(await output.write([...events, event()], signal)).toEqual([
      { index: 4, kind: 'reject', reason: 'Elasticsearch has no action `drop`' },
      { index: 5, kind: 'reject', reason: 'Elasticsearch has no action `%{do}`' },
    ]);
    expect(server.documents.map(({ action: name }) => name)).toEqual(['index', 'create', 'update', 'delete']);
    expect(server.documents[3]!.source).toBeUndefined();
  });

  it('updates: doc, upsert, script', async () => {
    const source = event({ n: 1 }).fields;
    const update = async (options: Record<string, unknown>): Promise<any> => {
      const made = await action({ action: 'update', document_id: '1', ...options });
      expect(made.meta).toMatchObject({ _id: '1', retry_on_conflict: options['retry_on_conflict'] ?? 1 });
      return made.source;
    };
    expect(await update({ retry_on_conflict: 3 })).toEqual({ doc: source });
    expect(await update({ doc_as_upsert: true })).toEqual({ doc: source, doc_as_upsert: true });
    expect(await update({ upsert: '{"first":\n"%{n}"}' })).toEqual({ doc: source, upsert: { first: '1' } });
    expect(await update({ script: 'ctx._source.n = params.event.n' })).toEqual({
      script: { source: 'ctx._source.n = params.event.n', lang: 'painless', params: { event: source } },
    });
    expect(
      await update({ script: 's-%{n}', script_type: 'indexed', script_var_name: 'e', upsert: '{}' }),
    ).toEqual({
      script: { id: 's-1', params: { e: source } },
      upsert: {},
    });
    expect(await update({ script: 's', scripted_upsert: true, script_lang: '' })).toEqual({
      script: { source: 's', params: { event: source } },
      scripted_upsert: true,
      upsert: {},
    });
    expect(await update({ script: 's', doc_as_upsert: true })).toMatchObject({ upsert: source });
    const refused = await action({ action: 'update', document_id: '1', upsert: '{"a":%{missing}}' });
    expect(refused.failures).toMatchObject([
      { kind: 'reject', reason: expect.stringContaining('no JSON object') },
    ]);
  });

  it('parent and join_field make a child, without changing the event', async () => {
    const one = event({ my: { join: 'answer' }, q: '7' });
    const made = await action({ parent: '%{q}', join_field: '[my][join]' }, one);
    expect(made.meta).toEqual({ _index: 'logstash-2026.11.20', routing: '7' });
    expect(made.source.my).toEqual({ join: { name: 'answer', parent: '7' } });
    expect(one.fields['my']).toEqual({ join: 'answer' });
  });

  it('obey [@metadata][_ingest_document] where no option says otherwise', async () => {
    const control = {
      id: 'i',
      index: 'x',
      pipeline: '_none',
      routing: 'r',
      version: 4,
      version_type: 'external',
    };
    const metadata = { _ingest_document: control, target_ingest_pipeline: 'no' };
    expect((await action({}, event({}, metadata))).meta).toEqual({
      _index: 'x',
      _id: 'i',
      pipeline: '_none',
      routing: 'r',
      version: 4,
      version_type: 'external',
    });
    const options = {
      index: 'own',
      document_id: 'd',
      pipeline: 'p',
      routing: 'o',
      version: '9',
      version_type: 'external_gt',
    };
    expect((await action(options, event({}, metadata))).meta).toEqual({
      _index: 'own',
      _id: 'd',
      pipeline: 'p',
      routing: 'o',
      version: 9,
      version_type: 'external_gt',
    });
    expect((await action({}, event({ n: 5 }, { target_ingest_pipeline: 'p-%{n}' }))).meta).toMatchObject({
      pipeline: 'p-5',
    });
    expect(
      (await action({}, event({}, { _ingest_document: 'odd', target_ingest_pipeline: null }))).meta,
    ).toEqual({
      _index: 'logstash-2026.11.20',
    });
  });

  it('an index that still holds a placeholder is rejected, or sent as it is', async () => {
    const index = '%{[@metadata][beat]}-%{+YYYY.MM.dd}';
    expect((await action({ index })).failures).toEqual([
      {
        index: 0,
        kind: 'reject',
        reason:
          'Badly formatted index: after filling in fields it still holds a placeholder: [%{[@metadata][beat]}-2026.11.20]',
      },
    ]);
    const sent = await action({ index, dlq_on_failed_indexname_interpolation: false });
    expect(sent.failures).toEqual([]);
    expect(sent.meta).toEqual({ _index: '%{[@metadata][beat]}-2026.11.20' });
  });

  it('tell their type to Elasticsearch 7 only', async () => {
    const options = { document_type: 't-%{n}' };
    expect((await action(options, event({ n: 1 }), { version: '7.10.2' })).meta).toMatchObject({
      _type: 't-1',
    });
    expect((await action(options, event({ n: 1 }), { version: '8.1.0' })).meta['_type']).toBeUndefined();
  });
});

describe('data streams of the elasticsearch output', () => {
  const stream = { data_stream: 'true' };

  it('create documents in logs-generic-default, which say so, without a template', async () => {
    const server = await fake();
    const output = await open(server, stream);
    await output.write(
      [
        event(),
        new Event({}),
        event({ data_stream: { dataset: 'nginx', namespace: 7, more: 1 } }),
        event({ data_stream: 'odd' }),
      ],
      signal,
    );
    expect(server.documents.map(({ action: name, meta }) => [name, meta['_index']])).toEqual([
      ['create', 'logs-generic-default'],
      ['create', 'logs-generic-default'],
      ['create', 'logs-nginx-default'],
      ['create', 'logs-generic-default'],
    ]);
    const own = { type: 'logs', dataset: 'generic', namespace: 'default' };
    expect(server.documents.map(({ source }) => JSON.parse(source!).data_stream)).toEqual([
      own,
      own,
      { ...own, dataset: 'nginx', more: 1 },
      own,
    ]);
    expect(server.documents[1]!.source).toBe(`{"data_stream":${JSON.stringify(own)}}`);
    expect(server.calls()).toEqual(['GET /']);
  });

  it('routing and syncing can be turned off', async () => {
    const one = (): Event => event({ data_stream: { dataset: 'nginx' } });
    const still = await action(
      { ...stream, data_stream_auto_routing: false, data_stream_dataset: 'd' },
      one(),
    );
    expect(still.meta).toEqual({ _index: 'logs-d-default' });
    expect(still.source.data_stream).toEqual({ type: 'logs', dataset: 'd', namespace: 'default' });
    const unsynced = await action({ ...stream, data_stream_sync_fields: false }, one());
    expect(unsynced.meta).toEqual({ _index: 'logs-nginx-default' });
    expect(unsynced.source.data_stream).toEqual({ dataset: 'nginx' });
  });

  it('auto: with ECS, unless an option says otherwise', async () => {
    const index = async (
      options: Record<string, unknown>,
      ecs: 'v8' | 'disabled' = 'v8',
    ): Promise<unknown> => {
      const server = await fake({ version: '2.19.1', distribution: 'opensearch' });
      const output = await open(server, { ilm_enabled: 'auto', ...options }, { ecs });
      await output.write([event()], signal);
      return server.documents[0]!.meta['_index'];
    };
    expect(await index({})).toBe('logs-generic-default');
    expect(await index({ data_stream_type: 'metrics', action: 'create', document_id: '1', timeout: 9 })).toBe(
      'metrics-generic-default',
    );
    expect(await index({ data_stream: 'false' })).toBe('ecs-logstash-2026.11.20');
    expect(await index({ action: 'index' })).toBe('ecs-logstash-2026.11.20');
    expect(await index({ index: 'x' })).toBe('x');
    expect(await index({ manage_template: true })).toBe('ecs-logstash-2026.11.20');
    expect(await index({}, 'disabled')).toBe('logstash-2026.11.20');
  });
});

describe('answers to the elasticsearch output', () => {
  const error = (type: string, reason = 'why'): object => ({
    error: { type, reason, caused_by: { type: 'inner', reason: 'deep' } },
  });
  const byStatus = (): FakeOptions => ({
    item: ({ source }) => {
      const { status, type = 'some_exception' } = JSON.parse(source!) as { status: number; type?: string };
      return status < 300 ? undefined : { status, ...error(type) };
    },
  });

  it('are judged for every document', async () => {
    const { logger, lines } = recorder();
    const server = await fake(byStatus());
    const output = await open(
      server,
      { dlq_custom_codes: [403], drop_error_types: ['dull_exception'] },
      { logger },
    );
    const statuses = [201, 409, 400, 404, 403, 429, 503, 500];
    const events = [
      ...statuses.map((status) => event({ status })),
      event({ status: 400, type: 'dull_exception' }),
    ];
    const failures = (await output.write(events, signal))!;
    expect(failures.map(({ index, kind }) => [statuses[index], kind])).toEqual([
      [400, 'reject'],
      [404, 'reject'],
      [403, 'reject'],
      [429, 'retry'],
      [503, 'retry'],
      [500, 'retry'],
    ]);
    expect(failures[0]!.reason).toBe(
      'Could not index event to Elasticsearch. status: 400, some_exception: why (inner: deep)',
    );
    expect(failures[3]).toEqual({
      index: 5,
      kind: 'retry',
      reason: 'documents are refused for now: 429 some_exception',
    });
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn documents dropped: 409, some_exception: why (inner: deep)',
    ]);
  });

  it('dropped documents can be kept out of the log', async () => {
    const { logger, lines } = recorder();
    const output = await open(
      await fake(byStatus()),
      { silence_errors_in_log: ['some_exception'] },
      { logger },
    );
    expect(await output.write([event({ status: 409 })], signal)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  it('says how long to wait between tries', async () => {
    const output = await open(await fake(), { retry_initial_interval: 0.01, retry_max_interval: 0.04 });
    expect(output.retryDelays).toEqual({ initialMs: 10, maxMs: 40 });
    expect((await open(await fake())).retryDelays).toEqual({ initialMs: 2000, maxMs: 64_000 });
  });

  it.each([401, 403, 429, 500, 503])('the whole request failed: %i', async (status) => {
    const server = await fake({
      instead: ({ url }) => (url.includes('_bulk') ? { status, headers: { 'retry-after': '9' } } : undefined),
    });
    const output = await open(server);
    expect(await output.write([event(), event()], signal)).toEqual([
      {
        index: 0,
        kind: 'retry',
        reason: expect.stringContaining(`${server.url} answered ${status} (`),
        retryAfter: 9000,
      },
      {
        index: 1,
        kind: 'retry',
        reason: expect.stringContaining(`${server.url} answered ${status} (`),
        retryAfter: 9000,
      },
    ]);
  });

  it.each([
    ['no JSON', '<html>', 'is no JSON object'],
    [
      'fewer items than documents',
      { errors: true, items: [{ index: { status: 201 } }] },
      'of 2 documents holds 1 items',
    ],
    ['no items', { errors: true }, 'holds no items'],
  ])('an answer that makes no sense is worth another try: %s', async (_name, body, reason) => {
    const server = await fake({ instead: ({ url }) => (url.includes('_bulk') ? { body } : undefined) });
    const failures = (await (await open(server)).write([event(), event()], signal))!;
    expect(failures.map(({ kind }) => kind)).toEqual(['retry', 'retry']);
    expect(failures[0]!.reason).toContain(reason);
  });

  it('413: halves the request; a document that is too large alone is rejected', async () => {
    const server = await fake({
      instead: ({ url, body }) =>
        url.includes('_bulk') && body.length > 1000 ? { status: 413, body: 'too large' } : undefined,
    });
    const output = await open(server, { compression_level: 0 });
    const events = Array.from({ length: 9 }, (_, n) => event({ n, text: 'x'.repeat(n === 4 ? 2000 : 200) }));
    const failures = (await output.write(events, signal))!;
    expect(failures).toMatchObject([
      { index: 4, kind: 'reject', reason: expect.stringContaining('413 (Payload Too Large)') },
    ]);
    expect(server.documents.map(({ source }) => JSON.parse(source!).n)).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
  });

  it('400 for one document: it is found and rejected', async () => {
    const body = {
      error: { type: 'action_request_validation_exception', reason: 'id is too long' },
      status: 400,
    };
    const server = await fake({
      instead: (asked) =>
        asked.url.includes('_bulk') && asked.body.includes('"bad"') ? { status: 400, body } : undefined,
    });
    const output = await open(server, { document_id: '%{id}' });
    const events = ['a', 'bad', 'c', 'd', 'bad'].map((id) => event({ id }));
    expect(await output.write(events, signal)).toEqual(
      [1, 4].map((index) => ({
        index,
        kind: 'reject',
        reason: `${server.url} refused the document: 400 (Bad Request): action_request_validation_exception: id is too long`,
      })),
    );
    expect(server.documents.map(({ meta }) => meta['_id'])).toEqual(['a', 'c', 'd']);
  });

  it('requests hold at most 20 MiB', async () => {
    const server = await fake();
    const output = await open(server, { compression_level: 0 });
    const text = '€'.repeat(3_000_000);
    expect(
      await output.write([event({ n: 1, text }), event({ n: 2, text }), event({ n: 3, text })], signal),
    ).toEqual([]);
    const sizes = server.requests.filter(({ url }) => url.includes('_bulk')).map(({ rawBytes }) => rawBytes);
    expect(sizes).toHaveLength(2);
    for (const size of sizes) expect(size).toBeLessThanOrEqual(20 * 1024 * 1024);
    expect(server.documents.map(({ source }) => JSON.parse(source!).n)).toEqual([1, 2, 3]);
  });
});

describe('checks of the elasticsearch output', () => {
  const problems = (options: Record<string, unknown>, ecs = 'disabled'): string[] => {
    const found: string[] = [];
    elasticsearch.validate!(
      { ...resolved(options), ecs_compatibility: ecs } as never,
      (severity, option, message) => found.push(`${severity} ${option}: ${message}`),
    );
    return found;
  };

  it('has nothing to say about good configs', () => {
    expect(problems({})).toEqual([]);
    expect(problems({}, 'v8')).toEqual([]);
    expect(
      problems({ hosts: ['https://a', 'https://b:9201/x'], user: 'u', password: 'p', index: 'i' }),
    ).toEqual([]);
    expect(problems({ data_stream: 'true', data_stream_dataset: 'd', pipeline: 'p' }, 'v8')).toEqual([]);
    expect(
      problems({
        cloud_id: `x:${Buffer.from('eu.example.com:9243$abc$def').toString('base64')}`,
        cloud_auth: 'u:p',
      }),
    ).toEqual([]);
  });

  it.each([
    [{ action: 'upsert' }, 'error action: there is no action `upsert`'],
    [{ action: 'update' }, 'error action: `update` needs `document_id`'],
    [{ version_type: 'external' }, 'error version_type: `external` needs `version`'],
    [
      { doc_as_upsert: true, scripted_upsert: true },
      'error scripted_upsert: give either `doc_as_upsert` or `scripted_upsert`',
    ],
    [{ script_type: 'file' }, 'error script_type: Elasticsearch has no scripts in files any more'],
    [{ parent: '1' }, 'warning parent: without `join_field` it is only the routing'],
    [{ hosts: ['http://a', 'https://b'] }, 'error hosts: some begin with http and some with https'],
    [
      { hosts: ['http://a'], ssl_enabled: true },
      'error hosts: `http://a` does not go with `ssl_enabled => true`',
    ],
    [{ hosts: ['a/x'], path: 'y' }, 'error path: `a/x` has another path already'],
    [{ hosts: ['a'], cloud_id: 'x:y' }, 'error cloud_id: give either `hosts` or `cloud_id`'],
    [{ cloud_id: 'x:y' }, 'error cloud_id: it is not what Elastic Cloud shows as Cloud ID (`name:base64`)'],
    [{ user: 'u' }, 'error user: `user` needs `password`'],
    [{ api_key: 'a:b' }, 'error api_key: `api_key` needs TLS: hosts that begin with https'],
    [
      { hosts: ['https://a'], api_key: '?' },
      'error api_key: it must be `id:key`, base64 of that, or a key of Elastic Cloud (`essu_…`)',
    ],
    [{ dlq_custom_codes: [409] }, 'error dlq_custom_codes: 409 is a conflict: such documents are dropped'],
    [
      { ca_trusted_fingerprint: ['xy'] },
      'error ca_trusted_fingerprint: `xy` is no SHA-256 fingerprint (64 hex digits)',
    ],
    [
      { data_stream_type: 'logs' },
      'error data_stream_type: has no meaning while no data stream is used, because `ecs_compatibility` is disabled',
    ],
    [
      { data_stream: 'true' },
      'warning data_stream: data streams want ECS fields; set `ecs_compatibility => v8`',
    ],
    [
      { ssl_certificate: 'c' },
      'warning ssl_certificate: `ssl_certificate` has no effect while `ssl_enabled` is false',
    ],
  ])('%j', (options, problem) => {
    expect(problems(options)[0]).toBe(problem);
  });

  it('data streams', () => {
    expect(problems({ data_stream: 'true', index: 'x', manage_template: true }, 'v8')).toEqual([
      'error index: has no meaning for data streams',
      'error manage_template: has no meaning for data streams',
    ]);
    expect(problems({ data_stream_dataset: 'a b', index: 'x' }, 'v8')).toEqual([
      'error data_stream_dataset: ` ` is not allowed in it',
      'error data_stream_dataset: has no meaning while no data stream is used, because of `index`',
    ]);
  });
});
