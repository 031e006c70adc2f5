import { expect, test } from 'vitest';
import { parseDocument, parseSearchAnswer } from './answers.ts';

test('documents and aggregations stay the bytes they are', () => {
  const source = '{ "a":1.0, "_source":{"hits":[1]}, "é":"\\u00fc}" , "n":12345678901234567890 }';
  const aggregations =
    '{"x":{"buckets":[{"key":9007199254740993,"top":{"hits":{"hits":[{"_source":{"b" : 2}}]}}}]}}';
  const answer = parseSearchAnswer(
    Buffer.from(
      `{"took":3,"hits":{"total":{"value":2},"hits":[{"_id":"1","_source":${source},"sort":[9007199254740993,-9223372036854775808,2.5,null]},{"_id":"2","fields":{"_source":[1]}}]},"aggregations":${aggregations},"_shards":{"total":1}}`,
    ),
  );
  expect(answer.sources).toEqual([source, undefined]);
  expect(answer.aggregations).toBe(aggregations);
  expect(answer.rest).toEqual({
    took: 3,
    hits: {
      total: { value: 2 },
      hits: [
        { _id: '1', _source: null, sort: ['9007199254740993', '-9223372036854775808', 2.5, null] },
        { _id: '2', fields: { _source: [1] } },
      ],
    },
    aggregations: null,
    _shards: { total: 1 },
  });
});

test('answers without hits, and with none', () => {
  expect(parseSearchAnswer(Buffer.from('{"hits":{"hits":[]}}')).sources).toEqual([]);
  expect(parseSearchAnswer(Buffer.from('{"error":{"hits":1}}')).sources).toEqual([]);
  expect(() => parseSearchAnswer(Buffer.from('<html>'))).toThrow();
  expect(() => parseSearchAnswer(Buffer.from('{"hits":{"hits":[{"_source":'))).toThrow();
});

test('a document', () => {
  const { rest, source } = parseDocument(Buffer.from('{"found":true,"_source":{"a": 1},"_version":2}'));
  expect(source).toBe('{"a": 1}');
  expect(rest).toEqual({ found: true, _source: null, _version: 2 });
});
