/** `millrace certs`: a certificate authority, and certificates for servers and clients. */
import { MillraceError } from '../kernel/errors.ts';
import { type CertificateHost, makeCertificates } from '../lib/tls/certificates.ts';

export const help = `Usage: millrace certs [NAME:server|NAME:client…] [OPTIONS]

Makes a certificate authority (once) and a certificate for each name, with SAN and the right key
usage; private keys are PKCS#8, mode 0600. NAME may carry further names, behind commas.

  --out DIR      where to; default certs
  --ec           EC keys (P-256) instead of RSA (2048 bits)
  --days N       validity in days; default 3650
  --overwrite    replace certificates that are there; the authority is always kept

  millrace certs elk.demo.sensorfleet.com:server logstash-client:client
  millrace certs localhost,127.0.0.1:server --ec --out /etc/logstash/certs

Files: ca.crt, ca.key, NAME.crt, NAME.key, NAME_pk8.key.
`;

export async function certsCommand(argv: readonly string[]): Promise<number> {
  let directory = 'certs';
  let keyType: 'rsa' | 'ec' = 'rsa';
  let days: number | undefined;
  let overwrite = false;
  const hosts: CertificateHost[] = [];
  for (let at = 0; at < argv.length; at++) {
    const [word = '', attached] = argv[at]!.startsWith('--') ? argv[at]!.split(/=(.*)/s) : [argv[at]!];
    const value = (what: string): string => {
      const given = attached ?? argv[++at];
      if (!given) throw new MillraceError('ERR_USAGE', `${word} needs ${what}`);
      return given;
    };
    if (word === '--help' || word === '-h') {
      process.stdout.write(help);
      return 0;
    }
    if (word === '--out') directory = value('a directory');
    else if (word === '--ec') keyType = 'ec';
    else if (word === '--rsa') keyType = 'rsa';
    else if (word === '--overwrite') overwrite = true;
    else if (word === '--days') {
      days = Number(value('a whole number of days'));
      if (!Number.isInteger(days) || days < 1)
        throw new MillraceError('ERR_USAGE', '--days needs a whole number of days');
    } else if (word.startsWith('-'))
      throw new MillraceError('ERR_USAGE', `unknown argument ${word}. See "millrace certs --help".`);
    else hosts.push(parseHost(word));
  }
  if (hosts.length === 0)
    hosts.push(
      { name: 'localhost', usage: 'server', sans: ['127.0.0.1', '::1'] },
      { name: 'client', usage: 'client' },
    );
  const files = await makeCertificates({
    directory,
    hosts,
    keyType,
    overwrite,
    ...(days === undefined ? {} : { days }),
  });
  for (const file of files.written) process.stdout.write(`written ${file}\n`);
  for (const file of files.kept) process.stdout.write(`kept    ${file} (--overwrite replaces it)\n`);
  return 0;
}

/** `NAME[,SAN…]:server` or `:client`. */
function parseHost(word: string): CertificateHost {
  const at = word.lastIndexOf(':');
  const usage = word.slice(at + 1);
  const [name, ...sans] = word.slice(0, at).split(',');
  if (at < 1 || !name || (usage !== 'server' && usage !== 'client')) {
    throw new MillraceError(
      'ERR_USAGE',
      `${word}: expected NAME:server or NAME:client. See "millrace certs --help".`,
    );
  }
  return { name, usage, sans };
}
