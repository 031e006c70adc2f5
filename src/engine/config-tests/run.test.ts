import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { registry } from '../../plugins/registry.ts';
import { runConfigTests, type TestReport } from './run.ts';
import { updatedFile } from './update.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const run = (text: string, more: object = {}) =>
  runConfigTests(
    { files: [{ file: 't.yml', text }], settings: {}, variables: { environment: {} }, ...more },
    registry,
  );

/** Tests of a config given as text. */
async function results(config: string, tests: string, more: object = {}): Promise<TestReport[]> {
  const inline = `config: |\n${config.replace(/^/gm, '  ')}\ntests:\n${tests}`;
  const report = await run(inline, more);
  expect(report.files.flatMap(({ errors }) => errors)).toEqual([]);
  return report.files.flatMap((file) => [...file.tests]);
}

const statuses = (tests: readonly TestReport[]): string[] =>
  tests.map(({ status, error }) => (error === undefined ? status : `${status}: ${error}`));
const differences = ({ problems }: TestReport) => problems.flatMap((each) => [...each.differences]);

describe('what is expected', () => {
  const config = 'filter { mutate { add_field => { "[a][b]" => "%{message}!" } add_tag => ["x", "y"] } }';

  test('exact events, subsets, patterns, absent fields, tags', async () => {
    const tests = await results(
      config,
      `  - lines: hello
    ignore: ['@timestamp', tags]
    expect: [{ event: { message: hello, a: { b: hello! } } }]
  - lines: hello
    expect: { fields: { '[a][b]': hello!, a: { b: hello! } }, matches: { message: '^h' }, absent: [c, '[a][c]'], tags: [y, x] }
  - lines: hello
    expect: { event: { message: hello } }
    ignore: ['@timestamp']
  - lines: hello
    expect: { fields: { '[a][b]': bye }, matches: { message: '^x' }, absent: [a], tags: [x] }
`,
    );
    expect(statuses(tests)).toEqual(['passed', 'passed', 'failed', 'failed']);
    expect(differences(tests[2]!)).toEqual([
      { kind: 'unexpected', field: 'a', actual: { b: 'hello!' } },
      { kind: 'unexpected', field: 'tags', actual: ['x', 'y'] },
    ]);
    expect(differences(tests[3]!)).toEqual([
      { kind: 'different', field: '[a][b]', expected: 'bye', actual: 'hello!' },
      { kind: 'different', field: 'message', expected: '/^x/', actual: 'hello' },
      { kind: 'unexpected', field: 'a', actual: { b: 'hello!' } },
      { kind: 'different', field: 'tags', expected: ['x'], actual: ['x', 'y'] },
    ]);
  });

  test('numbers of events, dropped ones, every event, any order', async () => {
    const tests = await results(
      'filter { if [message] == "noise" { drop {} } split { terminator => "," } }',
      `  - { lines: [noise], dropped: true }
  - { lines: ['a,b'], count: 2 }
  - { lines: ['a,b'], every: { fields: { '@version': '1' } } }
  - { lines: ['a,b'], any_order: true, expect: [{ fields: { message: b } }, { fields: { message: a } }] }
  - { lines: ['a,b'], expect: [{ fields: { message: b } }, { fields: { message: a } }] }
  - { lines: ['a,b'], dropped: true }
  - { lines: [noise], count: 1 }
  - { lines: [noise], every: { absent: [a] } }
  - { lines: [noise], count: 1, skip: true }
`,
    );
    expect(statuses(tests)).toEqual([...Array(4).fill('passed'), ...Array(4).fill('failed'), 'skipped']);
    expect(tests.slice(5, 8).map(({ problems }) => problems[0]!.message)).toEqual([
      'expected no event, and 2 events came out',
      'expected 1 event, and no event came out',
      'no event came out',
    ]);
    expect(tests[5]!.events.map(({ fields }) => fields['message'])).toEqual(['a', 'b']);
  });

  test('outputs, by id or name of the plugin, with the conditions around them', async () => {
    const tests = await results(
      `output {
  if [message] =~ /bad/ { file { id => "kept" path => "/nowhere/x" } }
  stdout { }
}`,
      `  - { lines: [bad], expect: { outputs: [kept, stdout] } }
  - { lines: [good], expect: { outputs: [stdout] } }
  - { lines: [good], expect: { outputs: [kept] } }
  - { lines: [bad, good], outputs: [stdout, file] }
  - { lines: [good], outputs: [stdout, file] }
`,
    );
    expect(statuses(tests)).toEqual(['passed', 'passed', 'failed', 'passed', 'failed']);
    expect(differences(tests[2]!)[0]).toMatchObject({ field: '(outputs)', expected: ['kept'] });
  });
});

