import net from 'node:net';
import tls from 'node:tls';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates, type TestCertificates } from '../../../test/support/certs.ts';
import { createCodec, decoderContext, resolveOptions } from '../../../test/support/plugin.ts';
import { intakeContext, ownFields, type TestIntakeContext } from '../../../test/support/writer.ts';
import type { EcsMode, Intake, IntakeContext } from '../../kernel/plugin.ts';
import { ReverseLookup } from '../../lib/net/reverse-dns.ts';
import { line } from '../codecs/line.ts';
import { tcp } from './tcp.ts';

let certs: TestCertificates;
beforeAll(() => {
  certs = makeCertificates();
});
afterAll(() => certs.remove());

const open: Intake[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((intake) => intake.close()));
});

interface Running {
  readonly context: TestIntakeContext;
  readonly intake: Intake & { port: number };
  /** Fields of all events so far. */
  readonly events: (ecs?: EcsMode) => Record<string, any>[];
  readonly metadata: (ecs?: EcsMode) => unknown[];
}

async function start(
  given: Record<string, unknown> = {},
  more: Partial<IntakeContext> = {},
): Promise<Running> {
  const options = resolveOptions(tcp, {
    host: '127.0.0.1',
    port: 0,
    dns_reverse_lookup_enabled: false,
    ...given,
  });
  const context = intakeContext(more);
  const intake = tcp.createIntake(options, context) as Running['intake'];
  await intake.open(new AbortController().signal);
  open.push(intake);
  const decode = (ecs: EcsMode) =>
    context.writer.decode(tcp.createDecoder(options, decoderContext(createCodec(line), { ecs })));
  return {
    context,
    intake,
    events: (ecs = 'disabled') => decode(ecs).map(ownFields),
    metadata: (ecs = 'disabled') => decode(ecs).map((event) => event.metadata),
  };
}

function connect(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}

const closed = (socket: net.Socket) => new Promise((resolve) => socket.on('close', resolve));

