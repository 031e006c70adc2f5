/** Config files are written whole or not at all; what fails is said so that the person at the console can mend it. */
import { unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../../../kernel/sync-folder.ts';
import { writeWhole } from '../../../lib/files/write-whole.ts';
import { ConsoleError } from '../call.ts';

/** Mode and owner stay; a new file gets `mode`. @throws ConsoleError with the reason */
export function writeFile(path: string, content: string | Buffer, mode = 0o640): void {
  try {
    writeWhole(path, content, { mode, folderMode: 0o750, keepsRights: true });
  } catch (error) {
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

const unwritable = (path: string, error: unknown): ConsoleError =>
  new ConsoleError(409, 'not_writable', `${path} can not be written: ${(error as Error).message}`, {
    hint: 'Millrace needs the right to write to its folder, and room on the disk.',
  });
