/** The console over TLS: its own certificate, cookies that never travel in the clear, HSTS. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD, startTestConsole, type TestConsole } from '../support/console.ts';
import { runToEnd } from '../support/millrace.ts';

let started: TestConsole;
let ca: Buffer;
beforeAll(async () => {
  started = await startTestConsole('--console.http.ssl.enabled=true');
  ca = readFileSync(join(started.dataPath, 'certs', 'ca.crt'));
}, 90_000);
afterAll(() => started.close());

function ask(
  method: string,
  path: string,
  { body, headers = {} }: { body?: object; headers?: Record<string, string> } = {},
): Promise<IncomingMessage & { text: string }> {
  return new Promise((done, fail) => {
    const type = body && { 'content-type': 'application/json' };
    const outgoing = request(
      new URL(path, started.url),
      { method, ca, agent: false, headers: { ...type, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => done(Object.assign(response, { text }))).on('error', fail);
      },
    );
    outgoing.on('error', fail).end(body && JSON.stringify(body));
  });
}
test('its certificate is of Millrace’s own authority, for this machine', async () => {
  expect(started.url).toMatch(/^https:/);
  const { statusCode, text } = await ask('GET', '/api/session');
  expect([statusCode, JSON.parse(text).setup]).toEqual([200, true]);
});

test('the session’s cookie is bound to this host and to TLS', async () => {
  const response = await ask('POST', '/api/setup', {
    body: { code: started.code(), name: 'admin', password: PASSWORD },
    headers: { origin: started.url },
  });
  expect(response.statusCode).toBe(200);
  const [cookie = ''] = response.headers['set-cookie'] ?? [];
  expect(cookie).toMatch(/^__Host-millrace=[\w-]+;/);
  for (const part of ['Secure', 'HttpOnly', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(part);
  expect(cookie).not.toContain('Domain');
  const again = await ask('GET', '/api/session', { headers: { cookie: cookie.split(';')[0]! } });
  expect(JSON.parse(again.text).user.name).toBe('admin');
});

test('a page of the same name without TLS is another origin', async () => {
  const { statusCode } = await ask('POST', '/api/session', {
    body: { name: 'admin', password: PASSWORD },
    headers: { origin: started.url.replace('https:', 'http:') },
  });
  expect(statusCode).toBe(403);
});

test('browsers are told to come over TLS only, but not by a name of loopback', async () => {
  for (const path of ['/', '/api/session', '/favicon.svg', '/api/none']) {
    const named = await ask('GET', path, { headers: { host: `${hostname()}:${new URL(started.url).port}` } });
    expect(named.headers['strict-transport-security']).toBe('max-age=31536000');
    const local = await ask('GET', path);
    expect(local.headers['strict-transport-security']).toBeUndefined();
  }
});

test('neither plain HTTP nor old versions of TLS are answered', async () => {
  const target = { host: '127.0.0.1', port: Number(new URL(started.url).port) };
  const plain = await new Promise<string>((done) => {
    let got = '';
    const socket = connectPlain(target, () =>
      socket.write('GET /api/session HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    );
    socket.on('data', (chunk) => (got += chunk.toString('latin1'))).on('error', () => {});
    socket.on('close', () => done(got));
  });
  expect(plain).not.toContain('setup');
  const old = new Promise((done, fail) => {
    const options = {
      ...target,
      ca,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    const socket = connect(options, () => done(socket.destroy()));
    socket.on('error', fail);
  });
  await expect(old).rejects.toThrow();
});

test('commands know the authority', async () => {
  const { stdout, stderr } = await runToEnd({
    args: ['demo', 'status', '--url', started.url, '--user', 'admin', '--path.data', started.dataPath],
    env: { MILLRACE_PASSWORD: PASSWORD },
  });
  expect([stdout, stderr]).toEqual(['There is no demo.\n', '']);
}, 60_000);
