import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { answering, cleanups, create, numbered, serve, signal } from '../../../test/support/http-output.ts';
import type { Answer, Script, TestServer } from '../../../test/support/http-server.ts';
import { resolveOptions } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import { parseJson } from '../../event/json.ts';
import type { Fields } from '../../kernel/event-types.ts';
import type { WriteFailure } from '../../kernel/plugin.ts';
import { http } from './http.ts';

const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);

/** Sends to a server that answers 200; returns what it was asked. */
async function sent(
  options: Record<string, unknown>,
  events: readonly Fields[],
): Promise<{ server: TestServer; failures: WriteFailure[] | undefined }> {
  const server = await serve(answering({}));
  const output = await create({
    ...options,
    url: `${server.url}${(options['url'] as string | undefined) ?? ''}`,
  });
  const failures = await output.write(
    events.map((fields) => new Event(fields)),
    signal,
  );
  return { server, failures };
}
describe('formats of the http output', () => {
  it('json: one request an event, exact numbers, without removed fields and metadata', async () => {
    const server = await serve(answering({}));
    const output = await create({ url: `${server.url}/in?x=1` });
    const event = new Event(
      { a: parseJson('{"big":12345678901234567890,"pi":3.14159265358979323846}') as Fields, gone: undefined },
      { secret: true },
    );
    expect(await output.write([event], signal)).toEqual([]);
    const [asked] = server.requests;
    expect(asked).toMatchObject({ method: 'POST', url: '/in?x=1' });
    expect(asked!.headers).toMatchObject({
      'content-type': 'application/json',
      host: `127.0.0.1:${server.port}`,
    });
    expect(asked!.body).toBe('{"a":{"big":12345678901234567890,"pi":3.14159265358979323846}}');
  });

  it('json_batch: one request a batch', async () => {
    const { server, failures } = await sent({ format: 'json_batch' }, [{ n: 1 }, { n: 2, t: 'ä€😀' }]);
    expect(failures).toEqual([]);
    expect(server.requests.map(({ body }) => body)).toEqual(['[{"n":1},{"n":2,"t":"ä€😀"}]']);
    expect(server.requests[0]!.headers['content-type']).toBe('application/json');
  });

  it('form: fields or mapping, escaped as Ruby does', async () => {
    const whole = await sent({ format: 'form' }, [
      {
        'a b': "it's (1+1)*2 ~",
        n: 1.5,
        big: 12345678901234567890n,
        gone: undefined,
        none: null,
        m: { x: [1] },
      },
    ]);
    expect(whole.server.requests[0]!.body).toBe(
      'a+b=it%27s+%281%2B1%29%2A2+~&n=1.5&big=12345678901234567890&none=&m=%7B%22x%22%3A%5B1%5D%7D',
    );
    expect(whole.server.requests[0]!.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const mapped = await sent(
      { format: 'form', mapping: { who: '%{user}', 'q&': 1, deep: { a: '%{user}' } } },
      [{ user: 'joe & co' }],
    );
    expect(mapped.server.requests[0]!.body).toBe(
      'who=joe+%26+co&q%26=1&deep=%7B%22a%22%3A%22joe+%26+co%22%7D',
    );
  });

  it('message: a template as text', async () => {
    const { server } = await sent({ format: 'message', message: '%{a} and %{missing}' }, [{ a: 1 }]);
    expect(server.requests[0]).toMatchObject({ body: '1 and %{missing}' });
    expect(server.requests[0]!.headers['content-type']).toBe('text/plain');
  });

  it('mapping: nested templates, numbers become text', async () => {
    const mapping = { foo: '%{host}', list: ['%{n}', 5], inner: { 'k"': 'x%{host}' }, fixed: 'y' };
    const { server } = await sent({ mapping }, [{ host: 'h"1', n: 2 }]);
    expect(JSON.parse(server.requests[0]!.body)).toEqual({
      foo: 'h"1',
      list: ['2', '5'],
      inner: { 'k"': 'xh"1' },
      fixed: 'y',
    });
    const batch = await sent({ mapping: { m: '%{n}' }, format: 'json_batch' }, [{ n: 1 }, { n: 2 }]);
    expect(batch.server.requests[0]!.body).toBe('[{"m":"1"},{"m":"2"}]');
  });

  it('fills fields into url and headers; content_type and headers of the user count', async () => {
    const { server } = await sent(
      {
        url: '/%{index}/x',
        headers: { 'X-Host': '%{host}', 'X-Fixed': 'a', 'Content-Type': 'text/x', 'Content-Length': '1' },
      },
      [{ index: 'i 1', host: 'hö€st' }],
    );
    expect(server.requests[0]!.url).toBe('/i%201/x');
    expect(server.requests[0]!.headers).toMatchObject({ 'x-fixed': 'a', 'content-type': 'text/x' });
    expect(Buffer.from(server.requests[0]!.headers['x-host'] as string, 'latin1').toString()).toBe('hö€st');
    const typed = await sent({ content_type: 'application/vnd.%{v}', headers: { 'content-type': 'no' } }, [
      { v: 'z' },
    ]);
    expect(typed.server.requests[0]!.headers['content-type']).toBe('application/vnd.z');
  });

  it.each(['put', 'post', 'patch', 'delete', 'get', 'head'])('method %s with a body', async (method) => {
    const { server, failures } = await sent({ http_method: method }, [{ n: 1 }, { n: 2 }]);
    expect(failures).toEqual([]);
    expect(server.requests.map((asked) => [asked.method, asked.body]).sort(byText)).toEqual([
      [method.toUpperCase(), '{"n":1}'],
      [method.toUpperCase(), '{"n":2}'],
    ]);
  });

  it('compresses small and large bodies', async () => {
    const { server } = await sent({ http_compression: true, format: 'json_batch' }, [
      { a: 'x'.repeat(100_000) },
    ]);
    expect(server.requests[0]!.headers['content-encoding']).toBe('gzip');
    expect(server.requests[0]!.rawBytes).toBeLessThan(1000);
    expect(server.requests[0]!.body).toHaveLength(100_010);
    const small = await sent({ http_compression: true, headers: { 'x-a': '%{n}' } }, [{ n: 1 }]);
    expect(small.server.requests[0]).toMatchObject({ body: '{"n":1}', headers: { 'x-a': '1' } });
  });
});

describe('answers to the http output', () => {
  const verdict = async (answer: Answer, options: Record<string, unknown> = {}): Promise<unknown> => {
    const server = await serve(answering(answer));
    const output = await create({ url: server.url, ...options });
    const failures = await output.write(numbered(1), signal);
    return failures!.map(({ kind, reason, retryAfter }) => [
      kind,
      reason.replace(server.url, 'S'),
      retryAfter,
    ])[0];
  };

  it.each([429, 500, 502, 503, 504])('%i is tried again', async (status) => {
    expect(await verdict({ status })).toEqual([
      'retry',
      expect.stringMatching(`^S answered ${status} \\(`),
      undefined,
    ]);
  });

  it('others are rejected, with what the server said', async () => {
    expect(await verdict({ status: 400, body: 'no\n  such\u0007 field' })).toEqual([
      'reject',
      'S answered 400 (Bad Request): no such field',
      undefined,
    ]);
    expect(await verdict({ status: 418 })).toEqual(['reject', 'S answered 418', undefined]);
    expect(await verdict({ status: 304 })).toEqual(['reject', 'S answered 304 (Not Modified)', undefined]);
  });

  it('obeys Retry-After in seconds and as a date, not beyond an hour', async () => {
    const waiting = async (value: string): Promise<number> =>
      ((await verdict({ status: 503, headers: { 'Retry-After': value } })) as [string, string, number])[2];
    expect(await waiting('7')).toBe(7000);
    expect(await waiting('999999999')).toBe(3_600_000);
    const wait = await waiting(new Date(Date.now() + 20_000).toUTCString());
    expect(wait).toBeGreaterThan(18_000);
    expect(wait).toBeLessThanOrEqual(20_000);
    expect(await waiting(new Date(Date.now() - 5000).toUTCString())).toBe(0);
    expect(await waiting('soon')).toBeUndefined();
  });

  it('takes the codes of the options, and no retry without retry_failed', async () => {
    expect(await verdict({ status: 404 }, { retryable_codes: [404] })).toEqual([
      'retry',
      'S answered 404 (Not Found)',
      undefined,
    ]);
    expect(await verdict({ status: 500 }, { retryable_codes: [404] })).toContain('reject');
    expect(await verdict({ status: 404 }, { ignorable_codes: [404] })).toBeUndefined();
    expect(await verdict({ status: 503 }, { retry_failed: false })).toContain('reject');
  });

  it('json_batch: what is too large is halved until it fits, in order; one event that does not fit alone is rejected', async () => {
    const taken: number[] = [];
    const server = await serve(({ body }) => {
      if (body.length > 400) return { status: 413 };
      taken.push(...(JSON.parse(body) as { n: number }[]).map(({ n }) => n));
      return {};
    });
    const output = await create({ url: server.url, format: 'json_batch' });
    const events = numbered(100);
    events[40]!.fields['text'] = 'x'.repeat(1000);
    const failures = await output.write(events, signal);
    expect(failures).toEqual([
      { index: 40, kind: 'reject', reason: expect.stringContaining('413 (Payload Too Large)') },
    ]);
    expect(taken).toEqual(numbered(100).flatMap((_, at) => (at === 40 ? [] : [at + 1])));
    const before = server.requests.length;
    expect(await output.write(numbered(100), signal)).toEqual([]);
    expect(await output.write(numbered(100), signal)).toEqual([]);
    // It knows by now what fits, but for tries to send more.
    expect(server.requests.length - before).toBeLessThan(20);
    expect(taken).toHaveLength(299);
  });

  it('json_batch: the answer is for every event of the batch', async () => {
    const server = await serve(answering({ status: 503 }));
    const output = await create({ url: server.url, format: 'json_batch' });
    expect((await output.write(numbered(3), signal))!.map(({ index, kind }) => [index, kind])).toEqual([
      [0, 'retry'],
      [1, 'retry'],
      [2, 'retry'],
    ]);
  });

  it('names the failed events of a batch and accepts the others', async () => {
    const server = await serve(({ body }) => ({
      status: body === '{"n":2}' ? 400 : body === '{"n":4}' ? 503 : 200,
    }));
    const output = await create({ url: server.url });
    const failures = (await output.write(numbered(5), signal))!;
    expect(failures.map(({ index, kind }) => [index, kind]).sort(byText)).toEqual([
      [1, 'reject'],
      [3, 'retry'],
    ]);
  });

  it('rejects what can never be sent: an address that is none, a header with a line break', async () => {
    const server = await serve(answering({}));
    const output = await create({ url: '%{where}', headers: { 'x-h': '%{h}' } });
    const events = [
      { where: 'ftp://x/', h: 'a' },
      { where: server.url, h: 'a\r\nX-Evil: 1' },
      { where: server.url, h: 'ok' },
      { h: 'a' },
    ];
    const failures = (await output.write(
      events.map((fields) => new Event(fields)),
      signal,
    ))!;
    expect(failures.sort((a, b) => a.index - b.index)).toEqual([
      { index: 0, kind: 'reject', reason: '`ftp://x/` is no address' },
      { index: 1, kind: 'reject', reason: expect.stringContaining('x-h') },
      { index: 3, kind: 'reject', reason: '`%{where}` is no address' },
    ]);
    expect(server.requests).toHaveLength(1);
  });
});

describe('connections of the http output', () => {
  it('runs requests side by side up to pool_max, on kept connections', async () => {
    const server = await serve(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return {};
    });
    const output = await create({ url: server.url, pool_max: 4 });
    await Promise.all([output.write(numbered(20), signal), output.write(numbered(20), signal)]);
    expect(server.requests).toHaveLength(40);
    expect(server.mostAtOnce()).toBe(4);
    expect(server.connections()).toBe(4);
  });

  it('shares the limits among workers', async () => {
    const server = await serve(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return {};
    });
    const output = await create({ url: server.url, pool_max: 4 }, { workers: 2 });
    await output.write(numbered(10), signal);
    expect(server.mostAtOnce()).toBe(2);
  });

  it('keeps order when the pipeline does, and stops at the first that must be tried again', async () => {
    const server = await serve(({ body }) => ({
      status: body === '{"n":3}' ? 503 : body === '{"n":1}' ? 400 : 200,
    }));
    const output = await create({ url: server.url }, { settings: { 'pipeline.workers': 1 } });
    const failures = (await output.write(numbered(5), signal))!;
    expect(server.requests.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    expect(failures.map(({ index, kind }) => [index, kind])).toEqual([
      [0, 'reject'],
      [2, 'retry'],
      [3, 'retry'],
      [4, 'retry'],
    ]);
  });

  it('opens a connection a request without keepalive', async () => {
    const server = await serve(answering({}));
    const output = await create(
      { url: server.url, keepalive: false },
      { settings: { 'pipeline.ordered': 'true' } },
    );
    await output.write(numbered(3), signal);
    expect(server.connections()).toBe(3);
    expect(server.requests[0]!.headers.connection).toBe('close');
  });

  it('a refused, a reset and a hanging server are worth another try', async () => {
    const refused = await create({ url: 'http://127.0.0.1:1/' });
    expect(await refused.write(numbered(1), signal)).toEqual([
      { index: 0, kind: 'retry', reason: 'http://127.0.0.1:1 refuses connections: nothing listens there' },
    ]);
    const reset = await serve(({ socket }) => void socket.resetAndDestroy());
    expect(await (await create({ url: reset.url })).write(numbered(1), signal)).toEqual([
      { index: 0, kind: 'retry', reason: `${reset.url} broke the connection` },
    ]);
    const hanging = await serve(() => undefined);
    expect(
      await (await create({ url: hanging.url, request_timeout: 0.1 })).write(numbered(1), signal),
    ).toEqual([{ index: 0, kind: 'retry', reason: `${hanging.url} did not answer within 0.1 seconds` }]);
    expect(
      await (await create({ url: hanging.url, socket_timeout: 0.1 })).write(numbered(1), signal),
    ).toEqual([{ index: 0, kind: 'retry', reason: `${hanging.url} sent no answer in time` }]);
    expect(
      await (await create({ url: hanging.url, request_timeout: 0.1, retry_failed: false })).write(
        numbered(1),
        signal,
      ),
    ).toMatchObject([{ kind: 'reject' }]);
  });

  it('something that is not HTTP answers', async () => {
    const server = net.createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const output = await create({ url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/` });
    expect(await output.write(numbered(1), signal)).toMatchObject([
      { kind: 'retry', reason: expect.stringContaining('something that is not HTTP') },
    ]);
  });

  it('tries again at once when a kept connection broke: automatic_retries', async () => {
    const script: Script = ({ socket }, count) => (count % 2 === 0 ? {} : void socket.destroy());
    const put = await serve(script);
    expect(await (await create({ url: put.url, http_method: 'put' })).write(numbered(1), signal)).toEqual([]);
    const post = await serve(script);
    expect(await (await create({ url: post.url })).write(numbered(1), signal)).toMatchObject([
      { kind: 'retry' },
    ]);
    const asked = await serve(script);
    const output = await create({ url: asked.url, retry_non_idempotent: true });
    expect(await output.write(numbered(1), signal)).toEqual([]);
  });

  it('follows redirects with method and body, keeps credentials at home', async () => {
    const other = await serve(answering({}));
    const server = await serve(({ url }) =>
      url === '/a'
        ? { status: 307, headers: { location: '/b' } }
        : url === '/b'
          ? { status: 302, headers: { location: `${other.url}/c` } }
          : { status: 303, headers: { location: '/a' } },
    );
    const output = await create({ url: `${server.url}/a`, user: 'joe', password: 'pässword' });
    expect(await output.write(numbered(1), signal)).toEqual([]);
    const authorization = `Basic ${Buffer.from('joe:pässword').toString('base64')}`;
    expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/a', authorization],
      ['/b', authorization],
    ]);
    expect(other.requests[0]).toMatchObject({ method: 'POST', url: '/c', body: '{"n":1}' });
    expect(other.requests[0]!.headers.authorization).toBeUndefined();
    const staying = await create({ url: `${server.url}/a`, follow_redirects: false });
    expect(await staying.write(numbered(1), signal)).toMatchObject([
      { kind: 'reject', reason: expect.stringContaining('307') },
    ]);
    const endless = await serve(answering({ status: 308, headers: { location: '/' } }));
    expect(await (await create({ url: endless.url })).write(numbered(1), signal)).toMatchObject([
      { kind: 'retry', reason: `${endless.url} redirects more than 10 times` },
    ]);
  });

  it('keeps cookies, or not', async () => {
    const script: Script = (_asked, count) => ({
      headers: { 'set-cookie': [`s=${count}; HttpOnly`, 'p=1; Path=/other'] },
    });
    const ordered = { settings: { 'pipeline.ordered': 'true' } };
    const server = await serve(script);
    await (await create({ url: server.url }, ordered)).write(numbered(3), signal);
    expect(server.requests.map(({ headers }) => headers.cookie)).toEqual([undefined, 's=1', 's=2']);
    const without = await serve(script);
    await (await create({ url: without.url, cookies: false }, ordered)).write(numbered(2), signal);
    expect(without.requests.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined]);
  });

  it('takes credentials from the address', async () => {
    const server = await serve(answering({}));
    await (await create({ url: server.url.replace('//', '//u%40x:p%2Fw@') })).write(numbered(1), signal);
    expect(server.requests[0]!.headers.authorization).toBe(
      `Basic ${Buffer.from('u@x:p/w').toString('base64')}`,
    );
  });

  it('ends waiting requests when it is closed or aborted', async () => {
    const server = await serve(() => undefined);
    const output = await create({ url: server.url });
    const writing = output.write(numbered(100), signal) as Promise<WriteFailure[]>;
    await expect.poll(() => server.requests.length).toBeGreaterThan(0);
    await output.close();
    expect(new Set((await writing).map(({ kind }) => kind))).toEqual(new Set(['retry']));
    await output.close();
    const abort = new AbortController();
    const second = await create({ url: server.url });
    const hanging = second.write(numbered(2), abort.signal) as Promise<WriteFailure[]>;
    setTimeout(() => abort.abort(), 20);
    expect(await hanging).toMatchObject([{ kind: 'retry' }, { kind: 'retry' }]);
  });
});

describe('checks of the http output', () => {
  const problems = (options: Record<string, unknown>): string[] => {
    const found: string[] = [];
    http.validate!(
      resolveOptions(http, { url: 'https://x/', http_method: 'put', ...options }),
      (severity, option, message) => found.push(`${severity} ${option}: ${message}`),
    );
    return found;
  };

  it('has nothing to say about a good config', () => {
    expect(problems({ headers: { Authorization: 'Bearer x' }, proxy: 'http://p:3128' })).toEqual([]);
  });

  it('says that the codec has no effect', () => {
    expect(problems({ codec: 'json' })).toEqual(['lint codec: has no effect, as in Logstash']);
  });

  it.each([
    [{ url: 'myhost/x' }, 'error url: `myhost/x` is no address'],
    [
      { url: 'https://%{h}/', format: 'json_batch' },
      'lint url: fields are not filled in with `format => json_batch`',
    ],
    [{ format: 'message' }, 'error format: `format => message` needs `message`'],
    [{ message: 'x' }, 'warning message: has no effect without `format => message`'],
    [{ headers: { 'a b': 'x' } }, 'error headers: `a b` can not be the name of a header'],
    [
      { headers: { 'Transfer-Encoding': 'x' } },
      'warning headers: `Transfer-Encoding` is set by the client itself and left out',
    ],
    [{ user: 'u' }, 'error user: `user` needs `password`'],
    [{ proxy: 'socks5://p:1' }, 'error proxy: has the scheme `socks5`; http and https are known'],
    [{ proxy: { port: 1 } }, 'error proxy: needs `host` or `url`'],
    [{ ssl_certificate: 'c' }, 'error ssl_certificate: `ssl_certificate` needs `ssl_key`'],
  ])('%j', (options, problem) => {
    expect(problems(options)).toEqual([problem]);
  });
});
