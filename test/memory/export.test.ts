/** An export of 100,000 events of some 1.5 KB over HTTP: flat memory, and killed in the middle. */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StoreClient } from '../../src/store/embedded/store-client.ts';
import {
  cleanUp,
  freePort,
  Millrace,
  residentMegabytes,
  temporaryFolder,
  until,
} from '../support/millrace.ts';

const COUNT = 100_000;
const BATCH = 5_000;
/** What garbage waits to be collected varies; pages of some 4 MB are all that is held. */
const MAX_MEGABYTES = 400;
const MAX_GROWTH = 70;

const START = Date.parse('2026-11-20T00:00:00Z');
const padding = 'x'.repeat(1400);
const eventOf = (n: number): string =>
  `{"@timestamp":"${new Date(START + Math.floor(n / 7) * 1000).toISOString()}","n":${n},"text":"${padding}"}`;

let data: string;
let server: Millrace;
let port: number;

beforeAll(async () => {
  data = temporaryFolder();
  const store = await StoreClient.start({ folder: join(data, 'store'), reserve: 0 });
  for (let from = 0; from < COUNT; from += BATCH) {
    const lines = Array.from({ length: BATCH }, (_, at) => `{"index":{}}\n${eventOf(from + at)}\n`);
    await store.bulkBody({ body: Buffer.from(lines.join('')), index: `day-${(from / BATCH) % 3}` });
  }
  await store.close();
  port = await freePort();
  const idle = 'input { heartbeat { interval => 3600 } } output { null {} }';
  const settings = ['--api.enabled=false', '--store.enabled', 'true', '--store.http.port', String(port)];
  server = new Millrace({ args: ['-e', idle, '--path.data', data, ...settings] });
  await server.ready(60);
  await until(() => server.stderr.includes('Event store at'), 'the store', 60);
}, 300_000);
afterAll(cleanUp);

const run = (file: string, ...more: string[]): Millrace =>
  new Millrace({
    args: ['export', '--output', file, '--path.data', data, '--store.http.port', String(port), ...more],
  });

/** `n` of every line, in order. */
async function numbersIn(file: string): Promise<number[]> {
  const numbers: number[] = [];
  for await (const line of createInterface({ input: createReadStream(file) }))
    numbers.push((JSON.parse(line) as { n: number }).n);
  return numbers;
}

const inOrder = Array.from({ length: COUNT }, (_, n) => n);

test('flat memory, and every event once', { timeout: 300_000 }, async () => {
  const file = join(data, 'all.ndjson');
  const exporting = run(file);
  const samples: number[] = [];
  while (exporting.exitCode === undefined) {
    try {
      samples.push(residentMegabytes(exporting.child.pid!));
    } catch {
      // It has just ended.
    }
    await Promise.race([exporting.exited, new Promise((done) => setTimeout(done, 50))]);
  }
  expect(exporting.exitCode, exporting.stderr).toBe(0);
  expect(exporting.stderr).toContain('100,000 events');
  expect((await numbersIn(file)).sort((a, b) => a - b)).toEqual(inOrder);
  const half = Math.floor(samples.length / 2);
  const [first, second] = [samples.slice(0, half), samples.slice(half)].map((some) => Math.max(...some));
  expect(second).toBeLessThan(MAX_MEGABYTES);
  expect(second! - first!).toBeLessThan(MAX_GROWTH);
});

test('killed in the middle, three times: it goes on, and nothing is missing or twice', {
  timeout: 300_000,
}, async () => {
  const file = join(data, 'killed.csv');
  const fields = ['--fields', 'n,text'];
  let before = 0;
  for (let round = 0; round < 3; round++) {
    const exporting = run(file, ...(round === 0 ? fields : ['--resume']));
    const noted = (): number => {
      if (!existsSync(`${file}.resume`)) return 0;
      return (JSON.parse(readFileSync(`${file}.resume`, 'utf8')) as { events: number }).events;
    };
    await until(() => noted() > before || exporting.exitCode !== undefined, 'progress', 120);
    expect(exporting.exitCode, exporting.stderr).toBeUndefined();
    await exporting.kill();
    before = noted();
    expect(existsSync(file)).toBe(false);
  }
  const last = run(file, '--resume');
  expect(await last.exited, last.stderr).toBe(0);
  const lines = readFileSync(file, 'utf8').split('\r\n');
  expect(lines.length).toBe(COUNT + 2);
  expect(lines[0]).toBe('n,text');
  const found = lines.slice(1, -1).map((line) => Number(line.slice(0, line.indexOf(','))));
  expect(found.sort((a, b) => a - b)).toEqual(inOrder);
  expect(lines.slice(1, -1).every((line) => line.endsWith(padding))).toBe(true);
});
