import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { FakeFiles } from '../../test/support/fake-files.ts';
import { RunKind } from '../kernel/plugin.ts';
import { Admission } from './admission.ts';
import { BlockBuilder, type QueuedBlock } from './block-builder.ts';
import { PersistedQueue, type PersistedQueueOptions } from './persisted-queue.ts';
import { MemoryQueue } from './queue.ts';
import { type QueueDisk, ThreadDisk } from './queue-disk.ts';
import type { QueueFiles } from './queue-files.ts';
import { SegmentStore } from './segment-store.ts';
import { type Slab, SlabPool } from './slab-pool.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
function folder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'millrace-queue-')));
  return folders.at(-1)!;
}

/** Gives every slab that comes back away at once, filled with other bytes: a reader that is late reads those. */
class StrictPool extends SlabPool {
  override give(slab: Slab): void {
    slab.bytes.fill(0xee);
    super.give(slab);
  }
}

/** A disk in this thread, as slow as an event loop is. */
class LocalDisk implements QueueDisk {
  readonly files: QueueFiles;
  #store!: SegmentStore;
  constructor(files: QueueFiles) {
    this.files = files;
  }
  async open(): Promise<any> {
    const { store, recovery } = SegmentStore.open(this.files, { pageCapacity: 20_000, compression: 'none' });
    this.#store = store;
    return recovery;
  }
  async commit(blocks: any, acknowledged: readonly number[]): Promise<void> {
    await new Promise((done) => setImmediate(done));
    if (acknowledged.length > 0) this.#store.acknowledge(acknowledged);
    if (blocks.length > 0) this.#store.commit(blocks);
    else if (acknowledged.length === 0) this.#store.probe();
  }
  async read(requests: any): Promise<any> {
    await new Promise((done) => setImmediate(done));
    return requests.map(({ sequence, bytes }: any) => {
      const block = this.#store.read(sequence);
      if (block) bytes?.set(block.bytes);
      return block;
    });
  }
  async close(): Promise<void> {
    this.#store.close();
  }
}

let nextId = 1;
function makeQueue(disk: QueueDisk, more: Partial<PersistedQueueOptions> = {}): PersistedQueue {
  return new PersistedQueue({
    disk,
    pool: new StrictPool(),
    maxEvents: 0,
    maxBytes: 1e9,
    checkpointWrites: 1,
    checkpointInterval: 10,
    nextBlockId: () => nextId++,
    changed: () => {},
    problem: () => {},
    lost: (records, why) => {
      throw new Error(`${records} lost: ${why}`);
    },
    ...more,
  });
}

const source = { node: 'in', plugin: 'tcp' };
const bind = (): { input: number; version: number } => ({ input: 0, version: 1 });
const any = (): boolean => true;

function block(pool: SlabPool, text: string): QueuedBlock {
  const builder = new BlockBuilder(pool, -1);
  builder.append(RunKind.lines, { key: 'a' }, Buffer.from(`${text}\n`), 1, 5);
  return builder.seal(nextId++, 0, 1, source);
}
const textOf = ({ slab, length }: QueuedBlock): string =>
  Buffer.from(slab!.bytes.subarray(0, length)).toString().trimEnd();
const turn = (): Promise<void> => new Promise((done) => setTimeout(done, 1));

async function take(queue: PersistedQueue): Promise<QueuedBlock> {
  for (let tries = 0; tries < 1000; tries++) {
    const found = queue.next(any);
    if (found) return found;
    await turn();
  }
  throw new Error('no block came');
}

