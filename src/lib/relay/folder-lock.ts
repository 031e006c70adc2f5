/** One relay per folder: a file with the owner's process id and start, so that one left behind by a crash is known. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors.ts';
import { processStart } from './processes.ts';

export const LOCK_NAME = 'lock';

/**
 * Makes the folder if it is not there, and takes it.
 * @throws MillraceError when a process that lives has it, or it can not be written
 */
export function lockFolder(folder: string): () => void {
  const file = join(folder, LOCK_NAME);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        writeFileSync(file, `${process.pid} ${processStart(process.pid) ?? ''}\n`, {
          flag: 'wx',
          mode: 0o600,
        });
        return () => rmSync(file, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const owner = lockOwner(folder);
        if (owner !== undefined)
          throw new MillraceError('ERR_IO', `${folder} is used by a relay with process id ${owner}`);
        rmSync(file, { force: true });
      }
    }
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new MillraceError('ERR_IO', `${folder} can not be used: ${(error as Error).message}`);
  }
  throw new MillraceError('ERR_IO', `${folder} is being taken by another relay`);
}

/** Process id of the living owner. */
export function lockOwner(folder: string): number | undefined {
  try {
    const [pid, start] = readFileSync(join(folder, LOCK_NAME), 'utf8').trim().split(' ');
    const now = processStart(Number(pid));
    return now !== undefined && now === start ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}
