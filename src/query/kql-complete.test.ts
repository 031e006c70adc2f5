import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKql } from './kql.ts';
import { type CompletionField, completeKql, kqlValue } from './kql-complete.ts';

const fields: CompletionField[] = [
  { name: 'source.ip', type: 'ip' },
  { name: 'source.port', type: 'long' },
  { name: 'process.name', type: 'keyword' },
  { name: 'message', type: 'text' },
  { name: 'event.ok', type: 'boolean' },
  { name: 'dns.answers', type: 'nested' },
  { name: 'dns.answers.type', type: 'keyword' },
  { name: 'dns', type: 'object' },
];

/** `|` is the cursor. */
function at(marked: string) {
  const cursor = marked.indexOf('|');
  const { options, ...rest } = completeKql(marked.replace('|', ''), cursor, fields);
  return { ...rest, options: options.map(({ text }) => text) };
}

describe('at the cursor', () => {
  test.each<[string, object]>([
    ['|', { kind: 'field', from: 0, to: 0, prefix: '' }],
    ['so|', { kind: 'field', from: 0, to: 2, prefix: 'so', options: ['source.ip', 'source.port'] }],
    ['NAME|', { kind: 'field', prefix: 'NAME', options: ['process.name'] }],
    ['a: x and so|rt', { kind: 'field', from: 9, to: 11, prefix: 'so' }],
    ['not (pro|', { kind: 'field', from: 5, prefix: 'pro', options: ['process.name'] }],
    ['source.ip:|', { kind: 'value', from: 10, prefix: '', field: 'source.ip' }],
    [
      'source.ip: 10.|',
      { kind: 'value', from: 11, to: 14, prefix: '10.', field: 'source.ip', quoted: false },
    ],
    ['message: "foo b|', { kind: 'value', from: 9, prefix: 'foo b', field: 'message', quoted: true }],
    ['source.port >= 4|', { kind: 'value', prefix: '4', field: 'source.port' }],
    ['event.ok: t|', { kind: 'value', options: ['true'] }],
    ['source.ip: (1 or |', { kind: 'value', from: 17, prefix: '', field: 'source.ip' }],
    ['source.ip: (1 or 2|', { kind: 'value', prefix: '2', field: 'source.ip' }],
    ['source.ip: (1 or "2"|', { kind: 'conjunction', options: ['and', 'or', ')'] }],
    ['source.ip: (1) |', { kind: 'conjunction', options: ['and', 'or'] }],
    ['message: "x" |', { kind: 'conjunction', options: ['and', 'or'] }],
    ['process.name ~ /x/ |', { kind: 'conjunction', options: ['and', 'or'] }],
    ['dns.answers: { |', { kind: 'field', options: ['type'] }],
    ['dns.answers: { type: |', { kind: 'value', field: 'dns.answers.type' }],
    ['dns.answers: { type: "A" |', { kind: 'conjunction', options: ['and', 'or', '}'] }],
    ['dns.answers: { type: A } and me|', { kind: 'field', options: ['message', 'process.name'] }],
    ['"message" |', { kind: 'operator', field: 'message', options: [':', ': *', '~ /'] }],
    ['*: |', { kind: 'value', field: undefined }],
    ['a: x or|', { kind: 'conjunction', from: 5, to: 7, prefix: 'or' }],
  ])('%s', (marked, expected) => {
    expect(at(marked)).toMatchObject(expected);
  });

  test('behind a whole field name and a space operators are offered', () => {
    expect(completeKql('source.port ', 12, fields)).toMatchObject({
      kind: 'operator',
      field: 'source.port',
      from: 12,
      to: 12,
    });
    expect(at('dns.answers |')).toMatchObject({ kind: 'operator', options: [': {'] });
  });
});

test('values are written so that they are read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      expect(parseKql(`a: ${kqlValue(value)}`)).toMatchObject({ field: 'a', text: value });
    }),
  );
});

test('never throws, and points into the text', () => {
  const piece = fc.constantFrom(
    ...'ab:(){}"/\\*~<>= '.split(''),
    ' and ',
    ' or ',
    'not ',
    'source.ip: ',
    ' ~ /',
    '\\u00',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.integer({ min: -2, max: 60 }), (parts, cursor) => {
      const text = parts.join('');
      const { from, to } = completeKql(text, cursor, fields);
      expect(from >= 0 && from <= to && to <= text.length).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
