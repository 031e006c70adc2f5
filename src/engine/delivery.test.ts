import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Event } from '../event/event.ts';
import type { Event as EventType } from '../kernel/event-types.ts';
import { silentLogger } from '../kernel/logger.ts';
import type { Output, WriteFailure } from '../kernel/plugin.ts';
import { Delivery } from './delivery.ts';

const events = (count: number): Event[] => Array.from({ length: count }, (_, n) => new Event({ n }));
const numbers = (list: readonly EventType[]): unknown[] => list.map((event) => event.fields['n']);

function deliveryOf(output: Partial<Output>): {
  delivery: Delivery;
  counts: { delivered: number; rejected: unknown[] };
  problems: (string | undefined)[];
} {
  const counts = { delivered: 0, rejected: [] as unknown[] };
  const problems: (string | undefined)[] = [];
  const delivery = new Delivery(
    { write: () => undefined, close: async () => {}, ...output },
    {
      logger: silentLogger,
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

  test('every event is delivered or rejected exactly once, whatever the output answers', async () => {
    const answer = fc.array(fc.constantFrom('ok', 'retry', 'reject'), { minLength: 6, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { maxLength: 3 }), async (rounds) => {
        let round = 0;
        const accepted: unknown[] = [];
        const { delivery, counts } = deliveryOf({
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
      { numRuns: 8 },
    );
  });
});
