/** One process writes a queue: a file with its pid, and when that process began, since pids are used again. */

import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { processState } from '../kernel/process-state.ts';

interface Owner {
  readonly pid: number;
  /** Clock ticks since the machine began; empty where the system does not say. */
  readonly started: string;
}

/** Takes the lock of a folder; the result gives it back. @throws Error that names the owner */
export function lockQueue(folder: string): () => void {
  const file = join(folder, 'lock');
  const own: Owner = { pid: process.pid, started: startOf(process.pid) };
  for (let tries = 0; ; tries++) {
    try {
      write(file, JSON.stringify(own));
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries >= 3) throw error;
    }
    const owner = queueOwner(folder);
    if (owner !== undefined && owner !== process.pid)
      throw new Error(
        `the queue in ${folder} is in use by process ${owner}; only one process can use it at a time`,
      );
    // Its owner is gone, or it is a former thread of this process.
    rmSync(file, { force: true });
  }
}

/** On a full disk the text becomes the target of a link, which needs no block of its own. */
function write(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, text);
  } catch (error) {
    rmSync(file, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    symlinkSync(text, file);
  } finally {
    closeSync(handle);
  }
}

const read = (file: string): Owner =>
  JSON.parse(lstatSync(file).isSymbolicLink() ? readlinkSync(file) : readFileSync(file, 'utf8')) as Owner;

/** The process that has a queue open; undefined: none. */
export function queueOwner(folder: string): number | undefined {
  let owner: Owner;
  try {
    owner = read(join(folder, 'lock'));
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
    owner = read(join(folder, 'lock'));
  }
  return startOf(owner.pid) === owner.started ? owner.pid : undefined;
}

const startOf = (pid: number): string => processState(pid)?.start ?? '';
