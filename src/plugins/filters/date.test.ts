import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter, testContext } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { date } from './date.ts';

const unchanged = '2026-11-20T10:00:00.000Z';

async function run(config: Record<string, unknown>, fields: Fields) {
  const { events, matched } = await runFilter(await createFilter(date, config), fields);
  const { '@timestamp': time, tags } = events[0]!;
  return { time, tags, matched, event: events[0]! };
}

test.each<[string, Record<string, unknown>, Fields, string]>([
  [
    'the first format that fits',
    { match: ['t', 'yyyy', 'UNIX', 'ISO8601'], timezone: 'UTC' },
    { t: '2001-09-09T01:46:40Z' },
    '2001-09-09T01:46:40.000Z',
  ],
  [
    'numbers',
    { match: ['t', 'ISO8601', 'UNIX', 'UNIX_MS'] },
    { t: 1_000_000_000_123 },
    '2001-09-09T01:46:40.123Z',
  ],
  [
    'a nested field',
    { match: ['[a][b]', 'ISO8601'] },
    { a: { b: '2013-01-01T00:00:00.000Z' } },
    '2013-01-01T00:00:00.000Z',
  ],
  [
    'a zone',
    { match: ['t', 'yyyy MMM dd HH:mm:ss'], timezone: 'America/Los_Angeles' },
    { t: '2013 Jun 24 01:29:01' },
    '2013-06-24T08:29:01.000Z',
  ],
  [
    'a zone from the event',
    { match: ['t', 'yyyy MMM dd HH:mm:ss'], timezone: '%{tz}' },
    { t: '2013 Nov 24 01:29:01', tz: 'America/Los_Angeles' },
    '2013-11-24T09:29:01.000Z',
  ],
  [
    'ISO8601 and a zone from the event',
    { match: ['t', 'ISO8601'], timezone: '%{tz}' },
    { t: '2007-12-09T10:00:00', tz: 'America/Caracas' },
    '2007-12-09T14:30:00.000Z',
  ],
  ['UNIX needs no zone', { match: ['t', 'UNIX'], timezone: '%{tz}' }, { t: '0' }, '1970-01-01T00:00:00.000Z'],
  [
    'POSIX locales',
    { match: ['t', 'dd MMMM yyyy'], locale: 'fr_FR', timezone: 'UTC' },
    { t: '14 juillet 1789' },
    '1789-07-14T00:00:00.000Z',
  ],
])('%s', async (_title, config, fields, time) => {
  expect(await run(config, fields)).toMatchObject({ time, tags: undefined, matched: true });
});

test.each<[string, Record<string, unknown>, Fields]>([
  ['no format fits', { match: ['t', 'yyyy/MM/dd', 'UNIX'] }, { t: '2013/Apr/21' }],
  ['a number for a text format', { match: ['t', 'yyyy'] }, { t: 1999 }],
  ['a list', { match: ['t', 'yyyy', 'UNIX'] }, { t: ['1999'] }],
  ['a map', { match: ['t', 'yyyy', 'UNIX'] }, { t: { a: 1 } }],
  ['true', { match: ['t', 'UNIX'] }, { t: true }],
  ['seconds beyond 2^31', { match: ['t', 'UNIX'] }, { t: 2_147_483_648 }],
  [
    'a zone that there is not',
    { match: ['t', 'ISO8601'], timezone: '%{tz}' },
    { t: '2020-01-01', tz: 'nowhere' },
  ],
  ['a zone from a missing field', { match: ['t', 'ISO8601'], timezone: '%{tz}' }, { t: '2020-01-01' }],
  ['a target that can not be', { match: ['t', 'UNIX'], target: '[t][x]' }, { t: '1' }],
])('fails: %s', async (_title, config, fields) => {
  expect(await run(config, fields)).toMatchObject({
    time: unchanged,
    tags: ['_dateparsefailure'],
    matched: false,
  });
});

test('without the field nothing happens', async () => {
  for (const fields of [{}, { t: null }])
    expect(await run({ match: ['t', 'UNIX'] }, fields)).toMatchObject({
      time: unchanged,
      tags: undefined,
      matched: false,
    });
});

test('other targets and tags', async () => {
  const config = { match: ['t', 'UNIX'], target: '[a][b]', tag_on_failure: ['x', 'y'] };
  expect((await run(config, { t: 1 })).event).toMatchObject({
    '@timestamp': unchanged,
    a: { b: '1970-01-01T00:00:01.000Z' },
  });
  expect(await run(config, { t: 'z', tags: ['x'] })).toMatchObject({ tags: ['x', 'y'], matched: false });
});

test('cancelled events are left alone', async () => {
  const event = new Event({ t: '1999' });
  event.cancelled = true;
  expect((await createFilter(date, { match: ['t', 'yyyy'] })).filter!(event, () => {})).toBe(false);
  expect(event.fields).toEqual({ t: '1999' });
});

test('counts matches and failures', async () => {
  const context = testContext();
  const filter = await date.create(resolveOptions(date, { match: ['t', 'yyyy'] }), {
    ...context,
    decorate: () => {},
  });
  for (const t of ['1999', '2000', 'x']) filter.filter!(new Event({ t }), () => {});
  expect(context.counters).toEqual({ matches: 2, failures: 1 });
});

describe('config errors', () => {
  test.each([
    ['match', { match: ['t'] }],
    ['match', {}],
    ['match', { match: ['t[', 'UNIX'] }],
    ['match', { match: ['t', 'yyyy-MM-dd b'] }],
    ['timezone', { match: ['t', 'UNIX'], timezone: 'nowhere' }],
    ['target', { match: ['t', 'UNIX'], target: '[]' }],
  ])('%s', (option, given) => {
    const reports: string[] = [];
    date.validate!(resolveOptions(date, given), (severity, at) => reports.push(`${severity} ${at}`));
    expect(reports).toEqual([`error ${option}`]);
  });
});

test('declares what it reads and writes', () => {
  const given = resolveOptions(date, { match: ['[a][b]', 'UNIX'], timezone: '%{tz}', target: 't' });
  expect([date.reads!(given), date.writes!(given)]).toEqual([['[a][b]', 'tz'], ['t']]);
});

test('no event makes it throw', async () => {
  const filters = await Promise.all([
    createFilter(date, {
      match: ['t', 'ISO8601', 'UNIX', 'UNIX_MS', 'TAI64N', 'MMM d yy HH:mm ZZZ'],
      timezone: '%{z}',
    }),
    createFilter(date, { match: ['[t][a]', 'UNIX_MS'], target: '[t][a][b]' }),
  ]);
  fc.assert(
    fc.property(fc.anything({ withBigInt: true }), fc.anything(), (t, z) => {
      for (const filter of filters) {
        const event = new Event({ t: t as any, z: z as any });
        expect(typeof filter.filter!(event, () => {})).toBe('boolean');
      }
    }),
  );
});
