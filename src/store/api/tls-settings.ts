/** TLS of the store's HTTP API: what is set, or certificates of Millrace's own authority. */
import { readFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { SecureVersion } from 'node:tls';
import { MillraceError } from '../../kernel/errors.ts';
import type { Secret } from '../../kernel/options.ts';
import { makeCertificates } from '../../lib/tls/certificates.ts';

export type Setting = (name: string) => unknown;

const PREFIX = 'store.http.ssl';

/** Undefined: plain HTTP. `required`: others than this machine can reach the address. @throws MillraceError */
export async function tlsOf(setting: Setting, required: boolean): Promise<ServerOptions | undefined> {
  const enabled = setting(`${PREFIX}.enabled`) as boolean | undefined;
  if (required && enabled === false)
    throw new MillraceError(
      'ERR_SETTING',
      `store.http.host ${String(setting('store.http.host'))} is no loopback address: it needs TLS. Remove ${PREFIX}.enabled: false`,
    );
  if (enabled !== true && !required) return undefined;
  const options: ServerOptions = { ...(await keyMaterial(setting)), ...versions(setting) };
  try {
    createServer(options).close();
  } catch (error) {
    throw new MillraceError(
      'ERR_SETTING',
      `${PREFIX}: certificate and key can not be used: ${(error as Error).message}`,
    );
  }
  return options;
}

async function keyMaterial(setting: Setting): Promise<ServerOptions> {
  const keystore = setting(`${PREFIX}.keystore.path`);
  const certificate = setting(`${PREFIX}.certificate`);
  const key = setting(`${PREFIX}.key`);
  if (keystore !== undefined) {
    const passphrase = (setting(`${PREFIX}.keystore.password`) as Secret | undefined)?.reveal() ?? '';
    return { pfx: read(keystore, 'keystore.path'), passphrase };
  }
  if ((certificate === undefined) !== (key === undefined))
    throw new MillraceError('ERR_SETTING', `${PREFIX}.certificate and ${PREFIX}.key go together`);
  if (certificate !== undefined) return { cert: read(certificate, 'certificate'), key: read(key, 'key') };
  return ownCertificate(String(setting('path.data')));
}

/** Made at once, and kept. */
async function ownCertificate(dataPath: string): Promise<ServerOptions> {
  const directory = join(dataPath, 'certs');
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.includes('%') && !address.startsWith('fe80'));
  const sans = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...addresses])];
  await makeCertificates({
    directory,
    authority: 'Millrace',
    keyType: 'ec',
    hosts: [{ name: 'store', usage: 'server', sans }],
  });
  return {
    cert: readFileSync(join(directory, 'store.crt')),
    key: readFileSync(join(directory, 'store.key')),
  };
}

function read(path: unknown, name: string): Buffer {
  try {
    return readFileSync(String(path));
  } catch (error) {
    throw new MillraceError('ERR_SETTING', `${PREFIX}.${name}: ${(error as Error).message}`);
  }
}

function versions(setting: Setting): ServerOptions {
  const text = String(setting(`${PREFIX}.supported_protocols`) ?? '');
  const protocols = (text.match(/TLSv1\.[23]/g) ?? []).sort() as SecureVersion[];
  if (text.trim() !== '' && text !== '[]' && protocols.length === 0)
    throw new MillraceError(
      'ERR_SETTING',
      `${PREFIX}.supported_protocols takes TLSv1.2 and TLSv1.3, and is "${text}"`,
    );
  return protocols.length === 0 ? {} : { minVersion: protocols[0]!, maxVersion: protocols.at(-1)! };
}
