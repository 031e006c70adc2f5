import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { uuid } from './uuid.ts';

const VERSION_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function run(config: Record<string, unknown>, fields: Fields) {
  const { events, matched } = await runFilter(await createFilter(uuid, config), fields);
  return { matched, fields: events[0]! };
}

test.each<[Record<string, unknown>, Fields]>([
  [{ target: 'u' }, {}],
  [{ target: 'u' }, { u: null }],
  [{ target: 'u', overwrite: true }, { u: 'mine' }],
])('a new one: %o %o', async (config, fields) => {
  const after = await run(config, fields);
  expect(after.fields['u']).toMatch(VERSION_4);
  expect(after.matched).toBe(true);
});

test('each its own', async () => {
  const filter = await createFilter(uuid, { target: '[a][b]' });
  const made = new Set<unknown>();
  for (let n = 0; n < 1000; n++) {
    const event = new Event({});
    filter.filter!(event, () => {});
    made.add((event.fields['a'] as Fields)['b']);
  }
  expect(made.size).toBe(1000);
});

test('what is there is kept, and common options apply', async () => {
  expect(await run({ target: 'u' }, { u: false })).toMatchObject({ matched: true, fields: { u: false } });
});

test('what can not be written is left alone', async () => {
  expect(await run({ target: '[a][b]' }, { a: 1 })).toMatchObject({ matched: false, fields: { a: 1 } });
});

test('the target is checked', () => {
  const reports: string[] = [];
  uuid.validate!(resolveOptions(uuid, { target: 'a[' }), (_, option) => reports.push(option));
  expect(reports).toEqual(['target']);
});

test('no event makes it throw', async () => {
  const filters = await Promise.all(
    ['a', '[a][b]', '[a][0][c]', 'tags', '@timestamp'].map((target) => createFilter(uuid, { target })),
  );
  fc.assert(
    fc.property(fc.jsonValue(), (a) => {
      for (const filter of filters) filter.filter!(new Event({ a } as any), () => {});
    }),
  );
});
