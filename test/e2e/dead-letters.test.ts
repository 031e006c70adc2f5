import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { listSegments } from '../../src/queue/dead-letter-segments.ts';
import { fakeElasticsearch } from '../support/elasticsearch-server.ts';
import { cleanUp, Millrace, runToEnd, temporaryFolder, until } from '../support/millrace.ts';

afterEach(cleanUp);

const api = ['--api.http.port', '19600-19999'];
const generate = (count: number): string => `input { generator { count => ${count} } }`;
const PRINT = 'output { stdout { codec => json_lines { } } }';
/** Shows what the input put into @metadata, which no output prints. */
const SHOW = `filter { mutate { add_field => {
  "why" => "%{[@metadata][dead_letter_queue][reason]}"
  "who" => "%{[@metadata][dead_letter_queue][plugin_type]} %{[@metadata][dead_letter_queue][plugin_id]}"
  "when" => "%{[@metadata][dead_letter_queue][entry_time]}" } } }`;

const run = (data: string, config: string, args: readonly string[] = []) =>
  runToEnd({ args: ['-e', config, '--path.data', data, ...api, ...args] });
const linesOf = (text: string): any[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
const numbers = (events: readonly any[]): number[] =>
  events.map((event) => Number(event.sequence)).sort((a, b) => a - b);
const read = (data: string, more = ''): string =>
  `input { dead_letter_queue { path => "${join(data, 'dead_letter_queue')}" exit_after_read => true ${more} } }`;

const refusal = {
  status: 400,
  error: { type: 'mapper_parsing_exception', reason: 'failed to parse field [sequence] of type [date]' },
};

describe('dead letters', () => {
  test('what Elasticsearch refuses is kept, with the reason, and the rest arrives', async () => {
    const server = await fakeElasticsearch({
      item: ({ source }) => (JSON.parse(source!).sequence % 2 === 1 ? refusal : undefined),
    });
    const data = temporaryFolder();
    const { code, stderr } = await run(
      data,
      `${generate(100)} output { elasticsearch { id => "siem" hosts => ["${server.url}"] manage_template => false } }`,
    );
    expect(code, stderr).toBe(0);
    expect(server.documents).toHaveLength(50);
    expect(stderr).toContain('events rejected and kept in the dead letter queue');
    const back = await run(data, `${read(data)} ${SHOW} ${PRINT}`);
    const events = linesOf(back.stdout);
    expect(numbers(events)).toEqual(Array.from({ length: 50 }, (_, n) => 2 * n + 1));
    expect(events[0]).toMatchObject({ message: 'Hello world!', who: 'elasticsearch siem' });
    expect(events[0].why).toContain('failed to parse field [sequence] of type [date]');
    expect(Math.abs(Date.parse(events[0].when) - Date.now())).toBeLessThan(60_000);
    // Remembered: a second time there is nothing new.
    expect(linesOf((await run(data, `${read(data)} ${PRINT}`)).stdout)).toEqual([]);
    expect(
      linesOf((await run(data, `${read(data, 'commit_offsets => false')} ${PRINT}`)).stdout),
    ).toHaveLength(50);
    await server.close();
  }, 60_000);

  test('an event that a condition fails for is kept whole, though the output asks for one field only', async () => {
    const data = temporaryFolder();
    const { stdout, stderr } = await run(
      data,
      `${generate(3)} filter { if [a] < 5 { drop { } } }
       output { stdout { codec => line { format => "%{message}" } } }`,
    );
    expect(stdout).not.toContain('Hello');
    expect(stderr).toContain('goes to the dead letter queue, a condition could not be evaluated');
    const events = linesOf(
      (await run(data, `${read(data, 'clean_consumed => true')} ${SHOW} ${PRINT}`)).stdout,
    );
    expect(numbers(events)).toEqual([0, 1, 2]);
    expect(events[0].who).toBe('if-statement if-statement');
    expect(events[0].why).toContain('[a] < 5');
    expect(events[0].host).toBeDefined();
    // Cleaned: the segments are gone.
    expect(listSegments(join(data, 'dead_letter_queue', 'main'))).toEqual([]);
  }, 30_000);

  test('switched off, such events are counted and dropped as before', async () => {
    const data = temporaryFolder();
    const { stderr } = await run(
      data,
      `${generate(3)} filter { if [a] < 5 { drop { } } } output { null { } }`,
      ['--dead_letter_queue.enable', 'false'],
    );
    expect(stderr).toContain('event is dropped, a condition could not be evaluated');
    expect(existsSync(join(data, 'dead_letter_queue'))).toBe(false);
  });

  test('nothing is written while all goes well', async () => {
    const data = temporaryFolder();
    await run(data, `${generate(10)} output { null { } }`);
    expect(existsSync(join(data, 'dead_letter_queue'))).toBe(false);
  });

  test('another pipeline of the process reads them while they are written', async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'data');
    writeFileSync(
      join(folder, 'pipelines.yml'),
      `- pipeline.id: main
  config.string: 'input { heartbeat { interval => 0.02 sequence => "sequence" } } filter { if [clock] < "x" { } } output { null { } }'
- pipeline.id: mend
  config.string: 'input { dead_letter_queue { path => "${join(data, 'dead_letter_queue')}" } } ${PRINT}'
`,
    );
    const millrace = new Millrace({ args: ['--path.settings', folder, '--path.data', data, ...api] });
    await millrace.ready();
    await until(() => millrace.events().length >= 20, 'twenty dead letters', 15);
    expect(await millrace.stop()).toBe(0);
    const clocks = millrace.events().map((event) => event.clock);
    expect(clocks).toEqual(clocks.map((_, at) => at + 1));
  }, 30_000);
});

