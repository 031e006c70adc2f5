import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter, testContext } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import type { EcsMode } from '../../kernel/plugin.ts';
import { grok } from './grok.ts';

async function run(config: Record<string, unknown>, fields: Fields, ecs: EcsMode = 'disabled') {
  const filter = await createFilter(grok, config, { ecs });
  const { events, matched } = await runFilter(filter, fields);
  const { '@timestamp': _time, '@version': _version, ...rest } = events[0]!;
  return { fields: rest, matched };
}

const failed = { tags: ['_grokparsefailure'] };
const m = (...patterns: string[]) => ({ match: { message: patterns.length === 1 ? patterns[0] : patterns } });

test.each<[string, Record<string, unknown>, Fields, Fields, boolean]>([
  ['a match', m('%{WORD:a} %{INT:b:int}'), { message: 'x 5' }, { message: 'x 5', a: 'x', b: 5 }, true],
  ['no match', m('%{INT:a}'), { message: 'x' }, { message: 'x', ...failed }, false],
  [
    'the first that matches ends it',
    m('%{INT:a}', '%{WORD:b}', '%{WORD:c}'),
    { message: 'x' },
    { message: 'x', b: 'x' },
    true,
  ],
  [
    'all patterns',
    { ...m('%{WORD:b}', '(?<c>.)'), break_on_match: false },
    { message: 'xy' },
    { message: 'xy', b: 'xy', c: 'x' },
    true,
  ],
  [
    'of all patterns the last one decides',
    { ...m('%{WORD:b}', '%{INT:c}'), break_on_match: false },
    { message: 'x' },
    { message: 'x', b: 'x', ...failed },
    false,
  ],
  [
    'several fields, the first that matches ends it',
    { match: { p: '%{INT:a}', q: '%{WORD:b}', message: '%{WORD:c}' } },
    { p: 'x', q: 'y', message: 'z' },
    { p: 'x', q: 'y', message: 'z', b: 'y' },
    true,
  ],
  [
    'a later field may be one that was captured',
    { match: { message: '%{WORD:a} %{GREEDYDATA:rest}', rest: '%{INT:n}' }, break_on_match: false },
    { message: 'x 12' },
    { message: 'x 12', a: 'x', rest: '12', n: '12' },
    true,
  ],
  [
    'an old text becomes a list',
    m('%{WORD:a}'),
    { message: 'x', a: 'old' },
    { message: 'x', a: ['old', 'x'] },
    true,
  ],
  ['a list grows', m('%{WORD:a}'), { message: 'x', a: [1] }, { message: 'x', a: [1, 'x'] }, true],
  [
    'other old values stay',
    m('%{WORD:a} %{WORD:b}'),
    { message: 'x y', a: 5, b: {} },
    { message: 'x y', a: 5, b: {} },
    true,
  ],
  ['null is no value', m('%{WORD:a}'), { message: 'x', a: null }, { message: 'x', a: 'x' }, true],
  [
    'overwrite',
    { ...m('%{WORD} %{GREEDYDATA:message}'), overwrite: ['message'] },
    { message: 'x y' },
    { message: 'y' },
    true,
  ],
  [
    'overwrite null',
    { ...m('%{WORD:[a][b]}'), overwrite: ['[a][b]'] },
    { message: 'x', a: { b: 1 } },
    { message: 'x', a: { b: 'x' } },
    true,
  ],
  [
    'empty captures kept',
    { ...m('%{DATA:a},(?:%{INT:b:int})?,%{INT:c:int}'), keep_empty_captures: true },
    { message: ',,5' },
    { message: ',,5', a: '', b: null, c: 5 },
    true,
  ],
  [
    'nested fields',
    m('%{WORD:[a][b]} %{WORD:[a][c]}'),
    { message: 'x y' },
    { message: 'x y', a: { b: 'x', c: 'y' } },
    true,
  ],
  [
    'nested field in an old map',
    m('%{WORD:[a][b]}'),
    { message: 'x', a: { z: 1 } },
    { message: 'x', a: { z: 1, b: 'x' } },
    true,
  ],
  [
    'a path through text',
    m('%{WORD:[a][b]}'),
    { message: 'x', a: 'text' },
    { message: 'x', a: 'text', ...failed },
    false,
  ],
  [
    'an element of a list',
    m('%{WORD:[a][0]}'),
    { message: 'x', a: ['old'] },
    { message: 'x', a: [['old', 'x']] },
    true,
  ],
  [
    'target',
    { ...m('%{WORD:a} %{WORD:[b][c]}'), target: 't' },
    { message: 'x y' },
    { message: 'x y', t: { a: 'x', b: { c: 'y' } } },
    true,
  ],
  [
    'nested target',
    { ...m('%{WORD:a}'), target: '[t][u]' },
    { message: 'x' },
    { message: 'x', t: { u: { a: 'x' } } },
    true,
  ],
  ['metadata', m('%{WORD:[@metadata][a]}'), { message: 'x' }, { message: 'x' }, true],
  [
    'unnamed captures',
    { ...m('%{WORD} %{INT:n}'), named_captures_only: false },
    { message: 'x 1' },
    { message: 'x 1', WORD: 'x', n: '1' },
    true,
  ],
  [
    'each element of a list',
    m('%{INT:n}'),
    { message: ['a', '1', 2] },
    { message: ['a', '1', 2], n: ['1', '2'] },
    true,
  ],
  ['no element of a list', m('%{INT:n}'), { message: ['a'] }, { message: ['a'], ...failed }, false],
  ['a number', m('^%{INT:n}$'), { message: 12 }, { message: 12, n: '12' }, true],
  ['a missing field is empty text', m('^$'), {}, {}, true],
  ['a missing field', m('%{WORD:a}'), {}, { ...failed }, false],
  [
    'other tags',
    { ...m('%{INT:a}'), tag_on_failure: ['p', 'q'] },
    { message: 'x' },
    { message: 'x', tags: ['p', 'q'] },
    false,
  ],
  ['no match option', {}, { message: 'x' }, { message: 'x', ...failed }, false],
  [
    'own patterns',
    { ...m('%{ID:id}'), pattern_definitions: { ID: '%{LETTER}\\d+', LETTER: '[xyz]' } },
    { message: 'a x7' },
    { message: 'a x7', id: 'x7' },
    true,
  ],
  [
    'a time as text',
    m('%{TIMESTAMP_ISO8601:@timestamp}'),
    { message: '2020-01-02T03:04:05Z' },
    { message: '2020-01-02T03:04:05Z' },
    true,
  ],
  [
    'names of Object',
    m('%{WORD:constructor} %{WORD:__proto__}'),
    { message: 'x y' },
    JSON.parse('{"message":"x y","constructor":"x","__proto__":"y"}'),
    true,
  ],
])('%s', async (_, config, fields, expected, matched) => {
  expect(await run(config, fields)).toEqual({ fields: expected, matched });
});

