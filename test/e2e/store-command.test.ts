import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher as searcher } from '../../src/store/embedded/search/searcher.ts';
import { cleanUp, freePort, Millrace, runToEnd, temporaryFolder, until } from '../support/millrace.ts';

const DAY = 86_400_000;
let data: string;
let running: Millrace | undefined;
/** Of the store that runs, or of none. */
let port: number;

const eventsOf = (index: string, days: number): string =>
  Array.from({ length: 50 }, (_, n) => {
    const time = new Date(Date.now() - days * DAY + n * 1000).toISOString();
    return `{"index":{"_index":"${index}"}}\n{"@timestamp":"${time}","n":${n},"text":"${crypto.randomUUID()}"}\n`;
  }).join('');

/** Three indices, of today, ten and forty days ago. Nothing runs. */
beforeEach(async () => {
  data = temporaryFolder();
  port = await freePort();
  const store = await EmbeddedStore.open({ folder: join(data, 'store'), searcher, reserve: 0 });
  const body = eventsOf('web-new', 0.2) + eventsOf('web-old', 40) + eventsOf('flows', 10);
  await store.bulkBody({ body: Buffer.from(body) });
  await store.settle();
  await store.close();
}, 30_000);
afterEach(async () => {
  await running?.stop();
  running = undefined;
});
afterAll(cleanUp);

const store = (...args: string[]) =>
  runToEnd({ args: ['store', ...args, '--path.data', data, '--store.http.port', String(port)] });
const json = async (...args: string[]): Promise<any> => {
  const { code, stdout, stderr } = await store(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
};

async function start(...more: string[]): Promise<void> {
  running = new Millrace({
    args: ['-e', 'input { heartbeat { interval => 3600 } } output { null {} }', '--path.data', data]
      .concat('--api.enabled=false', '--store.enabled', 'true', '--store.http.port', String(port))
      .concat(more),
  });
  await running.ready();
  await until(() => running!.stderr.includes('Event store at'), 'the store', 20);
}

/** All that is the same whether the store runs or not. */
async function everything(): Promise<void> {
  const status = await json('status');
  expect(status).toMatchObject({ health: 'green', documents: 150, indices: 3, quarantined: [] });
  expect(status.diskBytes).toBeGreaterThan(status.freeBytes);
  expect((await store('status')).stdout).toMatch(/^events +150 in 3 indices$/m);

  const { stdout: table } = await store('indices', 'web-*');
  expect(table.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
    ['INDEX', 'HEALTH', 'EVENTS'],
    ['web-new', 'green', '50'],
    ['web-old', 'green', '50'],
    [''],
  ]);

  const file = join(data, 'rules.yml');
  writeFileSync(file, 'store.retention:\n  - pattern: "web-*"\n    max_age: 30d\n');
  const tried = await json('retention', 'try', file);
  expect(tried.due.map((index: any) => [index.name, index.due])).toEqual([['web-old', 'age']]);

  const copied = await json('snapshot', 'monday');
  expect(copied.indices).toEqual(['flows', 'web-new', 'web-old']);
  expect(readdirSync(join(data, 'snapshots'))).toEqual(['monday']);
  const [found, ...others] = await json('snapshots');
  expect(others).toEqual([]);
  expect(found.target).toBe(join(data, 'snapshots', 'monday'));
  expect(found.indices[0]).toMatchObject({ name: 'flows', documents: 50 });
  expect(Math.abs(Date.now() - found.taken)).toBeLessThan(60_000);
  expect((await store('snapshots')).stdout).toMatch(/monday +20\d\d-\d\d-\d\d \d\d:\d\d +3 +150 /);

  expect(await store('delete', 'web-*')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('2 indices (web-new, web-old) with 100 events'),
  });
  expect((await store('delete', 'web-*', '--yes')).stdout).toBe('deleted web-new\ndeleted web-old\n');
  expect((await store('restore', 'monday', '--index', 'web-old', '--prefix', 'back-')).stdout).toBe(
    'restored back-web-old\n',
  );
  expect((await store('restore', 'monday', '--index', 'web-new')).stdout).toBe('restored web-new\n');

  writeFileSync(file, '[{ pattern: "back-*", max_age: 30d }]');
  expect((await store('retention', 'set', file)).stderr).toContain('These rules delete 1 indices');
  expect(await json('retention', 'set', file, '--yes')).toMatchObject({ deleted: ['back-web-old'] });
  const left = await json('indices');
  expect(left.map(({ name, documents }: any) => [name, documents])).toEqual([
    ['flows', 50],
    ['web-new', 50],
  ]);
  await json('snapshot', 'tuesday');
  expect(await store('snapshots', 'delete', 'tuesday')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the snapshot tuesday will be deleted for good'),
  });
  expect((await store('snapshots', 'delete', 'tuesday', '--yes')).stdout).toMatch(/^deleted .*tuesday\n$/);
  expect(await json('snapshots')).toHaveLength(1);
  expect((await store('schedule')).stdout).toBe('no snapshots are made by the clock\n');
  expect((await store('schedule', 'set', '02:30', '--keep', '3')).stdout).toMatch(
    /^when +every day at 02:30 UTC\nwhere .*\nkeep +3 of them\nnext .*02:30 UTC\n$/,
  );
  expect((await store('status')).stdout).toMatch(/^snapshots +02:30, the next one /m);
  expect((await store('schedule', 'set', 'noon')).stderr).toContain('[noon] says no time for snapshots');
  expect(await json('schedule', 'off')).toBeNull();
  expect((await store('retention')).stdout).toMatch(/^back-\* +30 days +- +- +the store$/m);
}

