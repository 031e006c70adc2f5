/** `millrace queue`: looks into the folder of a persisted queue, mends it, empties it. */
import { existsSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decodeEvent } from '../event/event-encoding.ts';
import { MillraceError } from '../kernel/errors.ts';
import { lockFolder, lockOwner } from '../kernel/folder-lock.ts';
import { RunKind } from '../kernel/plugin.ts';
import { RealFiles } from '../queue/queue-files.ts';
import type { StoredBlock } from '../queue/queue-record.ts';
import { type QueueReport, reportQueue } from '../queue/queue-report.ts';
import { SegmentStore } from '../queue/segment-store.ts';

/** The text of --help. */
export const help = `Usage: millrace queue COMMAND DIR

DIR is the folder of one persisted queue: path.queue (or path.data/queue), and the pipeline's id in it.

  inspect DIR          says what is in the queue: files, waiting events, by input and time
  verify DIR           reads every record; exit 1 if something is damaged
  repair DIR           cuts a torn tail, sets damaged files aside, removes what is delivered
  drain DIR [--keep]   writes the waiting records, as they came, to standard output, and removes
                       them from the queue; --keep leaves them there

inspect and verify change nothing and work while the queue is in use; repair and drain need it to themselves.

  millrace queue inspect /var/lib/logstash/queue/main
  millrace queue drain /var/lib/logstash/queue/main > rescued.log
`;

export function queueCommand(argv: readonly string[]): number {
  const words = argv.filter((word) => !word.startsWith('-'));
  const flags = argv.filter((word) => word.startsWith('-'));
  const [command, folder, ...rest] = words;
  if (command === undefined || command === 'help' || flags.some((flag) => ['--help', '-h'].includes(flag))) {
    process.stdout.write(help);
    return 0;
  }
  if (!['inspect', 'verify', 'repair', 'drain'].includes(command))
    throw usage(`there is no queue command ${command}`);
  const unknown = flags.find((flag) => !(flag === '--keep' && command === 'drain')) ?? rest[0];
  if (unknown !== undefined) throw usage(`unknown argument ${unknown}`);
  if (folder === undefined) throw usage(`queue ${command} needs the folder of a queue`);
  const path = resolve(folder);
  if (!existsSync(path)) throw new MillraceError('ERR_IO', `there is no folder ${path}`);
  const files = new RealFiles(path);
  if (!files.list().some((name) => name === 'acks' || name === 'lock' || name.startsWith('segment-')))
    throw new MillraceError(
      'ERR_IO',
      `${path} holds no queue: the folder of a queue is path.queue and the pipeline's id, for example ${join(path, 'main')}`,
    );
  try {
    if (command === 'inspect') return inspect(files);
    if (command === 'verify') return verify(files);
    return alone(path, () => (command === 'repair' ? repair(files) : drain(files, flags.includes('--keep'))));
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new MillraceError('ERR_IO', (error as Error).message);
  }
}

const usage = (text: string): MillraceError =>
  new MillraceError('ERR_USAGE', `${text}. See "millrace queue --help".`);

/** While no other process uses the queue. */
function alone(path: string, work: () => number): number {
  const unlock = lockFolder(path, `the queue in ${path}`);
  try {
    return work();
  } finally {
    unlock();
  }
}

const number = (value: number): string => value.toLocaleString('en');
const bytes = (value: number): string =>
  value < 10_240
    ? `${number(value)} bytes`
    : value < 10_485_760
      ? `${number(Math.round(value / 1024))} KiB`
      : `${number(Math.round(value / 1_048_576))} MiB`;

function inspect(files: RealFiles): number {
  const report = reportQueue(files);
  const owner = lockOwner(files.folder);
  const lines = [
    `Queue ${files.folder}`,
    owner === undefined ? 'not in use' : `in use by process ${owner}`,
    waitingLine(report),
  ];
  const bySource = new Map<string, { events: number; blocks: number }>();
  for (const { node, plugin, count } of report.waiting) {
    const key = `${plugin} (${node})`;
    const sum = bySource.get(key) ?? { events: 0, blocks: 0 };
    bySource.set(key, { events: sum.events + count, blocks: sum.blocks + 1 });
  }
  for (const [source, { events, blocks }] of bySource)
    lines.push(`  from input ${source}: ${number(events)} events in ${number(blocks)} blocks`);
  if (report.waiting.length > 0) {
    const times = report.waiting.map((each) => each.receivedAt);
    const time = (at: number): string => new Date(at).toISOString();
    lines.push(
      `  received ${time(times.reduce((a, b) => Math.min(a, b)))} to ${time(times.reduce((a, b) => Math.max(a, b)))}`,
    );
  }
  for (const { name, bytes: size, blocks, waitingBlocks, waitingEvents } of report.segments)
    lines.push(
      `${name}  ${bytes(size)}, ${number(blocks)} blocks, ${waitingBlocks === 0 ? 'all delivered' : `${number(waitingBlocks)} waiting with ${number(waitingEvents)} events`}`,
    );
  lines.push(...damageLines(report));
  print(lines);
  return 0;
}

