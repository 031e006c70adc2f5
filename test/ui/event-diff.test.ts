import { expect, test } from 'vitest';
import { diff, readable } from '../../ui/src/screens/pipelines/event-diff.ts';

const text = (f: string, m?: string): string => `{"f":${f}${m ? `,"m":${m}` : ''}}`;

test('says what was added, removed and changed, in objects and metadata too', () => {
  const before = text('{"a":1,"b":{"c":"x","d":[]},"gone":true}', '{"ip":"1"}');
  const after = text('{"a":1,"b":{"c":"y","d":[]},"tags":["t"]}', '{"ip":"1","n":null}');
  expect(diff(before, after).filter(({ kind }) => kind !== 'same')).toEqual([
    { name: '[b][c]', kind: 'changed', before: '"x"', after: '"y"' },
    { name: '[gone]', kind: 'removed', before: 'true' },
    { name: '[tags]', kind: 'added', after: '["t"]' },
    { name: '[@metadata][n]', kind: 'added', after: 'null' },
  ]);
});

test('numbers that a double would alter stay as they are', () => {
  const changes = diff(
    text('{"n":12345678901234567890,"m":1.50}'),
    text('{"n":12345678901234567891,"m":1.50}'),
  );
  expect(changes).toEqual([
    { name: '[n]', kind: 'changed', before: '12345678901234567890', after: '12345678901234567891' },
    { name: '[m]', kind: 'same', before: '1.50', after: '1.50' },
  ]);
  expect(readable(text('{"n":12345678901234567890}', '{"x":1}'))).toBe(
    '{\n  "n": 12345678901234567890,\n  "@metadata": {\n    "x": 1\n  }\n}',
  );
});
