/** `millrace certs`, judged by openssl. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, runToEnd, temporaryFolder } from '../support/millrace.ts';

afterEach(cleanUp);

const certs = (cwd: string, ...args: string[]) => runToEnd({ args: ['certs', ...args], cwd });
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const mode = (file: string): number => statSync(file).mode & 0o777;

describe.each([
  ['RSA', [], /Public-Key: \(2048 bit\)/, 'sha384WithRSAEncryption', 'rsaEncryption'],
  ['EC', ['--ec'], /ASN1 OID: prime256v1/, 'ecdsa-with-SHA256', 'id-ecPublicKey'],
] as const)('%s', (_name, options, size, signature, algorithm) => {
  test('openssl verifies them, and shows names, usages, PKCS#8 keys and their mode', async () => {
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await certs(
      folder,
      ...['elk.example.com,10.0.0.5,::1,*.example.org:server', 'logstash-client:client', ...options],
    );
    expect([code, stderr]).toEqual([0, '']);
    const at = (name: string): string => join(folder, 'certs', name);
    const names = ['ca.key', 'ca.crt'];
    for (const host of ['elk.example.com', 'logstash-client'])
      names.push(`${host}.key`, `${host}_pk8.key`, `${host}.crt`);
    expect(stdout).toBe(names.map((name) => `written certs/${name}\n`).join(''));

    for (const [host, purpose] of [
      ['elk.example.com', 'sslserver'],
      ['logstash-client', 'sslclient'],
    ] as const) {
      const file = at(`${host}.crt`);
      expect(openssl('verify', '-x509_strict', '-purpose', purpose, '-CAfile', at('ca.crt'), file)).toContain(
        ': OK',
      );
      const text = openssl('x509', '-noout', '-text', '-in', file);
      expect(text).toMatch(size);
      expect(text).toContain(`Signature Algorithm: ${signature}`);
      expect(text).toContain(`Public Key Algorithm: ${algorithm}`);
      expect(text).toMatch(/Version: 3/);
      expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
      expect(text).toMatch(
        purpose === 'sslserver'
          ? /Extended Key Usage:\s+TLS Web Server Authentication\n/
          : /Extended Key Usage:\s+TLS Web Client Authentication\n/,
      );
      expect(text).toMatch(
        purpose === 'sslserver'
          ? /Subject Alternative Name:\s+DNS:elk\.example\.com, IP Address:10\.0\.0\.5, IP Address:0:0:0:0:0:0:0:1, DNS:\*\.example\.org\n/
          : /Subject Alternative Name:\s+DNS:logstash-client\n/,
      );
      for (const key of [at(`${host}.key`), at(`${host}_pk8.key`)]) {
        expect(mode(key)).toBe(0o600);
        expect(readFileSync(key, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
        openssl('pkey', '-in', key, '-check', '-noout');
        expect(
          new X509Certificate(readFileSync(file)).checkPrivateKey(createPrivateKey(readFileSync(key))),
        ).toBe(true);
      }
      // The other purpose is refused.
      const other = purpose === 'sslserver' ? 'sslclient' : 'sslserver';
      expect(() => openssl('verify', '-purpose', other, '-CAfile', at('ca.crt'), file)).toThrow(
        /unsuitable|purpose/,
      );
    }
    const authority = openssl('x509', '-noout', '-text', '-in', at('ca.crt'));
    expect(authority).toMatch(/Basic Constraints: critical\s+CA:TRUE/);
    expect(authority).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/);
    expect(authority).toContain('CN = logstash-test-ca');
    expect(mode(at('ca.key'))).toBe(0o600);
    expect(mode(join(folder, 'certs'))).toBe(0o700);
    const { validFrom, validTo } = new X509Certificate(readFileSync(at('elk.example.com.crt')));
    expect((Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000).toBeCloseTo(3650, 0);
  });

  test('a TLS client and server agree with them, both ways', async () => {
    const folder = temporaryFolder();
    await certs(folder, 'localhost,127.0.0.1:server', 'client:client', '--out', '.', ...options);
    const read = (name: string): Buffer => readFileSync(join(folder, name));
    const server = createServer({
      key: read('localhost_pk8.key'),
      cert: read('localhost.crt'),
      ca: read('ca.crt'),
      requestCert: true,
      rejectUnauthorized: true,
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const subject = new Promise<string>((done) => {
      server.on('secureConnection', (socket: TLSSocket) => {
        done(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
    });
    const { port } = server.address() as { port: number };
    const socket = connect({
      port,
      host: '127.0.0.1',
      ca: read('ca.crt'),
      key: read('client.key'),
      cert: read('client.crt'),
    });
    await new Promise((done, fail) => socket.once('secureConnect', done).once('error', fail));
    expect(socket.authorized).toBe(true);
    expect(await subject).toBe('client');
    socket.destroy();
    server.close();
  });
});

describe('again', () => {
  test('the authority and what is there stay, new names are added', async () => {
    const folder = temporaryFolder();
    await certs(folder, 'a:server');
    const at = (name: string): string => join(folder, 'certs', name);
    const before = ['ca.crt', 'ca.key', 'a.crt', 'a.key'].map((name) => readFileSync(at(name), 'utf8'));
    const { code, stdout } = await certs(folder, 'a:server', 'b:client');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'written certs/b.key',
        'written certs/b_pk8.key',
        'written certs/b.crt',
        'kept    certs/a.crt (--overwrite replaces it)',
        '',
      ].join('\n'),
    );
    expect(['ca.crt', 'ca.key', 'a.crt', 'a.key'].map((name) => readFileSync(at(name), 'utf8'))).toEqual(
      before,
    );
    expect(openssl('verify', '-CAfile', at('ca.crt'), at('a.crt'), at('b.crt'))).toMatch(
      /a\.crt: OK\n.*b\.crt: OK/,
    );
  });

  test('--overwrite makes new certificates, and keeps the authority', async () => {
    const folder = temporaryFolder();
    await certs(folder, 'a:server');
    const at = (name: string): string => join(folder, 'certs', name);
    const [authority, first] = [readFileSync(at('ca.crt'), 'utf8'), readFileSync(at('a.crt'), 'utf8')];
    expect((await certs(folder, 'a:server', '--overwrite', '--days', '7')).code).toBe(0);
    expect(readFileSync(at('ca.crt'), 'utf8')).toBe(authority);
    expect(readFileSync(at('a.crt'), 'utf8')).not.toBe(first);
    const { validTo } = new X509Certificate(readFileSync(at('a.crt')));
    expect((Date.parse(validTo) - Date.now()) / 86_400_000).toBeCloseTo(7, 0);
    expect(openssl('verify', '-CAfile', at('ca.crt'), at('a.crt'))).toContain('OK');
  });

  test('an authority made by openssl is used, in either form of its key', async () => {
    for (const traditional of [true, false]) {
      const folder = temporaryFolder();
      const at = (name: string): string => join(folder, name);
      openssl(
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=our own/O=Us'],
        ...['-keyout', at('ca.key'), '-out', at('ca.crt')],
      );
      if (traditional) openssl('rsa', '-traditional', '-in', at('ca.key'), '-out', at('ca.key'));
      expect((await certs(folder, 'host.example:server', '--ec', '--out', '.')).code).toBe(0);
      expect(openssl('verify', '-CAfile', at('ca.crt'), at('host.example.crt'))).toContain('OK');
      // None outlives its authority.
      const ends = ['ca.crt', 'host.example.crt'].map((name) =>
        Date.parse(new X509Certificate(readFileSync(at(name))).validTo),
      );
      expect(ends[1]).toBeLessThanOrEqual(ends[0]!);
    }
  });
});

describe('--help', () => {
  test('its examples run as printed', async () => {
    const folder = temporaryFolder();
    const { stdout } = await certs(folder, '--help');
    const examples = stdout.split('\n').filter((line) => line.startsWith('  millrace certs'));
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const example of examples) {
      const words = example.trim().split(/ +/).slice(1);
      const out = words.indexOf('--out');
      // The one change: not into the system's folders.
      if (out >= 0) words[out + 1] = join(folder, words[out + 1]!);
      const { code, stderr } = await runToEnd({ args: words, cwd: folder });
      expect([example, code, stderr]).toEqual([example, 0, '']);
    }
    const files = /^Files: (.*)\.$/m.exec(stdout)![1]!.split(', ');
    expect(files).toEqual(['ca.crt', 'ca.key', 'NAME.crt', 'NAME.key', 'NAME_pk8.key']);
    for (const file of files)
      expect(existsSync(join(folder, 'certs', file.replace('NAME', 'elk.demo.sensorfleet.com')))).toBe(true);
  });

  test('every option is described, with its default', async () => {
    const { stdout } = await certs(temporaryFolder(), '--help');
    for (const option of ['--out', '--ec', '--days', '--overwrite'])
      expect(stdout).toContain(`\n  ${option}`);
    expect(stdout).toMatch(/default certs[\s\S]*2048[\s\S]*default 3650/);
  });

  test('without names: localhost, and a client', async () => {
    const folder = temporaryFolder();
    expect((await certs(folder)).code).toBe(0);
    const text = openssl(
      'x509',
      '-noout',
      '-ext',
      'subjectAltName',
      '-in',
      join(folder, 'certs', 'localhost.crt'),
    );
    expect(text).toContain('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect(existsSync(join(folder, 'certs', 'client.crt'))).toBe(true);
  });
});

describe('errors name what is wrong and leave nothing behind', () => {
  test.each([
    [['host'], 'host: expected NAME:server or NAME:client'],
    [['host:both'], 'host:both: expected NAME:server or NAME:client'],
    [['../evil:server'], 'can not be the name of a certificate'],
    [['ca:server'], 'can not be the name of a certificate'],
    [['a,b c:server'], 'is neither a host name nor an address'],
    [['a:server', '--days', '0'], '--days needs a whole number of days'],
    [['a:server', '--days'], '--days needs a whole number of days'],
    [['a:server', '--out'], '--out needs a directory'],
    [['a:server', '--nonsense'], 'unknown argument --nonsense. See "millrace certs --help".'],
  ])('%j', async (args, message) => {
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await certs(folder, ...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^millrace: /);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('.ts:');
    expect(existsSync(join(folder, 'certs'))).toBe(false);
  });

  test('an authority that can not be used', async () => {
    const folder = temporaryFolder();
    await certs(folder, 'a:server', '--out', '.');
    writeFileSync(join(folder, 'ca.key'), 'nonsense');
    const broken = await certs(folder, 'b:server', '--out', '.');
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain('the authority in `.` can not be used');
    expect(existsSync(join(folder, 'b.crt'))).toBe(false);
  });

  test('a folder that can not be written', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    chmodSync(folder, 0o755);
    const { code, stderr } = await certs(folder, 'a:server', '--out', 'file/below');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^millrace: .*file\/below/);
    expect(stderr).not.toContain('internal error');
  });
});
