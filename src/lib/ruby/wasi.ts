/**
 * WASI preview 1 for CRuby in a worker: the machine's files, clocks, randomness and two pipes to JavaScript.
 * Node's own `node:wasi` is not used: its `poll_oneoff` corrupts memory (Ruby's `sleep`), and it prints a warning.
 */
import { randomFillSync } from 'node:crypto';
import fs from 'node:fs';
import { fixedTime } from '../../kernel/fixed-clock.ts';

/** Where Ruby reads batches from and writes results to; ordinary files to Ruby. */
export const BRIDGE_IN = '/dev/millrace-in';
export const BRIDGE_OUT = '/dev/millrace-out';

export interface WasiHost {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Next bytes for the bridge, at most `size`; empty at the end. */
  read(size: number): Uint8Array;
  /** Bytes from the bridge; valid during the call only. */
  write(bytes: Uint8Array): void;
  /** What Ruby prints, to fd 1 or 2; valid during the call only. */
  print(fd: number, bytes: Uint8Array): void;
}

type Handle =
  | { kind: 'null' | 'print' | 'in' | 'out' }
  | { kind: 'file'; fd: number; position: bigint; append: boolean }
  | { kind: 'directory'; path: string };

const E = { success: 0, badf: 8, exist: 20, inval: 28, io: 29, isdir: 31, noent: 44, nosys: 52, notdir: 54 };
const codes: Readonly<Record<string, number>> = {
  EACCES: 2,
  EPERM: 63,
  EBADF: E.badf,
  EEXIST: E.exist,
  EINVAL: E.inval,
  EISDIR: E.isdir,
  ENOENT: E.noent,
  ENOTDIR: E.notdir,
  ENOTEMPTY: 55,
  ELOOP: 32,
  ENOSPC: 51,
  EMFILE: 33,
  EXDEV: 75,
};
const FILE_TYPE = { unknown: 0, character: 2, directory: 3, regular: 4, link: 7 };

/** Ruby asked to end the process. */
class WasiExit extends Error {
  override name = 'WasiExit';
}

export class Wasi {
  /** The functions that the module imports as `wasi_snapshot_preview1`. */
  readonly wasiImport: Record<string, (...args: never[]) => number>;
  readonly #host: WasiHost;
  readonly #handles: (Handle | undefined)[];
  readonly #encoder = new TextEncoder();
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #memory!: WebAssembly.Memory;

