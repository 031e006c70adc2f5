/** Edit safely, in a real browser, against the real program: from an edit to a roll-back, with roles and secrets. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startConsoleOf, type TestConsole } from '../support/console.ts';
import { freePort, until } from '../support/millrace.ts';
import {
  chromiumPath,
  closeBrowser,
  expectAccessible,
  expectNoSidewaysScroll,
  openPage,
  type PageOptions,
} from './browser.ts';

const isBuilt = existsSync(resolve(import.meta.dirname, '../../dist/ui/index.html'));
/** Where to put pictures of the screens, for people who look at them. */
const pictures = process.env['MILLRACE_PICTURES'];
const SECRET = 'hunter2hunter2';

describe.skipIf(!chromiumPath || !isBuilt)('the editor in a browser', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-editor-'));
  const settings = join(folder, 'settings');
  const main = join(settings, 'conf.d', 'web.conf');
  let started: TestConsole;
  let admin: Client;
  let analyst: Client;
  let viewer: Client;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    mkdirSync(join(settings, 'conf.d'), { recursive: true });
    writeFileSync(
      main,
      `input {
  http { id => "in" host => "127.0.0.1" port => ${port} }
}

# Logins of the web shop.
filter {
  grok {
    match => { "message" => "%{WORD:action} %{USERNAME:user} from %{IP:ip}" }
  }
  mutate { add_field => { "env" => "test" } }
}

output {
  file { id => "archive" path => "${folder}/out.txt" codec => json_lines }
}
`,
    );
    writeFileSync(
      join(settings, 'siem.conf'),
      `input { heartbeat { interval => 3600 } }
output {
  http { id => "siem" url => "http://127.0.0.1:9/" http_method => post user => "u" password => "${SECRET}" }
}
`,
    );
    writeFileSync(
      join(settings, 'pipelines.yml'),
      `- pipeline.id: web\n  path.config: ${settings}/conf.d/*.conf\n- pipeline.id: siem\n  path.config: ${settings}/siem.conf\n`,
    );
    started = await startConsoleOf('--path.settings', settings, '--store.enabled=false');
    admin = await started.setUp();
    analyst = await started.user(admin, 'ada', 'analyst');
    viewer = await started.user(admin, 'vera', 'viewer');
    await started.millrace.ready();
  }, 60_000);
  afterAll(async () => {
    await closeBrowser();
    await started?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const signIn = (context: BrowserContext, { cookies }: Client): Promise<void> =>
    context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: started.url })));

  async function shown(
    path: string,
    who: Client,
    options: PageOptions,
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const { page, context, errors } = await openPage(options);
    page.setDefaultTimeout(15_000);
    await signIn(context, who);
    await page.goto(started.url + path);
    await look(page);
    await context.close();
    expect(errors).toEqual([]);
  }

  const picture = async (page: Page, name: string): Promise<void> => {
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `editor-${name}.png`) });
  };
  const code = (page: Page) => page.locator('.cm-content');
  /** Puts the cursor behind a text and types. */
  async function typeBehind(page: Page, text: string, typed: string): Promise<void> {
    const line = page.locator('.cm-line', { hasText: text }).first();
    await line.click();
    await page.keyboard.press('End');
    await page.keyboard.type(typed);
  }
  const send = (body: string) =>
    fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });
  const received = (): string =>
    existsSync(join(folder, 'out.txt')) ? readFileSync(join(folder, 'out.txt'), 'utf8') : '';

  test('edit, error, fix, preview, apply, the live pipeline changes, roll back', () =>
    shown('/editor?path=web.conf', admin, {}, async (page) => {
      await code(page).getByText('Logins of the web shop').waitFor();
      await page.getByRole('tab', { name: 'Preview' }).waitFor();
      await expectAccessible(page);
      await picture(page, 'start');

      // A plugin that does not exist: said in the line, with a hint.
      await typeBehind(page, '"env" => "test"', '\nmutat { }');
      await page.getByRole('tab', { name: /^Problems \(\d+\)/ }).click();
      const problem = page.getByRole('button', {
        name: /there is no filter `mutat`.*did you mean `mutate`/s,
      });
      await problem.waitFor();
      await page.locator('.config-mark-error', { hasText: 'mutat' }).waitFor();
      await picture(page, 'problem');
      await page.getByRole('button', { name: 'Apply…' }).click();
      await page.getByRole('button', { name: 'Apply and reload' }).click();
      await page
        .getByRole('alert')
        .getByText(/web.conf:11: there is no filter/)
        .waitFor();
      await picture(page, 'refused');
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(readFileSync(main, 'utf8')).not.toContain('mutat {');

      // Completion from the declarations mends it.
      await problem.click();
      await page.keyboard.press('Control+Shift+ArrowRight');
      await page.keyboard.type('muta');
      await page.getByRole('option', { name: /^mutate/ }).waitFor();
      await picture(page, 'completion');
      await page.keyboard.press('Escape');
      await page.keyboard.type('te');
      await page.keyboard.press('Escape');
      await page.locator('.cm-line', { hasText: 'mutate { }' }).waitFor();
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.type('rename => { "user" => "[user][name]"');
      // The one that is left: a password in plain text, in another file.
      await page.getByRole('tab', { name: 'Problems (1)' }).waitFor();

      // What it does to a record.
      await page.getByRole('tab', { name: 'Preview' }).click();
      await page.getByRole('textbox', { name: 'Sample' }).fill('login ada from 192.0.2.7');
      const event = page.getByRole('region', { name: 'Event 1' });
      await event.getByText('[user][name]').first().waitFor();
      expect(await event.innerText()).toMatch(/grok, line 7/);
      expect(await event.innerText()).toMatch(/mutate, line 11/);
      await picture(page, 'preview');
      await expectAccessible(page);
      expect(received()).toBe('');

      // One click applies, after a look at the difference.
      await page.getByRole('button', { name: 'Apply…' }).click();
      await page.getByLabel('Comment').fill('user names where ECS has them');
      await page.getByRole('region', { name: 'What changes' }).getByText('rename').waitFor();
      await picture(page, 'apply');
      await expectAccessible(page);
      await page.getByRole('button', { name: 'Apply and reload' }).click();
      await page.getByText('Applied as version 2').waitFor();
      await page.getByText('Pipeline web runs with the change').waitFor();
      await picture(page, 'applied');
      await page.getByRole('button', { name: 'Done' }).click();
      await send('login bob from 192.0.2.8');
      await until(() => received().includes('"user":{"name":"bob"}'), 'the live pipeline has changed');

      // And back.
      await page.getByRole('tab', { name: 'Versions' }).click();
      await page
        .getByRole('button', { name: /^Version 2/ })
        .getByText('in the file')
        .waitFor();
      await page.getByRole('button', { name: /^Version 1/ }).click();
      await page.getByRole('region', { name: 'Difference from version 1' }).getByText('rename').waitFor();
      await page.getByText('Side by side').click();
      await page.waitForURL(/diff=split/);
      await picture(page, 'versions');
      await expectAccessible(page);
      await page.getByRole('button', { name: 'Roll back to this…' }).click();
      await page.getByRole('button', { name: 'Roll back', exact: true }).click();
      await page.getByText('Applied as version 3').waitFor();
      await page.getByRole('button', { name: 'Done' }).click();
      await send('login eve from 192.0.2.9');
      await until(() => received().includes('"user":"eve"'), 'the live pipeline is as before');
      await code(page).getByText('rename').waitFor({ state: 'detached' });
    }));
});
