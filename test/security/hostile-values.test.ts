/**
 * Markup and script wherever a screen shows what others wrote: fields and values of events, reasons of dead letters, ids
 * of pipelines and their nodes, names of indices, saved searches, keys and what the audit log has. In the real browser,
 * with the content security policy that the server sends: nothing may run, and nothing may even become an element.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  chromiumPath,
  closeBrowser,
  expectNoSidewaysScroll,
  openBrowser,
  pagesAreBuilt,
} from '../browser/browser.ts';
import { type Client, startConsoleOf, type TestConsole } from '../support/console.ts';
import { freePort, until } from '../support/millrace.ts';

const TAG = '<img src=x onerror=globalThis.hacked=1>';
const ATTACK = `"'>${TAG}<script>globalThis.hacked=2</script><svg onload=globalThis.hacked=3></svg><a href="javascript:globalThis.hacked=4">here</a>{{constructor.constructor('globalThis.hacked=5')()}}\${globalThis.hacked=6}\`]]>-->\u202e\u0000`;
/** For names that may not be long. */
const SHORT = ATTACK.slice(0, 150);
const PIPELINE = `main ${TAG}`;
const NODE = `mutate ${TAG}`;
const INDEX = "web-'-onerror=hacked=7-`-";

const config = (port: number): string => `
  input { http { host => "127.0.0.1" port => ${port} id => "in ${TAG}" } }
  filter { mutate { id => "${NODE}" add_field => { "seen" => "%{message}" } } }
  output {
    if [bad] { store { id => "bad ${TAG}" index => "%{name}" } }
    else { store { id => "good ${TAG}" index => "${INDEX}" } }
  }`;

/** What happened in a page that should not have. */
const WATCH = `
  globalThis.violations = [];
  document.addEventListener('securitypolicyviolation', (event) =>
    globalThis.violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));`;

/** Texts that turn what stands behind them; not what the user types at the moment. */
const TURNED = `(() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode())
    if (/[\u202a-\u202e\u2066-\u2069]/.test(texts.currentNode.data) && !texts.currentNode.parentElement.closest('.cm-editor, textarea'))
      found.push(texts.currentNode.parentElement.outerHTML.slice(0, 200));
  return found;
})()`;

