import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKql } from './kql.ts';
import { QueryError } from './query-error.ts';
import type { Query } from './tree.ts';

const match = (field: string, text: string): Query => ({ type: 'match', field, text, operator: 'or' });
const phrase = (field: string, text: string): Query => ({ type: 'phrase', field, text });
const anywhere = (text: string): Query => ({ type: 'anywhere', text });
const not = (of: Query): Query => ({ type: 'not', of });
const and = (...of: Query[]): Query => ({ type: 'and', of });
const or = (...of: Query[]): Query => ({ type: 'or', of });

describe('the language', () => {
  test.each<[string, Query]>([
    ['', { type: 'all' }],
    ['  \n ', { type: 'all' }],
    ['*', { type: 'all' }],
    ['*:*', { type: 'all' }],
    ['* : *', { type: 'all' }],
    // Values
    ['a: x', match('a', 'x')],
    ['a:x', match('a', 'x')],
    ['a.b-c: x y', match('a.b-c', 'x y')],
    ['a: "x y"', phrase('a', 'x y')],
    ['"odd field": x', match('odd field', 'x')],
    ['odd field: x', match('odd field', 'x')],
    ['a: true', match('a', 'true')],
    ['a: -5.5', match('a', '-5.5')],
    ['a: "*"', phrase('a', '*')],
    ['a: http\\://x', match('a', 'http://x')],
    ['a: 10.0.0.0/8', match('a', '10.0.0.0/8')],
    // Patterns
    ['a: x*', { type: 'wildcard', field: 'a', pattern: 'x*' }],
    ['a: *x?*', { type: 'wildcard', field: 'a', pattern: '*x\\?*' }],
    ['a: x\\*', match('a', 'x*')],
    ['a: x\\**\\\\', { type: 'wildcard', field: 'a', pattern: 'x\\**\\\\' }],
    ['a: *', { type: 'exists', field: 'a' }],
    ['a*: x', { type: 'fields', fields: ['a*'], clause: { type: 'match', text: 'x', operator: 'or' } }],
    ['a.*: *', { type: 'fields', fields: ['a.*'], clause: { type: 'exists' } }],
    ['*: x', anywhere('x')],
    // Ranges
    ['a >= 5', { type: 'range', field: 'a', gte: '5' }],
    ['a>5', { type: 'range', field: 'a', gt: '5' }],
    ['a < "x y"', { type: 'range', field: 'a', lt: 'x y' }],
    ['t <= now-1d/d', { type: 'range', field: 't', lte: 'now-1d/d' }],
    ['t < "2026-11-20T10:00"', { type: 'range', field: 't', lt: '2026-11-20T10:00' }],
    // Joining
    ['a: x and b: y', and(match('a', 'x'), match('b', 'y'))],
    ['a: x AND b: y Or c: z', or(and(match('a', 'x'), match('b', 'y')), match('c', 'z'))],
    ['a: x or b: y and c: z', or(match('a', 'x'), and(match('b', 'y'), match('c', 'z')))],
    ['(a: x or b: y) and c: z', and(or(match('a', 'x'), match('b', 'y')), match('c', 'z'))],
    ['not a: x and b: y', and(not(match('a', 'x')), match('b', 'y'))],
    ['not (a: x and b: y)', not(and(match('a', 'x'), match('b', 'y')))],
    ['NOT not a: x', match('a', 'x')],
    ['(a:x)and(b:y)', and(match('a', 'x'), match('b', 'y'))],
    // Lists
    ['a: (x or y)', or(match('a', 'x'), match('a', 'y'))],
    [
      'a: (x or "y z" and not w*)',
      or(match('a', 'x'), and(phrase('a', 'y z'), not({ type: 'wildcard', field: 'a', pattern: 'w*' }))),
    ],
    ['a: ((x) and (y or z))', and(match('a', 'x'), or(match('a', 'y'), match('a', 'z')))],
    ['a: (x)', match('a', 'x')],
    ['*: (x or y)', or(anywhere('x'), anywhere('y'))],
    ['a: (b)', match('a', 'b')],
    // Nested fields
    [
      'a: { b: x and c > 5 }',
      { type: 'nested', path: 'a', of: and(match('a.b', 'x'), { type: 'range', field: 'a.c', gt: '5' }) },
    ],
    [
      'a:{b:{c:x}}',
      { type: 'nested', path: 'a', of: { type: 'nested', path: 'a.b', of: match('a.b.c', 'x') } },
    ],
    [
      'a: { b: (x or y) } and c: z',
      and({ type: 'nested', path: 'a', of: or(match('a.b', 'x'), match('a.b', 'y')) }, match('c', 'z')),
    ],
    // Free text
    ['error', anywhere('error')],
    ['failed login', or(anywhere('failed'), anywhere('login'))],
    ['"failed login"', anywhere('failed login')],
    ['fail*', { type: 'anywhere', text: 'fail*', pattern: true }],
    [
      'fail* 10.0.0.1',
      or(
        { type: 'anywhere', text: 'fail*', pattern: true },
        { type: 'anywhere', text: '10.0.0.1', pattern: true },
      ),
    ],
    ['error and not debug', and(anywhere('error'), not(anywhere('debug')))],
    ['oregon nothing android', or(anywhere('oregon'), anywhere('nothing'), anywhere('android'))],
    // Escapes
    ['a: \\and', match('a', 'and')],
    ['a: x \\or y', match('a', 'x or y')],
    ['a: \\not', match('a', 'not')],
    ['a: x\\ny', match('a', 'x\ny')],
    ['a: \\u0041\\u00e9', match('a', 'Aé')],
    ['a: "\\u0041\\"\\\\ \\W"', phrase('a', 'A"\\ \\W')],
    ['a: "C:\\Windows\\system32"', phrase('a', 'C:\\Windows\\system32')],
    ['a: \\(x\\)\\{\\}\\<\\>\\:\\"', match('a', '(x){}<>:"')],
    ['a: 😀 ü', match('a', '😀 ü')],
    // Regular expressions
    ['a ~ /jo(h|n)/', { type: 'regexp', field: 'a', pattern: '.*(jo(h|n)).*' }],
    [
      'a ~ /^x.*y$/i and b: z',
      and({ type: 'regexp', field: 'a', pattern: '(x.*y)', ignoreCase: true }, match('b', 'z')),
    ],
    ['a ~ /^a|b$/', { type: 'regexp', field: 'a', pattern: '(a).*|.*(b)' }],
    ['a ~ /\\d+\\/[^/"]\\$$/', { type: 'regexp', field: 'a', pattern: '.*(\\d+/[^/"]\\$)' }],
    ['a ~ /a"b@c\\x41(?:d)+?/', { type: 'regexp', field: 'a', pattern: '.*(a\\"b\\@c\\A(d)+).*' }],
    ['(a.* ~ /x/)', { type: 'fields', fields: ['a.*'], clause: { type: 'regexp', pattern: '.*(x).*' } }],
    [
      'n: { a ~ /x/ }',
      { type: 'nested', path: 'n', of: { type: 'regexp', field: 'n.a', pattern: '.*(x).*' } },
    ],
    // which keep Kibana's literals
    ['~/bin/', anywhere('~/bin/')],
    ['a: ~/bin/', match('a', '~/bin/')],
    ['a: x ~ /y/', match('a', 'x ~ /y/')],
    ['ls ~/bin/', or(anywhere('ls'), anywhere('~/bin/'))],
    ['a ~ 5', or(anywhere('a'), anywhere('~'), anywhere('5'))],
  ])('%s', (text, tree) => {
    expect(parseKql(text)).toEqual(tree);
  });

  test('a time zone goes to ranges', () => {
    expect(parseKql('t > 2026', { timeZone: 'Europe/Berlin' })).toEqual({
      type: 'range',
      field: 't',
      gt: '2026',
      timeZone: 'Europe/Berlin',
    });
  });
});

