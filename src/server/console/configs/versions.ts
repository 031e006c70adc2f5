/**
 * Earlier texts of files that the console edits, in `path.data/config-versions`: a folder a file, named by its id,
 * with `path` (which file that is) and for each version N `N.json` (when, who, why, what became of it) and `N.text`
 * (byte for byte). Only the owner of the process may read them.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../../lib/files/write-whole.ts';
import type { ConfigVersion } from '../../contract/configs.ts';
import { hashOf } from './known-files.ts';

const OWNER_ONLY = { mode: 0o600 };

/** Of one file; the oldest go. */
const MAX_VERSIONS = 200;

type Kept = Omit<ConfigVersion, 'current'> & { readonly hash: string };

export type NewVersion = Pick<Kept, 'user' | 'comment' | 'action' | 'outcome' | 'error'>;

export class Versions {
  readonly #folder: string;

  constructor(dataPath: string) {
    this.#folder = join(dataPath, 'config-versions');
  }

  /** The newest first. `text`: what the file holds now. */
  list(id: string, text: string | undefined): ConfigVersion[] {
    const now = text === undefined ? undefined : hashOf(text);
    let current = false;
    return this.#all(id).map(({ hash, ...version }) => {
      const holds = !current && version.outcome === 'running' && hash === now;
      current ||= holds;
      return { ...version, current: holds };
    });
  }

  /** Undefined: there is no such version. */
  text(id: string, number: number): string | undefined {
    if (!Number.isSafeInteger(number)) return undefined;
    const file = join(this.#folderOf(id), `${number}.text`);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  /** Keeps what a file holds that no version knows, before it is changed. */
  keepFound(id: string, path: string, text: string): void {
    const last = this.#all(id).find(({ outcome }) => outcome === 'running');
    if (last?.hash === hashOf(text)) return;
    const known = last !== undefined;
    this.add(id, path, text, {
      action: 'found',
      outcome: 'running',
      comment: known ? 'Changed by other means than the console' : 'Before the first change in the console',
    });
  }

  add(id: string, path: string, text: string, about: NewVersion): number {
    const folder = this.#folderOf(id);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!existsSync(join(folder, 'path'))) writeWhole(join(folder, 'path'), `${path}\n`, OWNER_ONLY);
    const all = this.#all(id);
    const number = (all[0]?.number ?? 0) + 1;
    writeWhole(join(folder, `${number}.text`), text, OWNER_ONLY);
    const kept: Kept = {
      ...about,
      number,
      time: Date.now(),
      bytes: Buffer.byteLength(text),
      hash: hashOf(text),
    };
    // The version is there when this file is.
    writeWhole(join(folder, `${number}.json`), `${JSON.stringify(kept)}\n`, OWNER_ONLY);
    for (const old of all.slice(MAX_VERSIONS - 1))
      for (const end of ['json', 'text']) rmSync(join(folder, `${old.number}.${end}`), { force: true });
    return number;
  }

  #folderOf(id: string): string {
    if (!/^[0-9a-f]{16}$/.test(id)) throw new Error(`${id} is no id of a file`);
    return join(this.#folder, id);
  }

  #all(id: string): Kept[] {
    const folder = this.#folderOf(id);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .flatMap((name) => {
        if (!/^\d+\.json$/.test(name)) return [];
        try {
          return [JSON.parse(readFileSync(join(folder, name), 'utf8')) as Kept];
        } catch {
          return [];
        }
      })
      .sort((a, b) => b.number - a.number);
  }
}
