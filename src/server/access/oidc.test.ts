/** Signing in at a real provider on this machine: what comes back is believed only when everything fits. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Users } from '../users.ts';
import { Oidc, type OidcSettings } from './oidc.ts';

let server: Server;
let issuer: string;
let folder: string;
let users: Users;
let groups: readonly string[] = ['soc'];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-oidc-'));
  users = new Users(folder);
  await users.add('local', 'administrator', 'correct horse battery');
  server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // It comes without types.
  const { default: Provider } = await import('oidc-provider' as string);
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'millrace',
        client_secret: 'a secret of the client',
        redirect_uris: ['http://127.0.0.1:5601/api/session/oidc/oidc/callback'],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, groups }),
    }),
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ['keys of a test'] },
  });
  server.on('request', provider.callback());
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true, force: true });
});

const make = (more: Partial<OidcSettings> = {}): Oidc =>
  new Oidc(
    {
      issuer,
      clientId: 'millrace',
      clientSecret: 'a secret of the client',
      title: 'Test',
      scopes: 'openid profile',
      publicUrl: undefined,
      nameClaim: 'preferred_username',
      roleClaim: 'groups',
      roles: { soc: 'analyst', it: 'administrator' },
      defaultRole: undefined,
      ...more,
    },
    users,
  );
const from = (url: string): IncomingMessage =>
  ({ url, headers: { host: '127.0.0.1:5601' }, socket: {} }) as unknown as IncomingMessage;

/** What a browser does at the provider: signs in, agrees, and comes back with an address. */
async function visit(start: string, login: string): Promise<string> {
  const jar = new Map<string, string>();
  let url = start;
  for (let step = 0; step < 12; step++) {
    if (url.startsWith('http://127.0.0.1:5601/')) return url;
    const headers = { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') };
    let response = await fetch(url, { redirect: 'manual', headers });
    const take = (): void => {
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
        jar.set(name!, value!);
      }
    };
    take();
    if (response.status === 200) {
      const page = await response.text();
      const prompt = /name="prompt" value="(\w+)"/.exec(page)![1]!;
      response = await fetch(new URL(/action="([^"]+)"/.exec(page)![1]!, url), {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
        body: new URLSearchParams({ prompt, login, password: 'x' }),
      });
      take();
    }
    url = new URL(response.headers.get('location')!, url).href;
  }
  throw new Error('the provider did not come to an end');
}

async function signIn(oidc: Oidc, login: string, next = '/discover'): ReturnType<Oidc['finish']> {
  const back = await visit(await oidc.begin(from('/'), 'cookie', next), login);
  return oidc.finish(from(back), 'cookie', Object.fromEntries(new URL(back).searchParams));
}

describe('OpenID Connect', () => {
  test('makes the user at the first time, with the role of its group, and follows the group', async () => {
    const oidc = make();
    const { user, next } = await signIn(oidc, 'carla', '/discover?q=x');
    expect(user).toMatchObject({ name: 'carla', role: 'analyst', external: { issuer, subject: 'carla' } });
    expect(next).toBe('/discover?q=x');
    groups = ['soc', 'it'];
    expect((await signIn(oidc, 'carla')).user.role).toBe('administrator');
    groups = ['soc'];
    expect((await signIn(oidc, 'carla')).user.role).toBe('analyst');
    expect(users.list().filter(({ name }) => name === 'carla')).toHaveLength(1);
  });

  test('sends PKCE, state and nonce, and never back to another site', async () => {
    const url = new URL(await make().begin(from('/'), 'cookie', '//evil.example'));
    const { searchParams } = url;
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    expect(searchParams.get('redirect_uri')).toBe('http://127.0.0.1:5601/api/session/oidc/oidc/callback');
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(searchParams.get(name)!.length).toBeGreaterThan(20);
    expect((await signIn(make(), 'carla', 'https://evil.example')).next).toBe('/');
  });

  test('takes no answer twice, none of another browser, and none that was made up', async () => {
    const oidc = make();
    const begin = async (): Promise<[IncomingMessage, Record<string, string>]> => {
      const back = await visit(await oidc.begin(from('/'), 'cookie', '/'), 'carla');
      return [from(back), Object.fromEntries(new URL(back).searchParams)];
    };
    const [request, query] = await begin();
    await expect(oidc.finish(request, 'another', query)).rejects.toMatchObject({ reason: 'expired' });
    await expect(oidc.finish(request, 'cookie', query)).rejects.toMatchObject({ reason: 'expired' });
    const [other, known] = await begin();
    await oidc.finish(other, 'cookie', known);
    await expect(oidc.finish(other, 'cookie', known)).rejects.toMatchObject({ reason: 'expired' });
    const [third, state] = await begin();
    const forged = from(third.url!.replace(/code=[^&]+/, 'code=forged'));
    await expect(oidc.finish(forged, 'cookie', state)).rejects.toThrow();
    await expect(oidc.finish(from('/'), undefined, {})).rejects.toMatchObject({ reason: 'expired' });
  });

  test('lets in nobody without a role, with a taken name, or who is disabled', async () => {
    const oidc = make();
    await expect(signIn(oidc, 'local')).rejects.toMatchObject({ reason: 'name_taken' });
    groups = ['constructor', 'visitors'];
    await expect(signIn(oidc, 'dora')).rejects.toMatchObject({ reason: 'no_role' });
    expect((await signIn(make({ defaultRole: 'viewer' }), 'dora')).user.role).toBe('viewer');
    groups = ['soc'];
    users.update('carla', { disabled: true });
    await expect(signIn(oidc, 'carla')).rejects.toMatchObject({ reason: 'disabled' });
  });

  test('an issuer elsewhere is https', () => {
    for (const wrong of ['http://login.example', 'ftp://x', 'nonsense', 'http://127.0.0.1.evil.example'])
      expect(() => make({ issuer: wrong })).toThrow(/console.oidc.issuer is an https address/);
  });
});
