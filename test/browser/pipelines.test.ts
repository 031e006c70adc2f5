/** Pipelines in a real browser: list, graph, panel, tap, on real pipelines with real traffic. */
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/millrace.ts';
import { type PipelinesConsole, startPipelinesConsole } from '../support/pipelines-console.ts';
import {
  chromiumPath,
  closeBrowser,
  expectAccessible,
  expectNoSidewaysScroll,
  openPage,
  type PageOptions,
} from './browser.ts';

let console_: PipelinesConsole;
let receiver: Server;
let receiverPort: number;
const senders: Socket[] = [];
let traffic: NodeJS.Timeout;

async function sender(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((done, fail) => socket.once('connect', done).once('error', fail));
  senders.push(socket);
  return socket;
}

beforeAll(async () => {
  if (!chromiumPath) return;
  console_ = await startPipelinesConsole();
  receiver = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.statusCode = 503;
      response.end();
    });
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  receiverPort = (receiver.address() as { port: number }).port;
  const [web, siem] = [await freePort(), await freePort()];
  await console_.load(
    'web',
    `input { tcp { id => "lines" host => "127.0.0.1" port => ${web} } }
    filter {
      grok { match => { "message" => "%{WORD:verb} %{NOTSPACE:path} %{NUMBER:status:int}" } }
      if [status] == 500 { mutate { id => "mark" add_tag => ["error"] rename => { "verb" => "[http][verb]" } } }
      else if [path] == "/health" { drop { id => "noise" } }
    }
    output { file { id => "archive" path => "${console_.folder}/out" } }`,
  );
  await console_.load(
    'siem',
    `input { tcp { host => "127.0.0.1" port => ${siem} } }
    output { http { id => "siem-http" url => "http://127.0.0.1:${receiverPort}/in" http_method => post } }`,
  );
  const [a, b] = [await sender(web), await sender(siem)];
  let n = 0;
  traffic = setInterval(() => {
    n++;
    a.write(`GET /page-${n} 500\nGET /health 200\nGET /<script>alert(1)</script> 200\n`);
    if (n % 20 === 1) b.write(`event ${n}\n`);
  }, 50);
  // Rates need some seconds.
  await new Promise((done) => setTimeout(done, 4000));
}, 30_000);

afterAll(async () => {
  clearInterval(traffic);
  for (const socket of senders) socket.destroy();
  await closeBrowser();
  await console_?.close();
  receiver?.close();
});

async function shown(path: string, options: PageOptions, look: (page: Page) => Promise<void>): Promise<void> {
  const { page, context, errors } = await openPage(options);
  await page.goto(console_.url + path);
  await look(page);
  await context.close();
  expect(errors).toEqual([]);
  expect(console_.errors).toEqual([]);
}

const looks: PageOptions[] = [
  { width: 'wide', dark: false },
  { width: 'wide', dark: true },
  { width: 'narrow', dark: false },
  { width: 'narrow', dark: true },
];

