import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type Cursor, DatagramLog, type DatagramLogSettings, MIN_LOG_BYTES } from './datagram-log.ts';
import { checkRecord, recordBytes, type Sender, writeRecord } from './record.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  folders.push(folder);
  return folder;
}

function openLog(folder: string, more: Partial<DatagramLogSettings> = {}): DatagramLog {
  return new DatagramLog({
    folder,
    maxBytes: 16 * MIN_LOG_BYTES,
    drop: 'oldest',
    onDropped: () => {},
    onProblem: (error) => {
      if (error) throw error;
    },
    ...more,
  });
}

const sender: Sender = { address: '127.0.0.1', port: 40_000 };
const append = (log: DatagramLog, text: string): boolean => log.append(sender, Buffer.from(text));

function rest(log: DatagramLog, cursor: Cursor): string[] {
  const texts: string[] = [];
  for (let found = log.read(cursor); found; found = log.read(cursor)) texts.push(found.bytes.toString());
  return texts;
}

const files = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.datagrams'))
    .map((name) => join(folder, name));

describe('a log that is opened again', () => {
  test('has what was flushed, with senders and bytes as they were', async () => {
    const folder = newFolder();
    const log = openLog(folder);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    log.append({ address: 'fe80::1%eth0', port: 65_535 }, bytes);
    log.append(sender, Buffer.alloc(65_507, 7));
    log.append(sender, Buffer.alloc(0));
    await log.close();
    const again = openLog(folder);
    const cursor = { ...again.start };
    expect(again.behind(cursor)).toBe(3);
    expect(again.read(cursor)).toEqual({ sender: { address: 'fe80::1%eth0', port: 65_535 }, bytes });
    expect(again.read(cursor)?.bytes.length).toBe(65_507);
    expect(again.read(cursor)?.bytes.length).toBe(0);
    expect(again.read(cursor)).toBeUndefined();
    expect(again.behind(cursor)).toBe(0);
    await again.close();
  });

  test('begins where it was confirmed, and forgets the files before', async () => {
    const folder = newFolder();
    const log = openLog(folder, { maxBytes: MIN_LOG_BYTES });
    const cursor = { ...log.start };
    for (let number = 0; number < 100; number++) append(log, `${number} ${'x'.repeat(5000)}`);
    for (let number = 0; number < 90; number++) log.read(cursor);
    const before = files(folder).length;
    log.confirm(cursor);
    expect(files(folder).length).toBeLessThan(before);
    append(log, 'last');
    await log.close();
    const again = openLog(folder);
    expect(again.behind(again.start)).toBe(11);
    expect(rest(again, { ...again.start }).map((text) => text.split(' ')[0])).toEqual([
      ...Array.from({ length: 10 }, (_, index) => String(90 + index)),
      'last',
    ]);
    await again.close();
  });

  test('ends before a torn record, and goes on behind it', async () => {
    const folder = newFolder();
    const log = openLog(folder);
    for (const text of ['one', 'two', 'three']) append(log, text);
    await log.close();
    const [file] = files(folder);
    truncateSync(file!, statSync(file!).size - 2);
    const again = openLog(folder);
    expect(again.damaged).toBeGreaterThan(0);
    append(again, 'four');
    expect(rest(again, { ...again.start })).toEqual(['one', 'two', 'four']);
    await again.close();
  });

  test('takes damaged bytes of the file with the confirmed place as unconfirmed', async () => {
    const folder = newFolder();
    const log = openLog(folder);
    const cursor = { ...log.start };
    for (const text of ['one', 'two', 'three']) append(log, text);
    log.read(cursor);
    log.confirm(cursor);
    await log.close();
    writeFileSync(join(folder, 'confirmed'), Buffer.alloc(56, 1));
    const again = openLog(folder);
    expect(rest(again, { ...again.start })).toEqual(['one', 'two', 'three']);
    await again.close();
  });
});

test('a datagram that holds a record does not become two when the outer one is damaged', async () => {
  const folder = newFolder();
  const log = openLog(folder);
  const inner = Buffer.alloc(recordBytes(sender, Buffer.from('forged')));
  writeRecord(inner, 0, sender, Buffer.from('forged'), 0);
  log.append(sender, inner);
  append(log, 'next');
  await log.close();
  const [file] = files(folder);
  const bytes = readFileSync(file!);
  bytes[0]! ^= 1;
  writeFileSync(file!, bytes);
  const again = openLog(folder);
  expect(rest(again, { ...again.start })).toEqual(['next']);
  await again.close();
});

