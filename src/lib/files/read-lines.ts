/** Reads whole lines of a file, a chunk at a time; what has no end yet is read again when more has come. */
import { read } from 'node:fs';
import type { Peer } from '../../kernel/plugin.ts';
import type { LineTarget } from '../net/line-framer.ts';

/** Two blocks of the queue. */
const CHUNK_BYTES = 128 * 1024;

/** What became of one chunk. */
export interface ChunkRead {
  /** Where to go on: behind the last whole line. */
  readonly position: number;
  /** The file had no more than this. */
  readonly atEnd: boolean;
  /** Bytes behind `position` that are known: the beginning of a line. */
  readonly rest: Buffer;
}

/** One for many files, which take turns: a read must have ended before the next begins. */
export class LineReader {
  readonly #delimiter: Buffer;
  readonly #limit: number;
  readonly #usual: number;
  #buffer: Buffer;

  /** @param limit bytes of the longest record; lines that are longer are cut there */
  constructor(delimiter: Buffer, limit: number) {
    this.#delimiter = delimiter;
    this.#limit = limit;
    this.#usual = Math.min(CHUNK_BYTES, limit);
    this.#buffer = Buffer.allocUnsafeSlow(this.#usual);
  }

  /** Gives what one chunk holds to the target, whose room is the caller's business. */
  async chunk(fd: number, position: number, target: LineTarget, peer: Peer): Promise<ChunkRead> {
    const length = await readAt(fd, this.#buffer, position);
    const buffer = this.#buffer;
    const delimiter = this.#delimiter;
    let end = 0;
    if (delimiter.length === 1) end = length === 0 ? 0 : buffer.lastIndexOf(delimiter[0]!, length - 1) + 1;
    else {
      for (let at = buffer.indexOf(delimiter); at >= 0; at = buffer.indexOf(delimiter, end)) {
        if (at + delimiter.length > length) break;
        end = at + delimiter.length;
      }
    }
    if (end > 0) {
      target.lines(peer, buffer.subarray(0, end), countDelimiters(buffer, end, delimiter));
      if (this.#buffer.length > this.#usual) this.#buffer = Buffer.allocUnsafeSlow(this.#usual);
      return { position: position + end, atEnd: length < buffer.length, rest: buffer.subarray(end, length) };
    }
    if (length < buffer.length) return { position, atEnd: true, rest: buffer.subarray(0, length) };
    if (buffer.length < this.#limit) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.min(buffer.length * 2, this.#limit));
      return { position, atEnd: false, rest: buffer };
    }
    target.record(peer, buffer, true);
    return { position: position + length, atEnd: false, rest: buffer.subarray(length) };
  }
}

function readAt(fd: number, buffer: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, buffer.length, position, (error, length) =>
      error ? reject(error) : resolve(length),
    );
  });
}
/** How often the delimiter is in the first `end` bytes, not overlapping. */
function countDelimiters(bytes: Buffer, end: number, delimiter: Buffer): number {
  let count = 0;
  if (delimiter.length === 1) {
    const byte = delimiter[0]!;
    for (let at = bytes.indexOf(byte); at >= 0 && at < end; at = bytes.indexOf(byte, at + 1)) count++;
    return count;
  }
  for (
    let at = bytes.indexOf(delimiter);
    at >= 0 && at < end;
    at = bytes.indexOf(delimiter, at + delimiter.length)
  )
    count++;
  return count;
}
