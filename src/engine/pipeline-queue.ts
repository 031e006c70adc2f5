/** The queue that a pipeline's settings ask for: made, opened, handed over to a new version. */
import type { Logger } from '../kernel/logger.ts';
import type { Admission } from '../queue/admission.ts';
import { PersistedQueue, type PersistedQueueOptions } from '../queue/persisted-queue.ts';
import { MemoryQueue, type Queue } from '../queue/queue.ts';
import { ThreadDisk } from '../queue/queue-disk.ts';
import type { Compression } from '../queue/queue-record.ts';
import type { Bind } from '../queue/waiting-blocks.ts';
import type { PipelineSettings, PipelineSpec } from './messages.ts';
import { queueFolder } from './queue-folder.ts';

/** Blocks waiting for a worker before senders must wait, and their bytes. */
const QUEUE_BLOCKS = 64;
const QUEUE_BYTES = 64 * 1024 * 1024;

type Host = Pick<PersistedQueueOptions, 'pool' | 'nextBlockId' | 'changed' | 'problem' | 'lost'>;

/** A persisted queue has to be opened. */
export function makeQueue(id: string, settings: PipelineSettings, host: Host): Queue | PersistedQueue {
  const { queueMaxEvents, queueType } = settings;
  if (queueType === 'memory')
    return new MemoryQueue({ blocks: QUEUE_BLOCKS, bytes: QUEUE_BYTES, events: queueMaxEvents });
  const get = <T>(name: string, initial: T): T => (settings.all[name] as T | undefined) ?? initial;
  const compression = get<string>('queue.compression', 'none');
  const disk = new ThreadDisk({
    folder: queueFolder(id, settings),
    pageCapacity: get('queue.page_capacity', 64 * 1024 * 1024),
    compression: compression === 'disabled' ? 'none' : (compression as Compression),
  });
  const writes = get<number>('queue.checkpoint.writes', 1024);
  return new PersistedQueue({
    ...host,
    disk,
    maxEvents: queueMaxEvents,
    maxBytes: get('queue.max_bytes', 1024 * 1024 * 1024),
    // 0 means no limit in Logstash; the interval bounds it.
    checkpointWrites: writes === 0 ? Infinity : writes,
    checkpointInterval: get('queue.checkpoint.interval', 1000) || 1000,
  });
}

/** Reads what a former run left, and says what was found. */
export async function openQueue(queue: PersistedQueue, spec: PipelineSpec, logger: Logger): Promise<void> {
  const { waiting, torn, damaged } = await queue.open(bindTo(spec));
  const fields = { pipeline: spec.id, queue: queueFolder(spec.id, spec.settings) };
  if (queue.unacknowledged > 0)
    logger.info(
      fields,
      `${queue.unacknowledged} events of the last run wait in the queue (${waiting.length} blocks)`,
    );
  if (torn > 0)
    logger.info(
      fields,
      `${torn} bytes of a write that was under way were cut from the queue; their sender had no answer`,
    );
  for (const { file, at, bytes } of damaged)
    logger.error(
      fields,
      `the queue is damaged: ${bytes} bytes of ${file} from ${at} on can not be read and are left out`,
    );
  reportOrphans(queue, spec, logger);
}

/** What waits goes on in the new version. */
export function handOver(
  queue: PersistedQueue,
  admission: Admission,
  before: PipelineSpec,
  after: PipelineSpec,
  logger: Logger,
): void {
  queue.rebind(bindTo(after));
  admission.rebind(bindTo(after));
  reportOrphans(queue, after, logger);
  if (queueSettings(before) !== queueSettings(after))
    logger.warn(
      { pipeline: after.id },
      'changed settings of the queue are in force after a restart of the process',
    );
}

function reportOrphans(queue: PersistedQueue, { id }: PipelineSpec, logger: Logger): void {
  if (queue.orphanedRecords === 0) return;
  logger.error(
    { pipeline: id },
    `${queue.orphanedRecords} events in the queue came from an input that is no longer in the config: they are kept until one of its kind is there again`,
  );
}

/** Blocks go to the input they came from, or else to the first of its kind. */
export function bindTo({ graph, version }: PipelineSpec): Bind {
  return ({ node, plugin }) => {
    let input = graph.inputs.findIndex(({ id }) => id === node);
    if (input < 0) input = graph.inputs.findIndex(({ name }) => name === plugin);
    return input < 0 ? undefined : { input, version };
  };
}

/** Settings that a running queue does not take over. */
function queueSettings({ settings }: PipelineSpec): string {
  const entries = Object.entries(settings.all);
  return JSON.stringify(entries.filter(([name]) => name.startsWith('queue.') && name !== 'queue.drain'));
}
