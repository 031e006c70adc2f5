/**
 * TLS for every plugin: the options (new names, and the old ones of all plugins as renames), Node's TLS settings
 * made of them, and TLS errors in words. Plugins spread `serverTlsOptions` or `clientTlsOptions` into their
 * options and override what has another default with them.
 */
import type { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { MillraceError } from '../../kernel/errors.ts';
import type { Options, Secret } from '../../kernel/options.ts';
import type { ReportProblem } from '../../kernel/plugin.ts';
import {
  cipherList,
  opensslCipher,
  type Protocol,
  protocols,
  protocolsBetween,
  versionLimits,
} from './ciphers.ts';
import { fileError, readCertificates, readKeystore, readPrivateKey } from './files.ts';
import { certificatesOfPkcs12 } from './pkcs12.ts';

const enabled = { type: 'boolean', default: false, description: 'Speak TLS.' } as const;
const keystoreTypes = ['pkcs12', 'jks'] as const;

/** What server and client have in common. */
const sharedOptions = {
  ssl_enabled: enabled,
  ssl_certificate: {
    type: 'path',
    description: 'Own certificate, PEM or DER; further certificates in the file are sent as its chain.',
  },
  ssl_key: { type: 'path', description: 'Private key of `ssl_certificate`: PKCS#1, PKCS#8 or SEC1.' },
  ssl_key_passphrase: { type: 'password', description: 'Decrypts `ssl_key`.' },
  ssl_certificate_authorities: {
    type: 'path',
    list: true,
    default: [],
    description:
      "Files with the certificates of the authorities that the other side's certificate must come from.",
  },
  ssl_supported_protocols: {
    type: 'string',
    list: true,
    oneOf: protocols,
    default: ['TLSv1.2', 'TLSv1.3'],
    description: 'TLS versions allowed; empty means the default.',
  },
  ssl_cipher_suites: {
    type: 'string',
    list: true,
    default: [],
    description: "Cipher suites allowed, by Java's or OpenSSL's names; empty means OpenSSL's choice.",
  },
  ssl_keystore_path: {
    type: 'path',
    description: 'PKCS#12 file with certificate and key, instead of `ssl_certificate` and `ssl_key`.',
  },
  ssl_keystore_password: { type: 'password', description: 'Password of `ssl_keystore_path`.' },
  ssl_keystore_type: { type: 'string', oneOf: keystoreTypes, description: 'Format; JKS must be converted.' },
  ssl_truststore_path: {
    type: 'path',
    description: 'PKCS#12 file with the authorities, instead of `ssl_certificate_authorities`.',
  },
  ssl_truststore_password: { type: 'password', description: 'Password of `ssl_truststore_path`.' },
  ssl_truststore_type: {
    type: 'string',
    oneOf: keystoreTypes,
    description: 'Format; JKS must be converted.',
  },
  ssl: { type: 'boolean', renamedTo: 'ssl_enabled', description: 'Old name.' },
  ssl_enable: { type: 'boolean', renamedTo: 'ssl_enabled', description: 'Old name.' },
  ssl_cert: { type: 'path', renamedTo: 'ssl_certificate', description: 'Old name.' },
  ssl_cacert: { type: 'path', renamedTo: 'ssl_certificate_authorities', description: 'Old name.' },
  cipher_suites: { type: 'string', list: true, renamedTo: 'ssl_cipher_suites', description: 'Old name.' },
  keystore: { type: 'path', renamedTo: 'ssl_keystore_path', description: 'Old name.' },
  keystore_password: { type: 'password', renamedTo: 'ssl_keystore_password', description: 'Old name.' },
  keystore_type: {
    type: 'string',
    renamedTo: 'ssl_keystore_type',
    renamedValue: lowerCase,
    description: 'Old name.',
  },
  truststore: { type: 'path', renamedTo: 'ssl_truststore_path', description: 'Old name.' },
  truststore_password: { type: 'password', renamedTo: 'ssl_truststore_password', description: 'Old name.' },
  truststore_type: {
    type: 'string',
    renamedTo: 'ssl_truststore_type',
    renamedValue: lowerCase,
    description: 'Old name.',
  },
  tls_min_version: {
    type: 'number',
    oneOf: [1, 1.1, 1.2, 1.3],
    deprecated: 'use ssl_supported_protocols',
    description: 'Lowest TLS version; wins over `ssl_supported_protocols`.',
  },
  tls_max_version: {
    type: 'number',
    oneOf: [1, 1.1, 1.2, 1.3],
    deprecated: 'use ssl_supported_protocols',
    description: 'Highest TLS version; wins over `ssl_supported_protocols`.',
  },
} as const satisfies Options;

/** Options of everything that listens. Plugins override defaults, e.g. of `ssl_client_authentication`. */
export const serverTlsOptions = {
  ...sharedOptions,
  ssl_client_authentication: {
    type: 'string',
    oneOf: ['none', 'optional', 'required'],
    default: 'none',
    description: 'Whether clients must show a certificate; one that is shown must be valid.',
  },
  ssl_handshake_timeout: {
    type: 'number',
    default: 10_000,
    min: 1,
    description: 'Milliseconds that a handshake may take.',
  },
  ssl_extra_chain_certs: {
    type: 'path',
    list: true,
    default: [],
    description: 'Files with intermediate certificates, sent after `ssl_certificate`.',
  },
  ssl_verify_mode: {
    type: 'string',
    oneOf: ['none', 'peer', 'force_peer'],
    renamedTo: 'ssl_client_authentication',
    renamedValue: clientAuthentication,
    description: 'Old name.',
  },
  verify_mode: {
    type: 'string',
    oneOf: ['none', 'peer', 'force_peer'],
    renamedTo: 'ssl_client_authentication',
    renamedValue: clientAuthentication,
    description: 'Old name.',
  },
  ssl_verify: {
    type: 'boolean',
    renamedTo: 'ssl_client_authentication',
    renamedValue: (value: unknown) => (isTrue(value) ? 'required' : 'none'),
    description: 'Old name.',
  },
} as const satisfies Options;

/** Options of everything that connects. */
export const clientTlsOptions = {
  ...sharedOptions,
  ssl_verification_mode: {
    type: 'string',
    oneOf: ['full', 'certificate', 'none'],
    default: 'full',
    description:
      "Checks the server's certificate: with its name (full), without (certificate), or not at all.",
  },
  ssl_verify: {
    type: 'boolean',
    renamedTo: 'ssl_verification_mode',
    renamedValue: verificationMode,
    description: 'Old name.',
  },
  ssl_certificate_verification: {
    type: 'boolean',
    renamedTo: 'ssl_verification_mode',
    renamedValue: verificationMode,
    description: 'Old name.',
  },
  cacert: { type: 'path', renamedTo: 'ssl_certificate_authorities', description: 'Old name.' },
  ca_file: { type: 'path', renamedTo: 'ssl_certificate_authorities', description: 'Old name.' },
  client_cert: { type: 'path', renamedTo: 'ssl_certificate', description: 'Old name.' },
  client_key: { type: 'path', renamedTo: 'ssl_key', description: 'Old name.' },
} as const satisfies Options;

/** Names of the server's options that count, for `socketOptions`: without the old ones. */
export const serverTlsNames = namesOf(serverTlsOptions);

function namesOf<O extends Options>(table: O): (keyof O & string)[] {
  return Object.keys(table).filter((name) => table[name]!.renamedTo === undefined);
}

function lowerCase(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}
function clientAuthentication(value: unknown): unknown {
  return value === 'force_peer' ? 'required' : value === 'peer' ? 'optional' : value;
}
function verificationMode(value: unknown): unknown {
  return isTrue(value) ? 'full' : 'none';
}
function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

/** Values of the options above as plugins have them; every one may be missing. */
export interface TlsValues {
  readonly ssl_enabled?: boolean | undefined;
  readonly ssl_certificate?: string | undefined;
  readonly ssl_key?: string | undefined;
  readonly ssl_key_passphrase?: Secret | undefined;
  readonly ssl_certificate_authorities?: readonly string[] | undefined;
  readonly ssl_client_authentication?: 'none' | 'optional' | 'required' | undefined;
  readonly ssl_verification_mode?: 'full' | 'certificate' | 'none' | undefined;
  readonly ssl_supported_protocols?: readonly Protocol[] | undefined;
  readonly ssl_cipher_suites?: readonly string[] | undefined;
  readonly ssl_handshake_timeout?: number | undefined;
  readonly ssl_extra_chain_certs?: readonly string[] | undefined;
  readonly ssl_keystore_path?: string | undefined;
  readonly ssl_keystore_password?: Secret | undefined;
  readonly ssl_keystore_type?: 'pkcs12' | 'jks' | undefined;
  readonly ssl_truststore_path?: string | undefined;
  readonly ssl_truststore_password?: Secret | undefined;
  readonly ssl_truststore_type?: 'pkcs12' | 'jks' | undefined;
  readonly tls_min_version?: number | undefined;
  readonly tls_max_version?: number | undefined;
}

/** Told what still works but should be looked at (an own certificate that has expired). */
export type Warn = (message: string) => void;

/**
 * Settings for `tls.createServer` and `https.createServer`. With `ssl_client_authentication => optional` the
 * server must also ask `refusal(socket)` of every secured connection.
 * @throws MillraceError ERR_CONFIG naming option and file
 */
export function serverTls(options: TlsValues, warn: Warn = () => {}): tls.TlsOptions {
  const authentication = options.ssl_client_authentication ?? 'none';
  const settings: tls.TlsOptions = {
    ...contextSettings(options, warn),
    requestCert: authentication !== 'none',
    rejectUnauthorized: authentication === 'required',
    handshakeTimeout: options.ssl_handshake_timeout ?? 10_000,
  };
  checkContext(settings);
  return settings;
}

/**
 * Settings for `tls.connect` and clients built on it (undici's `connect`), with the context made once. The caller
 * adds host, port and servername. `authorities`: further certificates (PEM) to trust.
 * @throws MillraceError ERR_CONFIG naming option and file
 */
export function clientTls(
  options: TlsValues,
  warn: Warn = () => {},
  authorities: readonly string[] = [],
): tls.ConnectionOptions {
  const mode = options.ssl_verification_mode ?? 'full';
  const settings = contextSettings(options, warn);
  if (settings.ca === undefined && mode !== 'none') {
    settings.ca = [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])];
  }
  if (authorities.length > 0) settings.ca = [...[settings.ca ?? []].flat(), ...authorities];
  return {
    secureContext: checkContext(settings),
    rejectUnauthorized: mode !== 'none',
    ...(mode === 'full' ? {} : { checkServerIdentity: () => undefined }),
  };
}

