/** Files of segments that are not what they were. */
import type { DamagedSegment, VerifyResult } from '../store.ts';
import type { Core } from './core.ts';
import { bytesOf } from './segment-files.ts';

/** Left out of searches. */
export const damagedSegments = (core: Core): DamagedSegment[] =>
  [...core.catalogue.segments.values()].flatMap(({ info, index, quarantined, tombstones }) =>
    quarantined === undefined
      ? []
      : [
          {
            file: core.pathOf(info, info.file),
            reason: quarantined,
            index: index.name,
            documents: info.rows - tombstones.length,
          },
        ],
  );

/** Reads every file and compares it with its checksums. @throws the signal's reason */
export async function verifyAll(core: Core, signal?: AbortSignal): Promise<VerifyResult> {
  core.lookAtArchive();
  const segments = [...core.catalogue.segments.values()];
  const here = segments.filter((segment) => !core.isAway(segment));
  const bytes = here.reduce((sum, { info }) => sum + bytesOf(info), 0);
  const task = core.tasks.begin('check of all files', bytes);
  try {
    for (const segment of here) {
      signal?.throwIfAborted();
      await core.verify([segment]);
      task.done += bytesOf(segment.info);
    }
  } finally {
    core.tasks.end(task);
  }
  return {
    segments: here.length,
    bytes,
    away: segments.length - here.length,
    damaged: damagedSegments(core),
  };
}
