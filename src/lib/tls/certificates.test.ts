import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from './certificates.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-certificates-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
const hosts = [
  { name: 'elk.demo.sensorfleet.com', usage: 'server', sans: ['localhost', '127.0.0.1', '::1'] },
  { name: 'logstash-client', usage: 'client' },
] as const;

describe.each([
  ['rsa', 'sha384WithRSAEncryption', /Public-Key: \(2048 bit\)/],
  ['ec', 'ecdsa-with-SHA256', /ASN1 OID: prime256v1/],
] as const)('certificates with %s keys', (keyType, signature, publicKey) => {
  const directory = join(root, keyType, 'deep');
  const at = (name: string): string => join(directory, name);
  beforeAll(async () => {
    const { written } = await makeCertificates({ directory, hosts, keyType });
    expect(written.map((path) => path.slice(directory.length + 1))).toEqual([
      'ca.key',
      'ca.crt',
      'elk.demo.sensorfleet.com.key',
      'elk.demo.sensorfleet.com_pk8.key',
      'elk.demo.sensorfleet.com.crt',
      'logstash-client.key',
      'logstash-client_pk8.key',
      'logstash-client.crt',
    ]);
  });

  it('are what openssl expects', () => {
    const verify = (purpose: string, name: string): string =>
      openssl('verify', '-x509_strict', '-purpose', purpose, '-CAfile', at('ca.crt'), at(name));
    expect(verify('sslserver', 'elk.demo.sensorfleet.com.crt')).toMatch(/: OK/);
    expect(verify('sslclient', 'logstash-client.crt')).toMatch(/: OK/);
    expect(() => verify('sslserver', 'logstash-client.crt')).toThrow();
    const text = openssl('x509', '-noout', '-text', '-in', at('elk.demo.sensorfleet.com.crt'));
    expect(text).toContain(`Signature Algorithm: ${signature}`);
    expect(text).toMatch(publicKey);
    expect(text).toMatch(
      /DNS:elk.demo.sensorfleet.com, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1/,
    );
    expect(text).toMatch(/TLS Web Server Authentication/);
    expect(openssl('x509', '-noout', '-subject', '-in', at('ca.crt'))).toMatch(/CN ?= ?logstash-test-ca/);
    const days =
      (Date.parse(new X509Certificate(readFileSync(at('ca.crt'))).validTo) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(3650);
  });

  it('have keys in PKCS#8 that only their owner reads', () => {
    for (const name of ['ca.key', 'logstash-client.key', 'logstash-client_pk8.key']) {
      expect(readFileSync(at(name), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
      expect(statSync(at(name)).mode & 0o777).toBe(0o600);
      openssl('pkey', '-in', at(name), '-noout', '-check');
    }
  });

  it('work for mutual TLS', async () => {
    const read = (name: string): Buffer => readFileSync(at(name));
    const ca = read('ca.crt');
    const server = tls.createServer({
      cert: read('elk.demo.sensorfleet.com.crt'),
      key: read('elk.demo.sensorfleet.com_pk8.key'),
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const seen = new Promise<string>((resolve) =>
      server.once('secureConnection', (socket) => {
        resolve(String(socket.getPeerX509Certificate()?.subject));
        socket.end();
      }),
    );
    const { port } = server.address() as { port: number };
    const client = tls.connect({
      host: '127.0.0.1',
      port,
      ca,
      cert: read('logstash-client.crt'),
      key: read('logstash-client.key'),
    });
    expect(await seen).toMatch(/CN=logstash-client/);
    expect(client.authorized).toBe(true);
    client.destroy();
    server.close();
  });

  it('come from the authority that is there, and stay when they are there', async () => {
    const before = readFileSync(at('ca.crt'), 'utf8');
    const old = readFileSync(at('logstash-client.crt'), 'utf8');
    const more = [hosts[1], { name: '192.0.2.7', usage: 'server' }] as const;
    const { written, kept } = await makeCertificates({ directory, hosts: more, keyType: 'ec', days: 9999 });
    expect(kept).toEqual([at('logstash-client.crt')]);
    expect(written).toHaveLength(3);
    expect(readFileSync(at('ca.crt'), 'utf8')).toBe(before);
    expect(openssl('verify', '-CAfile', at('ca.crt'), at('192.0.2.7.crt'))).toMatch(/: OK/);
    const [leaf, ca] = ['192.0.2.7.crt', 'ca.crt'].map((name) => new X509Certificate(readFileSync(at(name))));
    expect(leaf!.validTo).toBe(ca!.validTo);
    expect(leaf!.checkIP('192.0.2.7')).toBe('192.0.2.7');
    await makeCertificates({ directory, hosts: [hosts[1]], keyType: 'ec', overwrite: true });
    expect(readFileSync(at('logstash-client.crt'), 'utf8')).not.toBe(old);
  });
});

describe('what can not be', () => {
  const refuse = (directory: string, name = 'a', sans: string[] = []): Promise<unknown> =>
    makeCertificates({ directory, hosts: [{ name, usage: 'server', sans }], keyType: 'ec' });

  it('is named: names that are no file names', async () => {
    for (const name of ['../a', '', 'a/b', '.a', 'a b', 'ca'])
      await expect(refuse(join(root, 'names'), name)).rejects.toThrow(/can not be the name of a certificate/);
    await expect(refuse(join(root, 'names'), 'a', ['b c'])).rejects.toThrow(/`b c` is neither/);
  });

  it('is used: an authority that is damaged, of another key, or expired', async () => {
    const directory = join(root, 'damaged');
    await refuse(directory);
    const at = (name: string): string => join(directory, name);
    writeFileSync(at('ca.key'), 'no key');
    await expect(refuse(directory, 'b')).rejects.toThrow(/the authority in .* can not be used/);
    writeFileSync(at('ca.key'), readFileSync(at('a.key')));
    await expect(refuse(directory, 'b')).rejects.toThrow(/is not the key of/);
    rmSync(at('ca.key'));
    await expect(refuse(directory, 'b')).rejects.toThrow(/without its other half/);
    const expired = join(root, 'expired');
    await makeCertificates({ directory: expired, hosts: [], keyType: 'ec', days: 0 });
    await expect(refuse(expired)).rejects.toThrow(/expired on/);
  });

  it('takes an authority made by openssl, with a key in another format', async () => {
    const directory = join(root, 'openssl');
    await makeCertificates({ directory, hosts: [] });
    const at = (name: string): string => join(directory, name);
    openssl('ecparam', '-name', 'secp384r1', '-genkey', '-noout', '-out', at('ca.key'));
    openssl(
      'req',
      '-x509',
      '-key',
      at('ca.key'),
      '-out',
      at('ca.crt'),
      '-subj',
      '/CN=own ca/O=x, y',
      '-days',
      '10',
      '-addext',
      'keyUsage=critical,keyCertSign',
    );
    await refuse(directory, 'host.example');
    expect(openssl('verify', '-x509_strict', '-CAfile', at('ca.crt'), at('host.example.crt'))).toMatch(
      /: OK/,
    );
  });
});
