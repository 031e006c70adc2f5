import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type TestCertificates } from '../../../test/support/certs.ts';
import {
  createCodec,
  decoderContext,
  outputContext,
  resolveOptions,
  withoutRemoved,
} from '../../../test/support/plugin.ts';
import { intakeContext, type TestIntakeContext } from '../../../test/support/writer.ts';
import { Event } from '../../event/event.ts';
import type { Intake, Output } from '../../kernel/plugin.ts';
import { encodeAck, V2 } from '../../lib/lumberjack/lumberjack.ts';
import { line } from '../codecs/line.ts';
import { plain } from '../codecs/plain.ts';
import { beats } from '../inputs/beats.ts';
import { lumberjack } from './lumberjack.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
const { signal } = new AbortController();
const numbered = (count: number): Event[] =>
  Array.from({ length: count }, (_, index) => new Event({ message: `m${index + 1}` }));

async function receiver(
  options: Record<string, unknown> = {},
): Promise<{ port: number; context: TestIntakeContext; intake: Intake }> {
  const context = intakeContext();
  const intake = beats.createIntake(
    resolveOptions(beats, { host: '127.0.0.1', port: 0, ...options }),
    context,
  ) as Intake & { port: number };
  await intake.open(signal);
  cleanups.push(() => intake.close());
  return { port: intake.port, context, intake };
}

function create(port: number, options: Record<string, unknown> = {}): Output {
  const output = lumberjack.create(
    resolveOptions(lumberjack, { hosts: ['127.0.0.1'], port, ssl_enabled: false, ...options }),
    outputContext(createCodec(line, { format: '%{message}', delimiter: '' })),
  );
  cleanups.push(() => output.close());
  return output;
}

const received = (context: TestIntakeContext): Event[] =>
  context.writer.decode(
    beats.createDecoder(
      resolveOptions(beats, { port: 0, enrich: ['none'] }),
      decoderContext(createCodec(plain)),
    ),
  );

