/** `millrace store`: what the event store holds, how long, where copies of it are. */
import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import type { Store } from '../store/store.ts';
import { processSettings } from './configuration.ts';
import { inBytes } from './dlq-letters.ts';
import { asCommandError, type OpenedStore, openStore } from './open-store.ts';
import { Interrupted, Printer, untilInterrupted } from './print.ts';
import { ask } from './prompt.ts';
import { retentionRules } from './retention-setting.ts';
import { snapshotFolder } from './snapshot-settings.ts';
import {
  connectionFlags,
  connectionHelp,
  type SplitArguments,
  splitArguments,
  usageError,
} from './store-arguments.ts';
import {
  dueText,
  type IndexRow,
  indexRows,
  indexTable,
  retentionText,
  scheduleText,
  snapshotTable,
  statusReport,
  statusText,
} from './store-report.ts';
import { watchTasks } from './store-tasks.ts';

export const help = `Usage: millrace store COMMAND [OPTIONS]

  status                 documents, size, health, damage, disk, growth, when the disk is full;
                         exit 1 while the store is red
  indices [PATTERN]      every index: documents, size, oldest and newest event, when it is deleted
  delete INDEX...        deletes indices, by name or pattern, after a question
  retention              the rules, and what they do with which index
  retention try [FILE]   what would be deleted now, by these rules or by those of a file
  retention set FILE     takes the rules of a file (YAML, as store.retention in logstash.yml)
  snapshot TARGET        copies the store to a folder or s3://bucket/prefix; of it --index PATTERN
  snapshots [PLACE]      the snapshots below a folder or an S3 prefix
  snapshots delete SNAPSHOT...   deletes snapshots, after a question
  schedule               when snapshots are made by themselves, and what came of the last one
  schedule set WHEN      every day at 02:30 (UTC), or 6h: every six hours; --keep N of them (7),
                         --place s3://bucket/prefix or repository of the cluster
  schedule off           no more
  restore SNAPSHOT       brings indices back; --index PATTERN, --prefix TEXT: under other names
  archive                what is in the archive (store.archive.path)
  archive add INDEX...   moves indices there now; they stay searchable
  archive back INDEX...  brings indices back from there
  verify                 reads every file again; exit 1 if something is damaged

  --json                 for programs
  --yes                  asks nothing

A snapshot by a plain name is a folder in store.snapshot.path, where a store that runs has all of its
snapshots (or in S3). An archive is taken away by unmounting its disk, and comes back with it.

${connectionHelp}

  millrace store status
  millrace store indices 'syslog-*'
  millrace store retention try
  millrace store snapshot monday
  millrace store restore monday --index 'syslog-2026.11.*' --prefix restored-

See docs/guides/event-store.md.
`;

const COMMANDS = [
  'status',
  'indices',
  'delete',
  'retention',
  'snapshot',
  'snapshots',
  'schedule',
  'restore',
  'archive',
  'verify',
];
/** Copies of large stores take their time. */
const TIMEOUT_SECONDS = 86_400;

interface Context extends OpenedStore {
  readonly given: SplitArguments;
  readonly words: readonly string[];
  readonly signal: AbortSignal;
  /** JSON, or text for people. */
  readonly show: (value: unknown, text: () => string) => Promise<void>;
}

export async function storeCommand(argv: readonly string[]): Promise<number> {
  const given = splitArguments(argv, 'store', {
    ...connectionFlags,
    '--json': 'flag',
    '--yes': 'flag',
    '--index': 'value',
    '--prefix': 'value',
    '--keep': 'value',
    '--place': 'value',
  });
  const [command, ...words] = given.words;
  if (given.help || command === undefined || command === 'help') {
    process.stdout.write(help);
    return 0;
  }
  if (!COMMANDS.includes(command)) throw usageError(`there is no store command ${command}`, 'store');
  checkWords(command, words, given);
  const interrupted = untilInterrupted();
  const printer = new Printer();
  let opened: OpenedStore | undefined;
  try {
    opened = await openStore(given.connection, given.settings, { timeout: TIMEOUT_SECONDS });
    const context: Context = {
      ...opened,
      given,
      words,
      signal: interrupted,
      show: (value, text) =>
        printer.print(given.has('--json') ? `${JSON.stringify(value, undefined, 2)}\n` : text()),
    };
    return await orInterrupted(interrupted, run(command, context));
  } catch (error) {
    if (interrupted.aborted && interrupted.reason instanceof Interrupted) return 130;
    throw asCommandError(error);
  } finally {
    await opened?.store.close();
  }
}

function orInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((done, failed) => {
    signal.addEventListener('abort', () => failed(signal.reason as Error), { once: true });
    work.then(done, failed);
  });
}

/** How many words a command takes. @throws MillraceError ERR_USAGE */
function checkWords(command: string, words: readonly string[], given: SplitArguments): void {
  const usage = (text: string): never => {
    throw usageError(text, 'store');
  };
  const [first, ...more] = words;
  if (given.has('--index') && !['snapshot', 'restore'].includes(command))
    usage(`${command} takes no --index`);
  if (given.has('--prefix') && command !== 'restore') usage(`${command} takes no --prefix`);
  for (const flag of ['--keep', '--place'])
    if (given.has(flag) && !(command === 'schedule' && first === 'set')) usage(`${command} takes no ${flag}`);
  switch (command) {
    case 'status':
    case 'verify':
      if (first !== undefined) usage(`unknown argument ${first}`);
      return;
    case 'snapshots':
      if (first === 'delete' && more.length === 0) usage('snapshots delete needs the place of a snapshot');
      if (first !== 'delete' && more.length > 0) usage(`unknown argument ${more[0]}`);
      return;
    case 'schedule':
      if (first !== undefined && !['set', 'off'].includes(first)) usage(`unknown argument ${first}`);
      if (first === 'set' && more.length === 0)
        usage('schedule set needs a time: 02:30 for every day (UTC), or 6h for every six hours');
      if (more.length > (first === 'set' ? 1 : 0)) usage(`unknown argument ${more.at(-1)}`);
      return;
    case 'indices':
      if (more.length > 0) usage(`unknown argument ${more[0]}`);
      return;
    case 'delete':
      if (first === undefined) usage('delete needs the name of an index');
      return;
    case 'snapshot':
    case 'restore':
      if (first === undefined) usage(`${command} needs the place of a snapshot`);
      if (more.length > 0) usage(`unknown argument ${more[0]}`);
      return;
    case 'retention':
      if (first !== undefined && !['try', 'set'].includes(first)) usage(`unknown argument ${first}`);
      if (first === 'set' && more.length === 0) usage('retention set needs a file with rules');
      if (more.length > 1) usage(`unknown argument ${more[1]}`);
      return;
    case 'archive':
      if (first !== undefined && !['add', 'back'].includes(first)) usage(`unknown argument ${first}`);
      if (first !== undefined && more.length === 0) usage(`archive ${first} needs the name of an index`);
  }
}

function run(command: string, context: Context): Promise<number> {
  switch (command) {
    case 'status':
      return status(context);
    case 'indices':
      return indices(context);
    case 'delete':
      return remove(context);
    case 'retention':
      return retention(context);
    case 'snapshot':
      return snapshot(context);
    case 'snapshots':
      return snapshots(context);
    case 'schedule':
      return schedule(context);
    case 'restore':
      return restore(context);
    case 'archive':
      return archive(context);
    default:
      return verify(context);
  }
}

const rowsOf = async (store: Store, names: readonly string[] = []): Promise<readonly IndexRow[]> => {
  const [all, rules] = await Promise.all([store.indices({ names: [] }), store.retention()]);
  // Which index is too much depends on all the others.
  const chosen = names.length === 0 ? undefined : await store.indices({ names });
  return indexRows(all, rules, chosen && new Set(chosen.map(({ name }) => name)));
};

