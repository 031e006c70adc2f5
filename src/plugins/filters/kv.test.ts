import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { kv } from './kv.ts';

async function run(config: Record<string, unknown>, fields: Fields) {
  const { events, matched } = await runFilter(await createFilter(kv, config), fields);
  const { '@timestamp': _time, '@version': _version, ...rest } = events[0]!;
  return { fields: rest, matched };
}

/** What a text gives, without the text. */
async function pairs(config: Record<string, unknown>, message: Fields[string]) {
  const { fields } = await run(config, { message });
  const { message: _, ...rest } = fields;
  return rest;
}

test.each<[string, Record<string, unknown>, Fields[string], Fields]>([
  ['pairs between words', {}, 'hello=world foo=bar baz text a=1', { hello: 'world', foo: 'bar', a: '1' }],
  ['quotes', {}, `a="x y" b='z "q"' c="" d=1`, { a: 'x y', b: 'z "q"', d: '1' }],
  ['escaped quotes', {}, 'a="x \\" y" b=1', { a: 'x \\" y', b: '1' }],
  ['escaped splitters', {}, 'a=x\\ y b=1', { a: 'x\\ y', b: '1' }],
  ['brackets', {}, 'a=(x y) b=[x y] c=<x y>', { a: 'x y', b: 'x y', c: 'x y' }],
  ['no brackets', { include_brackets: false }, 'a=(x y) b=<z', { a: '(x', b: '<z' }],
  ['a quote that is not closed', {}, 'a="x y', { a: '"x' }],
  ['spaces around the splitter', {}, 'a = x b= y c =z', { a: 'x', b: 'y', c: 'z' }],
  [
    'no spaces around the splitter',
    { whitespace: 'strict', allow_empty_values: true },
    'a= b=y',
    { a: '', b: 'y' },
  ],
  ['empty values left out', {}, 'a="" b=1', { b: '1' }],
  [
    'empty values',
    { allow_empty_values: true, whitespace: 'strict' },
    'a= b="" c=1',
    { a: '', b: '', c: '1' },
  ],
  ['other splitters', { field_split: '&?', value_split: ':=' }, '?a:1&b=2&c', { a: '1', b: '2' }],
  ['escapes in classes', { field_split: '\\[\\]' }, 'a=1]b=2[c=3', { a: '1', b: '2', c: '3' }],
  [
    'patterns between pairs',
    { field_split_pattern: ':+' },
    'k1=v1:k2=v2::k3=v3',
    { k1: 'v1', k2: 'v2', k3: 'v3' },
  ],
  ['patterns within pairs', { value_split_pattern: '->|=>' }, 'a->1 b=>2', { a: '1', b: '2' }],
  ['lines', {}, 'a=1\nb=2', { a: '1\nb=2' }],
  ['a key twice', {}, 'a=1 a=2 a=1', { a: ['1', '2', '1'] }],
  ['values once', { allow_duplicate_values: false }, 'a=1 a=2 a=1', { a: ['1', '2'] }],
  ['some keys', { include_keys: ['a', 'c'] }, 'a=1 b=2 c=3', { a: '1', c: '3' }],
  ['not some keys', { exclude_keys: ['a', 'c'] }, 'a=1 b=2 c=3', { b: '2' }],
  ['a prefix', { prefix: 'p_', include_keys: ['a'] }, 'a=1 b=2', { p_a: '1' }],
  ['default keys', { default_keys: { a: 'x', z: 'y' } }, 'a=1', { a: '1', z: 'y' }],
  ['default keys alone', { default_keys: { z: 'y' } }, 'nothing', { z: 'y' }],
  ['trimmed', { trim_key: '<>', trim_value: ',\\]' }, '<a>=1, <b>=,2],', { a: '1', b: '2' }],
  ['characters removed', { remove_char_key: '<>', remove_char_value: '\\-' }, '<a>=1-2-3', { a: '123' }],
  ['cases', { transform_key: 'uppercase', transform_value: 'capitalize' }, 'a=heLLO', { A: 'Hello' }],
  ['lower case', { transform_key: 'lowercase' }, 'ABC=D', { abc: 'D' }],
  ['recursive', { recursive: true }, 'a="b=1 c=2" d=x', { a: { b: '1', c: '2' }, d: 'x' }],
  ['target', { target: '[t][u]' }, 'a=1', { t: { u: { a: '1' } } }],
  ['each text of a list', {}, ['a=1 b=2', 5, 'a=3'], { a: ['1', '3'], b: '2' }],
  ['nested keys', {}, '[a][b]=1', { a: { b: '1' } }],
  [
    'names of Object',
    { target: 't' },
    'constructor=1 __proto__=2',
    { t: JSON.parse('{"constructor":"1","__proto__":"2"}') },
  ],
  [
    'names of Object at the top',
    {},
    'constructor=1 __proto__=2',
    JSON.parse('{"constructor":"1","__proto__":"2"}'),
  ],
])('%s', async (_, config, message, expected) => {
  expect(await pairs(config, message)).toEqual(expected);
});

