/** How the suite runs each output and what stands at its other end. Minimal options stand in minimal-options.ts. */
import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import { closeSync, constants, existsSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { decodeEvent } from '../../src/event/event-encoding.ts';
import type { Intake, OutputContext } from '../../src/kernel/plugin.ts';
import { plain } from '../../src/plugins/codecs/plain.ts';
import { beats } from '../../src/plugins/inputs/beats.ts';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher } from '../../src/store/embedded/search/searcher.ts';
import { fakeElasticsearch } from '../support/elasticsearch-server.ts';
import { createCodec, decoderContext, resolveOptions } from '../support/plugin.ts';
import { intakeContext } from '../support/writer.ts';

/** What the other end does with what it gets. */
export type Behaviour = 'take' | 'fail' | 'block';

/** The other end of an output. */
export interface Receiver {
  /** Options of the output that lead here, as in a config. */
  readonly options: string;
  /** Parts of the context that lead here. */
  readonly context?: Partial<OutputContext>;
  /** Messages of what it has taken, in order. */
  texts(): string[];
  become(behaviour: Behaviour): Promise<void>;
  /** It wants no event with this message. */
  reject?(message: string): void;
  close(): Promise<void>;
}

export interface OutputRow {
  /** Left out: nothing is at the other end. */
  readonly receive?: (folder: string) => Promise<Receiver>;
  readonly can: {
    /** It can be down, and work again afterwards. */
    readonly fail?: true;
    /** It can take nothing without saying so. */
    readonly block?: true;
    /** It can go on with what it did not take. */
    readonly resume?: true;
    /** It can want some events and not others. */
    readonly reject?: true;
  };
  /** With codec line and format `%{message}` it takes whole lines. */
  readonly passesLines?: true;
  /** Events of one batch may overtake each other. */
  readonly unordered?: true;
  /** A message that is never taken, where that is not the receiver's choice. */
  readonly unsendable?: string;
  /** More at once than this are lost on the way, and nobody knows. */
  readonly lossy?: number;
  /** Why the suite does not run it in its own process. */
  readonly elsewhere?: string;
}

const listen = async (server: net.Server | Server, port = 0): Promise<number> => {
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  );
  return (server.address() as net.AddressInfo).port;
};

/** A real event store behind a door. */
async function store(folder: string): Promise<Receiver> {
  const real = await EmbeddedStore.open({
    folder: join(folder, 'store'),
    searcher: embeddedSearcher,
    memoryLimit: 2 ** 28,
    reserve: 0,
  });
  const taken: string[] = [];
  let behaviour: Behaviour = 'take';
  return {
    options: 'index => "events"',
    context: {
      store: async () => ({
        bulk: async (batch) => {
          if (behaviour === 'fail') throw new Error('the event store has ended');
          while (behaviour === 'block') await new Promise((done) => setTimeout(done, 10));
          const bytes = Buffer.from(Uint8Array.from(batch.source));
          const result = await real.bulk(batch);
          let start = 0;
          for (const end of batch.ends) {
            taken.push(JSON.parse(bytes.toString('utf8', start, end)).message);
            start = end;
          }
          return result;
        },
      }),
    },
    texts: () => taken,
    become: async (next) => {
      behaviour = next;
    },
    close: async () => {
      behaviour = 'take';
      await real.close();
    },
  };
}

/** A TCP server that can go away and come back at its port. */
async function tcp(): Promise<Receiver> {
  let text = '';
  let behaviour: Behaviour = 'take';
  const sockets = new Set<net.Socket>();
  const make = (): net.Server =>
    net.createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      if (behaviour === 'block') socket.pause();
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      if (behaviour === 'block') socket.pause();
    });
  let server = make();
  const port = await listen(server);
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    options: `host => "127.0.0.1" port => ${port} reconnect_interval => 0 codec => line { format => "%{message}" }`,
    texts: () => text.split('\n').slice(0, -1),
    async become(wanted) {
      const before = behaviour;
      behaviour = wanted;
      if (wanted === 'fail') await close();
      else if (before === 'fail') {
        server = make();
        await listen(server, port);
      }
      for (const socket of sockets) {
        if (wanted === 'block') socket.pause();
        else socket.resume();
      }
    },
    close,
  };
}

