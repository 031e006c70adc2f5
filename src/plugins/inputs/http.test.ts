import { readFileSync } from 'node:fs';
import nodeHttp from 'node:http';
import https from 'node:https';
import net from 'node:net';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeCertificates, type TestCertificates } from '../../../test/support/certs.ts';
import {
  createCodec,
  decoderContext,
  loadCodecs,
  resolveOptions,
  testContext,
} from '../../../test/support/plugin.ts';
import { intakeContext, ownFields } from '../../../test/support/writer.ts';
import type { Codec, EcsMode, Intake } from '../../kernel/plugin.ts';
import { jsonLines } from '../codecs/json-lines.ts';
import { plain } from '../codecs/plain.ts';
import { http } from './http.ts';

let certs: TestCertificates;
beforeAll(async () => {
  certs = makeCertificates();
  await loadCodecs('json', 'plain', 'line');
});
afterAll(() => certs.remove());

const open: Intake[] = [];
const agent = new nodeHttp.Agent({ keepAlive: true });
afterEach(async () => {
  vi.useRealTimers();
  agent.destroy();
  await Promise.all(open.splice(0).map((intake) => intake.close()));
});

async function start(given: Record<string, unknown> = {}, codec: Codec = createCodec(plain)) {
  const options = resolveOptions(http, { host: '127.0.0.1', port: 0, ...given });
  const context = intakeContext();
  const intake = http.createIntake(options, context) as Intake & { port: number };
  await intake.open(new AbortController().signal);
  open.push(intake);
  const decode = (ecs: EcsMode) =>
    context.writer.decode(
      http.createDecoder(options, decoderContext(codec, { ...testContext({ ecs }), ecs })),
    );
  return {
    context,
    intake,
    decode: (ecs: EcsMode = 'disabled') => decode(ecs),
    events: (ecs: EcsMode = 'disabled'): Record<string, any>[] => decode(ecs).map(ownFields),
    request: (given: Partial<Request> = {}) => request({ port: intake.port, ...given }),
  };
}

interface Request {
  port: number;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer;
  tls: https.RequestOptions;
}

interface Answer {
  status: number;
  headers: nodeHttp.IncomingHttpHeaders;
  text: string;
}

