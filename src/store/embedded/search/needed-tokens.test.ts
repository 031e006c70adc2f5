import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toPredicate } from '../../../query/predicate.ts';
import type { Query } from '../../../query/tree.ts';
import { EmbeddedStore } from '../embedded-store.ts';
import { gramHashes, hexGramHashes } from '../token-filter.ts';
import { neededTokens } from './needed-tokens.ts';
import { embeddedSearcher } from './searcher.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-tokens-'));
let store: EmbeddedStore;
const open = (): Promise<EmbeddedStore> =>
  EmbeddedStore.open({
    folder,
    searcher: embeddedSearcher,
    memoryLimit: 2 ** 29,
    reserve: 0,
    maintenance: { sealAfter: 1e9, mergeEvery: 1e9, verifyEvery: 1e9 },
  });

/** More than two groups of rows; every word stands in a few neighbours. */
const ROWS = 44_000;
const rare = (n: number): string => `Rare${Math.floor(n / 2000)}`;
const documents = Array.from(
  { length: ROWS },
  (_, n) =>
    `{"n":${n},"user":"${n % 3 === 0 ? rare(n) : 'someone'}","text":"say \\u0022x${rare(n)}y\\n${rare(n)}.part_${n % 7}-end\\" caf\u00e9 ${n % 11000}","path":"\\/srv/${n}","address":"${n % 500 === 7 ? `::ffff:a01:${n % 3}${(n % 200).toString(16).padStart(2, '0')}` : `10.1.${n % 3}.${n % 250}`}","code":${n % 2 === 0 ? n : `"${n}"`}}`,
);

beforeAll(async () => {
  store = await open();
  await store.createIndex('logs', {
    mappings: { properties: { address: { type: 'ip' }, code: { type: 'keyword' } } },
  });
  for (let part = 0; part < 8; part++) {
    const own = documents.slice((part * ROWS) / 8, ((part + 1) * ROWS) / 8);
    const lines = own.map((source) => `{"create":{"_index":"logs"}}\n${source}\n`).join('');
    await store.bulkBody({ body: Buffer.from(lines), filterPath: ['errors'] });
    await store.settle();
  }
}, 180_000);
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const count = async (query: Query): Promise<number> => (await store.count({ names: [] }, query)).count;
const parsed = documents.map((source) => JSON.parse(source) as object);
const expected = (query: Query): number => {
  const matches = toPredicate(query, { types: (field) => (field === 'address' ? 'ip' : 'keyword') });
  return parsed.reduce((sum: number, document) => (matches(document as never) ? sum + 1 : sum), 0);
};

const word = fc.oneof(
  fc.integer({ min: 0, max: 25 }).map((n) => `rare${n}`),
  fc.integer({ min: 0, max: 25 }).map((n) => `xRARE${n}y`),
  fc.integer({ min: 0, max: 8 }).map((n) => `part_${n}`),
  fc.constantFrom('someone', 'say', 'nowhere', 'caf', 'café', 'end', 'x', 'nrare3', 'rare1*', '*are12'),
  fc.integer({ min: 0, max: 12_000 }).map(String),
  fc.integer({ min: 0, max: 300 }).map((n) => `10.1.${n % 3}.${n}`),
);
const anywhere = fc.array(word, { minLength: 1, maxLength: 2 }).map(
  (words): Query => ({
    type: 'anywhere',
    text: words.join(' '),
    pattern: words.some((one) => one.includes('*')),
  }),
);
const value = fc.oneof(
  fc.integer({ min: 0, max: 25 }).map((n): Query => ({ type: 'term', field: 'user', value: `Rare${n}` })),
  fc
    .integer({ min: 0, max: 50_000 })
    .map((n): Query => ({ type: 'term', field: 'path', value: `/srv/${n}` })),
  fc
    .integer({ min: 0, max: 300 })
    .map((n): Query => ({ type: 'term', field: 'address', value: `10.1.${n % 3}.${n}` })),
  fc.integer({ min: 0, max: 50_000 }).map((n): Query => ({ type: 'term', field: 'code', value: `${n}` })),
  fc.constantFrom<Query>(
    { type: 'term', field: 'user', value: 'someone' },
    { type: 'wildcard', field: 'user', pattern: '*are1*' },
    { type: 'wildcard', field: 'user', pattern: '*RARE1*', ignoreCase: true },
    { type: 'wildcard', field: 'path', pattern: '*rv/4321?' },
    { type: 'prefix', field: 'user', value: 'Rare2' },
    { type: 'prefix', field: 'code', value: '4300' },
  ),
);
const query = fc.oneof(
  anywhere,
  value,
  fc.array(anywhere, { minLength: 2, maxLength: 3 }).map((of): Query => ({ type: 'and', of })),
  fc.array(anywhere, { minLength: 2, maxLength: 3 }).map((of): Query => ({ type: 'or', of })),
  fc.tuple(anywhere, anywhere).map(([a, b]): Query => ({ type: 'and', of: [a, { type: 'not', of: b }] })),
);

