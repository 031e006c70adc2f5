/** Removes what a relay left: its own files only, and the folder if nothing else is in it. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors.ts';
import { LOCK_NAME, lockOwner } from '../../kernel/folder-lock.ts';
import { CONFIRMED_NAME, ConfirmedFile } from './confirmed-file.ts';
import { openSegments } from './open-segments.ts';
import { parseSegmentName } from './segment.ts';

export interface Purged {
  /** Datagrams that no probe had confirmed. */
  readonly unconfirmed: number;
  /** Files that are not ours stay, and the folder with them. */
  readonly foreign: readonly string[];
}

/** @throws MillraceError when a relay uses the folder, or it can not be removed */
export function purgeFolder(folder: string): Purged {
  if (!existsSync(folder)) return { unconfirmed: 0, foreign: [] };
  const owner = lockOwner(folder);
  if (owner !== undefined)
    throw new MillraceError(
      'ERR_IO',
      `${folder} is used by a relay with process id ${owner}: stop that first`,
    );
  try {
    const isOurs = (name: string): boolean =>
      name === CONFIRMED_NAME || name === LOCK_NAME || parseSegmentName(name) !== undefined;
    const names = readdirSync(folder);
    let unconfirmed = 0;
    if (names.some((name) => parseSegmentName(name) !== undefined)) {
      const confirmed = new ConfirmedFile(folder);
      confirmed.close();
      unconfirmed = openSegments(folder, confirmed.place).records;
    }
    for (const name of readdirSync(folder).filter(isOurs)) rmSync(join(folder, name));
    const foreign = names.filter((name) => !isOurs(name));
    if (foreign.length === 0) rmdirSync(folder);
    return { unconfirmed, foreign };
  } catch (error) {
    throw new MillraceError('ERR_IO', `${folder} can not be removed: ${(error as Error).message}`);
  }
}
