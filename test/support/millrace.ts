/** Runs the real program for end-to-end tests: a folder of its own, ports that are free, output collected. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const folders: string[] = [];
const running = new Set<Millrace>();

/** A folder that is removed by `cleanUp`. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  folders.push(folder);
  return folder;
}

/** Call in `afterEach`: ends what still runs and removes folders. */
export async function cleanUp(): Promise<void> {
  await Promise.all([...running].map((each) => each.kill()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** Polls until `condition` gives something; fails with the message after the time. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  seconds = 10,
): Promise<NonNullable<T>> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

export interface RunOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A launcher of `compat/bin` instead of `bin/millrace.js`. */
  readonly program?: string;
}

export class Millrace {
  readonly child: ChildProcess;
  readonly folder: string;
  stdout = '';
  stderr = '';
  readonly exited: Promise<number>;
  exitCode: number | undefined;

  constructor({ args, env, cwd, program }: RunOptions) {
    this.folder = temporaryFolder();
    const file = program ? join(root, 'compat', 'bin', program) : process.execPath;
    const before = program ? [] : [join(root, 'bin', 'millrace.js')];
    this.child = spawn(file, [...before, ...args], {
      cwd: cwd ?? this.folder,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (this.stdout += chunk));
    this.child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk));
    running.add(this);
    this.exited = new Promise((done) => {
      this.child.on('close', (code, signal) => {
        running.delete(this);
        this.exitCode = code ?? (signal ? 128 : 1);
        done(this.exitCode);
      });
    });
  }

  /** Waits for the line that says that the pipelines run. */
  async ready(seconds = 15): Promise<this> {
    await until(
      () => {
        if (this.exitCode !== undefined) throw new Error(`it ended with ${this.exitCode}:\n${this.stderr}`);
        return this.stderr.includes('ipelines running') || this.stderr.includes('No pipeline is running');
      },
      `ready; it says:\n${this.stderr}`,
      seconds,
    );
    return this;
  }

  /** Base URL of its monitoring API. */
  get api(): string {
    return /monitoring API at (\S+)/.exec(this.stderr)![1]!.replace(/[,"]+$/, '');
  }

  /** Events printed so far by a `stdout { codec => json_lines }`. */
  events(): any[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  async waitForEvents(count: number, seconds = 15): Promise<any[]> {
    await until(
      () => this.events().length >= count,
      `${count} events; there are ${this.events().length}\n${this.stderr}`,
      seconds,
    );
    return this.events();
  }

  /** Ends it as `kill` does, and resolves to the exit status. */
  async stop(): Promise<number> {
    this.child.kill('SIGTERM');
    return this.exited;
  }

  async kill(): Promise<void> {
    if (this.exitCode === undefined) this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** Runs a config (written to a file) with its own data folder and API port range; resolves when it is ready. */
export async function runConfig(
  config: string,
  args: readonly string[] = [],
): Promise<Millrace & { configFile: string }> {
  const folder = temporaryFolder();
  const configFile = join(folder, 'pipeline.conf');
  writeFileSync(configFile, config);
  const millrace = new Millrace({
    args: ['-f', configFile, '--path.data', join(folder, 'data'), '--api.http.port', '19600-19999', ...args],
  });
  await millrace.ready();
  return Object.assign(millrace, { configFile });
}

/** Runs a program to its end. */
export async function runToEnd(
  options: RunOptions,
  input?: string,
): Promise<{ code: number; stdout: string; stderr: string; seconds: number }> {
  const started = performance.now();
  const program = new Millrace(options);
  program.child.stdin!.end(input ?? '');
  const code = await program.exited;
  return {
    code,
    stdout: program.stdout,
    stderr: program.stderr,
    seconds: (performance.now() - started) / 1000,
  };
}

/** Resident megabytes of a process and all below it. */
export function residentMegabytes(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  const own = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
  return own + children.reduce((sum, child) => sum + residentMegabytes(child), 0);
}
