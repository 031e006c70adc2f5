/**
 * A series of crashes: one data folder, one sink, senders that go on all the time, and a process that is killed with
 * SIGKILL at moments chosen by chance, and started again. At the end it is left alone until everything has arrived.
 */
import { watch } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RealFiles } from '../../src/queue/queue-files.ts';
import { reportQueue } from '../../src/queue/queue-report.ts';
import { Millrace, temporaryFolder, until } from '../support/millrace.ts';
import { Ledger } from './ledger.ts';
import { Random } from './random.ts';
import { HttpLoad, LumberjackLoad, type Sender, TcpLoad } from './senders.ts';
import { fileSink, httpSink, lumberjackSink, type Sink, type SinkMode } from './sinks.ts';
import { addTcp, CHECKPOINT_MS, type SeriesResult } from './summary.ts';

export interface SeriesOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly sink: 'http' | 'lumberjack' | 'file';
  readonly workers: number;
  /** Called after each kill. */
  killed?(moment: Moment): void;
}

export type Moment = 'start' | 'load' | 'long load' | 'new file' | 'shutdown';

/** Runs a series; what went wrong stands in the result. */
export async function runSeries(options: SeriesOptions): Promise<SeriesResult> {
  const random = new Random(options.seed);
  const folder = temporaryFolder();
  const ledger = new Ledger();
  const sink = await openSink(options, folder, ledger, random);
  const ports: number[] = [];
  while (ports.length < 3) ports.push(await lowPort(random));
  const [beats, web, lines] = ports as [number, number, number];
  const start = (): Millrace => {
    const settings = [
      '--queue.page_capacity',
      random.pick(['32kb', '256kb', '4mb']),
      '--queue.compression',
      random.pick(['none', 'none', 'speed']),
      '--queue.checkpoint.writes',
      random.pick(['1024', '1024', '1', '0']),
      '--queue.max_events',
      random.pick(['0', '0', '0', '2000']),
    ];
    return new Millrace({
      args: [
        '-e',
        `input {
           beats { id => "beats" host => "127.0.0.1" port => ${beats} }
           http { id => "web" host => "127.0.0.1" port => ${web} }
           tcp { id => "lines" host => "127.0.0.1" port => ${lines} dns_reverse_lookup_enabled => false }
         }
         output { ${sink.output} }`,
        '--path.data',
        folder,
        '--queue.type',
        'persisted',
        '--queue.checkpoint.interval',
        String(CHECKPOINT_MS),
        ...settings,
        '--pipeline.workers',
        String(options.workers),
        '--api.enabled',
        'false',
      ],
    });
  };
  const tcp = new TcpLoad('t', lines, ledger, random);
  const senders: Sender[] = [
    tcp,
    ...[0, 1].map((at) => new LumberjackLoad(`l${at}`, beats, ledger, random)),
    ...[0, 1, 2].map((at) => new HttpLoad(`h${at}`, web, ledger, random)),
  ];
  const began = performance.now();
  const moments: Record<Moment, number> = { start: 0, load: 0, 'long load': 0, 'new file': 0, shutdown: 0 };
  let startMs = 1000;
  try {
    for (let round = 0; round < options.rounds; round++) {
      sink.mode = random.pick<SinkMode>(['well', 'well', 'well', 'refuses', 'slow', 'breaks']);
      const moment = pickMoment(random);
      const started = performance.now();
      const millrace = start();
      if (moment === 'start') await delay(random.between(0, startMs * 1.2));
      else {
        await millrace.ready(90);
        startMs = 0.8 * startMs + 0.2 * (performance.now() - started);
        await waitFor(moment, millrace, random, join(folder, 'queue', 'main'));
      }
      if (millrace.exitCode !== undefined && moment !== 'shutdown')
        ledger.problem(`it ended by itself with ${millrace.exitCode}: ${millrace.stderr}`);
      millrace.child.kill('SIGKILL');
      const killedAt = performance.now();
      await millrace.exited;
      checkLog(millrace, ledger);
      await sink.afterKill();
      ledger.killed(killedAt);
      moments[moment]++;
      options.killed?.(moment);
    }
    sink.mode = 'well';
    await finish(start(), { senders, ledger, sink, folder });
  } finally {
    await sink.close();
  }
  return addTcp(
    {
      ...ledger.judge(options.workers),
      rounds: options.rounds,
      seconds: (performance.now() - began) / 1000,
      moments,
    },
    tcp.connections,
    ledger,
    options.workers === 1,
  );
}

