import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { QueueViews } from './queue-views.ts';

const base = mkdtempSync(join(tmpdir(), 'millrace-queue-views-'));
afterAll(() => rmSync(base, { recursive: true }));

function queue(name: string): string {
  const folder = join(base, name);
  cpSync(resolve(import.meta.dirname, '../../../../test/fixtures/queue-v1'), folder, { recursive: true });
  return folder;
}

test('what waits in the files, read once for all who ask', async () => {
  const views = new QueueViews();
  const folder = queue('sound');
  const [one, other] = await Promise.all([views.of(folder), views.of(folder)]);
  expect(one).toMatchObject({ folder, persisted: true, waitingEvents: 90, damagedAcks: 0 });
  expect(one.sources).toEqual([{ input: 'tcp (in)', events: 90, blocks: 9 }]);
  expect(other).toBe(one);
});

test('damage is counted, and what can not be read is said', async () => {
  const views = new QueueViews();
  const folder = queue('damaged');
  const file = join(folder, 'segment-0000000002');
  const bytes = readFileSync(file);
  bytes[300]! ^= 16;
  writeFileSync(file, bytes);
  expect((await views.of(folder)).segments.map(({ damaged }) => damaged)).toContain(1);
  writeFileSync(join(base, 'file'), '');
  await expect(views.of(join(base, 'file'))).rejects.toMatchObject({ status: 503, code: 'queue' });
});
