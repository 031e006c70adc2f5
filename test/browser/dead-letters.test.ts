/** Dead letters in a real browser: found, mended with a preview, replayed and dropped. */
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, until } from '../support/millrace.ts';
import { type PipelinesConsole, startPipelinesConsole } from '../support/pipelines-console.ts';
import {
  chromiumPath,
  closeBrowser,
  expectAccessible,
  expectNoSidewaysScroll,
  openPage,
  type PageOptions,
} from './browser.ts';

let console_: PipelinesConsole;
const LINES = 130;

beforeAll(async () => {
  if (!chromiumPath) return;
  console_ = await startPipelinesConsole();
  const port = await freePort();
  await console_.load(
    'main',
    `input { tcp { host => "127.0.0.1" port => ${port} codec => json_lines } }
    filter { if [n] > 3 { mutate { add_tag => ["big"] } } }
    output { file { path => "${console_.folder}/out" } }`,
    { 'queue.type': 'persisted' },
  );
  const socket = connect(port, '127.0.0.1');
  for (let at = 0; at < LINES; at++) {
    const name =
      at === LINES - 1 ? '<img src=x onerror=alert(1)> \\u202eabc' : `sensor-${at % 2 ? 'odd' : 'even'}`;
    socket.write(`{"id":${at},"name":"${name}"}\n`);
  }
  await until(() => console_.engine.deadLetters('main')?.events === LINES, 'dead letters');
  socket.destroy();
}, 30_000);

afterAll(async () => {
  await closeBrowser();
  await console_?.close();
});

async function shown(path: string, options: PageOptions, look: (page: Page) => Promise<void>): Promise<void> {
  const { page, context, errors } = await openPage(options);
  await page.goto(console_.url + path);
  await look(page);
  await context.close();
  expect(errors).toEqual([]);
  expect(console_.errors).toEqual([]);
}

const delivered = (): string =>
  existsSync(join(console_.folder, 'out')) ? readFileSync(join(console_.folder, 'out'), 'utf8') : '';

describe.skipIf(!chromiumPath)('dead letters in the browser', { timeout: 40_000 }, () => {
  test.for<PageOptions>([
    { width: 'wide', dark: false },
    { width: 'wide', dark: true },
    { width: 'narrow', dark: false },
    { width: 'narrow', dark: true },
  ])('are listed page by page, and open: %o', (look) =>
    shown('/dead-letters', look, async (page) => {
      const rows = page.getByRole('table', { name: 'Dead letters' }).locator('tbody tr');
      await rows.first().waitFor();
      expect(await rows.count()).toBe(50);
      await page.getByRole('button', { name: 'Older ones' }).click();
      await expect.poll(() => rows.count()).toBe(100);
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await rows.first().getByRole('button').click();
      await page.getByLabel('Event', { exact: true }).waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await page.getByRole('button', { name: 'Close' }).click();
    }),
  );

  test('one is mended, previewed and replayed', () =>
    shown('/dead-letters', {}, async (page) => {
      await page.getByLabel('Only letters with this text').fill('onerror');
      const rows = page.getByRole('table', { name: 'Dead letters' }).locator('tbody tr');
      await expect.poll(() => rows.count()).toBe(1);
      expect(new URL(page.url()).searchParams.get('text')).toBe('onerror');
      await rows.first().getByRole('button').click();
      const editor = page.getByLabel('Event', { exact: true });
      await expect.poll(() => editor.inputValue()).toContain('"name": "<img src=x');
      await page.getByRole('button', { name: 'Preview' }).click();
      await page.getByText('Nothing comes out').waitFor();
      const text = await editor.inputValue();
      await editor.fill('{"n": ');
      expect(await page.getByRole('button', { name: 'Preview' }).isDisabled()).toBe(true);
      await editor.fill(text.replace('"name"', '"n": 5, "name"'));
      await page.getByRole('button', { name: 'Preview' }).click();
      await page.getByRole('row', { name: /added \[tags\] \["big"\]/ }).waitFor();
      expect(delivered()).toBe('');
      await page.getByRole('button', { name: 'Replay the mended event' }).click();
      await page.getByText('Replay of main: 1 of 1 went through.').waitFor();
      expect(delivered()).toContain('"n":5');
      await expect.poll(() => rows.count()).toBe(0);
    }));

  test('many are dropped and replayed, after a question', () =>
    shown('/dead-letters?text=sensor-odd', {}, async (page) => {
      await page.getByRole('button', { name: 'Drop all that match' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('button', { name: 'Drop all that match' }).click();
      await page.getByRole('button', { name: 'Drop for good' }).click();
      await page.getByText(/Drop of main: \d+ dropped/).waitFor();
      await page.getByText('No dead letter is like that.').waitFor();
      await page.getByLabel('Only letters with this text').fill('');
      await page.getByLabel('All that are shown').check();
      await page.getByRole('button', { name: 'Replay 50 chosen' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click();
      // They are as they were: refused again, and still here.
      await page.getByText('Replay of main: 50 of 50 went through. 50 were refused again.').waitFor();
      await page.getByText('65 of main').waitFor();
    }));

  test('the files of a persisted queue are looked into', () =>
    shown('/pipelines/main?node=__QUEUE__', {}, async (page) => {
      await page.getByRole('button', { name: 'Look into the files' }).click();
      await page.getByText(/0 events wait/).waitFor();
    }));
});
