/** Outputs that are dead or hang, with the real program: how often they are asked, shutdown, reload. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { closeSinks, lines, sendTcp, startSink } from '../support/http-sink.ts';
import { cleanUp, freePort, Millrace, runToEnd, temporaryFolder, until } from '../support/millrace.ts';

afterEach(async () => {
  await closeSinks();
  await cleanUp();
});

const config = (input: number, output: number, format = 'json_batch'): string =>
  `input { tcp { host => "127.0.0.1" port => ${input} } }
   output { http { id => "out" url => "http://127.0.0.1:${output}/" http_method => post format => ${format} } }`;

interface Started {
  readonly millrace: Millrace;
  readonly file: string;
}

async function start(text: string, data: string, ...args: string[]): Promise<Started> {
  const file = join(temporaryFolder(), 'pipeline.conf');
  writeFileSync(file, text);
  const all = ['-f', file, '--path.data', data, '--api.http.port', '19600-19999', ...args];
  return { millrace: await new Millrace({ args: all }).ready(), file };
}

const json = async (url: string): Promise<any> => (await fetch(url)).json();
const stats = async ({ api }: Millrace): Promise<any> =>
  (await json(`${api}/_node/stats/pipelines`)).pipelines.main;
/** Records that the input has taken and no output yet. */
const received = async (millrace: Millrace): Promise<number> => (await stats(millrace)).queue.events_count;
const persisted = ['--queue.type', 'persisted'];

