import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScanPage } from '../scan.ts';
import { fieldsSeen } from './columns.ts';
import { toCsv } from './csv.ts';
import { flatten } from './flatten.ts';
import { toNdjson } from './ndjson.ts';
import { writeParquet } from './parquet.ts';
import type { ExportPiece } from './piece.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-export-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pages of two. */
async function* pagesOf(...sources: readonly string[]): AsyncGenerator<ScanPage> {
  for (let at = 0; at < sources.length; at += 2) {
    const hits = sources
      .slice(at, at + 2)
      .map((source, n) => ({ index: 'logs', id: `id${at + n}`, source, sort: [at + n] }));
    yield { hits, position: hits.at(-1)!.sort, done: at + hits.length, total: sources.length };
  }
}

async function textOf(pieces: AsyncIterable<ExportPiece>): Promise<string> {
  let text = '';
  for await (const { bytes } of pieces) text += bytes.toString();
  return text;
}

describe('fields of a document as a row', () => {
  test('dotted names, lists, exact numbers; no value is no cell', () => {
    const source =
      '{"a":{"b":1,"c":null},"a.b":2,"list":[{"x":1},{"x":[2,"three"]}],"big":12345678901234567890,"exact":0.10000000000000000000001,"none":[],"flag":false}';
    expect(JSON.stringify(Object.fromEntries(flatten(source)))).toBe(
      '{"a.b":[1,2],"list.x":[1,2,"three"],"big":12345678901234567890,"exact":0.10000000000000000000001,"flag":false}',
    );
    expect(flatten('[1]').size).toBe(0);
  });

  test('takes any JSON', () => {
    fc.assert(fc.property(fc.json(), (text) => void flatten(text)));
    flatten(`${'{"a":'.repeat(900)}1${'}'.repeat(900)}`);
  });
});

describe('CSV', () => {
  test('RFC 4180: CR LF, quotes doubled, lists as JSON; meta fields', async () => {
    const pages = pagesOf(
      '{"a":"say \\"hi\\"","b":"x,y"}',
      '{"a":"two\\nlines","b":[1,"x"]}',
      '{"b":{"c":1}}',
    );
    expect(await textOf(toCsv(pages, { columns: ['_id', 'a', 'b'] }))).toBe(
      '_id,a,b\r\nid0,"say ""hi""","x,y"\r\nid1,"two\nlines","[1,""x""]"\r\nid2,,\r\n',
    );
  });

  test('formulas are left alone unless asked', async () => {
    const sources = ['{"a":"=1+1","b":-5}', '{"a":"@SUM(A1)","b":"-5"}'];
    expect(await textOf(toCsv(pagesOf(...sources), { columns: ['a', 'b'], header: false }))).toBe(
      '=1+1,-5\r\n@SUM(A1),-5\r\n',
    );
    const guarded = { columns: ['a', 'b'], header: false, guardFormulas: true };
    expect(await textOf(toCsv(pagesOf(...sources), guarded))).toBe("'=1+1,-5\r\n'@SUM(A1),'-5\r\n");
  });

  test('all fields that are there, the time first', async () => {
    expect(await fieldsSeen(pagesOf('{"b":1,"@timestamp":"x"}', '{"a":{"c":1}}', '{"b":[]}'))).toEqual([
      '@timestamp',
      'a.c',
      'b',
    ]);
  });

  test('reads back as what it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), async (texts) => {
        const sources = texts.map((text) => JSON.stringify({ text, end: 1 }));
        const csv = await textOf(toCsv(pagesOf(...sources), { columns: ['text', 'end'], header: false }));
        expect(parseCsv(csv)).toEqual(texts.map((text) => [text, '1']));
      }),
    );
  });
});

