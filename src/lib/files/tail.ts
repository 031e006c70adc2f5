/**
 * Tail mode: follows files by their identity (device and inode), whatever their name. A file that lost its name is
 * read on for a while, so that nothing written around a rotation is lost.
 */
import { type BigIntStats, closeSync, fstatSync, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Peer } from '../../kernel/plugin.ts';
import { LineReader } from './read-lines.ts';
import { fileKey, type SincedbEntry } from './sincedb.ts';
import { type Found, findFiles, isTooOld, type WatchHost, type WatchMode } from './watch.ts';

/** Looks without news after which a file that was deleted, or has another name now, is let go. */
const DELETED_LOOKS = 5;
const RENAMED_LOOKS = 60;

interface TailFile {
  readonly key: string;
  peer: Peer & { readonly path: string };
  fd: number | undefined;
  /** Everything before it was given to the queue. */
  position: number;
  /** Everything before it was looked at: beyond `position` is the beginning of a line. */
  seen: number;
  entry: SincedbEntry;
  /** Counts truncations: deliveries from before one say nothing any more. */
  generation: number;
  lastRead: number;
  /** No path leads to it any more: how many looks brought nothing since; -1: it has its path. */
  orphanLooks: number;
}

export class TailMode implements WatchMode {
  readonly done = false;
  readonly #host: WatchHost;
  readonly #reader: LineReader;
  readonly #files = new Map<string, TailFile>();
  /** Other names of a file lead to it too. */
  readonly #paths = new Map<string, TailFile>();
  #open = 0;

  constructor(host: WatchHost) {
    this.#host = host;
    this.#reader = new LineReader(host.settings.delimiter, host.maxRecordBytes);
  }

