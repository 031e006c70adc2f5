/** Disks without room: under the queue, the dead letters, the positions of files, the files that are written. */
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  deadLetters,
  fill,
  HttpSender,
  httpInput,
  httpOutput,
  LumberjackSender,
  missing,
  noMounts,
  queued,
  RECOVERY,
  Sink,
  startMillrace,
  stopWell,
  tinyDisk,
  unmountAll,
  untilHealth,
} from '../support/faults.ts';
import { cleanUp, freePort, temporaryFolder, until } from '../support/millrace.ts';

const open: { stop(): Promise<unknown> }[] = [];
afterAll(async () => {
  for (const each of open.splice(0)) await each.stop();
  unmountAll();
  await cleanUp();
});

const reason = noMounts === undefined ? '' : ` (skipped: ${noMounts})`;

describe.skipIf(reason !== '').concurrent(`disk full${reason}`, () => {
  test('path.queue: intake stops, red with path and reason, resumes by itself, nothing is lost', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const disk = tinyDisk('4m');
    const millrace = await startMillrace(`${httpInput(input)} ${httpOutput(target)}`, ['--path.queue', disk]);
    const sink = await new Sink(target).start();
    open.push(sink);
    sink.mood = (_, response) => response.writeHead(429, { 'retry-after': '1' }).end();
    const sender = new HttpSender(input, { padding: 1000 });
    await until(() => sender.answered.size > 200, 'first answers');
    const ballast = fill(disk);
    const text = await untilHealth(millrace, 'red', 'ENOSPC');
    expect(text).toMatch(
      new RegExp(
        `the queue in ${join(disk, 'main')} can not be used: ENOSPC: no space left on device, write, retrying since \\d\\d:\\d\\d, \\d+ events waiting`,
      ),
    );
    // Back-pressure: who asks is held for ten seconds and then refused, nobody else is answered.
    const answered = sender.answered.size;
    const refused = await fetch(`http://127.0.0.1:${input}/`, { method: 'POST', body: 'n=0' });
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect(sender.answered.size).toBe(answered);
    ballast.free();
    sink.mood = undefined;
    await until(() => sender.answered.size > answered + 200, 'goes on by itself');
    await sender.stop();
    await until(() => missing(sender.answered, sink.arrived).length === 0, 'all that was answered', RECOVERY);
    await untilHealth(millrace, 'green', '', 20);
    expect(await queued(millrace)).toBe(0);
    await stopWell(millrace);
  }, 90_000);

  test('path.queue: a lumberjack sender gets keepalives meanwhile, and its acknowledgement when there is room', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const disk = tinyDisk('4m');
    const sink = new Sink(target);
    const millrace = await startMillrace(
      `input { beats { host => "127.0.0.1" port => ${input} } } ${httpOutput(target)}`,
      ['--path.queue', disk],
    );
    const sender = new LumberjackSender(input);
    open.push({ stop: async () => sender.stop() });
    sender.send(['n=1 first']);
    await until(() => sender.acks.includes(1), 'acknowledged');
    const ballast = fill(disk);
    const padding = 'x'.repeat(20_000);
    sender.send(Array.from({ length: 40 }, (_, index) => `n=${index + 2} ${padding}`));
    await untilHealth(millrace, 'red', `the queue in ${join(disk, 'main')} can not be used: ENOSPC`);
    await until(() => sender.acks.includes(0), 'a keepalive', 8);
    expect(sender.acks).not.toContain(40);
    ballast.free();
    await until(() => sender.acks.includes(40), 'acknowledged');
    open.push(await sink.start());
    await until(() => sink.arrived.size === 41, 'all events', 15);
    await untilHealth(millrace, 'green', '', 15);
    await stopWell(millrace);
  }, 90_000);

  test('path.queue at the start: what waits is delivered, which makes room', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const disk = tinyDisk('4m');
    const args = ['--path.queue', disk, '--queue.page_capacity', '256kb'];
    const config = `${httpInput(input)} ${httpOutput(target)}`;
    const first = await startMillrace(config, args);
    const sender = new HttpSender(input, { padding: 1000, pause: 0 });
    await until(() => sender.answered.size > 1500, 'a queue');
    await first.kill();
    fill(disk);
    const sink = new Sink(target);
    const again = await startMillrace(config, args);
    await untilHealth(again, 'red', 'ENOSPC');
    open.push(await sink.start());
    await sender.stop();
    await until(() => missing(sender.answered, sink.arrived).length === 0, 'all that was answered', RECOVERY);
    await untilHealth(again, 'green', '', 20);
    await stopWell(again);
  }, 90_000);

  test('path.dead_letter_queue: red with path and reason, refused events wait, nothing is lost', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const disk = tinyDisk('1m');
    const sink = await new Sink(target).start();
    open.push(sink);
    sink.mood = (_, response) => response.writeHead(400).end('no such field');
    const millrace = await startMillrace(`${httpInput(input)} ${httpOutput(target)}`, [
      '--path.dead_letter_queue',
      disk,
      '--dead_letter_queue.enable',
      'true',
    ]);
    const ballast = fill(disk);
    const sender = new HttpSender(input, { lanes: 1, pause: 20 });
    await untilHealth(
      millrace,
      'red',
      new RegExp(`dead letter queue ${join(disk, 'main')}: ENOSPC.*; events wait`),
    );
    await sender.stop();
    expect(await queued(millrace)).toBeGreaterThan(0);
    ballast.free();
    await until(async () => (await queued(millrace)) === 0, 'all kept');
    await untilHealth(millrace, 'green', '', 15);
    await stopWell(millrace);
    const { numbers } = await deadLetters(disk);
    expect(missing(sender.answered, numbers)).toEqual([]);
    expect(sender.answered.size).toBeGreaterThan(0);
  }, 90_000);

  test('path.data: positions of files are written as soon as there is room, health says so until then', async () => {
    const target = await freePort();
    const sink = await new Sink(target).start();
    open.push(sink);
    const disk = tinyDisk('1m');
    const log = join(temporaryFolder(), 'app.log');
    writeFileSync(log, 'n=1 first\n');
    const millrace = await startMillrace(
      `input { file { id => "in" path => "${log}" start_position => beginning sincedb_write_interval => 0.3 stat_interval => 0.1 } }
       ${httpOutput(target)}`,
      ['--path.data', disk, '--queue.type', 'memory'],
    );
    const sincedb = (): string => {
      const folder = join(disk, 'plugins/inputs/file');
      const name = existsSync(folder)
        ? readdirSync(folder).find((each) => /sincedb_\w+$/.test(each))
        : undefined;
      return name === undefined ? '' : readFileSync(join(folder, name), 'utf8');
    };
    await until(() => sink.arrived.has(1) && / 10 /.test(sincedb()), 'the first position');
    const ballast = fill(disk);
    appendFileSync(log, 'n=2 second\n');
    await untilHealth(millrace, 'yellow', /input in: the sincedb .*sincedb_\w+ can not be written: ENOSPC/);
    await until(() => sink.arrived.has(2), 'events go on');
    expect(sincedb()).toMatch(/ 10 /);
    ballast.free();
    await untilHealth(millrace, 'green');
    expect(sincedb()).toMatch(/ 21 /);
    expect([...sink.arrived.values()]).toEqual([1, 1]);
    await stopWell(millrace);
  }, 90_000);

  test('output file: the reason in words, tried again, every line is there once', async () => {
    const input = await freePort();
    const disk = tinyDisk('256k');
    const file = join(disk, 'out.log');
    const millrace = await startMillrace(
      `${httpInput(input)} output { file { id => "out" path => "${file}" codec => line { format => "%{message}" } } }`,
      ['--pipeline.workers', '1'],
    );
    const ballast = fill(disk);
    const sender = new HttpSender(input, { lanes: 2, pause: 20 });
    await untilHealth(
      millrace,
      'yellow',
      /output out: .*out\.log: ENOSPC: no space left on device, write, retrying since \d\d:\d\d, [\d,]+ events waiting/,
    );
    await sender.stop();
    ballast.free();
    const lines = (): number[] =>
      [...readFileSync(file, 'utf8').matchAll(/^n=(\d+) x{200}$/gm)].map(([, n]) => Number(n));
    await until(() => missing(sender.answered, new Set(lines())).length === 0, 'all lines', 20);
    await untilHealth(millrace, 'green');
    expect(lines()).toHaveLength(sender.answered.size);
    await stopWell(millrace);
  }, 90_000);
});
