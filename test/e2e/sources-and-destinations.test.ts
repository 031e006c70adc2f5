/** Sources and destinations through the API of the real program, with real traffic. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client, PASSWORD, startTestConsole, type TestConsole } from '../support/console.ts';
import { freePort, Millrace, until } from '../support/millrace.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: any;
}

let started: TestConsole;
let admin: Client;
let receiver: Server;
let receiverUrl: string;
const received: Received[] = [];
let answer = 200;

beforeAll(async () => {
  started = await startTestConsole();
  admin = await started.setUp();
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      if (answer === 200) received.push({ headers: request.headers, body: JSON.parse(text || 'null') });
      response.writeHead(answer).end(answer === 200 ? 'ok' : '<h1>no</h1>');
    });
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  receiverUrl = `http://127.0.0.1:${(receiver.address() as { port: number }).port}/in`;
}, 60_000);
afterAll(async () => {
  receiver?.close();
  await started?.close();
});

const folder = (): string => join(started.dataPath, 'integrations');
const draft = (card: string, title: string, values: object, more: object = {}): object => ({
  card,
  title,
  values,
  ...more,
});
const items = async (): Promise<any[]> => (await admin.ask('GET', '/api/integrations')).json.items;
const item = async (id: string): Promise<any> => (await items()).find((each) => each.id === id);

async function sendLine(port: number, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((done, fail) => {
    socket.once('error', fail);
    socket.once('close', () => done());
    socket.end(`${text}\n`);
    socket.resume();
  });
}

describe('sources and destinations', { timeout: 60_000 }, () => {
  let port: number;

  test('cards are those whose plugins are there, with the fields that are asked for', async () => {
    const { json } = await admin.ask('GET', '/api/integrations');
    const ids = json.cards.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(
      expect.arrayContaining(['syslog', 'beats', 'webhook', 'wallarm', 'files', 'elasticsearch', 'http']),
    );
    const { fields } = json.cards.find(({ id }: { id: string }) => id === 'http');
    expect(fields.map(({ name }: { name: string }) => name)).toEqual([
      'url',
      'http_method',
      'format',
      'headers',
      'ssl_certificate_authorities',
      'ssl_verification_mode',
      'request_timeout',
      'connect_timeout',
    ]);
    expect(fields.find(({ name }: { name: string }) => name === 'request_timeout')).toMatchObject({
      preset: 15,
      advanced: true,
    });
    // Of other configs: shown, too.
    expect(json.items.find(({ kind }: { kind: string }) => kind === 'source')).toMatchObject({
      managed: false,
      card: 'webhook',
      pipeline: 'main',
    });
    expect(json.items.find(({ id }: { id: string }) => id === 'store')).toMatchObject({
      kind: 'destination',
    });
  });

  test('a form says what is wrong with it, field by field, and whether the port is free', async () => {
    const check = async (body: object): Promise<any> =>
      (await admin.ask('POST', '/api/integrations/check', { draft: body })).json;
    expect((await check(draft('syslog', '', { port: 70_000 }))).problems).toEqual([
      { field: 'title', text: 'Give it a name' },
      { field: 'port', text: 'A number from 1 to 65535' },
    ]);
    const taken = Number(new URL(receiverUrl).port);
    const checked = await check(draft('webhook', 'Web', { listen: '127.0.0.1', port: taken }));
    expect(checked.problems).toEqual([]);
    expect(checked.port).toMatch(/is in use by .*: choose another one/);
    expect(checked.freePort).toBeGreaterThan(1023);
    expect((await check(draft('syslog', 'S', { timezone: 'Mars/Olympus' }))).problems[0]).toMatchObject({
      field: 'timezone',
    });
    expect((await check(draft('http', 'H', { url: 'ftp://x' }))).problems[0]).toEqual({
      field: 'url',
      text: 'An address that begins with https:// or http://',
    });
    expect((await check(draft('http', 'H', { url: 'https://u:p@x/' }))).problems[0].text).toMatch(
      /request header/,
    );
    expect((await check(draft('webhook', 'W', { user: 'a' }))).problems[0].field).toBe('password');
    expect(
      (await check(draft('http', 'H', { url: receiverUrl }, { files: { ssl_certificate_authorities: 'x' } })))
        .problems[0].text,
    ).toMatch(/no certificate/);
    expect((await admin.ask('POST', '/api/integrations', draft('syslog', '', {}))).status).toBe(400);
    expect(existsSync(folder())).toBe(false);
  });

  test('a syslog source is a file, listens at once, and what it receives is kept and counted', async () => {
    port = await freePort();
    const made = await admin.ask(
      'POST',
      '/api/integrations',
      draft('syslog', 'Firewall of the office', { listen: '127.0.0.1', port }, { keep: 'firewall' }),
    );
    expect(made.json).toMatchObject({
      item: { id: 'firewall-of-the-office', managed: true, kind: 'source' },
    });
    const { snippets, config } = made.json;
    expect(snippets.map(({ title }: { title: string }) => title)).toEqual([
      'rsyslog',
      'syslog-ng',
      'Firewall or device',
      'Try it',
    ]);
    expect(snippets[0].text).toContain(`target="127.0.0.1" port="${port}"`);
    expect(config).toContain('store {\n    index => "firewall-%{+yyyy.MM.dd}"');
    await sendLine(port, '<13>Oct 11 22:14:15 gate kernel: blocked');
    await until(async () => (await item('firewall-of-the-office'))?.total === 1, 'the event is counted', 30);
    const authorization = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`;
    const found = async (): Promise<number> => {
      const response = await fetch(`${started.storeUrl}/firewall-*/_count`, { headers: { authorization } });
      return ((await response.json()) as { count: number }).count;
    };
    await until(async () => (await found()) === 1, 'the event is found', 30);
  });

  test('it sends itself a message through its socket', async () => {
    const { json } = await admin.ask('POST', '/api/integrations/firewall-of-the-office/test');
    expect(json.results).toEqual([
      {
        title: 'Firewall of the office',
        ok: true,
        text: 'It was sent by TCP and has come through.',
        milliseconds: expect.any(Number),
      },
    ]);
  });

  test('a name or a port that is taken is told, and nothing is left behind', async () => {
    const again = await admin.ask(
      'POST',
      '/api/integrations',
      draft('syslog', 'firewall of the OFFICE', { listen: '127.0.0.1', port: port + 1 }),
    );
    expect(again.json).toMatchObject({ code: 'form', error: expect.stringContaining('There is another') });
    const held = await admin.ask(
      'POST',
      '/api/integrations',
      draft('webhook', 'Other', { listen: '127.0.0.1', port }),
    );
    expect(held.json).toMatchObject({
      code: 'port',
      error: expect.stringContaining('belongs to "Firewall of the office"'),
    });
    expect(readdirSync(folder())).toEqual(['firewall-of-the-office.conf']);
  });

  test('a destination is tested before it is saved: one message for each chosen source, with its headers', async () => {
    const form = draft(
      'http',
      'SIEM',
      { url: receiverUrl, headers: ['Authorization', 'X-Tenant'] },
      {
        secrets: { 'headers.Authorization': 'Bearer s3cret', 'headers.X-Tenant': 'north' },
        others: ['firewall-of-the-office'],
      },
    );
    const { json } = await admin.ask('POST', '/api/integrations/test', { draft: form });
    expect(json.results).toEqual([
      {
        title: 'Firewall of the office',
        ok: true,
        text: 'It was accepted.',
        milliseconds: expect.any(Number),
      },
    ]);
    expect(received.at(-1)).toMatchObject({
      headers: { authorization: 'Bearer s3cret', 'x-tenant': 'north' },
      body: { message: expect.stringMatching(/^\[Test message\]/), program: 'millrace' },
    });
    answer = 403;
    const refused = await admin.ask('POST', '/api/integrations/test', { draft: form });
    answer = 200;
    expect(refused.json.results[0]).toMatchObject({ ok: false, text: expect.stringContaining('403') });

    const made = await admin.ask('POST', '/api/integrations', form);
    expect(made.status).toBe(200);
    expect(JSON.stringify(made.json)).not.toMatch(/s3cret|north/);
    expect(made.json.form).toMatchObject({
      secrets: ['headers.Authorization', 'headers.X-Tenant'],
      others: ['firewall-of-the-office'],
    });
    expect(readFileSync(join(folder(), 'siem.conf'), 'utf8')).not.toMatch(/s3cret|north/);
    await sendLine(port, '<13>Oct 11 22:14:15 gate kernel: forwarded');
    await until(
      () => received.some(({ body }) => body.message === 'forwarded'),
      'the event is forwarded',
      30,
    );
    expect((await item('firewall-of-the-office')).others).toEqual([{ id: 'siem', title: 'SIEM' }]);
  });

  test('a change keeps the secrets that are not named', async () => {
    const changed = await admin.ask(
      'PUT',
      '/api/integrations/siem',
      draft(
        'http',
        'SIEM north',
        { url: receiverUrl, headers: ['Authorization'], format: 'json_batch' },
        { others: ['firewall-of-the-office'] },
      ),
    );
    expect(changed.json.form.secrets).toEqual(['headers.Authorization']);
    await admin.ask('POST', '/api/integrations/siem/test');
    expect(received.at(-1)).toMatchObject({ headers: { authorization: 'Bearer s3cret' }, body: [{}] });
    expect(received.at(-1)!.headers['x-tenant']).toBeUndefined();
    expect(readFileSync(join(folder(), 'firewall-of-the-office.conf'), 'utf8')).toContain('# SIEM north');
  });

  test('a destination that is disabled gets nothing, its sources go on; enabled it gets what comes then', async () => {
    const count = received.length;
    const disabled = await admin.ask('POST', '/api/integrations/siem/enabled', { enabled: false });
    expect(disabled.json.item.state).toBe('disabled');
    await sendLine(port, '<13>Oct 11 22:14:15 gate kernel: while disabled');
    await until(async () => (await item('firewall-of-the-office')).total >= 4, 'the source goes on', 30);
    expect(readFileSync(join(folder(), 'firewall-of-the-office.conf'), 'utf8')).not.toContain('send_to');
    expect((await admin.ask('POST', '/api/integrations/siem/enabled', { enabled: true })).status).toBe(200);
    await sendLine(port, '<13>Oct 11 22:14:15 gate kernel: enabled again');
    await until(
      () => received.slice(count).some(({ body }) => body[0]?.message === 'enabled again'),
      'it arrives',
      30,
    );
    expect(received.slice(count).some(({ body }) => JSON.stringify(body).includes('while disabled'))).toBe(
      false,
    );
  });

  test('a destination that does not answer holds up nothing, and says why', async () => {
    answer = 503;
    await sendLine(port, '<13>Oct 11 22:14:15 gate kernel: waits');
    await until(async () => (await item('siem')).state === 'failing', 'the destination fails', 30);
    expect((await item('siem')).problem).toContain('503');
    expect((await item('firewall-of-the-office')).state).not.toBe('failing');
    answer = 200;
    await until(() => received.some(({ body }) => body[0]?.message === 'waits'), 'it arrives late', 30);
  });

  test('a file that was changed by hand keeps its text; disable, enable and delete still work', async () => {
    const file = join(folder(), 'firewall-of-the-office.conf');
    const text = `${readFileSync(file, 'utf8')}# by hand\n`;
    writeFileSync(file, text);
    const change = await admin.ask(
      'PUT',
      '/api/integrations/firewall-of-the-office',
      draft('syslog', 'Renamed', { listen: '127.0.0.1', port }),
    );
    expect(change.json).toMatchObject({ code: 'edited' });
    expect((await admin.ask('GET', '/api/integrations/firewall-of-the-office')).json).toMatchObject({
      item: { edited: true },
    });
    // Its destination can not be taken away behind its back.
    expect((await admin.ask('DELETE', '/api/integrations/siem')).json).toMatchObject({ code: 'edited' });
    expect((await item('siem')).state).not.toBe('disabled');
    expect((await admin.ask('DELETE', '/api/integrations/firewall-of-the-office')).status).toBe(200);
    expect((await admin.ask('DELETE', '/api/integrations/siem')).status).toBe(200);
    expect(readdirSync(folder()).filter((name) => name !== 'files')).toEqual([]);
    await expect(sendLine(port, 'x')).rejects.toThrow(/ECONNREFUSED/);
  });

  test('a file that can not be loaded is left out and says why, everything else runs', async () => {
    const made = await admin.ask(
      'POST',
      '/api/integrations',
      draft('lines', 'Lines', { listen: '127.0.0.1', port }),
    );
    expect(made.status).toBe(200);
    const file = join(folder(), 'lines.conf');
    writeFileSync(file, readFileSync(file, 'utf8').replace('tcp {', 'tcpp {'));
    const other = await admin.ask(
      'POST',
      '/api/integrations',
      draft('datagrams', 'Datagrams', { listen: '127.0.0.1', port: await freePort() }),
    );
    expect(other.status).toBe(200);
    expect(await item('lines')).toMatchObject({
      state: 'failing',
      problem: expect.stringMatching(/line \d+: .*tcpp/),
    });
    const tested = await admin.ask('POST', '/api/integrations/datagrams/test');
    expect(tested.json.results[0]).toMatchObject({ ok: true });
    for (const id of ['lines', 'datagrams'])
      expect((await admin.ask('DELETE', `/api/integrations/${id}`)).status).toBe(200);
  });

  test('what is disabled and deleted here is an event itself, for the store and whoever subscribes', async () => {
    const made = async (one: object): Promise<string> => {
      const { status, json } = await admin.ask('POST', '/api/integrations', one);
      expect([status, json.message]).toEqual([200, undefined]);
      return json.item.id;
    };
    const system = await made(draft('system', 'System', {}, { keep: 'millrace-events' }));
    const to = await made(
      draft('http', 'Subscriber', { url: receiverUrl, format: 'json' }, { others: [system] }),
    );
    const other = await made(
      draft('syslog', 'To be deleted', { listen: '127.0.0.1', port: await freePort() }, { keep: 'x' }),
    );
    const got = (action: string): any =>
      received.find(({ body }) => body.event?.action === action && body.details?.id === other)?.body;
    expect((await admin.ask('POST', `/api/integrations/${other}/enabled`, { enabled: false })).status).toBe(
      200,
    );
    await until(() => got('integrations.disable') !== undefined, 'the event of disabling', 30);
    expect((await admin.ask('DELETE', `/api/integrations/${other}`)).status).toBe(200);
    await until(() => got('integrations.delete') !== undefined, 'the event of deleting', 30);
    expect(got('integrations.delete')).toMatchObject({
      '@timestamp': expect.stringMatching(/^20\d\d-/),
      event: { outcome: 'success' },
      user: { name: 'admin' },
      source: { address: expect.stringContaining('127.0.0.1') },
      details: { title: 'To be deleted', kind: 'source' },
      message: expect.stringMatching(/^integrations\.delete by admin from .*: success$/),
    });
    const authorization = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`;
    await until(
      async () => {
        const url = `${started.storeUrl}/millrace-events-*/_count?q=details.id:${other}`;
        const response = await fetch(url, { headers: { authorization } });
        return ((await response.json()) as any).count >= 3;
      },
      'they are stored',
      30,
    );
    // What only looks is no event.
    expect(received.some(({ body }) => /test|search|sign_in/.test(body.event?.action ?? ''))).toBe(false);
    for (const id of [to, system])
      expect((await admin.ask('DELETE', `/api/integrations/${id}`)).status).toBe(200);
  });

  test('Beats over TLS with a certificate of its own, which the CA that can be downloaded vouches for', async () => {
    const made = await admin.ask(
      'POST',
      '/api/integrations',
      draft('beats', 'Beats', { listen: '127.0.0.1', port, tls: 'made' }, { keep: 'beats' }),
    );
    expect(made.json).toMatchObject({ authority: true, item: { tls: true } });
    expect(made.json.snippets[0].text).toContain('ssl.certificate_authorities');
    const { json: pem } = await admin.ask('GET', '/api/integrations/authority');
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----/);
    const { connect: tlsConnect } = await import('node:tls');
    const authorized = await new Promise<boolean>((done, fail) => {
      const socket = tlsConnect({ host: '127.0.0.1', port, ca: pem }, () => {
        done(socket.authorized);
        socket.destroy();
      });
      socket.once('error', fail);
    });
    expect(authorized).toBe(true);
    const tested = await admin.ask('POST', '/api/integrations/beats/test');
    expect(tested.json.results[0]).toMatchObject({
      ok: true,
      text: 'It was sent and acknowledged and has come through.',
    });
  });

  test('only operators change, test and watch; viewers see no config; everything is in the audit log', async () => {
    const viewer = await started.user(admin, 'vera', 'viewer');
    const analyst = await started.user(admin, 'anna', 'analyst');
    expect((await viewer.ask('GET', '/api/integrations')).status).toBe(200);
    expect((await viewer.ask('GET', '/api/integrations/beats')).json.config).toBe('');
    for (const client of [viewer, analyst]) {
      for (const [method, path, body] of [
        ['POST', '/api/integrations', draft('syslog', 'x', {})],
        ['PUT', '/api/integrations/beats', draft('beats', 'x', {})],
        ['POST', '/api/integrations/check', { draft: draft('syslog', 'x', {}) }],
        ['POST', '/api/integrations/test', { draft: draft('http', 'x', { url: receiverUrl }) }],
        ['POST', '/api/integrations/beats/enabled', { enabled: false }],
        ['POST', '/api/integrations/beats/test', undefined],
        ['GET', '/api/integrations/beats/watch', undefined],
        ['DELETE', '/api/integrations/beats', undefined],
      ] as const)
        expect((await client.ask(method, path, body)).status, `${method} ${path}`).toBe(403);
    }
    expect((await admin.ask('DELETE', '/api/integrations/..%2F..%2Fetc')).status).toBe(404);
    const { json } = await admin.ask('GET', '/api/audit?limit=200');
    const text = JSON.stringify(json);
    for (const action of ['add', 'change', 'disable', 'enable', 'test', 'delete'])
      expect(text).toContain(`integrations.${action}`);
    expect(text).not.toContain('s3cret');
  });

  test('everything is there again after a restart, also with millrace up', async () => {
    const made = await admin.ask(
      'POST',
      '/api/integrations',
      draft(
        'http',
        'Later',
        { url: receiverUrl, headers: ['X-Tenant'] },
        { secrets: { 'headers.X-Tenant': 'south' }, others: ['beats'] },
      ),
    );
    expect(made.status).toBe(200);
    await admin.ask(
      'POST',
      '/api/integrations',
      draft('lines', 'Resting', { listen: '127.0.0.1', port: await freePort() }),
    );
    await admin.ask('POST', '/api/integrations/resting/enabled', { enabled: false });
    await started.millrace.stop();
    const again = new Millrace({
      args: [
        ...['up', '--beats', 'off', '--syslog', 'off', '--http', 'off', '--path.data', started.dataPath],
        ...['--api.enabled=false', '--console.http.port=0', '--store.http.port=0'],
      ],
    });
    try {
      await until(
        () => /Console at \S+/.test(again.stderr) && /Pipelines running/.test(again.stderr),
        'it starts',
        30,
      );
      const client = new Client(/Console at (\S+)/.exec(again.stderr)![1]!);
      await client.signIn('admin', PASSWORD);
      const { items: now } = (await client.ask('GET', '/api/integrations')).json;
      const states = new Map(now.map((each: any) => [each.id, each.state]));
      expect(states.get('resting')).toBe('disabled');
      expect(states.get('beats')).toBe('waiting');
      const count = received.length;
      expect((await client.ask('POST', '/api/integrations/beats/test')).json.results[0].ok).toBe(true);
      await until(() => received.length > count, 'it is sent on', 30);
      expect(received.at(-1)!.headers['x-tenant']).toBe('south');
    } finally {
      await again.kill();
    }
  });
});
