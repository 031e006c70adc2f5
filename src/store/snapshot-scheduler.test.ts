import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EmbeddedOptions, EmbeddedStore } from './embedded/embedded-store.ts';
import { embeddedSearcher } from './embedded/search/searcher.ts';
import { SnapshotScheduler } from './snapshot-scheduler.ts';

const HOUR = 3_600_000;
let root = '';
let store: EmbeddedStore;
let now = 0;
const place = (): string => join(root, 'snapshots');
const made = (): string[] => readdirSync(place()).toSorted();
const schedulerOf = (more: object = {}): SnapshotScheduler =>
  new SnapshotScheduler(store, { folder: place(), runs: false, now: () => now, ...more });
const open = (more: Partial<EmbeddedOptions> = {}): Promise<EmbeddedStore> =>
  EmbeddedStore.open({
    folder: join(root, 'store'),
    searcher: embeddedSearcher,
    reserve: 0,
    maintenance: { verifyEvery: 1e6, mergeEvery: 1e6, retentionEvery: 1e6 },
    ...more,
  });

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-scheduler-'));
  now = Date.parse('2026-11-20T01:00Z');
  store = await open();
  await store.bulkBody({ body: Buffer.from('{"create":{"_index":"a"}}\n{"n":1}\n') });
});
afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

test('it makes one when it is time, once, keeps so many, and leaves those of others alone', async () => {
  const scheduler = schedulerOf();
  await store.snapshot(join(place(), 'monday'), { names: [] });
  await scheduler.set({ when: '02:30', place: '', keep: 2 });
  await scheduler.look();
  expect(made()).toEqual(['monday']);
  for (let day = 0; day < 4; day++) {
    now = Date.parse(`2026-11-2${day}T02:30:10Z`);
    await scheduler.look();
    await scheduler.look();
  }
  const own = made().filter((name) => name.startsWith('scheduled-'));
  expect(own.map((name) => name.slice(0, -7))).toEqual([
    'scheduled-20261122-0230',
    'scheduled-20261123-0230',
  ]);
  expect(made()).toContain('monday');
  const state = (await scheduler.state())!;
  expect(state).toMatchObject({ when: '02:30', keep: 2, next: Date.parse('2026-11-24T02:30Z') });
  expect(state.last).toMatchObject({ target: join(place(), own[1]!), due: Date.parse('2026-11-23T02:30Z') });
  expect(state.last).not.toHaveProperty('problem');

  await scheduler.set(undefined);
  now += 24 * HOUR;
  await scheduler.look();
  expect(await scheduler.state()).toBeUndefined();
  expect(made()).toHaveLength(3);
});

test('what was missed while nothing ran is made at once; what was due before it was set is not', async () => {
  await schedulerOf().set({ when: '6h', place: '', keep: 3 });
  await schedulerOf().look();
  now += 50 * HOUR;
  await store.close();
  store = await open();
  await schedulerOf().look();
  expect(made()).toHaveLength(1);
  // It was made, and the process was killed before that was noted.
  const [kept] = await store.objects('saved_object', 'snapshot-schedule');
  const { last: _, ...before } = kept!.body;
  await store.putObject('saved_object', 'snapshot-schedule', before);
  await schedulerOf().look();
  expect(made()).toHaveLength(1);
  expect((await schedulerOf().state())!.last).not.toHaveProperty('problem');
});

test('a failure is told with what the system said, tried again later, and is over with the next success', async () => {
  writeFileSync(place(), 'a file where the folder should be');
  await store.close();
  store = await open({ snapshots: { folder: place(), runs: false, now: () => now } });
  const scheduler = schedulerOf();
  await scheduler.set({ when: '1h', place: '', keep: 3 });
  now += HOUR;
  await scheduler.look();
  const failed = await store.status();
  expect(failed.health).toBe('yellow');
  expect(failed.problems).toEqual([
    expect.stringMatching(
      /^the scheduled snapshot of 2026-11-20 02:00 UTC: .*was not made: .*(EEXIST|ENOTDIR).*; it is tried again at 2026-11-20 02:10 UTC$/,
    ),
  ]);
  rmSync(place());
  now += 60_000;
  await scheduler.look();
  expect((await store.status()).health).toBe('yellow');
  now += 10 * 60_000;
  await scheduler.look();
  expect(await store.status()).toMatchObject({ health: 'green', problems: [] });
  expect(made()).toHaveLength(1);
});

test('the schedule of the settings comes first and is not changed here', async () => {
  const fixed = { when: '1h', place: '', keep: 1 };
  const scheduler = schedulerOf({ schedule: fixed });
  expect(await scheduler.state()).toMatchObject({ ...fixed, isFixed: true });
  await expect(scheduler.set(undefined)).rejects.toThrow(/settings file/);
  await scheduler.look();
  now += HOUR;
  await scheduler.look();
  expect(made()).toHaveLength(1);
  expect(() => schedulerOf({ schedule: { ...fixed, when: 'x' } })).toThrow(/says no time/);
  await expect(store.setSnapshotSchedule({ ...fixed, place: '/etc' })).rejects.toThrow(/s3:\/\/bucket/);
});

test('it looks by itself in the process that runs the store', async () => {
  await schedulerOf().set({ when: '1h', place: '', keep: 1 });
  await store.close();
  now += HOUR;
  store = await open({ snapshots: { folder: place(), runs: true, now: () => now, every: 20 } });
  await expect
    .poll(async () => (await store.status()).snapshotSchedule?.last, { timeout: 10_000 })
    .toBeDefined();
  expect(made()).toHaveLength(1);
});
