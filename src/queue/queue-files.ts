/** The file operations that a queue needs, in one folder. An interface, so that a test can crash between any two. */
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../kernel/make-folder.ts';
import { syncFolder } from '../kernel/sync-folder.ts';

/** All calls may throw the system's errors. Nothing but `sync`, and `syncFolder` for names, survives a power failure. */
export interface QueueFiles {
  readonly folder: string;
  /** Names of all files. */
  list(): string[];
  size(name: string): number;
  /** Up to `length` bytes from a position: fewer at the end of the file. */
  read(name: string, position: number, length: number): Uint8Array;
  /** Makes an empty file and opens it for writing. */
  create(name: string): number;
  /** Writes all pieces behind one another from a position. */
  write(file: number, pieces: readonly Uint8Array[], position: number): void;
  truncate(file: number, length: number): void;
  sync(file: number): void;
  close(file: number): void;
  /** Opens a file that is there for writing. */
  open(name: string): number;
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** Makes names that were created, renamed or removed durable. */
  syncFolder(): void;
  /** Closes what `read` keeps open. */
  closeReaders(): void;
}

/** writev(2) takes this many pieces. */
const MAX_PIECES = 1024;
const MAX_READERS = 16;

export class RealFiles implements QueueFiles {
  readonly folder: string;
  readonly #readers = new Map<string, number>();

  /** Makes the folder. */
  constructor(folder: string) {
    this.folder = folder;
    makeFolder(folder, 0o700);
  }

  list(): string[] {
    return readdirSync(this.folder);
  }

  size(name: string): number {
    return statSync(join(this.folder, name)).size;
  }

  read(name: string, position: number, length: number): Uint8Array {
    let file = this.#readers.get(name);
    if (file === undefined) {
      if (this.#readers.size >= MAX_READERS) this.closeReaders();
      file = openSync(join(this.folder, name), 'r');
      this.#readers.set(name, file);
    }
    const bytes = Buffer.allocUnsafeSlow(length);
    let at = 0;
    while (at < length) {
      const got = readSync(file, bytes, at, length - at, position + at);
      if (got === 0) break;
      at += got;
    }
    return bytes.subarray(0, at);
  }

  create(name: string): number {
    return openSync(join(this.folder, name), 'wx', 0o600);
  }

  open(name: string): number {
    return openSync(join(this.folder, name), 'r+');
  }

  write(file: number, pieces: readonly Uint8Array[], position: number): void {
    let at = position;
    for (let first = 0; first < pieces.length; first += MAX_PIECES) {
      let rest = pieces.slice(first, first + MAX_PIECES);
      while (rest.length > 0) {
        let written = writevSync(file, rest, at);
        if (written === 0) throw Object.assign(new Error('write: nothing was taken'), { code: 'EIO' });
        at += written;
        let done = 0;
        while (done < rest.length && written >= rest[done]!.length) written -= rest[done++]!.length;
        rest = rest.slice(done);
        if (written > 0) rest[0] = rest[0]!.subarray(written);
      }
    }
  }

  truncate(file: number, length: number): void {
    ftruncateSync(file, length);
  }

  sync(file: number): void {
    fdatasyncSync(file);
  }

  close(file: number): void {
    closeSync(file);
  }

  rename(from: string, to: string): void {
    this.#forget(from);
    this.#forget(to);
    renameSync(join(this.folder, from), join(this.folder, to));
  }

  remove(name: string): void {
    this.#forget(name);
    rmSync(join(this.folder, name));
  }

  syncFolder(): void {
    syncFolder(this.folder);
  }

  closeReaders(): void {
    const open = [...this.#readers.values()];
    this.#readers.clear();
    for (const file of open) closeSync(file);
  }

  #forget(name: string): void {
    const file = this.#readers.get(name);
    if (file === undefined) return;
    closeSync(file);
    this.#readers.delete(name);
  }
}
