import { expect, test } from 'vitest';
import { eventHider } from './hide-fields.ts';

const hidden = (fields: string[], event: object): unknown =>
  JSON.parse(eventHider(fields)(JSON.stringify({ f: event }))).f;

test('hides fields at the top, in objects and lists, and with dots in names', () => {
  const event = { a: 1, user: { name: 'x', id: 2 }, 'host.name': 'h', list: [{ secret: 1, open: 2 }] };
  expect(hidden(['user.name', 'host.name', 'list.secret'], event)).toEqual({
    a: 1,
    user: { id: 2 },
    list: [{ open: 2 }],
  });
  expect(hidden(['user.*'], event)).not.toHaveProperty('user');
  expect(hidden([], event)).toEqual(event);
});
