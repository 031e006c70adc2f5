/**
 * Real programs that tests talk to. Where one is missing its tests are skipped visibly, with the reason in their
 * name; in CI a skipped test is a failure (scripts/test.js). The list of all is test/peers/README.md.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe } from 'vitest';

export const root = resolve(import.meta.dirname, '../..');
const unpacked = join(root, 'build', 'peers');
/** For PYTHONPATH. */
export const pythonModules = join(unpacked, 'usr/lib/python3/dist-packages');
const libraries = join(unpacked, 'usr/lib/x86_64-linux-gnu');

/** Why a peer can not be used; undefined when it can. */
export type Missing = string | undefined;

/** Tests against peers, skipped when one of them is missing. */
export function describePeer(name: string, missing: readonly Missing[], tests: () => void): void {
  const reasons = missing.filter((each) => each !== undefined);
  const title = reasons.length > 0 ? `${name} (skipped: ${reasons.join('; ')})` : name;
  describe.skipIf(reasons.length > 0)(title, tests);
}

/** Whether a command can be found in PATH. */
export function command(name: string): Missing {
  const { status } = spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
  return status === 0 ? undefined : `${name} is not installed`;
}

const inBuild = (file: string, name: string): Missing =>
  existsSync(join(unpacked, file))
    ? undefined
    : `${name} is not in build/peers: node scripts/set-up.js --test (as root, on Debian)`;

export const peers = {
  rsyslog: inBuild('usr/sbin/rsyslogd', 'rsyslog'),
  rsyslogElasticsearch: inBuild(
    'usr/lib/x86_64-linux-gnu/rsyslog/omelasticsearch.so',
    'rsyslog-elasticsearch',
  ),
  syslogNgHttp: inBuild('usr/share/syslog-ng/include/scl/elasticsearch', 'syslog-ng-mod-http'),
  faketime: inBuild('usr/bin/faketime', 'faketime'),
  syslogNg: inBuild('usr/sbin/syslog-ng', 'syslog-ng'),
  pythonElasticsearch: inBuild('usr/lib/python3/dist-packages/elasticsearch', 'python3-elasticsearch'),
  curl: command('curl'),
  gcc: command('gcc'),
  logger: command('logger'),
  openssl: command('openssl'),
  python3: command('python3'),
} as const;

export interface PeerOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A program, with all that it starts, that keeps running until `stop`. */
export class Peer {
  readonly child: ChildProcess;
  /** Standard output and error, as they come. */
  output = '';
  readonly exited: Promise<number>;
  hasEnded = false;

  constructor(program: string, args: readonly string[], { env, cwd }: PeerOptions = {}) {
    // A process group of its own, so that `stop` reaches what a shell has started.
    this.child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      cwd,
      detached: true,
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    this.exited = new Promise((done) => {
      this.child.on('close', (code) => {
        this.hasEnded = true;
        done(code ?? 1);
      });
      this.child.on('error', (error) => {
        this.output += error.message;
        this.hasEnded = true;
        done(1);
      });
    });
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const timer = setTimeout(() => this.#signal('SIGKILL'), 2_000);
    this.#signal('SIGTERM');
    await this.exited;
    clearTimeout(timer);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, signal);
  }
}

/** rsyslogd with a config; everything it keeps is in the folder. */
export function startRsyslog(folder: string, configFile: string, env: Record<string, string> = {}): Peer {
  const args = ['-n', '-f', configFile, '-i', join(folder, 'rsyslog.pid'), '-M', join(libraries, 'rsyslog')];
  return new Peer(join(unpacked, 'usr/sbin/rsyslogd'), args, { env });
}

/** syslog-ng with a config; everything it keeps is in the folder. */
export function startSyslogNg(folder: string, configFile: string, env: Record<string, string> = {}): Peer {
  const at = (name: string): string => join(folder, name);
  const files = ['-f', configFile, '-R', at('syslog-ng.persist'), '-c', at('syslog-ng.ctl')];
  const modules = ['-p', at('syslog-ng.pid'), '--module-path', join(unpacked, 'usr/lib/syslog-ng/3.38')];
  const args = ['-F', '--no-caps', ...files, ...modules];
  const path = `${join(unpacked, 'usr/lib/syslog-ng')}:${libraries}`;
  return new Peer(join(unpacked, 'usr/sbin/syslog-ng'), args, { env: { LD_LIBRARY_PATH: path, ...env } });
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit status. */
export function runProgram(
  program: string,
  args: readonly string[],
  { input = '', cwd, env }: { input?: string | Uint8Array; cwd?: string; env?: Record<string, string> } = {},
): Promise<Finished> {
  return new Promise((done, fail) => {
    const child = execFile(
      program,
      args,
      { cwd, env: { ...process.env, ...env }, maxBuffer: 64 << 20, timeout: 30_000 },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') fail(error);
        else done({ code: (error?.code as number | undefined) ?? 0, stdout, stderr });
      },
    );
    child.stdin!.on('error', () => {}); // It may end without reading.
    child.stdin!.end(input);
  });
}
