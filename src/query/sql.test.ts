import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type QueryTable, queryTable } from '../../test/support/query-table.ts';
import { QueryError } from './query-error.ts';
import { toBooleanSql, toSql } from './sql.ts';
import type { Query } from './tree.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
let table: QueryTable;
beforeAll(async () => {
  const mapping = { k: 'keyword', t: 'text', n: 'long', d: 'date', ip: 'ip', many: 'keyword' } as const;
  const many = Array.from({ length: 200 }, (_, at) => `v${at}`);
  table = await queryTable(
    [
      {
        name: 'i',
        mapping,
        documents: {
          1: { k: 'a', n: 5, d: '2026-11-20T10:00:00Z', ip: '10.0.0.1', many, t: 'quick brown fox' },
          2: { k: `' OR 1=1; --`, n: [1, 2], many: ['x', 'y'] },
          3: {},
        },
      },
    ],
    NOW,
  );
});
afterAll(() => table.close());

describe('shape of the SQL', () => {
  const sql = (query: Query): string => toSql(query, table.fields);

  test('equality stands bare, so that Parquet’s statistics and bloom filters serve it', () => {
    expect(sql({ type: 'term', field: 'k', value: 'a' })).toBe("c1 = 'a'");
    expect(sql({ type: 'terms', field: 'k', values: ['a', 'b'] })).toBe("(c1 = 'a' OR c1 = 'b')");
    expect(sql({ type: 'prefix', field: 'k', value: 'a' })).toBe("starts_with(c1, 'a')");
  });

  test('many values are one IN', () => {
    const values = Array.from({ length: 1000 }, (_, at) => `x${at}`);
    expect(sql({ type: 'terms', field: 'k', values })).toMatch(/^c1 IN \('x0',/);
  });

  test('a column has a part only where there is one; a field that nobody knows is false', () => {
    const both = sql({ type: 'term', field: 'n', value: 5 });
    expect(both).toMatch(/^\(c\d+ = 5::BIGINT OR list_contains\(m\d+, 5::BIGINT\)\)$/);
    expect(sql({ type: 'term', field: 'nobody', value: 5 })).toBe('false');
    expect(sql({ type: 'not', of: { type: 'exists', field: 'nobody' } })).toBe('true');
  });

  test('NOT is never NULL, and toBooleanSql nothing is', () => {
    expect(sql({ type: 'not', of: { type: 'term', field: 'k', value: 'a' } })).toBe(
      "NOT coalesce(c1 = 'a', false)",
    );
    expect(toBooleanSql({ type: 'term', field: 'k', value: 'a' }, table.fields)).toBe(
      "coalesce(c1 = 'a', false)",
    );
  });
});

test('text of users stays text', async () => {
  expect(await table.find({ type: 'term', field: 'k', value: `' OR 1=1; --` })).toEqual(['2']);
  for (const value of [`x' OR 'a'='a`, `\\' OR true --`, "'; DROP TABLE t; --", '\0', '\u02bc OR 1']) {
    expect(await table.find({ type: 'term', field: 'k', value })).toEqual([]);
    expect(await table.find({ type: 'wildcard', field: 'k', pattern: `*${value}*` })).toEqual([]);
    expect(await table.find({ type: 'anywhere', text: `zz ${value} zz` })).toEqual([]);
    expect(await table.find({ type: 'term', field: value, value })).toEqual([]);
    expect(await table.find({ type: 'fields', fields: [`*${value}`], clause: { type: 'exists' } })).toEqual(
      [],
    );
  }
});

test('thousands of values, in columns and in lists', async () => {
  const values = Array.from({ length: 10_000 }, (_, at) => `z${at}`);
  expect(await table.find({ type: 'terms', field: 'many', values: [...values, 'v77'] })).toEqual(['1']);
  expect(await table.find({ type: 'terms', field: 'many', values })).toEqual([]);
  expect(
    await table.find({ type: 'not', of: { type: 'terms', field: 'many', values: [...values, 'y'] } }),
  ).toEqual(['1', '3']);
});

test('a time that is none is an error in a range and nothing in a match', async () => {
  const range: Query = { type: 'range', field: 'd', gte: 'yesterday' };
  expect(() => toSql(range, table.fields)).toThrow(QueryError);
  expect(() => toSql(range, table.fields)).toThrow(
    'failed to parse date field [yesterday] with format [strict_date_optional_time||epoch_millis]',
  );
  expect(await table.find({ type: 'match', field: 'd', text: 'yesterday', operator: 'or' })).toEqual([]);
});

test('free text finds values and no keys, whatever stands in them', async () => {
  const documents = {
    key: { hidden: 'x' },
    value: { k: 'hidden' },
    comma: { 'a,': null, ', hidden': 1 },
    quote: { k: 'a"hidden": "b' },
    line: { k: 'line\nhidden\tend' },
    dotted: { a: { 'x.hidden.y': 'n' } },
    part: { k: 'unhidden hiddens' },
    number: { n: 4625, s: '46251' },
    decimal: { n: -0.5e-7 },
    nothing: { k: null, l: [', null'], m: [] },
    flag: { b: true },
    odd: { 'x"': '":hidden,', y: '{"hidden":"' },
    slash: { k: 'a\\hidden' },
  };
  const odd = await queryTable([{ name: 'i', mapping: {}, documents }], NOW);
  try {
    const find = (text: string, pattern = false) => odd.find({ type: 'anywhere', text, pattern });
    expect(await find('hidden')).toEqual(['value', 'quote', 'line', 'odd', 'slash']);
    expect(await find('HIDDEN end')).toEqual(['line']);
    expect(await find('hid*', true)).toEqual(['value', 'quote', 'line', 'part', 'odd', 'slash']);
    expect(await find('?hidden', true)).toEqual([]);
    expect(await find('*hidden', true)).toEqual(['value', 'quote', 'line', 'part', 'odd', 'slash']);
    expect(await find('4625')).toEqual(['number']);
    expect(await find('46?5*', true)).toEqual(['number']);
    expect(await find('null')).toEqual(['nothing']);
    expect(await find('n*', true)).toEqual(['dotted', 'nothing']);
    expect(await find('true')).toEqual(['flag']);
    expect(await find('!!')).toEqual([]);
  } finally {
    await odd.close();
  }
});

test('free text finds characters that were sent as escapes', async () => {
  const odd = await queryTable([{ name: 'i', mapping: {}, documents: { 1: {} } }], NOW);
  const ask = (source: string, text: string): Promise<string[]> => {
    const query: Query = { type: 'anywhere', text };
    const literal = `'${source.replaceAll("'", "''")}'`;
    return odd.ask(`SELECT 'x' WHERE ${toSql(query, { ...odd.fields, source: literal })}`);
  };
  try {
    expect(await ask(String.raw`{"a":"caf\u00e9 noir"}`, 'CAFÉ')).toEqual(['x']);
    expect(await ask(String.raw`{"a":"caf\u00E9s"}`, 'café')).toEqual([]);
    expect(await ask(String.raw`{"a":"\u0065vil"}`, 'evil')).toEqual(['x']);
    expect(await ask(String.raw`{"a":"x\u0034625"}`, '4625')).toEqual([]);
    expect(await ask(String.raw`{"a":"\u0034625"}`, '4625')).toEqual(['x']);
    expect(await ask(String.raw`{"a":"\u201cevil\u201d"}`, 'evil')).toEqual(['x']);
    expect(await ask(`{ "a" : "evil" , "b" : 1 }`, 'evil')).toEqual(['x']);
    expect(await ask(`{\n "evil" : 1\n}`, 'evil')).toEqual([]);
  } finally {
    await odd.close();
  }
});
