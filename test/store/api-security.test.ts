import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Reply, startStoreApi, type TestApi } from '../support/store-api.ts';

const basic = (name: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});
const lines = (...values: unknown[]): string =>
  `${values.map((value) => JSON.stringify(value)).join('\n')}\n`;

describe('before there are users', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startStoreApi();
  });
  afterAll(() => api.close());

  test('loopback may do everything, but make keys that outlive this', async () => {
    expect((await api.ask('PUT', '/a/_doc/1', { x: 1 })).status).toBe(201);
    expect((await api.ask('GET', '/a/_doc/1')).status).toBe(200);
    expect((await api.ask('GET', '/a/_doc/1', undefined, basic('elastic', 'changeme'))).status).toBe(200);
    const key = await api.ask('POST', '/_security/api_key', { name: 'k' });
    expect([key.status, key.json.error.reason]).toEqual([400, expect.stringContaining('millrace user add')]);
  });

  test('what a proxy passes on is not from here', async () => {
    expect((await api.ask('GET', '/', undefined, { 'x-forwarded-for': '203.0.113.1' })).status).toBe(401);
  });

  test('other names and other sites are refused', async () => {
    expect((await api.ask('GET', '/', undefined, { host: 'evil.example' })).status).toBe(403);
    expect((await api.ask('GET', '/', undefined, { host: 'localhost:9200' })).status).toBe(200);
    expect((await api.ask('GET', '/', undefined, { host: '[::1]:9200' })).status).toBe(200);
    expect((await api.ask('POST', '/_refresh', undefined, { origin: 'https://evil.example' })).status).toBe(
      403,
    );
    expect((await api.ask('GET', '/', undefined, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  test('what a page can send without asking first is no body', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await api.ask('POST', '/a/_doc', '{"x":1}', { 'content-type': type })).status).toBe(406);
  });
});

