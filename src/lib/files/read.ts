/**
 * Read mode: reads files that are complete from their beginning (or where an earlier run stopped) to their end, then
 * deletes or logs them when every output has taken their events.
 */
import { appendFileSync, closeSync, createReadStream, openSync, unlinkSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { LineFramer } from '../net/line-framer.ts';
import { LineReader } from './read-lines.ts';
import { fileKey, type SincedbEntry } from './sincedb.ts';
import { type Found, findFiles, isTooOld, type WatchHost, type WatchMode } from './watch.ts';

export interface ReadSettings {
  readonly remove: boolean;
  /** File to which the paths of files that are done are added. */
  readonly completedLog: string | undefined;
  /** Only the files that are there at the start. */
  readonly exitAfterRead: boolean;
  /** Read an archive to its end once before its events are taken. */
  readonly checkArchives: boolean;
}

interface ReadFile {
  readonly path: string;
  readonly key: string;
  readonly size: number;
  readonly peer: { readonly key: string; readonly path: string };
  readonly entry: SincedbEntry;
  fd: number | undefined;
  position: number;
}

const always = (): boolean => true;

export class ReadMode implements WatchMode {
  readonly #host: WatchHost;
  readonly #settings: ReadSettings;
  readonly #reader: LineReader;
  /** Still to be read, in order. */
  #files: ReadFile[] = [];
  /** Paths that were seen, with the identity of their file; those done are not read again. */
  readonly #seen = new Map<string, string>();
  #discovered = false;

  constructor(host: WatchHost, settings: ReadSettings) {
    this.#host = host;
    this.#settings = settings;
    this.#reader = new LineReader(host.settings.delimiter, host.maxRecordBytes);
  }

  get done(): boolean {
    return this.#settings.exitAfterRead && this.#discovered && this.#files.length === 0;
  }

  async discover(first: boolean): Promise<void> {
    if (!first && this.#settings.exitAfterRead) return;
    const { settings, sincedb } = this.#host;
    const all = await findFiles(this.#host);
    const names = new Set(all.map(({ path }) => path));
    for (const path of this.#seen.keys()) if (!names.has(path)) this.#seen.delete(path);
    for (const found of all) {
      const key = fileKey(found.stat);
      if (this.#seen.get(found.path) === key) continue;
      this.#seen.set(found.path, key);
      if (isTooOld(found, settings)) continue;
      this.#add(found, key, sincedb.get(key));
    }
    this.#discovered = true;
  }

  #add({ path, stat }: Found, key: string, old: SincedbEntry | undefined): void {
    const { sincedb } = this.#host;
    const size = Number(stat.size);
    const resume = old !== undefined && (old.live || old.path === undefined || old.path === path);
    const position = resume ? (old.given ?? old.position) : 0;
    if (position > 0 && position >= size) return;
    const entry = resume ? old : sincedb.add(key, path, 0);
    entry.live = true;
    entry.path = path;
    this.#files.push({ path, key, size, peer: { key: path, path }, entry, fd: undefined, position });
  }

  async pass(stopped: () => boolean): Promise<boolean> {
    const waiting: ReadFile[] = [];
    for (const [index, file] of this.#files.entries()) {
      if (stopped()) {
        waiting.push(...this.#files.slice(index));
        break;
      }
      const finished = await this.#turn(file, stopped).catch((error: NodeJS.ErrnoException) => {
        this.#closeFile(file);
        const reason = error.message;
        this.#host.logger.warn({ path: file.path, reason }, `failed to read ${file.path}`);
        // Gone, or for good not what it should be; what may get better (no right to read it) is tried again.
        return error.code === 'ENOENT' || isArchive(file.path) || this.#settings.exitAfterRead;
      });
      if (!finished) waiting.push(file);
    }
    this.#files = waiting;
    return waiting.some((file) => file.fd !== undefined);
  }

  close(): void {
    for (const file of this.#files) this.#closeFile(file);
  }

  /** Reads on, for one turn. True: nothing more to read. */
  async #turn(file: ReadFile, stopped: () => boolean): Promise<boolean> {
    if (isArchive(file.path)) return this.#readArchive(file, stopped);
    const { writer, settings } = this.#host;
    file.fd ??= openSync(file.path, 'r');
    for (let left = settings.turnBytes; left > 0; ) {
      if (stopped()) return false;
      const before = file.position;
      const { position, atEnd, rest } = await this.#reader.chunk(file.fd, before, writer, file.peer);
      file.position = position;
      left -= position - before;
      if (!atEnd) {
        if (position > before) this.#mark(file);
        if (!writer.hasRoom) await this.#host.room();
        continue;
      }
      if (rest.length > 0) writer.record(file.peer, rest);
      file.position += rest.length;
      this.#closeFile(file);
      this.#complete(file);
      if (!writer.hasRoom) await this.#host.room();
      return true;
    }
    return false;
  }

  /** Archives are all or nothing: their position is known at their end only. */
  async #readArchive(file: ReadFile, stopped: () => boolean): Promise<boolean> {
    const { writer, settings, logger, maxRecordBytes } = this.#host;
    if (this.#settings.checkArchives) {
      try {
        await pipeline(createReadStream(file.path), createGunzip(), async (chunks) => {
          for await (const _ of chunks) if (stopped()) return;
        });
      } catch (error) {
        const reason = (error as Error).message;
        logger.warn({ path: file.path, reason }, `archive ${file.path} is corrupt and not read`);
        return true;
      }
    }
    const framer = new LineFramer(settings.delimiter, maxRecordBytes);
    let interrupted = false;
    await pipeline(createReadStream(file.path), createGunzip(), async (chunks) => {
      for await (const chunk of chunks) {
        if (!framer.push(chunk as Buffer, writer, file.peer)) await this.#host.room();
        if (stopped()) {
          interrupted = true;
          return;
        }
      }
    });
    if (interrupted) return false;
    framer.end(writer, file.peer);
    file.position = file.size;
    this.#complete(file);
    return true;
  }

  #mark(file: ReadFile): void {
    file.entry.given = file.position;
    this.#host.marks.mark(file.entry, file.position, always);
  }

  #complete(file: ReadFile): void {
    const { writer, logger, marks, sincedb } = this.#host;
    writer.end(file.peer);
    file.entry.given = file.position;
    marks.mark(file.entry, file.position, always, () => {
      sincedb.write();
      try {
        if (this.#settings.completedLog !== undefined)
          appendFileSync(this.#settings.completedLog, `${file.path}\n`);
        if (!this.#settings.remove) return;
        unlinkSync(file.path);
        sincedb.remove(file.entry);
        sincedb.write();
      } catch (error) {
        const reason = (error as Error).message;
        logger.warn({ path: file.path, reason }, `${file.path} is read, but could not be deleted or logged`);
      }
    });
  }

  #closeFile(file: ReadFile): void {
    if (file.fd !== undefined) closeSync(file.fd);
    file.fd = undefined;
  }
}

const isArchive = (path: string): boolean => /\.gz(?:ip)?$/.test(path);
