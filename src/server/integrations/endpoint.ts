/** Where a running source listens, as senders must know it. */
import type { Secret } from '../../kernel/options.ts';
import type { GraphNode } from '../../lang/graph.ts';
import type { Card } from './cards.ts';
import type { OwnCertificate } from './own-certificate.ts';

export interface Endpoint {
  readonly speaks: NonNullable<Card['speaks']>;
  readonly card: string;
  /** As configured: `0.0.0.0`. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Its certificate is of Millrace's own authority. */
  readonly ownCertificate: boolean;
  /** Senders must show a certificate: one of Millrace's own authority, or of another. */
  readonly clients: 'made' | 'own' | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Codec of lines and datagrams. */
  readonly codec: string;
  /** Of files. */
  readonly paths: readonly string[];
}

export const isLoopbackHost = (host: string): boolean => /^127\.|^localhost$|^::1$/.test(host);
const isAny = (host: string): boolean => host === '0.0.0.0' || host === '::';

export function endpointOf(
  card: Card,
  { options }: GraphNode,
  own: Pick<OwnCertificate, 'certificate' | 'authority'>,
): Endpoint | undefined {
  // Port 0: nobody can be told where it listens.
  if (card.speaks === undefined || (card.speaks !== 'files' && !options['port'])) return undefined;
  const codec = options['codec'] as { plugin?: string } | undefined;
  const password = options['password'] as Secret | undefined;
  const tls = options['ssl_enabled'] === true;
  const authorities = (options['ssl_certificate_authorities'] as unknown[] | undefined) ?? [];
  return {
    speaks: card.speaks,
    card: card.id,
    host: String(options['host'] ?? '0.0.0.0'),
    port: Number(options['port'] ?? 0),
    tls,
    ownCertificate: options['ssl_certificate'] === own.certificate,
    clients:
      !tls || options['ssl_client_authentication'] !== 'required'
        ? undefined
        : authorities.includes(own.authority)
          ? 'made'
          : 'own',
    user: options['user'] as string | undefined,
    password: typeof password === 'object' ? password.reveal() : undefined,
    codec: codec?.plugin ?? 'plain',
    paths: ((options['path'] as unknown[] | undefined) ?? []).map(String),
  };
}

/** Where this process itself reaches it. */
export const localAddress = ({ host }: Endpoint): string =>
  host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;

/** What others are told to send to. `own`: names and addresses of this computer, the best first. */
export const publicAddress = ({ host }: Endpoint, own: readonly string[]): string =>
  isAny(host) ? (own[0] ?? '127.0.0.1') : host;
