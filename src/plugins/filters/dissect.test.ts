import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter, testContext } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import { parseJson } from '../../event/json.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { dissect } from './dissect.ts';

async function run(config: Record<string, unknown>, fields: Fields) {
  const { events, matched } = await runFilter(await createFilter(dissect, config), fields);
  const { '@timestamp': _time, '@version': _version, ...rest } = events[0]!;
  return { fields: rest, matched };
}

const failed = { tags: ['_dissectfailure'] };

test.each<[string, string, string, Fields | undefined]>([
  ['fields', '%{a} %{b}', 'x y z', { a: 'x', b: 'y z' }],
  ['text at the start and between', '[%{a}] %{b}: %{c}', '[x] y: z', { a: 'x', b: 'y', c: 'z' }],
  ['text at the start elsewhere', '[%{a}] %{b}', ' [x] y', undefined],
  ['text at the end', '%{a}=%{b};', 'x=y;rest', { a: 'x', b: 'y' }],
  ['text at the end that is missing', '%{a}=%{b};', 'x=y', undefined],
  ['a delimiter that is missing', '%{a},%{b},%{c}', 'x,y', undefined],
  ['empty fields', '%{a},%{b},%{c}', 'x,,', { a: 'x', b: '', c: '' }],
  ['an empty first field', '%{a},%{b}', ',y', { a: '', b: 'y' }],
  ['skipped', '%{} %{?s} %{a}', 'x y z', { a: 'z' }],
  ['padding', '%{a->} %{b}', 'x    y', { a: 'x', b: 'y' }],
  ['padding of more than one character', '%{a->}, %{b}', 'x, , y', { a: 'x', b: 'y' }],
  ['skipped padding', '[%{a}]%{->} %{b}', '[x]   y', { a: 'x', b: 'y' }],
  ['no padding', '%{a} %{b}', 'x  y', { a: 'x', b: ' y' }],
  ['appended', '%{a} %{b} %{+a}', 'x y z', { a: 'x z', b: 'y' }],
  ['appended with the delimiter before', '%{+a}-%{+a}/%{+a}', 'x-y/z', { a: 'x-y/z' }],
  ['appended in order', '%{+a/2} %{+a/1} %{+a/4} %{+a/3}', '1 2 3 go', { a: '2 1 go 3' }],
  ['order and padding', '%{+a/2->} %{+a/1}', 'x   y', { a: 'y x' }],
  ['named by a skipped field', '%{?k}: %{&k}', 'google: 77.98', { google: '77.98' }],
  ['named by a field', 'error: %{err}, %{&err}', 'error: oops, why', { err: 'oops', oops: 'why' }],
  ['named by an empty field', '%{?k}=%{&k}', '=v', {}],
  ['nested', '%{[a][b]} %{[a][c]}', 'x y', { a: { b: 'x', c: 'y' } }],
  ['a name that is no reference', '%{?k}=%{&k}', '[=v', undefined],
  ['other scripts and pairs', '%{a}྿%{b}😀%{c}', 'é྿ü😀ö', { a: 'é', b: 'ü', c: 'ö' }],
  ['a delimiter with quotes', '"%{a}","%{b}"', '"x","y"', { a: 'x', b: 'y' }],
  [
    'names of Object',
    '%{constructor} %{__proto__}',
    'x y',
    JSON.parse('{"constructor":"x","__proto__":"y"}'),
  ],
])('%s: %s', async (_, pattern, message, fields) => {
  const result = await run({ mapping: { message: pattern } }, { message });
  expect(result).toEqual({ fields: { message, ...(fields ?? failed) }, matched: fields !== undefined });
});

test.each<[string, Record<string, unknown>, Fields, Fields, boolean]>([
  ['a missing field is not tagged', { mapping: { x: '%{a} %{b}' } }, { y: 1 }, { y: 1 }, false],
  ['null', { mapping: { x: '%{a} %{b}' } }, { x: null }, { x: null, ...failed }, false],
  ['empty text', { mapping: { x: '%{a}' } }, { x: '' }, { x: '', ...failed }, false],
  ['a number', { mapping: { x: '%{a}.%{b}' } }, { x: 1.5 }, { x: 1.5, a: '1', b: '5' }, true],
  [
    'own tags',
    { mapping: { x: '%{a}-%{b}' }, tag_on_failure: ['p', 'q'] },
    { x: 'z' },
    { x: 'z', tags: ['p', 'q'] },
    false,
  ],
  [
    'several fields, one of which does not fit',
    { mapping: { x: '%{a}-%{b}', y: '%{c}-%{d}' } },
    { x: 'z', y: '1-2' },
    { x: 'z', y: '1-2', c: '1', d: '2', ...failed },
    true,
  ],
  [
    'appended to a field that was there',
    { mapping: { x: '%{+a} %{b}' } },
    { x: 'y z', a: 1 },
    { x: 'y z', a: '1 y', b: 'z' },
    true,
  ],
  [
    'an old value is replaced',
    { mapping: { x: '%{a} %{b}' } },
    { x: 'y z', a: [1] },
    { x: 'y z', a: 'y', b: 'z' },
    true,
  ],
  ['a field through text', { mapping: { x: '%{[x][y]}' } }, { x: 'z' }, { x: 'z', ...failed }, false],
  ['an empty pattern', { mapping: { x: '' } }, { x: 'z' }, { x: 'z' }, false],
])('%s', async (_, config, fields, expected, matched) => {
  expect(await run(config, fields)).toEqual({ fields: expected, matched });
});

