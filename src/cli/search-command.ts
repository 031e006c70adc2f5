/** `millrace search`: events of the store in the terminal. */
import { MillraceError } from '../kernel/errors.ts';
import { csvRow } from '../store/export/csv.ts';
import { ndjsonLine } from '../store/export/ndjson.ts';
import { scan } from '../store/scan.ts';
import type { SearchHit, SortKey } from '../store/store.ts';
import { asCommandError, type OpenedStore, openStore } from './open-store.ts';
import { Interrupted, Printer, untilInterrupted } from './print.ts';
import { followEvents } from './search-follow.ts';
import { drawHistogram, histogram } from './search-histogram.ts';
import { EventTable } from './search-table.ts';
import { connectionHelp, parseStoreArguments, type StoreArguments, sharedHelp } from './store-arguments.ts';

export const help = `Usage: millrace search ['KQL'] [OPTIONS]

Prints the newest events that match, the latest at the bottom. Without KQL: all.

${sharedHelp}
  --sort FIELD[:desc]  another order; several behind commas
  --limit N            so many events at most; default 100, 10 with --follow; 0: all
  --format FORMAT      table (default), json (a list), ndjson (the events as they were stored), csv
  --follow             go on with what comes, until Ctrl-C
  --count              only how many there are
  --histogram          only how many there are over time

${connectionHelp}

  millrace search 'event.code: 4625 and not user.name: svc-*' --last 24h
  millrace search 'source.ip: 10.0.0.0/8' --fields @timestamp,source.ip,message --limit 20
  millrace search 'message ~ /pass(word|wd)=/' --from now-7d/d --to now/d --format ndjson --limit 0 > found.ndjson
  millrace search 'process.name: powershell.exe' --histogram --last 7d
  millrace search --follow

The language is described in docs/guides/kql.md, this command in docs/guides/search-and-export.md.
`;

const FORMATS = ['table', 'json', 'ndjson', 'csv'];
const DEFAULT_LIMIT = 100;
const FOLLOW_LIMIT = 10;
const DEFAULT_WIDTH = 120;
const NEWEST_FIRST: readonly SortKey[] = [{ field: '@timestamp', order: 'desc', unmappedType: 'date' }];

export async function searchCommand(argv: readonly string[]): Promise<number> {
  const given = parseStoreArguments(argv, 'search', {
    '--follow': 'flag',
    '--count': 'flag',
    '--histogram': 'flag',
  });
  if (given.help) {
    process.stdout.write(help);
    return 0;
  }
  check(given);
  const interrupted = untilInterrupted();
  const printer = new Printer();
  const signal = AbortSignal.any([interrupted, printer.signal]);
  let opened: OpenedStore | undefined;
  try {
    opened = await openStore(given.connection, given.settings);
    await run(opened, given, printer, signal);
    return 0;
  } catch (error) {
    if (printer.signal.aborted) return 0;
    // A live tail ends in no other way.
    if (interrupted.aborted && interrupted.reason instanceof Interrupted)
      return given.has('--follow') ? 0 : 130;
    throw asCommandError(error);
  } finally {
    await opened?.store.close();
  }
}

function check(given: StoreArguments): void {
  const usage = (message: string): never => {
    throw new MillraceError('ERR_USAGE', `${message}. See "millrace search --help".`);
  };
  if (given.format !== undefined && !FORMATS.includes(given.format))
    usage(`--format is one of ${FORMATS.join(', ')}, and is "${given.format}"`);
  const modes = ['--follow', '--count', '--histogram'].filter((flag) => given.has(flag));
  if (modes.length > 1) usage(`${modes.join(' and ')} do not go together`);
  if (given.has('--follow') && given.sort) usage('--follow is in the order of arrival: leave out --sort');
  if (given.has('--follow') && given.format === 'json')
    usage('--follow has no end, which a JSON list needs: use --format ndjson');
}

async function run(
  { store, isRemote }: OpenedStore,
  given: StoreArguments,
  printer: Printer,
  signal: AbortSignal,
): Promise<void> {
  const { indices, query } = given;
  const width = process.stdout.columns ?? DEFAULT_WIDTH;
  if (given.has('--count')) {
    const { count } = await store.count(indices, query, signal);
    return printer.print(`${count}\n`);
  }
  if (given.has('--histogram')) {
    const { bars, step } = await histogram(store, given, signal);
    return printer.print(bars.length === 0 ? '' : drawHistogram(bars, step, width));
  }
  const write = writer(given, printer, width);
  if (given.has('--follow')) {
    if (!isRemote)
      throw new MillraceError(
        'ERR_USAGE',
        'no Millrace runs on this event store: nothing new can come. Leave out --follow',
      );
    const limit = given.limit ?? FOLLOW_LIMIT;
    for await (const hits of followEvents(store, { indices, query, limit }, signal)) await write.hits(hits);
    return;
  }
  const limit = given.limit ?? DEFAULT_LIMIT;
  const { shown, total } = await printAll(store, given, limit, write.hits, signal);
  await write.end();
  if (process.stderr.isTTY && shown < total)
    process.stderr.write(
      `${shown.toLocaleString('en')} of ${total.toLocaleString('en')} events; --limit N shows more, millrace export writes all of them to a file\n`,
    );
}

async function printAll(
  store: OpenedStore['store'],
  { indices, query, sort }: StoreArguments,
  limit: number,
  write: (hits: readonly SearchHit[]) => Promise<void>,
  signal: AbortSignal,
): Promise<{ shown: number; total: number }> {
  let shown = 0;
  let total = 0;
  /** The newest are found first and printed last. */
  const newest: SearchHit[] | undefined = sort === undefined && limit > 0 ? [] : undefined;
  const request = {
    indices,
    query,
    ...(limit > 0 && { limit }),
    ...(sort ? { sort } : newest && { sort: NEWEST_FIRST }),
  };
  for await (const page of scan(store, request, signal)) {
    ({ done: shown, total } = page);
    if (newest) newest.push(...page.hits);
    else await write(page.hits);
    signal.throwIfAborted();
  }
  if (newest) await write(newest.reverse());
  return { shown, total };
}

interface HitWriter {
  readonly hits: (hits: readonly SearchHit[]) => Promise<void>;
  readonly end: () => Promise<void>;
}

function writer({ format = 'table', fields }: StoreArguments, printer: Printer, width: number): HitWriter {
  const nothing = async (): Promise<void> => {};
  switch (format) {
    case 'table': {
      const table = new EventTable({ fields, width, colours: hasColours() });
      return { hits: (hits) => printer.print(hits.length === 0 ? '' : table.lines(hits)), end: nothing };
    }
    case 'ndjson':
      return {
        hits: (hits) => printer.print(hits.map((hit) => ndjsonLine(hit, false)).join('')),
        end: nothing,
      };
    case 'csv': {
      const columns = fields ?? ['@timestamp', '_index', 'message'];
      let head = `${columns.join(',')}\r\n`;
      return {
        hits: async (hits) => {
          await printer.print(head + hits.map((hit) => csvRow(hit, columns, false)).join(''));
          head = '';
        },
        end: nothing,
      };
    }
    default: {
      let before = '[\n';
      return {
        hits: async (hits) => {
          for (const hit of hits) {
            await printer.print(before + ndjsonLine(hit, true).trimEnd());
            before = ',\n';
          }
        },
        end: () => printer.print(before === '[\n' ? '[]\n' : '\n]\n'),
      };
    }
  }
}

const hasColours = (): boolean =>
  process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
