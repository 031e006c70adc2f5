/**
 * A listening TCP socket with what inputs have in common: TLS, the PROXY protocol, and one clear log line for a
 * sender that is refused. Hands over connections that are ready to read.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { Logger } from '../../kernel/logger.ts';
import { refuseInWords, socketBelow } from '../tls/refusals.ts';
import { serverTls, type TlsValues } from '../tls/tls.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import { type Endpoint, parseProxyHeader } from './proxy-protocol.ts';

export interface TcpListenerSettings extends TlsValues {
  readonly host: string;
  readonly port: number;
  readonly proxy_protocol?: boolean | undefined;
  readonly tcp_keep_alive?: boolean | undefined;
}

/** Who is at the other end of a connection. */
export interface Origin {
  readonly ip: string;
  readonly port: number;
  /** The proxy's receiving address, if a PROXY header named one. */
  readonly proxy: Endpoint | undefined;
  /** Subject of the certificate shown, RFC 2253. */
  readonly subject: string | undefined;
}

export type OnConnection = (socket: net.Socket, origin: Origin) => void;

/** A paused connection has read no more than one chunk ahead; all of them wait while the queue is full. */
const READ_AHEAD = 1024;

export class TcpListener {
  readonly #settings: TcpListenerSettings;
  readonly #logger: Logger;
  readonly #onConnection: OnConnection;
  readonly #server: net.Server;
  /** Never listens: it is handed connections when they are due for their handshake. */
  #tls: tls.Server | undefined;
  readonly #sockets = new Set<net.Socket>();
  /** Where connections come from whose handshake is under way or failed; Node forgets it with the socket. */
  readonly #origins = new WeakMap<net.Socket, Origin>();

  constructor(settings: TcpListenerSettings, logger: Logger, onConnection: OnConnection) {
    this.#settings = settings;
    this.#logger = logger;
    this.#onConnection = onConnection;
    this.#server = net.createServer(
      { keepAlive: settings.tcp_keep_alive ?? false, highWaterMark: READ_AHEAD },
      (socket) => this.#accept(socket),
    );
  }

  /** The port it listens at, once open. */
  get port(): number {
    return (this.#server.address() as net.AddressInfo | null)?.port ?? 0;
  }

  /** Connections beyond `max` are refused. */
  limit(limit: ConnectionLimit, max: number): void {
    limit.apply(this.#server, max);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** @throws MillraceError for unusable certificates, the system's error when the port can not be had */
  async open(): Promise<void> {
    if (this.#settings.ssl_enabled) this.#tls = this.#createTls();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: this.#settings.host, port: this.#settings.port, backlog: 1024 }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#logger.error({ error: error.message }, 'accepting failed'));
        resolve();
      });
    });
  }

  /** Reads certificates and keys again; connections stay. A failure leaves the old ones in use. */
  renewCertificates(): void {
    if (!this.#tls) return;
    try {
      this.#tls.setSecureContext(serverTls(this.#settings));
    } catch (error) {
      this.#logger.error(
        { error: (error as Error).message },
        'the certificates in use stay; new ones can not be used',
      );
    }
  }

  /** Stops listening and ends every connection. May be called twice. */
  async close(): Promise<void> {
    const closed = this.#server.listening
      ? new Promise<void>((resolve) => this.#server.close(() => resolve()))
      : undefined;
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}); // A reset: `close` follows, whoever reads the socket cares for it there.
    socket.on('close', () => this.#sockets.delete(socket));
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    const origin = {
      ip: plainAddress(remoteAddress),
      port: remotePort,
      proxy: undefined,
      subject: undefined,
    };
    if (this.#settings.proxy_protocol) this.#readProxyHeader(socket, origin);
    else this.#secure(socket, origin);
  }

  #readProxyHeader(socket: net.Socket, origin: Origin): void {
    let bytes: Buffer = Buffer.alloc(0);
    const read = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const header = parseProxyHeader(bytes);
      if (header === 'more') return;
      socket.off('readable', read);
      if (header === 'invalid') {
        this.#logger.warn(
          { peer: name(origin) },
          'connection refused: it does not begin with a PROXY header',
        );
        socket.destroy();
        return;
      }
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
      const { ip, port } = header.source ?? origin;
      this.#secure(socket, { ...origin, ip, port, proxy: header.destination });
    };
    socket.on('readable', read);
  }

  #secure(socket: net.Socket, origin: Origin): void {
    if (this.#tls) {
      this.#origins.set(socket, origin);
      this.#tls.emit('connection', socket);
    } else this.#onConnection(socket, origin);
  }

  #createTls(): tls.Server {
    const settings = serverTls(this.#settings, (message) => this.#logger.warn({}, message));
    const server = tls.createServer(settings);
    refuseInWords(server, this.#settings, this.#logger, (socket) => name(this.#originOf(socket)));
    server.on('secureConnection', (socket: tls.TLSSocket) => {
      if (socket.destroyed) return;
      this.#onConnection(socket, { ...this.#originOf(socket), subject: peerSubject(socket) });
    });
    return server;
  }

  #originOf(socket: tls.TLSSocket): Origin {
    const below = socketBelow(socket);
    const known = below && this.#origins.get(below);
    return (
      known ?? {
        ip: socket.remoteAddress ?? '?',
        port: socket.remotePort ?? 0,
        proxy: undefined,
        subject: undefined,
      }
    );
  }
}

const name = (origin: Origin): string => `${origin.ip}:${origin.port}`;

/** IPv4 addresses that came over an IPv6 socket, as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** Subject of the other side's certificate in the order and quoting of RFC 2253, as Java prints it. */
export function peerSubject(socket: tls.TLSSocket): string | undefined {
  const subject = socket.getPeerX509Certificate()?.subject;
  if (!subject) return undefined;
  return subject.split('\n').reverse().join(',');
}