/**
 * Why a secured connection must be closed although the handshake went through: with optional authentication
 * Node admits certificates of unknown authorities. Undefined: it is welcome.
 */
export function refusal(socket: tls.TLSSocket, options: TlsValues): string | undefined {
  if (options.ssl_client_authentication !== 'optional' || socket.authorized) return undefined;
  if (socket.getPeerX509Certificate() === undefined) return undefined;
  return describeCode(String(socket.authorizationError)) ?? String(socket.authorizationError);
}

function contextSettings(options: TlsValues, warn: Warn): tls.SecureContextOptions {
  const wanted =
    options.tls_min_version !== undefined || options.tls_max_version !== undefined
      ? protocolsBetween(options.tls_min_version, options.tls_max_version)
      : (options.ssl_supported_protocols ?? []);
  const settings: tls.SecureContextOptions = versionLimits(wanted);
  const ciphers = cipherList(options.ssl_cipher_suites ?? [], wanted);
  if (ciphers !== undefined) settings.ciphers = ciphers;
  if (options.ssl_keystore_path) addKeystore(settings, options);
  else if (options.ssl_certificate) addCertificate(settings, options, warn);
  const authorities = readAuthorities(options);
  if (authorities) settings.ca = authorities;
  return settings;
}

function addCertificate(settings: tls.SecureContextOptions, options: TlsValues, warn: Warn): void {
  const path = options.ssl_certificate!;
  const chain = readCertificates('ssl_certificate', path);
  for (const file of options.ssl_extra_chain_certs ?? [])
    chain.push(...readCertificates('ssl_extra_chain_certs', file));
  if (!options.ssl_key)
    throw new MillraceError('ERR_CONFIG', 'ssl_key: `ssl_certificate` needs its private key');
  const key = readPrivateKey('ssl_key', options.ssl_key, options.ssl_key_passphrase?.reveal());
  const own = chain[0]!;
  if (!own.checkPrivateKey(key)) {
    throw fileError('ssl_key', options.ssl_key, `is not the key of the certificate in \`${path}\``);
  }
  const validity = describeValidity(own);
  if (validity) warn(`ssl_certificate: \`${path}\` ${validity}; the other side may refuse it`);
  settings.cert = chain.map(pemOf).join('');
  settings.key = key.export({ type: 'pkcs8', format: 'pem' });
}