test.each<[string, Record<string, unknown>, Fields, Fields, boolean]>([
  ['nothing found', {}, { message: 'x' }, { message: 'x' }, false],
  ['no field', {}, {}, {}, false],
  ['no text', {}, { message: { a: '1=2' } }, { message: { a: '1=2' } }, false],
  ['another source', { source: '[x][y]' }, { x: { y: 'a=1' } }, { x: { y: 'a=1' }, a: '1' }, true],
  ['old values are replaced', {}, { message: 'a=1', a: [2] }, { message: 'a=1', a: '1' }, true],
  [
    'keys by the event',
    { include_keys: ['%{want}'], prefix: '%{want}.' },
    { message: 'a=1 b=2', want: 'b' },
    { message: 'a=1 b=2', want: 'b', 'b.b': '2' },
    true,
  ],
  [
    'a key that is no reference',
    {},
    { message: 'ok=0 a[b=1' },
    { message: 'ok=0 a[b=1', ok: '0', tags: ['_kv_filter_error'] },
    false,
  ],
  [
    'a time that is none',
    { tag_on_failure: ['p', 'q'] },
    { message: '@timestamp=x' },
    { message: '@timestamp=x', tags: ['p', 'q'] },
    false,
  ],
  [
    'a target through text',
    { target: '[message][x]' },
    { message: 'a=1' },
    { message: 'a=1', tags: ['_kv_filter_error'] },
    false,
  ],
])('%s', async (_, config, fields, expected, matched) => {
  expect(await run(config, fields)).toEqual({ fields: expected, matched });
});

describe('patterns that may take for ever', () => {
  test('are given up for the event that they take too long for', async () => {
    const config = { field_split_pattern: '(?:x+x+)+y', timeout_millis: 50, tag_on_timeout: 'slow' };
    const filter = await createFilter(kv, config);
    const events = ['a=1xxyb=2', `a=${'x'.repeat(60)}`, 'c=3'].map((message) => new Event({ message }));
    expect([...(await filter.filterBatch!(events, () => {}))]).toEqual([1, 0, 1]);
    expect(events.map(({ fields: { message: _, ...rest } }) => rest)).toEqual([
      { a: '1', b: '2' },
      { tags: ['slow'] },
      { c: '3' },
    ]);
  });

  test('are those with look-ahead only', async () => {
    expect((await createFilter(kv, { field_split: '&', trim_value: ',' })).filter).toBeDefined();
  });
});

test('says which fields it reads and writes', () => {
  const options = resolveOptions(kv, {
    source: 'q',
    prefix: '%{p}_',
    include_keys: ['%{[i][k]}'],
    target: 't',
  });
  expect(kv.reads!(options)).toEqual(['q', 'p', '[i][k]']);
  expect(kv.reads!(resolveOptions(kv, {}))).toBe('all');
  expect(kv.writes!(options)).toEqual(['t']);
});

test.each([
  [{ value_split: '' }, /^error value_split .*must not be empty/],
  [{ field_split: '[' }, /^error field_split .*char-class/],
  [{ trim_value: 'z-a' }, /^error trim_value .*empty range/],
  [{ value_split_pattern: '(' }, /^error value_split_pattern .*unmatched parenthesis/],
])('a config error: %j', (config, message) => {
  const found: string[] = [];
  kv.validate!(resolveOptions(kv, config), (severity, option, text) =>
    found.push(`${severity} ${option} ${text}`),
  );
  expect(found[0]).toMatch(message);
});

test('never throws, whatever the event holds', async () => {
  const filters = await Promise.all([
    createFilter(kv, { recursive: true, allow_empty_values: true }),
    createFilter(kv, { target: '[t][0]', field_split: '&?', trim_key: ' ', default_keys: { d: '1' } }),
  ]);
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '=', ' ', '"', '(', ')', '[', ']', '\\', '&', '@', '\n', '😀'),
    maxLength: 40,
  });
  fc.assert(
    fc.property(fc.oneof(text, fc.jsonValue()), fc.jsonValue(), (message, t) => {
      for (const filter of filters) {
        expect(typeof filter.filter!(new Event({ message: message as never, t: t as never }), () => {})).toBe(
          'boolean',
        );
      }
    }),
    { numRuns: 500 },
  );
});
