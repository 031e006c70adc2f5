/** Indices of the cluster: what they are, making, changing and deleting them. */
import type { AliasAction, FieldCapabilities, FieldCapability, IndexInfo, IndexSelection } from '../store.ts';
import { type Cluster, type Json, path } from './cluster.ts';
import { selectionPath } from './selection.ts';

interface AnsweredIndex {
  readonly aliases: IndexInfo['aliases'];
  readonly mappings: Record<string, unknown>;
  readonly settings: { readonly index: Record<string, any> };
  readonly data_stream?: string;
}

interface Stats {
  readonly primaries?: {
    readonly docs?: { readonly count: number; readonly deleted: number };
    readonly store?: { readonly size_in_bytes: number };
  };
}

/** @throws StoreError index_not_found_exception */
export async function describeIndices(
  cluster: Cluster,
  selection: IndexSelection,
): Promise<readonly IndexInfo[]> {
  const { names, parameters } = selectionPath(selection);
  const get = <T>(...parts: string[]): Promise<T> =>
    cluster.json<T>({ method: 'GET', path: path([names, ...parts], parameters) });
  const found = await get<Record<string, AnsweredIndex>>();
  const all = Object.keys(found).sort();
  if (all.length === 0) return [];
  const [stats, health, times, streams] = await Promise.all([
    get<{ indices: Record<string, Stats> }>('_stats', 'docs,store'),
    healthOf(cluster),
    timesOf(cluster, selection),
    streamsOf(cluster),
  ]);
  return all.map((name): IndexInfo => {
    const { aliases, mappings, settings, data_stream: own } = found[name]!;
    const { docs, store } = stats.indices[name]?.primaries ?? {};
    const { earliest, latest } = times.get(name) ?? {};
    const dataStream = own ?? streams.get(name);
    return {
      name,
      uuid: String(settings.index['uuid']),
      created: Number(settings.index['creation_date']),
      documents: docs?.count ?? 0,
      deleted: docs?.deleted ?? 0,
      bytes: store?.size_in_bytes ?? 0,
      health: health.get(name) ?? 'red',
      ...(earliest !== undefined && { earliest }),
      ...(latest !== undefined && { latest }),
      aliases,
      mappings,
      settings: settings as unknown as Record<string, unknown>,
      ...(dataStream !== undefined && { dataStream }),
    };
  });
}

async function healthOf(cluster: Cluster): Promise<Map<string, IndexInfo['health']>> {
  const { indices } = await cluster.json<{ indices: Record<string, { status: IndexInfo['health'] }> }>({
    method: 'GET',
    path: path(['_cluster', 'health'], { level: 'indices' }),
  });
  return new Map(Object.entries(indices).map(([name, { status }]) => [name, status]));
}

async function timesOf(
  cluster: Cluster,
  selection: IndexSelection,
): Promise<Map<string, { earliest?: number; latest?: number }>> {
  const { names, parameters } = selectionPath(selection);
  const bound = (value: number | null): number | undefined => value ?? undefined;
  const { aggregations } = await cluster.json({
    method: 'POST',
    path: path([names, '_search'], parameters),
    body: {
      size: 0,
      query: { exists: { field: '@timestamp' } },
      aggs: {
        indices: {
          terms: { field: '_index', size: 10_000 },
          aggs: {
            earliest: { min: { field: '@timestamp' } },
            latest: { max: { field: '@timestamp' } },
          },
        },
      },
    },
  });
  const buckets = (aggregations?.indices.buckets ?? []) as readonly Record<string, any>[];
  return new Map(
    buckets.map(({ key, earliest, latest }) => [
      String(key),
      Object.fromEntries(
        Object.entries({ earliest: bound(earliest.value), latest: bound(latest.value) }).filter(
          ([, value]) => value !== undefined,
        ),
      ),
    ]),
  );
}

