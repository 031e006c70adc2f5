import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import * as interpreter from '../../test/support/interpreter.ts';
import { eventParts, fieldValue, makeEvent, reference, shown } from '../../test/support/lang-arbitraries.ts';
import type { Fields, FieldValue } from '../kernel/event-types.ts';
import { Event } from './event.ts';
import {
  FieldReferenceError,
  FieldSetError,
  formatFieldReference,
  getField,
  getter,
  includesField,
  parseFieldReference,
  removeField,
  remover,
  setField,
  setter,
  useEscapeStyle,
} from './field-reference.ts';

afterEach(() => useEscapeStyle('none'));

const raw = (text: string) => JSON.rawJSON(text) as unknown as FieldValue;

describe('parsing (section 1.4)', () => {
  test.each([
    ['foo', ['foo']],
    ['[foo]', ['foo']],
    ['[a][b]', ['a', 'b']],
    ['[[a][b]][c]', ['a', 'b', 'c']],
    ['[[[a]]]', ['a']],
    ['foo bar', ['foo bar']],
    ['[list][-1]', ['list', '-1']],
    ['@timestamp', ['@timestamp']],
    ['[a b][c.d]', ['a b', 'c.d']],
    ['%{foo}', ['%{foo}']],
  ])('%s', (text, path) => {
    expect(parseFieldReference(text)).toEqual({ path, metadata: false });
  });

  test.each([
    ['@metadata', []],
    ['[@metadata]', []],
    ['[@metadata][a][b]', ['a', 'b']],
  ])('%s is metadata', (text, path) => {
    expect(parseFieldReference(text)).toEqual({ path, metadata: true });
  });

  test.each([
    '',
    '[]',
    '[a',
    'a]',
    'foo[bar]',
    '[foo]bar',
    '[a]]',
    '[[a]',
    '[a][]',
    '[[]]',
    ']',
    '[',
    '[a][b',
    '[a[b]]',
  ])('%s is none', (text) => {
    expect(() => parseFieldReference(text)).toThrow(FieldReferenceError);
  });

  test('any depth of brackets', () => {
    expect(() => parseFieldReference('['.repeat(200_000))).toThrow(FieldReferenceError);
    const deep = `${'['.repeat(50_000)}a${']'.repeat(50_000)}`;
    expect(parseFieldReference(deep).path).toEqual(['a']);
  });

  test('escape styles', () => {
    expect(parseFieldReference('[a%5Bb%5d]', 'percent').path).toEqual(['a[b]']);
    expect(parseFieldReference('a&#91;0&#93;', 'ampersand').path).toEqual(['a[0]']);
    expect(parseFieldReference('[a%5Bb]').path).toEqual(['a%5Bb']);
    useEscapeStyle('percent');
    const parsed = parseFieldReference('[a%5Bb][c]');
    expect(parsed.path).toEqual(['a[b', 'c']);
    expect(formatFieldReference(parsed)).toBe('[a%5Bb][c]');
    expect(getField(new Event({ 'a[b': { c: 1 } }), '[a%5Bb][c]')).toBe(1);
  });

  test('formatting is canonical', () => {
    expect(
      ['a', '[a]', '[[a][b]][c]', '[@metadata][x]', '@metadata'].map((text) =>
        formatFieldReference(parseFieldReference(text)),
      ),
    ).toEqual(['a', 'a', '[a][b][c]', '[@metadata][x]', '@metadata']);
  });

  test('throws nothing else on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('[', ']', 'a', '@metadata', '-1') }), (text) => {
        try {
          const parsed = parseFieldReference(text);
          expect(parseFieldReference(formatFieldReference(parsed))).toEqual(parsed);
        } catch (error) {
          expect(error).toBeInstanceOf(FieldReferenceError);
        }
      }),
    );
  });
});

