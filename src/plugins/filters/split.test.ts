import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Fields, FieldValue } from '../../kernel/event-types.ts';
import { split } from './split.ts';

async function run(config: Record<string, unknown>, fields: Fields) {
  const { events, matched } = await runFilter(await createFilter(split, config), fields);
  return {
    matched,
    events: events.map(({ '@timestamp': _time, '@version': _version, ...rest }) => rest),
  };
}

const tags = ['_split_type_failure'];

test.each<[string, Record<string, unknown>, Fields, Fields[]]>([
  [
    'lines',
    {},
    { message: 'a\nb\n\nc\n', x: 1 },
    [
      { message: 'a', x: 1 },
      { message: 'b', x: 1 },
      { message: 'c', x: 1 },
    ],
  ],
  ['a single part', {}, { message: 'a' }, [{ message: 'a' }]],
  ['a single part and an empty one', {}, { message: 'a\n' }, [{ message: 'a' }]],
  ['empty text makes no events', {}, { message: '' }, []],
  ['another terminator', { terminator: '::', field: 'f' }, { f: 'a::b' }, [{ f: 'a' }, { f: 'b' }]],
  ['white space', { terminator: ' ' }, { message: '  a \t b ' }, [{ message: 'a' }, { message: 'b' }]],
  ['characters', { terminator: '' }, { message: 'a😀' }, [{ message: 'a' }, { message: '😀' }]],
  [
    'a list',
    { field: '[a][b]' },
    { a: { b: [1, null, '', { c: 1 }, [2]], d: 1 } },
    [{ a: { b: 1, d: 1 } }, { a: { b: { c: 1 }, d: 1 } }, { a: { b: [2], d: 1 } }],
  ],
  ['a list of one', { field: 'a' }, { a: ['x'] }, [{ a: 'x' }]],
  ['an empty list makes no events', { field: 'a' }, { a: [] }, []],
  [
    'a target',
    { field: 'a', target: '[t][x]' },
    { a: ['x', 'y'] },
    [
      { a: ['x', 'y'], t: { x: 'x' } },
      { a: ['x', 'y'], t: { x: 'y' } },
    ],
  ],
  [
    'a target of text',
    { target: 't' },
    { message: 'x\ny' },
    [
      { message: 'x\ny', t: 'x' },
      { message: 'x\ny', t: 'y' },
    ],
  ],
  ['a number', { field: 'a' }, { a: 1 }, [{ a: 1, tags }]],
  ['a map', { field: 'a' }, { a: { b: 1 } }, [{ a: { b: 1 }, tags }]],
  ['null', { field: 'a' }, { a: null }, [{ a: null, tags }]],
  ['nothing', {}, { a: 1 }, [{ a: 1, tags }]],
  [
    'a target that can not be',
    { field: 'a', target: '[b][c]' },
    { a: ['x', 'y'], b: 1 },
    [{ a: ['x', 'y'], b: 1, tags }],
  ],
])('%s', async (_title, config, fields, expected) => {
  expect(await run(config, fields)).toEqual({ matched: false, events: expected });
});

test('common options apply to the parts', async () => {
  const config = { add_tag: ['part'], add_field: { copy: '%{message}' } };
  expect((await run(config, { message: 'a\nb' })).events).toEqual([
    { message: 'a', copy: 'a', tags: ['part'] },
    { message: 'b', copy: 'b', tags: ['part'] },
  ]);
  expect((await run(config, { message: 'a' })).events).toEqual([{ message: 'a' }]);
});

test('references are checked', () => {
  const reports: string[] = [];
  split.validate!(resolveOptions(split, { field: 'a[', target: '[]' }), (_, option) => reports.push(option));
  expect(reports).toEqual(['field', 'target']);
});

test('no event makes it throw', async () => {
  const filters = await Promise.all(
    [
      { field: 'a' },
      { field: 'a', target: '[a][b]' },
      { field: 'a', target: 'tags' },
      { field: 'tags' },
      { field: '[a][0]', terminator: '' },
    ].map((config) => createFilter(split, config)),
  );
  fc.assert(
    fc.property(fc.oneof(fc.array(fc.jsonValue()), fc.string(), fc.jsonValue()), fc.jsonValue(), (a, t) => {
      for (const filter of filters) {
        const event = new Event({ a: structuredClone(a) as FieldValue, tags: t as FieldValue });
        filter.filter!(event, (part) => JSON.stringify(part));
      }
    }),
  );
});
