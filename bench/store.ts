/**
 * What does the event store cost, and how fast does it answer? One real Millrace process; this one makes events, sends
 * them and asks. Run by hand on a quiet machine:
 *
 *   node bench/store.ts [--events 10000000] [--pipeline-events 10000000] [--folder DIR] [--keep] [--ask-only] [--json FILE]
 *
 * `--ask-only`: the folder has the events of an earlier run with `--keep`
 *
 * Ingest: CPU seconds of the Millrace process (user and system, all threads) from the first event until everything is
 * sealed. From a pipeline: the same of the whole process, input, codec and output with it, into a store of its own; once
 * into the indices of `_bulk`, once with the events of all shippers in one index a day. The store's part of that is all
 * but the threads that read, decode and hand over (`intake`, `worker 0`, …).
 * A bulk of 100 events every 20 ms for a minute. Queries: wall clock over HTTP, each repeated, hot. Responsiveness: `GET /` every 5 ms meanwhile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { StoreClient } from '../src/store/embedded/store-client.ts';
import { freePort } from '../test/support/millrace.ts';
import { DAYS, FIRST_DAY, INDICATORS, securityEvents } from './store-events.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000000' },
    'pipeline-events': { type: 'string', default: '10000000' },
    folder: { type: 'string' },
    keep: { type: 'boolean', default: false },
    'ask-only': { type: 'boolean', default: false },
    json: { type: 'string' },
    repeat: { type: 'string', default: '20' },
  },
});
const total = Number(values.events);
const throughPipeline = Number(values['pipeline-events']);
const repeat = Number(values.repeat);
const folder = values.folder ?? join(tmpdir(), `millrace-bench-store-${process.pid}`);
const root = join(import.meta.dirname, '..');
const ES = await freePort();
const TCP = await freePort();
const MONITORING = await freePort();
const BULK = 1000;
/** Events at a steady pace of 5,000 a second. */
const PACED = 300_000;
/** What this run fills beside the indices of the questions. */
const PACED_INDEX = `paced-${Date.now()}`;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const ticks = 100;

mkdirSync(folder, { recursive: true });

/** A process with one pipeline, which has a data folder of its own. */
function start(name: string, tcp: number, output: string, monitoring: number, flags: string[]): ChildProcess {
  const config = join(folder, `${name}.conf`);
  writeFileSync(
    config,
    `input { tcp { host => "127.0.0.1" port => ${tcp} codec => json_lines } }\noutput { ${output} }\n`,
  );
  const program = join(root, 'bin', 'millrace.js');
  const given = ['-f', config, '--path.data', join(folder, name), '--api.http.port', String(monitoring)];
  return spawn(process.execPath, [program, ...given, ...flags], { stdio: ['ignore', 'ignore', 'inherit'] });
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly millis: number;
}

function ask(
  method: string,
  path: string,
  body?: string | Buffer,
  type = 'application/json',
  port = ES,
): Promise<Answer> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent,
        headers:
          body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            body: Buffer.concat(chunks).toString(),
            millis: performance.now() - started,
          }),
        );
        response.on('error', reject);
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

/** User and system seconds of a process, all threads. */
const cpuSeconds = (pid: number): number => secondsIn(`/proc/${pid}/stat`);
/** Of its threads for inputs and pipelines. */
function pipelineSeconds(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const names = readdirSync(tasks).filter((task) =>
    /^(intake|worker \d+)\s*$/.test(readFileSync(join(tasks, task, 'comm'), 'utf8')),
  );
  return names.reduce((sum, task) => sum + secondsIn(join(tasks, task, 'stat')), 0);
}
function secondsIn(file: string): number {
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}
const residentMegabytes = (pid: number): number =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024);

function bytesOf(path: string): number {
  let bytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const each = join(path, entry.name);
    bytes += entry.isDirectory() ? bytesOf(each) : statSync(each).size;
  }
  return bytes;
}

const sleep = (millis: number): Promise<void> => new Promise((done) => setTimeout(done, millis));
const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Until nothing is left in memory only. */
async function settled(name = 'data'): Promise<void> {
  await ask('POST', '/_flush');
  for (let quiet = 0; quiet < 3; ) {
    const before = bytesOf(join(folder, name, 'store', 'log'));
    await sleep(1000);
    quiet = before < 65_536 ? quiet + 1 : 0;
  }
}

/** Waits until the process uses next to no CPU: merges are through. */
async function idle(pid: number, limitSeconds = 900): Promise<void> {
  const end = Date.now() + limitSeconds * 1000;
  for (let quiet = 0; quiet < 4 && Date.now() < end; ) {
    const before = cpuSeconds(pid);
    await sleep(3000);
    quiet = cpuSeconds(pid) - before < 0.15 ? quiet + 1 : 0;
  }
}

