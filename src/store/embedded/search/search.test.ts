import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeRows, type TestDocument } from '../../../../test/support/store-rows.ts';
import type { Aggregation, SearchRequest, SearchResult } from '../../store.ts';
import { count, search, select } from './search.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-search-'));
const HOUR = 3_600_000;
const START = Date.parse('2026-11-01T00:00:00.000Z');
/** Two hours between events; host a or b, bytes 0, 10, …, tags one or two, user only in every third. */
const document = (at: number): TestDocument => ({
  index: at < 12 ? 'logs-1' : 'logs-2',
  id: `id${at}`,
  source: {
    '@timestamp': new Date(START + at * 2 * HOUR).toISOString(),
    host: { name: at % 4 === 0 ? 'b' : 'a' },
    bytes: at * 10,
    ratio: at / 4,
    ok: at % 2 === 0,
    tags: at % 2 === 0 ? ['even', 'all'] : ['all'],
    ...(at % 3 === 0 && { user: `u${at % 2}` }),
    big: at,
  },
});
const documents = Array.from({ length: 30 }, (_, at) => document(at));
let rows: Awaited<ReturnType<typeof storeRows>>;

beforeAll(async () => {
  rows = await storeRows(
    folder,
    {
      '@timestamp': 'date',
      'host.name': 'keyword',
      bytes: 'long',
      ratio: 'double',
      ok: 'boolean',
      tags: 'keyword',
      user: 'keyword',
    },
    // The newest are in memory; segments have different columns (users only in some).
    [
      documents.slice(24),
      documents.slice(0, 3),
      documents.slice(3, 12),
      documents.slice(12, 13),
      documents.slice(13, 24),
    ],
    { hot: 1 },
  );
});
afterAll(async () => {
  await rows.close();
  rmSync(folder, { recursive: true });
});

const run = (request: Partial<SearchRequest>): Promise<SearchResult> =>
  search(
    { engine: rows.engine, snapshot: rows.snapshot, now: START, signal: new AbortController().signal },
    {
      indices: { names: [] },
      query: { type: 'all' },
      from: 0,
      size: 10,
      sort: [],
      source: true,
      trackTotalHits: true,
      ...request,
    },
  );
const ids = ({ hits }: SearchResult): string[] => hits.map(({ id }) => id);
const aggregate = async (
  aggregations: Record<string, Aggregation>,
  request: Partial<SearchRequest> = {},
): Promise<any> => JSON.parse((await run({ size: 0, ...request, aggregations })).aggregations!);
const agg = (
  type: Aggregation['type'],
  parameters: Record<string, unknown>,
  aggregations?: Record<string, Aggregation>,
  queries?: Aggregation['queries'],
): Aggregation => ({ type, parameters, ...(aggregations && { aggregations }), ...(queries && { queries }) });

