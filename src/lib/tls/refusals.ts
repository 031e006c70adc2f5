import type net from 'node:net';
import type tls from 'node:tls';
import type { Logger } from '../../kernel/logger.ts';
import { describeTlsError, refusal, type TlsValues } from './tls.ts';

/**
 * Writes one clear log line for every client that a TLS server refuses, and closes those that Node would let in
 * although `ssl_client_authentication => optional` does not.
 */
export function refuseInWords(
  server: tls.Server,
  values: TlsValues,
  logger: Logger,
  nameOf: (socket: tls.TLSSocket) => string,
): void {
  const refuse = (peer: string, reason: string): void =>
    logger.warn({ peer, reason }, `TLS connection from ${peer} refused: ${reason}`);
  server.prependListener('secureConnection', (socket: tls.TLSSocket) => {
    socket.on('error', (error) => logger.debug({ peer: nameOf(socket), error: error.message }, 'TLS failed'));
    const reason = refusal(socket, values);
    if (reason === undefined) return;
    refuse(nameOf(socket), reason);
    socket.destroy();
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: tls.TLSSocket) => {
    const peer = nameOf(socket);
    // Port scans and health checks connect and go away without a word.
    if (error.code === 'ECONNRESET' && !socket.authorizationError)
      logger.debug({ peer }, 'connection closed before its TLS handshake');
    else refuse(peer, describeTlsError(error, socket));
    socket.destroy();
  });
}

/** The TCP socket below a TLS socket: it still knows its address when the handshake has failed. */
export function socketBelow(socket: tls.TLSSocket): net.Socket | undefined {
  return (socket as { _parent?: net.Socket })._parent;
}
