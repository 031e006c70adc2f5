/**
 * Finds JSON objects that reading and writing would not alter by a byte: no white space, numbers and escapes as
 * `JSON.stringify` writes them, no name twice in an object, none that would change its place. Nothing is made of them.
 * Whatever else there is, valid or not, is for a parser.
 */

/** 0: part of a string as it stands, 1: must be looked at. */
const special = new Uint8Array(256);
special.fill(1, 0, 0x20);
special[0x22] = 1;
special[0x5c] = 1;

/** Of those that `JSON.stringify` writes: `" \ b f n r t`. */
const escapes = new Uint8Array(256);
for (const byte of Buffer.from('"\\bfnrt')) escapes[byte] = 1;

const MAX_DEPTH = 64;
/** Names are compared with one another: no object has more. */
const MAX_NAMES = 64;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const hashOf = (name: string): number => {
  let hash = 0;
  for (const byte of Buffer.from(name)) hash = (Math.imul(hash, 31) + byte) | 0;
  return hash;
};
const PROTO = hashOf('__proto__');

/** Looks at one object after the other. `names`: members at the top whose places are wanted. */
export class PlainObjectScan {
  /** Of each of the names: where its value begins; -1: it has none. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  private readonly names: readonly Buffer[];
  private readonly wanted: Int32Array;
  private bytes: Buffer = Buffer.alloc(0);
  private readonly hashes = new Int32Array(MAX_DEPTH * MAX_NAMES);
  private count = 0;

  constructor(names: readonly string[]) {
    this.names = names.map((name) => Buffer.from(name));
    this.wanted = Int32Array.from(names, hashOf);
    this.starts = new Int32Array(names.length);
    this.ends = new Int32Array(names.length);
  }

  /**
   * Where the object that begins at an offset ends; -1: it is none of those, or is empty. Bytes behind what is looked at
   * must not matter: a text ends with its brace, or with what is no JSON. The bytes are UTF-8.
   */
  scan(bytes: Buffer, from: number): number {
    if (bytes[from] !== OPEN_BRACE || bytes[from + 1] === CLOSE_BRACE) return -1;
    this.bytes = bytes;
    this.count = 0;
    this.starts.fill(-1);
    return this.object(from + 1, 1);
  }

  /** Behind `{`; answers behind `}`. */
  private object(from: number, depth: number): number {
    const bytes = this.bytes;
    const hashes = this.hashes;
    const first = this.count;
    let at = from;
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (depth > MAX_DEPTH) return -1;
    for (;;) {
      if (bytes[at] !== QUOTE) return -1;
      const start = ++at;
      let byte = bytes[at]!;
      // Names that are numbers come first in an object, wherever they stand in the text.
      if (byte >= 0x30 && byte <= 0x39) return -1;
      let hash = 0;
      while (special[byte] === 0) {
        hash = (Math.imul(hash, 31) + byte) | 0;
        byte = bytes[++at]!;
      }
      if (byte !== QUOTE || hash === PROTO) return -1;
      const count = this.count;
      if (count - first === MAX_NAMES) return -1;
      for (let index = first; index < count; index++) if (hashes[index] === hash) return -1;
      hashes[count] = hash;
      this.count = count + 1;
      if (bytes[at + 1] !== 0x3a) return -1;
      const value = at + 2;
      const end = this.value(value, depth);
      if (end < 0) return -1;
      if (depth === 1) this.note(hash, start, at, value, end);
      byte = bytes[end]!;
      at = end + 1;
      if (byte === COMMA) continue;
      if (byte !== CLOSE_BRACE) return -1;
      this.count = first;
      return at;
    }
  }

  private note(hash: number, from: number, to: number, start: number, end: number): void {
    const { wanted } = this;
    for (let index = 0; index < wanted.length; index++) {
      if (wanted[index] !== hash) continue;
      const name = this.names[index]!;
      if (name.length !== to - from || name.compare(this.bytes, from, to) !== 0) continue;
      this.starts[index] = start;
      this.ends[index] = end;
    }
  }

  private value(from: number, depth: number): number {
    const bytes = this.bytes;
    switch (bytes[from]) {
      case QUOTE:
        return this.string(from + 1);
      case OPEN_BRACE:
        return this.object(from + 1, depth + 1);
      case OPEN_BRACKET:
        return this.list(from + 1, depth + 1);
      case 0x74:
        return bytes[from + 1] === 0x72 && bytes[from + 2] === 0x75 && bytes[from + 3] === 0x65
          ? from + 4
          : -1;
      case 0x66:
        return bytes[from + 1] === 0x61 &&
          bytes[from + 2] === 0x6c &&
          bytes[from + 3] === 0x73 &&
          bytes[from + 4] === 0x65
          ? from + 5
          : -1;
      case 0x6e:
        return bytes[from + 1] === 0x75 && bytes[from + 2] === 0x6c && bytes[from + 3] === 0x6c
          ? from + 4
          : -1;
    }
    return this.number(from);
  }

  /** Behind the opening quote; answers behind the closing one. */
  private string(from: number): number {
    const bytes = this.bytes;
    let at = from;
    for (;;) {
      while (special[bytes[at]!] === 0) at++;
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte !== 0x5c || escapes[bytes[at + 1]!] !== 1) return -1;
      at += 2;
    }
  }

  private list(from: number, depth: number): number {
    const bytes = this.bytes;
    let at = from;
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    if (depth > MAX_DEPTH) return -1;
    for (;;) {
      at = this.value(at, depth);
      if (at < 0) return -1;
      const byte = bytes[at++];
      if (byte === CLOSE_BRACKET) return at;
      if (byte !== COMMA) return -1;
    }
  }

  private number(from: number): number {
    const bytes = this.bytes;
    const isNegative = bytes[from] === 0x2d;
    const start = isNegative ? from + 1 : from;
    let at = start;
    while (isDigit(bytes[at]!)) at++;
    if (at === start || (bytes[start] === 0x30 && at > start + 1)) return -1;
    const next = bytes[at];
    if (next === 0x2e) {
      at++;
      while (isDigit(bytes[at]!)) at++;
      if (bytes[at] === 0x65 || bytes[at] === 0x45) return -1;
      const text = bytes.latin1Slice(from, at);
      return String(Number(text)) === text ? at : -1;
    }
    // Integers keep all their digits, but zero has no sign.
    if (next === 0x65 || next === 0x45 || (isNegative && bytes[start] === 0x30)) return -1;
    return at;
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
