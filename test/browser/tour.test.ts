/**
 * Every screen that there is, with the demo's events in it: in light and dark, wide and narrow, without a serious fault
 * of accessibility, without a page that scrolls sideways, and with everything within reach of the keyboard.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../support/console.ts';
import { startDemo } from '../support/demo.ts';
import { cleanUp, freePort, until } from '../support/millrace.ts';
import {
  chromiumPath,
  closeBrowser,
  expectAccessible,
  expectNoSidewaysScroll,
  openPage,
  type PageOptions,
  pagesAreBuilt,
} from './browser.ts';

const root = resolve(import.meta.dirname, '../..');
/** Where to put pictures of the screens, for people who look at them. */
const pictures = process.env['MILLRACE_PICTURES'];

/** By the path of the route: where it is looked at, and what is there when it is. */
const screens: Readonly<Record<string, readonly (readonly [address: string, shown: string])[]>> = {
  '/': [['/', 'role=grid']],
  '/discover': [
    ['/discover?q=tags%3A%20demo&from=now-24h', 'role=grid >> role=gridcell >> nth=0'],
    ['/discover?q=message%3A%20nothinglikethis&from=now-24h', 'text=No events match'],
    ['/discover?live=true', 'text=events/s'],
  ],
  '/pipelines': [['/pipelines', 'role=link[name="demo-syslog"] >> nth=0']],
  '/pipelines/$id': [
    ['/pipelines/demo-syslog', 'role=heading[name="demo-syslog"]'],
    ['/pipelines/nothing-like-this', 'role=alert'],
  ],
  '/editor': [
    ['/editor?path=demo-syslog.conf', '.cm-content'],
    ['/editor?path=demo-syslog.conf&dialog=custom', 'role=dialog'],
    ['/editor?path=demo-syslog.conf&dialog=secrets', 'role=dialog'],
  ],
  '/integrations': [['/integrations', 'role=heading[name="Sources and destinations"]']],
  '/integrations/new': [['/integrations/new', 'role=link[name=/^Receive syslog/]']],
  '/integrations/new/$card': [['/integrations/new/beats', 'role=textbox[name="Port"]']],
  '/integrations/$id': [
    ['/integrations/tour', 'role=heading[name="Tour"]'],
    ['/integrations/tour?tab=settings', 'role=textbox[name="Port"]'],
    ['/integrations/nothing-like-this', 'role=alert'],
  ],
  '/dead-letters': [['/dead-letters', 'role=table[name="Dead letters"] >> tbody >> tr >> nth=0']],
  '/storage': [
    ['/storage', 'role=heading[level=1]'],
    ['/storage?tab=retention', 'role=tab[selected]'],
    ['/storage?tab=snapshots', 'role=tab[selected]'],
  ],
  '/settings': [['/settings', 'text=Where you are signed in.']],
  '/settings/account': [['/settings/account', 'text=Where you are signed in.']],
  '/settings/users': [['/settings/users', 'role=button[name="New user"]']],
  '/settings/keys': [['/settings/keys', 'role=heading >> nth=0']],
  '/settings/audit': [['/settings/audit', 'role=table']],
  'not found': [['/nothing-like-this', 'role=heading >> nth=0']],
};

/** What a mouse reaches and Tab does not. Radios and the like are reached with arrows from the one that Tab reaches. */
const UNREACHED = `(() => {
  const reached = globalThis.reached;
  const within = document.querySelector('[role=dialog][aria-modal=true]') ?? document;
  return [...within.querySelectorAll('a[href], button, input, textarea, select, summary, [role=button], [role=link], [role=switch], [role=checkbox]')]
    .filter((one) => !reached.has(one) && !one.disabled && one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .filter((one) => one.getClientRects().length > 0 && !one.closest('[inert], [aria-hidden=true]'))
    .filter((one) => !(one.type === 'radio' || ['tab', 'menuitem', 'option', 'radio'].includes(one.role)))
    .filter((one) => !one.closest('[role=grid] [role=row], .react-flow__node, .react-flow__attribution, [data-mantine-stop-propagation]'))
    .map((one) => [one.textContent, one.ariaLabel, one.outerHTML.slice(0, 100)].join(' '));
})()`;
const NOTE = `(() => {
  const one = document.activeElement;
  if (!one || one === document.body) return 'nothing';
  globalThis.reached ??= new Set();
  if (globalThis.reached.has(one)) return 'again';
  globalThis.reached.add(one);
  return 'new';
})()`;

