import dgram from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import type { Sender } from './record.ts';
import { Upstreams } from './upstreams.ts';

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

interface Fixture {
  readonly upstreams: Upstreams;
  readonly received: { text: string; port: number }[];
  readonly replies: string[];
  readonly failures: string[];
  readonly server: dgram.Socket;
}

async function fixture(maxSenders: number, idleMs = 60_000): Promise<Fixture> {
  const server = dgram.createSocket('udp4');
  const received: Fixture['received'] = [];
  server.on('message', (bytes, from) => {
    received.push({ text: bytes.toString(), port: from.port });
    server.send(`answer to ${bytes}`, from.port, from.address);
  });
  await new Promise<void>((done) => server.bind(0, '127.0.0.1', done));
  const replies: string[] = [];
  const failures: string[] = [];
  const upstreams = new Upstreams({
    host: '127.0.0.1',
    port: server.address().port,
    maxSenders,
    idleMs,
    onReply: (bytes, to) => replies.push(`${to.port}: ${bytes}`),
    onFailure: (error) => failures.push(error.code ?? error.message),
    onUnsendable: () => failures.push('unsendable'),
  });
  await upstreams.resolve();
  open.push(upstreams);
  return { upstreams, received, replies, failures, server };
}

async function until(condition: () => unknown): Promise<void> {
  for (const end = Date.now() + 3000; !condition(); await new Promise((done) => setTimeout(done, 5)))
    if (Date.now() > end) throw new Error('not within 3 s');
}

const sender = (port: number): Sender => ({ address: '127.0.0.1', port });

test('each sender has a socket of its own, keeps its order from the first datagram on, and gets its answers', async () => {
  const { upstreams, received, replies, server } = await fixture(10);
  for (let number = 0; number < 50; number++)
    for (const port of [1, 2]) upstreams.send(sender(port), Buffer.from(`${port}-${number}`));
  await until(() => replies.length === 100);
  for (const port of [1, 2]) {
    const mine = received.filter(({ text }) => text.startsWith(`${port}-`));
    expect(mine.map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, at) => `${port}-${at}`));
    expect(new Set(mine.map((each) => each.port)).size).toBe(1);
    expect(replies.filter((reply) => reply.startsWith(`${port}: answer to ${port}-`))).toHaveLength(50);
  }
  server.close();
});

test('forged senders: sockets are bounded, every datagram is forwarded, those in use keep theirs', async () => {
  const { upstreams, received, replies, server } = await fixture(5);
  for (let port = 1; port <= 200; port++) upstreams.send(sender(port), Buffer.from(`from ${port}`));
  await until(() => received.length === 200);
  expect(upstreams.count).toBe(5);
  expect(new Set(received.map(({ port }) => port)).size).toBe(6);
  await until(() => replies.length === 5);
  server.close();
});

test('a socket that is not used is closed', async () => {
  const { upstreams, received, server } = await fixture(5, 30);
  upstreams.send(sender(1), Buffer.from('one'));
  await until(() => received.length === 1);
  await new Promise((done) => setTimeout(done, 40));
  upstreams.expire();
  expect(upstreams.count).toBe(0);
  upstreams.send(sender(1), Buffer.from('two'));
  await until(() => received.length === 2);
  server.close();
});

test('a server that is not there is a failure; a datagram that is too large is its own', async () => {
  const { upstreams, failures, received, server } = await fixture(5);
  upstreams.send(sender(1), Buffer.alloc(65_520));
  await until(() => failures.length > 0);
  expect(failures).toEqual(['unsendable']);
  upstreams.send(sender(1), Buffer.from('small'));
  await until(() => received.length === 1);
  await new Promise<void>((done) => server.close(done));
  upstreams.send(sender(1), Buffer.from('void'));
  await until(() => failures.length > 1);
  expect(failures[1]).toBe('ECONNREFUSED');
});
