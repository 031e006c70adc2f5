import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import { parseJson } from '../../event/json.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { mutate } from './mutate.ts';

/** Fields of the event after the filter, without those that every event has. */
async function after(config: Record<string, unknown>, fields: Fields): Promise<Fields> {
  const { events } = await runFilter(await createFilter(mutate, config), fields);
  const { '@timestamp': _time, '@version': _version, ...rest } = events[0]!;
  return rest;
}

async function valueAfter(config: Record<string, unknown>, value: unknown): Promise<unknown> {
  const event = new Event({ a: value as any });
  (await createFilter(mutate, config)).filter!(event, () => {});
  return event.fields['a'];
}

const failed = { tags: ['_mutate_error'] };

test.each<[string, Record<string, unknown>, Fields, Fields]>([
  [
    'coerce of null',
    { coerce: { a: 'x%{b}', c: 5, d: 1 } },
    { a: null, b: 'y', c: null },
    { a: 'xy', b: 'y', c: '5' },
  ],
  ['coerce leaves others', { coerce: { a: 'x' } }, { a: false }, { a: false }],
  ['rename', { rename: { a: 'b' } }, { a: 1, b: 2 }, { b: 1 }],
  ['rename of nothing', { rename: { a: 'b' } }, { b: 2 }, { b: 2 }],
  ['rename of null', { rename: { a: 'b' } }, { a: null }, { b: null }],
  ['rename to itself', { rename: { a: 'a' } }, { a: 1 }, { a: 1 }],
  ['rename into a map', { rename: { a: '[b][c]' } }, { a: 1 }, { b: { c: 1 } }],
  ['rename into itself', { rename: { a: '[a][b]' } }, { a: 1 }, { a: { b: 1 } }],
  ['rename out of itself', { rename: { '[a][b]': 'a' } }, { a: { b: 1, c: 2 } }, { a: 1 }],
  ['rename of an element', { rename: { '[a][0]': 'b' } }, { a: [1, 2] }, { a: [2], b: 1 }],
  ['rename by templates', { rename: { 'f_%{x}': 't_%{x}' } }, { f_one: 1, x: 'one' }, { t_one: 1, x: 'one' }],
  ['rename through a scalar', { rename: { a: '[b][c]' } }, { a: 1, b: 2 }, { a: 1, b: 2, ...failed }],
  [
    'rename by a template through a scalar',
    { rename: { a: '[%{x}][c]' } },
    { a: 1, b: 2, x: 'b' },
    { a: 1, b: 2, x: 'b', ...failed },
  ],
  [
    'rename to what is no reference',
    { rename: { a: '%{b}' } },
    { a: 1, b: 'x[' },
    { a: 1, b: 'x[', ...failed },
  ],
  [
    'rename of names like __proto__',
    { rename: { a: '__proto__', toString: 'b' } },
    { a: 1 },
    JSON.parse('{"__proto__":1}'),
  ],
  ['update', { update: { a: 'x%{b}', c: 'new' } }, { a: 1, b: 2 }, { a: 'x2', b: 2 }],
  ['update of null', { update: { a: 'x' } }, { a: null }, { a: 'x' }],
  [
    'replace',
    { replace: { a: 'x%{b}', c: 'new%{missing}' } },
    { a: 1, b: 2 },
    { a: 'x2', b: 2, c: 'new%{missing}' },
  ],
  [
    'replace by name templates',
    { replace: { 'f_%{b}': 'v' }, update: { '%{b}': 'w' } },
    { b: 'x' },
    { b: 'x', f_x: 'v' },
  ],
  ['replace in order', { replace: { a: '1', b: '%{a}2' } }, {}, { a: '1', b: '12' }],
  ['replace through a scalar', { replace: { '[a][b]': 'x' } }, { a: 1 }, { a: 1, ...failed }],
  ['convert of many', { convert: { a: 'integer' } }, { a: ['1', null, '2.9'] }, { a: [1, null, 2] }],
  ['convert of a map', { convert: { a: 'integer' } }, { a: { b: '1' } }, { a: { b: '1' } }],
  [
    'convert inside',
    { convert: { '[a][b]': 'integer', '[l][1]': 'float' } },
    { a: { b: '1' }, l: ['1', '2'] },
    { a: { b: 1 }, l: ['1', 2] },
  ],
  ['convert of a list of lists', { convert: { a: 'integer' } }, { a: [['1']] }, { a: [['1']], ...failed }],
  ['gsub', { gsub: ['a', '/', '_'] }, { a: 'x/y/z' }, { a: 'x_y_z' }],
  ['gsub of a list', { gsub: ['a', 'x', 'y'] }, { a: ['x', 1, 'xx'] }, { a: ['y', 1, 'yy'] }],
  [
    'gsub of other kinds',
    { gsub: ['a', '1', '2', 'b', '1', '2', 'c', '1', '2'] },
    { a: 11, b: { d: '1' } },
    { a: 11, b: { d: '1' } },
  ],
  [
    'gsub with groups',
    { gsub: ['a', '(\\w+) (\\w+)', '\\2 \\1 \\0 \\9 \\\\1 \\z $1 $&'] },
    { a: 'x y' },
    { a: 'y x x y  \\1 \\z $1 $&' },
  ],
  [
    'gsub with names',
    { gsub: ['a', '(?<one>\\w)(?<two>\\w)', '\\k<two>-\\k<one>'] },
    { a: 'ab cd' },
    { a: 'b-a d-c' },
  ],
  ['gsub with what is around', { gsub: ['a', '-', "[\\`|\\'|\\&]"] }, { a: 'x-y' }, { a: 'x[x|y|-]y' }],
  ['gsub with dollars', { gsub: ['a', 'x', '$&$1'] }, { a: 'x' }, { a: '$&$1' }],
  [
    'gsub by lines',
    { gsub: ['a', '^x$', 'y', 'b', 'a.b', 'z'] },
    { a: 'x\nx', b: 'a\nb' },
    { a: 'y\ny', b: 'a\nb' },
  ],
  [
    'gsub by templates',
    { gsub: ['a', 'of %{b}', '%{c}'] },
    { a: 'kind of blue', b: 'blue', c: '<$&>' },
    { a: 'kind <$&>', b: 'blue', c: '<$&>' },
  ],
  [
    'gsub by a template that is no expression',
    { gsub: ['a', '%{b}', ''] },
    { a: 'x', b: '(' },
    { a: 'x', b: '(', ...failed },
  ],
  [
    'gsub with a Ruby class',
    { gsub: ['a', '[[:space:]]+', '', 'a', '\\h', '#'] },
    { a: 'x \t f' },
    { a: 'x#' },
  ],
  [
    'uppercase',
    { uppercase: ['a', 'b', 'c', 'd'] },
    { a: 'straße ж', b: ['x', 1], c: 2 },
    { a: 'STRASSE Ж', b: ['X', 1], c: 2 },
  ],
  ['lowercase', { lowercase: ['a', 'b'] }, { a: 'ÀB', b: ['X', null] }, { a: 'àb', b: ['x', null] }],
  [
    'capitalize',
    { capitalize: ['a', 'b'] },
    { a: 'nÎcË gÛŸ', b: ['CDE', '', 2] },
    { a: 'Nîcë gûÿ', b: ['Cde', '', 2] },
  ],
  ['strip', { strip: ['a', 'b'] }, { a: ' \t x y\n\u0000 ', b: [' x', 'y '] }, { a: 'x y', b: ['x', 'y'] }],
  [
    'strip of a list with numbers',
    { strip: ['a'], uppercase: ['b'] },
    { a: [' x', 1], b: 'b' },
    { a: [' x', 1], b: 'B', ...failed },
  ],
  [
    'split',
    { split: { a: ',', b: ' ', c: '', d: ',' } },
    { a: 'x,,y,,', b: '  x  y ', c: 'x😀', d: '' },
    { a: ['x', '', 'y'], b: ['x', 'y'], c: ['x', '😀'], d: [] },
  ],
  ['split of other kinds', { split: { a: ',' } }, { a: ['x,y'] }, { a: ['x,y'] }],
  [
    'join',
    { join: { a: '-', b: '-' } },
    { a: ['x', null, 1.5, ['y', true], { z: 1 }], b: 'x' },
    { a: 'x--1.5-y-true-{"z":1}', b: 'x' },
  ],
  ['merge lists', { merge: { a: 'b' } }, { a: [1], b: [2] }, { a: [1, 2], b: [2] }],
  ['merge text', { merge: { a: 'b' } }, { a: 'x', b: 'y' }, { a: ['x', 'y'], b: 'y' }],
  ['merge into nothing', { merge: { a: 'b' } }, { b: 'y' }, { a: ['y'], b: 'y' }],
  ['merge of nothing', { merge: { a: 'b' } }, { a: 'x' }, { a: ['x'] }],
  [
    'merge of many',
    { merge: { a: ['b', 'c'] } },
    { a: 'x', b: 'y', c: ['z'] },
    { a: ['x', 'y', 'z'], b: 'y', c: ['z'] },
  ],
  [
    'merge maps',
    { merge: { a: 'b' } },
    { a: { x: 1, y: 1 }, b: { y: 2 } },
    { a: { x: 1, y: 2 }, b: { y: 2 } },
  ],
  ['merge a map and a list', { merge: { a: 'b' } }, { a: { x: 1 }, b: [2] }, { a: { x: 1 }, b: [2] }],
  [
    'copy',
    { copy: { a: 'b', c: 'd' } },
    { a: { x: [1] }, c: null },
    { a: { x: [1] }, b: { x: [1] }, c: null },
  ],
  ['metadata', { copy: { a: '[@metadata][b]' }, rename: { '[@metadata][b]': 'c' } }, { a: 1 }, { a: 1 }],
  [
    'in a fixed order',
    { copy: { b: 'c' }, rename: { a: 'b' }, uppercase: ['b'], replace: { a: 'new' } },
    { a: 'x' },
    { a: 'new', b: 'X', c: 'X' },
  ],
  [
    'nothing after a failure',
    { convert: { a: 'integer' }, uppercase: ['b'] },
    { a: 'x', b: 'b' },
    { a: 'x', b: 'b', ...failed },
  ],
  [
    'another tag',
    { convert: { a: 'float' }, tag_on_failure: 'oops' },
    { a: 'x', tags: 'y' },
    { a: 'x', tags: ['y', 'oops'] },
  ],
  ['tags can not be a map', { rename: { a: 'tags' } }, { a: { x: 1 } }, { a: { x: 1 }, ...failed }],
])('%s', async (_title, config, before, expected) => {
  expect(await after(config, before)).toEqual(expected);
});

