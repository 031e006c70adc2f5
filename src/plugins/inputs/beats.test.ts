import net from 'node:net';
import tls from 'node:tls';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type TestCertificates } from '../../../test/support/certs.ts';
import { createCodec, decoderContext, resolveOptions, withoutRemoved } from '../../../test/support/plugin.ts';
import { intakeContext, type TestIntakeContext, TestWriter } from '../../../test/support/writer.ts';
import type { Peer } from '../../kernel/plugin.ts';
import {
  AckReader,
  encodeCompressed,
  encodeData,
  encodeJson,
  encodeWindow,
  V1,
  V2,
} from '../../lib/lumberjack/lumberjack.ts';
import { LumberjackReceiver, type ReceiverOptions } from '../../lib/lumberjack/receiver.ts';
import { plain } from '../codecs/plain.ts';
import { beats } from './beats.ts';

const deflate = promisify(zlib.deflate);
const jsonOf = (count: number, first = 1): string[] =>
  Array.from({ length: count }, (_, index) => JSON.stringify({ message: `line ${first + index}` }));

/** A sender that notes the acknowledgements it gets. */
class Sender {
  readonly socket: net.Socket;
  readonly acks: number[] = [];
  closed = false;
  error: string | undefined;
  #watch: () => void = () => {};

  constructor(socket: net.Socket) {
    this.socket = socket;
    const reader = new AckReader();
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk, (sequence) => this.acks.push(sequence));
      this.#watch();
    });
    socket.on('error', (error) => {
      this.error = (error as NodeJS.ErrnoException).code;
    });
    socket.on('close', () => {
      this.closed = true;
      this.#watch();
    });
  }

  /** Resolves when the condition holds; fails after two seconds. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`waited in vain; acks ${this.acks.join()}, closed ${this.closed}`)),
        2_000,
      );
      this.#watch = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#watch = () => {};
        resolve();
      };
      this.#watch();
    });
  }
  send(...parts: Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }
  acked(...acks: number[]): Promise<void> {
    return this.until(() => JSON.stringify(this.acks) === JSON.stringify(acks));
  }
  async ended(): Promise<void> {
    await this.until(() => this.closed);
  }
}

/** The double, full after `room` records. */
class SmallWriter extends TestWriter {
  room = 0;
  override records(peer: Peer, bytes: Uint8Array, ends: Int32Array): boolean {
    const answer = super.records(peer, bytes, ends);
    if (this.count < this.room) return answer;
    this.setFull(true);
    return false;
  }
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(
  options: Record<string, unknown> = {},
): Promise<{ context: TestIntakeContext; port: number; close: () => Promise<void> }> {
  const context = intakeContext();
  const intake = beats.createIntake(
    resolveOptions(beats, { host: '127.0.0.1', port: 0, ...options }),
    context,
  ) as ReturnType<typeof beats.createIntake> & { port: number };
  await intake.open(new AbortController().signal);
  cleanups.push(() => intake.close());
  return { context, port: intake.port, close: () => intake.close() };
}

async function connect(port: number): Promise<Sender> {
  const socket = net.connect(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return new Sender(socket);
}

/** A bare receiver with short times, without the plugin around it. */
async function receive(
  writer: TestWriter,
  more: Partial<ReceiverOptions> = {},
): Promise<{ port: number; log: string[]; receiver: LumberjackReceiver }> {
  const { logger, log } = intakeContext();
  const receiver = new LumberjackReceiver({
    writer,
    logger,
    inactivityTimeout: 60,
    keepaliveMs: 20,
    tickMs: 10,
    ...more,
  });
  let connections = 0;
  const server = net.createServer((socket) => receiver.accept(socket, { key: `peer-${++connections}` }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    server.close();
    await receiver.close();
  });
  return { port: (server.address() as net.AddressInfo).port, log, receiver };
}

const payloads = (writer: TestWriter): string[] => writer.runs.map((run) => run.bytes.toString('utf8', 10));

describe('windows and acknowledgements', () => {
  it('acknowledges the last event of a window, plain or compressed', async () => {
    const { context, port } = await start();
    const sender = await connect(port);
    sender.send(encodeWindow(V2, 3), encodeJson(jsonOf(3)));
    await sender.acked(3);
    const frames = encodeJson(jsonOf(500));
    sender.send(encodeWindow(V2, 500), encodeCompressed(V2, await deflate(frames)));
    await sender.acked(3, 500);
    expect(payloads(context.writer)).toEqual([...jsonOf(3), ...jsonOf(500)]);
  });

  it('takes a stream split anywhere, several windows under way', async () => {
    const { context, port } = await start();
    const sender = await connect(port);
    const bytes = Buffer.concat([
      encodeWindow(V2, 2),
      encodeCompressed(V2, zlib.deflateSync(encodeJson(jsonOf(2)))),
      encodeWindow(V2, 3),
      encodeJson(jsonOf(3, 3)),
    ]);
    for (const byte of bytes) {
      sender.socket.write(Buffer.from([byte]));
      if (byte % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await sender.acked(2, 3);
    expect(payloads(context.writer)).toEqual(jsonOf(5));
  });

  it('inflates large windows in the thread pool and keeps their order', async () => {
    const { context, port } = await start();
    const sender = await connect(port);
    const large = jsonOf(100_000);
    sender.send(
      encodeWindow(V2, 100_000),
      encodeCompressed(V2, await deflate(encodeJson(large))),
      encodeWindow(V2, 1),
      encodeJson(['{"last":true}']),
    );
    await sender.acked(100_000, 1);
    expect(context.writer.count).toBe(100_001);
    expect(payloads(context.writer).at(-1)).toBe('{"last":true}');
  });

  it('echoes the version', async () => {
    const { port } = await start();
    const sender = await connect(port);
    const answers: Buffer[] = [];
    sender.socket.on('data', (chunk: Buffer) => answers.push(chunk));
    sender.send(encodeWindow(V1, 1), encodeData(41, [['line', 'x']]));
    await sender.acked(41);
    expect(Buffer.concat(answers).toString('latin1')).toBe('1A\0\0\0)');
  });

  it('answers empty windows, windows that come too early, and events without a window', async () => {
    const { context, port } = await start();
    const sender = await connect(port);
    sender.send(encodeWindow(V2, 0));
    await sender.acked(0);
    sender.send(encodeWindow(V2, 5), encodeJson(jsonOf(2)), encodeWindow(V2, 1), encodeJson(['{}']));
    await sender.acked(0, 2, 1);
    expect(context.log.filter((line) => line.includes('before the last one was complete'))).toHaveLength(1);
    sender.send(encodeWindow(V2, 9), encodeWindow(V2, 1), encodeJson(['{}']));
    await sender.acked(0, 2, 1, 1);
    sender.send(encodeJson(jsonOf(2), 7));
    await sender.acked(0, 2, 1, 1, 7, 8);
  });

  it('waits until the events are safe, and says every few seconds how far it is', async () => {
    const writer = new TestWriter();
    const { port } = await receive(writer);
    const sender = await connect(port);
    writer.setSafe(false);
    sender.send(encodeWindow(V2, 3), encodeJson(jsonOf(2)));
    await sender.until(() => sender.acks.length >= 2);
    expect(new Set(sender.acks)).toEqual(new Set([0]));
    writer.setSafe(true);
    writer.setSafe(false);
    sender.send(encodeJson(jsonOf(1, 3), 3));
    await sender.until(() => sender.acks.includes(2));
    writer.setSafe(true);
    await sender.until(() => sender.acks.at(-1) === 3);
    expect(sender.acks.filter((ack) => ack === 3)).toHaveLength(1);
  });

  it('sends senders of version 1 nothing but the last acknowledgement', async () => {
    const writer = new TestWriter();
    const { port } = await receive(writer);
    const sender = await connect(port);
    writer.setSafe(false);
    sender.send(encodeWindow(V1, 1), encodeData(1, [['line', 'x']]));
    await writer.until(() => writer.count === 1);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(sender.acks).toEqual([]);
    writer.setSafe(true);
    await sender.acked(1);
  });

  it('answers a client that has shut down its side', async () => {
    const { port } = await start();
    const sender = await connect(port);
    sender.socket.end(Buffer.concat([encodeWindow(V2, 1), encodeJson(['{}'])]));
    await sender.ended();
    expect(sender.acks).toEqual([1]);
  });
});

describe('back-pressure', () => {
  it('stops reading while the queue is full', async () => {
    const writer = new TestWriter();
    const { port } = await receive(writer);
    const sender = await connect(port);
    writer.setFull(true);
    sender.send(encodeWindow(V2, 100), encodeCompressed(V2, zlib.deflateSync(encodeJson(jsonOf(100)))));
    await sender.until(() => sender.acks.length > 0);
    expect(writer.count).toBe(0);
    expect(sender.acks[0]).toBe(0);
    writer.setFull(false);
    await sender.until(() => sender.acks.at(-1) === 100);
    expect(payloads(writer)).toEqual(jsonOf(100));
  });

  it('admits a window larger than the queue piece by piece, with partial acknowledgements', async () => {
    const writer = new SmallWriter();
    writer.room = 100;
    const { port } = await receive(writer);
    const sender = await connect(port);
    sender.send(encodeWindow(V2, 300), encodeCompressed(V2, zlib.deflateSync(encodeJson(jsonOf(300)))));
    sender.send(encodeWindow(V2, 1), encodeJson(['{}']));
    await sender.until(() => sender.acks.includes(128));
    expect(writer.count).toBe(128);
    writer.room = 200;
    writer.setFull(false);
    await sender.until(() => sender.acks.includes(256));
    writer.room = 1000;
    writer.setFull(false);
    await sender.until(() => sender.acks.at(-1) === 1);
    expect(sender.acks.filter((ack) => ack !== 0 && ack !== 128 && ack !== 256)).toEqual([300, 1]);
    expect(payloads(writer)).toEqual([...jsonOf(300), '{}']);
  });

  it('lets many connections go on when there is room again', async () => {
    const writer = new TestWriter();
    const { port } = await receive(writer, { keepaliveMs: 1_000_000 });
    writer.setFull(true);
    const senders = await Promise.all(Array.from({ length: 60 }, () => connect(port)));
    for (const sender of senders)
      sender.send(encodeWindow(V2, 20), encodeCompressed(V2, zlib.deflateSync(encodeJson(jsonOf(20)))));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(writer.count).toBe(0);
    writer.setFull(false);
    for (const sender of senders) await sender.acked(20);
    expect(writer.count).toBe(1200);
  });

  it('holds little for a client that does not wait', async () => {
    const writer = new TestWriter();
    const { port } = await receive(writer);
    const sender = await connect(port);
    writer.setFull(true);
    const window = Buffer.concat([
      encodeWindow(V2, 1),
      encodeJson([JSON.stringify({ m: 'x'.repeat(100_000) })]),
    ]);
    for (let count = 0; count < 200; count++) sender.socket.write(window);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sender.socket.writableLength).toBeGreaterThan(5_000_000);
    writer.setFull(false);
    await sender.until(() => sender.acks.filter((ack) => ack === 1).length === 200);
  });
});

describe('hostile clients', () => {
  const bomb = (size: number): Buffer => zlib.deflateSync(Buffer.alloc(size));
  const cases: [string, Buffer, RegExp][] = [
    ['giant windows', encodeWindow(V2, 0xffffffff), /window of 4294967295/],
    ['no zlib stream', encodeCompressed(V2, Buffer.from('no zlib')), /can not be inflated/],
    ['cut zlib streams', encodeCompressed(V2, bomb(1000).subarray(0, 8)), /can not be inflated/],
    ['bombs', encodeCompressed(V2, bomb(4_000_000)), /too large when inflated/],
    [
      'nested C',
      encodeCompressed(V2, zlib.deflateSync(encodeCompressed(V2, bomb(10)))),
      /inside a compressed/,
    ],
    ['half events in C', encodeCompressed(V2, zlib.deflateSync(Buffer.from('2J\0'))), /ends within an event/],
    ['garbage in C', encodeCompressed(V2, zlib.deflateSync(Buffer.from('garbage'))), /no Lumberjack frame/],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /HTTP/],
  ];
  for (const [name, bytes, reason] of cases) {
    it(`are cut off with one log line: ${name}`, async () => {
      const { port, log } = await receive(new TestWriter(), { maxInflatedBytes: 3_000_000 });
      const sender = await connect(port);
      sender.send(bytes, encodeWindow(V2, 1));
      await sender.ended();
      expect(log).toHaveLength(1);
      expect(log[0]).toMatch(/^warn connection closed: .*"peer":"peer-1"/);
      expect(log[0]).toMatch(reason);
      const other = await connect(port);
      other.send(encodeWindow(V2, 1), encodeJson(['{}']));
      await other.acked(1);
    });
  }

  it('are cut off when they hold more incomplete frames than all may', async () => {
    const { port, log } = await receive(new TestWriter(), { maxPartialBytes: 1_000_000 });
    const [small, large] = [await connect(port), await connect(port)];
    const frame = encodeJson([JSON.stringify({ m: 'x'.repeat(2_000_000) })]);
    small.send(frame.subarray(0, 200_000));
    large.send(frame.subarray(0, 1_900_000));
    await large.ended();
    expect(log).toHaveLength(1);
    small.send(frame.subarray(200_000, 300_000));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(small.closed).toBe(false);
  });

  it('are cut off when they never read what is answered', async () => {
    const { port, log } = await receive(new TestWriter());
    const sender = await connect(port);
    sender.socket.pause();
    const windows = Buffer.concat(Array(100_000).fill(encodeWindow(V2, 0)));
    const send = (): void => {
      if (!sender.socket.destroyed) sender.socket.write(windows, () => setImmediate(send));
    };
    send();
    await new Promise<void>((resolve, reject) => {
      const timer = setInterval(() => {
        if (log.length > 0) {
          clearInterval(timer);
          resolve();
        }
      }, 20);
      setTimeout(() => reject(new Error('still connected')), 10_000).unref();
    });
    expect(log[0]).toMatch(/does not read its acknowledgements/);
  });

  it('are disconnected after a while of silence, but not while they wait', async () => {
    const writer = new TestWriter();
    const { port, receiver } = await receive(writer, { inactivityTimeout: 0.05 });
    const [silent, waiting] = [await connect(port), await connect(port)];
    writer.setSafe(false);
    waiting.send(encodeWindow(V2, 1), encodeJson(['{}']));
    await silent.ended();
    expect(silent.error).toBeUndefined();
    expect(waiting.closed).toBe(false);
    await waiting.until(() => receiver.connections === 1 || waiting.acks.length > 30);
    expect(receiver.connections).toBe(1);
    writer.setSafe(true);
    await waiting.ended();
    expect(waiting.acks.at(-1)).toBe(1);
  });
});

describe('closing', () => {
  it('sends what is due, then closes', async () => {
    const { context, port, close } = await start();
    const sender = await connect(port);
    context.writer.setSafe(false);
    sender.send(encodeWindow(V2, 1), encodeJson(['{}']));
    await context.writer.until((writer) => writer.count === 1);
    const closing = close();
    setTimeout(() => context.writer.setSafe(true), 30);
    await closing;
    await sender.ended();
    expect(sender.acks).toEqual([1]);
    await close();
  });

  it('does not wait for ever', async () => {
    const { context, port, close } = await start();
    const sender = await connect(port);
    context.writer.setFull(true);
    sender.send(encodeWindow(V2, 2), encodeJson(jsonOf(2)));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const started = performance.now();
    await close();
    expect(performance.now() - started).toBeLessThan(10_000);
    await sender.ended();
  });
});

describe('TLS', () => {
  let certificates: TestCertificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => certificates.remove());
  const server = (): Record<string, unknown> => ({
    ssl_enabled: true,
    ssl_certificate: certificates.server.cert,
    ssl_key: certificates.server.key,
  });

  async function connectTls(port: number, client?: { cert: string; key: string }): Promise<Sender> {
    const read = (file: string): Buffer => process.getBuiltinModule('node:fs').readFileSync(file);
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: read(certificates.ca),
      ...(client ? { cert: read(client.cert), key: read(client.key) } : {}),
    });
    cleanups.push(() => socket.destroy());
    return new Sender(socket);
  }

