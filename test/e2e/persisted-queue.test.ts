/** The persisted queue of a real process: dead upstreams, shutdown, reload, two processes, a full disk. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { closeSinks, lines, sendTcp, startSink } from '../support/http-sink.ts';
import { cleanUp, freePort, Millrace, runToEnd, temporaryFolder, until } from '../support/millrace.ts';

afterEach(async () => {
  await closeSinks();
  await cleanUp();
});

const output = (port: number): string =>
  `output { http { url => "http://127.0.0.1:${port}/" http_method => post format => json_batch } }`;

async function start(
  config: string,
  data: string,
  ...args: string[]
): Promise<Millrace & { readonly file: string }> {
  const file = join(temporaryFolder(), 'pipeline.conf');
  writeFileSync(file, config);
  const all = [
    '-f',
    file,
    '--path.data',
    data,
    '--queue.type',
    'persisted',
    '--api.http.port',
    '19600-19999',
  ];
  return Object.assign(await new Millrace({ args: [...all, ...args] }).ready(), { file });
}

const json = async (url: string): Promise<any> => (await fetch(url)).json();
const stats = async ({ api }: Millrace): Promise<any> =>
  (await json(`${api}/_node/stats/pipelines`)).pipelines.main;
const health = async ({ api }: Millrace): Promise<any> =>
  (await json(`${api}/_health_report`)).indicators.pipelines.indicators.main;

/** The status of the answer. */
const post = (port: number, body: string): Promise<number | 'refused'> =>
  fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body }).then(
    ({ status }) => status,
    () => 'refused' as const,
  );