describe('a full log', () => {
  const text = (number: number): string => `${number} ${'x'.repeat(10_000)}`;
  const number = (datagram: string): number => Number(datagram.split(' ')[0]);

  test('drops the oldest, says up to which, and never has more on disk', async () => {
    const folder = newFolder();
    let dropped = 0;
    const log = openLog(folder, { maxBytes: MIN_LOG_BYTES, onDropped: (next) => (dropped = next) });
    for (let at = 0; at < 300; at++) expect(append(log, text(at))).toBe(true);
    log.flush();
    expect(files(folder).reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThanOrEqual(
      MIN_LOG_BYTES,
    );
    const left = rest(log, { ...log.start }).map(number);
    expect(left[0]).toBe(dropped);
    expect(left).toEqual(Array.from({ length: 300 - dropped }, (_, index) => dropped + index));
    // A sixteenth is dropped at a time.
    expect(left.length).toBeGreaterThan(90);
    await log.close();
  });

  test('refuses the newest', async () => {
    const log = openLog(newFolder(), { maxBytes: MIN_LOG_BYTES, drop: 'newest' });
    const taken = Array.from({ length: 300 }, (_, at) => append(log, text(at))).filter(Boolean).length;
    expect(taken).toBe(Math.floor(MIN_LOG_BYTES / recordBytes(sender, Buffer.from(text(100)))));
    expect(rest(log, { ...log.start }).map(number)).toEqual(Array.from({ length: taken }, (_, at) => at));
    await log.close();
  });
});

test('a disk that refuses: memory takes 4 MiB, what is read comes from there, and it goes on by itself', async () => {
  const folder = newFolder();
  const problems: (string | undefined)[] = [];
  const log = openLog(folder, { onProblem: (error) => problems.push(error?.message) });
  rmSync(folder, { recursive: true });
  const bytes = Buffer.alloc(1000, 1);
  let taken = 0;
  while (log.append(sender, bytes) && taken < 100_000) taken++;
  expect(taken).toBeGreaterThan(4000);
  expect(taken).toBeLessThan(4200);
  expect(problems[0]).toContain('ENOENT');
  const cursor = { ...log.start };
  expect(rest(log, cursor)).toHaveLength(taken);
  log.confirm(cursor);
  expect(log.append(sender, bytes)).toBe(true);
  const { mkdirSync } = await import('node:fs');
  mkdirSync(folder);
  await new Promise((done) => setTimeout(done, 1050));
  expect(log.flush()).toBe(true);
  expect(problems.at(-1)).toBeUndefined();
  await log.close();
});

describe('properties', () => {
  const action = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('append' as const), size: fc.integer({ min: 0, max: 9000 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('read' as const), count: fc.integer({ min: 1, max: 20 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('confirm' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rewind' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  );

  test('whatever is done, also a crash: no gap and no other order after what was flushed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 150 }), async (actions) => {
        const folder = newFolder();
        let log = openLog(folder, { maxBytes: MIN_LOG_BYTES, drop: 'newest' });
        // The model: numbers in the log; what is flushed; how far confirmed and read.
        let items: number[] = [];
        let flushed = 0;
        let read = 0;
        let next = 0;
        let cursor: Cursor = { ...log.start };
        let confirmed: Cursor = { ...log.start };
        const reopened = (): void => {
          log = openLog(folder, { maxBytes: MIN_LOG_BYTES, drop: 'newest' });
          cursor = { ...log.start };
          confirmed = { ...log.start };
          read = 0;
          flushed = items.length;
          expect(log.behind(cursor)).toBe(items.length);
        };
        for (const each of actions) {
          if (each.do === 'append') {
            const bytes = Buffer.alloc(4 + each.size);
            bytes.writeUInt32BE(next);
            if (log.append(sender, bytes)) items.push(next);
            next++;
          } else if (each.do === 'read') {
            for (let left = each.count; left > 0; left--)
              expect(log.read(cursor)?.bytes.readUInt32BE()).toBe(
                items[read] === undefined ? undefined : items[read++],
              );
          } else if (each.do === 'confirm') {
            log.flush();
            log.confirm(cursor);
            confirmed = { ...cursor };
            items = items.slice(read);
            read = 0;
            flushed = items.length;
          } else if (each.do === 'rewind') {
            cursor = { ...confirmed };
            read = 0;
          } else if (each.do === 'flush') {
            log.flush();
            flushed = items.length;
          } else if (each.do === 'reopen') {
            await log.close();
            reopened();
          } else {
            // Whole batches were written by themselves when they were large.
            const crashed = openLog(folder, { maxBytes: MIN_LOG_BYTES, drop: 'newest' });
            const kept = crashed.behind(crashed.start);
            expect(kept).toBeGreaterThanOrEqual(flushed);
            items = items.slice(0, kept);
            await crashed.close();
            reopened();
          }
        }
        expect(rest(log, { ...confirmed }).length).toBe(items.length);
        await log.close();
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 60 },
    );
  });

  test('damage of any kind: never throws, and delivers only datagrams that were put in, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 40 }),
        fc.array(fc.record({ at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) }), { maxLength: 5 }),
        fc.option(fc.nat()),
        async (datagrams, flips, cut) => {
          const folder = newFolder();
          const log = openLog(folder);
          for (const datagram of datagrams) log.append(sender, Buffer.from(datagram));
          await log.close();
          const [file] = files(folder);
          let bytes = readFileSync(file!);
          for (const { at, bit } of flips) bytes[at % bytes.length]! ^= 1 << bit;
          if (cut !== null) bytes = bytes.subarray(0, cut % (bytes.length + 1));
          writeFileSync(file!, bytes);
          const again = openLog(folder);
          const cursor = { ...again.start };
          const count = again.behind(cursor);
          let at = 0;
          let found = 0;
          for (let got = again.read(cursor); got; got = again.read(cursor)) {
            while (at < datagrams.length && !Buffer.from(datagrams[at]!).equals(got.bytes)) at++;
            expect(at).toBeLessThan(datagrams.length);
            expect(got.sender).toEqual(sender);
            at++;
            found++;
          }
          expect(found).toBe(count);
          // A flip costs one datagram; a cut those behind it.
          if (cut === null) expect(found).toBeGreaterThanOrEqual(datagrams.length - flips.length);
          await again.close();
          rmSync(folder, { recursive: true });
        },
      ),
      { numRuns: 150 },
    );
  });

  test('any bytes are a record or are not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), (bytes, salt) => {
        expect(checkRecord(Buffer.from(bytes), 0, bytes.length, salt)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