/** A receiver that answers by a script. */
async function scripted(answer: (socket: net.Socket, connection: number) => void): Promise<number> {
  let connections = 0;
  const server = net.createServer((socket) => {
    const connection = ++connections;
    socket.on('error', () => {});
    socket.on('data', () => answer(socket, connection));
    cleanups.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

describe('lumberjack output', () => {
  it('sends what the codec makes as field line, compressed, as Logstash does', async () => {
    const { port, context } = await receiver();
    const output = create(port);
    expect(await output.write(numbered(3), signal)).toBeUndefined();
    const first = context.writer.runs[0]!.bytes;
    expect(first.toString('latin1')).toBe('1D\0\0\0\x01\0\0\0\x01\0\0\0\x04line\0\0\0\x02m1');
    expect(received(context).map((event) => event.fields['message'])).toEqual(['m1', 'm2', 'm3']);
  });

  it('sends whole events with metadata in version 2', async () => {
    const { port, context } = await receiver();
    const output = create(port, { protocol_version: 2, compression_level: 0 });
    const fields = {
      '@timestamp': '2026-11-20T09:00:00.000Z',
      n: 12345678901234567890n,
      gone: undefined,
      a: { b: [1] },
    };
    await output.write(
      [new Event({ ...fields }, { beat: 'x', gone: undefined }), new Event({}, { y: 1 })],
      signal,
    );
    expect(context.writer.runs.map(({ bytes }) => bytes.toString('utf8', 10))).toEqual([
      '{"@timestamp":"2026-11-20T09:00:00.000Z","n":12345678901234567890,"a":{"b":[1]},"@metadata":{"beat":"x"}}',
      '{"@metadata":{"y":1}}',
    ]);
    const [event] = received(context);
    expect(withoutRemoved(event!.metadata!)).toEqual({ beat: 'x' });
  });

  it('splits batches into windows of flush_size and keeps several under way', async () => {
    const { port, context } = await receiver();
    const output = create(port, { protocol_version: 2, flush_size: 10 });
    await Promise.all(Array.from({ length: 20 }, async () => output.write(numbered(25), signal)));
    expect(context.writer.count).toBe(500);
  });

  it('waits for the acknowledgement, and is told of every event that must be sent again', async () => {
    const port = await scripted((socket, connection) => {
      if (connection > 1) {
        socket.write(encodeAck(V2, 3));
        return;
      }
      socket.write(Buffer.concat([encodeAck(V2, 0), encodeAck(V2, 1)]));
      setTimeout(() => socket.destroy(), 20);
    });
    const output = create(port, { protocol_version: 2 });
    const failures = (await output.write(numbered(3), signal))!;
    expect(failures.map(({ index, kind }) => `${index} ${kind}`)).toEqual(['1 retry', '2 retry']);
    expect(failures[0]!.reason).toBe('the receiver closed the connection');
    expect(await output.write(numbered(3), signal)).toBeUndefined();
  });

  it('frees every batch that waits when the connection breaks', async () => {
    const port = await scripted((socket, connection) => {
      if (connection === 1) setTimeout(() => socket.destroy(), 20);
      else socket.write(encodeAck(V2, 1));
    });
    const output = create(port);
    const results = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const failures = await output.write(numbered(1), signal);
        return failures === undefined ? 'ok' : failures[0]!.kind;
      }),
    );
    expect(results.sort()).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'retry']);
  });

  it.each([
    ['garbage', Buffer.from('HTTP/1.1 400'), /no acknowledgement/],
    ['too much', encodeAck(V2, 9), /event 9 of 1 was acknowledged/],
  ])('gives up receivers that answer %s', async (_, answer, reason) => {
    const port = await scripted((socket) => socket.write(answer));
    const failures = (await create(port).write(numbered(1), signal))!;
    expect(failures[0]!.reason).toMatch(reason);
  });

  it('gives up receivers that do not answer', async () => {
    const port = await scripted(() => {});
    const failures = (await create(port, { timeout: 0.5 }).write(numbered(1), signal))!;
    expect(failures[0]!.reason).toBe('no acknowledgement within 0.5 seconds');
  });

  it('tries the other hosts, and says when none answers', async () => {
    const { port, intake, context } = await receiver();
    const output = create(port, { hosts: ['127.0.0.2', '127.0.0.1', '127.0.0.3'], reconnect_interval: 0 });
    await output.write(numbered(1), signal);
    expect(context.writer.count).toBe(1);
    await intake.close();
    await expect(create(port).write(numbered(1), signal)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('closes while it waits', async () => {
    const port = await scripted(() => {});
    const output = create(port);
    const stop = new AbortController();
    const writes = [1, 2].map(() => Promise.resolve(output.write(numbered(1), stop.signal)));
    const settled = Promise.allSettled(writes);
    await new Promise((resolve) => setTimeout(resolve, 30));
    stop.abort();
    await output.close();
    const [first, second] = await settled;
    expect(first).toMatchObject({
      status: 'fulfilled',
      value: [{ kind: 'retry', reason: 'the output is closed' }],
    });
    expect(second!.status).toBe('rejected');
    await output.close();
  });
});

describe('over TLS', () => {
  let certificates: TestCertificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => certificates.remove());

  it('trusts ssl_certificate without looking at the name, and shows its own', async () => {
    const { port, context } = await receiver({
      ssl_enabled: true,
      ssl_certificate: certificates.server.cert,
      ssl_key: certificates.server.key,
      ssl_certificate_authorities: [certificates.ca],
      ssl_client_authentication: 'required',
    });
    const trust = { ssl_enabled: true, ssl_certificate: certificates.ca };
    await expect(create(port, trust).open!(signal)).rejects.toThrow(/demands a client certificate/);
    const { cert, key } = certificates.client;
    const output = create(port, { ...trust, ssl_client_certificate: cert, ssl_client_key: key });
    await output.write(numbered(2), signal);
    expect(context.writer.count).toBe(2);
    await expect(
      create(port, { ...trust, ssl_certificate: certificates.strangerCa }).open!(signal),
    ).rejects.toThrow(/unknown authority/);
  });
});
