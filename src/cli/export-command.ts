/** `millrace export`: everything that a search finds, into a file. */
import { extname, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { fieldsSeen } from '../store/export/columns.ts';
import { toCsv } from '../store/export/csv.ts';
import { toNdjson } from '../store/export/ndjson.ts';
import { writeParquet } from '../store/export/parquet.ts';
import type { ExportPiece } from '../store/export/piece.ts';
import { OLDEST_FIRST, type ScanPage, type ScanPosition, scan } from '../store/scan.ts';
import type { Store } from '../store/store.ts';
import { checkFree, ExportFile, type ExportTask, readState } from './export-file.ts';
import { ExportProgress } from './export-progress.ts';
import { asCommandError, type OpenedStore, openStore } from './open-store.ts';
import { Interrupted, Printer, untilInterrupted } from './print.ts';
import {
  connectionHelp,
  parseStoreArguments,
  queryOf,
  type StoreArguments,
  sharedHelp,
  within,
} from './store-arguments.ts';

export const help = `Usage: millrace export ['KQL'] --output FILE [OPTIONS]

Writes everything that matches to a file, oldest first, however much it is. An export that was broken off goes on
with --resume.

  --output FILE        where to; - is standard output
  --format FORMAT      csv, ndjson (the events byte for byte as they were stored) or parquet; else as FILE ends
  --resume             go on with the unfinished export of FILE (csv, ndjson)
  --force              write over FILE
${sharedHelp};
                       without it csv and parquet have all fields that occur
  --sort FIELD[:desc]  another order; several behind commas
  --limit N            so many events at most
  --guard-formulas     csv: an apostrophe before texts that a spreadsheet would run as formulas
  --with-meta          ndjson: {"_index":…,"_id":…,"_source":…} instead of the event alone
  --quiet              no progress

${connectionHelp}

  millrace export 'event.code: 4625' --last 30d --output failed-logins.csv --fields @timestamp,user.name,source.ip
  millrace export --index 'winlogbeat-*' --from 2026-11-01 --to 2026-12-01 --output november.ndjson
  millrace export --resume --output november.ndjson
  millrace export 'source.ip: 10.0.0.0/8' --output lan.parquet
  millrace export --format ndjson --output - | gzip > all.ndjson.gz
`;

const FORMATS = ['csv', 'ndjson', 'parquet'] as const;
type Format = (typeof FORMATS)[number];
const endings: Readonly<Record<string, Format>> = {
  '.csv': 'csv',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.json': 'ndjson',
  '.parquet': 'parquet',
};

const usage = (message: string): never => {
  throw new MillraceError('ERR_USAGE', `${message}. See "millrace export --help".`);
};

export async function exportCommand(argv: readonly string[]): Promise<number> {
  const given = parseStoreArguments(argv, 'export', {
    '--output': 'value',
    '--resume': 'flag',
    '--force': 'flag',
    '--guard-formulas': 'flag',
    '--with-meta': 'flag',
    '--quiet': 'flag',
  });
  if (given.help) {
    process.stdout.write(help);
    return 0;
  }
  const output = given.value('--output') ?? usage('--output FILE says where to');
  const isStdout = output === '-';
  const file = resolve(output);
  const format = formatOf(given, output);
  const resumes = given.has('--resume');
  if (resumes && (isStdout || format === 'parquet'))
    usage('--resume is for csv and ndjson files: other exports begin anew');
  if (isStdout && format === 'parquet') usage('parquet can not be written to standard output');
  const known = resumes ? readState(file) : undefined;
  if (known && given.kql !== '' && given.kql !== known.task.kql)
    usage(`the unfinished export is of '${known.task.kql}': leave the KQL out, or begin anew with --force`);
  if (!isStdout && !known) checkFree(file, given.has('--force'));

  const interrupted = untilInterrupted();
  const printer = new Printer();
  const signal = isStdout ? AbortSignal.any([interrupted, printer.signal]) : interrupted;
  const progress = new ExportProgress(given.has('--quiet'));
  let opened: OpenedStore | undefined;
  try {
    opened = await openStore(given.connection, given.settings);
    const { store } = opened;
    if (format === 'parquet') {
      const pages = pagesOf(store, taskOf(given, 'ndjson'), undefined, signal);
      const written = await writeParquet(pages, file, {
        columns: given.fields,
        onPage: (page) => progress.page(page, undefined),
      });
      progress.end(written.rows, written.bytes);
      return 0;
    }
    const task = known?.task ?? (await withColumns(store, taskOf(given, format), progress, signal));
    const before = known?.events ?? 0;
    const pages = progress.watching(pagesOf(store, task, known, signal), before);
    const pieces = piecesOf(task, pages, known?.after == null);
    if (isStdout) {
      let bytes = 0;
      let events = 0;
      for await (const piece of pieces) {
        await printer.print(piece.bytes);
        signal.throwIfAborted();
        bytes += piece.bytes.length;
        events += piece.page?.hits.length ?? 0;
      }
      progress.end(events, bytes);
      return 0;
    }
    const target = await ExportFile.open(file, known ?? { task, bytes: 0, events: 0, after: null });
    try {
      for await (const piece of pieces) {
        await target.write(piece);
        signal.throwIfAborted();
      }
    } catch (error) {
      await target.leave();
      throw error;
    }
    await target.finish();
    progress.end(target.state.events, target.state.bytes);
    return 0;
  } catch (error) {
    progress.clear();
    if (isStdout && printer.signal.aborted) return 0;
    if (interrupted.aborted && interrupted.reason instanceof Interrupted) {
      if (!isStdout && format !== 'parquet')
        process.stderr.write(`interrupted; millrace export --resume --output ${output} goes on\n`);
      return 130;
    }
    throw asCommandError(error);
  } finally {
    await opened?.store.close();
  }
}

function formatOf({ format }: StoreArguments, output: string): Format {
  if (format === undefined)
    return (
      endings[extname(output).toLowerCase()] ??
      usage(`--format is one of ${FORMATS.join(', ')}: "${output}" does not say which`)
    );
  return (
    FORMATS.find((one) => one === format) ??
    usage(`--format is one of ${FORMATS.join(', ')}, and is "${format}"`)
  );
}

function taskOf(given: StoreArguments, format: 'csv' | 'ndjson'): ExportTask {
  return {
    kql: given.kql,
    from: given.from,
    to: given.to,
    indices: given.indices.names,
    sort: given.sort ?? OLDEST_FIRST,
    limit: given.limit,
    format,
    columns: given.fields,
    guardFormulas: given.has('--guard-formulas'),
    withMeta: given.has('--with-meta'),
  };
}

/** CSV names its columns before the first event: where none are chosen, the events are read twice. */
async function withColumns(
  store: Store,
  task: ExportTask,
  progress: ExportProgress,
  signal: AbortSignal,
): Promise<ExportTask> {
  if (task.format !== 'csv' || task.columns !== undefined) return task;
  const pages = progress.watching(pagesOf(store, task, undefined, signal), 0, 'looking for fields');
  return { ...task, columns: await fieldsSeen(pages) };
}

function pagesOf(
  store: Store,
  { kql, from, to, indices, sort, limit }: ExportTask,
  known: { readonly after: ScanPosition | null; readonly events: number } | undefined,
  signal: AbortSignal,
): AsyncGenerator<ScanPage> {
  const request = {
    indices: { names: indices },
    query: within(queryOf(kql), from, to),
    sort,
    ...(known?.after && { after: known.after }),
    ...(limit !== undefined && { limit: limit - (known?.events ?? 0) }),
  };
  return scan(store, request, signal);
}

function piecesOf(
  { format, columns = [], guardFormulas, withMeta }: ExportTask,
  pages: AsyncIterable<ScanPage>,
  header: boolean,
): AsyncGenerator<ExportPiece> {
  return format === 'csv' ? toCsv(pages, { columns, header, guardFormulas }) : toNdjson(pages, { withMeta });
}
