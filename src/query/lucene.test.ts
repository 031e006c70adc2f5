import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLucene } from './lucene.ts';
import { QueryError } from './query-error.ts';
import { parseSimpleQuery } from './simple-query.ts';
import type { Query } from './tree.ts';

const match = (field: string, text: string): Query => ({ type: 'match', field, text, operator: 'or' });
const anywhere = (text: string): Query => ({ type: 'anywhere', text });

describe('Lucene query strings', () => {
  test.each<[string, Query]>([
    ['error', anywhere('error')],
    ['a:x', match('a', 'x')],
    ['a:"x y"', { type: 'phrase', field: 'a', text: 'x y' }],
    ['"x y"', anywhere('x y')],
    ['a:x*', { type: 'wildcard', field: 'a', pattern: 'x*' }],
    ['a:x\\*', match('a', 'x*')],
    ['a:x\\**', { type: 'wildcard', field: 'a', pattern: 'x\\**' }],
    ['fo?', { type: 'anywhere', text: 'fo?', pattern: true }],
    ['a:*', { type: 'exists', field: 'a' }],
    ['_exists_:a.b', { type: 'exists', field: 'a.b' }],
    ['*', { type: 'all' }],
    ['*:*', { type: 'all' }],
    ['a.*:x', { type: 'fields', fields: ['a.*'], clause: { type: 'match', text: 'x', operator: 'or' } }],
    ['a:[1 TO 5}', { type: 'range', field: 'a', gte: '1', lt: '5' }],
    ['a:{* TO "b c"]', { type: 'range', field: 'a', lte: 'b c' }],
    ['a:[* TO *]', { type: 'exists', field: 'a' }],
    ['a:>=10', { type: 'range', field: 'a', gte: '10' }],
    ['t:<now-1d/d', { type: 'range', field: 't', lt: 'now-1d/d' }],
    ['a:/jo(h|n).*\\/x\\d/', { type: 'regexp', field: 'a', pattern: 'jo(h|n).*/x\\d' }],
    ['a:x^2', match('a', 'x')],
    ['ip:10.0.0.0/8', match('ip', '10.0.0.0/8')],
    ['ip:2001:db8::1', match('ip', '2001:db8::1')],
    ['a\\:b:x', match('a:b', 'x')],
    ['a:(x OR y)', { type: 'or', of: [match('a', 'x'), match('a', 'y')] }],
    ['a:x b:y', { type: 'or', of: [match('a', 'x'), match('b', 'y')] }],
    ['a:x AND b:y', { type: 'and', of: [match('a', 'x'), match('b', 'y')] }],
    ['a:x && !b:y', { type: 'and', of: [match('a', 'x'), { type: 'not', of: match('b', 'y') }] }],
    ['+a:x b:y -c:z', { type: 'and', of: [match('a', 'x'), { type: 'not', of: match('c', 'z') }] }],
    ['a:x OR b:y AND c:z', { type: 'and', of: [match('b', 'y'), match('c', 'z')] }],
    ['NOT a:x', { type: 'not', of: match('a', 'x') }],
    ['NOTHING ANDROID', { type: 'or', of: [anywhere('NOTHING'), anywhere('ANDROID')] }],
    ['', { type: 'none' }],
    ['  ', { type: 'none' }],
  ])('%s', (text, tree) => {
    expect(parseLucene(text)).toEqual(tree);
  });

  test('options', () => {
    expect(parseLucene('x y', { fields: ['a^3', 'b'], operator: 'and' })).toEqual({
      type: 'and',
      of: ['x', 'y'].map((text) => ({
        type: 'fields',
        fields: ['a', 'b'],
        clause: { type: 'match', text, operator: 'and' },
      })),
    });
    expect(parseLucene('a:x OR b:y', { operator: 'and' })).toEqual({
      type: 'or',
      of: [
        { ...match('a', 'x'), operator: 'and' },
        { ...match('b', 'y'), operator: 'and' },
      ],
    });
    expect(parseLucene('t:>2026', { timeZone: '+01:00' })).toEqual({
      type: 'range',
      field: 't',
      gt: '2026',
      timeZone: '+01:00',
    });
  });

  test.each([
    ['a:', 'expected a value at position 2'],
    ['(a:x', 'expected `)` at position 4'],
    ['a:x)', 'unexpected `)` at position 3'],
    ['"a', 'the quote is not closed at position 0'],
    ['a:/x', 'the regular expression is not closed'],
    ['a:[1 5]', 'expected `TO`'],
    ['roam~2', 'fuzzy terms and distances (`~`) are not supported'],
    ['"a b"~3', 'fuzzy terms and distances'],
    ['AND a', 'an operator has nothing before it'],
    ['a AND', 'expected a term'],
    ['a:x]', 'unexpected `]`'],
    ['('.repeat(100), 'nested too deeply'],
  ])('%.20s: %s', (text, message) => {
    expect(() => parseLucene(text)).toThrow(message);
    expect(() => parseLucene(text)).toThrow(QueryError);
  });
});

describe('simple query strings', () => {
  const word = (text: string): Query => match('a', text);
  test.each<[string, Query]>([
    ['x y', { type: 'or', of: [word('x'), word('y')] }],
    ['x + y | z', { type: 'or', of: [{ type: 'and', of: [word('x'), word('y')] }, word('z')] }],
    ['x -y', { type: 'or', of: [word('x'), { type: 'not', of: word('y') }] }],
    [
      '"x y" z*',
      {
        type: 'or',
        of: [
          { type: 'phrase', field: 'a', text: 'x y' },
          { type: 'prefix', field: 'a', value: 'z' },
        ],
      },
    ],
    ['(x | y', { type: 'or', of: [word('x'), word('y')] }],
    ['x) y', { type: 'or', of: [word('x'), word('y')] }],
    ['x-y', word('x-y')],
    ['"x', word('x')],
    ['\\"x\\*', word('"x*')],
    ['', { type: 'none' }],
    ['+ | -', { type: 'none' }],
  ])('%s', (text, tree) => {
    expect(parseSimpleQuery(text, { fields: ['a'] })).toEqual(tree);
  });
});

test('any text is a query or a QueryError', () => {
  const piece = fc.constantFrom(
    ...'ab :()[]{}"/\\*?~^+-!|&<>=.,1'.split(''),
    ' AND ',
    ' OR ',
    'NOT ',
    ' TO ',
    'a:',
    '_exists_:',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 25 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (any) => {
      for (const parse of [parseLucene, parseSimpleQuery]) {
        try {
          parse(any);
        } catch (error) {
          if (!(error instanceof QueryError)) throw error;
        }
      }
    }),
    { numRuns: 3000 },
  );
});
