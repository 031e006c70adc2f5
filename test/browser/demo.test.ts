/** The demo in a real browser: it says what it is on every screen, and is removed with two clicks. */
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../support/console.ts';
import { startDemo } from '../support/demo.ts';
import { cleanUp, until } from '../support/millrace.ts';
import {
  chromiumPath,
  closeBrowser,
  expectAccessible,
  expectNoSidewaysScroll,
  openPage,
  pagesAreBuilt,
} from './browser.ts';

describe.skipIf(!chromiumPath || !pagesAreBuilt)('the demo in a browser', { timeout: 180_000 }, () => {
  let url: string;
  let cookies: Parameters<BrowserContext['addCookies']>[0];

  beforeAll(async () => {
    const demo = await startDemo(0.05);
    url = demo.url;
    const admin = new Client(url);
    await admin.setUp(demo.code);
    cookies = admin.browserCookies();
    await until(
      async () => (await admin.ask('GET', '/api/demo')).json.state === 'playing',
      'the demo plays',
      40,
    );
  }, 240_000);
  afterAll(async () => {
    await closeBrowser();
    await cleanUp();
  });

  test.each([
    ['light', 'narrow'],
    ['dark', 'narrow'],
    ['dark', 'wide'],
  ] as const)('%s, %s: says that events are invented', async (scheme, width) => {
    const { page, context, errors } = await openPage({ dark: scheme === 'dark', width });
    page.setDefaultTimeout(60_000);
    await context.addCookies(cookies);
    await page.goto(`${url}/settings/account`);
    await page.getByRole('button', { name: /^Demo/ }).click();
    await page.getByText(/invented hosts, people and attacks/).waitFor();
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
    await page.keyboard.press('Escape');
    await page.getByText(/invented hosts, people and attacks/).waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await context.close();
  });

  test('leads to its events, and to its end, by keyboard alone', async () => {
    const { page, context, errors } = await openPage();
    page.setDefaultTimeout(60_000);
    await context.addCookies(cookies);
    await page.goto(`${url}/settings/account`);
    const note = page.getByRole('button', { name: /^Demo/ });
    await note.press('Enter');
    await page.getByRole('button', { name: 'Show its events' }).press('Enter');
    await page.waitForURL(/\/discover\?.*tags/);
    await note.press('Enter');
    await page.getByRole('button', { name: 'Remove the demo…' }).press('Enter');
    await page.getByText(/Everything else stays/).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Delete' }).press('Enter');
    await page.getByText('The demo is removed').waitFor({ timeout: 60_000 });
    await note.waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await context.close();
  });
});
