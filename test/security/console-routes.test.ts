/** Every route of the console: without a session, with each role, with keys, with another page's requests. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roles } from '../../src/kernel/roles.ts';
import type { Route } from '../../src/server/contract/route.ts';
import { type Role, routes } from '../../src/server/contract.ts';
import { type Client, PASSWORD, startTestConsole, type TestConsole } from '../support/console.ts';
import { until } from '../support/millrace.ts';

const all = (Object.entries(routes) as [string, Route][]).map(([name, route]) => {
  const [method, path] = name.split(' ') as [string, string];
  return { name, method, path: path.replace(/:\w+/g, 'x'), route };
});
const closed = all.filter(({ route }) => route.access !== 'open');

let started: TestConsole;
let admin: Client;
const clients = {} as Record<Role, Client>;
const keys = {} as Record<Role | 'write', string>;

beforeAll(async () => {
  started = await startTestConsole();
  admin = await started.setUp();
  clients.administrator = admin;
  for (const role of roles.slice(0, 3)) clients[role] = await started.user(admin, role, role);
  for (const scope of ['write', ...roles] as const) {
    const { status, json } = await admin.ask('POST', '/api/keys', { name: scope, scope });
    expect(status).toBe(200);
    keys[scope] = json.encoded;
  }
}, 40_000);
afterAll(() => started.close());

const isAllowed = (role: Role, route: Route): boolean =>
  roles.indexOf(role) >= roles.indexOf(route.access as Role);
/** Says no, and not for what was sent. */
const refused = (status: number, code: string): boolean =>
  status === 401 || (status === 403 && code === 'role');

/** Neither are streams waited for, nor is anything done that would end the caller's own session. */
const probe = async (
  client: Client,
  { method, path, route }: (typeof all)[number],
  headers: Record<string, string> = {},
): Promise<{ status: number; code: string }> => {
  const stop = new AbortController();
  const response = await fetch(new URL(path, started.url), {
    method,
    redirect: 'manual',
    signal: stop.signal,
    headers: {
      cookie: Object.entries(client.cookies)
        .map(([name, value]) => `${name}=${value}`)
        .join('; '),
      ...(client.csrf !== undefined && { 'x-millrace-csrf': client.csrf }),
      ...headers,
    },
  });
  if (response.ok && route.stream) {
    stop.abort();
    return { status: 200, code: '' };
  }
  const text = await response.text();
  return { status: response.status, code: /"code":"(\w+)"/.exec(text)?.[1] ?? '' };
};
/** Would sign the client out. */
const endsSession = (name: string): boolean => name === 'DELETE /api/session';

