/** Names of cipher suites and protocol versions: what Java and configs say, as OpenSSL wants them. */
import { constants } from 'node:crypto';
import tls from 'node:tls';
import { MillraceError } from '../../kernel/errors.ts';

export const protocols = ['TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type Protocol = (typeof protocols)[number];

const available = new Set(tls.getCiphers().map((name) => name.toUpperCase()));

/**
 * A suite by its IANA/Java name (`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`) or OpenSSL's own, as OpenSSL's.
 * Undefined when this build of OpenSSL has no such suite.
 */
export function opensslCipher(name: string): string | undefined {
  const upper = name.trim().toUpperCase();
  if (available.has(upper)) return upper;
  const match = /^(?:TLS|SSL)_([A-Z_]+)_WITH_([A-Z0-9_]+)$/.exec(upper);
  if (!match) return undefined;
  const [, exchange, bulk] = match as unknown as [string, string, string];
  const cipher = bulk
    .replace(/^3DES_EDE_CBC_/, 'DES_CBC3_')
    .replace(/^(AES|CAMELLIA|ARIA)_(\d+)_(?:CBC_)?/, '$1$2_')
    .replace(/^CHACHA20_POLY1305_SHA256$/, 'CHACHA20_POLY1305')
    .replaceAll('_', '-');
  const prefix = exchange === 'RSA' ? '' : `${exchange.replace('DH_ANON', 'ADH').replaceAll('_', '-')}-`;
  const candidates = [`${prefix}${cipher}`, `${prefix.replace('-RSA-', '-')}${cipher}`];
  return candidates.find((candidate) => available.has(candidate));
}

/** OpenSSL's cipher list for the suites of option `ssl_cipher_suites`; undefined: the runtime's own choice. */
export function cipherList(suites: readonly string[], wanted: readonly Protocol[]): string | undefined {
  // OpenSSL's default security level shuts TLS 1.1 out, whatever the minimum version says.
  const level = wanted.includes('TLSv1.1') ? ':@SECLEVEL=0' : '';
  if (suites.length === 0) return level === '' ? undefined : `${tls.DEFAULT_CIPHERS}${level}`;
  const names = suites.map((suite) => {
    const name = opensslCipher(suite);
    if (name === undefined) {
      throw new MillraceError('ERR_CONFIG', `ssl_cipher_suites: there is no cipher suite \`${suite}\``);
    }
    return name;
  });
  return `${names.join(':')}${level}`;
}

/** The protocol versions between two of the old numbers (`tls_min_version => 1.2`). */
export function protocolsBetween(min: number | undefined, max: number | undefined): Protocol[] {
  const number = (protocol: Protocol): number => Number(protocol.slice(4));
  return protocols.filter((each) => number(each) >= (min ?? 1.2) && number(each) <= (max ?? 1.3));
}

/** The settings of a TLS context that allow just these versions. */
export function versionLimits(wanted: readonly Protocol[]): tls.SecureContextOptions {
  if (wanted.length === 0) return { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' };
  const sorted = protocols.filter((each) => wanted.includes(each));
  const gap = sorted.length === 2 && sorted[0] === 'TLSv1.1' && sorted[1] === 'TLSv1.3';
  return {
    minVersion: sorted[0]!,
    maxVersion: sorted.at(-1)!,
    ...(gap ? { secureOptions: constants.SSL_OP_NO_TLSv1_2 } : {}),
  };
}