describe('queue.type: persisted', () => {
  test('max_events 5 and a dead upstream: five at most, the sender waits, yellow with the cause; then all of it', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const millrace = await start(
      `input { http { host => "127.0.0.1" port => ${input} codec => line } } ${output(target)}`,
      temporaryFolder(),
      '--queue.max_events',
      '5',
    );
    const answers: number[] = [];
    const began = Date.now();
    // A body is one record of the queue.
    const requests = Array.from({ length: 8 }, async (_, at) => {
      const body = lines(at * 10 + 1, at * 10 + 10);
      const { status } = await fetch(`http://127.0.0.1:${input}/`, { method: 'POST', body });
      answers.push(status);
    });
    await until(async () => (await health(millrace)).status === 'yellow', 'yellow', 5);
    expect(Date.now() - began).toBeLessThan(5000);
    expect(JSON.stringify(await health(millrace))).toContain('refuses connections');
    await until(() => answers.length === 5, 'five answers');
    await delay(300);
    expect(answers).toHaveLength(5);
    const { queue, flow } = await stats(millrace);
    expect(queue).toEqual({
      type: 'persisted',
      events_count: 5,
      events: 5,
      queue_size_in_bytes: expect.any(Number),
      max_queue_size_in_bytes: 1024 ** 3,
      capacity: {
        queue_size_in_bytes: queue.queue_size_in_bytes,
        max_queue_size_in_bytes: 1024 ** 3,
        max_unread_events: 5,
        page_capacity_in_bytes: 64 * 1024 ** 2,
      },
      data: {
        path: expect.stringMatching(/\/queue\/main$/),
        free_space_in_bytes: expect.any(Number),
        storage_type: expect.stringMatching(/^[a-z]/),
      },
      dropped: 0,
    });
    expect(flow.queue_persisted_growth_events.lifetime).toBeGreaterThan(0);
    expect(flow.queue_persisted_growth_bytes.current).toBeGreaterThan(0);
    await until(
      async () =>
        /output http \(\w+\): .*, 5 events waiting; the queue is full with 5 events, senders wait since \d\d:\d\d$/.test(
          (await health(millrace)).symptom,
        ),
      'the words for both',
    );
    const { arrived } = await startSink(target);
    await Promise.all(requests);
    expect(answers).toEqual(Array(8).fill(200));
    await until(() => arrived.size === 80, 'all lines');
    await until(async () => (await health(millrace)).status === 'green', 'green', 15);
    expect([...arrived.values()].every((count) => count === 1)).toBe(true);
    expect(await millrace.stop()).toBe(0);
  }, 40_000);

  test('SIGTERM with a dead upstream ends soon and keeps all; the next start delivers it', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const data = temporaryFolder();
    const config = `input { tcp { id => "in" host => "127.0.0.1" port => ${input} } } ${output(target)}`;
    const millrace = await start(config, data);
    await sendTcp(input, lines(1, 5000));
    await until(async () => (await stats(millrace)).queue.events_count === 5000, 'all in the queue');
    const began = Date.now();
    expect(await millrace.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(8000);
    const report = await runToEnd({ args: ['queue', 'inspect', join(data, 'queue', 'main')] });
    expect(report.stdout).toContain('5,000 events wait');
    expect(report.stdout).toContain('from input tcp (in): 5,000 events');
    const { arrived } = await startSink(target);
    const again = await start(config, data);
    expect(again.stderr).toContain('5000 events of the last run wait in the queue');
    await until(() => arrived.size === 5000, 'all lines');
    await until(async () => (await stats(again)).queue.events_count === 0, 'empty');
    expect(await again.stop()).toBe(0);
    const { code, stdout } = await runToEnd({ args: ['queue', 'verify', join(data, 'queue', 'main')] });
    expect([code, stdout]).toEqual([0, expect.stringContaining('no events wait')]);
  }, 40_000);

  test('far more than memory holds waits on the disk, and comes in order', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const millrace = await start(
      `input { tcp { host => "127.0.0.1" port => ${input} } } ${output(target)}`,
      temporaryFolder(),
      '--pipeline.workers',
      '1',
    );
    const padding = 'x'.repeat(1000);
    await sendTcp(input, lines(1, 60_000).replaceAll('\n', ` ${padding}\n`));
    await until(async () => (await stats(millrace)).queue.events_count === 60_000, 'all in the queue', 20);
    const { arrived } = await startSink(target);
    await until(() => arrived.size === 60_000, 'all lines', 40);
    expect([...arrived.keys()].every((id, at) => id === at + 1)).toBe(true);
    expect(await millrace.stop()).toBe(0);
  }, 80_000);

  test('queue.drain: SIGTERM delivers what waits first', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const millrace = await start(
      `input { tcp { host => "127.0.0.1" port => ${input} } } ${output(target)}`,
      temporaryFolder(),
      '--queue.drain',
      'true',
    );
    await sendTcp(input, lines(1, 500));
    await until(async () => (await stats(millrace)).queue.events_count === 500, 'all in the queue');
    const stopped = millrace.stop();
    await delay(500);
    const { arrived } = await startSink(target);
    expect(await stopped).toBe(0);
    expect(arrived.size).toBe(500);
  }, 40_000);

  test('a reload hands the queue over: what waited goes to the new output', async () => {
    const [input, dead, target] = [await freePort(), await freePort(), await freePort()];
    const folder = temporaryFolder();
    const file = join(folder, 'pipeline.conf');
    const config = (port: number): string =>
      `input { tcp { host => "127.0.0.1" port => ${input} } } ${output(port)}`;
    writeFileSync(file, config(dead));
    const args = ['-f', file, '--path.data', join(folder, 'data'), '--queue.type', 'persisted', '-r'];
    const millrace = await new Millrace({
      args: [
        ...args,
        '--config.reload.interval',
        '1s',
        '--api.http.port',
        '19600-19999',
        '--pipeline.workers',
        '1',
      ],
    }).ready();
    // Blocks of their own: some at the worker, the others wait.
    for (let at = 0; at < 10; at++) {
      await sendTcp(input, lines(at * 400 + 1, at * 400 + 400));
      await delay(100);
    }
    await until(async () => (await stats(millrace)).queue.events_count === 4000, 'all in the queue');
    const { arrived } = await startSink(target);
    writeFileSync(file, config(target));
    await until(() => arrived.size >= 2000, 'what waited');
    await sendTcp(input, lines(4001, 4010));
    await until(() => arrived.has(4010), 'what came after the reload');
    expect(await millrace.stop()).toBe(0);
    // What the old output had in its hands is still in the queue.
    const { arrived: late } = await startSink(dead);
    writeFileSync(file, config(dead));
    const again = await new Millrace({ args: [...args, '--api.enabled', 'false'] }).ready();
    await until(() => new Set([...arrived.keys(), ...late.keys()]).size === 4010, 'everything');
    await again.stop();
  }, 60_000);

  test('one process at a time: the second is told who has the queue', async () => {
    const data = temporaryFolder();
    const config = `input { tcp { host => "127.0.0.1" port => ${await freePort()} } } output { null {} }`;
    const first = await start(config, join(data, 'a'), '--path.queue', join(data, 'queue'));
    const second = await runToEnd({
      args: [
        '-e',
        config,
        '--path.data',
        join(data, 'b'),
        '--queue.type',
        'persisted',
        '--path.queue',
        join(data, 'queue'),
        '--api.enabled',
        'false',
      ],
    });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('is in use by process');
    const repair = await runToEnd({ args: ['queue', 'repair', join(data, 'queue', 'main')] });
    expect([repair.code, repair.stderr]).toEqual([1, expect.stringContaining('is in use by process')]);
    await first.stop();
  }, 30_000);

  test('a queue written by the first version of the format is read', async () => {
    const data = temporaryFolder();
    mkdirSync(join(data, 'queue'));
    cpSync(resolve(import.meta.dirname, '../fixtures/queue-v1'), join(data, 'queue', 'main'), {
      recursive: true,
    });
    const target = await freePort();
    const { arrived } = await startSink(target);
    const millrace = await start(
      `input { tcp { id => "in" host => "127.0.0.1" port => ${await freePort()} } } ${output(target)}`,
      data,
    );
    await until(() => arrived.size === 90, 'what is not acknowledged');
    expect([arrived.has(10), arrived.has(11), arrived.has(100)]).toEqual([false, true, true]);
    await millrace.stop();
  }, 30_000);

  test('a queue that can not be opened at the start: red with path and reason, and it goes on when it can', async () => {
    const [folder, data] = [temporaryFolder(), temporaryFolder()];
    const blocked = join(folder, 'queue');
    writeFileSync(blocked, 'a file, where a folder should be');
    const [input, target] = [await freePort(), await freePort()];
    const millrace = await start(
      `input { http { host => "127.0.0.1" port => ${input} codec => line } } ${output(target)}`,
      data,
      '--path.queue',
      blocked,
    );
    await until(async () => (await health(millrace)).status === 'red', 'red');
    expect((await health(millrace)).symptom).toMatch(
      new RegExp(`the queue in ${join(blocked, 'main')} can not be used: E[A-Z]+: .*, retrying since`),
    );
    expect(await post(input, 'x')).toBe('refused');
    rmSync(blocked);
    await until(async () => (await health(millrace)).status === 'green', 'green by itself', 30);
    const { arrived } = await startSink(target);
    await until(async () => (await post(input, lines(1, 10))) === 200, 'an open input');
    await until(() => arrived.size === 10, 'what was sent then');
    expect(millrace.stderr + millrace.stdout).toContain(`the queue in ${join(blocked, 'main')} works again`);
    expect(await millrace.stop()).toBe(0);
  }, 60_000);

  test('it ends, and reloads, while its queue can not be opened', async () => {
    const blocked = join(temporaryFolder(), 'queue');
    writeFileSync(blocked, '');
    const [first, second] = [await freePort(), await freePort()];
    const config = (port: number): string =>
      `input { http { id => "at-${port}" host => "127.0.0.1" port => ${port} } } output { null { } }`;
    const data = temporaryFolder();
    const reload = ['--path.queue', blocked, '-r', '--config.reload.interval', '0.2s'];
    const millrace = await start(config(first), data, ...reload);
    await until(async () => (await health(millrace)).status === 'red', 'red');
    writeFileSync(millrace.file, config(second));
    await until(async () => (await stats(millrace)).reloads.successes === 1, 'a reload');
    expect((await health(millrace)).status).toBe('red');
    rmSync(blocked);
    await until(async () => (await health(millrace)).status === 'green', 'green by itself', 30);
    await until(async () => (await post(second, 'x')) === 200, 'an open input');
    expect(await post(first, 'x')).toBe('refused');
    expect(await millrace.stop()).toBe(0);
    writeFileSync(join(data, 'file'), '');
    const other = await start(config(first), data, '--path.queue', join(data, 'file'));
    await until(async () => (await health(other)).status === 'red', 'red');
    expect(await other.stop()).toBe(0);
  }, 60_000);

  const small = join(temporaryFolder(), 'small');
  mkdirSync(small);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]).status === 0;
  if (mounted) execFileSync('umount', [small]);
  test.skipIf(!mounted)(
    'a full disk: no answer, the reason in words, and it goes on when there is space',
    async () => {
      const folder = temporaryFolder();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
      try {
        const [input, target] = [await freePort(), await freePort()];
        const millrace = await start(
          `input { http { host => "127.0.0.1" port => ${input} codec => line } } ${output(target)}`,
          temporaryFolder(),
          '--path.queue',
          folder,
        );
        const answers: number[] = [];
        const requests = Array.from({ length: 30 }, async (_, at) => {
          const body = lines(at * 100 + 1, at * 100 + 100).replaceAll('\n', ` ${'x'.repeat(1500)}\n`);
          const { status } = await fetch(`http://127.0.0.1:${input}/`, { method: 'POST', body });
          answers[at] = status;
        });
        await until(async () => JSON.stringify(await health(millrace)).includes('ENOSPC'), 'the reason', 10);
        expect((await json(`${millrace.api}/`)).status).toBe('red');
        const main = await health(millrace);
        expect(main.status).toBe('red');
        expect(main.symptom).toMatch(
          new RegExp(
            `the queue in ${join(folder, 'main')} can not be used: ENOSPC: .*, retrying since \\d\\d:\\d\\d, [\\d,]+ events waiting`,
          ),
        );
        expect(main.diagnosis).toContainEqual(
          expect.objectContaining({ id: 'millrace:health:pipeline:diagnosis:queue' }),
        );
        expect((await stats(millrace)).queue.problem).toContain('ENOSPC');
        const { arrived } = await startSink(target);
        await Promise.all(requests);
        const taken = answers.flatMap((status, at) => (status === 200 ? [at] : []));
        await until(
          () => taken.every((at) => arrived.has(at * 100 + 1) && arrived.has(at * 100 + 100)),
          'all answered ones',
        );
        await until(async () => (await health(millrace)).status === 'green', 'green by itself', 40);
        expect(await millrace.stop()).toBe(0);
      } finally {
        execFileSync('umount', ['-l', folder]);
      }
    },
    60_000,
  );
});
