import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCodec, outputContext, resolveOptions } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import type { Codec, Output, OutputContext } from '../../kernel/plugin.ts';
import { jsonLines } from '../codecs/json-lines.ts';
import { line } from '../codecs/line.ts';
import { file } from './file.ts';

const { signal } = new AbortController();
let folder: string;
let open: Output[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-file-out-'));
});
afterEach(async () => {
  for (const output of open) {
    await output.close();
    await output.close();
  }
  open = [];
  rmSync(folder, { recursive: true, force: true });
});

function create(
  given: Record<string, unknown>,
  codec: Codec = createCodec(jsonLines),
  more: Partial<OutputContext> = {},
): Output {
  const output = file.create(resolveOptions(file, given), outputContext(codec, more));
  open.push(output);
  return output;
}
const events = (...fields: Fields[]): Event[] => fields.map((each) => new Event(each));
const at = (...names: string[]): string => join(folder, ...names);
const text = (...names: string[]): string => readFileSync(at(...names), 'utf8');

describe('file output', () => {
  it('begins a new line behind half a record that a killed process left', async () => {
    appendFileSync(at('out.json'), '{"n":1}\n{"n"');
    await create({ path: at('out.json') }).write(events({ n: 2 }), signal);
    await create({ path: at('out.json') }).write(events({ n: 3 }), signal);
    expect(text('out.json')).toBe('{"n":1}\n{"n"\n{"n":2}\n{"n":3}\n');
  });

  it('appends JSON lines and makes folders', async () => {
    const output = create({ path: at('a/b/out.json') });
    expect((await output.write(events({ n: 1 }, { n: 2 }), signal)) ?? []).toEqual([]);
    await output.write(events({ n: 3 }), signal);
    expect(text('a/b/out.json')).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
  });

  it('sends every event to the file of its path, in order', async () => {
    const output = create({ path: at('%{host}/%{+yyyy-MM-dd}.log') }, createCodec(line, { format: '%{n}' }));
    const time = '2026-11-20T10:00:00.000Z';
    const batch = [1, 2, 3, 4].map((n) => ({ '@timestamp': time, host: n % 2 ? 'odd' : 'even', n }));
    expect((await output.write(events(...batch), signal)) ?? []).toEqual([]);
    expect(text('odd/2026-11-20.log')).toBe('1\n3\n');
    expect(text('even/2026-11-20.log')).toBe('2\n4\n');
  });

  it('keeps events inside the fixed part of the path', async () => {
    mkdirSync(at('root'));
    const output = create({ path: at('root/%{host}.log') }, createCodec(line, { format: '%{n}' }));
    const failures = await output.write(
      events(
        { host: '../outside', n: 1 },
        { host: '..', n: 2 },
        { host: 'in/side', n: 3 },
        { n: 4 },
        { host: 'x\0y', n: 5 },
        { host: 'x'.repeat(300), n: 6 },
      ),
      signal,
    );
    expect(failures ?? []).toEqual([]);
    expect(existsSync(at('outside.log'))).toBe(false);
    expect(text('root/_filepath_failures')).toBe('1\n5\n6\n');
    expect(text('root/...log')).toBe('2\n');
    expect(text('root/in/side.log')).toBe('3\n');
    expect(text('root/%{host}.log')).toBe('4\n');
  });

  it('makes a deleted or renamed file again', async () => {
    const output = create({ path: at('out') });
    await output.write(events({ n: 1 }), signal);
    unlinkSync(at('out'));
    await output.write(events({ n: 2 }), signal);
    expect(text('out')).toBe('{"n":2}\n');
    renameSync(at('out'), at('out.1'));
    await output.write(events({ n: 3 }), signal);
    renameSync(at('out.1'), at('other'));
    appendFileSync(at('other'), 'theirs\n');
    renameSync(at('other'), at('out'));
    await output.write(events({ n: 4 }), signal);
    expect(text('out')).toBe('{"n":2}\ntheirs\n{"n":4}\n');
    rmSync(folder, { recursive: true });
    await output.write(events({ n: 5 }), signal);
    expect(text('out')).toBe('{"n":5}\n');
  });

  it('leaves a deleted file alone if told so', async () => {
    const output = create({ path: at('out'), create_if_deleted: false, filename_failure: 'lost' });
    await output.write(events({ n: 1 }), signal);
    appendFileSync(at('out'), '');
    await output.write(events({ n: 2 }), signal);
    expect(text('lost')).toBe('{"n":1}\n');
    expect(text('out')).toBe('{"n":2}\n');
  });

  it('compresses', async () => {
    const output = create({ path: at('out.gz'), gzip: true });
    await output.write(events({ n: 1 }, { n: 2 }), signal);
    await output.write(events({ n: 3 }), signal);
    expect(gunzipSync(readFileSync(at('out.gz'))).toString()).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
  });

  it('keeps only the most recent event with overwrite', async () => {
    const output = create({ path: at('out'), write_behavior: 'overwrite' });
    await output.write(events({ n: 'long long long' }, { n: 2 }), signal);
    await output.write(events({ n: 3 }, { n: 4 }), signal);
    expect(text('out')).toBe('{"n":4}\n');
    expect(file.concurrency).toBeTypeOf('function');
  });

  it('sets modes, read as octal digits', async () => {
    const output = create({ path: at('x/y/out'), dir_mode: 750, file_mode: 604 });
    await output.write(events({ n: 1 }), signal);
    expect(statSync(at('x')).mode & 0o777).toBe(0o750);
    expect(statSync(at('x/y')).mode & 0o777).toBe(0o750);
    expect(statSync(at('x/y/out')).mode & 0o777).toBe(0o604);
  });

  it('two workers write whole batches into one file', async () => {
    const outputs = [create({ path: at('out') }), create({ path: at('out') })];
    for (let round = 0; round < 50; round++)
      for (const output of outputs) await output.write(events({ n: round }, { n: round }), signal);
    expect(text('out').split('\n')).toHaveLength(201);
  });

  it('passes lines on as they are', async () => {
    const output = create({ path: at('out') }, createCodec(line, { format: '%{message}' }));
    await output.writeLines!(Buffer.from('a\nb\n'), 2, signal);
    expect(text('out')).toBe('a\nb\n');
    expect(
      create({ path: at('%{x}') }, createCodec(line, { format: '%{message}' })).writeLines,
    ).toBeUndefined();
    expect(create({ path: at('y') }).writeLines).toBeUndefined();
  });

  it('asks for a retry of the events whose file can not be written', async () => {
    mkdirSync(at('sub'));
    // A pipe without reader stands for what may get better (root is refused nothing by modes).
    execFileSync('mkfifo', [at('pipe')]);
    const output = create({ path: at('%{f}') });
    const failures = await output.write(
      events({ f: 'a', n: 1 }, { f: 'pipe', n: 2 }, { f: 'sub', n: 3 }),
      signal,
    );
    expect(failures).toMatchObject([{ index: 1, kind: 'retry' }]);
    expect(text('a')).toBe('{"f":"a","n":1}\n');
    expect(text('_filepath_failures')).toBe('{"f":"sub","n":3}\n');
    const fixed = create({ path: at('pipe') });
    expect(() => fixed.write(events({ n: 1 }), signal)).toThrow('ENXIO');
  });

  it('says when the disk is full', async () => {
    // /dev/full can be opened and never written.
    const output = create({ path: '/dev/full' });
    expect(() => output.write(events({ n: 1 }), signal)).toThrow('ENOSPC');
  });

  it('closes files that get nothing any more', async () => {
    const output = create({ path: at('%{f}'), stale_cleanup_interval: 0 });
    for (const f of ['a', 'b', 'c']) await output.write(events({ f }), signal);
    const held = (): string[] =>
      execFileSync('ls', ['-l', `/proc/${process.pid}/fd`])
        .toString()
        .split('\n')
        .filter((each) => each.includes(folder));
    expect(held().length).toBeLessThan(3);
  });

  it('reports paths and modes that can not work', () => {
    const problems: unknown[] = [];
    const report = (severity: string, option: string) => problems.push(`${severity} ${option}`);
    const check = (given: object) => file.validate!(resolveOptions(file, given as never), report);
    check({ path: '/%{host}/x' });
    check({ path: '/x-%{host}/y' });
    check({ path: '/var/%{host}', file_mode: 888 });
    check({ path: '/var/%{host}', file_mode: 640, dir_mode: -1 });
    expect(problems).toEqual(['error path', 'error path', 'error file_mode']);
    expect(file.reads!(resolveOptions(file, { path: '/x/%{a}/%{+yyyy}' }))).toEqual(['a', '@timestamp']);
  });
});
