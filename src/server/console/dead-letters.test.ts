import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, until } from '../../../test/support/millrace.ts';
import { type PipelinesConsole, startPipelinesConsole } from '../../../test/support/pipelines-console.ts';
import type { Letter, LetterJob, LetterQueue } from '../contract/dead-letters.ts';
import type { TapSample } from '../contract/pipelines.ts';

let console_: PipelinesConsole;
const LINES = 120;

beforeAll(async () => {
  console_ = await startPipelinesConsole();
  const port = await freePort();
  await console_.load(
    'main',
    `input { tcp { host => "127.0.0.1" port => ${port} codec => json_lines } }
    filter { if [n] > 3 { mutate { add_tag => ["big"] } } mutate { uppercase => ["word"] } }
    output { file { path => "${console_.folder}/out" } }`,
  );
  const socket = connect(port, '127.0.0.1');
  for (let at = 0; at < LINES; at++) socket.write(`{"id":${at},"word":"${at % 2 ? 'odd' : 'even'}"}\n`);
  await until(async () => (await queue()).entries === LINES, 'dead letters');
  socket.destroy();
}, 30_000);
afterAll(() => console_.close());

async function ask<T>(path: string, body?: object, method = body ? 'POST' : 'GET'): Promise<T> {
  const response = await fetch(console_.url + path, {
    method,
    headers: { 'content-type': 'application/json', 'x-millrace-csrf': 'proof' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as T & { error?: string };
  if (!response.ok) throw new Error(`${response.status} ${answer.error}`);
  return answer;
}

const queue = async (): Promise<LetterQueue> =>
  (await ask<{ queues: LetterQueue[] }>('/api/dead-letters')).queues[0]!;
const page = (query: string): Promise<{ letters: Letter[]; next?: string }> =>
  ask(`/api/dead-letters/main?${query}`);
const idOf = ({ event }: Letter): number => (JSON.parse(event) as { f: { id: number } }).f.id;
const delivered = (): string[] =>
  existsSync(join(console_.folder, 'out'))
    ? readFileSync(join(console_.folder, 'out'), 'utf8').split('\n').slice(0, -1)
    : [];

async function ended({ id }: LetterJob): Promise<LetterJob> {
  return until(async () => {
    const { jobs } = await ask<{ jobs: LetterJob[] }>('/api/dead-letters');
    return jobs.find((job) => job.id === id && !['collecting', 'running'].includes(job.state));
  }, 'the end of the job');
}

test('pages lead through a whole queue, each letter once, and filters narrow it', async () => {
  const ids: number[] = [];
  let after: string | undefined;
  do {
    const { letters, next } = await page(`size=50${after ? `&after=${after}` : ''}`);
    ids.push(...letters.map(idOf));
    after = next;
  } while (after !== undefined);
  expect([...ids].sort((a, b) => a - b)).toEqual(Array.from({ length: LINES }, (_, at) => at));
  const odd = await page('size=500&text=%22word%22%3A%22odd%22');
  expect(odd.letters).toHaveLength(LINES / 2);
  expect(odd.letters[0]).toMatchObject({ pluginKind: 'condition', cut: false });
  expect((await page('text=nothing+like+this')).letters).toEqual([]);
  expect((await queue()).reasons[0]!.reason).toMatch(/condition could not be evaluated/);
});

test('a preview shows what filters make of mended events, and delivers nothing', async () => {
  const before = delivered().length;
  const { samples } = await ask<{ samples: TapSample[] }>('/api/dead-letters/main/preview', {
    events: [
      '{"id":1,"word":"odd","n":5}',
      '{"id":2,"word":"x","n":1,"@metadata":{"k":12345678901234567890}}',
    ],
  });
  expect(samples).toHaveLength(2);
  const after = samples.map((sample) => JSON.parse(sample.after[0]!) as { f: object; m: object });
  expect(after[0]!.f).toMatchObject({ id: 1, word: 'ODD', tags: ['big'] });
  expect(samples[1]!.after[0]).toContain('12345678901234567890');
  expect(delivered()).toHaveLength(before);
  expect([...console_.engine.pipelines.keys()]).toEqual(['main']);
  await expect(ask('/api/dead-letters/main/preview', { events: ['{"a":'] })).rejects.toThrow(
    /400 the event is no JSON/,
  );
});

test('one letter, mended, is delivered and leaves the queue', async () => {
  const [first] = (await page('size=1')).letters;
  const { job } = await ask<{ job: LetterJob }>('/api/dead-letters/main/replay', {
    refs: [first!.ref],
    event: '{"id":"mended","n":7}',
  });
  expect(await ended(job)).toMatchObject({ state: 'done', total: 1, done: 1, refused: 0 });
  expect(delivered().map((line) => JSON.parse(line))).toMatchObject([{ id: 'mended', tags: ['big'] }]);
  expect((await queue()).entries).toBe(LINES - 1);
  await expect(ask(`/api/dead-letters/main/letter?ref=${first!.ref}`)).rejects.toThrow(/404/);
});

test('letters are dropped in bulk, by a filter', async () => {
  const { job } = await ask<{ job: LetterJob }>('/api/dead-letters/main/drop', { filter: { text: '"odd"' } });
  const { done, state } = await ended(job);
  expect(state).toBe('done');
  const left = (await page('size=500')).letters;
  expect(left.length).toBe(LINES - 1 - done);
  expect(left.every(({ event }) => event.includes('"even"'))).toBe(true);
});

test('what is refused again is a dead letter again, and nothing is lost', async () => {
  const { entries } = await queue();
  const { job } = await ask<{ job: LetterJob }>('/api/dead-letters/main/replay', {});
  expect(await ended(job)).toMatchObject({ state: 'done', total: entries, done: entries, refused: entries });
  expect((await queue()).entries).toBe(entries);
  expect([...console_.engine.pipelines.keys()]).toEqual(['main']);
  expect(console_.audited.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['dead_letters.preview', 'dead_letters.replay', 'dead_letters.drop']),
  );
});

test('needs the role operator, and sight of all events', async () => {
  const { caller } = console_;
  console_.caller = { name: 'vera', role: 'analyst' };
  await expect(ask('/api/dead-letters')).rejects.toThrow(/403/);
  console_.caller = { name: 'otto', role: 'operator', indices: ['logs-*'] };
  await expect(page('')).rejects.toThrow(/403/);
  console_.caller = { name: 'otto', role: 'operator', hiddenFields: ['word'] };
  expect((await page('size=1')).letters[0]!.event).not.toContain('"word"');
  console_.caller = caller;
});
