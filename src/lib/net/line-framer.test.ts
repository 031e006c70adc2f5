import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../../test/support/busy-machine.ts';
import { TestWriter } from '../../../test/support/writer.ts';
import { LineFramer } from './line-framer.ts';

const peer = { key: 'test' };

/** Records of a text pushed in chunks of the given sizes, over and over. */
function frame(text: string, sizes: readonly number[], delimiter = '\n', limit = 1000): string[] {
  const writer = new TestWriter();
  const framer = new LineFramer(Buffer.from(delimiter), limit);
  const bytes = Buffer.from(text);
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? bytes.length;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    framer.push(chunk, writer, peer);
    chunk.fill(0); // no reference may be kept
    at += size;
  }
  framer.end(writer, peer);
  const texts = writer.texts(delimiter);
  expect(texts.length).toBe(writer.count);
  return texts;
}

/** What lines are: everything up to a delimiter, and a last one if something follows. */
function lines(text: string, delimiter: string): string[] {
  const parts = text.split(delimiter);
  if (parts.at(-1) === '') parts.pop();
  return parts;
}

const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
const text = fc
  .array(fc.constantFrom('a', 'bc', '\n', '|', '||', '\r\n', 'é'), { maxLength: 40 })
  .map((parts) => parts.join(''));

describe('LineFramer', () => {
  test('whole lines in one piece, the rest waits', () => {
    const writer = new TestWriter();
    const framer = new LineFramer(Buffer.from('\n'), 1000);
    expect(framer.push(Buffer.from('a\nb\nc'), writer, peer)).toBe(true);
    expect(writer.runs).toEqual([{ kind: 0, peer, bytes: Buffer.from('a\nb\n'), count: 2 }]);
    expect(framer.held).toBe(1);
    framer.push(Buffer.from('d\ne\nf'), writer, peer);
    expect(writer.texts()).toEqual(['a', 'b', 'cd', 'e']);
    expect(framer.held).toBe(1);
  });

  test('the same records wherever the stream is split, and for any delimiter', () => {
    fc.assert(
      fc.property(text, sizes, fc.constantFrom('\n', '||', '|\n', '\r\n'), (whole, split, delimiter) => {
        expect(frame(whole, split, delimiter)).toEqual(lines(whole, delimiter));
      }),
    );
  });

  test('long lines go out in pieces, only those, and no byte is lost', () => {
    expect(frame('ab\nabcdefgh\nc\n', [20], '\n', 3)).toEqual(['ab', 'abc', 'def', 'gh', 'c']);
    expect(frame('abcdefgh', [1], '\n', 3)).toEqual(['abc', 'def', 'gh']);
    expect(frame('abc\nabc\n', [3], '\n', 3)).toEqual(['abc', 'abc']);
    const long = fc
      .array(fc.constantFrom('a', 'bcdefg', '\n'), { maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(long, sizes, (whole, split) => {
        const records = frame(whole, split, '\n', 4);
        expect(records.join('')).toBe(whole.replaceAll('\n', ''));
        for (const record of records) expect(record.length).toBeLessThanOrEqual(5);
      }),
    );
  });

  test('half delimiters at the limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('\r', '\r\n', 'a'), { maxLength: 30 }).map((parts) => parts.join('')),
        sizes,
        (whole, split) => {
          const records = frame(whole, split, '\r\n', 3);
          expect(records.join('')).toBe(lines(whole, '\r\n').join(''));
        },
      ),
    );
  });

  test('a trickle of single bytes takes linear time and one buffer', () => {
    const writer = new TestWriter();
    const framer = new LineFramer(Buffer.from('\n'), 1 << 20);
    const byte = Buffer.from('x');
    const started = cpuTime();
    for (let count = 0; count < 500_000; count++) framer.push(byte, writer, peer);
    expect(cpuTime() - started).toBeLessThan(2_000);
    expect(framer.held).toBe(500_000);
    framer.push(Buffer.from('\n'), writer, peer);
    expect(writer.count).toBe(1);
  });

  test('passes on that the queue is full', () => {
    const writer = new TestWriter();
    writer.setFull(true);
    const framer = new LineFramer(Buffer.from('\n'), 1000);
    expect(framer.push(Buffer.from('a\nb'), writer, peer)).toBe(false);
  });
});
