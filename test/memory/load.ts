/**
 * The senders of the memory test, in a process of their own: many connections that send a line, request or window now
 * and then, and some that send as fast as they are let. Told what to do by a `LoadOrder`; reports every second.
 */
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AckReader, encodeJson, encodeWindow, V2 } from '../../src/lib/lumberjack/lumberjack.ts';

export interface LoadOrder {
  readonly pipelines: readonly { readonly tcp: number; readonly http: number; readonly beats: number }[];
  /** Connections of this process that trickle. */
  readonly connections: number;
  /** Fast senders of each kind to each pipeline. */
  readonly fast: number;
}

export interface LoadReport {
  readonly open: number;
  /** Connections that the other side closed. */
  readonly closed: number;
  /** Events given away: written to a socket that took them, answered or not. */
  readonly sent: number;
}

type Kind = 'tcp' | 'http' | 'beats';

/** Of ten connections. */
const KINDS: readonly Kind[] = ['tcp', 'tcp', 'tcp', 'tcp', 'tcp', 'tcp', 'http', 'http', 'beats', 'beats'];
/** Every connection sends once in so many milliseconds: servers close silent ones after a minute. */
const TRICKLE_MS = 30_000;
const TICK_MS = 100;
const OPENED_AT_ONCE = 100;
const LINE = `${'a line of a log that says something '.repeat(6)}\n`;

let [open, closed, sent] = [0, 0, 0];

interface Trickle {
  readonly kind: Kind;
  readonly socket: net.Socket;
  /** An answer is due: a sender waits for it. */
  waits: boolean;
}

function connect(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      open++;
      socket.once('close', () => {
        open--;
        closed++;
      });
      resolve(socket);
    });
  });
}

const windowOf = (events: number): Buffer =>
  Buffer.concat([
    encodeWindow(V2, events),
    encodeJson(Array.from({ length: events }, () => JSON.stringify({ message: LINE.trim() }))),
  ]);

const requestOf = (lines: number): string => {
  const body = LINE.repeat(lines);
  return `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

const bytesOf: Record<Kind, (events: number) => string | Buffer> = {
  tcp: (events) => LINE.repeat(events),
  http: requestOf,
  beats: windowOf,
};

/** Calls back for every answer. */
function onAnswer(kind: Kind, socket: net.Socket, events: number, answered: () => void): void {
  if (kind === 'tcp') {
    socket.resume();
    return;
  }
  const reader = new AckReader();
  socket.on('data', (chunk: Buffer) => {
    if (kind === 'http') answered();
    else reader.push(chunk, (sequence) => sequence === events && answered());
  });
}

async function openTrickles({ pipelines, connections }: LoadOrder): Promise<Trickle[]> {
  const trickles: Trickle[] = [];
  for (let from = 0; from < connections; from += OPENED_AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(OPENED_AT_ONCE, connections - from) }, async (_, at) => {
        const index = from + at;
        const kind = KINDS[index % KINDS.length]!;
        const ports = pipelines[Math.floor(index / KINDS.length) % pipelines.length]!;
        const trickle = { kind, socket: await connect(ports[kind]), waits: false };
        onAnswer(kind, trickle.socket, 1, () => {
          trickle.waits = false;
        });
        trickles.push(trickle);
        // Servers take a connection without any request for an attack after some seconds.
        if (kind === 'http') {
          trickle.waits = true;
          trickle.socket.write(requestOf(1));
          sent++;
        }
      }),
    );
  return trickles;
}

async function keepTrickling(trickles: readonly Trickle[]): Promise<void> {
  const events: Record<Kind, string | Buffer> = {
    tcp: bytesOf.tcp(1),
    http: bytesOf.http(1),
    beats: bytesOf.beats(1),
  };
  const perTick = Math.ceil((trickles.length * TICK_MS) / TRICKLE_MS);
  for (let next = 0; trickles.length > 0; next += perTick) {
    for (let at = next; at < next + perTick; at++) {
      const trickle = trickles[at % trickles.length]!;
      if (trickle.waits || trickle.socket.writableLength > 0) continue;
      trickle.waits = trickle.kind !== 'tcp';
      trickle.socket.write(events[trickle.kind]);
      sent++;
    }
    await delay(TICK_MS);
  }
}

/** As much as the other side takes: lines until the socket is full, one request or two windows without an answer. */
async function sendFast(kind: Kind, port: number): Promise<void> {
  const events = kind === 'beats' ? 1000 : 500;
  const bytes = bytesOf[kind](events);
  const socket = await connect(port);
  const go = (): void => {
    if (socket.destroyed) return;
    sent += events;
    if (socket.write(bytes) && kind === 'tcp') setImmediate(go);
  };
  if (kind === 'tcp') socket.on('drain', go);
  onAnswer(kind, socket, events, () => setTimeout(go, 1));
  go();
  if (kind === 'beats') go();
}

process.once('message', (order: LoadOrder) => void run(order));
process.on('disconnect', () => process.exit());

async function run(order: LoadOrder): Promise<void> {
  const trickles = await openTrickles(order);
  for (const ports of order.pipelines)
    for (let left = order.fast; left > 0; left--)
      for (const kind of ['tcp', 'http', 'beats'] as const) await sendFast(kind, ports[kind]);
  setInterval(() => process.send!({ open, closed, sent } satisfies LoadReport), 1000);
  await keepTrickling(trickles);
}
