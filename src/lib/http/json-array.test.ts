import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Event } from '../../event/event.ts';
import { JsonArrayEncoder } from './json-array.ts';

const sizes = fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 30 });

it('writes what JSON.stringify writes, in as many texts as the limit asks for', () => {
  fc.assert(
    fc.property(
      fc.array(sizes, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      (batches, limit) => {
        const encoder = new JsonArrayEncoder(JSON.stringify);
        for (const batch of batches) {
          const events = batch.map((size, n) => new Event({ n, text: 'x'.repeat(size), gone: undefined }));
          const read: unknown[] = [];
          for (let from = 0; from < events.length; ) {
            const { text, end } = encoder.encode(events, from, limit);
            expect(end).toBeGreaterThan(from);
            read.push(...(JSON.parse(text) as unknown[]));
            from = end;
          }
          expect(JSON.stringify(read)).toBe(JSON.stringify(events.map(({ fields }) => fields)));
        }
      },
    ),
    { numRuns: 30 },
  );
});

it('keeps exact numbers', () => {
  const events = [1, 2].map(
    () => new Event({ big: 12345678901234567890n, pi: JSON.rawJSON('3.141592653589793238') as never }),
  );
  expect(new JsonArrayEncoder(JSON.stringify).encode(events, 0, 1000).text).toBe(
    '[{"big":12345678901234567890,"pi":3.141592653589793238},{"big":12345678901234567890,"pi":3.141592653589793238}]',
  );
});
