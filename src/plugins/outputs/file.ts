import { existsSync } from 'node:fs';
import { fieldsRead } from '../../event/sprintf.ts';
import type { Event } from '../../kernel/event-types.ts';
import { defineOutput, type WriteFailure } from '../../kernel/plugin.ts';
import { BatchEncoder } from '../../lib/encode-batch.ts';
import { OutputFiles } from '../../lib/files/output-files.ts';
import { outputPath, startsDynamic } from '../../lib/files/output-path.ts';

export const file = defineOutput({
  kind: 'output',
  name: 'file',
  summary: 'Writes events to files, whose names may depend on the events.',
  options: {
    path: {
      type: 'string',
      required: true,
      description:
        'The file; sprintf allowed, except in the first folder of the path: `/var/log/%{host}/%{+yyyy-MM-dd}.log`.',
    },
    flush_interval: {
      type: 'number',
      default: 2,
      description: 'Has no effect: every batch is written when it comes, and nothing is held back.',
    },
    gzip: {
      type: 'boolean',
      default: false,
      description: 'Compress; every batch becomes a gzip member of its own, so that a crash spoils none.',
    },
    filename_failure: {
      type: 'string',
      default: '_filepath_failures',
      description:
        'Name of the file, in the part of the path that is the same for all events, for events whose path would leave that part or can not be a file.',
    },
    create_if_deleted: {
      type: 'boolean',
      default: true,
      description: 'Make the file again when it was deleted; otherwise events go to `filename_failure`.',
    },
    dir_mode: {
      type: 'number',
      default: -1,
      description: 'Mode of folders that are made, its digits octal: 0750. -1: the default of the system.',
    },
    file_mode: {
      type: 'number',
      default: -1,
      description: 'Mode of files that are made, its digits octal: 0640. -1: the default of the system.',
    },
    write_behavior: {
      type: 'string',
      oneOf: ['append', 'overwrite'],
      default: 'append',
      description: '`overwrite`: the file holds only the most recent event.',
    },
    stale_cleanup_interval: {
      type: 'number',
      default: 10,
      description: 'Seconds after which files that got no event are closed.',
    },
  },
  examples: [
    { title: 'One file an hour', config: 'file { path => "/var/log/events/%{+yyyy-MM-dd-HH}.json" }' },
    {
      title: 'Only the message, one file a host',
      config: 'file { path => "/var/log/hosts/%{host}.log" codec => line { format => "%{message}" } }',
    },
  ],
  differences: [
    'Batches are written at once; `flush_interval` is accepted and has no effect.',
    'A file that was renamed or replaced (logrotate) is opened again by its name.',
    'Half a record that a killed process left at the end of a file is ended, so that it spoils no other.',
    'The digits of `dir_mode` and `file_mode` are octal (0750 is rwxr-x---), as the documentation of Logstash shows.',
    'Paths that can not be a file (too long, a folder, a NUL character) go to `filename_failure` too.',
  ],
  defaultCodec: 'json_lines',
  concurrency: ({ write_behavior }) => (write_behavior === 'overwrite' ? 'shared' : 'worker'),
  reads: ({ path }) => fieldsRead(path),
  validate(options, report) {
    if (startsDynamic(options.path))
      report('error', 'path', 'the first folder of the path must be the same for all events');
    for (const name of ['dir_mode', 'file_mode'] as const) {
      if (options[name] !== -1 && octal(options[name]) === undefined)
        report('error', name, `\`${options[name]}\` is no mode`, 'write its octal digits, such as 0640');
    }
  },
  create(options, context) {
    const { outputCodec: codec, logger } = context;
    const overwrite = options.write_behavior === 'overwrite';
    const files = new OutputFiles({
      overwrite,
      gzip: options.gzip,
      onlyWriter: context.workers === 1,
      dirMode: octal(options.dir_mode),
      fileMode: octal(options.file_mode),
      delimiter: codec.delimiter,
      staleAfter: options.stale_cleanup_interval * 1000,
    });
    const { pathOf, failurePath, fixedPath } = outputPath(options.path, options.filename_failure);
    const refused = (path: string, why: string): string => {
      logger.warn({ path, written_to: failurePath }, `events can not be written to their file: ${why}`);
      return failurePath;
    };
    const mustExist = (path: string): string =>
      options.create_if_deleted || existsSync(path) ? path : refused(path, 'it does not exist');

    /** Writes the events of one file; to the failure file if theirs can not be one. */
    const put = (path: string, bytes: Buffer, signal: AbortSignal): Promise<void> | undefined => {
      try {
        return files.write(path, bytes, signal);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (!IMPOSSIBLE.has(String(code)) || path === failurePath)
          throw message.includes(path) ? error : new Error(`${path}: ${message}`, { cause: error });
        return files.write(refused(path, message), bytes, signal);
      }
    };
    const encoder = new BatchEncoder(codec);
    /** Encodes and writes; the memory is used again unless a slow pipe still reads it. */
    const putEvents = (
      path: string,
      events: readonly Event[],
      signal: AbortSignal,
    ): Promise<void> | undefined => {
      const waiting = put(path, encoder.encode(overwrite ? events.slice(-1) : events), signal);
      if (waiting !== undefined) encoder.release();
      return waiting;
    };

    return {
      // A full queue, pipe or terminal is waited for.
      timeLimit: 'none',
      write(events, signal) {
        if (fixedPath !== undefined)
          return putEvents(mustExist(fixedPath), events, signal)?.then(() => undefined);
        const failures: WriteFailure[] = [];
        const waiting: Promise<void>[] = [];
        for (const [path, group] of grouped(events, pathOf, refused)) {
          const fail = (error: unknown): void => {
            const reason = (error as Error).message;
            for (const index of group.indexes) failures.push({ index, kind: 'retry', reason });
          };
          try {
            const written = putEvents(mustExist(path), group.events, signal);
            if (written !== undefined) waiting.push(written.catch(fail));
          } catch (error) {
            fail(error);
          }
        }
        return waiting.length === 0 ? failures : Promise.all(waiting).then(() => failures);
      },
      ...(fixedPath !== undefined && codec.encodesMessageLine && !overwrite
        ? {
            writeLines: (bytes: Buffer, _count: number, signal: AbortSignal) =>
              put(mustExist(fixedPath), bytes, signal),
          }
        : {}),
      async close() {
        files.close();
      },
    };
  },
});

