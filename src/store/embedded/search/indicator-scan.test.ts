import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { EmbeddedStore } from '../embedded-store.ts';
import { embeddedSearcher } from './searcher.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-indicators-'));
const own = join(folder, 'segments', 'logs');
let store: EmbeddedStore;
const open = (): Promise<EmbeddedStore> =>
  EmbeddedStore.open({
    folder,
    searcher: embeddedSearcher,
    memoryLimit: 2 ** 29,
    reserve: 0,
    maintenance: { sealAfter: 1e9, mergeEvery: 1e9, verifyEvery: 1e9 },
  });

const START = Date.UTC(2026, 10, 1);
/** So many names of fields that some of them have no column of their own. */
const NAMES = 600;
const ROWS = 2400;

interface Row {
  readonly id: string;
  readonly time: number | undefined;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly source: string;
}
const rows: Row[] = Array.from({ length: ROWS }, (_, n) => {
  const time = n % 50 === 0 ? undefined : START + n * 1000;
  const address = `10.0.${n % 7}.${n % 11}`;
  const values = new Map<string, readonly string[]>([
    ['source.ip', [address]],
    ['related.ip', n % 3 === 0 ? [address, address, '192.0.2.1'] : [address]],
    [`param${n % NAMES}.host`, [n % 2 === 0 ? `h${n % 20}` : 'say "x"\n,1,é\u{1f600}']],
    [`param${(n * 7) % NAMES}.ip`, ['b', `a${n % 5}`]],
    ['note', [address]],
  ]);
  const document: Record<string, unknown> = Object.fromEntries(
    [...values].map(([field, own]) => [field, own.length === 1 ? own[0] : own]),
  );
  if (time !== undefined) document['@timestamp'] = new Date(time).toISOString();
  return { id: `d${n}`, time, values, source: JSON.stringify(document) };
});

const FIELDS = ['source.ip', 'related.ip', 'param8.host', 'param3.host', 'param21.ip', 'note', 'nowhere.ip'];
const VALUES = [
  ...['10.0.3.3', '10.0.0.5', '192.0.2.1', '203.0.113.9', 'h8', 'a3', 'b', 'h', '', 'say "x"\n,1,é\u{1f600}'],
  ...Array.from({ length: 300 }, (_, n) => `never-${n}`),
];

interface Bounds {
  readonly from?: number;
  readonly to?: number;
}
function expected(alive: readonly Row[], { from = -Infinity, to = Infinity }: Bounds): unknown[] {
  const hits = new Map<
    string,
    { field: string; value: string; count: number; first: number; last: number }
  >();
  for (const { time, values } of alive) {
    if ((from > -Infinity || to < Infinity) && (time === undefined || time < from || time > to)) continue;
    for (const field of FIELDS)
      for (const value of new Set(values.get(field) ?? [])) {
        if (!VALUES.includes(value)) continue;
        const key = `${field} ${value}`;
        const known = hits.get(key) ?? { field, value, count: 0, first: Infinity, last: -Infinity };
        hits.set(key, {
          ...known,
          count: known.count + 1,
          first: Math.min(known.first, time ?? Infinity),
          last: Math.max(known.last, time ?? -Infinity),
        });
      }
  }
  return inOrder([...hits.values()]);
}
const inOrder = <T extends { field: string; value: string }>(hits: readonly T[]): T[] =>
  [...hits].sort((a, b) => (`${a.field} ${a.value}` < `${b.field} ${b.value}` ? -1 : 1));

async function check(alive: readonly Row[] = rows): Promise<void> {
  const bounds: Bounds[] = [
    {},
    { from: START + 500_000, to: START + 900_000 },
    { from: START + 2_000_000 },
    { from: START + 9e9 },
  ];
  for (const each of bounds) {
    const hits = await store.indicatorScan({
      indices: { names: [] },
      values: VALUES,
      fields: FIELDS,
      ...each,
    });
    expect(inOrder(hits)).toEqual(expected(alive, each));
  }
}

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['values of their own and in JSON texts', 5000],
  ['fields beyond the limit of an index', 60],
])(
  'in memory, sealed, merged, partly deleted, and with damaged lists: %s',
  {
    timeout: 180_000,
  },
  async (_, limit) => {
    store = await open();
    await store.createIndex('logs', {
      settings: { index: { mapping: { total_fields: { limit } } } },
      mappings: { properties: { source: { properties: { ip: { type: 'ip' } } } } },
    });
    for (let part = 0; part < 8; part++) {
      const some = rows.slice((part * ROWS) / 8, ((part + 1) * ROWS) / 8);
      const body = some.map(({ id, source }) => `{"create":{"_index":"logs","_id":"${id}"}}\n${source}\n`);
      const { errors } = await store.bulkBody({ body: Buffer.from(body.join('')) });
      expect(errors).toBe(false);
      if (part === 0) await check(some);
      await store.settle();
      if (part === 0) await check(some);
    }
    const lists = (): string[] => readdirSync(own).filter((name) => name.endsWith('.values'));
    expect(lists()).toHaveLength(1);
    await check();

    const gone = new Set(['d3', 'd17', 'd2399']);
    const body = [...gone].map((id) => `{"delete":{"_index":"logs","_id":"${id}"}}\n`).join('');
    await store.bulkBody({ body: Buffer.from(body) });
    await check(rows.filter(({ id }) => !gone.has(id)));

    for (const damage of [Buffer.from('damaged'), Buffer.alloc(5000, 0x31)]) {
      for (const name of lists()) writeFileSync(join(own, name), damage);
      await check(rows.filter(({ id }) => !gone.has(id)));
    }
  },
);

test('an address is found where its field is no address in another index, and where it is written as IPv6', async () => {
  store = await open();
  await store.createIndex('typed', { mappings: { properties: { peer: { type: 'ip' } } } });
  const peers = ['10.1.2.3', '::ffff:10.1.2.4', ['10.1.2.5', '10.1.2.6'], '10.1.2.7'];
  for (let part = 0; part < 8; part++) {
    const body = ['typed', 'plain'].flatMap((index) =>
      peers.map(
        (peer) => `{"create":{"_index":"${index}"}}\n${JSON.stringify({ peer, other_ip: '10.9.9.9' })}\n`,
      ),
    );
    await store.bulkBody({ body: Buffer.from(body.join('')) });
    await store.settle();
  }
  for (const index of ['typed', 'plain'])
    expect(readdirSync(join(folder, 'segments', index)).some((name) => name.endsWith('.tokens'))).toBe(true);
  const found = (indices: string[], value: string): Promise<number> =>
    store.count({ names: indices }, { type: 'term', field: 'peer', value }).then((count) => count.count);
  expect(await found(['typed', 'plain'], '10.1.2.3')).toBe(16);
  expect(await found(['typed'], '10.1.2.4')).toBe(8);
  expect(await found(['typed', 'plain'], '10.1.2.6')).toBe(16);
  expect(await found(['typed', 'plain'], '10.9.9.9')).toBe(0);
});