describe('convert_datatype', () => {
  test.each<[string, unknown, unknown]>([
    ['int', '00000001', 1],
    ['int', '-12', -12],
    ['int', '12.9', 12],
    ['int', '1e3', 1000],
    ['int', '1.5e-3', 0],
    ['int', '43947404257507186289', 43947404257507186289n],
    ['int', 7, 7],
    ['float', '95.43', 95.43],
    ['float', '.5', 0.5],
    ['float', '+1', 1],
    ['float', '43947404257507186289.345324', parseJson('43947404257507186289.345324')],
  ])('%s of %j', async (type, value, expected) => {
    const filter = await createFilter(dissect, { convert_datatype: { n: type } });
    const event = new Event({ n: value as never });
    expect(filter.filter!(event, () => {})).toBe(false);
    expect(event.fields).toEqual({ n: expected });
  });

  test.each([
    ['int', 'x', '_dataconversionuncoercible_n_int'],
    ['int', ' 1', '_dataconversionuncoercible_n_int'],
    ['int', '1e999', '_dataconversionuncoercible_n_int'],
    ['float', '1,5', '_dataconversionuncoercible_n_float'],
    ['float', { a: 1 }, '_dataconversionuncoercible_n_float'],
    ['float', true, '_dataconversionuncoercible_n_float'],
    ['int', null, '_dataconversionnullvalue_n_int'],
    ['INT', undefined, '_dataconversionnullvalue_n_INT'],
  ])('%s of %j is tagged', async (type, value, tag) => {
    const { fields } = await run({ convert_datatype: { n: type } }, { n: value as never });
    expect(fields).toEqual({ ...(value === undefined ? {} : { n: value }), tags: [tag] });
  });

  test('is done although the text did not fit', async () => {
    const config = { mapping: { message: '%{a}-%{b}' }, convert_datatype: { n: 'int' } };
    const { fields } = await run(config, { message: 'x', n: '5' });
    expect(fields).toEqual({ message: 'x', n: 5, ...failed });
  });
});

test('counts matches and failures', async () => {
  const context = testContext();
  const options = resolveOptions(dissect, { mapping: { m: '%{a}-%{b}' } });
  const filter = await dissect.create(options, { ...context, decorate: () => {} });
  for (const m of ['1-2', 'x', undefined]) filter.filter!(new Event({ m }), () => {});
  expect(context.counters).toEqual({ matches: 1, failures: 2 });
});

test('says which fields it reads and writes', () => {
  const options = resolveOptions(dissect, {
    mapping: { m: '%{a} %{+b} %{?c} %{&d} %{[e][f]}' },
    convert_datatype: { n: 'int' },
  });
  expect(dissect.reads!(options)).toEqual(['m', 'n', 'b', 'd']);
  expect(dissect.writes!(options)).toEqual(['a', 'b', '[e][f]']);
});

test.each([
  [{ mapping: { m: 'no fields' } }, /mapping .*no field/],
  [{ mapping: { m: '%{a}%{b}' } }, /mapping .*no delimiter between the fields `a` and `b`/],
  [{ mapping: { m: '%{+&a}' } }, /mapping .*both appended and indirect/],
  [{ mapping: { m: '%{&}' } }, /mapping .*has no name/],
  [{ mapping: { m: '%{[a}' } }, /mapping .*Invalid FieldReference/],
  [{ mapping: { '[m': '%{a}' } }, /mapping .*Invalid FieldReference/],
  [
    { convert_datatype: { n: 'integer' } },
    /convert_datatype .*`integer` is no datatype.*use `int` or `float`/,
  ],
])('a config error: %j', (config, message) => {
  const found: string[] = [];
  dissect.validate!(resolveOptions(dissect, config), (severity, option, text, hint) =>
    found.push(`${severity} ${option} ${text} ${hint ?? ''}`),
  );
  expect(found).toEqual([expect.stringMatching(message)]);
});

test('never throws, and leaves an event that does not fit as it was', async () => {
  const filter = await createFilter(dissect, {
    mapping: { message: '<%{a}> %{+b->} %{?k}=%{&k},%{[c][d]} %{+b/2}' },
    convert_datatype: { a: 'int', n: 'float' },
    tag_on_failure: [],
  });
  const text = fc.string({
    unit: fc.constantFrom('<', '>', ' ', '=', ',', 'x', '[', ']', '1', '😀'),
    maxLength: 30,
  });
  fc.assert(
    fc.property(fc.oneof(text, fc.jsonValue()), fc.jsonValue(), (message, n) => {
      const event = new Event({ message: message as never, n: n as never, a: '1', b: 2 });
      const matched = filter.filter!(event, () => {});
      if (!matched && typeof message === 'string' && !message.startsWith('<'))
        expect(event.fields['b']).toBe(2);
    }),
    { numRuns: 500 },
  );
});
