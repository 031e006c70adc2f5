/** `millrace dlq`: looks into dead letter queues, sends their events through a config, empties them. */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { silentLogger } from '../kernel/logger.ts';
import { CONFIG_STRING, type LoadedSources, loadConfigPath } from '../lang/load.ts';
import { DeadLetterPositions } from '../queue/dead-letter-positions.ts';
import { type Found, lettersOf, pipelinesIn, summarise } from '../queue/dead-letter-reader.ts';
import {
  deadLetterDirectory,
  isWritten,
  listSegments,
  removeSegment,
} from '../queue/dead-letter-segments.ts';
import { processSettings } from './configuration.ts';
import { type DlqArguments, parseDlqArguments } from './dlq-arguments.ts';
import { asJson, asText, inBytes, isWanted, printable } from './dlq-letters.ts';
import { ask } from './prompt.ts';

/** What `dlq --help` prints. */
export const help = `Usage: millrace dlq COMMAND [PIPELINE] [OPTIONS]

Dead letters are events that an output refused for good, or that a condition could not be evaluated for.

  list [PIPELINE]      how many there are, how old, and the most frequent reasons
  show [PIPELINE]      the newest entries: reason, plugin and event
  replay PIPELINE      send them through the filters and outputs of -e or -f, once
  purge PIPELINE       remove them: --older-than 7d, or --all

  --json               list, show: one JSON object a line
  --reason TEXT        show: only entries whose reason holds the text
  --plugin NAME        show: only those of the plugin with this name or id
  --since TIME         show, replay: only newer ones; 2026-11-20T10:00:00 (UTC), or 2h for two hours ago
  --limit N            show: so many at most; default 20
  -e TEXT, -f PATH     replay: filters and outputs; the events have [@metadata][dead_letter_queue][reason]
  --from-start         replay: those that were replayed before, too
  --clean              replay: remove files of which every event was delivered
  --older-than AGE     purge: files whose newest entry is older
  --all                purge: everything; asks first unless --yes is given
  --path.data DIR, --path.dead_letter_queue DIR, --path.settings DIR

  millrace dlq list --path.data /var/lib/millrace
  millrace dlq show main --reason mapper_parsing --since 2h --json
  millrace dlq replay main -f mended.conf
  millrace dlq replay main -e 'filter { mutate { convert => { "size" => "integer" } } } output { stdout {} }'
  millrace dlq purge main --older-than 7d

Replayed events that are refused again are dead letters once more. Files that a running Millrace writes to are read,
but not removed.
`;
const DEFAULT_LIMIT = 20;