async function ingest(pid: number): Promise<Record<string, number>> {
  const event = securityEvents(total);
  const cpu = cpuSeconds(pid);
  const started = performance.now();
  let sent = 0;
  let bytes = 0;
  let peak = 0;
  const latencies: number[] = [];
  const sender = async (): Promise<void> => {
    while (sent < total) {
      const from = sent;
      sent = Math.min(total, sent + BULK);
      let body = '';
      for (let n = from; n < sent; n++) {
        const { index, source } = event(n);
        body += `{"create":{"_index":"${index}"}}\n${source}\n`;
        bytes += source.length;
      }
      for (;;) {
        const answer = await ask('POST', '/_bulk?filter_path=errors', body, 'application/x-ndjson');
        if (answer.status === 200) {
          latencies.push(answer.millis);
          if (answer.body.includes('true'))
            throw new Error(`a bulk had errors: ${answer.body.slice(0, 500)}`);
          break;
        }
        if (answer.status !== 429) throw new Error(`${answer.status} ${answer.body.slice(0, 500)}`);
        await sleep(200);
      }
      if (from % 100_000 < BULK) {
        peak = Math.max(peak, residentMegabytes(pid));
        say(`${from} events, ${round(cpuSeconds(pid) - cpu)} CPU s, ${residentMegabytes(pid)} MB`);
      }
    }
  };
  await Promise.all([sender(), sender(), sender(), sender()]);
  const acknowledged = (performance.now() - started) / 1000;
  await settled();
  const sealed = cpuSeconds(pid) - cpu;
  say(`sealed after ${round(sealed)} CPU s, ${residentMegabytes(pid)} MB`);
  // An index that got nothing for a minute is merged.
  await sleep(75_000);
  await idle(pid);
  const merged = cpuSeconds(pid) - cpu;
  latencies.sort((a, b) => a - b);
  return {
    events: total,
    'bytes an event, sent': round(bytes / total),
    'events a second, acknowledged': Math.round(total / acknowledged),
    'events a CPU second, sealed': Math.round(total / sealed),
    'events a CPU second, merged': Math.round(total / merged),
    'acknowledgement p50 ms': round(percentile(latencies, 0.5)),
    'acknowledgement p99 ms': round(percentile(latencies, 0.99)),
    'bytes an event, on disk': round(bytesOf(join(folder, 'data', 'store', 'segments')) / total),
    'resident MB, peak': peak,
  };
}

/** How long an acknowledgement takes at a steady pace: a bulk of 100 events every 20 ms for a minute. */
async function steadily(): Promise<Record<string, number>> {
  const event = securityEvents(PACED, 3);
  // Made before: this process would be late for the answers otherwise.
  const bodies: Buffer[] = [];
  for (let n = 0; n < PACED; ) {
    let body = '';
    for (const end = n + 100; n < end; n++)
      body += `{"create":{"_index":"${PACED_INDEX}"}}\n${event(n).source}\n`;
    bodies.push(Buffer.from(body));
  }
  const latencies: number[] = [];
  const waiting: Promise<void>[] = [];
  const started = performance.now();
  for (const [at, body] of bodies.entries()) {
    const due = started + at * 20;
    if (due > performance.now()) await sleep(due - performance.now());
    waiting.push(
      ask('POST', '/_bulk?filter_path=errors', body, 'application/x-ndjson').then(({ status, millis }) => {
        if (status !== 200) throw new Error(`at a steady pace: ${status}`);
        latencies.push(millis);
      }),
    );
  }
  await Promise.all(waiting);
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    'events a second': Math.round(PACED / seconds),
    'acknowledgement p50 ms': round(percentile(latencies, 0.5)),
    'acknowledgement p99 ms': round(percentile(latencies, 0.99)),
    'acknowledgement max ms': round(latencies.at(-1)!),
  };
}

/** Of events that are there: waits for what is left to merge. */
async function merged(pid: number): Promise<Record<string, number>> {
  const cpu = cpuSeconds(pid);
  await sleep(20_000);
  await idle(pid);
  return {
    events: total,
    'CPU seconds of merges': round(cpuSeconds(pid) - cpu),
    'bytes an event, on disk': round(bytesOf(join(folder, 'data', 'store', 'segments')) / total),
  };
}

