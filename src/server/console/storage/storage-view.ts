/** The state of the store as one caller may see it. */
import { globMatch } from '../../../store/glob-match.ts';
import { planRetention } from '../../../store/retention-plan.ts';
import { growthOf } from '../../../store/storage-forecast.ts';
import type { IndexInfo, RetentionRule, SnapshotInfo, StoreStatus } from '../../../store/store.ts';
import type { Storage, StorageJob, StoredIndex, StoredSnapshot } from '../../contract.ts';
import type { Caller } from '../call.ts';

/** Which indices a caller may know of. */
export function mayKnow({ indices }: Caller): (index: Pick<IndexInfo, 'name' | 'dataStream'>) => boolean {
  if (indices === undefined) return () => true;
  const fits = indices.map(globMatch);
  return ({ name, dataStream }) =>
    fits.some((one) => one(name) || (dataStream !== undefined && one(dataStream)));
}

export function storageView(
  status: StoreStatus,
  all: readonly IndexInfo[],
  rules: readonly RetentionRule[],
  jobs: readonly StorageJob[],
  caller: Caller,
  now: number,
): Storage {
  const isPartial = caller.indices !== undefined;
  const knows = mayKnow(caller);
  const plans = planRetention(all, rules, now);
  const shown = all.filter(knows);
  const indices = shown.map((index): StoredIndex => {
    const { rule, due, deletesAt, archivesAt } = plans.get(index)!;
    const {
      name,
      dataStream,
      health,
      created,
      documents,
      bytes,
      archivedBytes = 0,
      earliest,
      latest,
    } = index;
    return {
      name,
      health,
      created,
      documents,
      bytes,
      archivedBytes,
      ...(dataStream !== undefined && { dataStream }),
      ...(earliest !== undefined && { earliest }),
      ...(latest !== undefined && { latest }),
      ...(rule !== undefined && { rule: rule.pattern }),
      ...(due !== undefined && { due }),
      ...(deletesAt !== undefined && { deletesAt }),
      ...(archivesAt !== undefined && archivedBytes < bytes && { archivesAt }),
      ...(index.isKeptHere && { isKeptHere: true }),
    };
  });
  const names = new Set(indices.map(({ name }) => name));
  const total = (of: 'documents' | 'bytes'): number => indices.reduce((sum, index) => sum + index[of], 0);
  const used = new Set(indices.map(({ rule }) => rule));
  const { driver, health, problems, documents, bytes, unsealed, segments, freeBytes } = status;
  return {
    driver,
    health,
    // Sentences of the store name indices and files.
    problems: isPartial ? [] : [...problems],
    documents: isPartial ? total('documents') : documents,
    bytes: isPartial ? total('bytes') : bytes,
    unsealed: isPartial ? 0 : unsealed,
    segments: isPartial ? 0 : segments,
    freeBytes,
    ...(status.diskBytes !== undefined && { diskBytes: status.diskBytes }),
    ...(status.archive && !isPartial && { archive: status.archive }),
    quarantined: status.quarantined.filter(
      ({ index }) => !isPartial || (index !== undefined && names.has(index)),
    ) as Storage['quarantined'],
    tasks: isPartial ? [] : [...(status.tasks ?? [])],
    jobs: isPartial ? [] : [...jobs],
    ...(status.snapshotSchedule && !isPartial && { schedule: status.snapshotSchedule }),
    indices,
    rules: rules.filter(({ pattern }) => !isPartial || used.has(pattern)) as Storage['rules'],
    growth: growthOf(shown, rules, freeBytes, now) as Storage['growth'],
    isPartial,
  };
}

export function snapshotView({ target, taken, bytes, indices, problem }: SnapshotInfo): StoredSnapshot {
  const counts = indices.map(({ documents }) => documents);
  return {
    target,
    name: target.split('?')[0]!.split('/').at(-1) ?? target,
    ...(taken !== undefined && { taken }),
    ...(!counts.includes(undefined) && { documents: counts.reduce<number>((sum, one) => sum + one!, 0) }),
    bytes,
    indices: indices as StoredSnapshot['indices'],
    ...(problem !== undefined && { problem }),
  };
}