test('a copy shares nothing with its source', async () => {
  const event = new Event({ a: { x: [1] } });
  (await createFilter(mutate, { copy: { a: 'b' } })).filter!(event, () => {});
  ((event.fields['b'] as Fields)['x'] as unknown[]).push(2);
  expect(event.fields['a']).toEqual({ x: [1] });
});

describe('@timestamp', () => {
  test.each([
    ['2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z', undefined],
    ['2020-01-01T01:00:00+01:00', '2020-01-01T00:00:00.000Z', undefined],
    ['yesterday', '2026-11-20T10:00:00.000Z', ['_mutate_error']],
  ])('takes times only: %s', async (value, expected, tags) => {
    const filter = await createFilter(mutate, { copy: { a: '@timestamp' } });
    const { events } = await runFilter(filter, { a: value });
    expect([events[0]!['@timestamp'], events[0]!['tags']]).toEqual([expected, tags]);
  });
});

describe('convert to', () => {
  const raw = JSON.rawJSON('0.12345678901234567890');
  test.each<[string, unknown, unknown]>([
    ['integer', '1234', 1234],
    ['integer', ' 1,234,567.8 ', 1234567],
    ['integer', '-7890.9', -7890],
    ['integer', '1e3', 1000],
    ['integer', '1.230000e+02', 123],
    ['integer', '0x7b', 123],
    ['integer', '-0x7B', -123],
    ['integer', '0x1.edcdp6', 123],
    ['integer', '9007199254740993', 9007199254740993n],
    ['integer', '-9223372036854775808.5', -9223372036854775808n],
    ['integer', '9007199254740991', 9007199254740991],
    ['integer', '1e30', 10n ** 30n],
    ['integer', '1e-400', 0],
    ['integer', '-0', 0],
    ['integer', 7.9, 7],
    ['integer', -7.9, -7],
    ['integer', 1e20, 100000000000000000000n],
    ['integer', 12345678901234567890n, 12345678901234567890n],
    ['integer', JSON.rawJSON('12345678901234567890.5'), 12345678901234567890n],
    ['integer', true, 1],
    ['integer', false, 0],
    ['integer', null, null],
    ['float', '3141.5926', 3141.5926],
    ['float', '3,141.5', 3141.5],
    ['float', '+5', 5],
    ['float', '.5', 0.5],
    ['float', '1e3', 1000],
    ['float', '0x1A', 26],
    ['float', '1_000.5', 1000.5],
    ['float', '007', 7],
    ['float', '12345678901234567890', 12345678901234567890n],
    ['float', 3, 3],
    ['float', 5n, 5n],
    ['float', true, 1],
    ['integer_eu', '1.234.567,8', 1234567],
    ['integer_eu', 5.5, 5],
    ['float_eu', '3.141,5926', 3141.5926],
    ['float_eu', '3.141', 3141],
    ['string', 1234, '1234'],
    ['string', 1.5, '1.5'],
    ['string', 1e20, '1.0e+20'],
    ['string', true, 'true'],
    ['string', 12345678901234567890n, '12345678901234567890'],
    ['string', raw, '0.12345678901234567890'],
    ['string', [1, { a: 1 }], ['1', '{"a":1}']],
    ['boolean', 'True', true],
    ['boolean', 'y', true],
    ['boolean', '1', true],
    ['boolean', 1, true],
    ['boolean', 'f', false],
    ['boolean', '', false],
    ['boolean', 'No', false],
    ['boolean', 0, false],
    ['boolean', '0.0', false],
    ['boolean', 2, 2],
    ['boolean', 'none of the above', 'none of the above'],
    ['boolean', ['1', '0', 2], [true, false, 2]],
  ])('%s: %s', async (type, value, expected) => {
    expect(await valueAfter({ convert: { a: type } }, value)).toEqual(expected);
  });

  test.each([
    ['integer', ['', 'x', '1x', '.', 'e5', 'nan', 'true', '0x', '1e999', '0xg', '1e99999999999999999999']],
    ['float', ['', 'x', '5.', '.', 'infinity', 'true', '1__0', '0x']],
  ])('%s: fails', async (type, values) => {
    for (const value of values) {
      expect(await after({ convert: { a: type } }, { a: value })).toEqual({ a: value, ...failed });
    }
  });

  test('numbers keep every digit', async () => {
    const exact = (await valueAfter({ convert: { a: 'float' } }, '0.12345678901234567890')) as object;
    expect(JSON.stringify(exact)).toBe('0.12345678901234567890');
    expect(await valueAfter({ convert: { a: 'float' } }, raw)).toBe(raw);
  });
});