function pickMoment(random: Random): Moment {
  const chance = random.next();
  if (chance < 0.3) return 'start';
  if (chance < 0.6) return 'load';
  if (chance < 0.72) return 'long load';
  return chance < 0.9 ? 'new file' : 'shutdown';
}

async function waitFor(moment: Moment, millrace: Millrace, random: Random, queue: string): Promise<void> {
  if (moment === 'load') await delay(random.between(0, 400));
  else if (moment === 'long load') await delay(random.between(900, 1600));
  else if (moment === 'shutdown') {
    await delay(random.between(50, 200));
    millrace.child.kill('SIGTERM');
    await delay(random.between(0, 400));
  } else {
    await delay(random.between(20, 100));
    // A file that comes or goes: a new segment, one that is delivered, the log of acknowledgements written anew.
    const watcher = watch(queue);
    await Promise.race([
      new Promise<void>((resolve) => watcher.on('change', (type) => type === 'rename' && resolve())),
      delay(400),
    ]);
    watcher.close();
    if (random.next() < 0.5) await delay(random.between(0, 4));
  }
}

/** A log without a word of lost or damaged events. */
function checkLog({ stderr }: Millrace, ledger: Ledger): void {
  for (const line of stderr.split('\n'))
    if (/events lost|damaged|can not be used|thread ended|EADDRINUSE/.test(line)) ledger.problem(line);
}

interface End {
  readonly senders: readonly Sender[];
  readonly ledger: Ledger;
  readonly sink: Sink;
  readonly folder: string;
}

/** Everything is sent, answered and delivered; then the process ends as it should. */
async function finish(millrace: Millrace, { senders, ledger, sink, folder }: End): Promise<void> {
  await millrace.ready(90);
  await Promise.race([Promise.all(senders.map((sender) => sender.stop())), delay(30_000)]);
  let total = -1;
  await until(
    () => {
      sink.readMore();
      const before = total;
      total = ledger.total;
      return ledger.missing().length === 0 && total === before;
    },
    'everything that was answered',
    30,
  ).catch((error: Error) => ledger.problem(error.message));
  // Events without an answer have nobody who waits for them.
  await delay(500);
  const code = await millrace.stop();
  checkLog(millrace, ledger);
  await sink.afterKill();
  if (code !== 0) ledger.problem(`it ended with ${code}: ${millrace.stderr}`);
  const report = reportQueue(new RealFiles(join(folder, 'queue', 'main')));
  if (report.waiting.length > 0) ledger.problem(`${report.waiting.length} blocks are left in the queue`);
  if (report.setAside.length > 0 || report.segments.some(({ damaged }) => damaged.length > 0))
    ledger.problem('the queue is damaged');
}

function openSink(
  { sink }: SeriesOptions,
  folder: string,
  ledger: Ledger,
  random: Random,
): Promise<Sink> | Sink {
  if (sink === 'http') return httpSink(ledger, random);
  if (sink === 'lumberjack') return lumberjackSink(ledger, random);
  return fileSink(join(folder, 'out.log'), ledger);
}

/**
 * A free port below those that the kernel gives to outgoing connections: a sender that tries again and again while
 * nobody listens would in the end connect to itself.
 */
async function lowPort(random: Random): Promise<number> {
  for (;;) {
    const port = random.whole(12_000, 31_999);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
