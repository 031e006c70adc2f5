/**
 * Lumberjack, the protocol of Beats: framing of versions 1 and 2, without sockets and without inflating.
 *
 *   frame      = version type body            version = "1" | "2", integers are big-endian uint32
 *   W window   = count                        how many events follow before the sender waits
 *   D data     = sequence pairs { length key length value }
 *   J json     = sequence length payload
 *   C compress = length zlib-stream           whole frames, never another C
 *   A ack      = sequence                     receiver to sender; 0 = still alive, below the window's end = progress
 */
import { ownField } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';

export const V1 = 0x31;
export const V2 = 0x32;
export const FrameType = { window: 0x57, data: 0x44, json: 0x4a, compressed: 0x43, ack: 0x41 } as const;
/** Bytes before the payload of a J or the pairs of a D frame. */
export const EVENT_HEADER = 10;

/** What a receiver takes at most; anything beyond is a LumberjackError. */
export interface FrameLimits {
  /** Events announced by one W. */
  readonly windowSize: number;
  /** Bytes of one frame of any kind. */
  readonly frameBytes: number;
  /** Pairs of one D frame. */
  readonly pairs: number;
  /** Bytes of one key of a D frame. */
  readonly keyBytes: number;
}

export const frameLimits: FrameLimits = {
  windowSize: 1_000_000,
  frameBytes: 100 * 1024 * 1024,
  pairs: 100_000,
  keyBytes: 64 * 1024,
};
/** What the frames of one C may come to when inflated. */
export const MAX_INFLATED_BYTES = 100 * 1024 * 1024;

/** The other side broke the protocol; the message says how. The connection can not go on. */
export class LumberjackError extends Error {
  override name = 'LumberjackError';
}

export interface FrameSink {
  window(version: number, count: number): void;
  /**
   * `count` whole J and D frames, back to back from the start of `bytes`; frame i ends at `ends[i]`. The bytes may
   * be kept, `ends` is used again after the call.
   */
  frames(bytes: Buffer, ends: Int32Array, count: number): void;
  /** The zlib stream of a C frame, still deflated. May be kept. */
  compressed(version: number, deflated: Buffer): void;
}

const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** Sequence number of the J or D frame that starts at `at`. */
export const sequenceOf = (bytes: Uint8Array, at: number): number => uint32(bytes, at + 2);

/** A frame (or the start of one) smaller than this gets all its memory at once. */
const EAGER_BYTES = 256 * 1024;

