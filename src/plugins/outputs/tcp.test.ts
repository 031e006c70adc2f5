import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type TestCertificates } from '../../../test/support/certs.ts';
import { createCodec, outputContext, resolveOptions } from '../../../test/support/plugin.ts';
import { intakeContext } from '../../../test/support/writer.ts';
import { Event } from '../../event/event.ts';
import type { Codec, Output } from '../../kernel/plugin.ts';
import { json } from '../codecs/json.ts';
import { line } from '../codecs/line.ts';
import { tcp } from './tcp.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
const { signal } = new AbortController();
const events = (...messages: string[]): Event[] => messages.map((message) => new Event({ message }));
const messageLine = (): Codec => createCodec(line, { format: '%{message}' });

/** Writes again until it has arrived: a server sees a client a little later than the client the server. */
async function untilTaken(arrived: Promise<unknown>, write: () => unknown): Promise<void> {
  let has = false;
  void arrived.then(() => {
    has = true;
  });
  while (!has) {
    await write();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Writes when the server has a client. `writing` may not end. */
async function toSomebody(output: Output, bytes: Buffer): Promise<{ readonly writing: Promise<void> }> {
  for (;;) {
    const writing = output.writeLines!(bytes, 1, signal) as Promise<void> | undefined;
    if (writing) return { writing };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A receiver that keeps what it gets. */
class Receiver {
  readonly server: net.Server;
  readonly sockets: net.Socket[] = [];
  text = '';
  #watch: () => void = () => {};

  constructor(settings?: tls.TlsOptions) {
    const take = (socket: net.Socket): void => {
      this.sockets.push(socket);
      socket.on('data', (chunk: Buffer) => {
        this.text += chunk.toString();
        this.#watch();
      });
      socket.on('error', () => {});
    };
    this.server = settings ? tls.createServer(settings, take) : net.createServer(take);
    this.server.on('tlsClientError', () => {});
  }
  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    cleanups.push(() => this.close());
    return (this.server.address() as net.AddressInfo).port;
  }
  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
  got(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`got ${this.text.slice(0, 200)}`)), 10_000);
      this.#watch = () => {
        if (this.text !== text) return;
        clearTimeout(timer);
        resolve();
      };
      this.#watch();
    });
  }
}

function create(
  options: Record<string, unknown>,
  codec: Codec = createCodec(json),
): { output: Output & { port?: number }; log: string[] } {
  const { logger, log } = intakeContext();
  const output = tcp.create(
    resolveOptions(tcp, { host: '127.0.0.1', ...options }),
    outputContext(codec, { logger }),
  );
  cleanups.push(() => output.close());
  return { output, log };
}

