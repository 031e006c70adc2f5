/** Reads a segment file from its beginning: every sound record, and what is damaged between and behind them. */
import { randomBytes } from 'node:crypto';
import { crc32c } from './crc32c.ts';
import type { QueueFiles } from './queue-files.ts';
import {
  decodeFacts,
  decodeHeader,
  findMarker,
  RECORD_HEADER,
  type RecordFacts,
  type RecordHeader,
} from './queue-record.ts';

/** Two copies of: "MRSEGM", version as u16, salt as u32, 16 bytes of zeros, CRC-32C of the 28 bytes before. */
export const SEGMENT_HEADER = 64;
const COPY = 32;
const MAGIC = 'MRSEGM';
const VERSION = 1;
const WINDOW = 1024 * 1024;

export const segmentName = (number: number): string => `segment-${String(number).padStart(10, '0')}`;

/** The number in a segment's name; undefined if it is none. */
export function segmentNumber(name: string): number | undefined {
  const match = /^segment-(\d{10,15})$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

export function encodeSegmentHeader(): { bytes: Uint8Array; salt: number } {
  const salt = randomBytes(4).readUInt32LE();
  const copy = Buffer.alloc(COPY);
  copy.write(MAGIC, 0, 'latin1');
  copy.writeUInt16LE(VERSION, 6);
  copy.writeUInt32LE(salt, 8);
  copy.writeUInt32LE(crc32c(copy.subarray(0, 28)), 28);
  return { bytes: Buffer.concat([copy, copy]), salt };
}

/** The salt of a segment; undefined if both copies are damaged. @throws Error for a later version */
export function readSalt(files: QueueFiles, name: string): number | undefined {
  const bytes = Buffer.from(files.read(name, 0, SEGMENT_HEADER));
  for (const at of [0, COPY]) {
    const copy = bytes.subarray(at, at + COPY);
    if (copy.length < COPY || copy.toString('latin1', 0, MAGIC.length) !== MAGIC) continue;
    if (copy.readUInt32LE(28) !== crc32c(copy.subarray(0, 28))) continue;
    const version = copy.readUInt16LE(6);
    if (version !== VERSION)
      throw new Error(
        `${name} has format version ${version}, and this program knows version ${VERSION}: it was written by a later one`,
      );
    return copy.readUInt32LE(8);
  }
  return undefined;
}

export type ScanItem =
  | {
      readonly kind: 'record';
      readonly at: number;
      readonly size: number;
      readonly facts: RecordFacts;
      readonly zstd: boolean;
    }
  /** `tail`: nothing sound follows. */
  | { readonly kind: 'damaged'; readonly at: number; readonly size: number; readonly tail: boolean };

export function* scanSegment(files: QueueFiles, name: string): Generator<ScanItem> {
  const size = files.size(name);
  const salt = readSalt(files, name);
  if (salt === undefined) {
    // Headers are synced before anything else is written.
    yield { kind: 'damaged', at: 0, size, tail: size <= SEGMENT_HEADER };
    return;
  }
  const window = new Window(files, name);
  let at = SEGMENT_HEADER;
  /** Where damage began; -1: there is none. */
  let bad = -1;
  while (at < size) {
    const header = decodeHeader(window.bytes(at, RECORD_HEADER), 0, salt);
    const found = header && factsAt(window, at, header, size);
    if (header && found) {
      if (bad >= 0) yield { kind: 'damaged', at: bad, size: at - bad, tail: false };
      bad = -1;
      const length = RECORD_HEADER + header.bodyLength;
      yield { kind: 'record', at, size: length, facts: found, zstd: header.zstd };
      at += length;
      continue;
    }
    if (bad < 0) bad = at;
    // A sound header of a damaged body still says where the next one is.
    const next = header ? at + RECORD_HEADER + header.bodyLength : size + 1;
    at =
      next < size && decodeHeader(window.bytes(next, RECORD_HEADER), 0, salt)
        ? next
        : nextHeader(window, at + 1, size, salt);
  }
  if (bad >= 0) yield { kind: 'damaged', at: bad, size: size - bad, tail: true };
}

function factsAt(window: Window, at: number, header: RecordHeader, size: number): RecordFacts | undefined {
  if (at + RECORD_HEADER + header.bodyLength > size) return undefined;
  return decodeFacts(header, window.bytes(at + RECORD_HEADER, header.bodyLength))?.facts;
}

/** Where the next sound header stands at or after `from`, or the end. */
function nextHeader(window: Window, from: number, size: number, salt: number): number {
  for (let at = from; at < size; ) {
    const bytes = window.bytes(at, Math.min(WINDOW, size - at));
    const found = findMarker(bytes, 0);
    if (found < 0) at += Math.max(1, bytes.length - 3);
    else if (decodeHeader(window.bytes(at + found, RECORD_HEADER), 0, salt)) return at + found;
    else at += found + 1;
    if (bytes.length < 4) break;
  }
  return size;
}

/** A piece of a file in memory. */
class Window {
  readonly #files: QueueFiles;
  readonly #name: string;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(files: QueueFiles, name: string) {
    this.#files = files;
    this.#name = name;
  }

  /** Fewer than `length` at the end of the file. */
  bytes(at: number, length: number): Uint8Array {
    const from = at - this.#start;
    if (from < 0 || from + length > this.#bytes.length) {
      this.#bytes = this.#files.read(this.#name, at, Math.max(length, WINDOW));
      this.#start = at;
      return this.#bytes.subarray(0, length);
    }
    return this.#bytes.subarray(from, from + length);
  }
}
