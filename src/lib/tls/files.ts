/** Reads keys, certificates and keystores that options name. Every error names the option and the file. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MillraceError } from '../../kernel/errors.ts';

/** An error of one option about one file, in words. */
export function fileError(option: string, path: string, what: string): MillraceError {
  return new MillraceError('ERR_CONFIG', `${option}: \`${path}\` ${what}`);
}

/** Reads a whole file. */
function readOptionFile(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw fileError(option, path, 'does not exist');
    if (code === 'EISDIR') throw fileError(option, path, 'is a directory; name the file');
    if (code === 'EACCES' || code === 'EPERM') {
      const user = process.getuid?.() ?? '?';
      throw fileError(option, path, `can not be read by this user (uid ${user}); change its owner or mode`);
    }
    throw fileError(option, path, `can not be read (${code ?? String(error)})`);
  }
}

const PEM_CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?-----END [A-Z0-9 ]*CERTIFICATE-----/g;

/** The certificates of a PEM or DER file, in its order. */
export function readCertificates(option: string, path: string): X509Certificate[] {
  const bytes = readOptionFile(option, path);
  const text = bytes.latin1Slice(0, bytes.length);
  const blocks: (string | Buffer)[] = text.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
      throw fileError(option, path, 'holds a private key, not a certificate');
    if (bytes[0] !== 0x30) throw fileError(option, path, 'holds no certificate (neither PEM nor DER)');
    blocks.push(bytes);
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw fileError(option, path, `has a damaged certificate (number ${index + 1} in the file)`);
    }
  });
}

/** The private key of a PEM (PKCS#1, PKCS#8, SEC1) or DER (PKCS#8) file. */
export function readPrivateKey(option: string, path: string, passphrase: string | undefined): KeyObject {
  const bytes = readOptionFile(option, path);
  const text = bytes.latin1Slice(0, bytes.length);
  const pem = text.includes('-----BEGIN');
  if (pem && !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw fileError(option, path, 'holds a certificate or something else, not a private key');
  const encrypted = /ENCRYPTED/.test(text);
  if (encrypted && passphrase === undefined)
    throw fileError(option, path, 'is encrypted; give its passphrase in ssl_key_passphrase');
  try {
    // A file may hold certificates before the key: OpenSSL takes the first block that is a key.
    return createPrivateKey({
      key: pem ? text.slice(text.search(/-----BEGIN [A-Z ]*PRIVATE KEY-----/)) : bytes,
      ...(pem ? { format: 'pem' } : { format: 'der', type: 'pkcs8' }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  } catch (error) {
    if (encrypted || /bad decrypt|bad password|PASSWORD|interrupted or cancelled/i.test(String(error)))
      throw fileError(option, path, 'can not be decrypted: ssl_key_passphrase does not fit');
    throw fileError(option, path, 'is not a private key in PEM or PKCS#8 form');
  }
}

const JKS_MAGIC = 0xfeedfeed;
const JCEKS_MAGIC = 0xcececece;

/** The bytes of a PKCS#12 file; Java's own formats are refused with the command that converts them. */
export function readKeystore(option: string, path: string, type: string | undefined): Buffer {
  const bytes = readOptionFile(option, path);
  const magic = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  if (magic === JKS_MAGIC || magic === JCEKS_MAGIC) {
    throw fileError(
      option,
      path,
      'is a Java keystore (JKS), which is not read here; convert it with ' +
        `\`keytool -importkeystore -srckeystore ${path} -destkeystore ${path}.p12 -deststoretype pkcs12\``,
    );
  }
  if (bytes[0] !== 0x30)
    throw fileError(option, path, `is no PKCS#12 keystore${type === 'jks' ? ' and no JKS' : ''}`);
  return bytes;
}
