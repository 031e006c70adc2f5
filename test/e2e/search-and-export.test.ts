import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher as searcher } from '../../src/store/embedded/search/searcher.ts';
import { cleanUp, freePort, Millrace, runToEnd, temporaryFolder, until } from '../support/millrace.ts';

const COUNT = 2500;
const START = Date.parse('2026-11-20T10:00:00Z');
const eventOf = (n: number): string =>
  `{"@timestamp":"${new Date(START + n * 1000).toISOString()}","n":${n},"message":"event ${n}","user":{"name":"${n % 2 === 0 ? 'root' : '=alice'}"},"exact":1.10}`;

let data: string;
let running: Millrace | undefined;
let port: number;

/** Two indices of events, a second apart. Nothing runs: commands open the folder. */
beforeAll(async () => {
  data = temporaryFolder();
  const store = await EmbeddedStore.open({ folder: join(data, 'store'), searcher, reserve: 0 });
  const lines = Array.from(
    { length: COUNT },
    (_, n) => `{"index":{"_index":"logs-${n % 2}","_id":"e${n}"}}\n${eventOf(n)}\n`,
  );
  await store.bulkBody({ body: Buffer.from(lines.join('')) });
  await store.close();
}, 30_000);
afterEach(async () => {
  await running?.stop();
  running = undefined;
});
afterAll(cleanUp);

const millrace = (...args: string[]) => runToEnd({ args: [...args, '--path.data', data] });
const path = (name: string): string => join(data, name);

/** A Millrace that has the store. */
async function start(config = 'input { heartbeat { interval => 3600 } } output { null {} }'): Promise<void> {
  port = await freePort();
  running = new Millrace({
    args: [
      '-e',
      config,
      '--path.data',
      data,
      '--api.enabled=false',
      '--store.enabled',
      'true',
      '--store.http.port',
      String(port),
    ],
  });
  await running.ready();
  await until(() => running!.stderr.includes('Event store at'), 'the store', 20);
}

describe('millrace search, on a folder that nothing has', { timeout: 60_000 }, () => {
  test('a table of the newest events, the latest last', async () => {
    const { code, stdout, stderr } = await millrace('search', 'user.name: root', '--limit', '3');
    expect(code, stderr).toBe(0);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^@timestamp +event$/),
      `2026-11-20T10:41:34.000Z  event ${COUNT - 6}`,
      `2026-11-20T10:41:36.000Z  event ${COUNT - 4}`,
      `2026-11-20T10:41:38.000Z  event ${COUNT - 2}`,
      '',
    ]);
  });

  test('formats, columns, order', async () => {
    const ndjson = await millrace('search', 'n < 2', '--format', 'ndjson');
    expect(ndjson.stdout).toBe(`${eventOf(0)}\n${eventOf(1)}\n`);
    const json = await millrace('search', 'n < 2', '--format=json', '--sort', 'n:desc');
    expect(JSON.parse(json.stdout).map((hit: any) => [hit._index, hit._id, hit._source.n])).toEqual([
      ['logs-1', 'e1', 1],
      ['logs-0', 'e0', 0],
    ]);
    const csv = await millrace('search', 'n < 2', '--format', 'csv', '--fields', '_id,user.name,exact');
    expect(csv.stdout).toBe('_id,user.name,exact\r\ne0,root,1.1\r\ne1,=alice,1.1\r\n');
    const none = await millrace('search', 'n: -1', '--format', 'json');
    expect(none.stdout).toBe('[]\n');
  });

  test('count, histogram, times, indices', async () => {
    expect((await millrace('search', '--count')).stdout).toBe(`${COUNT}\n`);
    const range = ['--from', '2026-11-20T10:00:00Z', '--to', '2026-11-20T10:01:00Z'];
    expect((await millrace('search', '--count', '--index', 'logs-1', ...range)).stdout).toBe('30\n');
    const { stdout } = await millrace(
      'search',
      '--histogram',
      '--from',
      '2026-11-20T10:00:00Z',
      '--to',
      '2026-11-20T10:05:00Z',
    );
    expect(stdout.split('\n').filter(Boolean).length).toBe(30);
    expect(stdout).toMatch(/^2026-11-20 10:00:00 +10 +█+\n/);
  });

  test('errors say where and what to do', async () => {
    const syntax = await millrace('search', 'n: (1 or');
    expect(syntax.code).toBe(1);
    expect(syntax.stderr).toBe('millrace: Expected value but end of input found.\nn: (1 or\n--------^\n');
    expect((await millrace('search', '--index', 'nothing')).stderr).toContain('no such index [nothing]');
    expect((await millrace('search', '--from', 'yesterday')).stderr).toContain('--from needs a time');
    expect((await millrace('search', '--follow')).stderr).toContain('no Millrace runs');
    expect((await millrace('search', '--follow', '--count')).stderr).toContain('do not go together');
    const nowhere = await runToEnd({
      args: ['search', '--path.data', path('elsewhere'), '--store.http.port', String(await freePort())],
    });
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toContain('there is no event store in');
  });
});

