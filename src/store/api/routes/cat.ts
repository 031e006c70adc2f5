/** `_cat`: the same for people. */
import { hostname } from 'node:os';
import type { IndexInfo } from '../../store.ts';
import type { Answer, Call, Json, Route } from '../call.ts';
import { type Column, catParameters, table } from './cat-table.ts';

const time = (): string => new Date().toISOString().slice(11, 19);
const epoch = (): number => Math.floor(Date.now() / 1000);

const indexColumns: readonly Column<IndexInfo>[] = [
  { name: 'health', short: ['h'], about: 'current health status', value: ({ health }) => health },
  { name: 'status', short: ['s'], about: 'open/close status', value: () => 'open' },
  { name: 'index', short: ['i', 'idx'], about: 'index name', value: ({ name }) => name },
  { name: 'uuid', short: ['id'], about: 'index uuid', value: ({ uuid }) => uuid },
  { name: 'pri', short: ['p', 'shards.primary'], about: 'number of primary shards', right: true, value: () => 1 },
  { name: 'rep', short: ['r', 'shards.replica'], about: 'number of replica shards', right: true, value: () => 0 },
  { name: 'docs.count', short: ['dc', 'docsCount'], about: 'available docs', right: true, value: ({ documents }) => documents },
  { name: 'docs.deleted', short: ['dd', 'docsDeleted'], about: 'deleted docs', right: true, value: ({ deleted }) => deleted },
  { name: 'store.size', short: ['ss', 'storeSize'], about: 'store size of primaries & replicas', right: true, bytes: true, value: ({ bytes }) => bytes },
  { name: 'pri.store.size', about: 'store size of primaries', right: true, bytes: true, value: ({ bytes }) => bytes },
  { name: 'dataset.size', about: 'total size of dataset', right: true, bytes: true, value: ({ bytes }) => bytes },
  { name: 'creation.date', short: ['cd'], about: 'index creation date (millisecond value)', hidden: true, right: true, value: ({ created }) => created },
  { name: 'creation.date.string', short: ['cds'], about: 'index creation date (as string)', hidden: true, value: ({ created }) => new Date(created).toISOString() },
]; // biome-ignore format: a table

async function indices(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  const { health } = call.query;
  return table(
    indexColumns,
    found.filter((index) => health === undefined || index.health === health),
    call.query,
  );
}

interface Health {
  readonly cluster: string;
  readonly status: string;
  readonly shards: number;
}
const healthColumns: readonly Column<Health>[] = [
  { name: 'epoch', short: ['t', 'time'], about: 'seconds since 1970-01-01 00:00:00', value: epoch },
  { name: 'timestamp', short: ['ts', 'hms'], about: 'time in HH:MM:SS', value: time },
  { name: 'cluster', short: ['cl'], about: 'cluster name', value: ({ cluster }) => cluster },
  { name: 'status', short: ['st'], about: 'health status', value: ({ status }) => status },
  { name: 'node.total', short: ['nt'], about: 'total number of nodes', right: true, value: () => 1 },
  { name: 'node.data', short: ['nd'], about: 'number of nodes that can store data', right: true, value: () => 1 },
  { name: 'shards', short: ['sh'], about: 'total number of shards', right: true, value: ({ shards }) => shards },
  { name: 'pri', short: ['p'], about: 'number of primary shards', right: true, value: ({ shards }) => shards },
  { name: 'relo', about: 'number of relocating nodes', right: true, value: () => 0 },
  { name: 'init', about: 'number of initializing nodes', right: true, value: () => 0 },
  { name: 'unassign', about: 'number of unassigned shards', right: true, value: () => 0 },
  { name: 'pending_tasks', about: 'number of pending tasks', right: true, value: () => 0 },
  { name: 'max_task_wait_time', about: 'wait time of longest task pending', right: true, value: () => '-' },
  { name: 'active_shards_percent', about: 'active number of shards in percent', right: true, value: () => '100.0%' },
]; // biome-ignore format: a table

async function health({ store, api, query }: Call): Promise<Answer> {
  const { health: status } = await store.status();
  const { length } = await store.indices({ names: [] });
  return table(healthColumns, [{ cluster: api.identity.clusterName, status, shards: length }], query);
}

