/**
 * Every folder of examples/ is run by the real program on its input, and must give the events of its
 * expected.jsonl. `UPDATE_EXAMPLES=1 npx vitest run test/examples.test.ts` writes those files anew.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseJson } from '../src/event/json.ts';

const folder = join(import.meta.dirname, '..', 'examples');
const launcher = join(import.meta.dirname, '..', 'bin', 'millrace.js');

interface Example {
  /** A file for standard input. */
  readonly stdin?: string;
  /** Sends the input to the port that the config takes from PORT. */
  readonly send?: (port: number, path: (name: string) => string) => Promise<void>;
  /** Run by `millrace test`: it has tests in the place of input and output. */
  readonly configTests?: true;
  /** It does not end by itself. */
  readonly endless?: true;
  /** Run by pipelines.yml instead of pipeline.conf. */
  readonly pipelines?: true;
  /** Events of different pipelines come in any order. */
  readonly unordered?: true;
  /** The log names no year: the one that makes sense on the day of the run is taken. */
  readonly guessesYear?: true;
}

const json = { 'content-type': 'application/json' };

async function http(port: number, method: string, body: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method, headers: json, body });
  expect([response.status, await response.text()]).toEqual([200, 'ok']);
}

const examples: Readonly<Record<string, Example>> = {
  'apache-access-log': { stdin: 'access.log' },
  'csv-to-columns': { stdin: 'logons.csv' },
  'json-enrich': { stdin: 'alerts.jsonl' },
  'kv-firewall': { stdin: 'firewall.log' },
  'multiline-java-stacktrace': { stdin: 'app.log' },
  'netcat-tcp': {
    send: async (port, path) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.end(readFileSync(path('events-cp1252.jsonl')));
      await new Promise((resolve, reject) => socket.once('finish', resolve).once('error', reject));
    },
    endless: true,
  },
  'sensorfleet-forwarder': {
    send: (port, path) => http(port, 'PUT', readFileSync(path('event.json'), 'utf8')),
    endless: true,
  },
  'syslog-rfc3164': { guessesYear: true },
  'tested-pipeline': { configTests: true },
  'two-pipelines': { stdin: 'mixed.jsonl', pipelines: true, endless: true, unordered: true },
  'wallarm-webhook': {
    send: (port, path) => http(port, 'POST', readFileSync(path('webhook.json'), 'utf8')),
    endless: true,
  },
};

/** What differs from run to run. */
const VOLATILE = ['host', 'port', 'path'];

function withoutVolatile(line: string, { guessesYear }: Example): string {
  // Every digit counts.
  const fields = parseJson(line) as Record<string, unknown>;
  for (const name of VOLATILE) delete fields[name];
  const time = String(fields['@timestamp']);
  // The time of receipt, where the config sets no other.
  if (Math.abs(Date.now() - Date.parse(time)) < 3_600_000) delete fields['@timestamp'];
  else if (guessesYear) fields['@timestamp'] = time.replace(/^\d{4}/, 'YYYY');
  return JSON.stringify(fields);
}

let running: ChildProcess | undefined;
let temporary = '';
afterEach(async () => {
  if (running && running.exitCode === null && running.signalCode === null) {
    const ended = new Promise((resolve) => running!.once('close', resolve));
    running.kill('SIGKILL');
    await ended;
  }
  rmSync(temporary, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function until(condition: () => boolean, what: () => string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Runs an example to its end, or until as many events came as are expected; returns them as lines. */
async function run(name: string, example: Example, expected: number): Promise<string[]> {
  const path = (file: string): string => join(folder, name, file);
  temporary = mkdtempSync(join(tmpdir(), 'millrace-example-'));
  const port = await freePort();
  const stdin = example.stdin === undefined ? 'ignore' : openSync(path(example.stdin), 'r');
  const config = example.pipelines ? ['--path.settings', '.'] : ['-f', 'pipeline.conf'];
  const child = spawn(
    process.execPath,
    [launcher, ...config, '--path.data', temporary, '--api.enabled', 'false'],
    {
      cwd: path('.'),
      env: {
        ...process.env,
        PWD: path('.').replace(/\/$/, ''),
        PORT: String(port),
      },
      stdio: [stdin, 'pipe', 'pipe'],
    },
  );
  running = child;
  if (typeof stdin === 'number') closeSync(stdin);
  let output = '';
  let log = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = (): string[] => output.split('\n').slice(0, -1);
  await until(
    () => /Pipelines running/.test(log) || child.exitCode !== null,
    () => `the start: ${log}`,
  );
  await example.send?.(port, path);
  if (example.endless) {
    await until(
      () => lines().length >= expected,
      () => `${expected} events, got ${output}\n${log}`,
    );
    child.kill('SIGTERM');
  }
  const status = await ended;
  // A healthy example says nothing but that it starts and stops; as root it is warned.
  expect(
    log
      .split('\n')
      .filter(
        (line) =>
          /\[(?:WARN |ERROR)\]|: (?:error|warning|lint):/.test(line) && !line.includes('running as root'),
      ),
  ).toEqual([]);
  expect(status, log).toBe(0);
  return lines();
}

for (const [name, example] of Object.entries(examples)) {
  test(name, async () => {
    if (example.configTests) {
      const cwd = join(folder, name);
      const output = execFileSync(process.execPath, [launcher, 'test'], { cwd, encoding: 'utf8' });
      expect(output).toMatch(/^[1-9]\d* passed/);
      return;
    }
    const file = join(folder, name, 'expected.jsonl');
    const update = process.env['UPDATE_EXAMPLES'] !== undefined;
    const expected = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    const count = update && expected.length === 0 ? 1 : expected.length;
    let events = (await run(name, example, count)).map((line) => withoutVolatile(line, example));
    if (example.unordered) events = events.sort();
    if (update) writeFileSync(file, events.map((line) => `${line}\n`).join(''));
    else expect(events).toEqual(expected);
  });
}

test('every folder is run and described', () => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(examples).sort());
  const index = readFileSync(join(folder, 'README.md'), 'utf8');
  for (const { name } of folders) {
    const readme = readFileSync(join(folder, name, 'README.md'), 'utf8');
    expect(readme.split('\n').filter(Boolean)).toHaveLength(3);
    expect(index).toContain(`[${name}](${name})`);
  }
});
