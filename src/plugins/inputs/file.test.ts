import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCodec, decoderContext, resolveOptions } from '../../../test/support/plugin.ts';
import { intakeContext, type TestIntakeContext, TestWriter } from '../../../test/support/writer.ts';
import type { Intake, IntakeContext } from '../../kernel/plugin.ts';
import { json } from '../codecs/json.ts';
import { plain } from '../codecs/plain.ts';
import { file } from './file.ts';

let folder: string;
let running: Intake[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-file-in-'));
});
afterEach(async () => {
  for (const intake of running) await intake.close();
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

const at = (...names: string[]): string => join(folder, ...names);
const quick = { stat_interval: 0.01, discover_interval: 1, sincedb_write_interval: 0 };

interface Started {
  readonly context: TestIntakeContext;
  readonly intake: Intake;
  /** Waits for that many records and returns their texts. */
  texts(count: number): Promise<string[]>;
}

async function start(given: Record<string, unknown>, more: Partial<IntakeContext> = {}): Promise<Started> {
  const options = resolveOptions(file, { path: at('*.log'), sincedb_path: at('db'), ...quick, ...given });
  options.path = [options.path].flat();
  const context = intakeContext({ dataPath: folder, ...more });
  const intake = file.createIntake(options, context);
  running.push(intake);
  await intake.open(new AbortController().signal);
  return {
    context,
    intake,
    async texts(count) {
      await context.writer.until((writer) => writer.count >= count);
      await delay(15); // what is too much would come now
      return context.writer.texts(String(options.delimiter));
    },
  };
}
/** Time for a few looks at the files. */
const looks = (): Promise<void> => delay(60);

describe('tail mode', () => {
  it('reads what is appended after the start, in whole lines', async () => {
    writeFileSync(at('a.log'), 'old\n');
    const { texts } = await start({});
    await looks();
    appendFileSync(at('a.log'), 'one\ntw');
    expect(await texts(1)).toEqual(['one']);
    appendFileSync(at('a.log'), 'o\nthree\n');
    expect(await texts(3)).toEqual(['one', 'two', 'three']);
  });

  it('reads files from the beginning if told so, and new ones always', async () => {
    writeFileSync(at('a.log'), 'one\n');
    const { texts } = await start({ start_position: 'beginning' });
    expect(await texts(1)).toEqual(['one']);
    const other = await start({ path: at('*.txt'), sincedb_path: at('db2') });
    writeFileSync(at('b.txt'), 'new\n');
    expect(await other.texts(1)).toEqual(['new']);
  });

  it('goes on where an earlier run stopped', async () => {
    writeFileSync(at('a.log'), 'one\ntwo\npart');
    const first = await start({ start_position: 'beginning' });
    expect(await first.texts(2)).toEqual(['one', 'two']);
    await first.intake.close();
    appendFileSync(at('a.log'), 'ial\nfour\n');
    const second = await start({});
    expect(await second.texts(2)).toEqual(['partial', 'four']);
  });

  it('follows a file through a rotation by rename, without losing what is written late', async () => {
    writeFileSync(at('a.log'), 'one\n');
    const { texts } = await start({ path: at('a.log'), start_position: 'beginning' });
    await texts(1);
    appendFileSync(at('a.log'), 'two\n');
    renameSync(at('a.log'), at('a.log.1'));
    writeFileSync(at('a.log'), 'new one\n');
    await texts(3);
    appendFileSync(at('a.log.1'), 'late\n');
    expect((await texts(4)).sort()).toEqual(['late', 'new one', 'one', 'two']);
  });

  it('does not read a renamed file again under its new name', async () => {
    writeFileSync(at('a.log'), 'one\n');
    const { texts, context } = await start({ path: at('a.log*'), start_position: 'beginning' });
    await texts(1);
    renameSync(at('a.log'), at('a.log.1'));
    await looks();
    writeFileSync(at('a.log'), 'two\n');
    await texts(2);
    await looks();
    appendFileSync(at('a.log.1'), 'late\n');
    expect(await texts(3)).toEqual(['one', 'two', 'late']);
    expect(context.writer.runs.map((run) => run.peer['path'])).toContain(at('a.log.1'));
  });

  it('starts again when a file is truncated (copytruncate)', async () => {
    writeFileSync(at('a.log'), 'one\ntwo\n');
    const { texts } = await start({ start_position: 'beginning' });
    await texts(2);
    copyFileSync(at('a.log'), at('a.copy'));
    truncateSync(at('a.log'));
    await looks();
    appendFileSync(at('a.log'), 'x\n');
    expect(await texts(3)).toEqual(['one', 'two', 'x']);
  });

  it('reads a deleted file to its end, the line without end too, and lets it go', async () => {
    writeFileSync(at('a.log'), 'one\n');
    const { texts, context } = await start({ start_position: 'beginning' });
    await texts(1);
    appendFileSync(at('a.log'), 'two\nrest');
    unlinkSync(at('a.log'));
    expect(await texts(3)).toEqual(['one', 'two', 'rest']);
    expect(context.writer.runs.at(-1)!.kind).toBe(3);
    writeFileSync(at('a.log'), 'again\n');
    expect(await texts(4)).toEqual(['one', 'two', 'rest', 'again']);
  });

  it('reads a file with two names once', async () => {
    writeFileSync(at('a.log'), 'one\n');
    symlinkSync(at('a.log'), at('b.log'));
    const { texts } = await start({ start_position: 'beginning' });
    await texts(1);
    await looks();
    appendFileSync(at('a.log'), 'two\n');
    expect(await texts(2)).toEqual(['one', 'two']);
  });

  it('remembers a position only when the outputs have taken what is before it', async () => {
    const held: (() => void)[] = [];
    class HoldingWriter extends TestWriter {
      override whenDelivered(callback: () => void): void {
        held.push(callback);
      }
    }
    writeFileSync(at('a.log'), 'one\ntwo\n');
    const { texts, intake } = await start({ start_position: 'beginning' }, { writer: new HoldingWriter() });
    await texts(2);
    await looks();
    const position = (): number => Number(readFileSync(at('db'), 'utf8').split(' ')[3]);
    expect(position()).toBe(0);
    await intake.close();
    expect(position()).toBe(0);
    for (const callback of held) callback();
    expect(position()).toBe(8);
  });

  it('writes the sincedb as Logstash does, and reads both of its formats', async () => {
    writeFileSync(at('a b.log'), 'one\ntwo\n');
    writeFileSync(at('c.log'), 'one\ntwo\n');
    const key = (name: string): string => {
      const { ino, dev } = statSync(at(name));
      return `${ino} ${Math.floor(dev / 2 ** 24) % 256} ${dev % 2 ** 24}`;
    };
    const now = Date.now() / 1000;
    writeFileSync(
      at('db'),
      `${key('a b.log')} 4 ${now} ${at('a b.log')}\n${key('c.log')} 4\ngarbage\n1 2 3 4 5.5 /gone\n`,
    );
    const { texts, intake } = await start({});
    expect(await texts(2)).toEqual(['two', 'two']);
    await intake.close();
    const lines = readFileSync(at('db'), 'utf8').split('\n');
    expect(lines[0]).toMatch(new RegExp(`^${key('a b.log')} 8 \\d+\\.\\d+ ${at('a b.log')}$`));
    expect(lines[1]).toMatch(new RegExp(`^${key('c.log')} 8 \\d+\\.\\d+ ${at('c.log')}$`));
    expect(lines.slice(2)).toEqual(['']);
  });

  it('names its sincedb after the paths', async () => {
    writeFileSync(at('a.log'), 'one\n');
    const options = resolveOptions(file, { ...quick });
    const context = intakeContext({ dataPath: folder });
    const intake = file.createIntake({ ...options, path: [at('a.log'), '/x'] }, context);
    running.push(intake);
    await intake.open(new AbortController().signal);
    const digest = createHash('md5')
      .update(`${at('a.log')},/x`)
      .digest('hex');
    expect(existsSync(at(`.sincedb_${digest}`))).toBe(true);
  });

  it('keeps nothing with /dev/null', async () => {
    writeFileSync(at('a.log'), 'one\n');
    for (let round = 0; round < 2; round++) {
      const { texts, intake } = await start({ sincedb_path: '/dev/null', start_position: 'beginning' });
      expect(await texts(1)).toEqual(['one']);
      await intake.close();
    }
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('refuses a sincedb that can not be a file', async () => {
    await expect(start({ sincedb_path: folder })).rejects.toThrow(/sincedb .* can not be used/);
  });

  it('leaves old files alone until they change', async () => {
    writeFileSync(at('a.log'), 'old\n');
    utimesSync(at('a.log'), 1, 1);
    const { texts } = await start({ start_position: 'beginning', ignore_older: 60 });
    await looks();
    appendFileSync(at('a.log'), 'new\n');
    expect(await texts(1)).toEqual(['new']);
  });

  it('works with fewer open files than there are, and closes idle ones', async () => {
    for (const name of ['a', 'b', 'c']) writeFileSync(at(`${name}.log`), `${name}\n`);
    const { texts } = await start({ start_position: 'beginning', max_open_files: 1, close_older: 0 });
    expect((await texts(3)).sort()).toEqual(['a', 'b', 'c']);
    appendFileSync(at('a.log'), 'a2\n');
    expect(await texts(4)).toContain('a2');
  });

  it('takes turns and the order that it is told', async () => {
    for (const [index, name] of ['x', 'y'].entries()) {
      writeFileSync(at(`${name}.log`), `${name}1\n${name}2\n${name}3\n`);
      utimesSync(at(`${name}.log`), 1000 - index, 1000 - index);
    }
    const all = { start_position: 'beginning', sincedb_path: '/dev/null' };
    expect(await (await start(all)).texts(6)).toEqual(['y1', 'y2', 'y3', 'x1', 'x2', 'x3']);
    expect(
      (await (await start({ ...all, file_sort_by: 'path', file_sort_direction: 'asc' })).texts(6))[0],
    ).toBe('x1');
    expect(
      (await (await start({ ...all, file_sort_by: 'path', file_sort_direction: 'desc' })).texts(6))[0],
    ).toBe('y1');
    const line = 'z'.repeat(99);
    writeFileSync(at('p.txt'), `${line}\n`.repeat(5000));
    writeFileSync(at('q.txt'), 'q\n');
    const turns = await start({
      ...all,
      path: at('*.txt'),
      file_sort_by: 'path',
      file_chunk_size: 1000,
      file_chunk_count: 1,
    });
    const order = await turns.texts(5001);
    expect(order.indexOf('q')).toBeLessThan(5000);
  });

  it('takes another delimiter and cuts lines that are too long', async () => {
    writeFileSync(at('a.log'), 'one||two||three');
    const { texts } = await start({ delimiter: '||', start_position: 'beginning' });
    expect(await texts(2)).toEqual(['one', 'two']);
    writeFileSync(at('b.txt'), `${'x'.repeat(25)}\nshort\n`);
    const cut = await start(
      { path: at('b.txt'), start_position: 'beginning', sincedb_path: '/dev/null' },
      { maxRecordBytes: 10 },
    );
    expect((await cut.texts(4)).map((text) => text.length)).toEqual([10, 10, 5, 5]);
  });

  it('reads lines longer than a chunk', async () => {
    const long = 'y'.repeat(500_000);
    writeFileSync(at('a.log'), `a\n${long}\nb\n`);
    const { texts } = await start({ start_position: 'beginning' });
    expect(await texts(3)).toEqual(['a', long, 'b']);
  });

  it('stops reading while the queue is full, and loses nothing', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index}`);
    writeFileSync(at('a.log'), `${lines.join('\n')}\n`);
    const context = intakeContext({ dataPath: folder });
    context.writer.setFull(true);
    const { texts } = await start({ start_position: 'beginning' }, { writer: context.writer });
    await looks();
    expect(context.writer.count).toBeLessThan(50_000);
    context.writer.setFull(false);
    expect(await texts(50_000)).toEqual(lines);
  });

  it('can be closed while the queue is full', async () => {
    writeFileSync(at('a.log'), 'one\n'.repeat(100_000));
    const writer = new TestWriter();
    writer.setFull(true);
    const { intake } = await start({ start_position: 'beginning' }, { writer });
    await looks();
    const from = Date.now();
    await intake.close();
    await intake.close();
    expect(Date.now() - from).toBeLessThan(4000);
  });

  it('warns of what it may not read and goes on', async () => {
    mkdirSync(at('sub'));
    writeFileSync(at('a.log'), 'one\n');
    const { context, texts } = await start({
      path: [at('**/*.log'), '/proc/1/map_files/*'],
      start_position: 'beginning',
    });
    expect(await texts(1)).toEqual(['one']);
    if (process.getuid!() !== 0) expect(context.log.join()).toContain('warn');
  });
});

describe('patterns', () => {
  it('match as those of Ruby', async () => {
    for (const name of ['x', 'x/y', 'x/.hidden']) mkdirSync(at(name));
    for (const name of [
      'a.log',
      '.h.log',
      'x/b.log',
      'x/y/c.log',
      'x/y/c.gz',
      'x/.hidden/d.log',
      'x/e.txt',
      'b[1].log',
    ])
      writeFileSync(at(name), `${name}\n`);
    const found = async (path: string | string[], exclude: string[] = []): Promise<string[]> => {
      const { context, intake } = await start({
        path,
        exclude,
        start_position: 'beginning',
        sincedb_path: '/dev/null',
      });
      await looks();
      await intake.close();
      return context.writer.texts().sort();
    };
    expect(await found(at('*.log'))).toEqual(['a.log', 'b[1].log']);
    expect(await found(at('**/*.log'))).toEqual(['a.log', 'b[1].log', 'x/b.log', 'x/y/c.log']);
    expect(await found(at('**/*'), ['*.gz', '[ab]*'])).toEqual(['x/e.txt', 'x/y/c.log']);
    expect(await found(at('x/{b,e}.{log,txt}'))).toEqual(['x/b.log', 'x/e.txt']);
    expect(await found(at('x/?.[!l]*'))).toEqual(['x/e.txt']);
    expect(await found(at('.*.log'))).toEqual(['.h.log']);
    expect(await found(at('b\\[1\\].log'))).toEqual(['b[1].log']);
    expect(await found([at('none/*'), at('a.log'), at('a.*')])).toEqual(['a.log']);
  });
});

describe('read mode', () => {
  const read = { mode: 'read', exit_after_read: true };

  it('reads files to their very end, deletes them and ends', async () => {
    writeFileSync(at('a.log'), 'one\ntwo');
    const { context, texts } = await start(read);
    expect(await texts(2)).toEqual(['one', 'two']);
    expect(context.isFinished).toBe(true);
    expect(existsSync(at('a.log'))).toBe(false);
  });

  it('logs files that are done, once', async () => {
    writeFileSync(at('a.log'), 'one\n');
    const log = { ...read, file_completed_action: 'log', file_completed_log_path: at('done') };
    for (let round = 0; round < 2; round++) {
      const { context, intake } = await start(log);
      await looks();
      expect(context.isFinished).toBe(true);
      expect(context.writer.count).toBe(round === 0 ? 1 : 0);
      await intake.close();
    }
    expect(readFileSync(at('done'), 'utf8')).toBe(`${at('a.log')}\n`);
    expect(existsSync(at('a.log'))).toBe(true);
    writeFileSync(at('b.log'), 'two\n');
    await (await start({ ...log, file_completed_action: 'log_and_delete' })).texts(1);
    expect(existsSync(at('b.log'))).toBe(false);
    expect(readFileSync(at('done'), 'utf8')).toBe(`${at('a.log')}\n${at('b.log')}\n`);
  });

  it('keeps a file until its events are delivered', async () => {
    const held: (() => void)[] = [];
    class HoldingWriter extends TestWriter {
      override whenDelivered(callback: () => void): void {
        held.push(callback);
      }
    }
    writeFileSync(at('a.log'), 'one\n');
    const { context } = await start(read, { writer: new HoldingWriter() });
    await looks();
    expect(existsSync(at('a.log'))).toBe(true);
    expect(context.isFinished).toBe(false);
    for (const callback of held) callback();
    await looks();
    expect(existsSync(at('a.log'))).toBe(false);
    expect(context.isFinished).toBe(true);
  });

  it('goes on finding files without exit_after_read', async () => {
    const { texts, context } = await start({ mode: 'read' });
    writeFileSync(at('a.log.tmp'), 'one\n');
    renameSync(at('a.log.tmp'), at('a.log'));
    expect(await texts(1)).toEqual(['one']);
    writeFileSync(at('b.tmp'), 'two\n');
    renameSync(at('b.tmp'), at('a.log'));
    expect(await texts(2)).toEqual(['one', 'two']);
    expect(context.isFinished).toBe(false);
  });

  it('reads archives; corrupt ones are named, kept and do not stop it', async () => {
    writeFileSync(at('a.log.gz'), gzipSync('one\ntwo'));
    writeFileSync(at('b.gz'), gzipSync('x\n'.repeat(1000)).subarray(0, 20));
    writeFileSync(at('c.gz'), 'no archive');
    const checked = await start({ ...read, path: at('*.gz'), check_archive_validity: true });
    expect(await checked.texts(2)).toEqual(['one', 'two']);
    expect(checked.context.isFinished).toBe(true);
    expect(checked.context.log.filter((line) => line.includes('corrupt'))).toHaveLength(2);
    expect([existsSync(at('a.log.gz')), existsSync(at('b.gz'))]).toEqual([false, true]);
    const unchecked = await start({ ...read, path: at('*.gz') });
    await looks();
    expect(unchecked.context.isFinished).toBe(true);
    expect(unchecked.context.log.join()).toContain('b.gz');
  });

  it('ends at once when there is nothing', async () => {
    const { context } = await start(read);
    await looks();
    expect(context.isFinished).toBe(true);
  });
});

describe('events', () => {
  const decode = async (
    text: string | Buffer,
    given: object,
    codec = createCodec(plain),
    ecs: 'disabled' | 'v8' = 'disabled',
  ) => {
    writeFileSync(at('a.log'), text);
    const { context } = await start({ mode: 'read', exit_after_read: true, ...given });
    await looks();
    const options = resolveOptions(file, given as never);
    return context.writer.decode(file.createDecoder(options, decoderContext(codec, { ecs })));
  };

  it('name their file and host', async () => {
    const [event] = await decode('one\n', {});
    expect(event!.fields).toMatchObject({ message: 'one', path: at('a.log'), host: hostname() });
    expect(event!.metadata).toEqual({ path: at('a.log'), host: hostname() });
    const [ecs] = await decode('one\n', {}, createCodec(plain, {}, { ecs: 'v8' }), 'v8');
    expect(ecs!.fields).toMatchObject({ log: { file: { path: at('a.log') } }, host: { name: hostname() } });
  });

  it('are decoded line by line, whatever ends a line', async () => {
    const events = await decode('{"a":1}|{"host":"mine"}|', { delimiter: '|' }, createCodec(json));
    expect(events.map((event) => event.fields)).toMatchObject([{ a: 1 }, { host: 'mine' }]);
  });

  it('may be in UTF-16', async () => {
    const charset = { charset: 'UTF-16LE' };
    const events = await decode(
      Buffer.from('añb\nc\n', 'utf16le'),
      { codec: { plugin: 'plain', options: charset } },
      createCodec(plain, charset),
    );
    expect(events.map((event) => event.fields['message'])).toEqual(['añb', 'c']);
  });
});

it('checks its options', () => {
  const problems: string[] = [];
  const check = (given: object) =>
    file.validate!(resolveOptions(file, given as never), (severity, option) =>
      problems.push(`${severity} ${option}`),
    );
  check({ path: ['relative/x'] });
  check({ path: ['/x'], exit_after_read: true });
  check({ path: ['/x'], file_completed_action: 'log', mode: 'read' });
  check({ path: ['/x'], delimiter: '' });
  check({ path: ['/x'] });
  expect(problems).toEqual([
    'error path',
    'error exit_after_read',
    'error file_completed_log_path',
    'error delimiter',
  ]);
});