describe('pages', () => {
  test('newest first over memory and segments, with the source as it was', async () => {
    const result = await run({ sort: [{ field: '@timestamp', order: 'desc' }], size: 12 });
    expect(ids(result)).toEqual(
      documents
        .slice(18)
        .reverse()
        .map(({ id }) => id),
    );
    expect(result.total).toEqual({ value: 30, relation: 'eq' });
    expect(result.hits[0]!.source).toBe(JSON.stringify(documents[29]!.source));
    expect(result.hits[0]!.sort).toEqual([START + 58 * HOUR]);
    expect(result.hits.at(-1)!.index).toBe('logs-2');
  });

  test('oldest first, from the fifth', async () => {
    const result = await run({ sort: [{ field: '@timestamp', order: 'asc' }], from: 5, size: 3 });
    expect(ids(result)).toEqual(['id5', 'id6', 'id7']);
  });

  test('every page behind another gives all, once', async () => {
    const seen: string[] = [];
    for (let after: any; ; ) {
      const page = await run({
        sort: [
          { field: 'host.name', order: 'asc' },
          { field: 'bytes', order: 'desc' },
        ],
        size: 7,
        ...(after && { searchAfter: after }),
      });
      if (page.hits.length === 0) break;
      seen.push(...ids(page));
      after = page.hits.at(-1)!.sort;
    }
    const sorted = [...documents].sort(
      (a, b) =>
        String((a.source['host'] as any).name).localeCompare((b.source['host'] as any).name) ||
        (b.source['bytes'] as number) - (a.source['bytes'] as number),
    );
    expect(seen).toEqual(sorted.map(({ id }) => id));
  });

  test('documents without the field come last, or where they are asked to be', async () => {
    const last = await run({ sort: [{ field: 'user', order: 'asc' }], size: 30 });
    expect(last.hits.slice(0, 10).map(({ sort }) => sort![0])).toEqual([
      ...Array(5).fill('u0'),
      ...Array(5).fill('u1'),
    ]);
    expect(last.hits.at(-1)!.sort).toEqual([null]);
    const first = await run({ sort: [{ field: 'user', order: 'desc', missing: '_first' }], size: 21 });
    expect(first.hits[0]!.sort).toEqual([null]);
    expect(first.hits.at(-1)!.sort).toEqual(['u1']);
    const filled = await run({ sort: [{ field: 'user', order: 'desc', missing: 'zz' }], size: 1 });
    expect(filled.hits[0]!.sort).toEqual(['zz']);
  });

  test('a field that nobody mapped is an error, unless a type for it is given', async () => {
    await expect(run({ sort: [{ field: 'nope', order: 'asc' }] })).rejects.toThrow(
      'No mapping found for [nope] in order to sort on',
    );
    expect((await run({ sort: [{ field: 'nope', order: 'asc', unmappedType: 'long' }] })).hits).toHaveLength(
      10,
    );
  });

  test('time ranges leave segments out, and counts stay right', async () => {
    const query = {
      type: 'range',
      field: '@timestamp',
      gte: START + 20 * HOUR,
      lt: START + 30 * HOUR,
    } as const;
    const result = await run({ query, sort: [{ field: '@timestamp', order: 'asc' }] });
    expect(ids(result)).toEqual(['id10', 'id11', 'id12', 'id13', 'id14']);
    expect(result.total).toEqual({ value: 5, relation: 'eq' });
  });

  test('totals are exact, up to a number, or left out', async () => {
    expect((await run({ size: 1, trackTotalHits: 7 })).total).toEqual({ value: 7, relation: 'gte' });
    const query = { type: 'term', field: 'host.name', value: 'a' } as const;
    expect((await run({ query, size: 1, trackTotalHits: 7 })).total).toEqual({ value: 7, relation: 'gte' });
    expect((await run({ query, size: 1, trackTotalHits: 1000 })).total).toEqual({
      value: 22,
      relation: 'eq',
    });
    expect((await run({ size: 1, trackTotalHits: false })).total).toBeUndefined();
  });

  test('a page deeper than 10,000 says how to go on', async () => {
    await expect(run({ from: 9_999, size: 10 })).rejects.toThrow('Result window is too large');
  });

  test('post_filter narrows hits and not aggregations; fields are flat arrays', async () => {
    const result = await run({
      postFilter: { type: 'term', field: 'host.name', value: 'b' },
      aggregations: { n: agg('value_count', { field: 'bytes' }) },
      fields: [{ field: 'host.*' }, { field: 'tags' }, { field: '@timestamp' }],
      source: false,
      sort: [{ field: 'bytes', order: 'asc' }],
      size: 1,
    });
    expect(result.total!.value).toBe(8);
    expect(JSON.parse(result.aggregations!)).toEqual({ n: { value: 30 } });
    expect(result.hits[0]!.source).toBeUndefined();
    expect(result.hits[0]!.fields).toEqual({
      '@timestamp': ['2026-11-01T00:00:00.000Z'],
      'host.name': ['b'],
      tags: ['even', 'all'],
    });
  });

  test('count and select', async () => {
    const context = {
      engine: rows.engine,
      snapshot: rows.snapshot,
      now: START,
      signal: new AbortController().signal,
    };
    const query = { type: 'term', field: 'tags', value: 'even' } as const;
    expect(await count(context, query)).toBe(15);
    const selected = (await Array.fromAsync(select(context, query))).flat();
    expect(selected).toHaveLength(15);
    expect(new Set(selected.map(({ id }) => id)).size).toBe(15);
  });
});

