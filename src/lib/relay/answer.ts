/** The other end of a relay, on the receiver's host: says over TCP whether the receiver lives. See `probe.ts`. */

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { MAX_LINE_BYTES, QUESTION } from './probe.ts';
import { type Check, checkReceiver, type Verdict } from './receiver-check.ts';

export interface AnswerSettings {
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  readonly port: number;
  readonly checks: readonly Check[];
  readonly onVerdict: (verdict: Verdict) => void;
}

/** Every relay keeps one. */
const MAX_CONNECTIONS = 10_000;
const IDLE_MS = 60_000;
/** However many ask, /proc is read this often at most. */
const FRESH_MS = 100;

export class AnswerServer {
  readonly #settings: AnswerSettings;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #verdict: Verdict | undefined;
  #checkedAt = 0;

  constructor(settings: AnswerSettings) {
    this.#settings = settings;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** @throws the system's error when the port can not be had */
  async open(): Promise<void> {
    const { host, port } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host }, resolve);
    });
    this.#server.on('error', () => {});
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The answer of now; also for those who look without being asked. */
  verdict(): Verdict {
    const now = performance.now();
    if (this.#verdict === undefined || now - this.#checkedAt >= FRESH_MS) {
      this.#checkedAt = now;
      this.#verdict = checkReceiver(this.#settings.checks);
      this.#settings.onVerdict(this.#verdict);
    }
    return this.#verdict;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let text = '';
    socket.setEncoding('latin1');
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.lastIndexOf('\n');
      const lines = end < 0 ? [] : text.slice(0, end).split('\n');
      text = text.slice(end + 1);
      // One that asks and does not read is not served.
      if (text.length > MAX_LINE_BYTES || socket.writableLength > MAX_LINE_BYTES * 16) socket.destroy();
      else if (lines.some((line) => line.trim() !== QUESTION))
        socket.end(`error the question is "${QUESTION}"\n`);
      else if (lines.length > 0) {
        const verdict = this.verdict();
        socket.write(verdict.alive ? `alive ${verdict.token}\n` : `dead ${verdict.reason}\n`);
      }
    });
  }
}