test('a search that leaves rows out finds what one through everything finds', async () => {
  const files = readdirSync(join(folder, 'segments', 'logs'));
  expect(files.filter((name) => name.endsWith('.tokens'))).toHaveLength(1);
  await fc.assert(
    fc.asyncProperty(query, async (each) => {
      expect(await count(each)).toBe(expected(each));
    }),
    { numRuns: 40 },
  );
}, 180_000);

test('pages of what is left are pages of the whole', async () => {
  const { hits } = await store.search({
    indices: { names: [] },
    query: { type: 'anywhere', text: 'rare11' },
    from: 0,
    size: 3,
    sort: [{ field: 'n', order: 'desc' }],
    source: true,
    trackTotalHits: false,
  } as never);
  expect(hits.map(({ source }) => JSON.parse(source!).n)).toEqual([23_999, 23_998, 23_997]);
});

test('indicators are looked for in the list of values of what is merged', async () => {
  const files = readdirSync(join(folder, 'segments', 'logs'));
  expect(files.filter((name) => name.endsWith('.values'))).toHaveLength(1);
  const address: Query = { type: 'term', field: 'address', value: '10.1.1.3' };
  const values = ['10.1.1.3', '10.9.9.9'];
  const hits = await store.indicatorScan({ indices: { names: [] }, values, fields: ['address'] });
  expect(hits).toMatchObject([{ field: 'address', value: '10.1.1.3', count: expected(address) }]);
});

test('what is no whole word needs nothing', () => {
  const need = (text: string, pattern = false): unknown =>
    neededTokens({ type: 'anywhere', text, pattern }, () => []);
  expect(need('One two')).toEqual({ all: [{ token: 'One' }, { token: 'two' }] });
  expect(need('ab')).toBeUndefined();
  expect(need('wor*', true)).toBeUndefined();
  expect(need('10.1.2.33')).toEqual({ all: [{ numbers: '10.1.2.33' }] });
  expect(need('10.1.2')).toBeUndefined();
  expect(need('wo*rd', true)).toBeUndefined();
  expect(need('*word*', true)).toEqual({ all: [{ grams: [expect.any(Number)], hexGrams: [] }] });
  expect(need('*xbad0cafe*', true)).toEqual({
    all: [{ grams: gramHashes('xbad0cafe'), hexGrams: hexGramHashes('bad0cafe') }],
  });
  expect(need('bad0cafe')).toEqual({ all: [{ token: 'bad0cafe' }] });
  expect(need('café')).toBeUndefined();
  expect(neededTokens({ type: 'not', of: { type: 'anywhere', text: 'word' } }, () => [])).toBeUndefined();
});

test('of many digits, some from the whole run are asked for', () => {
  const digits = `${'0123456789abcdef'.repeat(2)}fedcba9876543210`;
  const all = hexGramHashes(digits);
  const need = neededTokens({ type: 'prefix', field: 'hash', value: digits }, () => ['keyword']);
  const { hexGrams } = need as { readonly hexGrams: readonly number[] };
  expect(hexGrams.length).toBeLessThanOrEqual(16);
  expect(hexGrams.every((one) => all.includes(one))).toBe(true);
  expect(hexGrams.some((one) => all.indexOf(one) >= all.length - 3)).toBe(true);
});

test('a damaged filter is none', async () => {
  await store.close();
  const own = join(folder, 'segments', 'logs');
  for (const name of readdirSync(own))
    if (name.endsWith('.tokens')) writeFileSync(join(own, name), 'damaged');
  store = await open();
  expect(await count({ type: 'anywhere', text: 'rare21' })).toBe(2000);
});
