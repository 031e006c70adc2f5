/**
 * Open files that batches are appended to. Every write is one O_APPEND write(2) of whole records, so that several
 * workers may write to one file.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { threadId } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { makeFolder } from '../../kernel/make-folder.ts';
import { DescriptorWriter } from './write-fully.ts';

export interface OutputFilesOptions {
  /** Truncate before every write. */
  readonly overwrite: boolean;
  /** Every write becomes a gzip member. */
  readonly gzip: boolean;
  /** Nobody else writes to these files: a write that failed half-way is taken back. */
  readonly onlyWriter: boolean;
  /** Modes of what is made here, whatever the umask; undefined: the system's default. */
  readonly dirMode: number | undefined;
  readonly fileMode: number | undefined;
  /** What ends every record; undefined: nothing does. */
  readonly delimiter: string | undefined;
  /** Milliseconds without a write after which a file is closed. */
  readonly staleAfter: number;
}

interface OpenFile {
  readonly fd: number;
  readonly inode: number;
  readonly device: number;
  readonly writer: DescriptorWriter;
  readonly regular: boolean;
  /** Bytes before the current write. */
  size: number;
  waiting: number;
  used: boolean;
}

/** Files open at once; beyond it the one opened first is closed. */
const MAX_OPEN = 500;
const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;

/** How long workers wait for each other before they end a torn record. */
const TURN_MS = 10;

/**
 * A process that was killed may have left half a record at the end of the file (its event comes again, whole): what is
 * appended now begins behind a delimiter. Workers look in turn, so that one of them writes it, and a write that
 * is under way can end.
 */
function endTornRecord(path: string, fd: number, delimiter: Buffer): void {
  if (endsWith(path, delimiter)) return;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TURN_MS * (1 + (threadId % 16)));
  if (!endsWith(path, delimiter)) writeSync(fd, delimiter);
}

/** Also true of a file that may not be read: nothing is known of it. */
function endsWith(path: string, delimiter: Buffer): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY);
  } catch {
    return true;
  }
  try {
    const end = Buffer.alloc(delimiter.length);
    const from = fstatSync(fd).size - end.length;
    return from >= 0 && readSync(fd, end, 0, end.length, from) === end.length && end.equals(delimiter);
  } finally {
    closeSync(fd);
  }
}

export class OutputFiles {
  readonly #options: OutputFilesOptions;
  readonly #files = new Map<string, OpenFile>();
  #swept = performance.now();

  constructor(options: OutputFilesOptions) {
    this.#options = options;
  }

  /**
   * Appends the bytes; makes the file and its folders if they are not there (any more). A promise only for pipes
   * whose reader is slow.
   * @throws Error of the system call, with `code`; nothing was written then, if this is the only writer
   */
  write(path: string, bytes: Buffer, signal: AbortSignal): Promise<void> | undefined {
    this.#sweep();
    const file = this.#open(path);
    file.used = true;
    if (this.#options.overwrite && file.regular) ftruncateSync(file.fd, 0);
    const content = this.#options.gzip ? gzipSync(bytes) : bytes;
    try {
      const waiting = file.writer.write(content, signal);
      if (waiting === undefined) return undefined;
      file.waiting++;
      return waiting.finally(() => {
        file.waiting--;
      });
    } catch (error) {
      if (file.regular && this.#options.onlyWriter) ftruncateSync(file.fd, file.size);
      throw error;
    }
  }

  close(): void {
    for (const [path, file] of this.#files) this.#forget(path, file);
  }

  #open(path: string): OpenFile {
    const stat = statSync(path, { throwIfNoEntry: false });
    const known = this.#files.get(path);
    if (known !== undefined) {
      if (stat !== undefined && stat.ino === known.inode && stat.dev === known.device) {
        known.size = this.#options.overwrite ? 0 : stat.size;
        return known;
      }
      this.#forget(path, known);
    }
    if (this.#files.size >= MAX_OPEN) {
      for (const [oldest, file] of this.#files) {
        if (file.waiting > 0) continue;
        this.#forget(oldest, file);
        break;
      }
    }
    const fd = this.#openDescriptor(path);
    const { fileMode } = this.#options;
    if (stat === undefined && fileMode !== undefined) fchmodSync(fd, fileMode);
    const { delimiter, overwrite, gzip } = this.#options;
    if (stat?.isFile() && stat.size > 0 && delimiter !== undefined && !overwrite && !gzip)
      endTornRecord(path, fd, Buffer.from(delimiter));
    const opened = fstatSync(fd);
    const file: OpenFile = {
      fd,
      inode: opened.ino,
      device: opened.dev,
      writer: new DescriptorWriter(fd),
      regular: opened.isFile(),
      size: this.#options.overwrite ? 0 : opened.size,
      waiting: 0,
      used: true,
    };
    this.#files.set(path, file);
    return file;
  }

  #openDescriptor(path: string): number {
    // A pipe without a reader answers ENXIO instead of making the thread wait.
    const flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK;
    try {
      return openSync(path, flags, 0o666);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#makeFolder(dirname(path));
      return openSync(path, flags, 0o666);
    }
  }

  #makeFolder(path: string): void {
    const { dirMode } = this.#options;
    const first = makeFolder(path);
    if (first === undefined || dirMode === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, dirMode);
  }

  /** Closes files that got nothing since the last time, once in a while. */
  #sweep(): void {
    const now = performance.now();
    if (now - this.#swept < this.#options.staleAfter) return;
    this.#swept = now;
    for (const [path, file] of this.#files) {
      if (!file.used && file.waiting === 0) this.#forget(path, file);
      file.used = false;
    }
  }

  #forget(path: string, file: OpenFile): void {
    this.#files.delete(path);
    closeSync(file.fd);
  }
}