describe('errors', () => {
  test.each([
    ['a: ', ['Expected value, "(", "{" but end of input found.', 'a: ', '---^']],
    ['a: x and', ['Expected NOT, "(", field, value but end of input found.', 'a: x and', '--------^']],
    [
      '(a: x',
      [
        'Expected ")", AND, OR but end of input found.',
        '(a: x',
        '-----^',
        'Close the `(` of position 1 with `)`.',
      ],
    ],
    [
      'a: x)',
      [
        'Expected AND, OR, end of input but ")" found.',
        'a: x)',
        '----^',
        'Join conditions with `and` or `or`; put values with special characters into quotes.',
      ],
    ],
    [
      'ip: 2001:db8::1',
      [
        'Expected AND, OR, end of input but ":" found.',
        'ip: 2001:db8::1',
        '--------^',
        'Join conditions with `and` or `or`; put values with special characters into quotes.',
      ],
    ],
    [
      'a: "x',
      ['The quote is not closed.', 'a: "x', '---^', 'Close it with `"`, or write `\\"` for the character.'],
    ],
    [
      'a: C:\\Windows',
      [
        'Expected AND, OR, end of input but ":" found.',
        'a: C:\\Windows',
        '----^',
        'Join conditions with `and` or `or`; put values with special characters into quotes.',
      ],
    ],
    [
      'a: \\Windows',
      [
        'Expected a character that can be escaped but "W" found.',
        'a: \\Windows',
        '----^',
        'Write `\\\\` for a backslash, or put the value into quotes.',
      ],
    ],
    [
      'a: or',
      ['Expected value, "(", "{" but "o" found.', 'a: or', '---^', 'Write `\\or` or `"or"` for the word.'],
    ],
    [
      'n: { x }',
      [
        'Expected ":", <, <=, >, >= but "}" found.',
        'n: { x }',
        '-------^',
        'Inside `{ }` every value needs a field.',
      ],
    ],
    [
      'n: { a: x',
      [
        'Expected "}", AND, OR but end of input found.',
        'n: { a: x',
        '---------^',
        'Close the `{` of position 4 with `}`.',
      ],
    ],
    [
      'n: { a: x )',
      [
        'Expected "}", AND, OR but ")" found.',
        'n: { a: x )',
        '----------^',
        'Join conditions with `and` or `or`; put values with special characters into quotes.',
      ],
    ],
    ['a > x*', ['A range can not have wildcards.', 'a > x*', '----^', 'Write `\\*` for the character.']],
    ['a ~ /x(/', ['The regular expression is not understood: expected `)`.', 'a ~ /x(/', '----^']],
    [
      'a ~ /\\bx/',
      ['The regular expression is not understood: `\\b` is not supported.', 'a ~ /\\bx/', '----^'],
    ],
    [
      'a ~ /(?=x)/',
      [
        'The regular expression is not understood: groups with `(?` other than `(?:` are not supported.',
        'a ~ /(?=x)/',
        '----^',
      ],
    ],
    ['a ~ /x/g', ['The only flag of regular expressions is `i` (any case).', 'a ~ /x/g', '-------^']],
    ['a: x and\n  b: (y or\n', ['Expected value but end of input found.', '', '^']],
    [
      'a: x b: y',
      [
        'Expected AND, OR, end of input but ":" found.',
        'a: x b: y',
        '------^',
        'Join conditions with `and` or `or`; put values with special characters into quotes.',
      ],
    ],
  ])('%j', (text, lines) => {
    let error: unknown;
    try {
      parseKql(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(QueryError);
    expect((error as Error).message).toBe(lines.join('\n'));
    expect(error).toMatchObject({ type: 'kql_syntax_exception', reason: lines[0], status: 400 });
  });

  test('long lines are cut around the position', () => {
    const text = `${'a: x and '.repeat(100)}(`;
    expect(() => parseKql(text)).toThrow(/^Expected .*\n.{50}\n-{50}\^$/);
  });

  test('depth and length have bounds', () => {
    expect(() => parseKql('('.repeat(5000))).toThrow('Groups are nested deeper than 30.');
    expect(() => parseKql('a: { '.repeat(5000))).toThrow('Groups are nested deeper than 30.');
    expect(() => parseKql('x'.repeat(1_000_001))).toThrow('longer than 1000000 characters');
    expect(() => parseKql(Array(9000).fill('a: x').join(' and '))).toThrow('too many nested clauses');
    expect(parseKql('not '.repeat(5000) + 'a: x')).toEqual(match('a', 'x'));
  });
});

test('any text is a query or a QueryError', () => {
  const piece = fc.constantFrom(
    ...'ab:(){}"/\\*?~<>=.,1 '.split(''),
    ' and ',
    ' or ',
    'not ',
    'a: ',
    ' ~ /',
    '\\u00',
    '😀',
    '\n',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 25 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (any) => {
      try {
        parseKql(any);
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
        expect(error.position === undefined || (error.position >= 0 && error.position <= any.length)).toBe(
          true,
        );
      }
    }),
    { numRuns: 5000 },
  );
});

test('any value can be written as a phrase and as escaped words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (value) => {
      const quoted = `a: "${value.replace(/["\\]/g, '\\$&')}"`;
      expect(parseKql(quoted)).toEqual(phrase('a', value));
      if (/^\s|\s$|\b(and|or|not)\b/i.test(value)) return;
      expect(parseKql(`a: ${value.replace(/[\\():<>"*{}]/g, '\\$&')}`)).toEqual(match('a', value));
    }),
  );
});
