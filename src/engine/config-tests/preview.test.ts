import { afterEach, describe, expect, test } from 'vitest';
import { registry } from '../../plugins/registry.ts';
import { previewFilters } from './preview.ts';
import { ConfigTester } from './tester.ts';

const variables = { environment: {} };
const preview = (text: string, more: object) =>
  previewFilters({ sources: [{ file: 'a.conf', text }], settings: {}, variables, ...more }, registry);

describe('previewFilters', () => {
  test('says of every event which filters it met, and what they changed', async () => {
    const { events, diagnostics } = await preview(
      `filter {
  grok { match => { "message" => "%{WORD:user} %{INT:n:int}" } add_tag => ["parsed"] remove_field => ["message"] }
  if [user] == "root" { mutate { replace => { "user" => "ROOT" } } }
}
output { if [n] { stdout { id => "out" } } }`,
      { lines: ['root 5', 'ada 7', '?'], codec: 'plain' },
    );
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const [root, ada, none] = events;
    expect(root!.steps).toEqual([
      {
        node: expect.any(String),
        name: 'grok',
        file: 'a.conf',
        line: 2,
        outcome: 'matched',
        changes: [
          { kind: 'missing', field: 'message', expected: 'root 5' },
          { kind: 'unexpected', field: 'user', actual: 'root' },
          { kind: 'unexpected', field: 'n', actual: 5 },
          { kind: 'unexpected', field: 'tags', actual: ['parsed'] },
        ],
        made: 0,
        ofMade: false,
      },
      expect.objectContaining({
        name: 'mutate',
        changes: [{ kind: 'different', field: 'user', expected: 'root', actual: 'ROOT' }],
      }),
    ]);
    expect(root!.results).toMatchObject([{ fields: { user: 'ROOT', n: 5 }, outputs: ['out'] }]);
    expect(ada!.steps.map(({ name }) => name)).toEqual(['grok']);
    expect(none!.steps[0]).toMatchObject({
      outcome: 'not matched',
      changes: [{ field: 'tags', actual: ['_grokparsefailure'] }],
    });
    expect(none!.results[0]!.outputs).toEqual([]);
    expect(none!.given['message']).toBe('?');
  });

  test('dropped events, events that are made, events of flushes, exceptions', async () => {
    const { events } = await preview(
      `filter {
  if [message] == "no" { drop { } }
  split { terminator => "," }
  ruby { code => 'raise "x" if event.get("message") == "b"' }
}`,
      { events: [{ message: 'no' }, { message: 'a,b' }] },
    );
    expect(events[0]).toMatchObject({ steps: [{ name: 'drop', outcome: 'dropped' }], results: [] });
    const steps = events[1]!.steps.map(({ name, made, ofMade }) => [name, made, ofMade]);
    expect(steps[0]).toEqual(['split', 2, false]);
    expect(steps.slice(1)).toEqual([
      ['ruby', 0, true],
      ['ruby', 0, true],
    ]);
    expect(events[1]!.results.map(({ fields }) => [fields['message'], fields['tags']])).toEqual([
      ['a', undefined],
      ['b', ['_rubyexception']],
    ]);
  });

  test('a broken config gives its diagnostics, a missing input a message', async () => {
    const broken = await preview('filter { gork { } }', { lines: ['a'] });
    expect(broken.diagnostics[0]).toMatchObject({ line: 1, column: 10, severity: 'error' });
    expect(broken.events).toEqual([]);
    const missing = await preview('filter { }', { lines: ['a'], input: 'none' });
    expect(missing.error).toContain('the config has no input `none`');
  });

  test('the results are those without a preview', async () => {
    const text = `filter {
  mutate { add_field => { "a" => "%{message}" } }
  clone { clones => ["copy"] }
  ruby { code => 'event.set("t", Time.now.to_i)' add_tag => ["r"] }
}`;
    const { events } = await preview(text, { events: [{ message: 'm' }], now: 5000 });
    expect(events[0]!.results.map(({ fields }) => [fields['a'], fields['t'], fields['tags']])).toEqual([
      ['m', 5, ['r']],
      ['m', 5, ['r']],
    ]);
  });
});

describe('ConfigTester', () => {
  let tester: ConfigTester | undefined;
  afterEach(() => tester?.close());
  const start = (limitMillis?: number): ConfigTester => {
    tester = new ConfigTester({
      registryUrl: new URL('../../plugins/registry.ts', import.meta.url).href,
      escapeStyle: 'none',
      ...(limitMillis !== undefined && { limitMillis }),
    });
    return tester;
  };
  const spec = (text: string, keystore?: (name: string) => string | undefined) => ({
    sources: [{ file: 'a.conf', text }],
    settings: {},
    variables: { environment: {}, ...(keystore && { keystore }) },
    events: [{ message: 'a' }],
  });

  test('previews and tests in a process of its own, with the secrets that a config names', async () => {
    const own = start();
    const config = 'filter { mutate { add_field => { "s" => "${SECRET}" } } }';
    const asked: string[] = [];
    const result = await own.preview(
      spec(config, (name) => {
        asked.push(name);
        return 'found';
      }),
    );
    expect(result.events[0]!.results[0]!.fields).toMatchObject({ s: 'found' });
    expect(new Set(asked)).toEqual(new Set(['SECRET']));
    const report = await own.runTests({
      files: [
        {
          file: 't.yml',
          text: `config: 'filter { date { match => ["message", "yyyy-MM-dd HH:mm"] } }'\ntimezone: Europe/Helsinki\ntests:\n  - { lines: 2026-07-04 10:00, expect: { fields: { '@timestamp': 2026-07-04T07:00:00Z } } }\n`,
        },
      ],
      settings: {},
      variables: { environment: {} },
    });
    expect(report).toMatchObject({ passed: 1, failed: 0 });
  });

  test('what takes too long is ended, and the next request is answered', async () => {
    const own = start(1500);
    const endless = `filter { ruby { init => 'loop { }' code => '' timeout_millis => 60000 } }`;
    await expect(own.preview(spec(endless))).rejects.toThrow('stopped after 1.5 s');
    expect((await own.preview(spec('filter { }'))).events).toHaveLength(1);
  });
});