describe.skipIf(!chromiumPath || !pagesAreBuilt)('hostile values', { timeout: 120_000 }, () => {
  let started: TestConsole;
  let admin: Client;
  let context: BrowserContext;
  let page: Page;
  let port: number;
  const foreign: string[] = [];
  const dialogs: string[] = [];

  const send = async (...events: object[]): Promise<void> => {
    for (const event of events) {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(event),
      });
      expect(response.status).toBe(200);
    }
  };
  const hostile = (n: number): object => ({
    n,
    message: ATTACK,
    [ATTACK]: { [ATTACK]: [ATTACK, { deep: ATTACK }] },
    url: { original: 'javascript:globalThis.hacked=8' },
    user: { name: ATTACK },
    event: { action: ATTACK, outcome: ATTACK },
  });

  beforeAll(async () => {
    port = await freePort();
    started = await startConsoleOf(
      '-e',
      config(port),
      '--pipeline.id',
      PIPELINE,
      '--store.http.port=0',
      '--dead_letter_queue.enable=true',
    );
    admin = await started.setUp();
    await until(
      async () =>
        (await admin.ask('GET', '/api/pipelines')).json.pipelines?.[0]?.state === 'running' &&
        (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'first' }).catch(() => undefined))
          ?.ok,
      'the pipeline runs',
      30,
    );
    for (let n = 0; n < 5; n++) await send(hostile(n), { ...hostile(n), bad: true, name: `${ATTACK}/` });
    for (const title of [SHORT, TAG])
      expect((await admin.ask('POST', '/api/searches', { title, state: `q=${ATTACK}` })).status).toBe(200);
    expect((await admin.ask('POST', '/api/keys', { name: SHORT, scope: 'viewer' })).status).toBe(200);
    await started.user(admin, 'ruled', 'viewer', {
      filter: 'n: 1',
      hiddenFields: [ATTACK],
      indices: [SHORT],
    });
    const values = { listen: '127.0.0.1', port: await freePort() };
    const source = { card: 'webhook', title: TAG, values };
    expect((await admin.ask('POST', '/api/integrations', source)).status).toBe(200);
    await admin.ask('POST', '/api/events/search', { query: `message: "${TAG}"`, indices: [ATTACK] });
    await started.client().signIn(SHORT, 'wrong password');
    await until(
      async () => {
        const { json } = await admin.ask('POST', '/api/events/search', { query: 'n: 4' });
        const letters = await admin.ask('GET', '/api/dead-letters');
        return json.hits?.length === 1 && letters.json.queues?.[0]?.entries === 5;
      },
      'events are stored and refused',
      30,
    );

    context = await (await openBrowser()).newContext({ viewport: { width: 1440, height: 900 } });
    await context.addCookies(admin.browserCookies());
    await context.addInitScript(WATCH);
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== started.url && protocol !== 'data:' && protocol !== 'blob:') foreign.push(request.url());
    });
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
  }, 120_000);
  afterAll(async () => {
    await closeBrowser();
    await started?.close();
  }, 60_000);

  const open = async (path: string): Promise<void> => {
    const response = await page.goto(`${started.url}${path}`);
    const policy = response!.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  };
  /** Nothing ran, nothing was kept from running, and nothing of what was sent became an element. */
  const expectHarmless = async (): Promise<void> => {
    expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
    expect(await page.evaluate('globalThis.violations')).toEqual([]);
    const made = await page.evaluate(`[...document.querySelectorAll(
      'img[src="x"], [onerror], [onload], [href^="javascript:" i], [src^="javascript:" i], [srcdoc], iframe, object, embed, base, form[action^="javascript:" i]'
    )].map((element) => element.outerHTML.slice(0, 200))`);
    expect(made).toEqual([]);
    // Nothing turns the direction of what stands behind it.
    expect(await page.evaluate(TURNED)).toEqual([]);
    expect(await page.title()).not.toContain('<');
    await expectNoSidewaysScroll(page);
  };
  const settled = async (): Promise<void> => {
    await page.getByRole('main').waitFor();
    // Screens that listen to the server never come to rest.
    await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => {});
  };
  const shown = (text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();

  test('Discover: rows, columns, an opened event, filters, top values, saved searches', async () => {
    await open('/discover?from=now-1h');
    await shown(/onerror=globalThis/);
    await expectHarmless();
    const columns = encodeURIComponent(
      JSON.stringify(['message', ATTACK, `${ATTACK}.${ATTACK}`, 'url.original']),
    );
    const filters = encodeURIComponent(
      JSON.stringify([{ field: `${ATTACK}.${ATTACK}`, operator: 'exists' }]),
    );
    await open(`/discover?from=now-1h&cols=${columns}&filters=${filters}`);
    await page.getByRole('columnheader').nth(2).waitFor();
    await expectHarmless();
    await open('/discover?from=now-1h&q=n%3A%203');
    await page.getByRole('grid').getByRole('gridcell').first().click();
    await page.getByRole('rowheader', { name: /@timestamp/ }).waitFor();
    await expectHarmless();
    await page.getByRole('tab', { name: 'JSON' }).click();
    await page.getByRole('tabpanel').locator('pre').waitFor();
    await expectHarmless();
    await page.getByRole('button', { name: 'Saved searches' }).click();
    await shown(/onerror=globalThis/);
    await expectHarmless();
  });

  test('Discover: names of indices, live mode, and what a query with mistakes says', async () => {
    await open(`/discover?from=now-1h&sources=${encodeURIComponent(JSON.stringify([INDEX, ATTACK]))}`);
    await page
      .getByRole('button', { name: /sources|onerror/i })
      .first()
      .click();
    await shown(INDEX);
    await expectHarmless();
    await open(`/discover?from=${encodeURIComponent(ATTACK)}&q=${encodeURIComponent(`( ${ATTACK}`)}`);
    await page.getByRole('alert').first().waitFor();
    await expectHarmless();
    await open('/discover?live=true');
    await page.getByText('events/s').waitFor();
    await send(hostile(100));
    await page
      .getByRole('grid')
      .getByText(/onerror/)
      .first()
      .waitFor();
    await expectHarmless();
  });

  test('Pipelines: names, nodes, and the events of a tap', async () => {
    await open('/pipelines');
    await shown(PIPELINE);
    await expectHarmless();
    await open(`/pipelines/${encodeURIComponent(PIPELINE)}`);
    await page.locator('.react-flow__node').nth(2).waitFor();
    await expectHarmless();
    await open(`/pipelines/${encodeURIComponent(PIPELINE)}?node=${encodeURIComponent(NODE)}&tab=tap`);
    await page.getByRole('button', { name: 'Start tap' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    const samples = page.getByRole('region', { name: 'Samples' }).getByRole('listitem');
    await until(
      async () => {
        await send(hostile(200));
        return (await samples.count()) > 0;
      },
      'a sample',
      30,
    );
    await page.getByLabel('All fields').check();
    await shown(/onerror=globalThis/);
    await expectHarmless();
  });

  test('Dead letters: the list with its reasons, and one that is opened and previewed', async () => {
    await open('/dead-letters');
    const rows = page.getByRole('table', { name: 'Dead letters' }).locator('tbody tr');
    await rows.first().waitFor();
    await shown(/onerror/);
    await expectHarmless();
    await rows.first().getByRole('button').click();
    await page.getByLabel('Event', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('status').filter({ hasText: 'What the filters of' }).waitFor();
    expect(await page.getByLabel('Event', { exact: true }).inputValue()).not.toContain('\u202e');
    await expectHarmless();
  });

  test('every other screen that can be reached: by links, and by the tabs on them', async () => {
    const seen = new Set<string>();
    const waiting = ['/', '/settings/account'];
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      if (seen.has(path)) continue;
      seen.add(path);
      await open(path);
      await settled();
      await expectHarmless();
      const tabs = page.getByRole('main').getByRole('tab');
      for (let at = 0; at < (await tabs.count()); at++) {
        await tabs.nth(at).click();
        await settled();
        await expectHarmless();
        const { pathname } = new URL(page.url());
        if (pathname === path) continue;
        waiting.push(pathname);
        await open(path);
        await settled();
      }
      const links = (await page.evaluate(
        `[...document.querySelectorAll('a[href]')].map((link) => link.pathname + '|' + link.origin)`,
      )) as string[];
      for (const link of links) {
        const [pathname, origin] = link.split('|') as [string, string];
        if (origin === started.url && !pathname.startsWith('/api/')) waiting.push(pathname);
      }
    }
    expect([...seen]).toEqual(
      expect.arrayContaining([
        '/discover',
        '/pipelines',
        '/dead-letters',
        '/integrations',
        '/storage',
        '/editor',
        '/settings/keys',
        '/settings/audit',
      ]),
    );
  });

  test('no page asked another server, and none opened a dialog', () => {
    expect(foreign).toEqual([]);
    expect(dialogs).toEqual([]);
  });
});
