import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type StorageConsole, startStorageConsole } from '../../../test/support/storage-console.ts';

const DAY = 86_400_000;
let started: StorageConsole;

beforeAll(async () => {
  started = await startStorageConsole({
    retention: [{ pattern: 'fixed-*', maxAge: 365 * DAY }],
    maintenance: { retentionEvery: 1e8, mergeEvery: 1e8, verifyEvery: 1e8 },
  });
  for (let day = 0; day < 10; day++) await started.add(`web-${9 - day}`, day, 40);
  await started.add('fixed-a', 1, 40);
  await started.store.settle();
});
afterAll(() => started.close());
beforeEach(() => {
  started.caller = { name: 'ada', role: 'administrator' };
  started.audited.length = 0;
});

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: any }> {
  const response = await fetch(started.url + path, {
    method,
    headers: {
      'x-millrace-csrf': 'proof',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: await response.json() };
}
const storage = async (): Promise<any> => (await ask('GET', '/api/storage')).json;
/** What became of a job. */
async function ended({ status, json }: { status: number; json: any }): Promise<any> {
  expect([status, json]).toEqual([200, expect.anything()]);
  let found: any;
  await expect
    .poll(
      async () => {
        found = (await storage()).jobs.find(({ id }: any) => id === json.job.id);
        return found?.state;
      },
      { timeout: 20_000 },
    )
    .not.toBe('running');
  return found;
}
const actions = (): string[] => started.audited.map(({ action, outcome }) => `${action} ${outcome}`);

describe('storage in the console', { timeout: 30_000 }, () => {
  test('says what is there, how it grows, and until when', async () => {
    const shown = await storage();
    expect(shown).toMatchObject({ driver: 'embedded', health: 'green', documents: 440, isPartial: false });
    expect(shown.indices.map(({ name }: any) => name)).toEqual([
      'fixed-a',
      ...Array.from({ length: 10 }, (_, n) => `web-${n}`),
    ]);
    expect(shown.indices[0]).toMatchObject({ rule: 'fixed-*', documents: 40, archivedBytes: 0 });
    expect(shown.indices[0].deletesAt).toBe(shown.indices[0].latest + 365 * DAY);
    expect(shown.rules).toEqual([{ pattern: 'fixed-*', maxAge: 365 * DAY, isFixed: true }]);
    expect(shown.growth.days).toHaveLength(30);
    expect(shown.growth.perDay).toBeGreaterThan(1000);
    expect(shown.growth.forecast).toHaveLength(366);
    expect(shown.freeBytes).toBeLessThan(shown.diskBytes);
  });

  test('who may see some indices only sees these, and sums of these', async () => {
    started.caller = { name: 'vera', role: 'operator', indices: ['web-1', 'web-2'] };
    const shown = await storage();
    expect(shown.indices.map(({ name }: any) => name)).toEqual(['web-1', 'web-2']);
    expect(shown).toMatchObject({ documents: 80, isPartial: true, rules: [], problems: [], jobs: [] });
    for (const [method, path, body] of [
      ['PUT', '/api/storage/retention', { rules: [] }],
      ['POST', '/api/storage/retention/preview', { rules: [] }],
      ['GET', '/api/storage/snapshots', undefined],
      ['POST', '/api/storage/snapshots', { target: 'x' }],
    ] as const)
      expect(await ask(method, path, body)).toMatchObject({ status: 403, json: { code: 'forbidden' } });
    started.caller = { name: 'vera', role: 'administrator', indices: ['web-1'] };
    expect((await ask('DELETE', '/api/storage/indices/web-3?confirm=web-3')).status).toBe(404);
    expect((await ask('POST', '/api/storage/archive', { indices: ['web-3'] })).status).toBe(404);
    expect(started.audited).toEqual([]);
  });

  test('rules are tried, set, kept, and audited with what they were', async () => {
    const rules = [{ pattern: 'web-*', maxAge: 7.5 * DAY }];
    const tried = await ask('POST', '/api/storage/retention/preview', { rules });
    expect(tried.json.due.map(({ name, due }: any) => [name, due])).toEqual([
      ['web-0', 'age'],
      ['web-1', 'age'],
    ]);
    expect(tried.json.applies).toEqual([{ indices: 10, bytes: expect.any(Number) }]);
    expect(tried.json.growth.peak).toBeLessThan((await storage()).growth.peak);
    expect((await storage()).indices).toHaveLength(11);
    expect((await ask('PUT', '/api/storage/retention', { rules })).status).toBe(200);
    const shown = await storage();
    expect(shown.indices.map(({ name }: any) => name).slice(0, 2)).toEqual(['fixed-a', 'web-2']);
    expect(shown.rules.map(({ pattern, isFixed }: any) => [pattern, isFixed])).toEqual([
      ['fixed-*', true],
      ['web-*', undefined],
    ]);
    expect(started.audited).toMatchObject([
      { action: 'storage.retention', user: 'ada', details: { before: [], rules } },
    ]);
    for (const wrong of [
      [{ pattern: 'a' }],
      [{ pattern: '', maxAge: 1 }],
      [{ pattern: 'a', archiveAfter: 5 }],
    ])
      expect((await ask('PUT', '/api/storage/retention', { rules: wrong })).status).toBe(400);
  });

  test('an index is deleted by its name, typed once more', async () => {
    expect((await ask('DELETE', '/api/storage/indices/web-2?confirm=web-3')).status).toBe(400);
    expect((await ask('DELETE', '/api/storage/indices/web-*?confirm=web-*')).status).toBe(404);
    expect((await ask('DELETE', '/api/storage/indices/_all?confirm=_all')).status).toBe(404);
    expect((await storage()).indices.length).toBe(9);
    expect((await ask('DELETE', '/api/storage/indices/web-2?confirm=web-2')).status).toBe(200);
    expect((await storage()).indices.length).toBe(8);
    expect(started.audited).toMatchObject([
      { action: 'storage.delete', details: { index: 'web-2', documents: 40 } },
    ]);
  });

  test('a snapshot is made, listed and restored under other names', async () => {
    const made = await ended(
      await ask('POST', '/api/storage/snapshots', { target: 'monday', indices: ['web-3', 'web-4'] }),
    );
    expect(made).toMatchObject({
      kind: 'snapshot',
      state: 'done',
      result: expect.stringContaining('2 indices'),
    });
    const { snapshots, place } = (await ask('GET', '/api/storage/snapshots')).json;
    expect(place).toBe(join(started.folder, 'snapshots'));
    expect(snapshots).toMatchObject([
      { name: 'monday', documents: 80, indices: [{ name: 'web-3' }, { name: 'web-4' }] },
    ]);
    const { target } = snapshots[0];
    const failed = await ended(await ask('POST', '/api/storage/restore', { target }));
    expect(failed).toMatchObject({ state: 'failed', result: expect.stringContaining('already exists') });
    const done = await ended(
      await ask('POST', '/api/storage/restore', { target, indices: ['web-3'], prefix: 'back-' }),
    );
    expect(done).toMatchObject({ state: 'done', result: '1 index' });
    expect((await storage()).indices.map(({ name }: any) => name)).toContain('back-web-3');
    expect(actions()).toEqual([
      'storage.snapshot success',
      'storage.restore success',
      'storage.restore failure',
      'storage.restore success',
    ]);
  });

  test('a snapshot is deleted by its name, typed once more, by administrators', async () => {
    const { snapshots } = (await ask('GET', '/api/storage/snapshots')).json;
    const { target } = snapshots[0];
    const remove = (name: string, of = target) =>
      ask('DELETE', `/api/storage/snapshots?target=${encodeURIComponent(of)}&confirm=${name}`);
    expect((await remove('tuesday')).json.code).toBe('confirm');
    expect((await remove('elsewhere', join(started.folder, 'elsewhere'))).status).toBe(400);
    started.caller = { name: 'otto', role: 'operator' };
    expect((await remove('monday')).status).toBe(403);
    started.caller = { name: 'ada', role: 'administrator' };
    expect(await ended(await remove('monday'))).toMatchObject({ kind: 'snapshot_delete', state: 'done' });
    expect((await ask('GET', '/api/storage/snapshots')).json.snapshots).toEqual([]);
    expect(await ended(await remove('monday'))).toMatchObject({
      state: 'failed',
      result: expect.stringContaining('holds no snapshot'),
    });
    expect(actions()).toEqual([
      'DELETE /api/storage/snapshots denied',
      'storage.snapshot_delete success',
      'storage.snapshot_delete success',
      'storage.snapshot_delete failure',
    ]);
  });

  test('snapshots by the clock: set, made, shown with what came of them, and off again', async () => {
    const set = (schedule: object | null) => ask('PUT', '/api/storage/schedule', { schedule });
    for (const wrong of [
      { when: 'noon', place: '', keep: 1 },
      { when: '6h', place: '/etc', keep: 1 },
      { when: '6h', place: 's3://b/p?endpoint=http://10.0.0.1', keep: 1 },
      { when: '6h', place: '', keep: 0 },
    ])
      expect((await set(wrong)).status, wrong.when).toBe(400);
    started.caller = { name: 'otto', role: 'operator' };
    expect((await set({ when: '6h', place: 's3://b/p', keep: 1 })).status).toBe(403);
    expect((await set({ when: '1h', place: '', keep: 2 })).status).toBe(200);
    expect((await storage()).schedule).toMatchObject({ when: '1h', place: '', keep: 2 });
    const [kept] = await started.store.objects('saved_object', 'snapshot-schedule');
    await started.store.putObject('saved_object', 'snapshot-schedule', { ...kept!.body, since: 0 });
    await expect
      .poll(async () => (await storage()).schedule.last?.target, { timeout: 20_000 })
      .toMatch(/\/scheduled-/);
    expect((await storage()).schedule.last).not.toHaveProperty('problem');
    expect((await ask('GET', '/api/storage/snapshots')).json.snapshots).toHaveLength(1);
    expect((await set(null)).status).toBe(200);
    expect(await storage()).not.toHaveProperty('schedule');
    expect(actions()).toEqual(['storage.schedule success', 'storage.schedule success']);
    started.caller = { name: 'vera', role: 'operator', indices: ['web-1'] };
    expect((await set(null)).json.code).toBe('forbidden');
  });

  test('snapshots stay in their folder; S3 is for administrators, as the settings say', async () => {
    mkdirSync(join(started.folder, 'elsewhere'), { recursive: true });
    for (const target of [
      '../x',
      '.',
      '/tmp/x',
      'a/../../x',
      'ftp://x/y',
      's3://b/p?endpoint=http://10.0.0.1',
    ])
      expect((await ask('POST', '/api/storage/snapshots', { target })).status, target).toBe(400);
    expect(
      (await ask('POST', '/api/storage/restore', { target: join(started.folder, 'elsewhere') })).status,
    ).toBe(400);
    expect((await ask('GET', '/api/storage/snapshots?place=/etc')).status).toBe(400);
    started.caller = { name: 'otto', role: 'operator' };
    expect((await ask('POST', '/api/storage/snapshots', { target: 's3://b/p' })).status).toBe(403);
    expect((await ask('POST', '/api/storage/archive', { indices: ['web-3'] })).json.code).toBe('no_archive');
  });

  test('files are checked; one that is damaged is told with its reason', async () => {
    const sound = await ended(await ask('POST', '/api/storage/verify'));
    expect(sound.result).toMatch(/^\d+ files read, none damaged$/);
    const folder = join(started.folder, 'store', 'segments');
    const [name] = readdirSync(folder, { recursive: true })
      .map(String)
      .filter((one) => one.endsWith('.parquet'));
    const bytes = readFileSync(join(folder, name!));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(folder, name!), bytes);
    expect((await ended(await ask('POST', '/api/storage/verify'))).result).toContain('1 damaged');
    const shown = await storage();
    expect(shown.health).toBe('red');
    expect(shown.quarantined).toMatchObject([
      { documents: 40, index: expect.any(String), reason: expect.any(String) },
    ]);
    expect(shown.indices.filter(({ health }: any) => health === 'red')).toHaveLength(1);
    expect(started.errors).toEqual([]);
  });
});
