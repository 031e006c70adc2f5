/**
 * Many fields: what looks at all of them stays within the memory of the store, and is exact. What grew with the square of the
 * columns needed 1 GiB for twice as many.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSearch } from '../../api/search-body.ts';
import { EmbeddedStore } from '../embedded-store.ts';
import { embeddedSearcher } from './searcher.ts';

const FIELDS = 1500;
const DOCUMENTS = 100;
const folder = mkdtempSync(join(tmpdir(), 'millrace-many-fields-'));
let store: EmbeddedStore;

/** Numbers, lists, and texts of which some look like lists. */
const valueIn = (document: number, field: number): unknown => {
  if (field % 3 === 0) return document * 10;
  if (field % 7 === 0) return [`a${document}`, `b ${field}`];
  return `${field % 5 === 0 ? '[' : ''}value ${document} of ${field}`;
};
const documents = Array.from({ length: DOCUMENTS }, (_, at) => {
  const document: Record<string, unknown> = { '@timestamp': '2026-11-20T10:00:00Z' };
  for (let step = 0; step < FIELDS / 10; step++) {
    const field = (at * 7 + step * 10) % FIELDS;
    document[`f${field}`] = valueIn(at, field);
  }
  return document;
});
const found = (fits: (value: unknown) => boolean): number =>
  documents.filter((document) => Object.values(document).flat().some(fits)).length;

beforeAll(async () => {
  store = await EmbeddedStore.open({ folder, searcher: embeddedSearcher, memoryLimit: 2 ** 28, reserve: 0 });
  const settings = { 'index.mapping.total_fields.limit': FIELDS + 10 };
  await store.putObject('index_template', 'many', { index_patterns: ['many'], template: { settings } });
  const lines = documents.map((document) => `{"create":{"_index":"many"}}\n${JSON.stringify(document)}\n`);
  const { errors } = await store.bulkBody({ body: Buffer.from(lines.join('')) });
  expect(errors).toBe(false);
}, 60_000);
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const count = async (query: object): Promise<number> => {
  const body = { query, size: 1, track_total_hits: true };
  return (await store.search(parseSearch(body, {}, { names: ['many'] }))).total!.value;
};

const cases: readonly [name: string, query: object, expected: number][] = [
  [
    'a wildcard',
    { wildcard: { '*': '*alue 12 of 2*' } },
    found((value) => /value 12 of 2/.test(String(value))),
  ],
  ['an element of a list', { term: { 'f*': 'a77' } }, found((value) => value === 'a77')],
  ['a number', { term: { 'f*': 770 } }, found((value) => value === 770)],
  [
    'a range',
    { range: { 'f*': { gte: 900, lt: 5000 } } },
    found((value) => typeof value === 'number' && value >= 900),
  ],
  ['a text', { term: { '*': '[value 13 of 1595' } }, found((value) => value === '[value 13 of 1595')],
  ['any value', { exists: { field: 'f*' } }, DOCUMENTS],
  ['nothing', { wildcard: { '*': '*nowhere*' } }, 0],
];

describe.each(['in memory', 'in segments'])('%s', (where) => {
  beforeAll(async () => {
    if (where === 'in segments') await store.settle();
  }, 60_000);

  test.each(cases)('%s', { timeout: 60_000 }, async (_, query, expected) => {
    const both = [count(query), count({ bool: { must_not: [query] } })];
    expect(await Promise.all(both)).toEqual([expected, DOCUMENTS - expected]);
  });
});

test('rows with fields beyond the limit of an index are sorted together with others', async () => {
  const settings = { 'index.mapping.total_fields.limit': 4 };
  await store.putObject('index_template', 'small', { index_patterns: ['small*'], template: { settings } });
  const beyond = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`g${at}`, `some ${at}`]));
  const create = (index: string, second: number, more: object): string =>
    `{"create":{"_index":"${index}"}}\n${JSON.stringify({ '@timestamp': `2026-11-20T10:00:0${second}Z`, text: 'word', ...more })}\n`;
  // So many that each index has them merged.
  for (let part = 0; part < 8; part++) {
    const lines = [create('small-a', 1, beyond), create('small-b', 3, {}), create('small-c', 2, beyond)];
    await store.bulkBody({ body: Buffer.from(lines.join('')) });
    await store.settle();
  }
  const merged = readdirSync(join(folder, 'segments', 'small-b')).filter((name) =>
    name.includes('.documents.'),
  );
  expect(merged).toHaveLength(1);
  const indices = async (field: string): Promise<string> => {
    const body = { sort: [{ [field]: 'asc' }], size: 30, query: { query_string: { query: '"word"' } } };
    const { hits } = await store.search(parseSearch(body, {}, { names: ['small-*'] }));
    return hits.map(({ index }) => index.at(-1)).join('');
  };
  expect(await indices('@timestamp')).toMatch(/^a{8}c{8}b{8}$/);
  expect(await indices('_index')).toMatch(/^a{8}b{8}c{8}$/);
  expect(await indices('_seq_no')).toMatch(/^(?:abc){8}$/);
  expect(await indices('_id')).toHaveLength(24);
});
