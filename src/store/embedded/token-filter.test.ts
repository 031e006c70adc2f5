import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anywherePredicate, anywhereWords } from '../../query/anywhere.ts';
import { TOKEN_ROWS, TokenFilter, TokenFilterBuilder } from './token-filter.ts';

function filterOf(sources: readonly string[]): TokenFilter {
  const builder = new TokenFilterBuilder();
  for (const source of sources) builder.add(source);
  return TokenFilter.decode(builder.encode())!;
}

/** JSON text in which some characters are written as escapes. */
const escaped = (json: string, every: number): string =>
  json.replaceAll(/[^"\\{}[\],:\s]/gu, (char, at: number) =>
    at % every !== 0 || json[at - 1] === '\\' || json.slice(Math.max(0, at - 5), at).includes('\\')
      ? char
      : [...char].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  );

const letters = fc.constantFrom(...'aBcsSkKz09_éß\u212a\u017f\u0301 .-/\\"\n\t—中'.split(''));
const text = fc.string({ unit: letters, maxLength: 24 });

describe('TokenFilter', () => {
  test('never says no where free text finds a word', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ a: text, b: fc.array(text, { maxLength: 3 }), n: fc.double({ noNaN: true }) })),
        fc.integer({ min: 1, max: 9 }),
        (documents, every) => {
          const strings = documents.filter(({ n }) => Number.isFinite(n)).map((one) => JSON.stringify(one));
          const filter = filterOf(strings.map((one) => escaped(one, every)));
          for (const one of strings) {
            const document = JSON.parse(one) as object;
            const words = one.toLowerCase().match(/[a-z0-9_]{3,}/g) ?? [];
            for (const word of words)
              if (anywherePredicate(anywhereWords(word))(document))
                expect(filter.mayHave(word), `${word} in ${one}`).toEqual([true]);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('says no to nearly all words that are nowhere, for each group of rows on its own', () => {
    const sources = Array.from(
      { length: TOKEN_ROWS + 100 },
      (_, n) => `{"id":"word${n}","message":"common text \\n\\u0065scaped"}`,
    );
    const filter = filterOf(sources);
    expect(filter.groups).toBe(2);
    expect(filter.mayHave('COMMON')).toEqual([true, true]);
    expect(filter.mayHave('escaped')).toEqual([true, true]);
    expect(filter.mayHave('word7')[0]).toBe(true);
    expect(filter.mayHave(`word${TOKEN_ROWS + 7}`)[1]).toBe(true);
    const wrong = Array.from({ length: 5000 }, (_, n) => filter.mayHave(`absent${n}`)[0]).filter(Boolean);
    expect(wrong.length).toBeLessThan(100);
    expect(filter.bytes / sources.length).toBeLessThan(4);
  });

  test('a damaged file is no filter', () => {
    const builder = new TokenFilterBuilder();
    builder.add('{"a":"some words"}');
    const bytes = builder.encode();
    expect(TokenFilter.decode(bytes)!.mayHave('words')).toEqual([true]);
    expect(TokenFilter.decode(bytes.subarray(0, 8))).toBeUndefined();
    bytes[bytes.length - 1]! ^= 1;
    expect(TokenFilter.decode(bytes)).toBeUndefined();
  });
});
