/** The demo in a real browser: it says what it is on every screen, and is removed with two clicks. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client, PASSWORD } from '../support/console.ts';
import { cleanUp, freePort, Millrace, temporaryFolder, until } from '../support/millrace.ts';
import { chromiumPath, closeBrowser, expectAccessible, expectNoSidewaysScroll, openPage } from './browser.ts';

const isBuilt = existsSync(resolve(import.meta.dirname, '../../dist/ui/index.html'));

describe.skipIf(!chromiumPath || !isBuilt)('the demo in a browser', { timeout: 180_000 }, () => {
  let url: string;
  let cookies: Parameters<BrowserContext['addCookies']>[0];

  beforeAll(async () => {
    const [beats, syslog, http] = [await freePort(), await freePort(), await freePort()];
    const millrace = new Millrace({
      args: [
        ...['up', '--demo=0.05', '--path.data', temporaryFolder(), '--api.enabled=false'],
        ...['--beats', String(beats), '--syslog', String(syslog), '--http', String(http)],
        ...['--store.http.port=0', '--console.http.port=0'],
      ],
    });
    url = await until(() => /Console at (\S+)/.exec(millrace.stderr)?.[1], 'the console', 60);
    const code = await until(() => /Set-up code: (\S+)/.exec(millrace.stderr)?.[1], 'the code', 60);
    const admin = new Client(url);
    await admin.ask('POST', '/api/setup', { code, name: 'admin', password: PASSWORD });
    cookies = Object.entries(admin.cookies).map(([name, value]) => ({ name, value, url }));
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