describe('PersistedQueue', () => {
  test('answers when it is synced; what was not delivered comes back after a restart, in order', async () => {
    const at = folder();
    const pool = new StrictPool();
    const options = { folder: at, pageCapacity: 1e6, compression: 'none' } as const;
    const queue = makeQueue(new ThreadDisk(options), { pool });
    await queue.open(bind);
    for (const text of ['one', 'two', 'three']) queue.push(block(pool, text));
    await new Promise<void>((done) => queue.whenSafe(done));
    expect(readdirSync(at).sort()).toEqual(['acks', 'lock', 'segment-0000000001']);
    const first = await take(queue);
    expect(textOf(first)).toBe('one');
    if (queue.acknowledge(first)) pool.give(first.slab!);
    queue.keep();
    expect(queue.next(any)).toBeUndefined();
    await queue.close();

    const again = makeQueue(new ThreadDisk(options), { pool });
    await again.open(() => ({ input: 3, version: 9 }));
    expect([again.unacknowledged, again.waiting, again.waitingBlocks]).toEqual([2, 2, 2]);
    const second = await take(again);
    expect([textOf(second), second.input, second.version, second.peers, second.receivedAt]).toEqual([
      'two',
      3,
      9,
      [{ key: 'a' }],
      5,
    ]);
    const third = await take(again);
    for (const each of [second, third]) if (again.acknowledge(each)) pool.give(each.slab!);
    await again.close();
    expect(readdirSync(at)).toEqual(['acks']);
  });

  test('a block that is delivered before its commit is never written', async () => {
    const files = new FakeFiles();
    const pool = new StrictPool();
    const queue = makeQueue(new LocalDisk(files), { pool, checkpointWrites: 100 });
    await queue.open(bind);
    queue.push(block(pool, 'one'));
    let safe = false;
    const taken = queue.next(any)!;
    pool.give(queue.acknowledge(taken) ? taken.slab! : pool.take(1));
    queue.whenSafe(() => (safe = true));
    expect(safe).toBe(true);
    await turn();
    await queue.close();
    expect(files.list()).toEqual(['acks']);
  });

  test('blocks that are held back from the disk leave one commit that waits, not one for each of them', async () => {
    vi.useFakeTimers();
    try {
      const queue = makeQueue(new LocalDisk(new FakeFiles()), { checkpointWrites: 1000 });
      const opened = queue.open(bind);
      await vi.advanceTimersByTimeAsync(1);
      await opened;
      const pool = new SlabPool();
      const atWorkers: QueuedBlock[] = [];
      let answered = 0;
      // One that is delivered at once: outputs are quick.
      queue.push(block(pool, 'first'));
      queue.acknowledge(queue.next(any)!);
      for (let n = 0; n < 200; n++) {
        queue.push(block(pool, `line ${n}`));
        queue.whenSafe(() => answered++);
        atWorkers.push(queue.next(any)!);
        if (atWorkers.length > 7) queue.acknowledge(atWorkers.shift()!);
        await vi.advanceTimersByTimeAsync(2);
        // The interval of checkpoints, that of acknowledgements, and the next commit.
        expect(vi.getTimerCount()).toBeLessThanOrEqual(3);
      }
      expect(answered).toBeGreaterThan(190);
      const closed = queue.close();
      await vi.advanceTimersByTimeAsync(100);
      await closed;
    } finally {
      vi.useRealTimers();
    }
  });

  test('whatever the order of pushing, taking, acknowledging and restarting: all comes, once, in order, unchanged', async () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ acknowledge: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ wait: fc.integer({ min: 1, max: 3 }) }),
      fc.constant({ putBack: true as const }),
      fc.constant({ restart: true as const }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom(1, 20, 1e9),
        async (steps, writes) => {
          const files = new FakeFiles();
          const pool = new StrictPool();
          const checkpoint = { pool, checkpointWrites: writes, checkpointInterval: 1e9 };
          let queue = makeQueue(new LocalDisk(files), checkpoint);
          await queue.open(bind);
          let given = 0;
          /** Numbers that wait, in order, and those at workers. */
          let waiting: number[] = [];
          let flying: { number: number; block: QueuedBlock }[] = [];
          /** An answer comes, whatever else happens, without the help of the interval. */
          const safe = (): Promise<void> =>
            new Promise((done, fail) => {
              const timer = setTimeout(() => fail(new Error('no answer')), 1000);
              queue.whenSafe(() => {
                clearTimeout(timer);
                done();
              });
            });
          const acknowledge = (count: number): void => {
            for (const { block: each } of flying.splice(0, count))
              if (queue.acknowledge(each)) pool.give(each.slab!);
          };
          for (const each of steps) {
            if ('push' in each) {
              for (let n = 0; n < each.push; n++) {
                waiting.push(++given);
                queue.push(block(pool, `record ${given}`));
              }
            } else if ('take' in each) {
              for (let n = 0; n < each.take && waiting.length > 0; n++) {
                const taken = await take(queue);
                const number = waiting.shift()!;
                expect(textOf(taken)).toBe(`record ${number}`);
                flying.push({ number, block: taken });
              }
            } else if ('acknowledge' in each) acknowledge(each.acknowledge);
            else if ('wait' in each) for (let n = 0; n < each.wait; n++) await turn();
            else if ('putBack' in each) {
              const last = flying.pop();
              if (!last) continue;
              queue.putBack(last.block);
              waiting = [last.number, ...waiting];
            } else {
              await queue.close();
              waiting = [...flying.map(({ number }) => number), ...waiting].sort((a, b) => a - b);
              flying = [];
              queue = makeQueue(new LocalDisk(files), checkpoint);
              await queue.open(bind);
            }
            if ('wait' in each && each.wait === 3) await safe();
            expect(queue.unacknowledged).toBe(waiting.length + flying.length);
            for (const { number, block: taken } of flying) expect(textOf(taken)).toBe(`record ${number}`);
          }
          while (waiting.length > 0) {
            const taken = await take(queue);
            expect(textOf(taken)).toBe(`record ${waiting.shift()}`);
            flying.push({ number: 0, block: taken });
          }
          acknowledge(Infinity);
          expect([queue.unacknowledged, queue.bytes, queue.waiting]).toEqual([0, 0, 0]);
          await queue.close();
          expect(files.list()).toEqual(['acks']);
        },
      ),
      { numRuns: 60 },
    );
  }, 20_000);

  test('a full disk: no answer, no room, one problem in words; it goes on by itself', async () => {
    const files = new FakeFiles();
    const problems: (string | undefined)[] = [];
    const pool = new StrictPool();
    const queue = makeQueue(new LocalDisk(files), { pool, problem: (text) => problems.push(text) });
    await queue.open(bind);
    files.fail = { operation: 'write', left: 1, code: 'ENOSPC' };
    queue.push(block(pool, 'one'));
    let safe = false;
    queue.whenSafe(() => (safe = true));
    while (problems.length === 0) await turn();
    expect([safe, queue.hasRoom]).toEqual([false, false]);
    expect(problems[0]).toContain('ENOSPC');
    const end = Date.now() + 3000;
    while (!safe && Date.now() < end) await turn();
    expect([safe, queue.hasRoom, problems.at(-1)]).toEqual([true, true, undefined]);
    await queue.close();
  });

  test('a disk that can not be read: the problem stays until it can, and blocks come then', async () => {
    const files = new FakeFiles();
    const pool = new StrictPool();
    const first = makeQueue(new LocalDisk(files), { pool });
    await first.open(bind);
    first.push(block(pool, 'one'));
    await first.close();
    const problems: (string | undefined)[] = [];
    const queue = makeQueue(new LocalDisk(files), { pool, problem: (text) => problems.push(text) });
    const opening = queue.open(bind);
    await opening;
    files.fail = { operation: 'read', left: 2, code: 'EIO' };
    queue.rebind(() => undefined);
    queue.rebind(bind);
    const end = Date.now() + 5000;
    while ((problems.length === 0 || problems.at(-1) !== undefined) && Date.now() < end) await turn();
    expect(problems).toEqual([expect.stringContaining('EIO'), expect.stringContaining('EIO'), undefined]);
    expect(queue.hasRoom).toBe(true);
    expect(await take(queue)).toMatchObject({ count: 1 });
    await queue.close();
  });

  test('blocks whose input is gone are kept until one of its kind is back', async () => {
    const files = new FakeFiles();
    const pool = new StrictPool();
    const queue = makeQueue(new LocalDisk(files), { pool });
    await queue.open(bind);
    queue.push(block(pool, 'one'));
    queue.rebind(() => undefined);
    expect([queue.orphanedRecords, queue.unacknowledged, queue.waiting]).toEqual([1, 1, 0]);
    expect(queue.next(any)).toBeUndefined();
    queue.rebind(() => ({ input: 2, version: 4 }));
    expect(await take(queue)).toMatchObject({ input: 2, version: 4 });
    await queue.close();
  });
});

