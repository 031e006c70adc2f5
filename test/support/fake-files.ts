/** A disk that loses what was not synced: crashes before a chosen operation, tears and reorders unsynced writes. */
import type { QueueFiles } from '../../src/queue/queue-files.ts';

export class Crash extends Error {}

interface File {
  durable: Uint8Array;
  unsynced: ({ at: number; bytes: Uint8Array } | { truncate: number })[];
}

type NameChange = (names: Map<string, File>) => void;

export class FakeFiles implements QueueFiles {
  readonly folder = '/fake';
  /** Operations that change something until the crash. */
  crashAfter = Infinity;
  /** The next operations of this kind fail with ENOSPC or EIO. */
  fail: { operation: 'write' | 'sync' | 'create' | 'read'; left: number; code: string } | undefined;
  operations = 0;
  #crashed = false;
  #durableNames = new Map<string, File>();
  #names = new Map<string, File>();
  #pending: NameChange[] = [];
  readonly #handles = new Map<number, File>();
  #nextHandle = 1;

  get crashed(): boolean {
    return this.#crashed;
  }

  #step(operation?: string): void {
    if (this.#crashed) throw new Crash('crashed');
    if (++this.operations > this.crashAfter) {
      this.#crashed = true;
      throw new Crash('crashed');
    }
    this.#failIf(operation);
  }

  #failIf(operation: string | undefined): void {
    if (this.fail && this.fail.operation === operation && this.fail.left > 0) {
      this.fail.left--;
      throw Object.assign(new Error(`${this.fail.code}: ${operation}`), { code: this.fail.code });
    }
  }

  /** The power is back: `chance` decides what of the unsynced survived. */
  restart(chance: () => number): void {
    const kept = Math.floor(chance() * (this.#pending.length + 1));
    for (const change of this.#pending.slice(0, kept)) change(this.#durableNames);
    this.#pending = [];
    for (const file of new Set(this.#durableNames.values())) {
      for (const write of file.unsynced) {
        const fate = chance();
        if ('truncate' in write) {
          if (fate < 0.5) file.durable = file.durable.slice(0, write.truncate);
        } else if (fate < 0.4) apply(file, write.at, write.bytes);
        else if (fate < 0.7)
          apply(file, write.at, write.bytes.subarray(0, Math.floor(chance() * write.bytes.length)));
        else if (fate < 0.8) apply(file, write.at, new Uint8Array(write.bytes.length));
      }
      file.unsynced = [];
    }
    this.#names = new Map(this.#durableNames);
    this.#handles.clear();
    this.#crashed = false;
    this.crashAfter = Infinity;
    this.operations = 0;
  }

  /** Flips one bit of what is on the disk. */
  flip(name: string, at: number, bit: number): void {
    const file = this.#names.get(name)!;
    file.durable = Uint8Array.from(current(file));
    file.unsynced = [];
    file.durable[at]! ^= 1 << bit;
  }

  #change(change: NameChange): void {
    change(this.#names);
    this.#pending.push(change);
  }

  #file(name: string): File {
    const file = this.#names.get(name);
    if (!file) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' });
    return file;
  }

  #of(handle: number): File {
    const file = this.#handles.get(handle);
    if (!file) throw Object.assign(new Error('EBADF'), { code: 'EBADF' });
    return file;
  }

  list(): string[] {
    if (this.#crashed) throw new Crash('crashed');
    return [...this.#names.keys()];
  }
  size(name: string): number {
    return current(this.#file(name)).length;
  }
  read(name: string, position: number, length: number): Uint8Array {
    this.#failIf('read');
    return current(this.#file(name)).slice(position, position + length);
  }
  create(name: string): number {
    this.#step('create');
    if (this.#names.has(name)) throw Object.assign(new Error(`EEXIST: ${name}`), { code: 'EEXIST' });
    const file: File = { durable: new Uint8Array(0), unsynced: [] };
    this.#change((names) => names.set(name, file));
    this.#handles.set(this.#nextHandle, file);
    return this.#nextHandle++;
  }
  open(name: string): number {
    this.#handles.set(this.#nextHandle, this.#file(name));
    return this.#nextHandle++;
  }
  write(handle: number, pieces: readonly Uint8Array[], position: number): void {
    const bytes = Uint8Array.from(Buffer.concat(pieces));
    const file = this.#of(handle);
    try {
      this.#step('write');
    } catch (error) {
      // A write that failed, or was under way, may have written some.
      file.unsynced.push({ at: position, bytes: bytes.subarray(0, bytes.length / 2) });
      throw error;
    }
    file.unsynced.push({ at: position, bytes });
  }
  truncate(handle: number, length: number): void {
    this.#step();
    this.#of(handle).unsynced.push({ truncate: length });
  }
  sync(handle: number): void {
    this.#step('sync');
    const file = this.#of(handle);
    file.durable = Uint8Array.from(current(file));
    file.unsynced = [];
  }
  close(handle: number): void {
    this.#handles.delete(handle);
  }
  rename(from: string, to: string): void {
    this.#step();
    const file = this.#file(from);
    this.#change((names) => {
      names.delete(from);
      names.set(to, file);
    });
  }
  remove(name: string): void {
    this.#step();
    this.#file(name);
    this.#change((names) => names.delete(name));
  }
  closeReaders(): void {}

  syncFolder(): void {
    this.#step();
    for (const change of this.#pending) change(this.#durableNames);
    this.#pending = [];
  }
}

function apply(file: { durable: Uint8Array }, at: number, bytes: Uint8Array): void {
  const grown = new Uint8Array(Math.max(file.durable.length, at + bytes.length));
  grown.set(file.durable);
  grown.set(bytes, at);
  file.durable = grown;
}

/** What a reader sees: the page cache. */
function current(file: File): Uint8Array {
  if (file.unsynced.length === 0) return file.durable;
  const seen = { durable: file.durable };
  for (const write of file.unsynced) {
    if ('truncate' in write) seen.durable = seen.durable.slice(0, write.truncate);
    else apply(seen, write.at, write.bytes);
  }
  return seen.durable;
}
