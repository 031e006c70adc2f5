import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { TestWriter } from '../../../test/support/writer.ts';
import { SyslogFramer } from '../syslog/framer.ts';
import { HeldBytes } from './held-bytes.ts';
import { LineFramer } from './line-framer.ts';
import { ReadGate } from './read-gate.ts';
import { type Framer, StreamConnection } from './stream-connection.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that reads connections as inputs do, with so many bytes for all unfinished records. */
async function serve(limit: number, framer: () => Framer) {
  const writer = new TestWriter();
  const held = new HeldBytes(limit);
  const gate = new ReadGate(writer, held);
  let peers = 0;
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    new StreamConnection(socket, { key: `peer ${peers++}` }, framer(), writer, gate);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const connect = (): Promise<net.Socket> =>
    new Promise((done) => {
      const socket = net.connect(port, '127.0.0.1', () => done(socket));
      socket.on('error', () => {});
      closing.push(() => socket.destroy());
    });
  return { writer, held, connect };
}

test('unfinished lines of many senders are bounded together: the longest go on in pieces, nothing is lost', async () => {
  const { writer, held, connect } = await serve(100_000, () => new LineFramer(Buffer.from('\n'), 1 << 20));
  const sockets = await Promise.all(Array.from({ length: 50 }, connect));
  let most = 0;
  for (let round = 0; round < 20; round++) {
    for (const [at, socket] of sockets.entries()) socket.write(`${at % 10}`.repeat(at < 5 ? 1000 : 100));
    await new Promise((done) => setImmediate(done));
    most = Math.max(most, held.total);
  }
  for (const socket of sockets) socket.end('\n');
  await writer.until(() => totalOf(writer) === 20 * (5 * 1000 + 45 * 100) + 50);
  expect(most).toBeGreaterThan(40_000);
  expect(most).toBeLessThanOrEqual(100_000);
  await expect.poll(() => held.total).toBe(0);
  for (const { bytes } of writer.runs) expect(new Set(bytes.toString().trimEnd()).size).toBeLessThan(2);
});

test('counted octets are bounded, too', async () => {
  const { writer, held, connect } = await serve(10_000, () => new SyslogFramer(1 << 20));
  const sockets = await Promise.all(Array.from({ length: 10 }, connect));
  for (const socket of sockets) socket.write(`100000 <13>${'x'.repeat(5000)}`);
  await writer.until(() => totalOf(writer) >= 30_000);
  await expect.poll(() => totalOf(writer) + held.total).toBe(50_040);
  expect(held.total).toBeLessThanOrEqual(10_000);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => [totalOf(writer), held.total]).toEqual([50_040, 0]);
});

test('a full queue stops those that were cut', async () => {
  const { writer, held, connect } = await serve(10_000, () => new LineFramer(Buffer.from('\n'), 1 << 20));
  writer.setFull(true);
  const socket = await connect();
  // More than the buffers of two sockets.
  socket.write('x'.repeat(20_000_000));
  await writer.until(() => totalOf(writer) > 0);
  await new Promise((done) => setTimeout(done, 100));
  expect(totalOf(writer) + held.total).toBeLessThan(500_000);
  writer.setFull(false);
  await expect.poll(() => totalOf(writer) + held.total, { timeout: 3000 }).toBe(20_000_000);
});

const totalOf = (writer: TestWriter): number => writer.runs.reduce((sum, { bytes }) => sum + bytes.length, 0);
