import { expect, test } from 'vitest';
import { createFilter, runFilter } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import { drop } from './drop.ts';

test('drops every event, without applying common options', async () => {
  const { events, matched } = await runFilter(await createFilter(drop, {}), { a: 1 });
  expect(events).toEqual([]);
  expect(matched).toBe(false);
});

test.each([
  [0, 0, 0],
  [30, 2600, 3400],
  [100, 10_000, 10_000],
  [150, 10_000, 10_000],
])('%s percent', async (percentage, least, most) => {
  const filter = await createFilter(drop, { percentage });
  let dropped = 0;
  for (let n = 0; n < 10_000; n++) {
    const event = new Event({ a: 1 });
    filter.filter!(event, () => {});
    if (event.cancelled) dropped++;
  }
  expect(dropped).toBeGreaterThanOrEqual(least);
  expect(dropped).toBeLessThanOrEqual(most);
});
