/**
 * Senders that go on whatever happens at the other end: they connect again, and those that get answers send again what
 * was not answered, as Beats do. They note in the ledger what was answered.
 */
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import {
  AckReader,
  encodeCompressed,
  encodeJson,
  encodeWindow,
  V2,
} from '../../src/lib/lumberjack/lumberjack.ts';
import { eventText, type Ledger } from './ledger.ts';
import type { Random } from './random.ts';

const AGAIN_MS = 15;

export interface Sender {
  /** Resolves when it has sent what it began, and all that can be answered is. */
  stop(): Promise<void>;
}

/** Windows of up to 120 events, two under way, every second one compressed. */
export class LumberjackLoad implements Sender {
  readonly #name: string;
  readonly #port: number;
  readonly #ledger: Ledger;
  readonly #random: Random;
  #stopping = false;
  readonly #ended: Promise<void>;
  /** Begun and not answered, oldest first, with the attempts so far. */
  #open: { number: number; attempt: number }[] = [];

  constructor(name: string, port: number, ledger: Ledger, random: Random) {
    this.#name = name;
    this.#port = port;
    this.#ledger = ledger;
    this.#random = random;
    ledger.open(name, 'lumberjack');
    this.#ended = this.#run();
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopping || this.#open.length > 0) {
      await this.#connection();
      await delay(AGAIN_MS);
    }
  }

  /** Sends windows until the connection is gone. */
  #connection(): Promise<void> {
    return new Promise((resolve) => {
      const socket = net.connect(this.#port, '127.0.0.1');
      const reader = new AckReader();
      const windows: { events: { number: number; attempt: number }[]; done: number }[] = [];
      // What is open from an earlier connection goes first.
      let again = this.#open.splice(0);
      let closed = false;
      const fill = (): void => {
        if (closed) return;
        while (windows.length < 2) {
          const size = this.#random.whole(1, 120);
          const events = again.slice(0, size);
          again = again.slice(size);
          if (events.length === 0 && this.#stopping) break;
          if (events.length === 0)
            for (let at = 0; at < size; at++)
              events.push({ number: this.#ledger.next(this.#name), attempt: 0 });
          for (const event of events) event.attempt++;
          windows.push({ events, done: 0 });
          socket.write(this.#encode(events));
        }
        if (windows.length === 0) socket.end();
      };
      socket.on('connect', fill);
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) =>
        reader.push(chunk, (sequence) => {
          const window = windows[0];
          if (sequence === 0 || window === undefined) return;
          for (; window.done < sequence; window.done++)
            this.#ledger.answered(this.#name, window.events[window.done]!.number);
          if (window.done < window.events.length) return;
          windows.shift();
          setTimeout(fill, this.#random.whole(5, 25));
        }),
      );
      socket.on('close', () => {
        closed = true;
        this.#open = [...windows.flatMap(({ events, done }) => events.slice(done)), ...again];
        resolve();
      });
    });
  }

  #encode(events: readonly { number: number; attempt: number }[]): Buffer {
    const frames = encodeJson(
      events.map(({ number, attempt }) =>
        JSON.stringify({ message: eventText(this.#name, number, attempt) }),
      ),
    );
    const window = encodeWindow(V2, events.length);
    if (this.#random.next() < 0.5) return Buffer.concat([window, frames]);
    return Buffer.concat([window, encodeCompressed(V2, deflateSync(frames, { level: 1 }))]);
  }
}

/** One request after the other, each a JSON array of up to thirty events. */
export class HttpLoad implements Sender {
  readonly #name: string;
  readonly #port: number;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  #stopping = false;
  readonly #ended: Promise<void>;

  constructor(name: string, port: number, ledger: Ledger, random: Random) {
    this.#name = name;
    this.#port = port;
    this.#ledger = ledger;
    this.#random = random;
    ledger.open(name, 'http');
    this.#ended = this.#run();
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const numbers = Array.from({ length: this.#random.whole(1, 30) }, () => this.#ledger.next(this.#name));
      for (let attempt = 1; !(await this.#post(numbers, attempt)); attempt++) await delay(AGAIN_MS);
      for (const number of numbers) this.#ledger.answered(this.#name, number);
      await delay(this.#random.whole(0, 5));
    }
    this.#agent.destroy();
  }

  /** Was it answered with 200? */
  #post(numbers: readonly number[], attempt: number): Promise<boolean> {
    const body = JSON.stringify(
      numbers.map((number) => ({ message: eventText(this.#name, number, attempt) })),
    );
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const request = http.request(
        { host: '127.0.0.1', port: this.#port, method: 'POST', agent: this.#agent, headers },
        (response) => {
          response.resume();
          response.on('close', () => resolve(response.statusCode === 200 && response.complete));
        },
      );
      request.on('error', () => resolve(false));
      request.end(body);
    });
  }
}

/** One TCP connection, and what was written. */
export interface TcpConnection {
  /** The sender's name in the ledger. */
  readonly name: string;
  lines: number;
  /** It broke: it was not ended by us. */
  cut: boolean;
}

/** Lines without any answer, some every few milliseconds; every connection is a sender of its own in the ledger. */
export class TcpLoad implements Sender {
  readonly #name: string;
  readonly #port: number;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly connections: TcpConnection[] = [];
  #stopping = false;
  readonly #ended: Promise<void>;

  constructor(name: string, port: number, ledger: Ledger, random: Random) {
    this.#name = name;
    this.#port = port;
    this.#ledger = ledger;
    this.#random = random;
    this.#ended = this.#run();
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.#connection();
      await delay(AGAIN_MS);
    }
  }

  async #connection(): Promise<void> {
    const socket = net.connect(this.#port, '127.0.0.1');
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.resume();
    const connected = await Promise.race([
      closed.then(() => false),
      new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true))),
    ]);
    if (!connected) return;
    const connection: TcpConnection = {
      name: `${this.#name}-${this.connections.length + 1}`,
      lines: 0,
      cut: false,
    };
    this.#ledger.open(connection.name, 'tcp');
    this.connections.push(connection);
    while (!this.#stopping && !socket.destroyed) {
      if (!socket.writableNeedDrain) {
        let text = '';
        for (let left = this.#random.whole(1, 20); left > 0; left--) {
          connection.lines = this.#ledger.next(connection.name);
          text += `${eventText(connection.name, connection.lines, 1)}\n`;
        }
        socket.write(text);
      }
      await delay(this.#random.whole(2, 8));
    }
    connection.cut = socket.destroyed;
    socket.end();
    await closed;
  }
}