describe('millrace export', { timeout: 60_000 }, () => {
  test('NDJSON byte for byte, CSV with all fields, Parquet; files are not overwritten', async () => {
    const all = Array.from({ length: COUNT }, (_, n) => `${eventOf(n)}\n`).join('');
    const ndjson = await millrace('export', '--output', path('all.ndjson'));
    expect(ndjson.stderr).toMatch(/^2,500 events, [\d.]+ KiB, [\d.]+ s\n$/);
    expect(readFileSync(path('all.ndjson'), 'utf8')).toBe(all);
    await millrace('export', 'n < 3', '--output', path('few.csv'), '--guard-formulas', '--quiet');
    expect(readFileSync(path('few.csv'), 'utf8').split('\r\n')).toEqual([
      '@timestamp,exact,message,n,user.name',
      '2026-11-20T10:00:00.000Z,1.1,event 0,0,root',
      "2026-11-20T10:00:01.000Z,1.1,event 1,1,'=alice",
      '2026-11-20T10:00:02.000Z,1.1,event 2,2,root',
      '',
    ]);
    const parquet = await millrace('export', '--output', path('all.parquet'));
    expect(parquet.stderr).toContain('2,500 events');
    expect(readFileSync(path('all.parquet')).subarray(0, 4).toString()).toBe('PAR1');
    const again = await millrace('export', '--output', path('all.ndjson'));
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('--force writes over it')]);
    const piped = await millrace('export', '--format', 'ndjson', '--output', '-', '--quiet');
    expect(piped.stdout).toBe(all);
    expect(existsSync(path('all.ndjson.resume'))).toBe(false);
  });

  test('goes on where it was broken off', async () => {
    const all = Array.from({ length: COUNT }, (_, n) => eventOf(n));
    const file = path('broken.ndjson');
    // As a kill leaves it: more in the part than is noted.
    writeFileSync(`${file}.part`, `${all.slice(0, 1200).join('\n')}\n{"half`);
    const noted = `${all.slice(0, 1000).join('\n')}\n`;
    const sequence = COUNT; // Later than any: of one time there is one event only.
    const state = {
      version: 1,
      task: {
        kql: '',
        indices: [],
        sort: [{ field: '@timestamp', order: 'asc' }],
        format: 'ndjson',
        guardFormulas: false,
        withMeta: false,
      },
      bytes: noted.length,
      events: 1000,
      after: [START + 999_000, sequence],
    };
    writeFileSync(`${file}.resume`, JSON.stringify(state));
    expect((await millrace('export', '--output', file)).stderr).toContain('go on with --resume');
    expect((await millrace('export', 'n: 1', '--resume', '--output', file)).stderr).toContain('is of');
    const { code, stderr } = await millrace('export', '--resume', '--output', file);
    expect(code, stderr).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(`${all.join('\n')}\n`);
    expect((await millrace('export', '--resume', '--output', file)).stderr).toContain('no unfinished export');
  });
});

