/** Writes a file whole or not at all: a temporary file beside it, synced, renamed, and the folder synced. */
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
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../kernel/sync-folder.ts';

export interface WriteWhole {
  /** Of a new file. */
  readonly mode: number;
  /** Folders that are not there are made with this mode. */
  readonly folderMode?: number;
  /** A file that is there keeps its mode and, if this process may give files away, its owner. */
  readonly keepsRights?: boolean;
  /** Written by root it belongs to the owner of its folder, who has to read it. */
  readonly ownedLikeFolder?: boolean;
}

/** Durable when it returns. @throws the system's error: the old file is as it was, and nothing lies beside it */
export function writeWhole(path: string, content: string | Uint8Array, options: WriteWhole): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  if (options.folderMode !== undefined) mkdirSync(folder, { recursive: true, mode: options.folderMode });
  try {
    const old = options.keepsRights ? statSync(path, { throwIfNoEntry: false }) : undefined;
    const owner = old ?? (options.ownedLikeFolder ? statSync(folder) : undefined);
    const handle = openSync(temporary, 'wx', options.mode);
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
      if (old) fchmodSync(handle, old.mode & 0o7777);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (owner && process.getuid?.() === 0) chownSync(temporary, owner.uid, owner.gid);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}
