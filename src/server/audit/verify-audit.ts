/** Checks the audit log's chain: finds lines that were changed, removed, added or put elsewhere, and says where. */
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AuditVerdict } from '../contract.ts';
import { contentOf, type Head, hashOf, START } from './audit-line.ts';
import { auditFiles } from './audit-log.ts';

const MAX_FAULTS = 100;

/**
 * `noted`: a head that was written down elsewhere, which must be in the log. `ongoing`: lines are being written
 * meanwhile, so that the last ones may be newer than the noted head.
 */
export async function verifyAudit(folder: string, noted?: Head): Promise<AuditVerdict> {
  const faults: { file: string; line: number; message: string }[] = [];
  let previous: Head = START;
  let lines = 0;
  let isNotedThere = noted === undefined;
  const own = headFile(folder);
  const files = auditFiles(folder);
  for (const file of files) {
    let number = 0;
    const say = (message: string): void => {
      if (faults.length < MAX_FAULTS) faults.push({ file, line: number, message });
    };
    const reader = createInterface({
      input: createReadStream(join(folder, file), 'utf8'),
      crlfDelay: 0,
    });
    for await (const line of reader) {
      number++;
      lines++;
      const record = contentOf(line);
      if (!record) {
        say('this is no line of the audit log');
        previous = { seq: previous.seq + 1, hash: '' };
        continue;
      }
      const { seq, hash } = record;
      if (hashOf(record.previous, record.content) !== hash)
        say(`line ${seq} was changed: its hash is another one`);
      else if (seq > previous.seq + 1)
        say(
          seq === previous.seq + 2
            ? `line ${seq - 1} is missing before this one`
            : `lines ${previous.seq + 1} to ${seq - 1} are missing before this one`,
        );
      else if (seq <= previous.seq)
        say(`line ${seq} is not in its place: it comes after line ${previous.seq}`);
      else if (previous.hash !== '' && record.previous !== previous.hash)
        say(`line ${seq} does not follow from the line before it: one of them was replaced`);
      if (file.slice(0, 10) !== record.time.slice(0, 10)) say(`line ${seq} is of another day`);
      if (noted && seq === noted.seq && hash === noted.hash) isNotedThere = true;
      previous = { seq, hash };
    }
  }
  const last = files.at(-1) ?? '';
  if (own && own.seq > previous.seq)
    faults.push({
      file: last,
      line: 0,
      message: `the end is missing: lines ${previous.seq + 1} to ${own.seq} were written and are not there`,
    });
  if (!isNotedThere)
    faults.push({
      file: last,
      line: 0,
      message: `line ${noted!.seq} with the hash ${noted!.hash} is not there: the log was cut off or written anew`,
    });
  return {
    intact: faults.length === 0,
    lines,
    files: files.length,
    head: { seq: previous.seq, hash: previous.hash },
    faults,
  };
}

/** What was on the disk at least. */
function headFile(folder: string): Head | undefined {
  try {
    const head = JSON.parse(readFileSync(join(folder, 'head.json'), 'utf8')) as Head;
    return Number.isSafeInteger(head.seq) ? head : undefined;
  } catch {
    return undefined;
  }
}
