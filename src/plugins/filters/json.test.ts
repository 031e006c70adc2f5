import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFilter, runFilter } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { json } from './json.ts';

async function run(config: Record<string, unknown>, fields: Fields) {
  const { events, matched } = await runFilter(await createFilter(json, { source: 'm', ...config }), fields);
  const { '@timestamp': time, '@version': _version, ...rest } = events[0]!;
  return { time, fields: rest, matched };
}

const failed = { tags: ['_jsonparsefailure'] };

test.each<[string, Record<string, unknown>, Fields, Fields, boolean]>([
  [
    'an object',
    {},
    { m: '{"a":1,"b":{"c":[null]}}', b: 2 },
    { m: '{"a":1,"b":{"c":[null]}}', a: 1, b: { c: [null] } },
    true,
  ],
  ['the source itself may be overwritten', {}, { m: '{"m":"x"}' }, { m: 'x' }, true],
  ['no source', {}, { a: 1 }, { a: 1 }, false],
  ['null', {}, { m: null }, { m: null }, false],
  ['a list without target', {}, { m: '[1]' }, { m: '[1]', ...failed }, false],
  ['a number without target', {}, { m: '1' }, { m: '1', ...failed }, false],
  ['a list with target', { target: '[x][y]' }, { m: '[1]' }, { m: '[1]', x: { y: [1] } }, true],
  ['blank text with target', { target: 'x' }, { m: ' ' }, { m: ' ', x: null }, true],
  ['blank text', {}, { m: ' ' }, { m: ' ', ...failed }, false],
  ['no JSON', {}, { m: '{"a":' }, { m: '{"a":', ...failed }, false],
  ['no JSON, skipped', { skip_on_invalid_json: true }, { m: '{"a":' }, { m: '{"a":' }, false],
  ['other tags', { tag_on_failure: ['x', 'y'] }, { m: 'z', tags: 'x' }, { m: 'z', tags: ['x', 'y'] }, false],
  ['no text', {}, { m: { a: 1 } }, { m: { a: 1 }, ...failed }, false],
  ['a number', {}, { m: 5 }, { m: 5, ...failed }, false],
  ['a nested source', { source: '[a][b]' }, { a: { b: '{"c":1}' } }, { a: { b: '{"c":1}' }, c: 1 }, true],
  ['target through text', { target: '[m][x]' }, { m: '{}' }, { m: '{}', ...failed }, false],
  ['a byte order mark', {}, { m: '\ufeff{"a":1}' }, { m: '\ufeff{"a":1}', a: 1 }, true],
  ['tags overwrite', {}, { m: '{"tags":["x"]}', tags: ['y'] }, { m: '{"tags":["x"]}', tags: ['x'] }, true],
  [
    'illegal tags',
    {},
    { m: '{"tags":{"x":1},"a":1}', tags: ['y'] },
    { m: '{"tags":{"x":1},"a":1}', a: 1, tags: ['y', '_jsonparsefailure'] },
    false,
  ],
  [
    'names that are references',
    {},
    { m: '{"[a][b]":1,"c[":2,"":3}' },
    { m: '{"[a][b]":1,"c[":2,"":3}', a: { b: 1 }, 'c[': 2, '': 3 },
    true,
  ],
])('%s', async (_title, config, before, expected, matched) => {
  const after = await run(config, before);
  expect(after.fields).toEqual(expected);
  expect(after.matched).toBe(matched);
});

describe('@timestamp in the JSON', () => {
  test('is taken over', async () => {
    expect(await run({}, { m: '{"@timestamp":"2013-10-19T01:14:20+01:00"}' })).toMatchObject({
      time: '2013-10-19T00:14:20.000Z',
      fields: { m: expect.any(String) },
    });
  });
  test.each([
    ['"yesterday"', 'yesterday'],
    ['5', '5'],
    ['{"a":1}', '{"a":1}'],
  ])('%s is no time', async (value, kept) => {
    const before = Date.now();
    const { time, fields, matched } = await run({}, { m: `{"@timestamp":${value},"a":1}` });
    expect(Date.parse(time as string)).toBeGreaterThanOrEqual(before);
    expect(fields).toMatchObject({ a: 1, '_@timestamp': kept, tags: ['_timestampparsefailure'] });
    expect(matched).toBe(true);
  });
  test('null leaves the event its own', async () => {
    expect((await run({}, { m: '{"@timestamp":null}' })).time).toBe('2026-11-20T10:00:00.000Z');
  });
});

test('numbers keep every digit, and __proto__ is data', async () => {
  const event = new Event({ m: '{"n":12345678901234567890,"d":0.12345678901234567890,"__proto__":{"x":1}}' });
  (await createFilter(json, { source: 'm' })).filter!(event, () => {});
  expect(event.fields['n']).toBe(12345678901234567890n);
  expect(JSON.stringify(event.fields['d'])).toBe('0.12345678901234567890');
  expect(Object.getOwnPropertyDescriptor(event.fields, '__proto__')?.value).toEqual({ x: 1 });
});

test('metadata', async () => {
  const filter = await createFilter(json, { source: 'm' });
  const event = new Event({ m: '{"@metadata":{"x":1}}' });
  expect(filter.filter!(event, () => {})).toBe(true);
  expect(event.metadata).toEqual({ x: 1 });
  const other = new Event({ m: '{"@metadata":1}' });
  expect(filter.filter!(other, () => {})).toBe(false);
  expect(other.fields['tags']).toEqual(['_jsonparsefailure']);
});

test('depth is bounded', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect((await run({ target: 'x' }, { m: deep })).fields['tags']).toEqual(['_jsonparsefailure']);
});

test('the same names many times give the same fields as once', async () => {
  const filter = await createFilter(json, { source: 'm' });
  const texts = [
    '{"a":1,"toString":2,"tags":["x"],"[b][c]":3}',
    '{"a":"y","z":[1]}',
    '{"z":1,"a":2}',
    '{"@timestamp":"2020-01-01T00:00:00Z","__proto__":1,"é ü":2}',
  ];
  const once = texts.map((m) => fieldsOf(filter.filter!, m));
  for (let round = 0; round < 200; round++) {
    const at = round < 100 ? round >> 5 : round % 4;
    expect(fieldsOf(filter.filter!, texts[at]!)).toEqual(once[at]);
  }
});

function fieldsOf(
  filter: NonNullable<Awaited<ReturnType<typeof createFilter>>['filter']>,
  m: string,
): string {
  const event = new Event({ m });
  filter(event, () => {});
  return JSON.stringify(event.fields);
}

test('no event makes it throw', async () => {
  const filters = await Promise.all([
    createFilter(json, { source: 'm' }),
    createFilter(json, { source: 'm', target: '[m][x]' }),
    createFilter(json, { source: 'm', target: 'tags' }),
  ]);
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), fc.anything({ withBigInt: true })), (m) => {
      for (const filter of filters) {
        const event = new Event({ m: m as any });
        expect(typeof filter.filter!(event, () => {})).toBe('boolean');
      }
    }),
  );
});
