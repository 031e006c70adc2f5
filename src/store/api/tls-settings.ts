/** TLS of an HTTP server of Millrace: what is set, or certificates of Millrace's own authority. */
import { readFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { SecureVersion } from 'node:tls';
import { MillraceError } from '../../kernel/errors.ts';
import type { Secret } from '../../kernel/options.ts';
import { makeCertificates } from '../../lib/tls/certificates.ts';

export type Setting = (name: string) => unknown;

/**
 * Undefined: plain HTTP. `required`: others than this machine can reach the address. `server`: its settings begin so.
 * @throws MillraceError
 */
export async function tlsOf(
  setting: Setting,
  required: boolean,
  server: 'store' | 'console' = 'store',
): Promise<ServerOptions | undefined> {
  const prefix = `${server}.http.ssl`;
  const enabled = setting(`${prefix}.enabled`) as boolean | undefined;
  if (required && enabled === false)
    throw new MillraceError(
      'ERR_SETTING',
      `${server}.http.host ${String(setting(`${server}.http.host`))} is no loopback address: it needs TLS. Remove ${prefix}.enabled: false`,
    );
  if (enabled !== true && !required) return undefined;
  const options: ServerOptions = { ...(await keyMaterial(setting, server)), ...versions(setting, prefix) };
  try {
    createServer(options).close();
  } catch (error) {
    throw new MillraceError(
      'ERR_SETTING',
      `${prefix}: certificate and key can not be used: ${(error as Error).message}`,
    );
  }
  return options;
}

async function keyMaterial(setting: Setting, server: string): Promise<ServerOptions> {
  const prefix = `${server}.http.ssl`;
  const keystore = setting(`${prefix}.keystore.path`);
  const certificate = setting(`${prefix}.certificate`);
  const key = setting(`${prefix}.key`);
  if (keystore !== undefined) {
    const passphrase = (setting(`${prefix}.keystore.password`) as Secret | undefined)?.reveal() ?? '';
    return { pfx: read(keystore, `${prefix}.keystore.path`), passphrase };
  }
  if ((certificate === undefined) !== (key === undefined))
    throw new MillraceError('ERR_SETTING', `${prefix}.certificate and ${prefix}.key go together`);
  if (certificate !== undefined)
    return { cert: read(certificate, `${prefix}.certificate`), key: read(key, `${prefix}.key`) };
  return ownCertificate(String(setting('path.data')), server);
}

let turn: Promise<unknown> = Promise.resolve();

/** Made at once, and kept. */
async function ownCertificate(dataPath: string, server: string): Promise<ServerOptions> {
  const directory = join(dataPath, 'certs');
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.includes('%') && !address.startsWith('fe80'));
  const sans = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...addresses])];
  // One after the other: the first one makes the authority.
  turn = turn
    .catch(() => {})
    .then(() =>
      makeCertificates({
        directory,
        authority: 'Millrace',
        keyType: 'ec',
        hosts: [{ name: server, usage: 'server', sans }],
      }),
    );
  await turn;
  return {
    cert: readFileSync(join(directory, `${server}.crt`)),
    key: readFileSync(join(directory, `${server}.key`)),
  };
}

function read(path: unknown, name: string): Buffer {
  try {
    return readFileSync(String(path));
  } catch (error) {
    throw new MillraceError('ERR_SETTING', `${name}: ${(error as Error).message}`);
  }
}

function versions(setting: Setting, prefix: string): ServerOptions {
  const text = String(setting(`${prefix}.supported_protocols`) ?? '');
  const protocols = (text.match(/TLSv1\.[23]/g) ?? []).sort() as SecureVersion[];
  if (text.trim() !== '' && text !== '[]' && protocols.length === 0)
    throw new MillraceError(
      'ERR_SETTING',
      `${prefix}.supported_protocols takes TLSv1.2 and TLSv1.3, and is "${text}"`,
    );
  return protocols.length === 0 ? {} : { minVersion: protocols[0]!, maxVersion: protocols.at(-1)! };
}
