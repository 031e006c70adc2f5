/**
 * Cuts a stream of bytes at a delimiter, a stretch at a time: whole lines go out in one piece with their count, the
 * rest of the last line waits. A line longer than the limit goes out in pieces of that size, as single records.
 */
import type { BlockWriter, Peer } from '../kernel/plugin.ts';

export type LineTarget = Pick<BlockWriter, 'lines' | 'record' | 'hasRoom'>;

const nothing = Buffer.alloc(0);

export class LineFramer {
  readonly #delimiter: Buffer;
  readonly #limit: number;
  /** Chunks of the line not yet ended, and their bytes. */
  #rest: Buffer[] = [];
  #restLength = 0;

  /** @param limit bytes of the longest line (its delimiter not counted) */
  constructor(delimiter: Buffer, limit: number) {
    this.#delimiter = delimiter;
    this.#limit = limit;
  }

  /** Bytes that wait for the end of their line. */
  get held(): number {
    return this.#restLength;
  }

  /**
   * Takes a chunk and keeps no reference to it. Answers as `BlockWriter.lines`: false means wait for `ready`
   * (nothing was lost).
   */
  push(chunk: Buffer, target: LineTarget, peer: Peer): boolean {
    const delimiter = this.#delimiter;
    const width = delimiter.length;
    const bytes = this.#joined(chunk);
    if (bytes === undefined) return this.#keep(chunk, target, peer);
    const last = width === 1 ? bytes.lastIndexOf(delimiter[0]!) : lastWhole(bytes, delimiter);
    if (last < 0) return this.#keep(bytes, target, peer);
    const end = last + width;
    let room = this.#give(bytes, end, target, peer);
    if (end < bytes.length) room = this.#keep(bytes.subarray(end), target, peer);
    return room;
  }

  /** The stream has ended: what waits is the last record. */
  end(target: LineTarget, peer: Peer): boolean {
    if (this.#restLength === 0) return target.hasRoom;
    const rest = Buffer.concat(this.#rest);
    this.clear();
    return target.record(peer, rest);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#rest = [];
    this.#restLength = 0;
  }

  /** The chunk behind what waits; undefined if the delimiter can not be in there, so that joining can wait. */
  #joined(chunk: Buffer): Buffer | undefined {
    if (this.#restLength === 0) return chunk;
    if (this.#delimiter.length === 1) {
      if (chunk.indexOf(this.#delimiter[0]!) < 0) return undefined;
    } else if (chunk.indexOf(this.#delimiter) < 0 && !this.#spans(chunk)) return undefined;
    const joined = Buffer.concat([...this.#rest, chunk]);
    this.clear();
    return joined;
  }

  /** Does a delimiter of several bytes begin in what waits and end in the chunk? */
  #spans(chunk: Buffer): boolean {
    const width = this.#delimiter.length;
    let tail = nothing;
    for (let index = this.#rest.length - 1; index >= 0 && tail.length < width - 1; index--)
      tail = Buffer.concat([this.#rest[index]!.subarray(-(width - 1)), tail]);
    return Buffer.concat([tail.subarray(-(width - 1)), chunk.subarray(0, width - 1)]).includes(
      this.#delimiter,
    );
  }

  /** Gives the whole lines in the first `end` bytes. */
  #give(bytes: Buffer, end: number, target: LineTarget, peer: Peer): boolean {
    const count = countDelimiters(bytes, end, this.#delimiter);
    // Only a stretch longer than the limit can hold a line that is.
    if (end - this.#delimiter.length <= this.#limit) return target.lines(peer, bytes.subarray(0, end), count);
    let room = true;
    let start = 0;
    let lines = 0;
    for (let at = 0; at < end; ) {
      const to = bytes.indexOf(this.#delimiter, at);
      if (to - at <= this.#limit) {
        lines++;
      } else {
        if (lines > 0) target.lines(peer, bytes.subarray(start, at), lines);
        for (let from = at; from < to; from += this.#limit)
          room = target.record(peer, bytes.subarray(from, Math.min(to, from + this.#limit)));
        start = to + this.#delimiter.length;
        lines = 0;
      }
      at = to + this.#delimiter.length;
    }
    if (lines > 0) room = target.lines(peer, bytes.subarray(start, end), lines);
    return room;
  }

  /** Keeps the beginning of a line; gives away what is over the limit. */
  #keep(bytes: Buffer, target: LineTarget, peer: Peer): boolean {
    this.#rest.push(Buffer.from(bytes));
    this.#restLength += bytes.length;
    if (this.#restLength <= this.#limit + this.#delimiter.length) return target.hasRoom;
    const all = Buffer.concat(this.#rest);
    this.clear();
    let room = true;
    let at = 0;
    for (; all.length - at > this.#limit + this.#delimiter.length; at += this.#limit)
      room = target.record(peer, all.subarray(at, at + this.#limit));
    this.#rest = [Buffer.from(all.subarray(at))];
    this.#restLength = all.length - at;
    return room;
  }
}

/** Where the last delimiter begins, counted from the front (`||` is in `|||` once, at 0); -1: nowhere. */
function lastWhole(bytes: Buffer, delimiter: Buffer): number {
  let last = -1;
  for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, at + delimiter.length))
    last = at;
  return last;
}

/** How often the delimiter is in the first `end` bytes, not overlapping. */
export function countDelimiters(bytes: Buffer, end: number, delimiter: Buffer): number {
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
