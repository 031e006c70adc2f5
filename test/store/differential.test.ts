/**
 * The embedded store and a real OpenSearch have the same events and the same mappings, and answer the same searches alike.
 * 20,000 events; 200,000 in CI.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { securityEvents } from '../../bench/store-events.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { parseSearch } from '../../src/store/api/search-body.ts';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher } from '../../src/store/embedded/search/searcher.ts';
import { OpenSearchStore } from '../../src/store/opensearch/opensearch-store.ts';
import type { SearchResult, Store } from '../../src/store/store.ts';
import { type OpenSearch, openSearchMissing, startOpenSearch } from '../peers/opensearch.ts';
import { describePeer, root } from '../support/peers.ts';
import { cases, type DifferentialCase } from './differential-cases.ts';

const specification = readFileSync(join(root, 'docs/specs/elasticsearch-api.md'), 'utf8');
const EVENTS = Number(process.env['MILLRACE_DIFFERENTIAL_EVENTS'] ?? (process.env['CI'] ? 200_000 : 20_000));
/** Events that are not in segments of the embedded store yet. */
const UNSEALED = 3000;
const BATCH = 1000;

const keyword = { type: 'keyword', ignore_above: 8191 };
/** One for both: what is without bounds or has no one type is mapped, the rest is found out. */
const template = {
  index_patterns: ['*beat-*'],
  priority: 400,
  template: {
    settings: {
      number_of_shards: 1,
      number_of_replicas: 0,
      'index.mapping.total_fields.limit': 3000,
      'index.mapping.ignore_malformed': true,
    },
    mappings: {
      dynamic_templates: [
        {
          addresses: {
            match_mapping_type: 'string',
            match_pattern: 'regex',
            match: '^(ip|resolved_ip|remote_ip_list)$',
            mapping: { type: 'ip' },
          },
        },
        { places: { path_match: '*.geo.location', mapping: { type: 'geo_point' } } },
        { strings: { match_mapping_type: 'string', mapping: keyword } },
        { fractions: { match_mapping_type: 'double', mapping: { type: 'double' } } },
      ],
      properties: {
        '@timestamp': { type: 'date' },
        seq: { type: 'long' },
        message: { type: 'text' },
        event: { properties: { code: keyword, duration: { type: 'long' } } },
        http: {
          properties: { version: keyword, response: { properties: { status_code: { type: 'long' } } } },
        },
        user: { properties: { id: keyword } },
        tls: { properties: { server: { properties: { not_after: { type: 'date' } } } } },
        file: { properties: { mtime: { type: 'date' } } },
        nginx: { properties: { access: { properties: { request_time: { type: 'double' } } } } },
        dns: { properties: { answers: { type: 'nested', properties: { ttl: { type: 'long' } } } } },
        winlog: { properties: { event_data: { properties: { LogonType: keyword, Status: keyword } } } },
        aws: {
          properties: {
            cloudtrail: {
              properties: { flattened: { properties: { request_parameters: { type: 'flat_object' } } } },
            },
          },
        },
      },
    },
  },
};

