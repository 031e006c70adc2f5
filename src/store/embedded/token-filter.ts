/**
 * Which words may stand in the documents of a segment: a Bloom filter for every 20,480 rows. A search for a word then leaves out
 * what can not have it.
 *
 * A token is a run of ASCII letters, digits and `_`, in lower case, of at least three characters, in the document's JSON text with
 * its escapes resolved; keys and numbers have them too. Everything else parts tokens. So each whole word of free text
 * (`query/anywhere.ts`) that is ASCII is a token of every document that has it; the two characters beyond ASCII that are
 * another case of an ASCII letter are taken for that letter.
 *
 * Whole strings have a token each, too, where they are more than one token: up to 128 ASCII characters, in lower case.
 *
 * File, little-endian: CRC-32C of the rest u32, rows a group u32, number of groups u32, for each group the number of its words
 * of 32 bits u32, then these words group by group.
 */
import { crc32c } from '../../queue/crc32c.ts';

export const TOKEN_ROWS = 20_480;
/** Shorter words are in most documents. */
export const MIN_TOKEN = 3;
/** Of a string that is a token as a whole. */
export const MAX_STRING = 128;
const BITS_PER_TOKEN = 11;
const HASHES = 7;
const HEADER = 12;

const BACKSLASH = 0x5c;
const KELVIN = 0x212a;
const LONG_S = 0x17f;

/** By ASCII character: itself in lower case if it belongs to a token, otherwise 0. */
const TOKEN_CHAR = new Uint8Array(128);
for (const char of 'abcdefghijklmnopqrstuvwxyz0123456789_') {
  TOKEN_CHAR[char.charCodeAt(0)] = char.charCodeAt(0);
  TOKEN_CHAR[char.toUpperCase().charCodeAt(0)] = char.charCodeAt(0);
}
const lowerOf = (code: number): number =>
  code < 128 ? TOKEN_CHAR[code]! : code === KELVIN ? 0x6b : code === LONG_S ? 0x73 : 0;

/** Every character of a whole string; 0: there is no token of strings with it. */
const wholeOf = (code: number): number =>
  code < 0x20 || code > 0x7e ? 0 : code >= 0x41 && code <= 0x5a ? code + 32 : code;

const QUOTE = 0x22;
const SLASH = 0x2f;
const SEED_STRING = 0x1234567;
const SEED_A = 0x811c9dc5 | 0;
const SEED_B = 0x9e3779b9 | 0;
const PRIME_A = 0x01000193;
const PRIME_B = 0x85ebca6b;
const endA = (hash: number): number => {
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return hash ^ (hash >>> 15);
};
const endB = (hash: number): number => {
  hash = Math.imul(hash ^ (hash >>> 16), 0x846ca68b);
  return (hash ^ (hash >>> 16)) | 1;
};

/** Collects the tokens of documents that come in the order of their rows. */
export class TokenFilterBuilder {
  readonly #groups: Uint32Array[] = [];
  #rows = 0;
  /** Open addressing: pairs of hashes; the second is odd, so 0 is a free place. */
  #table = new Int32Array(1 << 12);
  #count = 0;