async function status({ store, place, show }: Context): Promise<number> {
  const [now, found, rules] = await Promise.all([
    store.status(),
    store.indices({ names: [] }),
    store.retention(),
  ]);
  const report = statusReport(place, now, found, rules);
  await show(report, () => statusText(report));
  return now.health === 'red' ? 1 : 0;
}

async function indices({ store, words, show }: Context): Promise<number> {
  const rows = await rowsOf(store, words);
  await show(rows, () => indexTable(rows));
  return 0;
}

async function remove({ store, words, given, show }: Context): Promise<number> {
  const chosen = await store.indices({ names: words });
  const names = chosen.map(({ name }) => name);
  if (names.length === 0) {
    await show({ deleted: [] }, () => 'no index has such a name: nothing is deleted\n');
    return 0;
  }
  const documents = chosen.reduce((sum, index) => sum + index.documents, 0);
  const bytes = chosen.reduce((sum, index) => sum + index.bytes, 0);
  await confirm(
    given,
    `${names.length === 1 ? names[0] : `${names.length} indices (${shortened(names)})`} with ${documents.toLocaleString('en')} events, ${inBytes(bytes)}, will be deleted for good.`,
  );
  const deleted = await store.deleteIndices({ names });
  await show({ deleted, documents, bytes }, () => deleted.map((name) => `deleted ${name}\n`).join(''));
  return 0;
}

