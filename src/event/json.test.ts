import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../test/support/busy-machine.ts';
import {
  depthOf,
  longNumbersIn,
  MAX_DEPTH,
  parseDecimal,
  parseJson,
  parsingLinesOf,
  parsingTextOf,
} from './json.ts';

describe('parseJson alters no number', () => {
  test.each([
    ...['0', '1', '-1', '1.5', '123456789012345', '9007199254740991', '9007199254740992', '9007199254740993'],
    ...['-9223372036854775808', '18446744073709551615', `1${'0'.repeat(40)}1`, `-${'9'.repeat(2000)}`],
    ...[
      '0.1',
      '0.1000000000000000055511151231257827',
      '3.141592653589793238462643383279',
      '1e400',
      '-1e400',
      '1e-400',
    ],
    ...['12345678901234567.25', '123456789012345678e5', '0.00000000000000000000001234567890123456789'],
  ])('%s', (text) => {
    expect(JSON.stringify(parseJson(`{"a":[${text}]}`))).toBe(`{"a":[${text}]}`);
    expect(JSON.stringify(parseJson(text))).toBe(text);
  });

  test('kinds: doubles where they are exact, BigInt for integers, exact numbers for the rest', () => {
    expect(parseJson('[1.0000000000000000, 100000000000000000000000.0]')).toEqual([1, 1e23]);
    expect(parseJson('[12345678901234567890]')).toEqual([12345678901234567890n]);
    expect(JSON.isRawJSON((parseJson('[1.00000000000000000001]') as unknown[])[0])).toBe(true);
    expect(parseJson('"1234567890123456789"')).toBe('1234567890123456789');
    expect(parseJson('{"id":"12345678901234567890","n":12345678901234567890}')).toEqual({
      id: '12345678901234567890',
      n: 12345678901234567890n,
    });
  });

  test('any text of digits', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 25 });
    const number = fc
      .tuple(
        fc.constantFrom('', '-'),
        digits,
        fc.option(digits),
        fc.option(fc.integer({ min: -450, max: 450 })),
      )
      .map(([sign, whole, fraction, exponent]) =>
        [
          sign,
          BigInt(whole),
          fraction === null ? '' : `.${fraction}`,
          exponent === null ? '' : `e${exponent}`,
        ].join(''),
      );
    fc.assert(
      fc.property(number, (text) => {
        const { negative, digits: expected, exponent } = parseDecimal(text);
        const printed = parseDecimal(JSON.stringify(parseJson(`[${text}]`)).slice(1, -1));
        expect(printed.digits).toBe(expected);
        if (expected !== '') expect([printed.negative, printed.exponent]).toEqual([negative, exponent]);
      }),
      { numRuns: 2000 },
    );
  });
});

test('hostile numbers and nesting cost little', () => {
  const started = cpuTime();
  parseJson(`[0.${'0'.repeat(500_000)}1]`);
  parseJson(`[${'9'.repeat(500_000)}]`);
  parseJson(`[1${'0'.repeat(500_000)}]`);
  const nested = `${'['.repeat(300_000)}12345678901234567890${']'.repeat(300_000)}`;
  expect(() => parseJson(nested)).toThrow(SyntaxError);
  expect(cpuTime() - started).toBeLessThan(1500);
});

test('names are data; the last of several wins', () => {
  expect(JSON.stringify(parseJson('{"__proto__":{"x":12345678901234567890},"a":1,"a":2}'))).toBe(
    '{"__proto__":{"x":12345678901234567890},"a":2}',
  );
  expect(({} as { x?: unknown }).x).toBe(undefined);
});

test('throws SyntaxError only', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((text) => text.slice(1)),
      ),
      (text) => {
        try {
          parseJson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      },
    ),
  );
});

