/** Sessions, sign-in, the wizard, pages and headers of the console, attacked from outside. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { safeNext } from '../../src/server/access/oidc.ts';
import { stepOf, totpCode } from '../../src/server/access/totp.ts';
import { type Client, PASSWORD, startTestConsole, type TestConsole } from '../support/console.ts';

let started: TestConsole;
let admin: Client;

beforeAll(async () => {
  started = await startTestConsole();
}, 40_000);
afterAll(() => started.close());

/** As it is, without what fetch makes of it. */
const raw = (path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(started.url);
    request({ host: '127.0.0.1', port, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    })
      .on('error', reject)
      .end();
  });

describe('the set-up wizard', () => {
  const setUp = (client: Client, code: string, name = 'admin'): ReturnType<Client['ask']> =>
    client.ask('POST', '/api/setup', { code, name, password: PASSWORD });

  test('takes no other code, and slows down who guesses', async () => {
    const first = started.code();
    for (let at = 0; at < 5; at++)
      expect((await setUp(started.client(), 'AAAA-AAAA')).json.code).toBe('code');
    const { status, json } = await setUp(started.client(), first);
    expect([status, json.code]).toEqual([429, 'wait']);
    expect(started.millrace.stderr).not.toContain(PASSWORD);
    await new Promise((later) => setTimeout(later, 1100));
  });

  test('makes one administrator, however many ask at once, and never another one', async () => {
    const code = started.code();
    expect(code).toMatch(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/);
    const clients = Array.from({ length: 5 }, () => started.client());
    const answers = await Promise.all(
      clients.map((client, at) => setUp(client, code.toLowerCase(), `admin${at}`)),
    );
    const won = answers.findIndex(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    admin = clients[won]!;
    expect((await setUp(started.client(), code)).json.code).toBe('set_up');
    expect((await setUp(started.client(), started.code(), 'other')).status).toBe(409);
    const { json } = await admin.ask('GET', '/api/users');
    expect(json.users).toHaveLength(1);
    expect((await admin.ask('GET', '/api/session')).json.setup).toBe(false);
  });
});

describe('sessions', () => {
  test('the cookie is HttpOnly and strict, and only its hash is on the disk, for nobody else', async () => {
    const client = await started.user(admin, 'cookie', 'viewer');
    const { headers } = await client.signIn('cookie', PASSWORD);
    expect(headers.get('set-cookie')).toMatch(/^millrace=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const folder = join(started.dataPath, 'sessions');
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder, file), 'utf8')).not.toContain(client.cookies['millrace']);
    }
  });

  test('a session that somebody else chose is not taken over at sign-in', async () => {
    const planted = started.client();
    planted.cookies['millrace'] = 'A'.repeat(43);
    await planted.signIn('cookie', PASSWORD);
    expect(planted.cookies['millrace']).not.toBe('A'.repeat(43));
    // One that is valid ends when its holder signs in again.
    const before = planted.cookies['millrace']!;
    await planted.signIn('cookie', PASSWORD);
    const old = started.client();
    old.cookies['millrace'] = before;
    expect((await old.ask('GET', '/api/account')).status).toBe(401);
    // Of two cookies of one name neither counts: one of them may be planted.
    const { status } = await planted.ask('GET', '/api/account', undefined, {
      cookie: `millrace=x; millrace=${planted.cookies['millrace']}`,
    });
    expect(status).toBe(401);
  });

  test('end at sign-out, on the server, too', async () => {
    const client = started.client();
    await client.signIn('cookie', PASSWORD);
    const cookie = `millrace=${client.cookies['millrace']}`;
    await client.ask('DELETE', '/api/session');
    expect(client.cookies['millrace']).toBeUndefined();
    expect((await client.ask('GET', '/api/account', undefined, { cookie })).status).toBe(401);
  });

  test('end everywhere else when the password changes, with a new token here', async () => {
    const here = await started.user(admin, 'mover', 'viewer');
    const there = started.client();
    await there.signIn('mover', PASSWORD);
    const token = here.cookies['millrace'];
    const wrong = await here.ask('POST', '/api/account/password', {
      current: 'x',
      password: 'something new 1',
    });
    expect(wrong.status).toBe(403);
    const change = { current: PASSWORD, password: 'something new 1' };
    expect((await here.ask('POST', '/api/account/password', change)).status).toBe(200);
    expect(here.cookies['millrace']).not.toBe(token);
    expect((await here.ask('GET', '/api/account')).status).toBe(200);
    expect((await there.ask('GET', '/api/account')).status).toBe(401);
    expect((await started.client().signIn('mover', PASSWORD)).status).toBe(401);
  });

  test('end when an administrator disables, resets, changes the role or deletes', async () => {
    const name = 'leaver';
    let client = await started.user(admin, name, 'operator');
    const isIn = async (): Promise<boolean> => (await client.ask('GET', '/api/account')).status === 200;
    expect((await admin.ask('PUT', `/api/users/${name}`, { role: 'viewer' })).status).toBe(200);
    expect(await isIn()).toBe(false);
    await client.signIn(name, PASSWORD);
    expect((await client.ask('GET', '/api/session')).json.user.role).toBe('viewer');
    await admin.ask('PUT', `/api/users/${name}`, { disabled: true });
    expect(await isIn()).toBe(false);
    expect((await client.signIn(name, PASSWORD)).json.code).toBe('wrong');
    await admin.ask('PUT', `/api/users/${name}`, { disabled: false });
    expect((await client.signIn(name, PASSWORD)).status).toBe(200);
    await admin.ask('POST', `/api/users/${name}/reset`, { password: 'another password' });
    expect(await isIn()).toBe(false);
    client = started.client();
    expect((await client.signIn(name, 'another password')).status).toBe(200);
    await admin.ask('DELETE', `/api/users/${name}`);
    expect(await isIn()).toBe(false);
  });

  test('are listed and ended one by one, without telling their tokens', async () => {
    const one = await started.user(admin, 'two-places', 'viewer');
    const other = started.client();
    await other.signIn('two-places', PASSWORD);
    const { json } = await one.ask('GET', '/api/account/sessions');
    expect(json.sessions).toHaveLength(2);
    const { id } = json.sessions.find((session: any) => !session.current);
    expect(JSON.stringify(json)).not.toContain(other.cookies['millrace']);
    expect((await admin.ask('DELETE', `/api/account/sessions/${id}`)).status).toBe(404);
    expect((await one.ask('DELETE', `/api/account/sessions/${id}`)).status).toBe(200);
    expect((await other.ask('GET', '/api/account')).status).toBe(401);
  });

  test('a live view ends with its session', async () => {
    const client = await started.user(admin, 'watcher', 'viewer');
    const response = await fetch(`${started.url}/api/pipelines/live`, {
      headers: { cookie: `millrace=${client.cookies['millrace']}` },
    });
    expect(response.status).toBe(200);
    await client.ask('DELETE', '/api/session');
    const began = Date.now();
    await response.text().catch(() => '');
    expect(Date.now() - began).toBeLessThan(8000);
  });
});

