/**
 * Makes a certificate authority and certificates for servers and clients, for `millrace certs`. The defaults are
 * those of the script that the forwarder's guide gives its users: RSA 2048, SHA-384, ten years.
 */
import {
  createPrivateKey,
  type KeyObject,
  X509Certificate as NodeCertificate,
  randomBytes,
  type webcrypto,
} from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type * as X509 from '@peculiar/x509';
import { MillraceError } from '../../kernel/errors.ts';
import { writeWhole } from '../files/write-whole.ts';

export interface CertificateHost {
  /** Common name, name of the files, and a subject alternative name. */
  readonly name: string;
  readonly usage: 'server' | 'client';
  /** Further names and addresses. */
  readonly sans?: readonly string[];
}

export interface CertificateRequest {
  /** Made if it is not there. */
  readonly directory: string;
  readonly hosts: readonly CertificateHost[];
  /** Default rsa. */
  readonly keyType?: 'rsa' | 'ec';
  /** Validity from now; default 3650. No certificate outlives its authority. */
  readonly days?: number;
  /** Common name of an authority made now; default `logstash-test-ca`. */
  readonly authority?: string;
  /** Replace certificates that are there; otherwise they are kept. The authority is always kept. */
  readonly overwrite?: boolean;
}

export interface CertificateFiles {
  readonly directory: string;
  /** Paths of what was written, in order. */
  readonly written: readonly string[];
  /** Paths of certificates that were there and stay. */
  readonly kept: readonly string[];
}

type Library = typeof X509;
interface Authority {
  readonly certificate: X509.X509Certificate;
  readonly key: CryptoKey;
  readonly notAfter: Date;
}

const DAY_MS = 86_400_000;
/** Clocks of other machines may be behind. */
const SKEW_MS = 3_600_000;
const algorithms = {
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-384',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  ec: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
} as const;

/**
 * Writes `ca.crt`, `ca.key` (unless both are there), and for every host `NAME.crt`, `NAME.key` and the same key again
 * as `NAME_pk8.key`, the name that Logstash's users know; all keys are PKCS#8 and readable by their owner only.
 * @throws MillraceError for names that can not be files and for an authority that can not be used
 */
export async function makeCertificates(request: CertificateRequest): Promise<CertificateFiles> {
  for (const host of request.hosts) checkName(host);
  const { directory, keyType = 'rsa' } = request;
  const library = await loadLibrary();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  const kept: string[] = [];
  const write = (name: string, text: string, mode: number): void => {
    const path = join(directory, name);
    writeWhole(path, text, { mode });
    written.push(path);
  };
  const authority =
    (await readAuthority(library, directory)) ?? (await makeAuthority(library, request, keyType, write));
  for (const host of request.hosts) {
    const path = join(directory, `${host.name}.crt`);
    if (!request.overwrite && existsSync(path)) {
      kept.push(path);
      continue;
    }
    const keys = await newKeys(keyType);
    const certificate = await issue(library, authority, host, keys, request);
    const key = await privateKeyText(keys.privateKey);
    write(`${host.name}.key`, key, 0o600);
    write(`${host.name}_pk8.key`, key, 0o600);
    write(`${host.name}.crt`, `${certificate.toString('pem')}\n`, 0o644);
  }
  return { directory, written, kept };
}

export interface IssuedCertificate {
  /** PEM, all of them. */
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  readonly notAfter: Date;
}

/**
 * A certificate of the authority of a directory, which is in no file: whoever asked for it keeps it.
 * @throws MillraceError when there is no authority, or none that can be used
 */
export async function issueCertificate(
  request: Omit<CertificateRequest, 'hosts' | 'overwrite' | 'authority'>,
  host: CertificateHost,
): Promise<IssuedCertificate> {
  checkName(host);
  const { directory, keyType = 'rsa' } = request;
  const library = await loadLibrary();
  const authority = await readAuthority(library, directory);
  if (!authority) throw new MillraceError('ERR_IO', `there is no authority in \`${directory}\``);
  const keys = await newKeys(keyType);
  const certificate = await issue(library, authority, host, keys, { ...request, hosts: [host] });
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: await privateKeyText(keys.privateKey),
    authority: `${authority.certificate.toString('pem')}\n`,
    notAfter: certificate.notAfter,
  };
}

/** The library wants its polyfill before everything else; both are large, so they are loaded when needed. */
async function loadLibrary(): Promise<Library> {
  await import('reflect-metadata');
  const library = await import('@peculiar/x509');
  library.cryptoProvider.set(globalThis.crypto);
  return library;
}

function checkName({ name, sans = [] }: CertificateHost): void {
  if (!/^[A-Za-z0-9_*][A-Za-z0-9._:*-]*$/.test(name) || name === 'ca' || name.length > 64)
    throw new MillraceError(
      'ERR_USAGE',
      `\`${name}\` can not be the name of a certificate: give a host name or address of at most 64 characters, and not \`ca\``,
    );
  for (const san of sans)
    if (!/^[A-Za-z0-9_.:*-]+$/.test(san))
      throw new MillraceError('ERR_USAGE', `\`${san}\` is neither a host name nor an address`);
}