  async discover(first: boolean): Promise<void> {
    for (const found of await findFiles(this.#host)) {
      if (!this.#paths.has(found.path)) this.#adopt(found, first && !this.#host.settings.startAtBeginning);
    }
  }

  async pass(stopped: () => boolean): Promise<boolean> {
    let more = false;
    for (const file of [...this.#files.values()]) {
      if (stopped()) return false;
      try {
        if (await this.#look(file, stopped)) more = true;
      } catch (error) {
        const reason = (error as Error).message;
        this.#host.logger.warn({ path: file.peer.path, reason }, `failed to read ${file.peer.path}`);
        this.#closeFile(file);
      }
    }
    return more;
  }

  close(): void {
    for (const file of this.#files.values()) this.#closeFile(file);
  }

  /** A path that no known file has. */
  #adopt({ path, stat: stats }: Found, atEnd: boolean): void {
    const key = fileKey(stats);
    const known = this.#files.get(key);
    if (known !== undefined) {
      // Renamed, or a second name (link).
      this.#paths.set(path, known);
      if (known.orphanLooks >= 0) {
        this.#host.writer.end(known.peer);
        known.peer = { key: path, path };
        known.entry.path = path;
        known.orphanLooks = -1;
      }
      return;
    }
    const { sincedb, settings } = this.#host;
    const size = Number(stats.size);
    const old = sincedb.get(key);
    const resume = old !== undefined && (old.live || old.path === undefined || old.path === path);
    const ignored = !resume && isTooOld({ path, stat: stats }, settings);
    const position = resume ? (old.given ?? old.position) : ignored || atEnd ? size : 0;
    let entry = old;
    if (!resume || entry === undefined) entry = sincedb.add(key, path, position);
    else {
      entry.live = true;
      entry.path = path;
    }
    const file: TailFile = {
      key,
      peer: { key: path, path },
      fd: undefined,
      position,
      seen: position,
      entry,
      generation: 0,
      lastRead: performance.now(),
      orphanLooks: -1,
    };
    this.#files.set(key, file);
    this.#paths.set(path, file);
  }

  /** One file: its name, its size, what is new. True: there is more to read at once. */
  async #look(file: TailFile, stopped: () => boolean): Promise<boolean> {
    if (file.orphanLooks >= 0) return this.#lookAtOrphan(file, stopped);
    const { path } = file.peer;
    let stats: BigIntStats;
    try {
      stats = await stat(path, { bigint: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#orphan(file);
      return this.#lookAtOrphan(file, stopped);
    }
    if (fileKey(stats) !== file.key) {
      this.#orphan(file);
      if (stats.isFile()) this.#adopt({ path, stat: stats }, false);
      return this.#lookAtOrphan(file, stopped);
    }
    return this.#follow(file, Number(stats.size), stopped);
  }

  async #lookAtOrphan(file: TailFile, stopped: () => boolean): Promise<boolean> {
    if (file.fd === undefined) {
      this.#drop(file);
      return false;
    }
    const stats = fstatSync(file.fd);
    if (stats.size > file.seen) {
      const before = file.position;
      const more = await this.#follow(file, stats.size, stopped);
      if (file.position > before) {
        file.orphanLooks = 0;
        return more;
      }
    }
    const limit = stats.nlink === 0 ? DELETED_LOOKS : RENAMED_LOOKS;
    if (++file.orphanLooks < limit) return false;
    // Nothing will end its last line.
    const { rest } = await this.#reader.chunk(file.fd, file.position, this.#host.writer, file.peer);
    if (rest.length > 0) {
      this.#host.writer.record(file.peer, rest);
      file.position += rest.length;
      this.#mark(file);
    }
    if (stats.nlink === 0) this.#host.sincedb.remove(file.entry);
    this.#drop(file);
    return false;
  }

  #orphan(file: TailFile): void {
    for (const [path, each] of this.#paths) if (each === file) this.#paths.delete(path);
    file.orphanLooks = 0;
  }

  #drop(file: TailFile): void {
    this.#closeFile(file);
    this.#host.writer.end(file.peer);
    this.#files.delete(file.key);
  }

  async #follow(file: TailFile, size: number, stopped: () => boolean): Promise<boolean> {
    const { logger, settings, sincedb, writer } = this.#host;
    if (size < file.position) {
      logger.info({ path: file.peer.path }, `${file.peer.path} was truncated: reading it from its beginning`);
      writer.end(file.peer);
      file.position = 0;
      file.generation++;
      file.entry.given = 0;
      sincedb.move(file.entry, 0);
    }
    if (size < file.seen) file.seen = file.position;
    if (size > file.seen) return this.#read(file, stopped);
    if (file.fd !== undefined && performance.now() - file.lastRead > settings.closeOlder * 1000)
      this.#closeFile(file);
    return false;
  }

  async #read(file: TailFile, stopped: () => boolean): Promise<boolean> {
    const { writer, settings } = this.#host;
    if (file.fd === undefined && !this.#openFile(file)) return false;
    for (let left = settings.turnBytes; left > 0; ) {
      if (stopped()) return false;
      const before = file.position;
      const { position, atEnd, rest } = await this.#reader.chunk(file.fd!, before, writer, file.peer);
      file.seen = atEnd ? position + rest.length : position;
      if (position > before) {
        file.position = position;
        file.lastRead = performance.now();
        left -= position - before;
        this.#mark(file);
      }
      if (!writer.hasRoom) await this.#host.room();
      if (atEnd) return false;
    }
    return true;
  }

  #mark(file: TailFile): void {
    const { generation, entry } = file;
    entry.given = file.position;
    this.#host.marks.mark(entry, file.position, () => generation === file.generation);
  }

  /** False: it can not be opened now, or is another file already. */
  #openFile(file: TailFile): boolean {
    const { logger, settings } = this.#host;
    if (this.#open >= settings.maxOpenFiles && !this.#closeIdle()) {
      logger.warn(
        { max_open_files: settings.maxOpenFiles },
        `limit of open files reached (max_open_files): ${file.peer.path} waits`,
      );
      return false;
    }
    let fd: number;
    try {
      fd = openSync(file.peer.path, 'r');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT')
        logger.warn({ path: file.peer.path, reason: message }, `failed to open ${file.peer.path}`);
      return false;
    }
    if (fileKey(fstatSync(fd, { bigint: true })) !== file.key) {
      closeSync(fd);
      return false;
    }
    file.fd = fd;
    file.lastRead = performance.now();
    this.#open++;
    return true;
  }

  /** Makes room for another file: closes one that is read to its end. */
  #closeIdle(): boolean {
    for (const file of this.#files.values()) {
      if (file.fd === undefined || file.orphanLooks >= 0 || file.seen > file.position) continue;
      this.#closeFile(file);
      return true;
    }
    return false;
  }

  #closeFile(file: TailFile): void {
    if (file.fd === undefined) return;
    closeSync(file.fd);
    file.fd = undefined;
    this.#open--;
  }
}
