/** Makes the queue that a pipeline's settings ask for. */
import { join } from 'node:path';
import { PersistedQueue, type PersistedQueueOptions } from '../queue/persisted-queue.ts';
import { MemoryQueue, type Queue } from '../queue/queue.ts';
import { ThreadDisk } from '../queue/queue-disk.ts';
import type { Compression } from '../queue/queue-record.ts';
import type { PipelineSettings } from './messages.ts';

/** Blocks waiting for a worker before senders must wait, and their bytes. */
export const QUEUE_BLOCKS = 64;
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

/** Where a pipeline's queue is: `path.queue`, or `queue` in `path.data`, and the pipeline's id. */
export function queueFolder(id: string, settings: PipelineSettings): string {
  const base = (settings.all['path.queue'] as string | undefined) ?? join(settings.dataPath, 'queue');
  return join(base, id);
}
