/**
 * Which words may stand in the documents of a segment: a Bloom filter for every 20,480 rows. A search for a word then leaves out
 * what can not have it.
 *
 * A token is a run of ASCII letters, digits and `_`, in lower case, of at least three characters, in the document's JSON text with
 * its escapes resolved; keys and numbers have them too. Everything else parts tokens. So each whole word of free text
 * (`query/anywhere.ts`) that is ASCII is a token of every document that has it; the two characters beyond ASCII that are
 * another case of an ASCII letter are taken for that letter.
 *
 * Whole strings have a token each, too, where they are more than one token: up to 128 ASCII characters, in lower case. An
 * IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`, in any spelling) has the whole string that the IPv4 address would be.
 * So have four words of one to three digits behind one another, such as an address in a line of a log, whatever stands between them.
 *
 * Two more sets of bits for each group are for parts of words: which four neighbouring characters tokens have, and which six
 * neighbouring hexadecimal digits. Of hashes, identifiers and other random digits every group has nearly all fours.
 *
 * File, little-endian: "MTF4", CRC-32C of the rest of the header u32, rows a group u32, number of groups u32; for each group
 * three times, for its tokens, fours and sixes: number of 32-bit words u32 (of the last two a power of two), their CRC-32C u32;
 * then those of each group one after another. "MTF3" is the same without sixes. `token-lookup.ts` reads both.
 */
import { crc32c } from '../../queue/crc32c.ts';
import { canonicalIp } from '../mapping/ip-text.ts';

export const TOKEN_ROWS = 20_480;
/** Shorter words are in most documents. */
export const MIN_TOKEN = 3;
/** Of a string that is a token as a whole. */
export const MAX_STRING = 128;
const BITS_PER_TOKEN = 11;
export const HASHES = 7;
export const MAGIC = 0x3446_544d;
export const HEADER = 16;
/** Bytes in the header of each set of a group. */
export const SET_ENTRY = 8;
/** Neighbours that are looked at together. */
const GRAM = 4;
const HEX_GRAM = 6;
/** Bits of the largest set of neighbours, as a power of two: 13 bytes a row. */
const GRAM_BITS = 21;
/** A set in which fewer bits are set is folded. Eight digits have three sixes to be found, so theirs may be fuller. */
const GRAM_DENSITY = 0.2;
const HEX_DENSITY = 0.4;

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

/** A number below 64 for each character of tokens. */
const GRAM_CODE = new Uint8Array(128);
[...'abcdefghijklmnopqrstuvwxyz0123456789_'].forEach((char, at) => {
  GRAM_CODE[char.charCodeAt(0)] = at + 1;
});
/** Of a hexadecimal digit: 16 and its value; of others 0. */
const HEX_CODE = new Uint8Array(128);
[...'0123456789abcdef'].forEach((char, at) => {
  HEX_CODE[char.charCodeAt(0)] = 16 + at;
});
/** The last digits that are looked at together, four bits each. */
const HEX_MASK = 2 ** (HEX_GRAM * 4) - 1;
/** So many ones behind one another: characters that are digits. */
const ALL_HEX = 2 ** HEX_GRAM - 1;
const hashGram = (gram: number): number => Math.imul(gram, 0x9e3779b1) >>> 0;

/** Every character of a whole string; 0: there is no token of strings with it. */
const wholeOf = (code: number): number =>
  code < 0x20 || code > 0x7e ? 0 : code >= 0x41 && code <= 0x5a ? code + 32 : code;

/** A word that `numbersNeed` looks for together with its neighbours. */
export const NUMBER = /^\d{1,3}$/;
const FOUR_NUMBERS = /\b(\d{1,3})\W+(?=(\d{1,3})\W+(\d{1,3})\W+(\d{1,3})\b)/g;
const NINE = 0x39;
const DOT = 0x2e;
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

/** Of the longest spelling of an address. */
const MAX_ADDRESS = 45;
/** The first hash of the token `ffff`, before its end. */
const FFFF = [...'ffff'].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), PRIME_A), SEED_A);

