import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { decodeEvent } from '../../event/event-encoding.ts';
import { isoFromMillis } from '../../event/timestamp.ts';
import type { Event } from '../../kernel/event-types.ts';
import { type Block, type Decoder, defineInput, type Intake, type Peer } from '../../kernel/plugin.ts';
import { decodePayload } from '../../queue/dead-letter-entry.ts';
import { DeadLetterFollower } from '../../queue/dead-letter-follower.ts';
import { DeadLetterPositions } from '../../queue/dead-letter-positions.ts';
import { deadLetterDirectory } from '../../queue/dead-letter-segments.ts';

/** Milliseconds between two looks for new entries. */
const POLL = 200;

export const deadLetterQueue = defineInput({
  kind: 'input',
  name: 'dead_letter_queue',
  summary:
    'Reads the events that outputs of a pipeline rejected, or that a condition could not be evaluated for.',
  options: {
    path: {
      type: 'string',
      required: true,
      description: 'Directory of the dead letter queues: what `path.dead_letter_queue` says there.',
    },
    pipeline_id: {
      type: 'string',
      default: 'main',
      description: 'The pipeline whose dead letters are read.',
    },
    commit_offsets: {
      type: 'boolean',
      default: true,
      description:
        'Remember how far it came, so that a start goes on from there; otherwise all is read again.',
    },
    sincedb_path: {
      type: 'string',
      description:
        'File that keeps the positions. By default in `path.data/plugins/inputs/dead_letter_queue`, named after `path` and `pipeline_id`.',
    },
    start_timestamp: {
      type: 'string',
      description:
        'Pass over entries before this ISO 8601 time: `2026-11-20T10:00:00`. Without a zone it is UTC. Segments with a remembered position go on from there.',
    },
    clean_consumed: {
      type: 'boolean',
      default: false,
      description: 'Remove segments when every output has taken all their events.',
    },
    exit_after_read: {
      type: 'boolean',
      default: false,
      description: 'End when what was there at the start is read.',
    },
  },
  socketOptions: [
    'path',
    'pipeline_id',
    'commit_offsets',
    'sincedb_path',
    'start_timestamp',
    'clean_consumed',
    'exit_after_read',
  ],
  examples: [
    {
      title: 'Events that a mapping refused, as text',
      config:
        'dead_letter_queue { path => "/var/lib/millrace/dead_letter_queue" pipeline_id => "siem" clean_consumed => true }',
    },
    {
      title: 'What was refused since this morning, once',
      config:
        'dead_letter_queue { path => "/var/lib/millrace/dead_letter_queue" start_timestamp => "2026-11-20T06:00:00" commit_offsets => false exit_after_read => true }',
    },
  ],
  differences: [
    'It reads queues that Millrace wrote, of every output; files of Logstash (`1.log`) are not read.',
    'Positions are remembered when every output has taken the events, not when they were read.',
    'Entries can be read as soon as they are written, not after `dead_letter_queue.flush_interval`.',
    'A directory that is not there yet is waited for.',
    'An event that is refused again goes to the dead letter queue of the pipeline that read it; only a pipeline that reads its own queue drops it, counts it and says so.',
    '`exit_after_read` is Millrace’s own.',
  ],
  validate(options, report) {
    if (options.clean_consumed && !options.commit_offsets)
      report('error', 'clean_consumed', 'needs `commit_offsets`', 'remove commit_offsets => false');
    const { start_timestamp: start } = options;
    if (start !== undefined && Number.isNaN(parseStart(start)))
      report(
        'error',
        'start_timestamp',
        `\`${start}\` is no ISO 8601 time`,
        'for example 2026-11-20T10:00:00',
      );
  },
  createIntake(options, context): Intake {
    const { writer, logger } = context;
    const directory = deadLetterDirectory(resolve(options.path), options.pipeline_id);
    const peer: Peer = { key: `dead letters of ${options.pipeline_id}` };
    let follower: DeadLetterFollower | undefined;
    let positions: DeadLetterPositions | undefined;
    let wake: (() => void) | undefined;
    let stopped = false;

    const take = async (payloads: readonly Buffer[], delivered: () => void): Promise<void> => {
      if (stopped) return;
      let hasRoom = true;
      if (payloads.length > 0) {
        const ends = new Int32Array(payloads.length);
        let end = 0;
        for (const [index, payload] of payloads.entries()) ends[index] = end += payload.length;
        hasRoom = writer.records(peer, Buffer.concat(payloads, end), ends);
      }
      writer.whenDelivered(delivered);
      if (!hasRoom) await Promise.race([writer.ready(), untilStopped]);
    };
    let stop: () => void = () => {};
    const untilStopped = new Promise<void>((done) => {
      stop = done;
    });
    let notRead: string | undefined;
    let notRemembered: string | undefined;
    const say = (): void => context.health(notRead ?? notRemembered);
    const run = async (): Promise<void> => {
      while (!stopped) {
        let found = false;
        try {
          found = await follower!.pass();
          if (notRead !== undefined) {
            notRead = undefined;
            say();
          }
        } catch (error) {
          notRead = (error as Error).message;
          logger.error({ directory }, `dead letters can not be read: ${notRead}`);
          say();
        }
        if (stopped) return;
        if (options.exit_after_read && notRead === undefined) {
          context.finished();
          return;
        }
        if (!found)
          await new Promise<void>((done) => {
            const timer = setTimeout(done, POLL);
            wake = () => {
              clearTimeout(timer);
              done();
            };
          });
      }
    };
    return {
      async open(signal) {
        if (stopped || signal.aborted) return;
        const name = `.sincedb_${createHash('md5').update(`${options.path},${options.pipeline_id}`).digest('hex')}`;
        const path = options.commit_offsets
          ? (options.sincedb_path ?? join(context.dataPath, name))
          : undefined;
        positions = new DeadLetterPositions(path, logger, (problem) => {
          notRemembered = problem;
          say();
        });
        follower = new DeadLetterFollower({
          directory,
          positions,
          startTime: options.start_timestamp === undefined ? 0 : parseStart(options.start_timestamp),
          cleans: options.clean_consumed,
          logger,
          take,
        });
        void run();
      },
      update() {},
      async close() {
        stopped = true;
        follower?.stop();
        wake?.();
        stop();
        positions?.close();
      },
    };
  },
  createDecoder(_options, context): Decoder {
    return {
      decode(block: Block, emit: (event: Event) => void) {
        let start = 0;
        for (let at = 0; at < block.runs.length; at += 4) {
          const stop = block.runs[at + 2]!;
          const letter = decodePayload(block.bytes.subarray(start, stop));
          start = stop;
          const event = decodeEvent(letter.eventText);
          event.metadata = {
            ...event.metadata,
            dead_letter_queue: {
              entry_time: isoFromMillis(letter.entryTime),
              plugin_id: letter.pluginId,
              plugin_type: letter.pluginName,
              reason: letter.reason,
            },
          };
          context.decorate(event);
          emit(event);
        }
      },
    };
  },
});

/** Milliseconds since the epoch, or NaN. Without a zone: UTC. */
function parseStart(text: string): number {
  if (!/^\d{4}-\d\d-\d\d([T ]|$)/.test(text)) return Number.NaN;
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d|^.{10})$/i.test(text) ? text : `${text}Z`);
}
