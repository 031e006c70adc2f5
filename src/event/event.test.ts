import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventParts, makeEvent, shown } from '../../test/support/lang-arbitraries.ts';
import type { Fields, FieldValue } from '../kernel/event-types.ts';
import { addTag, cloneEvent, Event, isEmpty, isMap } from './event.ts';

const raw = (text: string) => JSON.rawJSON(text) as unknown as FieldValue;

describe('addTag', () => {
  test.each<[string, Fields, Fields]>([
    ['makes the list', {}, { tags: ['t'] }],
    ['of null', { tags: null }, { tags: ['t'] }],
    ['adds to a list', { tags: ['a'] }, { tags: ['a', 't'] }],
    ['adds once', { tags: ['t', 'a'] }, { tags: ['t', 'a'] }],
    ['makes a list of text', { tags: 'a' }, { tags: ['a', 't'] }],
    ['once, too', { tags: 't' }, { tags: ['t'] }],
    ['keeps what is no tags', { tags: { a: 1 } }, { _tags: { a: 1 }, tags: ['_tagsparsefailure', 't'] }],
    ['keeps numbers', { tags: 5 }, { _tags: 5, tags: ['_tagsparsefailure', 't'] }],
  ])('%s', (_rule, before, after) => {
    const event = new Event(structuredClone(before));
    addTag(event, 't');
    expect(event.fields).toEqual(after);
  });
});

describe('cloneEvent', () => {
  test('is deep, with metadata, not cancelled', () => {
    const event = new Event({ a: [{ b: 1n }], gone: undefined, n: raw('1e400') }, { m: [1] });
    event.cancelled = true;
    const copy = cloneEvent(event);
    expect(shown(copy)).toBe(shown(new Event({ a: [{ b: 1n }], n: raw('1e400') }, { m: [1] })));
    ((copy.fields['a'] as Fields[])[0] as Fields)['b'] = 2;
    (copy.metadata!['m'] as number[]).push(2);
    expect(JSON.stringify([event.fields, event.metadata])).toBe('[{"a":[{"b":1}],"n":1e400},{"m":[1]}]');
  });

  test('any event', () => {
    fc.assert(
      fc.property(eventParts, (parts) => {
        expect(shown(cloneEvent(makeEvent(parts)))).toBe(shown(makeEvent(parts)));
      }),
    );
  });
});

test('isMap and isEmpty', () => {
  expect([{}, { a: 1 }, [], 'x', 1, null, undefined, raw('1.0')].map(isMap)).toEqual([
    true,
    true,
    ...Array.from({ length: 6 }, () => false),
  ]);
  expect([{}, { a: undefined }, { a: null }].map(isEmpty)).toEqual([true, true, false]);
});