function addKeystore(settings: tls.SecureContextOptions, options: TlsValues): void {
  const path = options.ssl_keystore_path!;
  const pfx = readKeystore('ssl_keystore_path', path, options.ssl_keystore_type);
  const passphrase = options.ssl_keystore_password?.reveal() ?? '';
  try {
    tls.createSecureContext({ pfx, passphrase });
  } catch (error) {
    throw fileError('ssl_keystore_path', path, describeKeystoreError(error));
  }
  settings.pfx = pfx;
  settings.passphrase = passphrase;
}

function describeKeystoreError(error: unknown): string {
  const text = String(error);
  if (/mac verify failure/i.test(text)) return 'can not be opened: ssl_keystore_password does not fit';
  if (/unsupported/i.test(text))
    return 'is encrypted with an algorithm (RC2) that OpenSSL 3 has retired; export it again with AES';
  return `is no keystore with certificate and key (${text.replace(/^Error: /, '')})`;
}

function readAuthorities(options: TlsValues): string[] | undefined {
  const files = options.ssl_certificate_authorities ?? [];
  if (files.length > 0) {
    return files.flatMap((file) => readCertificates('ssl_certificate_authorities', file).map(pemOf));
  }
  const path = options.ssl_truststore_path;
  if (!path) return undefined;
  const bytes = readKeystore('ssl_truststore_path', path, options.ssl_truststore_type);
  try {
    const found = certificatesOfPkcs12(bytes, options.ssl_truststore_password?.reveal() ?? '');
    if (found.length === 0) throw new Error('holds no certificate');
    return found.map(pemOf);
  } catch (error) {
    throw fileError('ssl_truststore_path', path, (error as Error).message);
  }
}

