/** Writes a config file whole or not at all: a temporary file beside it, synced, renamed, and the folder synced. */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConsoleError } from '../call.ts';

/** Mode and owner stay; a new file gets `mode`. @throws ConsoleError with the reason */
export function writeFile(path: string, content: string | Buffer, mode = 0o640): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    const old = statSync(path, { throwIfNoEntry: false });
    const handle = openSync(temporary, 'wx', mode);
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
      if (old) fchmodSync(handle, old.mode & 0o7777);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (old && process.getuid?.() === 0) chownSync(temporary, old.uid, old.gid);
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unwritable(path, error);
  }
}

/** @throws ConsoleError with the reason */
export function deleteFile(path: string): void {
  try {
    unlinkSync(path);
    syncFolder(dirname(path));
  } catch (error) {
    throw unwritable(path, error);
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const unwritable = (path: string, error: unknown): ConsoleError =>
  new ConsoleError(409, 'not_writable', `${path} can not be written: ${(error as Error).message}`, {
    hint: 'Millrace needs the right to write to its folder, and room on the disk.',
  });