describe('what it declares', () => {
  const declared = (given: Record<string, unknown>) => {
    const options = resolveOptions(mutate, given);
    return { reads: mutate.reads!(options), writes: mutate.writes!(options) };
  };
  test('fields that it reads and writes', () => {
    expect(
      declared({
        rename: { a: '[b][c]' },
        replace: { d: '%{e}' },
        copy: { '[f]': 'g' },
        convert: { h: 'integer' },
      }),
    ).toEqual({ reads: ['a', 'h', 'f', 'e'], writes: ['[b][c]', 'd', 'g'] });
  });
  test('all, if names are known per event only', () => {
    expect(declared({ rename: { '%{a}': 'b' } }).reads).toBe('all');
  });
});

describe('config errors', () => {
  test.each([
    ['convert', { convert: { a: 'int' } }],
    ['gsub', { gsub: ['a', 'b'] }],
    ['gsub', { gsub: ['a', '(', 'b'] }],
    ['rename', { rename: { 'a[': 'b' } }],
    ['copy', { copy: { a: 'b]' } }],
    ['merge', { merge: { a: ['b', '[]'] } }],
    ['replace', { replace: { a: '%{+bbb}' } }],
    ['strip', { strip: ['[a'] }],
  ])('%s', (option, given) => {
    const reports: string[] = [];
    mutate.validate!(resolveOptions(mutate, given), (severity, at) => reports.push(`${severity} ${at}`));
    expect(reports).toEqual([`error ${option}`]);
  });
});

