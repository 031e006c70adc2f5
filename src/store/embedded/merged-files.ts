/**
 * The two files of a merged segment. Documents are most of its bytes, but a page of results wants few of them and most
 * questions none: so they stand apart, in row groups as small as can be, and the columns in large ones, which pack closer.
 */
import { rm } from 'node:fs/promises';
import { sqlText } from '../../query/sql-literal.ts';
import type { Duckdb } from './duckdb.ts';
import { documentsFile } from './segment-files.ts';
import { type Packing, type WrittenFile, writeSegment } from './segment-writer.ts';

/** SELECTs of the same rows, each with `_seq`. */
export interface MergedRows {
  readonly columns: string;
  readonly documents: string;
  /** They come in the same order by themselves. */
  readonly alike: boolean;
}

export interface MergedFiles {
  readonly columns: WrittenFile;
  readonly documents: WrittenFile;
}

/** What stands in the file of documents beside columns of fields: all that a hit shows. */
export const DOCUMENT_COLUMNS = ['_seq', '_index', '_id', '_version', '_ignored', '_source'] as const;

/**
 * Writes `file` and that of its documents, neither of which exists. No rows: no files.
 * @throws what the disk or the engine say: then there is neither
 */
export async function writeMergedFiles(
  duckdb: Duckdb,
  { columns, documents, alike }: MergedRows,
  file: string,
  packing: Packing,
): Promise<MergedFiles | undefined> {
  const target = documentsFile(file);
  try {
    const first = await writeSegment(duckdb, columns, file, packing, 'background', 'columns');
    if (first.rows === 0) return undefined;
    const inOrder = `SELECT d.* FROM (${documents}) AS d JOIN (SELECT _seq, file_row_number AS _row FROM read_parquet(${sqlText(file)}, file_row_number=true)) AS c USING (_seq) ORDER BY c._row`;
    // To put them in order takes longer than to write them as they come and to look whether that is it.
    for (const select of alike ? [documents, inOrder] : [inOrder]) {
      const second = await writeSegment(duckdb, select, target, packing, 'background', 'documents');
      if (second.rows === first.rows && (await isAlike(duckdb, file, target)))
        return { columns: first, documents: second };
      await rm(target, { force: true });
    }
    throw new Error(`the documents of ${file} are not those of its columns`);
  } catch (error) {
    for (const each of [file, target]) await rm(each, { force: true }).catch(() => {});
    throw error;
  }
}

/** Row for row the same. */
async function isAlike(duckdb: Duckdb, file: string, documents: string): Promise<boolean> {
  const { columns } = await duckdb.query(
    `SELECT count(*) FROM (SELECT _seq AS a FROM read_parquet(${sqlText(file)})) POSITIONAL JOIN (SELECT _seq AS b FROM read_parquet(${sqlText(documents)})) WHERE a IS DISTINCT FROM b`,
    undefined,
    'background',
  );
  return Number(columns[0]?.[0]) === 0;
}
