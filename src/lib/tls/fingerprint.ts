/** Authorities that are known by their fingerprint only (`ca_trusted_fingerprint`): fetched from the server itself. */
import net from 'node:net';
import tls from 'node:tls';
import { describeTlsError } from './tls.ts';

/**
 * Connects once, without trusting, and returns (PEM) the certificates of the chain that have one of the SHA-256
 * fingerprints. They prove nothing yet: connections that trust them check the whole chain as usual.
 * @param fingerprints 64 hex digits, with or without colons
 * @throws Error in words
 */
export async function authoritiesByFingerprint(
  origin: string,
  fingerprints: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const wanted = new Set(fingerprints.map((text) => text.replaceAll(':', '').toLowerCase()));
  const chain = await chainOf(origin, signal);
  const found = chain.filter(({ fingerprint256 }) =>
    wanted.has(fingerprint256.replaceAll(':', '').toLowerCase()),
  );
  if (found.length === 0)
    throw new Error(`${origin} sends no certificate with the fingerprint of ca_trusted_fingerprint`);
  return found.map(({ raw }) => toPem(raw));
}

function chainOf(origin: string, signal: AbortSignal): Promise<tls.DetailedPeerCertificate[]> {
  const { hostname, port } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host,
      port: Number(port || '443'),
      rejectUnauthorized: false,
      timeout: 10_000,
      ...(net.isIP(host) ? {} : { servername: host }),
    });
    const stop = (): void => {
      socket.destroy(new Error('was aborted'));
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.on('timeout', () => socket.destroy(new Error('did not answer within 10 seconds')));
    socket.on('close', () => signal.removeEventListener('abort', stop));
    socket.on('error', (error) =>
      reject(new Error(`${origin}: ${describeTlsError(error)}`, { cause: error })),
    );
    socket.on('secureConnect', () => {
      const chain: tls.DetailedPeerCertificate[] = [];
      let certificate: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
      // An authority is its own issuer.
      while (certificate?.raw !== undefined && !chain.some(({ raw }) => raw.equals(certificate!.raw))) {
        chain.push(certificate);
        certificate = certificate.issuerCertificate;
      }
      socket.destroy();
      resolve(chain);
    });
  });
}

function toPem(raw: Buffer): string {
  const lines = raw.toString('base64').replace(/(.{64})/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
