/** Differences of texts, line by line. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffLines, hunks } from '../../ui/src/screens/editor/line-diff.ts';

const shape = (before: string, after: string): string[] =>
  diffLines(before, after).map(({ kind, text }) => `${{ same: ' ', added: '+', removed: '-' }[kind]}${text}`);

test('says which lines went and came, with their numbers', () => {
  expect(shape('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual([' a', '-b', '+x', ' c', '+d']);
  expect(shape('', 'a\n')).toEqual(['+a']);
  expect(shape('a\nb', '')).toEqual(['-a', '-b']);
  expect(shape('same', 'same')).toEqual([' same']);
  expect(diffLines('a\nb', 'b\nc')).toEqual([
    { kind: 'removed', text: 'a', before: 1 },
    { kind: 'same', text: 'b', before: 2, after: 1 },
    { kind: 'added', text: 'c', after: 2 },
  ]);
});

test('leaves out what is far from a change', () => {
  const lines = Array.from({ length: 20 }, (_, n) => `line ${n}`);
  const after = lines.with(10, 'other');
  expect(
    hunks(diffLines(lines.join('\n'), after.join('\n')), 1).map((each) =>
      typeof each === 'number' ? each : each.text,
    ),
  ).toEqual([9, 'line 9', 'line 10', 'other', 'line 11', 8]);
});

test('both texts can be read from the difference, whatever they are', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '}'), { maxLength: 30 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const lines = diffLines(a.join('\n'), b.join('\n'));
      const side = (gone: string): string[] =>
        lines.filter(({ kind }) => kind !== gone).map((line) => line.text);
      expect(side('added')).toEqual(a);
      expect(side('removed')).toEqual(b);
    }),
  );
});
