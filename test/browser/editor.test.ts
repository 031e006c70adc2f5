/** Edit safely, in a real browser, against the real program: from an edit to a roll-back, with roles and secrets. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
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
  pagesAreBuilt,
} from './browser.ts';

/** Where to put pictures of the screens, for people who look at them. */
const pictures = process.env['MILLRACE_PICTURES'];
const SECRET = 'hunter2hunter2';

describe.skipIf(!chromiumPath || !pagesAreBuilt)('the editor in a browser', { timeout: 150_000 }, () => {
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
  }, 120_000);
  afterAll(async () => {
    await closeBrowser();
    await started?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function shown(
    path: string,
    who: Client,
    options: PageOptions,
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const { page, context, errors } = await openPage(options);
    page.setDefaultTimeout(40_000);
    await context.addCookies(who.browserCookies());
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
      await page.locator('.cm-focused').waitFor();
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
      await until(() => received().includes('"user":{"name":"bob"}'), 'the live pipeline has changed', 30);

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
      await until(() => received().includes('"user":"eve"'), 'the live pipeline is as before', 30);
      await code(page).getByText('rename').waitFor({ state: 'detached' });
    }));

  const looks: PageOptions[] = [
    { width: 'wide', dark: true },
    { width: 'narrow', dark: false },
    { width: 'narrow', dark: true },
  ];

  test.for(looks)('it is shown on every screen: %o', (look) =>
    shown('/editor?path=web.conf', admin, look, async (page) => {
      const name = `${look.width}-${look.dark ? 'dark' : 'light'}`;
      await code(page).getByText('Logins of the web shop').waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await picture(page, name);
      const narrow = look.width === 'narrow';
      const show = (what: string): Promise<void> =>
        narrow
          ? page.getByRole('radiogroup', { name: 'What is shown' }).getByText(what).click()
          : Promise.resolve();
      await show('Preview');
      await page.getByRole('textbox', { name: 'Sample' }).fill('login ada from 192.0.2.7');
      await page.getByRole('region', { name: 'Event 1' }).getByText('grok, line 7').waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await picture(page, `${name}-preview`);
      await page.getByRole('tab', { name: 'Form' }).click();
      await page.getByRole('combobox', { name: 'Plugin' }).click();
      await page.getByRole('option', { name: /filter grok/ }).click();
      await show('Form');
      await page.getByRole('textbox', { name: 'match, name 1' }).waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await picture(page, `${name}-form`);
      await page.getByRole('tab', { name: 'Versions' }).click();
      await page
        .getByText(/There are no versions yet|^Version 1$/)
        .first()
        .waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await picture(page, `${name}-versions`);
    }),
  );

  test('a form writes into the text, and leaves everything else as it is', () =>
    shown('/editor?path=web.conf&pane=form', admin, {}, async (page) => {
      await code(page).getByText('Logins of the web shop').waitFor();
      await page.getByRole('combobox', { name: 'Plugin' }).click();
      await page.getByRole('option', { name: /filter mutate/ }).click();
      await picture(page, 'form');
      const form = page.getByRole('region', { name: 'filter mutate' });
      await form.getByRole('textbox', { name: 'add_field, value 1' }).fill('production');
      await code(page).getByText('"production"').waitFor();
      await form.getByRole('button', { name: /Further options/ }).click();
      await form.getByRole('combobox', { name: /^lowercase/ }).fill('action');
      await page.keyboard.press('Enter');
      await code(page).getByText('lowercase').waitFor();

      const text = await code(page).innerText();
      expect(text).toContain('# Logins of the web shop.');
      expect(text).toContain('lowercase => ["action"]');
      await expectAccessible(page);
      // Leaving asks first.
      const asked = new Promise<string>((done) =>
        page.once('dialog', (dialog) => {
          done(dialog.message());
          void dialog.dismiss();
        }),
      );
      await page.getByRole('link', { name: 'Pipelines', exact: true }).click();
      expect(await asked).toMatch(/not applied/);
      expect(page.url()).toContain('/editor');
      await page.getByRole('button', { name: 'Discard' }).click();
      await code(page).getByText('lowercase').waitFor({ state: 'detached' });
    }));

  test('a sample becomes a test; tests run on the edit', () =>
    shown('/editor?path=web.conf', admin, {}, async (page) => {
      await code(page).getByText('Logins of the web shop').waitFor();
      await page.getByRole('textbox', { name: 'Sample' }).fill('login ada from 192.0.2.7');
      await page.getByRole('region', { name: 'Event 1' }).waitFor();
      await page.getByRole('textbox', { name: 'Save as a test' }).fill('a login of the shop');
      await page.getByRole('button', { name: 'Save test' }).click();
      await page.getByRole('button', { name: 'Run tests' }).click();
      await page.getByText(/1 passed, 0 failed/).waitFor();
      await page.locator('.cm-line', { hasText: '"env" => "test"' }).click();
      await page.keyboard.press('End');
      await page.keyboard.type('\nmutate { uppercase => ["action"] }');
      await page.getByText('not applied').first().waitFor();
      await page.getByRole('button', { name: 'Run tests' }).click();
      await page.getByText(/0 passed, 1 failed/).waitFor();
      await picture(page, 'tests');
      await page.getByText('"LOGIN"').first().waitFor();
      await expectAccessible(page);
      await page.getByRole('button', { name: 'Discard' }).click();
    }));

  test('live events of the running pipeline go through the edit', () =>
    shown('/editor?path=web.conf', admin, {}, async (page) => {
      await code(page).getByText('Logins of the web shop').waitFor();
      await typeBehind(page, '"env" => "test"', '\nmutate { uppercase => ["action"] }');
      await page.getByRole('button', { name: 'Take live events' }).click();
      await page.getByRole('button', { name: /^Listening…/ }).waitFor();
      const event = page.getByRole('region', { name: 'Event 1', exact: true });
      // The tap opens a moment after the click: it gets its events when it is there.
      await until(
        async () => {
          await send('login tess from 192.0.2.10');
          return event.isVisible();
        },
        'a live event is shown',
        30,
      );
      expect(await page.getByRole('radio', { name: 'Events (JSON)' }).isChecked()).toBe(true);
      expect(await page.getByRole('textbox', { name: 'Sample' }).inputValue()).toContain(
        'login tess from 192.0.2.10',
      );
      await event.getByText('"LOGIN"').first().waitFor();
      expect(await event.innerText()).toMatch(/mutate, line 11/);
      await picture(page, 'live');
      await expectAccessible(page);
      // What is running is as it was.
      await until(() => received().includes('"user":"tess"'), 'the events went their way', 30);
      expect(received()).not.toContain('"action":"LOGIN"');
      await page.getByRole('button', { name: 'Discard' }).click();
    }));

  test('a tap that sees nothing says so, and listening can be ended; who may not tap has no button', async () => {
    await shown('/editor?path=siem.conf', admin, {}, async (page) => {
      await code(page).getByText('heartbeat').waitFor();
      const take = page.getByRole('button', { name: 'Take live events' });
      await take.click();
      await page.getByRole('button', { name: /^Listening…/ }).click();
      await take.click();
      await page.getByText(/No event passed siem within/).waitFor();
      await take.waitFor();
    });
    await shown('/editor?path=web.conf', analyst, {}, async (page) => {
      await page.getByRole('textbox', { name: 'Sample' }).waitFor();
      expect(await page.getByRole('button', { name: 'Take live events' }).count()).toBe(0);
    });
  });

  test('samples are saved, taken by keyboard alone, and deleted', () =>
    shown('/editor?path=web.conf', admin, {}, async (page) => {
      await code(page).getByText('Logins of the web shop').waitFor();
      const box = page.getByRole('textbox', { name: 'Sample' });
      await box.fill('login mia from 192.0.2.11');
      const saved = page.getByRole('button', { name: 'Saved', exact: true });
      await saved.click();
      await page.getByText('No samples are saved yet.').waitFor();
      await page.getByRole('textbox', { name: 'Name of the sample' }).fill('a login of mia');
      await page.keyboard.press('Enter');
      const list = page.getByRole('list', { name: 'Saved samples' });
      await list.getByText('a login of mia').waitFor();
      await picture(page, 'samples');
      await expectAccessible(page);
      await page.keyboard.press('Escape');
      await list.waitFor({ state: 'detached' });

      // Another day.
      await page.reload();
      await box.waitFor();
      await saved.press('Enter');
      await list.getByRole('button', { name: /^a login of mia/ }).press('Enter');
      await expect.poll(() => box.inputValue()).toBe('login mia from 192.0.2.11');
      await page.getByRole('region', { name: 'Event 1' }).getByText('"mia"').first().waitFor();

      await saved.press('Enter');
      await list.getByRole('button', { name: 'Delete sample a login of mia' }).press('Enter');
      await page.getByText('No samples are saved yet.').waitFor();
    }));

  test('custom files: a wrong indent has its exact line; a list is taken; keys are never shown', () =>
    shown('/editor?dialog=custom', admin, {}, async (page) => {
      await page.getByRole('tab', { name: 'List in YAML' }).click();
      const box = page.getByRole('textbox', { name: /A list of files/ });
      const list = (indent: string): string =>
        `- file_name: client.key\n  file_text: |\n    -----BEGIN PRIVATE KEY-----\n${indent}MIIB\n    -----END PRIVATE KEY-----\n- file_name: hosts.yml\n  file_text: |\n    192.0.2.1: web1\n`;
      await box.fill(list('   '));
      await page.getByText(/^Line 4: this line is indented by 3 spaces/).waitFor();
      await picture(page, 'wrong-indent');
      await expectAccessible(page);
      expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true);
      await box.fill(list('    '));
      await page.getByRole('button', { name: 'Save 2 files' }).click();
      await page.getByText('What client.key holds is never shown').waitFor();
      await picture(page, 'key');
      await page.getByRole('navigation', { name: 'Files' }).getByText('hosts.yml').click();
      await code(page).getByText('web1').waitFor();
      await page.getByText('No config names this file').waitFor();
    }));

  test('secrets are set and removed, and never shown', () =>
    shown('/editor?dialog=secrets', admin, {}, async (page) => {
      const dialog = page.getByRole('dialog', { name: 'Secrets' });
      await dialog.getByLabel('Name').fill('SIEM_PASSWORD');
      await dialog.getByRole('textbox', { name: 'Value' }).fill(SECRET);
      await dialog.getByRole('button', { name: 'Set' }).click();
      await dialog.getByRole('cell', { name: 'SIEM_PASSWORD', exact: true }).waitFor();
      await picture(page, 'secrets');
      await expectAccessible(page);
      expect(await page.content()).not.toContain(SECRET);
      await dialog.getByRole('button', { name: 'Reload now' }).click();
      await page.getByText('Reloaded', { exact: true }).waitFor();
      await dialog.getByRole('button', { name: 'Remove SIEM_PASSWORD' }).click();
      await dialog.getByRole('button', { name: 'Remove it' }).click();
      await dialog.getByText('There are no secrets yet').waitFor();
    }));

  test('an analyst tries out and sees no secrets; a viewer only looks', async () => {
    await shown('/editor?path=siem.conf', analyst, {}, async (page) => {
      await code(page).getByText('heartbeat').waitFor();
      expect(await page.content()).not.toContain(SECRET);
      await page.getByText(/applying needs the role operator/).waitFor();
      await page.getByRole('textbox', { name: 'Sample' }).fill('x');
      await page.getByRole('region', { name: 'Event 1' }).waitFor();
      expect(await page.getByRole('button', { name: 'Apply…' }).count()).toBe(0);
      await picture(page, 'analyst');
    });
    await shown('/editor?path=siem.conf', viewer, {}, async (page) => {
      await code(page).getByText('heartbeat').waitFor();
      expect(await page.getByRole('tab').allInnerTexts()).toEqual(['Form', 'Versions']);
      expect(await page.content()).not.toContain(SECRET);
      await code(page).click();
      await page.keyboard.type('x');
      expect(await page.getByText('not applied').count()).toBe(0);
      await expectAccessible(page);
    });
  });

  test('a node of the graph leads to its line', () =>
    shown('/pipelines/web?node=archive&tab=config', admin, {}, async (page) => {
      await page.getByRole('link', { name: 'Open in the editor' }).click();
      await page.waitForURL(/\/editor\?.*line=14/);
      await page.locator('.cm-activeLine', { hasText: 'archive' }).waitFor();
    }));
});
