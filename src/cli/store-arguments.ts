/** Arguments that `millrace search` and `millrace export` share: what is searched, and where. */
import { MillraceError } from '../kernel/errors.ts';
import { tryDateMath } from '../query/date-math.ts';
import { parseKql } from '../query/kql.ts';
import { QueryError } from '../query/query-error.ts';
import type { Query } from '../query/tree.ts';
import { parseSort } from '../store/parse-sort.ts';
import type { IndexSelection, SortKey } from '../store/store.ts';
import { parseArguments } from './arguments.ts';
import { convertSetting, type SettingValues } from './settings.ts';

/** Flags of a command: with a value or without. */
export type Flags = Readonly<Record<string, 'value' | 'flag'>>;

/** Flags that say where the store is. */
export const connectionFlags: Flags = {
  '--url': 'value',
  '--user': 'value',
  '--password-stdin': 'flag',
  '--api-key-stdin': 'flag',
  '--ca': 'value',
};

const shared: Flags = {
  '--last': 'value',
  '--from': 'value',
  '--to': 'value',
  '--index': 'value',
  '--fields': 'value',
  '--sort': 'value',
  '--limit': 'value',
  '--format': 'value',
  ...connectionFlags,
};

export interface StoreArguments {
  readonly help: boolean;
  readonly kql: string;
  /** With absolute times: the same search means the same later. */
  readonly query: Query;
  /** Milliseconds since the epoch, the second one excluded. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly indices: IndexSelection;
  readonly fields: readonly string[] | undefined;
  readonly sort: readonly SortKey[] | undefined;
  readonly limit: number | undefined;
  readonly format: string | undefined;
  readonly connection: ConnectionArguments;
  readonly settings: SettingValues;
  /** Own flags of the command. */
  readonly has: (flag: string) => boolean;
  readonly value: (flag: string) => string | undefined;
}

export interface ConnectionArguments {
  readonly url: string | undefined;
  readonly user: string | undefined;
  readonly passwordFromStdin: boolean;
  readonly apiKeyFromStdin: boolean;
  readonly ca: string | undefined;
}

export const sharedHelp = `  --last TIME          events of the last 15m, 24h, 7d
  --from T, --to T     since T, and before T: 2026-11-20T10:00:00Z, or date math such as now-7d/d
  --index PATTERN      indices, behind commas: winlogbeat-*; default all
  --fields A,B         columns, dotted: @timestamp,source.ip,_index`;

export const connectionHelp = `They ask the Millrace that runs (store.http.host and .port), or open the store of --path.data when nothing has it.

  --url URL            another address
  --user NAME          the password is asked for; --password-stdin reads it, or an API key with --api-key-stdin
  --ca FILE            authority of its certificate; that of path.data/certs is known
  --path.data DIR, --path.settings DIR
  MILLRACE_URL, MILLRACE_USER, MILLRACE_PASSWORD, MILLRACE_API_KEY in the environment do the same.`;

export interface SplitArguments {
  readonly words: readonly string[];
  readonly has: (flag: string) => boolean;
  readonly value: (flag: string) => string | undefined;
  readonly settings: SettingValues;
  readonly help: boolean;
  readonly connection: ConnectionArguments;
}

/** Words, flags of the command, and settings. @throws MillraceError ERR_USAGE */
export function splitArguments(argv: readonly string[], command: string, flags: Flags): SplitArguments {
  const words: string[] = [];
  const rest: string[] = [];
  const given = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === '--') {
      words.push(...argv.slice(at + 1));
      break;
    }
    const [name = word, attached] = /^(--[\w-]+)=(.*)$/s.exec(word)?.slice(1) ?? [];
    const kind = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (kind === 'flag') given.set(name, '');
    else if (kind === 'value') {
      const value = attached ?? argv[++at];
      if (value === undefined) throw usageError(`${name} needs a value`, command);
      given.set(name, value);
    } else if (/^-\w/.test(word) || word.startsWith('--')) {
      rest.push(word);
      // A setting, whose value follows.
      if (!word.includes('=') && argv[at + 1] !== undefined && !/^(-h|--help)$/.test(word))
        rest.push(argv[++at]!);
    } else words.push(word);
  }
  const { values: settings, help } = parseArguments(rest);
  return {
    words,
    has: (flag) => given.has(flag),
    value: (flag) => given.get(flag),
    settings,
    help,
    connection: {
      url: given.get('--url'),
      user: given.get('--user'),
      passwordFromStdin: given.has('--password-stdin'),
      apiKeyFromStdin: given.has('--api-key-stdin'),
      ca: given.get('--ca'),
    },
  };
}

export const usageError = (message: string, command: string): MillraceError =>
  new MillraceError('ERR_USAGE', `${message}. See "millrace ${command} --help".`);

/** @throws MillraceError ERR_USAGE; errors in the KQL point to the place */
export function parseStoreArguments(argv: readonly string[], command: string, own: Flags): StoreArguments {
  const usage = (message: string): never => {
    throw usageError(message, command);
  };
  const { words, has, value, settings, help, connection } = splitArguments(argv, command, {
    ...shared,
    ...own,
  });
  const kql = words.join(' ');
  const now = Date.now();
  if (has('--last') && has('--from')) usage('--last and --from say the same: give one of them');
  const last = value('--last');
  const from = last === undefined ? timeOf('--from', value('--from'), now) : now - ago(last);
  const to = timeOf('--to', value('--to'), now);
  const limit = value('--limit');
  if (limit !== undefined && !/^\d+$/.test(limit)) usage(`--limit needs a number, and is "${limit}"`);
  const list = (name: string): string[] | undefined =>
    value(name)
      ?.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  const query: Query = help ? { type: 'all' } : within(queryOf(kql), from, to);
  return {
    help,
    kql,
    query,
    from,
    to,
    // What is not there has no events, which an index that was named expressly should say.
    indices: { names: list('--index') ?? [] },
    fields: list('--fields'),
    sort: sortOf(list('--sort')),
    limit: limit === undefined ? undefined : Number(limit),
    format: value('--format'),
    connection,
    settings,
    has,
    value,
  };

  function ago(text: string): number {
    return (convertSetting('dead_letter_queue.retain.age', text, '--last') as number) * 1000;
  }

  function timeOf(flag: string, text: string | undefined, clock: number): number | undefined {
    if (text === undefined) return undefined;
    const time = tryDateMath(text, { now: clock, roundUp: false });
    return Number.isNaN(time)
      ? usage(`${flag} needs a time such as 2026-11-20T10:00:00Z or now-7d, and is "${text}"`)
      : time;
  }

  function sortOf(names: readonly string[] | undefined): readonly SortKey[] | undefined {
    // Fields that some index has not mapped are no mistake.
    return (
      names && parseSort([...names]).map((key) => ({ ...key, unmappedType: key.unmappedType ?? 'keyword' }))
    );
  }
}

/** @throws MillraceError with the line and a caret */
export function queryOf(kql: string): Query {
  try {
    return parseKql(kql);
  } catch (error) {
    if (error instanceof QueryError) throw new MillraceError('ERR_USAGE', error.message);
    throw error;
  }
}

/** The query and a range of `@timestamp`, in milliseconds since the epoch. */
export function within(query: Query, from: number | undefined, to: number | undefined): Query {
  if (from === undefined && to === undefined) return query;
  const range: Query = {
    type: 'range',
    field: '@timestamp',
    ...(from !== undefined && { gte: from }),
    ...(to !== undefined && { lt: to }),
    format: 'epoch_millis',
  };
  return query.type === 'all' ? range : { type: 'and', of: [range, query] };
}