describe('client', () => {
  it('sends what the codec makes, json without anything between events', async () => {
    const receiver = new Receiver();
    const { output } = create({ port: await receiver.listen() });
    await output.open!(signal);
    expect(await output.write(events('a', 'b'), signal)).toBeUndefined();
    await receiver.got('{"message":"a"}{"message":"b"}');
    expect(output).toHaveProperty('writeLines', undefined);
  });

  it('passes lines on as they stand, also from shared memory', async () => {
    const receiver = new Receiver();
    const { output } = create({ port: await receiver.listen() }, messageLine());
    const shared = Buffer.from(new SharedArrayBuffer(8));
    shared.write('one\ntwo\n');
    await output.writeLines!(shared, 2, signal);
    await output.write(events('three'), signal);
    await receiver.got('one\ntwo\nthree\n');
  });

  it('waits while the receiver does not read', async () => {
    const receiver = new Receiver();
    receiver.server.on('connection', (socket) => socket.pause());
    const { output } = create({ port: await receiver.listen() }, messageLine());
    await output.open!(signal);
    let done = false;
    const bytes = Buffer.alloc(16 * 1024 * 1024, 'x');
    bytes[bytes.length - 1] = 10;
    const writing = (output.writeLines!(bytes, 1, signal) as Promise<void>).then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(done).toBe(false);
    receiver.sockets[0]!.resume();
    await writing;
  });

  it('gives up the connection when a write is cut, and begins anew', async () => {
    const receiver = new Receiver();
    receiver.server.once('connection', (socket) => socket.pause());
    const { output } = create({ port: await receiver.listen() }, messageLine());
    const cut = new AbortController();
    const bytes = Buffer.alloc(16 * 1024 * 1024, 'x\n');
    const hanging = [1, 2].map(() => output.writeLines!(bytes, 1, cut.signal) as Promise<void>);
    const ended = Promise.allSettled(hanging);
    await new Promise((resolve) => setTimeout(resolve, 50));
    cut.abort();
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await output.write(events('again'), signal);
    await receiver.got('again\n');
  });

  it('rejects what a broken connection did not take, and connects again for the next batch', async () => {
    const receiver = new Receiver();
    const port = await receiver.listen();
    const { output, log } = create({ port }, messageLine());
    await output.write(events('first'), signal);
    await receiver.got('first\n');
    receiver.sockets[0]!.pause();
    const big = events('x'.repeat(16 * 1024 * 1024));
    const failing = output.write(big, signal) as Promise<unknown>;
    await new Promise((resolve) => setTimeout(resolve, 50));
    receiver.sockets[0]!.resetAndDestroy();
    await expect(failing).rejects.toThrow(/the connection broke while data was sent/);
    expect(log[0]).toMatch(/^warn connection to 127.0.0.1:\d+ lost: /);
    await output.write(events('again'), signal);
    await receiver.got('first\nagain\n');
  });

  it('sees that the receiver closed an idle connection', async () => {
    const receiver = new Receiver();
    const port = await receiver.listen();
    const { output, log } = create({ port }, messageLine());
    await output.write(events('first'), signal);
    await receiver.got('first\n');
    receiver.sockets[0]!.end();
    await expect.poll(() => log.length).toBe(1);
    await output.write(events('second'), signal);
    await receiver.got('first\nsecond\n');
  });

  it('says why it can not connect, and waits reconnect_interval before the next attempt', async () => {
    const receiver = new Receiver();
    const port = await receiver.listen();
    receiver.close();
    const { output } = create({ port, reconnect_interval: 0.2 });
    await expect(output.open!(signal)).rejects.toThrow(/ECONNREFUSED/);
    const start = performance.now();
    await expect(output.write(events('a'), signal)).rejects.toThrow(/ECONNREFUSED/);
    expect(performance.now() - start).toBeGreaterThan(190);
  });

  it('stops waiting when it is told to', async () => {
    const receiver = new Receiver();
    const port = await receiver.listen();
    receiver.close();
    const { output } = create({ port });
    await expect(output.open!(signal)).rejects.toThrow();
    const stop = new AbortController();
    const waiting = output.write(events('a'), stop.signal) as Promise<unknown>;
    stop.abort();
    await expect(waiting).rejects.toThrow();
    await output.close();
    await output.close();
  });
});

describe('server', () => {
  it('sends to everyone who is connected, and drops what nobody hears', async () => {
    const { output } = create({ mode: 'server', port: 0 }, messageLine());
    await output.open!(signal);
    await output.write(events('nobody'), signal);
    const clients = [0, 1].map(() => {
      const socket = net.connect(output.port!, '127.0.0.1');
      cleanups.push(() => socket.destroy());
      return {
        socket,
        text: new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk)))),
      };
    });
    await Promise.all(clients.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
    const texts = Promise.all(clients.map(({ text }) => text));
    await untilTaken(texts, () => output.write(events('all'), signal));
    expect(await texts).toEqual([expect.stringMatching(/^(all\n)+$/), expect.stringMatching(/^(all\n)+$/)]);
  });

  it('waits for the slowest, but not for one who leaves', async () => {
    const { output } = create({ mode: 'server', port: 0 }, messageLine());
    await output.open!(signal);
    const socket = net.connect(output.port!, '127.0.0.1');
    socket.pause();
    await new Promise((resolve) => socket.once('connect', resolve));
    const bytes = Buffer.alloc(16 * 1024 * 1024, 'x');
    let done = false;
    const taking = await toSomebody(output, bytes);
    const writing = taking.writing.then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done).toBe(false);
    socket.destroy();
    await writing;
  });

  it('closes while a client takes nothing', async () => {
    const { output } = create({ mode: 'server', port: 0 }, messageLine());
    await output.open!(signal);
    const socket = net.connect(output.port!, '127.0.0.1');
    socket.pause();
    await new Promise((resolve) => socket.once('connect', resolve));
    const { writing } = await toSomebody(output, Buffer.alloc(16 * 1024 * 1024, 'x'));
    const start = performance.now();
    await output.close();
    await writing;
    expect(performance.now() - start).toBeLessThan(10_000);
    socket.destroy();
  });
});