describe('server', () => {
  test('lines become events that name their sender', async () => {
    const { context, intake, events } = await start();
    const socket = await connect(intake.port);
    const { localPort } = socket;
    socket.end('one\ntwo\nunfinished');
    await context.writer.until((writer) => writer.count === 3);
    const source = { host: '127.0.0.1', port: localPort };
    expect(events()).toEqual([
      { message: 'one', ...source },
      { message: 'two', ...source },
      { message: 'unfinished', ...source },
    ]);
  });

  test('names of fields in ECS mode and in metadata', async () => {
    const { context, intake, metadata } = await start();
    const socket = await connect(intake.port);
    const { localPort } = socket;
    socket.end('one\n');
    await context.writer.until((writer) => writer.count === 1);
    const runs = [...context.writer.runs];
    expect(metadata('v8')).toEqual([
      { input: { tcp: { source: { name: '127.0.0.1', ip: '127.0.0.1', port: localPort } } } },
    ]);
    context.writer.runs.push(...runs);
    expect(metadata()).toEqual([{ ip_address: '127.0.0.1' }]);
  });

  test('the name of the sender is looked up before anything is read', async () => {
    const { context, intake, events } = await start({ dns_reverse_lookup_enabled: true });
    (await connect(intake.port)).end('one\n');
    (await connect(intake.port)).end('two\n');
    await context.writer.until((writer) => writer.count === 2);
    const name = (await new ReverseLookup().lookUp('127.0.0.1')) ?? '127.0.0.1';
    expect(events().map((event) => event['host'])).toEqual([name, name]);
  });

  test('records are the same however the stream is split', async () => {
    const { context, intake } = await start();
    const { writer } = context;
    const parts = fc.array(fc.constantFrom('a', 'bc', '\n', 'é', 'x'.repeat(300)), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(parts, async (chunks) => {
        writer.runs.length = 0;
        writer.count = 0;
        const text = chunks.join('');
        const expected = text.split('\n');
        if (expected.at(-1) === '') expected.pop();
        const socket = await connect(intake.port);
        socket.setNoDelay(true);
        for (const chunk of chunks) await new Promise((resolve) => socket.write(chunk, resolve));
        socket.end();
        socket.resume();
        await writer.until((each) => each.runs.at(-1)?.kind === 3, 'the end');
        expect(writer.texts()).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('a line without end is cut at the limit, and the connection goes on', async () => {
    const { context, intake } = await start({}, { maxRecordBytes: 1000 });
    const socket = await connect(intake.port);
    socket.end(`${'x'.repeat(2500)}\nshort\n`);
    await context.writer.until((writer) => writer.count >= 4);
    expect(context.writer.texts().map((text) => text.length)).toEqual([1000, 1000, 500, 5]);
  });

  test('without a delimiter every chunk is a record, within the limit', async () => {
    const { context, intake } = await start({}, { delimiter: undefined, maxRecordBytes: 4 });
    (await connect(intake.port)).end('abc\ndef\n');
    await context.writer.until((writer) => writer.count >= 2);
    expect(context.writer.texts()).toEqual(['abc\n', 'def\n']);
  });

  test('reads on only when the queue has room again, and loses nothing', async () => {
    const { context, intake } = await start();
    const { writer } = context;
    writer.setFull(true);
    const socket = await connect(intake.port);
    const line = `${'x'.repeat(1023)}\n`;
    socket.write(line.repeat(16_384)); // more than the kernel's buffers take
    socket.end();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(writer.count).toBeLessThan(1000);
    writer.setFull(false);
    await writer.until((each) => each.count === 16_384);
  });

  test('update keeps sockets and takes new options', async () => {
    const { context, intake, events } = await start();
    const socket = await connect(intake.port);
    socket.write('one\nhal');
    await context.writer.until((writer) => writer.count === 1);
    intake.update!(resolveOptions(tcp, { host: '127.0.0.1', port: 0, dns_reverse_lookup_enabled: true }));
    socket.end('f\n');
    await context.writer.until((writer) => writer.count === 2);
    expect(events().map((event) => event['message'])).toEqual(['one', 'half']);
  });

  test('close hands on unfinished lines and ends connections; twice is fine', async () => {
    const { context, intake } = await start();
    const socket = await connect(intake.port);
    socket.on('error', () => {});
    socket.write('one\ntwo');
    await context.writer.until((writer) => writer.count === 1);
    const gone = closed(socket);
    await intake.close();
    await intake.close();
    await gone;
    expect(context.writer.texts()).toEqual(['one', 'two']);
  });

  test('a port in use rejects with the port in the message', async () => {
    const { intake } = await start();
    await expect(start({ port: intake.port })).rejects.toThrow(
      `EADDRINUSE: address already in use 127.0.0.1:${intake.port}`,
    );
  });
});

describe('PROXY protocol', () => {
  test('names the real sender, even when the header comes byte by byte', async () => {
    const { context, intake, events } = await start({ proxy_protocol: true });
    const socket = await connect(intake.port);
    socket.setNoDelay(true);
    for (const char of 'PROXY TCP4 192.0.2.1 198.51.100.7 40000 514\r\nhel')
      await new Promise((resolve) => socket.write(char, resolve));
    socket.end('lo\n');
    await context.writer.until((writer) => writer.count === 1);
    expect(events()).toEqual([
      { message: 'hello', host: '192.0.2.1', port: 40_000, proxy_host: '198.51.100.7', proxy_port: 514 },
    ]);
  });

  test('a connection without the header is refused in one log line', async () => {
    const { context, intake } = await start({ proxy_protocol: true });
    const socket = await connect(intake.port);
    socket.write('hello\n');
    await closed(socket);
    expect(context.writer.count).toBe(0);
    expect(context.log).toEqual([expect.stringContaining('does not begin with a PROXY header')]);
  });

  test('comes before the TLS handshake', async () => {
    const { context, intake, events } = await start({
      proxy_protocol: true,
      ...secure(),
      ssl_client_authentication: 'none',
    });
    const raw = await connect(intake.port);
    raw.write('PROXY TCP4 192.0.2.1 198.51.100.7 40000 514\r\n');
    tls.connect({ socket: raw, rejectUnauthorized: false }).end('hello\n');
    await context.writer.until((writer) => writer.count === 1);
    expect(events()).toMatchObject([{ message: 'hello', host: '192.0.2.1' }]);
  });
});

const secure = () => ({ ssl_enabled: true, ssl_certificate: certs.server.cert, ssl_key: certs.server.key });
const mutual = () => ({ ...secure(), ssl_certificate_authorities: [certs.ca] });

describe('TLS', () => {
  const send = async (
    port: number,
    who: { cert: string; key: string } | undefined,
    text: string,
  ): Promise<string> => {
    const { readFileSync } = await import('node:fs');
    const socket = tls.connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: readFileSync(certs.ca),
      ...(who ? { cert: readFileSync(who.cert), key: readFileSync(who.key) } : {}),
    });
    let failure = '';
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error.code ?? error.message;
    });
    socket.on('secureConnect', () => socket.end(text));
    await closed(socket);
    return failure;
  };

  test('mutual TLS is the default; the subject of the certificate is a field', async () => {
    const { context, intake, events } = await start(mutual());
    await send(intake.port, certs.client, 'hello\n');
    await context.writer.until((writer) => writer.count === 1);
    expect(events()).toMatchObject([{ message: 'hello', sslsubject: 'O=Millrace Test,CN=client' }]);
  });

  test('clients without certificate or of an unknown authority get one clear log line each', async () => {
    const { context, intake } = await start(mutual());
    expect(await send(intake.port, undefined, 'hello\n')).not.toBe('');
    await send(intake.port, certs.stranger, 'hello\n');
    await expect.poll(() => context.log.length).toBe(2);
    expect(context.log).toEqual([
      expect.stringMatching(
        /^warn TLS connection from 127\.0\.0\.1:\d+ refused: the client showed no certificate/,
      ),
      expect.stringMatching(/^warn TLS connection from 127\.0\.0\.1:\d+ refused: .* unknown authority/),
    ]);
    expect(context.writer.count).toBe(0);
  });

  test('plain text and garbage are refused; the listener lives on', async () => {
    const { context, intake } = await start({ ...secure(), ssl_client_authentication: 'none' });
    for (const bytes of ['hello\n', 'GET / HTTP/1.1\r\n\r\n', Buffer.alloc(2000, 0x16)]) {
      const socket = await connect(intake.port);
      socket.on('error', () => {});
      socket.resume();
      socket.write(bytes);
      await closed(socket);
    }
    expect(context.log.filter((each) => each.startsWith('warn'))).toHaveLength(3);
    await send(intake.port, undefined, 'hello\n');
    await context.writer.until((writer) => writer.count === 1);
  });

  test('update reads renewed certificates', async () => {
    const { intake } = await start({ ...secure(), ssl_client_authentication: 'none' });
    intake.update!(resolveOptions(tcp, { host: '127.0.0.1', port: 0 }));
    expect(await send(intake.port, undefined, '')).toBe('');
  });

  test('old names: ssl_verify => false asks for no certificate', async () => {
    const { context, intake } = await start({ ...secure(), ssl_verify: false });
    await send(intake.port, undefined, 'hello\n');
    await context.writer.until((writer) => writer.count === 1);
  });
});

describe('client', () => {
  test('connects, reads, says what is wrong, and connects again', async () => {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.end(`hello ${sockets.length}\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const { context, events } = await start({ mode: 'client', port });
    await context.writer.until((writer) => writer.count === 2);
    expect(events()).toEqual([
      { message: 'hello 1', host: '127.0.0.1', port },
      { message: 'hello 2', host: '127.0.0.1', port },
    ]);
    expect(context.healths.slice(0, 2)).toEqual([undefined, expect.stringContaining('not connected')]);
    server.close();
  });

  test('checks the certificate of the server', async () => {
    const { readFileSync } = await import('node:fs');
    const server = tls.createServer(
      { cert: readFileSync(certs.server.cert), key: readFileSync(certs.server.key) },
      (socket) => socket.end('hello\n'),
    );
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const client = { mode: 'client', ssl_enabled: true, port };
    const good = await start({ ...client, ssl_certificate_authorities: [certs.ca] });
    await good.context.writer.until((writer) => writer.count >= 1);
    const bad = await start({ ...client, ssl_certificate_authorities: [certs.strangerCa] });
    await expect.poll(() => bad.context.healths[0]).toContain('unknown authority');
    server.close();
  });
});

test('many idle connections cost little', async () => {
  const { context, intake } = await start();
  const sockets = await Promise.all(Array.from({ length: 300 }, () => connect(intake.port)));
  for (const socket of sockets) socket.write('half');
  for (const socket of sockets) socket.end('\n');
  await context.writer.until((writer) => writer.count === 300);
});

test('rules between options', () => {
  const reports = (given: Record<string, unknown>): string[] => {
    const found: string[] = [];
    tcp.validate!(resolveOptions(tcp, { port: 1, ...given }), (severity, option) =>
      found.push(`${severity} ${option}`),
    );
    return found;
  };
  expect(reports({})).toEqual([]);
  expect(reports({ ssl_enabled: true })).toContain('error ssl_enabled');
  expect(reports({ ssl_verification_mode: 'none' })).toEqual(['error ssl_verification_mode']);
  expect(reports({ mode: 'client', ssl_client_authentication: 'none' })).toEqual([
    'error ssl_client_authentication',
  ]);
  expect(reports({ ssl_enabled: true, ssl_certificate: 'a', ssl_key: 'b' })).toEqual([
    'warning ssl_client_authentication',
  ]);
});
