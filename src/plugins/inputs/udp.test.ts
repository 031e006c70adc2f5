import dgram from 'node:dgram';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createCodec, decoderContext, resolveOptions } from '../../../test/support/plugin.ts';
import { intakeContext, ownFields } from '../../../test/support/writer.ts';
import type { EcsMode, Intake } from '../../kernel/plugin.ts';
import { line } from '../codecs/line.ts';
import { plain } from '../codecs/plain.ts';
import { udp } from './udp.ts';

const open: Intake[] = [];
let sender: dgram.Socket;
beforeAll(() => {
  sender = dgram.createSocket('udp4').unref();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((intake) => intake.close()));
});

async function start(given: Record<string, unknown> = {}, codec = createCodec(plain)) {
  const options = resolveOptions(udp, { host: '127.0.0.1', port: 0, ...given });
  const context = intakeContext();
  const intake = udp.createIntake(options, context) as Intake & { port: number };
  await intake.open(new AbortController().signal);
  open.push(intake);
  return {
    context,
    intake,
    options,
    send: (bytes: string | Buffer) =>
      new Promise((resolve) => sender.send(bytes, intake.port, '127.0.0.1', resolve)),
    events: (ecs: EcsMode = 'disabled') =>
      context.writer.decode(udp.createDecoder(options, decoderContext(codec, { ecs }))).map(ownFields),
  };
}

test('every datagram is an event with the address of its sender', async () => {
  const { context, send, events } = await start();
  await send('one');
  await send('');
  await send('two\n');
  await context.writer.until((writer) => writer.count === 2);
  expect(events()).toEqual([
    { message: 'one', host: '127.0.0.1' },
    { message: 'two\n', host: '127.0.0.1' },
  ]);
});

test('names of the address field', async () => {
  const ecs = await start();
  await ecs.send('one');
  await ecs.context.writer.until((writer) => writer.count === 1);
  expect(ecs.events('v8')).toMatchObject([{ message: 'one', host: { ip: '127.0.0.1' } }]);
  const own = await start({ source_ip_fieldname: '[from][ip]' });
  await own.send('one');
  await own.context.writer.until((writer) => writer.count === 1);
  expect(own.events()).toEqual([{ message: 'one', from: { ip: '127.0.0.1' } }]);
});

test('codec line splits a datagram', async () => {
  const { context, send, events } = await start({}, createCodec(line));
  await send('one\ntwo');
  await context.writer.until((writer) => writer.count === 1);
  expect(events().map((event) => event['message'])).toEqual(['one', 'two']);
});

test('datagrams are cut at buffer_size, which a reload may change', async () => {
  const { context, intake, send } = await start({ buffer_size: 4 });
  await send('123456');
  await context.writer.until((writer) => writer.count === 1);
  intake.update!(resolveOptions(udp, { port: 0, buffer_size: 5 }));
  await send('123456');
  await context.writer.until((writer) => writer.count === 2);
  expect(context.writer.texts()).toEqual(['1234', '12345']);
});

test('without room datagrams are counted for their sender, and the next ones taken again', async () => {
  const { context, send } = await start();
  context.writer.setFull(true);
  await send('lost');
  await context.writer.until((writer) => writer.drops.length === 1);
  expect(context.writer.drops).toEqual([
    { peer: { key: '127.0.0.1', ip: '127.0.0.1' }, reason: 'the queue was full' },
  ]);
  context.writer.setFull(false);
  await send('kept');
  await context.writer.until((writer) => writer.count === 1);
  expect(context.writer.texts()).toEqual(['kept']);
});

test('a burst of 5,000 datagrams fits', async () => {
  const { context, send } = await start();
  for (let index = 0; index < 5_000; index++) await send(String(index));
  await context.writer.until((writer) => writer.count === 5_000);
});

test('says when the kernel grants a smaller buffer', async () => {
  const wanted = 2 ** 31 - 1;
  const { context } = await start({ receive_buffer_bytes: wanted });
  const probe = dgram.createSocket('udp4');
  await new Promise<void>((resolve) => probe.bind(0, '127.0.0.1', resolve));
  let granted = 0;
  try {
    probe.setRecvBufferSize(wanted);
    granted = probe.getRecvBufferSize();
  } catch {
    // refused altogether
  }
  probe.close();
  const expected = granted < wanted ? [expect.stringContaining(`of ${wanted} bytes`)] : [];
  expect(context.log).toEqual(expected);
});

test('a port in use rejects; close may be called twice', async () => {
  const { intake } = await start();
  await expect(start({ port: intake.port })).rejects.toThrow('EADDRINUSE');
  await intake.close();
  await intake.close();
});

test('health says that datagrams are dropped, at once, and that it is over', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const { context, send } = await start();
    context.writer.setFull(true);
    await send('lost');
    await context.writer.until((writer) => writer.drops.length === 1);
    expect(context.healths).toEqual(['1 datagram dropped because the queue was full']);
    for (let at = 0; at < 1499; at++) await send('lost');
    await context.writer.until((writer) => writer.drops.length === 1500);
    vi.advanceTimersByTime(1000);
    expect(context.healths.at(-1)).toBe('1,500 datagrams dropped because the queue was full');
    expect(context.log).toHaveLength(1);
    vi.advanceTimersByTime(9000);
    expect(context.healths).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    expect(context.healths.at(-1)).toBeUndefined();
    expect(context.log.at(-1)).toContain('over for 10 seconds: 1,500 datagrams dropped');
  } finally {
    vi.useRealTimers();
  }
});

test.skipIf(process.platform !== 'linux')('what the kernel drops is counted and told', async () => {
  const { context, send, intake } = await start({ receive_buffer_bytes: 1 });
  const other = await start({ receive_buffer_bytes: 1, host: '127.0.0.2', port: intake.port });
  // Nobody reads meanwhile: sending does not wait for the event loop.
  const sent = Array.from({ length: 200 }, () => send(Buffer.alloc(1000)));
  await Promise.all(sent);
  await expect.poll(() => context.counters['kernel_dropped'], { timeout: 4000 }).toBeGreaterThan(0);
  expect(context.counters['kernel_dropped']! + context.writer.count).toBe(200);
  expect(context.healths.at(-1)).toMatch(/^\d+ datagrams dropped by the kernel/);
  expect(other.context.counters['kernel_dropped']).toBeUndefined();
});
