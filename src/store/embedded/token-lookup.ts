/**
 * Asks files of `token-filter.ts`. A question reads a few bytes of each group; the files of ten million events have some 250 MB,
 * which would neither be read for every question nor kept in memory.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32c } from '../../queue/crc32c.ts';
import { GROUP_ENTRY, HASHES, HEADER, MAGIC, tokenPlaces } from './token-filter.ts';

/** Some bits of a group: where they stand in the file. */
interface Bits {
  readonly at: number;
  /** Of 32 bits. */
  readonly words: number;
  /** Undefined: their file was checked as a whole. */
  readonly sum: number | undefined;
  state: 'unchecked' | 'whole' | 'damaged';
}

interface Group {
  readonly tokens: Bits;
  readonly grams: Bits | undefined;
}

/** What a file says of its bits. */
export interface TokenLayout {
  readonly rowsPerGroup: number;
  readonly groups: readonly Group[];
  /** IPv4 addresses that are written as IPv6 are found by the IPv4 address. */
  readonly knowsMapped: boolean;
  /** Four numbers behind one another are found as the whole string of an address. */
  readonly knowsNumbers: boolean;
}

const OLD_HEADER = 12;

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

  /** Whether tokens in each of the groups may have all these neighbours (`gramHashes`). */
  mayHaveGrams(hashes: readonly number[]): boolean[] {
    return this.layout.groups.map(({ grams }) => {
      if (!grams || !this.#isWhole(grams)) return true;
      const unused = Math.clz32(grams.words * 32) + 1;
      return hashes.every((hash) => this.#isSet(grams, unused === 32 ? hash >>> 31 : hash >>> unused));
    });
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
  readSync(file, head, 0, HEADER, 0);
  if (size < OLD_HEADER || size % 4 !== 0) return undefined;
  if (head.readUInt32LE(0) !== MAGIC) return readOldLayout(file, size, head);
  const count = head.readUInt32LE(12);
  const end = HEADER + count * GROUP_ENTRY;
  if (end > size) return undefined;
  const header = Buffer.allocUnsafe(end);
  if (readSync(file, header, 0, end, 0) !== end) return undefined;
  if (crc32c(header.subarray(8)) !== header.readUInt32LE(4)) return undefined;
  const groups: Group[] = [];
  let at = end;
  const bits = (entry: number): Bits => {
    const words = header.readUInt32LE(entry);
    const found: Bits = { at, words, sum: header.readUInt32LE(entry + 4), state: 'unchecked' };
    at += words * 4;
    return found;
  };
  for (let group = 0; group < count; group++) {
    const entry = HEADER + group * GROUP_ENTRY;
    groups.push({ tokens: bits(entry), grams: bits(entry + 8) });
  }
  return at > size
    ? undefined
    : { rowsPerGroup: head.readUInt32LE(8), groups, knowsMapped: true, knowsNumbers: true };
}

/** The first form: CRC-32C of the rest, rows a group, number of groups, number of words of each, tokens group by group. */
function readOldLayout(file: number, size: number, head: Buffer): TokenLayout | undefined {
  const whole = Buffer.allocUnsafe(size);
  if (readSync(file, whole, 0, size, 0) !== size) return undefined;
  if (crc32c(whole.subarray(4)) !== head.readUInt32LE(0)) return undefined;
  const count = head.readUInt32LE(8);
  const groups: Group[] = [];
  let at = OLD_HEADER + count * 4;
  for (let group = 0; group < count; group++) {
    const words = whole.readUInt32LE(OLD_HEADER + group * 4);
    groups.push({ tokens: { at, words, sum: undefined, state: 'whole' }, grams: undefined });
    at += words * 4;
  }
  return at > size
    ? undefined
    : { rowsPerGroup: head.readUInt32LE(4), groups, knowsMapped: false, knowsNumbers: false };
}
