import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Crash, FakeFiles } from '../../test/support/fake-files.ts';
import { crc32c } from './crc32c.ts';
import type { StoredBlock } from './queue-record.ts';
import { SegmentStore } from './segment-store.ts';
import { SequenceSet } from './sequence-set.ts';

const options = { pageCapacity: 2000, compression: 'none' } as const;

function block(sequence: number, size = 40): StoredBlock {
  const bytes = Buffer.alloc(size, `${sequence}|MBLK`);
  return {
    sequence,
    node: 'input-1',
    plugin: 'tcp',
    receivedAt: 5,
    count: 2,
    lane: -1,
    length: bytes.length,
    runs: Int32Array.of(0, 0, bytes.length, 2),
    peers: [{ key: `127.0.0.1:${sequence}`, ip: '127.0.0.1' }],
    bytes,
  };
}

const plain = (each: StoredBlock): unknown => ({
  ...each,
  bytes: Buffer.from(each.bytes).toString('hex'),
  runs: [...each.runs],
});
const sequences = (list: readonly { sequence: number }[]): number[] => list.map((each) => each.sequence);

test('crc32c: the check value, any split, any alignment', () => {
  expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
      expect(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at)))).toBe(crc32c(bytes));
    }),
  );
});

test('SequenceSet holds what a Set holds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(5))), (adds) => {
      const [set, model] = [new SequenceSet(), new Set<number>()];
      for (const [first, more] of adds) {
        set.add(first, first + more);
        for (let each = first; each <= first + more; each++) model.add(each);
      }
      for (let each = 0; each <= 70; each++) expect(set.has(each)).toBe(model.has(each));
      expect(set.last).toBe(Math.max(0, ...model));
    }),
  );
});