function request(given: Partial<Request>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port, method = 'POST', path = '/', headers = {}, body = '', tls } = given;
    const settings = {
      host: '127.0.0.1',
      port,
      method,
      path,
      headers,
      agent: tls ? undefined : agent,
      ...tls,
    };
    const sent = (tls ? https : nodeHttp).request(settings, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const json = { 'content-type': 'application/json' };

describe('events', () => {
  test('a body without known type is one event, with headers as Logstash names them', async () => {
    const { request, events, intake } = await start();
    const answer = await request({
      path: '/a?b=c',
      headers: { 'content-type': 'text/plain', 'X-Own-One': '1' },
      body: 'hello',
    });
    expect(answer).toMatchObject({ status: 200, text: 'ok', headers: { 'content-type': 'text/plain' } });
    expect(events()).toEqual([
      {
        message: 'hello',
        host: '127.0.0.1',
        headers: {
          content_type: 'text/plain',
          x_own_one: '1',
          connection: 'keep-alive',
          content_length: '5',
          http_accept: null,
          http_user_agent: null,
          http_host: `127.0.0.1:${intake.port}`,
          http_version: 'HTTP/1.1',
          request_method: 'POST',
          request_path: '/a?b=c',
        },
      },
    ]);
  });

  test('names in ECS mode', async () => {
    const { request, decode, intake } = await start({}, createCodec(plain, {}, { ecs: 'v8' }));
    await request({
      method: 'PUT',
      path: '/a',
      headers: { 'user-agent': 'test', 'content-type': 'text/plain' },
      body: 'hello',
    });
    const [event] = decode('v8');
    expect(ownFields(event!)).toEqual({
      message: 'hello',
      event: { original: 'hello' },
      host: { ip: '127.0.0.1' },
      http: {
        version: 'HTTP/1.1',
        method: 'PUT',
        request: { body: { bytes: '5' }, mime_type: 'text/plain' },
      },
      url: { domain: '127.0.0.1', port: intake.port, path: '/a' },
      user_agent: { original: 'test' },
    });
    expect(event!.metadata).toMatchObject({
      input: { http: { request: { headers: { request_method: 'PUT' } } } },
    });
  });

  test('JSON by POST and PUT: one event for each element, nothing altered', async () => {
    const { request, events } = await start();
    const body = '[{"n":-1,"s":"","l":[],"host":"mine"},{"big":12345678901234567890}]';
    for (const method of ['POST', 'PUT'])
      expect(
        (await request({ method, headers: { 'content-type': 'application/json; charset=utf-8' }, body }))
          .status,
      ).toBe(200);
    const all = events();
    expect(all).toHaveLength(4);
    expect(all[0]).toMatchObject({ n: -1, s: '', l: [], host: '127.0.0.1' });
    expect(all[3]!['headers']).toMatchObject({ request_method: 'PUT' });
  });

  test('events of one body do not share their headers', async () => {
    const { request, decode } = await start();
    await request({ headers: json, body: '[{},{}]' });
    const [first, second] = decode();
    (first!.fields['headers'] as any).request_path = 'changed';
    expect(second!.fields['headers']).toMatchObject({ request_path: '/' });
  });

  test('a body that is not JSON is one event tagged _jsonparsefailure, and still 200', async () => {
    const { request, events } = await start();
    expect((await request({ headers: json, body: 'oops' })).status).toBe(200);
    expect(events()).toMatchObject([{ message: 'oops', tags: ['_jsonparsefailure'] }]);
  });

  test('codecs by media type; lines without a last delimiter', async () => {
    const { request, events } = await start(
      { additional_codecs: { 'application/json': 'plain', 'Text/Lines': 'line' } },
      createCodec(jsonLines),
    );
    await request({ headers: json, body: '{"a":1}' });
    await request({ headers: { 'content-type': 'text/lines' }, body: 'one\ntwo' });
    await request({ body: '{"foo":1}\n{"foo":2}' });
    expect(events()).toMatchObject([
      { message: '{"a":1}' },
      { message: 'one' },
      { message: 'two' },
      { foo: 1 },
      { foo: 2 },
    ]);
  });

  test('charset of the media type; invalid UTF-8 is tagged', async () => {
    const { request, events } = await start();
    await request({
      headers: { 'content-type': 'text/plain; charset=ISO-8859-1' },
      body: Buffer.from([0xe9]),
    });
    await request({ body: Buffer.from([0x61, 0xe9]) });
    expect(events()).toMatchObject([{ message: 'é' }, { message: 'a\ufffd', tags: ['_invalid_encoding'] }]);
  });

  test('other methods and empty bodies are events, too', async () => {
    const { request, events } = await start();
    expect((await request({ method: 'GET', path: '/ping' })).status).toBe(200);
    expect(events()).toMatchObject([
      { message: '', headers: { request_method: 'GET', content_length: '0' } },
    ]);
  });

  test('own target fields; a scalar in the way stays', async () => {
    const { request, events } = await start({
      remote_host_target_field: '[from][ip]',
      request_headers_target_field: '[from][headers]',
    });
    await request({ headers: json, body: '[{},{"from":"mine"}]' });
    expect(events()).toMatchObject([
      { from: { ip: '127.0.0.1', headers: { request_method: 'POST' } } },
      { from: 'mine' },
    ]);
  });

  test('hostile header names are data', async () => {
    const { request, decode } = await start();
    await request({ headers: { __proto__x: 'a', constructor: 'b' } as never, body: 'x' });
    expect(decode()[0]!.fields['headers']).toMatchObject({ constructor: 'b' });
  });

  test('never throws, whatever the body and the media type', async () => {
    const { context, events } = await start();
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(
          'application/json',
          'text/plain',
          'text/plain; charset=utf-16',
          ';;;',
          'x; charset="',
        ),
        (bytes, type) => {
          const headers = JSON.stringify({ content_type: type });
          context.writer.record({ key: 'a', ip: '192.0.2.1', headers } as never, bytes);
          events('v8');
        },
      ),
    );
  });
});

