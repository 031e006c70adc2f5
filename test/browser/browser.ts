/** A real Chromium for tests of the console, and what every test of a screen checks. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const chromiumPath = candidates.find((path) => existsSync(path));
/** The console's pages are built: `npx vite build -c ui/vite.config.ts`. */
export const pagesAreBuilt = existsSync(resolve(import.meta.dirname, '../../dist/ui/index.html'));

/** Both widths that every screen is looked at with. */
export const widths = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } } as const;

let browser: Promise<Browser> | undefined;

export function openBrowser(): Promise<Browser> {
  browser ??= chromium.launch({
    executablePath: chromiumPath!,
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return browser;
}

/** What pages of this file's tests logged as errors or did not catch, with where that was. */
const logged: string[] = [];

/** @throws when any page had an error */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
  expect(logged.splice(0), 'errors of pages').toEqual([]);
}

export interface PageOptions {
  readonly dark?: boolean;
  readonly width?: keyof typeof widths;
}

/** A page of a browser that remembers nothing. What it logs as an error fails the file's tests at `closeBrowser`. */
export async function openPage(
  options: PageOptions = {},
): Promise<{ page: Page; context: BrowserContext; errors: string[] }> {
  const context = await (await openBrowser()).newContext({
    viewport: widths[options.width ?? 'wide'],
    colorScheme: options.dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    acceptDownloads: true,
  });
  const errors: string[] = [];
  const note = (error: string): void => {
    errors.push(error);
    logged.push(error);
  };
  // Of all pages and tabs of the context.
  context.on('weberror', (failure) => {
    const error = failure.error();
    note(`${failure.page()?.url()}: ${error.stack ?? String(error)}`);
  });
  context.on('console', (message) => {
    // Answers with an error status are logged by the browser itself: tests of errors expect them.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) note(message.text());
  });
  return { page: await context.newPage(), context, errors };
}

/** No serious fault of accessibility on what is shown, once menus and dialogues that come or go have done so. */
export async function expectAccessible(page: Page): Promise<void> {
  // Evaluated by the browser's debugger, which the page's content security policy does not bind.
  await page.evaluate(axe.source);
  const faults = (): Promise<string[]> =>
    page.evaluate(async () => {
      const { axe, document } = globalThis as any;
      const { violations } = await axe.run(document, { resultTypes: ['violations'] });
      return violations
        .filter(({ impact }: { impact: string }) => impact === 'serious' || impact === 'critical')
        .map(
          ({ id, help, nodes }: any) =>
            `${id}: ${help}: ${nodes
              .slice(0, 3)
              .map((node: any) => node.html.slice(0, 200))
              .join(' | ')}`,
        );
    });
  await expect.poll(faults, { timeout: 20_000, interval: 300 }).toEqual([]);
}

/** Nothing makes the whole page scroll sideways. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [content, window] = await page.evaluate(() => {
    const { document, innerWidth } = globalThis as any;
    return [document.documentElement.scrollWidth as number, innerWidth as number];
  });
  expect(content).toBeLessThanOrEqual(window!);
}
