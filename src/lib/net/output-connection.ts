/** The connection of an output: made when first needed and again when it broke, not more often than allowed. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import type { Logger } from '../../kernel/logger.ts';
import { describeTlsError } from '../tls/tls.ts';

export interface OutputTarget {
  readonly host: string;
  readonly port: number;
}

export interface OutputConnectionSettings {
  /** Tried in random order until one answers. */
  readonly targets: readonly OutputTarget[];
  /** From `clientTls`; undefined: without TLS. */
  readonly tls: tls.ConnectionOptions | undefined;
  /** Seconds between the end of a failed attempt and the next one. */
  readonly reconnectInterval: number;
  readonly logger: Logger;
  /** A new connection, before anything is sent. */
  readonly connected?: (socket: net.Socket) => void;
}

const CONNECT_MS = 10_000;
/**
 * A server of TLS 1.3 judges the client's certificate when the client believes itself connected. Most show that they
 * are content with a session ticket; for others there is this much time to complain before data is sent.
 */
const VERDICT_MS = 300;

export class OutputConnection {
  readonly #settings: OutputConnectionSettings;
  #socket: net.Socket | undefined;
  #connecting: Promise<net.Socket> | undefined;
  #notBefore = 0;
  #closed = false;

  constructor(settings: OutputConnectionSettings) {
    this.#settings = settings;
  }

  /** The open socket, if there is one. */
  get socket(): net.Socket | undefined {
    return this.#socket;
  }

  /** Connects unless connected. Rejects with what the system or TLS said, in words. */
  connect(signal: AbortSignal): Promise<net.Socket> {
    if (this.#socket !== undefined) return Promise.resolve(this.#socket);
    this.#connecting ??= this.#connectAny(signal).finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /**
   * Sends bytes, connecting first if needed; resolves when the kernel has taken them. The bytes must stay as they
   * are until then. Rejects when the connection breaks before; it is broken when the signal says so.
   */
  send(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return this.connect(signal).then((made) => this.#write(made, bytes, signal));
    return this.#write(socket, bytes, signal);
  }

  #write(socket: net.Socket, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      // Other writes of this socket fail with it: after a part of a batch nothing else may follow.
      const stop = (): void => {
        socket.destroy(new Error('the write was given up'));
      };
      signal.addEventListener('abort', stop);
      socket.write(bytes, (error) => {
        signal.removeEventListener('abort', stop);
        if (error)
          reject(new Error(`the connection broke while data was sent: ${error.message}`, { cause: error }));
        else resolve();
      });
    });
  }

  /** Breaks the connection: pending writes reject. */
  reset(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** Ends the connection after what was written, or soon without. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    await Promise.race([new Promise<void>((resolve) => socket.end(resolve)), sleep(1_000)]);
    socket.destroy();
  }

  async #connectAny(signal: AbortSignal): Promise<net.Socket> {
    const wait = this.#notBefore - performance.now();
    if (wait > 0) await sleep(wait, undefined, { signal });
    let failure: Error | undefined;
    for (const target of shuffled(this.#settings.targets)) {
      signal.throwIfAborted();
      if (this.#closed) throw new Error('the output is closed');
      try {
        const socket = await open(target, this.#settings.tls, signal);
        if (this.#closed) {
          socket.destroy();
          throw new Error('the output is closed');
        }
        this.#adopt(socket, target);
        return socket;
      } catch (error) {
        failure = error as Error;
      }
    }
    this.#notBefore = performance.now() + this.#settings.reconnectInterval * 1000;
    throw failure ?? new Error('no host to connect to');
  }

  #adopt(socket: net.Socket, { host, port }: OutputTarget): void {
    this.#socket = socket;
    const gone = (reason: string): void => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#settings.logger.warn({ host, port, reason }, `connection to ${host}:${port} lost: ${reason}`);
    };
    socket.on('error', (error) => gone(error.message));
    socket.on('close', () => gone('closed by the other side'));
    this.#settings.connected?.(socket);
    // What the other side says is of no interest, but without reading its end is never seen.
    if (this.#settings.connected === undefined) socket.resume();
    if (socket.destroyed) gone('closed by the other side');
  }
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

function open(
  { host, port }: OutputTarget,
  settings: tls.ConnectionOptions | undefined,
  signal: AbortSignal,
): Promise<net.Socket> {
  const name = `${host}:${port}`;
  const socket =
    settings === undefined
      ? net.connect({ host, port })
      : tls.connect({ host, port, ...(net.isIP(host) ? {} : { servername: host }), ...settings });
  return new Promise((resolve, reject) => {
    let verdict: NodeJS.Timeout | undefined;
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      clearTimeout(verdict);
      signal.removeEventListener('abort', abort);
      socket.off('error', failed);
      socket.off('close', closed);
      socket.off('session', content);
      if (error === undefined) resolve(socket);
      else {
        socket.on('error', () => {});
        socket.destroy();
        reject(error);
      }
    };
    const content = (): void => finish();
    const abort = (): void => finish(new Error(`connecting to ${name} was aborted`));
    const failed = (error: Error): void =>
      finish(
        settings === undefined
          ? error
          : new Error(`TLS with ${name}: ${describeTlsError(error)}`, { cause: error }),
      );
    const closed = (): void => finish(new Error(`${name} closed the connection`));
    const timer = setTimeout(
      () => finish(new Error(`no connection to ${name} within 10 seconds`)),
      CONNECT_MS,
    );
    signal.addEventListener('abort', abort);
    socket.on('error', failed);
    socket.on('close', closed);
    if (!(socket instanceof tls.TLSSocket)) {
      socket.once('connect', content);
      return;
    }
    socket.once('secureConnect', () => {
      if (socket.getProtocol() !== 'TLSv1.3') {
        content();
        return;
      }
      verdict = setTimeout(content, VERDICT_MS);
      socket.once('session', content);
    });
  });
}