const pemOf = (certificate: X509Certificate): string => certificate.toString();

/** Says in words when a certificate is not valid today. */
function describeValidity(certificate: X509Certificate): string | undefined {
  const now = Date.now();
  if (Date.parse(certificate.validTo) < now) return `expired on ${certificate.validTo}`;
  if (Date.parse(certificate.validFrom) > now) return `is not valid before ${certificate.validFrom}`;
  return undefined;
}

function checkContext(settings: tls.SecureContextOptions): tls.SecureContext {
  try {
    return tls.createSecureContext(settings);
  } catch (error) {
    throw new MillraceError('ERR_CONFIG', `the TLS options do not go together: ${(error as Error).message}`);
  }
}

/** Rules between the options of a server, as Logstash has them; for `validate`. */
export function checkServerTls(options: TlsValues, report: ReportProblem): void {
  if (!checkPair(options, report)) return;
  if (!options.ssl_certificate && !options.ssl_keystore_path) {
    report('error', 'ssl_enabled', 'TLS needs ssl_certificate and ssl_key, or ssl_keystore_path');
  }
}

/** Rules between the options of a client; for `validate`. */
export function checkClientTls(options: TlsValues, report: ReportProblem): void {
  checkPair(options, report);
}

/** Rules of plugins that are either: `unset` is their default of `ssl_client_authentication`. For `validate`. */
export function checkModeTls(
  options: TlsValues & {
    readonly mode: 'client' | 'server';
    readonly ssl_client_authentication: string;
    readonly ssl_verification_mode: string;
  },
  unset: string,
  report: ReportProblem,
): void {
  if (options.mode === 'client') {
    if (options.ssl_client_authentication !== unset)
      report(
        'error',
        'ssl_client_authentication',
        'is for servers; use `ssl_verification_mode` with mode client',
      );
    checkClientTls(options, report);
    return;
  }
  if (options.ssl_verification_mode !== 'full')
    report(
      'error',
      'ssl_verification_mode',
      'is for clients; use `ssl_client_authentication` with mode server',
    );
  checkServerTls(options, report);
}