describe('Admission', () => {
  test('never more in the queue than it may hold; every record comes, in order, whole', () => {
    const given = fc.array(
      fc.record({
        kind: fc.constantFrom('lines', 'record', 'virtual', 'end'),
        texts: fc.array(fc.stringMatching(/^[a-z]{0,8}$/), { minLength: 1, maxLength: 12 }),
        peer: fc.integer({ min: 0, max: 2 }),
        cut: fc.boolean(),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(given, fc.integer({ min: 1, max: 7 }), (runs, limit) => {
        const pool = new StrictPool();
        const queue = new MemoryQueue({ blocks: 1e9, bytes: 1e9, events: limit });
        const admission = new Admission(queue, { pool, nextBlockId: () => nextId++ });
        const peers = ['a', 'b', 'c'].map((key) => ({ key }));
        const expected: string[] = [];
        const found: string[] = [];
        const offered = new Set<number>();
        const delivered: number[] = [];
        const takeAll = (): void => {
          for (let each = queue.next(any); each; each = queue.next(any)) {
            let start = 0;
            expect(each.count).toBe(each.runs.filter((_, at) => at % 4 === 3).reduce((a, b) => a + b, 0));
            for (let at = 0; at < each.runs.length; at += 4) {
              const [kind, peer, end, count] = each.runs.subarray(at, at + 4) as unknown as number[];
              const key = each.peers[peer!]!.key;
              const text = Buffer.from(each.slab?.bytes.subarray(start, end) ?? []).toString();
              if (kind === RunKind.lines) {
                const lines = text.split('|').slice(0, -1);
                expect(lines).toHaveLength(count!);
                for (const line of lines) found.push(`${key}:${line}`);
              } else if (kind === RunKind.virtual) for (let n = 0; n < count!; n++) found.push(`${key}#`);
              else found.push(kind === RunKind.end ? `${key} end` : `${key}:${text}`);
              start = end!;
            }
            if (queue.acknowledge(each) && each.slab) pool.give(each.slab);
            const whole = admission.delivered(each.id);
            if (whole !== undefined) delivered.push(whole);
            admission.drain();
            expect(queue.unacknowledged).toBeLessThanOrEqual(limit);
          }
        };
        const builder = new BlockBuilder(pool, -1);
        const offer = (): void => {
          if (builder.isEmpty) return;
          const sealed = builder.seal(nextId++, 0, 1, source);
          offered.add(sealed.id);
          admission.offer(sealed, Buffer.from('|'));
          expect(queue.unacknowledged).toBeLessThanOrEqual(limit);
        };
        let admitted = 0;
        let marks = 0;
        for (const { kind, texts, peer, cut } of runs) {
          const key = peers[peer]!.key;
          if (kind === 'lines') {
            builder.append(RunKind.lines, peers[peer]!, Buffer.from(`${texts.join('|')}|`), texts.length, 1);
            for (const text of texts) expected.push(`${key}:${text}`);
          } else if (kind === 'record') {
            builder.append(RunKind.record, peers[peer]!, Buffer.from(texts[0]!), 1, 1);
            expected.push(`${key}:${texts[0]}`);
          } else if (kind === 'virtual') {
            builder.append(RunKind.virtual, peers[peer]!, undefined, texts.length, 1);
            for (const _ of texts) expected.push(`${key}#`);
          } else {
            builder.append(RunKind.end, peers[peer]!, undefined, 0, 1);
            expected.push(`${key} end`);
          }
          if (!cut) continue;
          offer();
          marks++;
          admission.whenAdmitted(() => admitted++);
          if (texts.length % 2) takeAll();
        }
        offer();
        takeAll();
        expect(found).toEqual(expected);
        expect(new Set(delivered)).toEqual(offered);
        expect(delivered).toHaveLength(offered.size);
        expect([admission.isEmpty, admission.records, admitted]).toEqual([true, 0, marks]);
      }),
    );
  });
});