  constructor(host: WasiHost) {
    this.#host = host;
    this.#handles = [
      { kind: 'null' },
      { kind: 'print' },
      { kind: 'print' },
      { kind: 'directory', path: '/' }, // the only preopened directory: Ruby sees the machine's files
    ];
    this.wasiImport = this.#functions() as never;
  }

  initialize(instance: WebAssembly.Instance): void {
    this.#memory = instance.exports['memory'] as WebAssembly.Memory;
    (instance.exports['_initialize'] as () => void)();
  }

  get #view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, at, length);
  }

  #path(directory: number, at: number, length: number): string {
    const handle = this.#handles[directory];
    if (handle?.kind !== 'directory') throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    const relative = Buffer.from(this.#bytes(at, length)).toString('utf8');
    return handle.path.endsWith('/') ? handle.path + relative : `${handle.path}/${relative}`;
  }

  #open(handle: Handle): number {
    let fd = this.#handles.indexOf(undefined);
    if (fd < 0) fd = this.#handles.length;
    this.#handles[fd] = handle;
    return fd;
  }

  #strings(list: readonly string[], pointers: number, buffer: number): number {
    const view = this.#view;
    let at = buffer;
    for (const [index, text] of list.entries()) {
      view.setUint32(pointers + index * 4, at, true);
      const bytes = this.#encoder.encode(`${text}\0`);
      this.#bytes(at, bytes.length).set(bytes);
      at += bytes.length;
    }
    return E.success;
  }

  #sizes(list: readonly string[], count: number, size: number): number {
    this.#view.setUint32(count, list.length, true);
    this.#view.setUint32(
      size,
      list.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0),
      true,
    );
    return E.success;
  }

  /** Calls `each` for the parts of an iovec list until one is taken or given short. */
  #parts(list: number, count: number, each: (part: Uint8Array) => number): number {
    let total = 0;
    for (let index = 0; index < count; index++) {
      const view = this.#view;
      const length = view.getUint32(list + index * 8 + 4, true);
      if (length === 0) continue;
      const done = each(this.#bytes(view.getUint32(list + index * 8, true), length));
      total += done;
      if (done < length) break;
    }
    return total;
  }

  #stat(at: number, stats: fs.BigIntStats | undefined, type: number): number {
    const view = this.#view;
    view.setBigUint64(at, stats?.dev ?? 0n, true);
    view.setBigUint64(at + 8, stats?.ino ?? 0n, true);
    view.setBigUint64(at + 16, BigInt(type), true);
    view.setBigUint64(at + 24, stats?.nlink ?? 1n, true);
    view.setBigUint64(at + 32, stats?.size ?? 0n, true);
    view.setBigUint64(at + 40, stats?.atimeNs ?? 0n, true);
    view.setBigUint64(at + 48, stats?.mtimeNs ?? 0n, true);
    view.setBigUint64(at + 56, stats?.ctimeNs ?? 0n, true);
    return E.success;
  }

  #read(handle: Handle | undefined, part: Uint8Array, position: bigint | undefined): number {
    if (handle?.kind === 'in') {
      const bytes = this.#host.read(part.length);
      part.set(bytes);
      return bytes.length;
    }
    if (handle?.kind === 'file') {
      const got = fs.readSync(handle.fd, part, 0, part.length, position ?? handle.position);
      if (position === undefined) handle.position += BigInt(got);
      return got;
    }
    return 0;
  }

  #write(fd: number, handle: Handle | undefined, part: Uint8Array, position: bigint | undefined): number {
    if (handle?.kind === 'out') this.#host.write(part);
    else if (handle?.kind === 'print') this.#host.print(fd, part);
    else if (handle?.kind === 'file') {
      if (handle.append) return fs.writeSync(handle.fd, part);
      const put = fs.writeSync(handle.fd, part, 0, part.length, Number(position ?? handle.position));
      if (position === undefined) handle.position += BigInt(put);
      return put;
    }
    return part.length;
  }

  /** Sleeps for clocks; files are always ready. */
  #poll(subscriptions: number, events: number, count: number, result: number): number {
    const view = this.#view;
    let wait = Number.POSITIVE_INFINITY;
    for (let index = 0; index < count; index++) {
      const at = subscriptions + index * 48;
      if (view.getUint8(at + 8) !== 0) wait = 0;
      else {
        const timeout = view.getBigUint64(at + 24, true);
        const absolute = (view.getUint16(at + 40, true) & 1) === 1;
        const now = absolute ? clock(view.getUint32(at + 16, true)) : 0n;
        wait = Math.min(wait, Math.max(0, Number(timeout - now) / 1e6));
      }
    }
    if (wait > 0) Atomics.wait(this.#sleeper, 0, 0, wait);
    for (let index = 0; index < count; index++) {
      const at = events + index * 32;
      const from = subscriptions + index * 48;
      view.setBigUint64(at, view.getBigUint64(from, true), true);
      view.setUint16(at + 8, 0, true);
      view.setUint8(at + 10, view.getUint8(from + 8));
      view.setBigUint64(at + 16, 0n, true);
      view.setUint16(at + 24, 0, true);
    }
    view.setUint32(result, count, true);
    return E.success;
  }

  #openPath(
    directory: number,
    path: number,
    length: number,
    how: number,
    rights: bigint,
    flags: number,
  ): Handle {
    const name = this.#path(directory, path, length);
    if (name === BRIDGE_IN) return { kind: 'in' };
    if (name === BRIDGE_OUT) return { kind: 'out' };
    const { constants } = fs;
    const write = (rights & 64n) !== 0n;
    const isDirectory = fs.statSync(name, { throwIfNoEntry: false })?.isDirectory();
    if (isDirectory && (!write || (how & 2) !== 0)) return { kind: 'directory', path: name };
    if ((how & 2) !== 0) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    const mode =
      (write ? ((rights & 2n) !== 0n ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY) |
      ((how & 1) !== 0 ? constants.O_CREAT : 0) |
      ((how & 4) !== 0 ? constants.O_EXCL : 0) |
      ((how & 8) !== 0 ? constants.O_TRUNC : 0) |
      ((flags & 1) !== 0 ? constants.O_APPEND : 0);
    return { kind: 'file', fd: fs.openSync(name, mode), position: 0n, append: (flags & 1) !== 0 };
  }

  #readDirectory(fd: number, buffer: number, size: number, cookie: bigint, used: number): number {
    const handle = this.#handles[fd];
    if (handle?.kind !== 'directory') return E.badf;
    const entries = fs.readdirSync(handle.path, { withFileTypes: true });
    const packed: Buffer[] = [];
    for (const [index, entry] of entries.entries()) {
      if (BigInt(index) < cookie) continue;
      const name = Buffer.from(entry.name);
      const record = Buffer.alloc(24 + name.length);
      record.writeBigUInt64LE(BigInt(index + 1), 0);
      record.writeUInt32LE(name.length, 16);
      record[20] = entry.isDirectory()
        ? FILE_TYPE.directory
        : entry.isSymbolicLink()
          ? FILE_TYPE.link
          : FILE_TYPE.regular;
      name.copy(record, 24);
      packed.push(record);
    }
    const bytes = Buffer.concat(packed).subarray(0, size);
    this.#bytes(buffer, bytes.length).set(bytes);
    this.#view.setUint32(used, bytes.length, true);
    return E.success;
  }

  #seek(fd: number, offset: bigint, whence: number, result: number): number {
    const handle = this.#handles[fd];
    if (handle?.kind !== 'file') return 70; // a pipe
    const base =
      whence === 0 ? 0n : whence === 1 ? handle.position : fs.fstatSync(handle.fd, { bigint: true }).size;
    if (base + offset < 0n) return E.inval;
    handle.position = base + offset;
    this.#view.setBigUint64(result, handle.position, true);
    return E.success;
  }

  #functions(): Record<string, (...args: any[]) => number> {
    const handles = this.#handles;
    const environment = Object.entries(this.#host.env).map(([name, value]) => `${name}=${value}`);
    const functions: Record<string, (...args: any[]) => number> = {
      args_get: (pointers, buffer) => this.#strings(this.#host.args, pointers, buffer),
      args_sizes_get: (count, size) => this.#sizes(this.#host.args, count, size),
      environ_get: (pointers, buffer) => this.#strings(environment, pointers, buffer),
      environ_sizes_get: (count, size) => this.#sizes(environment, count, size),
      clock_res_get: (_id, result) => {
        this.#view.setBigUint64(result, 1n, true);
        return E.success;
      },
      clock_time_get: (id, _precision, result) => {
        this.#view.setBigUint64(result, clock(id), true);
        return E.success;
      },
      random_get: (at, length) => {
        randomFillSync(this.#bytes(at, length));
        return E.success;
      },
      proc_exit: (code) => {
        throw new WasiExit(`Ruby ended with code ${code}`);
      },
      sched_yield: () => E.success,
      poll_oneoff: (from, to, count, result) => this.#poll(from, to, count, result),
      fd_prestat_get: (fd, result) => {
        if (fd !== 3) return E.badf;
        this.#view.setUint32(result, 0, true);
        this.#view.setUint32(result + 4, 1, true);
        return E.success;
      },
      fd_prestat_dir_name: (fd, at, length) => {
        if (fd !== 3 || length < 1) return E.badf;
        this.#bytes(at, 1)[0] = 47;
        return E.success;
      },
      fd_fdstat_get: (fd, result) => {
        const handle = handles[fd];
        if (!handle) return E.badf;
        const type =
          handle.kind === 'directory'
            ? FILE_TYPE.directory
            : handle.kind === 'file'
              ? FILE_TYPE.regular
              : FILE_TYPE.character;
        const view = this.#view;
        view.setUint16(result, type, true);
        view.setUint16(result + 2, handle.kind === 'file' && handle.append ? 1 : 0, true);
        view.setBigUint64(result + 8, 0xffff_ffffn, true);
        view.setBigUint64(result + 16, 0xffff_ffffn, true);
        return E.success;
      },
      fd_fdstat_set_flags: () => E.success,
      fd_advise: () => E.success,
      fd_sync: (fd) => {
        const handle = handles[fd];
        if (handle?.kind === 'file') fs.fsyncSync(handle.fd);
        return E.success;
      },
      fd_close: (fd) => {
        const handle = handles[fd];
        if (!handle) return E.badf;
        if (handle.kind === 'file') fs.closeSync(handle.fd);
        handles[fd] = undefined;
        return E.success;
      },
      fd_renumber: (from, to) => {
        handles[to] = handles[from];
        handles[from] = undefined;
        return E.success;
      },
      fd_read: (fd, list, count, result) => {
        const got = this.#parts(list, count, (part) => this.#read(handles[fd], part, undefined));
        this.#view.setUint32(result, got, true);
        return E.success;
      },
      fd_pread: (fd, list, count, offset, result) => {
        let at = offset as bigint;
        const got = this.#parts(list, count, (part) => {
          const here = this.#read(handles[fd], part, at);
          at += BigInt(here);
          return here;
        });
        this.#view.setUint32(result, got, true);
        return E.success;
      },
      fd_write: (fd, list, count, result) => {
        const put = this.#parts(list, count, (part) => this.#write(fd, handles[fd], part, undefined));
        this.#view.setUint32(result, put, true);
        return E.success;
      },
      fd_pwrite: (fd, list, count, offset, result) => {
        let at = offset as bigint;
        const put = this.#parts(list, count, (part) => {
          const here = this.#write(fd, handles[fd], part, at);
          at += BigInt(here);
          return here;
        });
        this.#view.setUint32(result, put, true);
        return E.success;
      },
      fd_seek: (fd, offset, whence, result) => this.#seek(fd, offset, whence, result),
      fd_tell: (fd, result) => this.#seek(fd, 0n, 1, result),
      fd_readdir: (fd, buffer, size, cookie, used) => this.#readDirectory(fd, buffer, size, cookie, used),
      fd_filestat_get: (fd, result) => {
        const handle = handles[fd];
        if (!handle) return E.badf;
        if (handle.kind === 'file')
          return this.#stat(result, fs.fstatSync(handle.fd, { bigint: true }), FILE_TYPE.regular);
        return handle.kind === 'directory'
          ? this.#stat(result, fs.statSync(handle.path, { bigint: true }), FILE_TYPE.directory)
          : this.#stat(result, undefined, FILE_TYPE.character);
      },
      fd_filestat_set_size: (fd, size) => {
        const handle = handles[fd];
        if (handle?.kind !== 'file') return E.badf;
        fs.ftruncateSync(handle.fd, Number(size));
        return E.success;
      },
      path_open: (directory, _lookup, path, length, how, rights, _inherit, flags, result) => {
        const fd = this.#open(this.#openPath(directory, path, length, how, rights, flags));
        this.#view.setUint32(result, fd, true);
        return E.success;
      },
      path_filestat_get: (directory, lookup, path, length, result) => {
        const name = this.#path(directory, path, length);
        if (name === BRIDGE_IN || name === BRIDGE_OUT)
          return this.#stat(result, undefined, FILE_TYPE.character);
        const stats =
          (lookup & 1) === 1 ? fs.statSync(name, { bigint: true }) : fs.lstatSync(name, { bigint: true });
        const type = stats.isDirectory()
          ? FILE_TYPE.directory
          : stats.isSymbolicLink()
            ? FILE_TYPE.link
            : stats.isFile()
              ? FILE_TYPE.regular
              : FILE_TYPE.character;
        return this.#stat(result, stats, type);
      },
      path_create_directory: (directory, path, length) => {
        fs.mkdirSync(this.#path(directory, path, length));
        return E.success;
      },
      path_remove_directory: (directory, path, length) => {
        fs.rmdirSync(this.#path(directory, path, length));
        return E.success;
      },
      path_unlink_file: (directory, path, length) => {
        fs.unlinkSync(this.#path(directory, path, length));
        return E.success;
      },
      path_rename: (directory, path, length, toDirectory, to, toLength) => {
        fs.renameSync(this.#path(directory, path, length), this.#path(toDirectory, to, toLength));
        return E.success;
      },
      path_readlink: (directory, path, length, buffer, size, used) => {
        const bytes = Buffer.from(fs.readlinkSync(this.#path(directory, path, length))).subarray(0, size);
        this.#bytes(buffer, bytes.length).set(bytes);
        this.#view.setUint32(used, bytes.length, true);
        return E.success;
      },
    };
    functions['fd_datasync'] = functions['fd_sync']!;
    for (const name of ['path_filestat_set_times', 'path_symlink', 'path_link'])
      functions[name] = () => E.nosys;
    for (const [name, call] of Object.entries(functions)) functions[name] = guarded(call);
    return functions;
  }
}

/** Errors of the machine become WASI's numbers. */
function guarded(call: (...args: any[]) => number): (...args: any[]) => number {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      if (error instanceof WasiExit) throw error;
      return codes[(error as NodeJS.ErrnoException).code ?? ''] ?? E.io;
    }
  };
}

/** Nanoseconds: since the epoch for clock 0, otherwise since some start. */
function clock(id: number): bigint {
  if (id !== 0) return process.hrtime.bigint();
  const fixed = fixedTime();
  if (fixed !== undefined) return BigInt(Math.round(fixed)) * 1_000_000n;
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}
