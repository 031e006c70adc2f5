/** A Bloom filter over the ids that senders chose: whether a segment may hold one is answered from memory. */
import { crc32c } from '../../queue/crc32c.ts';

const BITS_PER_ID = 10;
const HASHES = 7;

export class IdFilter {
  readonly #bits: Uint32Array;

  private constructor(bits: Uint32Array) {
    this.#bits = bits;
  }

  static of(ids: Iterable<string>, count: number): IdFilter {
    const filter = new IdFilter(new Uint32Array(Math.max(1, Math.ceil((count * BITS_PER_ID) / 32))));
    for (const id of ids) filter.#add(id);
    return filter;
  }

  /** May be true without reason, once in a hundred times. */
  mayHave(id: string): boolean {
    const size = this.#bits.length * 32;
    const [a, b] = hash(id);
    for (let n = 0, at = a; n < HASHES; n++, at = (at + b) >>> 0) {
      const bit = at % size;
      if ((this.#bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  #add(id: string): void {
    const size = this.#bits.length * 32;
    const [a, b] = hash(id);
    for (let n = 0, at = a; n < HASHES; n++, at = (at + b) >>> 0) {
      const bit = at % size;
      this.#bits[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  /** For a file: CRC-32C, then the bits. */
  encode(): Uint8Array {
    const bits = new Uint8Array(this.#bits.buffer);
    const bytes = new Uint8Array(4 + bits.length);
    bytes.set(bits, 4);
    new DataView(bytes.buffer).setUint32(0, crc32c(bits), true);
    return bytes;
  }

  /** Undefined when the bytes are damaged. */
  static decode(bytes: Uint8Array): IdFilter | undefined {
    if (bytes.length < 8 || bytes.length % 4 !== 0) return undefined;
    // A copy: a view on whole words must begin at a word.
    const bits = new Uint8Array(bytes.subarray(4));
    if (crc32c(bits) !== new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)) return undefined;
    return new IdFilter(new Uint32Array(bits.buffer));
  }
}

/** Two 32-bit hashes of the UTF-16 units: FNV-1a with different finishers; the second is odd. */
function hash(id: string): [number, number] {
  let h = 0x811c9dc5;
  let g = 0x9e3779b9;
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at);
    h = Math.imul(h ^ unit, 0x01000193);
    g = Math.imul(g ^ unit, 0x85ebca6b);
    g ^= g >>> 13;
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  g = Math.imul(g ^ (g >>> 16), 0x846ca68b);
  g ^= g >>> 16;
  return [h >>> 0, (g | 1) >>> 0];
}