/** What open(2) says of names that can be no file. */
const IMPOSSIBLE = new Set([
  'ENAMETOOLONG',
  'EISDIR',
  'ENOTDIR',
  'EINVAL',
  'ELOOP',
  'EEXIST',
  'ERR_INVALID_ARG_VALUE',
]);

interface Group {
  readonly events: Event[];
  readonly indexes: number[];
}

/** The events of each file, in order, with their indexes in the batch. */
function grouped(
  events: readonly Event[],
  pathOf: (event: Event) => string | undefined,
  refused: (path: string, why: string) => string,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  let lastPath: string | undefined;
  let group: Group | undefined;
  for (let index = 0; index < events.length; index++) {
    const event = events[index]!;
    const path = pathOf(event);
    // Most events of a batch go to the file of the one before.
    if (group === undefined || path !== lastPath) {
      lastPath = path;
      const target = path ?? refused('', 'the path of the event leaves the part that is the same for all');
      group = groups.get(target);
      if (group === undefined) groups.set(target, (group = { events: [], indexes: [] }));
    }
    group.events.push(event);
    group.indexes.push(index);
  }
  return groups;
}

/** The mode that decimal digits show in octal; undefined for -1 and for what is no mode. */
function octal(mode: number): number | undefined {
  const digits = String(mode);
  return /^[0-7]{1,4}$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}
