import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBulkBody } from './bulk-body.ts';
import { formatBulkResponse } from './bulk-response.ts';
import { StoreError } from './errors.ts';
import type { BulkResult } from './store.ts';

function parse(text: string, defaults = {}) {
  const body = Buffer.from(text);
  const { operations, starts, ends, source } = parseBulkBody(body, defaults);
  expect(source).toBe(body);
  return operations.map((operation, at) => [operation, body.toString('utf8', starts[at], ends[at])]);
}

test('actions with their documents, in order', () => {
  expect(
    parse(
      '{"index":{"_index":"a","_id":"1","routing":"x","_type":"_doc"}}\n{"x": 1}\r\n\n{"delete":{"_index":"a","_id":12345678901234567890}}\n{"create":{}}\n{"y":2}\n{"update":{"_id":"u","if_seq_no":3,"if_primary_term":1}}\n{"doc":{}}\n',
      { index: 'd' },
    ),
  ).toEqual([
    [{ action: 'index', index: 'a', id: '1' }, '{"x": 1}'],
    [{ action: 'delete', index: 'a', id: '12345678901234567890' }, ''],
    [{ action: 'create', index: 'd' }, '{"y":2}'],
    [{ action: 'update', index: 'd', id: 'u', ifSeqNo: 3, ifPrimaryTerm: 1 }, '{"doc":{}}'],
  ]);
});

test.each([
  ['', 'parse_exception', 'request body is required'],
  [
    '{"index":{"_index":"a"}}\n{"x":1}',
    'illegal_argument_exception',
    'The bulk request must be terminated by a newline [\\n]',
  ],
  [
    '{"index":{"_index":"a"}}\n',
    'illegal_argument_exception',
    'The bulk request must be terminated by a newline [\\n]',
  ],
  ['\n\n', 'action_request_validation_exception', 'Validation Failed: 1: no requests added;'],
  [
    '{"foo":{}}\n{}\n',
    'illegal_argument_exception',
    'Malformed action/metadata line [1], expected field [create], [delete], [index] or [update] but found [foo]',
  ],
  [
    '"x"\n{}\n',
    'illegal_argument_exception',
    'Malformed action/metadata line [1], expected START_OBJECT but found [VALUE_STRING]',
  ],
  [
    '{}\n{}\n',
    'illegal_argument_exception',
    'Malformed action/metadata line [1], expected FIELD_NAME but found [END_OBJECT]',
  ],
  [
    '{"index":{"_index":"a"}}\n{}\n{"index":[]}\n{}\n',
    'illegal_argument_exception',
    'Malformed action/metadata line [3], expected START_OBJECT but found [START_ARRAY]',
  ],
  [
    '{"index":{"_index":"a","_id":{}}}\n{}\n',
    'illegal_argument_exception',
    'Malformed action/metadata line [1], expected a simple value for field [_id] but found [START_OBJECT]',
  ],
  [
    '{"index":{"_index":"a","foo":1}}\n{}\n',
    'illegal_argument_exception',
    'Action/metadata line [1] contains an unknown parameter [foo]',
  ],
  [
    '{"index":{}}\n{}\n{"delete":{"_index":"a"}}\n',
    'action_request_validation_exception',
    'Validation Failed: 1: index is missing;2: id is missing;',
  ],
])('refuses %j', (text, type, message) => {
  expect(() => parse(text)).toThrowError(expect.objectContaining({ status: 400, type, message }));
});

test('property: what is written is read, and other bytes are refused in words', () => {
  const operation = fc.record({
    action: fc.constantFrom('index', 'create', 'update', 'delete'),
    index: fc.stringMatching(/^[a-z]{1,8}$/),
    id: fc.string({ minLength: 1, maxLength: 20 }),
    document: fc.dictionary(fc.string(), fc.jsonValue()),
  });
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1 }), (operations) => {
      const text = operations
        .map(({ action, index, id, document }) => {
          const line = `${JSON.stringify({ [action]: { _index: index, _id: id } })}\n`;
          return action === 'delete' ? line : `${line}${JSON.stringify(document)}\n`;
        })
        .join('');
      expect(parse(text)).toEqual(
        operations.map(({ action, index, id, document }) => [
          { action, index, id: id.toWellFormed() },
          action === 'delete' ? '' : Buffer.from(JSON.stringify(document)).toString(),
        ]),
      );
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        parseBulkBody(bytes);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
      }
    }),
  );
});

const result: BulkResult = {
  took: 3,
  errors: true,
  items: [
    { action: 'index', index: 'a', id: '1', status: 201, result: 'created', version: 1, seqNo: 7 },
    {
      action: 'create',
      index: 'a',
      id: '"',
      status: 409,
      error: { type: 'version_conflict_engine_exception', reason: 'r' },
    },
  ],
};
const format = (...paths: string[]): unknown =>
  JSON.parse(Buffer.from(formatBulkResponse(result, paths)).toString());

test('the answer has Elasticsearch’s shape', () => {
  expect(format()).toEqual({
    errors: true,
    took: 3,
    items: [
      {
        index: {
          _index: 'a',
          _id: '1',
          _version: 1,
          result: 'created',
          _shards: { total: 1, successful: 1, failed: 0 },
          _seq_no: 7,
          _primary_term: 1,
          status: 201,
        },
      },
      {
        create: {
          _index: 'a',
          _id: '"',
          status: 409,
          error: { type: 'version_conflict_engine_exception', reason: 'r' },
        },
      },
    ],
  });
});

test('filter_path as shippers send it', () => {
  const error = { type: 'version_conflict_engine_exception', reason: 'r' };
  expect(format('errors', 'items.*.error', 'items.*.status')).toEqual({
    errors: true,
    items: [{ index: { status: 201 } }, { create: { status: 409, error } }],
  });
  expect(format('items.*.error')).toEqual({ items: [{ create: { error } }] });
  expect(format('took')).toEqual({ took: 3 });
  expect(format('-items')).toEqual({ errors: true, took: 3 });
  expect(format('-items.*.error', '-items.*._*', '-took')).toEqual({
    errors: true,
    items: [{ index: { result: 'created', status: 201 } }, { create: { status: 409 } }],
  });
  expect(format('**.status')).toEqual({ items: [{ index: { status: 201 } }, { create: { status: 409 } }] });
});
