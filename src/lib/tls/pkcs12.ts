/**
 * The certificates of a PKCS#12 store (RFC 7292). Node reads key stores by itself, but not trust stores, which
 * hold certificates without a key (what `keytool -importcert` makes).
 */
import { createDecipheriv, createHash, pbkdf2Sync, X509Certificate } from 'node:crypto';

interface Node {
  readonly tag: number;
  readonly content: Buffer;
}

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const CERT_BAG = '1.2.840.113549.1.12.10.1.3';
const SAFE_CONTENTS_BAG = '1.2.840.113549.1.12.10.1.6';
const PBES2 = '1.2.840.113549.1.5.13';
const PBE_SHA1_3DES = '1.2.840.113549.1.12.1.3';
const ciphers: Readonly<Record<string, readonly [name: string, keyBytes: number]>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-128-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-192-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-256-cbc', 32],
  '1.2.840.113549.3.7': ['des-ede3-cbc', 24],
};
const digests: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const MAX_ITERATIONS = 5_000_000;

/**
 * All certificates in the store, in its order.
 * @throws Error with half a sentence ("can not be opened: …") when it is damaged or the password does not fit
 */
export function certificatesOfPkcs12(bytes: Buffer, password: string): X509Certificate[] {
  const found: Buffer[] = [];
  try {
    const authSafe = children(child(children(read(bytes)), 1));
    const safes = contentOf(authSafe);
    for (const info of children(read(safes))) {
      const parts = children(info);
      const kind = oid(child(parts, 0));
      if (kind === DATA) collect(contentOf(parts), found, 0);
      else if (kind === ENCRYPTED_DATA)
        collectEncrypted(child(children(child(parts, 1)), 0), password, found);
    }
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof PasswordError) throw error;
    throw new Error('is damaged or not a PKCS#12 store', { cause: error });
  }
  return found.map((der) => new X509Certificate(der));
}

class UnsupportedError extends Error {}
class PasswordError extends Error {}

/** With a wrong password the padding is wrong, or, once in 256 times, what comes out is nonsense. */
function collectEncrypted(encrypted: Parameters<typeof decrypt>[0], password: string, found: Buffer[]): void {
  try {
    collect(decrypt(encrypted, password), found, 0);
  } catch (error) {
    if (error instanceof UnsupportedError) throw error;
    throw new PasswordError('can not be opened: its password does not fit', { cause: error });
  }
}

/** Certificates of a SafeContents; bags may nest. */
function collect(bytes: Buffer, found: Buffer[], depth: number): void {
  if (depth > 8) throw new UnsupportedError('nests too deep');
  for (const bag of children(read(bytes))) {
    const parts = children(bag);
    const kind = oid(child(parts, 0));
    const value = child(children(child(parts, 1)), 0);
    if (kind === CERT_BAG) found.push(contentOf(children(value)));
    else if (kind === SAFE_CONTENTS_BAG) collect(child(parts, 1).content, found, depth + 1);
  }
}

/** `{ type, [0] OCTET STRING }`: the octets. */
function contentOf(parts: readonly Node[]): Buffer {
  return child(children(child(parts, 1)), 0).content;
}

/** EncryptedData: version, { type, algorithm, [0] octets }. */
function decrypt(encrypted: Node, password: string): Buffer {
  const info = children(child(children(encrypted), 1));
  const [algorithm, parameters] = children(child(info, 1)) as [Node, Node];
  const octets = child(info, 2);
  const data =
    octets.tag === 0xa0 ? Buffer.concat(children(octets).map((each) => each.content)) : octets.content;
  const { name, key, iv } = cipherOf(oid(algorithm), parameters, password);
  const decipher = createDecipheriv(name, key, iv);
  return Buffer.concat([decipher.update(data), decipher.final()]);
}