test('ECS names follow the mode', async () => {
  const config = m('%{SYSLOGBASE}');
  const fields = { message: 'Mar 16 00:01:25 evita cron[7]:' };
  expect((await run(config, fields)).fields).toMatchObject({ logsource: 'evita', pid: '7' });
  expect((await run(config, fields, 'v8')).fields).toMatchObject({
    host: { hostname: 'evita' },
    process: { pid: 7 },
  });
});

test('patterns come from files, and definitions win over them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-grok-'));
  try {
    writeFileSync(join(folder, 'a.grok'), 'ID [0-9]+\nOWN own\n');
    writeFileSync(join(folder, 'b.txt'), 'ID [a-z]+\n');
    const config = { ...m('%{ID:id}-%{OWN:own}'), patterns_dir: [folder] };
    const fields = { message: '12-own ab-mine' };
    expect((await run({ ...config, patterns_files_glob: '*.grok' }, fields)).fields).toMatchObject({
      id: '12',
    });
    expect((await run({ ...config, pattern_definitions: { OWN: 'mine' } }, fields)).fields).toMatchObject({
      id: 'ab',
      own: 'mine',
    });
    expect((await run({ ...config, patterns_dir: [join(folder, '*.grok')] }, fields)).fields).toMatchObject({
      own: 'own',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('counts matches and failures', async () => {
  const context = testContext();
  const filter = await grok.create(resolveOptions(grok, m('%{INT:n}')), { ...context, decorate: () => {} });
  for (const message of ['1', 'x', '2']) filter.filter!(new Event({ message }), () => {});
  expect(context.counters).toEqual({ matches: 2, failures: 1 });
});

test('says which fields it reads and writes', () => {
  const options = resolveOptions(grok, {
    ...m('%{WORD:a} %{WORD:[b][c]} %{GREEDYDATA:message}'),
    overwrite: ['a'],
  });
  expect(grok.reads!(options)).toEqual(['message', '[b][c]']);
  expect(grok.writes!(options)).toEqual(['a', '[b][c]', 'message']);
});

describe('validate', () => {
  const problems = (config: Record<string, unknown>) => {
    const found: string[] = [];
    grok.validate!(resolveOptions(grok, config), (severity, option, message, hint) =>
      found.push([severity, option, message, ...(hint ? [hint] : [])].join(' | ')),
    );
    return found;
  };

  test.each<[Record<string, unknown>, RegExp]>([
    [
      m('%{NUMBR:x}'),
      /^error \| match \| pattern %\{NUMBR:x\} not defined at offset 0 \| did you mean %\{NUMBER\}\?$/,
    ],
    [m('(%{WORD:a}'), /^error \| match \| .*unmatched parenthesis at offset/],
    [
      m('%{A:a}').match && { ...m('%{A:a}'), pattern_definitions: { A: '[' } },
      /^error \| match \| pattern A \(\[\): premature end/,
    ],
    [{ match: { '[a': '%{WORD:a}' } }, /^error \| match \| Invalid FieldReference/],
    [m('(?<[a>x)'), /^error \| match \| Invalid FieldReference/],
    [{ ...m('x'), patterns_dir: ['/nowhere/at/all'] }, /^error \| patterns_dir \| .*does not exist/],
    [{}, /^warning \| match/],
  ])('%j', (config, expected) => {
    expect(problems(config)).toEqual([expect.stringMatching(expected)]);
  });

  test('of a good config there is nothing to say', () => {
    expect(problems(m('%{COMBINEDAPACHELOG}'))).toEqual([]);
  });
});

describe('a pattern that may take for ever', () => {
  const hang = m('^(?=.*[bc])(?<x>(?:a|aa)+)b$');
  const hostile = `${'a'.repeat(60)}c`;

  test('is given up for the event that it takes too long for, while the others go on', async () => {
    const filter = await createFilter(grok, { ...hang, timeout_millis: 100 });
    const messages = ['ab', 'x', hostile, 'aab', hostile, 'no'];
    const events = messages.map((message) => new Event({ message }));
    const matched = await filter.filterBatch!(events, () => {});
    expect([...matched]).toEqual([1, 0, 0, 1, 0, 0]);
    expect(events.map(({ fields }) => fields['tags']?.toString())).toEqual([
      undefined,
      '_grokparsefailure',
      '_groktimeout',
      undefined,
      '_groktimeout',
      '_grokparsefailure',
    ]);
    expect(events.map(({ fields }) => fields['x'])).toEqual([
      'a',
      undefined,
      undefined,
      'aa',
      undefined,
      undefined,
    ]);
  });

  test('gives its other patterns and fields the same results as without a clock', async () => {
    const patterns = ['(?=(?<never>q))q', '%{INT:n}', '(?=.*b)(?<b>b)', '%{WORD:w}'];
    const config = { match: { message: patterns, w: '(?=.)(?<first>.)' } };
    for (const break_on_match of [true, false]) {
      for (const timeout_scope of ['pattern', 'event']) {
        const timed = await createFilter(grok, {
          ...config,
          break_on_match,
          timeout_scope,
          timeout_millis: 1000,
        });
        const plain = await createFilter(grok, { ...config, break_on_match, timeout_millis: 0 });
        for (const message of ['1', 'b', 'x', '', ['1', 'z'], 'b 1', null, ['x', 'b 2 b']]) {
          expect(await runFilter(timed, { message })).toEqual(await runFilter(plain, { message }));
        }
      }
    }
  });

  test('has a tag and scope of the user’s choice', async () => {
    const filter = await createFilter(grok, {
      ...hang,
      timeout_millis: 30,
      timeout_scope: 'event',
      tag_on_timeout: 'slow',
    });
    expect((await runFilter(filter, { message: hostile })).events[0]).toMatchObject({ tags: ['slow'] });
  });

  test('is one that V8 can not take in linear time: all others need no clock', async () => {
    const filter = await createFilter(grok, m('^(?<x>(?:a+)+)b$'));
    expect(filter.filterBatch).toBeUndefined();
  });
});

test('never throws, whatever the event holds', async () => {
  const filter = await createFilter(grok, {
    match: { message: ['%{WORD:a} %{INT:b:int}', '%{DATA:[c][d]}x'], '[n][m]': '%{NUMBER:tags:float}' },
    break_on_match: false,
    keep_empty_captures: true,
  });
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('message', 'a', 'b', 'c', 'n', 'tags'), fc.jsonValue()),
      (fields) => {
        expect(typeof filter.filter!(new Event(fields as Fields), () => {})).toBe('boolean');
      },
    ),
  );
});
