/**
 * Which values the fields of a segment have by which people look for addresses, hashes and names: how often, from when to
 * when. A file answers thousands of values at once, and reads little for those that it does not have.
 *
 * Values are in the order of their UTF-8 bytes, in blocks of some 512. A block is lines of JSON, packed by zstd:
 * `["10.0.0.1",2,1,48210,0]`: the value; then, for each time that fields differ, which fields (number of a set of them), count,
 * first, and from first to last (milliseconds; `null`: without time). Fields that always have the same values together, such as
 * `destination.ip`, `server.ip` and `related.ip`, so cost no more than one.
 *
 * File, little-endian: "MVL1", bytes of the head u32, its CRC-32 u32, number of 32-bit words of the Bloom filter u32, its CRC-32
 * u32; the Bloom filter of all values; the head (`ListHead`, JSON packed by zstd); the blocks. `value-lookup.ts` reads it.
 */
import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { tokenPlaces } from './token-filter.ts';

export const MAGIC = 0x314c_564d;
export const HEADER = 20;
export const HASHES = 8;
const BITS_PER_VALUE = 16;
const BLOCK_VALUES = 512;
/** Long values end a block sooner. */
const BLOCK_CHARACTERS = 1 << 16;

export interface ListHead {
  readonly fields: readonly string[];
  /** Numbers of fields that have the same. */
  readonly sets: readonly (readonly number[])[];
  /** Fields beyond the index's limit that rows have and the list has not; null: nobody knows. */
  readonly unlisted: readonly string[] | null;
  /** What times are counted from. */
  readonly base: number;
  /** The first value of each block, where it ends behind the head, and its CRC-32. */
  readonly first: readonly string[];
  readonly ends: readonly number[];
  readonly sums: readonly number[];
}

/** Milliseconds since the epoch; null: none has a time. */
export type Time = number | null;

/** Which bit of `size` a hash means. The same in every engine: one multiplication of IEEE numbers. */
export const bitOf = (hash: number, size: number): number => Math.floor((hash * size) / 0x1_0000_0000);

const packed = (text: string): Buffer =>
  zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });

/** Collects values that come in order. */
export class ValueListBuilder {
  readonly #fields: readonly string[];
  readonly #unlisted: readonly string[] | null;
  readonly #base: number;
  readonly #sets = new Map<string, number>();
  readonly #first: string[] = [];
  readonly #ends: number[] = [];
  readonly #sums: number[] = [];
  readonly #blocks: Buffer[] = [];
  #bytes = 0;
  #lines = '';
  #inBlock = 0;
  /** Pairs of hashes of the values so far. */
  #hashes = new Uint32Array(1 << 12);
  #values = 0;
  #value: string | undefined;
  /** Of the value, without its end. */
  #line = '';

  constructor({ fields, unlisted, base }: Pick<ListHead, 'fields' | 'unlisted' | 'base'>) {
    this.#fields = fields;
    this.#unlisted = unlisted;
    this.#base = base;
  }

  /** The number of a set of fields. */
  set(fields: readonly number[]): number {
    const key = fields.join(',');
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    this.#sets.set(key, this.#sets.size);
    return this.#sets.size - 1;
  }

  /** What all fields of a set say of a value, `span`: from first to last. What is said of one value comes behind one another. */
  add(value: string, set: number, count: number, first: Time, span: number): void {
    if (value !== this.#value) {
      this.#endValue();
      this.#value = value;
      this.#line = JSON.stringify(value);
    }
    this.#line += `,${set},${count},${first === null ? 'null' : first - this.#base},${span}`;
  }

  /** The file's bytes; undefined: there are no values. */
  encode(): Uint8Array | undefined {
    this.#endValue();
    this.#endBlock();
    if (this.#values === 0) return undefined;
    const bits = new Uint32Array(Math.ceil((this.#values * BITS_PER_VALUE) / 32));
    const size = bits.length * 32;
    for (let value = 0; value < this.#values; value++) {
      const step = this.#hashes[value * 2 + 1]!;
      for (let n = 0, hash = this.#hashes[value * 2]!; n < HASHES; n++, hash = (hash + step) >>> 0) {
        const bit = bitOf(hash, size);
        bits[bit >>> 5]! |= 1 << (bit & 31);
      }
    }
    const head: ListHead = {
      fields: this.#fields,
      sets: [...this.#sets.keys()].map((key) => key.split(',').map(Number)),
      unlisted: this.#unlisted,
      base: this.#base,
      first: this.#first,
      ends: this.#ends,
      sums: this.#sums,
    };
    const headBytes = packed(JSON.stringify(head));
    const filter = Buffer.from(bits.buffer);
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt32LE(headBytes.length, 4);
    header.writeUInt32LE(crc32(headBytes), 8);
    header.writeUInt32LE(bits.length, 12);
    header.writeUInt32LE(crc32(filter), 16);
    return Buffer.concat([header, filter, headBytes, ...this.#blocks]);
  }

  #endValue(): void {
    const value = this.#value;
    if (value === undefined) return;
    this.#value = undefined;
    if (this.#inBlock === 0) this.#first.push(value);
    this.#lines += `[${this.#line}]\n`;
    this.#inBlock++;
    this.#note(value);
    if (this.#inBlock >= BLOCK_VALUES || this.#lines.length >= BLOCK_CHARACTERS) this.#endBlock();
  }

  #endBlock(): void {
    if (this.#inBlock === 0) return;
    const block = packed(this.#lines);
    this.#blocks.push(block);
    this.#bytes += block.length;
    this.#ends.push(this.#bytes);
    this.#sums.push(crc32(block));
    this.#lines = '';
    this.#inBlock = 0;
  }

  #note(value: string): void {
    const at = this.#values++ * 2;
    if (at === this.#hashes.length) {
      const more = new Uint32Array(at * 2);
      more.set(this.#hashes);
      this.#hashes = more;
    }
    const { start, step } = tokenPlaces(value, true);
    this.#hashes[at] = start;
    this.#hashes[at + 1] = step;
  }
}