  it('takes windows, with metadata of the client certificate', async () => {
    const { context, port } = await start({
      ...server(),
      ssl_certificate_authorities: [certificates.ca],
      ssl_client_authentication: 'optional',
      enrich: ['all'],
    });
    const known = await connectTls(port, certificates.client);
    known.send(encodeWindow(V2, 1), encodeJson(['{"message":"m"}']));
    await known.acked(1);
    const unknown = await connectTls(port);
    unknown.send(encodeWindow(V2, 1), encodeJson(['{"message":"n"}']));
    await unknown.acked(1);
    const decoder = beats.createDecoder(
      resolveOptions(beats, { port: 0, enrich: ['all'] }),
      decoderContext(createCodec(plain)),
    );
    const [first, second] = context.writer.decode(decoder);
    expect(withoutRemoved(first!.metadata!)).toEqual({
      ip_address: '127.0.0.1',
      tls_peer: {
        status: 'verified',
        protocol: 'TLSv1.3',
        subject: 'O=Millrace Test,CN=client',
        cipher_suite: expect.stringMatching(/^TLS_/),
      },
    });
    expect(first!.fields['tags']).toEqual(['beats_input_codec_plain_applied']);
    expect(second!.metadata!['tls_peer']).toEqual({ status: 'unverified' });
  });

