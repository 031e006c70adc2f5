import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { clone } from './clone.ts';

test('one copy per name, before the original, decorated alone', async () => {
  const config = { clones: ['x', 'y'], add_field: { from: '%{type}' }, add_tag: ['copy'] };
  const { events, matched } = await runFilter(await createFilter(clone, config), {
    a: { b: [1] },
    type: 't',
  });
  expect(events.map(({ type, from, tags, a }) => [type, from, tags, a])).toEqual([
    ['x', 'x', ['copy'], { b: [1] }],
    ['y', 'y', ['copy'], { b: [1] }],
    ['t', undefined, undefined, { b: [1] }],
  ]);
  expect(matched).toBe(false);
});

test.each<[Fields, unknown]>([
  [{}, ['x']],
  [{ tags: ['t'] }, ['t', 'x']],
  [{ tags: 't' }, ['t', 'x']],
  [{ tags: ['x'] }, ['x', 'x']],
])('with ECS copies get a tag: %o', async (fields, tags) => {
  const filter = await createFilter(clone, { clones: ['x'] }, { ecs: 'v8' });
  const { events } = await runFilter(filter, fields);
  expect(events[0]).toMatchObject({ tags });
  expect(events[0]!['type']).toBeUndefined();
  expect(events[1]!['tags']).toEqual(fields['tags']);
});

test('copies share nothing, and take metadata along', async () => {
  const filter = await createFilter(clone, { clones: ['x'] });
  const event = new Event({ a: { b: [1] } }, { m: { n: 1 } });
  const copies: any[] = [];
  filter.filter!(event, (copy) => copies.push(copy));
  copies[0].fields.a.b.push(2);
  copies[0].metadata.m.n = 2;
  expect(event.fields).toEqual({ a: { b: [1] } });
  expect(event.metadata).toEqual({ m: { n: 1 } });
});

test('warns about an empty list', () => {
  const reports: string[] = [];
  clone.validate!(resolveOptions(clone, { clones: [] }), (severity) => reports.push(severity));
  expect(reports).toEqual(['warning']);
});

test('no event makes it throw', async () => {
  const filters = [
    await createFilter(clone, { clones: ['x'] }),
    await createFilter(clone, { clones: ['x'] }, { ecs: 'v1' }),
  ];
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (fields, tags) => {
      for (const filter of filters)
        filter.filter!(new Event({ ...fields, tags } as any), (copy) => JSON.stringify(copy));
    }),
  );
});
