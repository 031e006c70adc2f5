/** The file operations of log and manifest, in one folder: writes and syncs go through the thread pool. */
import { type Dirent, fdatasync, openSync, readdirSync, writev } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type QueueFiles, RealFiles } from '../../queue/queue-files.ts';

/** As `QueueFiles`, but writing and syncing may take a while. Tests use an implementation that crashes. */
export interface StoreFiles extends Omit<QueueFiles, 'write' | 'sync' | 'closeReaders'> {
  write(file: number, pieces: readonly Uint8Array[], position: number): void | Promise<void>;
  sync(file: number): void | Promise<void>;
}

const syncData = promisify(fdatasync);
const writePieces = promisify(writev);

/** writev(2) takes this many pieces. */
const MAX_PIECES = 1024;

export class RealStoreFiles implements StoreFiles {
  readonly folder: string;
  readonly #files: RealFiles;

  /** Makes the folder. */
  constructor(folder: string) {
    this.folder = folder;
    this.#files = new RealFiles(folder);
  }

  list(): string[] {
    return readdirSync(this.folder, { withFileTypes: true })
      .filter((entry: Dirent) => entry.isFile())
      .map((entry: Dirent) => entry.name);
  }

  size(name: string): number {
    return this.#files.size(name);
  }

  read(name: string, position: number, length: number): Uint8Array {
    const bytes = this.#files.read(name, position, length);
    // Files are read once or twice in their life.
    this.#files.closeReaders();
    return bytes;
  }

  create(name: string): number {
    return this.#files.create(name);
  }

  open(name: string): number {
    return openSync(join(this.folder, name), 'r+');
  }

  async write(file: number, pieces: readonly Uint8Array[], position: number): Promise<void> {
    let at = position;
    for (let first = 0; first < pieces.length; first += MAX_PIECES) {
      let rest = pieces.slice(first, first + MAX_PIECES);
      while (rest.length > 0) {
        let { bytesWritten } = await writePieces(file, rest, at);
        if (bytesWritten === 0) throw Object.assign(new Error('write: nothing was taken'), { code: 'EIO' });
        at += bytesWritten;
        let done = 0;
        while (done < rest.length && bytesWritten >= rest[done]!.length) bytesWritten -= rest[done++]!.length;
        rest = rest.slice(done);
        if (bytesWritten > 0) rest[0] = rest[0]!.subarray(bytesWritten);
      }
    }
  }

  async sync(file: number): Promise<void> {
    await syncData(file);
  }

  truncate(file: number, length: number): void {
    this.#files.truncate(file, length);
  }

  close(file: number): void {
    this.#files.close(file);
  }

  rename(from: string, to: string): void {
    this.#files.rename(from, to);
  }

  remove(name: string): void {
    this.#files.remove(name);
  }

  syncFolder(): void {
    this.#files.syncFolder();
  }
}