describe('routes of the console', () => {
  test.each(closed)('$name needs a session', async (route) => {
    const { status, headers, json } = await started.client().ask(route.method, route.path, undefined, {
      'content-type': 'application/json',
    });
    expect([status, json.code]).toEqual([401, 'signed_out']);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each(roles)('%s may what the contract says, and no more', async (role) => {
    for (const route of closed) {
      if (endsSession(route.name)) continue;
      const { status, code } = await probe(clients[role], route);
      expect([route.name, refused(status, code)]).toEqual([route.name, !isAllowed(role, route.route)]);
    }
  });

  test.each(roles)('an API key with the scope %s may no more than that role', async (scope) => {
    const { status, json } = await started.client().ask('GET', '/api/pipelines', undefined, {
      authorization: `ApiKey ${keys[scope]}`,
    });
    expect(status).toBe(200);
    expect(json.pipelines).toHaveLength(1);
    for (const route of closed) {
      if (endsSession(route.name) || isAllowed(scope, route.route)) continue;
      const answer = await probe(started.client(), route, { authorization: `ApiKey ${keys[scope]}` });
      expect([route.name, answer.status, answer.code]).toEqual([route.name, 403, 'role']);
    }
  });

  test.each(closed)('$name takes no key that only writes, and none that is made up', async (route) => {
    for (const key of [keys.write, Buffer.from('abc:def').toString('base64'), 'x', '']) {
      const answer = await probe(started.client(), route, { authorization: `ApiKey ${key}` });
      expect(answer).toEqual({ status: 401, code: 'signed_out' });
    }
    const basic = Buffer.from('admin:correct horse battery staple').toString('base64');
    expect((await probe(started.client(), route, { authorization: `Basic ${basic}` })).status).toBe(401);
  });

  test('an API key touches no account and makes no keys, whatever its scope', async () => {
    const headers = { authorization: `ApiKey ${keys.administrator}` };
    for (const { name, method, path } of all.filter((one) => /account|keys/.test(one.path))) {
      const { status } = await admin.ask(method, path, method === 'POST' ? {} : undefined, headers);
      expect([name, status >= 400]).toEqual([name, true]);
    }
    const { json } = await admin.ask('POST', '/api/keys', { name: 'x', scope: 'viewer' }, headers);
    expect(json.code).toBe('session');
  });

  test.each(all.filter(({ method }) => method !== 'GET'))(
    '$name is not done for another page',
    async ({ method, path }) => {
      const foreign: Record<string, string | undefined>[] = [
        { 'x-millrace-csrf': undefined },
        { 'x-millrace-csrf': 'x' },
        { 'x-millrace-csrf': clients.viewer.csrf },
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: started.url.replace(/\d+$/, '1') },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ];
      for (const headers of foreign) {
        const { status, json } = await admin.ask(method, path, {}, headers);
        expect([headers, status, json.code]).toEqual([headers, 403, 'csrf']);
      }
    },
  );

  test('a body that is no JSON by its type is not read: forms of other pages send none', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await admin.ask('POST', '/api/users', '{}', { 'content-type': type })).status).toBe(415);
  });

  test('a narrowed key reads its indices only, and a revoked one nothing', async () => {
    const made = await admin.ask('POST', '/api/keys', { name: 'n', scope: 'viewer', indices: ['web-*'] });
    const headers = { authorization: `ApiKey ${made.json.encoded}` };
    const search = (indices: string[]): Promise<{ status: number; json: any }> =>
      started.client().ask('POST', '/api/events/search', { indices }, headers);
    expect((await search(['secret-1'])).json.hits ?? []).toEqual([]);
    expect((await search([])).status).toBe(200);
    expect((await admin.ask('DELETE', `/api/keys/${made.json.key.id}`)).status).toBe(200);
    await new Promise((later) => setTimeout(later, 1100));
    expect((await search([])).status).toBe(401);
  });

  test('an expired key opens nothing any more', async () => {
    const basic = Buffer.from(`admin:${PASSWORD}`).toString('base64');
    const made = await fetch(`${started.storeUrl}/_security/api_key`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'short', expiration: '1s' }),
    });
    expect(made.status).toBe(200);
    const { encoded } = (await made.json()) as { encoded: string };
    const headers = { authorization: `ApiKey ${encoded}` };
    const ask = (): Promise<{ status: number; code: string }> =>
      probe(started.client(), closed.find(({ name }) => name === 'GET /api/events/indices')!, headers);
    await until(async () => (await ask()).status === 401, 'it has expired', 20);
    for (const route of closed)
      expect([route.name, await probe(started.client(), route, headers)]).toEqual([
        route.name,
        { status: 401, code: 'signed_out' },
      ]);
  });

  test('keys are their owner’s: others can neither see nor revoke them', async () => {
    const { json } = await clients.analyst.ask('POST', '/api/keys', { name: 'mine', scope: 'viewer' });
    const seen = await clients.viewer.ask('GET', '/api/keys');
    expect(seen.json.keys).toEqual([]);
    expect((await clients.viewer.ask('DELETE', `/api/keys/${json.key.id}`)).status).toBe(404);
    expect((await clients.viewer.ask('POST', '/api/keys', { name: 'up', scope: 'analyst' })).status).toBe(
      403,
    );
    expect((await admin.ask('GET', '/api/keys')).json.keys.map((key: any) => key.name)).toContain('mine');
  });
});
