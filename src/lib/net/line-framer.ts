/**
 * Cuts a stream of bytes into lines for the queue, at full speed and for many connections: chunks are handed on as
 * they came and only the line that two chunks share is copied; what is kept of an unfinished line is one buffer,
 * however small the pieces a sender trickles. A line longer than the limit goes out in pieces, as single records.
 */
import type { BlockWriter, Peer } from '../../kernel/plugin.ts';

export type LineTarget = Pick<BlockWriter, 'lines' | 'record' | 'hasRoom'>;

/** A buffer up to this size is kept between lines. */
const KEEP_BYTES = 4096;

export class LineFramer {
  readonly #delimiter: Buffer;
  /** What to search: a byte is found faster than a text. */
  readonly #needle: number | Buffer;
  readonly #limit: number;
  /** The first `#length` bytes are the line not yet ended. */
  #tail: Buffer | undefined;
  #length = 0;

  /** @param limit bytes of the longest line; a longer one goes out in pieces of that size, as single records */
  constructor(delimiter: Buffer, limit: number) {
    this.#delimiter = delimiter;
    this.#needle = delimiter.length === 1 ? delimiter[0]! : delimiter;
    this.#limit = limit;
  }

  /** Bytes that wait for the end of their line. */
  get held(): number {
    return this.#length;
  }

  /** Takes a chunk and keeps no reference to it. False: wait for `ready` (nothing was lost). */
  push(chunk: Buffer, target: LineTarget, peer: Peer): boolean {
    const needle = this.#needle;
    const width = this.#delimiter.length;
    let room = true;
    let start = 0;
    if (this.#length > 0) {
      start = this.#endOfShared(chunk);
      if (start < 0) return this.#keep(chunk, target, peer);
      this.#keep(chunk.subarray(0, start), target, peer);
      room = target.lines(peer, this.#tail!.subarray(0, this.#length), 1);
      this.clear();
    }
    if (chunk.length > this.#limit) return this.#carefully(chunk, start, target, peer);
    let count = 0;
    let end = start;
    for (let at = chunk.indexOf(needle, start); at >= 0; at = chunk.indexOf(needle, end)) {
      end = at + width;
      count++;
    }
    if (count > 0) room = target.lines(peer, chunk.subarray(start, end), count);
    if (end < chunk.length) this.#append(chunk.subarray(end));
    return room;
  }

  /** The stream has ended: what waits is the last record. */
  end(target: LineTarget, peer: Peer): boolean {
    if (this.#length === 0) return target.hasRoom;
    const rest = this.#tail!.subarray(0, this.#length);
    this.#tail = undefined;
    this.#length = 0;
    return target.record(peer, rest);
  }

  /** Hands on what waits for the end of its line, as a piece of it. */
  cut(target: LineTarget, peer: Peer): boolean {
    if (this.#length === 0) return target.hasRoom;
    const room = target.record(peer, this.#tail!.subarray(0, this.#length), true);
    this.clear();
    return room;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#length = 0;
    if (this.#tail !== undefined && this.#tail.length > KEEP_BYTES) this.#tail = undefined;
  }

  /** Behind which byte of the chunk the line ends whose first part waits; -1: not in this chunk. */
  #endOfShared(chunk: Buffer): number {
    const width = this.#delimiter.length;
    if (width > 1) {
      const before = Math.min(width - 1, this.#length);
      const seam = Buffer.concat([
        this.#tail!.subarray(this.#length - before, this.#length),
        chunk.subarray(0, width - 1),
      ]);
      const at = seam.indexOf(this.#needle);
      if (at >= 0) return at + width - before;
    }
    const at = chunk.indexOf(this.#needle);
    return at < 0 ? -1 : at + width;
  }

  /** Keeps more of a line; gives away what is over the limit. */
  #keep(bytes: Buffer, target: LineTarget, peer: Peer): boolean {
    const limit = this.#limit;
    let room = true;
    let rest = bytes;
    while (this.#length + rest.length > limit + this.#delimiter.length) {
      if (this.#length > limit) {
        // Waiting for the rest of a delimiter that did not come.
        const over = Buffer.from(this.#tail!.subarray(limit, this.#length));
        room = target.record(peer, this.#tail!.subarray(0, limit), true);
        this.clear();
        this.#append(over);
        continue;
      }
      const taken = limit - this.#length;
      this.#append(rest.subarray(0, taken));
      rest = rest.subarray(taken);
      room = target.record(peer, this.#tail!.subarray(0, this.#length), true);
      this.clear();
    }
    this.#append(rest);
    return room;
  }

  #append(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (this.#tail === undefined || this.#tail.length < needed) {
      const larger = Buffer.allocUnsafeSlow(Math.max(256, this.#length === 0 ? needed : needed * 2));
      if (this.#length > 0) this.#tail!.copy(larger, 0, 0, this.#length);
      this.#tail = larger;
    }
    bytes.copy(this.#tail, this.#length);
    this.#length = needed;
  }

  /** A chunk that may hold a line over the limit by itself. */
  #carefully(chunk: Buffer, from: number, target: LineTarget, peer: Peer): boolean {
    const limit = this.#limit;
    let room = true;
    let start = from;
    for (let at = chunk.indexOf(this.#needle, start); at >= 0; at = chunk.indexOf(this.#needle, start)) {
      const end = at + this.#delimiter.length;
      if (at - start <= limit) room = target.lines(peer, chunk.subarray(start, end), 1);
      else {
        for (let piece = start; piece < at; piece += limit)
          room = target.record(peer, chunk.subarray(piece, Math.min(at, piece + limit)), true);
      }
      start = end;
    }
    return start < chunk.length ? this.#keep(chunk.subarray(start), target, peer) : room;
  }
}
