/** From the wizard to the audit log, in a real browser: access to the console as people meet it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stepOf, totpCode } from '../../src/server/access/totp.ts';
import { Users } from '../../src/server/users.ts';
import { PASSWORD, startTestConsole, type TestConsole } from '../support/console.ts';
import { until } from '../support/millrace.ts';
import {
  chromiumPath,
  closeBrowser,
  expectAccessible,
  expectNoSidewaysScroll,
  openPage,
  pagesAreBuilt,
} from './browser.ts';

/** Where to put pictures of the screens, for people who look at them. */
const pictures = process.env['MILLRACE_PICTURES'];

describe.skipIf(!chromiumPath || !pagesAreBuilt)('access in a browser', { timeout: 60_000 }, () => {
  let started: TestConsole;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    started = await startTestConsole();
    ({ page, errors } = await openPage());
    page.setDefaultTimeout(10_000);
  }, 60_000);
  afterAll(async () => {
    await closeBrowser();
    await started.close();
  });

  const picture = async (name: string): Promise<void> => {
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) });
  };
  const signIn = async (name: string, password = PASSWORD): Promise<void> => {
    await page.getByLabel('Name').fill(name);
    await page.getByLabel(/^Password/).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  const signOut = async (): Promise<void> => {
    await page.getByRole('button', { name: /^Signed in as/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  };

  test('the wizard makes the administrator with the code of the terminal, by keyboard alone', async () => {
    await page.goto(`${started.url}/settings/account`);
    await page.getByRole('heading', { name: 'Welcome to Millrace' }).waitFor();
    await expectAccessible(page);
    await picture('set-up');
    await page.keyboard.type('WRNG-CODE');
    for (const text of ['', PASSWORD, '', PASSWORD]) {
      await page.keyboard.press('Tab');
      await page.keyboard.type(text);
    }
    await picture('set-up-filled');
    await page.keyboard.press('Enter');
    await page.getByText(/not the code that the terminal shows/).waitFor();
    await page.getByLabel('Set-up code').fill(started.code().toLowerCase());
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'admin' }).waitFor();
    await expectAccessible(page);
    await picture('account');
  });

  test('a second factor: QR code, first code, recovery codes, and the next sign-in asks for it', async () => {
    await page.getByRole('button', { name: 'Set up' }).click();
    await page.getByLabel(/^Password/).fill(PASSWORD);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('img', { name: /QR code/ }).waitFor();
    await expectAccessible(page);
    await picture('second-factor');
    const secret = (await page.locator('pre').innerText()).replace(/\s/g, '');
    await page.getByLabel(/^Code/).fill(totpCode(secret, stepOf(Date.now()) - 1));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('Keep these codes').waitFor();
    const recovery = (await page.locator('pre').innerText()).split('\n');
    expect(recovery).toHaveLength(10);
    await picture('recovery-codes');
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await page.getByText('10 recovery codes are left').waitFor();

    await signOut();
    await expectAccessible(page);
    await signIn('admin');
    await page.getByLabel('Code of your authenticator').waitFor();
    await picture('sign-in-code');
    await page.getByLabel('Code of your authenticator').fill(recovery[0]!);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('9 recovery codes are left').waitFor();
  });

  test('an administrator makes a user with rules, changes, disables and deletes it', async () => {
    await page.getByRole('tab', { name: 'Users' }).click();
    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByLabel('Name').fill('bert');
    await page.getByLabel('New password').fill('short');
    await page.getByText('3 more characters are needed').waitFor();
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByLabel('The same password again').fill(PASSWORD);
    await page.getByRole('combobox', { name: 'Indices' }).fill('web-*');
    await page.keyboard.press('Enter');
    await page.getByLabel('Only events that match').fill('status:');
    await page.getByRole('button', { name: 'Make the user' }).click();
    await page.getByRole('alert').waitFor();
    await picture('new-user-problem');
    await page.getByLabel('Only events that match').fill('status: 200');
    await page.getByRole('button', { name: 'Make the user' }).click();
    await page.getByText('web-*, filtered').waitFor();
    await expectAccessible(page);
    await picture('users');

    // The row says what it is, and the last administrator cannot shut out themselves.
    expect(await page.getByLabel('admin may sign in').isDisabled()).toBe(true);
    await page.getByLabel('bert may sign in').click({ force: true });
    await page.getByText('bert is disabled and signed out.').waitFor();
    expect((await started.client().signIn('bert', PASSWORD)).status).toBe(401);
    await page.getByRole('button', { name: 'More for bert' }).click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    const sure = page.getByRole('button', { name: 'Delete', exact: true });
    expect(await sure.isDisabled()).toBe(true);
    await page.getByLabel('Type bert to confirm').fill('bert');
    await sure.click();
    await page.getByText('bert is deleted.').waitFor();
  });

  test('an API key is shown once, works, and is revoked', async () => {
    await page.getByRole('tab', { name: 'API keys' }).click();
    await page.getByText('There is no key yet').waitFor();
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Name').fill('beats of the web servers');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByText('Keep this key').waitFor();
    await expectAccessible(page);
    await picture('new-key');
    const key = (await page.locator('pre').innerText()).trim();
    const write = (): Promise<Response> =>
      fetch(`${started.storeUrl}/web-1/_doc`, {
        method: 'POST',
        headers: { authorization: `ApiKey ${key}`, 'content-type': 'application/json' },
        body: '{"message":"hello"}',
      });
    expect((await write()).status).toBe(201);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByText('beats of the web servers').waitFor();
    await picture('keys');
    await page.getByRole('button', { name: 'Revoke beats of the web servers' }).click();
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByText('revoked', { exact: true }).waitFor();
    await until(async () => (await write()).status === 401, 'the key is refused');
  });

  test('the audit log shows what was done, is a bookmark, and tells when it was tampered with', async () => {
    await page.getByRole('tab', { name: 'Audit log' }).click();
    await page.getByText('keys.revoke').waitFor();
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText('The audit log is intact').waitFor();
    await expectAccessible(page);
    await picture('audit');
    await page.getByLabel('Search the audit log').fill('bert');
    await page.getByText('users.delete').waitFor();
    await page.getByText('keys.revoke').waitFor({ state: 'detached' });
    await page.waitForURL(/text=bert/);
    await page.reload();
    await page.getByText('users.delete').waitFor();
    expect(await page.getByText('keys.revoke').count()).toBe(0);

    const [file] = (await import('node:fs')).readdirSync(join(started.dataPath, 'audit'));
    const path = join(started.dataPath, 'audit', file!);
    writeFileSync(path, readFileSync(path, 'utf8').replace('users.delete', 'users.change'));
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText(/was changed: its hash is another one/).waitFor();
    await picture('audit-broken');
  });

  test('a viewer sees neither users nor audit log, and is told so at their addresses', async () => {
    const admin = await page.context().cookies();
    await page.goto(`${started.url}/settings/users`);
    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByLabel('Name').fill('vera');
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByLabel('The same password again').fill(PASSWORD);
    await page.getByRole('button', { name: 'Make the user' }).click();
    await page.getByText('vera may sign in now.').waitFor();
    expect(admin[0]).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    await signOut();
    await signIn('vera');
    await page.getByText(/needs the role administrator/).waitFor();
    expect(await page.getByRole('tab', { name: 'Users' }).count()).toBe(0);
    await signOut();
  });

  test.each([
    ['light', 'narrow'],
    ['dark', 'narrow'],
    ['dark', 'wide'],
  ] as const)('%s, %s: every page can be read and used', async (scheme, width) => {
    const other = await openPage({ dark: scheme === 'dark', width });
    [page, errors] = [other.page, [...errors, ...other.errors]];
    page.setDefaultTimeout(10_000);
    await page.goto(`${started.url}/settings/account`);
    const users = new Users(started.dataPath);
    if (!users.find('ada')) await users.add('ada', 'administrator', PASSWORD);
    await signIn('ada');
    // Leaving at once would end the request.
    await page.getByRole('button', { name: 'Signed in as ada' }).waitFor();
    for (const [path, text] of [
      ['account', 'Where you are signed in.'],
      ['keys', 'beats of the web servers'],
      ['users', 'vera'],
      ['audit', 'session.sign_in'],
    ] as const) {
      await page.goto(`${started.url}/settings/${path}`);
      await page.getByText(text).first().waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await picture(`${path}-${scheme}-${width}`);
    }
  });

  test('nothing was logged as an error', () => expect(errors).toEqual([]));
});
