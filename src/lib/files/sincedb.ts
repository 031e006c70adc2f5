/**
 * How far files were read, across restarts: Logstash's own format, one line a file,
 * `inode major minor position timestamp path` (older: without the last two).
 */
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Logger } from '../../kernel/logger.ts';

export interface SincedbEntry {
  /** `inode major minor`. */
  readonly key: string;
  /** Everything before it was taken by every output. */
  position: number;
  /** Everything before it was given to the queue in this session; not written. */
  given: number | undefined;
  /** Milliseconds since the epoch. */
  changedAt: number;
  /** Undefined: written by an old version. */
  path: string | undefined;
  /** Watched now or before in this session. */
  live: boolean;
}

export interface SincedbOptions {
  readonly path: string;
  /** Seconds between two writes of the file. */
  readonly writeInterval: number;
  /** Seconds after which a file without changes is forgotten. */
  readonly cleanAfter: number;
  readonly logger: Logger;
  /** Told in words why it can not be written, and undefined when it can again. */
  health(problem: string | undefined): void;
}

/** Identity of a file as Logstash writes it (device numbers split as its Java library does). */
export function fileKey(stat: { readonly ino: bigint; readonly dev: bigint }): string {
  return `${stat.ino} ${(stat.dev >> 24n) & 0xffn} ${stat.dev & 0xffffffn}`;
}

export class Sincedb {
  readonly #options: SincedbOptions;
  readonly #entries = new Map<string, SincedbEntry>();
  #dirty = false;
  /** Of the clock that is never set. */
  #triedAt = -Infinity;
  #failed = false;
  /** Not a file of its own (`/dev/null`): written in place. */
  #special = false;

  constructor(options: SincedbOptions) {
    this.#options = options;
  }

  /** Reads what earlier runs left. @throws Error in words when the path can not be used */
  open(): void {
    const { path } = this.#options;
    try {
      closeSync(openSync(path, 'a', 0o600));
      this.#special = !statSync(path).isFile();
      if (this.#special) return;
      const oldest = Date.now() - this.#options.cleanAfter * 1000;
      for (const line of readFileSync(path, 'utf8').split('\n')) {
        const entry = parseLine(line);
        if (entry !== undefined && entry.changedAt >= oldest) this.#entries.set(entry.key, entry);
      }
    } catch (error) {
      throw new Error(`the sincedb ${path} can not be used: ${(error as Error).message}`, { cause: error });
    }
  }

  get(key: string): SincedbEntry | undefined {
    return this.#entries.get(key);
  }

  /** Enters a file anew. */
  add(key: string, path: string, position: number): SincedbEntry {
    const entry: SincedbEntry = { key, path, position, given: position, changedAt: Date.now(), live: true };
    this.#entries.set(key, entry);
    this.#dirty = true;
    return entry;
  }

  /** The file is deleted: another one may get its inode. */
  remove(entry: SincedbEntry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
    this.#dirty = true;
  }

  move(entry: SincedbEntry, position: number): void {
    entry.position = position;
    entry.changedAt = Date.now();
    this.#dirty = true;
  }

  /** Writes the file if there is news and the last time is long enough ago. */
  writeIfDue(): void {
    if (this.#dirty && performance.now() - this.#triedAt >= this.#options.writeInterval * 1000) this.write();
  }

  /** Writes the file if there is news: completely or not at all. Never throws. */
  write(): void {
    if (!this.#dirty) return;
    const { path, cleanAfter, logger, health } = this.#options;
    const oldest = Date.now() - cleanAfter * 1000;
    let text = '';
    for (const entry of this.#entries.values()) {
      if (entry.changedAt < oldest && !entry.live) this.#entries.delete(entry.key);
      else text += formatLine(entry);
    }
    this.#triedAt = performance.now();
    const temporary = `${path}.new`;
    try {
      if (this.#special) writeFileSync(path, text);
      else {
        try {
          writeFileSync(temporary, text, { mode: 0o600 });
          renameSync(temporary, path);
        } catch (error) {
          rmSync(temporary, { force: true });
          const { code } = error as NodeJS.ErrnoException;
          if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EBUSY') throw error;
          // The folder may not be ours, or the file be mounted by itself.
          writeFileSync(path, text);
        }
      }
      this.#dirty = false;
      if (this.#failed) health(undefined);
      this.#failed = false;
    } catch (error) {
      const reason = (error as Error).message;
      if (!this.#failed) logger.error({ path, reason }, 'the sincedb could not be written; trying again');
      this.#failed = true;
      health(`the sincedb ${path} can not be written: ${reason}; after a crash lines would be read twice`);
    }
  }
}

function parseLine(line: string): SincedbEntry | undefined {
  const match = /^(\d+) (\d+) (\d+) (\d+)(?: (\d+(?:\.\d+)?)(?: (.*))?)?$/.exec(line);
  if (!match) return undefined;
  const [, inode, major, minor, position, time, path] = match;
  return {
    key: `${inode} ${major} ${minor}`,
    position: Number(position),
    given: undefined,
    changedAt: time === undefined ? Date.now() : Number(time) * 1000,
    path: path === '' ? undefined : path,
    live: false,
  };
}

function formatLine(entry: SincedbEntry): string {
  const path = entry.path === undefined || entry.path.includes('\n') ? '' : ` ${entry.path}`;
  return `${entry.key} ${entry.position} ${(entry.changedAt / 1000).toFixed(3)}${path}\n`;
}
