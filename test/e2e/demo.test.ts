/** `millrace up --demo`: life on every screen, and nothing left when it is removed. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Client, PASSWORD } from '../support/console.ts';
import { startDemo } from '../support/demo.ts';
import { cleanUp, type Millrace, runToEnd, until } from '../support/millrace.ts';

afterEach(cleanUp);

const environment = { MILLRACE_PASSWORD: PASSWORD };
const asAdmin = (millrace: Millrace): string[] => [
  '--url',
  /Event store at (\S+)/.exec(millrace.stderr)![1]!,
  '--user',
  'admin',
];

const SETS = ['auth', 'dns', 'endpoints', 'firewall', 'flows', 'system', 'web', 'webhook-cloud-suite'];

test('plays through the default listeners, and is removed as a whole and alone', async () => {
  const { millrace, url, code, data, http } = await startDemo(0.15);
  const admin = new Client(url);
  await admin.setUp(code);

  // Whoever is not the demo is kept where they always are.
  await until(
    async () => {
      const headers = { 'content-type': 'application/json' };
      const sent = { method: 'POST', headers, body: '{"message": "mine"}' };
      return (await fetch(`http://127.0.0.1:${http}`, sent).catch(() => undefined))?.ok;
    },
    'the HTTP listener',
    60,
  );

  const demo = async (): Promise<any> => (await admin.ask('GET', '/api/demo')).json;
  await until(
    async () => {
      const { indices = [] } = await demo();
      return SETS.every((set) => indices.some((name: string) => name.startsWith(`demo-${set}-`)));
    },
    'every kind of events',
    120,
  );
  await until(async () => (await demo()).filled === 1, 'the past is filled in', 120);
  expect((await demo()).state).toBe('playing');
  const letters = await until(
    async () => {
      const { json } = await admin.ask('GET', '/api/dead-letters');
      return json.queues.find(({ pipeline, entries }: any) => pipeline === 'demo-http' && entries > 0);
    },
    'dead letters',
    60,
  );
  expect(letters.running).toBe(true);
  await until(
    async () => {
      const { json } = await admin.ask('GET', '/api/pipelines');
      const siem = json.pipelines.find(({ id }: any) => id === 'demo-siem');
      return siem?.health.findings.some(({ cause }: any) => /refuses connections/.test(cause));
    },
    'an output that fails',
    60,
  );
  // Its configs are files that can be looked at, tried and changed.
  const { json: configs } = await admin.ask('GET', '/api/configs');
  expect(configs.files.map(({ path }: any) => basename(path))).toEqual(
    expect.arrayContaining(['demo-syslog.conf', 'demo-beats.conf', 'demo-http.conf', 'demo-siem.conf']),
  );
  expect((await runToEnd({ args: ['test', join(data, 'demo')] })).stdout).toContain('2 passed');

  const count = async (query: string): Promise<number> =>
    Number(
      (await runToEnd({ args: ['search', query, '--count', ...asAdmin(millrace)], env: environment })).stdout,
    );
  expect(await count('_index: demo-* and not tags: demo')).toBe(0);
  expect(await count('tags: demo and not _index: demo-*')).toBe(0);
  expect(await count('message: mine and _index: webhook-*')).toBe(1);

  const removal = await runToEnd({
    args: ['demo', 'remove', '--url', url, '--user', 'admin', '--path.data', data],
    env: environment,
  });
  expect(removal.stderr).toBe('');
  expect(removal.stdout).toMatch(/^The demo is removed: \d+ indices/);
  expect((await demo()).state).toBe('none');
  const { json: after } = await admin.ask('GET', '/api/pipelines');
  expect(after.pipelines.map(({ id }: any) => id).sort()).toEqual([
    'default-beats',
    'default-http',
    'default-syslog',
  ]);
  expect(existsSync(join(data, 'demo'))).toBe(false);
  const { json: left } = await admin.ask('GET', '/api/configs');
  expect(left.files).toEqual([]);
  for (const folder of ['dead_letter_queue', 'queue'])
    expect(
      existsSync(join(data, folder))
        ? readdirSync(join(data, folder)).filter((name) => /demo/.test(name))
        : [],
    ).toEqual([]);
  expect(await millrace.stop()).toBe(0);

  const status = await runToEnd({ args: ['demo', 'status', '--path.data', data] });
  expect(status.stdout).toBe('There is no demo.\n');
  const mine = await runToEnd({
    args: ['search', 'message: mine', '--format', 'ndjson', '--path.data', data],
  });
  expect(mine.stdout).toContain('"message":"mine"');
}, 400_000);
