import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RunKind } from '../kernel/plugin.ts';
import { BlockBuilder } from './block-builder.ts';
import { SLAB_BYTES, SlabPool } from './slab-pool.ts';

describe('SlabPool', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  test('slabs are used again, large ones too', () => {
    const pool = new SlabPool();
    for (const bytes of [10, SLAB_BYTES, SLAB_BYTES + 2, 3_000_000, 100_000_000]) {
      const slab = pool.take(bytes);
      expect(slab.bytes.length).toBeGreaterThanOrEqual(bytes);
      pool.give(slab);
      expect(pool.take(bytes - 1)).toBe(slab);
    }
  });

  test('a block of a few records does not keep the slab of a large one', () => {
    const pool = new SlabPool();
    const builder = new BlockBuilder(pool, -1);
    const sealed = (bytes: number): Uint8Array => {
      builder.append(RunKind.record, { key: 'a' }, new Uint8Array(bytes).fill(bytes), 1, 0);
      const { slab, length } = builder.seal(bytes, 0, 1, { node: 'in', plugin: 'http' });
      expect(slab!.bytes.subarray(0, length)).toEqual(new Uint8Array(bytes).fill(bytes));
      return slab!.bytes;
    };
    const small = Array.from({ length: 100 }, () => sealed(300).length);
    expect(new Set(small)).toEqual(new Set([4096]));
    expect(sealed(16_000).length).toBe(16_384);
    expect(sealed(17_000).length).toBe(SLAB_BYTES);
  });

  test('a block that has kept its bytes as they came still grows when others have to be copied', () => {
    const pool = new SlabPool();
    const builder = new BlockBuilder(pool, -1);
    const peer = { key: 'a' };
    const kept = new Uint8Array(3000).fill(1);
    builder.appendRecords(peer, kept, 0, Int32Array.of(3000), 0, 0, 0, true);
    builder.append(RunKind.record, peer, new Uint8Array(100_000).fill(2), 1, 0);
    const { slab, length } = builder.seal(1, 0, 1, { node: 'in', plugin: 'beats' });
    expect(length).toBe(103_000);
    expect(slab!.bytes.subarray(0, 3000)).toEqual(kept);
    expect(slab!.bytes.subarray(3000, length)).toEqual(new Uint8Array(100_000).fill(2));
  });

  test('a steady need drops none, whatever its size', () => {
    const dropped: number[] = [];
    const pool = new SlabPool((id) => dropped.push(id));
    let most = 0;
    for (let round = 0; round < 100; round++) {
      const slabs = Array.from({ length: 600 }, (_, at) => pool.take(at * 2000));
      most = Math.max(most, ...slabs.map(({ id }) => id));
      for (const slab of slabs) pool.give(slab);
      vi.advanceTimersByTime(1000);
    }
    expect(most).toBe(600);
    expect(dropped).toEqual([]);
  });

  test('after a burst slabs are dropped bit by bit, and told of, so that workers forget them', () => {
    const dropped = new Set<number>();
    const pool = new SlabPool((id) => dropped.add(id));
    for (const slab of Array.from({ length: 300 }, (_, at) => pool.take(at % 2 === 0 ? 100 : 1_000_000)))
      pool.give(slab);
    for (let second = 0; second < 200; second++) {
      vi.advanceTimersByTime(1000);
      const slab = pool.take(100);
      expect(dropped).not.toContain(slab.id);
      pool.give(slab);
    }
    expect(dropped.size).toBeGreaterThanOrEqual(298);
  });

  test("an input's buffer is freed when the input is done and no block keeps a piece, in either order", () => {
    const pool = new SlabPool();
    const early = new ArrayBuffer(100);
    const [first, second] = [[new Uint8Array(early, 0, 50)], [new Uint8Array(early, 50)]];
    for (const [piece] of [first, second]) pool.keep(piece!);
    pool.done(early);
    pool.letGo(first);
    pool.letGo(first);
    expect(early.byteLength).toBe(100);
    pool.letGo(second);
    expect(early.byteLength).toBe(0);

    const late = new ArrayBuffer(100);
    const pieces = [new Uint8Array(late), new Uint8Array(late)];
    for (const piece of pieces) pool.keep(piece);
    pool.letGo(pieces);
    expect(late.byteLength).toBe(100);
    pool.done(late);
    expect(late.byteLength).toBe(0);
  });
});