/** A connection, as soon as somebody listens. */
async function connected(port: number): Promise<Socket> {
  for (;;) {
    const socket = createConnection(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    if (isOpen) return socket;
    await sleep(100);
  }
}

/** Sends events as lines of JSON over one connection. */
async function sendLines(port: number, events: number): Promise<void> {
  const event = securityEvents(events, 2);
  const socket = await connected(port);
  for (let n = 0; n < events; ) {
    let text = '';
    for (const end = Math.min(events, n + 500); n < end; n++) text += `${event(n).source}\n`;
    if (!socket.write(text)) await new Promise((done) => socket.once('drain', done));
  }
  socket.end();
}

async function fromPipeline(name: string, index: string, events: number): Promise<Record<string, number>> {
  child = await startStore(name, index);
  try {
    const pid = child.pid!;
    const cpu = cpuSeconds(pid);
    const pipelines = pipelineSeconds(pid);
    const started = performance.now();
    await sendLines(TCP, events);
    for (;;) {
      const { body } = await ask('GET', '/_all/_count');
      if ((JSON.parse(body) as { count?: number }).count === events) break;
      // A search of what is in memory costs too.
      await sleep(1000);
    }
    const seconds = (performance.now() - started) / 1000;
    await settled(name);
    const whole = cpuSeconds(pid) - cpu;
    const store = whole - (pipelineSeconds(pid) - pipelines);
    return {
      events,
      'events a second': Math.round(events / seconds),
      'events a CPU second, sealed': Math.round(events / whole),
      'CPU µs an event, sealed': round((whole / events) * 1e6),
      "events a CPU second, sealed, the store's part": Math.round(events / store),
      "CPU µs an event, sealed, the store's part": round((store / events) * 1e6),
      'resident MB': residentMegabytes(pid),
    };
  } finally {
    await stop();
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

const end = FIRST_DAY + DAYS * 86_400_000;
const lastDay = { range: { '@timestamp': { gte: end - 86_400_000, lt: end } } };
const newestFirst = [{ '@timestamp': 'desc' }];
const histogramOf = (interval: string): object => ({
  over_time: { date_histogram: { field: '@timestamp', fixed_interval: interval, min_doc_count: 0 } },
});
const HOST_RANK = 60;
const twoFields = [{ term: { 'event.action': 'process_started' } }, { term: { 'host.name': 'HOST' } }];

const queries: Readonly<Record<string, () => object>> = {
  'last 500 events': () => ({ size: 500, sort: newestFirst, track_total_hits: false }),
  'last 500 of one action': () => ({
    size: 500,
    sort: newestFirst,
    track_total_hits: false,
    query: { term: { 'event.action': 'process_started' } },
  }),
  'two fields, histogram, 24 h': () => ({
    size: 50,
    sort: newestFirst,
    query: { bool: { filter: [...twoFields, lastDay] } },
    aggs: histogramOf('30m'),
  }),
  'two fields, histogram, all': () => ({
    size: 50,
    sort: newestFirst,
    query: { bool: { filter: twoFields } },
    aggs: histogramOf('12h'),
  }),
  'top 10 of a field, all': () => ({ size: 0, aggs: { top: { terms: { field: 'user.name', size: 10 } } } }),
  'exact address, all': () => ({
    size: 50,
    sort: newestFirst,
    query: { term: { 'destination.ip': INDICATORS.addresses[7] } },
  }),
  'exact hash that is nowhere': () => ({
    size: 50,
    query: { term: { 'process.hash.sha256': 'f'.repeat(64) } },
  }),
  'address in any field': () => ({
    size: 50,
    sort: newestFirst,
    query: { query_string: { query: `"${INDICATORS.addresses[7]}"` } },
  }),
  'part of a word over everything, nowhere': () => ({
    size: 50,
    track_total_hits: false,
    query: { query_string: { query: '*zzqq17zz*' } },
  }),
  // All groups of rows have their fours; few have their sixes.
  'hexadecimal part of a word, nowhere': () => ({
    size: 50,
    track_total_hits: false,
    query: { query_string: { query: '*badcafebad0123*' } },
  }),
  'hexadecimal part of a word of eight digits, nowhere': () => ({
    size: 50,
    track_total_hits: false,
    query: { query_string: { query: '*bad0cafe*' } },
  }),
  'word over everything, rare': () => ({
    size: 50,
    track_total_hits: false,
    query: { query_string: { query: `"${INDICATORS.domains[7]}"` } },
  }),
};

async function measureQueries(): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  const { body } = await ask(
    'POST',
    '/_all/_search',
    JSON.stringify({
      size: 0,
      query: { bool: { filter: [twoFields[0]] } },
      aggs: { hosts: { terms: { field: 'host.name', size: HOST_RANK } } },
    }),
  );
  // Neither the busiest nor a silent one: some hundredths of a per cent of all events.
  const host = (JSON.parse(body) as any).aggregations.hosts.buckets.at(-1)?.key ?? '';
  for (const [name, make] of Object.entries(queries)) {
    const times: number[] = [];
    const pings: number[] = [];
    let found: unknown;
    let on = true;
    const pinging = (async () => {
      while (on) {
        pings.push((await ask('GET', '/')).millis);
        await sleep(5);
      }
    })();
    const text = JSON.stringify(make()).replace('HOST', String(host));
    for (let run = 0; run < repeat + 1; run++) {
      const { status, body, millis } = await ask('POST', '/_all/_search', text);
      if (status !== 200) throw new Error(`${name}: ${body.slice(0, 800)}`);
      // The first is the warm-up.
      if (run > 0) times.push(millis);
      const { hits } = JSON.parse(body) as any;
      found = hits.total?.value ?? hits.hits.length;
    }
    on = false;
    await pinging;
    times.sort((a, b) => a - b);
    pings.sort((a, b) => a - b);
    results[name] = {
      'p50 ms': round(percentile(times, 0.5)),
      'p95 ms': round(percentile(times, 0.95)),
      'GET / p99 ms': round(percentile(pings, 0.99)),
      found,
    };
    say(`${name}: ${JSON.stringify(results[name])}`);
  }
  return results;
}

const indicatorFields = [
  ...['source.ip', 'destination.ip', 'client.ip', 'server.ip', 'host.ip', 'related.ip', 'dns.resolved_ip'],
  ...['related.hosts', 'dns.question.name', 'url.domain', 'user_agent.original', 'related.hash', 'hash.sha1'],
  ...['process.hash.sha256', 'process.hash.sha1', 'file.hash.sha256', 'file.hash.sha1'],
  ...['tls.client.ja3', 'tls.server.ja3s', 'tls.server.hash.sha1'],
];

/** 10,000 indicators against 20 fields: not a question of the API, so the store is opened here. */
async function measureIndicators(): Promise<Record<string, unknown>> {
  const values: string[] = [];
  for (let n = 0; values.length < 10_000; n++)
    values.push(
      INDICATORS.addresses[n] ?? `198.51.${n >> 8}.${n & 255}`,
      INDICATORS.domains[n] ?? `never-${n}.example`,
      INDICATORS.hashes[n] ?? n.toString(16).padStart(64, '0'),
    );
  const store = await StoreClient.start({ folder: join(folder, 'data', 'store') });
  try {
    const times: number[] = [];
    let found = 0;
    for (let run = 0; run < repeat + 1; run++) {
      const started = performance.now();
      const request = { indices: { names: [] }, values: values.slice(0, 10_000), fields: indicatorFields };
      found = (await store.indicatorScan(request)).length;
      if (run > 0) times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    return {
      'p50 ms': round(percentile(times, 0.5)),
      'p95 ms': round(percentile(times, 0.95)),
      found,
    };
  } finally {
    await store.close();
  }
}

const { bavail, bsize } = statfsSync(folder);
if (bavail * bsize < total * 1200) throw new Error(`${folder} has too little room`);
let child = await startStore();
try {
  const result = {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]!.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    'load before': loadavg().map((load) => round(load)),
    node: process.version,
    'bulk over HTTP': values['ask-only'] ? await merged(child.pid!) : await ingest(child.pid!),
    queries: await measureQueries(),
    'resident MB after the queries': residentMegabytes(child.pid!),
  };
  await stop();
  const indicators = await measureIndicators();
  child = await startStore();
  const all = {
    ...result,
    '10,000 indicators × 20 fields': indicators,
    'at 5,000 events a second': await steadily(),
  };
  await stop();
  if (throughPipeline > 0)
    Object.assign(all, {
      'from a pipeline': await fromPipeline(
        'families',
        '%{[agent][type]}-%{[agent][version]}-%{+yyyy.MM.dd}',
        throughPipeline,
      ),
      'from a pipeline, all shippers in one index': await fromPipeline(
        'mixed',
        'logs-%{+yyyy.MM.dd}',
        Math.min(throughPipeline, 1_000_000),
      ),
    });
  process.stdout.write(`${JSON.stringify(all, undefined, 2)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, undefined, 2)}\n`);
} finally {
  await stop();
  if (!values.keep) rmSync(folder, { recursive: true, force: true });
}

/** The process with the store, when it answers. */
async function startStore(name = 'data', index = 'logs'): Promise<ChildProcess> {
  const output = `store { index => "${index}" }`;
  const started = start(name, TCP, output, MONITORING, ['--store.http.port', String(ES)]);
  for (let at = 0; at < 200; at++) {
    const up = await ask('GET', '/').catch(() => undefined);
    if (up?.status === 200) break;
    await sleep(100);
  }
  return started;
}

async function stop(): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await Promise.race([ended, sleep(20_000)]);
  child.kill('SIGKILL');
}
