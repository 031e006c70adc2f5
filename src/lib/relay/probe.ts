/**
 * Asks the other end of a relay, over one TCP connection that is kept, whether the receiver lives. The protocol is
 * lines: the question is `alive?`, the answer `alive TOKEN` (another token is another process) or `dead REASON`.
 */
import { connect, type Socket } from 'node:net';

export interface ProbeSettings {
  readonly host: string;
  readonly port: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** A question is about to be asked. */
  readonly onAsk: () => void;
  readonly onAlive: (token: string) => void;
  readonly onDead: (reason: string) => void;
}

export const QUESTION = 'alive?';
export const MAX_LINE_BYTES = 512;

export class Probe {
  readonly #settings: ProbeSettings;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timeout: NodeJS.Timeout | undefined;
  #line = '';
  #asked = false;
  #closed = false;

  constructor(settings: ProbeSettings) {
    this.#settings = settings;
  }

  start(): void {
    this.#ask();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#timeout);
    this.#socket?.destroy();
  }

  #ask(): void {
    const { host, port, timeoutMs, onAsk } = this.#settings;
    const startedAt = performance.now();
    onAsk();
    this.#asked = true;
    this.#timeout = setTimeout(() => {
      this.#failed(`no answer from ${host}:${port} within ${timeoutMs} ms`);
    }, timeoutMs);
    this.#timer = setTimeout(
      () => {
        if (this.#asked) this.#failed(`no answer from ${host}:${port}`);
        this.#ask();
      },
      Math.max(this.#settings.intervalMs, 10) - (performance.now() - startedAt),
    );
    this.#socket ??= this.#connect();
    this.#socket.write(`${QUESTION}\n`);
  }

  #connect(): Socket {
    const { host, port } = this.#settings;
    const socket = connect({ host, port, noDelay: true });
    this.#line = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#read(socket, text));
    socket.on('error', (error) => this.#lost(socket, error.message || 'the connection failed'));
    socket.on('close', () => this.#lost(socket, `${host}:${port} closed the connection`));
    return socket;
  }

  #read(socket: Socket, text: string): void {
    if (socket !== this.#socket) return;
    this.#line += text;
    for (let end = this.#line.indexOf('\n'); end >= 0; end = this.#line.indexOf('\n')) {
      const line = this.#line.slice(0, end).trim();
      this.#line = this.#line.slice(end + 1);
      this.#answer(line);
      if (socket !== this.#socket) return;
    }
    if (this.#line.length > MAX_LINE_BYTES) this.#failed('the answer is no line of text');
  }

  #answer(line: string): void {
    const [, word, rest] = /^(\S*) ?(.*)$/.exec(line)!;
    if (word === 'alive' && this.#asked) {
      this.#answered();
      this.#settings.onAlive(rest!.slice(0, 64));
    } else if (word === 'dead' && this.#asked) {
      this.#answered();
      // It may be shown on a terminal.
      this.#settings.onDead(rest!.replace(/[^\x20-\x7e]/g, '?').slice(0, 200) || 'no reason given');
    } else if (word !== 'alive' && word !== 'dead') {
      const { host, port } = this.#settings;
      this.#failed(`${host}:${port} does not answer as "millrace relay --answer" does`);
    }
  }

  #answered(): void {
    this.#asked = false;
    clearTimeout(this.#timeout);
  }

  #lost(socket: Socket, reason: string): void {
    // The connection is a probe of its own: when it breaks nobody waits for the next question.
    if (socket === this.#socket) this.#failed(reason);
  }

  #failed(reason: string): void {
    if (this.#closed) return;
    this.#answered();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#settings.onDead(reason);
  }
}