/** Collects the tokens of documents that come in the order of their rows. */
export class TokenFilterBuilder {
  /** Tokens, fours and sixes of each. */
  readonly #groups: (readonly Uint32Array[])[] = [];
  readonly #grams = new Uint32Array(2 ** GRAM_BITS / 32);
  readonly #hexGrams = new Uint32Array(2 ** GRAM_BITS / 32);
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
    let isMapped = false;
    /** Short words behind one another that end in a digit, and whether they may be four numbers. */
    let numbers = 0;
    let hasNumbers = false;
    let last = 0;
    const grams = this.#grams;
    let gram = 0;
    const hexGrams = this.#hexGrams;
    let hexGram = 0;
    /** Which of the last characters of tokens were hexadecimal digits, a bit each. */
    let digits = 0;
    for (let at = 0; at < length; at++) {
      let code = source.charCodeAt(at);
      if (code === QUOTE) {
        if (start < 0) {
          start = at + 1;
          c = SEED_STRING;
          d = SEED_B;
          size = 0;
          isPlain = true;
          isMapped = false;
          hasNumbers = false;
          numbers = 0;
        } else {
          if (run > 0 && run <= 3 && last <= NINE && numbers >= 3) hasNumbers = true;
          if (hasNumbers && !isAddress(source, start, at)) this.#noteNumbers(source.slice(start - 1, at + 1));
          // A single token needs no second one, and times are all different.
          const isTime = size === 24 && source.charCodeAt(at - 1) === 0x5a;
          if (isPlain && size > run && size <= MAX_STRING && !isTime) {
            this.#note(endA(c), endB(d));
            if (isMapped && size <= MAX_ADDRESS) this.#noteMapped(source.slice(start - 1, at + 1));
          }
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
        last = lower;
        gram = ((gram << 6) | GRAM_CODE[lower]!) & 0xff_ffff;
        const hex = HEX_CODE[lower]!;
        hexGram = (hexGram << 4) | (hex & 15);
        digits = (digits << 1) | (hex >>> 4);
        if (run >= GRAM) {
          const place = Math.imul(gram, 0x9e3779b1) >>> (32 - GRAM_BITS);
          grams[place >>> 5]! |= 1 << (place & 31);
          if (run >= HEX_GRAM && (digits & ALL_HEX) === ALL_HEX) {
            const hexPlace = Math.imul(hexGram & HEX_MASK, 0x9e3779b1) >>> (32 - GRAM_BITS);
            hexGrams[hexPlace >>> 5]! |= 1 << (hexPlace & 31);
          }
        }
        continue;
      }
      // Only such an address can be another way to write an IPv4 address.
      if (run === 4 && a === FFFF) isMapped = true;
      if (run >= MIN_TOKEN) this.#note(endA(a), endB(b));
      if (run > 0) {
        if (run > 3 || last > NINE) numbers = 0;
        else if (++numbers === 4) hasNumbers = true;
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
    const sets = groups.flat();
    const words = sets.reduce((sum, { length }) => sum + length, 0);
    const header = HEADER + sets.length * SET_ENTRY;
    const bytes = new Uint8Array(header + words * 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(8, TOKEN_ROWS, true);
    view.setUint32(12, groups.length, true);
    let at = header;
    sets.forEach((bits, set) => {
      const entry = HEADER + set * SET_ENTRY;
      const part = new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
      bytes.set(part, at);
      view.setUint32(entry, bits.length, true);
      view.setUint32(entry + 4, crc32c(part), true);
      at += part.length;
    });
    view.setUint32(4, crc32c(bytes.subarray(8, header)), true);
    return bytes;
  }

  /** A string in quotation marks that may have four numbers behind one another. */
  #noteNumbers(json: string): void {
    const text = json.includes('\\') ? unescaped(json) : json.slice(1, -1);
    for (const [, ...four] of text?.matchAll(FOUR_NUMBERS) ?? []) {
      const { start, step } = tokenPlaces(four.join('.'), true);
      this.#note(start | 0, step | 0);
    }
  }

  /** A string in quotation marks that may be an IPv4 address written as IPv6. */
  #noteMapped(json: string): void {
    const text = unescaped(json);
    const address = text === undefined ? undefined : canonicalIp(text);
    if (address === undefined || address.includes(':')) return;
    const { start, step } = tokenPlaces(address, true);
    this.#note(start | 0, step | 0);
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
    this.#groups.push([bits, folded(this.#grams, GRAM_DENSITY), folded(this.#hexGrams, HEX_DENSITY)]);
    this.#grams.fill(0);
    this.#hexGrams.fill(0);
    table.fill(0);
    this.#count = 0;
    this.#rows = 0;
  }
}

/** Where the bits of a token stand, or those of a whole string of several: the place of the first, and from each to the next. */
export function tokenPlaces(
  token: string,
  isString: boolean,
): { readonly start: number; readonly step: number } {
  let a = isString ? SEED_STRING : SEED_A;
  let b = SEED_B;
  for (let at = 0; at < token.length; at++) {
    const code = token.charCodeAt(at);
    const lower = isString ? wholeOf(code) : lowerOf(code);
    a = Math.imul(a ^ lower, PRIME_A);
    b = Math.imul(b ^ lower, PRIME_B);
    b ^= b >>> 13;
  }
  return { start: endA(a) >>> 0, step: endB(b) >>> 0 };
}

/** Hashes of all four neighbours in a part of a word; those of ASCII only. A set of 2^n bits has them by their first n bits. */
export const gramHashes = (text: string): number[] => neighbourHashes(text, GRAM, GRAM_CODE, 6);

/** The same of all six neighbouring hexadecimal digits. */
export const hexGramHashes = (text: string): number[] => neighbourHashes(text, HEX_GRAM, HEX_CODE, 4);

/** `codes`: by character, 0: parts neighbours; the lower `bits` tell characters apart. So many of them together are 24 bits. */
function neighbourHashes(text: string, size: number, codes: Uint8Array, bits: number): number[] {
  const hashes = new Set<number>();
  let gram = 0;
  let run = 0;
  for (let at = 0; at < text.length; at++) {
    const code = codes[lowerOf(text.charCodeAt(at))]!;
    run = code === 0 ? 0 : run + 1;
    gram = ((gram << bits) | (code & (2 ** bits - 1))) & 0xff_ffff;
    if (run >= size) hashes.add(hashGram(gram));
  }
  return [...hashes];
}

/** Four numbers with a dot between them and nothing else: as a whole string it is noted anyway. */
function isAddress(text: string, start: number, end: number): boolean {
  if (end - start > 15) return false;
  let dots = 0;
  let before = DOT;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (before === DOT) return false;
      dots++;
    } else if (code < 0x30 || code > NINE) return false;
    before = code;
  }
  return dots === 3 && before !== DOT;
}

/** Undefined: no JSON. */
function unescaped(json: string): string | undefined {
  try {
    return JSON.parse(json) as string;
  } catch {
    return undefined;
  }
}

/** A smaller set of the same, where fewer than this part of its bits are set. */
function folded(bits: Uint32Array, density: number): Uint32Array {
  let folded = bits.slice();
  for (;;) {
    let set = 0;
    for (let word of folded) for (; word !== 0; word &= word - 1) set++;
    if (folded.length === 1 || set >= folded.length * 32 * density) return folded;
    const half = new Uint32Array(folded.length / 2);
    // Neighbours become one: places are the first bits of hashes.
    for (let at = 0; at < half.length; at++)
      half[at] = pairs(folded[at * 2]!) | (pairs(folded[at * 2 + 1]!) << 16);
    folded = half;
  }
}

/** Every two neighbouring bits as one, in the lower half. */
function pairs(word: number): number {
  let bits = (word | (word >>> 1)) & 0x5555_5555;
  bits = (bits | (bits >>> 1)) & 0x3333_3333;
  bits = (bits | (bits >>> 2)) & 0x0f0f_0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff_00ff;
  return (bits | (bits >>> 8)) & 0xffff;
}
