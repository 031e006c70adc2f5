/** The storage screen in a real browser, over a real store: what is there, rules, snapshots, deleting, damage. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type StorageConsole, startStorageConsole } from '../support/storage-console.ts';
import {
  chromiumPath,
  closeBrowser,
  expectAccessible,
  expectNoSidewaysScroll,
  openPage,
  type PageOptions,
} from './browser.ts';

const DAY = 86_400_000;
let started: StorageConsole;
const both: PageOptions[] = [
  { width: 'wide', dark: false },
  { width: 'wide', dark: true },
  { width: 'narrow', dark: false },
  { width: 'narrow', dark: true },
];

beforeAll(async () => {
  if (!chromiumPath) return;
  started = await startStorageConsole({
    retention: [{ pattern: 'audit-*', maxAge: 400 * DAY }],
    maintenance: { retentionEvery: 1e8, mergeEvery: 1e8, verifyEvery: 1e8 },
  });
  for (let day = 0; day < 12; day++)
    await started.add(`syslog-${String(11 - day).padStart(2, '0')}`, Math.max(0, day - 0.5), 60);
  await started.add('audit-2026', 1, 20);
  await started.add(`winlogbeat-${'very-long-'.repeat(12)}name`, 2, 20);
  await started.store.settle();
}, 30_000);
beforeEach(() => {
  if (started) started.caller = { name: 'ada', role: 'administrator' };
});
afterAll(async () => {
  await closeBrowser();
  await started?.close();
});

async function shown(path: string, options: PageOptions, look: (page: Page) => Promise<void>): Promise<void> {
  const { page, context, errors } = await openPage(options);
  await page.goto(started.url + path);
  await page.getByRole('heading', { name: 'Storage', exact: true }).waitFor();
  await look(page);
  await context.close();
  expect(errors).toEqual([]);
  expect(started.errors).toEqual([]);
}
const rows = (page: Page) => page.getByRole('table', { name: 'Indices' }).locator('tbody tr');
const names = async (): Promise<string[]> =>
  (await started.store.indices({ names: [] })).map(({ name }) => name);

describe.skipIf(!chromiumPath)('storage in the browser', { timeout: 60_000 }, () => {
  test.for(both)('everything is shown: %o', (look) =>
    shown('/storage', look, async (page) => {
      await page.getByText(/^Not full within a year: .* at most, at .* a day/).waitFor();
      await page.getByRole('img', { name: /^Arrivals by day over 30 days/ }).waitFor();
      await page.getByText('14 indices', { exact: true }).waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await page.getByRole('tab', { name: 'Retention' }).click();
      await page.getByText('deleted 400 days after the newest event').waitFor();
      await page.getByRole('button', { name: 'Add a rule' }).click();
      await page.getByLabel('Pattern of rule 1').fill('x-*');
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await page.getByRole('tab', { name: 'Snapshots' }).click();
      await page.getByText('There is no snapshot here').waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    }),
  );

  test('the list is sorted and narrowed, and the address says how', () =>
    shown('/storage?text=syslog', {}, async (page) => {
      await expect.poll(() => rows(page).count()).toBe(12);
      expect(await rows(page).first().textContent()).toContain('syslog-00');
      await page.getByRole('button', { name: 'Newest event' }).click();
      await expect.poll(() => rows(page).first().textContent()).toContain('syslog-11');
      expect(new URL(page.url()).search).toContain('sort=latest');
      await page.getByLabel('Only indices with this in their name').fill('nothing like it');
      await page.getByText('No index has “nothing like it” in its name.').waitFor();
    }));

  test('a viewer sees, and changes nothing', async () => {
    started.caller = { name: 'vera', role: 'viewer' };
    await shown('/storage?tab=retention', {}, async (page) => {
      await page.getByText('There are no rules').or(page.getByText('No further rules.')).waitFor();
      for (const name of ['Add a rule', 'Edit', 'Check all files'])
        expect(await page.getByRole('button', { name }).count()).toBe(0);
      expect(await page.getByRole('tab', { name: 'Snapshots' }).count()).toBe(0);
      await page.getByRole('tab', { name: 'Indices' }).click();
      await expect.poll(() => rows(page).count()).toBe(14);
      expect(await page.getByRole('button', { name: /^Actions for/ }).count()).toBe(0);
    });
  });

  test('rules are tried while they are typed, and set after a question', () =>
    shown('/storage?tab=retention', {}, async (page) => {
      await page.getByRole('button', { name: 'Add a rule' }).click();
      await page.getByText('needs a pattern').waitFor();
      await page.getByLabel('Pattern of rule 1').fill('syslog-*');
      const days = page.getByLabel('Rule 1: delete after', { exact: true });
      await days.fill('100');
      await page.getByText('Nothing is deleted at once.').waitFor();
      await days.fill('10');
      await page.getByText(/^1 index is deleted at once: 60 events/).waitFor();
      await page.getByText('syslog-00 (too old)').waitFor();
      await page
        .getByText(/^12 indices, /)
        .first()
        .waitFor();
      expect(await names()).toContain('syslog-00');
      const save = page.getByRole('button', { name: 'Save', exact: true });
      await expect.poll(() => save.isEnabled()).toBe(true);
      await save.click();
      await page.getByRole('dialog').getByText('are deleted for good').waitFor();
      await expectAccessible(page);
      await page.getByRole('button', { name: 'Save, and delete 1 index' }).click();
      await page.getByText('deleted 10 days after the newest event').waitFor();
      expect(await names()).not.toContain('syslog-00');
      expect((await started.store.retention()).map(({ pattern }) => pattern)).toEqual([
        'audit-*',
        'syslog-*',
      ]);
      expect(started.audited.at(-1)).toMatchObject({ action: 'storage.retention', user: 'ada' });
      await page.getByRole('button', { name: 'Edit' }).click();
      await expect
        .poll(() => page.getByLabel('Rule 1: delete after', { exact: true }).inputValue())
        .toBe('10');
      await page.getByRole('button', { name: 'Remove rule 1' }).click();
      await expect.poll(() => save.isEnabled()).toBe(true);
      await save.click();
      await page.getByText('No further rules.').waitFor();
    }));

  test('a snapshot is made, and an index of it comes back under another name', () =>
    shown('/storage?tab=snapshots', {}, async (page) => {
      await page.getByRole('button', { name: 'New snapshot' }).click();
      await page.getByLabel('Name', { exact: false }).first().fill('before-the-change');
      await page.getByRole('button', { name: 'Make the snapshot' }).click();
      await page.getByText(/^Snapshot before-the-change: done, 1\d indices\.$/).waitFor();
      const line = page.getByRole('table', { name: 'Snapshots' }).locator('tbody tr');
      await expect.poll(() => line.count()).toBe(1);
      await page.getByRole('button', { name: 'Restore before-the-change' }).click();
      const prefix = page.getByLabel('Put before their names');
      await prefix.fill('');
      await page.getByText(/exists already, and 1\d more/).waitFor();
      await prefix.fill('back-');
      await page.getByPlaceholder(/^all/).click();
      await page.getByRole('option', { name: 'syslog-05' }).click();
      await page.keyboard.press('Tab');
      await expectAccessible(page);
      await page.getByRole('button', { name: 'Restore 1 index', exact: true }).click();
      await page.getByText(/^Restore of .*before-the-change: done, 1 index\./).waitFor();
      expect(await names()).toContain('back-syslog-05');
    }));

  test('a snapshot is deleted when its name is typed', () =>
    shown('/storage?tab=snapshots', {}, async (page) => {
      await page.getByRole('button', { name: 'Delete before-the-change' }).click();
      const submit = page.getByRole('button', { name: 'Delete for good' });
      expect(await submit.isDisabled()).toBe(true);
      await page.getByLabel('Type the name of the snapshot to confirm').fill('before-the-change');
      await expectAccessible(page);
      await submit.click();
      await page.getByText(/^Deletion of the snapshot before-the-change: done/).waitFor();
      await page.getByText('There is no snapshot here').waitFor();
    }));

  test.for(both)('snapshots by the clock are set, and show what came of them: %o', (look) =>
    shown('/storage?tab=snapshots', look, async (page) => {
      await page.getByText('No snapshots are made by the clock').waitFor();
      await page.getByRole('button', { name: 'Set a schedule' }).click();
      const dialogue = page.getByRole('dialog');
      await dialogue.getByLabel('At (UTC)').fill('25:00');
      await dialogue.getByText('hours and minutes').waitFor();
      expect(await dialogue.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
      await dialogue.getByLabel('At (UTC)').fill('03:15');
      await expectAccessible(page);
      await dialogue.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Every day at 03:15 UTC; the latest 7 are kept').waitFor();
      await page.getByText(/^None was made yet\. The next one .* 03:15 UTC, in /).waitFor();
      // As if it had been set long ago, to a place where nothing can be written.
      const [kept] = await started.store.objects('saved_object', 'snapshot-schedule');
      await started.store.putObject('saved_object', 'snapshot-schedule', {
        ...kept!.body,
        last: {
          target: 'x',
          due: 4e12,
          started: 1,
          ended: Date.now(),
          problem: 'x was not made: EROFS, read-only',
        },
      });
      await page.reload();
      await page.getByText(/^The last one failed .*: x was not made: EROFS, read-only\./).waitFor();
      await page
        .getByRole('alert')
        .getByText(/^the scheduled snapshot of .* UTC: x was not made/)
        .waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await page.getByRole('button', { name: 'Change' }).click();
      await page.getByRole('switch', { name: 'Make snapshots by the clock' }).uncheck();
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
      await page.getByText('No snapshots are made by the clock').waitFor();
    }),
  );

  test('an index is deleted when its name is typed', () =>
    shown('/storage?text=syslog-06', {}, async (page) => {
      await page.getByRole('button', { name: 'Actions for syslog-06' }).click();
      await page.getByRole('menuitem', { name: 'Delete' }).click();
      const submit = page.getByRole('button', { name: 'Delete for good' });
      await page.getByLabel('Type the name of the index to confirm').fill('syslog-07');
      expect(await submit.isDisabled()).toBe(true);
      await page.getByLabel('Type the name of the index to confirm').fill('syslog-06');
      await expectAccessible(page);
      await submit.click();
      await page.getByText('syslog-06 is deleted.').waitFor();
      await expect.poll(names).not.toContain('syslog-06');
      await page.getByText('No index has “syslog-06” in its name.').waitFor();
    }));

  test('damage is found and said in words', async () => {
    const folder = join(started.folder, 'store', 'segments');
    const file = readdirSync(folder, { recursive: true })
      .map(String)
      .find((name) => name.includes('winlogbeat') && name.endsWith('.parquet'))!;
    const bytes = readFileSync(join(folder, file));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(folder, file), bytes);
    await shown('/storage', { width: 'narrow' }, async (page) => {
      await page.getByRole('button', { name: 'Check all files' }).click();
      await page.getByText(/^Check of all files: done, \d+ files read, 1 damaged/).waitFor();
      await page.getByText('1 damaged segment is left out of searches').waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    });
  });
});