describe('dead letters on a bad day', () => {
  test('killed again and again: every line that is remembered as read is there, whole', async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'data');
    const count = 20_000;
    const log = join(folder, 'in.log');
    writeFileSync(log, Array.from({ length: count }, (_, n) => `line ${n}\n`).join(''));
    const config = `input { file { path => "${log}" mode => "tail" start_position => "beginning" sincedb_write_interval => 0.001 stat_interval => 0.05 } }
      filter { if [a] < 5 { drop { } } } output { null { } }`;
    const start = () =>
      new Millrace({ args: ['-e', config, '--path.data', data, '--log.level', 'fatal', '-b', '50', ...api] });
    const bytes = (): number =>
      listSegments(join(data, 'dead_letter_queue', 'main')).reduce((sum, each) => sum + each.bytes, 0);
    for (let round = 0; round < 3; round++) {
      const millrace = start();
      const before = bytes();
      await until(() => bytes() > before + 100_000, 'some dead letters');
      await millrace.kill();
    }
    const before = bytes();
    const last = start();
    await until(() => bytes() > before + 100_000, 'the last start');
    let size = -1;
    await until(
      async () => {
        const known = size;
        size = bytes();
        await new Promise((done) => setTimeout(done, 700));
        return size === known;
      },
      'the rest',
      30,
    );
    await last.kill();
    const { stdout } = await run(data, `${read(data)} ${PRINT}`);
    const messages = new Set(linesOf(stdout).map((event) => event.message));
    expect(messages.size).toBe(count);
  }, 90_000);

  test('a full queue: health is red with the words, and the numbers are counted', async () => {
    const data = temporaryFolder();
    const millrace = new Millrace({
      args: [
        '-e',
        `input { heartbeat { interval => 0.002 } } filter { if [a] < 5 { drop { } } } output { null { } }`,
        '--path.data',
        data,
        '--dead_letter_queue.max_bytes',
        '20kb',
        '--dead_letter_queue.storage_policy',
        'drop_newer',
        ...api,
      ],
    });
    await millrace.ready();
    const report = async (): Promise<any> => (await fetch(`${millrace.api}/_health_report`)).json();
    const red = await until(async () => {
      const answer = await report();
      return answer.status === 'red' ? answer : undefined;
    }, 'red health');
    expect(JSON.stringify(red)).toContain(
      'the dead letter queue is full (dead_letter_queue.max_bytes: 20480)',
    );
    expect(millrace.stderr).toContain('dead letters are lost');
    const size = listSegments(join(data, 'dead_letter_queue', 'main')).reduce(
      (sum, each) => sum + each.bytes,
      0,
    );
    expect(size).toBeLessThanOrEqual(20_480);
    const get = async (path: string): Promise<any> => (await fetch(`${millrace.api}${path}`)).json();
    const { main } = (await get('/_node/stats/pipelines')).pipelines;
    expect(main.dead_letter_queue).toMatchObject({
      max_queue_size_in_bytes: 20_480,
      queue_size_in_bytes: expect.any(Number),
      expired_events: 0,
      storage_policy: 'drop_newer',
      last_error: expect.stringContaining('the dead letter queue is full'),
    });
    expect(main.dead_letter_queue.dropped_events).toBeGreaterThan(0);
    const metrics = await (await fetch(`${millrace.api}/metrics`)).text();
    expect(metrics).toMatch(/^millrace_pipeline_dead_letters_dropped_total\{pipeline="main"\} [1-9]/m);
    const { dead_letter_queue_path: path } = (await get('/_node/pipelines')).pipelines.main;
    expect(path).toBe(join(data, 'dead_letter_queue', 'main'));
    expect(await millrace.stop()).toBe(0);
  }, 30_000);

  test('storage_policy block: events wait, nothing is lost when there is room again', async () => {
    const data = temporaryFolder();
    const millrace = new Millrace({
      args: [
        '-e',
        `${generate(300)} filter { if [a] < 5 { drop { } } } output { null { } }`,
        '--path.data',
        data,
        ...['--dead_letter_queue.max_bytes', '40kb', '--dead_letter_queue.storage_policy', 'block', ...api],
      ],
    });
    await until(() => millrace.stderr.includes('the storage policy is block'), 'the sentence in the log');
    const seen = new Set<number>();
    const take = async (): Promise<void> => {
      const { stdout } = await run(data, `${read(data, 'clean_consumed => true')} ${PRINT}`, [
        '--log.level',
        'error',
      ]);
      for (const event of linesOf(stdout)) seen.add(event.sequence);
    };
    while (millrace.exitCode === undefined) await take();
    expect(millrace.exitCode).toBe(0);
    await take();
    expect(seen.size).toBe(300);
  }, 60_000);
});