describe('TLS', () => {
  let certificates: TestCertificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => certificates.remove());
  const files = (who: { cert: string; key: string }): { cert: Buffer; key: Buffer } => ({
    cert: readFileSync(who.cert),
    key: readFileSync(who.key),
  });

  it('checks the name of the server, or not', async () => {
    const receiver = new Receiver(
      files(certificates.issue('other', '/CN=other.example', 'DNS:other.example')),
    );
    const port = await receiver.listen();
    const trust = { port, ssl_enabled: true, ssl_certificate_authorities: [certificates.ca] };
    await expect(create({ ...trust, host: 'localhost' }).output.open!(signal)).rejects.toThrow(
      /TLS with localhost:\d+: .*not for this host name/,
    );
    const { output } = create({ ...trust, ssl_verify: false }, messageLine());
    await output.write(events('a'), signal);
    await receiver.got('a\n');
  });

  it('loses nothing to a server that refuses it after the handshake', async () => {
    const receiver = new Receiver({
      ...files(certificates.server),
      requestCert: true,
      rejectUnauthorized: true,
      ca: readFileSync(certificates.ca),
    });
    const port = await receiver.listen();
    const trust = {
      port,
      ssl_enabled: true,
      ssl_certificate_authorities: [certificates.ca],
      reconnect_interval: 0,
    };
    const { output } = create(trust, messageLine());
    await expect(output.write(events('a'), signal)).rejects.toThrow(/demands a client certificate/);
    const { cert, key } = certificates.client;
    const known = create({ ...trust, ssl_certificate: cert, ssl_key: key }, messageLine());
    await known.output.write(events('b'), signal);
    await receiver.got('b\n');
  });

  it('serves clients that show a certificate', async () => {
    const { cert, key } = certificates.server;
    const { output, log } = create(
      {
        mode: 'server',
        port: 0,
        ssl_enabled: true,
        ssl_certificate: cert,
        ssl_key: key,
        ssl_certificate_authorities: [certificates.ca],
        ssl_client_authentication: 'required',
      },
      messageLine(),
    );
    await output.open!(signal);
    const ca = readFileSync(certificates.ca);
    const stranger = tls.connect({ port: output.port!, servername: 'localhost', ca });
    await new Promise((resolve) => stranger.once('error', resolve));
    expect(log[0]).toMatch(/the client showed no certificate/);
    const client = tls.connect({
      port: output.port!,
      servername: 'localhost',
      ca,
      ...files(certificates.client),
    });
    cleanups.push(() => client.destroy());
    const text = new Promise((resolve) => client.once('data', (chunk) => resolve(String(chunk))));
    await new Promise((resolve) => client.once('secureConnect', resolve));
    await untilTaken(text, () => output.write(events('secret'), signal));
    expect(await text).toMatch(/^(secret\n)+$/);
  });
});

describe('options', () => {
  const problems = (options: Record<string, unknown>): string[] => {
    const found: string[] = [];
    tcp.validate!(
      resolveOptions(tcp, { host: 'h', port: 1, codec: 'line', ...options }),
      (severity, option, message) => found.push(`${severity} ${option}: ${message}`),
    );
    return found;
  };
  it('says which of them do not go together', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ codec: 'json' })[0]).toMatch(/^lint codec: /);
    expect(problems({ ssl_client_authentication: 'required' })[0]).toMatch(/is for servers/);
    expect(problems({ mode: 'server', ssl_verification_mode: 'none' })[0]).toMatch(/is for clients/);
    expect(
      problems({
        mode: 'server',
        ssl_enabled: true,
        ssl_certificate: 'a',
        ssl_key: 'b',
        ssl_verify: true,
      })[0],
    ).toMatch(/needs `ssl_certificate_authorities`/);
  });
  it('runs on one worker as server', () => {
    const concurrency = tcp.concurrency as (options: unknown) => string;
    expect(concurrency({ mode: 'server' })).toBe('shared');
    expect(concurrency({ mode: 'client' })).toBe('worker');
  });
});