/** A reader of RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

describe('NDJSON', () => {
  test('byte for byte; a document of several lines becomes one', async () => {
    const odd = '{"b" : 1.0,"a":1e2, "a":"\\u0041"}';
    expect(await textOf(toNdjson(pagesOf(odd, '{\n  "a": "x\\ny"\r\n}')))).toBe(
      `${odd}\n{   "a": "x\\ny" }\n`,
    );
    expect(await textOf(toNdjson(pagesOf('{"a":1}'), { withMeta: true }))).toBe(
      '{"_index":"logs","_id":"id0","_source":{"a":1}}\n',
    );
  });
});

describe('Parquet', () => {
  const read = async (file: string): Promise<{ rows: unknown[]; types: Record<string, string> }> => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const result = await connection.runAndReadAll(`SELECT * FROM read_parquet('${file}')`);
    const types = result.columnTypes().map(String);
    const names = result.columnNames();
    const rows = result.getRowObjectsJson();
    connection.closeSync();
    instance.closeSync();
    return { rows, types: Object.fromEntries(names.map((name, at) => [name, types[at]!])) };
  };

  test('types of values, lists, and nothing lost where they differ', async () => {
    const file = join(folder, "it's [a*].parquet");
    const sources = [
      '{"@timestamp":"2026-11-20T10:00:00.123Z","n":1,"d":1,"flag":true,"mixed":1,"list":[1,2],"big":9007199254740993}',
      '{"@timestamp":"2026-11-20T11:00:00Z","n":-2,"d":1.5,"mixed":"x","list":3,"User":"a","user":"b","odd":"\\ud800 \\u0000"}',
      '{"huge":123456789012345678901234567890,"exact":0.10000000000000000000001,"zone":"2026-11-20T10:00:00+02:00"}',
    ];
    expect(await writeParquet(pagesOf(...sources), file)).toMatchObject({ rows: 3 });
    const { rows, types } = await read(file.replaceAll("'", "''").replace(/[*?[]/g, '[$&]'));
    expect(types).toEqual({
      _index: 'VARCHAR',
      _id: 'VARCHAR',
      '@timestamp': 'TIMESTAMP',
      User: 'VARCHAR',
      big: 'BIGINT',
      d: 'DOUBLE',
      exact: 'VARCHAR',
      flag: 'BOOLEAN',
      huge: 'VARCHAR',
      list: 'BIGINT[]',
      mixed: 'VARCHAR',
      n: 'BIGINT',
      odd: 'VARCHAR',
      user_2: 'VARCHAR',
      zone: 'VARCHAR',
    });
    expect(rows).toMatchObject([
      {
        _id: 'id0',
        '@timestamp': '2026-11-20 10:00:00.123',
        d: 1,
        mixed: '1',
        list: ['1', '2'],
        big: '9007199254740993',
      },
      { n: '-2', d: 1.5, mixed: 'x', list: ['3'], User: 'a', user_2: 'b', odd: '\ufffd \0' },
      {
        huge: '123456789012345678901234567890',
        exact: '0.10000000000000000000001',
        zone: '2026-11-20T10:00:00+02:00',
      },
    ]);
    expect(readdirSync(folder)).toEqual(["it's [a*].parquet"]);
  });

  test('chosen columns only, and none at all', async () => {
    const file = join(folder, 'chosen.parquet');
    await writeParquet(pagesOf('{"a":1,"b":2}'), file, { columns: ['b', 'not there', '_id'] });
    expect((await read(file)).rows).toEqual([{ b: '2', 'not there': null, _id: 'id0' }]);
    await writeParquet(pagesOf(), file);
    expect((await read(file)).rows).toEqual([]);
  });

  test('nothing is left of one that failed', async () => {
    const file = join(folder, 'failed.parquet');
    const failing = async function* (): AsyncGenerator<ScanPage> {
      yield* pagesOf('{"a":1}');
      throw new Error('gone');
    };
    await expect(writeParquet(failing(), file)).rejects.toThrow('gone');
    expect(existsSync(file)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith('failed'))).toEqual([]);
    expect(readFileSync(join(folder, 'chosen.parquet')).length).toBeGreaterThan(0);
  });
});