describe('millrace dlq', () => {
  /** Three events that a condition failed for. */
  async function withLetters(): Promise<string> {
    const data = temporaryFolder();
    await run(data, `${generate(3)} filter { if [size] < 5 { drop { } } } output { null { } }`);
    return data;
  }
  const dlq = (data: string, ...args: string[]) =>
    runToEnd({ args: ['dlq', ...args, '--path.data', data, '--log.level', 'error'] });

  test('list: counts, times and reasons', async () => {
    const data = await withLetters();
    const { code, stdout } = await dlq(data, 'list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^main: 3 entries, [\d.]+ K?i?B, from \d{4}-.* to \d{4}-/);
    expect(stdout).toMatch(/ 3 {2}condition if-statement: .*\[size\] < 5/);
    const [summary] = linesOf((await dlq(data, 'list', '--json')).stdout);
    expect(summary).toMatchObject({ pipeline: 'main', entries: 3, damaged: 0, reasons: [{ count: 3 }] });
    expect((await dlq(temporaryFolder(), 'list')).stdout).toContain('There are no dead letters');
  }, 30_000);

  test('show: the newest, as text or JSON, by reason, plugin and time', async () => {
    const data = await withLetters();
    const text = (await dlq(data, 'show', 'main', '--limit', '1')).stdout;
    expect(text).toContain('condition if-statement');
    expect(text).toContain('"sequence": 2');
    expect(text).not.toContain('"sequence": 1');
    const json = async (...args: string[]) => linesOf((await dlq(data, 'show', '--json', ...args)).stdout);
    expect((await json()).map(({ event }) => event.sequence)).toEqual([0, 1, 2]);
    expect(await json('--reason', '[SIZE] <')).toHaveLength(3);
    expect(await json('--reason', 'mapping')).toEqual([]);
    expect(await json('--plugin', 'if-statement', '--since', '1h')).toHaveLength(3);
    expect(await json('--plugin', 'elasticsearch')).toEqual([]);
    expect(await json('--since', '2999-01-01T00:00:00')).toEqual([]);
  }, 30_000);

  test('replay: through a mended config, once; what is refused again is kept', async () => {
    const data = await withLetters();
    const first = await dlq(
      data,
      'replay',
      'main',
      '-e',
      `filter { if [sequence] == 1 { if [size] < 5 { } } else { mutate { add_field => { "size" => 1 } } } } ${PRINT}`,
    );
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain('Replaying 3 dead letters of main.');
    expect(first.stderr).toContain('1 dead letters came meanwhile');
    expect(numbers(linesOf(first.stdout))).toEqual([0, 2]);
    const second = await dlq(data, 'replay', 'main', '-e', PRINT, '--clean');
    expect(numbers(linesOf(second.stdout))).toEqual([1]);
    expect(second.stderr).toContain('None was refused again');
    const third = await dlq(data, 'replay', 'main', '-e', PRINT);
    expect(third.stderr).toContain('There is nothing to replay');
    const wrong = await dlq(data, 'replay', 'main', '--from-start', '-e', `input { stdin { } } ${PRINT}`);
    expect(wrong.stderr).toMatch(/filters and outputs only|nothing to replay/);
  }, 60_000);

  test('replay: what Elasticsearch refused arrives when it is mended', async () => {
    const server = await fakeElasticsearch({
      item: ({ source }) => (typeof JSON.parse(source!).size === 'string' ? refusal : undefined),
    });
    const output = `output { elasticsearch { hosts => ["${server.url}"] manage_template => false document_id => "%{sequence}" } }`;
    const data = temporaryFolder();
    await run(
      data,
      `${generate(20)} filter { mutate { add_field => { "size" => "%{sequence}" } } } ${output}`,
    );
    expect(server.documents).toEqual([]);
    const file = join(data, 'mended.conf');
    writeFileSync(
      file,
      `filter { if [@metadata][dead_letter_queue][reason] =~ "mapper_parsing" { mutate { convert => { "size" => "integer" } } } } ${output}`,
    );
    const { code, stderr } = await dlq(data, 'replay', 'main', '-f', file, '--clean');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('None was refused again');
    expect(server.documents.map(({ source }) => JSON.parse(source!).size).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n),
    );
    expect((await dlq(data, 'list')).stdout).toContain('There are no dead letters');
    await server.close();
  }, 60_000);

  test('purge: needs an age, or a yes', async () => {
    const data = await withLetters();
    expect((await dlq(data, 'purge', 'main')).stderr).toContain('needs --older-than AGE or --all');
    expect((await dlq(data, 'purge', 'main', '--older-than', '1h')).stdout).toContain('0 files removed');
    const unsure = await dlq(data, 'purge', 'main', '--all');
    expect(unsure.code).toBe(1);
    expect(unsure.stderr).toContain('Remove 3 dead letters of main');
    const sure = await dlq(data, 'purge', 'main', '--all', '--yes');
    expect(sure.stdout).toContain('1 files removed');
    expect((await dlq(data, 'list')).stdout).toContain('There are no dead letters');
  }, 30_000);

  test('says what is wrong with its arguments', async () => {
    const data = temporaryFolder();
    expect((await dlq(data, 'shoe')).stderr).toContain('there is no dlq command shoe');
    expect((await dlq(data, 'show', 'mian')).stderr).toContain('pipeline mian has no dead letters');
    expect((await dlq(data, 'show', '--limit', 'x')).stderr).toContain('--limit needs a number');
    expect((await runToEnd({ args: ['dlq', '--help'] })).stdout).toContain(
      'millrace dlq replay main -f mended.conf',
    );
  }, 30_000);
});
