/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), sixteen bytes at a time. */
import { FOLDED_BYTES, foldCrc32c, MAX_FOLD_BYTES } from './crc32c-fold.ts';

const SLICES = 16;
/** From here on it pays to fold first. */
const FOLD_FROM = 4 * FOLDED_BYTES;

function makeTables(): Int32Array {
  const tables = new Int32Array(SLICES * 256);
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    tables[value] = crc;
  }
  for (let slice = 1; slice < SLICES; slice++) {
    for (let value = 0; value < 256; value++) {
      const before = tables[(slice - 1) * 256 + value]!;
      tables[slice * 256 + value] = (before >>> 8) ^ tables[before & 0xff]!;
    }
  }
  return tables;
}

const T = makeTables();

/** The checksum of `bytes`, going on from that of what stands before them. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let start = 0;
  while (bytes.length - start >= FOLD_FROM) {
    const size = Math.min(bytes.length - start, MAX_FOLD_BYTES) & ~15;
    crc = update(0, foldCrc32c(bytes.subarray(start, start + size), crc));
    start += size;
  }
  return ~update(crc, start === 0 ? bytes : bytes.subarray(start)) >>> 0;
}

/** The register after `bytes`. */
function update(before: number, bytes: Uint8Array): number {
  let crc = before;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  let at = 0;
  for (; at + SLICES <= length; at += SLICES) {
    const a = view.getInt32(at, true) ^ crc;
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    crc =
      T[3840 + (a & 0xff)]! ^
      T[3584 + ((a >>> 8) & 0xff)]! ^
      T[3328 + ((a >>> 16) & 0xff)]! ^
      T[3072 + (a >>> 24)]! ^
      T[2816 + (b & 0xff)]! ^
      T[2560 + ((b >>> 8) & 0xff)]! ^
      T[2304 + ((b >>> 16) & 0xff)]! ^
      T[2048 + (b >>> 24)]! ^
      T[1792 + (c & 0xff)]! ^
      T[1536 + ((c >>> 8) & 0xff)]! ^
      T[1280 + ((c >>> 16) & 0xff)]! ^
      T[1024 + (c >>> 24)]! ^
      T[768 + (d & 0xff)]! ^
      T[512 + ((d >>> 8) & 0xff)]! ^
      T[256 + ((d >>> 16) & 0xff)]! ^
      T[d >>> 24]!;
  }
  for (; at < length; at++) crc = (crc >>> 8) ^ T[(crc ^ bytes[at]!) & 0xff]!;
  return crc;
}
