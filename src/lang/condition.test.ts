import { describe, expect, test } from 'vitest';
import { Event } from '../event/event.ts';
import type { Fields } from '../kernel/event-types.ts';
import type { Branch } from './ast.ts';
import { compileChooser } from './compile-partition.ts';
import { needsGuard } from './condition.ts';
import { conditionState } from './condition-values.ts';
import { parseConfig } from './parse.ts';

/** A condition as it stands in a config. */
function parsed(condition: string): Branch['arms'][number]['condition'] & {} {
  const config = parseConfig(`filter { if ${condition} { } }`, 'test.conf', { supportEscapes: false });
  return (config.sections[0]!.body[0] as Branch).arms[0]!.condition!;
}

/** True, false, or the reason why there is no answer. */
function evaluate(condition: string, fields: Fields, metadata?: Fields): boolean | string {
  const arms = [{ condition: parsed(condition), body: [] }];
  const position = { file: 'test.conf', line: 1, column: 1 };
  const { choose } = compileChooser({ type: 'branch', id: 'b', arms, position });
  conditionState.failure = undefined;
  const arm = choose(new Event(fields, metadata));
  return arm === -2 ? conditionState.failure! : arm === 0;
}

const json = (text: string): Fields => JSON.parse(text) as Fields;
const raw = (text: string) => JSON.rawJSON(text) as never;

type Row = [condition: string, fields: Fields, expected: boolean | string];

