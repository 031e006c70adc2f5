import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Event } from '../event/event.ts';
import { decodeEvent } from '../event/event-encoding.ts';
import { parseJson } from '../event/json.ts';
import type { Fields } from '../kernel/event-types.ts';
import { silentLogger } from '../kernel/logger.ts';
import { type DeadLetter, decodePayload, type StoredLetter } from './dead-letter-entry.ts';
import { DeadLetterQueue, type DeadLetterQueueOptions } from './dead-letter-queue.ts';
import { deadLetterDirectory, listSegments, readParts } from './dead-letter-segments.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-dlq-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

function open(given: Partial<DeadLetterQueueOptions> = {}) {
  const directory = given.directory ?? deadLetterDirectory(root, `p${folders++}`);
  const counts = { events: 0, bytes: 0, dropped: 0, expired: 0 };
  const said: (string | undefined)[] = [];
  const queue = new DeadLetterQueue({
    directory,
    writer: 0,
    writers: 1,
    maxBytes: 1 << 20,
    storagePolicy: 'drop_older',
    retainAge: undefined,
    logger: silentLogger,
    retry: 10,
    health: (problem, severity) => said.push(problem && `${severity}: ${problem}`),
    counted: (what, count) => {
      counts[what] += count;
    },
    ...given,
  });
  return { queue, directory, counts, said };
}

const letter = (fields: Fields, reason = 'because', metadata?: Fields): DeadLetter => ({
  entryTime: 1_700_000_000_000,
  pluginKind: 'output',
  pluginName: 'elasticsearch',
  pluginId: 'siem',
  reason,
  event: new Event(fields, metadata),
});

function lettersIn(directory: string): StoredLetter[] {
  return listSegments(directory)
    .flatMap((segment) => [...readParts(segment)])
    .flatMap((part) => part.payloads.map(decodePayload));
}
const numbersIn = (directory: string): unknown[] =>
  lettersIn(directory).map((each) => decodeEvent(each.eventText).fields['n']);
const bytesIn = (directory: string): number =>
  listSegments(directory).reduce((sum, { path }) => sum + statSync(path).size, 0);

