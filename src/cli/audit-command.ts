/** `millrace audit`: who did what, and whether the log is whole. */
import { createReadStream, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { MillraceError } from '../kernel/errors.ts';
import { auditFiles } from '../server/audit/audit-log.ts';
import { readAudit } from '../server/audit/read-audit.ts';
import { verifyAudit } from '../server/audit/verify-audit.ts';
import { parseArguments } from './arguments.ts';
import { processSettings } from './configuration.ts';

export const help = `Usage: millrace audit COMMAND [--path.data DIR | --path.settings DIR]

The audit log of the console and the event store: sign-ins, searches, exports, changes, taps. Each
line holds the hash of the line before it, so that what is changed afterwards shows.

  verify [--head SEQ:HASH]   check the chain; exit status 1 and the places when it is broken
  head                       print SEQ:HASH of the last line, to be noted elsewhere
  tail [-n LINES]            the last lines, for people; 20 unless said
  export                     all lines, as they are (JSON)

  millrace audit verify
  millrace audit head >> /mnt/other-machine/millrace-heads
`;

export async function auditCommand(argv: readonly string[]): Promise<number> {
  const words: string[] = [];
  const others: string[] = [];
  let head: string | undefined;
  let size = 20;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === '--help' || word === '-h') {
      process.stdout.write(help);
      return 0;
    }
    if (word === '--head') head = argv[++at] ?? '';
    else if (word.startsWith('--head=')) head = word.slice('--head='.length);
    else if (word === '-n') size = Number(argv[++at]);
    else if (/^--path\.\w+$/.test(word)) others.push(word, argv[++at] ?? '');
    else if (word.startsWith('--path.')) others.push(word);
    else if (word.startsWith('-'))
      throw new MillraceError('ERR_USAGE', `unknown argument ${word}. See "millrace audit --help".`);
    else words.push(word);
  }
  if (!Number.isInteger(size) || size < 1)
    throw new MillraceError('ERR_USAGE', '-n needs a whole number of lines');
  const [command] = words;
  if (command === undefined) {
    process.stdout.write(help);
    return 0;
  }
  const settings = await processSettings(parseArguments(others).values);
  const folder = join(resolve(settings.get<string>('path.data')), 'audit');
  if (!existsSync(folder)) throw new MillraceError('ERR_USAGE', `there is no audit log in ${folder}`);
  switch (command) {
    case 'verify':
      return verify(folder, head);
    case 'head': {
      const { head: last } = await verifyAudit(folder);
      process.stdout.write(`${last.seq}:${last.hash}\n`);
      return 0;
    }
    case 'tail':
      return tail(folder, size);
    case 'export':
      for (const file of auditFiles(folder))
        await pipeline(createReadStream(join(folder, file)), process.stdout, { end: false });
      return 0;
    default:
      throw new MillraceError(
        'ERR_USAGE',
        `there is no audit command ${command}. See "millrace audit --help".`,
      );
  }
}

async function verify(folder: string, noted: string | undefined): Promise<number> {
  const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/.exec(noted ?? '') ?? [];
  if (noted !== undefined && seq === undefined)
    throw new MillraceError('ERR_USAGE', '--head takes SEQ:HASH, as "millrace audit head" prints it');
  const verdict = await verifyAudit(
    folder,
    seq === undefined ? undefined : { seq: Number(seq), hash: hash! },
  );
  for (const { file, line, message } of verdict.faults)
    process.stdout.write(`${file}${line > 0 ? `:${line}` : ''}: ${message}\n`);
  const { lines, files, head } = verdict;
  process.stdout.write(
    verdict.intact
      ? `${lines} lines in ${files} files are intact. Head: ${head.seq}:${head.hash}\n`
      : `The audit log is not intact: ${verdict.faults.length} faults in ${lines} lines\n`,
  );
  return verdict.intact ? 0 : 1;
}

function tail(folder: string, size: number): number {
  const { records } = readAudit(folder, { text: '', outcome: '', size });
  for (const { time, outcome, action, user, address, details } of records.reverse())
    process.stdout.write(
      `${time}  ${outcome.padEnd(7)}  ${action.padEnd(20)}  ${user ?? '-'}  ${address || '-'}${details ? `  ${JSON.stringify(details)}` : ''}\n`,
    );
  return 0;
}