async function udp(): Promise<Receiver> {
  const texts: string[] = [];
  const socket = dgram.createSocket('udp4');
  socket.on('message', (bytes) => texts.push(String(bytes)));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    options: `host => "127.0.0.1" port => ${socket.address().port} codec => plain { format => "%{message}" }`,
    texts: () => texts,
    become: async () => {},
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** The beats input with a queue that the suite can fill. */
async function lumberjack(): Promise<Receiver> {
  const options = (port: number): never =>
    resolveOptions(beats, { host: '127.0.0.1', port, enrich: ['none'] }) as never;
  const context = intakeContext();
  const { writer } = context;
  const open = async (port: number): Promise<Intake & { port: number }> => {
    const made = beats.createIntake(options(port), context) as Intake & { port: number };
    await made.open(new AbortController().signal);
    return made;
  };
  let intake = await open(0);
  const { port } = intake;
  let behaviour: Behaviour = 'take';
  return {
    options: `hosts => ["127.0.0.1"] port => ${port} ssl_enabled => false reconnect_interval => 0 codec => plain { format => "%{message}" }`,
    texts() {
      const runs = [...writer.runs];
      const events = writer.decode(beats.createDecoder(options(0), decoderContext(createCodec(plain))));
      writer.runs.push(...runs);
      return events.map(({ fields }) => String(fields['line'] ?? fields['message']));
    },
    async become(wanted) {
      const before = behaviour;
      behaviour = wanted;
      if (wanted === 'fail') await intake.close();
      else if (before === 'fail') intake = await open(port);
      writer.setSafe(wanted !== 'block');
      writer.setFull(wanted === 'block');
    },
    async close() {
      writer.setSafe(true);
      writer.setFull(false);
      await intake.close();
    },
  };
}

/** A web server; `answer` says what to do with a request that it takes. */
async function web(
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<{ port: number; become: Receiver['become']; close: Receiver['close'] }> {
  let behaviour: Behaviour = 'take';
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (behaviour === 'block') return;
      if (behaviour === 'fail') response.writeHead(503).end('not now');
      else answer(request, Buffer.concat(chunks).toString(), response);
    });
  });
  const port = await listen(server);
  return {
    port,
    async become(wanted) {
      behaviour = wanted;
      if (wanted !== 'block') server.closeAllConnections();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function http(): Promise<Receiver> {
  const texts: string[] = [];
  const unwanted = new Set<string>();
  const { port, become, close } = await web((_request, body, response) => {
    const { message } = JSON.parse(body) as { message: string };
    if (unwanted.has(message)) response.writeHead(400).end('no');
    else {
      texts.push(message);
      response.writeHead(200).end('ok');
    }
  });
  return {
    options: `url => "http://127.0.0.1:${port}/" http_method => "post"`,
    texts: () => texts,
    become,
    reject: (message) => unwanted.add(message),
    close,
  };
}

async function elasticsearch(): Promise<Receiver> {
  const unwanted = new Set<string>();
  let behaviour: Behaviour = 'take';
  const messageOf = (source: string | undefined): string => {
    const { message } = JSON.parse(source ?? '{}') as { message?: unknown };
    return typeof message === 'string' ? message : JSON.stringify(message);
  };
  const server = await fakeElasticsearch({
    item: ({ source }) =>
      unwanted.has(messageOf(source))
        ? { status: 400, error: { type: 'mapper_parsing_exception' } }
        : undefined,
    instead: () => {
      if (behaviour === 'fail') return { status: 503, body: {} };
      return behaviour === 'block' ? new Promise(() => {}) : undefined;
    },
  });
  return {
    options: `hosts => ["${server.url}"] index => "logs"`,
    texts: () => server.documents.map(({ source }) => messageOf(source)),
    async become(wanted) {
      behaviour = wanted;
    },
    reject: (message) => unwanted.add(message),
    close: () => server.close(),
  };
}

/** A file, and in its place a pipe that nobody empties, or that nobody reads. */
async function file(folder: string): Promise<Receiver> {
  const path = `${folder}/out.log`;
  const earlier: string[] = [];
  let reader: number | undefined;
  const linesOf = (): string[] =>
    existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  let piped = false;
  const release = (): void => {
    if (reader !== undefined) closeSync(reader);
    reader = undefined;
  };
  return {
    options: `path => "${path}" codec => line { format => "%{message}" }`,
    texts: () => [...earlier, ...(piped ? [] : linesOf())],
    async become(behaviour) {
      if (!piped) earlier.push(...linesOf());
      release();
      if (existsSync(path)) unlinkSync(path);
      piped = behaviour !== 'take';
      if (!piped) return;
      execFileSync('mkfifo', [path]);
      if (behaviour === 'block') {
        reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
        // Full from the start.
        const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
        try {
          for (;;) writeFileSync(writer, Buffer.alloc(64 * 1024));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        }
        closeSync(writer);
      }
    },
    close: async () => release(),
  };
}

/** The inputs of other pipelines. */
async function pipeline(): Promise<Receiver> {
  const texts: string[] = [];
  let behaviour: Behaviour = 'take';
  const send: OutputContext['send'] = async (_address, bytes, ends) => {
    if (behaviour === 'fail') return false;
    if (behaviour === 'block') return new Promise(() => {});
    let start = 0;
    for (const end of ends) {
      const { message } = decodeEvent(Buffer.from(bytes.subarray(start, end)).toString()).fields;
      texts.push(typeof message === 'string' ? message : JSON.stringify(message));
      start = end;
    }
    return true;
  };
  return {
    options: 'send_to => ["there"]',
    context: { send },
    texts: () => texts,
    async become(wanted) {
      behaviour = wanted;
    },
    close: async () => {},
  };
}

export const outputTable: Readonly<Record<string, OutputRow>> = {
  elasticsearch: { receive: elasticsearch, can: { fail: true, block: true, reject: true } },
  file: { receive: file, can: { fail: true, block: true }, passesLines: true },
  http: { receive: http, can: { fail: true, block: true, reject: true }, unordered: true },
  lumberjack: { receive: lumberjack, can: { fail: true, block: true, resume: true } },
  null: { can: {} },
  pipeline: { receive: pipeline, can: { fail: true, block: true } },
  sink: { can: {} },
  store: { receive: store, can: { fail: true, block: true } },
  stdout: { can: {}, elsewhere: 'it writes to standard output: see stdio.test.ts' },
  tcp: { receive: tcp, can: { fail: true, block: true, resume: true }, passesLines: true },
  udp: { receive: udp, can: {}, unsendable: 'x'.repeat(70_000), lossy: 100 },
};