/** The data stream of each index that is behind one. */
async function streamsOf(cluster: Cluster): Promise<Map<string, string>> {
  const answer = await cluster.find<{ data_streams: readonly DataStream[] }>({
    method: 'GET',
    path: '/_data_stream',
  });
  const streams = answer?.data_streams ?? [];
  return new Map(
    streams.flatMap(({ name, indices }) =>
      indices.map((index): [string, string] => [index.index_name, name]),
    ),
  );
}

interface DataStream {
  readonly name: string;
  readonly indices: readonly { readonly index_name: string }[];
}

/** Names of the indices that a selection means. */
export async function namesOf(cluster: Cluster, selection: IndexSelection): Promise<string[]> {
  const { names, parameters } = selectionPath(selection);
  const found = await cluster.json({
    method: 'GET',
    path: path([names, '_settings', 'index.uuid'], parameters),
  });
  return Object.keys(found).sort();
}

/** By name, one after another: clusters may forbid to delete by pattern. */
export async function deleteIndices(cluster: Cluster, selection: IndexSelection): Promise<readonly string[]> {
  const { names } = selection;
  const isPlain = names.length > 0 && !names.some((name) => /[*<]|^_all$/.test(name));
  if (isPlain && !selection.ignoreUnavailable) {
    // Aliases are refused by the cluster.
    const plain = [...new Set(names.flatMap((name) => name.split(',')))].sort();
    await cluster.json({ method: 'DELETE', path: path([plain.join(',')]) });
    return plain;
  }
  const chosen = await namesOf(cluster, selection);
  for (const name of chosen) await cluster.json({ method: 'DELETE', path: path([name]) });
  return chosen;
}

export async function putMapping(cluster: Cluster, selection: IndexSelection, mapping: Json): Promise<void> {
  const { names, parameters } = selectionPath(selection);
  await cluster.json({ method: 'PUT', path: path([names, '_mapping'], parameters), body: mapping });
}

export async function putSettings(
  cluster: Cluster,
  selection: IndexSelection,
  settings: Json,
): Promise<void> {
  const { names, parameters } = selectionPath(selection);
  await cluster.json({ method: 'PUT', path: path([names, '_settings'], parameters), body: settings });
}

export async function updateAliases(cluster: Cluster, actions: readonly AliasAction[]): Promise<void> {
  const body = {
    actions: actions.map(({ action, index, alias, body: options }) => ({
      [action]: action === 'remove_index' ? { index } : { index, alias, ...options },
    })),
  };
  await cluster.json({ method: 'POST', path: '/_aliases', body });
}

/** Fields that every document of a cluster has, and that say nothing. */
const hidden = new Set([
  '_data_stream_timestamp', '_doc_count', '_feature', '_field_names', '_ignored', '_ignored_source', '_index_mode',
  '_inference_fields', '_nested_path', '_primary_term', '_routing', '_seq_no', '_tier', '_tsid', '_type', '_version',
  '_ts_routing_hash',
]); // biome-ignore format: a list

export async function fieldCapabilities(
  cluster: Cluster,
  selection: IndexSelection,
  patterns: readonly string[],
): Promise<FieldCapabilities> {
  const { names, parameters } = selectionPath(selection);
  const { indices, fields } = await cluster.json<{
    indices: string | readonly string[];
    fields: Record<string, Record<string, FieldCapability>>;
  }>({
    method: 'GET',
    path: path([names, '_field_caps'], { ...parameters, fields: patterns.join(',') }),
  });
  const shown = Object.entries(fields)
    .filter(([name]) => !hidden.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, types]) => [name, Object.fromEntries(Object.entries(types).map(capability))]);
  return {
    indices: typeof indices === 'string' ? [indices] : [...indices].sort(),
    fields: Object.fromEntries(shown),
  };
}

const capability = ([type, { searchable, aggregatable, indices }]: [string, FieldCapability]): [
  string,
  FieldCapability,
] => [type, { type, searchable, aggregatable, ...(indices && { indices }) }];