describe('encodings', () => {
  const body = 'hello '.repeat(1000);
  test.each([
    ['gzip', zlib.gzipSync(body)],
    ['deflate', zlib.deflateSync(body)],
    ['deflate', zlib.deflateRawSync(body)],
    ['br', zlib.brotliCompressSync(body)],
    ['zstd', zlib.zstdCompressSync(body)],
  ])('%s', async (encoding, bytes) => {
    const { request, events } = await start();
    expect((await request({ headers: { 'content-encoding': encoding }, body: bytes })).status).toBe(200);
    const [event] = events();
    expect(event!['message']).toBe(body);
    expect(event!['headers'].content_encoding).toBeUndefined();
    expect(event!['headers'].content_length).toBe('6000');
  });

  test('damaged ones are 400, bombs are 413, and nothing is taken', async () => {
    const { request, context } = await start({ max_content_length: 100_000 });
    const gzip = { 'content-encoding': 'gzip' };
    expect((await request({ headers: gzip, body: 'hello' })).status).toBe(400);
    const bomb = zlib.gzipSync(Buffer.alloc(20_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    expect((await request({ headers: gzip, body: bomb })).status).toBe(413);
    expect(context.writer.count).toBe(0);
  });
});

describe('answers', () => {
  test('own code and headers; 204 has no body', async () => {
    const { request, intake } = await start({ response_code: 201, response_headers: { 'X-A': 'b' } });
    expect(await request()).toMatchObject({
      status: 201,
      text: 'ok',
      headers: { 'x-a': 'b', 'content-type': 'text/plain' },
    });
    intake.update!(resolveOptions(http, { port: 0, response_code: 204 }));
    expect(await request()).toMatchObject({ status: 204, text: '' });
  });

  test('comes only when the queue is safe', async () => {
    const { request, context } = await start();
    context.writer.setSafe(false);
    let answered = false;
    const answer = request({ body: 'x' }).then((it) => {
      answered = true;
      return it;
    });
    await context.writer.until((writer) => writer.count === 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(answered).toBe(false);
    context.writer.setSafe(true);
    expect((await answer).status).toBe(200);
  });

  test('basic authentication', async () => {
    const { request, context, intake } = await start({ user: 'me', password: 'secret' });
    const none = await request({ body: 'x' });
    expect(none.status).toBe(401);
    expect(none.headers['www-authenticate']).toMatch(/^Basic realm=/);
    const authorization = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const wrong = await request({ headers: { authorization: authorization('me:wrong') }, body: 'x' });
    expect(wrong.status).toBe(401);
    expect(wrong.headers['www-authenticate']).toBeUndefined();
    expect(context.writer.count).toBe(0);
    expect(
      (await request({ headers: { authorization: authorization('me:secret') }, body: 'x' })).status,
    ).toBe(200);
    expect(context.writer.runs[0]!.peer['headers']).not.toContain('uthorization');
    intake.update!(resolveOptions(http, { port: 0, user: 'me', password: 'other' }));
    expect((await request({ headers: { authorization: authorization('me:other') }, body: 'x' })).status).toBe(
      200,
    );
  });

  test('413 for bodies that are too large, said or not', async () => {
    const { request, context } = await start({ max_content_length: 10 });
    expect((await request({ body: 'x'.repeat(11) })).status).toBe(413);
    expect(
      (await request({ headers: { 'transfer-encoding': 'chunked' }, body: 'x'.repeat(11) })).status,
    ).toBe(413);
    expect(
      (await request({ headers: { expect: '100-continue', 'content-length': '11' }, body: 'x'.repeat(11) }))
        .status,
    ).toBe(413);
    expect((await request({ body: 'x'.repeat(10) })).status).toBe(200);
    expect(context.writer.count).toBe(1);
  });

  test('429 when more requests wait than allowed', async () => {
    const { request, context } = await start({ max_pending_requests: 2 });
    context.writer.setSafe(false);
    const waiting = [request({ body: '1' }), request({ body: '2' })];
    await context.writer.until((writer) => writer.count === 2);
    const refused = await request({ body: '3' });
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '5' } });
    context.writer.setSafe(true);
    expect((await Promise.all(waiting)).map((each) => each.status)).toEqual([200, 200]);
    expect((await request({ body: '4' })).status).toBe(200);
  });

  test('a full queue holds the answer; after ten seconds it is 429', async () => {
    const { request, context } = await start();
    context.writer.setFull(true);
    const held = request({ body: '1' });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(context.writer.count).toBe(0);
    context.writer.setFull(false);
    expect((await held).status).toBe(200);
    context.writer.setFull(true);
    vi.useFakeTimers({ toFake: ['setTimeout', 'Date'] });
    const late = request({ body: '2' });
    for (let tries = 0; tries < 50 && vi.getTimerCount() === 0; tries++)
      await new Promise((resolve) => setImmediate(resolve));
    await vi.waitFor(async () => {
      vi.advanceTimersByTime(10_000);
      await new Promise((resolve) => setImmediate(resolve));
      expect(await Promise.race([late, Promise.resolve('waits')])).toMatchObject({ status: 429 });
    });
    expect(context.writer.count).toBe(1);
  });

  test('a client that goes away while its request is held is not taken', async () => {
    const { context, intake } = await start();
    context.writer.setFull(true);
    const socket = net.connect(intake.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx');
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 30));
    context.writer.setFull(false);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(context.writer.count).toBe(0);
  });
});

