/** What a demo leaves: its indices, dead letters, queues and notes. Nothing else is touched. */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoPipelines, isDemoIndex } from '../demo/pipelines.ts';
import { deadLetterDirectory } from '../queue/dead-letter-segments.ts';
import type { Store } from '../store/store.ts';
import type { ProcessSettings } from './configuration.ts';

export interface DemoFolders {
  /** Notes of the demo itself. */
  readonly notes: string;
  /** Dead letters and queues of its pipelines. */
  readonly pipelines: readonly string[];
}

export function demoFolders(settings: ProcessSettings): DemoFolders {
  const data = resolve(settings.get<string>('path.data'));
  const letters = resolve(
    settings.get<string | undefined>('path.dead_letter_queue') ?? join(data, 'dead_letter_queue'),
  );
  const queues = resolve(settings.get<string | undefined>('path.queue') ?? join(data, 'queue'));
  const notes = join(data, 'demo');
  return {
    notes,
    pipelines: demoPipelines(notes).flatMap(({ id }) => [deadLetterDirectory(letters, id), join(queues, id)]),
  };
}

/** Names of the indices that a demo has made. */
export async function demoIndices(store: Pick<Store, 'indices'>): Promise<string[]> {
  const found = await store.indices({ names: ['demo-*'], ignoreUnavailable: true });
  return found.map(({ name }) => name).filter(isDemoIndex);
}

export const hasDemoFiles = ({ pipelines }: DemoFolders): boolean =>
  pipelines.some((folder) => existsSync(folder));

/** Nothing plays any more. @throws StoreError when indices can not be deleted */
export async function removeDemoData(
  store: Pick<Store, 'indices' | 'deleteIndices'>,
  { notes, pipelines }: DemoFolders,
): Promise<void> {
  // What was on its way to the store may arrive after the first look.
  for (let looks = 0; looks < 3; looks++) {
    const names = await demoIndices(store);
    if (names.length > 0) {
      looks = 0;
      await store.deleteIndices({ names, ignoreUnavailable: true });
    }
    await sleep(150);
  }
  for (const folder of [notes, ...pipelines]) rmSync(folder, { recursive: true, force: true });
}
