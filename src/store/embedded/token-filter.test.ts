import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { securityEvent } from '../../../bench/store-events.ts';
import { anywherePredicate, anywhereWords } from '../../query/anywhere.ts';
import { gramHashes, hexGramHashes, TOKEN_ROWS, TokenFilterBuilder } from './token-filter.ts';
import { TokenFilter } from './token-lookup.ts';

/** One document, {"a":"some old 12abcdef"}, as the version before wrote it. */
const OLD_FILE = 'TVRGM0TafZgAUAAAAQAAAAIAAABmrBsJAQAAAIFRmsl4KQQegYD/YgIgBYA=';
const folder = mkdtempSync(join(tmpdir(), 'millrace-token-filter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function opened(bytes: Uint8Array): TokenFilter | undefined {
  const file = join(folder, 'filter');
  writeFileSync(file, bytes);
  return TokenFilter.open(file);
}

function encoded(sources: readonly string[]): Uint8Array {
  const builder = new TokenFilterBuilder();
  for (const source of sources) builder.add(source);
  return builder.encode();
}
const filterOf = (sources: readonly string[]): TokenFilter => opened(encoded(sources))!;
/** Whether words of each group may have this part. */
const mayHavePart = (filter: TokenFilter, part: string): boolean[] =>
  filter.mayHaveGrams(gramHashes(part), hexGramHashes(part));

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
            for (const word of words)
              if (anywherePredicate(anywhereWords(`*${word}*`, true))(document))
                expect(mayHavePart(filter, word), `*${word}* in ${one}`).toEqual([true]);
          }
          filter.close();
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
    expect(encoded(sources).length / sources.length).toBeLessThan(4);
    filter.close();
  });

  test('knows the parts of words', () => {
    let state = 1;
    const random = (): string =>
      Array.from({ length: 16 }, () => {
        state = (state * 48_271) % 2_147_483_647;
        return (state % 36).toString(36);
      }).join('');
    const ids = Array.from({ length: 3000 }, random);
    const filter = filterOf(ids.map((id) => `{"id":"${id}"}`));
    for (const id of ids.slice(0, 200))
      expect(mayHavePart(filter, id.slice(3, 12).toUpperCase())).toEqual([true]);
    const wrong = Array.from({ length: 300 }, () => mayHavePart(filter, random())[0]);
    expect(wrong.filter(Boolean).length).toBeLessThan(15);
    filter.close();
  });

  test('never says no to a part of hexadecimal digits that is there', () => {
    const unit = fc.constantFrom(
      ...'0123456789abcdefABCDEF0123456789abcdef'.split(''),
      'g',
      'X',
      '_',
      '-',
      'é',
      '"',
      '\n',
    );
    const digits = fc.string({ unit, maxLength: 40 });
    const documents = fc.array(
      fc.record({
        a: digits,
        b: fc.array(digits, { maxLength: 3 }),
        c: fc.dictionary(digits, fc.bigInt({ min: 0n, max: 10n ** 20n }), { maxKeys: 2 }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const cut = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(
        documents,
        fc.integer({ min: 1, max: 9 }),
        fc.array(cut, { minLength: 6, maxLength: 12 }),
        (made, every, cuts) => {
          const own = made.map(({ a, b, c }) => ({ a, b, c: Object.entries(c) }));
          const json = own.map((one) =>
            JSON.stringify(one, (_, value) =>
              typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value,
            ),
          );
          const filter = filterOf(json.map((one) => escaped(one, every)));
          const texts = own.flatMap(({ a, b, c }) => [a, ...b, ...c.flat().map(String)]);
          for (const [at, size] of cuts)
            for (const text of texts) {
              const from = Math.floor(at * text.length);
              const part = text.slice(from, from + size);
              for (const one of [part, part.toUpperCase(), part.toLowerCase()])
                expect(mayHavePart(filter, one), `*${one}* in ${json.join('')}`).toEqual([true]);
            }
          filter.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('digits of different words are not behind one another', () => {
    const json =
      '{"a":"123ab 456de","b":["aaa11","bbb22"],"ccc33":44455,"d":"x98x76fe_12","e":"00ff\\u002f711"}';
    const filter = filterOf([json]);
    // There are no six at all.
    for (const part of [
      '3ab456',
      '123ab456de',
      'a11bbb',
      'c33444',
      '455d98',
      '9876fe',
      '76fe12',
      '0ff711',
      'fedcba',
    ])
      expect(mayHavePart(filter, part), part).toEqual([false]);
    expect(filterOf([json.replace('\\u002f', '\\u0037')]).mayHaveGrams([], hexGramHashes('0FF7711'))).toEqual(
      [true],
    );
    expect(hexGramHashes('123abc-456def')).toEqual([...hexGramHashes('123ABC'), ...hexGramHashes('456def')]);
    filter.close();
  });

  test('says no to nearly all parts of hexadecimal digits that are nowhere', () => {
    const sources: Record<string, string[]> = {};
    for (let n = 0; n < 8000; n++) {
      const { index, source } = securityEvent(n);
      (sources[index.slice(0, 4)] ??= []).push(source);
    }
    let state = 7;
    const digits = (count: number): string =>
      Array.from({ length: count }, () => {
        state = (state * 48_271) % 2_147_483_647;
        return ((state >>> 8) % 16).toString(16);
      }).join('');
    expect(Object.keys(sources)).toHaveLength(4);
    for (const own of Object.values(sources)) {
      const filter = filterOf(own);
      const share = (count: number): number =>
        Array.from({ length: 400 }, () => mayHavePart(filter, digits(count))[0]).filter(Boolean).length / 400;
      expect(share(8)).toBeLessThan(0.4);
      expect(share(14)).toBeLessThan(0.05);
      expect((filter.layout.groups[0]!.hexGrams!.words * 4) / own.length).toBeLessThan(9);
      filter.close();
    }
  });

  test('bits of random digits have a limit', () => {
    let state = 1;
    const random = (): string => ((state = (state * 48_271) % 2_147_483_647) >>> 3).toString(16);
    const sources = Array.from({ length: 60 }, () => `"${Array.from({ length: 8000 }, random).join('')}"`);
    const filter = filterOf(sources);
    expect(filter.layout.groups[0]!.hexGrams!.words * 4).toBe(2 ** 21 / 8);
    expect(mayHavePart(filter, sources[50]!.slice(900, 930))).toEqual([true]);
    filter.close();
  });

  test('finds an IPv4 address in every spelling as IPv6', () => {
    const filter = filterOf([
      '{"a":"::ffff:10.1.2.3","b":"::FFFF:0a01:0204","c":["0:0:0:0:0:ffff:10.1.2.5","\\u003a:ffff:10.1.2.6"]}',
      '{"d":"0000:0000:0000:0000:0000:ffff:255.255.255.254","e":"fe80::ffff:a01:209","f":"::ffff:1.2.3"}',
    ]);
    const has = (address: string): boolean => filter.mayHave(address, true)[0]!;
    for (const address of ['10.1.2.3', '10.1.2.4', '10.1.2.5', '10.1.2.6', '255.255.255.254'])
      expect(has(address), address).toBe(true);
    for (const address of ['10.1.2.9', '9.9.9.9', '10.1.2.7']) expect(has(address), address).toBe(false);
    filter.close();
  });

  test('never says no where free text finds four numbers behind one another', () => {
    const number = fc.oneof(
      fc.integer({ min: 0, max: 30 }).map(String),
      fc.constantFrom('007', '1234', 'a1', ''),
    );
    const between = fc.constantFrom(
      '.',
      '. ',
      '-',
      ', ',
      '—',
      '\n',
      '"',
      '\\',
      '/',
      ' to ',
      '_',
      'é',
      '\u0661',
    );
    const line = fc.array(fc.tuple(number, between), { minLength: 3, maxLength: 9 });
    fc.assert(
      fc.property(line, fc.integer({ min: 1, max: 9 }), (parts, every) => {
        const json = JSON.stringify({ text: parts.flat().join(''), more: [1.5, '8.8.4.4'] });
        const filter = filterOf([escaped(json, every)]);
        const document = JSON.parse(json) as object;
        for (let at = 0; at + 4 <= parts.length; at++) {
          const numbers = parts.slice(at, at + 4).map(([one]) => one);
          if (!numbers.every((one) => /^\d{1,3}$/.test(one))) continue;
          const text = numbers.join('.');
          if (anywherePredicate(anywhereWords(text))(document))
            expect(filter.mayHave(text, true), `${text} in ${json}`).toEqual([true]);
        }
        expect(filter.mayHave('8.8.4.4', true)).toEqual([true]);
        filter.close();
      }),
      { numRuns: 300 },
    );
    const filter = filterOf(['{"message":"from 10.20.30.40:514 to host 1 2 x 3 4"}']);
    expect(filter.mayHave('10.20.30.40', true)).toEqual([true]);
    expect(filter.mayHave('1.2.3.4', true)).toEqual([false]);
    filter.close();
  });

  test('of a file without hexadecimal digits everything else is read', () => {
    const old = Buffer.from(OLD_FILE, 'base64');
    const filter = opened(old)!;
    expect(filter.groups).toBe(1);
    expect(filter.layout.rowsPerGroup).toBe(TOKEN_ROWS);
    expect(filter.mayHave('some')).toEqual([true]);
    expect(filter.mayHave('nothing')).toEqual([false]);
    expect(filter.mayHave('some old 12abcdef', true)).toEqual([true]);
    expect(mayHavePart(filter, '2abcde')).toEqual([true]);
    expect(mayHavePart(filter, 'nowhere')).toEqual([false]);
    expect(filter.mayHaveGrams([], hexGramHashes('0123456789'))).toEqual([true]);
    filter.close();
    old[20]! ^= 1;
    expect(opened(old)).toBeUndefined();
    expect(opened(Buffer.from('24OmewBQAAABAAAAAgAAAGARAB5ABP8I', 'base64'))).toBeUndefined();
  });

  test('a damaged file is no filter, and damaged bits leave nothing out', () => {
    const bytes = encoded(['{"a":"some words 1234567"}']);
    expect(opened(bytes)!.mayHave('words')).toEqual([true]);
    expect(opened(bytes)!.mayHave('absent')).toEqual([false]);
    expect(opened(bytes.subarray(0, 8))).toBeUndefined();
    expect(opened(bytes.subarray(0, bytes.length - 4))).toBeUndefined();
    const changed = (at: number): Uint8Array => {
      const damaged = bytes.slice();
      damaged[at]! ^= 1;
      return damaged;
    };
    expect(opened(changed(20))).toBeUndefined();
    expect(opened(changed(41))!.mayHave('absent')).toEqual([true]);
    const { grams, hexGrams } = opened(bytes)!.layout.groups[0]!;
    expect(hexGrams!.at + hexGrams!.words * 4).toBe(bytes.length);
    const inGrams = opened(changed(grams.at))!;
    expect(inGrams.mayHave('absent')).toEqual([false]);
    expect(mayHavePart(inGrams, 'absent')).toEqual([true]);
    expect(mayHavePart(inGrams, 'abcdef')).toEqual([false]);
    const inHex = opened(changed(hexGrams!.at))!;
    expect(mayHavePart(inHex, 'absent')).toEqual([false]);
    expect(inHex.mayHaveGrams([], hexGramHashes('abcdef'))).toEqual([true]);
  });
});
