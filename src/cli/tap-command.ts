/** `millrace tap`: sampled events at a node of a running pipeline, before and after it. */
import { MillraceError } from '../kernel/errors.ts';
import { type Predicate, toPredicate } from '../query/predicate.ts';
import type { AnswerOf, TapAnswer, TapSample } from '../server/contract.ts';
import { ConsoleClient, consoleArguments, consoleHelp } from './console-client.ts';
import { Interrupted, Printer, untilInterrupted } from './print.ts';
import { queryOf } from './store-arguments.ts';
import { documentOf, sampleJson, sampleText } from './tap-text.ts';

export const help = `Usage: millrace tap PIPELINE[:NODE] [OPTIONS]

Shows events as they pass a running pipeline: what it, or one of its plugins, makes of each. NODE is
an id of the config, or the name of a plugin that is there once. Ends with Ctrl-C, or after five
minutes. The role operator is needed, and the audit log notes it.

  --filter KQL   only events that match, before or after the node
  --limit N      end after so many
  --rate N       so many a second at most, 1 to 100; default 10
  --all          fields that stay as they are, too
  --json         a line of JSON each: {"at": …, "before": {…}, "after": [{…}]}

${consoleHelp}

  millrace tap default-syslog --user admin
  millrace tap web:grok --filter 'tags: _grokparsefailure' --limit 5
  millrace tap web --json | jq .after
`;

interface TapArguments {
  readonly pipeline: string;
  /** As it was typed; empty: the whole pipeline. */
  readonly node: string;
  readonly matches: Predicate | undefined;
  readonly limit: number;
  readonly rate: number;
  readonly all: boolean;
  readonly json: boolean;
}

export async function tapCommand(argv: readonly string[]): Promise<number> {
  if (argv.length === 0 || argv.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(help);
    return 0;
  }
  const { connection, rest } = await consoleArguments(argv);
  const given = parse(rest);
  const interrupted = untilInterrupted();
  const printer = new Printer();
  const signal = AbortSignal.any([interrupted, printer.signal]);
  const client = await ConsoleClient.connect(connection);
  try {
    await show(client, given, printer, signal);
    return 0;
  } catch (error) {
    // A tap ends in no other way.
    if (printer.signal.aborted || interrupted.reason instanceof Interrupted) return 0;
    throw error;
  } finally {
    await client.close();
  }
}

function usage(message: string): never {
  throw new MillraceError('ERR_USAGE', `${message}. See "millrace tap --help".`);
}

function parse(argv: readonly string[]): TapArguments {
  const words: string[] = [];
  const values = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const [name = word, attached] = /^(--[\w-]+)=(.*)$/s.exec(word)?.slice(1) ?? [];
    if (name === '--all' || name === '--json') values.set(name, '');
    else if (['--filter', '--limit', '--rate'].includes(name))
      values.set(name, attached ?? argv[++at] ?? usage(`${name} needs a value`));
    else if (word.startsWith('-')) usage(`unknown argument ${word}`);
    else words.push(word);
  }
  if (words.length !== 1) usage('give one PIPELINE or PIPELINE:NODE');
  const [, pipeline = '', node = ''] = /^([^:]*):?(.*)$/s.exec(words[0]!) ?? [];
  const whole = (name: string, initial: number, most: number): number => {
    const text = values.get(name);
    if (text === undefined) return initial;
    const number = Number(text);
    return /^\d+$/.test(text) && number >= 1 && number <= most
      ? number
      : usage(`${name} takes a number from 1${Number.isFinite(most) ? ` to ${most}` : ''}, and is "${text}"`);
  };
  const filter = values.get('--filter');
  return {
    pipeline,
    node,
    matches: filter === undefined ? undefined : toPredicate(queryOf(filter), { types: textual }),
    limit: whole('--limit', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    rate: whole('--rate', 10, 100),
    all: values.has('--all'),
    json: values.has('--json'),
  };
}

/** Searched for words, as the event store does. */
const textual = (field: string): 'text' | undefined =>
  field === 'message' || field === 'event.original' ? 'text' : undefined;

async function show(
  client: ConsoleClient,
  { pipeline, node, matches, limit, rate, all, json }: TapArguments,
  printer: Printer,
  signal: AbortSignal,
): Promise<void> {
  const path = `/api/pipelines/${encodeURIComponent(pipeline)}`;
  const id = node === '' ? '' : await findNode(client, path, node);
  const text = { all, colours: hasColours() };
  let left = limit;
  let skipped = 0;
  for await (const answer of client.events<TapAnswer>(
    `${path}/tap?${new URLSearchParams({ node: id, rate: String(rate) })}`,
    signal,
  )) {
    skipped += answer.skipped;
    for (const sample of answer.samples) {
      if (matches && !isWanted(sample, matches)) continue;
      await printer.print(json ? sampleJson(sample) : sampleText(sample, text));
      if (--left === 0) return;
    }
    if (answer.partial && !json)
      process.stderr.write('Fields that nothing in the pipeline reads are not built, and not shown.\n');
    if (answer.ended)
      process.stderr.write(
        answer.ended === 'time'
          ? 'The tap has ended after five minutes.\n'
          : `The pipeline ${pipeline} is gone.\n`,
      );
  }
  if (skipped > 0) process.stderr.write(`${skipped} samples were left out: they came too fast.\n`);
}

const isWanted = ({ before, after }: TapSample, matches: Predicate): boolean =>
  (before !== undefined && matches(documentOf(before))) || after.some((text) => matches(documentOf(text)));

/** The id of a node by itself, by the id in the config, or by the plugin's name. @throws MillraceError */
async function findNode(client: ConsoleClient, path: string, wanted: string): Promise<string> {
  const { vertices } = await client.call<AnswerOf<'GET /api/pipelines/:id'>>('GET', path);
  const plugins = vertices.filter(({ kind }) => ['input', 'filter', 'output'].includes(kind));
  const exact = plugins.find(({ id, detail }) => id === wanted || detail === wanted);
  if (exact) return exact.id;
  const named = plugins.filter(({ title }) => title === wanted);
  if (named.length === 1) return named[0]!.id;
  const all = plugins.map(({ id, title, detail }) => `${detail ?? id} (${title})`).join(', ');
  throw new MillraceError(
    'ERR_USAGE',
    `${named.length === 0 ? `there is no node ${wanted}` : `${wanted} is there ${named.length} times`}; the nodes are ${all}`,
  );
}

const hasColours = (): boolean =>
  process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
