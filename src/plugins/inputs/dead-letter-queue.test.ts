import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createCodec, decoderContext, resolveOptions } from '../../../test/support/plugin.ts';
import { intakeContext } from '../../../test/support/writer.ts';
import { Event } from '../../event/event.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { DeadLetterQueue } from '../../queue/dead-letter-queue.ts';
import { deadLetterDirectory, listSegments } from '../../queue/dead-letter-segments.ts';
import { plain } from '../codecs/plain.ts';
import { deadLetterQueue } from './dead-letter-queue.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-dlq-input-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

function queueIn(path: string, pipeline = 'main', maxBytes = 1 << 20): DeadLetterQueue {
  return new DeadLetterQueue({
    directory: deadLetterDirectory(path, pipeline),
    writer: 0,
    writers: 1,
    maxBytes,
    storagePolicy: 'block',
    retainAge: undefined,
    logger: silentLogger,
    health() {},
    counted() {},
  });
}
const letter = (n: number, entryTime = Date.parse('2026-11-20T10:00:00.123Z')) => ({
  entryTime,
  pluginKind: 'output',
  pluginName: 'elasticsearch',
  pluginId: 'siem',
  reason: 'mapping',
  event: new Event({ n, '@timestamp': '2026-11-20T09:00:00.000Z' }, { own: 'kept' }),
});

async function start(given: Record<string, unknown>) {
  const options = resolveOptions(deadLetterQueue, {
    sincedb_path: join(String(given['path']), 'sincedb'),
    ...given,
  });
  const context = intakeContext();
  const intake = deadLetterQueue.createIntake(options, context);
  await intake.open(new AbortController().signal);
  const decoder = deadLetterQueue.createDecoder(options, decoderContext(createCodec(plain)));
  const events = (): Event[] => context.writer.decode(decoder) as Event[];
  return { intake, context, events, numbers: () => events().map((event) => event.fields['n']) };
}
/** Reads what is there to its end. */
async function readAll(given: Record<string, unknown>) {
  const started = await start({ exit_after_read: true, ...given });
  while (!started.context.isFinished) await new Promise((done) => setTimeout(done, 5));
  await new Promise((done) => setTimeout(done, 5));
  await started.intake.close();
  return started;
}
const folder = (): string => {
  const path = join(root, String(folders++));
  return path;
};

describe('dead_letter_queue', () => {
  test('gives the event as it was, and in @metadata what became of it', async () => {
    const path = folder();
    const queue = queueIn(path);
    await queue.add([letter(1)]);
    const { events } = await readAll({ path });
    const [event] = events();
    expect(event!.fields).toMatchObject({ n: 1, '@timestamp': '2026-11-20T09:00:00.000Z' });
    expect(event!.metadata).toEqual({
      own: 'kept',
      dead_letter_queue: {
        entry_time: '2026-11-20T10:00:00.123Z',
        plugin_type: 'elasticsearch',
        plugin_id: 'siem',
        reason: 'mapping',
      },
    });
    await queue.close();
  });

  test('waits for a directory that is not there, and follows several segments', async () => {
    const path = folder();
    const { context, numbers, intake } = await start({ path, pipeline_id: 'other' });
    await new Promise((done) => setTimeout(done, 20));
    const queue = queueIn(path, 'other', 40_000);
    for (let n = 0; n < 30; n++) {
      const one = letter(n);
      one.event.fields['text'] = 'x'.repeat(900);
      await queue.add([one]);
    }
    await context.writer.until((writer) => writer.count >= 30);
    expect(numbers()).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(listSegments(deadLetterDirectory(path, 'other')).length).toBeGreaterThan(1);
    await intake.close();
    await queue.close();
  });

  test('commit_offsets: goes on where it was, otherwise begins anew', async () => {
    const path = folder();
    const queue = queueIn(path);
    await queue.add([letter(1)]);
    const sincedb_path = join(path, 'positions');
    expect((await readAll({ path, sincedb_path })).numbers()).toEqual([1]);
    await queue.add([letter(2)]);
    expect((await readAll({ path, sincedb_path })).numbers()).toEqual([2]);
    expect((await readAll({ path, sincedb_path })).numbers()).toEqual([]);
    expect((await readAll({ path, sincedb_path, commit_offsets: false })).numbers()).toEqual([1, 2]);
    expect(readFileSync(sincedb_path, 'utf8')).toMatch(/^\d{15}-0-0 \d+\n$/);
    await queue.close();
  });

  test('start_timestamp: passes over what is older', async () => {
    const path = folder();
    const queue = queueIn(path);
    const at = (time: string): number => Date.parse(time);
    await queue.add([
      letter(1, at('2026-11-20T10:00:00Z')),
      letter(2, at('2026-11-20T11:00:00Z')),
      letter(3, at('2026-11-20T12:00:00Z')),
    ]);
    const since = async (start_timestamp: string) =>
      (await readAll({ path, start_timestamp, commit_offsets: false })).numbers();
    expect(await since('2026-11-20T11:00:00')).toEqual([2, 3]);
    expect(await since('2026-11-20T12:30:00+01:00')).toEqual([3]);
    expect(await since('2026-11-20')).toEqual([1, 2, 3]);
    await queue.close();
  });

  test('clean_consumed: removes complete segments when all is delivered, never one that is written', async () => {
    const path = folder();
    const directory = deadLetterDirectory(path, 'main');
    const first = queueIn(path);
    await first.add([letter(1)]);
    await first.close();
    const second = queueIn(path);
    await second.add([letter(2)]);
    expect((await readAll({ path, clean_consumed: true })).numbers()).toEqual([1, 2]);
    expect(listSegments(directory).map(({ isOpen }) => isOpen)).toEqual([true]);
    await second.close();
    expect((await readAll({ path, clean_consumed: true })).numbers()).toEqual([]);
    expect(listSegments(directory)).toEqual([]);
  });

  test('skips what is damaged, and gives the rest', async () => {
    const path = folder();
    const queue = queueIn(path);
    for (let n = 0; n < 5; n++) await queue.add([letter(n)]);
    await queue.close();
    const [segment] = listSegments(deadLetterDirectory(path, 'main'));
    const bytes = readFileSync(segment!.path);
    const size = (bytes.length - 24) / 5;
    bytes[Math.floor(24 + 2.5 * size)]! ^= 1;
    writeFileSync(segment!.path, bytes);
    appendFileSync(segment!.path, bytes.subarray(24, 24 + size - 3));
    expect((await readAll({ path })).numbers()).toEqual([0, 1, 3, 4]);
  });

  test.each([
    [{ commit_offsets: false, clean_consumed: true }, 'clean_consumed'],
    [{ start_timestamp: 'yesterday' }, 'start_timestamp'],
    [{ start_timestamp: '2026-13-40T00:00:00' }, 'start_timestamp'],
  ])('%j is a config error', (given, option) => {
    const problems: string[] = [];
    deadLetterQueue.validate!(resolveOptions(deadLetterQueue, { path: '/x', ...given }), (severity, name) =>
      problems.push(`${severity} ${name}`),
    );
    expect(problems).toEqual([`error ${option}`]);
  });
});
