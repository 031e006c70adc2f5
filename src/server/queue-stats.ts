/** The queues of one pipeline in `/_node/stats/pipelines`: the one before its workers, and that of dead letters. */
import { readFileSync, realpathSync, statfsSync } from 'node:fs';
import type { DeadLetterState } from '../engine/dead-letters.ts';
import type { QueueState } from '../engine/messages.ts';
import type { PipelineStatus } from '../engine/pipeline-status.ts';
import { queueFolder } from '../engine/queue-folder.ts';

type Json = Record<string, unknown>;

export function queueStats(status: PipelineStatus, queue: QueueState | undefined): Json {
  const { settings } = status.config;
  const [events, bytes, maxBytes] = [queue?.events ?? 0, queue?.bytes ?? 0, queue?.maxBytes ?? 0];
  const type = queue?.type ?? settings.queueType;
  const persisted = type === 'persisted';
  const pageCapacity = settings.all['queue.page_capacity'];
  return {
    type,
    events_count: events,
    events,
    queue_size_in_bytes: bytes,
    max_queue_size_in_bytes: maxBytes,
    capacity: {
      queue_size_in_bytes: bytes,
      max_queue_size_in_bytes: maxBytes,
      max_unread_events: settings.queueMaxEvents,
      ...(persisted ? { page_capacity_in_bytes: pageCapacity } : {}),
    },
    ...(persisted ? { data: storageOf(queueFolder(status.id, settings)) } : {}),
    dropped: Object.values(queue?.drops ?? {}).reduce((sum, drops) => sum + drops.events, 0),
  };
}

export function deadLetterStats(state: DeadLetterState, lastError: string | undefined): Json {
  return {
    queue_size_in_bytes: state.queueBytes,
    max_queue_size_in_bytes: state.maxBytes,
    events: state.events,
    dropped_events: state.dropped,
    expired_events: state.expired,
    storage_policy: state.storagePolicy,
    last_error: lastError ?? 'no errors',
  };
}

interface Storage {
  readonly path: string;
  readonly free_space_in_bytes: number;
  /** Of the file system, such as `ext4`. */
  readonly storage_type: string;
}

/** Where a folder lies, and how much may be written there. */
export function storageOf(path: string): Storage {
  try {
    const { bavail, bsize } = statfsSync(path);
    return { path, free_space_in_bytes: bavail * bsize, storage_type: fileSystemOf(realpathSync(path)) };
  } catch {
    return { path, free_space_in_bytes: 0, storage_type: 'unknown' };
  }
}

/** Type of the file system that holds the path, from the mounts of this process: the last of the longest wins. */
function fileSystemOf(path: string): string {
  let mounts: string;
  try {
    mounts = readFileSync('/proc/self/mounts', 'utf8');
  } catch {
    return 'unknown';
  }
  let longest = 0;
  let found = 'unknown';
  for (const line of mounts.split('\n')) {
    const [, mount, type] = line.split(' ');
    if (mount === undefined || type === undefined) continue;
    // Blanks and the like are written as octal numbers.
    const at = mount.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (at.length < longest || !(path === at || path.startsWith(at.endsWith('/') ? at : `${at}/`))) continue;
    longest = at.length;
    found = type;
  }
  return found;
}