describe('what goes in', () => {
  test('inputs read lines with their codec and common options; a codec reads them alone', async () => {
    const config = `input {
  tcp { id => "wire" port => 1 codec => json type => "t" tags => ["in"] }
  stdin { id => "typed" codec => multiline { pattern => "^ " what => "previous" } }
}`;
    const tests = await results(
      config,
      `  - { lines: ['{"a": 1}'], input: wire, source: { ip: 192.0.2.9 }, expect: { fields: { a: 1, type: t, tags: [in] } } }
  - { lines: ["a\\n", ' b', c], input: typed, count: 2 }
  - { lines: ['{"a": 1}'], codec: json, ignore: ['@timestamp'], expect: { event: { a: 1 } } }
  - { events: [{ a: 1 }], input: wire, expect: { fields: { type: t } } }
  - { events: [{ a: 1 }], expect: { absent: [type] } }
  - { lines: [a], count: 1 }
  - { lines: [a], input: nobody, count: 1 }
  - { lines: [a], codec: jsen, count: 1 }
`,
    );
    expect(statuses(tests.slice(0, 5))).toEqual(Array(5).fill('passed'));
    expect(tests[5]!.error).toContain('the config has 2 inputs');
    expect(tests[6]!.error).toContain('the config has no input `nobody`');
    expect(tests[6]!.error).toContain('wire (tcp), typed (stdin)');
    expect(tests[7]!.error).toContain('there is no codec `jsen`');
  });

  test('what beats, http and syslog senders send', async () => {
    const config = `input {
  beats { port => 1 } syslog { port => 2 timezone => "UTC" } http { port => 3 ecs_compatibility => disabled }
}`;
    const tests = await results(
      config,
      `  - { lines: ['{"message": "m", "host": {"name": "h"}}', plain], input: beats, expect: [{ fields: { '[host][name]': h } }, { fields: { message: plain } }] }
  - { lines: ['<38>Mar  4 10:00:19 web1 su: hello'], input: syslog, now: 2026-03-05T00:00:00Z, expect: { fields: { '@timestamp': 2026-03-04T10:00:19.000Z, program: su } } }
  - { lines: ['[{"a": 1}, {"a": 2}]'], input: http, source: { ip: 192.0.2.1, headers: { http_user_agent: x } }, expect: [{ fields: { a: 1, host: 192.0.2.1 } }, { fields: { '[headers][http_user_agent]': x } }] }
`,
    );
    expect(tests.map(({ problems, error }) => error ?? problems)).toEqual([[], [], []]);
  });

  test('the clock stands still, also in Ruby', async () => {
    const tests = await results(
      `filter {
  ruby { code => 'event.set("year", Time.now.year)' }
  date { match => ["message", "MMM dd HH:mm"] timezone => "UTC" }
}`,
      `  - { lines: [Jul 04 10:00], now: 2019-08-01T00:00:00Z, expect: { fields: { year: 2019, '@timestamp': 2019-07-04T10:00:00Z } } }
  - { lines: [Jul 04 10:00], now: 2018-08-01T00:00:00Z, expect: { fields: { year: 2018, '@timestamp': 2018-07-04T10:00:00Z } } }
`,
    );
    expect(tests.map(({ problems, error }) => error ?? problems)).toEqual([[], []]);
    expect(new Date().getUTCFullYear()).toBeGreaterThan(2020);
  });

  test('environment and keystore have stand-ins for each test', async () => {
    const tests = await results(
      'filter { mutate { add_field => { "f" => "${PLACE}" "p" => "${SECRET:none}" } } }',
      `  - { lines: [a], environment: { PLACE: here }, expect: { fields: { f: here, p: none } } }
  - { lines: [a], environment: { PLACE: there }, keystore: { SECRET: s }, expect: { fields: { f: there, p: s } } }
  - { lines: [a], count: 1 }
`,
    );
    expect(statuses(tests.slice(0, 2))).toEqual(['passed', 'passed']);
    expect(tests[2]!.error).toContain('PLACE');
  });
});

