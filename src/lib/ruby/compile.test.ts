import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../kernel/logger.ts';
import { analyseRuby } from './compile.ts';
import { RubyProgram } from './program.ts';

const snippets = readFileSync(
  new URL('../../../test/fixtures/ruby/snippets.txt', import.meta.url),
  'utf8',
).split(/^---\n/m);

/** Makes the JavaScript run, as far as its syntax goes. */
function instantiate(code: string): void {
  const { compiled } = analyseRuby({ code });
  if (compiled) new RubyProgram(compiled, silentLogger, [], true);
}

test('any text is analysed, and what comes out is JavaScript', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => instantiate(text)),
    { numRuns: 300 },
  );
  const piece = fc
    .constantFrom(...snippets)
    .chain((text) =>
      fc
        .tuple(fc.nat({ max: text.length }), fc.nat({ max: text.length }))
        .map(([a, b]) => text.slice(Math.min(a, b), Math.max(a, b))),
    );
  fc.assert(
    fc.property(piece, piece, (one, two) => instantiate(`${one}\n${two}`)),
    { numRuns: 600 },
  );
});

test.each([
  ['event.set("a', 1, undefined],
  ['a = 1\nb = (2\n', undefined, undefined],
  ['a = 1\n  event.set("ä", 1))', 2, 20],
  ['break_me )', 1, 10],
])('where a syntax error is: %j', (code, line, column) => {
  const [error] = analyseRuby({ code }).errors;
  expect(error).toBeDefined();
  if (line !== undefined) expect(error).toMatchObject({ option: 'code', line });
  if (column !== undefined) expect(error).toMatchObject({ column });
});

describe('what must be watched by a clock', () => {
  test.each([
    ['while true do end', 'while'],
    ['loop { break }', 'loop'],
    ['event.get("n").times { |i| i }', 'times'],
    ['(1..event.get("n")).each { |i| i }', 'a loop over a range'],
    ['l = [1]; l.each { |x| l << x }', 'a loop over what it adds to'],
    ['event.get("m") =~ /(?<!a)b+(?=c)d*e/', 'an expression with look-around or back-references'],
    ['event.get("m").match?(event.get("r"))', 'an expression known only at run time'],
    ['event.get("m") =~ /#{event.get("r")}/', 'an expression made at run time'],
    ['def f(x) = f(x)\nf(1)', 'methods of its own'],
  ])('%s', (code, guard) => {
    expect(analyseRuby({ code }).compiled?.guard).toBe(guard);
  });

  test.each([
    'event.to_hash.each { |k, v| event.remove(k) if v.nil? }',
    'event.get("l").map { |x| x.to_s }.join(",")',
    '3.times { |i| event.set("a#{i}", i) }',
    '(1..9).each { |i| event.set("a#{i}", i) }',
    'event.set("x", event.get("m").gsub(/[^a-z]+/, "_").split(","))',
  ])('not %s', (code) => {
    expect(analyseRuby({ code }).compiled).toMatchObject({ guard: undefined });
  });
});

test.each([
  ['event.set("a", IPAddr.new("::1").ipv6?)', 'constant IPAddr (line 1)'],
  ['x = 1\nclass A; end', 'ClassNode (line 2)'],
  ['a = b = "x"\nb.upcase!', 'upcase! changes text in place (line 2)'],
  ['`ls`', 'XStringNode (line 1)'],
  ['def m(a:) = a', 'keyword parameters (line 1)'],
])('why %j runs in CRuby', (code, reason) => {
  expect(analyseRuby({ code })).toMatchObject({ compiled: undefined, reason });
});