function checkPair(options: TlsValues, report: ReportProblem): boolean {
  if (!options.ssl_enabled) {
    for (const name of ['ssl_certificate', 'ssl_key', 'ssl_keystore_path', 'ssl_truststore_path'] as const) {
      if (options[name]) report('warning', name, `\`${name}\` has no effect while \`ssl_enabled\` is false`);
    }
    return false;
  }
  if (options.ssl_certificate && !options.ssl_key)
    report('error', 'ssl_certificate', '`ssl_certificate` needs `ssl_key`');
  if (options.ssl_key && !options.ssl_certificate)
    report('error', 'ssl_key', '`ssl_key` needs `ssl_certificate`');
  if (options.ssl_certificate && options.ssl_keystore_path)
    report('error', 'ssl_keystore_path', 'give either `ssl_certificate` or `ssl_keystore_path`');
  if ((options.ssl_certificate_authorities ?? []).length > 0 && options.ssl_truststore_path)
    report(
      'error',
      'ssl_truststore_path',
      'give either `ssl_certificate_authorities` or `ssl_truststore_path`',
    );
  for (const suite of options.ssl_cipher_suites ?? []) {
    if (opensslCipher(suite) === undefined)
      report('error', 'ssl_cipher_suites', `there is no cipher suite \`${suite}\``);
  }
  return true;
}

/** Sentences for the codes of OpenSSL, of certificate checks and of sockets. */
const sentences: Readonly<Record<string, string>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the client showed no certificate, and one is required',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the other side demands a client certificate',
  ERR_SSL_HTTP_REQUEST: 'plain HTTP came to a port that speaks TLS',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'a proxy request in plain HTTP came to a port that speaks TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what came is not TLS; the other side probably sends without it',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what came is not TLS; the other side probably sends without it',
  ERR_SSL_RECORD_LAYER_FAILURE: 'what came is not TLS; the other side probably sends without it',
  ERR_SSL_BAD_RECORD_TYPE: 'what came is not TLS; the other side probably sends without it',
  ERR_SSL_UNEXPECTED_MESSAGE: 'the other side broke the rules of the TLS handshake',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the two sides have no TLS version in common',
  ERR_SSL_VERSION_TOO_LOW: 'the two sides have no TLS version in common',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the two sides have no TLS version in common',
  ERR_SSL_NO_SHARED_CIPHER: 'the two sides have no cipher suite in common',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'the other side refused the handshake (no cipher suite in common, or it wants a client certificate)',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the other side does not know the authority (CA) of our certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'the other side refused our certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'the other side says that our certificate has expired',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'the other side refused our certificate (its name or authority)',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: 'the other side refused the kind of our certificate',
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'the other side denied access',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'the other side has no certificate for this host name',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'the other side did not finish the TLS handshake in time',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the other side is not for this host name',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate of the other side comes from an unknown authority (CA)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate of the other side comes from an unknown authority (CA)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the other side comes from an unknown authority (CA)',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of the other side comes from an unknown authority (CA)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the other side is self-signed and not trusted',
  CERT_HAS_EXPIRED: 'the certificate of the other side has expired',
  CERT_NOT_YET_VALID: 'the certificate of the other side is not valid yet',
  CERT_SIGNATURE_FAILURE: 'the signature of the certificate of the other side is wrong',
  CERT_REVOKED: 'the certificate of the other side was revoked',
  INVALID_PURPOSE: 'the certificate of the other side is not meant for this use (extendedKeyUsage)',
  INVALID_CA: 'an authority in the chain of the other side may not sign certificates',
  HOSTNAME_MISMATCH: 'the certificate of the other side is not for this host name',
  ECONNRESET: 'the other side closed the connection during the TLS handshake',
  EPIPE: 'the other side closed the connection during the TLS handshake',
};

function describeCode(code: string): string | undefined {
  // OpenSSL 3.2 renamed the alerts of SSL 3.
  const name = code.replace('ERR_SSL_SSL/TLS_ALERT_', 'ERR_SSL_SSLV3_ALERT_');
  return Object.hasOwn(sentences, name) ? sentences[name] : undefined;
}

/**
 * A TLS error as half a sentence for logs and health. `socket`: the server's, if any; it knows why Node refused a
 * certificate when the error only says that the connection was closed.
 */
export function describeTlsError(error: unknown, socket?: tls.TLSSocket): string {
  const refused = socket?.authorizationError;
  if (refused) {
    const known = describeCode(String(refused));
    if (known) return known;
  }
  const { code, message } = error as { code?: string; message?: string };
  const known = describeCode(String(code));
  if (known) {
    return code === 'ERR_TLS_CERT_ALTNAME_INVALID' && message
      ? `${known} (${message.replace(/^.*?altnames: /, '')})`
      : known;
  }
  return (message ?? String(error)).replace(/^[0-9A-F]+:error:[0-9A-F]+:/, '').replace(/:\.\..*$/s, '');
}