describe('with a Millrace that runs', { timeout: 60_000 }, () => {
  test('they ask it; --follow shows what comes', async () => {
    await start();
    const at = ['--store.http.port', String(port)];
    expect((await millrace('search', '--count', ...at)).stdout).toBe(`${COUNT}\n`);
    const out = await millrace('export', '--format', 'ndjson', '--output', '-', '--quiet', ...at);
    expect(out.stdout).toBe(Array.from({ length: COUNT }, (_, n) => `${eventOf(n)}\n`).join(''));
    const tail = new Millrace({
      args: [
        'search',
        'n >= 0',
        '--follow',
        '--limit',
        '1',
        '--format',
        'ndjson',
        '--path.data',
        data,
        ...at,
      ],
    });
    await until(() => tail.stdout.includes(`"n":${COUNT - 1}`), `the latest event; ${tail.stderr}`);
    const body = '{"index":{}}\n{"n":7777}\n{"index":{}}\n{"m":1}\n';
    const headers = { 'content-type': 'application/x-ndjson' };
    await fetch(`http://127.0.0.1:${port}/logs-new/_bulk`, { method: 'POST', headers, body });
    await until(() => tail.stdout.includes('{"n":7777}\n'), 'the new event');
    expect(await tail.stop()).toBe(0);
    expect(tail.stdout).toBe(`${eventOf(COUNT - 1)}\n{"n":7777}\n`);
    await fetch(`http://127.0.0.1:${port}/logs-new`, { method: 'DELETE' });
  });

  test('credentials: without it says what to give, with them it answers', async () => {
    const made = await runToEnd({ args: ['user', 'add', 'anna', '--path.data', data] }, 'a long password\n');
    expect(made.code, made.stderr).toBe(0);
    await start();
    const at = ['--store.http.port', String(port), '--path.data', data];
    const refused = await runToEnd({ args: ['search', '--count', ...at] });
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('Give --user NAME');
    const piped = { args: ['search', '--count', '--user', 'anna', '--password-stdin', ...at] };
    expect((await runToEnd(piped, 'a long password\n')).stdout).toBe(`${COUNT}\n`);
    const env = { MILLRACE_USER: 'anna', MILLRACE_PASSWORD: 'a long password' };
    const url = ['--url', `127.0.0.1:${port}`];
    expect((await runToEnd({ args: ['search', '--count', ...url], env })).stdout).toBe(`${COUNT}\n`);
    expect(
      (
        await runToEnd(
          { args: ['search', '--user', 'a', '--url', 'http://192.0.2.1', '--password-stdin'] },
          'x',
        )
      ).stderr,
    ).toContain('not sent without TLS');
    await runToEnd({ args: ['user', 'remove', 'anna', '--path.data', data] });
  });

  test('the history of a search through a pipeline', async () => {
    const out = path('replayed.ndjson');
    const config = `input { store { query => "user.name: root" get_history => true follow => false docinfo => true } }
      filter { mutate { add_field => { "from" => "%{[@metadata][doc][_index]}/%{[@metadata][doc][_id]}" } } }
      output { file { path => "${out}" codec => json_lines {} } }`;
    const { code, stderr } = await runToEnd({
      args: [
        '-e',
        config,
        '--path.data',
        data,
        '--api.enabled=false',
        '--store.http.enabled=false',
        '-w',
        '1',
      ],
    });
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('can cause a lot of events to be delivered at once');
    const events = readFileSync(out, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ n }) => n)).toEqual(Array.from({ length: COUNT / 2 }, (_, n) => 2 * n));
    expect(events[3]).toEqual({ ...JSON.parse(eventOf(6)), '@version': '1', from: 'logs-0/e6' });
  });
});
