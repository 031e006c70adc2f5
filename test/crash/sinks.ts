/** Where events go: an HTTP server, a Lumberjack receiver, a file. They can be slow, refuse, or break connections. */
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeAck, FrameReader, sequenceOf, V2 } from '../../src/lib/lumberjack/lumberjack.ts';
import type { Delivery, Ledger } from './ledger.ts';
import type { Random } from './random.ts';

export type SinkMode = 'well' | 'refuses' | 'slow' | 'breaks';

export interface Sink {
  /** The output in the config. */
  readonly output: string;
  mode: SinkMode;
  /** Reads what has come, where nothing calls. */
  readMore(): void;
  /** The process was killed: resolves when all it wrote is read. */
  afterKill(): Promise<void>;
  close(): Promise<void>;
}

const listen = (server: net.Server): Promise<void> =>
  new Promise((done) => server.listen(0, '127.0.0.1', done));
const untilAlone = async (server: net.Server): Promise<void> => {
  const open = (): Promise<number> =>
    new Promise((done) => server.getConnections((_error, count) => done(count)));
  for (let left = 500; left > 0 && (await open()) > 0; left--) await delay(2);
};
const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port;

/** What happens to something that has just been taken. */
function answer(mode: SinkMode, random: Random, delivery: Delivery, yes: () => void, no: () => void): void {
  const settle = (): void => {
    delivery.answeredAt = performance.now();
    yes();
  };
  if (mode === 'slow') setTimeout(settle, random.whole(10, 80));
  else if (mode === 'breaks' && random.next() < 0.1) {
    delivery.broken = true;
    no();
  } else settle();
}

export async function httpSink(ledger: Ledger, random: Random): Promise<Sink> {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (sink.mode === 'refuses') {
        response.writeHead(503).end();
        return;
      }
      const delivery: Delivery = { answeredAt: Infinity, broken: false };
      for (const { message } of JSON.parse(Buffer.concat(chunks).toString()) as { message: string }[])
        ledger.arrived(message, delivery);
      answer(
        sink.mode,
        random,
        delivery,
        () => response.end('ok'),
        () => request.socket.destroy(),
      );
    });
  });
  await listen(server);
  const sink: Sink = {
    output: `http { url => "http://127.0.0.1:${portOf(server)}/" http_method => post format => json_batch }`,
    mode: 'well',
    readMore() {},
    afterKill: () => untilAlone(server),
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return sink;
}

export async function lumberjackSink(ledger: Ledger, random: Random): Promise<Sink> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    if (sink.mode === 'refuses') {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let left = 0;
    let delivery: Delivery;
    const reader = new FrameReader({
      window: (_version, count) => {
        left = count;
        delivery = { answeredAt: Infinity, broken: false };
      },
      frames: (bytes, ends, count) => {
        for (let at = 0; at < count; at++) {
          const start = at === 0 ? 0 : ends[at - 1]!;
          const { message } = JSON.parse(bytes.toString('utf8', start + 10, ends[at]!));
          ledger.arrived(message, delivery);
          if (--left > 0) continue;
          const ack = encodeAck(V2, sequenceOf(bytes, start));
          answer(
            sink.mode,
            random,
            delivery,
            () => socket.write(ack),
            () => socket.destroy(),
          );
        }
      },
      compressed: () => ledger.problem('a compressed window came, though compression is off'),
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
  });
  await listen(server);
  const sink: Sink = {
    output: `lumberjack { hosts => ["127.0.0.1"] port => ${portOf(server)} ssl_enabled => false protocol_version => 2 compression_level => 0 reconnect_interval => 0 }`,
    mode: 'well',
    readMore() {},
    afterKill: () => untilAlone(server),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
  return sink;
}

/** Lines of a file, read after each kill; never refuses, and answers at once. */
export function fileSink(path: string, ledger: Ledger): Sink {
  let read = 0;
  const readMore = (): void => {
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const end = bytes.lastIndexOf(10) + 1;
    const delivery: Delivery = { answeredAt: performance.now(), broken: false, torn: true };
    for (const line of bytes.toString('utf8', read, end).split('\n').slice(0, -1))
      ledger.arrived(line, delivery);
    read = end;
  };
  return {
    output: `file { path => "${path}" codec => line { format => "%{message}" } }`,
    mode: 'well',
    readMore,
    async afterKill() {
      readMore();
    },
    async close() {},
  };
}