async function count(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  const total = found.reduce((sum, { documents }) => sum + documents, 0);
  const columns: readonly Column<number>[] = [
    { name: 'epoch', short: ['t', 'time'], about: 'seconds since 1970-01-01 00:00:00', value: epoch },
    { name: 'timestamp', short: ['ts', 'hms'], about: 'time in HH:MM:SS', value: time },
    { name: 'count', short: ['dc', 'docs.count'], about: 'the document count', value: (row) => row },
  ];
  return table(columns, [total], call.query);
}

const nodeColumns: readonly Column<Call>[] = [
  { name: 'ip', short: ['i'], about: 'ip address', value: ({ api }) => api.publishAddress.replace(/:\d+$/, '') },
  { name: 'heap.percent', short: ['hp'], about: 'used heap ratio', right: true, value: () => percent(process.memoryUsage().heapUsed, process.memoryUsage().heapTotal) },
  { name: 'cpu', about: 'recent cpu usage', right: true, value: () => undefined },
  { name: 'node.role', short: ['r', 'role'], about: 'd:data node, i:ingest node, m:master-eligible', value: () => 'dim' },
  { name: 'master', short: ['m'], about: '*:current master', value: () => '*' },
  { name: 'name', short: ['n'], about: 'node name', value: ({ api }) => api.identity.nodeName },
  { name: 'version', short: ['v'], about: 'es version', hidden: true, value: ({ api }) => api.identity.version },
  { name: 'id', short: ['nodeId'], about: 'unique node id', hidden: true, value: ({ api }) => api.identity.nodeId.slice(0, 4) },
]; // biome-ignore format: a table

const percent = (part: number, whole: number): number => Math.round((100 * part) / whole);

const masterColumns: readonly Column<Call>[] = [
  { name: 'id', about: 'node id', value: ({ api }) => api.identity.nodeId },
  { name: 'host', short: ['h'], about: 'host name', value: () => hostname() },
  { name: 'ip', about: 'ip address', value: ({ api }) => api.publishAddress.replace(/:\d+$/, '') },
  { name: 'node', short: ['n'], about: 'node name', value: ({ api }) => api.identity.nodeName },
];

interface Alias {
  readonly alias: string;
  readonly index: string;
  readonly body: Json;
}
const aliasColumns: readonly Column<Alias>[] = [
  { name: 'alias', short: ['a'], about: 'alias name', value: ({ alias }) => alias },
  { name: 'index', short: ['i', 'idx'], about: 'index alias points to', value: ({ index }) => index },
  { name: 'filter', short: ['f', 'fi'], about: 'filter', value: () => '-' },
  { name: 'routing.index', short: ['ri'], about: 'index routing', value: () => '-' },
  { name: 'routing.search', short: ['rs'], about: 'search routing', value: () => '-' },
  { name: 'is_write_index', short: ['w'], about: 'write index', value: ({ body }) => String(body['is_write_index'] ?? '-') },
]; // biome-ignore format: a table

async function aliases(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  const wanted = call.params['name'];
  const pattern =
    wanted === undefined
      ? undefined
      : new RegExp(
          `^(?:${wanted
            .split(',')
            .map((one) => one.split('*').map(RegExp.escape).join('.*'))
            .join('|')})$`,
        );
  const rows = found.flatMap(({ name, aliases: own }) =>
    Object.entries(own)
      .filter(([alias]) => pattern?.test(alias) !== false)
      .map(([alias, body]) => ({ alias, index: name, body })),
  );
  return table(aliasColumns, rows, call.query);
}

interface Template {
  readonly name: string;
  readonly body: Json;
}
const templateColumns: readonly Column<Template>[] = [
  { name: 'name', short: ['n'], about: 'template name', value: ({ name }) => name },
  { name: 'index_patterns', short: ['t'], about: 'template index patterns', value: ({ body }) => `[${[body['index_patterns'] ?? body['template'] ?? []].flat().join(', ')}]` },
  { name: 'order', short: ['o', 'p'], about: 'template application order/priority number', value: ({ body }) => String(body['priority'] ?? body['order'] ?? '') },
  { name: 'version', short: ['v'], about: 'version', value: ({ body }) => String(body['version'] ?? '') },
  { name: 'composed_of', short: ['c'], about: 'component templates comprising index template', value: ({ body }) => (body['composed_of'] === undefined ? '' : `[${[body['composed_of']].flat().join(', ')}]`) },
]; // biome-ignore format: a table

