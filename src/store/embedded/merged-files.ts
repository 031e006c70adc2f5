/**
 * The two files of a merged segment. Documents are most of its bytes, but a page of results wants few of them and most
 * questions none: so they stand apart, in row groups as small as can be, and the columns in large ones, which pack closer.
 */
import { rm } from 'node:fs/promises';
import { sqlText } from '../../query/sql-literal.ts';
import type { DocumentsFile } from './catalogue.ts';
import type { Duckdb } from './duckdb.ts';
import { documentsFile, stemOf } from './segment-files.ts';
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
  readonly documents: WrittenFile & { readonly file: string };
}

/** What stands in the file of documents beside columns of fields: all that a hit shows. */
export const DOCUMENT_COLUMNS = ['_seq', '_index', '_id', '_version', '_ignored', '_source'] as const;

/**
 * Writes `file` and beside it that of its documents. `file` must never have been there: the engine remembers what it read
 * under a name. No rows: no files.
 * @throws what the disk or the engine say: then there is neither
 */
export async function writeMergedFiles(
  duckdb: Duckdb,
  { columns, documents, alike }: MergedRows,
  file: string,
  packing: Packing,
): Promise<MergedFiles | undefined> {
  const inOrder = `SELECT d.* FROM (${documents}) AS d JOIN (SELECT _seq, file_row_number AS _row FROM read_parquet(${sqlText(file)}, file_row_number=true)) AS c USING (_seq) ORDER BY c._row`;
  // To put them in order takes longer than to write them as they come and to look whether that is it.
  const tries = (alike ? [documents, inOrder] : [inOrder]).map((select, at) => ({
    select,
    target: documentsFile(at === 0 ? file : `${stemOf(file)}-sorted.parquet`),
  }));
  try {
    const first = await writeSegment(duckdb, columns, file, packing, 'background', 'columns');
    if (first.rows === 0) return undefined;
    for (const { select, target } of tries) {
      const second = await writeSegment(duckdb, select, target, packing, 'background', 'documents');
      if (second.rows === first.rows && (await isAlike(duckdb, file, target)))
        return { columns: first, documents: { ...second, file: target } };
      await rm(target, { force: true });
    }
    throw new Error(`the documents of ${file} are not those of its columns`);
  } catch (error) {
    for (const each of [file, ...tries.map(({ target }) => target)])
      await rm(each, { force: true }).catch(() => {});
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

/** What the manifest says of them. `beside`: columns of fields that they have; `short`: from a path to one below the store. */
export const documentsOf = (
  { documents: { file, bytes, sums } }: MergedFiles,
  beside: readonly string[],
  short: (path: string) => string,
): DocumentsFile => ({ file: short(file), bytes, sums, columns: beside });