describe('hostile clients', () => {
  /** Sends bytes as they are; gives the first line of every answer, `count` of them or until the connection is closed. */
  async function raw(port: number, bytes: string, count = 1): Promise<string[]> {
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    const answers = (): string[] => text.match(/HTTP\/1\.1 \d+/g) ?? [];
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        text += chunk.toString();
        if (answers().length >= count) resolve();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.write(bytes);
    });
    socket.destroy();
    return answers();
  }

  test('requests that two readers would cut differently are refused', async () => {
    const { context, intake } = await start();
    const bad = [
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
      'garbage\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    ];
    for (const bytes of bad) expect((await raw(intake.port, bytes))[0], bytes.slice(0, 60)).toMatch(/4\d\d$/);
    expect(context.writer.count).toBe(0);
  });

  test('requests behind one another on one connection are answered in order', async () => {
    const { context, intake } = await start();
    const one = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n';
    expect(await raw(intake.port, `${one}1${one}2${one}3`, 3)).toEqual(Array(3).fill('HTTP/1.1 200'));
    expect(context.writer.texts()).toEqual(['1', '2', '3']);
  });

  test('a client that stops in the middle does not hold up close', async () => {
    const { intake } = await start();
    const socket = net.connect(intake.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST / HTTP/1.1\r\nContent-Le');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await intake.close();
    await intake.close();
  });
});

describe('TLS', () => {
  const secure = () => ({ ssl_enabled: true, ssl_certificate: certs.server.cert, ssl_key: certs.server.key });
  const trust = () => ({ ca: readFileSync(certs.ca), servername: 'localhost' });
  const shown = (who: { cert: string; key: string }) => ({
    ...trust(),
    cert: readFileSync(who.cert),
    key: readFileSync(who.key),
  });

  test('HTTPS, with renewed certificates after update', async () => {
    const { request, intake, context } = await start(secure());
    expect((await request({ tls: trust(), method: 'PUT', headers: json, body: '{}' })).status).toBe(200);
    intake.update!(resolveOptions(http, { port: 0, ...secure() }));
    expect((await request({ tls: trust(), body: 'x' })).status).toBe(200);
    expect(context.writer.count).toBe(2);
  });

  test('mutual TLS: one clear log line for each client that is refused', async () => {
    const { request, context } = await start({
      ...secure(),
      ssl_certificate_authorities: [certs.ca],
      ssl_client_authentication: 'required',
    });
    expect((await request({ tls: shown(certs.client), body: 'x' })).status).toBe(200);
    await expect(request({ tls: trust(), body: 'x' })).rejects.toThrow();
    await expect(request({ tls: shown(certs.stranger), body: 'x' })).rejects.toThrow();
    await expect
      .poll(() => context.log.filter((each) => each.startsWith('warn')))
      .toEqual([
        expect.stringMatching(
          /^warn TLS connection from 127\.0\.0\.1:\d+ refused: the client showed no certificate/,
        ),
        expect.stringMatching(/^warn TLS connection from 127\.0\.0\.1:\d+ refused: .* unknown authority/),
      ]);
    expect(context.writer.count).toBe(1);
  });

  test('optional: without certificate is welcome, a wrong one is not', async () => {
    const { request, context } = await start({
      ...secure(),
      ssl_certificate_authorities: [certs.ca],
      ssl_client_authentication: 'optional',
    });
    expect((await request({ tls: trust(), body: 'x' })).status).toBe(200);
    await expect(request({ tls: shown(certs.stranger), body: 'x' })).rejects.toThrow();
    expect(context.writer.count).toBe(1);
  });

  test('plain HTTP at the TLS port gets one log line', async () => {
    const { request, context } = await start(secure());
    await expect(request({ body: 'x' })).rejects.toThrow();
    await expect.poll(() => context.log).toEqual([expect.stringContaining('plain HTTP')]);
  });
});

test('a port in use rejects', async () => {
  const { intake } = await start();
  await expect(start({ port: intake.port })).rejects.toThrow('EADDRINUSE');
});

test('rules between options', () => {
  const reports = (given: Record<string, unknown>): string[] => {
    const found: string[] = [];
    http.validate!(resolveOptions(http, given), (severity, option) => found.push(`${severity} ${option}`));
    return found;
  };
  expect(reports({})).toEqual([]);
  expect(reports({ user: 'me' })).toEqual(['warning user']);
  expect(reports({ response_headers: { 'a b': 'c' } })).toEqual(['error response_headers']);
  const tls = { ssl_enabled: true, ssl_certificate: 'a', ssl_key: 'b' };
  expect(reports({ ...tls, ssl_client_authentication: 'required' })).toEqual([
    'error ssl_client_authentication',
  ]);
  expect(reports({ ...tls, ssl_certificate_authorities: 'c' })).toEqual([
    'error ssl_certificate_authorities',
  ]);
});