export async function dlqCommand(argv: readonly string[]): Promise<number> {
  const given = parseDlqArguments(argv);
  const { action } = given;
  if (given.help || action === undefined || action === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const settings = await processSettings(given.settings);
  const data = resolve(settings.get<string>('path.data'));
  const root = resolve(
    settings.get<string | undefined>('path.dead_letter_queue') ?? join(data, 'dead_letter_queue'),
  );
  switch (action) {
    case 'list':
      return list(root, given);
    case 'show':
      return show(root, given);
    case 'replay':
      return replay(root, data, given);
    case 'purge':
      return purge(root, given);
    default:
      return usage(`there is no dlq command ${action}`);
  }
}

function usage(message: string): never {
  throw new MillraceError('ERR_USAGE', `${message}. See "millrace dlq --help".`);
}

/** The pipelines that are meant: the one named, or all that have dead letters. */
function wantedPipelines(root: string, { pipeline }: DlqArguments): string[] {
  const all = pipelinesIn(root);
  if (pipeline === undefined) return all;
  if (all.includes(pipeline)) return [pipeline];
  throw new MillraceError(
    'ERR_USAGE',
    `pipeline ${pipeline} has no dead letters in ${root}${all.length > 0 ? `; there are some of ${all.join(', ')}` : ''}`,
  );
}

/** For commands that need a pipeline. */
function onePipeline(root: string, given: DlqArguments): { pipeline: string; directory: string } {
  const pipeline = given.pipeline ?? usage(`dlq ${given.action} needs the id of a pipeline`);
  wantedPipelines(root, given);
  return { pipeline, directory: deadLetterDirectory(root, pipeline) };
}

function list(root: string, given: DlqArguments): number {
  const summaries = wantedPipelines(root, given).map((id) => summarise(id, deadLetterDirectory(root, id)));
  if (given.json) {
    for (const summary of summaries) process.stdout.write(`${JSON.stringify(summary)}\n`);
    return 0;
  }
  if (summaries.every(({ entries }) => entries === 0)) {
    process.stdout.write(`There are no dead letters in ${root}.\n`);
    return 0;
  }
  for (const { pipeline, entries, bytes, oldest, newest, damaged, reasons } of summaries) {
    const from = entries > 0 ? `, from ${oldest} to ${newest}` : '';
    process.stdout.write(`${pipeline}: ${entries.toLocaleString('en')} entries, ${inBytes(bytes)}${from}\n`);
    if (damaged > 0) process.stdout.write(`  ${damaged} damaged places are skipped\n`);
    for (const { count, plugin, reason } of reasons)
      process.stdout.write(
        `  ${String(count).padStart(8)}  ${printable(plugin)}: ${printable(reason.slice(0, 200))}\n`,
      );
  }
  return 0;
}

function show(root: string, given: DlqArguments): number {
  const limit = given.limit ?? DEFAULT_LIMIT;
  const found: { pipeline: string; letter: Found['letter'] }[] = [];
  for (const pipeline of wantedPipelines(root, given)) {
    for (const { letter } of lettersOf(deadLetterDirectory(root, pipeline))) {
      if (!isWanted(letter, given)) continue;
      found.push({ pipeline, letter });
      // The newest are kept; now and then the others are let go.
      if (found.length > 2 * limit + 1000) found.splice(0, Infinity, ...newest(found, limit));
    }
  }
  const shown = newest(found, limit);
  for (const { pipeline, letter } of shown)
    process.stdout.write(given.json ? `${asJson(pipeline, letter)}\n` : `${asText(pipeline, letter)}\n`);
  if (shown.length === 0) process.stderr.write('No dead letter is like that.\n');
  return 0;
}

function newest<T extends { letter: Found['letter'] }>(found: readonly T[], limit: number): T[] {
  const sorted = [...found].sort((a, b) => a.letter.entryTime - b.letter.entryTime);
  return limit === 0 ? [] : sorted.slice(-limit);
}

async function replay(root: string, data: string, given: DlqArguments): Promise<number> {
  const { pipeline, directory } = onePipeline(root, given);
  const folder = join(data, 'plugins', 'inputs', 'dead_letter_queue');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const sincedb = join(folder, `.replay_${encodeURIComponent(pipeline)}`);
  if (given.fromStart) rmSync(sincedb, { force: true });
  const before = new Set(listSegments(directory).map(({ name }) => name));
  const positions = new DeadLetterPositions(sincedb, silentLogger);
  const since = given.since ?? Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const { letter, segment, end } of lettersOf(directory)) {
    if (end > (positions.get(segment) ?? 0) && letter.entryTime >= since) count++;
  }
  if (count === 0) {
    process.stderr.write(
      `There is nothing to replay of ${pipeline}; --from-start takes what was replayed before.\n`,
    );
    return 0;
  }
  const loaded = await mended(given);
  const input = `input { dead_letter_queue {
    path => ${quoted(root)} pipeline_id => ${quoted(pipeline)} sincedb_path => ${quoted(sincedb)}
    exit_after_read => true clean_consumed => ${given.clean}
    ${given.since === undefined ? '' : `start_timestamp => "${new Date(given.since).toISOString()}"`}
  } }`;
  const sources = [{ file: '<dlq replay>', text: input }, ...loaded.sources];
  process.stderr.write(`Replaying ${count.toLocaleString('en')} dead letters of ${pipeline}.\n`);
  const { run } = await import('./run.ts');
  const { 'config.string': _text, 'path.config': _path, ...settings } = given.settings;
  const status = await run({ ...settings, 'api.enabled': settings['api.enabled'] ?? false }, [
    { id: pipeline, values: {}, loaded: { sources, diagnostics: loaded.diagnostics } },
  ]);
  let again = 0;
  for (const { segment } of lettersOf(directory)) if (!before.has(segment)) again++;
  process.stderr.write(
    again > 0
      ? `${again.toLocaleString('en')} dead letters came meanwhile: refused again, or new. See "millrace dlq show ${pipeline}".\n`
      : 'None was refused again.\n',
  );
  return status;
}

/** The config to replay through: filters and outputs, no input. */
async function mended(given: DlqArguments): Promise<LoadedSources> {
  const text = given.settings['config.string'] as string | undefined;
  const path = given.settings['path.config'] as string | undefined;
  if ((text === undefined) === (path === undefined))
    usage('dlq replay needs filters and outputs: -e TEXT or -f PATH');
  const loaded =
    text === undefined
      ? await loadConfigPath(path!)
      : { sources: [{ file: CONFIG_STRING, text }], diagnostics: [] };
  const all = loaded.sources.map((source) => source.text.replace(/^\s*#.*$/gm, '')).join('\n');
  if (/(?:^|[\s}])input\s*\{/.test(all))
    usage('the config of a replay has filters and outputs only: its input is the dead letter queue');
  if (loaded.sources.length > 0 && !/(?:^|[\s}])output\s*\{/.test(all))
    usage('the config of a replay has no output: the events would go nowhere');
  return loaded;
}

/** A string of the config language. */
function quoted(text: string): string {
  if (!text.includes('"')) return `"${text}"`;
  if (!text.includes("'")) return `'${text}'`;
  throw new MillraceError('ERR_USAGE', `${text}: a path or id with both kinds of quotes can not be replayed`);
}

async function purge(root: string, given: DlqArguments): Promise<number> {
  const { pipeline, directory } = onePipeline(root, given);
  if (given.all === (given.olderThan !== undefined)) usage('dlq purge needs --older-than AGE or --all');
  const newerThan = given.olderThan === undefined ? Infinity : Date.now() - given.olderThan * 1000;
  const segments = listSegments(directory).filter((segment) => segment.changedAt <= newerThan);
  const free = segments.filter((segment) => !isWritten(segment));
  const bytes = free.reduce((sum, segment) => sum + segment.bytes, 0);
  if (given.all && !given.yes && free.length > 0) {
    const answer = await ask(
      `Remove ${summarise(pipeline, directory).entries.toLocaleString('en')} dead letters of ${pipeline} (${inBytes(bytes)}) for good? [y/N] `,
    );
    if (!/^y(es)?$/i.test(answer.trim())) {
      process.stderr.write('Nothing was removed.\n');
      return 1;
    }
  }
  for (const segment of free) removeSegment(segment.path);
  process.stdout.write(`${free.length} files removed, ${inBytes(bytes)}\n`);
  const used = segments.length - free.length;
  if (used > 0) process.stderr.write(`${used} files are kept: a running Millrace writes to them\n`);
  return 0;
}
