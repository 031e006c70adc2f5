/** How the cluster is, in words and numbers. */
import type { StoreStatus } from '../store.ts';
import { type Cluster, path } from './cluster.ts';

export async function clusterStatus(cluster: Cluster): Promise<StoreStatus> {
  const get = (parts: readonly string[]): Promise<Record<string, any>> =>
    cluster.json({ method: 'GET', path: path(parts) });
  try {
    const [health, stats, nodes] = await Promise.all([
      get(['_cluster', 'health']),
      get(['*,-.*,.ds-*', '_stats', 'docs,store,segments']),
      get(['_nodes', 'stats', 'fs']),
    ]);
    const { docs, store, segments } = stats['_all'].primaries;
    const disks = Object.values(nodes['nodes'] as Record<string, any>);
    return {
      driver: 'cluster',
      health: health['status'],
      problems: problemsOf(health),
      documents: docs?.count ?? 0,
      bytes: store?.size_in_bytes ?? 0,
      unsealed: 0,
      segments: segments?.count ?? 0,
      quarantined: [],
      diskBytes: disks.reduce((sum, node) => sum + Number(node.fs?.total?.total_in_bytes ?? 0), 0),
      freeBytes: disks.reduce((sum, node) => sum + Number(node.fs?.total?.available_in_bytes ?? 0), 0),
    };
  } catch (error) {
    const nothing = { documents: 0, bytes: 0, unsealed: 0, segments: 0, quarantined: [], freeBytes: 0 };
    return { driver: 'cluster', health: 'red', problems: [(error as Error).message], ...nothing };
  }
}

function problemsOf(health: Record<string, any>): string[] {
  const { status, unassigned_shards: unassigned } = health;
  if (status === 'green') return [];
  return [
    status === 'red'
      ? `the cluster is red: some of its ${unassigned} unassigned shards are the only copy of their documents`
      : `the cluster is yellow: ${unassigned} copies of shards have no node`,
  ];
}
