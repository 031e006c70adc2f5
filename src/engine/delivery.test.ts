import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Event } from '../event/event.ts';
import type { Event as EventType } from '../kernel/event-types.ts';
import { type Logger, silentLogger } from '../kernel/logger.ts';
import type { Output, WriteFailure } from '../kernel/plugin.ts';
import { Delivery } from './delivery.ts';

const events = (count: number): Event[] => Array.from({ length: count }, (_, n) => new Event({ n }));
const numbers = (list: readonly EventType[]): unknown[] => list.map((event) => event.fields['n']);

function deliveryOf(
  output: Partial<Output>,
  logger: Logger = silentLogger,
): {
  delivery: Delivery;
  counts: { delivered: number; rejected: unknown[] };
  problems: (string | undefined)[];
} {
  const counts = { delivered: 0, rejected: [] as unknown[] };
  const problems: (string | undefined)[] = [];
  const delivery = new Delivery(
    { write: () => undefined, close: async () => {}, ...output },
    {
      logger,
      timeLimitMs: 1000,
      delivered: (count) => {
        counts.delivered += count;
      },
      rejected: (list) => {
        counts.rejected.push(...numbers(list));
      },
      health: (problem) => problems.push(problem),
    },
  );
  return { delivery, counts, problems };
}

const reject = (index: number): WriteFailure => ({ index, kind: 'reject', reason: 'no' });

