import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { NestedPlugin } from '../../kernel/options.ts';
import { type Codec, defineInput } from '../../kernel/plugin.ts';
import { Sincedb } from '../../lib/files/sincedb.ts';
import { FileWatcher } from '../../lib/files/watcher.ts';
import { createRecordDecoder } from '../../lib/record-decoder.ts';
import { delimiterIn, encodingFor } from '../../lib/text/charset.ts';
import { withDelimiter } from '../../lib/text/codec-delimiter.ts';

/** Bytes and number of chunks of one turn when nothing else is said: practically the whole file. */
const CHUNK_SIZE = 32_768;
const CHUNK_COUNT = 4_611_686_018_427_388_000;
const DAY = 86_400;

export const file = defineInput({
  kind: 'input',
  name: 'file',
  cutsLines: true,
  plainRecords: true,
  summary: 'Follows files as they grow, or reads complete ones; remembers how far it came.',
  ecs: true,
  options: {
    path: {
      type: 'array',
      required: true,
      description: 'Absolute paths or patterns: `/var/log/*.log`, `/var/log/**/{a,b}*.log`.',
    },
    exclude: {
      type: 'array',
      default: [],
      description: 'Patterns of file names (without folders) to leave out: `*.gz`.',
    },
    mode: {
      type: 'string',
      oneOf: ['tail', 'read'],
      default: 'tail',
      description:
        '`tail` follows files; `read` reads complete files, `.gz` ones too, once from their beginning.',
    },
    start_position: {
      type: 'string',
      oneOf: ['beginning', 'end'],
      default: 'end',
      description:
        'Where to begin with files that are there at the start and not in the sincedb. Files that appear later are read from their beginning.',
    },
    delimiter: { type: 'string', default: '\n', description: 'What ends a line.' },
    stat_interval: {
      type: 'duration',
      default: 1,
      description: 'How often known files are looked at; seconds unless a unit is given.',
    },
    discover_interval: {
      type: 'number',
      default: 15,
      min: 1,
      description: 'The patterns are expanded again after so many times `stat_interval`.',
    },
    sincedb_path: {
      type: 'string',
      description:
        'File that keeps the positions; `/dev/null` for none. By default in `path.data/plugins/inputs/file`, named after `path`.',
    },
    sincedb_write_interval: {
      type: 'duration',
      default: 15,
      description: 'How often positions are written; seconds unless a unit is given.',
    },
    sincedb_clean_after: {
      type: 'duration',
      unit: 'days',
      default: 14 * DAY,
      description: 'After this time without change a file is forgotten; days unless a unit is given.',
    },
    ignore_older: {
      type: 'duration',
      description:
        'Files last changed longer ago are left alone until they change (tail) or altogether (read); seconds unless a unit is given.',
    },
    close_older: {
      type: 'duration',
      default: 3600,
      description: 'Files without news for so long are closed, and opened again when they grow.',
    },
    max_open_files: {
      type: 'number',
      default: 4095,
      min: 1,
      description: 'How many files are open at once; the others wait.',
    },
    file_chunk_size: {
      type: 'number',
      default: CHUNK_SIZE,
      min: 1,
      description: 'With `file_chunk_count`: bytes read from one file before the next has its turn.',
    },
    file_chunk_count: {
      type: 'number',
      default: CHUNK_COUNT,
      min: 1,
      description: 'See `file_chunk_size`. By default a file is read to its end.',
    },
    file_sort_by: {
      type: 'string',
      oneOf: ['last_modified', 'path'],
      default: 'last_modified',
      description: 'In which order files that were found together are read.',
    },
    file_sort_direction: {
      type: 'string',
      oneOf: ['asc', 'desc'],
      default: 'asc',
      description: 'See `file_sort_by`.',
    },
    file_completed_action: {
      type: 'string',
      oneOf: ['delete', 'log', 'log_and_delete'],
      default: 'delete',
      description: 'Read mode: what to do with a file when every output has taken its events.',
    },
    file_completed_log_path: {
      type: 'string',
      description:
        'File to which the paths of files that are done are added, for `log` and `log_and_delete`.',
    },
    exit_after_read: {
      type: 'boolean',
      default: false,
      description: 'Read mode: the input ends when the files that were there at the start are read.',
    },
    check_archive_validity: {
      type: 'boolean',
      default: false,
      description: 'Read mode: read archives to their end once before, and leave corrupt ones alone.',
    },
  },
  // Everything decides what is read and from where: any change begins anew.
  socketOptions: [
    'path',
    'exclude',
    'mode',
    'start_position',
    'delimiter',
    'stat_interval',
    'discover_interval',
    'sincedb_path',
    'sincedb_write_interval',
    'sincedb_clean_after',
    'ignore_older',
    'close_older',
    'max_open_files',
    'file_chunk_size',
    'file_chunk_count',
    'file_sort_by',
    'file_sort_direction',
    'file_completed_action',
    'file_completed_log_path',
    'exit_after_read',
    'check_archive_validity',
  ],
  examples: [
    {
      title: 'Follow a log from its beginning',
      config: 'file { path => "/var/log/app/*.log" start_position => "beginning" }',
    },
    {
      title: 'Take in archives once, then end',
      config:
        'file { path => "/data/in/*.gz" mode => "read" file_completed_action => "log" file_completed_log_path => "/data/done.txt" exit_after_read => true }',
    },
  ],
  differences: [
    'Positions are remembered when every output has taken the events, not when they were read.',
    'A rotated file is read on under its old name until nothing comes any more, so that no line around the rotation is lost.',
    'The beginning of a line at the end of a file that was deleted or renamed becomes an event.',
    'An archive that can not be read is named once in a warning and left alone until the next start.',
    'Lines of a codec with `charset` UTF-16 or UTF-32 are split where they end.',
    'Archives are split at `delimiter` only, not at carriage returns.',
    'Files are read in chunks of 128 KiB; `file_chunk_size` and `file_chunk_count` decide about turns only.',
  ],
  validate(options, report) {
    for (const path of options.path) {
      if (!isAbsolute(String(path))) report('error', 'path', `the path \`${path}\` is not absolute`);
    }
    if (options.delimiter === '') report('error', 'delimiter', 'the delimiter is empty');
    if (options.exit_after_read && options.mode !== 'read')
      report('error', 'exit_after_read', 'only works in read mode', 'set mode => "read"');
    if (options.file_completed_action !== 'delete' && options.file_completed_log_path === undefined)
      report('error', 'file_completed_log_path', `is needed for \`${options.file_completed_action}\``);
  },
  createIntake(options, context) {
    const { logger } = context;
    const { sincedb_path: given, mode, file_completed_action: action } = options;
    const patterns = options.path.map(String);
    const codec = (options as { readonly codec?: NestedPlugin }).codec;
    const encoding = encodingFor(String(codec?.options['charset'] ?? 'UTF-8')) ?? 'UTF-8';
    const name = `.sincedb_${createHash('md5').update(patterns.join(',')).digest('hex')}`;
    let watcher: FileWatcher | undefined;
    return {
      async open() {
        const sincedb = new Sincedb({
          path: given ?? join(context.dataPath, name),
          writeInterval: options.sincedb_write_interval,
          cleanAfter: options.sincedb_clean_after,
          logger,
          health: (problem) => context.health(problem),
        });
        const completedLog = action === 'delete' ? undefined : options.file_completed_log_path;
        if (mode === 'read' && completedLog !== undefined) appendFileSync(completedLog, '');
        watcher = new FileWatcher(
          {
            writer: context.writer,
            logger,
            sincedb,
            maxRecordBytes: context.maxRecordBytes,
            settings: {
              patterns,
              exclude: options.exclude.map(String),
              startAtBeginning: options.start_position === 'beginning',
              statInterval: options.stat_interval,
              discoverInterval: options.discover_interval,
              ignoreOlder: options.ignore_older,
              closeOlder: options.close_older,
              maxOpenFiles: options.max_open_files,
              turnBytes: options.file_chunk_size * options.file_chunk_count,
              delimiter: Buffer.from(delimiterIn(options.delimiter, encoding)),
              sortBy: options.file_sort_by,
              descending: options.file_sort_direction === 'desc',
            },
          },
          mode === 'tail'
            ? undefined
            : {
                remove: action !== 'log',
                completedLog,
                exitAfterRead: options.exit_after_read,
                checkArchives: options.check_archive_validity,
              },
        );
        await watcher.start(
          () => context.finished(),
          (error) => {
            const reason = (error as Error).message;
            logger.error({ reason }, `files are not watched any more: ${reason}`);
            context.health(`files are not watched any more: ${reason}`);
          },
        );
      },
      // Only called when no option changed.
      update() {},
      async close() {
        await watcher?.close();
      },
    };
  },
  createDecoder(options, context) {
    const host = hostname();
    const ecs = context.ecs !== 'disabled';
    const codec: Codec = withDelimiter(
      context.inputCodec,
      delimiterIn(options.delimiter, context.inputCodec.charset ?? 'UTF-8'),
    );
    return createRecordDecoder(Object.create(context, { inputCodec: { value: codec } }), [
      { reference: '[@metadata][path]', value: (peer) => peer['path'] as string },
      { reference: '[@metadata][host]', value: () => host },
      { reference: ecs ? '[host][name]' : 'host', value: () => host },
      { reference: ecs ? '[log][file][path]' : 'path', value: (peer) => peer['path'] as string },
    ]);
  },
});
