import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates, type TestCertificates } from '../../../test/support/certs.ts';
import { Secret } from '../../kernel/options.ts';
import { opensslCipher } from './ciphers.ts';
import {
  checkServerTls,
  clientTls,
  clientTlsOptions,
  describeTlsError,
  refusal,
  serverTls,
  serverTlsOptions,
  type TlsValues,
} from './tls.ts';

let certs: TestCertificates;
beforeAll(() => {
  certs = makeCertificates();
});
afterAll(() => certs.remove());

const server = (): TlsValues => ({
  ssl_enabled: true,
  ssl_certificate: certs.server.cert,
  ssl_key: certs.server.key,
});
const mutual = (): TlsValues => ({
  ...server(),
  ssl_certificate_authorities: [certs.ca],
  ssl_client_authentication: 'required',
});
const client = (): TlsValues => ({ ssl_certificate_authorities: [certs.ca] });
const identified = (who: { cert: string; key: string }): TlsValues => ({
  ...client(),
  ssl_certificate: who.cert,
  ssl_key: who.key,
});

/** Connects once; says what both sides met: the words of the client and of the server. */
async function meet(serverValues: TlsValues, connect: (port: number) => net.Socket) {
  const outcome = { client: '', server: '' };
  const listener = tls.createServer(serverTls(serverValues), (socket) => {
    outcome.server = refusal(socket, serverValues) ?? 'secure';
    socket.on('error', () => {});
    socket.end('hello');
  });
  listener.on('tlsClientError', (error, socket) => {
    outcome.server ||= describeTlsError(error, socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const socket = connect((listener.address() as AddressInfo).port);
  socket.on('error', (error) => {
    outcome.client = describeTlsError(error);
  });
  socket.on('data', () => {
    outcome.client = 'secure';
  });
  await new Promise((resolve) => socket.on('close', resolve));
  for (let tries = 0; outcome.server === '' && tries < 2000; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => listener.close(resolve));
  return outcome;
}

const secure =
  (values: TlsValues, more: tls.ConnectionOptions = {}) =>
  (port: number) =>
    tls.connect({ ...clientTls(values), host: '127.0.0.1', port, servername: 'localhost', ...more });

describe('handshakes', () => {
  test('a server certificate of a known authority', async () => {
    expect(await meet(server(), secure(client()))).toEqual({ client: 'secure', server: 'secure' });
  });

  test('mutual TLS with a client certificate', async () => {
    const outcome = await meet(mutual(), secure(identified(certs.client)));
    expect(outcome).toEqual({ client: 'secure', server: 'secure' });
  });

  test('a client without certificate is refused in words', async () => {
    const outcome = await meet(mutual(), secure(client()));
    expect(outcome.server).toBe('the client showed no certificate, and one is required');
    expect(outcome.client).toBe('the other side demands a client certificate');
  });

  test('a client of an unknown authority is refused in words', async () => {
    const outcome = await meet(mutual(), secure(identified(certs.stranger)));
    expect(outcome.server).toBe('the certificate of the other side comes from an unknown authority (CA)');
    expect(outcome.client).not.toBe('secure');
  });

  test('optional: none is welcome, a wrong one is not', async () => {
    const optional: TlsValues = { ...mutual(), ssl_client_authentication: 'optional' };
    expect((await meet(optional, secure(client()))).server).toBe('secure');
    expect((await meet(optional, secure(identified(certs.client)))).server).toBe('secure');
    expect((await meet(optional, secure(identified(certs.stranger)))).server).toContain('unknown authority');
  });

  test('an expired client certificate is named as such', async () => {
    const expired = certs.issue('expired', '/CN=expired', 'DNS:expired', -1);
    expect((await meet(mutual(), secure(identified(expired)))).server).toContain('has expired');
  });

  test('plain HTTP and other bytes at a TLS port', async () => {
    const plain = (text: string) => (port: number) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.end(text);
      return socket;
    };
    expect((await meet(server(), plain('GET / HTTP/1.1\r\n\r\n'))).server).toContain('plain HTTP');
    expect((await meet(server(), plain('<13>Nov 20 10:00:00 host app: hello\n'))).server).toContain(
      'not TLS',
    );
  });

  test('an unknown authority, a wrong name, both waved through with none', async () => {
    const unknown: TlsValues = { ssl_certificate_authorities: [certs.strangerCa] };
    expect((await meet(server(), secure(unknown))).client).toContain('unknown authority');
    const wrongName = secure(client(), { servername: 'elsewhere' });
    expect((await meet(server(), wrongName)).client).toContain('not for this host name');
    const lax: TlsValues = { ...client(), ssl_verification_mode: 'certificate' };
    expect((await meet(server(), secure(lax, { servername: 'elsewhere' }))).client).toBe('secure');
    expect((await meet(server(), secure({ ...unknown, ssl_verification_mode: 'none' }))).client).toBe(
      'secure',
    );
  });

  test('versions without a common one', async () => {
    const outcome = await meet(
      { ...server(), ssl_supported_protocols: ['TLSv1.3'] },
      secure({ ...client(), ssl_supported_protocols: ['TLSv1.2'] }),
    );
    expect(outcome.client).toContain('no TLS version in common');
  });

  test('old numbers of versions win', () => {
    expect(serverTls({ ...server(), tls_min_version: 1.3 })).toMatchObject({ minVersion: 'TLSv1.3' });
    expect(serverTls({ ...server(), tls_max_version: 1.2 })).toMatchObject({
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
    });
  });

  test("Java's names of cipher suites", async () => {
    const suites = ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'];
    const outcome = await meet(
      { ...server(), ssl_cipher_suites: suites, ssl_supported_protocols: ['TLSv1.2'] },
      (port) => {
        const socket = secure(client())(port) as tls.TLSSocket;
        socket.on('secureConnect', () => expect(socket.getCipher().standardName).toBe(suites[0]));
        return socket;
      },
    );
    expect(outcome.client).toBe('secure');
  });

  test('TLS 1.1, though OpenSSL shuts it out by default', async () => {
    const old: TlsValues = { ...server(), ssl_supported_protocols: ['TLSv1.1'] };
    const outcome = await meet(old, secure({ ...client(), ssl_supported_protocols: ['TLSv1.1'] }));
    expect(outcome).toEqual({ client: 'secure', server: 'secure' });
  });
});

describe('files', () => {
  const failure = (values: TlsValues): string => {
    try {
      serverTls(values);
    } catch (error) {
      return (error as Error).message;
    }
    return 'no error';
  };
  const file = (name: string, content: string): string => {
    writeFileSync(join(certs.directory, name), content);
    return join(certs.directory, name);
  };

  test('errors name option and file', () => {
    const none = join(certs.directory, 'none.crt');
    expect(failure({ ...server(), ssl_certificate: none })).toBe(
      `ssl_certificate: \`${none}\` does not exist`,
    );
    const text = file('text.crt', 'hello');
    expect(failure({ ...server(), ssl_certificate: text })).toContain('holds no certificate');
    expect(failure({ ...server(), ssl_certificate: certs.server.key })).toContain('holds a private key');
    expect(failure({ ...server(), ssl_key: certs.server.cert })).toContain('not a private key');
    expect(failure({ ...server(), ssl_key: certs.client.key })).toContain(
      'is not the key of the certificate',
    );
    expect(failure({ ...mutual(), ssl_certificate_authorities: [text] })).toMatch(
      /^ssl_certificate_authorities: /,
    );
    expect(failure({ ...server(), ssl_certificate: certs.directory })).toContain('is a directory');
  });

  test('encrypted keys, DER files', () => {
    certs.openssl(...'pkcs8 -topk8 -in server.key -out server.enc.key -passout pass:secret'.split(' '));
    certs.openssl(...'x509 -in server.crt -outform der -out server.der'.split(' '));
    certs.openssl(...'pkcs8 -topk8 -nocrypt -in server.key -outform der -out server.key.der'.split(' '));
    const encrypted = { ...server(), ssl_key: join(certs.directory, 'server.enc.key') };
    expect(failure(encrypted)).toContain('is encrypted; give its passphrase');
    expect(failure({ ...encrypted, ssl_key_passphrase: new Secret('wrong') })).toContain('does not fit');
    expect(failure({ ...encrypted, ssl_key_passphrase: new Secret('secret') })).toBe('no error');
    const der = join(certs.directory, 'server.der');
    expect(
      failure({ ...server(), ssl_certificate: der, ssl_key: join(certs.directory, 'server.key.der') }),
    ).toBe('no error');
  });

  test('an own certificate that has expired warns, and is used', () => {
    const expired = certs.issue('old-server', '/CN=localhost', 'DNS:localhost', -1);
    const warnings: string[] = [];
    serverTls({ ...server(), ssl_certificate: expired.cert, ssl_key: expired.key }, (text) =>
      warnings.push(text),
    );
    expect(warnings).toEqual([expect.stringContaining(`\`${expired.cert}\` expired on `)]);
  });

  test('PKCS#12 key stores and trust stores', async () => {
    const pkcs12 = (more: string) =>
      certs.openssl(...`pkcs12 -export -passout pass:secret ${more}`.split(' '));
    pkcs12('-in server.crt -inkey server.key -out server.p12');
    pkcs12('-nokeys -in ca.crt -out trust.p12');
    pkcs12('-nokeys -in ca.crt -out trust-3des.p12 -certpbe PBE-SHA1-3DES -macalg sha1');
    pkcs12('-nokeys -in ca.crt -out trust-plain.p12 -certpbe NONE -keypbe NONE -nomac');
    const password = new Secret('secret');
    const keystore = {
      ssl_keystore_path: join(certs.directory, 'server.p12'),
      ssl_keystore_password: password,
      ssl_client_authentication: 'required',
    } as const;
    for (const name of ['trust.p12', 'trust-3des.p12', 'trust-plain.p12']) {
      const trust = {
        ssl_truststore_path: join(certs.directory, name),
        ssl_truststore_password: password,
      };
      const { ssl_certificate_authorities: _, ...who } = identified(certs.client);
      const outcome = await meet({ ...keystore, ...trust }, secure({ ...who, ...trust }));
      expect(outcome, name).toEqual({ client: 'secure', server: 'secure' });
    }
    const wrong = new Secret('wrong');
    expect(failure({ ...keystore, ssl_keystore_password: wrong })).toContain(
      'ssl_keystore_password does not fit',
    );
    const trust = join(certs.directory, 'trust.p12');
    expect(failure({ ...server(), ssl_truststore_path: trust, ssl_truststore_password: wrong })).toContain(
      'its password does not fit',
    );
  });

  test('a JKS store is refused with the command that converts it', () => {
    const path = file('store.jks', '');
    writeFileSync(path, Buffer.from([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]));
    expect(failure({ ssl_keystore_path: path })).toContain('keytool -importkeystore');
  });

  test('unknown cipher suites are named', () => {
    expect(failure({ ...server(), ssl_cipher_suites: ['TLS_NONSENSE'] })).toContain('TLS_NONSENSE');
  });
});

test('names of cipher suites', () => {
  expect(opensslCipher('TLS_RSA_WITH_AES_128_CBC_SHA')).toBe('AES128-SHA');
  expect(opensslCipher('TLS_RSA_WITH_AES_256_CBC_SHA256')).toBe('AES256-SHA256');
  expect(opensslCipher('TLS_DHE_RSA_WITH_AES_256_GCM_SHA384')).toBe('DHE-RSA-AES256-GCM-SHA384');
  expect(opensslCipher('TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256')).toBe('ECDHE-RSA-CHACHA20-POLY1305');
  expect(opensslCipher('TLS_AES_256_GCM_SHA384')).toBe('TLS_AES_256_GCM_SHA384');
  expect(opensslCipher('ECDHE-RSA-AES128-SHA')).toBe('ECDHE-RSA-AES128-SHA');
  expect(opensslCipher('TLS_RSA_WITH_RC4_128_MD5')).toBeUndefined();
});

test('old names convert their values', () => {
  expect(serverTlsOptions.ssl_verify_mode.renamedValue('force_peer')).toBe('required');
  expect(serverTlsOptions.verify_mode.renamedValue('peer')).toBe('optional');
  expect(serverTlsOptions.ssl_verify.renamedValue(false)).toBe('none');
  expect(clientTlsOptions.ssl_certificate_verification.renamedValue(false)).toBe('none');
  for (const option of Object.values({ ...serverTlsOptions, ...clientTlsOptions }))
    if ('renamedTo' in option)
      expect({ ...serverTlsOptions, ...clientTlsOptions }).toHaveProperty(option.renamedTo);
});

test('rules between options', () => {
  const reports = (values: TlsValues): string[] => {
    const found: string[] = [];
    checkServerTls(values, (severity, option) => found.push(`${severity} ${option}`));
    return found;
  };
  expect(reports({ ssl_enabled: true })).toEqual(['error ssl_enabled']);
  expect(reports({ ssl_enabled: true, ssl_certificate: 'a' })).toEqual(['error ssl_certificate']);
  expect(reports({ ssl_enabled: true, ssl_key: 'a', ssl_keystore_path: 'b' })).toEqual(['error ssl_key']);
  expect(reports({ ssl_certificate: 'a', ssl_key: 'b' })).toEqual([
    'warning ssl_certificate',
    'warning ssl_key',
  ]);
  expect(reports({ ssl_enabled: true, ssl_certificate: 'a', ssl_key: 'b' })).toEqual([]);
});
