/**
 * From Enter to painted: how long until Discover shows the histogram and the first rows of a query over many stored
 * events? One real Millrace process whose store was filled through `_bulk`, one real Chromium. Run by hand on a quiet
 * machine; the pages must be built (`npm run build:ui`):
 *
 *   node bench/console-queries.ts [--events 1000000] [--repeat 15] [--folder DIR] [--json FILE]
 *
 * `--folder`: keeps the store there, and finds it filled the next time
 *
 * A time ends with the frame that shows the chart of this query and its rows. Each query is asked in turn with the others,
 * with another second in its time range every time, so that none is remembered.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { closeBrowser, openBrowser } from '../test/browser/browser.ts';
import { startConsoleOf } from '../test/support/console.ts';
import { DAYS, FIRST_DAY, INDICATORS, securityEvents } from './store-events.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    repeat: { type: 'string', default: '15' },
    folder: { type: 'string' },
    json: { type: 'string' },
  },
});
const total = Number(values.events);
const repeat = Number(values.repeat);
const DAY = 86_400_000;
const BULK = 1000;

const sleep = (millis: number): Promise<void> => new Promise((done) => setTimeout(done, millis));
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const percentile = (numbers: readonly number[], part: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))]!;

async function fill(url: string): Promise<void> {
  const event = securityEvents(total);
  let sent = 0;
  const sender = async (): Promise<void> => {
    while (sent < total) {
      const from = sent;
      sent = Math.min(total, sent + BULK);
      let body = '';
      for (let n = from; n < sent; n++) {
        const { index, source } = event(n);
        body += `{"create":{"_index":"${index}"}}\n${source}\n`;
      }
      for (;;) {
        const headers = { 'content-type': 'application/x-ndjson' };
        const response = await fetch(`${url}/_bulk?filter_path=errors`, { method: 'POST', headers, body });
        const text = await response.text();
        if (response.ok && !text.includes('true')) break;
        if (response.status !== 429) throw new Error(`${response.status} ${text.slice(0, 500)}`);
        await sleep(200);
      }
      if (from % 100_000 < BULK) say(`${from} events`);
    }
  };
  await Promise.all([sender(), sender(), sender(), sender()]);
  await fetch(`${url}/_flush`, { method: 'POST' });
}

/** Until the process uses next to no CPU: what was filled is merged. */
async function idle(pid: number): Promise<void> {
  const used = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  const end = Date.now() + 300_000;
  for (let quiet = 0; quiet < 4 && Date.now() < end; ) {
    const before = used();
    await sleep(3000);
    quiet = used() - before < 0.15 ? quiet + 1 : 0;
  }
}

const whole = { from: FIRST_DAY, to: FIRST_DAY + DAYS * DAY };
const lastDay = { from: whole.to - DAY, to: whole.to };
const queries: Readonly<Record<string, { readonly q: string; readonly range: typeof whole }>> = {
  'everything, 24 h': { q: '', range: lastDay },
  'everything, 30 days': { q: '', range: whole },
  'two fields, 24 h': { q: 'event.action: process_started and host.name: *', range: lastDay },
  'two fields, 30 days': { q: 'event.action: process_started and agent.type: auditbeat', range: whole },
  'exact address, 30 days': { q: `destination.ip: "${INDICATORS.addresses[7]}"`, range: whole },
  'a word in any field, 30 days': { q: `"${INDICATORS.domains[7]}"`, range: whole },
  'wildcard in one field, 30 days': { q: 'user.name: a*', range: whole },
};

/**
 * Types nothing: sets the query in the address as Enter does, and resolves with the milliseconds to the frame after both
 * answers of this query are drawn. `null`: nothing within a minute.
 */
const ASK = (search: string): string => `new Promise((resolve) => {
  const began = performance.now();
  const state = { search: false, histogram: false };
  const fetched = globalThis.fetch;
  globalThis.fetch = async (...given) => {
    const answer = await fetched(...given);
    const path = String(given[0]);
    const read = answer.text.bind(answer);
    answer.text = async () => {
      const text = await read();
      if (path.endsWith('/api/events/search')) state.search = true;
      if (path.endsWith('/api/events/histogram')) state.histogram = true;
      return text;
    };
    return answer;
  };
  const end = (result) => { globalThis.fetch = fetched; resolve(result); };
  const look = () => {
    const rows = document.querySelector('[role=grid] [role=gridcell]') || /No events match/.test(document.body.innerText);
    const chart = document.querySelector('[role=group][aria-label^="Events per"], section[aria-label="Events over time"] canvas');
    // One frame more: what was drawn is on the screen then.
    if (state.search && state.histogram && rows && chart) requestAnimationFrame(() => requestAnimationFrame(() => end(performance.now() - began)));
    else if (performance.now() - began > 60_000) end(null);
    else requestAnimationFrame(look);
  };
  history.pushState({}, '', ${JSON.stringify(search)});
  dispatchEvent(new PopStateEvent('popstate', { state: {} }));
  requestAnimationFrame(look);
})`;

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'millrace-bench-console-'));
const isFilled = existsSync(join(folder, 'segments'));
const started = await startConsoleOf(
  '-e',
  'input { http { host => "127.0.0.1" port => 0 } } output { null {} }',
  '--store.enabled=true',
  '--store.http.port=0',
  '--store.path',
  folder,
);
const results: Record<string, object> = {};
try {
  if (!isFilled) await fill(started.storeUrl);
  const admin = await started.setUp();
  await idle(started.millrace.child.pid!);
  const context = await (await openBrowser()).newContext({ viewport: { width: 1440, height: 900 } });
  await context.addCookies(admin.browserCookies());
  const page = await context.newPage();
  const address = (q: string, { from, to }: typeof whole, shift: number): string =>
    `/discover?${new URLSearchParams({
      ...(q !== '' && { q }),
      from: new Date(from + shift * 1000).toISOString(),
      to: new Date(to).toISOString(),
    })}`;
  await page.goto(started.url + address('', lastDay, 0));
  await page.locator('[role=grid] [role=gridcell]').first().waitFor({ timeout: 60_000 });
  const times = new Map<string, number[]>(Object.keys(queries).map((name) => [name, []]));
  for (let round = 0; round <= repeat; round++)
    for (const [name, { q, range }] of Object.entries(queries)) {
      const took = (await page.evaluate(ASK(address(q, range, round + 1)))) as number | null;
      if (took === null) throw new Error(`${name}: nothing within a minute`);
      // The first round warms up.
      if (round > 0) times.get(name)!.push(took);
    }
  for (const [name, all] of times) {
    const hits = await page.request.post(`${started.url}/api/events/histogram`, {
      data: {
        query: queries[name]!.q,
        from: new Date(queries[name]!.range.from).toISOString(),
        to: new Date(queries[name]!.range.to).toISOString(),
      },
      headers: { 'x-millrace-csrf': admin.csrf! },
    });
    results[name] = {
      events: ((await hits.json()) as { total: number }).total,
      'p50 ms': Math.round(percentile(all, 0.5)),
      'p95 ms': Math.round(percentile(all, 0.95)),
      'max ms': Math.round(Math.max(...all)),
    };
    say(`${name}: ${JSON.stringify(results[name])}`);
  }
} finally {
  await closeBrowser();
  await started.close();
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
const report = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0]!.model}, load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
  node: process.version,
  events: total,
  repeat,
  queries: results,
};
const text = `${JSON.stringify(report, undefined, 2)}\n`;
process.stdout.write(text);
if (values.json) writeFileSync(values.json, text);