test('an expression that would never end is stopped', async () => {
  const gsub = ['a', '(x+x+)+y(?!z)', ''];
  const filter = await createFilter(mutate, { gsub, uppercase: ['b'], timeout_millis: 50 });
  const texts = ['xxy', 'x'.repeat(100), 'x'];
  const events = texts.map((a) => new Event({ a, b: 'b' }));
  expect([...(await filter.filterBatch!(events, () => {}))]).toEqual([1, 0, 1]);
  expect(events.map(({ fields }) => fields)).toEqual([
    { a: '', b: 'B' },
    { a: 'x'.repeat(100), b: 'b', tags: ['_mutate_error'] },
    { a: 'x', b: 'B' },
  ]);
});

test('an expression that always ends is not guarded', async () => {
  expect(
    (await createFilter(mutate, { gsub: ['a', '[/?]+', '_', 'b', '(\\d+)$', '<\\1>'] })).filter,
  ).toBeDefined();
});

test('no event makes it throw', async () => {
  const filters = await Promise.all(
    [
      { rename: { a: 'b', '[c][d]': '[e][f]', '%{a}': '%{b}' }, merge: { a: 'c', tags: 'b' } },
      { convert: { a: 'integer', b: 'float', c: 'boolean', '[d][e]': 'string' }, strip: ['e'] },
      { gsub: ['a', '(.)', '<\\1>', 'b', '%{a}', '%{c}'], split: { a: ',' }, join: { a: '-', c: ',' } },
      {
        copy: { a: '@timestamp', b: 'tags', c: '[a][b]' },
        coerce: { a: '%{b}' },
        replace: { '[b][0]': '%{c}' },
      },
      { uppercase: ['a'], capitalize: ['b'], lowercase: ['c'], update: { '[a][b]': 'x' } },
    ].map((config) => createFilter(mutate, config)),
  );
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'tags', '__proto__', 'constructor');
  const value = fc.oneof(
    fc.json().map((text) => parseJson(text)),
    fc.constantFrom(10n ** 30n, JSON.rawJSON('1e999') as any, '[', '%{a}', '1e9', ''),
    fc.dictionary(name, fc.oneof(fc.string(), fc.array(fc.string()))),
  );
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value), async (fields) => {
      for (const filter of filters) {
        const { events, matched } = await runFilter(filter, parseJson(JSON.stringify(fields)) as Fields);
        expect([events.length, typeof matched]).toEqual([1, 'boolean']);
      }
    }),
  );
});
