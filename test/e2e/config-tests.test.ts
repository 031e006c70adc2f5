/** `millrace test` with the real program. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, Millrace, runToEnd, temporaryFolder, until } from '../support/millrace.ts';

afterEach(cleanUp);
const examples = resolve(import.meta.dirname, '../../examples');

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const config = `input { stdin { id => "in" } }
filter { mutate { add_field => { "greeting" => "hello %{message}" } remove_field => ["host"] } }
output { stdout { } }
`;
const tests = `config: pipeline.conf
tests:
  - name: greets
    lines: ada
    expect: { fields: { greeting: hello ada } }
  - name: greets wrongly
    lines: bob
    expect: { fields: { greeting: bye bob } }
`;
const run = (cwd: string, ...args: string[]) => runToEnd({ args: ['test', ...args], cwd });

describe('in a folder', () => {
  test('finds tests, says what failed with a diff, and ends with 1', async () => {
    const folder = folderWith({ 'pipeline.conf': config, 'sub/a.yml': 'a: 1\n', 'pipeline.test.yml': tests });
    const result = await run(folder);
    expect(result.code).toBe(1);
    expect(result.stdout).toContain('FAILED pipeline.test.yml:6  greets wrongly');
    expect(result.stdout).toContain('    - greeting: "bye bob"\n    + greeting: "hello bob"\n');
    expect(result.stdout).toMatch(/1 failed, 1 passed in \d+ ms\n$/);
    expect(result.stdout).not.toContain('\x1b');
    const colored = await run(folder, '--color');
    expect(colored.stdout).toContain('\x1b[31m');
  });

  test('--update writes what came out, and then all pass', async () => {
    const folder = folderWith({ 'pipeline.conf': config, 'pipeline.test.yml': `# Mine.\n${tests}` });
    const result = await run(folder, '--update');
    expect([result.code, result.stdout]).toEqual([0, expect.stringContaining('1 test updated')]);
    const text = readFileSync(join(folder, 'pipeline.test.yml'), 'utf8');
    expect(text).toContain('# Mine.');
    expect(text).toContain('greeting: hello bob');
  });

  test('--filter, --json and --junit', async () => {
    const folder = folderWith({ 'pipeline.conf': config, 'pipeline.test.yml': tests });
    const one = await run(folder, '--filter', 'wrongly', '--json', '--junit', 'out.xml');
    expect(one.code).toBe(1);
    const report = JSON.parse(one.stdout);
    expect(report).toMatchObject({ failed: 1, passed: 0 });
    expect(report.files[0].tests[0]).toMatchObject({ name: 'greets wrongly', line: 6, status: 'failed' });
    const xml = readFileSync(join(folder, 'out.xml'), 'utf8');
    expect(xml).toContain('<testsuites name="millrace test" tests="1" failures="1" errors="0" skipped="0"');
    expect(xml).toContain('<failure message="event 1 is not as expected">');
    expect(xml).toContain('- greeting: &quot;bye bob&quot;');
    expect((await run(folder, '--filter', 'nothing')).stderr).toContain('no test has "nothing"');
  });

  test('a broken config is told once, with its place; a broken test file with a hint', async () => {
    const folder = folderWith({
      'pipeline.conf': 'filter { gork { } }\n',
      'a.test.yml': tests,
      'b.test.yml': 'tests:\n  - line: a\n    count: 1\n',
    });
    const { code, stdout } = await run(folder);
    expect(code).toBe(1);
    expect(stdout.split('there is no filter `gork`')).toHaveLength(2);
    expect(stdout).toContain('b.test.yml:2:5: error: a test has no key `line`');
    expect(stdout).toContain('hint: did you mean `lines`?');
    expect(stdout).toMatch(/3 broken, 0 passed/);
  });
});

test('the time zone is UTC, unless a test names another', async () => {
  const folder = folderWith({
    't.yml': `config: 'filter { date { match => ["message", "yyyy-MM-dd HH:mm"] } }'
tests:
  - { lines: 2026-07-04 10:00, expect: { fields: { '@timestamp': 2026-07-04T10:00:00Z } } }
  - { lines: 2026-07-04 10:00, timezone: Europe/Helsinki, expect: { fields: { '@timestamp': 2026-07-04T07:00:00Z } } }
  - { lines: 2026-07-04 10:00, expect: { fields: { '@timestamp': 2026-07-04T10:00:00Z } } }
`,
  });
  const result = await runToEnd({ args: ['test'], cwd: folder, env: { TZ: 'America/New_York' } });
  expect(result.stdout).toMatch(/^3 passed/);
});

test('CRuby in WebAssembly lives by the clock of the test', async () => {
  const folder = folderWith({
    't.yml': `config: 'filter { ruby { code => "require %q(date); event.set(%q(d), Date.today.to_s + ObjectSpace.count_objects.class.to_s)" } }'
tests:
  - { lines: a, now: 2019-08-01T12:00:00Z, expect: { fields: { d: 2019-08-01Hash } } }
`,
  });
  expect((await run(folder)).stdout).toMatch(/^1 passed/);
});

test('a pipeline of pipelines.yml, with a secret of the keystore as stand-in', async () => {
  const folder = folderWith({
    'settings/pipelines.yml': `- pipeline.id: one
  config.string: 'input { stdin { } } filter { mutate { add_field => { "s" => "\${SECRET}" } } }'
- pipeline.id: two
  config.string: 'input { stdin { } }'
`,
    'tests/t.yml':
      'pipeline: one\nkeystore: { SECRET: x }\ntests:\n  - { lines: a, expect: { fields: { s: x } } }\n',
  });
  const result = await run(folder, '--path.settings', 'settings', 'tests');
  expect([result.code, result.stdout]).toEqual([0, expect.stringMatching(/^1 passed/)]);
});

test('tests of logstash-filter-verifier with the config on the command line', async () => {
  const folder = folderWith({
    'filters.conf': 'filter { mutate { add_field => { "a" => "%{type}" } } }',
    'cases/one.json': JSON.stringify({
      fields: { type: 'app' },
      ignore: ['@timestamp'],
      testcases: [{ input: ['m'], expected: [{ message: 'm', type: 'app', a: 'app' }] }],
    }),
  });
  expect((await run(folder, 'cases', 'filters.conf')).stdout).toMatch(/^1 passed/);
  expect((await run(folder, 'cases/one.json', '--config', '*.conf', '--verbose')).stdout).toContain('passed');
  expect((await run(folder, 'cases')).stdout).toContain('it is not said what is tested');
});

test('--plugin-mock, as logstash-filter-verifier has it', async () => {
  const folder = folderWith({
    'filters.conf': 'filter { mutate { id => "one" add_field => { "a" => "1" } } }',
    'mocks.yml': '- id: one\n  mock: |\n    mutate { add_field => { "a" => "2" } }\n',
    't.yml': 'tests:\n  - { lines: x, expect: { fields: { a: "2" } } }\n',
    'no.yml': 'id: one\n',
  });
  const result = await run(folder, 't.yml', 'filters.conf', '--plugin-mock', 'mocks.yml');
  expect([result.code, result.stdout]).toEqual([0, expect.stringMatching(/^1 passed/)]);
  expect((await run(folder, 't.yml', '--plugin-mock', 'no.yml')).stderr).toContain(
    'expected a list of mocks',
  );
});

test('--watch runs again when a config changes, and ends with a signal', async () => {
  const folder = folderWith({ 'pipeline.conf': config, 'pipeline.test.yml': tests });
  const child = new Millrace({ args: ['test', '--watch'], cwd: folder });
  await until(() => child.stdout.includes('1 failed, 1 passed'), 'the first run');
  writeFileSync(join(folder, 'pipeline.conf'), config.replace('hello', 'bye'));
  await until(() => child.stdout.split('1 failed, 1 passed').length === 3, 'the second run');
  expect(child.stdout).toContain('+ greeting: "bye ada"');
  child.child.kill('SIGINT');
  expect(await child.exited).toBe(0);
});

test('wrong arguments', async () => {
  const folder = temporaryFolder();
  expect((await run(folder, '--fliter', 'x')).stderr).toContain('did you mean --filter?');
  expect((await run(folder, 'nothing.yml')).stderr).toContain('there is no file or folder nothing.yml');
  expect((await run(folder)).stderr).toContain('there are no tests in this folder');
  expect((await run(folder, '--help')).stdout).toContain('Usage: millrace test');
});

test('the example passes', async () => {
  const { code, stdout } = await run(join(examples, 'tested-pipeline'));
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^6 passed/)]);
});

// On a busy machine the best of a few tries says what it costs.
test('a hundred tests take less than a second, the whole process', async () => {
  const cases = Array.from(
    { length: 100 },
    (_, at) =>
      `  - { name: case ${at}, lines: 'user${at} 192.0.2.${at}', expect: { fields: { user: user${at}, ip: 192.0.2.${at} } } }\n`,
  );
  const folder = folderWith({
    't.yml': `config: 'filter { grok { match => { "message" => "%{USERNAME:user} %{IP:ip}" } } mutate { lowercase => ["user"] } }'\ntests:\n${cases.join('')}`,
  });
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 8 && best > 1000; tries++) {
    const began = performance.now();
    const { stdout } = await run(folder);
    best = Math.min(best, performance.now() - began);
    expect(stdout).toMatch(/^100 passed/);
  }
  expect(best).toBeLessThan(1000);
});
