/**
 * Who did what: JSON lines in a file a day under `path.data/audit`. Each line holds the hash of the one before it and
 * its own, so that what is changed, removed or put elsewhere afterwards shows. One process writes.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../kernel/logger.ts';
import type { AuditEntry } from '../console/call.ts';
import { contentOf, type Head, lineOf, START } from './audit-line.ts';

/** Lines that wait for the disk at most; more are lost, and counted. */
const MAX_WAITING = 10_000;
const RETRY_MS = 1000;

export class AuditLog {
  readonly folder: string;
  readonly #logger: Logger;
  #head: Head;
  #waiting: { readonly day: string; readonly line: string; readonly head: Head }[] = [];
  #writing: Promise<void> | undefined;
  #file: { readonly day: string; readonly handle: FileHandle } | undefined;
  #isFailing = false;
  #lost = 0;
  #closed = false;

  constructor(dataPath: string, logger: Logger) {
    this.folder = join(dataPath, 'audit');
    this.#logger = logger;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const { head, torn } = lastHead(this.folder);
    this.#head = head;
    if (torn)
      this.append({
        action: 'audit.recovered',
        user: undefined,
        address: '',
        outcome: 'success',
        details: { torn },
      });
  }

  /** Of the last line: noted elsewhere, it proves later that nothing was cut off. */
  get head(): Head {
    return this.#head;
  }

  append(entry: AuditEntry): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#lost++;
      return;
    }
    const time = new Date().toISOString();
    const { line, head } = lineOf(this.#head, time, entry);
    this.#head = head;
    this.#waiting.push({ day: time.slice(0, 10), line, head });
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when everything up to now is on the disk, or can not be written. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    await this.#file?.handle.close();
    this.#file = undefined;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const { day } = this.#waiting[0]!;
      const until = this.#waiting.findIndex((one) => one.day !== day);
      const batch = this.#waiting.slice(0, until === -1 ? undefined : until);
      try {
        await this.#append(day, batch.map(({ line }) => line).join(''));
      } catch (error) {
        if (!this.#isFailing)
          this.#logger.error({}, `the audit log can not be written: ${(error as Error).message}`);
        this.#isFailing = true;
        if (this.#closed) return;
        await new Promise((again) => setTimeout(again, RETRY_MS));
        continue;
      }
      this.#isFailing = false;
      this.#waiting = this.#waiting.slice(batch.length);
      this.#noteHead(batch.at(-1)!.head);
      if (this.#lost > 0) {
        const lost = this.#lost;
        this.#lost = 0;
        this.append({
          action: 'audit.lost',
          user: undefined,
          address: '',
          outcome: 'failure',
          details: { lost },
        });
      }
    }
  }

  async #append(day: string, text: string): Promise<void> {
    if (this.#file?.day !== day) {
      await this.#file?.handle.close();
      this.#file = undefined;
      this.#file = { day, handle: await open(join(this.folder, `${day}.jsonl`), 'a', 0o600) };
    }
    const { handle } = this.#file;
    const { size } = await handle.stat();
    try {
      await handle.appendFile(text);
      await handle.datasync();
    } catch (error) {
      // What was written in part is written again as a whole.
      await handle.truncate(size).catch(() => {});
      throw error;
    }
  }

  /** Beside the chain: shows a log whose end was cut off, also without a head noted elsewhere. */
  #noteHead(head: Head): void {
    try {
      const path = join(this.folder, 'head.json');
      writeFileSync(`${path}.new`, `${JSON.stringify(head)}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch {
      // The chain itself stands.
    }
  }
}

/** Files of the log, oldest first. */
export const auditFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /^\d{4}-\d\d-\d\d\.jsonl$/.test(name))
    .sort();

/** Where the chain goes on; a line that a crash cut is taken off. */
function lastHead(folder: string): { readonly head: Head; readonly torn: number } {
  let torn = 0;
  for (const name of auditFiles(folder).reverse()) {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    const rest = Buffer.byteLength(text) - Buffer.byteLength(text.slice(0, end));
    if (rest > 0) {
      torn += rest;
      cut(path, rest);
    }
    if (end === 0) continue;
    const line = text.slice(text.lastIndexOf('\n', end - 2) + 1, end - 1);
    const content = contentOf(line);
    // What was spoilt is not hidden: the chain goes on from what stands there, and `verify` tells.
    return {
      head: content
        ? { seq: content.seq, hash: content.hash }
        : {
            seq: text.slice(0, end).split('\n').length - 1,
            hash: createHash('sha256').update(line).digest('hex'),
          },
      torn,
    };
  }
  return { head: START, torn };
}

function cut(path: string, bytes: number): void {
  const handle = openSync(path, 'r+');
  try {
    const { size } = fstatSync(handle);
    ftruncateSync(handle, size - bytes);
  } finally {
    closeSync(handle);
  }
}
