/** How the suite runs each input and how it sends to it. Minimal options for checks stand in minimal-options.ts. */
import dgram from 'node:dgram';
import { appendFileSync } from 'node:fs';
import { request } from 'node:http';
import net from 'node:net';
import { Event } from '../../src/event/event.ts';
import { encodeEvents } from '../../src/event/event-encoding.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { AckReader, encodeJson, encodeWindow, V2 } from '../../src/lib/lumberjack/lumberjack.ts';
import { DeadLetterQueue } from '../../src/queue/dead-letter-queue.ts';
import { deadLetterDirectory } from '../../src/queue/dead-letter-segments.ts';
import type { Store } from '../../src/store/store.ts';

/** What a running input offers to its sender. */
export interface Target {
  /** Where it listens. */
  readonly port: number;
  /** A folder of this run. */
  readonly folder: string;
  /** The event store of the suite. */
  readonly store: () => Promise<Store>;
  /** What it gave to `context.receive`. */
  readonly receive: (bytes: Uint8Array, ends: Int32Array, accepted: () => void) => void;
}

export interface Sender {
  /** Resolves when the input says that it has the texts, or, if it never says so, when they are on their way. */
  send(texts: readonly string[]): Promise<void>;
  close(): void;
}

export interface InputRow {
  /** Options for a run, as in a config; FOLDER stands for a folder of the run. */
  readonly run: string;
  /** Left out: it makes its events itself, without end. */
  readonly connect?: (target: Target) => Promise<Sender>;
  /** Its senders wait for an answer. */
  readonly answers?: true;
  /** Remembers what was delivered, and reads from there after a start. */
  readonly remembers?: true;
  /** Can not make its senders wait. */
  readonly drops?: true;
  /** Whatever comes in is from Millrace itself. */
  readonly trusted?: true;
  /** Texts, and how long each is, that no buffer on the way takes whole. */
  readonly flood?: { readonly count: number; readonly length: number };
  /** Why the suite does not run it in its own process. */
  readonly elsewhere?: string;
}

/** More than the buffers of two sockets. */
const socketFlood = { count: 12_000, length: 1_000 };
const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');

async function connected(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('error', () => {});
  return socket;
}

const stream =
  (line: (text: string) => string) =>
  async ({ port }: Target): Promise<Sender> => {
    const socket = await connected(port);
    return {
      send: (texts) => new Promise((resolve) => socket.write(lines(texts.map(line)), () => resolve())),
      close: () => socket.destroy(),
    };
  };

/** Windows of a hundred, each sent when the one before is acknowledged. */
async function beats({ port }: Target): Promise<Sender> {
  const socket = await connected(port);
  const reader = new AckReader();
  let acked: ((sequence: number) => void) | undefined;
  socket.on('data', (chunk: Buffer) => reader.push(chunk, (sequence) => acked?.(sequence)));
  return {
    async send(texts) {
      for (let at = 0; at < texts.length; at += 100) {
        const window = texts.slice(at, at + 100).map((message) => JSON.stringify({ message }));
        socket.write(Buffer.concat([encodeWindow(V2, window.length), encodeJson(window)]));
        await new Promise<void>((resolve, reject) => {
          acked = (sequence) => {
            if (sequence === window.length) resolve();
          };
          socket.once('close', () => reject(new Error('closed before the acknowledgement')));
        });
      }
    },
    close: () => socket.destroy(),
  };
}

async function http({ port }: Target): Promise<Sender> {
  let closed = false;
  const post = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request({
        host: '127.0.0.1',
        port,
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
      });
      sent.on('response', (answer) => {
        answer.resume();
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`the answer is ${answer.statusCode}`));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  return {
    async send(texts) {
      for (const text of texts) if (!closed) await post(text);
    },
    close() {
      closed = true;
    },
  };
}