function newKeys(keyType: 'rsa' | 'ec'): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithms[keyType], true, ['sign', 'verify']);
}

async function privateKeyText(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  }) as string;
}

async function makeAuthority(
  library: Library,
  request: CertificateRequest,
  keyType: 'rsa' | 'ec',
  write: (name: string, text: string, mode: number) => void,
): Promise<Authority> {
  const keys = await newKeys(keyType);
  const { notBefore, notAfter } = validity(request);
  const { KeyUsageFlags } = library;
  const certificate = await library.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [request.authority ?? 'logstash-test-ca'] }, { O: ['Logstash Test'] }, { C: ['FI'] }],
    notBefore,
    notAfter,
    signingAlgorithm: algorithms[keyType],
    keys,
    extensions: [
      new library.BasicConstraintsExtension(true, undefined, true),
      new library.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  write('ca.key', await privateKeyText(keys.privateKey), 0o600);
  write('ca.crt', `${certificate.toString('pem')}\n`, 0o644);
  return { certificate, key: keys.privateKey, notAfter };
}

/** The authority of the directory; undefined if there is none. Any format of the key that Node reads will do. */
async function readAuthority(library: Library, directory: string): Promise<Authority | undefined> {
  const [certificatePath, keyPath] = [join(directory, 'ca.crt'), join(directory, 'ca.key')];
  const there = [certificatePath, keyPath].filter((path) => existsSync(path));
  if (there.length === 0) return undefined;
  const fail = (why: string): never => {
    throw new MillraceError('ERR_IO', `the authority in \`${directory}\` can not be used: ${why}`);
  };
  if (there.length === 1) fail(`\`${there[0]}\` is there without its other half`);
  let certificate: NodeCertificate;
  let key: KeyObject;
  try {
    certificate = new NodeCertificate(await readFile(certificatePath));
    key = createPrivateKey(await readFile(keyPath));
  } catch (error) {
    return fail((error as Error).message);
  }
  const notAfter = new Date(certificate.validTo);
  if (!certificate.checkPrivateKey(key)) fail('`ca.key` is not the key of `ca.crt`');
  if (notAfter.getTime() < Date.now()) fail(`it expired on ${certificate.validTo}`);
  const algorithm = signingAlgorithm(key) ?? fail('its key is neither RSA nor EC (P-256, P-384, P-521)');
  const der = key.export({ format: 'der', type: 'pkcs8' });
  return {
    certificate: new library.X509Certificate(certificate.raw),
    key: await crypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, false, ['sign']),
    notAfter,
  };
}

const curves: Readonly<Record<string, { namedCurve: string; hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
};

function signingAlgorithm(key: KeyObject): { name: string; hash: string; namedCurve?: string } | undefined {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' };
  const curve = key.asymmetricKeyType === 'ec' && curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  return curve ? { name: 'ECDSA', ...curve } : undefined;
}

async function issue(
  library: Library,
  authority: Authority,
  host: CertificateHost,
  keys: webcrypto.CryptoKeyPair,
  request: CertificateRequest,
): Promise<X509.X509Certificate> {
  const { notBefore, notAfter } = validity(request);
  const { ExtendedKeyUsage, KeyUsageFlags } = library;
  const usages =
    KeyUsageFlags.digitalSignature | (request.keyType === 'ec' ? 0 : KeyUsageFlags.keyEncipherment);
  const algorithm = authority.key.algorithm as { hash?: { name: string }; namedCurve?: string };
  const hash =
    algorithm.hash?.name ??
    Object.values(curves).find((curve) => curve.namedCurve === algorithm.namedCurve)?.hash ??
    'SHA-256';
  return library.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [host.name] }, { O: ['Logstash Test'] }, { C: ['FI'] }],
    issuer: authority.certificate.subjectName,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), authority.notAfter.getTime())),
    signingAlgorithm: { ...authority.key.algorithm, hash },
    publicKey: keys.publicKey,
    signingKey: authority.key,
    extensions: [
      new library.BasicConstraintsExtension(false, undefined, true),
      new library.KeyUsagesExtension(usages, true),
      new library.ExtendedKeyUsageExtension([
        host.usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth,
      ]),
      new library.SubjectAlternativeNameExtension(
        [...new Set([host.name, ...(host.sans ?? [])])].map((value) => ({
          type: isIP(value) ? 'ip' : 'dns',
          value,
        })),
      ),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await authorityIdentifier(library, authority.certificate),
    ],
  });
}

/** The key identifier that the authority has given itself: chains are built by it. */
async function authorityIdentifier(
  library: Library,
  certificate: X509.X509Certificate,
): Promise<X509.AuthorityKeyIdentifierExtension> {
  const own = certificate.getExtension(library.SubjectKeyIdentifierExtension);
  return own === null
    ? library.AuthorityKeyIdentifierExtension.create(certificate.publicKey)
    : new library.AuthorityKeyIdentifierExtension(own.keyId);
}

function validity({ days = 3650 }: CertificateRequest): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - SKEW_MS), notAfter: new Date(now + days * DAY_MS) };
}

/** Sixteen random bytes, positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}
