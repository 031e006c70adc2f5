import { describe, expect, test } from 'vitest';
import { parseConfig } from './parse.ts';
import { printExpression } from './print.ts';
import { replaceDeep, replaceInCondition, replaceVariables, type Variables } from './variables.ts';

const variables: Variables = {
  environment: { A: 'a', BOTH: 'from the environment', 'A.B': 'dotted', EMPTY: '', QUOTED: '\'"q"\'' },
  keystore: (name) =>
    new Map([
      ['BOTH', 'from the keystore'],
      ['SECRET', 'geheim'],
    ]).get(name),
};

describe('replaceVariables', () => {
  test.each([
    ['${A}', 'a'],
    ['x${A}y${A}z', 'xayaz'],
    ['${A.B}', 'dotted'],
    ['${NONE:fallback}', 'fallback'],
    ['${NONE:}', ''],
    ['${NONE:a:b c}', 'a:b c'],
    ['${A:fallback}', 'a'],
    ['${EMPTY:fallback}', ''],
    ['${BOTH}', 'from the keystore'],
    ['$A $ {A} ${1A} ${A-B} ${}', '$A $ {A} ${1A} ${A-B} ${}'],
    ['\\${A}', '\\a'],
    ['${NONE:$&}', '$&'],
  ])('%s', (text, expected) => {
    expect(replaceVariables(text, variables).value).toBe(expected);
  });

  test('a value is not searched again', () => {
    expect(replaceVariables('${X}', { environment: { X: '${X}' } }).value).toBe('${X}');
  });

  test('an undefined one is an error in the words of Logstash', () => {
    expect(() => replaceVariables('a ${NONE} b', variables)).toThrow(
      'Cannot evaluate `${NONE}`. Replacement variable `NONE` is not defined in a Logstash secret store or as an Environment entry and there is no default value given.',
    );
    expect(() => replaceVariables('${toString}', variables)).toThrow('`toString`');
  });

  test('tells what came from the keystore', () => {
    expect(replaceVariables('${A}', variables).secret).toBe(false);
    expect(replaceVariables('a${SECRET}', variables)).toEqual({
      value: 'ageheim',
      secret: true,
      found: true,
    });
  });
});

describe('replaceDeep', () => {
  test('replaces in values of lists and hashes, not in keys', () => {
    const value = { '${A}': ['${A}', { x: '${SECRET}' }], n: 5 };
    expect(replaceDeep(value, variables)).toEqual({
      value: { '${A}': ['a', { x: 'geheim' }], n: 5 },
      secret: true,
      found: true,
    });
  });

  test.each([
    ['${QUOTED}', 'q'],
    ['${NONE:"x"}', 'x'],
    ['${NONE:[a, \'b\' ,"c",]}', ['a', 'b', 'c']],
    ['${NONE:[]}', []],
    ['${NONE:["a b"]}', ['a b']],
  ])('refines the value of an option: %s', (text, expected) => {
    expect(replaceDeep(text, variables, true).value).toEqual(expected);
  });

  test('refines nothing where nothing was replaced, and nothing inside', () => {
    expect(replaceDeep("'[a]'", variables, true).value).toBe("'[a]'");
    expect(replaceDeep(['${QUOTED}'], variables, true).value).toEqual(['\'"q"\'']);
  });

  test('keeps __proto__ as a key', () => {
    const value = JSON.parse('{"__proto__": "${A}"}');
    expect(JSON.stringify(replaceDeep(value, variables).value)).toBe('{"__proto__":"a"}');
  });
});

test('conditions: strings, patterns, lists and names of fields', () => {
  const text =
    '[${A}] == "${A}" and ([b] =~ /${A}/ or "${SECRET}" in ["${A}", "x"]) and !([c] =~ "${A}") and [d] xor [${A}]';
  const source = text.replace(' and [d] xor', ' and ([d] xor').concat(')');
  const config = parseConfig(`filter { if ${source} { } }`, 'a.conf', { supportEscapes: false });
  const branch = config.sections[0]!.body[0]!;
  if (branch.type !== 'branch') throw new Error('a branch was expected');
  const replaced = replaceInCondition(branch.arms[0]!.condition!, variables);
  expect(replaced).toMatchObject({ secret: true, found: true });
  expect(printExpression(replaced.value)).toBe(
    '[a] == "a" and ([b] =~ /a/ or "geheim" in ["a", "x"]) and !([c] =~ "a") and ([d] xor [a])',
  );
});