describe('with users', () => {
  let api: TestApi;
  const admin = basic('root', 'long enough');
  const viewer = basic('anna', 'also enough');
  const operator = basic('beat', 'more than enough');
  const apiKey = (encoded: string): Record<string, string> => ({ authorization: `ApiKey ${encoded}` });
  beforeAll(async () => {
    api = await startStoreApi();
    await api.users.add('root', 'administrator', 'long enough');
    await api.users.add('anna', 'viewer', 'also enough');
    await api.users.add('beat', 'operator', 'more than enough');
    await api.users.add('narrow', 'analyst', 'narrow enough', { indices: ['open-*'] });
    await api.users.add('partial', 'viewer', 'partial enough', { hiddenFields: ['secret'] });
    for (const index of ['open-1', 'closed-1'])
      await api.ask('PUT', `/${index}/_doc/1?refresh=true`, { x: 1 }, admin);
  });
  afterAll(() => api.close());

  const status = async (...given: Parameters<TestApi['ask']>): Promise<number> =>
    (await api.ask(...given)).status;

  test('loopback without credentials may write and shake hands, and read nothing', async () => {
    expect(await status('GET', '/')).toBe(200);
    expect(await status('GET', '/_license')).toBe(200);
    expect(await status('POST', '/_bulk', lines({ create: { _index: 'open-1' } }, { x: 2 }))).toBe(200);
    expect(await status('PUT', '/_index_template/t', { index_patterns: ['t-*'] })).toBe(200);
    expect(await status('HEAD', '/open-1')).toBe(200);
    for (const [method, path] of [
      ['GET', '/open-1/_search'],
      ['GET', '/open-1/_doc/1'],
      ['GET', '/open-1/_source/1'],
      ['POST', '/_msearch'],
      ['GET', '/_mget'],
      ['GET', '/open-1/_count'],
      ['GET', '/open-1/_field_caps?fields=*'],
      ['GET', '/open-1'],
      ['GET', '/_cat/indices'],
      ['GET', '/_mapping'],
      ['POST', '/open-1/_pit?keep_alive=1m'],
      ['POST', '/_search/scroll'],
      ['DELETE', '/open-1'],
      ['DELETE', '/open-1/_doc/1'],
      ['POST', '/open-1/_delete_by_query'],
      ['DELETE', '/_index_template/t'],
      ['PUT', '/_snapshot/r'],
      ['GET', '/_security/api_key'],
    ] as const)
      expect([method, path, await status(method, path)]).toEqual([method, path, 401]);
    const challenge = await api.ask('GET', '/open-1/_search');
    expect(challenge.headers['www-authenticate']).toContain('Basic');
    expect(challenge.json.error.type).toBe('security_exception');
    const update = await api.ask('POST', '/open-1/_update/1?_source=true', { doc: {} });
    expect(update.text).not.toContain('"x"');
  });

  test('roles do what they may', async () => {
    expect(await status('GET', '/open-1/_search', undefined, viewer)).toBe(200);
    expect(await status('PUT', '/open-1/_doc/2', { x: 1 }, viewer)).toBe(403);
    expect(await status('PUT', '/open-1/_doc/2', { x: 1 }, operator)).toBe(201);
    expect(await status('DELETE', '/open-1', undefined, operator)).toBe(403);
    expect(await status('PUT', '/_snapshot/r', { type: 'fs', settings: { location: 'r' } }, operator)).toBe(
      403,
    );
    expect(await status('PUT', '/_snapshot/r', { type: 'fs', settings: { location: 'r' } }, admin)).toBe(200);
    const me = await api.ask('GET', '/_security/_authenticate', undefined, viewer);
    expect(me.json).toMatchObject({ username: 'anna', roles: ['viewer'] });
    const asked = { cluster: ['manage'], index: [{ names: ['x'], privileges: ['read', 'write'] }] };
    const privileges = await api.ask('POST', '/_security/user/_has_privileges', asked, viewer);
    expect(privileges.json).toMatchObject({
      has_all_requested: false,
      index: { x: { read: true, write: false } },
    });
  });

  test('wrong credentials are refused, noted, and soon slow', async () => {
    expect(await status('GET', '/', undefined, basic('anna', 'wrong'))).toBe(401);
    expect(await status('GET', '/', undefined, basic('nobody', 'wrong'))).toBe(401);
    expect(await status('GET', '/', undefined, { authorization: 'Bearer x' })).toBe(401);
    expect(await status('GET', '/', undefined, { authorization: 'Basic %%%' })).toBe(401);
    expect(api.audited).toContainEqual(
      expect.objectContaining({ action: 'store.sign_in', user: 'anna', outcome: 'failure' }),
    );
    for (let tries = 0; tries < 6; tries++) await api.ask('GET', '/', undefined, basic('guess', `${tries}`));
    const started = performance.now();
    await api.ask('GET', '/', undefined, basic('guess', 'again'));
    expect(performance.now() - started).toBeGreaterThan(100);
    // Those who are known by their password already do not wait for those who guess.
    let fastest = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 10; tries++) {
      const asked = performance.now();
      await api.ask('GET', '/', undefined, admin);
      fastest = Math.min(fastest, performance.now() - asked);
    }
    expect(fastest).toBeLessThan(100);
  });

  test('a user of some indices sees only these, however it asks', async () => {
    const narrow = basic('narrow', 'narrow enough');
    const indicesOf = (reply: Reply): string[] => [
      ...new Set<string>(reply.json.hits.hits.map((hit: any) => hit._index)),
    ];
    expect(indicesOf(await api.ask('GET', '/_search', undefined, narrow))).toEqual(['open-1']);
    expect(indicesOf(await api.ask('GET', '/*-1/_search', undefined, narrow))).toEqual(['open-1']);
    for (const path of [
      '/closed-1/_search',
      '/closed-*/_search',
      '/open-1,closed-1/_search',
      '/closed-1/_doc/1',
      '/closed-1/_source/1',
      '/closed-1',
      '/closed-1/_mapping',
      '/closed-1/_count',
      '/closed-1/_field_caps?fields=*',
    ])
      expect([path, await status('GET', path, undefined, narrow)]).toEqual([path, 403]);
    const several = await api.ask(
      'POST',
      '/_msearch',
      lines({ index: 'closed-1' }, {}, { index: 'open-1' }, {}),
      narrow,
    );
    expect(several.json.responses.map((one: any) => one.status)).toEqual([403, 200]);
    const got = await api.ask('POST', '/_mget', { docs: [{ _index: 'closed-1', _id: '1' }] }, narrow);
    expect(got.json.docs[0].error.type).toBe('security_exception');
    expect((await api.ask('GET', '/_cat/indices?format=json', undefined, narrow)).json).toHaveLength(1);
    // What the administrator opened shows more than this user may see.
    const { json } = await api.ask('POST', '/*/_pit?keep_alive=1m', undefined, admin);
    expect(await status('POST', '/_search', { pit: { id: json.id } }, narrow)).toBe(404);
    const scroll = await api.ask('POST', '/_search?scroll=1m', {}, admin);
    expect(await status('POST', '/_search/scroll', { scroll_id: scroll.json._scroll_id }, narrow)).toBe(404);
  });

  test('a user of parts of documents is left to the console', async () => {
    expect(await status('GET', '/open-1/_search', undefined, basic('partial', 'partial enough'))).toBe(403);
    expect(await status('GET', '/open-1/_doc/1', undefined, basic('partial', 'partial enough'))).toBe(403);
  });

  describe('API keys', () => {
    const make = async (body: object, as = admin): Promise<any> => {
      const { json, status: code } = await api.ask('POST', '/_security/api_key', body, as);
      expect([code, json]).toEqual([200, expect.objectContaining({ api_key: expect.any(String) })]);
      return json;
    };

    test('have the rights of their owner, and end with them', async () => {
      const key = await make({ name: 'mine' }, viewer);
      expect(Buffer.from(key.encoded, 'base64').toString()).toBe(`${key.id}:${key.api_key}`);
      expect(await status('GET', '/open-1/_search', undefined, apiKey(key.encoded))).toBe(200);
      expect(await status('PUT', '/open-1/_doc/9', { x: 1 }, apiKey(key.encoded))).toBe(403);
      const stored = JSON.stringify(await api.store.objects('api_key', '*'));
      expect(stored).not.toContain(key.api_key);
      expect((await api.ask('GET', '/_security/api_key', undefined, viewer)).text).not.toContain('hash');
      expect(
        (await api.ask('DELETE', '/_security/api_key', { id: key.id }, operator)).json.invalidated_api_keys,
      ).toEqual([]);
      expect(
        (await api.ask('DELETE', '/_security/api_key', { id: key.id }, viewer)).json.invalidated_api_keys,
      ).toEqual([key.id]);
      expect(await status('GET', '/', undefined, apiKey(key.encoded))).toBe(401);
    });

    test('may write to some indices only, operation by operation', async () => {
      const key = await make({
        name: 'beats',
        role_descriptors: {
          w: {
            cluster: ['monitor'],
            indices: [{ names: ['open-*'], privileges: ['create_doc', 'auto_configure'] }],
          },
        },
      });
      const as = apiKey(key.encoded);
      const body = lines(
        { create: { _index: 'open-1' } }, { ok: 1 },
        { create: { _index: 'closed-1' } }, { no: 1 },
        { index: { _index: 'open-1', _id: '1' } }, { no: 2 },
        { delete: { _index: 'open-1', _id: '1' } },
        { create: { _index: 'open-new' } }, { ok: 2 },
      ); // biome-ignore format: pairs
      const { json } = await api.ask('POST', '/_bulk', body, as);
      expect(json.items.map((item: any) => Object.values<any>(item)[0].status)).toEqual([
        201, 403, 403, 403, 201,
      ]);
      expect(json.errors).toBe(true);
      expect(await status('GET', '/open-1/_search', undefined, as)).toBe(403);
      expect(await status('PUT', '/closed-1/_doc/5', { x: 1 }, as)).toBe(403);
      expect(await status('POST', '/open-1/_doc', { x: 1 }, as)).toBe(201);
      expect(await status('PUT', '/open-1/_doc/1', { x: 1 }, as)).toBe(403);
      expect(await status('PUT', '/other', {}, as)).toBe(403);
      expect(await status('PUT', '/open-made', { aliases: { 'closed-1': {} } }, as)).toBe(403);
      expect(await status('GET', '/', undefined, as)).toBe(200);
    });

    test('expire; others and forged ones are none', async () => {
      const key = await make({ name: 'short', expiration: '1ms' });
      await new Promise((done) => setTimeout(done, 5));
      expect(await status('GET', '/', undefined, apiKey(key.encoded))).toBe(401);
      for (const forged of [`${key.id}:`, `${key.id}:x`, ':', '*:x', `../x:${key.api_key}`])
        expect(await status('GET', '/', undefined, apiKey(Buffer.from(forged).toString('base64')))).toBe(401);
      const wrong = await api.ask(
        'POST',
        '/_security/api_key',
        { name: 'x', role_descriptors: { r: { indices: [{ names: ['a'], privileges: ['everything'] }] } } },
        admin,
      );
      expect([wrong.status, wrong.json.error.reason]).toEqual([400, expect.stringContaining('everything')]);
    });
  });

  test('the file of the users is for its owner only, and has no password in it', () => {
    const file = join(api.folder, 'users.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(api.users.find('root')!.password).toMatch(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
  });
});