const shortened = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names[0]} … ${names.at(-1)}`;

/** @throws MillraceError unless the answer is yes */
async function confirm(given: SplitArguments, question: string): Promise<void> {
  if (given.has('--yes')) return;
  if (process.stdin.isTTY !== true)
    throw usageError(`${question} Give --yes to do it without a question`, 'store');
  const answer = await ask(`${question} Type yes to go on: `);
  if (answer.trim().toLowerCase() !== 'yes') throw new MillraceError('ERR_USAGE', 'nothing was done');
}

async function retention({ store, words: [what, file], given, show }: Context): Promise<number> {
  const [found, current] = await Promise.all([store.indices({ names: [] }), store.retention()]);
  const wanted = file === undefined ? undefined : rulesOf(file);
  const rules = wanted ? [...current.filter(({ isFixed }) => isFixed), ...wanted] : current;
  const rows = indexRows(found, rules);
  const due = rows.filter((row) => row.due !== undefined);
  if (what === 'set') {
    const bytes = due.reduce((sum, row) => sum + row.bytes, 0);
    if (due.length > 0)
      await confirm(given, `These rules delete ${due.length} indices, ${inBytes(bytes)}, at once.`);
    await store.setRetention(rules);
    await show({ rules, deleted: due.map(({ name }) => name) }, () => retentionText(rules, rows));
  } else if (what === 'try') await show({ rules, due }, () => dueText(rules, due));
  else await show({ rules, indices: rows }, () => retentionText(rules, rows));
  return 0;
}

function rulesOf(file: string): ReturnType<typeof retentionRules> & object {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8');
  // A piece of logstash.yml does, too.
  const list = /^store\.retention:[^\S\n]*\n([\s\S]*)$/.exec(text.trim())?.[1] ?? text;
  return retentionRules(list) ?? [];
}

/** A plain name is a folder of its own in the one for snapshots; a store that runs knows which that is. */
async function placeOf({ given, isRemote }: Context, text: string): Promise<string> {
  if (text.includes('://') || isAbsolute(text)) return text;
  if (text.startsWith('./') || text.startsWith('../') || text === '.' || text === '..') return resolve(text);
  if (isRemote) return text;
  return resolve(snapshotFolder(await processSettings(given.settings)), text);
}

const chosen = ({ given }: Context): { names: string[] } => ({
  names: (given.value('--index') ?? '').split(',').filter((name) => name !== ''),
});

async function snapshot(context: Context): Promise<number> {
  const { store, words, show } = context;
  const target = await placeOf(context, words[0]!);
  const made = await watchTasks(store, store.snapshot(target, chosen(context)));
  await show(
    { target, ...made },
    () => `${made.indices.length} indices, ${inBytes(made.bytes)}, are in ${target}\n`,
  );
  return 0;
}

async function snapshots(context: Context): Promise<number> {
  const { store, words, show } = context;
  if (words[0] === 'delete') return deleteSnapshots(context, words.slice(1));
  const found = await store.snapshots(await placeOf(context, words[0] ?? ''));
  await show(found, () => snapshotTable(found));
  return 0;
}

async function deleteSnapshots(context: Context, names: readonly string[]): Promise<number> {
  const { store, given, show } = context;
  await confirm(
    given,
    `${names.length === 1 ? `the snapshot ${names[0]}` : `${names.length} snapshots (${shortened(names)})`} will be deleted for good.`,
  );
  const deleted: string[] = [];
  for (const name of names) {
    const target = await placeOf(context, name);
    await store.deleteSnapshot(target);
    deleted.push(target);
  }
  await show({ deleted }, () => deleted.map((target) => `deleted ${target}\n`).join(''));
  return 0;
}

async function schedule({ store, words: [what, when], given, show }: Context): Promise<number> {
  if (what === 'off') await store.setSnapshotSchedule(undefined);
  else if (what === 'set')
    await store.setSnapshotSchedule({
      when: when!,
      place: given.value('--place') ?? '',
      keep: Number(given.value('--keep') ?? 7),
    });
  const { snapshotSchedule: now } = await store.status();
  await show(now ?? null, () => scheduleText(now));
  return now?.last?.problem === undefined ? 0 : 1;
}

async function restore(context: Context): Promise<number> {
  const { store, words, given, show } = context;
  const prefix = given.value('--prefix');
  const done = await watchTasks(
    store,
    store.restore(await placeOf(context, words[0]!), {
      indices: chosen(context),
      ...(prefix !== undefined && {
        renamePattern: '^(.*)$',
        renameReplacement: `${prefix.replaceAll('$', '$$$$')}$1`,
      }),
    }),
  );
  await show(done, () =>
    done.indices.length === 0
      ? 'the snapshot has no such index\n'
      : done.indices.map((name) => `restored ${name}\n`).join(''),
  );
  return 0;
}

async function archive({ store, words: [what, ...names], show }: Context): Promise<number> {
  if (what !== undefined) {
    const isBack = what === 'back';
    const moved = await watchTasks(store, isBack ? store.unarchive({ names }) : store.archive({ names }));
    await show(
      moved,
      () =>
        `${moved.indices.length} indices, ${inBytes(moved.bytes)}, ${isBack ? 'came back from' : 'moved to'} the archive\n`,
    );
    return 0;
  }
  const [{ archive: place }, rows] = await Promise.all([store.status(), rowsOf(store)]);
  const there = rows.filter((row) => row.archivedBytes > 0);
  await show({ archive: place ?? null, indices: there }, () =>
    place === undefined
      ? 'there is no archive: store.archive.path is not set\n'
      : `${place.path}: ${place.isThere ? '' : 'NOT THERE, is it mounted? '}${there.length} indices, ${inBytes(place.bytes)}\n${there.length > 0 ? indexTable(there) : ''}`,
  );
  return 0;
}

async function verify({ store, signal, show }: Context): Promise<number> {
  const result = await watchTasks(store, store.verify(signal));
  const { segments, bytes, away, damaged } = result;
  await show(result, () =>
    [
      `${segments.toLocaleString('en')} files, ${inBytes(bytes)}, read`,
      ...(away > 0 ? [`${away} are in the archive, which is not there`] : []),
      ...damaged.map(
        ({ file, reason, index, documents }) =>
          `DAMAGED ${file}: ${reason}${index === undefined ? '' : `; ${documents?.toLocaleString('en')} events of ${index} are left out of searches`}`,
      ),
      damaged.length > 0
        ? 'Restore what is damaged from a snapshot: millrace store restore.'
        : 'The store is sound.',
      '',
    ].join('\n'),
  );
  return damaged.length > 0 ? 1 : 0;
}
