/** Where snapshots lie, and when they are made, from the settings `store.snapshot.*`. */
import { join, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { checkSchedule } from '../store/snapshot-schedule.ts';
import type { SchedulerOptions } from '../store/snapshot-scheduler.ts';
import type { ProcessSettings } from './configuration.ts';

/** The folder that snapshots with a plain name lie in. */
export const snapshotFolder = (settings: ProcessSettings): string =>
  resolve(
    settings.get<string | undefined>('store.snapshot.path') ??
      join(settings.get<string>('path.data'), 'snapshots'),
  );

/** `runs`: this process makes them when it is time. @throws MillraceError ERR_SETTING */
export function snapshotOptions(settings: ProcessSettings, runs: boolean): SchedulerOptions {
  const when = settings.get<string | undefined>('store.snapshot.schedule');
  const folder = snapshotFolder(settings);
  if (when === undefined || when === '') return { folder, runs };
  const schedule = {
    when,
    place: settings.get<string>('store.snapshot.target'),
    keep: settings.get<number>('store.snapshot.keep'),
  };
  try {
    checkSchedule(schedule);
  } catch (error) {
    throw new MillraceError('ERR_SETTING', `store.snapshot: ${(error as Error).message}`);
  }
  return { folder, runs, schedule };
}
