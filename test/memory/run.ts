/**
 * A slow sink, fast senders and many open connections: two pipelines of one process, one with a queue in memory and one
 * with a persisted queue, while its resident memory is sampled every second.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, Millrace, residentMegabytes, temporaryFolder, until } from '../support/millrace.ts';
import type { LoadOrder, LoadReport } from './load.ts';

/** Of these one process of senders opens its share. */
const DESCRIPTORS_LEFT = 500;
/** How long the sink thinks about a request. */
const SINK_MS = 100;

export interface Sample {
  readonly second: number;
  readonly megabytes: number;
  /** Open connections of the senders. */
  readonly open: number;
}

export interface MemoryResult {
  readonly seconds: number;
  readonly connections: number;
  /** Those that the other side closed. */
  readonly closed: number;
  readonly sent: number;
  readonly delivered: number;
  /** Megabytes: median of the first and of the last fifth after warm-up, peak, and growth in a minute (least squares). */
  readonly first: number;
  readonly last: number;
  readonly peak: number;
  readonly perMinute: number;
  readonly samples: readonly Sample[];
}

export interface MemoryOptions {
  readonly connections: number;
  readonly seconds: number;
  /** Not judged: connections open, queues fill, compilers compile. */
  readonly warmUpSeconds: number;
  /**
   * Every thread collects its garbage every few seconds. As it likes V8 lets a hundred megabytes of it gather for
   * minutes: in a few minutes that hides a leak, or looks like one.
   */
  readonly collect?: boolean;
  sampled?(sample: Sample): void;
}

export async function runMemory(options: MemoryOptions): Promise<MemoryResult> {
  let delivered = 0;
  const sink = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      delivered += JSON.parse(Buffer.concat(chunks).toString()).length;
      setTimeout(() => response.end(), SINK_MS);
    });
  });
  await new Promise<void>((done) => sink.listen(0, '127.0.0.1', done));
  const pipelines = await Promise.all(
    [0, 1].map(async () => ({ tcp: await freePort(), http: await freePort(), beats: await freePort() })),
  );
  const { port } = sink.address() as AddressInfo;
  const millrace = await start(pipelines, port, options.collect === true);
  const loads: ChildProcess[] = [];
  try {
    const reports = startLoads(pipelines, options.connections, loads);
    const fast = 2 * 3 * FAST;
    await until(
      () => sum(reports, ({ open }) => open) === options.connections + fast * loads.length,
      `${options.connections} connections; ${sum(reports, ({ open }) => open)} are open`,
      120,
    );
    const samples: Sample[] = [];
    const began = performance.now();
    for (let second = 1; second <= options.seconds; second++) {
      await delay(began + second * 1000 - performance.now());
      const sample = {
        second,
        megabytes: Math.round(residentMegabytes(millrace.child.pid!)),
        open: sum(reports, ({ open }) => open),
      };
      samples.push(sample);
      options.sampled?.(sample);
    }
    return {
      seconds: options.seconds,
      connections: samples.reduce((least, { open }) => Math.min(least, open), Infinity),
      closed: sum(reports, ({ closed }) => closed),
      sent: sum(reports, ({ sent }) => sent),
      delivered,
      ...judge(samples.filter(({ second }) => second > options.warmUpSeconds)),
      samples,
    };
  } finally {
    for (const load of loads) load.disconnect();
    sink.closeAllConnections();
    sink.close();
    await millrace.kill();
  }
}

const FAST = 2;
const sum = <T>(list: readonly T[], of: (each: T) => number): number =>
  list.reduce((total, each) => total + of(each), 0);

async function start(
  pipelines: LoadOrder['pipelines'],
  sinkPort: number,
  collect: boolean,
): Promise<Millrace> {
  const settings = temporaryFolder();
  const pipeline = ({ tcp, http: web, beats }: LoadOrder['pipelines'][number], queue: string): string =>
    `- pipeline.id: ${queue}
  queue.type: ${queue}
  queue.max_bytes: 64mb
  config.string: |
    input {
      tcp { host => "127.0.0.1" port => ${tcp} }
      http { host => "127.0.0.1" port => ${web} codec => line }
      beats { host => "127.0.0.1" port => ${beats} }
    }
    filter { mutate { add_field => { "queue" => "${queue}" } } }
    output { http { url => "http://127.0.0.1:${sinkPort}/" http_method => post format => json_batch } }
`;
  writeFileSync(
    join(settings, 'pipelines.yml'),
    `${pipeline(pipelines[0]!, 'memory')}${pipeline(pipelines[1]!, 'persisted')}`,
  );
  return new Millrace({
    args: ['--path.settings', settings, '--path.data', join(settings, 'data'), '--api.enabled', 'false'],
    ...(collect && {
      env: { NODE_OPTIONS: `--expose-gc --import=${new URL('collect.ts', import.meta.url).href}` },
    }),
  }).ready(90);
}

/** As many processes of senders as their limit of open files asks for. */
function startLoads(
  pipelines: LoadOrder['pipelines'],
  connections: number,
  loads: ChildProcess[],
): LoadReport[] {
  const limit = Number(/Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))![1]);
  const processes = Math.ceil(connections / (limit - DESCRIPTORS_LEFT));
  const reports: LoadReport[] = [];
  for (let at = 0; at < processes; at++) {
    const load = fork(resolve(import.meta.dirname, 'load.ts'), { execArgv: [] });
    loads.push(load);
    reports.push({ open: 0, closed: 0, sent: 0 });
    load.on('message', (report: LoadReport) => {
      reports[at] = report;
    });
    const share = Math.floor(connections / processes) + (at < connections % processes ? 1 : 0);
    load.send({ pipelines, connections: share, fast: FAST } satisfies LoadOrder);
  }
  return reports;
}

function judge(samples: readonly Sample[]): Pick<MemoryResult, 'first' | 'last' | 'peak' | 'perMinute'> {
  const fifth = Math.ceil(samples.length / 5);
  const median = (of: readonly Sample[]): number =>
    of.map(({ megabytes }) => megabytes).sort((a, b) => a - b)[Math.floor(of.length / 2)]!;
  const middle = sum(samples, ({ second }) => second) / samples.length;
  const mean = sum(samples, ({ megabytes }) => megabytes) / samples.length;
  const spread = sum(samples, ({ second }) => (second - middle) ** 2);
  const slope = sum(samples, ({ second, megabytes }) => (second - middle) * (megabytes - mean)) / spread;
  return {
    first: median(samples.slice(0, fifth)),
    last: median(samples.slice(-fifth)),
    peak: Math.max(...samples.map(({ megabytes }) => megabytes)),
    perMinute: Number((slope * 60).toFixed(2)),
  };
}