describe('reading', () => {
  const event = new Event(
    {
      text: 'abc',
      n: 5n,
      raw: raw('1e400'),
      nothing: null,
      gone: undefined,
      map: { a: { b: 1 }, length: 7, gone: undefined },
      list: ['x', { y: 1 }, ['z']],
    },
    { m: { k: 'v' } },
  );
  test.each<[string, FieldValue]>([
    ['text', 'abc'],
    ['[map][a][b]', 1],
    ['[map][length]', 7],
    ['nothing', null],
    ['gone', undefined],
    ['[map][gone]', undefined],
    ['[nothing][x]', undefined],
    ['[list][0]', 'x'],
    ['[list][-1][0]', 'z'],
    ['[list][1][y]', 1],
    ['[list][3]', undefined],
    ['[list][-4]', undefined],
    ['[list][y]', undefined],
    ['[list][length]', undefined],
    ['[list][1.0]', undefined],
    ['[text][length]', undefined],
    ['[text][0]', undefined],
    ['[n][toString]', undefined],
    ['[n][toJSON]', undefined],
    ['[raw][rawJSON]', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['[map][__proto__]', undefined],
    ['[map][hasOwnProperty]', undefined],
    ['[@metadata][m][k]', 'v'],
    ['[@metadata][none]', undefined],
  ])('%s', (text, expected) => {
    expect(getter(parseFieldReference(text))(event)).toBe(expected);
    expect(getField(event, text)).toBe(expected);
    expect(includesField(event, text)).toBe(expected !== undefined);
  });

  test('metadata is always a map', () => {
    expect(getField(new Event({}), '@metadata')).toEqual({});
    expect(getter(parseFieldReference('[@metadata]'))(new Event({}))).toEqual({});
    expect(getField(new Event({}), '[@metadata][a][b]')).toBe(undefined);
  });

  test('`__proto__` is data', () => {
    const own = new Event(JSON.parse('{"__proto__": {"a": 1}}') as Fields);
    expect(getField(own, '[__proto__][a]')).toBe(1);
    setField(own, '[__proto__][b]', 2);
    expect(JSON.stringify(own.fields)).toBe('{"__proto__":{"a":1,"b":2}}');
    const made = new Event({});
    setter(parseFieldReference('[__proto__][x]'))(made, 1);
    setter(parseFieldReference('constructor'))(made, 2);
    expect(JSON.stringify(made.fields)).toBe('{"__proto__":{"x":1},"constructor":2}');
    expect(({} as { x?: number }).x).toBe(undefined);
    removeField(made, '__proto__');
    expect(JSON.stringify(made.fields)).toBe('{"constructor":2}');
  });
});

describe('writing', () => {
  const written = (before: Fields, text: string, value: FieldValue): Fields => {
    const [event, other] = [new Event(structuredClone(before)), new Event(structuredClone(before))];
    setter(parseFieldReference(text))(event, value);
    setField(other, text, value);
    expect(shown(other)).toBe(shown(event));
    return event.fields;
  };

  test.each<[string, Fields, string, Fields]>([
    ['a new field', {}, 'a', { a: 1 }],
    ['missing parents are made as maps', {}, '[a][b][c]', { a: { b: { c: 1 } } }],
    ['null parents too', { a: null }, '[a][b]', { a: { b: 1 } }],
    ['beside others', { a: { x: 0 } }, '[a][b]', { a: { x: 0, b: 1 } }],
    ['a list element', { l: [0, 0] }, '[l][1]', { l: [0, 1] }],
    ['from the end', { l: [0, 0] }, '[l][-2]', { l: [1, 0] }],
    ['past the end pads with null', { l: [0] }, '[l][3]', { l: [0, null, null, 1] }],
    ['in a map in a list', { l: [{}] }, '[l][0][a]', { l: [{ a: 1 }] }],
    ['a digit is a name in a map', {}, '[a][0]', { a: { 0: 1 } }],
  ])('%s', (_rule, before, text, after) => {
    expect(written(before, text, 1)).toEqual(after);
  });

  test.each<[string, Fields, string]>([
    ['through text', { a: 'x' }, '[a][b]'],
    ['through an empty text', { a: '' }, '[a][b]'],
    ['through a number', { a: 0 }, '[a][b]'],
    ['through false', { a: false }, '[a][b][c]'],
    ['a name of a list', { a: [] }, '[a][b]'],
    ['before the start of a list', { a: [1] }, '[a][-2]'],
    ['far past the end of a list', { a: [1] }, '[a][999999999]'],
    ['text as metadata', {}, '[@metadata]'],
  ])('%s throws and changes nothing', (_rule, before, text) => {
    expect(() => written(before, text, 'x')).toThrow(FieldSetError);
    const event = new Event(structuredClone(before));
    expect(() => setField(event, text, 'x')).toThrow(FieldSetError);
    expect(event.fields).toEqual(before);
  });

  test('through an exact number throws', () => {
    const event = new Event({ a: raw('1e400') });
    expect(() => setField(event, '[a][b]', 1)).toThrow(FieldSetError);
    expect(() => setter(parseFieldReference('[a][b]'))(event, 1)).toThrow(FieldSetError);
  });

  test('metadata', () => {
    const event = new Event({});
    setField(event, '[@metadata][a][b]', 1);
    expect(event.metadata).toEqual({ a: { b: 1 } });
    setField(event, '@metadata', { c: 2 });
    expect([event.metadata, event.fields]).toEqual([{ c: 2 }, {}]);
    setField(event, '@metadata', null);
    expect(event.metadata).toBe(undefined);
  });
});

describe('removing', () => {
  const removed = (fields: Fields, text: string): [FieldValue, Fields] => {
    const [event, other] = [new Event(structuredClone(fields)), new Event(structuredClone(fields))];
    const old = remover(parseFieldReference(text))(event);
    expect(removeField(other, text)).toEqual(old);
    expect(shown(other)).toBe(shown(event));
    return [old, JSON.parse(JSON.stringify(event.fields)) as Fields];
  };

  test.each<[string, Fields, string, FieldValue, Fields]>([
    ['a field', { a: 1, b: 2 }, 'a', 1, { b: 2 }],
    ['what is not there', { b: 2 }, 'a', undefined, { b: 2 }],
    ['null', { a: null }, 'a', null, {}],
    ['a nested field', { a: { b: 1, c: 2 } }, '[a][b]', 1, { a: { c: 2 } }],
    ['through text', { a: 'x' }, '[a][length]', undefined, { a: 'x' }],
    ['a list element', { l: [1, 2, 3] }, '[l][1]', 2, { l: [1, 3] }],
    ['the last list element', { l: [1, 2, 3] }, '[l][-1]', 3, { l: [1, 2] }],
    ['before the start of a list', { l: [1, 2] }, '[l][-5]', undefined, { l: [1, 2] }],
    ['behind the end of a list', { l: [1, 2] }, '[l][2]', undefined, { l: [1, 2] }],
    ['a name of a list', { l: [1, 2] }, '[l][x]', undefined, { l: [1, 2] }],
    ['what every object has', {}, 'constructor', undefined, {}],
  ])('%s', (_rule, before, text, old, after) => {
    expect(removed(before, text)).toEqual([old, after]);
  });

  test('metadata', () => {
    const event = new Event({}, { a: 1, b: 2 });
    expect(removeField(event, '[@metadata][a]')).toBe(1);
    expect(removeField(event, '@metadata')).toEqual({ a: undefined, b: 2 });
    expect(event.metadata).toBe(undefined);
    expect(removeField(event, '[@metadata][a]')).toBe(undefined);
  });
});

test('reading, writing and removing agree with the interpreter on any event', () => {
  fc.assert(
    fc.property(eventParts, reference, fieldValue, (parts, text, value) => {
      const same = (act: (event: Event) => unknown, expected: (event: Event) => unknown): void => {
        const events = [makeEvent(parts), makeEvent(parts)] as const;
        const attempt = (action: (event: Event) => unknown, event: Event): unknown => {
          try {
            return action(event);
          } catch {
            return 'threw';
          }
        };
        const results = [attempt(act, events[0]), attempt(expected, events[1])];
        expect(results[0]).toEqual(results[1]);
        if (results[0] !== 'threw') expect(shown(events[0])).toBe(shown(events[1]));
      };
      const parsed = parseFieldReference(text);
      same(getter(parsed), (event) => interpreter.lookUp(event, text));
      same(
        (event) => getField(event, text),
        (event) => interpreter.lookUp(event, text),
      );
      const present = value ?? 'x';
      same(
        (event) => setter(parsed)(event, present),
        (event) => interpreter.assign(event, text, present),
      );
      same(
        (event) => setField(event, text, present),
        (event) => interpreter.assign(event, text, present),
      );
      same(
        (event) => void remover(parsed)(event),
        (event) => interpreter.take(event, text),
      );
      same(
        (event) => void removeField(event, text),
        (event) => interpreter.take(event, text),
      );
    }),
    { numRuns: 500 },
  );
});