describe('millrace store', { timeout: 120_000 }, () => {
  test('on a folder that nothing has', everything);

  test('of a Millrace that runs, through its API', async () => {
    await start();
    await everything();
    // Not anywhere: who may ask the API may not write all over the machine.
    const outside = await store('snapshot', join(data, 'elsewhere'));
    expect(outside).toMatchObject({ code: 1, stderr: expect.stringContaining('store.snapshot.path') });
    expect((await store('restore', 'monday', '--index', 'web-new')).stderr).toContain('already exists');
    expect((await store('archive', 'add', 'flows')).stderr).toContain('store.archive.path is not set');
    expect((await store('verify')).stdout).toMatch(/^\d+ files, .* read\nThe store is sound\.\n$/);
  });

  test('rules of the settings, an archive, a file that is damaged', async () => {
    const archive = join(data, 'cold');
    mkdirSync(archive);
    const own = [
      '--store.archive.path',
      archive,
      '--store.retention',
      '[{ pattern: "web-*", max_age: 365d }]',
    ];
    expect((await store('retention', ...own)).stdout).toMatch(/^web-\* +365 days .* store\.retention$/m);
    expect((await store('archive', 'add', 'flows', ...own)).stdout).toMatch(
      /^1 indices, .* moved to the archive/,
    );
    expect(await json('archive', ...own)).toMatchObject({
      archive: { path: archive, isThere: true },
      indices: [{ name: 'flows', documents: 50 }],
    });
    expect((await store('archive', 'back', 'flows', ...own)).stdout).toMatch(
      /^1 indices, .* came back from the archive/,
    );
    expect(await json('archive', ...own)).toMatchObject({ indices: [] });
    const scheduled = [...own, '--store.snapshot.schedule', '6h'];
    expect((await store('schedule', ...scheduled)).stdout).toMatch(/^from +store\.snapshot\.schedule$/m);
    expect((await store('schedule', 'off', ...scheduled)).stderr).toContain('settings file');
    const folder = join(data, 'store', 'segments');
    const files = readdirSync(folder, { recursive: true })
      .map(String)
      .filter((name) => name.startsWith('web-') && name.endsWith('.parquet'));
    const file = join(folder, files[0]!);
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    const { code, stdout } = await store('verify', ...own);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^DAMAGED .*\.parquet: .*; 50 events of web-(new|old) are left out of searches$/m);
    const status = await store('status', ...own);
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/^health +red$/m);
    expect(status.stdout).toMatch(/^PROBLEM .*damaged/m);
  });

  test('mistakes are named', async () => {
    const answers = await Promise.all(
      [
        ['look'],
        ['delete'],
        ['restore'],
        ['status', 'x'],
        ['retention', 'set'],
        ['indices', '--prefix', 'x'],
        ['archive', 'back'],
        ['snapshots', 'delete'],
        ['schedule', 'set'],
        ['schedule', '--keep', '3'],
      ].map((args) => store(...args)),
    );
    expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 1));
    expect(answers.map(({ stderr }) => stderr.replace(/\. See.*\n/s, ''))).toEqual([
      'millrace: there is no store command look',
      'millrace: delete needs the name of an index',
      'millrace: restore needs the place of a snapshot',
      'millrace: unknown argument x',
      'millrace: retention set needs a file with rules',
      'millrace: indices takes no --prefix',
      'millrace: archive back needs the name of an index',
      'millrace: snapshots delete needs the place of a snapshot',
      'millrace: schedule set needs a time: 02:30 for every day (UTC), or 6h for every six hours',
      'millrace: schedule takes no --keep',
    ]);
    expect((await store('snapshot', 'ftp://x/y')).stderr).toContain('not supported');
    expect((await store('restore', 'tuesday')).stderr).toContain('holds no snapshot');
    expect((await store('delete', 'nothing', '--yes')).stderr).toContain('no such index [nothing]');
    const nowhere = await runToEnd({
      args: ['store', 'status', '--path.data', join(data, 'no'), '--store.http.port', String(port)],
    });
    expect(nowhere.stderr).toContain('there is no event store in');
  });
});
