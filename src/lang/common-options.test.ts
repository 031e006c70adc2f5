import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as interpreter from '../../test/support/interpreter.ts';
import { commonOptions, eventParts, makeEvent, shown } from '../../test/support/lang-arbitraries.ts';
import { withoutRemoved } from '../../test/support/plugin.ts';
import { Event } from '../event/event.ts';
import type { Fields } from '../kernel/event-types.ts';
import { commonOptionsUse, compileCommonOptions } from './common-options.ts';

function decorated(kind: 'input' | 'filter', options: Record<string, unknown>, fields: Fields): Fields {
  const event = new Event(structuredClone(fields));
  compileCommonOptions(kind, options)?.(event);
  return withoutRemoved({ ...event.fields, ...(event.metadata && { '@metadata': event.metadata }) });
}

type Row = [rule: string, options: Record<string, unknown>, before: Fields, after: Fields];

/** Section 1.7, rule by rule. */
const FILTER: Row[] = [
  ['a new field', { add_field: { a: 'x' } }, {}, { a: 'x' }],
  [
    'sprintf in names and values',
    { add_field: { 'f_%{u}': 'v %{[b][c]}' } },
    { u: 'me', b: { c: 1 } },
    { u: 'me', b: { c: 1 }, f_me: 'v 1' },
  ],
  ['an unknown field stays as written', { add_field: { a: '%{nope}' } }, {}, { a: '%{nope}' }],
  ['text becomes a list', { add_field: { a: 'y' } }, { a: 'x' }, { a: ['x', 'y'] }],
  ['a list grows', { add_field: { a: 'z' } }, { a: ['x', 'y'] }, { a: ['x', 'y', 'z'] }],
  ['a number becomes a list', { add_field: { a: 'y' } }, { a: 0 }, { a: [0, 'y'] }],
  ['null becomes a list', { add_field: { a: 'y' } }, { a: null }, { a: ['y'] }],
  ['several values', { add_field: { a: ['x', '%{a}y'] } }, {}, { a: ['x', 'xy'] }],
  ['a list of one is its element', { add_field: { a: ['x'] } }, {}, { a: 'x' }],
  ['numbers are set as text', { add_field: { a: 5 } }, {}, { a: '5' }],
  ['later options see earlier ones', { add_field: { a: '1', b: '%{a}2' } }, {}, { a: '1', b: '12' }],
  ['nested parents are made', { add_field: { '[a][b]': 'x' } }, {}, { a: { b: 'x' } }],
  [
    'nested values become lists',
    { add_field: { '[a][b]': 'y' } },
    { a: { b: 'x' } },
    { a: { b: ['x', 'y'] } },
  ],
  [
    'metadata',
    { add_field: { '[@metadata][i]': 'logs-%{t}' } },
    { t: 1 },
    { t: 1, '@metadata': { i: 'logs-1' } },
  ],
  ['names of Object.prototype', { add_field: { constructor: 'x' } }, {}, { constructor: 'x' }],
  ['remove', { remove_field: ['a', '[b][c]', 'nope'] }, { a: 1, b: { c: 1, d: 2 } }, { b: { d: 2 } }],
  ['remove by sprintf', { remove_field: ['%{which}'] }, { which: 'a', a: 1 }, { which: 'a' }],
  ['remove comes behind add', { add_field: { b: '%{a}' }, remove_field: ['a'] }, { a: 'x' }, { b: 'x' }],
  ['remove takes what was added', { add_field: { a: 'x' }, remove_field: ['a'] }, {}, {}],
  ['remove a list element', { remove_field: ['[l][0]'] }, { l: [1, 2] }, { l: [2] }],
  ['remove the last list element', { remove_field: ['[l][-1]'] }, { l: [1, 2] }, { l: [1] }],
  ['tags', { add_tag: ['x', 'y_%{a}'] }, { a: 1 }, { a: 1, tags: ['x', 'y_1'] }],
  ['tags are not deduplicated', { add_tag: ['x', 'x'] }, { tags: ['x'] }, { tags: ['x', 'x', 'x'] }],
  ['a text of tags becomes a list', { add_tag: ['x'] }, { tags: 'a' }, { tags: ['a', 'x'] }],
  [
    'what is no tags is kept',
    { add_tag: ['x'] },
    { tags: { a: 1 } },
    { _tags: { a: 1 }, tags: ['_tagsparsefailure', 'x'] },
  ],
  ['tags of removed fields', { remove_field: ['a'], add_tag: ['%{a}'] }, { a: 1 }, { tags: ['%{a}'] }],
  [
    'tags are removed',
    { remove_tag: ['x', '%{a}'] },
    { a: 'y', tags: ['x', 'y', 'z', 'x'] },
    { a: 'y', tags: ['z'] },
  ],
  ['remove_tag behind add_tag', { add_tag: ['x'], remove_tag: ['x'] }, {}, { tags: [] }],
  ['remove_tag of a text', { remove_tag: ['x'] }, { tags: 'x' }, { tags: [] }],
  ['remove_tag without tags', { remove_tag: ['x'] }, { a: 1 }, { a: 1 }],
  [
    'a time for @timestamp',
    { add_field: { '@timestamp': '2026-11-20T10:00:00Z' } },
    {},
    { '@timestamp': '2026-11-20T10:00:00.000Z' },
  ],
];