test('filters that remember do so within a test only', async () => {
  const tests = await results(
    `filter { ruby { init => '@n = 0' code => '@n += 1; event.set("n", @n)' } }`,
    `  - { lines: [a, b], expect: [{ fields: { n: 1 } }, { fields: { n: 2 } }] }
  - { lines: [c], expect: { fields: { n: 1 } } }
`,
  );
  expect(statuses(tests)).toEqual(['passed', 'passed']);
});

test('a block is a filter, a branch or a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-config-tests-'));
  folders.push(folder);
  writeFileSync(join(folder, '10.conf'), 'filter { mutate { id => "ten" add_field => { "ten" => "1" } } }');
  writeFileSync(
    join(folder, '20.conf'),
    'filter { if [type] == "x" { mutate { add_field => { "x" => "1" } } } else { drop {} } mutate { add_field => { "last" => "1" } } }',
  );
  const file = join(folder, 't.yml');
  const text = `config: '*.conf'
ignore: ['@timestamp']
tests:
  - { block: ten, events: [{ a: 1 }], expect: { event: { a: 1, ten: '1' } } }
  - { block: 20.conf, events: [{ type: x }], expect: { event: { type: x, x: '1', last: '1' } } }
  - { block: 'if [type]=="x"', events: [{ type: x }], expect: { event: { type: x, x: '1' } } }
  - { block: 'if [type]=="x"', events: [{ type: y }], dropped: true }
  - { block: tan, events: [{ type: y }], dropped: true }
`;
  const report = await run('', { files: [{ file, text }] });
  const tests = report.files[0]!.tests;
  expect(statuses(tests.slice(0, 4))).toEqual(Array(4).fill('passed'));
  expect(tests[4]!.error).toContain('there is no filter block `tan`');
  expect(tests[4]!.error).toContain('did you mean `ten`?');
  expect(report.configs).toContain(join(folder, '10.conf'));
});

test('an error in a config that stands in the test file is shown there', async () => {
  const [first] = await results('filter {\n  gork { }\n}', '  - { lines: [a], count: 1 }\n');
  expect(first!.error).toBe(
    [
      't.yml:3:5: error: there is no filter `gork`',
      '      gork { }',
      '      ^^^^',
      '  hint: did you mean `grok`?',
    ].join('\n'),
  );
});

test('what filters log is reported', async () => {
  const [first] = await results(
    `filter { ruby { code => 'raise "no"' } }`,
    '  - { lines: [a], expect: { absent: [tags] } }\n',
  );
  expect(first!.log.join()).toContain('Ruby exception occurred');
});

describe('pipelines of pipelines.yml', () => {
  const source = (id: string, text: string) => ({
    id,
    sources: [{ file: `${id}.conf`, text }],
    settings: {},
    problems: [],
  });
  const pipelines = async () => [
    source(
      'intake',
      `input { stdin { id => "in" } } output { if [message] == "both" { file { id => "copy" path => "/x" } } pipeline { id => "on" send_to => ["rest"] } }`,
    ),
    source(
      'rest',
      `input { pipeline { address => "rest" } } filter { mutate { add_field => { "seen" => "1" } } } output { stdout { id => "end" } }`,
    ),
  ];

  test('a pipeline by its id, alone or with those it hands events on to', async () => {
    const report = await run(
      `pipeline: intake
ignore: [host]
tests:
  - { lines: [a], expect: { outputs: [on], absent: [seen] } }
  - { lines: [both], follow: true, any_order: true, expect: [{ outputs: [copy] }, { outputs: [end], fields: { seen: '1' } }] }
  - { lines: [a], pipeline: nothing, count: 1 }
`,
      { pipelines },
    );
    const tests = report.files[0]!.tests;
    expect(statuses(tests.slice(0, 2))).toEqual(['passed', 'passed']);
    expect(tests[2]!.error).toContain('pipelines.yml has intake, rest');
  });

  test('the daemon mode of logstash-filter-verifier', async () => {
    const text = JSON.stringify({
      input_plugin: 'in',
      export_outputs: true,
      ignore: ['@timestamp'],
      testcases: [
        { input: ['a'], expected: [{ message: 'a', seen: '1', __lfv_out_passed: 'end' }] },
        {
          input: ['both'],
          expected: [
            { message: 'both', __lfv_out_passed: 'copy' },
            { message: 'both', seen: '1', __lfv_out_passed: 'end' },
          ],
          expected_outputs: ['copy', 'end'],
        },
      ],
    });
    const report = await run(text, { pipelines });
    expect(statuses(report.files[0]!.tests)).toEqual(['passed', 'passed']);
  });

  test('there, events count once for each output, unless the outputs are listed', async () => {
    const text = JSON.stringify({
      input_plugin: 'in',
      ignore: ['@timestamp'],
      testcases: [
        { input: ['both'], expected: [{ message: 'both' }, { message: 'both', seen: '1' }] },
        { input: ['a'], expected: [{ message: 'a', seen: '1' }], expected_outputs: ['end'] },
        { input: ['a'], expected: [] },
      ],
    });
    const report = await run(text, { pipelines });
    expect(statuses(report.files[0]!.tests)).toEqual(['passed', 'passed', 'failed']);
    const updated = updatedFile('t.json', text, report.files[0]!.tests.slice(2));
    expect(JSON.parse(updated.text).testcases[2].expected).toEqual([{ message: 'a', seen: '1' }]);
  });
});