describe('Delivery', () => {
  test('what is accepted at once needs no promise', () => {
    const { delivery, counts } = deliveryOf({});
    expect(delivery.write(events(3))).toBeUndefined();
    expect(counts.delivered).toBe(3);
  });

  test('a batch that throws is written again, the problem is told and then cleared', async () => {
    let tries = 0;
    const { delivery, counts, problems } = deliveryOf({
      async write() {
        if (++tries < 3) throw new Error('connect ECONNREFUSED 127.0.0.1:9');
        return undefined;
      },
    });
    await delivery.write(events(2));
    expect([tries, counts.delivered]).toEqual([3, 2]);
    expect(problems).toEqual(['connect ECONNREFUSED 127.0.0.1:9', undefined]);
  });

  test('a problem that comes and goes is warned of once, whatever its numbers, and another one at once', async () => {
    const lines: string[] = [];
    const warn = (_: object, text: string): void => void lines.push(text);
    let tries = 0;
    const { delivery, problems } = deliveryOf(
      {
        async write() {
          tries++;
          if (tries === 7) throw new Error('the disk is full');
          if (tries % 2 === 1) throw new Error(`${tries * 1000} bytes wait`);
          return undefined;
        },
      },
      { ...silentLogger, warn },
    );
    for (let batch = 0; batch < 4; batch++) await delivery.write(events(1));
    expect(tries).toBe(8);
    expect(lines.map((line) => line.split(';')[0])).toEqual(['1000 bytes wait', 'the disk is full']);
    // Health has all of them.
    expect(problems.filter((problem) => problem !== undefined)).toHaveLength(4);
  });

  test('only the events that failed are written again, in order', async () => {
    const written: unknown[][] = [];
    const { delivery, counts } = deliveryOf({
      async write(list) {
        written.push(numbers(list));
        return written.length === 1
          ? [
              { index: 3, kind: 'retry', reason: '429' },
              { index: 1, kind: 'retry', reason: '429' },
              { index: 2, kind: 'reject', reason: '400' },
            ]
          : undefined;
      },
    });
    await delivery.write(events(5));
    expect(written).toEqual([
      [0, 1, 2, 3, 4],
      [1, 3],
    ]);
    expect(counts).toEqual({ delivered: 4, rejected: [2] });
  });

  test('an output that can not be opened yet is opened again before it is written to', async () => {
    let opened = 0;
    const { delivery, counts } = deliveryOf({
      async open() {
        if (++opened < 3) throw new Error('refused');
      },
    });
    await delivery.open();
    await delivery.write(events(1));
    expect([opened, counts.delivered]).toEqual([3, 1]);
  });

  test('an error of the config is not tried again', async () => {
    const { delivery } = deliveryOf({
      open: () => Promise.reject(Object.assign(new Error('bad certificate'), { code: 'ERR_CONFIG' })),
    });
    await expect(delivery.open()).rejects.toThrow('bad certificate');
  });

  test('Retry-After is waited for', async () => {
    let tries = 0;
    const { delivery } = deliveryOf({
      async write() {
        return ++tries === 1 ? [{ index: 0, kind: 'retry', reason: '503', retryAfter: 700 }] : undefined;
      },
    });
    const started = performance.now();
    await delivery.write(events(1));
    expect(performance.now() - started).toBeGreaterThanOrEqual(690);
  });

  test('close ends what waits to be tried again', async () => {
    const { delivery } = deliveryOf({ write: () => Promise.reject(new Error('down')) });
    const writing = delivery.write(events(1))!;
    const ended = expect(writing).rejects.toThrow();
    await new Promise((done) => setTimeout(done, 50));
    await delivery.close();
    await ended;
  });

  test('lines that fail are written again as lines', async () => {
    let tries = 0;
    const { delivery, counts } = deliveryOf({
      async writeLines() {
        if (++tries === 1) throw new Error('reset');
      },
    });
    await delivery.writeLines(Buffer.from('a\nb\n'), 2);
    expect([tries, counts.delivered]).toEqual([2, 2]);
  });

  test('rejected events are done when they are kept, also those of a later try', async () => {
    const keep: (() => void)[] = [];
    let tries = 0;
    const delivery = new Delivery(
      {
        close: async () => {},
        async write() {
          tries++;
          if (tries === 1) return [reject(0), { index: 1, kind: 'retry', reason: 'busy' }];
          return [reject(0)];
        },
      },
      {
        logger: silentLogger,
        timeLimitMs: 0,
        delivered() {},
        rejected: () => new Promise((resolve) => keep.push(resolve)),
        health() {},
      },
    );
    let done = false;
    const written = delivery.write(events(2))!.then(() => {
      done = true;
    });
    while (keep.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    keep[1]!();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done).toBe(false);
    keep[0]!();
    await written;
    expect(done).toBe(true);
  });

  test('a sync write with rejected events waits for them, too', async () => {
    let keep = (): void => {};
    const delivery = new Delivery(
      { close: async () => {}, write: () => [reject(0)] },
      {
        logger: silentLogger,
        timeLimitMs: 0,
        delivered() {},
        rejected: () =>
          new Promise((resolve) => {
            keep = resolve;
          }),
        health() {},
      },
    );
    const written = delivery.write(events(1));
    expect(written).toBeInstanceOf(Promise);
    keep();
    await written;
  });

  const quick = { initialMs: 40, maxMs: 160 };

  test('a dead output is asked once in each wait, however many batches are in flight', async () => {
    let tries = 0;
    let down = true;
    const at: number[] = [];
    const { delivery, counts, problems } = deliveryOf({
      retryDelays: { initialMs: 200, maxMs: 200 },
      async write() {
        tries++;
        at.push(performance.now());
        await new Promise((done) => setTimeout(done, 1));
        if (down) throw new Error('connect ECONNREFUSED');
        return undefined;
      },
    });
    const writing = Array.from({ length: 20 }, () => delivery.write(events(3))!);
    await new Promise((done) => setTimeout(done, 15));
    expect(tries).toBe(20);
    writing.push(...Array.from({ length: 20 }, () => delivery.write(events(3))!));
    while (tries < 24) await new Promise((done) => setTimeout(done, 5));
    // Never two within the shortest wait: a tenth of 200 ms.
    for (let index = 21; index < at.length; index++) expect(at[index]! - at[index - 1]!).toBeGreaterThan(15);
    down = false;
    await Promise.all(writing);
    expect(counts.delivered).toBe(120);
    expect(tries).toBeLessThan(24 + 43);
    expect(problems).toEqual(['connect ECONNREFUSED', undefined]);
  });

  test('an output that sends each event by itself is asked with one event first', async () => {
    const sizes: number[] = [];
    let down = 3;
    const { delivery, counts } = deliveryOf({
      writesSingly: true,
      retryDelays: quick,
      async write(list) {
        sizes.push(list.length);
        return down-- > 0
          ? list.map((_, index) => ({ index, kind: 'retry' as const, reason: 'refused' }))
          : undefined;
      },
    });
    await delivery.write(events(5));
    expect([sizes, counts.delivered]).toEqual([[5, 1, 1, 1, 4], 5]);
  });

  test('when only some events fail, others are written meanwhile', async () => {
    const { delivery, counts, problems } = deliveryOf({
      retryDelays: { initialMs: 300, maxMs: 300 },
      async write(list) {
        if (list.length === 5) return [{ index: 0, kind: 'retry', reason: 'shard is moving' }];
        return undefined;
      },
    });
    const first = delivery.write(events(5));
    await new Promise((done) => setTimeout(done, 5));
    await delivery.write(events(2));
    expect([counts.delivered, problems]).toEqual([6, ['shard is moving']]);
    await first;
    expect([counts.delivered, problems]).toEqual([7, ['shard is moving', undefined]]);
  });

  test('a batch that always fails does not keep the others from trying', async () => {
    const { delivery, counts } = deliveryOf({
      retryDelays: quick,
      async write(list) {
        if (list.length === 3) throw new Error('too much for me');
        return undefined;
      },
    });
    const bad = delivery.write(events(3))!.catch(() => 'stopped');
    await new Promise((done) => setTimeout(done, 1));
    for (const writing of [delivery.write(events(1)), delivery.write(events(2))]) await writing;
    expect(counts.delivered).toBe(3);
    await delivery.close();
    expect(await bad).toBe('stopped');
  });

  test('a write that hangs is cut and tried again', async () => {
    let tries = 0;
    const { delivery, problems } = deliveryOf({
      retryDelays: quick,
      write: (_list, signal) =>
        ++tries > 1
          ? undefined
          : new Promise((_resolve, reject) =>
              signal.addEventListener('abort', () => reject(new Error('aborted'))),
            ),
    });
    const ticking = setInterval(() => void delivery.tick(), 100);
    const started = performance.now();
    await delivery.write(events(1));
    clearInterval(ticking);
    expect(performance.now() - started).toBeGreaterThan(950);
    expect(problems[0]).toContain('nothing came of a write for 1 seconds');
  });

  test('a write that may take as long as it likes is not cut', async () => {
    const { delivery } = deliveryOf({
      timeLimit: 'none',
      write: (_list, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          setTimeout(() => resolve(undefined), 1300);
        }),
    });
    const ticking = setInterval(() => void delivery.tick(), 100);
    await delivery.write(events(1));
    clearInterval(ticking);
  });

  test('an output that could not be opened is opened in the background, and health is well again', async () => {
    let opened = 0;
    const { delivery, problems } = deliveryOf({
      retryDelays: quick,
      async open() {
        if (++opened < 4) throw new Error('refused');
      },
    });
    await delivery.open();
    while (problems.length < 2) await new Promise((done) => setTimeout(done, 5));
    expect([opened, problems]).toEqual([4, ['refused', undefined]]);
    expect(delivery.write(events(1))).toBeUndefined();
  });

  test('every event is delivered or rejected exactly once, whatever the output answers', async () => {
    const answer = fc.array(fc.constantFrom('ok', 'retry', 'reject'), { minLength: 6, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { maxLength: 3 }), async (rounds) => {
        let round = 0;
        const accepted: unknown[] = [];
        const { delivery, counts } = deliveryOf({
          retryDelays: { initialMs: 20, maxMs: 40 },
          async write(list) {
            const answers = rounds[round++] ?? [];
            const failures: WriteFailure[] = [];
            for (const [index, event] of list.entries()) {
              const kind = answers[index] ?? 'ok';
              if (kind === 'ok') accepted.push(event.fields['n']);
              else failures.push({ index, kind: kind as 'retry' | 'reject', reason: kind, retryAfter: 0 });
            }
            return failures;
          },
        });
        await delivery.write(events(6));
        expect([...accepted, ...counts.rejected].sort()).toEqual([0, 1, 2, 3, 4, 5]);
        expect(counts.delivered).toBe(accepted.length);
      }),
      { numRuns: 30 },
    );
  });

  test('given up, what it could not deliver is rejected, what comes too, and it ends', async () => {
    let tries = 0;
    const { delivery, counts } = deliveryOf({
      async write(list) {
        tries++;
        if (list.length === 2) throw new Error('refused');
        return undefined;
      },
    });
    expect(delivery.write(events(1))).toBeInstanceOf(Promise);
    const waiting = [delivery.write(events(2)), delivery.write(events(2))];
    await new Promise((done) => setTimeout(done));
    expect(delivery.isFailing).toBe(true);
    delivery.giveUp('the pipeline is gone');
    for (const each of waiting) await each;
    await delivery.write(events(3));
    expect([counts.delivered, counts.rejected]).toEqual([1, [0, 1, 0, 1, 0, 1, 2]]);
    const before = tries;
    await delivery.flush();
    await delivery.close();
    expect(tries).toBe(before);
  });

  test('given up while the receiver hangs: the write is cut and its events are rejected', async () => {
    const { delivery, counts } = deliveryOf({
      write: (_, signal) =>
        new Promise((_resolve, fail) => {
          signal.addEventListener('abort', () => fail(new Error('cut')), { once: true });
        }),
    });
    const waiting = delivery.write(events(2));
    delivery.giveUp('the pipeline is gone');
    await waiting;
    expect(counts.rejected).toEqual([0, 1]);
  });
});
