/**
 * The file of acknowledged sequence numbers: entries of twenty bytes, each a range and its CRC-32C, appended as blocks
 * are delivered. A lost or damaged entry means a block delivered twice, never one lost. Rewritten when it has grown.
 */
import { crc32c } from './crc32c.ts';
import type { QueueFiles } from './queue-files.ts';
import { SequenceSet } from './sequence-set.ts';

const NAME = 'acks';
const TEMPORARY = 'acks.tmp';
/** "MRACKS" and the version. */
const HEADER = Buffer.from('MRACKS\x01\n', 'latin1');
const ENTRY = 20;
const FULL = new Set(['ENOSPC', 'EDQUOT']);
const COMPACT_BYTES = 256 * 1024;

export class AckLog {
  readonly acknowledged: SequenceSet;
  readonly #files: QueueFiles;
  #file: number | undefined;
  #size = 0;
  #compactAt = COMPACT_BYTES;
  #unsynced = false;

  private constructor(files: QueueFiles, acknowledged: SequenceSet) {
    this.#files = files;
    this.acknowledged = acknowledged;
  }

  /** Reads what is there; what is damaged in it counts as not acknowledged. */
  static read(files: QueueFiles): { acknowledged: SequenceSet; damaged: number } {
    const acknowledged = new SequenceSet();
    let damaged = 0;
    if (!files.list().includes(NAME)) return { acknowledged, damaged };
    const bytes = files.read(NAME, 0, files.size(NAME));
    if (bytes.length < HEADER.length || !HEADER.equals(bytes.subarray(0, HEADER.length)))
      return { acknowledged, damaged: bytes.length > 0 ? 1 : 0 };
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = HEADER.length; at + ENTRY <= bytes.length; at += ENTRY) {
      const first = Number(view.getBigUint64(at, true));
      const last = Number(view.getBigUint64(at + 8, true));
      const sound =
        view.getUint32(at + 16, true) === crc32c(bytes.subarray(at, at + 16)) &&
        first <= last &&
        Number.isSafeInteger(last);
      if (sound) acknowledged.add(first, last);
      else damaged++;
    }
    return { acknowledged, damaged };
  }

  /** For writing: what was read is written anew, without damage; on a full disk as soon as there is room. */
  static open(files: QueueFiles): AckLog {
    const log = new AckLog(files, AckLog.read(files).acknowledged);
    try {
      log.#compact();
    } catch (error) {
      // What waits can be delivered all the same, which may make room.
      if (!FULL.has(String((error as NodeJS.ErrnoException).code))) throw error;
      log.#unsynced = true;
    }
    return log;
  }

  /** Appends ranges: first, last, first, last … */
  append(ranges: readonly number[]): void {
    if (ranges.length === 0) return;
    if (this.#file === undefined || this.#size >= this.#compactAt) this.#compact();
    const entries = encode(ranges);
    try {
      this.#files.write(this.#file!, [entries], this.#size);
    } catch (error) {
      this.release();
      throw error;
    }
    this.#size += entries.length;
    this.#unsynced = true;
    for (let at = 0; at < ranges.length; at += 2) this.acknowledged.add(ranges[at]!, ranges[at + 1]!);
  }

  /** What a sync that failed forgot no later one brings: then all is written anew, to another file. */
  sync(): void {
    if (!this.#unsynced) return;
    if (this.#file === undefined) {
      this.#compact();
      return;
    }
    try {
      this.#files.sync(this.#file);
    } catch (error) {
      this.release();
      throw error;
    }
    this.#unsynced = false;
  }

  /** Closes the file, so that its file system can be unmounted; the next call writes it anew. Never throws. */
  release(): void {
    try {
      this.close();
    } catch {
      // The descriptor is gone all the same.
    }
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) this.#files.close(file);
  }

  /** Writes all ranges to a new file, which then takes the place of the old one. After a failure there is none. */
  #compact(): void {
    const files = this.#files;
    this.release();
    const content = Buffer.concat([HEADER, encode(this.acknowledged.ranges)]);
    if (files.list().includes(TEMPORARY)) files.remove(TEMPORARY);
    const file = files.create(TEMPORARY);
    try {
      files.write(file, [content], 0);
      files.sync(file);
      files.rename(TEMPORARY, NAME);
      files.syncFolder();
    } catch (error) {
      try {
        files.close(file);
      } catch {
        // The first error says more.
      }
      throw error;
    }
    this.#file = file;
    this.#size = content.length;
    this.#compactAt = content.length * 2 + COMPACT_BYTES;
    this.#unsynced = false;
  }
}

function encode(ranges: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe((ranges.length / 2) * ENTRY);
  for (let index = 0, at = 0; index < ranges.length; index += 2, at += ENTRY) {
    bytes.writeBigUInt64LE(BigInt(ranges[index]!), at);
    bytes.writeBigUInt64LE(BigInt(ranges[index + 1]!), at + 8);
    bytes.writeUInt32LE(crc32c(bytes.subarray(at, at + 16)), at + 16);
  }
  return bytes;
}
