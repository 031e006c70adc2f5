/** Certificates for tests, made with the openssl command into a directory of their own; EC keys, one day. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificate {
  /** PEM files. */
  readonly cert: string;
  readonly key: string;
}

export interface TestCertificates {
  readonly directory: string;
  /** The authority's certificate (PEM file). */
  readonly ca: string;
  /** For `localhost` and 127.0.0.1, server and client use. */
  readonly server: TestCertificate;
  /** Subject `CN=client, O=Millrace Test`. */
  readonly client: TestCertificate;
  /** Another authority and a client certificate from it, which `ca` does not vouch for. */
  readonly strangerCa: string;
  readonly stranger: TestCertificate;
  /** Makes one more, signed by `ca`. `days` may be negative: expired. */
  issue(name: string, subject: string, names: string, days?: number): TestCertificate;
  openssl(...args: string[]): void;
  remove(): void;
}

export function makeCertificates(): TestCertificates {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-certs-'));
  const at = (name: string): string => join(directory, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = (name: string): void =>
    openssl(
      ...['req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '2'],
      ...['-subj', `/CN=${name}/O=Millrace Test`, '-addext', 'basicConstraints=critical,CA:TRUE'],
    );
  const sign = (ca: string, name: string, subject: string, names: string, days: number): TestCertificate => {
    openssl('req', '-new', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    writeFileSync(at(`${name}.ext`), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.crt`, '-CAkey', `${ca}.key`, '-CAcreateserial'],
      ...['-out', `${name}.crt`, '-days', String(days), '-extfile', `${name}.ext`],
    );
    return { cert: at(`${name}.crt`), key: at(`${name}.key`) };
  };
  authority('ca');
  authority('stranger-ca');
  return {
    directory,
    ca: at('ca.crt'),
    server: sign('ca', 'server', '/CN=localhost/O=Millrace Test', 'DNS:localhost,IP:127.0.0.1', 2),
    client: sign('ca', 'client', '/CN=client/O=Millrace Test', 'DNS:client', 2),
    strangerCa: at('stranger-ca.crt'),
    stranger: sign('stranger-ca', 'stranger', '/CN=stranger', 'DNS:stranger', 2),
    issue: (name, subject, names, days = 2) => sign('ca', name, subject, names, days),
    openssl,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
