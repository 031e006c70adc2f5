/** Indices: made, described, deleted; settings; what keeps them in order elsewhere and does nothing here. */
import { indexNotFound, parsingError, StoreError, unsupported } from '../../errors.ts';
import type { IndexInfo } from '../../store.ts';
import { denied, isGranted } from '../access.ts';
import {
  type Answer,
  acknowledged,
  type Call,
  isOn,
  type Json,
  json,
  names,
  type Route,
  shards,
} from '../call.ts';
import { durationOf } from '../search-body.ts';

async function create(call: Call): Promise<Answer> {
  const index = call.params['index']!;
  const body = call.object();
  for (const key of Object.keys(body))
    if (!['settings', 'mappings', 'aliases'].includes(key))
      throw parsingError(`unknown key [${key}] for create index`);
  for (const name of [index, ...Object.keys(body['aliases'] ?? {})])
    if (!isGranted(call.identity, 'create_index', [name]) && call.identity.grants.length > 0)
      throw denied(call.identity, 'create_index', [name]);
  await call.store.createIndex(index, body);
  return acknowledged({ shards_acknowledged: true, index });
}

const described = ({ aliases, mappings, settings, dataStream }: IndexInfo): Json => ({
  aliases,
  mappings,
  settings,
  ...(dataStream !== undefined && { data_stream: dataStream }),
});

async function get(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  const { features } = call.query;
  const wanted = features === undefined ? undefined : new Set(names(features));
  return json(
    Object.fromEntries(
      found.map((index) => {
        const all = Object.entries(described(index));
        return [index.name, Object.fromEntries(wanted ? all.filter(([key]) => wanted.has(key)) : all)];
      }),
    ),
  );
}

/** Elasticsearch's `action.destructive_requires_name`: a slip of the finger deletes one index at most. */
async function remove(call: Call): Promise<Answer> {
  const index = call.params['index']!;
  if (names(index).some((name) => name === '_all' || name.includes('*')))
    throw new StoreError(
      400,
      'illegal_argument_exception',
      'Wildcard expressions or all indices are not allowed',
    );
  await call.store.deleteIndices(await call.select(index, 'manage'));
  return acknowledged();
}

async function getSettings(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  const patterns = names(call.params['name']).map(
    (name) => new RegExp(`^${name.split('*').map(RegExp.escape).join('.*')}$`),
  );
  const show = ({ settings }: IndexInfo): Json => {
    if (patterns.length === 0 && call.query['flat_settings'] === undefined) return settings;
    const flat = Object.entries(flatten(settings)).filter(
      ([key]) => patterns.length === 0 || patterns.some((pattern) => pattern.test(key)),
    );
    return isOn(call.query['flat_settings']) ? Object.fromEntries(flat) : nest(flat);
  };
  return json(Object.fromEntries(found.map((index) => [index.name, { settings: show(index) }])));
}

function flatten(value: Json, prefix = ''): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      Object.assign(flat, flatten(inner as Json, `${prefix}${key}.`));
    else flat[`${prefix}${key}`] = inner;
  }
  return flat;
}

function nest(flat: readonly (readonly [string, unknown])[]): Json {
  const root: Record<string, unknown> = {};
  for (const [key, value] of flat) {
    let at = root;
    const path = key.split('.');
    for (const step of path.slice(0, -1)) at = (at[step] ??= {}) as Record<string, unknown>;
    at[path.at(-1)!] = value;
  }
  return root;
}

async function putSettings(call: Call): Promise<Answer> {
  const body = call.object();
  const settings = (body['settings'] ?? body) as Json;
  await call.store.putSettings(await call.select(undefined, 'manage'), settings);
  return acknowledged();
}

/** Written is searchable, merging and sealing happen by themselves. */
async function nothingToDo(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  return json({ _shards: shards(found.length) });
}

/** The same for shippers that may only write. */
function refresh(call: Call): Promise<Answer> | Answer {
  return call.identity.privileges.has('metadata') ? nothingToDo(call) : json({ _shards: shards() });
}

async function stats(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  const of = (list: readonly IndexInfo[]): Json => ({
    docs: {
      count: list.reduce((sum, { documents }) => sum + documents, 0),
      deleted: list.reduce((sum, { deleted }) => sum + deleted, 0),
    },
    store: { size_in_bytes: list.reduce((sum, { bytes }) => sum + bytes, 0) },
    shard_stats: { total_count: list.length },
  });
  const both = (list: readonly IndexInfo[]): Json => ({ primaries: of(list), total: of(list) });
  return json({
    _shards: shards(found.length),
    _all: both(found),
    indices: Object.fromEntries(
      found.map((index) => [
        index.name,
        { uuid: index.uuid, health: index.health, status: 'open', ...both([index]) },
      ]),
    ),
  });
}

async function resolve(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(call.params['name'], 'metadata'));
  const aliases = new Map<string, string[]>();
  const streams = new Map<string, string[]>();
  for (const { name, aliases: own, dataStream } of found) {
    for (const alias of Object.keys(own)) aliases.set(alias, [...(aliases.get(alias) ?? []), name]);
    if (dataStream !== undefined) streams.set(dataStream, [...(streams.get(dataStream) ?? []), name]);
  }
  return json({
    indices: found.map(({ name, aliases: own, dataStream }) => ({
      name,
      ...(Object.keys(own).length > 0 && { aliases: Object.keys(own) }),
      attributes: ['open'],
      ...(dataStream !== undefined && { data_stream: dataStream }),
    })),
    aliases: [...aliases].map(([name, indices]) => ({ name, indices })),
    data_streams: [...streams].map(([name, indices]) => ({
      name,
      backing_indices: indices,
      timestamp_field: '@timestamp',
    })),
  });
}