describe('text of bytes that were searched once', () => {
  test('finds long numbers wherever they stand', () => {
    for (let shift = 0; shift < 24; shift++) {
      const text = `{"${'k'.repeat(shift)}":9007199254740993,"m":"text"}`;
      expect(longNumbersIn(Buffer.from(text), 1)).toHaveLength(1);
      const short = `{"${'k'.repeat(shift)}":123456789012345,"m":"12345678901234567"}`;
      expect(longNumbersIn(Buffer.from(short), 1)).toEqual([]);
    }
  });

  test('decoding stays exact', () => {
    const text = '{"a":-9007199254740993}';
    parsingTextOf(Buffer.from(text), () => expect(parseJson(text)).toEqual({ a: -9007199254740993n }));
    for (const huge of ['1e400', '-2.5E+0309', '1e-400']) {
      const json = `{"a":${huge}}`;
      parsingTextOf(Buffer.from(json), () => expect(JSON.stringify(parseJson(json))).toBe(json));
    }
    const short = '{"a":5}';
    parsingTextOf(Buffer.from(short), () => expect(parseJson(short)).toEqual({ a: 5 }));
    expect(() => parsingTextOf(Buffer.from(''), () => parseJson('{'))).toThrow(SyntaxError);
    expect(parseJson(text)).toEqual({ a: -9007199254740993n });
  });
});

test('depthOf counts up to a limit', () => {
  expect([1, [], [[1]], { a: [{}] }].map((value) => depthOf(value))).toEqual([0, 1, 2, 3]);
  let deep: unknown = 1;
  for (let i = 0; i < MAX_DEPTH + 50; i++) deep = [deep];
  expect(depthOf(deep as never)).toBe(MAX_DEPTH + 1);
});

test('numbers with huge exponents are found wherever one may stand, beside hexadecimal digits', () => {
  const number = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.constantFrom('0', '1', '25', '0.5', '12.75'),
      fc.constantFrom('e', 'E'),
    )
    .chain(([sign, digits, letter]) =>
      fc
        .tuple(fc.constantFrom('', '+', '-'), fc.stringMatching(/^\d{1,5}$/))
        .map(([plus, power]) => `${sign}${digits}${letter}${plus}${power}`),
    );
  const around = fc.constantFrom(
    '{"a":#}',
    '[#]',
    '[1,#,2]',
    '{"a": #\n}',
    '[-1.5 , #]',
    '{"x":{"y":[[#]]}}',
  );
  const other = fc.constantFrom('"9bf3e9972417}"', '"-3e9972}"', '"5e4444 "', '{"1e400":"a 1e400,"}');
  fc.assert(
    fc.property(number, around, other, (text, place, beside) => {
      const json = `[${beside},${place.replace('#', text)},${beside}]`;
      // Outside of `parsingTextOf` every text is searched.
      const exact = JSON.stringify(parseJson(json));
      parsingTextOf(Buffer.from(json), () => expect(JSON.stringify(parseJson(json))).toBe(exact));
    }),
  );
});

describe('parsingLinesOf', () => {
  const number = fc.oneof(
    fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc
      .tuple(fc.bigInt({ min: 0n, max: 10n ** 22n }), fc.bigInt({ min: 0n, max: 10n ** 22n }))
      .map(([a, b]) => `${a}.${b}`),
    fc
      .tuple(
        fc.constantFrom('7', '-1.5', '0.25'),
        fc.constantFrom('e', 'E'),
        fc.constantFrom('', '+', '-'),
        fc.nat(9999),
      )
      .map((parts) => parts.join('')),
  );
  const text = fc.string({ unit: fc.constantFrom('a', '7', '.', ' ', ':', '\u00e4', '\u20ac', '0') });

  test('every line gives what parseJson gives by itself', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, number), { minLength: 1, maxLength: 40 }),
        fc.nat(7),
        (rows, shift) => {
          const lines = rows.map(
            ([name, value]) => `{${JSON.stringify(name)}:${value},"k":[${value}, ${value}]}`,
          );
          const whole = `${lines.join('\n')}\n`;
          const padded = Buffer.concat([Buffer.alloc(shift), Buffer.from(whole)]);
          const bytes = padded.subarray(shift);
          const decoded: unknown[] = [];
          parsingLinesOf(bytes, whole, (line) => {
            let from = 0;
            for (const each of lines) {
              line(from + each.length);
              decoded.push(parseJson(whole.slice(from, from + each.length)));
              from += each.length + 1;
            }
          });
          expect(JSON.stringify(decoded)).toBe(JSON.stringify(lines.map((each) => parseJson(each))));
        },
      ),
    );
  });
});
