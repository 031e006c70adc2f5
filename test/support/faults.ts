/** What tests of faults share: file systems to break, a sender that knows what was answered, a receiver with moods. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Millrace, type RunOptions, runToEnd, temporaryFolder, until } from './millrace.ts';

/** Seconds until all has arrived after a receiver is well again, at most: the longest pause between two tries. */
export const RECOVERY = 35;

// ---- health ----

export interface PipelineHealth {
  readonly status: string;
  readonly symptom: string;
  readonly diagnosis?: readonly { readonly id: string; readonly cause: string; readonly action: string }[];
}

/** Health of the pipeline `main`, as `/_health_report` has it. */
export async function health({ api }: Millrace, pipeline = 'main'): Promise<PipelineHealth> {
  const report = (await (await fetch(`${api}/_health_report`)).json()) as any;
  return report.indicators.pipelines.indicators[pipeline];
}

/** Waits until the health report has this status and these words among its causes; returns all it says. */
export async function untilHealth(
  millrace: Millrace,
  status: 'green' | 'yellow' | 'red',
  words: RegExp | string = '',
  seconds = 12,
): Promise<string> {
  let last: PipelineHealth | undefined;
  try {
    await until(
      async () => {
        last = await health(millrace);
        const text = JSON.stringify(last).replaceAll('\\"', '"');
        return (
          last.status === status && (typeof words === 'string' ? text.includes(words) : words.test(text))
        );
      },
      '',
      seconds,
    );
  } catch {
    throw new Error(
      `health is not ${status} with ${words} within ${seconds} s, but ${JSON.stringify(last)}\n${millrace.stderr}`,
    );
  }
  return last!.symptom;
}

/** Ends it as `kill` does; fails with all it said if that does not go well. */
export async function stopWell(millrace: Millrace): Promise<void> {
  const status = await millrace.stop();
  if (status !== 0) throw new Error(`it ended with ${status}:\n${millrace.stderr}`);
}

/** Unacknowledged events of the pipeline. */
export async function queued({ api }: Millrace): Promise<number> {
  const stats = (await (await fetch(`${api}/_node/stats/pipelines`)).json()) as any;
  return stats.pipelines.main.queue.events_count;
}

/** Starts with a persisted queue, a data folder and a port for monitoring; more arguments may take their place. */
export function startMillrace(
  config: string,
  args: readonly string[] = [],
  env: RunOptions['env'] = {},
): Promise<Millrace> {
  const folder = temporaryFolder();
  const file = join(folder, 'pipeline.conf');
  writeFileSync(file, config);
  const own = ['-f', file, '--queue.type', 'persisted', '--api.http.port', '19600-19999'];
  if (!args.includes('--path.data')) own.push('--path.data', join(folder, 'data'));
  return new Millrace({ args: [...own, ...args], env }).ready();
}

export const httpInput = (port: number): string =>
  `input { http { id => "in" host => "127.0.0.1" port => ${port} codec => line } }`;
export const httpOutput = (port: number, more = ''): string =>
  `output { http { id => "siem" url => "http://127.0.0.1:${port}/" http_method => post format => json_batch ${more} } }`;

// ---- a sender ----

/** Posts bodies of lines `n=1 …`, each again until it is answered with 200; one body at a time in each of its lanes. */
export class HttpSender {
  /** Numbers whose request was answered with 200. */
  readonly answered = new Set<number>();
  /** How often other answers came, and how often none. */
  readonly refusals = new Map<number, number>();
  readonly #url: string;
  readonly #lines: number;
  readonly #padding: string;
  #next = 1;
  #running = true;
  readonly #lanes: Promise<void>[] = [];

  constructor(port: number, { lines = 20, padding = 200, lanes = 4, pause = 5 } = {}) {
    this.#url = `http://127.0.0.1:${port}/`;
    this.#lines = lines;
    this.#padding = 'x'.repeat(padding);
    for (let lane = 0; lane < lanes; lane++) this.#lanes.push(this.#send(pause));
  }

  /** Numbers given out so far. */
  get begun(): number {
    return this.#next - 1;
  }

