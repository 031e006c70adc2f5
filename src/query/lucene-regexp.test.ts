import { setFlagsFromString } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { translateLuceneRegexp } from './lucene-regexp.ts';
import { QueryError } from './query-error.ts';

const matches = (pattern: string, text: string, ignoreCase = false): boolean =>
  new RegExp(translateLuceneRegexp(pattern, ignoreCase).javascript, 's').test(text);

describe('Lucene syntax', () => {
  test.each([
    ['a.c', 'abc', true],
    ['a.c', 'a😀c', true],
    ['ab', 'abc', false],
    ['a|b', 'b', true],
    ['(ab)+', 'ababab', true],
    ['a{2}', 'aa', true],
    ['a{2,}', 'aaaaa', true],
    ['a{1,2}', 'aaa', false],
    ['[a-c]+', 'abc', true],
    ['[^a-c]+', 'xyz', true],
    ['[]x]', 'x', true],
    ['[😀-😂]', '😁', true],
    ['[^😀-😂]', '😁', false],
    ['[^a]', '😁', true],
    ['^a$', '^a$', true],
    ['^a$', 'a', false],
    ['\\d+\\w\\s', '12x ', true],
    ['"a.b"', 'a.b', true],
    ['"a.b"', 'axb', false],
    ['a@', 'a anything', true],
    ['a#', 'a', false],
    ['a\\.b', 'a.b', true],
    ['', '', true],
    ['()', '', true],
    ['[0-9a-f]{64}', 'ab'.repeat(32), true],
    ['[0-9a-f]{64}', 'ab'.repeat(31), false],
    ['a\n', 'a\n', true],
  ])('%s and %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  test('case', () => {
    expect(matches('[a-c]x', 'BX', true)).toBe(true);
    expect(matches('ä', 'Ä', true)).toBe(true);
    expect(matches('a', 'A')).toBe(false);
  });

  test.each([
    ['~a', '`~` (complement) is not supported'],
    ['a&b', '`&` (intersection) is not supported'],
    ['<1-9>', 'numeric intervals'],
    ['(a', 'expected `)`'],
    ['a)', 'unexpected `)`'],
    ['[a', 'expected `]`'],
    ['*a', 'nothing before it'],
    ['a{x}', 'expected `{n}`'],
    ['a{5,1}', 'must not be larger'],
    ['a{2000}', 'counts above 1000'],
    ['[z-a]', 'runs backwards'],
    [`${'x'.repeat(1001)}`, 'allowed maximum of [1000]'],
    ['('.repeat(500), 'nested'],
  ])('%.20s is an error', (pattern, message) => {
    expect(() => translateLuceneRegexp(pattern)).toThrow(message);
  });
});

test('V8’s linear engine takes it, to which the process falls back on excessive backtracking', () => {
  setFlagsFromString('--enable-experimental-regexp-engine');
  for (const pattern of ['(a*)*(a*)*b', '(a|aa)+(b|c{1,500})*x', '[^a😀]{3,40}', '@[0-9a-f]{64}@', 'ä.ö']) {
    const { javascript } = translateLuceneRegexp(pattern, true);
    let taken = true;
    try {
      new RegExp(javascript, 'ls');
    } catch {
      taken = false;
    }
    expect(taken, pattern).toBe(true);
  }
});

test('any text is a pattern or a QueryError', () => {
  const piece = fc.constantFrom(
    'a',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '1',
    ',',
    '*',
    '|',
    '\\',
    '"',
    '-',
    '^',
    '😀',
    '.',
    '?',
  );
  const pattern = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(pattern, fc.boolean(), (text, ignoreCase) => {
      try {
        const { javascript } = translateLuceneRegexp(text, ignoreCase);
        new RegExp(javascript, 's');
        expect(javascript.length).toBeLessThan(100_000);
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
