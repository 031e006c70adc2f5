import { join, resolve } from 'node:path';
import type { PipelineSettings } from './messages.ts';

/** Where a pipeline's queue is: `path.queue`, or `queue` in `path.data`, and the pipeline's id. */
export function queueFolder(id: string, settings: Pick<PipelineSettings, 'all' | 'dataPath'>): string {
  const base = (settings.all['path.queue'] as string | undefined) ?? join(settings.dataPath, 'queue');
  return resolve(base, id);
}
