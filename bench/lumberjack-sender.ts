/**
 * Sends compressed windows of Lumberjack 2, built beforehand, and waits for their acknowledgements:
 * `node bench/lumberjack-sender.ts --port N --data FILE [--events 1000000] [--window 2048] [--pipelining 2]
 * [--connections 1] [--level 3]`. With `--ceiling` instead of `--port` it sends to a receiver in a process of its own
 * that looks at nothing but the headers of frames. Prints JSON: events, seconds, events/s, and its own CPU.
 */
import { fork } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { deflateSync } from 'node:zlib';
import {
  AckReader,
  encodeAck,
  encodeCompressed,
  encodeJson,
  encodeWindow,
  V2,
} from '../src/lib/lumberjack/lumberjack.ts';

const { values: args } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string' },
    data: { type: 'string' },
    events: { type: 'string', default: '1000000' },
    window: { type: 'string', default: '2048' },
    pipelining: { type: 'string', default: '2' },
    connections: { type: 'string', default: '1' },
    level: { type: 'string', default: '3' },
    ceiling: { type: 'boolean', default: false },
    sink: { type: 'boolean', default: false },
  },
});

/** Different windows that are sent in turn. */
const WINDOWS = 8;

/** The first lines of a file, without reading all of it. */
function firstLines(path: string, count: number): string[] {
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(4 * 1024 * 1024);
  let text = '';
  let lines: string[] = [];
  for (;;) {
    const read = readSync(file, chunk);
    text += chunk.toString('utf8', 0, read);
    lines = text.split('\n');
    if (lines.length > count || read === 0) break;
  }
  closeSync(file);
  return lines.slice(0, Math.min(count, lines.length - 1));
}

interface Prepared {
  readonly bytes: Buffer;
  readonly count: number;
}

function prepare(lines: readonly string[], size: number): Prepared {
  const frames = encodeJson(lines.slice(0, size));
  const deflated = deflateSync(frames, { level: Number(args.level) });
  return { bytes: Buffer.concat([encodeWindow(V2, size), encodeCompressed(V2, deflated)]), count: size };
}

/** Sends `events` events over one connection. */
function send(
  port: number,
  events: number,
  windows: readonly Prepared[],
  last: Prepared | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, args.host);
    socket.setNoDelay(true);
    const reader = new AckReader();
    const waiting: number[] = [];
    let left = events;
    let next = 0;
    const fill = (): void => {
      while (left > 0 && waiting.length < Number(args.pipelining)) {
        const full = windows[next++ % windows.length]!;
        const window = left >= full.count ? full : last!;
        left -= window.count;
        waiting.push(window.count);
        socket.write(window.bytes);
      }
      if (waiting.length === 0) socket.end(resolve);
    };
    socket.on('connect', fill);
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk, (sequence) => {
        if (sequence !== waiting[0]) return;
        waiting.shift();
        fill();
      });
    });
    socket.on('close', () => {
      if (waiting.length > 0) reject(new Error('the receiver closed the connection'));
    });
  });
}

/** Acknowledges windows without looking into them. */
function sink(): void {
  const server = net.createServer({ noDelay: true }, (socket) => {
    let header = Buffer.alloc(0);
    let skip = 0;
    let window = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      let at = 0;
      while (at < chunk.length) {
        if (skip > 0) {
          const step = Math.min(skip, chunk.length - at);
          skip -= step;
          at += step;
          if (skip === 0) socket.write(encodeAck(V2, window));
          continue;
        }
        const part = chunk.subarray(at, at + 6 - header.length);
        header = Buffer.concat([header, part]);
        at += part.length;
        if (header.length < 6) return;
        if (header[1] === 0x57) window = header.readUInt32BE(2);
        else skip = header.readUInt32BE(2);
        header = Buffer.alloc(0);
      }
    });
  });
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as net.AddressInfo).port));
  process.on('disconnect', () => process.exit());
}

async function main(): Promise<void> {
  const size = Number(args.window);
  const events = Number(args.events);
  const connections = Number(args.connections);
  const lines = firstLines(args.data!, size * WINDOWS);
  if (lines.length < size) throw new Error(`${args.data} has only ${lines.length} lines`);
  const windows: Prepared[] = [];
  for (let start = 0; start + size <= lines.length; start += size)
    windows.push(prepare(lines.slice(start), size));
  const share = Math.floor(events / connections);
  const child = args.ceiling ? fork(fileURLToPath(import.meta.url), ['--sink']) : undefined;
  const port = child
    ? await new Promise<number>((resolve) => child.once('message', (value) => resolve(value as number)))
    : Number(args.port);
  const rest = (count: number): Prepared | undefined =>
    count % size > 0 ? prepare(lines, count % size) : undefined;
  const parts = Array.from({ length: connections }, (_, index) =>
    index === 0 ? share + (events % connections) : share,
  ).map((count) => ({ count, last: rest(count) }));
  const before = process.cpuUsage();
  const started = performance.now();
  await Promise.all(parts.map(({ count, last }) => send(port, count, windows, last)));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const bytes = windows.reduce((sum, window) => sum + window.bytes.length, 0) / (windows.length * size);
  console.log(
    JSON.stringify({
      events,
      seconds: Number(seconds.toFixed(3)),
      eventsPerSecond: Math.round(events / seconds),
      senderCpuMicrosecondsPerEvent: Number(((user + system) / events).toFixed(4)),
      bytesPerEventOnTheWire: Math.round(bytes),
      bytesPerEvent: Math.round(lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / lines.length),
    }),
  );
  child?.disconnect();
}

if (args.sink) sink();
else await main();
