/** `disk_buffer` of outputs, with the real program: one destination is dead, the others go on, and nothing is lost. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { closeSinks, startSink as sinkAt } from '../support/http-sink.ts';
import { cleanUp, freePort, Millrace, runToEnd, temporaryFolder, until } from '../support/millrace.ts';

afterEach(async () => {
  await closeSinks();
  await cleanUp();
});

/** Counts `n` of the events that arrive. */
const startSink = async (port: number): Promise<Map<number, number>> =>
  (await sinkAt(port, { number: /"n":(\d+)/g })).arrived;

const http = (port: number, more: string): string =>
  `http { ${more} url => "http://127.0.0.1:${port}/" http_method => post format => json_batch }`;

interface Run {
  readonly file: string;
  readonly data: string;
  start(config: string, ...args: string[]): Promise<Millrace>;
}

function setUp(): Run {
  const folder = temporaryFolder();
  const [file, data] = [join(folder, 'pipeline.conf'), join(folder, 'data')];
  return {
    file,
    data,
    start: (config, ...args) => {
      writeFileSync(file, config);
      const all = ['-f', file, '--path.data', data, '--api.http.port', '19600-19999'];
      return new Millrace({ args: [...all, ...args] }).ready();
    },
  };
}

const json = async (url: string): Promise<any> => (await fetch(url)).json();
const stats = async ({ api }: Millrace): Promise<any> =>
  (await json(`${api}/_node/stats/pipelines`)).pipelines;
const health = async ({ api }: Millrace): Promise<any> =>
  (await json(`${api}/_health_report`)).indicators.pipelines.indicators;

async function send(port: number, from: number, to: number): Promise<void> {
  for (let first = from; first <= to; first += 500) {
    const last = Math.min(to, first + 499);
    const list = Array.from({ length: last - first + 1 }, (_, at) => ({ n: first + at }));
    const { status } = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(list),
    });
    expect(status).toBe(200);
  }
}

const input = (port: number): string => `input { http { host => "127.0.0.1" port => ${port} } }`;