test('filters have stand-ins, or are left out', async () => {
  const tests = await results(
    `filter {
  mutate { id => "lookup" add_field => { "a" => "real" } }
  if [message] == "x" { mutate { id => "gone" add_field => { "b" => "real" } } }
  mutate { id => "last" add_field => { "c" => "%{a}" } }
}`,
    `  - mocks: { lookup: 'mutate { add_field => { "a" => "mock" } } if [message] == "x" { mutate { add_field => { "m" => "1" } } }', gone: }
    lines: x
    expect: { fields: { a: mock, c: mock, m: '1' }, absent: [b] }
  - { lines: x, expect: { fields: { a: real, b: real } } }
  - { lines: x, mocks: { gone: 'gork { }' }, count: 1 }
`,
  );
  expect(statuses(tests.slice(0, 2))).toEqual(['passed', 'passed']);
  expect(tests[2]!.error).toContain('<mock of gone>:2:1: error: there is no filter `gork`');
});

describe('update', () => {
  test('writes what came out in the way the test looks at it, and keeps comments', async () => {
    const text = `# A comment.
config: 'filter { mutate { add_field => { "a" => "1" } } if [message] == "no" { drop {} } }'
ignore: ['@timestamp']
tests:
  - name: subset # another
    lines: x
    expect:
      fields: { a: '2', gone: 1 }
  - lines: x
    expect: [{ event: {} }]
  - lines: 'no'
    count: 1
  - lines: x
    dropped: true
`;
    const report = await run(text);
    const failed = report.files[0]!.tests.filter(({ status }) => status === 'failed');
    const updated = updatedFile('t.yml', text, failed);
    expect(updated.count).toBe(4);
    expect(updated.text).toContain('# A comment.');
    expect(updated.text).toContain('name: subset # another');
    expect((await run(updated.text)).passed).toBe(4);
  });

  test('JSON stays JSON', async () => {
    const text = JSON.stringify(
      { codec: 'line', ignore: ['@timestamp'], testcases: [{ input: ['a'], expected: [] }] },
      undefined,
      4,
    );
    const defaults = { paths: [join(import.meta.dirname, '../../../examples/json-enrich/none.conf')] };
    const broken = await run(text, { defaults });
    expect(broken.broken).toBe(1);
    const config = { ...JSON.parse(text), config: 'filter { }' };
    const own = JSON.stringify(config, undefined, 4);
    const report = await run(own);
    const updated = updatedFile('t.json', own, report.files[0]!.tests);
    expect(JSON.parse(updated.text).testcases[0].expected).toEqual([{ message: 'a' }]);
    expect(updated.text).toContain('\n    "codec"');
  });
});

test('only the tests that are asked for', async () => {
  const text = `config: 'filter { }'\ntests:\n  - { name: one, lines: a, count: 1 }\n  - { name: two, lines: a, count: 1 }\n`;
  const report = await run(text, { filter: 'TWO' });
  expect(report.files[0]!.tests.map(({ name }) => name)).toEqual(['two']);
});

test('a file that can not be read is broken, and the others run', async () => {
  const report = await run('', {
    files: [
      { file: 'a.yml', text: 'tests: 5' },
      { file: 'b.yml', text: `config: 'filter { }'\ntests:\n  - { lines: a, count: 1 }\n` },
    ],
  });
  expect([report.broken, report.passed]).toEqual([1, 1]);
  expect(report.files[0]!.errors[0]).toContain('a.yml:1:8');
});
