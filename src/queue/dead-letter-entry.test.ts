import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Event } from '../event/event.ts';
import { decodeEvent } from '../event/event-encoding.ts';
import type { Fields } from '../kernel/event-types.ts';
import { crc32c } from './crc32c.ts';
import { decodePayload, encodeRecord, scanRecords } from './dead-letter-entry.ts';

const record = (n: number, fields: Fields = {}): Buffer =>
  encodeRecord({
    entryTime: n,
    pluginKind: 'output',
    pluginName: 'http',
    pluginId: `id ${n}`,
    reason: 'no',
    event: new Event({ ...fields, n }),
  });
const times = (payloads: readonly Buffer[]): number[] =>
  payloads.map((each) => decodePayload(each).entryTime);
const fields = fc.dictionary(
  fc.string({ maxLength: 5 }),
  fc.oneof(fc.string({ unit: 'binary' }), fc.integer()),
  {
    maxKeys: 4,
  },
) as fc.Arbitrary<Fields>;
const log = fc.array(fields, { minLength: 1, maxLength: 12 }).map((list) => {
  const records = list.map((each, n) => record(n, each));
  return { bytes: Buffer.concat(records), records };
});

describe('entries', () => {
  test('the checksum is CRC-32C', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });

  test('any event comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, reason) => {
        const event = new Event({ value } as Fields, { m: value } as Fields);
        const bytes = encodeRecord({
          entryTime: 5,
          pluginKind: 'condition',
          pluginName: 'if-statement',
          pluginId: 'x',
          reason,
          event,
        });
        const { payloads, consumed, damaged } = scanRecords(bytes, true);
        expect([payloads.length, consumed, damaged]).toEqual([1, bytes.length, 0]);
        const letter = decodePayload(payloads[0]!);
        expect(letter.reason).toBe(reason.slice(0, 4096));
        const back = decodeEvent(letter.eventText);
        expect(JSON.stringify([back.fields, back.metadata])).toBe(
          JSON.stringify([event.fields, event.metadata]),
        );
      }),
    );
  });

  test('a tail that is cut off loses its entry only, and the rest of it may still come', () => {
    fc.assert(
      fc.property(log, fc.nat(), ({ bytes, records }, n) => {
        const cut = n % (bytes.length + 1);
        let end = 0;
        const whole = records.filter((each) => (end += each.length) <= cut).length;
        const expected = Array.from({ length: whole }, (_, at) => at);
        const now = scanRecords(bytes.subarray(0, cut), false);
        expect(times(now.payloads)).toEqual(expected);
        expect(times(scanRecords(bytes.subarray(0, cut), true).payloads)).toEqual(expected);
        const rest = scanRecords(bytes.subarray(now.consumed), false);
        expect(times([...now.payloads, ...rest.payloads])).toEqual(records.map((_, at) => at));
      }),
    );
  });

  test('a flipped bit loses one entry at most, and never gives a wrong one', () => {
    fc.assert(
      fc.property(log, fc.nat(), fc.boolean(), ({ bytes, records }, n, final) => {
        const bit = n % (bytes.length * 8);
        const damaged = Buffer.from(bytes);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        let end = 0;
        const hit = records.findIndex((each) => (end += each.length) > bit >> 3);
        const found = times(scanRecords(damaged, final).payloads);
        const all = records.map((_, at) => at);
        expect(found).toEqual(all.filter((at) => at !== hit));
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes are taken, and any part of the file may be read first', () => {
    fc.assert(
      fc.property(
        log,
        fc.uint8Array({ maxLength: 60 }),
        fc.nat(),
        fc.boolean(),
        ({ bytes, records }, junk, n, final) => {
          const at = n % (bytes.length + 1);
          const mixed = Buffer.concat([bytes.subarray(0, at), junk, bytes.subarray(at)]);
          const { payloads, consumed } = scanRecords(mixed, final);
          expect(consumed).toBeLessThanOrEqual(mixed.length);
          expect(payloads.length).toBeGreaterThanOrEqual(records.length - 1);
          for (const payload of payloads)
            expect(records.some((each) => each.subarray(12).equals(payload))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