describePeer('OpenSearch and the embedded store', [await openSearchMissing()], () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-differential-'));
  let server: OpenSearch;
  let embedded: EmbeddedStore;
  let cluster: OpenSearchStore;

  beforeAll(async () => {
    server = await startOpenSearch();
    cluster = await OpenSearchStore.open({ connection: { hosts: [server.url] }, logger: silentLogger });
    embedded = await EmbeddedStore.open({
      folder,
      searcher: embeddedSearcher,
      memoryLimit: 2 ** 30,
      reserve: 0,
    });
    for (const store of [embedded, cluster]) await store.putObject('index_template', 'beats', template);
    const event = securityEvents(EVENTS);
    for (let from = 0; from < EVENTS; from += BATCH) {
      let body = '';
      for (let at = from; at < Math.min(EVENTS, from + BATCH); at++) {
        const { index, source } = event(at);
        body += `{"create":{"_index":"${index}","_id":"e${at}"}}\n{"seq":${at},${source.slice(1)}\n`;
      }
      const answers = await Promise.all(
        [embedded, cluster].map((store: Store) => store.bulkBody({ body: Buffer.from(body) })),
      );
      for (const { body: answer, errors } of answers)
        if (errors)
          throw new Error(/.{200}"error".{300}/s.exec(Buffer.from(answer).toString())?.[0] ?? 'errors');
      if (from === EVENTS - UNSEALED - BATCH) await embedded.settle();
    }
  }, 900_000);
  afterAll(async () => {
    await cluster?.close();
    await embedded?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const ask = async (store: Store, { body, index = '*beat-*' }: DifferentialCase): Promise<SearchResult> =>
    store.search(parseSearch(body, {}, { names: index.split(',') }));
  const empty: string[] = [];

  test.each(cases.filter(({ differs }) => differs === undefined))(
    '$name',
    { timeout: 120_000 },
    async (one) => {
      const [own, theirs] = await Promise.all([ask(embedded, one), ask(cluster, one)]);
      if (own.total?.value === 0) empty.push(one.name);
      if (one.within !== undefined) {
        expectNear(
          JSON.parse(own.aggregations!),
          JSON.parse(theirs.aggregations!),
          one.within,
          'aggregations',
        );
        return;
      }
      const isFiltered = typeof one.body['_source'] === 'object';
      expect(comparable(own, isFiltered)).toEqual(comparable(theirs, isFiltered));
    },
  );

  test.each(cases.filter(({ differs }) => differs !== undefined))(
    '$name differs, as is written',
    { timeout: 120_000 },
    async (one) => {
      expect(specification).toContain(`\n| ${one.differs} |`);
      const answers = await Promise.all(
        [embedded, cluster].map((store) =>
          ask(store, one).then(
            (result) => comparable(result, typeof one.body['_source'] === 'object'),
            (error: Error) => error.message,
          ),
        ),
      );
      expect(answers[0]).not.toEqual(answers[1]);
    },
  );

  test('there are 300 of them, and most find something', () => {
    expect(cases.length).toBeGreaterThanOrEqual(300);
    expect(empty.length, empty.join(', ')).toBeLessThan(40);
  });
});

/** What has to be the same: hits with their documents and sort keys, totals, aggregations. */
function comparable({ hits, total, aggregations }: SearchResult, isFiltered = false): unknown {
  return {
    total,
    hits: hits.map(({ index, id, source, sort, fields, highlight, version }) => ({
      ...{ index, id, fields, highlight, version },
      // Byte for byte where all of it was asked for; parts come in an order that means nothing.
      source: isFiltered && source !== undefined ? JSON.parse(source) : source,
      sort: sort?.map(plainSort),
    })),
    aggregations: aggregations === undefined ? undefined : plain(JSON.parse(aggregations)),
  };
}

/** Where documents have no number Lucene shows the largest or smallest there is, and the embedded store null. */
function plainSort(value: string | number | boolean | null): unknown {
  if (value === '9223372036854775807' || value === '-9223372036854775808') return null;
  if (value === 'Infinity' || value === '-Infinity') return null;
  return value;
}

/** Sums in another order differ in the last digits; scores mean nothing; objects of their own do not matter. */
function plain(value: unknown): unknown {
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) < 2 ** 53 ? value : Number(value.toPrecision(10));
  // A sum of times, as a time.
  if (typeof value === 'string') return value.replace(/^([+-]\d{5,}-\d\d-\d\d)T.*/, '$1');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // OpenSearch gives `filters` a `meta` that nobody asked for.
      .filter(
        ([key, inner]) => key !== '_score' && key !== 'max_score' && !(key === 'meta' && isEmpty(inner)),
      )
      .map(([key, inner]) => [key, plain(inner)]),
  );
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

function expectNear(own: unknown, theirs: unknown, within: number, path: string): void {
  if (typeof own === 'number' && typeof theirs === 'number') {
    const scale = Math.max(Math.abs(own), Math.abs(theirs), 1);
    expect(Math.abs(own - theirs) / scale, `${path}: ${own} and ${theirs}`).toBeLessThanOrEqual(within);
    return;
  }
  if (typeof own !== 'object' || own === null || typeof theirs !== 'object' || theirs === null) {
    expect(own, path).toEqual(theirs);
    return;
  }
  expect(Object.keys(own), path).toEqual(Object.keys(theirs));
  for (const [key, value] of Object.entries(own))
    expectNear(value, (theirs as Record<string, unknown>)[key], within, `${path}.${key}`);
}
