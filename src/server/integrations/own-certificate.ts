/** The certificate that sources show unless they are given another: of Millrace's own authority, for this computer. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { type IssuedCertificate, issueCertificate, makeCertificates } from '../../lib/tls/certificates.ts';

const NAME = 'listener';
/** Renewed when it ends within so many milliseconds. */
const SOON_MS = 30 * 86_400_000;

export interface OwnCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

export function ownCertificatePaths(dataPath: string): OwnCertificate {
  const directory = resolve(dataPath, 'certs');
  return {
    certificate: join(directory, `${NAME}.crt`),
    key: join(directory, `${NAME}.key`),
    authority: join(directory, 'ca.crt'),
  };
}

/** Names and addresses of this computer that others may know it by, the best first. */
export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80'));
  const order = (family: string): number => (family === 'IPv4' ? 0 : 1);
  const addresses = usable
    .sort((a, b) => order(a.family) - order(b.family))
    .map(({ address }) => address.replace(/%.*$/, ''));
  const name = hostname();
  return [...new Set([...addresses, ...(/^[A-Za-z0-9.-]+$/.test(name) ? [name] : [])])];
}

let turn: Promise<unknown> = Promise.resolve();

/** Makes it, and the authority, unless it is there and still names this computer. @throws MillraceError */
export function ensureOwnCertificate(dataPath: string): Promise<OwnCertificate> {
  const paths = ownCertificatePaths(dataPath);
  const sans = ['localhost', '127.0.0.1', '::1', ...ownAddresses()];
  const make = async (): Promise<OwnCertificate> => {
    if (!stillGood(paths, sans))
      await makeCertificates({
        directory: resolve(dataPath, 'certs'),
        authority: 'Millrace',
        keyType: 'ec',
        overwrite: true,
        hosts: [{ name: NAME, usage: 'server', sans }],
      });
    return paths;
  };
  const made = turn.catch(() => {}).then(make);
  turn = made;
  return made;
}

/** One for a sender, by which this Millrace knows it; nothing of it is kept. @throws MillraceError */
export async function issueClientCertificate(dataPath: string, name: string): Promise<IssuedCertificate> {
  await ensureOwnCertificate(dataPath);
  return issueCertificate(
    { directory: resolve(dataPath, 'certs'), keyType: 'ec' },
    { name, usage: 'client' },
  );
}

function stillGood({ certificate, key }: OwnCertificate, sans: readonly string[]): boolean {
  if (!existsSync(certificate) || !existsSync(key)) return false;
  try {
    const parsed = new X509Certificate(readFileSync(certificate));
    if (parsed.validToDate.getTime() - Date.now() < SOON_MS) return false;
    return sans.every((name) => parsed.checkIP(name) !== undefined || parsed.checkHost(name) !== undefined);
  } catch {
    return false;
  }
}
