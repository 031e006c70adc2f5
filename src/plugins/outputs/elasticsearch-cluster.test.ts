/** What the elasticsearch output does with servers: start, credentials, hosts that fail and come back. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type TestCertificates } from '../../../test/support/certs.ts';
import {
  event,
  fake,
  make,
  open,
  recorder,
  resolved,
  signal,
} from '../../../test/support/elasticsearch-output.ts';
import type { FakeElasticsearch, FakeOptions } from '../../../test/support/elasticsearch-server.ts';

let certificates: TestCertificates;
let directory: string;
beforeAll(() => {
  certificates = makeCertificates();
  directory = mkdtempSync(join(tmpdir(), 'millrace-es-'));
});
afterAll(() => {
  certificates.remove();
  rmSync(directory, { recursive: true });
});

describe('start of the elasticsearch output', () => {
  it.each([
    ['7.0.0', '/_template/logstash'],
    ['7.17.9', '/_template/logstash'],
    ['8.17.0', '/_index_template/logstash'],
    ['9.1.0', '/_index_template/logstash'],
  ])('Elasticsearch %s gets its template', async (version, path) => {
    const server = await fake({ version });
    const { logger, lines } = recorder();
    const output = await open(server, {}, { logger });
    expect(server.calls()).toEqual(['GET /', `HEAD ${path}`, `PUT ${path}`]);
    const template = server.stored.get(path);
    const { mappings, settings } = template.template ?? template;
    expect(template.index_patterns).toEqual(['logstash-*']);
    expect(settings).toEqual({ 'index.refresh_interval': '5s', number_of_shards: 1 });
    expect(mappings.properties['@timestamp']).toEqual({ type: 'date' });
    expect(lines).toEqual([
      `info connected to Elasticsearch ${version} at ${server.url}`,
      'info installed the index template logstash',
    ]);
    expect(await output.write([event()], signal)).toEqual([]);
  });

  it('OpenSearch gets a composable template, and lifecycles are skipped with one line', async () => {
    const server = await fake({ version: '2.19.1', distribution: 'opensearch' });
    const { logger, lines } = recorder();
    const output = await open(server, { ilm_enabled: 'auto' }, { logger, ecs: 'v8' });
    await output.write([event()], signal);
    expect(server.documents[0]!.meta).toEqual({ _index: 'logs-generic-default' });
    const indexed = await open(server, { ilm_enabled: 'auto', data_stream: 'false' }, { logger, ecs: 'v8' });
    await indexed.write([event()], signal);
    expect(server.documents[1]!.meta).toEqual({ _index: 'ecs-logstash-2026.11.20' });
    expect(server.stored.get('/_index_template/ecs-logstash').index_patterns).toEqual(['ecs-logstash-*']);
    expect(lines.filter((line) => line.includes('lifecycles'))).toEqual([
      'info OpenSearch has no index lifecycles: one index a day is used',
    ]);
  });

  it('a template that is there stays, unless told otherwise', async () => {
    const server = await fake();
    server.stored.set('/_index_template/mine', { old: true });
    await open(server, { template_name: 'mine' });
    expect(server.stored.get('/_index_template/mine')).toEqual({ old: true });
    await open(server, { template_name: 'mine', template_overwrite: true });
    expect(server.stored.get('/_index_template/mine')).toMatchObject({ priority: 200 });
    await open(server, { manage_template: false });
    expect(server.stored.size).toBe(1);
  });

  it('installs a template of the user, and says what is wrong with it', async () => {
    const file = join(directory, 'template.json');
    writeFileSync(file, '{"index_patterns":["own-*"],"template":{}}');
    const server = await fake();
    await open(server, { template: file, template_name: 'own', template_api: 'composable' });
    expect(server.stored.get('/_index_template/own')).toEqual({ index_patterns: ['own-*'], template: {} });
    writeFileSync(file, '{"index_patterns":');
    await expect(open(server, { template: file })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('template.json'),
    });
    const refusing = await fake({
      instead: ({ method }) =>
        method === 'PUT'
          ? { status: 400, body: { error: { type: 'x_content_parse_exception', reason: 'bad field' } } }
          : undefined,
    });
    await expect(open(refusing)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: `${refusing.url} refused PUT /_index_template/logstash: 400 (Bad Request): x_content_parse_exception: bad field`,
    });
  });

  it('lifecycles: policy, alias and template; documents go to the alias', async () => {
    const server = await fake();
    const output = await open(server, { ilm_enabled: 'auto' });
    expect(server.calls()).toEqual([
      'GET /',
      'HEAD /_index_template/logstash',
      'PUT /_index_template/logstash',
      'GET /_ilm/policy/logstash-policy',
      'PUT /_ilm/policy/logstash-policy',
      'HEAD /logstash',
      'PUT /<logstash-{now/d}-000001>',
    ]);
    expect(server.stored.get('/_index_template/logstash')).toMatchObject({
      index_patterns: 'logstash-*',
      template: {
        settings: { 'index.lifecycle.name': 'logstash-policy', 'index.lifecycle.rollover_alias': 'logstash' },
      },
    });
    expect(server.stored.get('/<logstash-{now/d}-000001>')).toEqual({
      aliases: { logstash: { is_write_index: true } },
    });
    await output.write([event()], signal);
    expect(server.documents[0]!.meta).toEqual({ _index: 'logstash' });
    const custom = { ilm_enabled: 'true', ilm_rollover_alias: 'fw', ilm_policy: 'mine' };
    await expect(open(server, custom)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: 'ilm_policy: there is no policy `mine` in the cluster',
    });
    server.stored.set('/_ilm/policy/mine', {});
    await (await open(server, custom)).write([event()], signal);
    expect(server.documents[1]!.meta).toEqual({ _index: 'fw' });
    expect(server.stored.get('/_index_template/fw')).toMatchObject({ index_patterns: 'fw-*' });
  });

  it.each([
    [{ version: '6.8.23' }, 'is too old: 7.0 or newer'],
    [
      { instead: () => ({ body: { version: { number: '8.1.0' } }, headers: { 'X-Elastic-Product': 'no' } }) },
      'says it is version 8.1.0, but not that it is Elasticsearch',
    ],
    [
      { instead: () => ({ body: '<h1>It works!</h1>' }) },
      'is neither Elasticsearch nor OpenSearch: <h1>It works!</h1>',
    ],
    [{ instead: () => ({ body: { version: 'x' } }) }, 'is neither Elasticsearch nor OpenSearch'],
    [{ instead: () => ({ status: 401 }) }, 'does not let user `joe` in (401): check the credentials'],
    [{ instead: () => ({ status: 403 }) }, 'does not allow user `joe` to read its start page (403)'],
  ])('refuses what is not right: %#', async (options, message) => {
    const server = await fake(options as FakeOptions);
    await expect(open(server, { user: 'joe', password: 'hunter2' })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining(message),
    });
  });

  it('503 and no server at all may get better', async () => {
    const server = await fake({ instead: () => ({ status: 503 }) });
    await expect(open(server)).rejects.toThrow(`${server.url} answered 503 (Service Unavailable)`);
    await server.close();
    await expect(open(server)).rejects.toThrow(`${server.url} refuses connections`);
  });

  it('serverless: tells its API version and has no shards', async () => {
    const server = await fake({ version: '8.11.0', flavor: 'serverless' });
    const output = await open(server, { ilm_enabled: 'auto' });
    await output.write([event()], signal);
    expect(server.requests.at(-1)!.headers['elastic-api-version']).toBe('2023-10-31');
    expect(server.stored.get('/_index_template/logstash').template.settings).toEqual({
      'index.refresh_interval': '5s',
    });
  });

  it('basic, URL, API key and cloud credentials; headers, parameters and paths', async () => {
    const seen = async (options: Record<string, unknown>): Promise<FakeElasticsearch> => {
      const server = await fake();
      const output = await open(server, {
        ...options,
        ...(options['url'] ? { hosts: [server.url.replace('//', `//${options['url'] as string}@`)] } : {}),
      });
      await output.write([event()], signal);
      return server;
    };
    const basic = `Basic ${Buffer.from('joe:p:w').toString('base64')}`;
    expect((await seen({ user: 'joe', password: 'p:w' })).requests.at(-1)!.headers.authorization).toBe(basic);
    expect((await seen({ url: 'joe:p%3Aw' })).requests.at(-1)!.headers.authorization).toBe(basic);
    expect((await seen({ cloud_auth: 'joe:p:w' })).requests.at(-1)!.headers.authorization).toBe(basic);
    const key = `ApiKey ${Buffer.from('id:secret').toString('base64')}`;
    expect((await seen({ api_key: 'id:secret' })).requests.at(-1)!.headers.authorization).toBe(key);
    const server = await seen({ custom_headers: { 'X-Opaque-Id': 'm' }, parameters: { a: 1, b: 'x y' } });
    expect(server.requests.at(-1)!.headers['x-opaque-id']).toBe('m');
    expect(server.requests.at(-1)!.url).toBe(
      '/_bulk?filter_path=errors,items.*.error,items.*.status&a=1&b=x+y',
    );
    expect(server.requests[0]!.url).toBe('/?a=1&b=x+y');
    const own = await seen({ bulk_path: '//x/_bulk?filter_path=took' });
    expect(own.requests.at(-1)!.url).toBe('/x/_bulk?filter_path=took');
  });

  it('answers under a path', async () => {
    const server = await fake({
      instead: ({ url }) => (url === '/es/' ? { body: { version: { number: '8.0.0' } } } : undefined),
    });
    server.stored.set('/healthy', {});
    const output = await open(server, { path: '/es/', healthcheck_path: 'healthy', manage_template: false });
    await output.write([event()], signal);
    expect(server.requests.at(-1)!.url).toBe('/es/_bulk?filter_path=errors,items.*.error,items.*.status');
  });
});

describe('hosts of the elasticsearch output', () => {
  it('take turns, stand in for one another, and come back', async () => {
    const servers = [await fake(), await fake()];
    const [first, second] = servers as [FakeElasticsearch, FakeElasticsearch];
    const { logger, lines } = recorder();
    const output = make(
      resolved({
        hosts: [first.url, second.url],
        ilm_enabled: 'false',
        manage_template: false,
        resurrect_delay: 0.05,
      }),
      { logger },
    );
    await output.open!(signal);
    for (let n = 0; n < 4; n++) await output.write([event()], signal);
    expect(servers.map(({ documents }) => documents.length)).toEqual([2, 2]);
    await first.close();
    for (let n = 0; n < 4; n++) expect(await output.write([event()], signal)).toEqual([]);
    expect(second.documents).toHaveLength(6);
    expect(lines.at(-1)).toMatch(`warn ${first.url}`);
    const back = await fake({ port: first.port });
    await expect.poll(() => lines.at(-1)).toBe(`info ${first.url} answers again`);
    for (let n = 0; n < 4; n++) await output.write([event()], signal);
    expect(back.documents).toHaveLength(2);
  });

  it('one that is down at the start is only a warning; all of them are a failure', async () => {
    const server = await fake();
    const { logger, lines } = recorder();
    const output = make(resolved({ hosts: ['http://127.0.0.1:1', server.url], ilm_enabled: 'false' }), {
      logger,
    });
    await output.open!(signal);
    expect(lines[0]).toContain(server.url);
    expect(lines[1]).toBe('warn http://127.0.0.1:1 refuses connections: nothing listens there');
    expect(await output.write([event()], signal)).toEqual([]);
    await server.close();
    expect(await output.write([event()], signal)).toMatchObject([
      { kind: 'retry', reason: expect.stringContaining(server.url) },
    ]);
  });

  it('a single host that comes back is used at once', async () => {
    const server = await fake();
    const output = await open(server);
    await server.close();
    expect(await output.write([event()], signal)).toMatchObject([{ kind: 'retry' }]);
    const back = await fake({ port: server.port });
    expect(await output.write([event()], signal)).toEqual([]);
    expect(back.documents).toHaveLength(1);
  });

  it('sniffing takes over the nodes that the cluster names', async () => {
    const other = await fake();
    const server = await fake({
      instead: ({ url }) =>
        url.startsWith('/_nodes/http')
          ? {
              body: {
                nodes: {
                  a: { roles: ['master'], http: { publish_address: '127.0.0.1:1' } },
                  b: {
                    roles: ['data', 'master'],
                    http: { publish_address: `localhost/127.0.0.1:${other.port}` },
                  },
                  c: {},
                },
              },
            }
          : undefined,
    });
    const output = await open(server, { sniffing: true, manage_template: false });
    await output.write([event()], signal);
    expect(server.documents).toHaveLength(0);
    expect(other.documents).toHaveLength(1);
  });

  it('a hanging server is given up after timeout, a reset one at once', async () => {
    let mode = 'hang';
    const server = await fake({
      instead: async ({ url, socket }) => {
        if (!url.includes('_bulk') || mode === 'well') return undefined;
        if (mode === 'reset') socket.resetAndDestroy();
        else await new Promise((resolve) => setTimeout(resolve, 1000));
        return {};
      },
    });
    const output = await open(server, { timeout: 0.2 });
    expect(await output.write([event()], signal)).toMatchObject([
      { kind: 'retry', reason: expect.stringMatching(/did not answer within 0.2 seconds|sent no answer/) },
    ]);
    mode = 'reset';
    expect(await output.write([event()], signal)).toMatchObject([
      { kind: 'retry', reason: `${server.url} broke the connection` },
    ]);
    mode = 'well';
    expect(await output.write([event()], signal)).toEqual([]);
  });

  it('mutual TLS, and an authority known by its fingerprint', async () => {
    const tls = {
      cert: Buffer.concat([readFileSync(certificates.server.cert), readFileSync(certificates.ca)]),
      key: readFileSync(certificates.server.key),
      ca: readFileSync(certificates.ca),
      requestCert: true,
    };
    const server = await fake({ tls });
    const client = { ssl_certificate: certificates.client.cert, ssl_key: certificates.client.key };
    const output = await open(server, { ...client, ssl_certificate_authorities: [certificates.ca] });
    expect(await output.write([event()], signal)).toEqual([]);
    await expect(open(server, client)).rejects.toThrow('comes from an unknown authority');
    const { fingerprint256 } = new X509Certificate(readFileSync(certificates.ca));
    const pinned = await fake({ tls: { ...tls, requestCert: false } });
    const trusting = await open(pinned, {
      ca_trusted_fingerprint: [fingerprint256.toLowerCase().replaceAll(':', '')],
    });
    expect(await trusting.write([event()], signal)).toEqual([]);
    await expect(open(pinned, { ca_trusted_fingerprint: ['ab'.repeat(32)] })).rejects.toThrow(
      'sends no certificate with the fingerprint',
    );
  });

  it('close ends what is under way, and may be called twice', async () => {
    const server = await fake({
      instead: async ({ url }) => {
        if (url.includes('_bulk')) await new Promise((resolve) => setTimeout(resolve, 5000).unref());
        return undefined;
      },
    });
    const output = await open(server);
    const writing = output.write([event()], signal);
    await expect.poll(() => server.requests.length).toBe(4);
    await output.close();
    await output.close();
    expect(await writing).toMatchObject([{ kind: 'retry' }]);
  });
});
