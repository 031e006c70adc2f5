import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDiagnostic } from '../../kernel/diagnostic.ts';
import { looksLikeTests, readTestFile } from './read-test-file.ts';

const read = (text: string) => readTestFile('a.test.yml', text);
const errors = (text: string): string[] => read(text).diagnostics.map((each) => formatDiagnostic(each, text));

describe('what is wrong with a file is said with its place', () => {
  test('an unknown key, with the one that is near', () => {
    expect(errors('config: a.conf\ntests:\n  - name: x\n    line: hello\n    expect: []\n')[0]).toBe(
      [
        'a.test.yml:4:5: error: a test has no key `line`',
        '      line: hello',
        '      ^^^^',
        '  hint: did you mean `lines`?',
      ].join('\n'),
    );
  });

  test('a value of another kind, with what was found', () => {
    const text = 'tests:\n  - lines: a\n    count: many\n';
    expect(errors(text)).toEqual([
      [
        'a.test.yml:3:12: error: `count` is a number of events',
        '      count: many',
        '             ^^^^',
        '  expected: 0, 1, 2, …',
        '  found: "many"',
      ].join('\n'),
    ]);
  });

  test.each([
    ['tests:\n  - lines: a\n', 'this test expects nothing'],
    ['tests:\n  - expect: []\n', 'nothing goes into this test'],
    ['tests: []\n', 'this file has no tests'],
    ['just text\n', 'a test file is a map with the key `tests`'],
    ['', 'a test file is a map with the key `tests`'],
    ['tests:\n  - lines: a\n    dropped: true\n    count: 1\n', 'a test whose events are dropped has no'],
    ['tests:\n  - lines: a\n    expect: []\n    count: 1\n', '`expect` lists 0 events, not 1'],
    ['tests:\n  - lines: a\n    now: soon\n    count: 1\n', '`now` is a time'],
    ['tests:\n  - lines: a\n    timezone: Mars\n    count: 1\n', 'there is no time zone Mars'],
    [
      'config: a\npipeline: b\ntests:\n  - lines: a\n    count: 1\n',
      '`config` and `pipeline` exclude each other',
    ],
    ['tests:\n  - lines: a\n    expect: { matches: { a: "(" } }\n', 'is no regular expression'],
    ['tests:\n\t- lines: a\n', 'this is not YAML'],
    ['a: 1\na: 2\n', 'this is not YAML'],
    ['{"testcases": [{"inputs": ["a"]}]}', 'a test case has no key `inputs`'],
  ])('%j', (text, message) => {
    expect(errors(text)[0]).toContain(message);
  });

  test('any text gives tests or messages', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => `tests:\n  - ${text}`),
        ),
        (text) => {
          const { test: file, diagnostics } = read(text);
          expect((file !== undefined) !== diagnostics.length > 0).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('what stands in the file holds for its tests, unless they say otherwise', () => {
  const { test: file } = read(
    'config: conf/a.conf\nignore: [host]\nfields: { type: x, "[a][b]": 1 }\ntests:\n' +
      '  - { lines: a, count: 1, ignore: path }\n  - { lines: [b, c], fields: { type: y }, config: b.conf, count: 2 }\n',
  );
  const [first, second] = file!.cases;
  expect(first!.subject.paths).toEqual([resolve('conf/a.conf')]);
  expect(first!.ignore).toEqual(['host', 'path']);
  expect(first!.name).toBe('test 1');
  expect(second!.subject.paths).toEqual([resolve('b.conf')]);
  expect(second!.given).toMatchObject({ lines: ['b', 'c'], fields: { type: 'y', '[a][b]': 1 } });
});

test('a text of lines is cut, elements of a list are not; integers stay exact', () => {
  const { test: file } = read(
    'config: "filter { }"\ntests:\n  - lines: |\n      a\n      b\n    expect:\n      event: { n: 12345678901234567890, m: 5 }\n',
  );
  expect(file!.cases[0]!.given.lines).toEqual(['a', 'b']);
  expect(file!.cases[0]!.subject.inline).toEqual({ text: 'filter { }', line: 1 });
  expect(file!.cases[0]!.expected.events[0]!.event).toEqual({ n: 12345678901234567890n, m: 5 });
});

describe('the format of logstash-filter-verifier', () => {
  test('fields, codec, ignore, testcases', () => {
    const { test: file } = read(
      JSON.stringify({
        fields: { type: 'syslog', '[log][path]': '/a' },
        codec: 'json_lines',
        ignore: ['host'],
        testcases: [
          {
            input: ['{"[a][b]": 1}'],
            expected: [{ message: 'x', '[log][path]': '/a' }],
            description: 'one',
          },
        ],
      }),
    );
    expect(file!.format).toBe('verifier');
    expect(file!.cases[0]).toMatchObject({
      name: 'one',
      ignore: ['@version', 'host'],
      given: { lines: ['{"a":{"b":1}}'], codec: { text: 'json_lines' } },
      expected: { count: 1, events: [{ event: { message: 'x', log: { path: '/a' } } }] },
    });
  });

  test('daemon mode: the input is named, its codec counts; fields of a test; no input line', () => {
    const { test: file } = read(
      'input_plugin: in\ncodec: line\nexport_metadata: true\nfields: { a: 1, b: 1 }\ntestcases:\n' +
        '  - fields: { b: 2 }\n    expected: [{ "@metadata": { x: 1 } }]\n    expected_outputs: [out]\n',
    );
    const [one] = file!.cases;
    expect(one!.given).toEqual({
      lines: [],
      events: [{}],
      fields: { a: 1, b: 2 },
      source: {},
      codecOnly: true,
      input: { name: 'in', position: { file: 'a.test.yml', line: 1, column: 15 } },
    });
    expect(one!.expected).toMatchObject({
      outputs: ['out'],
      events: [{ metadata: true }],
      deliveredOnly: true,
    });
  });

  test('the oldest form: one case at the top', () => {
    const { test: file } = read('{"input": ["a", "b"], "expected": [{"message": "a"}, {"message": "b"}]}');
    expect(file!.cases).toHaveLength(1);
    expect(file!.cases[0]!.given).toMatchObject({ lines: ['a', 'b'], codec: { text: 'line' } });
  });
});

test('files that look like tests are found in folders', () => {
  expect(looksLikeTests('tests:\n  - a')).toBe(true);
  expect(looksLikeTests('{ "testcases": [ ] }')).toBe(true);
  expect(looksLikeTests('"tests": "npm test"')).toBe(false);
  expect(looksLikeTests('- pipeline.id: main')).toBe(false);
});
