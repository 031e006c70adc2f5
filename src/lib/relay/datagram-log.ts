/**
 * The relay's queue: an endless log of datagrams in a folder of files. It is appended at one end and forgotten at the
 * other; what lies between can be read from anywhere with a `Cursor`. Nothing that a disk does makes it throw.
 */
import { randomInt } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { ConfirmedFile } from './confirmed-file.ts';
import { openSegments } from './open-segments.ts';
import {
  type Datagram,
  MAX_RECORD_BYTES,
  readRecord,
  recordBytes,
  type Sender,
  writeRecord,
} from './record.ts';
import { Segment, SegmentReader } from './segment.ts';

export interface DatagramLogSettings {
  readonly folder: string;
  /** Bytes of all files at most; at least `MIN_LOG_BYTES`. */
  readonly maxBytes: number;
  /** What gives way when it is full: whole files from the front, or what comes. */
  readonly drop: 'oldest' | 'newest';
  /** Files were dropped from the front; `next` is the number of the first datagram that is left. */
  readonly onDropped: (next: number) => void;
  /** Writing or reading failed; undefined when it works again. */
  readonly onProblem: (error: Error | undefined) => void;
}

/** A place in the log, and the number of the datagram that begins there. */
export interface Cursor {
  segment: number;
  offset: number;
  number: number;
}

export const MIN_LOG_BYTES = 1024 * 1024;
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;
/** A file with less is not given up for a fresh one when everything in it is confirmed. */
const KEEP_BYTES = 64 * 1024;
/** Datagrams wait in memory for the end of the turn, or longer while the disk refuses them. */
const WRITE_BYTES = 256 * 1024;
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 1000;

export class DatagramLog {
  readonly #settings: DatagramLogSettings;
  readonly #segmentBytes: number;
  readonly #confirmedFile: ConfirmedFile;
  readonly #segments: Segment[];
  /** Bytes that could not be read when the log was opened, and since. */
  damaged: number;
  /** Where what is not confirmed began when the log was opened. */
  readonly start: Cursor;
  #reader: SegmentReader | undefined;
  #nextSegment: number;
  #nextNumber: number;
  #pending = Buffer.allocUnsafe(WRITE_BYTES + MAX_RECORD_BYTES);
  #pendingBytes = 0;
  #writtenBytes: number;
  /** The last file is one of ours; what was there at the start is never written behind, its end may be torn. */
  #appending = false;
  #problem = false;
  #retryAt = 0;
  #folderDirty = false;

  /** Reads what is there. The folder must be ours. @throws the system's error */
  constructor(settings: DatagramLogSettings) {
    this.#settings = settings;
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.floor(settings.maxBytes / 16));
    this.#confirmedFile = new ConfirmedFile(settings.folder);
    const found = openSegments(settings.folder, this.#confirmedFile.place);
    this.#segments = found.segments;
    this.damaged = found.damaged;
    this.#nextSegment = found.nextSegment;
    this.#nextNumber = found.records;
    this.#writtenBytes = found.segments.reduce((sum, each) => sum + each.size, 0);
    this.start = { ...found.start, number: 0 };
  }

  get bytes(): number {
    return this.#writtenBytes + this.#pendingBytes;
  }

