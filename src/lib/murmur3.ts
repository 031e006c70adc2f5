/**
 * MurmurHash3 (Austin Appleby, public domain): the 32-bit one and the 128-bit one for 64-bit machines, on 32-bit
 * integer arithmetic.
 */

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** MurmurHash3_x86_32, unsigned. */
export function murmur3(bytes: Buffer, seed = 0): number {
  const mix = (block: number): number => Math.imul(rotate(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
  const end = bytes.length & ~3;
  let hash = seed;
  for (let at = 0; at < end; at += 4) {
    hash = (Math.imul(rotate(hash ^ mix(bytes.readInt32LE(at)), 13), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= end; at--) tail = (tail << 8) | bytes[at]!;
  if (end < bytes.length) hash ^= mix(tail);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A 64-bit integer as two halves, changed in place. */
interface Long {
  high: number;
  low: number;
}

function multiply(value: Long, high: number, low: number): void {
  const a0 = value.low & 0xffff;
  const a1 = value.low >>> 16;
  const b0 = low & 0xffff;
  const b1 = low >>> 16;
  const middle1 = a1 * b0;
  const middle2 = a0 * b1;
  const carry = ((a0 * b0) >>> 16) + (middle1 & 0xffff) + (middle2 & 0xffff);
  const upper = a1 * b1 + (middle1 >>> 16) + (middle2 >>> 16) + (carry >>> 16);
  value.high = (upper + Math.imul(value.high, low) + Math.imul(value.low, high)) | 0;
  value.low = Math.imul(value.low, low);
}

function add(value: Long, high: number, low: number): void {
  const sum = (value.low >>> 0) + (low >>> 0);
  value.high = (value.high + high + (sum > 0xffffffff ? 1 : 0)) | 0;
  value.low = sum | 0;
}

function rotateLong(value: Long, by: number): void {
  const { high, low } = value;
  if (by < 32) {
    value.high = (high << by) | (low >>> (32 - by));
    value.low = (low << by) | (high >>> (32 - by));
  } else {
    value.high = (low << (by - 32)) | (high >>> (64 - by));
    value.low = (high << (by - 32)) | (low >>> (64 - by));
  }
}

function finish(value: Long): void {
  value.low ^= value.high >>> 1;
  multiply(value, 0xff51afd7, 0xed558ccd);
  value.low ^= value.high >>> 1;
  multiply(value, 0xc4ceb9fe, 0x1a85ec53);
  value.low ^= value.high >>> 1;
}

function mixFirst(block: Long): void {
  multiply(block, 0x87c37b91, 0x114253d5);
  rotateLong(block, 31);
  multiply(block, 0x4cf5ad43, 0x2745937f);
}

function mixSecond(block: Long): void {
  multiply(block, 0x4cf5ad43, 0x2745937f);
  rotateLong(block, 33);
  multiply(block, 0x87c37b91, 0x114253d5);
}

/** MurmurHash3_x64_128: four 32-bit words, the lower half of each 64-bit result first, unsigned. */
export function murmur3x128(bytes: Buffer, seed = 0): [number, number, number, number] {
  const one: Long = { high: 0, low: seed };
  const two: Long = { high: 0, low: seed };
  const block: Long = { high: 0, low: 0 };
  const end = bytes.length & ~15;
  for (let at = 0; at < end; at += 16) {
    block.low = bytes.readInt32LE(at);
    block.high = bytes.readInt32LE(at + 4);
    mixFirst(block);
    one.low ^= block.low;
    one.high ^= block.high;
    rotateLong(one, 27);
    add(one, two.high, two.low);
    multiply(one, 0, 5);
    add(one, 0, 0x52dce729);

    block.low = bytes.readInt32LE(at + 8);
    block.high = bytes.readInt32LE(at + 12);
    mixSecond(block);
    two.low ^= block.low;
    two.high ^= block.high;
    rotateLong(two, 31);
    add(two, one.high, one.low);
    multiply(two, 0, 5);
    add(two, 0, 0x38495ab5);
  }
  const tail = Buffer.alloc(16);
  bytes.copy(tail, 0, end);
  if (bytes.length - end > 8) {
    block.low = tail.readInt32LE(8);
    block.high = tail.readInt32LE(12);
    mixSecond(block);
    two.low ^= block.low;
    two.high ^= block.high;
  }
  if (bytes.length > end) {
    block.low = tail.readInt32LE(0);
    block.high = tail.readInt32LE(4);
    mixFirst(block);
    one.low ^= block.low;
    one.high ^= block.high;
  }
  one.low ^= bytes.length;
  two.low ^= bytes.length;
  add(one, two.high, two.low);
  add(two, one.high, one.low);
  finish(one);
  finish(two);
  add(one, two.high, two.low);
  add(two, one.high, one.low);
  return [one.low >>> 0, one.high >>> 0, two.low >>> 0, two.high >>> 0];
}
