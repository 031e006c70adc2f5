import { expect, test } from 'vitest';
import {
  type IndexNames,
  resolveDateMath,
  resolveIndices,
  validateIndexName,
  writeIndexOf,
} from './index-selection.ts';

const names: IndexNames = {
  indices: ['logs-a', 'logs-b', 'other', '.hidden', '.ds-stream-1', '.ds-stream-2'],
  aliases: new Map([
    ['both', [{ index: 'logs-a' }, { index: 'logs-b', isWriteIndex: true }]],
    ['none', [{ index: 'logs-a' }, { index: 'logs-b' }]],
    ['one', [{ index: 'other' }]],
  ]),
  dataStreams: new Map([['stream', ['.ds-stream-1', '.ds-stream-2']]]),
};
const resolve = (...list: string[]): string[] => resolveIndices({ names: list }, names);
const STREAM = ['.ds-stream-1', '.ds-stream-2'];

test.each<[string[], string[]]>([
  [[], [...STREAM, 'logs-a', 'logs-b', 'other']],
  [['_all'], [...STREAM, 'logs-a', 'logs-b', 'other']],
  [['logs-*'], ['logs-a', 'logs-b']],
  [
    ['logs-*,other', '-logs-b'],
    ['logs-a', 'other'],
  ],
  [['*', '-logs-*', '-stream'], ['other']],
  [['both'], ['logs-a', 'logs-b']],
  [['bot*'], ['logs-a', 'logs-b']],
  [['stream'], STREAM],
  [['str*'], STREAM],
  [['.hid*'], ['.hidden']],
  [['nothing-*'], []],
])('%j', (list, expected) => {
  expect(resolve(...list)).toEqual(expected);
});

test('names that are not there', () => {
  expect(() => resolve('gone')).toThrowError(
    expect.objectContaining({
      status: 404,
      type: 'index_not_found_exception',
      message: 'no such index [gone]',
    }),
  );
  expect(resolveIndices({ names: ['gone', 'other'], ignoreUnavailable: true }, names)).toEqual(['other']);
  expect(() => resolveIndices({ names: ['gone-*'], allowNoIndices: false }, names)).toThrowError(
    'no such index [gone-*]',
  );
  expect(() => resolve('-other')).toThrowError(/must not start with/);
});

test('where writes go', () => {
  expect(writeIndexOf('new', names)).toBe('new');
  expect(writeIndexOf('both', names)).toBe('logs-b');
  expect(writeIndexOf('one', names)).toBe('other');
  expect(writeIndexOf('stream', names)).toBe('.ds-stream-2');
  expect(() => writeIndexOf('none', names)).toThrowError('no write index is defined for alias [none]');
});

test.each([
  ['<logstash-{now/d}>', 'logstash-2026.11.20'],
  ['<logstash-{now/d-1d}-000001>', 'logstash-2026.11.19-000001'],
  ['<a-{now/M{yyyy.MM}}>', 'a-2026.11'],
  ['<a-{now/w}>', 'a-2026.11.16'],
  ['<a-{now{yyyy.MM.dd|+02:00}}>', 'a-2026.11.21'],
  ['<a\\{b-{now/y+1h{uuuu.MM.dd HH}}>', 'a{b-2026.01.01 01'],
  ['plain', 'plain'],
])('%s is %s', (name, expected) => {
  expect(resolveDateMath(name, Date.UTC(2026, 10, 20, 23, 30))).toBe(expected);
});

test.each(['<a-{now/d>', '<a-{then}>', '<a-{now{yyyy|Mars}}>', '<a}>', '<>'])('%s means nothing', (name) => {
  expect(() => resolveDateMath(name, 0)).toThrowError(expect.objectContaining({ type: 'parse_exception' }));
});

test.each([
  ['', 'must not be empty'],
  ['A', 'must be lowercase'],
  ['_a', "must not start with '_', '-', or '+'"],
  ['a b', 'must not contain the following characters'],
  ['a*', 'must not contain the following characters'],
  ['a#', "must not contain '#'"],
  ['a:b', "must not contain ':'"],
  ['..', "must not be '.' or '..'"],
  ['ä'.repeat(128), 'index name is too long, (256 > 255)'],
])('%j is no name of an index', (name, reason) => {
  expect(() => validateIndexName(name)).toThrowError(
    expect.objectContaining({
      type: 'invalid_index_name_exception',
      message: expect.stringContaining(`Invalid index name [${name}], ${reason}`),
    }),
  );
  expect(() => validateIndexName('logstash-2026.11.20')).not.toThrow();
});
