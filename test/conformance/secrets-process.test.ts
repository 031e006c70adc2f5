/** A running process with secrets of every kind: neither its log nor any page of its monitoring API shows them. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { eventually, makeFolder } from './support.ts';

const LITERAL = 'Tr0ub4dor-and-3';
const KEPT = 'correct-horse-battery';
const ENVIRONMENT = 'from-the-environment-9';
const launcher = `${import.meta.dirname}/../../bin/millrace.js`;

const pages = [
  ...[
    '/',
    '/_node',
    '/_node/os',
    '/_node/jvm',
    '/_node/pipelines?graph=true',
    '/_node/pipelines/main?graph=true',
  ],
  ...['/_node/stats', '/_node/stats/pipelines/main?vertices=true', '/_node/hot_threads', '/_node/plugins'],
  ...['/_node/logging', '/_health_report', '/metrics', '/no/such/page'],
];

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('log and monitoring API of a running process', async () => {
  const folder = makeFolder();
  const settings = `${folder.path}/settings`;
  mkdirSync(settings);
  const keystore = (args: string[], input = ''): void => {
    execFileSync(process.execPath, [launcher, 'keystore', '--path.settings', settings, ...args], { input });
  };
  keystore(['create']);
  keystore(['add', 'KEPT', '--stdin'], KEPT);
  const config = folder.file(
    'secrets.conf',
    `input {
      http { host => "127.0.0.1" port => 0 user => "in" password => "${LITERAL}" }
      http { host => "127.0.0.1" port => 0 user => "\${KEPT}" password => "\${KEPT}" }
      generator { count => 1 add_field => { "token" => "\${KEPT}" } message => "\${FROM_ENVIRONMENT}" }
    }
    filter {
      fingerprint { method => "SHA256" key => "\${FROM_ENVIRONMENT}" target => "digest" }
      if [token] == "\${KEPT}" { mutate { add_field => { "api_key" => "${LITERAL}" } } }
    }
    output {
      null { }
      tcp { host => "127.0.0.1" port => ${await closedPort()} codec => line { format => "\${KEPT}" } }
    }`,
  );
  const child = spawn(
    process.execPath,
    [
      launcher,
      '-f',
      config,
      '--path.settings',
      settings,
      '--path.data',
      `${folder.path}/data`,
      '--log.level',
      'trace',
      '--config.debug',
      '--api.http.port',
      '0',
    ],
    { env: { ...process.env, FROM_ENVIRONMENT: ENVIRONMENT }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    await eventually(
      () => /monitoring API at http/.test(said) && /ECONNREFUSED|refused/.test(said),
      'the start',
      10_000,
    );
    const url = /monitoring API at (http:\/\/[\d.:]+)/.exec(said)![1]!;
    for (const page of pages) {
      const text = await (await fetch(url + page)).text();
      expect(text, page).not.toContain(KEPT);
      expect(text, page).not.toContain(LITERAL);
      expect(text, page).not.toContain(ENVIRONMENT);
    }
  } finally {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 300).unref();
    await ended;
  }
  // What the environment holds is a secret only where an option is one.
  expect(said).not.toContain(KEPT);
  expect(said).not.toContain(LITERAL);
  expect(said).not.toContain(ENVIRONMENT);
});