  async #send(pause: number): Promise<void> {
    while (this.#running) {
      const first = this.#next;
      this.#next += this.#lines;
      const numbers = Array.from({ length: this.#lines }, (_, index) => first + index);
      const body = numbers.map((n) => `n=${n} ${this.#padding}\n`).join('');
      for (;;) {
        let status = 0;
        try {
          const answer = await fetch(this.#url, { method: 'POST', body });
          await answer.text();
          ({ status } = answer);
        } catch {
          // No answer: sent again.
        }
        if (status === 200) break;
        this.refusals.set(status, (this.refusals.get(status) ?? 0) + 1);
        await delay(50);
      }
      for (const n of numbers) this.answered.add(n);
      await delay(pause);
    }
  }

  /** Sends nothing new, and resolves when everything is answered. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#lanes);
  }
}

/** Which of them did not arrive. */
export const missing = (answered: Iterable<number>, arrived: { has(n: number): boolean }): number[] =>
  [...answered].filter((n) => !arrived.has(n));

// ---- a receiver ----

/** Takes JSON arrays of events with `n=…` in their message, and answers as it is told. */
export class Sink {
  readonly arrived = new Map<number, number>();
  readonly port: number;
  requests = 0;
  /** Instead of taking the events: answers, breaks off, or does nothing. Undefined: it takes them. */
  mood: ((request: http.IncomingMessage, response: http.ServerResponse, body: string) => void) | undefined;
  #server: http.Server | undefined;

  constructor(port: number) {
    this.port = port;
  }

  async start(): Promise<this> {
    const server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('error', () => {});
      request.on('end', () => {
        this.requests++;
        if (this.mood) return this.mood(request, response, body);
        this.take(body);
        response.end('ok');
      });
    });
    this.#server = server;
    await new Promise<void>((done, fail) => server.once('error', fail).listen(this.port, '127.0.0.1', done));
    return this;
  }

  take(body: string): void {
    for (const [, n] of body.matchAll(/n=(\d+)/g))
      this.arrived.set(Number(n), (this.arrived.get(Number(n)) ?? 0) + 1);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

// ---- file systems ----

const mounts = new Set<string>();

/** Why nothing can be mounted here; undefined: it can. In CI as root it must be possible, and tests then fail. */
export const noMounts: string | undefined = (() => {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid!() !== 0) return 'needs root to mount a file system';
  if (process.env['CI']) return undefined;
  const folder = temporaryFolder();
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  if (status !== 0) return `mounting is not permitted: ${stderr}`;
  execFileSync('umount', [folder]);
  return undefined;
})();

/** A folder in memory that holds so much. */
export function tinyDisk(size: string): string {
  const folder = join(temporaryFolder(), 'disk');
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', folder], { stdio: 'pipe' });
  mounts.add(folder);
  return folder;
}

/** Fills a disk up to its last byte; `free` gives the room back. */
export function fill(folder: string): { free(): void } {
  const file = join(folder, 'ballast');
  spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=64k'], { stdio: 'ignore' });
  spawnSync('sh', ['-c', `head -c 65536 /dev/zero >> ${file}`], { stdio: 'ignore' });
  return { free: () => rmSync(file) };
}

export function remount(folder: string, mode: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${mode}`, folder], { stdio: 'pipe' });
}

/** To be called when nothing uses them any more. */
export function unmountAll(): void {
  for (const folder of mounts) spawnSync('umount', ['-l', folder]);
  mounts.clear();
}

// ---- dead letters ----

/** The dead letters of `main` below this folder: their reasons, and the numbers `n=…` in their events. */
export async function deadLetters(folder: string): Promise<{ numbers: Set<number>; reasons: Set<string> }> {
  const { stdout } = await runToEnd({
    args: ['dlq', 'show', 'main', '--path.dead_letter_queue', folder, '--json', '--limit', '100000'],
  });
  const letters = stdout.split('\n').filter((line) => line.startsWith('{'));
  return {
    numbers: new Set([...stdout.matchAll(/n=(\d+) /g)].map(([, n]) => Number(n))),
    reasons: new Set(letters.map((line) => JSON.parse(line).reason as string)),
  };
}

// ---- a lumberjack sender ----

/** A Beats client (version 2) on one connection, which keeps the acknowledgements it gets: 0 is a keepalive. */
export class LumberjackSender {
  readonly acks: number[] = [];
  readonly #socket: Socket;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    let rest = Buffer.alloc(0);
    this.#socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (; rest.length >= 6; rest = rest.subarray(6)) this.acks.push(rest.readUInt32BE(2));
    });
    this.#socket.on('error', () => {});
  }

  /** Sends one window of messages. */
  send(messages: readonly string[]): void {
    const header = Buffer.from('2W....');
    header.writeUInt32BE(messages.length, 2);
    const frames = messages.map((message, index) => {
      const body = Buffer.from(JSON.stringify({ message }));
      const frame = Buffer.from('2J........');
      frame.writeUInt32BE(index + 1, 2);
      frame.writeUInt32BE(body.length, 6);
      return Buffer.concat([frame, body]);
    });
    this.#socket.write(Buffer.concat([header, ...frames]));
  }

  stop(): void {
    this.#socket.destroy();
  }
}
