/** One process uses a folder: a file in it with the owner's pid, and when that process began, since pids are used again. */
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
import { processState } from './process-state.ts';

export const LOCK_NAME = 'lock';

interface Owner {
  readonly pid: number;
  /** Clock ticks since the machine began; empty where the system does not say. */
  readonly started: string;
}

/**
 * Takes the lock of a folder that is there; the result gives it back. A lock of this process itself is one of a former
 * thread.
 * @param what the folder in words, for the error
 * @throws Error that names the owner, or the system's errors
 */
export function lockFolder(folder: string, what: string): () => void {
  const file = join(folder, LOCK_NAME);
  const own: Owner = { pid: process.pid, started: startOf(process.pid) ?? '' };
  for (let tries = 0; ; tries++) {
    try {
      write(file, JSON.stringify(own));
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries >= 3) throw error;
    }
    const owner = lockOwner(folder);
    if (owner !== undefined && owner !== process.pid)
      throw new Error(`${what} is in use by process ${owner}; only one process can use it at a time`);
    rmSync(file, { force: true });
  }
}

/** The process that lives and has the lock; undefined: none. */
export function lockOwner(folder: string): number | undefined {
  let owner: Owner;
  try {
    owner = read(join(folder, LOCK_NAME));
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
    owner = read(join(folder, LOCK_NAME));
  }
  return startOf(owner.pid) === owner.started ? owner.pid : undefined;
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

/** Undefined: it is gone, also if nobody has asked for its exit code yet. Empty: the system does not say. */
function startOf(pid: number): string | undefined {
  const found = processState(pid);
  if (found === undefined) return '';
  return found.state === 'Z' || found.state === 'X' ? undefined : found.start;
}