/** A new index behind an alias, `logs-000001` → `logs-000002`. */
async function rollover(call: Call): Promise<Answer> {
  const alias = call.params['index']!;
  const { conditions = {}, ...body } = call.object();
  const found = await call.store.indices(await call.select(alias, 'manage'));
  if (found.some(({ dataStream }) => dataStream === alias)) throw unsupported('Rollover of a data stream');
  const old =
    found.find(({ aliases }) => aliases[alias]?.['is_write_index'] === true) ??
    (found.length === 1 && found[0]!.aliases[alias] ? found[0] : undefined);
  if (!old)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `rollover target [${alias}] does not point to a write index`,
    );
  const next = call.params['name'] ?? nextName(old.name);
  const met = conditionsOf(conditions as Json, old);
  const isDue = met.length === 0 || met.some(([, is]) => is);
  const isDry = isOn(call.query['dry_run']);
  if (isDue && !isDry) {
    if (call.identity.grants.length > 0 && !isGranted(call.identity, 'create_index', [next]))
      throw denied(call.identity, 'create_index', [next]);
    await call.store.createIndex(next, body);
    await call.store.updateAliases([
      { action: 'add', index: old.name, alias, body: { ...old.aliases[alias], is_write_index: false } },
      { action: 'add', index: next, alias, body: { is_write_index: true } },
    ]);
  }
  return json({
    acknowledged: isDue && !isDry,
    shards_acknowledged: isDue && !isDry,
    old_index: old.name,
    new_index: next,
    rolled_over: isDue && !isDry,
    dry_run: isDry,
    conditions: Object.fromEntries(met.map(([name, is, value]) => [`[${name}: ${String(value)}]`, is])),
  });
}

function nextName(name: string): string {
  const [, head, number] = /^(.*-)(\d+)$/.exec(name) ?? [];
  if (number === undefined)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `index name [${name}] does not match pattern '^.*-\\d+$'`,
    );
  return `${head}${String(Number(number) + 1).padStart(Math.max(6, number.length), '0')}`;
}

function conditionsOf(
  conditions: Json,
  { created, documents, bytes }: IndexInfo,
): [string, boolean, unknown][] {
  return Object.entries(conditions).map(([name, value]) => {
    switch (name) {
      case 'max_age':
        return [name, Date.now() - created >= (durationOf(value, name) ?? 0), value];
      case 'max_docs':
        return [name, documents >= Number(value), value];
      case 'max_size':
      case 'max_primary_shard_size':
        return [name, bytes >= bytesOf(String(value)), value];
      default:
        throw unsupported(`[${name}] as a condition of rollover`);
    }
  });
}

function bytesOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(b|kb|mb|gb|tb)$/i.exec(text) ?? [];
  if (unit === undefined) throw parsingError(`failed to parse [${text}] as a size`);
  return Number(number) * 1024 ** ['b', 'kb', 'mb', 'gb', 'tb'].indexOf(unit.toLowerCase());
}

async function explainLifecycle(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  if (found.length === 0 && call.params['index']?.includes('*') === false)
    throw indexNotFound(call.params['index']);
  return json({
    indices: Object.fromEntries(found.map(({ name }) => [name, { index: name, managed: false }])),
  });
}

const everyIndex = (name: string): string[] => [`/_${name}`, `/{index}/_${name}`];

export const indexRoutes: readonly Route[] = [
  { methods: ['PUT'], paths: ['/{index}'], needs: 'create_index', takes: ['wait_for_active_shards'], handle: create },
  { methods: ['GET'], paths: ['/{index}'], needs: 'metadata', takes: ['features', 'include_defaults'], handle: get },
  { methods: ['DELETE'], paths: ['/{index}'], needs: 'manage', handle: remove },
  { methods: ['GET'], paths: [...everyIndex('settings'), '/_settings/{name}', '/{index}/_settings/{name}'], needs: 'metadata', takes: ['include_defaults'], handle: getSettings },
  { methods: ['PUT'], paths: everyIndex('settings'), needs: 'manage', takes: ['preserve_existing', 'reopen'], handle: putSettings },
  { methods: ['GET', 'POST'], paths: everyIndex('refresh'), needs: 'handshake', handle: refresh },
  { methods: ['GET', 'POST'], paths: everyIndex('flush'), needs: 'metadata', takes: ['force', 'wait_if_ongoing'], handle: nothingToDo },
  { methods: ['POST'], paths: everyIndex('forcemerge'), needs: 'metadata', takes: ['max_num_segments', 'only_expunge_deletes', 'flush', 'wait_for_completion'], handle: nothingToDo },
  { methods: ['POST'], paths: everyIndex('cache/clear'), needs: 'metadata', takes: ['query', 'fielddata', 'request', 'fields'], handle: nothingToDo },
  { methods: ['GET'], paths: [...everyIndex('stats'), '/_stats/{metric}', '/{index}/_stats/{metric}'], needs: 'metadata', takes: ['level', 'fields', 'groups', 'forbid_closed_indices', 'include_segment_file_sizes', 'include_unloaded_segments', 'metric'], handle: stats },
  { methods: ['GET'], paths: ['/_resolve/index/{name}'], needs: 'metadata', takes: ['mode'], handle: resolve },
  { methods: ['POST'], paths: ['/{index}/_rollover', '/{index}/_rollover/{name}'], needs: 'manage', takes: ['dry_run', 'lazy'], handle: rollover },
  { methods: ['GET'], paths: ['/{index}/_ilm/explain'], needs: 'metadata', takes: ['only_managed', 'only_errors'], handle: explainLifecycle },
]; // biome-ignore format: a table
