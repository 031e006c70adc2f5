/** The newcomer's way through sources and destinations, in a real browser with real traffic. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeJson, encodeWindow, V2 } from '../../src/lib/lumberjack/lumberjack.ts';
import { type Client, PASSWORD, startTestConsole, type TestConsole } from '../support/console.ts';
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

describe.skipIf(!chromiumPath || !pagesAreBuilt)(
  'sources and destinations in a browser',
  { timeout: 150_000 },
  () => {
    let started: TestConsole;
    let admin: Client;
    let page: Page;
    let errors: string[];
    let receiver: Server;
    const received: { readonly headers: Record<string, unknown>; readonly body: any }[] = [];
    let receiverUrl: string;
    let port: number;

    const signIn = async (on: Page, name: string): Promise<void> => {
      await on.getByLabel('Name').fill(name);
      await on.getByLabel(/^Password/).fill(PASSWORD);
      await on.getByRole('button', { name: 'Sign in' }).click();
    };
    const picture = async (name: string): Promise<void> => {
      if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) });
    };
    /** Looks when menus have gone and nothing changes its colour any more. */
    const expectCalmAndAccessible = async (): Promise<void> => {
      await page.locator('[role=menu]').waitFor({ state: 'detached' });
      await page.waitForFunction(() => {
        const all: any[] = (globalThis as any).document.getAnimations();
        return all.every(
          ({ playState, effect }) => playState !== 'running' || effect.getTiming().iterations === Infinity,
        );
      });
      await expectAccessible(page);
    };
    const send = (text: string): Promise<void> =>
      new Promise((done, fail) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('error', fail);
        socket.once('close', () => done());
        socket.resume();
        socket.end(`${text}\n`);
      });

    beforeAll(async () => {
      started = await startTestConsole();
      admin = await started.setUp();
      port = await freePort();
      receiver = createServer((request, response) => {
        let text = '';
        request.on('data', (chunk: Buffer) => (text += chunk.toString()));
        request.on('end', () => {
          received.push({ headers: request.headers, body: JSON.parse(text || 'null') });
          response.end('ok');
        });
      });
      await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
      receiverUrl = `http://127.0.0.1:${(receiver.address() as { port: number }).port}/in`;
      ({ page, errors } = await openPage());
      page.setDefaultTimeout(30_000);
      await page.goto(`${started.url}/integrations`);
      await signIn(page, 'admin');
      await page.getByRole('heading', { name: 'Sources and destinations' }).waitFor();
    }, 90_000);
    afterAll(async () => {
      receiver?.close();
      await closeBrowser();
      await started?.close();
    });

    test('a syslog source: form, snippet, and the first event when it comes', async () => {
      await page.getByRole('link', { name: 'Add a source' }).click();
      await expectCalmAndAccessible();
      await page.getByRole('link', { name: /^Receive syslog/ }).click();
      await page.getByLabel('Name').fill('Office firewall');
      await page.getByRole('textbox', { name: 'Port' }).fill('70000');
      await page.getByText('A number from 1 to 65535').waitFor();
      await page.getByRole('textbox', { name: 'Port' }).fill(String(port));
      await page.getByLabel('the config').getByText(`port => ${port}`).waitFor();
      await expectCalmAndAccessible();
      await picture('integration-form');
      await page.getByRole('button', { name: 'Start receiving' }).click();
      await page.getByRole('heading', { name: 'Waiting for the first event…' }).waitFor();
      expect(await page.getByRole('region', { name: 'rsyslog' }).textContent()).toContain(`port="${port}"`);
      await expectCalmAndAccessible();
      await picture('integration-waiting');
      await send('<13>Oct 11 22:14:15 gate kernel: <b>blocked</b> 192.0.2.7');
      await page.getByRole('heading', { name: 'The first event has come' }).waitFor();
      await page.getByText('<b>blocked</b> 192.0.2.7').waitFor();
      await picture('integration-first-event');
    });

    test('it tests itself through its own socket', async () => {
      await page.getByRole('button', { name: 'Test Office firewall' }).click();
      await page.getByText('It was sent by TCP and has come through.').waitFor();
      await page.getByRole('button', { name: 'Close' }).click();
    });

    test('a port that is taken is told at once, and another one proposed', async () => {
      await page.goto(`${started.url}/integrations/new/webhook`);
      await page.getByRole('textbox', { name: 'Port' }).fill(String(port));
      await page.getByText(`Port ${port} belongs to "Office firewall" already`).waitFor();
      await page.getByRole('button', { name: /^Use port \d+$/ }).click();
      await page.getByText(/belongs to "Office firewall"/).waitFor({ state: 'hidden' });
    });

    test('a webhook destination: test before it is saved, then events of the source', async () => {
      await page.goto(`${started.url}/integrations/new?kind=destination`);
      await page.getByRole('link', { name: /^Send to a webhook/ }).click();
      await page.getByLabel('Name', { exact: false }).first().fill('SIEM');
      await page.getByLabel('Webhook URL').fill(receiverUrl);
      await page.getByRole('button', { name: 'More options' }).click();
      await page.getByRole('button', { name: 'Add header' }).click();
      await page.getByLabel('Name of header 1').fill('Authorization');
      await page.getByLabel('Value of header Authorization').fill('Bearer s3cret');
      expect(await page.getByLabel('Office firewall').isChecked()).toBe(true);
      await expectCalmAndAccessible();
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      await page.getByText('It was accepted.').waitFor();
      expect(received).toHaveLength(1);
      expect(received[0]).toMatchObject({
        headers: { authorization: 'Bearer s3cret' },
        body: { message: expect.stringMatching(/^\[Test message\]/) },
      });
      await expectCalmAndAccessible();
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Start sending' }).click();
      await page.getByRole('heading', { name: 'SIEM', exact: true }).waitFor();
      await send('<13>Oct 11 22:14:15 gate kernel: for the SIEM');
      await until(
        () => received.some(({ body }) => body.message === 'for the SIEM'),
        'the event is sent on',
        30,
      );
      // The secret went to the keystore, and does not come back.
      await page.getByRole('button', { name: 'More options' }).click();
      expect(await page.getByLabel('Value of header Authorization').inputValue()).toBe('');
      expect(await page.content()).not.toContain('s3cret');
      await picture('integration-destination');
    });

    test('disabled, enabled and deleted, with the consequences told', async () => {
      await page.getByRole('link', { name: 'Sources and destinations' }).first().click();
      await page.getByRole('link', { name: 'SIEM', exact: true }).waitFor();
      await picture('integrations');
      await page.getByRole('button', { name: 'More for SIEM' }).click();
      await page.getByRole('menuitem', { name: 'Disable…' }).click();
      await page.getByText(/Its sources go on/).waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
      await page.getByText('SIEM is disabled.').waitFor();
      await page.getByRole('tab', { name: 'Disabled 1' }).click();
      expect(page.url()).toContain('show=disabled');
      await page.getByRole('button', { name: 'Enable SIEM' }).click();
      await page.getByText('SIEM is enabled.').waitFor();
      await page.getByRole('tab', { name: /^Enabled/ }).click();
      await page.getByRole('button', { name: 'More for SIEM' }).click();
      await page.getByRole('menuitem', { name: 'Delete…' }).click();
      const sure = page.getByRole('dialog').getByRole('button', { name: 'Delete' });
      expect(await sure.isDisabled()).toBe(true);
      await page.getByLabel('Type SIEM to confirm').fill('SIEM');
      await expectCalmAndAccessible();
      await sure.click();
      await page.getByText('SIEM is deleted.').waitFor();
      await page.getByRole('link', { name: 'SIEM', exact: true }).waitFor({ state: 'detached' });
      await page.getByLabel('Search sources and destinations').fill('nothing like this');
      await page.getByText('None matches “nothing like this”.').first().waitFor();
    });

    test('Beats over TLS: the CA is downloaded, and a sender that trusts it is seen', async () => {
      await page.goto(`${started.url}/integrations/new/beats`);
      const beats = await freePort();
      await page.getByRole('textbox', { name: 'Port' }).fill(String(beats));
      await page.getByLabel('the config').getByText(`port => ${beats}`).waitFor();
      await page.getByRole('button', { name: 'Start receiving' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Download the CA certificate' }).click(),
      ]);
      const ca = readFileSync((await download.path())!, 'utf8');
      expect(download.suggestedFilename()).toBe('millrace-ca.crt');
      await page.getByRole('heading', { name: 'Waiting for the first event…' }).waitFor();
      const socket = tlsConnect({ host: '127.0.0.1', port: beats, ca });
      await new Promise<void>((done, fail) => socket.once('secureConnect', done).once('error', fail));
      socket.write(
        Buffer.concat([
          encodeWindow(V2, 1),
          encodeJson([JSON.stringify({ message: 'from a Beat', host: { name: 'web-1' } })]),
        ]),
      );
      await page.getByRole('heading', { name: 'The first event has come' }).waitFor();
      await page.getByText('from a Beat').waitFor();
      socket.destroy();
      await expectCalmAndAccessible();
      await picture('integration-beats');
    });

    test('a source that asks senders for certificates: one is issued, and only who has it is heard', async () => {
      await page.goto(`${started.url}/integrations/new/lines`);
      const guarded = await freePort();
      await page.getByRole('textbox', { name: 'Name' }).fill('Guarded lines');
      await page.getByRole('textbox', { name: 'Port' }).fill(String(guarded));
      // Without TLS nobody can show a certificate: it is not asked about.
      expect(await page.getByRole('radiogroup', { name: 'Who may connect?' }).count()).toBe(0);
      await page.getByRole('radio', { name: 'On, with a certificate that Millrace makes' }).check();
      await page.getByRole('radio', { name: /certificate of a CA of my own/ }).check();
      await page.getByRole('textbox', { name: 'CA certificate of the senders' }).waitFor();
      await page.getByRole('radio', { name: /certificate that Millrace issues/ }).check();
      await page.getByLabel('the config').getByText('ssl_client_authentication => "required"').waitFor();
      await expectCalmAndAccessible();
      await picture('integration-clients-form');
      await page.getByRole('button', { name: 'Start receiving' }).click();
      await page.getByRole('textbox', { name: 'Name of the sender' }).fill('../etc');
      await page.getByText('Letters, digits, dots, - and _ only').waitFor();
      await page.getByRole('textbox', { name: 'Name of the sender' }).fill('web-1.example');
      await page.keyboard.press('Enter');
      await page.getByText(/^Issued for web-1.example, until/).waitFor();
      await expectCalmAndAccessible();
      await picture('integration-clients');
      const saved = async (name: string): Promise<string> => {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', { name, exact: true }).click(),
        ]);
        return readFileSync((await download.path())!, 'utf8');
      };
      const identity = { cert: await saved('Certificate'), key: await saved('Key') };
      const ca = readFileSync(join(started.dataPath, 'certs', 'ca.crt'));
      const say = (text: string, more: object): Promise<boolean> =>
        new Promise((done) => {
          const socket = tlsConnect({ host: '127.0.0.1', port: guarded, ca, ...more });
          let failed = false;
          socket.once('error', () => (failed = true));
          socket.once('close', () => done(!failed));
          socket.resume();
          socket.end(`${text}\n`);
        });
      expect(await say('without', {})).toBe(false);
      expect(await say('with a certificate', identity)).toBe(true);
      await page.getByRole('heading', { name: 'The first event has come' }).waitFor();
      await page.getByText('with a certificate').first().waitFor();
      // The page does not bring the key a second time.
      await page.reload();
      await page.getByRole('button', { name: 'Issue a certificate' }).waitFor();
      expect(await page.getByRole('button', { name: 'Key', exact: true }).count()).toBe(0);
    });

    test('it is still there after a restart of the page, and a viewer only looks', async () => {
      await started.user(admin, 'vera', 'viewer');
      const other = await openPage();
      await other.page.goto(`${started.url}/integrations`);
      await signIn(other.page, 'vera');
      await other.page.getByRole('link', { name: 'Office firewall', exact: true }).click();
      await other.page.getByRole('heading', { name: 'Office firewall', level: 1 }).waitFor();
      await other.page.getByText(/^Receiving|^Quiet since/).waitFor();
      expect(await other.page.getByRole('button', { name: /^Test|^More for/ }).count()).toBe(0);
      expect(await other.page.getByRole('tab', { name: 'Config' }).count()).toBe(0);
      expect(other.errors).toEqual([]);
      await other.context.close();
    });

    const looks: PageOptions[] = [
      { width: 'wide', dark: true },
      { width: 'narrow', dark: false },
    ];
    test.for(looks)('every screen is accessible and fits: %o', async (look) => {
      const { page: shown, context, errors: logged } = await openPage(look);
      shown.setDefaultTimeout(30_000);
      await shown.goto(`${started.url}/integrations`);
      await signIn(shown, 'admin');
      await shown.getByRole('link', { name: 'Office firewall', exact: true }).waitFor();
      for (const [path, heading] of [
        ['/integrations', 'Sources and destinations'],
        ['/integrations/new', 'Add a source or destination'],
        ['/integrations/new/wallarm', 'Receive Wallarm notifications'],
        ['/integrations/new/elasticsearch', 'Send to Elasticsearch or OpenSearch'],
        ['/integrations/office-firewall', 'Office firewall'],
        ['/integrations/office-firewall?tab=settings', 'Office firewall'],
        ['/integrations/beats?tab=config', 'Beats'],
      ] as const) {
        await shown.goto(started.url + path);
        await shown.getByRole('heading', { name: heading, level: 1 }).waitFor();
        await expectAccessible(shown);
        await expectNoSidewaysScroll(shown);
        if (pictures !== undefined)
          await shown.screenshot({
            path: join(
              pictures,
              `${path.replace(/\W+/g, '-')}-${look.width}-${look.dark ? 'dark' : 'light'}.png`,
            ),
            fullPage: true,
          });
      }
      expect(logged).toEqual([]);
      await context.close();
    });

    test('nothing was logged as an error in the browser', () => {
      expect(errors).toEqual([]);
    });
  },
);
