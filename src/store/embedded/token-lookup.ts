/**
 * Asks files of `token-filter.ts`. A question reads a few bytes of each group; the files of ten million events have some 250 MB,
 * which would neither be read for every question nor kept in memory.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32c } from '../../queue/crc32c.ts';
import { HASHES, HEADER, MAGIC, SET_ENTRY, tokenPlaces } from './token-filter.ts';

/** Some bits of a group: where they stand in the file. */
interface Bits {
  readonly at: number;
  /** Of 32 bits. */
  readonly words: number;
  readonly sum: number;
  state: 'unchecked' | 'whole' | 'damaged';
}

interface Group {
  readonly tokens: Bits;
  readonly grams: Bits;
  /** Undefined: the file was written before there were any. */
  readonly hexGrams: Bits | undefined;
}

/** What a file says of its bits. */
export interface TokenLayout {
  readonly rowsPerGroup: number;
  readonly groups: readonly Group[];
}

/** The form before, whose groups have no `hexGrams`. */
const MAGIC_3 = 0x3346_544d;

/** A file that is open for some questions. Those about damaged bits are answered with yes. */
export class TokenFilter {
  readonly layout: TokenLayout;
  readonly #file: number;
  readonly #word = Buffer.allocUnsafe(4);

  private constructor(file: number, layout: TokenLayout) {
    this.#file = file;
    this.layout = layout;
  }

  /**
   * `known`: what `layout` said of the same file before. Undefined when the file is damaged.
   * @throws the file system's error
   */
  static open(path: string, known?: TokenLayout): TokenFilter | undefined {
    const file = openSync(path, 'r');
    try {
      const layout = known ?? readLayout(file);
      if (layout) return new TokenFilter(file, layout);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    closeSync(file);
    return undefined;
  }

  close(): void {
    closeSync(this.#file);
  }

  get groups(): number {
    return this.layout.groups.length;
  }

  /** Whether a token, or a whole string of several, may be in each of the groups. May be true without reason, once in some hundred times. */
  mayHave(token: string, isString = false): boolean[] {
    const { start, step } = tokenPlaces(token, isString);
    return this.layout.groups.map(({ tokens }) => {
      if (!this.#isWhole(tokens)) return true;
      const size = tokens.words * 32;
      for (let n = 0, at = start; n < HASHES; n++, at = (at + step) >>> 0)
        if (!this.#isSet(tokens, at % size)) return false;
      return true;
    });
  }

  /** Whether tokens in each of the groups may have all these neighbours (`gramHashes`, `hexGramHashes`). */
  mayHaveGrams(hashes: readonly number[], hexHashes: readonly number[]): boolean[] {
    // Digits first: of these a group has fewer.
    return this.layout.groups.map(
      ({ grams, hexGrams }) =>
        (hexGrams === undefined || this.#hasAll(hexGrams, hexHashes)) && this.#hasAll(grams, hashes),
    );
  }

  #hasAll(bits: Bits, hashes: readonly number[]): boolean {
    if (hashes.length === 0 || !this.#isWhole(bits)) return true;
    // A set of 2^n bits has them by their first n bits.
    const unused = Math.clz32(bits.words * 32) + 1;
    return hashes.every((hash) => this.#isSet(bits, hash >>> unused));
  }

  #isSet({ at, words }: Bits, bit: number): boolean {
    if (bit >>> 5 >= words) return true;
    if (readSync(this.#file, this.#word, 0, 4, at + (bit >>> 5) * 4) !== 4) return true;
    return (this.#word.readUInt32LE(0) & (1 << (bit & 31))) !== 0;
  }

  /** Bits are checked when they are asked for the first time. */
  #isWhole(bits: Bits): boolean {
    if (bits.state === 'unchecked')
      bits.state = sumOf(this.#file, bits.at, bits.words * 4) === bits.sum ? 'whole' : 'damaged';
    return bits.state === 'whole';
  }
}

function sumOf(file: number, at: number, length: number): number | undefined {
  const bytes = Buffer.allocUnsafe(length);
  return readSync(file, bytes, 0, length, at) === length ? crc32c(bytes) : undefined;
}

function readLayout(file: number): TokenLayout | undefined {
  const { size } = fstatSync(file);
  const head = Buffer.alloc(HEADER);
  if (readSync(file, head, 0, HEADER, 0) !== HEADER) return undefined;
  const magic = head.readUInt32LE(0);
  if (magic !== MAGIC && magic !== MAGIC_3) return undefined;
  const entries = magic === MAGIC ? 3 : 2;
  const count = head.readUInt32LE(12);
  const end = HEADER + count * entries * SET_ENTRY;
  if (end > size) return undefined;
  const header = Buffer.allocUnsafe(end);
  if (readSync(file, header, 0, end, 0) !== end) return undefined;
  if (crc32c(header.subarray(8)) !== header.readUInt32LE(4)) return undefined;
  const groups: Group[] = [];
  let entry = HEADER;
  let at = end;
  const bits = (): Bits => {
    const words = header.readUInt32LE(entry);
    const found: Bits = { at, words, sum: header.readUInt32LE(entry + 4), state: 'unchecked' };
    entry += SET_ENTRY;
    at += words * 4;
    return found;
  };
  for (let group = 0; group < count; group++)
    groups.push({ tokens: bits(), grams: bits(), hexGrams: entries === 3 ? bits() : undefined });
  return at > size ? undefined : { rowsPerGroup: head.readUInt32LE(8), groups };
}
