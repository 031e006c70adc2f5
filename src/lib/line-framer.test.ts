import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TestWriter } from '../../test/support/writer.ts';
import { LineFramer } from './line-framer.ts';

const peer = { key: 'test' };

/** Pushes text in chunks of the given sizes and returns the records that come out, in order. */
function frame(text: string, sizes: readonly number[], delimiter = '\n', limit = 1000): string[] {
  const writer = new TestWriter();
  const framer = new LineFramer(Buffer.from(delimiter), limit);
  const bytes = Buffer.from(text);
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes.length === 0 ? bytes.length : sizes[index % sizes.length]!;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    framer.push(chunk, writer, peer);
    chunk.fill(0); // it must keep no reference
    at += size;
  }
  framer.end(writer, peer);
  const texts = writer.texts(delimiter);
  expect(texts.length).toBe(writer.count);
  return texts;
}

describe('LineFramer', () => {
  it('gives whole lines at once and keeps the rest', () => {
    const writer = new TestWriter();
    const framer = new LineFramer(Buffer.from('\n'), 1000);
    framer.push(Buffer.from('a\nb\nc'), writer, peer);
    expect(writer.runs).toEqual([{ kind: 0, peer, bytes: Buffer.from('a\nb\n'), count: 2 }]);
    expect(framer.held).toBe(1);
    framer.push(Buffer.from('d\n'), writer, peer);
    expect(writer.texts()).toEqual(['a', 'b', 'cd']);
    expect(framer.held).toBe(0);
  });

  it('finds a delimiter of several bytes across chunks', () => {
    expect(frame('a||b||c', [2], '||')).toEqual(['a', 'b', 'c']);
    expect(frame('a<eol>b<eol>', [1], '<eol>')).toEqual(['a', 'b']);
  });

  it('cuts lines that are too long, and only those', () => {
    expect(frame('ab\nabcdefgh\nc\n', [], '\n', 3)).toEqual(['ab', 'abc', 'def', 'gh', 'c']);
    expect(frame('abcdefgh', [1], '\n', 3)).toEqual(['abc', 'def', 'gh']);
    expect(frame('abc\nabc\n', [3], '\n', 3)).toEqual(['abc', 'abc']);
  });

  it('gives the same records however the stream is split', () => {
    const text = fc
      .array(fc.constantFrom('a', 'bc', '\n', '|', '||', 'é'), { maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        text,
        fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 5 }),
        fc.constantFrom('\n', '||', '|\n'),
        (whole, sizes, delimiter) => {
          expect(frame(whole, sizes, delimiter)).toEqual(frame(whole, [], delimiter));
        },
      ),
    );
  });

  it('loses no byte of lines that are cut', () => {
    const text = fc
      .array(fc.constantFrom('a', 'bcdefg', '\n'), { maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 }), (whole, sizes) => {
        const records = frame(whole, sizes, '\n', 4);
        expect(records.join('')).toBe(whole.replaceAll('\n', ''));
        for (const record of records) expect(record.length).toBeLessThanOrEqual(5);
      }),
    );
  });
});
