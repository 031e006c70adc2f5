import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { createCodec, outputContext, resolveOptions } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Output } from '../../kernel/plugin.ts';
import { json } from '../codecs/json.ts';
import { plain } from '../codecs/plain.ts';
import { udp } from './udp.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
const { signal } = new AbortController();

async function receiver(): Promise<{ port: number; got: (count: number) => Promise<string[]> }> {
  const socket: Socket = createSocket('udp4');
  const texts: string[] = [];
  let watch = (): void => {};
  socket.on('message', (bytes) => {
    texts.push(bytes.toString());
    watch();
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  cleanups.push(() => socket.close());
  return {
    port: socket.address().port,
    got: (count) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`got ${texts.length} datagrams`)), 2_000);
        watch = () => {
          if (texts.length < count) return;
          clearTimeout(timer);
          resolve(texts);
        };
        watch();
      }),
  };
}

async function create(options: Record<string, unknown>, codec = createCodec(json)): Promise<Output> {
  const output = udp.create(resolveOptions(udp, { host: '127.0.0.1', ...options }), outputContext(codec));
  cleanups.push(() => output.close());
  await output.open!(signal);
  return output;
}

describe('udp output', () => {
  it('sends every event as a datagram', async () => {
    const { port, got } = await receiver();
    const output = await create({ port: String(port) });
    const events = Array.from({ length: 50 }, (_, n) => new Event({ n }));
    expect(await output.write(events, signal)).toEqual([]);
    expect((await got(50)).sort()).toEqual(events.map(({ fields }) => JSON.stringify(fields)).sort());
  });

  it('takes the port from the event and a name as host', async () => {
    const [one, two] = [await receiver(), await receiver()];
    const output = await create({ host: 'localhost', port: '%{[to][port]}' });
    const failures = await output.write(
      [one.port, two.port, 'nowhere'].map((port) => new Event({ to: { port } })),
      signal,
    );
    expect(failures).toEqual([{ index: 2, kind: 'reject', reason: '`nowhere` is no port' }]);
    expect(await one.got(1)).toEqual([`{"to":{"port":${one.port}}}`]);
    expect(await two.got(1)).toHaveLength(1);
  });

  it('rejects what is too long and sends the rest', async () => {
    const { port, got } = await receiver();
    const output = await create(
      { port: String(port), retry_count: 3 },
      createCodec(plain, { format: '%{message}' }),
    );
    const failures = await output.write(
      [new Event({ message: 'x'.repeat(70_000) }), new Event({ message: 'ok' })],
      signal,
    );
    expect(failures).toEqual([{ index: 0, kind: 'reject', reason: 'too long for a UDP datagram' }]);
    expect(await got(1)).toEqual(['ok']);
  });

  it('tries again as often as it is told, then rejects', async () => {
    // Without SO_BROADCAST the system refuses this address.
    const output = await create({ host: '255.255.255.255', port: '9', retry_count: 2, retry_backoff_ms: 30 });
    const start = performance.now();
    const failures = (await output.write([new Event({ a: 1 }), new Event({ a: 2 })], signal))!;
    expect(failures.map(({ index, kind }) => `${index} ${kind}`).sort()).toEqual(['0 reject', '1 reject']);
    expect(failures[0]!.reason).toMatch(/EACCES|ENETUNREACH/);
    expect(performance.now() - start).toBeGreaterThan(55);
  });

  it('says when a host has no address', async () => {
    await expect(create({ host: 'no-such-host.invalid', port: '9' })).rejects.toThrow(/no-such-host.invalid/);
  });

  it('refuses ports that are none', () => {
    const found: string[] = [];
    for (const port of ['70000', 'abc', '514', '%{port}'])
      udp.validate!(resolveOptions(udp, { host: 'h', port }), (_severity, _option, message) =>
        found.push(message),
      );
    expect(found).toEqual(['`70000` is no port', '`abc` is no port']);
  });

  it('closes twice', async () => {
    const output = await create({ port: '9' });
    await output.close();
    await output.close();
  });
});
