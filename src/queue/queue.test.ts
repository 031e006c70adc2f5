import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Peer, RunKind } from '../kernel/plugin.ts';
import { BlockBuilder, type QueuedBlock, share } from './block-builder.ts';
import { MemoryQueue } from './queue.ts';
import { SlabPool } from './slab-pool.ts';

const peer = (key: string): Peer => ({ key });
const source = { node: 'in', plugin: 'tcp' };

describe('BlockBuilder', () => {
  test('lines of one peer become one run, those of another a new one', () => {
    const builder = new BlockBuilder(new SlabPool(), -1);
    const [a, b] = [peer('a'), peer('b')];
    builder.append(RunKind.lines, a, Buffer.from('1\n2\n'), 2, 5);
    builder.append(RunKind.lines, a, Buffer.from('3\n'), 1, 6);
    builder.append(RunKind.lines, b, Buffer.from('4\n'), 1, 7);
    builder.append(RunKind.lines, a, Buffer.from('5\n'), 1, 8);
    const block = builder.seal(9, 0, 1, source);
    expect([...block.runs]).toEqual([0, 0, 6, 3, 0, 1, 8, 1, 0, 0, 10, 1]);
    expect(block).toMatchObject({ id: 9, count: 5, length: 10, receivedAt: 5, peers: [a, b] });
    expect(Buffer.from(block.slab!.bytes.subarray(0, 10)).toString()).toBe('1\n2\n3\n4\n5\n');
    expect(builder.isEmpty).toBe(true);
  });

  test('what goes in comes out, whatever the mixture', () => {
    const record = fc.record({
      peer: fc.integer({ min: 0, max: 3 }),
      bytes: fc.uint8Array({ maxLength: 300 }),
      many: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 60 }), (records) => {
        const pool = new SlabPool();
        const builder = new BlockBuilder(pool, -1);
        const peers = [0, 1, 2, 3].map((n) => peer(String(n)));
        const blocks: QueuedBlock[] = [];
        const expected: string[] = [];
        for (const { peer: from, bytes, many } of records) {
          const length = many ? bytes.length * 2 : bytes.length;
          if (!builder.fits(length)) blocks.push(builder.seal(blocks.length, 0, 1, source));
          if (many) {
            const both = Buffer.concat([bytes, bytes]);
            const ends = Int32Array.of(bytes.length, both.length);
            builder.appendRecords(peers[from]!, both, 0, ends, 0, 1, 1, bytes.length % 2 === 0);
            expected.push(`${from}:${Buffer.from(bytes).toString('hex')}`);
          } else builder.append(RunKind.record, peers[from]!, bytes, 1, 1);
          expected.push(`${from}:${Buffer.from(bytes).toString('hex')}`);
        }
        if (!builder.isEmpty) blocks.push(builder.seal(blocks.length, 0, 1, source));
        const found: string[] = [];
        for (const block of blocks) {
          const slab = share(block, pool);
          let start = 0;
          for (let at = 0; at < block.runs.length; at += 4) {
            const end = block.runs[at + 2]!;
            const bytes = Buffer.from(slab?.bytes.subarray(start, end) ?? []);
            found.push(`${block.peers[block.runs[at + 1]!]!.key}:${bytes.toString('hex')}`);
            start = end;
          }
        }
        expect(found).toEqual(expected);
        expect(blocks.reduce((sum, block) => sum + block.count, 0)).toBe(expected.length);
      }),
    );
  });

  test('a record larger than a slab gets one of its own', () => {
    const builder = new BlockBuilder(new SlabPool(), -1);
    const large = Buffer.alloc(2_000_000, 'x');
    expect(builder.fits(large.length)).toBe(true);
    builder.append(RunKind.record, peer('a'), large, 1, 1);
    expect(builder.fits(1)).toBe(false);
    expect(builder.seal(1, 0, 1, source).length).toBe(2_000_000);
  });
});

describe('MemoryQueue', () => {
  const block = (id: number, more: Partial<QueuedBlock> = {}): QueuedBlock => ({
    id,
    input: 0,
    version: 1,
    receivedAt: 0,
    count: 10,
    length: 100,
    slab: undefined,
    runs: new Int32Array(),
    peers: [],
    lane: -1,
    source,
    ...more,
  });
  const any = (): boolean => true;

  test('first in, first out; counts what is not acknowledged', () => {
    const queue = new MemoryQueue({ blocks: 4, bytes: 1000, events: 0 });
    const all = [1, 2, 3].map((id) => block(id));
    for (const each of all) queue.push(each);
    expect(queue.next(any)).toBe(all[0]);
    expect([queue.waiting, queue.unacknowledged, queue.bytes]).toEqual([20, 30, 300]);
    queue.acknowledge(all[0]!);
    expect([queue.waiting, queue.unacknowledged, queue.bytes]).toEqual([20, 20, 200]);
  });

  test('is full by blocks, by bytes, by events; there is room again later than it was full', () => {
    const byBlocks = new MemoryQueue({ blocks: 4, bytes: 1e9, events: 0 });
    for (const id of [1, 2, 3, 4]) byBlocks.push(block(id));
    expect(byBlocks.hasRoom).toBe(false);
    byBlocks.next(any);
    expect([byBlocks.hasRoom, byBlocks.hasRoomAgain]).toEqual([true, false]);
    byBlocks.next(any);
    expect(byBlocks.hasRoomAgain).toBe(true);

    const byBytes = new MemoryQueue({ blocks: 100, bytes: 250, events: 0 });
    for (const id of [1, 2, 3]) byBytes.push(block(id));
    expect(byBytes.hasRoom).toBe(false);

    const byEvents = new MemoryQueue({ blocks: 100, bytes: 1e9, events: 15 });
    const first = block(1);
    byEvents.push(first);
    byEvents.push(block(2));
    byEvents.next(any);
    expect(byEvents.hasRoom).toBe(false);
    byEvents.acknowledge(first);
    expect(byEvents.hasRoom).toBe(true);
  });

  test('a block whose worker is busy lets others pass, in order', () => {
    const queue = new MemoryQueue({ blocks: 4, bytes: 1000, events: 0 });
    const [a, b, c] = [block(1, { lane: 0 }), block(2, { lane: 1 }), block(3, { lane: 0 })];
    for (const each of [a, b, c]) queue.push(each);
    expect(queue.next((each) => each.lane === 1)).toBe(b);
    expect(queue.next(any)).toBe(a);
    expect(queue.next(any)).toBe(c);
  });

  test('what a dead worker had comes first again', () => {
    const queue = new MemoryQueue({ blocks: 4, bytes: 1000, events: 0 });
    const [a, b] = [block(1), block(2)];
    queue.push(a);
    queue.push(b);
    queue.next(any);
    queue.putBack(a);
    expect(queue.next(any)).toBe(a);
  });
});