describe('anonymous access as set', () => {
  test.each([
    ['none', 401, 401],
    ['all', 200, 200],
  ])('%s', async (anonymous, handshake, search) => {
    const api = await startStoreApi({ 'store.http.anonymous': anonymous });
    try {
      await api.users.add('root', 'administrator', 'long enough');
      expect((await api.ask('GET', '/')).status).toBe(handshake);
      expect((await api.ask('GET', '/_search')).status).toBe(search);
    } finally {
      await api.close();
    }
  });
});

describe('other addresses than loopback', () => {
  test('need users, and TLS, which is made at once', async () => {
    await expect(startStoreApi({ 'store.http.host': '0.0.0.0' })).rejects.toThrow('millrace user add');
  });

  test('TLS on loopback, with a certificate of our own authority', async () => {
    const api = await startStoreApi({ 'store.http.ssl.enabled': true });
    try {
      expect(api.url).toMatch(/^https:/);
      expect((await api.ask('GET', '/')).status).toBe(200);
      expect(existsSync(join(api.folder, 'certs', 'ca.crt'))).toBe(true);
    } finally {
      await api.close();
    }
  });
});

describe('hostile senders', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startStoreApi({ 'store.http.max_content_length': 1 << 20 });
  });
  afterAll(() => api.close());

  test('bodies that are too large, packed or not', async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20));
    expect(bomb.length).toBeLessThan(1 << 17);
    expect((await api.ask('POST', '/_bulk', bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    const large = await api.ask('POST', '/_bulk', randomBytes((1 << 20) + 1)).catch((error: Error) => error);
    expect(large instanceof Error || large.status === 413).toBe(true);
    expect((await api.ask('GET', '/')).status).toBe(200);
  });

  test('a body that ends early, and a client that leaves', async () => {
    const { hostname, port } = new URL(api.url);
    for (const text of [
      'POST /_bulk HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"index"',
      'GET /_search HTTP/1.1\r\nhost: localhost\r\n\r\n',
      'POST /_bulk HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      '\0\0\0\0\r\n\r\n',
    ]) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      await new Promise((done) => socket.write(text, done));
      socket.destroy();
    }
    expect((await api.ask('GET', '/')).status).toBe(200);
  });

  test('the search of a client that leaves is ended', async () => {
    const { hostname, port } = new URL(api.url);
    const { search } = api.store;
    let isSearching = false;
    const ended = new Promise<boolean>((resolve) => {
      api.store.search = (_request, signal) =>
        new Promise((_, reject) => {
          isSearching = true;
          signal!.addEventListener('abort', () => {
            resolve(true);
            reject(signal!.reason as Error);
          });
        });
    });
    const socket = connect(Number(port), hostname);
    socket.write('GET /_search HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await expect.poll(() => isSearching).toBe(true);
    socket.destroy();
    expect(await ended).toBe(true);
    api.store.search = search;
    expect(api.log).toEqual([]);
  });

  test('deep JSON, names that are properties of every object, many stars', async () => {
    const deep = `{"query":${'{"bool":{"must":'.repeat(5000)}{}${'}}'.repeat(5000)}}`;
    expect((await api.ask('POST', '/_search', deep)).status).toBe(400);
    await api.ask('PUT', '/proto/_doc/__proto__', '{"__proto__": {"x": 1}, "constructor": 2}');
    const got = await api.ask('GET', '/proto/_doc/__proto__?filter_path=_source.**');
    expect(got.text).toContain('__proto__');
    expect((await api.ask('GET', '/proto/_search?__proto__=1')).status).toBe(400);
    for (const path of ['/constructor', '/_ilm/policy/__proto__', '/_template/constructor'])
      expect((await api.ask('GET', path)).status).toBe(404);
    const stars = await api.ask('GET', `/_nodes/stats?filter_path=${'**.'.repeat(60)}x`);
    expect(stars.status).toBe(200);
  });

  test('anything at any route is answered with an answer', async () => {
    const { routes } = await import('../../src/store/api/routes.ts');
    const all = routes.flatMap(({ methods, paths }) =>
      methods.flatMap((method) => paths.map((path) => [method, path] as const)),
    );
    const part = fc.oneof(
      fc.constantFrom('_all', '*', 'proto', '-x', '<a-{now/d}>', '<{', '..', 'A', '%'),
      fc.string({ maxLength: 8 }),
    );
    const body = fc.oneof(
      fc.constant(undefined),
      fc.json().map(String),
      fc.string(),
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(
        '{"query":{"match":null}}',
        '{"docs":[null]}',
        '{"actions":[null]}',
        '{"index":null}\n',
        '[]',
        'null',
        '1',
      ),
    );
    const parameter = fc.constantFrom(
      '',
      '?pretty',
      '?filter_path=**',
      '?scroll=1x',
      '?keep_alive=',
      '?q=(',
      '?s=x',
      '?size=-1',
      '?_source=a*',
      '?from=9e9',
      '?v&h=*',
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), part, part, body, parameter, async (which, first, second, sent, query) => {
        const [method, pattern] = all[which % all.length]!;
        const names = [first, second];
        const path = pattern.replaceAll(/\{\w+\}/g, () => encodeURIComponent(names.shift() ?? 'x'));
        const reply = await api.ask(method, `${path}${query}`, sent);
        expect([method, path, query, reply.status < 500, api.log]).toEqual([method, path, query, true, []]);
      }),
      { numRuns: 1500 },
    );
  }, 60_000);
});
