/** The cluster, which is this one node: what shippers ask before they write, and what monitoring asks. */
import { StoreError, unsupported } from '../../errors.ts';
import type { StoreStatus } from '../../store.ts';
import { type Answer, type Call, isOn, type Json, json, type Route } from '../call.ts';

/** Of Elasticsearch 8.19, for those that look. */
const LUCENE = '9.12.2';

function root({ api }: Call): Answer {
  const { version, nodeName, clusterName, clusterUuid } = api.identity;
  const [major = '8'] = version.split('.');
  return json({
    name: nodeName,
    cluster_name: clusterName,
    cluster_uuid: clusterUuid,
    version: {
      number: version,
      build_flavor: 'default',
      build_type: 'tar',
      build_hash: 'unknown',
      build_date: '2025-01-01T00:00:00.000000000Z',
      build_snapshot: false,
      lucene_version: LUCENE,
      minimum_wire_compatibility_version: `${Number(major) - 1}.17.0`,
      minimum_index_compatibility_version: `${Number(major) - 1}.0.0`,
    },
    tagline: 'You Know, for Search',
  });
}

const order = ['green', 'yellow', 'red'];

async function health(call: Call): Promise<Answer> {
  const { store, api, query, params } = call;
  const { health: status, problems } = await store.status();
  // How many there are is for those who may look.
  const mayLook = call.identity.privileges.has('metadata');
  const indices = mayLook ? await store.indices(await call.select(params['index'], 'metadata')) : [];
  const wanted = query['wait_for_status'];
  if (wanted !== undefined && !order.includes(wanted))
    throw new StoreError(400, 'illegal_argument_exception', `unknown cluster health status [${wanted}]`);
  const isLate = wanted !== undefined && order.indexOf(status) > order.indexOf(wanted);
  const body = {
    cluster_name: api.identity.clusterName,
    status,
    timed_out: isLate,
    number_of_nodes: 1,
    number_of_data_nodes: 1,
    active_primary_shards: indices.length,
    active_shards: indices.length,
    relocating_shards: 0,
    initializing_shards: 0,
    unassigned_shards: 0,
    unassigned_primary_shards: 0,
    delayed_unassigned_shards: 0,
    number_of_pending_tasks: 0,
    number_of_in_flight_fetch: 0,
    task_max_waiting_in_queue_millis: 0,
    active_shards_percent_as_number: 100,
    ...(problems.length > 0 && mayLook && { problems }),
    ...((query['level'] === 'indices' || query['level'] === 'shards') && {
      indices: Object.fromEntries(
        indices.map((index) => [
          index.name,
          {
            status: index.health,
            number_of_shards: 1,
            number_of_replicas: 0,
            active_primary_shards: 1,
            active_shards: 1,
            relocating_shards: 0,
            initializing_shards: 0,
            unassigned_shards: 0,
          },
        ]),
      ),
    }),
  };
  return json(body, isLate ? 408 : 200);
}

async function state(call: Call): Promise<Answer> {
  const { clusterName, clusterUuid, nodeId, nodeName } = call.api.identity;
  const indices = await call.store.indices(await call.select(call.params['index'], 'metadata'));
  return json({
    cluster_name: clusterName,
    cluster_uuid: clusterUuid,
    version: 1,
    state_uuid: clusterUuid,
    master_node: nodeId,
    blocks: {},
    nodes: { [nodeId]: { name: nodeName, transport_address: call.api.publishAddress, attributes: {} } },
    metadata: {
      cluster_uuid: clusterUuid,
      templates: {},
      indices: Object.fromEntries(
        indices.map(({ name, settings, mappings, aliases }) => [
          name,
          { state: 'open', settings, mappings: { _doc: mappings }, aliases: Object.keys(aliases) },
        ]),
      ),
    },
    routing_table: { indices: {} },
  });
}

function putSettings(call: Call): Answer {
  const { persistent = {}, transient = {} } = call.object();
  const [name] = [...Object.keys(persistent ?? {}), ...Object.keys(transient ?? {})];
  if (name !== undefined) throw unsupported(`The cluster setting [${name}]`);
  return json({ acknowledged: true, persistent: {}, transient: {} });
}

