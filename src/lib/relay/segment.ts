/** One file of the relay's queue, named `0000000012-89abcdef.datagrams`: its number, and the salt of its checksums. */
import { closeSync, fdatasync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkRecord, MAGIC, MAGIC_AT, MAX_RECORD_BYTES } from './record.ts';

const NAME = /^(\d{10})-([0-9a-f]{8})\.datagrams$/;
const CHUNK_BYTES = 4 * MAX_RECORD_BYTES;
const syncData = promisify(fdatasync);

export class Segment {
  readonly number: number;
  readonly salt: number;
  readonly path: string;
  /** Bytes in the file that count. */
  size: number;
  records = 0;
  /** Number of its first datagram, counted from what was not confirmed when the queue was opened. */
  first = 0;
  /** Written since it was last synced. */
  dirty = false;
  #exists: boolean;
  #fd: number | undefined;
  #syncing = false;
  #closing = false;

  /** Without `size` the file is made at the first write. */
  constructor(folder: string, number: number, salt: number, size?: number) {
    this.number = number;
    this.salt = salt;
    this.path = join(folder, segmentName(number, salt));
    this.size = size ?? 0;
    this.#exists = size !== undefined;
  }

  /** @throws the system's error; the file is opened when it is first used */
  get fd(): number {
    if (this.#fd === undefined) {
      this.#fd = openSync(this.path, this.#exists ? 'r+' : 'wx+', 0o600);
      this.#exists = true;
    }
    this.#closing = false;
    return this.#fd;
  }

  /** Writes behind what is there. After an error the same bytes may be written again. @throws the system's error */
  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; )
      at += writeSync(this.fd, bytes, at, bytes.length - at, this.size + at);
    this.size += bytes.length;
    this.dirty = true;
  }

  /** @throws the system's error */
  async sync(): Promise<void> {
    this.dirty = false;
    this.#syncing = true;
    try {
      await syncData(this.fd);
    } catch (error) {
      this.dirty = true;
      throw error;
    } finally {
      this.#syncing = false;
      if (this.#closing) this.close();
    }
  }

  close(): void {
    if (this.#syncing) {
      this.#closing = true;
      return;
    }
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** @throws the system's error */
  remove(): void {
    this.dirty = false;
    this.close();
    rmSync(this.path, { force: true });
  }
}

const segmentName = (number: number, salt: number): string =>
  `${String(number).padStart(10, '0')}-${salt.toString(16).padStart(8, '0')}.datagrams`;

/** Number and salt of a file's name, if it is a segment's. */
export function parseSegmentName(name: string): { number: number; salt: number } | undefined {
  const match = NAME.exec(name);
  return match ? { number: Number(match[1]), salt: Number.parseInt(match[2]!, 16) } : undefined;
}

/** Goes through a segment's file from record to record; damage is jumped over and counted. */
export class SegmentReader {
  readonly segment: Segment;
  /** Bytes that could not be read as records. */
  damaged = 0;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #base = 0;
  #length = 0;

  constructor(segment: Segment) {
    this.segment = segment;
  }

  /** Finds the next good record at or after `offset`; -1 when there is none up to the end of the file. */
  find(offset: number): number {
    let at = offset;
    while (at < this.segment.size) {
      if (this.lengthAt(at) > 0) return at;
      const next = this.#nextMagic(at + 1);
      this.damaged += next - at;
      at = next;
    }
    return -1;
  }

  /** Bytes of the good record at `offset`, else 0. */
  lengthAt(offset: number): number {
    this.#load(offset, MAX_RECORD_BYTES);
    return checkRecord(this.#chunk, offset - this.#base, this.#length, this.segment.salt);
  }

  /** Where the bytes of the file at `offset` stand: valid until the next call of any method. */
  at(offset: number): { source: Buffer; at: number } {
    return { source: this.#chunk, at: offset - this.#base };
  }

  /** The next place at or after `offset` where a record may begin, or the end of the file. */
  #nextMagic(offset: number): number {
    const { size } = this.segment;
    let at = offset;
    while (at + MAGIC_AT + MAGIC.length <= size) {
      this.#load(at, MAX_RECORD_BYTES);
      const found = this.#chunk.subarray(0, this.#length).indexOf(MAGIC, at - this.#base + MAGIC_AT);
      if (found >= 0) return this.#base + found - MAGIC_AT;
      // The magic may lie across the end of the chunk.
      at = Math.max(at + 1, this.#base + this.#length - MAGIC_AT - 1);
    }
    return size;
  }

  /** Makes the chunk hold `bytes` from `offset` on, or what the file has of them. */
  #load(offset: number, bytes: number): void {
    const wanted = Math.min(bytes, this.segment.size - offset);
    if (offset >= this.#base && offset + wanted <= this.#base + this.#length) return;
    this.#base = offset;
    this.#length = 0;
    const most = Math.min(CHUNK_BYTES, this.segment.size - offset);
    while (this.#length < most) {
      const count = readSync(
        this.segment.fd,
        this.#chunk,
        this.#length,
        most - this.#length,
        offset + this.#length,
      );
      if (count === 0) break;
      this.#length += count;
    }
  }
}
