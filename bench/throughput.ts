/**
 * Throughput beside rsyslog and syslog-ng: `node bench/throughput.ts [--scenarios a,b] [--runs 3] [--peers] [--json FILE]`,
 * or of the persisted queue beside that in memory: `--persisted [--checkpoint-writes 1]`.
 * One run of all contestants in turn, repeated; CPU seconds per million events of the whole process tree, events per
 * second, peak resident memory, events lost. Method and scenarios: bench/README.md.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Scenario, scenarios } from './scenarios.ts';

const { values: args } = parseArgs({
  options: {
    scenarios: { type: 'string', default: 'a,a2,b,b2,c,d,e,f,f2,g,i' },
    runs: { type: 'string', default: '3' },
    events: { type: 'string', default: '1000000' },
    peers: { type: 'boolean', default: false },
    bare: { type: 'boolean', default: false },
    persisted: { type: 'boolean', default: false },
    'checkpoint-writes': { type: 'string', multiple: true, default: [] },
    workers: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});

const root = resolve(import.meta.dirname, '..');
const build = join(root, 'build', 'bench');
const work = mkdtempSync(join(tmpdir(), 'millrace-bench-'));

export interface Result {
  readonly scenario: string;
  readonly contestant: string;
  readonly events: number;
  readonly cpuPerMillion: number;
  readonly perSecond: number;
  readonly peakMb: number;
  readonly lost: number;
}

function prepare(): void {
  mkdirSync(build, { recursive: true });
  for (const name of ['gen', 'sink']) {
    if (!existsSync(join(build, name))) {
      execFileSync('gcc', [
        '-O3',
        '-march=native',
        '-pthread',
        join(root, 'bench', 'tools', `${name}.c`),
        '-o',
        join(build, name),
      ]);
    }
  }
  if (!existsSync(join(build, 'ecs1k.ndjson')))
    execFileSync(process.execPath, [join(root, 'bench', 'tools', 'mkdata.mjs'), build], { stdio: 'inherit' });
}

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** User and system seconds, and peak resident megabytes, of a process and all below it. */
function usage(pid: number): { cpu: number; peak: number } {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const parent = Number(fields[1]);
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
    } catch {
      // Gone meanwhile.
    }
  }
  let cpu = 0;
  let peak = 0;
  const visit = (id: number): void => {
    try {
      const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      cpu += (Number(fields[11]) + Number(fields[12])) / TICKS;
      peak += Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) / 1024;
    } catch {
      // Gone meanwhile.
    }
    for (const child of parents.get(id) ?? []) visit(child);
  };
  visit(pid);
  return { cpu, peak };
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function waitForPort(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const open = await new Promise<boolean>((done) => {
      const socket = createConnection(port, '127.0.0.1', () => {
        socket.destroy();
        done(true);
      });
      socket.on('error', () => done(false));
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on ${port}`);
}

function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout!.on('data', (chunk) => (text += chunk));
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', () => done(text));
  });
}

/** Waits until the tree has used no CPU for a second; returns the usage and when it last worked. */
async function untilIdle(pid: number): Promise<{ cpu: number; peak: number; lastBusy: number }> {
  let last = usage(pid);
  let lastBusy = Date.now();
  for (;;) {
    await sleep(100);
    const now = usage(pid);
    if (now.cpu - last.cpu > 0.005) lastBusy = Date.now();
    last = { cpu: Math.max(now.cpu, last.cpu), peak: Math.max(now.peak, last.peak) };
    if (Date.now() - lastBusy > 1500) return { ...last, lastBusy };
  }
}

const countLines = (file: string): number =>
  existsSync(file) ? Number(execFileSync('wc', ['-l', file], { encoding: 'utf8' }).split(' ')[0]) : 0;

/** Millrace with another queue than that in memory. */
const queues: Record<string, readonly string[]> = { millrace: [] };
if (args.persisted) queues['persisted'] = ['--queue.type', 'persisted'];
for (const writes of args['checkpoint-writes'])
  queues[`writes ${writes}`] = ['--queue.type', 'persisted', '--queue.checkpoint.writes', writes];

async function measure(scenario: Scenario, contestant: string, events: number): Promise<Result> {
  const folder = mkdtempSync(join(work, `${scenario.name}-`));
  const input = await freePort();
  const target = await freePort();
  const out = join(folder, 'out.ndjson');
  const place = { input, target, out, folder, data: build, workers: Number(args.workers) };
  const queue = queues[contestant] ?? [];
  const command = scenario.contestants[contestant in queues ? 'millrace' : contestant]!(place);
  for (const [name, text] of Object.entries(command.files)) writeFileSync(join(folder, name), text);
  const sink = scenario.sink
    ? spawn(
        join(build, 'sink'),
        [
          scenario.sink,
          String(target),
          String(events),
          '5',
          ...(scenario.sink === 'http' ? ['"message"'] : []),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
    : undefined;
  const counted = sink ? output(sink) : undefined;
  if (sink) await sleep(150);
  if (scenario.sender === 'file') {
    // From its beginning: the file is there before the contestant starts, and is long enough that starting up
    // does not count.
    const copy = openSync(join(folder, 'in.log'), 'w');
    const data = readFileSync(join(build, scenario.data));
    for (let written = 0; written < events; written += 1_000_000) writeSync(copy, data);
    closeSync(copy);
  }
  const child = spawn(command.argv[0]!, [...command.argv.slice(1), ...queue], {
    cwd: folder,
    stdio: ['ignore', 'ignore', process.env['BENCH_VERBOSE'] ? 'inherit' : 'ignore'],
    env: { ...process.env, ...command.env },
  });
  try {
    let started = Date.now();
    let before = { cpu: 0 };
    /** Seconds, where the sender knows when all of its events were answered. */
    let answeredIn: number | undefined;
    if (scenario.sender !== 'file') {
      if (scenario.sender === 'udp') await sleep(1500);
      else await waitForPort(input);
      await sleep(400);
      before = usage(child.pid!);
      started = Date.now();
    }
    if (scenario.sender === 'tcp') {
      await output(
        spawn(
          join(build, 'gen'),
          ['tcp', '127.0.0.1', String(input), join(build, scenario.data), String(events), '1'],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        ),
      );
    } else if (scenario.sender === 'lumberjack') {
      const report = await output(
        spawn(
          process.execPath,
          [
            join(root, 'bench', 'lumberjack-sender.ts'),
            '--port',
            String(input),
            '--events',
            String(events),
            '--data',
            join(build, scenario.data),
          ],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        ),
      );
      answeredIn = (JSON.parse(report) as { seconds: number }).seconds;
    }
    if (scenario.sender === 'udp') {
      await output(
        spawn(
          join(build, 'gen'),
          [
            'udp',
            '127.0.0.1',
            String(input),
            join(build, scenario.data),
            String(events),
            String(scenario.rate),
          ],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        ),
      );
    }
    const received = counted ? (JSON.parse(await counted) as { events: number }).events : undefined;
    const { cpu, peak, lastBusy } = await untilIdle(child.pid!);
    const arrived = received ?? (scenario.counts === 'file' ? countLines(out) : events);
    return {
      scenario: scenario.name,
      contestant,
      events,
      cpuPerMillion: ((cpu - before.cpu) / events) * 1e6,
      perSecond: events / (answeredIn ?? (lastBusy - started) / 1000),
      peakMb: peak,
      lost: events - arrived,
    };
  } finally {
    child.kill('SIGTERM');
    await Promise.race([new Promise((done) => child.on('exit', done)), sleep(3000)]);
    child.kill('SIGKILL');
    sink?.kill('SIGKILL');
    if (existsSync(out) && statSync(out).size > 0 && process.env['BENCH_VERBOSE'])
      execFileSync('head', ['-n', '1', out], { stdio: 'inherit' });
    rmSync(folder, { recursive: true, force: true });
  }
}

const median = (numbers: number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

/** Events per second, and CPU, as a share of what the queue in memory did in the same round: median and spread. */
function besideMemory(own: readonly Result[]): string {
  const memory = results.filter(
    (each) => each.scenario === own[0]!.scenario && each.contestant === 'millrace',
  );
  const share = (of: (result: Result) => number): string => {
    const shares = own.map((each, round) => (of(each) / of(memory[round]!)) * 100).sort((a, b) => a - b);
    return `${Math.round(median(shares))} % (${Math.round(shares[0]!)}–${Math.round(shares.at(-1)!)})`;
  };
  return `  of memory: events/s ${share((each) => each.perSecond)}, CPU ${share((each) => each.cpuPerMillion)}`;
}

prepare();
const results: Result[] = [];
const wanted = args.scenarios!.split(',');
try {
  for (const scenario of scenarios.filter((each) => wanted.includes(each.name))) {
    const contestants = Object.keys(scenario.contestants)
      .filter((name) => args.peers || name === 'millrace' || (args.bare && name === 'bare'))
      .concat(Object.keys(queues).slice(1));
    for (let run = 0; run < Number(args.runs); run++) {
      // There and back, so that a machine that slows down does not slow the last ones only.
      for (const contestant of run % 2 === 0 ? contestants : contestants.toReversed())
        results.push(await measure(scenario, contestant, scenario.events ?? Number(args.events)));
    }
    for (const contestant of contestants) {
      const own = results.filter((each) => each.scenario === scenario.name && each.contestant === contestant);
      const cpu = own.map((each) => each.cpuPerMillion);
      console.log(
        `(${scenario.name}) ${contestant.padEnd(10)} ${median(cpu).toFixed(2)} CPU s/M (${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)})  ` +
          `${Math.round(median(own.map((each) => each.perSecond)) / 1000)}k/s  ${Math.round(Math.max(...own.map((each) => each.peakMb)))} MB  lost ${Math.max(...own.map((each) => each.lost))}` +
          (contestant === 'millrace' && scenario.target ? `  target ${scenario.target}` : '') +
          (contestant in queues && contestant !== 'millrace' ? besideMemory(own) : ''),
      );
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (args.json) {
  writeFileSync(
    args.json,
    `${JSON.stringify({ machine: `${cpus().length} × ${cpus()[0]?.model}`, node: process.version, date: new Date().toISOString().slice(0, 10), results }, null, 1)}\n`,
  );
}
