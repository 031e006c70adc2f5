/** Snapshots into a repository that the cluster has: `repository` or `repository/snapshot`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../errors.ts';
import type { IndexSelection, RestoreOptions, SnapshotInfo } from '../store.ts';
import { type Cluster, path } from './cluster.ts';
import { namesOf } from './indices.ts';

export async function snapshotTo(
  cluster: Cluster,
  target: string,
  selection: IndexSelection,
): Promise<{ indices: readonly string[]; bytes: number }> {
  const { repository, name = `millrace-${Date.now()}` } = await repositoryOf(cluster, target);
  const indices = await namesOf(cluster, selection);
  const own = ['_snapshot', repository, name];
  await cluster.json({
    method: 'PUT',
    path: path(own),
    body: { indices: indices.join(','), include_global_state: false },
  });
  for (;;) {
    const { snapshots } = await cluster.json({ method: 'GET', path: path(own) });
    const { state, failures } = snapshots[0];
    if (state === 'SUCCESS') break;
    if (state !== 'IN_PROGRESS')
      throw new StoreError(
        500,
        'snapshot_exception',
        `snapshot [${repository}:${name}] is ${state}: ${JSON.stringify(failures)}`,
      );
    await sleep(500);
  }
  const { snapshots } = await cluster.json({ method: 'GET', path: path([...own, '_status']) });
  return { indices, bytes: Number(snapshots[0]?.stats?.total?.size_in_bytes ?? 0) };
}

export async function restoreFrom(
  cluster: Cluster,
  source: string,
  { indices, renamePattern, renameReplacement }: RestoreOptions,
): Promise<{ indices: readonly string[] }> {
  const { repository, name = await newestOf(cluster, repository) } = await repositoryOf(cluster, source);
  const { snapshot } = await cluster.json({
    method: 'POST',
    path: path(['_snapshot', repository, name, '_restore'], { wait_for_completion: true }),
    body: {
      indices: indices.names.length === 0 ? '*' : indices.names.join(','),
      ignore_unavailable: indices.ignoreUnavailable === true,
      include_global_state: false,
      include_aliases: true,
      ...(renamePattern !== undefined && { rename_pattern: renamePattern }),
      ...(renameReplacement !== undefined && { rename_replacement: renameReplacement }),
    },
  });
  return { indices: [...(snapshot.indices as string[])].sort() };
}

/** Of one repository, or of all; sizes are told of each snapshot only, which would take a question for each. */
export async function snapshotsOf(cluster: Cluster, place: string): Promise<readonly SnapshotInfo[]> {
  const repositories =
    place === ''
      ? Object.keys(await cluster.json({ method: 'GET', path: '/_snapshot' }))
      : [(await repositoryOf(cluster, place)).repository];
  const all: SnapshotInfo[] = [];
  for (const repository of repositories) {
    const { snapshots } = await cluster.json({
      method: 'GET',
      path: path(['_snapshot', repository, '_all']),
    });
    for (const { snapshot, state, indices, start_time_in_millis: taken } of snapshots)
      all.push({
        target: `${repository}/${snapshot}`,
        taken,
        indices: (indices as string[]).sort().map((name) => ({ name })),
        bytes: 0,
        ...(state !== 'SUCCESS' && { problem: `it is ${state}` }),
      });
  }
  return all.sort((a, b) => (b.taken ?? 0) - (a.taken ?? 0));
}

export async function deleteSnapshot(cluster: Cluster, target: string): Promise<void> {
  const { repository, name } = await repositoryOf(cluster, target);
  if (name === undefined)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `[${target}] is a repository: give repository/snapshot`,
    );
  await cluster.json({ method: 'DELETE', path: path(['_snapshot', repository, name]) });
}

/** @throws StoreError unless it is the name of one that there is */
export async function checkRepository(cluster: Cluster, repository: string): Promise<void> {
  const { name } = await repositoryOf(cluster, repository);
  if (name !== undefined)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `[${repository}]: scheduled snapshots go to a repository of the cluster, given by its name alone`,
    );
}

async function repositoryOf(
  cluster: Cluster,
  target: string,
): Promise<{ readonly repository: string; readonly name?: string }> {
  const [repository = '', name, ...more] = target.split('/');
  const isName = repository !== '' && more.length === 0 && name !== '' && !repository.includes(':');
  const found = isName
    ? await cluster.find({ method: 'GET', path: path(['_snapshot', repository]) })
    : undefined;
  if (found === undefined)
    throw new StoreError(
      400,
      'repository_missing_exception',
      `[${target}] is no snapshot repository of the cluster: the store is a cluster, which writes snapshots only where a repository is registered with it (PUT _snapshot/<name>); give its name, or name/snapshot`,
    );
  return { repository, ...(name !== undefined && { name }) };
}

async function newestOf(cluster: Cluster, repository: string): Promise<string> {
  const { snapshots } = await cluster.json<{
    snapshots: readonly { snapshot: string; state: string; start_time_in_millis: number }[];
  }>({ method: 'GET', path: path(['_snapshot', repository, '_all']) });
  const whole = snapshots
    .filter(({ state }) => state === 'SUCCESS')
    .sort((a, b) => b.start_time_in_millis - a.start_time_in_millis);
  if (whole[0] === undefined)
    throw new StoreError(404, 'snapshot_missing_exception', `repository [${repository}] has no snapshot`);
  return whole[0].snapshot;
}