describe('sign-in', () => {
  test('says the same of a wrong name and a wrong password, and takes as long', async () => {
    await started.user(admin, 'known', 'viewer');
    const time = async (name: string): Promise<[number, string]> => {
      const began = performance.now();
      const { json } = await started.client().signIn(name, 'wrong password');
      return [performance.now() - began, json.error];
    };
    const [known, text] = await time('known');
    const [unknown, other] = await time('unknown');
    expect(other).toBe(text);
    expect(unknown).toBeGreaterThan(known / 4);
    expect(unknown).toBeLessThan(known * 4 + 50);
  });

  test('gets slower with every wrong password', async () => {
    const began = performance.now();
    for (let at = 0; at < 8; at++) await started.client().signIn('victim', `guess ${at}`);
    expect(performance.now() - began).toBeGreaterThan(700);
  });

  test('a second factor is asked for, each code is good once, guesses are bounded', async () => {
    const client = await started.user(admin, 'totp', 'viewer');
    const begun = await client.ask('POST', '/api/account/totp', { password: PASSWORD });
    expect(begun.json.uri).toMatch(/^otpauth:\/\/totp\/Millrace:totp\?secret=[A-Z2-7]{32}&/);
    const code = (steps = 0): string => totpCode(begun.json.secret, stepOf(Date.now()) + steps);
    expect((await client.ask('POST', '/api/account/totp/confirm', { code: '000' })).status).toBe(400);
    const { json } = await client.ask('POST', '/api/account/totp/confirm', { code: code(-1) });
    expect(json.recovery).toHaveLength(10);
    expect(readFileSync(join(started.dataPath, 'users.json'), 'utf8')).not.toContain(json.recovery[0]);

    const other = started.client();
    expect((await other.signIn('totp', PASSWORD)).json.code).toBe('totp');
    expect((await other.signIn('totp', 'wrong', code())).json.code).toBe('wrong');
    const now = code();
    expect((await other.signIn('totp', PASSWORD, now)).status).toBe(200);
    expect((await started.client().signIn('totp', PASSWORD, now)).json.code).toBe('totp');
    expect((await started.client().signIn('totp', PASSWORD, json.recovery[0])).status).toBe(200);
    expect((await started.client().signIn('totp', PASSWORD, json.recovery[0])).json.code).toBe('totp');

    // A password alone opens the store no more, either.
    const basic = `Basic ${Buffer.from(`totp:${PASSWORD}`).toString('base64')}`;
    const store = await fetch(started.storeUrl, { headers: { authorization: basic } });
    expect(store.status).toBe(401);

    let last = { status: 0, json: {} as any };
    for (let at = 0; at < 6; at++) last = await started.client().signIn('totp', PASSWORD, '000000');
    expect([last.status, last.json.code]).toEqual([429, 'wait']);
  });
});