const waitingLine = ({ waiting }: QueueReport): string =>
  waiting.length === 0
    ? 'no events wait'
    : `${number(waiting.reduce((sum, { count }) => sum + count, 0))} events wait, ${bytes(waiting.reduce((sum, { length }) => sum + length, 0))}`;

function damageLines({ segments, damagedAcks, setAside }: QueueReport): string[] {
  const lines = segments.flatMap(({ name, damaged, unreadable }) =>
    damaged.map(({ at, bytes: size, tail }) =>
      unreadable && !tail
        ? `DAMAGED ${name}: its header can not be read, and so none of its ${bytes(size)}`
        : tail
          ? `${name}: the last ${bytes(size)}, from ${number(at)} on, are no whole record: a write that was under way`
          : `DAMAGED ${name}: ${bytes(size)} from ${number(at)} on can not be read`,
    ),
  );
  if (damagedAcks > 0)
    lines.push(
      `DAMAGED acks: ${number(damagedAcks)} entries can not be read; what they name is delivered again`,
    );
  for (const name of setAside) lines.push(`${name}: set aside, because a part of it could not be read`);
  return lines;
}

const hasDamage = ({ segments, damagedAcks }: QueueReport): boolean =>
  damagedAcks > 0 || segments.some(({ damaged }) => damaged.some(({ tail }) => !tail));

function verify(files: RealFiles): number {
  const report = reportQueue(files);
  const blocks = report.segments.reduce((sum, segment) => sum + segment.blocks, 0);
  const damaged = hasDamage(report);
  print([
    `${number(report.segments.length)} files with ${number(blocks)} blocks read, ${waitingLine(report)}`,
    ...damageLines(report),
    damaged
      ? 'The queue is damaged. "millrace queue repair" sets the damaged parts aside.'
      : 'The queue is sound.',
  ]);
  return damaged ? 1 : 0;
}

function repair(files: RealFiles): number {
  const before = reportQueue(files);
  const { store, recovery } = SegmentStore.open(files, { pageCapacity: Infinity, compression: 'none' });
  // What is sound in a damaged file moves to a new one.
  const moved = before.segments
    .filter(({ damaged }) => damaged.some(({ tail }) => !tail))
    .reduce((sum, { waitingBlocks }) => sum + waitingBlocks, 0);
  if (moved > 0)
    store.rewrite(before.segments.filter(({ damaged }) => damaged.length > 0).map(({ name }) => name));
  store.close();
  const after = reportQueue(files);
  print([
    ...(recovery.torn > 0 ? [`cut ${bytes(recovery.torn)} of a write that was under way`] : []),
    ...after.setAside.filter((name) => !before.setAside.includes(name)).map((name) => `set aside ${name}`),
    ...(before.damagedAcks > 0 ? ['wrote the acknowledgements anew'] : []),
    ...(before.segments.length > after.segments.length
      ? [`removed ${number(before.segments.length - after.segments.length)} files`]
      : []),
    hasDamage(after) ? 'The queue is still damaged.' : `The queue is sound: ${waitingLine(after)}.`,
  ]);
  return hasDamage(after) ? 1 : 0;
}

function drain(files: RealFiles, keep: boolean): number {
  const { store, recovery } = SegmentStore.open(files, { pageCapacity: Infinity, compression: 'none' });
  let events = 0;
  let damaged = 0;
  try {
    for (const { sequence, count } of recovery.waiting) {
      const block = store.read(sequence);
      if (block === undefined) {
        damaged += count;
        continue;
      }
      writeAll(rawRecords(block));
      events += count;
      if (!keep) store.acknowledge([sequence, sequence]);
    }
  } finally {
    store.close();
  }
  process.stderr.write(
    `${number(events)} events written${keep ? ', and still in the queue' : ' and removed from the queue'}${damaged > 0 ? `; ${number(damaged)} could not be read` : ''}\n`,
  );
  return damaged > 0 ? 1 : 0;
}

/**
 * Lines as they are, and every other record with a newline behind it; of the generator's its message, of events from
 * other pipelines (and in disk buffers) their fields as JSON.
 */
function rawRecords({ plugin, runs, bytes: all, peers }: StoredBlock): Buffer {
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < runs.length; at += 4) {
    const [kind, end] = [runs[at]!, runs[at + 2]!];
    const piece = all.subarray(start, end);
    start = end;
    if (kind === RunKind.virtual) {
      const message = String(peers[runs[at + 1]!]?.['message'] ?? '');
      pieces.push(Buffer.from(`${message}\n`.repeat(runs[at + 3]!)));
    }
    if (piece.length === 0) continue;
    pieces.push(plugin === 'pipeline' ? fieldsOf(piece) : piece);
    if (kind === RunKind.record && piece.at(-1) !== 10) pieces.push(NEWLINE);
  }
  return Buffer.concat(pieces);
}

function fieldsOf(encoded: Uint8Array): Buffer {
  return Buffer.from(JSON.stringify(decodeEvent(Buffer.from(encoded).toString()).fields));
}

const NEWLINE = Buffer.from('\n');

function writeAll(text: Buffer): void {
  for (let at = 0; at < text.length; ) {
    try {
      at += writeSync(1, text, at);
    } catch (error) {
      // A pipe whose reader is slow.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