  /** Where the next datagram goes. */
  end(): Cursor {
    const tail = this.#segments.at(-1);
    return tail && this.#appending
      ? { segment: tail.number, offset: tail.size + this.#pendingBytes, number: this.#nextNumber }
      : { segment: this.#nextSegment, offset: 0, number: this.#nextNumber };
  }

  /** How many datagrams lie behind the cursor. */
  behind(cursor: Cursor): number {
    return this.#nextNumber - cursor.number;
  }

  /** Takes a datagram, in memory until `flush`. False when it is not taken, for want of room or for its size. */
  append(sender: Sender, bytes: Buffer): boolean {
    const size = recordBytes(sender, bytes);
    if (size === 0 || !this.#makeRoom(size)) return false;
    const tail = this.#tail();
    writeRecord(this.#pending, this.#pendingBytes, sender, bytes, tail.salt);
    this.#pendingBytes += size;
    tail.records++;
    this.#nextNumber++;
    if (this.#pendingBytes >= WRITE_BYTES) this.flush();
    return true;
  }

  /** Writes to the system what was appended; not yet safe from a power failure. False when the disk refuses. */
  flush(): boolean {
    if (this.#pendingBytes === 0) return true;
    if (this.#problem && performance.now() < this.#retryAt) return false;
    const tail = this.#tail();
    try {
      this.#folderDirty ||= tail.size === 0;
      tail.write(this.#pending.subarray(0, this.#pendingBytes));
    } catch (error) {
      this.#retryAt = performance.now() + RETRY_MS;
      this.#fail(error as Error);
      return false;
    }
    this.#writtenBytes += this.#pendingBytes;
    this.#pendingBytes = 0;
    if (this.#problem) {
      this.#problem = false;
      this.#settings.onProblem(undefined);
    }
    return true;
  }

  /** Makes what was written safe from a power failure. */
  async sync(): Promise<void> {
    this.flush();
    try {
      for (const segment of this.#segments.filter((each) => each.dirty)) {
        if (!segment.dirty) continue;
        await segment.sync();
        if (segment !== this.#segments.at(-1) && segment !== this.#reader?.segment) segment.close();
      }
      if (this.#folderDirty) {
        this.#folderDirty = false;
        const fd = openSync(this.#settings.folder, 'r');
        fsyncSync(fd);
        closeSync(fd);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** The datagram at the cursor, which moves behind it; undefined at the end. */
  read(cursor: Cursor): Datagram | undefined {
    for (;;) {
      const segment = this.#segmentFor(cursor);
      if (!segment) return undefined;
      if (cursor.offset >= segment.size && segment === this.#segments.at(-1) && this.#appending) {
        // What the disk did not take yet.
        const at = cursor.offset - segment.size;
        return at < this.#pendingBytes ? this.#take(cursor, this.#pending, at) : undefined;
      }
      const reader = this.#readerOf(segment);
      const damaged = reader.damaged;
      const offset = this.#find(reader, cursor.offset);
      this.damaged += reader.damaged - damaged;
      if (offset >= 0) {
        cursor.offset = offset;
        const { source, at } = reader.at(offset);
        return this.#take(cursor, source, at);
      }
      if (segment === this.#segments.at(-1) && this.#appending) {
        cursor.offset = segment.size;
        if (this.#pendingBytes === 0) return undefined;
      } else {
        cursor.segment = segment.number + 1;
        cursor.offset = 0;
        cursor.number = segment.first + segment.records;
      }
    }
  }

  /** Nothing before the cursor is needed any more. */
  confirm(cursor: Cursor): void {
    const end = this.end();
    let place = { segment: cursor.segment, offset: cursor.offset };
    if (cursor.number >= end.number && (!this.#appending || end.offset > KEEP_BYTES)) {
      this.#pendingBytes = 0;
      this.#appending = false;
      place = { segment: this.#nextSegment, offset: 0 };
    }
    try {
      while (this.#segments.length > 0 && this.#segments[0]!.number < place.segment) this.#removeFirst();
      this.#confirmedFile.write(place);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  async close(): Promise<void> {
    await this.sync();
    for (const segment of this.#segments) segment.close();
    this.#confirmedFile.close();
  }

  #take(cursor: Cursor, source: Buffer, at: number): Datagram {
    const datagram = readRecord(source, at);
    cursor.offset += recordBytes(datagram.sender, datagram.bytes);
    cursor.number++;
    return datagram;
  }

  /** Moves the cursor to where there is something, if its file is gone or at its end. */
  #segmentFor(cursor: Cursor): Segment | undefined {
    const first = this.#segments[0];
    if (!first) return undefined;
    if (cursor.segment < first.number) {
      cursor.segment = first.number;
      cursor.offset = 0;
      cursor.number = first.first;
    }
    const found = this.#segments.find((each) => each.number >= cursor.segment);
    if (found && found.number > cursor.segment) {
      cursor.segment = found.number;
      cursor.offset = 0;
      cursor.number = found.first;
    }
    return found;
  }

  #readerOf(segment: Segment): SegmentReader {
    if (this.#reader?.segment !== segment) {
      const before = this.#reader?.segment;
      if (before && before !== this.#segments.at(-1) && !before.dirty) before.close();
      this.#reader = new SegmentReader(segment);
    }
    return this.#reader!;
  }

  /** A file that can not be read counts as damaged to its end. */
  #find(reader: SegmentReader, offset: number): number {
    try {
      return reader.find(offset);
    } catch (error) {
      reader.damaged += reader.segment.size - offset;
      this.#fail(error as Error);
      return -1;
    }
  }

  #tail(): Segment {
    if (!this.#appending) {
      const segment = new Segment(this.#settings.folder, this.#nextSegment++, randomInt(2 ** 32));
      segment.first = this.#nextNumber;
      this.#segments.push(segment);
      this.#appending = true;
    }
    return this.#segments.at(-1)!;
  }

  /** Ends the file that is written; the next datagram begins a new one. */
  #roll(): boolean {
    if (!this.flush()) return false;
    this.#appending = false;
    return true;
  }

  #makeRoom(size: number): boolean {
    if (this.#pendingBytes + size > this.#pending.length) {
      if (!this.flush()) {
        if (this.#pendingBytes + size > MAX_PENDING_BYTES) return false;
        const larger = Buffer.allocUnsafe(Math.min(MAX_PENDING_BYTES, 2 * this.#pending.length));
        this.#pending.copy(larger, 0, 0, this.#pendingBytes);
        this.#pending = larger;
        if (this.#pendingBytes + size > larger.length) return false;
      }
    }
    if (this.#appending && this.#segments.at(-1)!.size + this.#pendingBytes >= this.#segmentBytes)
      this.#roll();
    while (this.bytes + size > this.#settings.maxBytes) {
      if (this.#settings.drop === 'newest') return false;
      if (this.#segments.length === 1 && !this.#roll()) return false;
      try {
        this.#removeFirst();
      } catch (error) {
        this.#fail(error as Error);
        return false;
      }
      this.#settings.onDropped(this.#segments[0]?.first ?? this.#nextNumber);
    }
    return true;
  }

  #removeFirst(): void {
    const segment = this.#segments[0]!;
    if (segment === this.#reader?.segment) this.#reader = undefined;
    segment.remove();
    this.#segments.shift();
    this.#writtenBytes -= segment.size;
  }

  #fail(error: Error): void {
    this.#problem = true;
    this.#settings.onProblem(error);
  }
}
