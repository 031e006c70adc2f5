/** Arguments of `millrace dlq`: its own, and the settings that say where the queues are. */
import { MillraceError } from '../kernel/errors.ts';
import { parseArguments } from './arguments.ts';
import { convertSetting, type SettingValues } from './settings.ts';

export interface DlqArguments {
  readonly action: string | undefined;
  readonly pipeline: string | undefined;
  readonly help: boolean;
  readonly json: boolean;
  readonly all: boolean;
  readonly yes: boolean;
  readonly clean: boolean;
  readonly fromStart: boolean;
  /** Text in the reason, without regard to case. */
  readonly reason: string | undefined;
  /** Name or id of the plugin. */
  readonly plugin: string | undefined;
  /** Milliseconds since the epoch. */
  readonly since: number | undefined;
  readonly limit: number | undefined;
  /** Seconds. */
  readonly olderThan: number | undefined;
  readonly settings: SettingValues;
}

const flags = {
  '--json': 'json',
  '--all': 'all',
  '--yes': 'yes',
  '--clean': 'clean',
  '--from-start': 'fromStart',
} as const;
const values = ['--reason', '--plugin', '--since', '--limit', '--older-than'] as const;

const usage = (message: string): never => {
  throw new MillraceError('ERR_USAGE', `${message}. See "millrace dlq --help".`);
};

/** @throws MillraceError ERR_USAGE */
export function parseDlqArguments(argv: readonly string[]): DlqArguments {
  const words: string[] = [];
  const rest: string[] = [];
  const set = new Set<string>();
  const given = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const [name, attached] = /^(--[\w-]+)=(.*)$/s.exec(word)?.slice(1) ?? [word];
    if (Object.hasOwn(flags, word)) set.add(flags[word as keyof typeof flags]);
    else if ((values as readonly string[]).includes(name!)) {
      given.set(name!, attached ?? argv[++at] ?? usage(`${name} needs a value`));
    } else if (word.startsWith('-')) {
      rest.push(word);
      // What follows belongs to it, unless it is the last or stands alone.
      if (!word.includes('=') && argv[at + 1] !== undefined && !/^-h$|^--help$/.test(word))
        rest.push(argv[++at]!);
    } else words.push(word);
  }
  if (words.length > 2) usage(`too many words: ${words.slice(2).join(' ')}`);
  const { values: settings, help } = parseArguments(rest);
  const limit = given.get('--limit');
  if (limit !== undefined && !/^\d+$/.test(limit)) usage(`--limit needs a number, and is "${limit}"`);
  const olderThan = given.get('--older-than');
  return {
    action: words[0],
    pipeline: words[1],
    help,
    json: set.has('json'),
    all: set.has('all'),
    yes: set.has('yes'),
    clean: set.has('clean'),
    fromStart: set.has('fromStart'),
    reason: given.get('--reason')?.toLowerCase(),
    plugin: given.get('--plugin'),
    since: given.has('--since') ? since(given.get('--since')!) : undefined,
    limit: limit === undefined ? undefined : Number(limit),
    olderThan: olderThan === undefined ? undefined : duration(olderThan, '--older-than'),
    settings,
  };
}

/** A time, or how long ago. */
function since(text: string): number {
  if (/^\d+(\.\d+)?[a-z]*$/.test(text)) return Date.now() - duration(text, '--since') * 1000;
  const time = Date.parse(/^\d{4}-\d\d-\d\d[T ][\d:.]+$/.test(text) ? `${text}Z` : text);
  return Number.isNaN(time)
    ? usage(`--since needs a time such as 2026-11-20T10:00:00, or a duration such as 2h, and is "${text}"`)
    : time;
}

const duration = (text: string, flag: string): number =>
  convertSetting('dead_letter_queue.retain.age', text, flag) as number;