describe('SegmentStore', () => {
  test('what was committed is there after a restart, without what was acknowledged', () => {
    const files = new FakeFiles();
    const { store } = SegmentStore.open(files, options);
    store.commit([block(1), block(2), block(3)]);
    store.acknowledge([2, 2]);
    store.close();
    const again = SegmentStore.open(files, options);
    expect(sequences(again.recovery.waiting)).toEqual([1, 3]);
    expect(again.recovery).toMatchObject({ nextSequence: 4, torn: 0, damaged: [] });
    expect(plain(again.store.read(3)!)).toEqual(plain(block(3)));
    expect(again.recovery.waiting[0]).toMatchObject({ node: 'input-1', plugin: 'tcp', count: 2, length: 40 });
  });

  test('segments end at the page capacity, and go when all in them is acknowledged', () => {
    const files = new FakeFiles();
    const { store } = SegmentStore.open(files, options);
    const segments = (): number => files.list().filter((name) => name.startsWith('segment')).length;
    for (let sequence = 1; sequence <= 40; sequence++) store.commit([block(sequence)]);
    store.commit([block(41, 5000)]);
    expect(segments()).toBeGreaterThan(4);
    for (const name of files.list()) expect(files.size(name)).toBeLessThan(5500);
    store.acknowledge([1, 41]);
    store.commit([block(42)]);
    expect(segments()).toBe(1);
    store.acknowledge([42, 42]);
    store.close();
    expect(files.list()).toEqual(['acks']);
    expect(SegmentStore.open(files, options).recovery.nextSequence).toBe(43);
  });

  test('compressed blocks come back as they were', () => {
    const files = new FakeFiles();
    const { store } = SegmentStore.open(files, { pageCapacity: 1e6, compression: 'balanced' });
    store.commit([block(1, 50_000), block(2, 10)]);
    expect(store.fileBytes).toBeLessThan(2000);
    expect(plain(store.read(1)!)).toEqual(plain(block(1, 50_000)));
    expect(plain(store.read(2)!)).toEqual(plain(block(2, 10)));
  });

  test('a full disk: nothing is half there, and the same call succeeds later', () => {
    for (const operation of ['write', 'sync', 'create'] as const) {
      const files = new FakeFiles();
      const { store } = SegmentStore.open(files, options);
      if (operation !== 'create') store.commit([block(1)]);
      files.fail = { operation, left: 1, code: 'ENOSPC' };
      expect(() => store.commit([block(2), block(3)])).toThrow('ENOSPC');
      store.commit([block(2), block(3)]);
      expect(plain(store.read(3)!)).toEqual(plain(block(3)));
      files.restart(() => 0);
      const { recovery } = SegmentStore.open(files, options);
      expect(sequences(recovery.waiting)).toEqual(operation === 'create' ? [2, 3] : [1, 2, 3]);
    }
  });

  test('damage in the middle costs that record and no other; the file is kept for whoever wants to look', () => {
    const files = new FakeFiles();
    const { store } = SegmentStore.open(files, options);
    store.commit([block(1, 400), block(2, 400), block(3, 400)]);
    store.close();
    files.flip('segment-0000000001', 64 + 600, 3);
    const { store: again, recovery } = SegmentStore.open(files, options);
    expect(sequences(recovery.waiting)).toEqual([1, 3]);
    expect(recovery.damaged).toMatchObject([{ file: 'segment-0000000001' }]);
    again.acknowledge([1, 3]);
    again.close();
    expect(files.list()).toContain('segment-0000000001.damaged');
  });

  test('a log line that holds a whole record is never taken for one', () => {
    const files = new FakeFiles();
    const { store } = SegmentStore.open(files, options);
    store.commit([block(9, 100)]);
    const forged = files.read('segment-0000000001', 64, 1000);
    store.commit([{ ...block(10), bytes: forged, length: forged.length }]);
    store.close();
    const other = new FakeFiles();
    const { store: second } = SegmentStore.open(other, options);
    second.commit([{ ...block(1), bytes: forged, length: forged.length }, block(2)]);
    second.close();
    other.flip('segment-0000000001', 64 + 5, 1);
    expect(sequences(SegmentStore.open(other, options).recovery.waiting)).toEqual([2]);
  });

  /** One step of a run: commit some, acknowledge some, close and open, or a failing disk. */
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        commit: fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ acknowledge: fc.array(fc.nat(1000), { maxLength: 6 }) }) },
    { weight: 1, arbitrary: fc.constant({ reopen: true as const }) },
    { weight: 1, arbitrary: fc.record({ fail: fc.constantFrom('write', 'sync', 'create') }) },
  );

  test('a crash between any two file operations: no synced block is lost, none comes back changed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(step, { maxLength: 14 }), fc.nat(45)), { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        fc.constantFrom('none', 'speed'),
        (rounds, stream, compression) => {
          const chance = (): number => stream.next().value as number;
          const files = new FakeFiles();
          const given = new Map<number, StoredBlock>();
          const safe = new Set<number>();
          const acknowledged = new Set<number>();
          let next = 1;
          for (const [steps, crashAfter] of rounds) {
            files.crashAfter = crashAfter;
            let store: SegmentStore | undefined;
            const open = (): void => {
              const opened = SegmentStore.open(files, {
                pageCapacity: 1500,
                compression: compression as 'none',
              });
              store = opened.store;
              const waiting = new Set(sequences(opened.recovery.waiting));
              for (const sequence of safe)
                expect(waiting.has(sequence) || acknowledged.has(sequence)).toBe(true);
              for (const sequence of waiting) {
                expect(plain(store.read(sequence)!)).toEqual(plain(given.get(sequence)!));
                expect(opened.recovery.nextSequence).toBeGreaterThan(sequence);
              }
              expect(sequences(opened.recovery.waiting)).toEqual([...waiting].sort((a, b) => a - b));
              next = Math.max(next, opened.recovery.nextSequence);
            };
            try {
              open();
              for (const each of steps) {
                try {
                  if ('commit' in each) {
                    const blocks = each.commit.map((size) => block(next++, size));
                    for (const one of blocks) given.set(one.sequence, one);
                    store!.commit(blocks);
                    for (const one of blocks) safe.add(one.sequence);
                  } else if ('acknowledge' in each) {
                    const known = [...given.keys()];
                    const picked = [...new Set(each.acknowledge.map((at) => known[at % known.length]!))];
                    if (known.length === 0) continue;
                    for (const sequence of picked) acknowledged.add(sequence);
                    store!.acknowledge(picked.flatMap((sequence) => [sequence, sequence]));
                  } else if ('reopen' in each) {
                    store!.close();
                    if (!files.crashed) open();
                  } else files.fail = { operation: each.fail as 'write', left: 1, code: 'ENOSPC' };
                } catch (error) {
                  if ((error as { code?: string }).code !== 'ENOSPC') throw error;
                }
              }
            } catch (error) {
              if (!(error instanceof Crash) && (error as { code?: string }).code !== 'ENOSPC') throw error;
            }
            files.fail = undefined;
            files.restart(chance);
          }
          files.crashAfter = Infinity;
          const { recovery } = SegmentStore.open(files, options);
          const waiting = new Set(sequences(recovery.waiting));
          for (const sequence of safe) expect(waiting.has(sequence) || acknowledged.has(sequence)).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('any flipped bits: what is delivered is what was given, and opening ends', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 5 }),
        (sizes, flips) => {
          const files = new FakeFiles();
          const { store } = SegmentStore.open(files, options);
          const given = sizes.map((size, at) => block(at + 1, size));
          store.commit(given);
          store.acknowledge([1, 1]);
          store.close();
          for (const [which, at, bit] of flips) {
            const names = files.list();
            const name = names[which % names.length]!;
            if (files.size(name) > 0) files.flip(name, at % files.size(name), bit);
          }
          const again = SegmentStore.open(files, options);
          for (const { sequence } of again.recovery.waiting)
            expect(plain(again.store.read(sequence)!)).toEqual(plain(given[sequence - 1]!));
        },
      ),
      { numRuns: 300 },
    );
  });
});
