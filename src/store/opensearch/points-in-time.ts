/**
 * Snapshots of the cluster: `_pit` of Elasticsearch, `_search/point_in_time` of OpenSearch. Our ids begin with a letter
 * that says what makes an order of its documents unique.
 */
import { StoreError } from '../errors.ts';
import type { IndexSelection } from '../store.ts';
import { type Cluster, path } from './cluster.ts';
import { selectionPath } from './selection.ts';

/**
 * Elasticsearch has a key for that. In OpenSearch it is the number of the write and the index, and where an index has
 * several shards the id, which costs memory.
 */
const orders: Readonly<Record<string, readonly string[]>> = {
  e: ['_shard_doc'],
  s: ['_seq_no', '_index'],
  m: ['_seq_no', '_index', '_id'],
};

export async function openPointInTime(
  cluster: Cluster,
  indices: IndexSelection,
  keepAlive: number,
): Promise<string> {
  const { names, parameters } = selectionPath(indices);
  const kind = isElasticsearch(cluster) ? 'e' : (await hasManyShards(cluster, indices)) ? 'm' : 's';
  const { id, pit_id } = await cluster.json<{ id?: string; pit_id?: string }>({
    method: 'POST',
    path: path([names, ...endpoint(cluster)], {
      keep_alive: `${Math.max(1, Math.round(keepAlive))}ms`,
      ignore_unavailable: parameters['ignore_unavailable'],
    }),
  });
  return `${kind}${(id ?? pit_id)!}`;
}

/** True when it was there. */
export async function closePointInTime(cluster: Cluster, id: string): Promise<boolean> {
  const own = clusterId(id);
  const answer = await cluster.find<{ num_freed?: number; pits?: readonly { successful: boolean }[] }>({
    method: 'DELETE',
    path: path(endpoint(cluster)),
    body: isElasticsearch(cluster) ? { id: own } : { pit_id: [own] },
  });
  return answer !== undefined && ((answer.num_freed ?? 0) > 0 || answer.pits?.[0]?.successful === true);
}

/** The cluster's own id. @throws StoreError search_context_missing_exception */
export function clusterId(id: string): string {
  if (Object.hasOwn(orders, id[0] ?? '') && id.length > 1) return id.slice(1);
  throw new StoreError(404, 'search_context_missing_exception', `No search context found for id [${id}]`);
}

/** Keys to end a sort with. */
export const tieBreakers = (id: string): readonly string[] => orders[id[0] ?? ''] ?? [];

/** The id to use from now on: the cluster may give another one with each answer. */
export const renewed = (id: string, given: unknown): string =>
  typeof given === 'string' ? `${id[0]}${given}` : id;

async function hasManyShards(cluster: Cluster, indices: IndexSelection): Promise<boolean> {
  const { names, parameters } = selectionPath(indices);
  const settings = await cluster.json<Record<string, { settings: Record<string, string> }>>({
    method: 'GET',
    path: path([names, '_settings', 'index.number_of_shards'], { ...parameters, flat_settings: true }),
  });
  return Object.values(settings).some((index) => index.settings['index.number_of_shards'] !== '1');
}

const isElasticsearch = ({ product }: Cluster): boolean => product.name === 'Elasticsearch';
const endpoint = (cluster: Cluster): string[] =>
  isElasticsearch(cluster) ? ['_pit'] : ['_search', 'point_in_time'];