  it('authorities alone demand a certificate; who has none is refused with one line', async () => {
    const { context, port } = await start({ ...server(), ssl_certificate_authorities: [certificates.ca] });
    const sender = await connectTls(port);
    sender.send(encodeWindow(V2, 1), encodeJson(['{}']));
    await sender.ended();
    expect(context.log).toHaveLength(1);
    expect(context.log[0]).toMatch(/refused: the client showed no certificate/);
    const stranger = await connectTls(port, certificates.stranger);
    await stranger.ended();
    expect(context.log).toHaveLength(2);
    expect(context.writer.count).toBe(0);
  });

  it('cuts off who breaks the protocol over TLS', async () => {
    const { context, port } = await start(server());
    const sender = await connectTls(port);
    sender.send(Buffer.from('GET /'));
    await sender.ended();
    expect(context.log[0]).toMatch(/HTTP or plain text/);
  });
});

describe('options', () => {
  const problems = (options: Record<string, unknown>): string[] => {
    const found: string[] = [];
    beats.validate!(resolveOptions(beats, { port: 0, ...options }), (severity, option, message) =>
      found.push(`${severity} ${option}: ${message}`),
    );
    return found;
  };

  it('says which of them do not go together', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ enrich: ['all', 'source_metadata'] })[0]).toMatch(/stand alone/);
    expect(problems({ enrich: ['none'], include_codec_tag: false })[0]).toMatch(/either/);
    expect(problems({ codec: 'multiline' })[0]).toMatch(/multiline/);
    expect(problems({ ssl_enabled: true })[0]).toMatch(/ssl_certificate/);
    expect(
      problems({
        ssl_enabled: true,
        ssl_certificate: 'a',
        ssl_key: 'b',
        ssl_client_authentication: 'required',
      })[0],
    ).toMatch(/needs `ssl_certificate_authorities`/);
  });

  it('reports a port in use', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toThrow(/EADDRINUSE/);
  });
});
