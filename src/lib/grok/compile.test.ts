import { describe, expect, it } from 'vitest';
import { compileGrok, GrokError, toFloat, toInteger } from './compile.ts';
import { parsePatternFile } from './pattern-files.ts';

const match = (expression: string, text: string, options = {}) => {
  const found = compileGrok(expression, options).match(text);
  return found && { ...found };
};

describe('compileGrok', () => {
  it.each([
    ['a field', '%{WORD:a} %{INT:b}', 'x 12', { a: 'x', b: '12' }],
    ['conversions', '%{INT:i:int} %{NUMBER:f:float}', '12 0.5', { i: 12, f: 0.5 }],
    ['an integer beyond 2^53', '%{INT:i:int}', '12345678901234567890', { i: 12345678901234567890n }],
    ['text that is no number', '%{DATA:i:int};', 'x;', { i: 0 }],
    ['nested references', '%{WORD:[a][b]}', 'x', { '[a][b]': 'x' }],
    [
      'groups of the language itself',
      '(?<q>[0-9A-F]{4}): (?<[x][y]>\\w+)',
      'BEEF: z',
      { q: 'BEEF', '[x][y]': 'z' },
    ],
    ['a definition in place', '%{ID:id=[A-Z]{2}\\d+} %{ID:other}', 'AB1 CD2', { id: 'AB1', other: 'CD2' }],
    ['a field twice', '%{WORD:a} %{WORD:a} %{INT:a}', 'x y 1', { a: ['x', 'y', '1'] }],
    ['alternatives with one field', '(?:%{INT:a}|%{WORD:a})!', 'x!', { a: 'x' }],
    ['empty and missing captures are left out', '%{DATA:a},(?:%{INT:b})?,%{WORD:c}', ',,x', { c: 'x' }],
    ['the dot takes newlines, ^ and $ are lines', '^b(?<r>.*)c$', 'a\nb\nc\nd', { r: '\n' }],
    ['no match', '%{INT:a}', 'x', undefined],
    ['what is no reference is text', '%{} 100%', '%{} 100%', {}],
    ['a percent sign before one', '%%{INT:a}', '%5', { a: '5' }],
    ['characters that no field has end it', '%{WORD:my field}', 'x', { my: 'x' }],
  ])('%s', (_, expression, text, captures) => {
    expect(match(expression, text)).toEqual(captures);
  });

  it('captures unnamed references when asked to', () => {
    expect(match('%{WORD} %{INT:n}', 'x 1', { namedCapturesOnly: false })).toMatchObject({
      WORD: 'x',
      n: '1',
    });
  });

  it('takes definitions of the caller before its own', () => {
    expect(match('%{WORD:a}', 'x-y', { patterns: { WORD: '[a-z-]+' } })).toEqual({ a: 'x-y' });
  });

  it('allows numbered back-references where no group has a name', () => {
    expect(compileGrok('^(a|b)\\1$').exec('bb')).not.toBeNull();
    expect(compileGrok('^(a|b)\\1$').exec('ab')).toBeNull();
  });

  it('keeps what groups in a loop held in earlier rounds, as Ruby does', () => {
    expect(match('^(?:%{WORD:w};|%{INT:n},)+$', 'x;1,')).toEqual({ w: 'x', n: '1' });
  });

  it.each([
    ['%{WROD:a}', /%\{WROD:a\} not defined at offset 0/, /did you mean %\{WORD\}/],
    ['x %{NOSUCHPATTERNATALL}', /not defined at offset 2/, /pattern_definitions/],
    ['%{A:a=x%{A\\}}', /not defined|contains itself/, undefined],
    ['%{WORD:a} (', /unmatched parenthesis at offset/, undefined],
  ])('refuses %s', (expression, message, hint) => {
    expect(() => compileGrok(expression)).toThrow(message);
    try {
      compileGrok(expression);
    } catch (error) {
      expect(error).toBeInstanceOf(GrokError);
      if (hint) expect((error as GrokError).hint).toMatch(hint);
    }
  });

  it('names the pattern that is wrong, and the one that contains itself', () => {
    const patterns = { OUTER: 'a%{INNER}', INNER: 'b(?~c)', LOOP: 'x%{BACK}', BACK: '%{LOOP}' };
    expect(() => compileGrok('%{OUTER:x}', { patterns })).toThrow(
      /pattern INNER \(b\(\?~c\)\): absent operators.* offset 1/,
    );
    expect(() => compileGrok('%{LOOP}', { patterns })).toThrow(
      /pattern LOOP contains itself \(LOOP → BACK → LOOP\)/,
    );
  });
});

describe('numbers', () => {
  it.each([
    ['0', 0],
    ['-12', -12],
    ['+7', 7],
    ['-0', 0],
    ['12.9', 12],
    ['1_000', 1000],
    ['  5x', 5],
    ['', 0],
    ['abc', 0],
    ['0x1F', 0],
    ['9007199254740993', 9007199254740993n],
  ])('to_i of %j', (text, value) => {
    expect(toInteger(text)).toBe(value);
  });

  it.each([
    ['1.5', 1.5],
    ['-.5', -0.5],
    ['1e3x', 1000],
    ['1.', 1],
    ['', 0],
    ['Infinity', 0],
    ['1_0.5', 10.5],
  ])('to_f of %j', (text, value) => {
    expect(toFloat(text)).toBe(value);
  });
});

describe('pattern files', () => {
  it('have a name and an expression a line', () => {
    const text = '# comment\n\nA  [a-z]+ x \n  B %{A}\r\nbroken\n   # more\nA2\ty';
    expect(parsePatternFile(text)).toEqual({ A: '[a-z]+ x ', B: '%{A}', A2: 'y' });
  });
});