function cipherOf(algorithm: string, parameters: Node, password: string) {
  if (algorithm === PBES2) {
    const [derivation, scheme] = children(parameters) as [Node, Node];
    const [salt, count, ...rest] = children(child(children(derivation), 1)) as [Node, Node, ...Node[]];
    const prf = rest.find((each) => each.tag === 0x30);
    const digest = prf ? digests[oid(child(children(prf), 0))] : 'sha1';
    const [schemeId, iv] = children(scheme) as [Node, Node];
    const cipher = ciphers[oid(schemeId)];
    if (!digest || !cipher)
      throw new UnsupportedError('is encrypted with an algorithm that is not known here');
    const key = pbkdf2Sync(password, salt.content, iterations(count), cipher[1], digest);
    return { name: cipher[0], key, iv: iv.content };
  }
  if (algorithm === PBE_SHA1_3DES) {
    const [salt, count] = children(parameters) as [Node, Node];
    const derive = (id: number, size: number) =>
      pkcs12Key(password, salt.content, iterations(count), id, size);
    return { name: 'des-ede3-cbc', key: derive(1, 24), iv: derive(2, 8) };
  }
  throw new UnsupportedError(
    'is encrypted with an algorithm (RC2) that OpenSSL 3 has retired; import it again with a newer keytool',
  );
}

function iterations(node: Node): number {
  const count = node.content.readUIntBE(0, Math.min(node.content.length, 6));
  if (count < 1 || count > MAX_ITERATIONS) throw new UnsupportedError('asks for too many iterations');
  return count;
}

/** RFC 7292 appendix B.2 with SHA-1. */
function pkcs12Key(password: string, salt: Buffer, count: number, id: number, size: number): Buffer {
  const block = 64;
  const utf16 = Buffer.alloc(password.length * 2 + 2);
  for (let at = 0; at < password.length; at++) utf16.writeUInt16BE(password.charCodeAt(at), at * 2);
  const fill = (bytes: Buffer): Buffer =>
    Buffer.alloc(block * Math.ceil(bytes.length / block), bytes.length > 0 ? bytes : 0);
  const input = Buffer.concat([fill(salt), fill(utf16)]);
  const made: Buffer[] = [];
  for (let bytes = 0; bytes < size; bytes += 20) {
    let hash = createHash('sha1').update(Buffer.alloc(block, id)).update(input).digest();
    for (let round = 1; round < count; round++) hash = createHash('sha1').update(hash).digest();
    made.push(hash);
    const addend = Buffer.alloc(block, hash);
    for (let at = 0; at < input.length; at += block) {
      let carry = 1;
      for (let index = block - 1; index >= 0; index--) {
        carry += input[at + index]! + addend[index]!;
        input[at + index] = carry & 0xff;
        carry >>= 8;
      }
    }
  }
  return Buffer.concat(made).subarray(0, size);
}

// ---- DER -------------------------------------------------------------------------------------------------

function read(bytes: Buffer): Node {
  return readAt(bytes, 0).node;
}

function readAt(bytes: Buffer, at: number): { node: Node; next: number } {
  const tag = bytes.readUInt8(at);
  let length = bytes.readUInt8(at + 1);
  let start = at + 2;
  if (length === 0x80) throw new UnsupportedError('uses BER of indefinite length; export it again as DER');
  if (length > 0x80) {
    const size = length & 0x7f;
    length = bytes.readUIntBE(start, size);
    start += size;
  }
  if (start + length > bytes.length) throw new RangeError('truncated');
  return { node: { tag, content: bytes.subarray(start, start + length) }, next: start + length };
}

function children(node: Node): Node[] {
  const found: Node[] = [];
  for (let at = 0; at < node.content.length; ) {
    const { node: each, next } = readAt(node.content, at);
    found.push(each);
    at = next;
  }
  return found;
}

function child(nodes: readonly Node[], index: number): Node {
  const found = nodes[index];
  if (!found) throw new RangeError('missing element');
  return found;
}

function oid(node: Node): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of node.content) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      if (numbers.length === 0)
        numbers.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)));
      else numbers.push(value);
      value = 0;
    }
  }
  return numbers.join('.');
}
