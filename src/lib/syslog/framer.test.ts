import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestWriter } from '../../../test/support/writer.ts';
import { SyslogFramer } from './framer.ts';

const peer = { key: 'test' };

function frame(text: string, sizes: readonly number[], limit = 1000): string[] {
  const writer = new TestWriter();
  const framer = new SyslogFramer(limit);
  const bytes = Buffer.from(text);
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length]!;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    framer.push(chunk, writer, peer);
    chunk.fill(0);
    at += size;
  }
  framer.end(writer, peer);
  return writer.texts();
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
const body = fc
  .array(fc.constantFrom('a', ' ', '\n', '12 <', 'é', '<13>'), { maxLength: 12 })
  .map((parts) => `<13>${parts.join('')}`);

test('octet counting, wherever the stream is split', () => {
  fc.assert(
    fc.property(
      fc.array(body, { minLength: 1, maxLength: 6 }),
      sizes,
      fc.constantFrom('', '\n'),
      (bodies, split, between) => {
        const text = bodies.map((each) => `${Buffer.byteLength(each)} ${each}${between}`).join('');
        expect(frame(text, split)).toEqual(bodies);
      },
    ),
  );
});

test('lines, wherever the stream is split, even if they begin with numbers', () => {
  const line = fc.constantFrom('<13>hello', '2026 was a year', '12', '', '<13>5 <');
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), sizes, (lines, split) => {
      expect(frame(`${lines.join('\n')}\n`, split)).toEqual(lines);
    }),
  );
});

test('a sender that stops counting is read in lines', () => {
  expect(frame('5 <13>a<13>b\n<13>c\n', [100])).toEqual(['<13>a', '<13>b', '<13>c']);
});

test('messages over the limit go out in pieces; counts claim no memory', () => {
  expect(frame('10 <13>abcdef', [3], 4)).toEqual(['<13>', 'abcd', 'ef']);
  expect(frame('10 <13>abcdef5 <13>x', [100], 4)).toEqual(['<13>', 'abcd', 'ef', '<13>', 'x']);
  expect(frame('99999999 <13>abc', [2])).toEqual(['<13>abc']);
  expect(frame('999999999 <13>abc', [2])).toEqual(['999999999 <13>abc']);
});

test('any bytes come out again, in lines or counted', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), sizes, (text, split) => {
      expect(frame(text, split).length).toBeLessThanOrEqual(text.length + 1);
    }),
  );
});
