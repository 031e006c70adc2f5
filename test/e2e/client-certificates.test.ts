/** Sources that ask for certificates, set up through the API of the real program, with real senders that have one or none. */
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ensureOwnCertificate,
  issueClientCertificate,
} from '../../src/server/integrations/own-certificate.ts';
import { type Client, startTestConsole, type TestConsole } from '../support/console.ts';
import { freePort, temporaryFolder } from '../support/millrace.ts';

let started: TestConsole;
let admin: Client;

beforeAll(async () => {
  started = await startTestConsole();
  admin = await started.setUp();
}, 60_000);
afterAll(() => started?.close());

const draft = (card: string, title: string, values: object): object => ({ card, title, values });

describe('client certificates', { timeout: 60_000 }, () => {
  /** What a webhook answers; the error of the connection when there is no answer. */
  const post = (to: number, ca: string, identity: object = {}): Promise<number | string> =>
    new Promise((done) => {
      const request = httpsRequest(
        { host: '127.0.0.1', port: to, method: 'POST', ca, agent: false, ...identity },
        (response) => {
          response.resume();
          done(response.statusCode!);
        },
      );
      request.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
      request.end('{"message":"with a certificate"}');
    });

  test('a source that asks for them refuses who has none, and takes those that are issued', async () => {
    const to = await freePort();
    const values = { listen: '127.0.0.1', port: to, tls: 'made', clients: 'made' };
    const made = await admin.ask('POST', '/api/integrations', draft('webhook', 'Guarded', values));
    expect(made.json).toMatchObject({ clients: true, authority: true, tests: true });
    expect(made.json.config).toContain('ssl_client_authentication => "required"');
    const curl = made.json.snippets.find(({ title }: { title: string }) => title === 'curl');
    expect(curl.text).toContain('--cert /etc/millrace-client.crt --key /etc/millrace-client.key');

    const path = '/api/integrations/guarded/certificate';
    const { status, json } = await admin.ask('POST', path, { name: 'web-1.example' });
    expect(status).toBe(200);
    expect(await post(to, json.authority)).not.toBe(200);
    expect(await post(to, json.authority, { cert: json.certificate, key: json.key })).toBe(200);
    // The certificate of the listener is of the same authority, but is none of a client.
    const certs = join(started.dataPath, 'certs');
    const listener = {
      cert: readFileSync(join(certs, 'listener.crt')),
      key: readFileSync(join(certs, 'listener.key')),
    };
    expect(await post(to, json.authority, listener)).not.toBe(200);
    // The key is nowhere but in the answer.
    expect(readdirSync(certs).filter((name) => name.includes('web-1'))).toEqual([]);
    expect(new X509Certificate(json.certificate).subject).toContain('CN=web-1.example');

    const test = await admin.ask('POST', '/api/integrations/guarded/test', {});
    expect(test.json.results[0]).toMatchObject({ ok: true });
    const analyst = await started.user(admin, 'certificates', 'analyst');
    expect((await analyst.ask('POST', path, { name: 'web-2' })).status).toBe(403);
    for (const name of ['../x', 'a b', '', '-x', 'x'.repeat(65)])
      expect([name, (await admin.ask('POST', path, { name })).status]).toEqual([name, 400]);
    const { records } = (await admin.ask('GET', '/api/audit?limit=50')).json;
    expect(records.map(({ action }: { action: string }) => action)).toContain('integrations.certificate');
  });

  test('syslog and lines over TLS ask for them, too; without TLS nobody can', async () => {
    for (const card of ['syslog', 'lines', 'beats']) {
      const to = await freePort();
      const values = { listen: '127.0.0.1', port: to, tls: 'made', clients: 'made' };
      const made = await admin.ask('POST', '/api/integrations', draft(card, `Guarded ${card}`, values));
      expect([card, made.status]).toEqual([card, 200]);
      const path = `/api/integrations/guarded-${card}`;
      const { json } = await admin.ask('POST', `${path}/certificate`, { name: 'sender' });
      const refused = await new Promise<boolean>((done) => {
        const socket = tlsConnect({ host: '127.0.0.1', port: to, ca: json.authority });
        socket.once('error', () => done(true));
        socket.once('close', () => done(true));
        socket.once('secureConnect', () => socket.write('<13>1 - - - - - - nobody knows me\n'));
      });
      expect([card, refused]).toEqual([card, true]);
      const tested = await admin.ask('POST', `${path}/test`, {});
      expect([card, tested.json.results[0].ok]).toEqual([card, true]);
      const open = { ...values, port: to, tls: 'off' };
      const plain = await admin.ask('PUT', path, draft(card, `Guarded ${card}`, open));
      expect(plain.json.config).not.toContain('ssl_client');
      expect(plain.json.clients).toBe(false);
      expect((await admin.ask('POST', `${path}/certificate`, { name: 'sender' })).status).toBe(400);
      await admin.ask('DELETE', path);
    }
  });

  test('those of another authority are taken when its certificate is given', async () => {
    const other = await ensureOwnCertificate(temporaryFolder());
    const authority = readFileSync(other.authority, 'utf8');
    const issued = await issueClientCertificate(join(other.authority, '..', '..'), 'theirs');
    const to = await freePort();
    const values = { listen: '127.0.0.1', port: to, tls: 'made', clients: 'own' };
    const without = draft('webhook', 'Theirs', values);
    const { json } = await admin.ask('POST', '/api/integrations/check', { draft: without });
    expect(json.problems[0].field).toBe('clients');
    const files = { 'clients.authority': authority };
    const made = await admin.ask('POST', '/api/integrations', { ...without, files });
    expect(made.json).toMatchObject({ clients: false, tests: false });
    const ca = readFileSync(join(started.dataPath, 'certs', 'ca.crt'), 'utf8');
    expect(await post(to, ca)).not.toBe(200);
    expect(await post(to, ca, { cert: issued.certificate, key: issued.key })).toBe(200);
  });
});