/**
 * Cuts a byte stream into frames, however it was split on its way. Frames that lie whole in a chunk are not copied.
 * One per connection; a second kind, `inside`, walks what a C frame held.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #limits: FrameLimits;
  readonly #inside: boolean;
  /** The start of a frame whose end has not come yet; `#have` bytes of it, `#need` to get further. */
  #partial: Buffer = Buffer.alloc(0);
  #have = 0;
  #need = 0;
  /** How far a D frame has been walked, and the pairs still to walk (-1: its header has not been read). */
  #walked = 0;
  #pairsLeft = -1;
  #ends = new Int32Array(256);

  constructor(sink: FrameSink, limits: FrameLimits = frameLimits, inside = false) {
    this.#sink = sink;
    this.#limits = limits;
    this.#inside = inside;
  }

  /** Bytes held back for a frame that is not complete. */
  get buffered(): number {
    return this.#have;
  }

  /** @throws LumberjackError; what came before the fault may have been handed on or not */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.#have > 0) {
      at += this.#collect(chunk, at);
      if (this.#have < this.#need) return;
      this.#need = this.#measure(this.#partial, 0, this.#have);
      if (this.#need === this.#have) this.#dispatchPartial();
    }
    at = this.#walk(chunk, at);
    if (at < chunk.length) {
      this.#need = this.#measure(chunk, at, chunk.length - at);
      this.#collect(chunk, at);
    }
  }

  #collect(chunk: Buffer, at: number): number {
    const count = Math.min(this.#need - this.#have, chunk.length - at);
    const total = this.#have + count;
    const capacity = this.#partial.length;
    if (total > capacity) {
      // What a sender claims is believed up to a point; beyond it memory doubles with what came.
      const size = Math.max(total, Math.min(this.#need, EAGER_BYTES), capacity * 2);
      const larger = Buffer.allocUnsafeSlow(size);
      this.#partial.copy(larger, 0, 0, this.#have);
      this.#partial = larger;
    }
    chunk.copy(this.#partial, this.#have, at, at + count);
    this.#have = total;
    return count;
  }

  #dispatchPartial(): void {
    const frame = this.#partial.subarray(0, this.#have);
    this.#partial = Buffer.alloc(0);
    this.#have = 0;
    if (this.#walk(frame, 0) !== frame.length) throw new Error('a measured frame is not whole');
  }

  /** Hands on all whole frames from `at`; returns where the first that is not whole begins. */
  #walk(bytes: Buffer, at: number): number {
    const end = bytes.length;
    while (at < end) {
      const events = this.#walkEvents(bytes, at);
      if (events > at) {
        at = events;
        continue;
      }
      const length = this.#measure(bytes, at, end - at);
      this.#pairsLeft = -1;
      if (length > end - at) return at;
      const version = bytes[at]!;
      if (bytes[at + 1] === FrameType.window) this.#sink.window(version, uint32(bytes, at + 2));
      else this.#sink.compressed(version, bytes.subarray(at + 6, at + length));
      at += length;
    }
    return at;
  }

  /** The same for a run of J and D frames, which are handed on together. */
  #walkEvents(bytes: Buffer, start: number): number {
    const end = bytes.length;
    const maxPayload = this.#limits.frameBytes - EVENT_HEADER;
    let at = start;
    let count = 0;
    while (end - at >= EVENT_HEADER) {
      const version = bytes[at]!;
      const type = bytes[at + 1];
      let next: number;
      if (type === FrameType.json && (version === V2 || version === V1)) {
        const length = uint32(bytes, at + 6);
        if (length === 0 || length > maxPayload) break;
        next = at + EVENT_HEADER + length;
      } else if (type === FrameType.data) {
        next = at + this.#measure(bytes, at, end - at);
      } else break;
      if (next > end) break;
      if (count === this.#ends.length) this.#growEnds();
      this.#ends[count++] = next - start;
      at = next;
    }
    this.#pairsLeft = -1;
    if (count > 0)
      this.#sink.frames(start === 0 && at === end ? bytes : bytes.subarray(start, at), this.#ends, count);
    return at;
  }

  #growEnds(): void {
    const larger = new Int32Array(this.#ends.length * 4);
    larger.set(this.#ends);
    this.#ends = larger;
  }

  /**
   * Length of the frame at `at`, if `available` bytes are enough to know it; otherwise how many bytes must be there
   * to know more (always more than `available`). Goes on where it stopped in a D frame.
   */
  #measure(bytes: Buffer, at: number, available: number): number {
    const version = bytes[at]!;
    if (version !== V1 && version !== V2) throw new LumberjackError(describeStranger(version));
    if (available < 2) return 2;
    const type = bytes[at + 1]!;
    switch (type) {
      case FrameType.window:
        if (available < 6) return 6;
        if (uint32(bytes, at + 2) > this.#limits.windowSize)
          throw new LumberjackError(
            `a window of ${uint32(bytes, at + 2)} events (at most ${this.#limits.windowSize} are taken)`,
          );
        return 6;
      case FrameType.json:
        if (available < EVENT_HEADER) return EVENT_HEADER;
        if (uint32(bytes, at + 6) === 0) throw new LumberjackError('a JSON frame without payload');
        return this.#checkLength(EVENT_HEADER + uint32(bytes, at + 6));
      case FrameType.compressed:
        if (this.#inside) throw new LumberjackError('a compressed frame inside a compressed frame');
        if (available < 6) return 6;
        if (uint32(bytes, at + 2) === 0) throw new LumberjackError('a compressed frame without payload');
        return this.#checkLength(6 + uint32(bytes, at + 2));
      case FrameType.data:
        return this.#measureData(bytes, at, available);
      case FrameType.ack:
        throw new LumberjackError('an acknowledgement, which only receivers send');
    }
    throw new LumberjackError(`unknown frame type 0x${type.toString(16).padStart(2, '0')}`);
  }

  #measureData(bytes: Buffer, at: number, available: number): number {
    if (available < EVENT_HEADER) return EVENT_HEADER;
    if (this.#pairsLeft < 0) {
      const pairs = uint32(bytes, at + 6);
      if (pairs === 0) throw new LumberjackError('a data frame without pairs');
      if (pairs > this.#limits.pairs)
        throw new LumberjackError(`a data frame of ${pairs} pairs (at most ${this.#limits.pairs} are taken)`);
      this.#pairsLeft = pairs;
      this.#walked = EVENT_HEADER;
    }
    while (this.#pairsLeft > 0) {
      const valueAt = this.#walked + 4;
      if (available < valueAt) return valueAt;
      const keyLength = uint32(bytes, at + this.#walked);
      if (keyLength > this.#limits.keyBytes)
        throw new LumberjackError(`a key of ${keyLength} bytes (at most ${this.#limits.keyBytes} are taken)`);
      if (available < valueAt + keyLength + 4) return this.#checkLength(valueAt + keyLength + 4);
      const next = valueAt + keyLength + 4 + uint32(bytes, at + valueAt + keyLength);
      this.#checkLength(next);
      // The lengths of a pair are read once its end is here, so that the state is always at the start of a pair.
      if (available < next) return next;
      this.#walked = next;
      this.#pairsLeft--;
    }
    const length = this.#walked;
    this.#pairsLeft = -1;
    return length;
  }

  #checkLength(length: number): number {
    if (length > this.#limits.frameBytes)
      throw new LumberjackError(`a frame of ${length} bytes (at most ${this.#limits.frameBytes} are taken)`);
    return length;
  }
}

/** What a first byte that is no version says about the sender. */
function describeStranger(byte: number): string {
  if (byte === 0x16) return 'a TLS handshake came, but TLS is not enabled here (ssl_enabled)';
  if (byte >= 0x41 && byte <= 0x5a)
    return 'no Lumberjack frame; the sender seems to speak HTTP or plain text';
  if (byte === 0x7b) return 'no Lumberjack frame; the sender seems to send plain JSON';
  return `no Lumberjack frame (version byte 0x${byte.toString(16).padStart(2, '0')})`;
}

/**
 * The pairs of the D frame in `bytes[start, end)`, all text. Invalid UTF-8 is replaced; what does not fit between
 * start and end is left out.
 */
export function decodePairs(bytes: Buffer, start: number, end: number): Fields {
  const fields: Fields = {};
  const pairs = uint32(bytes, start + 6);
  let at = start + EVENT_HEADER;
  for (let pair = 0; pair < pairs && at + 4 <= end; pair++) {
    const keyEnd = at + 4 + uint32(bytes, at);
    if (keyEnd + 4 > end) break;
    const valueEnd = keyEnd + 4 + uint32(bytes, keyEnd);
    if (valueEnd > end) break;
    const key = bytes.utf8Slice(at + 4, keyEnd);
    const value = bytes.utf8Slice(keyEnd + 4, valueEnd);
    if (key === '__proto__') Object.defineProperty(fields, key, ownField(value));
    else fields[key] = value;
    at = valueEnd;
  }
  return fields;
}

function frame6(version: number, type: number, number: number): Buffer {
  const bytes = Buffer.allocUnsafe(6);
  bytes[0] = version;
  bytes[1] = type;
  bytes.writeUInt32BE(number, 2);
  return bytes;
}

export const encodeWindow = (version: number, count: number): Buffer =>
  frame6(version, FrameType.window, count);
export const encodeAck = (version: number, sequence: number): Buffer =>
  frame6(version, FrameType.ack, sequence);

/** A C frame around an already deflated stream. */
export function encodeCompressed(version: number, deflated: Uint8Array): Buffer {
  return Buffer.concat([frame6(version, FrameType.compressed, deflated.length), deflated]);
}

/** J frames of version 2 for JSON texts, numbered from `first`. */
export function encodeJson(texts: readonly string[], first = 1): Buffer {
  let size = 0;
  // UTF-8 takes at most three bytes for a UTF-16 unit; what is not used is cut off below.
  for (const text of texts) size += EVENT_HEADER + text.length * 3;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const [index, text] of texts.entries()) {
    const length = bytes.write(text, at + EVENT_HEADER);
    bytes[at] = V2;
    bytes[at + 1] = FrameType.json;
    bytes.writeUInt32BE(first + index, at + 2);
    bytes.writeUInt32BE(length, at + 6);
    at += EVENT_HEADER + length;
  }
  return bytes.subarray(0, at);
}

/** A D frame of version 1. */
export function encodeData(
  sequence: number,
  pairs: readonly (readonly [string, string | Uint8Array])[],
): Buffer {
  const header = Buffer.allocUnsafe(EVENT_HEADER);
  header[0] = V1;
  header[1] = FrameType.data;
  header.writeUInt32BE(sequence, 2);
  header.writeUInt32BE(pairs.length, 6);
  const parts: Uint8Array[] = [header];
  for (const pair of pairs) {
    for (const text of pair) {
      const bytes = typeof text === 'string' ? Buffer.from(text) : text;
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32BE(bytes.length);
      parts.push(length, bytes);
    }
  }
  return Buffer.concat(parts);
}

/** The sender's side: reads acknowledgements from a byte stream. */
export class AckReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws LumberjackError if something else comes */
  push(chunk: Buffer, acknowledged: (sequence: number, version: number) => void): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    for (; bytes.length - at >= 6; at += 6) {
      const version = bytes[at]!;
      if ((version !== V1 && version !== V2) || bytes[at + 1] !== FrameType.ack)
        throw new LumberjackError('the receiver answered with something that is no acknowledgement');
      acknowledged(uint32(bytes, at + 2), version);
    }
    this.#rest = bytes.subarray(at);
  }
}