async function stats(call: Call): Promise<Answer> {
  const { api, store } = call;
  const { documents, bytes, health: status, segments } = await store.status();
  const indices = await store.indices({ names: [] });
  return json({
    _nodes: { total: 1, successful: 1, failed: 0 },
    cluster_name: api.identity.clusterName,
    cluster_uuid: api.identity.clusterUuid,
    timestamp: Date.now(),
    status,
    indices: {
      count: indices.length,
      shards: { total: indices.length, primaries: indices.length },
      docs: { count: documents, deleted: indices.reduce((sum, { deleted }) => sum + deleted, 0) },
      store: { size_in_bytes: bytes },
      segments: { count: segments },
    },
    nodes: { count: { total: 1, data: 1, master: 1, ingest: 1 }, versions: [api.identity.version] },
  });
}

function license({ api }: Call): Answer {
  return json({
    license: {
      status: 'active',
      uid: api.identity.clusterUuid,
      type: 'basic',
      issue_date: '2025-01-01T00:00:00.000Z',
      issue_date_in_millis: 1_735_689_600_000,
      max_nodes: 1000,
      issued_to: 'millrace',
      issuer: 'millrace',
      start_date_in_millis: -1,
    },
  });
}

const feature = (enabled: boolean): Json => ({ available: enabled, enabled });

function xpack({ api }: Call): Answer {
  return json({
    build: { hash: 'unknown', date: '2025-01-01T00:00:00.000Z' },
    license: { uid: api.identity.clusterUuid, type: 'basic', mode: 'basic', status: 'active' },
    features: {
      data_streams: feature(true),
      ilm: feature(true),
      security: feature(api.hasUsers()),
      ml: feature(false),
      monitoring: feature(false),
      watcher: feature(false),
      transform: feature(false),
      sql: feature(false),
      eql: feature(false),
    },
    tagline: 'You know, for X',
  });
}

/** Processors that Beats' pipelines ask for; pipelines are kept and not executed. */
const processors = ['append', 'convert', 'csv', 'date', 'date_index_name', 'dissect', 'dot_expander', 'drop', 'fail', 'fingerprint', 'foreach', 'geoip', 'grok', 'gsub', 'join', 'json', 'kv', 'lowercase', 'network_direction', 'community_id', 'pipeline', 'registered_domain', 'remove', 'rename', 'reroute', 'script', 'set', 'sort', 'split', 'trim', 'uppercase', 'uri_parts', 'urldecode', 'user_agent', 'bytes', 'html_strip', 'set_security_user', 'redact']; // biome-ignore format: a list

function nodes(call: Call): Answer {
  const { identity, publishAddress, started } = call.api;
  const { nodeId, nodeName, version, clusterName } = identity;
  const metric = call.params['metric'] ?? call.params['node'];
  const node: Record<string, unknown> = {
    name: nodeName,
    transport_address: publishAddress,
    host: publishAddress.replace(/:\d+$/, ''),
    ip: publishAddress.replace(/:\d+$/, ''),
    version,
    build_flavor: 'default',
    build_type: 'tar',
    build_hash: 'unknown',
    roles: ['data', 'ingest', 'master'],
    attributes: {},
    http: {
      bound_address: [publishAddress],
      publish_address: publishAddress,
      max_content_length_in_bytes: 104_857_600,
    },
  };
  if (metric === undefined || metric.includes('ingest'))
    node['ingest'] = { processors: processors.map((type) => ({ type })) };
  if (metric === undefined || metric.includes('jvm'))
    node['jvm'] = { start_time_in_millis: started, version: '0' };
  if (metric === undefined || metric.includes('plugins')) node['plugins'] = [];
  return json({
    _nodes: { total: 1, successful: 1, failed: 0 },
    cluster_name: clusterName,
    nodes: { [nodeId]: node },
  });
}

