import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rubyCases } from './oniguruma.cases.ts';
import { compileRegexp, fillLoopCaptures, isLinear, RegexpError, translateRegexp } from './oniguruma.ts';

/** Ruby's captures of the first match. */
function search(pattern: string, text: string, dotAll: boolean, openEnd = false) {
  const { source, groups, names } = translateRegexp(pattern, { dotAll, openEnd });
  const match = new RegExp(source).exec(text);
  if (!match) return null;
  const captures: (string | null)[] = names.slice(1).map(() => null);
  for (const [at, { index }] of groups.entries()) {
    if (index > 0) captures[index - 1] = match[at] ?? captures[index - 1] ?? null;
  }
  return { index: match.index, text: match[0], captures };
}

/** Known to differ, see the head of oniguruma.ts. */
const DIFFERENT = new Set([
  ...['(?:(a)|b)*', '(a?)*', '(|a)+', '(a*)+'],
  ...['a$', '^', '(?i:straße)', '\\w+\\b', '\\b\\w+\\b', '(?<x>a)(?<x>b)\\k<x>'],
]);

describe('translateRegexp', () => {
  it.each(rubyCases.filter(([, pattern]) => !DIFFERENT.has(pattern)))(
    'matches as Ruby (dotAll %s): /%s/ on %j',
    (dotAll, pattern, text, found) => {
      const exact = search(pattern, text, dotAll);
      expect(exact && [exact.index, exact.text, ...exact.captures]).toEqual(found);
      const open = search(pattern, text, dotAll, true);
      expect(open?.captures ?? null).toEqual(found && found.slice(2));
    },
  );

  it('keeps names that JavaScript does not allow', () => {
    const { names, source, groups } = translateRegexp('(?<IP:client>\\d+) (?<[a][b]>x) (?<@y.z>y)');
    expect(names).toEqual([undefined, 'IP:client', '[a][b]', '@y.z']);
    expect(groups.map((group) => group.name)).toEqual(names);
    expect(new RegExp(source).exec('12 x y')?.slice(1)).toEqual(['12', 'x', 'y']);
  });

  it.each([
    ['(a', /unmatched parenthesis at offset/],
    ['a)', /unmatched close parenthesis at offset 1 of/],
    ['*a', /target of repeat operator "\*"/],
    ['[a', /premature end of char-class/],
    ['[]', /empty char-class/],
    ['[z-a]', /empty range in char class/],
    ['a\\', /too short escape/],
    ['(?<n>a)\\k<m>', /undefined name <m> reference at offset 7/],
    ['(?<n>a)\\1', /numbered backreference/],
    ['(?<n>a\\g<n>)', /recursive/],
    ['\\g<x>', /undefined name <x> call/],
    ['(?(1)a|b)', /conditionals/],
    ['(?~abc)', /absent operators/],
    ['(?P<n>a)', /\(\?<name>/],
    ['(?z)a', /undefined group option/],
    ['\\p{Nonsense}', /invalid character property name \{Nonsense\}/],
    ['\\X', /\\X is not supported/],
    ['a{2,1}', /wrong way round/],
    ['a{100001}', /too big number/],
    ['('.repeat(300), /nested too deeply/],
  ])('refuses /%s/ with a reason', (pattern, reason) => {
    expect(() => translateRegexp(pattern)).toThrow(reason);
    expect(() => translateRegexp(pattern)).toThrow(RegexpError);
  });

  it('never throws anything but its own error, and what it makes compiles', () => {
    const piece = fc.constantFrom(
      ...['a', 'b', '\\', '[', ']', '(', ')', '(?', '(?:', '(?<', '>', '|', '*', '+', '?', '{', '}', '{2,3}'],
      ...[
        '^',
        '$',
        '.',
        '\\b',
        '\\k<',
        '\\g<n>',
        '(?i)',
        '(?x)',
        '#',
        ' ',
        '-',
        '&&',
        '[:alpha:]',
        '\\x4',
        '\\u{1F600}',
      ],
      ...['😀', '\\1', '\\p{', '(?>', '++', '(?!', '(?<=', '\n', '\\Z'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, openEnd) => {
        try {
          new RegExp(translateRegexp(pieces.join(''), { openEnd, keepLoopCaptures: true }).source);
        } catch (error) {
          expect(error).toBeInstanceOf(RegexpError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('captures in loops', () => {
  it('are those of the last round in which a group took part, as in Ruby', () => {
    const pattern = '(?: (?:a=(?<a>\\d+)|b=(?<b>\\w+)|\\w+=\\w+))*$';
    const { source, captureLoops } = translateRegexp(pattern, { keepLoopCaptures: true });
    const text = ' a=1 b=x a=2 c=3';
    const match = new RegExp(source, 'd').exec(text)!;
    fillLoopCaptures(match, text, captureLoops);
    expect(match.slice(2)).toEqual(['2', 'x']);
  });
});

describe('isLinear', () => {
  const patterns: [string, boolean][] = [
    ['(a+)+b', true],
    ['^(?:\\S+ )*x$', true],
    ['[a-z]{0,62}\\.', true],
    ['(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}', true],
    ['(?i)select .* from', true],
    ['(?<![0-9.])\\d+', true],
    ['(?>"(?>\\\\.|[^\\\\"]+)+"|"") x', true],
    ['(?>\\d+)x', true],
    ['a++b', true],
    ['(?=.*b)a+', false],
    ['(a+)\\1', false],
    ['(?>a+|b)a', false],
    ['(?:(?!end).)*', false],
    // Nothing repeats without bound: it can not take long, look-ahead or not.
    ['foo(?=bar)', true],
  ];

  it.each(patterns)('/%s/ is %s', (pattern, linear) => {
    expect(isLinear(pattern)).toBe(linear);
  });

  it('says what V8 says of the translation', () => {
    const sources = patterns
      .filter(([pattern]) => !pattern.includes('foo'))
      .map(([pattern]) => [translateRegexp(pattern).source, isLinear(pattern)] as const);
    const script = `for (const [source, linear] of ${JSON.stringify(sources)}) {
      let taken = true;
      try { new RegExp(source, 'l'); } catch { taken = false; }
      if (taken !== linear) console.log(source, taken);
    }`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--enable-experimental-regexp-engine', '-e', script],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout + stderr).toBe('');
  });

  it('is about the end of the pattern, too, when nobody looks where the match ends', () => {
    expect(isLinear('\\d+(?!\\d|x)*')).toBe(true);
    expect(isLinear('\\d+(?![0-9a])')).toBe(false);
    expect(isLinear('\\d+(?![0-9a])', { openEnd: true })).toBe(true);
  });
});

describe('compileRegexp', () => {
  it('makes an expression for searching and replacing', () => {
    expect('a-b--c'.replace(compileRegexp('-++', { global: true }), '+')).toBe('a+b+c');
  });
});
