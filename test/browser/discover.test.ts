/** Discover in a real browser: the real console over a real store that events are written to all the time. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIRST_DAY, securityEvents } from '../../bench/store-events.ts';
import type { SearchRequest, Store } from '../../src/store/store.ts';
import {
  type EventsConsole,
  openTestStore,
  startEventsConsole,
  type TestStore,
} from '../support/events-console.ts';
import {
  chromiumPath,
  closeBrowser,
  expectAccessible,
  expectNoSidewaysScroll,
  openPage,
  type PageOptions,
} from './browser.ts';

const TOTAL = 1500;
const DAY = 86_400_000;
const from = new Date(FIRST_DAY).toISOString();
const to = new Date(FIRST_DAY + 30 * DAY).toISOString();
const ATTACK = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>';

let store: TestStore;
let console_: EventsConsole;
const documents: any[] = [];

beforeAll(async () => {
  if (!chromiumPath) return;
  store = await openTestStore();
  const event = securityEvents(TOTAL);
  const byIndex = new Map<string, string[]>();
  for (let n = 0; n < TOTAL; n++) {
    const { index, source } = event(n);
    documents.push(JSON.parse(source));
    const known = byIndex.get(index);
    if (known) known.push(source);
    else byIndex.set(index, [source]);
  }
  for (const [index, texts] of byIndex) await store.add(index, ...texts);
  console_ = await startEventsConsole(store.store);
}, 120_000);
afterAll(async () => {
  await closeBrowser();
  await console_?.console.close();
  await store?.close();
}, 60_000);

type Search = Readonly<Record<string, unknown>>;

async function withPage(
  search: Search,
  look: (page: Page) => Promise<void>,
  options: PageOptions = {},
): Promise<void> {
  const { page, context, errors } = await openPage(options);
  page.setDefaultTimeout(20_000);
  try {
    const parameters = Object.entries({ from, to, ...search })
      .filter(([, value]) => value !== undefined)
      .map(
        ([key, value]) =>
          `${key}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`,
      );
    await page.goto(`${console_.url}/discover?${parameters.join('&')}`);
    await look(page);
    expect(errors).toEqual([]);
  } finally {
    await context.close();
  }
}

const status = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByRole('status').filter({ hasText: text }).first().waitFor();
const rows = (page: Page) =>
  page
    .getByRole('grid')
    .getByRole('row')
    .filter({ has: page.getByRole('gridcell') });
const count = (fits: (document: any) => boolean): string => {
  const found = documents.filter(fits).length;
  return `${found.toLocaleString('en-US')} ${found === 1 ? 'event' : 'events'}`;
};
const typeQuery = async (page: Page, text: string): Promise<void> => {
  // The editor takes the place of a plain field as soon as it is there.
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
};
const LONG = { timeout: 90_000 };

describe.skipIf(!chromiumPath)('Discover', () => {
  test('searches with completion, and says what is wrong where', LONG, async () => {
    await withPage({}, async (page) => {
      await status(
        page,
        count(() => true),
      );
      await typeQuery(page, 'agent.ty');
      await page
        .getByRole('option', { name: /agent\.type/ })
        .first()
        .waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page
        .getByRole('option', { name: /^: equals/ })
        .first()
        .waitFor();
      await page.keyboard.type(': winl');
      await page
        .getByRole('option', { name: /winlogbeat/ })
        .first()
        .waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      await status(
        page,
        count(({ agent }) => agent?.type === 'winlogbeat'),
      );
      expect(new URL(page.url()).searchParams.get('q')?.trim()).toBe('agent.type: winlogbeat');
      await typeQuery(page, 'agent.type: (winlogbeat');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      const alert = page.getByRole('alert').first();
      await alert.waitFor();
      expect(await alert.textContent()).toMatch(/Expected .* \(at character 24\)/);
      // History brings a query back.
      await page.getByRole('button', { name: 'Recent queries' }).click();
      await page.getByRole('menuitem', { name: 'agent.type: winlogbeat', exact: false }).last().click();
      await status(
        page,
        count(({ agent }) => agent?.type === 'winlogbeat'),
      );
      await page.locator('mark').first().waitFor();
    });
  });

  test('zooms by dragging over the chart, and by keyboard', LONG, async () => {
    await withPage({}, async (page) => {
      await status(
        page,
        count(() => true),
      );
      const chart = page.getByRole('group', { name: /Events per 12 hours/ });
      const box = (await chart.boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 5 });
      await page.mouse.up();
      await page.waitForURL((url) => url.searchParams.get('from') !== from);
      const zoomed = new URL(page.url()).searchParams;
      const [start, end] = [Date.parse(zoomed.get('from')!), Date.parse(zoomed.get('to')!)];
      expect(end - start).toBeGreaterThan(4 * DAY);
      expect(end - start).toBeLessThan(9 * DAY);
      const within = (document: any): boolean => {
        const time = Date.parse(document['@timestamp']);
        return time >= start && time <= end;
      };
      await status(page, count(within));
      await page.goBack();
      await status(
        page,
        count(() => true),
      );
      await chart.focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Shift+ArrowRight');
      expect(await chart.textContent()).toMatch(/2026-10-2\d .* to .*: \d+ events/);
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.searchParams.get('from') !== from);
      const chosen = new URL(page.url()).searchParams;
      expect(Date.parse(chosen.get('to')!) - Date.parse(chosen.get('from')!)).toBe(DAY - 1);
    });
  });

  test('top values become filters, which are inverted, disabled, edited and removed', LONG, async () => {
    await withPage({}, async (page) => {
      await status(
        page,
        count(() => true),
      );
      await page.getByRole('searchbox', { name: 'Search fields', exact: true }).fill('agent.type');
      await page
        .getByRole('button', { name: /agent\.type$/ })
        .first()
        .click();
      const values = page.getByRole('list', { name: 'Most frequent values of agent.type' });
      await values.waitFor();
      expect(await values.getByRole('listitem').count()).toBeGreaterThan(1);
      await page.getByRole('button', { name: 'Only with agent.type: packetbeat' }).click();
      const isPacket = ({ agent }: any): boolean => agent?.type === 'packetbeat';
      await status(page, count(isPacket));
      await page.keyboard.press('Escape');
      const pill = page.getByRole('button', { name: /^Filter: agent\.type/ });
      await pill.click();
      await page.getByRole('menuitem', { name: 'Only events that do not match' }).click();
      await status(
        page,
        count((document) => !isPacket(document)),
      );
      await pill.click();
      await page.getByRole('menuitem', { name: 'Disable' }).click();
      await status(
        page,
        count(() => true),
      );
      await pill.click();
      await page.getByRole('menuitem', { name: 'Edit' }).click();
      await page.getByLabel('Value', { exact: true }).fill('filebeat');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await pill.click();
      await page.getByRole('menuitem', { name: 'Enable' }).click();
      await status(
        page,
        count(({ agent }) => agent?.type !== 'filebeat'),
      );
      // Pinned filters are there in another search.
      await pill.click();
      await page.getByRole('menuitem', { name: /^Pin/ }).click();
      await page.goto(`${console_.url}/discover?from=${from}&to=${to}`);
      await status(
        page,
        count(({ agent }) => agent?.type !== 'filebeat'),
      );
      await page.getByRole('button', { name: /^Remove filter/ }).click();
      await status(
        page,
        count(() => true),
      );
    });
  });

  test('columns: added, sorted, moved, made wider, removed; all in the link', LONG, async () => {
    await withPage({ cols: ['agent.type', 'host.name'] }, async (page) => {
      await status(
        page,
        count(() => true),
      );
      const head = (name: string) => page.getByRole('columnheader', { name });
      await head('agent.type').getByRole('button').click();
      await page.getByRole('menuitem', { name: 'Sort ascending' }).click();
      await page.waitForURL((url) => url.searchParams.get('sort') === 'agent.type:asc');
      const first = documents
        .map(({ agent }) => agent?.type)
        .filter(Boolean)
        .toSorted()[0];
      await expect.poll(() => rows(page).first().getByRole('gridcell').nth(1).textContent()).toBe(first);
      await head('agent.type').getByRole('button').click();
      await page.getByRole('menuitem', { name: 'Move right' }).click();
      await expect
        .poll(() => new URL(page.url()).searchParams.get('cols'))
        .toBe('["host.name","agent.type"]');
      const width = async (): Promise<number> => (await head('host.name').boundingBox())!.width;
      const before = await width();
      await page.getByRole('separator', { name: 'Width of host.name' }).focus();
      for (let n = 0; n < 5; n++) await page.keyboard.press('ArrowRight');
      await expect.poll(width).toBe(before + 80);
      await head('host.name').getByRole('button').click();
      await page.getByRole('menuitem', { name: 'Remove column' }).click();
      await expect.poll(() => new URL(page.url()).searchParams.get('cols')).toBe('["agent.type"]');
      // The link alone brings the same back.
      await page.goto(page.url());
      await expect.poll(() => rows(page).first().getByRole('gridcell').nth(1).textContent()).toBe(first);
    });
  });

  test('scrolls through all pages, drawing only what is seen', LONG, async () => {
    await withPage({}, async (page) => {
      await status(
        page,
        count(() => true),
      );
      const grid = page.getByRole('grid');
      await grid.focus();
      for (let n = 0; n < 40; n++) {
        await page.keyboard.press('End');
        if ((await grid.getAttribute('aria-rowcount')) === String(TOTAL + 1)) break;
        await page.waitForTimeout(250);
      }
      expect(await grid.getAttribute('aria-rowcount')).toBe(String(TOTAL + 1));
      await page.keyboard.press('End');
      const oldest = documents.map((document) => document['@timestamp'] as string).toSorted()[0]!;
      await page.getByText(oldest.replace('T', ' ').replace('Z', '')).first().waitFor();
      expect(await rows(page).count()).toBeLessThan(80);
    });
  });

  test('an event: fields, exact JSON, surrounding; by keyboard alone', LONG, async () => {
    await withPage({}, async (page) => {
      await status(
        page,
        count(() => true),
      );
      await rows(page).first().waitFor();
      await page.getByRole('grid').focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      const panel = page.getByRole('region', { name: 'Event', exact: true });
      await panel.getByRole('rowheader', { name: /@timestamp/ }).waitFor();
      await panel.getByRole('tab', { name: 'JSON' }).focus();
      await page.keyboard.press('Enter');
      await panel.getByText('As stored').click();
      const shown = (await panel.locator('pre').textContent())!;
      expect(documents.map((document) => JSON.stringify(document))).toContain(
        JSON.stringify(JSON.parse(shown)),
      );
      await panel.getByRole('tab', { name: 'Surrounding' }).click();
      const near = panel.getByRole('list', { name: 'Events before and after' }).getByRole('button');
      await expect.poll(() => near.count()).toBeGreaterThan(5);
      const event = new URL(page.url()).searchParams.get('event');
      await near.last().click();
      await expect.poll(() => new URL(page.url()).searchParams.get('event')).not.toBe(event);
      await page.keyboard.press('Escape');
      await panel.waitFor({ state: 'detached' });
      expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('grid');
    });
  });

  test('live tail shows what arrives within a second, pauses, and goes on', LONG, async () => {
    await withPage({ live: true, q: 'kind: live', from: undefined, to: undefined }, async (page) => {
      await page.getByText('Waiting for events').waitFor();
      const write = (n: number): Promise<void> =>
        store.add('live', {
          '@timestamp': new Date().toISOString(),
          kind: 'live',
          n,
          message: `event number ${n}`,
        });
      await page.waitForTimeout(1500);
      await write(1);
      const written = performance.now();
      await page.getByText('event number 1', { exact: false }).first().waitFor();
      // A busy machine gets far more than the second that is promised; bench/console.ts measures it.
      expect(performance.now() - written).toBeLessThan(15_000);
      await page.getByRole('button', { name: 'Pause' }).click();
      await write(2);
      await page.getByText('Paused, 1 new').waitFor();
      expect(await page.getByText('event number 2').count()).toBe(0);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByText('event number 2').first().waitFor();
      expect(await rows(page).first().textContent()).toContain('event number 2');
    });
  });

  test('a search that takes long says so and is cancelled, also in the store', LONG, async () => {
    const open = Promise.withResolvers<void>();
    const asked: { readonly signal: AbortSignal; readonly ended: Promise<unknown> }[] = [];
    const slow = new Proxy(store.store, {
      get: (target, name) => {
        if (name !== 'search') return (target[name as keyof Store] as () => unknown).bind(target);
        return (request: SearchRequest, signal: AbortSignal, onProgress?: (share: number) => void) => {
          onProgress?.(asked.length === 0 ? 0.75 : 0.42);
          const ended = open.promise.then(() => target.search(request, signal));
          asked.push({ signal, ended: ended.catch((error: unknown) => error) });
          return ended;
        };
      },
    });
    const { console: console2 } = await startEventsConsole(slow);
    const { page, context, errors } = await openPage();
    try {
      await page.goto(`${console2.url}/discover?from=${from}&to=${to}`);
      await page.getByRole('button', { name: 'Cancel' }).waitFor();
      // Of rows and histogram, the one that is behind.
      const progress = page.getByRole('progressbar', { name: 'Search' });
      await expect.poll(() => progress.getAttribute('aria-valuenow')).toBe('42');
      await page.getByText(/^42 % · [1-9]\d* s$/).waitFor();
      await expect.poll(() => asked.length).toBe(2);
      expect(asked.map(({ signal }) => signal.aborted)).toEqual([false, false]);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await status(page, 'The search was cancelled');
      await expect.poll(() => asked.map(({ signal }) => signal.aborted)).toEqual([true, true]);
      open.resolve();
      // The store itself does no work for them any more.
      for (const { ended } of asked) expect(await ended).toMatchObject({ code: 'gone' });
      await page.getByRole('button', { name: 'Cancel' }).waitFor({ state: 'detached' });
      expect(errors).toEqual([]);
    } finally {
      await context.close();
      await console2.close();
    }
  });

  test('saved searches come back whole, and are deleted', LONG, async () => {
    await withPage({ q: 'agent.type: packetbeat', cols: ['agent.type'] }, async (page) => {
      const packets = count(({ agent }) => agent?.type === 'packetbeat');
      await status(page, packets);
      await page.getByRole('button', { name: 'Saved searches' }).click();
      await page.getByRole('menuitem', { name: 'Save this search' }).click();
      await page.getByRole('textbox', { name: 'Name' }).fill('Packets & <b>more</b>');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText('Saved as').waitFor();
      await page.goto(`${console_.url}/discover`);
      await page.getByRole('button', { name: 'Saved searches' }).click();
      await page.getByRole('menuitem', { name: /Packets & <b>more/ }).click();
      await status(page, packets);
      expect(new URL(page.url()).searchParams.get('cols')).toBe('["agent.type"]');
      await page.getByRole('button', { name: 'Saved searches' }).click();
      await page.getByRole('button', { name: /^Delete Packets/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await expect.poll(async () => (await store.store.objects('saved_object', '*')).length).toBe(0);
    });
  });

  test('an export holds what the store holds', LONG, async () => {
    await withPage({ q: 'agent.type: winlogbeat' }, async (page) => {
      const wanted = documents.filter(({ agent }) => agent?.type === 'winlogbeat');
      await status(
        page,
        count(({ agent }) => agent?.type === 'winlogbeat'),
      );
      await page.getByRole('button', { name: 'More', exact: true }).click();
      const coming = page.waitForEvent('download');
      await page.getByRole('menuitem', { name: /NDJSON/ }).click();
      const lines = readFileSync((await (await coming).path())!, 'utf8')
        .trimEnd()
        .split('\n');
      expect(lines.map((line) => JSON.stringify(JSON.parse(line)._source)).toSorted()).toEqual(
        wanted.map((document) => JSON.stringify(document)).toSorted(),
      );
      await page.getByText('Export finished').waitFor();
      await page.getByText(`${wanted.length.toLocaleString('en-US')} events,`).waitFor();
    });
  });

  test('inspect shows the query that was sent', LONG, async () => {
    await withPage({ q: 'agent.type: winlogbeat' }, async (page) => {
      await status(page, /\d events/);
      await page.getByRole('button', { name: 'More', exact: true }).click();
      await page.getByRole('menuitem', { name: 'Inspect' }).click();
      const text = (await page.getByRole('dialog').locator('pre').textContent())!;
      expect(JSON.parse(text)).toMatchObject({ query: { bool: { filter: [{ range: {} }, {}] } } });
    });
  });

  test('says what to do when nothing is found, and when a search fails', LONG, async () => {
    await withPage({ q: 'agent.type: nobody' }, async (page) => {
      await page.getByText('No events match').waitFor();
      await page.getByRole('button', { name: 'Without query and filters' }).click();
      await status(
        page,
        count(() => true),
      );
    });
    await withPage({ from: 'whenever' }, async (page) => {
      await page.getByText('"whenever" is no time for the start of the range').first().waitFor();
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    });
  });

  test('hostile values in every field of every type of event do nothing', { timeout: 180_000 }, async () => {
    const time = new Date(FIRST_DAY - 10 * DAY).toISOString();
    const poison = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(poison)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, poison(inner)]))
          : typeof value === 'string'
            ? `${ATTACK}\u202egnp.exe\u0000"'\`\${1+1}{{1+1}}javascript:alert(1)`
            : value;
    const families = [
      ...new Map(
        documents.map((document) => [`${document.agent?.type} ${document.event?.module}`, document]),
      ).values(),
    ];
    await store.add(
      'evil',
      ...families.map((document) => ({
        ...(poison(document) as object),
        '@timestamp': time,
        [ATTACK]: { [ATTACK]: ATTACK },
      })),
      { '@timestamp': time, message: 'x'.repeat(100_000), 'tall\nname': 'a\n'.repeat(1000) },
    );
    const around = {
      from: new Date(FIRST_DAY - 11 * DAY).toISOString(),
      to: new Date(FIRST_DAY - 9 * DAY).toISOString(),
    };
    const safe = async (page: Page): Promise<void> => {
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      await expectNoSidewaysScroll(page);
    };
    await withPage(
      { ...around, sources: ['evil'], cols: ['message', 'agent.type', ATTACK] },
      async (page) => {
        await status(page, `${families.length + 1} events`);
        await safe(page);
        for (let n = 0; n <= families.length; n++) {
          await rows(page).nth(n).click();
          await page.getByRole('rowheader', { name: /@timestamp/ }).waitFor();
          await page.getByRole('tab', { name: 'JSON' }).click();
          await page.getByRole('tabpanel').locator('pre').waitFor();
          await page.getByRole('tab', { name: 'Fields' }).click();
        }
        await safe(page);
      },
    );
    await withPage({ ...around, sources: ['evil'] }, async (page) => {
      await status(page, `${families.length + 1} events`);
      await page.getByRole('searchbox', { name: 'Search fields', exact: true }).fill('img');
      await page.getByRole('list', { name: 'Fields' }).getByRole('button').first().click();
      await page
        .getByRole('button', { name: /^Only with/ })
        .first()
        .click();
      await status(page, /\d+ event/);
      await safe(page);
    });
    await withPage(
      {
        ...around,
        sources: ['evil'],
        q: ATTACK,
        filters: [{ field: ATTACK, operator: 'is', value: ATTACK }],
      },
      async (page) => {
        await page.getByRole('button', { name: /^Filter/ }).waitFor();
        await safe(page);
      },
    );
  });

  test.each([
    { width: 'wide', dark: false },
    { width: 'wide', dark: true },
    { width: 'narrow', dark: false },
    { width: 'narrow', dark: true },
  ] as const)('is accessible: $width, dark $dark', LONG, async (options) => {
    const filters = [
      { field: 'agent.type', operator: 'exists' },
      { field: 'host.name', operator: 'is_not', value: 'x', disabled: true },
    ];
    await withPage(
      { filters, q: 'event.action: *' },
      async (page) => {
        await rows(page).first().waitFor();
        await page.getByRole('group', { name: /Events per/ }).waitFor();
        await page.locator('.cm-content').waitFor();
        await expectAccessible(page);
        await expectNoSidewaysScroll(page);
        await rows(page).nth(2).click();
        await page.getByRole('rowheader', { name: /@timestamp/ }).waitFor();
        await expectAccessible(page);
        await page.getByRole('tab', { name: 'JSON' }).click();
        await expectAccessible(page);
        await page.getByRole('tab', { name: 'Surrounding' }).click();
        await page.getByRole('list', { name: 'Events before and after' }).waitFor();
        await expectAccessible(page);
        await expectNoSidewaysScroll(page);
      },
      options,
    );
    await withPage(
      { q: 'event.action: (' },
      async (page) => {
        await page.getByRole('alert').first().waitFor();
        await page.getByRole('button', { name: /^Time range/ }).click();
        await page.getByRole('tab', { name: 'Absolute' }).click();
        await page.getByLabel('From').waitFor();
        await expectAccessible(page);
      },
      options,
    );
  });
});