/** Section 1.3 of the reference, rule by rule. */
const tables: Record<string, Row[]> = {
  truth: [
    ['[a]', { a: 'x' }, true],
    ['[a]', {}, false],
    ['[a]', { a: null }, false],
    ['[a]', { a: undefined }, false],
    ['[a]', { a: '' }, false],
    ['[a]', { a: ' ' }, true],
    ['[a]', { a: 'false' }, false],
    ['[a]', { a: 'FALSE' }, true],
    ['[a]', { a: false }, false],
    ['[a]', { a: true }, true],
    ['[a]', { a: 0 }, true],
    ['[a]', { a: 0n }, true],
    ['[a]', { a: [] }, true],
    ['[a]', { a: {} }, true],
    ['[a]', { a: ['false'] }, true],
    ['![a]', {}, true],
    ['!([a] or [b])', { b: 1 }, false],
    ['[a][b]', { a: { b: 'x' } }, true],
    ['[a][b]', { a: 'text' }, false],
    ['[a][0]', { a: ['x'] }, true],
    ['[a][-2]', { a: ['x'] }, false],
    ['"x"', {}, true],
    ['""', {}, false],
  ],
  'only own properties are fields': [
    ['[constructor]', {}, false],
    ['[a][constructor]', { a: {} }, false],
    ['[message][length]', { message: 'text' }, false],
    ['[list][length]', { list: [1] }, false],
    ['[a][toString]', { a: 'x' }, false],
    ['[__proto__]', {}, false],
    ['[__proto__] == 1', json('{"__proto__": 1}'), true],
    ['[constructor] == "x"', { constructor: 'x' }, true],
    ['[a][rawJSON]', { a: raw('1e400') }, false],
    ['[a][rawJSON] == 1', { a: { rawJSON: 1 } }, true],
  ],
  equality: [
    ['[a] == "x"', { a: 'x' }, true],
    ['[a] == "x"', {}, false],
    ['[a] != "x"', {}, true],
    ['[a] == 1', { a: '1' }, false],
    ['[a] == "1"', { a: 1 }, false],
    ['[a] == 1.0', { a: 1 }, true],
    ['[a] == 1', { a: 1.5 }, false],
    ['1 == [a]', { a: 1 }, true],
    ['[a] == 1', { a: 1n }, true],
    ['[a] == 9007199254740993', { a: 9007199254740993n }, true],
    ['[a] == 9007199254740993', { a: 9007199254740992 }, false],
    ['[a] == 0.1', { a: raw('0.1000000000000000000') }, true],
    ['[a] == 0.1', { a: raw('0.10000000000000000001') }, false],
    ['[a] == "true"', { a: true }, false],
    ['[a] == [b]', { a: 'x', b: 'x' }, true],
    ['[a] == [b]', { a: [1, { c: 2n }], b: [1, { c: 2 }] }, true],
    ['[a] == [b]', { a: 1, b: '1' }, false],
    ['[a] == [b]', {}, true],
    ['[a] == [b]', { a: null }, true],
    ['[a] == ["x", "y"]', { a: ['x', 'y'] }, true],
    ['"x" == "x"', {}, true],
    ['1 != 1.0', {}, false],
  ],
  order: [
    ['[a] > 5', { a: 6 }, true],
    ['[a] > 5', { a: 5 }, false],
    ['[a] >= 5', { a: 5 }, true],
    ['[a] < 5.5', { a: 5 }, true],
    ['[a] <= 5', { a: 5.5 }, false],
    ['5 < [a]', { a: 6 }, true],
    ['[a] > 9007199254740992', { a: 9007199254740993n }, true],
    ['[a] > 1', { a: raw('1.00000000000000000001') }, true],
    ['[a] > 1', { a: raw('1e-400') }, false],
    ['[a] > 1', { a: raw('1e400') }, true],
    ['[a] < [b]', { a: 9007199254740992, b: 9007199254740993n }, true],
    ['[a] < "b"', { a: 'a' }, true],
    ['[a] < "B"', { a: 'a' }, false],
    ['[a] >= "10"', { a: '9' }, true],
    ['[a] < "\uffff"', { a: '😀' }, false],
    ['[a] > 5', {}, 'a missing field can not be compared with a number'],
    ['[a] > 5', { a: null }, 'a missing field can not be compared with a number'],
    ['[a] > 5', { a: '6' }, 'text can not be compared with a number'],
    ['[a] <= "x"', { a: 6 }, 'a number can not be compared with text'],
    ['[a] < 5', { a: [1] }, 'a list can not be compared with a number'],
    ['[a] < 5', { a: {} }, 'a map can not be compared with a number'],
    ['[a] < 5', { a: true }, 'a boolean can not be compared with a number'],
    ['!([a] < 5)', {}, 'a missing field can not be compared with a number'],
    ['[a] and [a] > 5', {}, false],
    ['![a] or [a] > 5', {}, true],
    ['[a] > 5 or ![a]', {}, 'a missing field can not be compared with a number'],
    ['1 < 2', {}, true],
    ['"b" <= "a"', {}, false],
    ['1 < "a"', {}, 'a number can not be compared with text'],
  ],
  match: [
    ['[a] =~ /b+/', { a: 'abc' }, true],
    ['[a] =~ "b+"', { a: 'abc' }, true],
    ['[a] !~ /b+/', { a: 'abc' }, false],
    ['[a] =~ /1/', { a: 1 }, false],
    ['[a] !~ /1/', { a: 1 }, true],
    ['[a] =~ /x/', { a: ['x'] }, false],
    ['[a] =~ /x/', {}, false],
    ['[a] !~ /x/', {}, true],
    ['[a] =~ /^b$/', { a: 'a\nb\nc' }, true],
    ['[a] =~ /a.b/', { a: 'a\nb' }, false],
    ['[a] =~ /(?m)a.b/', { a: 'a\nb' }, true],
    ['[a] =~ /\\A(?i)get\\b/', { a: 'Get /' }, true],
    ['[a] =~ /\\h+/', { a: 'zzff' }, true],
    ['[a] =~ /a\\/b/', { a: 'a/b' }, true],
    ['[a] =~ /^(?:\\d{1,3}\\.){3}\\d+$/', { a: '10.0.0.1' }, true],
    ['"abc" =~ /b/', {}, true],
  ],
  in: [
    ['[a] in "abc"', { a: 'b' }, true],
    ['[a] in "abc"', { a: 'x' }, false],
    ['[a] in "abc"', { a: '' }, true],
    ['[a] in "1"', { a: 1 }, false],
    ['[a] in "abc"', {}, false],
    ['"b" in [a]', { a: 'abc' }, true],
    ['"b" in [a]', { a: ['abc'] }, false],
    ['"b" in [a]', { a: ['a', 'b'] }, true],
    ['"1" in [a]', { a: [1] }, false],
    ['"b" in [a]', {}, false],
    ['"b" in [a]', { a: { b: 1 } }, false],
    ['1 in [a]', { a: [0, 1n] }, true],
    ['1 in [a]', { a: 1 }, false],
    ['[a] in ["x", "y"]', { a: 'y' }, true],
    ['[a] in ["x", "y"]', { a: 'z' }, false],
    ['[a] in ["1", "2"]', { a: 1 }, true],
    ['[a] in [1, 2]', { a: '2' }, true],
    ['[a] in ["true", "yes"]', { a: true }, true],
    ['[a] in [1.0, 2.0]', { a: 2 }, true],
    ['[a] in ["a", "b", "c", "d", "e", 6]', { a: 6 }, true],
    ['[a] in ["a", "b"]', {}, false],
    ['[a] in ["a", "b"]', { a: ['a'] }, false],
    ['[a] not in ["a", "b"]', {}, true],
    ['[a] in ["x"]', { a: 'x' }, true],
    ['[a] in [b]', { a: 'x', b: 'axb' }, true],
    ['[a] in [b]', { a: 'x', b: ['x'] }, true],
    ['[a] in [b]', { a: 1, b: [1n] }, true],
    ['[a] in [b]', { a: 1, b: ['1'] }, false],
    ['[a] in [b]', { a: ['x'], b: ['x'] }, false],
    ['[a] in [b]', { a: {}, b: {} }, false],
    ['[a] in [b]', { a: 5, b: 5 }, true],
    ['[a] in [b]', {}, false],
    ['[a] not in [b]', {}, true],
    ['[a] in [b]', { b: [null] }, false],
    ['"a" in ["a", "b"]', {}, true],
    ['"a" in "bab"', {}, true],
    ['"1" in [1, 2]', {}, true],
    ['3 in [1, 2]', {}, false],
  ],
  logic: [
    ['[a] and [b]', { a: 1 }, false],
    ['[a] or [b]', { b: 1 }, true],
    ['[a] xor [b]', { a: 1, b: 1 }, false],
    ['[a] xor [b]', { b: 1 }, true],
    ['[a] nand [b]', { a: 1, b: 1 }, false],
    ['[a] nand [b]', { a: 1 }, true],
    ['[a] or [b] and [c]', { a: 1 }, true],
    ['([a] or [b]) and [c]', { a: 1 }, false],
    // Logstash groups this as a and ((b and c) or d): what the text says counts.
    ['[a] and [b] and [c] or [d]', { d: 1 }, true],
    ['[a] == "x" and "y" == "y"', { a: 'x' }, true],
    ['1 == 2 or [a]', { a: 'x' }, true],
    ['1 == 1 or [a] > 5', {}, true],
  ],
};

for (const [name, rows] of Object.entries(tables)) {
  describe(name, () => {
    test.each(rows)('%s of %o is %o', (condition, fields, expected) => {
      expect(evaluate(condition, fields)).toBe(expected);
    });
  });
}

test('metadata', () => {
  expect(evaluate('[@metadata][a] == 1', {}, { a: 1 })).toBe(true);
  expect(evaluate('[@metadata][a]', {})).toBe(false);
  expect(evaluate('[@metadata][a][b]', {}, { a: { b: 0 } })).toBe(true);
  expect(evaluate('[@metadata]', {})).toBe(true);
});

test('long chains do not nest', () => {
  const chain = Array.from({ length: 1000 }, (_, i) => `[a] == "${i}"`).join(' or ');
  expect(evaluate(chain, { a: '999' })).toBe(true);
  expect(evaluate(chain, { a: '1000' })).toBe(false);
});

test('expressions that could run for ever are known', () => {
  expect(needsGuard(parsed('[a] =~ /^(a+)+\\1$/ and [b]'))).toBe(true);
  expect(needsGuard(parsed('[a] =~ /^(?!x)/ or !([b] =~ /(a+)+$/)'))).toBe(false);
});
