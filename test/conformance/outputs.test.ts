/**
 * What every output promises, against real receivers: everything arrives, failures are told apart, nothing is called
 * delivered that is not, and it ends in time whatever the other end does.
 */
import { mkdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Event } from '../../src/event/event.ts';
import type { NestedPlugin } from '../../src/kernel/options.ts';
import type { CodecPlugin, Output, WriteFailure } from '../../src/kernel/plugin.ts';
import { nodesOf } from '../../src/lang/graph-walk.ts';
import { registry } from '../../src/plugins/registry.ts';
import { outputContext, testContext } from '../support/plugin.ts';
import { anyFields, comparable } from './arbitraries.ts';
import { type OutputRow, outputTable, type Receiver } from './output-table.ts';
import {
  check,
  configOf,
  type Entry,
  eventually,
  makeFolder,
  pause,
  pluginsOf,
  rowOf,
  within,
} from './support.ts';

const folder = makeFolder();
let folders = 0;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const nowhere: Receiver = { options: '', texts: () => [], become: async () => {}, close: async () => {} };

interface Running {
  readonly output: Output;
  readonly receiver: Receiver;
  readonly abort: AbortController;
}

/** Makes output and receiver; `open` is the test's. */
async function make(entry: Entry<'output'>, row: OutputRow): Promise<Running> {
  const own = `${folder.path}/${++folders}`;
  mkdirSync(own);
  const receiver = (await row.receive?.(own)) ?? nowhere;
  cleanups.push(() => receiver.close());
  const { pipelines, formatted } = await check(configOf(entry, receiver.options));
  const [node] = pipelines[0]!.graph ? nodesOf(pipelines[0]!.graph.outputs) : [];
  if (!node) throw new Error(formatted.join('\n'));
  const { plugin, options } = node.options['codec'] as NestedPlugin;
  const codec = ((await registry.load('codec', plugin)) as CodecPlugin).create(
    options as never,
    testContext(),
  );
  const output = entry.plugin.create(node.options as never, outputContext(codec, receiver.context));
  cleanups.push(() => output.close());
  return { output, receiver, abort: new AbortController() };
}

/** What became of a batch: `delivered`, or the failures, which for a batch that threw are all of it. */
type Outcome = readonly WriteFailure[];

async function write({ output, abort }: Running, messages: readonly string[]): Promise<Outcome> {
  const events = messages.map((message) => new Event({ '@timestamp': '2026-11-20T10:00:00.000Z', message }));
  const all = (error: unknown): WriteFailure[] =>
    events.map((_, index) => ({ index, kind: 'retry', reason: (error as Error).message }));
  try {
    return (await output.write(events, abort.signal)) ?? [];
  } catch (error) {
    return all(error);
  }
}

/** As the engine does: until all is delivered or rejected. */
async function deliver(running: Running, messages: readonly string[]): Promise<void> {
  let left = messages;
  for (let turn = 0; left.length > 0; turn++) {
    if (turn > 200) throw new Error('it never got through');
    if (turn > 0) await pause(5);
    const failures = await write(running, left);
    left = failures.filter(({ kind }) => kind === 'retry').map(({ index }) => left[index]!);
  }
}