const INPUT: Row[] = [
  ['type', { type: 'syslog' }, {}, { type: 'syslog' }],
  ['type only if unset', { type: 'syslog' }, { type: 'x' }, { type: 'x' }],
  ['a type of null is set', { type: 'syslog' }, { type: null }, { type: null }],
  [
    'tags and fields',
    { add_field: { a: '%{m}' }, tags: ['t', '%{a}'] },
    { m: 1 },
    { m: 1, a: '1', tags: ['t', '1'] },
  ],
  ['filter options mean nothing', { add_tag: ['x'], remove_field: ['m'] }, { m: 1 }, { m: 1 }],
  [
    'what can not be set is left out',
    { add_field: { '[m][x]': 'y', b: 'z' } },
    { m: 'text' },
    { m: 'text', b: 'z', tags: ['_add_field_failure'] },
  ],
];

describe.each([
  ['filter' as const, FILTER],
  ['input' as const, INPUT],
])('common options of a %s', (kind, rows) => {
  test.each(rows)('%s', (_rule, options, before, after) => {
    expect(decorated(kind, options, before)).toEqual(after);
  });
});

test('without options there is nothing to call', () => {
  expect(
    compileCommonOptions('filter', { add_field: {}, remove_field: [], add_tag: [], remove_tag: [] }),
  ).toBe(undefined);
  expect(compileCommonOptions('input', { tags: [], add_field: {} })).toBe(undefined);
});

test('what can not be set throws in a filter: the rest is not applied', () => {
  const event = new Event({ m: 'text' });
  const decorate = compileCommonOptions('filter', {
    add_field: { a: '1', '[m][x]': 'y', b: '2' },
    add_tag: ['t'],
  })!;
  expect(() => decorate(event)).toThrow(/neither a map nor a list/);
  expect(event.fields).toEqual({ m: 'text', a: '1' });
  expect(() =>
    compileCommonOptions('filter', { add_field: { '@timestamp': 'soon' } })!(new Event({})),
  ).toThrow('@timestamp');
});

test('lists and tags are not shared between events', () => {
  const decorate = compileCommonOptions('filter', { add_field: { a: ['x', 'y'] }, add_tag: ['t'] })!;
  const [first, second] = [new Event({}), new Event({})];
  decorate(first);
  decorate(first);
  decorate(second);
  expect(first.fields).toEqual({ a: ['x', 'y', 'x', 'y'], tags: ['t', 't'] });
  expect(second.fields).toEqual({ a: ['x', 'y'], tags: ['t'] });
});

test('names that are no field references are errors at load', () => {
  expect(() => compileCommonOptions('filter', { add_field: { 'a[b]': 'x' } })).toThrow(
    'Invalid FieldReference',
  );
  expect(() => compileCommonOptions('filter', { remove_field: ['[a'] })).toThrow('Invalid FieldReference');
});

test('what they read and write', () => {
  expect(
    commonOptionsUse('filter', {
      add_field: { '[a][b]': '%{c} %{+yyyy}' },
      remove_field: ['d'],
      add_tag: ['%{e}'],
    }),
  ).toEqual({
    reads: ['c', '@timestamp', '[a][b]', 'e', 'tags'],
    writes: ['[a][b]', 'tags'],
  });
  expect(commonOptionsUse('filter', { add_field: { 'x%{c}': '1' } }).reads).toBe('all');
  expect(commonOptionsUse('input', { type: 't', tags: ['x'] })).toEqual({
    reads: ['tags', 'type'],
    writes: ['tags', 'type'],
  });
});

test('compiled options agree with the interpreter on any event', () => {
  fc.assert(
    fc.property(commonOptions, fc.array(eventParts, { minLength: 1, maxLength: 5 }), (options, events) => {
      const decorate = compileCommonOptions('filter', options);
      for (const parts of events) {
        const [event, expected] = [makeEvent(parts), makeEvent(parts)];
        let [failed, mustFail] = [false, false];
        try {
          decorate?.(event);
        } catch {
          failed = true;
        }
        try {
          interpreter.applyCommonOptions(expected, options);
        } catch {
          mustFail = true;
        }
        expect([failed, shown(event)]).toEqual([mustFail, shown(expected)]);
      }
    }),
    { numRuns: 1000 },
  );
});

test('the decorator of an input never throws', () => {
  fc.assert(
    fc.property(commonOptions, eventParts, (options, parts) => {
      const { add_field, add_tag } = options;
      compileCommonOptions('input', { add_field, tags: add_tag, type: 'x' })!(makeEvent(parts));
    }),
    { numRuns: 300 },
  );
});