async function pipeline({ receive }: Target): Promise<Sender> {
  return {
    async send(texts) {
      for (let at = 0; at < texts.length; at += 10) {
        const { bytes, ends } = encodeEvents(
          texts.slice(at, at + 10).map((message) => new Event({ message })),
        );
        await new Promise<void>((resolve) => receive(bytes, ends, resolve));
      }
    },
    close() {},
  };
}

async function udp({ port }: Target): Promise<Sender> {
  const socket = dgram.createSocket('udp4');
  return {
    async send(texts) {
      for (const text of texts) await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
    },
    close: () => socket.close(),
  };
}

async function file({ folder }: Target): Promise<Sender> {
  return {
    async send(texts) {
      appendFileSync(`${folder}/in.log`, lines(texts));
    },
    close() {},
  };
}

async function deadLetters({ folder }: Target): Promise<Sender> {
  const queue = new DeadLetterQueue({
    directory: deadLetterDirectory(folder, 'main'),
    writer: 0,
    writers: 1,
    maxBytes: 1 << 30,
    storagePolicy: 'block',
    retainAge: undefined,
    logger: silentLogger,
    health() {},
    counted() {},
  });
  const letter = { entryTime: 0, pluginKind: 'output', pluginName: 'http', pluginId: 'out', reason: 'no' };
  return {
    send: (texts) => queue.add(texts.map((message) => ({ ...letter, event: new Event({ message }) }))),
    close: () => void queue.close(),
  };
}

async function stored({ folder, store }: Target): Promise<Sender> {
  const to = await store();
  return {
    async send(texts) {
      const documents = texts.map((message) => JSON.stringify({ message, folder }));
      const source = Buffer.from(documents.join(''));
      let end = 0;
      const ends = Int32Array.from(documents, (document) => (end += Buffer.byteLength(document)));
      await to.bulk({ source, ends, operations: { action: 'index', index: 'sent' } });
    },
    close() {},
  };
}

const beatsRow: InputRow = {
  run: 'host => "127.0.0.1" port => 0',
  connect: beats,
  answers: true,
  flood: { count: 500, length: 100 },
};

export const inputTable: Readonly<Record<string, InputRow>> = {
  beats: beatsRow,
  dead_letter_queue: {
    run: 'path => "FOLDER" sincedb_path => "FOLDER/sincedb"',
    connect: deadLetters,
    remembers: true,
    trusted: true,
    flood: { count: 1_000, length: 1_000 },
  },
  elastic_agent: beatsRow,
  file: {
    run: 'path => "FOLDER/*.log" start_position => "beginning" sincedb_path => "FOLDER/sincedb" stat_interval => "10 ms" sincedb_write_interval => "1 ms"',
    connect: file,
    remembers: true,
    flood: { count: 5_000, length: 1_000 },
  },
  generator: { run: '' },
  heartbeat: { run: 'interval => 0.001' },
  pipeline_stats: { run: 'interval => 0.001' },
  http: {
    run: 'host => "127.0.0.1" port => 0',
    connect: http,
    answers: true,
    flood: { count: 20, length: 1_000 },
  },
  pipeline: {
    run: 'address => "here"',
    connect: pipeline,
    answers: true,
    trusted: true,
    flood: { count: 100, length: 100 },
  },
  stdin: { run: '', elsewhere: 'it reads standard input: see stdio.test.ts' },
  store: {
    run: `query => 'folder: "FOLDER"' sincedb_path => "FOLDER/sincedb" interval => "10 ms"`,
    connect: stored,
    remembers: true,
    flood: { count: 3_000, length: 1_000 },
  },
  syslog: {
    run: 'host => "127.0.0.1" port => 0',
    connect: stream((text) => `<13>Nov 20 10:00:00 host app: ${text}`),
    flood: socketFlood,
  },
  tcp: {
    run: 'host => "127.0.0.1" port => 0 dns_reverse_lookup_enabled => false',
    connect: stream((text) => text),
    flood: socketFlood,
  },
  udp: { run: 'host => "127.0.0.1" port => 0', connect: udp, drops: true },
};
