/** How the embedded store is, for people and for its health report. */
import { scheduleProblem } from '../snapshot-schedule.ts';
import type { SnapshotScheduleState, StoreStatus } from '../store.ts';
import type { Admission } from './admission.ts';
import type { Core } from './core.ts';
import { countsOf } from './index-counts.ts';
import { damagedSegments } from './segment-damage.ts';
import { bytesOf } from './segment-files.ts';

export function statusOf(
  core: Core,
  { freeBytes, diskBytes }: Pick<Admission, 'freeBytes' | 'diskBytes'>,
  snapshotSchedule: SnapshotScheduleState | undefined,
): StoreStatus {
  const { catalogue, problems, generations, archive } = core;
  const segments = [...catalogue.segments.values()];
  const quarantined = damagedSegments(core);
  const unsealed = [...generations.values()].reduce((sum, { hot }) => sum + hot.rows, 0);
  const late = scheduleProblem(snapshotSchedule);
  const texts = [
    ...problems.texts,
    ...(late === undefined ? [] : [late]),
    ...quarantined.map(({ file, reason }) => `${file} is damaged and left out of searches: ${reason}`),
  ];
  return {
    driver: 'embedded',
    health: problems.isRed || quarantined.length > 0 ? 'red' : texts.length > 0 ? 'yellow' : 'green',
    problems: texts,
    documents: [...catalogue.indices.values()].reduce(
      (sum, index) => sum + countsOf(core, index).documents,
      0,
    ),
    bytes: segments.reduce((sum, { info }) => sum + bytesOf(info), 0) + core.unsealedBytes,
    unsealed,
    segments: segments.length,
    quarantined,
    freeBytes,
    diskBytes,
    tasks: core.tasks.all,
    ...(snapshotSchedule && { snapshotSchedule }),
    ...(archive && {
      archive: {
        path: archive.path,
        bytes: segments.reduce((sum, { info }) => sum + (info.archived ? bytesOf(info) : 0), 0),
        isThere: archive.isThere,
      },
    }),
  };
}