async function nodeStats(call: Call): Promise<Answer> {
  const { identity, publishAddress, openScrolls } = call.api;
  const status: StoreStatus = await call.store.status();
  const memory = process.memoryUsage();
  return json({
    _nodes: { total: 1, successful: 1, failed: 0 },
    cluster_name: identity.clusterName,
    nodes: {
      [identity.nodeId]: {
        timestamp: Date.now(),
        name: identity.nodeName,
        transport_address: publishAddress,
        roles: ['data', 'ingest', 'master'],
        indices: {
          docs: { count: status.documents, deleted: 0 },
          store: { size_in_bytes: status.bytes },
          search: { open_contexts: openScrolls, scroll_current: openScrolls },
          segments: { count: status.segments },
        },
        process: { mem: { resident_in_bytes: memory.rss } },
        jvm: { mem: { heap_used_in_bytes: memory.heapUsed, heap_max_in_bytes: memory.heapTotal } },
        fs: { total: { available_in_bytes: status.freeBytes, free_in_bytes: status.freeBytes } },
      },
    },
  });
}

const waiting = [
  'level',
  'wait_for_status',
  'wait_for_no_relocating_shards',
  'wait_for_no_initializing_shards',
  'wait_for_nodes',
  'wait_for_events',
  'return_200_for_cluster_health_timeout',
];

export const clusterRoutes: readonly Route[] = [
  { methods: ['GET'], paths: ['/'], needs: 'handshake', handle: root },
  { methods: ['GET'], paths: ['/_cluster/health', '/_cluster/health/{index}'], needs: 'handshake', takes: waiting, handle: health },
  { methods: ['GET'], paths: ['/_cluster/state', '/_cluster/state/{metric}', '/_cluster/state/{metric}/{index}'], needs: 'metadata', takes: ['wait_for_metadata_version', 'wait_for_timeout'], handle: state },
  { methods: ['GET'], paths: ['/_cluster/settings'], needs: 'monitor', takes: ['include_defaults'], handle: ({ query }) => json({ persistent: {}, transient: {}, ...(isOn(query['include_defaults']) && { defaults: {} }) }) },
  { methods: ['PUT'], paths: ['/_cluster/settings'], needs: 'manage_store', handle: putSettings },
  { methods: ['GET'], paths: ['/_cluster/stats', '/_cluster/stats/nodes/{node}'], needs: 'monitor', takes: ['include_remotes'], handle: stats },
  { methods: ['GET'], paths: ['/_cluster/pending_tasks'], needs: 'monitor', handle: () => json({ tasks: [] }) },
  { methods: ['GET'], paths: ['/_remote/info'], needs: 'monitor', handle: () => json({}) },
  { methods: ['GET'], paths: ['/_tasks'], needs: 'monitor', takes: ['actions', 'detailed', 'group_by', 'nodes', 'parent_task_id', 'wait_for_completion'], handle: () => json({ nodes: {} }) },
  { methods: ['GET'], paths: ['/_tasks/{id}'], needs: 'monitor', takes: ['wait_for_completion'], handle: ({ params }) => { throw new StoreError(404, 'resource_not_found_exception', `task [${params['id']}] isn't running and hasn't stored its results`); } },
  { methods: ['GET'], paths: ['/_license', '/_xpack/license'], needs: 'handshake', takes: ['accept_enterprise'], handle: license },
  { methods: ['GET'], paths: ['/_xpack'], needs: 'handshake', takes: ['categories', 'accept_enterprise'], handle: xpack },
  { methods: ['GET'], paths: ['/_nodes', '/_nodes/{node}', '/_nodes/{node}/{metric}'], needs: 'handshake', handle: nodes },
  { methods: ['GET'], paths: ['/_nodes/stats', '/_nodes/stats/{metric}', '/_nodes/{node}/stats', '/_nodes/{node}/stats/{metric}'], needs: 'monitor', takes: ['level', 'fields', 'groups', 'types', 'completion_fields', 'fielddata_fields', 'include_segment_file_sizes', 'include_unloaded_segments', 'metric'], handle: nodeStats },
]; // biome-ignore format: a table