describe('an output that fails', () => {
  test.each(['json_batch', 'json'])(
    'a server that is down is asked once in each back-off period, whatever waits (%s)',
    async (format) => {
      const [input, output] = [await freePort(), await freePort()];
      const sink = await startSink(output, { status: 503 });
      const { millrace } = await start(config(input, output, format), temporaryFolder(), '-w', '8');
      for (let at = 0; at < 20; at++) {
        await sendTcp(input, lines(at * 100 + 1, at * 100 + 100));
        await delay(20);
      }
      await until(async () => (await received(millrace)) === 2000, 'all taken');
      await delay(1000);
      const before = sink.requests;
      await delay(3000);
      // Two workers at most, and the wait is beyond a second on average by now.
      expect(sink.requests - before).toBeLessThan(20);
      expect(sink.requests - before).toBeGreaterThan(0);
      await millrace.kill();
    },
    20_000,
  );

  test('SIGTERM while a server hangs: ends in the configured time, the queue is whole, the next start delivers all', async () => {
    const [input, output] = [await freePort(), await freePort()];
    const data = temporaryFolder();
    const hanging = await startSink(output, { status: 'never' });
    const args = [...persisted, '--pipeline.shutdown_timeout', '2'];
    const { millrace } = await start(config(input, output), data, ...args);
    await sendTcp(input, lines(1, 3000));
    await until(async () => (await stats(millrace)).queue.events_count === 3000, 'all in the queue');
    await until(() => hanging.requests > 0, 'a request that hangs');
    const began = Date.now();
    expect(await millrace.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(4500);
    await hanging.close();
    const { arrived } = await startSink(output);
    const again = await start(config(input, output), data, ...args);
    await until(() => arrived.size === 3000, 'all of it');
    expect([...arrived.values()].every((count) => count === 1)).toBe(true);
    expect(await again.millrace.stop()).toBe(0);
  }, 40_000);

  test('an input whose sender waits for its answer does not hold up the end', async () => {
    const [input, output] = [await freePort(), await freePort()];
    await startSink(output, { status: 'never' });
    const text = config(input, output).replace('tcp {', 'http {');
    const { millrace } = await start(text, temporaryFolder(), ...persisted, '--queue.max_events', '2');
    const asking = Array.from({ length: 6 }, () =>
      fetch(`http://127.0.0.1:${input}/`, { method: 'POST', body: 'n=1' }).then(
        ({ status }) => status,
        () => 0,
      ),
    );
    await until(async () => (await stats(millrace)).queue.events_count === 2, 'the queue is full');
    await delay(200);
    const began = Date.now();
    expect(await millrace.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(8000);
    await Promise.all(asking);
  }, 40_000);

  test('pipeline.unsafe_shutdown: a queue in memory and a dead output end after 25 seconds', async () => {
    const [input, output] = [await freePort(), await freePort()];
    const { millrace } = await start(
      config(input, output),
      temporaryFolder(),
      '--pipeline.unsafe_shutdown',
      'true',
    );
    await sendTcp(input, lines(1, 100));
    await until(async () => (await received(millrace)) === 100, 'taken');
    const began = Date.now();
    expect(await millrace.stop()).toBe(1);
    expect(Date.now() - began).toBeLessThan(27_000);
    expect(millrace.stderr).toContain('Forcefully quitting');
  }, 40_000);

  test.each([
    ['in memory', []],
    ['persisted', persisted],
  ])(
    'a reload with a mended address takes over what was in flight; the queue is %s',
    async (_, queue) => {
      const [input, dead, mended] = [await freePort(), await freePort(), await freePort()];
      const reload = ['-r', '--config.reload.interval', '1s'];
      const { millrace, file } = await start(config(input, dead), temporaryFolder(), ...queue, ...reload);
      for (let at = 0; at < 10; at++) {
        await sendTcp(input, lines(at * 100 + 1, at * 100 + 100));
        await delay(60);
      }
      await until(async () => (await received(millrace)) === 1000, 'in flight');
      const { arrived } = await startSink(mended);
      writeFileSync(file, config(input, mended));
      await until(() => arrived.size === 1000, 'all events', 20);
      await sendTcp(input, lines(1001, 1010));
      await until(() => arrived.has(1010), 'what came later');
      expect([...arrived.values()].reduce((sum, count) => sum + count)).toBe(1010);
      await until(async () => ((await stats(millrace)).queue.events_count ?? 0) === 0, 'empty');
      expect(await millrace.stop()).toBe(0);
    },
    40_000,
  );

  test('a reload while a server hangs: what was in flight follows when the request is given up', async () => {
    const [input, hanging, mended] = [await freePort(), await freePort(), await freePort()];
    await startSink(hanging, { status: 'never' });
    const text = config(input, hanging).replace('http_method', 'request_timeout => 2 http_method');
    const { millrace, file } = await start(text, temporaryFolder(), '-r', '--config.reload.interval', '1s');
    await sendTcp(input, lines(1, 500));
    await until(async () => (await received(millrace)) === 500, 'in flight');
    const { arrived } = await startSink(mended);
    writeFileSync(file, config(input, mended));
    await until(() => arrived.size === 500, 'all events', 20);
    expect(await millrace.stop()).toBe(0);
  }, 40_000);

  test('a pipeline that is removed while its server is dead: it ends, and its events are dead letters or counted', async () => {
    const [kept, dropped, dead] = [await freePort(), await freePort(), await freePort()];
    const settings = temporaryFolder();
    const pipelines = join(settings, 'pipelines.yml');
    const stays = '- pipeline.id: stays\n  config.string: input { heartbeat { } } output { null { } }\n';
    const deadOne = (id: string, port: number, more = ''): string =>
      `- pipeline.id: ${id}\n  config.string: '${config(port, dead).replaceAll('\n', ' ')}'\n${more}`;
    const both = deadOne('kept', kept) + deadOne('dropped', dropped, '  dead_letter_queue.enable: false\n');
    writeFileSync(pipelines, stays + both);
    const args = ['-r', '--config.reload.interval', '0.2s', '--api.http.port', '19600-19999'];
    const millrace = await new Millrace({
      args: ['--path.settings', settings, '--path.data', join(settings, 'data'), ...args],
    }).ready();
    await sendTcp(kept, lines(1, 300));
    await sendTcp(dropped, lines(1, 20));
    const all = async (): Promise<any> =>
      ((await (await fetch(`${millrace.api}/_node/stats/pipelines`)).json()) as any).pipelines;
    await until(async () => {
      const now = await all();
      return [now.kept, now.dropped].map(({ plugins }) => plugins.inputs[0].events.out).join() === '300,20';
    }, 'in flight');
    writeFileSync(pipelines, stays);
    await until(async () => Object.keys(await all()).join() === 'stays', 'the end of both', 30);
    expect(millrace.stderr).toMatch(
      /the pipeline is not in the config any more, and its output fails: .*refuse/,
    );
    expect(millrace.stderr).toMatch(/events rejected and dropped: .*"events":20\b/);
    const data = join(settings, 'data');
    const { stdout } = await runToEnd({
      args: ['dlq', 'show', 'kept', '--path.data', data, '--limit', '1000'],
    });
    expect(new Set(stdout.match(/n=\d+/g)).size).toBe(300);
    // What was taken out comes back as it was.
    writeFileSync(pipelines, stays + both);
    await until(async () => (await all()).kept?.events !== undefined, 'its return');
    await startSink(dead);
    await sendTcp(kept, lines(1, 10));
    await until(async () => (await all()).kept.events.out === 10, 'new events');
    expect(await millrace.stop()).toBe(0);
  }, 60_000);
});
