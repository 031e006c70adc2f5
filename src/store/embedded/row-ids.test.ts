import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeRowId, ROW_ID_BYTES, sequenceOfRowId, writeRowId } from './row-ids.ts';

test('an id is the same as text and as bytes, and says the sequence number', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (sequence) => {
      const bytes = Buffer.alloc(ROW_ID_BYTES + 4, '.');
      writeRowId(sequence, bytes, 2);
      expect(bytes.toString()).toBe(`..${makeRowId(sequence)}..`);
      expect(sequenceOfRowId(makeRowId(sequence))).toBe(sequence);
    }),
  );
});
