import { describe, expect, test } from 'vitest';
import { toPredicate } from './predicate.ts';
import type { Query } from './tree.ts';

const meets = (query: Query, document: object): boolean => toPredicate(query)(document);

describe('events as they are, without a mapping', () => {
  test('nested objects, dotted keys and mixtures', () => {
    const query: Query = { type: 'term', field: 'a.b.c', value: 'x' };
    expect(meets(query, { a: { b: { c: 'x' } } })).toBe(true);
    expect(meets(query, { 'a.b.c': 'x' })).toBe(true);
    expect(meets(query, { a: { 'b.c': ['y', 'x'] } })).toBe(true);
    expect(meets(query, { 'a.b': [{ c: 'y' }, { c: 'x' }] })).toBe(true);
    expect(meets(query, { a: { b: 'x' } })).toBe(false);
    expect(meets(query, { a: { b: { c: { d: 'x' } } } })).toBe(false);
  });

  test('a value’s own type decides', () => {
    expect(meets({ type: 'range', field: 'n', gte: 9 }, { n: 10 })).toBe(true);
    expect(meets({ type: 'range', field: 'n', gte: '9' }, { n: 10 })).toBe(true);
    expect(meets({ type: 'range', field: 'n', gte: 9 }, { n: '10' })).toBe(false);
    expect(meets({ type: 'term', field: 'n', value: '10' }, { n: 10n })).toBe(true);
    expect(meets({ type: 'term', field: 'b', value: 'true' }, { b: true })).toBe(true);
    expect(meets({ type: 'term', field: 'ip', value: '10.0.0.0/8' }, { ip: '10.1.2.3' })).toBe(true);
    expect(meets({ type: 'term', field: 'ip', value: '2001:DB8::0' }, { ip: '2001:db8::' })).toBe(true);
    expect(meets({ type: 'range', field: 'ip', gt: '9.9.9.9' }, { ip: '10.0.0.1' })).toBe(true);
    expect(
      meets(
        { type: 'range', field: 't', gte: '2026-11-20', lt: '2026-11-21' },
        { t: '2026-11-20T23:00:00.000Z' },
      ),
    ).toBe(true);
    expect(meets({ type: 'term', field: 't', value: '2026-11-20' }, { t: '2026-11-20T23:00:00.000Z' })).toBe(
      true,
    );
  });

  test('exact numbers', () => {
    const raw = JSON.rawJSON('12345678901234567890.5');
    expect(meets({ type: 'term', field: 'n', value: 9007199254740993n }, { n: 9007199254740993n })).toBe(
      true,
    );
    expect(meets({ type: 'term', field: 'n', value: '9007199254740993' }, { n: 9007199254740992n })).toBe(
      false,
    );
    expect(meets({ type: 'range', field: 'n', gt: 1e18 }, { n: raw })).toBe(true);
    expect(meets({ type: 'exists', field: 'n' }, { n: raw })).toBe(true);
  });

  test('own properties only, and nothing that was removed', () => {
    expect(meets({ type: 'exists', field: 'constructor' }, {})).toBe(false);
    expect(meets({ type: 'exists', field: 'a' }, { a: undefined })).toBe(false);
    expect(meets({ type: 'exists', field: 'a' }, { a: { b: [null] } })).toBe(false);
    expect(meets({ type: 'exists', field: 'a' }, { a: { b: '' } })).toBe(true);
    expect(
      meets({ type: 'fields', fields: ['*'], clause: { type: 'term', value: 'x' } }, { a: { b: ['x'] } }),
    ).toBe(true);
  });
});

test('`now` goes on while the predicate lives', () => {
  let clock = Date.UTC(2026, 10, 20);
  const recent = toPredicate({ type: 'range', field: '@timestamp', gte: 'now-1m' }, { now: () => clock });
  const event = { '@timestamp': '2026-11-20T00:00:00.000Z' };
  expect(recent(event)).toBe(true);
  clock += 120_000;
  expect(recent(event)).toBe(false);
});

test('deep and odd events do no harm', () => {
  let deep: unknown = 'x';
  for (let at = 0; at < 5000; at++) deep = at % 2 ? [deep] : { a: deep };
  const query: Query = {
    type: 'or',
    of: [
      { type: 'anywhere', text: 'x' },
      { type: 'exists', field: 'a.a' },
      { type: 'fields', fields: ['*'], clause: { type: 'exists' } },
    ],
  };
  expect(meets(query, { a: deep })).toBe(false);
});