describe.skipIf(!chromiumPath || !pagesAreBuilt)('every screen', { timeout: 400_000 }, () => {
  let url: string;
  let cookies: Parameters<BrowserContext['addCookies']>[0];

  beforeAll(async () => {
    const demo = await startDemo(0.2);
    url = demo.url;
    const admin = new Client(url);
    await admin.setUp(demo.code);
    cookies = admin.browserCookies();
    const values = { listen: '127.0.0.1', port: await freePort(), tls: 'made', clients: 'made' };
    await admin.ask('POST', '/api/integrations', { card: 'webhook', title: 'Tour', values });
    await until(
      async () => {
        const letters = await admin.ask('GET', '/api/dead-letters');
        const { filled } = (await admin.ask('GET', '/api/demo')).json;
        return filled === 1 && letters.json.queues?.some(({ entries }: { entries: number }) => entries > 0);
      },
      'the demo has filled the screens',
      120,
    );
  }, 240_000);
  afterAll(async () => {
    await closeBrowser();
    await cleanUp();
  });

  async function each(look: PageOptions, see: (page: Page, name: string) => Promise<void>): Promise<void> {
    const { page, context } = await openPage(look);
    page.setDefaultTimeout(60_000);
    await context.addCookies(cookies);
    for (const [address, shown] of Object.values(screens).flat()) {
      await page.goto(url + address);
      await page
        .locator(shown)
        .first()
        .waitFor()
        .catch((error: Error) => {
          throw new Error(`${address}: ${error.message}`);
        });
      await see(page, address);
    }
    await context.close();
  }

  test('none is left out', () => {
    const text = readFileSync(join(root, 'ui/src/app/router.tsx'), 'utf8');
    const routes = [
      ...text.matchAll(/createRoute\(\{\s*getParentRoute: \(\) => (\w+),\s*path: '([^']*)'/g),
    ].map(([, parent, path]) => (parent === 'settings' ? `/settings${path === '/' ? '' : path}` : path));
    expect(new Set(routes)).toEqual(new Set(Object.keys(screens).filter((name) => name.startsWith('/'))));
  });

  const looks: PageOptions[] = [
    { dark: true, width: 'wide' },
    { dark: false, width: 'narrow' },
  ];
  test.for(looks)('is accessible and fits: %o', (look) =>
    each(look, async (page, address) => {
      const name = `${address.replace(/\W+/g, '-')}-${look.width}-${look.dark ? 'dark' : 'light'}`;
      if (pictures !== undefined) await page.screenshot({ path: join(pictures, `tour${name}.png`) });
      await expectAccessible(page).catch((error: Error) => {
        throw new Error(
          `${address}: ${error.message} ${JSON.stringify((error as { actual?: unknown }).actual)}`,
        );
      });
      await expectNoSidewaysScroll(page);
    }),
  );

  test('is within reach of the keyboard', () =>
    each({ dark: false, width: 'wide' }, async (page, address) => {
      // It comes a little later than the screen, in front of it.
      await page.locator('text=are invented').waitFor({ state: 'attached' });
      for (let step = 0; step < 250; step++) {
        // Tab may indent in the editor; it says how to leave it.
        if ((await page.locator('.cm-content:focus').count()) > 0) await page.keyboard.press('Escape');
        await page.keyboard.press('Tab');
        const what = await page.evaluate(NOTE);
        if (what === 'again' || (what === 'nothing' && step > 3)) break;
      }
      expect([address, await page.evaluate(UNREACHED)]).toEqual([address, []]);
      if (pictures !== undefined)
        await page.screenshot({ path: join(pictures, `tour${address.replace(/\W+/g, '-')}-wide-light.png`) });
    }));
});
