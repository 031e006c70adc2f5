/**
 * Packet to pixel: how long from a syslog line on the wire until Discover shows its row, while many arrive? One real
 * Millrace process (syslog over TCP to the event store, console), one sender process, one real Chromium in live mode.
 * Run by hand on a quiet machine; the pages must be built (`npm run build:ui`):
 *
 *   node bench/console.ts [--rate 20000] [--minutes 10] [--marks 300] [--json FILE]
 *
 * First all events, as many of them as live mode shows, for so many minutes: their age when they are drawn, frames a
 * second, memory of the page. Then only the marked ones, that come five times a second among all others.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { closeBrowser, openBrowser } from '../test/browser/browser.ts';
import { startTestConsole } from '../test/support/console.ts';
import { freePort } from '../test/support/millrace.ts';
import { readMeter, startMeter } from '../test/support/page-meter.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    minutes: { type: 'string', default: '10' },
    marks: { type: 'string', default: '300' },
    json: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const marks = Number(values.marks);

const sleep = (millis: number): Promise<void> => new Promise((done) => setTimeout(done, millis));
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
function percentile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
const spread = (numbers: readonly number[]): Record<string, number> => ({
  count: numbers.length,
  p50: percentile(numbers, 0.5),
  p95: percentile(numbers, 0.95),
  p99: percentile(numbers, 0.99),
  max: percentile(numbers, 1),
});

function processOf(pid: number): { cpuSeconds: number; megabytes: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    megabytes: Math.round(Number(resident) / 1024),
  };
}

/** Memory of the page after garbage was collected, and as the system sees its process. */
async function memoryOf(page: Page): Promise<{ heapMegabytes: number; nodes: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const metric = (name: string): number => metrics.find((one) => one.name === name)?.value ?? 0;
  return { heapMegabytes: round(metric('JSHeapUsedSize') / 2 ** 20), nodes: metric('Nodes') };
}

async function rendererMegabytes(): Promise<number> {
  const session = await (await openBrowser()).newBrowserCDPSession();
  const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as {
    processInfo: { type: string; id: number }[];
  };
  await session.detach();
  return Math.max(
    ...processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => processOf(id).megabytes),
  );
}

async function sendWith<T>(port: number, work: () => Promise<T>): Promise<{ result: T; sender: any }> {
  const sender: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, 'tools', 'syslog-sender.ts'), '--port', String(port), '--rate', values.rate],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let said = '';
  sender.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    const result = await work();
    sender.stdin!.end();
    await new Promise((done) => sender.once('close', done));
    return { result, sender: JSON.parse(said) };
  } finally {
    sender.kill();
  }
}

async function measure(
  name: string,
  search: string,
  enough: (seconds: number, latencies: number) => boolean,
): Promise<object> {
  const { page, close } = await openDiscover(search);
  const latencies: number[] = [];
  const frames: number[] = [];
  const memory: object[] = [];
  let longestFrame = 0;
  const { result, sender } = await sendWith(port, async () => {
    await page.locator('[role=grid] [role=row]').nth(1).waitFor({ timeout: 60_000 });
    // Everything compiled and the first segments written.
    await sleep(10_000);
    await startMeter(page);
    const before = processOf(pid);
    const began = performance.now();
    for (let at = 0; ; at++) {
      await sleep(5000);
      const read = await readMeter(page);
      latencies.push(...read.latencies);
      frames.push(...read.frames);
      longestFrame = Math.max(longestFrame, read.longestFrame);
      const seconds = (performance.now() - began) / 1000;
      const isEnough = enough(seconds, latencies.length);
      if (at % 6 === 0 || isEnough) {
        const sample = {
          seconds: Math.round(seconds),
          ...(await memoryOf(page)),
          rendererMegabytes: await rendererMegabytes(),
          serverMegabytes: processOf(pid).megabytes,
        };
        memory.push(sample);
        // What collecting garbage held up is no fault of the page.
        await readMeter(page);
        const { p50, p95 } = spread(read.latencies);
        say(
          `${name}: ${JSON.stringify(sample)}, latency p50 ${p50} p95 ${p95} ms of ${read.latencies.length}, frames ${read.frames.join(' ')}`,
        );
      }
      if (isEnough) break;
    }
    const seconds = (performance.now() - began) / 1000;
    return { cpu: (processOf(pid).cpuSeconds - before.cpuSeconds) / seconds };
  });
  await close();
  return {
    'milliseconds from wire to row': spread(latencies),
    'frames a second': {
      p50: percentile(frames, 0.5),
      p5: percentile(frames, 0.05),
      least: Math.min(...frames),
      'seconds below 50': frames.filter((count) => count < 50).length,
      seconds: frames.length,
      'longest frame ms': round(longestFrame),
    },
    'cores of the server': round(result.cpu, 2),
    sender,
    memory,
  };
}

async function openDiscover(search: string): Promise<{ page: Page; close(): Promise<void> }> {
  const context = await (await openBrowser()).newContext({ viewport: { width: 1440, height: 900 } });
  await context.addCookies(admin.browserCookies());
  const page = await context.newPage();
  page.on('pageerror', (error) => say(`page: ${error}`));
  await page.goto(`${started.url}/discover?live=true${search}`);
  return { page, close: () => context.close() };
}

const port = await freePort();
const started = await startTestConsole(
  '-e',
  `input { syslog { host => "127.0.0.1" port => ${port} } } output { store { index => "syslog-%{+yyyy.MM.dd}" } }`,
);
const admin = await started.setUp();
const pid = started.millrace.child.pid!;
let results: object;
try {
  results = {
    all: await measure('all events', '', (seconds) => seconds >= minutes * 60),
    marked: await measure(
      'marked events',
      `&q=${encodeURIComponent('program: bench')}`,
      (seconds, seen) => seen >= marks || seconds > marks,
    ),
  };
} finally {
  await closeBrowser();
  await started.close();
}
const report = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0]!.model}, load ${loadavg()
    .map((load) => round(load))
    .join(' ')}`,
  node: process.version,
  rate: Number(values.rate),
  ...results,
};
const text = `${JSON.stringify(report, undefined, 2)}\n`;
process.stdout.write(text);
if (values.json) writeFileSync(values.json, text);