describe.skipIf(!chromiumPath)('pipelines in the browser', { timeout: 40_000 }, () => {
  test.for(looks)('the list says how each pipeline is: %o', (look) =>
    shown('/pipelines', look, async (page) => {
      await page.getByRole('link', { name: 'web', exact: true }).waitFor();
      const text = await page.locator('main').innerText();
      expect(text).toMatch(/Healthy/);
      expect(text).toContain(`http://127.0.0.1:${receiverPort} answered 503`);
      const mark = page.getByRole('link', { name: /^Pipelines: Warning\. Pipeline siem: output siem-http/ });
      await mark.waitFor();
      await mark.focus();
      await page
        .getByRole('tooltip')
        .getByText(/answered 503/)
        .waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    }),
  );

  test('the graph has rates on its edges, and the real error in a tooltip on the failing node', () =>
    shown('/pipelines/siem', {}, async (page) => {
      const node = page.getByRole('button', { name: /^Output http siem-http/ });
      await node.waitFor();
      expect(await node.getAttribute('data-state')).toBe('failing');
      await node.focus();
      await page
        .getByRole('tooltip')
        .getByText(/answered 503/)
        .waitFor();
      await node.press('Enter');
      const panel = page.getByRole('region', { name: 'Output http' });
      await panel.getByText(/answered 503/).waitFor();
      await panel.getByRole('tab', { name: 'Config' }).click();
      await panel.getByText(/http_method => "post"/).waitFor();
      expect(new URL(page.url()).searchParams.get('node')).toBe('siem-http');
      await page.keyboard.press('Escape');
      await panel.waitFor({ state: 'detached' });
    }));

  test.for(looks.slice(0, 2))('the graph goes by arrow keys, its panel shows history: %o', (look) =>
    shown('/pipelines/web', look, async (page) => {
      const first = page.getByRole('button', { name: /^Input tcp lines/ });
      await first.waitFor();
      await page.waitForFunction(
        '/\\d+\\/s/.test(document.querySelector(".react-flow__edges")?.textContent ?? "")',
      );
      await first.focus();
      const focused = (): Promise<string> =>
        page.evaluate('document.activeElement.innerText') as Promise<string>;
      await page.keyboard.press('ArrowRight');
      expect(await focused()).toMatch(/queue/);
      await page.keyboard.press('ArrowRight');
      expect(await focused()).toMatch(/grok\s+\d+\/s/);
      await page.keyboard.press('ArrowRight');
      expect(await focused()).toMatch(/if\s+\[status\]/);
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('Enter');
      const panel = page.getByRole('region', { name: 'Filter grok' });
      await panel.getByRole('img', { name: /^Events a second: .*\d+\/s now/ }).waitFor();
      await panel.getByText('matches').waitFor();
      await panel.getByText('1 hour').click();
      await page.waitForURL(/window=1h/);
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await panel.getByRole('button', { name: 'Close' }).click();
      await expect.poll(focused).toMatch(/grok/);
    }),
  );

  test.for(looks.slice(2))('on a narrow screen there is a table, and the panel fills it: %o', (look) =>
    shown('/pipelines/web', look, async (page) => {
      const table = page.getByRole('table', { name: 'Nodes of the pipeline' });
      await table.getByRole('button', { name: /grok/ }).waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await table.getByRole('button', { name: /grok/ }).click();
      await page.getByRole('tab', { name: 'Numbers' }).waitFor();
      await page.getByRole('img', { name: /^Events a second/ }).waitFor();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    }),
  );

  test('a tap shows what a filter changes, can be filtered and paused, and is noted', () =>
    shown('/pipelines/web?node=mark&tab=tap', {}, async (page) => {
      await page.getByRole('button', { name: 'Start tap' }).click();
      const samples = page.getByRole('region', { name: 'Samples' }).getByRole('listitem');
      await samples.first().waitFor();
      const text = await samples.first().innerText();
      expect(text).toMatch(/removed\s+\[verb\]\s+"GET"/);
      expect(text).toMatch(/added\s+\[tags\]\s+\["error"\]/);
      expect(text).toMatch(/added\s+\[http\]\[verb\]\s+"GET"/);
      expect(text).not.toContain('[path]');
      await page.getByLabel('All fields').check();
      await expect.poll(() => samples.first().innerText()).toContain('[path]');
      await page.getByRole('button', { name: 'Pause' }).click();
      const before = await samples.count();
      await page.waitForTimeout(800);
      expect(await samples.count()).toBe(before);
      await page.getByLabel('Only events with this text').fill('no event has this');
      await expect.poll(() => samples.count()).toBe(0);
      await expectAccessible(page);
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByRole('button', { name: 'Start tap' }).waitFor();
      expect(console_.audited.at(-1)).toMatchObject({
        action: 'pipelines.tap',
        user: 'otto',
        outcome: 'success',
        details: { pipeline: 'web', node: 'mark', rate: 10 },
      });
    }));

  test('a tap of a dropping filter and of the whole pipeline; what events hold stays text', () =>
    shown('/pipelines/web?node=noise&tab=tap', {}, async (page) => {
      await page.getByRole('button', { name: 'Start tap' }).click();
      const samples = page.getByRole('region', { name: 'Samples' }).getByRole('listitem');
      await samples.first().getByText('dropped').waitFor();
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Tap', exact: true }).click();
      await page.getByLabel('Events a second at most').selectOption('100');
      await page.getByRole('button', { name: 'Start tap' }).click();
      await page.getByLabel('All fields').check();
      await page.getByText('"/<script>alert(1)</script>"').first().waitFor();
    }));

  test('a viewer sees numbers, and no events', async () => {
    console_.caller = { name: 'vera', role: 'viewer' };
    try {
      await shown('/pipelines/web?node=mark&tab=tap', {}, async (page) => {
        await page.getByText('needs the role operator').waitFor();
        expect(await page.getByRole('button', { name: 'Start tap' }).count()).toBe(0);
        const answer = await page.request.get(`${console_.url}/api/pipelines/web/tap?node=mark`);
        expect(answer.status()).toBe(403);
      });
    } finally {
      console_.caller = { name: 'otto', role: 'operator' };
    }
  });

  test('pipelines that are not there are said to be not there', () =>
    shown('/pipelines/nothing', {}, async (page) => {
      await page.getByText('pipeline nothing does not exist').waitFor();
    }));
});
