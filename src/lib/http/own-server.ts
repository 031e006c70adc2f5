/** The HTTP servers of Millrace itself: the console, the API of the event store, the monitoring API. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { MillraceError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';

export interface OwnServerOptions {
  /** How the log calls it. */
  readonly name: string;
  readonly host: string;
  /** The first free one is taken. */
  readonly ports: readonly [first: number, last: number];
  /** What its settings begin with: `console.http`. */
  readonly settings: string;
  readonly limits?: ServerOptions;
  readonly tls?: TlsOptions | undefined;
  readonly logger: Logger;
  readonly listener: RequestListener;
}

export interface OwnServer {
  readonly server: Server;
  readonly port: number;
  /** `https://[::1]:9200`; `host`: a name to show instead of the address that is listened on. */
  url(host?: string): string;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/** @throws MillraceError that names the setting to change when no port can be had */
export async function listen(options: OwnServerOptions): Promise<OwnServer> {
  const { name, host, ports, limits = {}, tls, logger, listener } = options;
  const server: Server = tls
    ? createTlsServer({ ...limits, ...tls }, listener)
    : createServer(limits, listener);
  const port = await onFirstFree(server, host, ports, options.settings);
  // Such as too many open files when a connection comes: the process goes on.
  server.on('error', (error) => logger.warn({}, `${name}: ${error.message}`));
  return {
    server,
    port,
    url: (shown = host) => `${tls ? 'https' : 'http'}://${withPort(shown, port)}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** `host:port`, as URLs write it. */
export const withPort = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

async function onFirstFree(
  server: Server,
  host: string,
  [first, last]: readonly [number, number],
  settings: string,
): Promise<number> {
  for (let port = first; port <= last; port++) {
    const error = await new Promise<NodeJS.ErrnoException | undefined>((done) => {
      const listening = (): void => {
        server.removeListener('error', failed);
        done(undefined);
      };
      const failed = (reason: NodeJS.ErrnoException): void => {
        server.removeListener('listening', listening);
        done(reason);
      };
      server.once('error', failed).once('listening', listening).listen(port, host);
    });
    if (!error) return (server.address() as AddressInfo).port;
    if (error.code !== 'EADDRINUSE')
      throw new MillraceError(
        'ERR_LISTEN',
        `${error.message}. Set another ${settings}.host or ${settings}.port`,
      );
  }
  throw new MillraceError(
    'ERR_LISTEN',
    first === last
      ? `port ${first} is in use: set another ${settings}.port`
      : `no free port from ${first} to ${last}: set another ${settings}.port`,
  );
}