  /** JSON text of the next document. */
  add(source: string): void {
    if (this.#rows === TOKEN_ROWS) this.#endGroup();
    this.#rows++;
    const length = source.length;
    let a = SEED_A;
    let b = SEED_B;
    let run = 0;
    /** Hashes of the string as a whole. */
    let c = SEED_STRING;
    let d = SEED_B;
    /** Where it begins; -1: outside of strings. */
    let start = -1;
    let size = 0;
    let isPlain = true;
    for (let at = 0; at < length; at++) {
      let code = source.charCodeAt(at);
      if (code === QUOTE) {
        if (start < 0) {
          start = at + 1;
          c = SEED_STRING;
          d = SEED_B;
          size = 0;
          isPlain = true;
        } else {
          // A single token needs no second one, and times are all different.
          const isTime = size === 24 && source.charCodeAt(at - 1) === 0x5a;
          if (isPlain && size > run && size <= MAX_STRING && !isTime) this.#note(endA(c), endB(d));
          start = -1;
        }
        if (run >= MIN_TOKEN) this.#note(endA(a), endB(b));
        if (run > 0) {
          a = SEED_A;
          b = SEED_B;
          run = 0;
        }
        continue;
      }
      if (code === BACKSLASH) {
        code = source.charCodeAt(++at);
        // `\n` and the like part words; what is escaped by number is taken as what it stands for.
        if (code === 0x75) {
          code = Number.parseInt(source.slice(at + 1, at + 5), 16);
          at += 4;
        } else if (code !== SLASH) code = 0;
      }
      if (start >= 0) {
        const whole = wholeOf(code);
        size++;
        if (whole === 0) isPlain = false;
        c = Math.imul(c ^ whole, PRIME_A);
        d = Math.imul(d ^ whole, PRIME_B);
        d ^= d >>> 13;
      }
      const lower = lowerOf(code);
      if (lower !== 0) {
        a = Math.imul(a ^ lower, PRIME_A);
        b = Math.imul(b ^ lower, PRIME_B);
        b ^= b >>> 13;
        run++;
        continue;
      }
      if (run >= MIN_TOKEN) this.#note(endA(a), endB(b));
      if (run > 0) {
        a = SEED_A;
        b = SEED_B;
        run = 0;
      }
    }
    if (run >= MIN_TOKEN) this.#note(endA(a), endB(b));
  }

  /** The file's bytes. */
  encode(): Uint8Array {
    if (this.#rows > 0) this.#endGroup();
    const groups = this.#groups;
    const words = groups.reduce((sum, { length }) => sum + length, 0);
    const bytes = new Uint8Array(HEADER + (groups.length + words) * 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(4, TOKEN_ROWS, true);
    view.setUint32(8, groups.length, true);
    let at = HEADER;
    for (const { length } of groups) {
      view.setUint32(at, length, true);
      at += 4;
    }
    for (const group of groups) {
      bytes.set(new Uint8Array(group.buffer), at);
      at += group.byteLength;
    }
    view.setUint32(0, crc32c(bytes.subarray(4)), true);
    return bytes;
  }

  #note(a: number, b: number): void {
    let table = this.#table;
    let mask = table.length - 2;
    let at = (a << 1) & mask;
    while (table[at + 1] !== 0) {
      if (table[at] === a && table[at + 1] === b) return;
      at = (at + 2) & mask;
    }
    table[at] = a;
    table[at + 1] = b;
    if (++this.#count * 4 <= table.length) return;
    const old = table;
    table = this.#table = new Int32Array(old.length * 2);
    mask = table.length - 2;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue;
      let to = (old[from]! << 1) & mask;
      while (table[to + 1] !== 0) to = (to + 2) & mask;
      table[to] = old[from]!;
      table[to + 1] = old[from + 1]!;
    }
  }

  #endGroup(): void {
    const table = this.#table;
    const bits = new Uint32Array(Math.max(1, Math.ceil((this.#count * BITS_PER_TOKEN) / 32)));
    const size = bits.length * 32;
    for (let from = 0; from < table.length; from += 2) {
      if (table[from + 1] === 0) continue;
      const step = table[from + 1]! >>> 0;
      for (let n = 0, at = table[from]! >>> 0; n < HASHES; n++, at = (at + step) >>> 0)
        bits[(at % size) >>> 5]! |= 1 << ((at % size) & 31);
    }
    this.#groups.push(bits);
    table.fill(0);
    this.#count = 0;
    this.#rows = 0;
  }
}

export class TokenFilter {
  readonly rowsPerGroup: number;
  readonly #groups: readonly Uint32Array[];
  readonly bytes: number;

  private constructor(rowsPerGroup: number, groups: readonly Uint32Array[], bytes: number) {
    this.rowsPerGroup = rowsPerGroup;
    this.#groups = groups;
    this.bytes = bytes;
  }

  /** Undefined when the bytes are damaged. */
  static decode(bytes: Uint8Array): TokenFilter | undefined {
    if (bytes.length < HEADER || bytes.length % 4 !== 0) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (crc32c(bytes.subarray(4)) !== view.getUint32(0, true)) return undefined;
    // A copy where a view on whole words would not begin at a word.
    const own = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    const count = view.getUint32(8, true);
    const groups: Uint32Array[] = [];
    let at = HEADER + count * 4;
    for (let group = 0; group < count; group++) {
      const length = view.getUint32(HEADER + group * 4, true);
      groups.push(new Uint32Array(own.buffer, own.byteOffset + at, length));
      at += length * 4;
    }
    return new TokenFilter(view.getUint32(4, true), groups, bytes.length);
  }

  get groups(): number {
    return this.#groups.length;
  }

  /** Whether a token, or a whole string of several, may be in each of the groups. May be true without reason, once in some hundred times. */
  mayHave(token: string, isString = false): boolean[] {
    let a = isString ? SEED_STRING : SEED_A;
    let b = SEED_B;
    for (let at = 0; at < token.length; at++) {
      const code = token.charCodeAt(at);
      const lower = isString ? wholeOf(code) : lowerOf(code);
      a = Math.imul(a ^ lower, PRIME_A);
      b = Math.imul(b ^ lower, PRIME_B);
      b ^= b >>> 13;
    }
    const start = endA(a) >>> 0;
    const step = endB(b) >>> 0;
    return this.#groups.map((bits) => {
      const size = bits.length * 32;
      for (let n = 0, at = start; n < HASHES; n++, at = (at + step) >>> 0)
        if ((bits[(at % size) >>> 5]! & (1 << ((at % size) & 31))) === 0) return false;
      return true;
    });
  }
}
