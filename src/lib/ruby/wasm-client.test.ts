import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { Event } from '../../event/event.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { RubyMachine } from './wasm-client.ts';

const machine = new RubyMachine();
const directory = mkdtempSync(join(tmpdir(), 'millrace-wasm-'));
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await machine.close();
});

async function run(code: string, millis = 5000): Promise<{ event: Event; raised: string | undefined }> {
  const filter = machine.filter({ code, times: ['@timestamp'] }, silentLogger);
  await filter.load();
  const event = new Event({ '@timestamp': '2026-11-20T10:00:00.000Z' });
  const [outcome] = await filter.run([event], millis);
  const { status, kind, message } = outcome!;
  return {
    event,
    raised: status === 'ok' ? undefined : status === 'timeout' ? 'timeout' : `${kind}: ${message}`,
  };
}

test('files can be made, read, changed, listed, moved and removed', async () => {
  const { event, raised } = await run(`Dir.chdir(${JSON.stringify(directory)})
Dir.mkdir("d"); File.write("d/a", "one\\n"); File.open("d/a", "a") { |f| f.puts "two"; f << "é" }
event.set("text", File.read("d/a")); event.set("lines", File.foreach("d/a").map(&:chomp)); event.set("size", File.size("d/a"))
File.open("d/a", "r+") { |f| f.seek(4); f.write("TWO"); f.rewind; event.set("first", f.gets) }
File.rename("d/a", "d/b"); event.set("list", Dir.children("d").sort); event.set("kinds", [File.file?("d/b"), File.directory?("d"), File.exist?("d/a")])
event.set("end", File.read("d/b")[-5..]); File.delete("d/b"); Dir.rmdir("d"); event.set("gone", Dir.children("."))
begin; File.read("nowhere"); rescue Errno::ENOENT => e; event.set("error", e.class.name); end`);
  expect(raised).toBeUndefined();
  expect(event.fields).toMatchObject({
    text: 'one\ntwo\né',
    lines: ['one', 'two', 'é'],
    size: 10,
    first: 'one\n',
    list: ['b'],
    kinds: [true, true, false],
    end: 'TWO\né',
    gone: [],
    error: 'Errno::ENOENT',
  });
});

test('sleep sleeps', async () => {
  const begun = performance.now();
  const { raised } = await run('sleep 0.15');
  expect(raised).toBeUndefined();
  expect(performance.now() - begun).toBeGreaterThan(140);
});

test('a sleep beyond the deadline is ended, and the machine starts anew', { timeout: 10_000 }, async () => {
  expect((await run('sleep 60', 200)).raised).toBe('timeout');
  expect((await run('event.set("a", 1)')).event.fields).toMatchObject({ a: 1 });
});

test('what ends a Ruby process ends nothing here', { timeout: 10_000 }, async () => {
  expect((await run('exit 3')).raised).toBe('SystemExit: exit');
  expect((await run('abort "no"')).raised).toBe('SystemExit: no');
  expect((await run('exit! 1')).raised).toMatch(/^Fatal: /);
  expect((await run('def deep(n) = deep(n + 1) + 1; deep(0)')).raised).toMatch(/stack|Stack/);
  expect((await run('event.set("a", 1)')).event.fields).toMatchObject({ a: 1 });
});

test('text that is no UTF-8 is mended, NaN is null', async () => {
  const { event } = await run(
    'event.set("s", "\\xff\\xfeab"); event.set("b", [200].pack("C")); event.set("n", 0.0 / 0)',
  );
  expect(event.fields).toMatchObject({ s: '\ufffd\ufffdab', b: '\ufffd', n: null });
});

test('loading says what Ruby says', async () => {
  const filter = machine.filter({ init: 'require "nope"', code: '', times: [] }, silentLogger);
  await expect(filter.load()).rejects.toThrow('cannot load such file -- nope');
});

test('local time is the machine’s, in both ways', { timeout: 20_000 }, () => {
  const own = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const code = `t = event.get("@timestamp").time.localtime
event.set("r", [t.to_s, t.zone, t.strftime("%Z %z"), Time.local(2024, 3, 31, 12).to_i, Time.parse("2024-07-01 10:00").to_s, (t + 86400 * 200).to_s, t.utc.to_s])`;
  const program = `
const { analyseRuby } = await import(${own('./compile.ts')});
const { RubyProgram } = await import(${own('./program.ts')});
const { RubyMachine } = await import(${own('./wasm-client.ts')});
const { silentLogger } = await import(${own('../../kernel/logger.ts')});
const { Event } = await import(${own('../../event/event.ts')});
const code = ${JSON.stringify(code)};
const events = [1, 2].map(() => new Event({ '@timestamp': '2026-11-20T10:00:00.000Z' }));
const machine = new RubyMachine();
const filter = machine.filter({ code, times: ['@timestamp'] }, silentLogger);
await filter.load();
await filter.run([events[0]], 5000);
new RubyProgram(analyseRuby({ code }).compiled, silentLogger, [], false).run(events[1], () => {});
console.log(JSON.stringify(events.map((event) => event.fields.r)));
await machine.close();`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, TZ: 'America/New_York' },
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  });
  const [machineSays, compiledSays] = JSON.parse(output);
  expect(compiledSays).toEqual(machineSays);
  expect(compiledSays).toEqual([
    '2026-11-20 05:00:00 -0500',
    'EST',
    'EST -0500',
    1711900800,
    '2024-07-01 10:00:00 -0400',
    '2027-06-08 06:00:00 -0400',
    '2026-11-20 10:00:00 UTC',
  ]);
});
