import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

/** Bit by bit, as the RFC says. */
function slowly(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  test('examples of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  test.each([13_375, 13_376, 13_377, 13_391, 13_392, 65_536, 262_144, 262_160, 300_001, 537_000])(
    'of %i bytes',
    (length) => {
      const shared = new Uint8Array(new SharedArrayBuffer(length + 3)).subarray(3);
      for (let at = 0; at < length; at++) shared[at] = (at * at * 31 + (at >> 7)) & 255;
      expect(crc32c(shared, 0x1234_5678)).toBe(slowly(shared, 0x1234_5678));
    },
  );

  test('in two steps it is the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 60_000 }), (a, b) => {
        const bytes = Buffer.alloc(a + b, 'some text that repeats, ');
        expect(crc32c(bytes.subarray(a), crc32c(bytes.subarray(0, a)))).toBe(crc32c(bytes));
      }),
      { numRuns: 30 },
    );
  });
});