async function templates({ store, params, query }: Call): Promise<Answer> {
  const pattern = params['name'] ?? '*';
  const found = [
    ...(await store.objects('template', pattern)),
    ...(await store.objects('index_template', pattern)),
  ];
  return table(templateColumns, found, query);
}

async function shards(call: Call): Promise<Answer> {
  const columns: readonly Column<IndexInfo>[] = [
    { name: 'index', short: ['i', 'idx'], about: 'index name', value: ({ name }) => name },
    { name: 'shard', short: ['s', 'sh'], about: 'shard name', value: () => 0 },
    { name: 'prirep', short: ['p', 'pr', 'primaryOrReplica'], about: 'primary or replica', value: () => 'p' },
    { name: 'state', short: ['st'], about: 'shard state', value: () => 'STARTED' },
    { name: 'docs', short: ['d', 'dc'], about: 'number of docs in shard', right: true, value: ({ documents }) => documents },
    { name: 'store', short: ['sto'], about: 'store size of shard', right: true, bytes: true, value: ({ bytes }) => bytes },
    { name: 'ip', about: 'ip of node where it lives', value: () => call.api.publishAddress.replace(/:\d+$/, '') },
    { name: 'node', short: ['n'], about: 'name of node where it lives', value: () => call.api.identity.nodeName },
  ]; // biome-ignore format: a table
  return table(columns, await call.store.indices(await call.select(undefined, 'metadata')), call.query);
}

async function allocation(call: Call): Promise<Answer> {
  const { bytes, freeBytes } = await call.store.status();
  const { length } = await call.store.indices({ names: [] });
  const columns: readonly Column<Call>[] = [
    { name: 'shards', short: ['s'], about: 'number of shards on node', right: true, value: () => length },
    {
      name: 'disk.indices',
      short: ['di'],
      about: 'disk used by indices',
      right: true,
      bytes: true,
      value: () => bytes,
    },
    {
      name: 'disk.avail',
      short: ['da'],
      about: 'disk available',
      right: true,
      bytes: true,
      value: () => freeBytes,
    },
    { name: 'host', short: ['h'], about: 'host of node', value: () => hostname() },
    { name: 'ip', about: 'ip of node', value: ({ api }) => api.publishAddress.replace(/:\d+$/, '') },
    { name: 'node', short: ['n'], about: 'name of node', value: ({ api }) => api.identity.nodeName },
  ];
  return table(columns, [call], call.query);
}

const plugins = ({ query }: Call): Answer =>
  table<never>(
    [
      { name: 'name', about: 'node name', value: () => undefined },
      { name: 'component', about: 'component', value: () => undefined },
      { name: 'version', about: 'component version', value: () => undefined },
    ],
    [],
    query,
  );

const cat = (path: string, handle: Route['handle'], needs: Route['needs'] = 'metadata'): Route => ({
  methods: ['GET'],
  paths: path.split(' ').map((one) => `/_cat/${one}`),
  needs,
  takes: catParameters,
  handle,
});

const all: readonly Route[] = [
  cat('indices indices/{index}', indices),
  cat('health', health, 'monitor'),
  cat('count count/{index}', count),
  cat('nodes', (call) => table(nodeColumns, [call], call.query), 'monitor'),
  cat('master', (call) => table(masterColumns, [call], call.query), 'monitor'),
  cat('cluster_manager', (call) => table(masterColumns, [call], call.query), 'monitor'),
  cat('aliases aliases/{name}', aliases),
  cat('templates templates/{name}', templates, 'handshake'),
  cat('shards shards/{index}', shards),
  cat('allocation allocation/{node}', allocation, 'monitor'),
  cat('plugins', plugins, 'monitor'),
];

export const catRoutes: readonly Route[] = [
  ...all,
  {
    methods: ['GET'],
    paths: ['/_cat'],
    needs: 'handshake',
    takes: ['help'],
    handle: () => ({ plain: `=^.^=\n${all.map(({ paths }) => `${paths[0]}\n`).join('')}` }),
  },
];