const numbered = (count: number, prefix = 'text'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`);
/** More than buffers on the way take. */
const big = Array.from({ length: 16 }, () => 'x'.repeat(1024 * 1024));

const all = await pluginsOf('output');
const entries = all
  .filter((entry) => rowOf(outputTable, entry, 'output-table.ts').elsewhere === undefined)
  .map((entry) => [entry.name, entry] as const);

describe.each(entries)('output %s', (_name, entry) => {
  const row = rowOf(outputTable, entry, 'output-table.ts');
  const sorted = (texts: readonly string[]): string[] => (row.unordered ? [...texts].sort() : [...texts]);

  test('delivers everything, in order where it promises that', async () => {
    const running = await make(entry, row);
    await running.output.open?.(running.abort.signal);
    for (const batch of [numbered(3, 'a'), [], numbered(100, 'b'), numbered(1, 'c')]) {
      expect(await within(3_000, write(running, batch), 'write')).toEqual([]);
    }
    if (!row.receive) return;
    const wanted = [...numbered(3, 'a'), ...numbered(100, 'b'), ...numbered(1, 'c')];
    await eventually(() => running.receiver.texts().length >= wanted.length, 'all events');
    expect(sorted(running.receiver.texts())).toEqual(sorted(wanted));
  });

  test('works without open having been awaited to its end, and when closed at once', async () => {
    const { output, abort } = await make(entry, row);
    await within(2_000, output.close(), 'close');
    await within(2_000, output.close(), 'close again');
    const other = await make(entry, row);
    const opening = other.output.open?.(abort.signal)?.catch(() => {});
    await within(2_000, other.output.close(), 'close while it opens');
    await within(2_000, Promise.resolve(opening), 'open');
  });

  test('what was written is there after close', async () => {
    const running = await make(entry, row);
    await running.output.open?.(running.abort.signal);
    const texts = numbered(row.lossy ?? 500);
    await deliver(running, texts);
    await running.output.flush?.();
    await within(2_000, running.output.close(), 'close');
    if (!row.receive) return;
    await eventually(() => running.receiver.texts().length >= texts.length, 'all events', 1_000);
    expect(sorted(running.receiver.texts())).toEqual(sorted(texts));
  });

  test('takes any event and does not change it', async () => {
    const { output, abort } = await make(entry, row);
    await output.open?.(abort.signal);
    await fc.assert(
      fc.asyncProperty(fc.array(anyFields(['host', 'a']), { minLength: 1, maxLength: 3 }), async (list) => {
        const events = list.map((fields) => new Event(fields));
        const before = events.map(({ fields }) => comparable(fields));
        const failures = (await output.write(events, abort.signal)) ?? [];
        expect(events.map(({ fields }) => comparable(fields))).toEqual(before);
        for (const { index, kind, reason } of failures) {
          expect(events[index]).toBeDefined();
          expect(kind).toBe('reject');
          expect(reason).toMatch(/\w/);
        }
      }),
      { numRuns: 60 },
    );
  });

  if (row.can.fail) {
    test('a receiver that is down is told in words, and gets everything when it is back', async () => {
      const running = await make(entry, row);
      await running.output.open?.(running.abort.signal);
      await deliver(running, numbered(3, 'before'));
      await eventually(() => running.receiver.texts().length >= 3, 'the first events');
      await running.receiver.become('fail');
      await pause(30);
      if (entry.name === 'pipeline') {
        // It waits by itself for its receiver.
        const waiting = write(running, numbered(3, 'while down'));
        await pause(50);
        await running.receiver.become('take');
        expect(await within(2_000, waiting, 'write')).toEqual([]);
      } else {
        // The first may be lost in a connection that was not known to be broken: for that there is no promise.
        let failures: Outcome = [];
        for (let attempt = 0; attempt < 20 && failures.length === 0; attempt++) {
          failures = await within(3_000, write(running, [`lost ${attempt}`]), 'write');
          await pause(10);
        }
        expect(failures).toMatchObject([{ index: 0, kind: 'retry' }]);
        expect(failures[0]!.reason).toMatch(/^\S.*\w/);
        await running.receiver.become('take');
        await within(5_000, deliver(running, numbered(3, 'while down')), 'delivery');
      }
      await deliver(running, numbered(3, 'after'));
      await eventually(() => running.receiver.texts().includes('after 3'), 'the last events');
      const wanted = [...numbered(3, 'before'), ...numbered(3, 'while down'), ...numbered(3, 'after')];
      const texts = running.receiver.texts().filter((text) => !text.startsWith('lost'));
      expect(sorted(texts)).toEqual(sorted(wanted));
    });

    test('a receiver that is down from the start is no reason to give up', async () => {
      const running = await make(entry, row);
      await running.receiver.become('fail');
      await within(
        4_000,
        Promise.resolve(running.output.open?.(running.abort.signal)).catch(() => {}),
        'open',
      );
      await running.receiver.become('take');
      await running.output.open?.(running.abort.signal).catch(() => {});
      await within(4_000, deliver(running, numbered(3)), 'delivery');
      await eventually(() => running.receiver.texts().length >= 3, 'the events');
      expect(sorted(running.receiver.texts())).toEqual(sorted(numbered(3)));
    });
  }

  if (row.can.reject) {
    test('what the receiver does not want is rejected, the rest delivered', async () => {
      const running = await make(entry, row);
      running.receiver.reject!('text 2');
      await running.output.open?.(running.abort.signal);
      const failures = await within(3_000, write(running, numbered(4)), 'write');
      expect(failures).toMatchObject([{ index: 1, kind: 'reject', reason: expect.stringMatching(/\w/) }]);
      expect(sorted(running.receiver.texts())).toEqual(sorted(['text 1', 'text 3', 'text 4']));
    });
  }

  if (row.unsendable !== undefined) {
    test('what can never be sent is rejected, the rest delivered', async () => {
      const running = await make(entry, row);
      await running.output.open?.(running.abort.signal);
      const failures = await within(3_000, write(running, ['one', row.unsendable!, 'two']), 'write');
      expect(failures).toMatchObject([{ index: 1, kind: 'reject', reason: expect.stringMatching(/\w/) }]);
      await eventually(() => running.receiver.texts().length >= 2, 'the rest');
      expect(running.receiver.texts()).toEqual(['one', 'two']);
    });
  }

  if (row.can.block) {
    const blocked = async (): Promise<{
      running: Running;
      outcome: Promise<Outcome>;
      settled: () => boolean;
    }> => {
      const running = await make(entry, row);
      await running.output.open?.(running.abort.signal);
      await running.receiver.become('block');
      let done = false;
      const outcome = write(running, big).finally(() => {
        done = true;
      });
      await pause(100);
      return { running, outcome, settled: () => done };
    };

    test('ends its opening when it is told to, whatever the receiver does', async () => {
      const { output, receiver, abort } = await make(entry, row);
      await receiver.become('block');
      const opening = output.open?.(abort.signal).catch(() => {});
      await pause(30);
      abort.abort(new Error('stopped'));
      await within(2_000, Promise.all([output.close(), opening]), 'the end');
    });

    test('waits while its receiver is blocked; an abort ends the waiting, and nothing counts as delivered', async () => {
      const { running, outcome, settled } = await blocked();
      expect(settled()).toBe(false);
      // The engine aborts and closes.
      running.abort.abort(new Error('stopped'));
      await within(2_000, Promise.all([running.output.close(), outcome]), 'the end');
      expect((await outcome).length).toBe(big.length);
    });

    test('close ends within two seconds while its receiver is blocked, and so does what waits', async () => {
      const { running, outcome } = await blocked();
      await within(2_000, running.output.close(), 'close');
      running.abort.abort(new Error('stopped'));
      await within(2_000, running.output.close(), 'close again');
      expect((await within(2_000, outcome, 'write')).length).toBe(big.length);
    });

    if (row.can.resume) {
      test('goes on when its receiver does', async () => {
        const { running, outcome } = await blocked();
        await running.receiver.become('take');
        expect(await within(8_000, outcome, 'write')).toEqual([]);
        await eventually(() => running.receiver.texts().length >= big.length, 'all events');
      });
    }
  }

  if (row.passesLines) {
    test('passes lines on as it writes their events', async () => {
      const { output, receiver, abort } = await make(entry, row);
      await output.open?.(abort.signal);
      const shared = Buffer.from(new SharedArrayBuffer(12));
      shared.write('one\ntwo\nsix\n');
      await output.writeLines!(shared, 3, abort.signal);
      await eventually(() => receiver.texts().length >= 3, 'the lines');
      expect(receiver.texts()).toEqual(['one', 'two', 'six']);
    });
  }
});
