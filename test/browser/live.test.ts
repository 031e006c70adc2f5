/**
 * From a syslog line to a row: the real program, a sender that never stops, Discover in live mode. How fast that is says
 * bench/console.ts; here nothing may be missing, and the page may not grow.
 */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startConsoleOf, type TestConsole } from '../support/console.ts';
import { freePort } from '../support/millrace.ts';
import { readMeter, startMeter } from '../support/page-meter.ts';
import { chromiumPath, closeBrowser, openPage, pagesAreBuilt } from './browser.ts';

const root = resolve(import.meta.dirname, '../..');

describe.skipIf(!chromiumPath || !pagesAreBuilt)('live mode under load', { timeout: 120_000 }, () => {
  let started: TestConsole;
  let admin: Client;
  let sender: ReturnType<typeof spawn>;

  beforeAll(async () => {
    const port = await freePort();
    started = await startConsoleOf(
      '-e',
      `input { syslog { host => "127.0.0.1" port => ${port} } } output { store { index => "syslog-%{+yyyy.MM.dd}" } }`,
      '--store.http.port=0',
    );
    admin = await started.setUp();
    const script = join(root, 'bench/tools/syslog-sender.ts');
    const args = ['--port', String(port), '--rate', '2000', '--mark-every', '100'];
    sender = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'ignore', 'inherit'] });
  }, 60_000);
  afterAll(async () => {
    sender?.stdin?.end();
    await closeBrowser();
    await started?.close();
  }, 60_000);

  async function live(search: string, look: (page: Page) => Promise<void>): Promise<void> {
    const { page, context, errors } = await openPage();
    page.setDefaultTimeout(60_000);
    try {
      await context.addCookies(admin.browserCookies());
      await page.goto(`${started.url}/discover?live=true${search}`);
      await look(page);
      expect(errors).toEqual([]);
    } finally {
      await context.close();
    }
  }
  const rows = (page: Page) => page.getByRole('grid').getByText(/marked n=\d+ sent=/);

  test('of events that are fewer than can be shown none is missing', () =>
    live(`&q=${encodeURIComponent('program: bench')}`, async (page) => {
      await expect.poll(() => rows(page).count(), { timeout: 60_000 }).toBeGreaterThan(20);
      await page.getByRole('button', { name: 'Pause' }).click();
      const shown = (await rows(page).allTextContents()).map((text) => Number(/n=(\d+)/.exec(text)![1]));
      const order = shown.toSorted((a, b) => b - a);
      expect(order).toEqual(order.map((_, at) => order[0]! - at));
    }));

  test('of more than can be shown the newest are, the rest is counted, and the page stays as small as it is', () =>
    live('', async (page) => {
      await page.getByText(/more matched than are shown/).waitFor();
      await startMeter(page);
      const elements = (): Promise<number> => page.evaluate('document.querySelectorAll("*").length');
      const before = await elements();
      let seen = 0;
      await expect
        .poll(async () => (seen += (await readMeter(page)).latencies.length), { timeout: 60_000 })
        .toBeGreaterThan(500);
      expect(await elements()).toBeLessThan(before * 1.5);
      expect(await page.getByRole('grid').getByRole('row').count()).toBeLessThan(80);
    }));
});
