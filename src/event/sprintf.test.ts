import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as interpreter from '../../test/support/interpreter.ts';
import { eventParts, fieldName, makeEvent, reference } from '../../test/support/lang-arbitraries.ts';
import type { Fields, FieldValue } from '../kernel/event-types.ts';
import { Event } from './event.ts';
import { compileTemplate, fieldsRead, sprintf, textOf } from './sprintf.ts';

const raw = (text: string) => JSON.rawJSON(text) as unknown as FieldValue;
const TIME = '2026-11-20T09:05:07.123456789Z';

function formatted(template: string, fields: Fields, metadata?: Fields): string {
  const event = new Event(fields, metadata);
  const text = compileTemplate(template).format(event);
  expect(sprintf(event, template)).toBe(text);
  return text;
}

describe('fields (section 1.5)', () => {
  test.each<[string, Fields, string]>([
    ['no placeholder', {}, 'no placeholder'],
    ['%{a}', { a: 'x' }, 'x'],
    ['<%{a}>%{b}', { a: 'x', b: 'y' }, '<x>y'],
    ['%{[a][b]}', { a: { b: 'x' } }, 'x'],
    ['%{a}', {}, '%{a}'],
    ['%{a}', { a: null }, '%{a}'],
    ['%{a}', { a: undefined }, '%{a}'],
    ['%{a}', { a: '' }, ''],
    ['%{a}', { a: 5 }, '5'],
    ['%{a}', { a: 1.5 }, '1.5'],
    ['%{a}', { a: 9007199254740993n }, '9007199254740993'],
    ['%{a}', { a: raw('0.10000000000000000000001') }, '0.10000000000000000000001'],
    ['%{a}', { a: false }, 'false'],
    ['%{a}', { a: ['x', 1, null, ['y', ['z']], true] }, 'x,1,,y,z,true'],
    ['%{a}', { a: [] }, ''],
    ['%{a}', { a: { b: [1, 'x', null], c: undefined, d: 1n } }, '{"b":[1,"x",null],"d":1}'],
    ['%{a}', { a: [{ b: 1 }, 'x'] }, '{"b":1},x'],
    ['%{a', { a: 'x' }, '%{a'],
    ['%{a} %{a', { a: 'x' }, 'x %{a'],
    ['%a}', { a: 'x' }, '%a}'],
    ['%{}', { a: 'x' }, '%{}'],
    ['%%{a}%', { a: 'x' }, '%x%'],
    ['%{a}}', { a: 'x' }, 'x}'],
    ['%{foo[bar]}', { foo: { bar: 1 } }, '%{foo[bar]}'],
    ['%{constructor}', {}, '%{constructor}'],
    ['%{[a][length]}', { a: 'text' }, '%{[a][length]}'],
    ['%{a b}', { 'a b': 'x' }, 'x'],
    ['%{@timestamp}', { '@timestamp': TIME }, TIME],
    ['"\\`\n', {}, '"\\`\n'],
    ['%{a}"\\`\u2028', { a: 'x' }, 'x"\\`\u2028'],
    ['a value is not a template: %{a}', { a: '%{b}', b: 'x' }, 'a value is not a template: %{b}'],
  ])('%s of %o', (template, fields, expected) => {
    expect(formatted(template, fields)).toBe(expected);
  });

  test('metadata', () => {
    expect(formatted('%{[@metadata][a]}-%{[@metadata][b]}', {}, { a: 1 })).toBe('1-%{[@metadata][b]}');
    expect(formatted('%{@metadata}', {}, { a: 1 })).toBe('{"a":1}');
    expect(formatted('%{@metadata}', {})).toBe('{}');
  });

  test('agrees with the interpreter on any event', () => {
    const part = fc.oneof(
      reference.map((name) => `%{${name}}`),
      fieldName.map((name) => `%{${name}}`),
      fc.constantFrom('x', '%', '}', ' '),
    );
    fc.assert(
      fc.property(fc.array(part), eventParts, (parts, fields) => {
        const template = parts.join('');
        const event = makeEvent(fields);
        expect(compileTemplate(template).format(event)).toBe(interpreter.interpolate(event, template));
      }),
    );
  });
});

describe('dates', () => {
  const at = { '@timestamp': TIME };
  test.each<[string, Fields, string]>([
    ['%{+YYYY.MM.dd}', at, '2026.11.20'],
    ['logs-%{+yyyy.MM.dd-HH}', at, 'logs-2026.11.20-09'],
    ['%{+%s}', at, '1795165507'],
    ['%{{yyyy-MM-dd}}', at, '2026-11-20'],
    ["%{{YYYY-'W'ww}}", at, '2026-W47'],
    ['%{+YYYY.MM}', { '@timestamp': '+012026-11-20T00:00:00.000Z' }, '12026.11'],
    ['%{{uuuu}}', { '@timestamp': '-000001-11-20T00:00:00.000000001Z' }, '-0001'],
    ['%{+YYYY}', { '@timestamp': '+12026-11-20T00:00:00.000Z' }, ''],
    ['%{+YYYY}', {}, ''],
    ['<%{{yyyy}}>', {}, '<>'],
    ['%{+%s}', {}, ''],
    ['%{+YYYY}', { '@timestamp': 'soon' }, ''],
    ['%{+MMM EEE}', { '@timestamp': '2026-13-41T00:00:00.000Z' }, ''],
    ['%{+YYYY}', { '@timestamp': 5 }, ''],
    ['%{+%s}', { '@timestamp': 'soon' }, ''],
    ['%{{a} b}}', { '{a': 'x' }, 'x b}}'],
    ['%{{a}', { '{a': 'x' }, 'x'],
  ])('%s of %o', (template, fields, expected) => {
    expect(formatted(template, fields)).toBe(expected);
  });

  test('the time of now', () => {
    const now = compileTemplate('%{{TIME_NOW}}').format(new Event({}));
    expect(Math.abs(Date.now() - Date.parse(now))).toBeLessThan(5000);
  });

  test('a time seen before is not formatted wrongly', () => {
    const template = compileTemplate('%{+HH:mm}');
    const times = ['2026-11-20T09:05:00.000Z', '2026-11-20T09:06:00.000Z', '2026-11-20T09:05:00.000Z'];
    expect(times.map((time) => template.format(new Event({ '@timestamp': time })))).toEqual([
      '09:05',
      '09:06',
      '09:05',
    ]);
  });

  test('illegal patterns throw at load, and stay text at run time', () => {
    expect(() => compileTemplate('%{+YYYY-bb}')).toThrow('Illegal pattern component: bb');
    expect(sprintf(new Event({}), '%{+YYYY-bb} %{a}')).toBe('%{+YYYY-bb} %{a}');
  });
});

test('what a template reads', () => {
  expect(fieldsRead('%{a} %{[b][c]} %{+yyyy} %{[@metadata][x]} text')).toEqual([
    'a',
    '[b][c]',
    '@timestamp',
    '[@metadata][x]',
  ]);
  expect(compileTemplate('plain %{').dynamic).toBe(false);
  expect(compileTemplate('%{a}').dynamic).toBe(true);
});

test('textOf any value', () => {
  expect(
    [undefined, null, 0, -0, true, [[]], { a: undefined }].map((value) => textOf(value as FieldValue)),
  ).toEqual(['', '', '0', '0', 'true', '', '{}']);
});