describe('pages and headers', () => {
  test('no path leads out of the pages', async () => {
    for (const path of [
      '/../package.json',
      '/assets/../../package.json',
      '/assets/..%2f..%2fpackage.json',
      '/assets/%2e%2e/%2e%2e/package.json',
      '/assets/....//package.json',
      '/assets/..\\..\\package.json',
      '//etc/passwd',
      '/assets//etc/passwd',
      '/assets/%00.js',
      '/%2e%2e%2f%2e%2e%2fusers.json',
    ]) {
      const { text } = await raw(path);
      expect([path, /"name": "millrace"|root:|argon2/.test(text)]).toEqual([path, false]);
    }
  });

  test('a name that is not ours is refused, for pages and API alike', async () => {
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '[::2]']) {
      expect([host, (await raw('/api/session', { host })).status]).toEqual([host, 403]);
      expect([host, (await raw('/', { host })).status]).toEqual([host, 403]);
    }
    expect((await raw('/api/session', { host: 'localhost:1' })).status).toBe(200);
  });

  test('pages forbid foreign scripts and frames, with a nonce for each answer', async () => {
    const policies: string[] = [];
    for (let at = 0; at < 2; at++) {
      const response = await fetch(`${started.url}/discover?next=//evil.example`);
      // Without a build of the pages there is nothing to protect.
      if (response.status === 503) return;
      const policy = response.headers.get('content-security-policy')!;
      policies.push(policy);
      const script = policy.split('; ').find((part) => part.startsWith('script-src'))!;
      expect(script).toMatch(/^script-src 'self' 'nonce-[\w+/=]{24}'$/);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("base-uri 'none'");
      expect(policy).not.toContain('unsafe-eval');
      expect(response.headers.get('x-frame-options')).toBe('DENY');
      expect(await response.text()).not.toContain('evil.example');
    }
    expect(policies[0]).not.toBe(policies[1]);
  });

  test('nobody is sent to another site after signing in elsewhere', () => {
    for (const next of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      '\\/evil.example',
      'javascript:alert(1)',
      '/api/session',
      '/..//evil.example',
      '/a\r\nset-cookie: x=y',
      '',
    ])
      expect([next, safeNext(next)]).toEqual([next, '/']);
    expect(safeNext('/discover?q=a&from=now-1h#x')).toBe('/discover?q=a&from=now-1h#x');
  });

  test('unknown providers and hostile paths are 404 or 400, never 500', async () => {
    for (const path of ['/api/session/oidc/x', '/api/users/%', '/api/users/..%2f..', '/api/nothing', '/api/'])
      expect([path, (await admin.ask('GET', path)).status < 500]).toEqual([path, true]);
    for (const body of ['', '{', '[]', 'null', '{"__proto__":{"role":"administrator"}}', '"'.repeat(9)])
      expect([body, (await admin.ask('POST', '/api/users', body)).status]).toEqual([body, 400]);
  });
});
