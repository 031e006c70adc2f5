import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { duckdbForTests } from '../../../test/support/duckdb.ts';
import { writeMergedFiles } from './merged-files.ts';
import { documentsFile } from './segment-files.ts';

const { folder, duckdb } = await duckdbForTests();

let number = 0;
const newFile = (): string => join(folder, `${number++}.parquet`);
const sequences = async (file: string): Promise<number[]> =>
  (
    await duckdb.rows(
      `SELECT _seq FROM read_parquet('${file}', file_row_number=true) ORDER BY file_row_number`,
    )
  ).map(([sequence]) => sequence as number);
const values = (all: readonly number[]): string => `SELECT unnest([${all.join(',')}])::BIGINT AS _seq`;
const columns = (all: readonly number[]): string => `SELECT _seq, _seq * 2 AS c1 FROM (${values(all)})`;
const documents = (all: readonly number[]): string =>
  `SELECT _seq, '{"n":' || _seq || '}' AS _source FROM (${values(all)})`;

test('both files have the same rows in the same order, whatever order documents come in', async () => {
  const rows = fc.uniqueArray(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      rows.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      fc.boolean(),
      async ([all, others], alike) => {
        const file = newFile();
        const made = await writeMergedFiles(
          duckdb,
          { columns: columns(all), documents: documents(others), alike },
          file,
          'merged',
        );
        expect(made).toMatchObject({ columns: { rows: all.length }, documents: { rows: all.length } });
        expect(await sequences(file)).toEqual(all);
        expect(await sequences(made!.documents.file)).toEqual(all);
      },
    ),
    { numRuns: 25 },
  );
});

test('many row groups', async () => {
  const file = newFile();
  const all = 'SELECT range AS _seq FROM range(1, 90001)';
  const order = 'ORDER BY hash(_seq), _seq';
  await writeMergedFiles(
    duckdb,
    {
      columns: `SELECT _seq, _seq % 7 AS c1 FROM (${all}) ${order}`,
      documents: `SELECT _seq, 'x' || _seq AS _source FROM (${all})`,
      alike: false,
    },
    file,
    'last',
  );
  const [row] = await duckdb.rows(
    `SELECT count(*), count(*) FILTER (d._source = 'x' || c._seq) FROM read_parquet('${file}', file_row_number=true) c JOIN read_parquet('${documentsFile(file)}', file_row_number=true) d USING (file_row_number)`,
  );
  expect(row).toEqual([90_000, 90_000]);
});

test.each([
  ['a document is missing', [1, 2, 3], [1, 3]],
  ['there is one more', [1, 3], [1, 2, 3]],
  ['one is another', [1, 2, 3], [1, 2, 4]],
])('%s: it fails, and no file stays', async (_, all, others) => {
  const before = readdirSync(folder);
  const rows = { columns: columns(all), documents: documents(others), alike: true };
  const writing = writeMergedFiles(duckdb, rows, newFile(), 'merged');
  if (others.length > all.length)
    await expect(writing).resolves.toMatchObject({ documents: { rows: all.length } });
  else {
    await expect(writing).rejects.toThrow(/not those of its columns/);
    expect(readdirSync(folder)).toEqual(before);
  }
});

test('no rows: no files', async () => {
  const before = readdirSync(folder);
  const rows = {
    columns: `${columns([1])} WHERE false`,
    documents: `${documents([1])} WHERE false`,
    alike: true,
  };
  expect(await writeMergedFiles(duckdb, rows, newFile(), 'merged')).toBeUndefined();
  expect(readdirSync(folder)).toEqual(before);
});
