// Makes the pictures of docs/images: starts the demo on free ports, and looks at every screen in a real Chromium.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { closeBrowser, openPage, type PageOptions } from '../test/browser/browser.ts';
import { PASSWORD } from '../test/support/console.ts';
import { startDemo } from '../test/support/demo.ts';
import { cleanUp, until } from '../test/support/millrace.ts';
import { smallPng } from './small-png.ts';

const folder = resolve(import.meta.dirname, '../docs/images');
const MAX_BYTES = 200_000;

interface Picture extends PageOptions {
  readonly name: string;
  readonly path: string;
  /** What must be there before the picture is taken. */
  readonly shows: string | RegExp;
  /** What a person would do first. */
  readonly prepare?: (page: Page) => Promise<void>;
}

const query = (parts: Readonly<Record<string, unknown>>): string =>
  Object.entries(parts)
    .map(
      ([key, value]) =>
        `${key}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`,
    )
    .join('&');

const pictures: readonly Picture[] = [
  {
    name: 'discover',
    path: `/discover?${query({ from: 'now-3h' })}`,
    shows: 'message',
  },
  {
    name: 'discover-attack',
    dark: true,
    path: `/discover?${query({
      q: 'source.ip: 203.0.113.66',
      from: 'now-3h',
      cols: ['host.name', 'user.name', 'event.outcome', 'message'],
    })}`,
    shows: 'failure',
    prepare: async (page) => {
      await page.getByText('failure').first().click();
    },
  },
  { name: 'pipelines', path: '/pipelines', shows: 'refuses connections' },
  {
    name: 'pipeline',
    dark: true,
    path: '/pipelines/demo-beats',
    shows: 'access-log',
    prepare: (page) => page.getByRole('button', { name: /zoom out/i }).click(),
  },
  {
    name: 'tap',
    path: `/pipelines/demo-syslog?${query({ node: 'firewall', tab: 'tap' })}`,
    shows: 'firewall',
    prepare: async (page) => {
      await page.getByRole('button', { name: /^Start/ }).click();
      await page.getByText('[src]').first().waitFor();
    },
  },
  { name: 'integrations', path: '/integrations', shows: 'Beats' },
  { name: 'new-integration', dark: true, path: '/integrations/new', shows: 'syslog' },
  {
    name: 'dead-letters',
    path: '/dead-letters',
    shows: 'Badly formatted index',
    prepare: async (page) => {
      await page.locator('tbody a, tbody button').first().click();
      await page.getByText('fast-parcel').first().waitFor();
    },
  },
  {
    name: 'editor',
    path: '/editor',
    shows: 'demo-syslog.conf',
    prepare: async (page) => {
      await page.getByText('demo-syslog.conf').first().click();
      const take = page.getByRole('button', { name: 'Take live events' });
      await take.click();
      await page.getByText(/^Listening/).waitFor();
      await take.waitFor({ timeout: 60_000 });
      await page.waitForTimeout(4000);
    },
  },
  { name: 'storage', path: '/storage', shows: 'demo-web' },
  { name: 'users', dark: true, path: '/settings/users', shows: 'lucia' },
  { name: 'phone', width: 'narrow', path: `/discover?${query({ from: 'now-1h' })}`, shows: 'message' },
];

/** The demo's folder is another one each time. */
async function hideFolder(page: Page, folder: string): Promise<void> {
  await page.evaluate((path) => {
    const { document, NodeFilter } = globalThis as any;
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(path, 'data');
  }, folder);
}

async function take(page: Page, name: string): Promise<void> {
  // Numbers that come in, and what is drawn with them.
  await page.waitForTimeout(1500);
  await page.mouse.move(0, 0);
  const small = smallPng(await page.screenshot());
  if (small.length > MAX_BYTES) throw new Error(`${name}: ${small.length} bytes are too many`);
  writeFileSync(join(folder, `${name}.png`), small);
  process.stdout.write(`${name}.png ${Math.round(small.length / 1000)} kB\n`);
}

async function main(only: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { url, code, data } = await startDemo(3);

  const first = await openPage();
  await first.page.goto(url);
  await first.page.getByLabel('Set-up code').fill(code);
  await first.page.getByLabel('Name').fill('kim');
  if (only.length === 0 || only.includes('set-up')) await take(first.page, 'set-up');
  const headers = { origin: url };
  const post = async (path: string, body: object, csrf = ''): Promise<{ csrf?: string }> => {
    const answer = await first.context.request.post(`${url}${path}`, {
      data: body,
      headers: { ...headers, 'x-millrace-csrf': csrf },
    });
    if (!answer.ok()) throw new Error(await answer.text());
    return (await answer.json()) as { csrf?: string };
  };
  const { csrf } = await post('/api/setup', { code, name: 'kim', password: PASSWORD });
  for (const [name, role, more] of [
    ['lucia', 'analyst', { indices: ['demo-*'] }],
    ['marek', 'operator', {}],
    ['auditor', 'viewer', { indices: ['demo-auth-*'], hiddenFields: ['user.email'] }],
  ] as const)
    await post('/api/users', { name, role, password: PASSWORD, ...more }, csrf);
  const filled = async (): Promise<boolean> => {
    const answer = await first.context.request.get(`${url}/api/demo`);
    return ((await answer.json()) as { filled: number }).filled === 1;
  };
  await until(filled, 'the past of the demo', 300);
  // What the past has brought has passed, and the rates are those of every day.
  await first.page.waitForTimeout(only.length > 0 ? 1000 : 70_000);
  const cookies = await first.context.cookies();

  for (const { name, path, shows, prepare, ...options } of pictures) {
    if (only.length > 0 && !only.includes(name)) continue;
    const { page, context } = await openPage(options);
    page.setDefaultTimeout(20_000);
    await context.addCookies(cookies);
    await page.goto(`${url}${path}`);
    await page.getByText(shows).first().waitFor();
    await prepare?.(page);
    await hideFolder(page, data);
    await take(page, name);
    await context.close();
  }
}

try {
  await main(process.argv.slice(2));
} finally {
  await closeBrowser();
  await cleanUp();
}
