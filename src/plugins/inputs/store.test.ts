import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { decoderContext, loadCodecs, resolveOptions } from '../../../test/support/plugin.ts';
import { intakeContext, type TestIntakeContext, TestWriter } from '../../../test/support/writer.ts';
import { documentSource } from '../../engine/document-source.ts';
import type { Event } from '../../kernel/event-types.ts';
import type { DocumentSource, Intake } from '../../kernel/plugin.ts';
import { StoreClient } from '../../store/embedded/store-client.ts';
import { store as input } from './store.ts';

let folder: string;
let store: StoreClient;
let runs = 0;
const intakes: Intake[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-store-input-'));
  store = await StoreClient.start({ folder: join(folder, 'store'), memoryLimit: 2 ** 28, reserve: 0 });
  await loadCodecs('plain');
});
afterEach(async () => {
  for (const intake of intakes.splice(0)) await intake.close();
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const time = (second: number): string =>
  new Date(Date.parse('2026-11-20T10:00:00Z') + second * 1000).toISOString();

async function add(index: string, ...documents: readonly object[]): Promise<void> {
  const lines = documents.map((document) => `{"index":{}}\n${JSON.stringify(document)}\n`);
  const answer = await store.bulkBody({ body: Buffer.from(lines.join('')), index });
  expect(answer.errors).toBe(false);
}

interface Started {
  readonly context: TestIntakeContext;
  readonly intake: Intake;
  readonly events: () => Event[];
  /** `n` of every event so far. */
  readonly numbers: () => unknown[];
  readonly sincedb: string;
}

async function start(
  given: Record<string, unknown>,
  more: { sincedb?: string; writer?: TestWriter; source?: DocumentSource } = {},
): Promise<Started> {
  const sincedb = more.sincedb ?? join(folder, `sincedb-${++runs}`);
  const options = resolveOptions(input, { interval: 0.02, sincedb_path: sincedb, ...given });
  const source = more.source ?? documentSource(store);
  const context = intakeContext({
    store: async () => source,
    dataPath: folder,
    ...(more.writer && { writer: more.writer }),
  });
  const intake = input.createIntake(options, context);
  intakes.push(intake);
  await intake.open(new AbortController().signal);
  const decoder = input.createDecoder(options, decoderContext({ decode() {}, encode: () => '' }));
  const { writer } = context;
  const all: Event[] = [];
  const events = (): Event[] => {
    all.push(...writer.decode(decoder));
    return all;
  };
  return { context, intake, events, numbers: () => events().map(({ fields }) => fields['n']), sincedb };
}

const finished = async ({ context }: Started): Promise<void> => {
  for (let tries = 0; tries < 400 && !context.isFinished; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(context.isFinished).toBe(true);
};
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('history', () => {
  test('oldest first, within times and query, then it ends; said in the log', async () => {
    await add('past', { n: 3, '@timestamp': time(30) }, { n: 1, '@timestamp': time(10) }, { n: 9 });
    await add('past', { n: 2, '@timestamp': time(20) }, { n: 0, '@timestamp': time(0) });
    const all = await start({ index: 'past', get_history: true, follow: false });
    await finished(all);
    expect(all.numbers()).toEqual([0, 1, 2, 3, 9]);
    expect(all.context.log.join()).toContain('can cause a lot of events to be delivered at once');
    const some = await start({
      index: 'past',
      query: 'not n: 1',
      from: time(5),
      to: time(30),
      get_history: true,
      follow: false,
    });
    await finished(some);
    expect(some.numbers()).toEqual([2]);
    const arrival = await start({ index: 'past', get_history: true, follow: false, order: 'arrival' });
    await finished(arrival);
    expect(arrival.numbers()).toEqual([3, 1, 9, 2, 0]);
    const newest = await start({ index: 'past', get_history: true, follow: false, order: 'newest_first' });
    await finished(newest);
    expect(newest.numbers()).toEqual([3, 2, 1, 0, 9]);
  });

  test('once: another start has nothing to read', async () => {
    await add('once', { n: 1 });
    const first = await start({ index: 'once', get_history: true, follow: false });
    await finished(first);
    await first.intake.close();
    const second = await start({ index: 'once', get_history: true, follow: false }, first);
    await finished(second);
    expect(first.numbers()).toEqual([1]);
    expect(second.numbers()).toEqual([]);
    expect(second.context.log.join()).toContain('was read before');
  });

  test('then what comes, each once, whatever its time', async () => {
    await add('both', { n: 1, '@timestamp': time(10) }, { n: 2, '@timestamp': time(20) });
    const source = documentSource(store);
    const given: DocumentSource = {
      ...source,
      // One comes before the history is looked at, but after its end was noted.
      async *history(...all) {
        await add('both', { n: 3, '@timestamp': time(15) });
        yield* source.history(...all);
      },
    };
    const { numbers, context } = await start({ index: 'both', get_history: true }, { source: given });
    await context.writer.until(({ count }) => count === 3);
    await add('both', { n: 4, '@timestamp': time(1) });
    await context.writer.until(({ count }) => count === 4);
    await pause(60);
    expect(numbers()).toEqual([1, 2, 3, 4]);
  });

  test('what was delivered does not come again after a crash in the middle; the rest does', async () => {
    const documents = Array.from({ length: 700 }, (_, n) => ({ n, '@timestamp': time(Math.floor(n / 100)) }));
    await add('crash', ...documents);
    class Crashing extends TestWriter {
      deliveries = 0;
      override whenDelivered(callback: () => void): void {
        // Only the first piece reaches the outputs.
        if (this.deliveries++ === 0) callback();
      }
    }
    const given = { index: 'crash', get_history: true, follow: false };
    const first = await start(given, { writer: new Crashing() });
    await finished(first);
    const seen = first.numbers();
    expect(seen.length).toBe(700);
    await first.intake.close();
    await add('crash', { n: 'later', '@timestamp': time(6) });
    const second = await start(given, first);
    await finished(second);
    const again = second.numbers();
    expect(again.length).toBeLessThan(700);
    expect(again).toEqual(documents.map(({ n }) => n).slice(700 - again.length));
  });
});

describe('from now on', () => {
  test('nothing of what was there, and what came while it was away', async () => {
    await add('now', { n: 1 });
    const first = await start({ index: 'now' });
    await add('now', { n: 2 });
    await first.context.writer.until(({ count }) => count === 1);
    expect(first.numbers()).toEqual([2]);
    await pause(20);
    await first.intake.close();
    await add('now', { n: 3 }, { n: 4 });
    const second = await start({ index: 'now' }, first);
    await second.context.writer.until(({ count }) => count === 2);
    expect(second.numbers()).toEqual([3, 4]);
  });

  test('indices that do not exist yet', async () => {
    const { context, numbers } = await start({ index: ['later'], query: 'n > 1' });
    await pause(50);
    await add('later', { n: 1 }, { n: 2 });
    await context.writer.until(({ count }) => count === 1);
    expect(numbers()).toEqual([2]);
    expect(context.healths.every((problem) => problem === undefined)).toBe(true);
  });

  test('a store that fails for a while', async () => {
    const source = documentSource(store);
    let fails = true;
    const given: DocumentSource = {
      ...source,
      newer: (...all) => (fails ? Promise.reject(new Error('no memory')) : source.newer(...all)),
    };
    const { context, numbers } = await start({ index: 'flaky' }, { source: given });
    await add('flaky', { n: 1 });
    await pause(40);
    expect(context.healths).toContain('the event store can not be read: no memory');
    fails = false;
    await context.writer.until(({ count }) => count === 1);
    expect(numbers()).toEqual([1]);
    await pause(40);
    expect(context.healths.at(-1)).toBeUndefined();
    expect(context.log.filter((line) => line.startsWith('error')).length).toBe(1);
  });

  test('a cluster can only be read', async () => {
    const given: DocumentSource = { ...documentSource(store), arrived: async () => undefined };
    await expect(start({ index: 'past' }, { source: given })).rejects.toThrow('not followed');
    const options = { index: 'past', get_history: true, follow: false };
    const history = await start(options, { source: given });
    await finished(history);
    expect(history.numbers().length).toBe(5);
  });
});

describe('pace', () => {
  test('so many a second', async () => {
    await add('paced', ...Array.from({ length: 10 }, (_, n) => ({ n, '@timestamp': time(n) })));
    const began = performance.now();
    const given = { index: 'paced', get_history: true, follow: false };
    const limited = await start({ ...given, rate_limit: 50 });
    await finished(limited);
    expect(limited.numbers().length).toBe(10);
    // Two or three go together.
    expect(performance.now() - began).toBeGreaterThan(100);
    const at = performance.now();
    const sped = await start({ ...given, speed: 60 });
    await finished(sped);
    expect(sped.numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(performance.now() - at).toBeGreaterThan(140);
    const slow = await start({ ...given, speed: 0.001 });
    await slow.context.writer.until(({ count }) => count === 1);
    const closing = performance.now();
    await slow.intake.close();
    expect(performance.now() - closing).toBeLessThan(5000);
  });
});

describe('events', () => {
  test('exactly what was stored; index and id beside it', async () => {
    const source =
      '{"@timestamp":"2026-11-20T10:00:00.123456Z","@version":"1","big":12345678901234567890,"a":{"b":[null,1.10]},"tags":["x"]}';
    await store.bulk({
      source: Buffer.from(source),
      ends: Int32Array.of(source.length),
      operations: { action: 'index', index: 'exact', id: 'one\n"' },
    });
    const started = await start({ index: 'exact', get_history: true, follow: false, docinfo: true });
    await finished(started);
    const [event] = started.events();
    expect(JSON.stringify(event!.fields)).toBe(source.replace('1.10', '1.1'));
    expect(event!.metadata).toEqual({ doc: { _index: 'exact', _id: 'one\n"' } });
    expect(readFileSync(started.sincedb, 'utf8')).toContain('"history"');
  });

  test('time and version are added where there is none', async () => {
    await add('bare', { n: 1 });
    const started = await start({ index: 'bare', get_history: true, follow: false });
    await finished(started);
    expect(started.events()[0]!.fields).toEqual({
      n: 1,
      '@timestamp': '2026-11-20T10:00:00.000Z',
      '@version': '1',
    });
    expect(started.events()[0]!.metadata).toBeUndefined();
  });
});

test('options that make no sense are told', () => {
  const problems: string[] = [];
  const check = (given: Record<string, unknown>): string => {
    problems.length = 0;
    input.validate!(resolveOptions(input, given), (severity, option, message) =>
      problems.push(`${severity} ${option} ${message}`),
    );
    return problems.join('; ');
  };
  expect(check({ query: 'a: (b' })).toMatch(/^error query .*\na: \(b\n-+\^/s);
  expect(check({ from: 'yesterday' })).toContain('error from `yesterday` is no time');
  expect(check({ follow: false })).toContain('error follow');
  expect(check({ speed: 2 })).toContain('error speed is about history');
  expect(check({ speed: 2, get_history: true, order: 'arrival' })).toContain('oldest_first');
  expect(check({ from: 'now-7d/d', to: '2026-11-20', get_history: true, speed: 2 })).toBe('');
  expect(existsSync(join(folder, '.sincedb_'))).toBe(false);
});