describe('disk_buffer', () => {
  test('one output is dead: the other gets everything at once; kill -9, restart, revival: the dead one gets all of it', async () => {
    const [source, alive, dead] = [await freePort(), await freePort(), await freePort()];
    const { start, data } = setUp();
    const config = `${input(source)} output {
      ${http(alive, 'id => "alive"')}
      if [n] { ${http(dead, 'id => "dead" disk_buffer => true')} }
    }`;
    const living = await startSink(alive);
    const first = await start(config);
    const began = Date.now();
    await send(source, 1, 5000);
    await until(() => living.size === 5000, 'all at the living one', 5);
    expect(Date.now() - began).toBeLessThan(5000);
    await until(async () => (await stats(first)).main.events.out === 10_000, 'handed over');
    const all = await stats(first);
    expect(all['main.dead'].queue).toMatchObject({ type: 'persisted', events_count: 5000 });
    expect(all.main.queue.events_count ?? 0).toBe(0);
    await until(async () => (await health(first))['main.dead'].status === 'yellow', 'yellow');
    expect(JSON.stringify((await health(first))['main.dead'])).toContain('refuses connections');
    expect((await health(first)).main.status).toBe('green');
    await first.kill();
    const second = await start(config);
    expect(second.stderr).toContain('5000 events of the last run wait in the queue');
    await send(source, 5001, 5100);
    await until(() => living.size === 5100, 'new ones at the living one');
    const revived = await startSink(dead);
    await until(() => revived.size === 5100, 'all at the revived one', 30);
    await until(async () => (await health(second))['main.dead'].status === 'green', 'green', 15);
    expect(await second.stop()).toBe(0);
    const { stdout } = await runToEnd({ args: ['queue', 'verify', join(data, 'queue', 'main.dead')] });
    expect(stdout).toContain('no events wait');
  }, 60_000);

  test('SIGTERM keeps the buffer; a mended address after a reload empties it', async () => {
    const [source, dead, mended] = [await freePort(), await freePort(), await freePort()];
    const { start, file } = setUp();
    const config = (port: number): string =>
      `${input(source)} output { ${http(port, 'id => "out" disk_buffer => true')} }`;
    const first = await start(config(dead));
    await send(source, 1, 1000);
    const began = Date.now();
    expect(await first.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(8000);
    const second = await start(config(dead), '-r', '--config.reload.interval', '1s');
    await until(
      async () => (await stats(second))['main.out'].queue.events_count === 1000,
      'all in the buffer',
    );
    const arrived = await startSink(mended);
    writeFileSync(file, config(mended));
    await until(() => arrived.size === 1000, 'all at the mended address', 40);
    expect(await second.stop()).toBe(0);
  }, 60_000);

  test('the output is removed while events wait: a warning says where they are, and drain writes them', async () => {
    const [source, dead] = [await freePort(), await freePort()];
    const { start, file, data } = setUp();
    const millrace = await start(
      `${input(source)} output { null {} ${http(dead, 'id => "gone/../x" disk_buffer => true')} }`,
      '-r',
      '--config.reload.interval',
      '1s',
    );
    await send(source, 1, 300);
    const folder = join(data, 'queue', 'main.gone%2F..%2Fx');
    expect(existsSync(folder)).toBe(true);
    writeFileSync(file, `${input(source)} output { null {} }`);
    await until(() => millrace.stderr.includes('events wait in the disk buffer'), 'the warning', 20);
    expect(millrace.stderr).toContain(`millrace queue drain ${folder}`);
    expect(Object.keys(await stats(millrace))).toEqual(['main']);
    await send(source, 301, 400);
    expect(await millrace.stop()).toBe(0);
    const again = await start(`${input(source)} output { null {} }`);
    await until(
      () => again.stderr.includes('300 events wait in the disk buffer'),
      'the warning at the start',
    );
    expect(await again.stop()).toBe(0);
    const drained = await runToEnd({ args: ['queue', 'drain', folder] });
    const lines = drained.stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
  }, 60_000);

  test('a full buffer holds its pipeline back, and nothing is lost', async () => {
    const [source, alive, dead] = [await freePort(), await freePort(), await freePort()];
    const { start } = setUp();
    const living = await startSink(alive);
    const millrace = await start(`${input(source)}
      filter { mutate { add_field => { "padding" => "${'x'.repeat(2000)}" } } }
      output {
        ${http(alive, 'id => "alive"')}
        ${http(dead, 'id => "dead" disk_buffer => true disk_buffer_max_bytes => "1mb"')}
      }`);
    const sending = send(source, 1, 3000).catch(() => 'refused');
    await until(
      async () => (await stats(millrace))['main.dead'].queue.events_count > 400,
      'the buffer fills',
    );
    await until(async () => (await stats(millrace)).main.queue.events_count > 0, 'the pipeline waits');
    await new Promise((done) => setTimeout(done, 500));
    expect((await stats(millrace))['main.dead'].queue.events_count).toBeLessThan(600);
    const revived = await startSink(dead);
    expect(await sending).toBeUndefined();
    await until(() => revived.size === 3000 && living.size === 3000, 'everything at both', 30);
    expect(await millrace.stop()).toBe(0);
  }, 60_000);

  test('a pipeline that finishes: its buffer is emptied first, or kept when the other side is dead', async () => {
    const [alive, dead] = [await freePort(), await freePort()];
    const { data } = setUp();
    const living = await startSink(alive);
    const config = `input { generator { count => 3000 } }
      filter { mutate { rename => { "sequence" => "n" } } }
      output {
        ${http(alive, 'id => "alive" disk_buffer => true')}
        ${http(dead, 'id => "dead" disk_buffer => true')}
      }`;
    const args = ['-e', config, '--path.data', data, '--api.enabled', 'false'];
    const { code, stderr } = await runToEnd({ args });
    expect([code, living.size]).toEqual([0, 3000]);
    expect(stderr).not.toContain('ERROR');
    const { stdout } = await runToEnd({ args: ['queue', 'inspect', join(data, 'queue', 'main.dead')] });
    expect(stdout).toContain('3,000 events wait');
  }, 40_000);

  test('it needs an id', async () => {
    const { code, stderr } = await runToEnd({
      args: ['-t', '-e', 'input { stdin {} } output { null { disk_buffer => true } }'],
    });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('`disk_buffer` of the output `null` needs `id`'),
    ]);
  });
});