describe('DeadLetterQueue', () => {
  test('keeps the event exactly, with its metadata, and who refused it and why', async () => {
    const { queue, directory, counts } = open();
    const fields = parseJson(
      '{"big":12345678901234567890,"exact":0.1234567890123456789,"x":[{"__proto__":1}]}',
    ) as Fields;
    await queue.add([letter(fields, 'mapper_parsing_exception', { pipeline: 'a' })]);
    const [found] = lettersIn(directory);
    expect(found).toMatchObject({
      entryTime: 1_700_000_000_000,
      pluginKind: 'output',
      pluginName: 'elasticsearch',
      pluginId: 'siem',
      reason: 'mapper_parsing_exception',
    });
    const event = decodeEvent(found!.eventText);
    expect(JSON.stringify(event.fields)).toBe(
      '{"big":12345678901234567890,"exact":0.1234567890123456789,"x":[{"__proto__":1}]}',
    );
    expect(event.metadata).toEqual({ pipeline: 'a' });
    expect(counts.events).toBe(1);
    await queue.close();
  });

  test('entries and segments larger than what is read at once', async () => {
    const { queue, directory } = open({ maxBytes: 64 << 20 });
    const sizes = [10, 3 << 20, 700_000, 600_000, 12 << 20, 5];
    for (const [n, size] of sizes.entries()) await queue.add([letter({ n, text: 'é'.repeat(size / 2) })]);
    expect(lettersIn(directory).map((each) => decodeEvent(each.eventText).fields['text'])).toEqual(
      sizes.map((size) => 'é'.repeat(size / 2)),
    );
    await queue.close();
  });

  test('makes no file before there is an entry', async () => {
    const { queue, directory } = open();
    queue.maintain();
    await queue.close();
    expect(() => readdirSync(directory)).toThrow('ENOENT');
  });

  test('is read while it is written, and a complete file has another name', async () => {
    const { queue, directory } = open();
    await queue.add([letter({ n: 1 }), letter({ n: 2 })]);
    expect(numbersIn(directory)).toEqual([1, 2]);
    expect(readdirSync(directory)[0]).toMatch(/\.open$/);
    await queue.add([letter({ n: 3 })]);
    expect(numbersIn(directory)).toEqual([1, 2, 3]);
    await queue.close();
    expect(readdirSync(directory)[0]).toMatch(/\.dlq$/);
    expect(numbersIn(directory)).toEqual([1, 2, 3]);
  });

  test('several writers share a directory without losing anything', async () => {
    const first = open({ writers: 3 });
    const { directory } = first;
    const queues = [first.queue, ...[1, 2].map((writer) => open({ directory, writer, writers: 3 }).queue)];
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => queues[n % 3]!.add([letter({ n, text: 'x'.repeat(900) })])),
    );
    expect(numbersIn(directory).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 300 }, (_, n) => n),
    );
    for (const queue of queues) await queue.close();
  });

  test('drop_older: the newest are kept within the limit, the others are counted', async () => {
    const { queue, directory, counts, said } = open({ maxBytes: 40_000 });
    for (let n = 0; n < 200; n++) {
      await queue.add([letter({ n, text: 'x'.repeat(900) })]);
      expect(bytesIn(directory)).toBeLessThanOrEqual(40_000);
    }
    const left = numbersIn(directory);
    expect(left.at(-1)).toBe(199);
    expect(left.length).toBeGreaterThan(20);
    expect(counts.dropped).toBe(200 - left.length);
    expect(said.at(-1)).toMatch(/^red: .*oldest/);
    await queue.close();
  });

  test('drop_newer: what finds no room is dropped and counted', async () => {
    const { queue, directory, counts, said } = open({ maxBytes: 40_000, storagePolicy: 'drop_newer' });
    for (let n = 0; n < 100; n++) await queue.add([letter({ n, text: 'x'.repeat(900) })]);
    const left = numbersIn(directory);
    expect(left[0]).toBe(0);
    expect(left.length).toBeGreaterThan(25);
    expect(bytesIn(directory)).toBeLessThanOrEqual(40_000);
    expect(counts).toMatchObject({ events: left.length, dropped: 100 - left.length });
    expect(said.at(-1)).toMatch(/^red: .*full/);
    await queue.close();
  });

  test('block: waits until somebody makes room, and says so', async () => {
    const { queue, directory, counts, said } = open({ maxBytes: 40_000, storagePolicy: 'block' });
    const all = Array.from({ length: 100 }, (_, n) => queue.add([letter({ n, text: 'x'.repeat(900) })]));
    let done = false;
    void Promise.all(all).then(() => {
      done = true;
    });
    const seen = new Set<unknown>();
    for (let round = 0; round < 200 && !done; round++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (!said.at(-1)?.startsWith('red')) continue;
      for (const segment of listSegments(directory)) {
        for (const { payloads } of readParts(segment))
          for (const each of payloads) seen.add(decodeEvent(decodePayload(each).eventText).fields['n']);
        if (!segment.isOpen) rmSync(segment.path);
      }
    }
    await Promise.all(all);
    for (const n of numbersIn(directory)) seen.add(n);
    expect(seen.size).toBe(100);
    expect(counts.dropped).toBe(0);
    expect(said.some((each) => each?.includes('storage policy is block'))).toBe(true);
    await queue.close();
  });

  test('block: close rejects what waits', async () => {
    const { queue } = open({ maxBytes: 5_000, storagePolicy: 'block' });
    const waiting = queue.add(Array.from({ length: 50 }, (_, n) => letter({ n, text: 'x'.repeat(900) })));
    const failed = expect(waiting).rejects.toThrow('closed');
    await new Promise((resolve) => setTimeout(resolve, 30));
    await queue.close();
    await failed;
  });

  test('an entry larger than the queue is dropped', async () => {
    const { queue, counts } = open({ maxBytes: 5_000 });
    await queue.add([letter({ text: 'x'.repeat(6_000) })]);
    expect(counts).toMatchObject({ events: 0, dropped: 1 });
    await queue.close();
  });

  test('turns yellow at 80 %, and green when there is room again', async () => {
    let now = Date.now();
    const { queue, directory, said } = open({
      maxBytes: 40_000,
      storagePolicy: 'drop_newer',
      now: () => now,
    });
    for (let n = 0; n < 34; n++) await queue.add([letter({ n, text: 'x'.repeat(900) })]);
    queue.maintain();
    expect(said.at(-1)).toMatch(/^yellow: the dead letter queue is \d\d % full/);
    for (const segment of listSegments(directory)) if (!segment.isOpen) rmSync(segment.path);
    now += 10_000;
    queue.maintain();
    expect(said.at(-1)).toBeUndefined();
    await queue.close();
  });

  test('retain.age: entries go when they are too old, by a clock that runs ahead', async () => {
    let now = Date.now();
    const { queue, directory, counts } = open({ retainAge: 3600, now: () => now });
    await queue.add([letter({ n: 1 }), letter({ n: 2 })]);
    queue.maintain();
    now += 3500_000;
    queue.maintain();
    expect(numbersIn(directory)).toEqual([1, 2]);
    now += 200_000;
    queue.maintain();
    expect(numbersIn(directory)).toEqual([]);
    expect(counts.expired).toBe(2);
    await queue.add([letter({ n: 3 })]);
    expect(numbersIn(directory)).toEqual([3]);
    await queue.close();
  });

  test('a disk that fails holds events back, and says why', async () => {
    const blocked = join(root, 'a-file');
    writeFileSync(blocked, '');
    const { queue, directory, said } = open({ directory: join(blocked, 'main') });
    const kept = queue.add([letter({ n: 1 })]);
    await expect.poll(() => said.at(-1)).toMatch(/^red: dead letter queue .*ENOTDIR.*; events wait$/);
    rmSync(blocked);
    await kept;
    expect(numbersIn(directory)).toEqual([1]);
    expect(said.at(-1)).toBeUndefined();
    await queue.close();
  });

  test('a segment left by a process that was killed is read, completed, and never added to', async () => {
    const { queue, directory } = open();
    await queue.add([letter({ n: 1 })]);
    await queue.close();
    const [left] = listSegments(directory);
    const bytes = readFileSync(left!.path);
    // A pid that is not there.
    bytes.writeUInt32LE(0x7ffffff0, 8);
    const orphan = left!.path.replace(/\.dlq$/, '.open');
    rmSync(left!.path);
    writeFileSync(orphan, bytes);
    appendFileSync(orphan, bytes.subarray(24, 40));
    expect(numbersIn(directory)).toEqual([1]);
    const next = open({ directory });
    await next.queue.add([letter({ n: 2 })]);
    expect(numbersIn(directory)).toEqual([1, 2]);
    expect(listSegments(directory).map((each) => each.isOpen)).toEqual([false, true]);
    await next.queue.close();
  });

  test('pipeline ids that are no file names stay inside the directory', () => {
    for (const id of ['../x', '..', '.', 'a/b']) {
      expect(join(root, 'q', '..')).toBe(root);
      expect(deadLetterDirectory(join(root, 'q'), id).startsWith(`${join(root, 'q')}/`)).toBe(true);
    }
    expect(deadLetterDirectory(root, 'main')).toBe(join(root, 'main'));
  });
});
