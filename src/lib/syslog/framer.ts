/**
 * Frames of syslog over TCP (RFC 6587): octet counting (`53 <13>…`) or lines. The first bytes of a connection decide;
 * a sender that stops counting is read in lines from there on.
 */
import type { Peer } from '../../kernel/plugin.ts';
import { LineFramer, type LineTarget } from '../net/line-framer.ts';

const NEWLINE = Buffer.from('\n');
/** A count has no more digits than this. */
const MAX_DIGITS = 8;

type Mode = 'undecided' | 'lines' | 'counted';

export class SyslogFramer {
  readonly #limit: number;
  readonly #lines: LineFramer;
  #mode: Mode = 'undecided';
  /** Start of a header that is not complete. */
  #header = '';
  /** Bytes of the current message that have not come. */
  #missing = 0;
  /** What has come of it; grows with it, never ahead. */
  #message: Buffer = Buffer.alloc(0);
  #length = 0;

  /** @param limit bytes of the longest record; a longer message goes out in pieces */
  constructor(limit: number) {
    this.#limit = limit;
    this.#lines = new LineFramer(NEWLINE, limit);
  }

  push(chunk: Buffer, target: LineTarget, peer: Peer): boolean {
    if (this.#mode === 'lines') return this.#lines.push(chunk, target, peer);
    let room = target.hasRoom;
    for (let at = 0; at < chunk.length; ) {
      if (this.#missing > 0) {
        const end = Math.min(chunk.length, at + this.#missing);
        room = this.#body(chunk.subarray(at, end), target, peer);
        at = end;
        continue;
      }
      const byte = chunk[at]!;
      const isDigit = byte >= 48 && byte <= 57;
      if (isDigit && this.#header.length < MAX_DIGITS && (byte !== 48 || this.#header !== '')) {
        this.#header += String.fromCharCode(byte);
        at++;
      } else if (byte === 32 && /^\d+$/.test(this.#header)) {
        this.#header += ' ';
        at++;
      } else if (this.#header.endsWith(' ') && (byte === 60 || this.#mode === 'counted')) {
        this.#missing = Number(this.#header);
        this.#header = '';
        this.#mode = 'counted';
      } else if (this.#mode === 'counted' && this.#header === '' && (byte === 10 || byte === 13)) {
        at++; // Some senders end their messages with a line end, too.
      } else {
        this.#mode = 'lines';
        if (this.#header !== '') this.#lines.push(Buffer.from(this.#header), target, peer);
        this.#header = '';
        return this.#lines.push(chunk.subarray(at), target, peer);
      }
    }
    return room;
  }

  /** Bytes that wait for the rest of their message. */
  get held(): number {
    return this.#length + this.#lines.held;
  }

  /** Hands them on as a piece of it. */
  cut(target: LineTarget, peer: Peer): boolean {
    if (this.#length === 0) return this.#lines.cut(target, peer);
    const room = target.record(peer, this.#message.subarray(0, this.#length), true);
    this.#length = 0;
    this.#message = Buffer.alloc(0);
    return room;
  }

  /** The sender is gone: what it left unfinished is a record, too. */
  end(target: LineTarget, peer: Peer): boolean {
    if (this.#length > 0) target.record(peer, this.#message.subarray(0, this.#length));
    if (this.#header !== '') target.record(peer, Buffer.from(this.#header));
    this.#length = 0;
    this.#header = '';
    this.#missing = 0;
    return this.#lines.end(target, peer);
  }

  /** Takes bytes that belong to the current message, at most as many as are missing. */
  #body(bytes: Buffer, target: LineTarget, peer: Peer): boolean {
    this.#missing -= bytes.length;
    if (this.#length === 0 && this.#missing === 0 && bytes.length <= this.#limit)
      return target.record(peer, bytes);
    let room = target.hasRoom;
    for (let rest = bytes; rest.length > 0; ) {
      const taken = rest.subarray(0, this.#limit - this.#length);
      this.#append(taken);
      rest = rest.subarray(taken.length);
      if (this.#length < this.#limit && this.#missing + rest.length > 0) continue;
      room = target.record(peer, this.#message.subarray(0, this.#length));
      this.#length = 0;
      if (this.#message.length > 4096) this.#message = Buffer.alloc(0);
    }
    return room;
  }

  #append(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (this.#message.length < needed) {
      const larger = Buffer.allocUnsafeSlow(this.#length === 0 ? needed : needed * 2);
      this.#message.copy(larger, 0, 0, this.#length);
      this.#message = larger;
    }
    bytes.copy(this.#message, this.#length);
    this.#length = needed;
  }
}
