import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Event } from '../../event/event.ts';
import { type BulkOptions, compileBulkEncoder } from './bulk.ts';

const usual: BulkOptions = {
  toJson: JSON.stringify,
  action: 'index',
  index: 'i-%{+yyyy}-%{[a][b]}',
  indexIsDefault: true,
  documentId: undefined,
  documentType: undefined,
  routing: undefined,
  pipeline: undefined,
  version: undefined,
  versionType: undefined,
  parent: undefined,
  joinField: undefined,
  update: {
    upsert: '',
    docAsUpsert: false,
    script: '',
    scriptType: 'inline',
    scriptLang: 'painless',
    scriptVarName: 'event',
    scriptedUpsert: false,
    retryOnConflict: 1,
  },
  refuseUnresolvedIndex: false,
  dataStream: undefined,
};

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }),
  fc.bigInt(),
  fc.constant(undefined),
  fc.constant(JSON.rawJSON('1e400')),
);
const fields = fc.dictionary(
  fc.oneof(fc.constantFrom('@timestamp', 'a', 'data_stream', 'join', '__proto__'), fc.string()),
  value,
);
const metadata = fc.option(
  fc.dictionary(fc.constantFrom('_ingest_document', 'target_ingest_pipeline', 'x'), fc.oneof(value, fields)),
  { nil: undefined },
);
const options: fc.Arbitrary<BulkOptions> = fc
  .record({
    action: fc.constantFrom('index', 'create', 'update', 'delete', '%{a}'),
    documentId: fc.constantFrom(undefined, '%{a}', '%{[a][b]}'),
    version: fc.constantFrom(undefined, '%{a}'),
    parent: fc.constantFrom(undefined, '%{a}'),
    joinField: fc.constantFrom(undefined, 'join', '[a][join]'),
    update: fc.record({
      upsert: fc.constantFrom('', '{}', '%{a}'),
      script: fc.constantFrom('', 's %{a}'),
      docAsUpsert: fc.boolean(),
    }),
    refuseUnresolvedIndex: fc.boolean(),
    dataStream: fc.constantFrom(undefined, {
      type: 'logs',
      dataset: 'generic',
      namespace: 'default',
      syncFields: true,
      autoRouting: true,
    }),
  })
  .map((some) => ({ ...usual, ...some, update: { ...usual.update, ...some.update } }));

it('makes whole lines of JSON of any event, and never throws', () => {
  fc.assert(
    fc.property(options, fields, metadata, (given, each, meta) => {
      const before = JSON.stringify(each);
      const lines = compileBulkEncoder(given)(new Event(each as never, meta as never));
      expect(JSON.stringify(each)).toBe(before);
      if (typeof lines !== 'string') {
        expect(lines.refused.length).toBeLessThan(100_000);
        return;
      }
      const parts = lines.split('\n');
      expect(parts.pop()).toBe('');
      const [head, document] = parts.map((part) => JSON.parse(part) as Record<string, any>);
      const [action, target] = Object.entries(head!)[0]!;
      expect(parts).toHaveLength(action === 'delete' ? 1 : 2);
      expect(typeof target._index).toBe('string');
      if (action === 'update') expect('doc' in document! || 'script' in document!).toBe(true);
      else if (given.dataStream !== undefined)
        expect(document!['data_stream']).toMatchObject({ type: expect.anything() });
    }),
    { numRuns: 500 },
  );
});

it('writes the same head for the same index, and another one for another', () => {
  const encode = compileBulkEncoder({ ...usual, index: 'x-%{n}' });
  const heads = ['1', '1', '2', '1'].map((n) => String(encode(new Event({ n }))).split('\n')[0]);
  expect(heads).toEqual(['1', '1', '2', '1'].map((n) => `{"index":{"_index":"x-${n}"}}`));
});
