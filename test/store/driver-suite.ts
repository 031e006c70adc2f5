/** What every driver of the event store does: one suite for the embedded store and for a cluster. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Query } from '../../src/query/tree.ts';
import type {
  Aggregation,
  BulkAction,
  IndexSelection,
  RetentionRule,
  SearchRequest,
  SearchResult,
  Store,
} from '../../src/store/store.ts';

export interface Driver {
  readonly name: 'embedded' | 'cluster';
  open(): Promise<{ readonly store: Store; close(): Promise<void> }>;
}

/** Of the settings; every driver is opened with them. */
export const fixedRules: readonly RetentionRule[] = [
  { pattern: 'fixed-big*', maxBytes: 2 ** 40, isFixed: true },
];

type Operation = [BulkAction, string, string | undefined, unknown?, Record<string, unknown>?];

const ALL: Query = { type: 'all' };
const term = (field: string, value: string | number | boolean): Query => ({ type: 'term', field, value });
const named = (...names: string[]): IndexSelection => ({ names });

export function driverSuite({ name, open }: Driver): void {
  let store: Store;
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    ({ store, close } = await open());
  }, 150_000);
  afterAll(() => close?.(), 30_000);

  async function bulk(...operations: Operation[]): Promise<any[]> {
    const lines = operations.flatMap(([action, index, id, document, more]) => [
      JSON.stringify({ [action]: { _index: index, ...(id !== undefined && { _id: id }), ...more } }),
      ...(document === undefined ? [] : [typeof document === 'string' ? document : JSON.stringify(document)]),
    ]);
    const { body, errors } = await store.bulkBody({ body: Buffer.from(`${lines.join('\n')}\n`) });
    const answer = JSON.parse(Buffer.from(body).toString());
    expect(errors).toBe(answer.errors);
    return answer.items.map((item: object) => Object.values(item)[0]);
  }
  const search = (names: string[], request: Partial<SearchRequest> = {}): Promise<SearchResult> =>
    store.search({
      indices: { names },
      query: ALL,
      from: 0,
      size: 10,
      sort: [],
      source: true,
      trackTotalHits: true,
      ...request,
    });
  const ids = ({ hits }: SearchResult): string[] => hits.map(({ id }) => id);
  const sources = async (...names: string[]): Promise<(string | undefined)[]> =>
    (await search(names, { size: 1000 })).hits.map(({ source }) => source).sort();
  const aggregate = async (
    names: string[],
    aggregations: Record<string, Aggregation>,
    request: Partial<SearchRequest> = {},
  ): Promise<any> => JSON.parse((await search(names, { size: 0, ...request, aggregations })).aggregations!);

  describe(`the ${name} driver writes`, () => {
    test('documents that are found at once, byte for byte', async () => {
      const odd = '{ "a" : 1.0, "big":1234567890123456789, "é":"\\u00fc",  "x":[ 1,2 ] }';
      const [item] = await bulk(['index', 'bytes', undefined, odd]);
      expect(item).toMatchObject({ _index: 'bytes', result: 'created', status: 201, _version: 1 });
      expect(await sources('bytes')).toEqual([odd]);
      expect(await store.get('bytes', item._id)).toMatchObject({ index: 'bytes', source: odd, version: 1 });
      expect((await search(['bytes'], { query: term('big', '1234567890123456789') })).total?.value).toBe(1);
    });

    test('every action, with versions and conflicts', async () => {
      const items = await bulk(
        ['create', 'acts', '1', { n: 1 }],
        ['create', 'acts', '1', { n: 2 }],
        ['index', 'acts', '1', { n: 3, o: { p: 1 } }],
        ['update', 'acts', '1', { doc: { o: { q: 2 } } }],
        ['update', 'acts', '1', { doc: { n: 3 } }],
        ['update', 'acts', '2', { doc: { n: 3 } }],
        ['update', 'acts', '3', { doc: { n: 4 }, doc_as_upsert: true }],
        ['update', 'acts', '4', { doc: { n: 4 }, upsert: { n: 5 } }],
        ['delete', 'acts', '4'],
        ['delete', 'acts', '4'],
      );
      expect(items.map(({ status }) => status)).toEqual([201, 409, 200, 200, 200, 404, 201, 201, 200, 404]);
      expect(items.map(({ result }) => result)).toEqual([
        ...['created', undefined, 'updated', 'updated', 'noop', undefined, 'created', 'created'],
        ...['deleted', 'not_found'],
      ]);
      expect(items.map(({ _version }) => _version).slice(0, 5)).toEqual([1, undefined, 2, 3, 3]);
      expect(items[1].error).toMatchObject({
        type: 'version_conflict_engine_exception',
        reason: '[1]: version conflict, document already exists (current version [1])',
        index: 'acts',
      });
      expect(items[5].error).toMatchObject({
        type: 'document_missing_exception',
        reason: expect.stringContaining('[2]: document missing'),
      });
      expect(await sources('acts')).toEqual(['{"n":3,"o":{"p":1,"q":2}}', '{"n":4}']);
      expect(await store.get('acts', '4')).toBeUndefined();
    });

    test('only where nothing changed since', async () => {
      const [first] = await bulk(['index', 'seq', 'x', { n: 1 }]);
      const more = { if_seq_no: first._seq_no, if_primary_term: first._primary_term };
      const [good] = await bulk(['index', 'seq', 'x', { n: 2 }, more]);
      const [bad] = await bulk(['index', 'seq', 'x', { n: 3 }, more]);
      expect([good.status, bad.status]).toEqual([200, 409]);
      expect(await sources('seq')).toEqual(['{"n":2}']);
    });

    test('the rest when one fails', async () => {
      const items = await bulk(
        ['index', 'fails', undefined, { n: 1 }],
        ['index', 'BAD', undefined, { n: 1 }],
        ['index', 'fails', undefined, '[1]'],
        ['index', 'fails', undefined, { n: 2 }],
      );
      expect(items.map(({ status }) => status)).toEqual([201, 400, 400, 201]);
      expect(items[1].error).toMatchObject({ type: 'invalid_index_name_exception' });
      expect(items[2].error.type).toMatch(/parsing_exception|not_x_content|parse/);
      expect(await sources('fails')).toEqual(['{"n":1}', '{"n":2}']);
    });

    test('operations behind one another, some of them deletes', async () => {
      const documents = ['{"a":1}', '{\n"a": 2}', ''];
      const source = Buffer.from(documents.join(''));
      const result = await store.bulk({
        source,
        ends: Int32Array.of(7, 7 + 9, 7 + 9),
        operations: [
          { action: 'index', index: 'ops', id: '1' },
          { action: 'create', index: 'ops', id: '2' },
          { action: 'delete', index: 'ops', id: '1' },
        ],
      });
      expect(result.errors).toBe(false);
      expect(result.items.map(({ status }) => status)).toEqual([201, 201, 200]);
      expect((await search(['ops'])).hits.map(({ source: text }) => JSON.parse(text!))).toEqual([{ a: 2 }]);
    });

    test('bodies for the index of the URL, and answers as filtered as asked', async () => {
      const body = Buffer.from('{"index":{}}\n{"n":1}\n{"create":{"_id":"1"}}\n{"n":2}\n');
      const well = await store.bulkBody({ body, index: 'url', filterPath: ['errors', 'items.*.status'] });
      expect(JSON.parse(Buffer.from(well.body).toString())).toEqual({
        errors: false,
        items: [{ index: { status: 201 } }, { create: { status: 201 } }],
      });
      const again = await store.bulkBody({ body, index: 'url', filterPath: ['items.*.error.type'] });
      expect(again.errors).toBe(true);
      expect(Buffer.from(again.body).toString()).toContain('version_conflict_engine_exception');
      const bad = store.bulkBody({ body: Buffer.from('{"index":{}}\n{"n":1}\n') });
      await expect(bad).rejects.toMatchObject({ status: 400, type: 'action_request_validation_exception' });
      await expect(store.bulkBody({ body: Buffer.alloc(0) })).rejects.toMatchObject({ status: 400 });
    });

    test('strings exactly, and what does not fit its field without loss', async () => {
      const items = await bulk(
        ['index', 'exact', '1', { text: 'Failed password for ROOT', n: 5, when: '2026-11-20T10:00:00Z' }],
        ['index', 'exact', '2', { text: 'failed', n: 'five', when: 'soon' }],
      );
      expect(items.map(({ status }) => status)).toEqual([201, 201]);
      expect(await sources('exact')).toHaveLength(2);
      const found = async (query: Query): Promise<string[]> => ids(await search(['exact'], { query })).sort();
      expect(await found(term('text', 'Failed password for ROOT'))).toEqual(['1']);
      expect(await found(term('text', 'failed'))).toEqual(['2']);
      expect(await found({ type: 'wildcard', field: 'text', pattern: 'Failed*ROOT' })).toEqual(['1']);
      expect(await found({ type: 'anywhere', text: 'password' })).toEqual(['1']);
      expect(await found({ type: 'anywhere', text: 'FAILED' })).toEqual(['1', '2']);
      expect(await found({ type: 'range', field: 'n', gte: 5 })).toEqual(['1']);
    });
  });

  describe(`the ${name} driver finds`, () => {
    const START = Date.parse('2026-11-01T00:00:00.000Z');
    const HOUR = 3_600_000;
    const documents = Array.from({ length: 30 }, (_, at) => ({
      id: `id${String(at).padStart(2, '0')}`,
      index: at < 12 ? 'finds-1' : 'finds-2',
      source: {
        '@timestamp': new Date(START + at * 2 * HOUR).toISOString(),
        host: { name: at % 4 === 0 ? 'b' : 'a' },
        bytes: at * 10,
        ratio: at / 4 + 0.125,
        ok: at % 2 === 0,
        ip: `10.0.${at % 3}.${at}`,
        tags: at % 2 === 0 ? ['even', 'all'] : ['all'],
        ...(at % 3 === 0 && { user: `u${at % 2}` }),
      },
    }));
    beforeAll(async () => {
      await bulk(...documents.map(({ id, index, source }): Operation => ['index', index, id, source]));
    });
    const found = async (query: Query): Promise<number[]> =>
      ids(await search(['finds-*'], { query, size: 100 }))
        .map((id) => Number(id.slice(2)))
        .sort((a, b) => a - b);
    const where = (test: (at: number) => boolean): number[] =>
      documents.map((_, at) => at).filter((at) => test(at));

    test('by every kind of query', async () => {
      expect(await found(ALL)).toHaveLength(30);
      expect(await found({ type: 'none' })).toEqual([]);
      expect(await found(term('host.name', 'b'))).toEqual(where((at) => at % 4 === 0));
      expect(await found({ type: 'terms', field: 'bytes', values: [10, '20', 7] })).toEqual([1, 2]);
      expect(await found({ type: 'not', of: { type: 'exists', field: 'user' } })).toEqual(
        where((at) => at % 3 !== 0),
      );
      expect(
        await found({
          type: 'and',
          of: [term('ok', true), { type: 'range', field: 'bytes', gt: 100, lte: 140 }],
        }),
      ).toEqual([12, 14]);
      expect(await found({ type: 'or', of: [term('user', 'u1'), term('bytes', 0)], minimum: 1 })).toEqual(
        where((at) => at === 0 || (at % 3 === 0 && at % 2 === 1)),
      );
      expect(await found(term('ip', '10.0.1.0/24'))).toEqual(where((at) => at % 3 === 1));
      expect(
        await found({ type: 'range', field: '@timestamp', gte: '2026-11-03', lt: '2026-11-03T04:00:00Z' }),
      ).toEqual([24, 25]);
      expect(await found({ type: 'prefix', field: 'tags', value: 'ev' })).toEqual(
        where((at) => at % 2 === 0),
      );
      expect(await found({ type: 'regexp', field: 'user', pattern: 'u[01]' })).toEqual(
        where((at) => at % 3 === 0),
      );
      expect(
        await found({ type: 'wildcard', field: 'host.name', pattern: '?', ignoreCase: true }),
      ).toHaveLength(30);
      expect(await found({ type: 'ids', values: ['id03', 'id04'] })).toEqual([3, 4]);
      expect(await found({ type: 'match', field: 'bytes', text: 'no number', operator: 'or' })).toEqual([]);
      expect(
        await found({ type: 'fields', fields: ['us*', 'tags'], clause: { type: 'term', value: 'u0' } }),
      ).toEqual(where((at) => at % 6 === 0));
      expect(await found(term('nowhere', 'x'))).toEqual([]);
    });

    test('pages in any order', async () => {
      const newest = await search(['finds-*'], {
        sort: [{ field: '@timestamp', order: 'desc' }],
        size: 3,
        from: 1,
      });
      expect(ids(newest)).toEqual(['id28', 'id27', 'id26']);
      expect(newest.hits[0]!.sort).toEqual([START + 56 * HOUR]);
      expect(newest.hits[0]!.index).toBe('finds-2');
      expect(newest.total).toEqual({ value: 30, relation: 'eq' });
      const two = await search(['finds-*'], {
        sort: [
          { field: 'host.name', order: 'desc' },
          { field: 'bytes', order: 'asc' },
        ],
        size: 10,
      });
      expect(ids(two).slice(6)).toEqual(['id24', 'id28', 'id01', 'id02']);
      const missing = await search(['finds-*'], {
        sort: [
          { field: 'user', order: 'asc' },
          { field: 'bytes', order: 'desc' },
        ],
        size: 30,
      });
      expect(ids(missing).slice(9, 12)).toEqual(['id03', 'id29', 'id28']);
      expect(missing.hits.at(-1)!.sort).toEqual([null, 10]);
      const sort = [{ field: 'nowhere', order: 'asc' as const }];
      await expect(search(['finds-*'], { sort })).rejects.toMatchObject({
        status: 400,
        type: 'query_shard_exception',
        message: 'No mapping found for [nowhere] in order to sort on',
      });
      const unmapped = [
        { field: 'nowhere', order: 'asc' as const, unmappedType: 'long' },
        { field: 'bytes', order: 'asc' as const },
      ];
      expect(ids(await search(['finds-*'], { sort: unmapped, size: 2 }))).toEqual(['id00', 'id01']);
      await bulk(['index', 'finds-other', 'other', { bytes: 5, rare: 7 }]);
      const rare = await search(['finds-*'], { sort: [{ field: 'rare', order: 'desc' }], size: 1 });
      expect(ids(rare)).toEqual(['other']);
      await store.deleteIndices(named('finds-other'));
    });

    test('what was asked of each hit', async () => {
      const { hits } = await search(['finds-1'], {
        query: term('bytes', 60),
        source: { includes: ['host.*', 'bytes'], excludes: ['bytes'] },
        fields: [{ field: 'tags' }, { field: '@timestamp', format: 'epoch_millis' }],
        version: true,
      });
      expect(hits).toHaveLength(1);
      expect(JSON.parse(hits[0]!.source!)).toEqual({ host: { name: 'a' } });
      expect(hits[0]).toMatchObject({ version: 1, seqNo: expect.any(Number) });
      expect(hits[0]!.fields).toMatchObject({
        tags: ['even', 'all'],
        '@timestamp': [String(START + 12 * HOUR)],
      });
      expect((await search(['finds-1'], { source: false })).hits[0]!.source).toBeUndefined();
    });

    test('as many as it counts', async () => {
      expect((await search(['finds-*'], { trackTotalHits: 10 })).total).toEqual({
        value: 10,
        relation: 'gte',
      });
      expect((await search(['finds-*'], { trackTotalHits: false })).total).toBeUndefined();
      expect((await store.count(named('finds-*'), term('host.name', 'b'))).count).toBe(8);
      const filtered = await search(['finds-*'], { postFilter: term('user', 'u1'), size: 1 });
      expect(filtered.total).toEqual({ value: 5, relation: 'eq' });
    });

    test('aggregations over nested objects, and back to their documents', async () => {
      const deep = { type: 'nested', properties: { n: { type: 'long' } } };
      const items = { type: 'nested', properties: { kind: { type: 'keyword' }, n: { type: 'long' }, deep } };
      await store.createIndex('nests', { mappings: { properties: { items, host: { type: 'keyword' } } } });
      await bulk(
        [
          'index',
          'nests',
          '1',
          {
            host: 'a',
            items: [
              { kind: 'x', n: 1, deep: [{ n: 7 }, { n: 8 }] },
              { kind: 'x', n: 2 },
            ],
          },
        ],
        [
          'index',
          'nests',
          '2',
          {
            host: 'b',
            items: [
              { kind: 'y', n: 3 },
              { kind: ['x', 'y'], n: 4, deep: { n: 9 } },
            ],
          },
        ],
        ['index', 'nests', '3', { host: 'b', items: { kind: 'y' } }],
        ['index', 'nests', '4', { host: 'c' }],
      );
      const nested = (path: string, aggregations: Record<string, Aggregation>): Aggregation => ({
        type: 'nested',
        parameters: { path },
        aggregations,
      });
      const sum = (field: string): Aggregation => ({ type: 'sum', parameters: { field } });
      const terms = (field: string, aggregations: Record<string, Aggregation>): Aggregation => ({
        type: 'terms',
        parameters: { field },
        aggregations,
      });
      const answer = await aggregate(['nests'], {
        items: nested('items', {
          all: sum('items.n'),
          kinds: terms('items.kind', {
            n: sum('items.n'),
            documents: { type: 'reverse_nested', parameters: {}, aggregations: { hosts: terms('host', {}) } },
            deeper: nested('items.deep', { n: sum('items.deep.n') }),
          }),
          big: {
            type: 'filter',
            parameters: {},
            queries: {
              '': { type: 'and', of: [term('items.kind', 'x'), { type: 'range', field: 'items.n', gt: 1 }] },
            },
          },
          bare: { type: 'missing', parameters: { field: 'items.n' } },
          outside: terms('host', {}),
        }),
        hosts: terms('host', { items: nested('items', { n: sum('items.n') }) }),
        nothing: nested('no.such', { n: sum('no.such.n'), t: terms('no.such.t', {}) }),
      });
      const counts = ({ buckets }: any): unknown =>
        buckets.map(({ key, doc_count }: any) => [key, doc_count]);
      const { items: all } = answer;
      expect([all.doc_count, all.all.value, all.big.doc_count, all.bare.doc_count]).toEqual([5, 10, 2, 1]);
      expect(all.outside.buckets).toEqual([]);
      expect(
        all.kinds.buckets.map(({ key, doc_count, n, documents, deeper }: any) => [
          ...[key, doc_count, n.value, documents.doc_count, counts(documents.hosts)],
          ...[deeper.doc_count, deeper.n.value],
        ]),
      ).toEqual([
        [
          'x',
          3,
          7,
          2,
          [
            ['a', 1],
            ['b', 1],
          ],
          3,
          24,
        ],
        ['y', 3, 7, 2, [['b', 2]], 1, 9],
      ]);
      expect(
        answer.hosts.buckets.map(({ key, items: { doc_count, n } }: any) => [key, doc_count, n.value]),
      ).toEqual([
        ['b', 3, 7],
        ['a', 2, 3],
        ['c', 0, 0],
      ]);
      expect(answer.nothing).toMatchObject({ doc_count: 0, n: { value: 0 }, t: { buckets: [] } });
      await expect(aggregate(['nests'], { r: { type: 'reverse_nested', parameters: {} } })).rejects.toThrow(
        /\[r\] can only be used inside a \[nested\] aggregation/,
      );
    });

    test('aggregations', async () => {
      const answer = await aggregate(['finds-*'], {
        hosts: {
          type: 'terms',
          parameters: { field: 'host.name' },
          aggregations: { sum: { type: 'sum', parameters: { field: 'bytes' } } },
        },
        days: { type: 'date_histogram', parameters: { field: '@timestamp', calendar_interval: 'day' } },
        sizes: { type: 'histogram', parameters: { field: 'bytes', interval: 100 } },
        ranges: {
          type: 'range',
          parameters: { field: 'bytes', ranges: [{ to: 50 }, { from: 50, to: 100 }] },
        },
        stats: { type: 'stats', parameters: { field: 'ratio' } },
        users: { type: 'cardinality', parameters: { field: 'user' } },
        none: { type: 'missing', parameters: { field: 'user' } },
        even: { type: 'filter', parameters: {}, queries: { '': term('ok', true) } },
        both: {
          type: 'filters',
          parameters: { keyed: true },
          queries: { a: term('host.name', 'a'), u: { type: 'exists', field: 'user' } },
        },
        first: { type: 'min', parameters: { field: '@timestamp' } },
      });
      expect(answer.hosts).toEqual({
        doc_count_error_upper_bound: 0,
        sum_other_doc_count: 0,
        buckets: [
          { key: 'a', doc_count: 22, sum: { value: 3230 } },
          { key: 'b', doc_count: 8, sum: { value: 1120 } },
        ],
      });
      expect(answer.days.buckets).toEqual([
        { key_as_string: '2026-11-01T00:00:00.000Z', key: START, doc_count: 12 },
        { key_as_string: '2026-11-02T00:00:00.000Z', key: START + 24 * HOUR, doc_count: 12 },
        { key_as_string: '2026-11-03T00:00:00.000Z', key: START + 48 * HOUR, doc_count: 6 },
      ]);
      expect(answer.sizes.buckets.map((bucket: any) => [bucket.key, bucket.doc_count])).toEqual([
        [0, 10],
        [100, 10],
        [200, 10],
      ]);
      expect(answer.ranges.buckets).toEqual([
        { key: '*-50.0', to: 50, doc_count: 5 },
        { key: '50.0-100.0', from: 50, to: 100, doc_count: 5 },
      ]);
      expect(answer.stats).toEqual({ count: 30, min: 0.125, max: 7.375, avg: 3.75, sum: 112.5 });
      expect(answer.users).toEqual({ value: 2 });
      expect(answer.none).toEqual({ doc_count: 20 });
      expect(answer.even).toEqual({ doc_count: 15 });
      expect(answer.both).toEqual({ buckets: { a: { doc_count: 22 }, u: { doc_count: 10 } } });
      expect(answer.first).toEqual({ value: START, value_as_string: '2026-11-01T00:00:00.000Z' });
    });

    test('fields and their types', async () => {
      const { indices, fields } = await store.fieldCapabilities(named('finds-*'), ['*']);
      expect(indices).toEqual(['finds-1', 'finds-2']);
      const types = Object.fromEntries(
        Object.entries(fields).map(([field, of]) => [field, Object.keys(of).join()]),
      );
      expect(types).toMatchObject({
        '@timestamp': 'date',
        host: 'object',
        'host.name': 'keyword',
        bytes: 'long',
        ratio: 'double',
        ok: 'boolean',
        ip: 'ip',
        tags: 'keyword',
      });
      expect(fields['bytes']!['long']).toMatchObject({ searchable: true, aggregatable: true });
      const some = await store.fieldCapabilities(named('finds-1'), ['host.*', 'ok']);
      expect(Object.keys(some.fields)).toEqual(['host', 'host.name', 'ok']);
    });

    test('indicators: which values occur, how often, from when to when', async () => {
      const hits = await store.indicatorScan({
        indices: named('finds-*'),
        values: ['10.0.1.4', 'u1', '10.9.9.9', 'nobody', 'u0'],
        fields: ['ip', 'user', 'nowhere'],
      });
      const time = (at: number): number => START + at * 2 * HOUR;
      expect([...hits].sort((a, b) => (a.value < b.value ? -1 : 1))).toEqual([
        { field: 'ip', value: '10.0.1.4', count: 1, first: time(4), last: time(4) },
        { field: 'user', value: 'u0', count: 5, first: time(0), last: time(24) },
        { field: 'user', value: 'u1', count: 5, first: time(3), last: time(27) },
      ]);
      const late = { from: time(20), to: time(27) };
      const bounded = await store.indicatorScan({
        indices: named('finds-*'),
        values: ['u1'],
        fields: ['user'],
        ...late,
      });
      expect(bounded).toEqual([{ field: 'user', value: 'u1', count: 2, first: time(21), last: time(27) }]);
    });
  });

  describe(`the ${name} driver pages`, () => {
    const COUNT = 25_000;
    beforeAll(async () => {
      for (let from = 0; from < COUNT; from += 5000) {
        let body = '';
        for (let at = from; at < from + 5000; at++)
          body += `{"index":{"_id":"p${at}"}}\n{"@timestamp":"2026-11-20T10:00:0${at % 10}.000Z","g":"g${at % 7}","n":${at}}\n`;
        const { errors } = await store.bulkBody({ body: Buffer.from(body), index: `pages-${from % 2}` });
        expect(errors).toBe(false);
      }
    }, 60_000);

    test('through everything, each document once, while others are written', async () => {
      const id = await store.openPointInTime(named('pages-*'), 60_000);
      const seen = new Set<string>();
      let snapshot = id;
      for (let after: SearchRequest['searchAfter']; ; ) {
        const page = await search([], {
          pointInTime: { id: snapshot, keepAlive: 60_000 },
          sort: [{ field: '@timestamp', order: 'desc' }],
          size: 4000,
          source: false,
          ...(after && { searchAfter: after }),
        });
        snapshot = page.pointInTimeId!;
        if (seen.size === 0)
          await bulk(['index', 'pages-0', 'late', { '@timestamp': '2026-11-20T10:00:00Z' }]);
        for (const hit of page.hits) seen.add(hit.id);
        if (page.hits.length < 4000) break;
        after = page.hits.at(-1)!.sort;
      }
      expect(seen.size).toBe(COUNT);
      expect(seen.has('late')).toBe(false);
      expect((await search([], { pointInTime: { id: snapshot } })).total?.value).toBe(COUNT);
      expect(await store.closePointInTime(snapshot)).toBe(true);
      const gone = search([], { pointInTime: { id: snapshot } });
      await expect(gone).rejects.toMatchObject({ status: 404, type: 'search_context_missing_exception' });
      await bulk(['delete', 'pages-0', 'late']);
    }, 60_000);

    test('with one page that holds more than 10,000', async () => {
      const id = await store.openPointInTime(named('pages-*'), 60_000);
      const { hits } = await search([], {
        pointInTime: { id },
        sort: [{ field: 'n', order: 'asc' }],
        from: 11_000,
        size: 12_000,
      });
      expect(hits.map(({ source }) => JSON.parse(source!).n)).toEqual(
        Array.from({ length: 12_000 }, (_, at) => 11_000 + at),
      );
      await store.closePointInTime(id);
      const after = await search(['pages-*'], {
        sort: [{ field: 'n', order: 'asc' }],
        searchAfter: [99],
        size: 15_000,
        source: false,
      });
      expect(after.hits).toHaveLength(15_000);
      expect(after.hits.at(-1)!.id).toBe('p15099');
      const tooFar = search(['pages-*'], { from: 9_999, size: 2 });
      await expect(tooFar).rejects.toMatchObject({ status: 400, type: 'illegal_argument_exception' });
    }, 60_000);

    test('by three keys of which only the last is unique', async () => {
      const seen: number[] = [];
      for (let after: SearchRequest['searchAfter']; ; ) {
        const page = await search(['pages-*'], {
          query: { type: 'range', field: 'n', lt: 1000 },
          sort: [
            { field: 'g', order: 'desc' },
            { field: '@timestamp', order: 'asc' },
            { field: 'n', order: 'desc' },
          ],
          size: 170,
          ...(after && { searchAfter: after }),
        });
        if (page.hits.length === 0) break;
        seen.push(...page.hits.map(({ source }) => JSON.parse(source!).n));
        after = page.hits.at(-1)!.sort;
      }
      const expected = Array.from({ length: 1000 }, (_, at) => at).sort(
        (a, b) => (b % 7) - (a % 7) || (a % 10) - (b % 10) || b - a,
      );
      expect(seen).toEqual(expected);
    });

    test('delete by query', async () => {
      expect(await store.deleteByQuery(named('pages-*'), { type: 'range', field: 'n', gte: 1000 })).toEqual({
        deleted: COUNT - 1000,
        total: COUNT - 1000,
      });
      expect((await store.count(named('pages-*'), ALL)).count).toBe(1000);
    }, 60_000);
  });

  describe(`the ${name} driver keeps`, () => {
    test('templates, which new indices follow', async () => {
      await store.putObject('component_template', 'kept-c', {
        template: { mappings: { properties: { address: { type: 'ip' } } } },
      });
      await store.putObject('index_template', 'kept-t', {
        index_patterns: ['kept-*'],
        composed_of: ['kept-c'],
        priority: 500,
        template: {
          settings: { 'index.refresh_interval': '7s', number_of_replicas: 0 },
          mappings: { properties: { line: { type: 'text' } } },
          aliases: { 'every-kept': {} },
        },
      });
      await bulk(['index', 'kept-1', '1', { address: '10.1.2.3', line: 'Failed password for root' }]);
      const [index] = await store.indices(named('kept-1'));
      expect(index).toMatchObject({
        name: 'kept-1',
        documents: 1,
        health: 'green',
        aliases: { 'every-kept': {} },
        mappings: { properties: { address: { type: 'ip' }, line: { type: 'text' } } },
        settings: { index: { refresh_interval: '7s' } },
      });
      expect(ids(await search(['every-kept'], { query: term('address', '10.0.0.0/8') }))).toEqual(['1']);
      const words: Query = { type: 'match', field: 'line', text: 'PASSWORD nothing', operator: 'or' };
      expect(ids(await search(['kept-1'], { query: words }))).toEqual(['1']);
      const phrase: Query = { type: 'phrase', field: 'line', text: 'password for' };
      expect(ids(await search(['kept-1'], { query: phrase }))).toEqual(['1']);
      expect(await store.objects('index_template', 'kept-*')).toMatchObject([
        { name: 'kept-t', body: { index_patterns: ['kept-*'], composed_of: ['kept-c'], priority: 500 } },
      ]);
      expect(await store.objects('component_template', 'none')).toEqual([]);
      const bad = store.putObject('index_template', 'kept-b', { index_patterns: ['kept-b'], nonsense: 1 });
      await expect(bad).rejects.toMatchObject({ status: 400, type: 'x_content_parse_exception' });
      expect(await store.deleteObject('index_template', 'kept-t')).toBe(true);
      expect(await store.deleteObject('index_template', 'kept-t')).toBe(false);
    });

    test('objects of its own, as they came', async () => {
      const body = { attributes: { title: 'x', list: [1, { a: null }] } };
      for (const id of ['b', 'a', 'other']) await store.putObject('saved_object', `dash:${id}`, body);
      expect(await store.objects('saved_object', 'dash:a')).toEqual([{ name: 'dash:a', body }]);
      expect((await store.objects('saved_object', 'dash:*')).map(({ name: key }) => key)).toEqual([
        'dash:a',
        'dash:b',
        'dash:other',
      ]);
      await store.putObject('api_key', 'dash:a', { hash: 'x' });
      expect(await store.deleteObject('saved_object', 'dash:a')).toBe(true);
      expect(await store.deleteObject('saved_object', 'dash:a')).toBe(false);
      expect(await store.objects('api_key', '*')).toEqual([{ name: 'dash:a', body: { hash: 'x' } }]);
      const policy = { policy: { phases: { hot: { actions: {} } } } };
      await store.putObject('ilm_policy', 'beats', policy);
      expect(await store.objects('ilm_policy', 'beats')).toMatchObject([{ name: 'beats', body: policy }]);
    });

    test('indices: made, mapped, set, deleted', async () => {
      await store.createIndex('made-1', {
        settings: { number_of_replicas: 0 },
        mappings: { properties: { n: { type: 'long' } } },
        aliases: { 'made-alias': {} },
      });
      const again = store.createIndex('made-1', {});
      await expect(again).rejects.toMatchObject({ status: 400, type: 'resource_already_exists_exception' });
      await store.putMapping(named('made-1'), { properties: { ip: { type: 'ip' } } });
      const other = store.putMapping(named('made-1'), { properties: { n: { type: 'ip' } } });
      await expect(other).rejects.toMatchObject({ status: 400, type: 'illegal_argument_exception' });
      await store.putSettings(named('made-1'), { index: { refresh_interval: '9s' } });
      expect((await store.indices(named('made-*')))[0]).toMatchObject({
        name: 'made-1',
        documents: 0,
        mappings: { properties: { n: { type: 'long' }, ip: { type: 'ip' } } },
        settings: { index: { refresh_interval: '9s' } },
      });
      const byAlias = store.deleteIndices(named('made-alias'));
      await expect(byAlias).rejects.toMatchObject({ status: 400, type: 'illegal_argument_exception' });
      await store.createIndex('made-2', { settings: { number_of_replicas: 0 } });
      expect(await store.deleteIndices(named('made-*'))).toEqual(['made-1', 'made-2']);
      expect(await store.indices(named('made-*'))).toEqual([]);
    });

    test('aliases', async () => {
      await bulk(['index', 'alias-1', '1', { n: 1 }], ['index', 'alias-2', '2', { n: 2 }]);
      await store.updateAliases([
        { action: 'add', index: 'alias-1', alias: 'both', body: { is_write_index: true } },
        { action: 'add', index: 'alias-2', alias: 'both', body: {} },
      ]);
      expect(await sources('both')).toEqual(['{"n":1}', '{"n":2}']);
      const [item] = await bulk(['index', 'both', '3', { n: 3 }]);
      expect(item).toMatchObject({ _index: 'alias-1', status: 201 });
      await store.updateAliases([{ action: 'remove', index: 'alias-2', alias: 'both', body: {} }]);
      expect(await sources('both')).toEqual(['{"n":1}', '{"n":3}']);
      const wrong = store.updateAliases([{ action: 'add', index: 'no-such', alias: 'both', body: {} }]);
      await expect(wrong).rejects.toMatchObject({ status: 404, type: 'index_not_found_exception' });
    });

    test('data streams', async () => {
      await store.putObject('index_template', 'streams-t', {
        index_patterns: ['streams-*'],
        priority: 500,
        data_stream: {},
        template: { settings: { number_of_replicas: 0 } },
      });
      const document = { '@timestamp': '2026-11-20T10:00:00Z', n: 1 };
      const [refused] = await bulk(['index', 'streams-x', undefined, document]);
      expect(refused.status).toBe(400);
      const [made] = await bulk(['create', 'streams-x', undefined, document]);
      expect(made).toMatchObject({ status: 201, _index: expect.stringMatching(/^\.ds-streams-x-/) });
      expect((await search(['streams-x'])).total?.value).toBe(1);
      expect((await search(['streams-*'])).total?.value).toBe(1);
      const [index] = await store.indices(named('streams-x'));
      expect(index).toMatchObject({
        dataStream: 'streams-x',
        latest: Date.parse('2026-11-20T10:00:00Z'),
        documents: 1,
      });
      expect(await store.objects('data_stream', 'streams-*')).toMatchObject([{ name: 'streams-x' }]);
      expect(await store.deleteObject('data_stream', 'streams-x')).toBe(true);
      expect(await store.objects('data_stream', '*')).toEqual([]);
      expect(await store.indices(named('streams-x*'))).toEqual([]);
    });

    test('indices no longer than the rules of retention say', async () => {
      const old = { '@timestamp': '2020-01-01T00:00:00Z' };
      await bulk(
        ['index', 'ret-old', undefined, old],
        ['index', 'ret-a', undefined, { '@timestamp': new Date(Date.now() - 70_000).toISOString() }],
        ['index', 'ret-b', undefined, { '@timestamp': new Date().toISOString() }],
      );
      const rules = [
        { pattern: 'ret-old', maxAge: 86_400_000 },
        { pattern: 'ret-*', maxAge: 60_000 },
      ];
      await store.setRetention(rules);
      expect(await store.retention()).toEqual([...fixedRules, ...rules]);
      expect((await store.indices(named('ret-*'))).map((index) => index.name)).toEqual(['ret-b']);
      await store.setRetention([]);
    });

    test('the rules of the settings before all others, and for ever', async () => {
      const of2020 = (at: number): object => ({ '@timestamp': `2020-01-0${at}T00:00:00Z` });
      await bulk(['index', 'fixed-old', undefined, of2020(1)], ['index', 'fixed-big', undefined, of2020(2)]);
      await bulk(['index', 'fixed-big-2', undefined, of2020(3)]);
      await store.setRetention([{ pattern: 'fixed-*', maxAge: 1 }]);
      expect((await store.indices(named('fixed-*'))).map((index) => index.name)).toEqual([
        'fixed-big',
        'fixed-big-2',
      ]);
      // As a screen sends back what it was given.
      await store.setRetention(await store.retention());
      expect((await store.retention()).map(({ pattern, isFixed }) => [pattern, isFixed])).toEqual([
        ['fixed-big*', true],
        ['fixed-*', undefined],
      ]);
      await store.setRetention([]);
      expect(await store.retention()).toEqual(fixedRules);
    });

    test('no more than the rules say, the newest index in any case', async () => {
      const noise = (): string => Array.from({ length: 200 }, () => crypto.randomUUID()).join(' ');
      for (const at of [1, 2, 3])
        await bulk([
          'index',
          `big-${at}`,
          undefined,
          { '@timestamp': `2026-01-0${at}T00:00:00Z`, noise: noise() },
        ]);
      // Sizes are those of what is in files.
      await expect
        .poll(async () => (await store.indices(named('big-*'))).every(({ bytes }) => bytes > 1000), {
          timeout: 30_000,
        })
        .toBe(true);
      await store.setRetention([{ pattern: 'big-*', maxBytes: 1 }]);
      expect((await store.indices(named('big-*'))).map((index) => index.name)).toEqual(['big-3']);
      await store.setRetention([]);
    });

    test('a data stream that nothing was written to for so long goes as a whole', async () => {
      await store.putObject('index_template', 'stale-t', {
        index_patterns: ['stale-*'],
        priority: 501,
        data_stream: {},
        template: { settings: { number_of_replicas: 0 } },
      });
      const of = (time: string): object => ({ '@timestamp': time });
      await bulk(['create', 'stale-old', undefined, of('2020-01-01T00:00:00Z')]);
      await bulk(['create', 'stale-new', undefined, of(new Date().toISOString())]);
      await store.setRetention([{ pattern: 'stale-*', maxAge: 86_400_000 }]);
      expect((await store.indices(named('stale-*'))).map(({ dataStream }) => dataStream)).toEqual([
        'stale-new',
      ]);
      expect((await store.objects('data_stream', 'stale-*')).map((one) => one.name)).toEqual(['stale-new']);
      await store.setRetention([]);
      await store.deleteObject('data_stream', 'stale-new');
    });

    test('rules that make no sense are refused', async () => {
      await expect(store.setRetention([{ pattern: 'a-*' }])).rejects.toMatchObject({ status: 400 });
      await expect(store.setRetention([{ pattern: '', maxAge: 1 }])).rejects.toMatchObject({ status: 400 });
      await expect(store.setRetention([{ pattern: 'a', archiveAfter: 1 }])).rejects.toMatchObject({
        status: 400,
      });
    });
  });

  describe(`the ${name} driver says what is wrong`, () => {
    beforeAll(async () => {
      await bulk(
        ['index', 'sel-a-1', '1', { n: 1 }],
        ['index', 'sel-a-2', '2', { n: 2 }],
        ['index', 'sel-b-1', '3', { n: 3 }],
        ['index', '.sel-hidden', '4', { n: 4 }],
      );
    });

    test('selections', async () => {
      const found = async (selection: IndexSelection): Promise<string> =>
        (await store.search({ ...base, indices: selection })).hits.map(({ id }) => id).join('');
      const base: SearchRequest = {
        indices: named(),
        query: ALL,
        from: 0,
        size: 100,
        sort: [{ field: 'n', order: 'asc' }],
        source: true,
        trackTotalHits: true,
      };
      expect(await found(named('sel-a-1'))).toBe('1');
      expect(await found(named('sel-a-1,sel-b-1'))).toBe('13');
      expect(await found(named('sel-*'))).toBe('123');
      expect(await found(named('sel-*', '-sel-a-*'))).toBe('3');
      expect(await found(named('sel-*', '-sel-a-2'))).toBe('13');
      expect(await found(named('nothing-*'))).toBe('');
      expect(await found({ names: ['no-such', 'sel-b-1'], ignoreUnavailable: true })).toBe('3');
      expect(await found(named('.sel-*'))).toBe('4');
      const everything = (await store.indices(named())).map((index) => index.name);
      expect(everything).toEqual(expect.arrayContaining(['sel-a-1', 'sel-b-1']));
      expect(everything.filter((index) => index.startsWith('.'))).toEqual([]);
      await expect(found(named('no-such'))).rejects.toMatchObject({
        status: 404,
        type: 'index_not_found_exception',
        message: 'no such index [no-such]',
        details: { index: 'no-such' },
      });
      await expect(found({ names: ['nothing-*'], allowNoIndices: false })).rejects.toMatchObject({
        status: 404,
      });
    });

    test('errors by type', async () => {
      const missing = { status: 404, type: 'index_not_found_exception' };
      await expect(store.get('no-such', '1')).rejects.toMatchObject(missing);
      await expect(store.count(named('no-such'), ALL)).rejects.toMatchObject(missing);
      await expect(store.indices(named('no-such'))).rejects.toMatchObject(missing);
      await expect(store.deleteIndices(named('no-such'))).rejects.toMatchObject(missing);
      await expect(store.putMapping(named('no-such'), {})).rejects.toMatchObject(missing);
      await expect(store.openPointInTime(named('no-such'), 1000)).rejects.toMatchObject(missing);
      await expect(store.createIndex('Bad', {})).rejects.toMatchObject({
        status: 400,
        type: 'invalid_index_name_exception',
      });
      await expect(search([], { pointInTime: { id: 'nonsense' } })).rejects.toMatchObject({
        type: expect.stringMatching(/search_context_missing_exception|illegal_argument_exception/),
      });
      expect(await store.get('sel-a-1', 'no-such')).toBeUndefined();
    });

    test('its state', async () => {
      const status = await store.status();
      expect(status.health).toMatch(/green|yellow/);
      expect(status.documents).toBeGreaterThan(3);
      expect(status.bytes).toBeGreaterThan(100);
      expect(status.quarantined).toEqual([]);
      expect(status.freeBytes).toBeGreaterThan(0);
      expect(status.diskBytes).toBeGreaterThan(status.freeBytes);
    });

    test('searches end when their caller wants', async () => {
      const ended = new AbortController();
      ended.abort(new Error('enough'));
      const request = { indices: named('sel-*'), query: ALL, from: 0, size: 1, sort: [], source: true };
      const searching = store.search({ ...request, trackTotalHits: true }, ended.signal);
      await expect(searching).rejects.toThrow('enough');
    });
  });
}