describe('aggregations', () => {
  test('metrics', async () => {
    const result = await aggregate({
      min: agg('min', { field: 'bytes' }),
      max: agg('max', { field: '@timestamp' }),
      avg: agg('avg', { field: 'bytes' }),
      sum: agg('sum', { field: 'ratio' }),
      stats: agg('stats', { field: 'bytes' }),
      distinct: agg('cardinality', { field: 'tags' }),
      values: agg('value_count', { field: 'tags' }),
      percentiles: agg('percentiles', { field: 'bytes', percents: [50] }),
      ranks: agg('percentile_ranks', { field: 'bytes', values: [140] }),
      nothing: agg('avg', { field: 'nope' }),
    });
    expect(result).toEqual({
      min: { value: 0 },
      max: { value: START + 58 * HOUR, value_as_string: '2026-11-03T10:00:00.000Z' },
      avg: { value: 145 },
      sum: { value: 108.75 },
      stats: { count: 30, min: 0, max: 290, avg: 145, sum: 4350 },
      distinct: { value: 2 },
      values: { value: 45 },
      percentiles: { values: { '50.0': 145 } },
      ranks: { values: { '140.0': 50 } },
      nothing: { value: null },
    });
  });

  test('terms, with what the limit left out, metrics inside and orders by them', async () => {
    const result = await aggregate({
      hosts: agg('terms', { field: 'host.name', size: 1 }, { sum: agg('sum', { field: 'bytes' }) }),
      byAverage: agg(
        'terms',
        { field: 'host.name', order: { avg: 'desc' } },
        { avg: agg('avg', { field: 'bytes' }) },
      ),
      tags: agg('terms', { field: 'tags' }),
      ok: agg('terms', { field: 'ok' }),
      users: agg('terms', { field: 'user', missing: 'none', order: { _key: 'asc' } }),
      only: agg('terms', { field: 'user', include: 'u[1-9]' }),
    });
    expect(result.hosts).toEqual({
      doc_count_error_upper_bound: 0,
      sum_other_doc_count: 8,
      buckets: [{ key: 'a', doc_count: 22, sum: { value: 3230 } }],
    });
    expect(result.byAverage.buckets.map((bucket: any) => [bucket.key, Math.round(bucket.avg.value)])).toEqual(
      [
        ['a', 147],
        ['b', 140],
      ],
    );
    expect(result.tags.buckets).toEqual([
      { key: 'all', doc_count: 30 },
      { key: 'even', doc_count: 15 },
    ]);
    expect(result.ok.buckets).toEqual([
      { key: 0, key_as_string: 'false', doc_count: 15 },
      { key: 1, key_as_string: 'true', doc_count: 15 },
    ]);
    expect(result.users.buckets).toEqual([
      { key: 'none', doc_count: 20 },
      { key: 'u0', doc_count: 5 },
      { key: 'u1', doc_count: 5 },
    ]);
    expect(result.only.buckets).toEqual([{ key: 'u1', doc_count: 5 }]);
  });

  test('buckets in buckets, and limits for each of them', async () => {
    const result = await aggregate({
      tags: agg(
        'terms',
        { field: 'tags' },
        {
          hosts: agg(
            'terms',
            { field: 'host.name', size: 1 },
            { days: agg('date_histogram', { field: '@timestamp', calendar_interval: 'day' }) },
          ),
        },
      ),
    });
    const [all, even] = result.tags.buckets;
    expect(all.hosts).toMatchObject({ sum_other_doc_count: 8 });
    expect(all.hosts.buckets[0]).toMatchObject({ key: 'a', doc_count: 22 });
    expect(
      all.hosts.buckets[0].days.buckets.map((bucket: any) => [bucket.key_as_string, bucket.doc_count]),
    ).toEqual([
      ['2026-11-01T00:00:00.000Z', 9],
      ['2026-11-02T00:00:00.000Z', 9],
      ['2026-11-03T00:00:00.000Z', 4],
    ]);
    expect(even.hosts.buckets[0]).toMatchObject({ key: 'b', doc_count: 8 });
  });

  test('histograms fill gaps, and know clock changes', async () => {
    const result = await aggregate({
      bytes: agg('histogram', { field: 'bytes', interval: 100, extended_bounds: { min: 0, max: 450 } }),
      half: agg('date_histogram', { field: '@timestamp', fixed_interval: '12h' }),
      helsinki: agg('date_histogram', {
        field: '@timestamp',
        calendar_interval: '1d',
        time_zone: 'Europe/Helsinki',
      }),
      month: agg('date_histogram', { field: '@timestamp', calendar_interval: 'month', format: 'yyyy-MM' }),
      gaps: agg('date_histogram', { field: '@timestamp', fixed_interval: '1h', min_doc_count: 1 }),
    });
    expect(result.bytes.buckets).toEqual([
      { key: 0, doc_count: 10 },
      { key: 100, doc_count: 10 },
      { key: 200, doc_count: 10 },
      { key: 300, doc_count: 0 },
      { key: 400, doc_count: 0 },
    ]);
    expect(result.half.buckets.map((bucket: any) => bucket.doc_count)).toEqual([6, 6, 6, 6, 6]);
    expect(result.helsinki.buckets.map((bucket: any) => [bucket.key_as_string, bucket.doc_count])).toEqual([
      ['2026-11-01T00:00:00.000+02:00', 11],
      ['2026-11-02T00:00:00.000+02:00', 12],
      ['2026-11-03T00:00:00.000+02:00', 7],
    ]);
    expect(result.month.buckets).toEqual([{ key_as_string: '2026-11', key: START, doc_count: 30 }]);
    expect(result.gaps.buckets).toHaveLength(30);
  });

  test('ranges, filters, missing and global', async () => {
    const result = await aggregate(
      {
        bytes: agg('range', {
          field: 'bytes',
          ranges: [{ to: 100 }, { from: 50, to: 150 }, { from: 150, key: 'more' }],
        }),
        both: agg('filters', { other_bucket: true }, undefined, {
          a: { type: 'term', field: 'host.name', value: 'a' },
          even: { type: 'term', field: 'tags', value: 'even' },
        }),
        one: agg(
          'filter',
          {},
          { n: agg('value_count', { field: 'bytes' }) },
          { '': { type: 'exists', field: 'user' } },
        ),
        none: agg('missing', { field: 'user' }),
        all: agg('global', {}, { n: agg('value_count', { field: 'bytes' }) }),
      },
      { query: { type: 'term', field: 'ok', value: true } },
    );
    expect(result.bytes.buckets).toEqual([
      { key: '*-100.0', to: 100, doc_count: 5 },
      { key: '50.0-150.0', from: 50, to: 150, doc_count: 5 },
      { key: 'more', from: 150, doc_count: 7 },
    ]);
    expect(result.both.buckets).toEqual({
      a: { doc_count: 7 },
      even: { doc_count: 15 },
      _other_: { doc_count: 0 },
    });
    expect(result.one).toEqual({ doc_count: 5, n: { value: 5 } });
    expect(result.none).toEqual({ doc_count: 10 });
    expect(result.all).toEqual({ doc_count: 30, n: { value: 30 } });
  });

  test('top hits of every bucket', async () => {
    const result = await aggregate({
      hosts: agg(
        'terms',
        { field: 'host.name' },
        { newest: agg('top_hits', { size: 2, sort: [{ '@timestamp': 'desc' }], _source: ['bytes'] }) },
      ),
    });
    expect(
      result.hosts.buckets.map((bucket: any) => bucket.newest.hits.hits.map((hit: any) => hit._id)),
    ).toEqual([
      ['id29', 'id27'],
      ['id28', 'id24'],
    ]);
  });

  test('composite pages through every combination', async () => {
    const sources = [
      { host: { terms: { field: 'host.name' } } },
      { user: { terms: { field: 'user', missing_bucket: true } } },
    ];
    const seen: unknown[] = [];
    for (let after: unknown; ; ) {
      const { pages } = await aggregate({
        pages: agg('composite', { size: 2, sources, ...(after !== undefined && { after }) }),
      });
      if (pages.buckets.length === 0) break;
      seen.push(...pages.buckets.map(({ key, doc_count }: any) => [key.host, key.user, doc_count]));
      after = pages.after_key;
    }
    expect(seen).toEqual([
      ['a', null, 15],
      ['a', 'u0', 2],
      ['a', 'u1', 5],
      ['b', null, 5],
      ['b', 'u0', 3],
    ]);
  });

  test('nothing matches: empty answers of every kind', async () => {
    const result = await aggregate(
      {
        terms: agg('terms', { field: 'host.name' }),
        days: agg('date_histogram', { field: '@timestamp', calendar_interval: 'day' }),
        stats: agg('stats', { field: 'bytes' }),
        hits: agg('top_hits', {}),
        filter: agg(
          'filter',
          {},
          { hosts: agg('terms', { field: 'host.name' }) },
          { '': { type: 'exists', field: 'user' } },
        ),
      },
      { query: { type: 'term', field: 'host.name', value: 'zzz' } },
    );
    expect(result.terms.buckets).toEqual([]);
    expect(result.days.buckets).toEqual([]);
    expect(result.stats).toEqual({ count: 0, min: null, max: null, avg: null, sum: 0 });
    expect(result.hits.hits.hits).toEqual([]);
    expect(result.filter).toEqual({
      doc_count: 0,
      hosts: { doc_count_error_upper_bound: 0, sum_other_doc_count: 0, buckets: [] },
    });
  });

  test('what makes no sense is said', async () => {
    await expect(aggregate({ a: agg('avg', { field: 'host.name' }) })).rejects.toThrow(
      'Field [host.name] of type [keyword] is not supported for aggregation [avg]',
    );
    await expect(aggregate({ a: agg('terms', { field: 'host.name', order: { x: 'asc' } }) })).rejects.toThrow(
      'Invalid aggregation order path [x]',
    );
    await expect(
      aggregate({ a: agg('date_histogram', { field: '@timestamp', fixed_interval: '1ms' }) }),
    ).rejects.toThrow('Trying to create too many buckets');
  });
});

test('a row that goes between being found and being read is left out, and nothing stands in its place', async () => {
  const forgetful: typeof rows.engine = {
    rows: async (sql, signal) => {
      const found = await rows.engine.rows(sql, signal);
      return sql.startsWith('SELECT _seq, _index') ? found.filter((row) => row[2] !== 'id27') : found;
    },
  };
  const context = {
    engine: forgetful,
    snapshot: rows.snapshot,
    now: START,
    signal: new AbortController().signal,
  };
  const sort = [{ field: '@timestamp', order: 'desc' as const }];
  const { hits } = await search(context, {
    ...{ indices: { names: [] }, query: { type: 'all' }, from: 0, size: 4, sort, source: true },
    trackTotalHits: false,
  });
  expect(hits.map((hit) => hit.id)).toEqual(['id29', 'id28', 'id26']);
  const selected = await Array.fromAsync(select(context, { type: 'all' }));
  expect(selected.flat()).toHaveLength(29);
});
