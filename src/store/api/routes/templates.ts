/** Templates of all three kinds, data streams, and lifecycle policies. */
import { isMap } from '../../../event/event.ts';
import { parsingError, StoreError, unsupported } from '../../errors.ts';
import { globMatch } from '../../glob-match.ts';
import type { StoredKind } from '../../store.ts';
import { type Answer, acknowledged, type Call, isOn, type Json, json, names, type Route } from '../call.ts';

interface Kind {
  readonly kind: StoredKind;
  readonly title: string;
  readonly path: string;
  /** Keys of a body. */
  readonly keys: readonly string[];
  readonly needsPatterns: boolean;
  show(found: readonly { name: string; body: Json }[]): Json;
}

const indexTemplate: Kind = {
  kind: 'index_template',
  title: 'index template',
  path: '/_index_template',
  keys: ['index_patterns', 'composed_of', 'priority', 'version', '_meta', 'template', 'data_stream', 'allow_auto_create', 'ignore_missing_component_templates', 'deprecated'],
  needsPatterns: true,
  show: (found) => ({ index_templates: found.map(({ name, body }) => ({ name, index_template: { composed_of: [], ...body, index_patterns: [body['index_patterns']].flat() } })) }),
}; // biome-ignore format: a table
const componentTemplate: Kind = {
  kind: 'component_template',
  title: 'component template',
  path: '/_component_template',
  keys: ['template', 'version', '_meta', 'deprecated', 'allow_auto_create'],
  needsPatterns: false,
  show: (found) => ({
    component_templates: found.map(({ name, body }) => ({ name, component_template: body })),
  }),
};
const legacyTemplate: Kind = {
  kind: 'template',
  title: 'index template',
  path: '/_template',
  keys: ['index_patterns', 'template', 'order', 'version', 'settings', 'mappings', 'aliases'],
  needsPatterns: true,
  show: (found) => Object.fromEntries(found.map(({ name, body }) => [name, shownLegacy(body)])),
};

function shownLegacy({ template, ...body }: Json): Json {
  return {
    order: 0,
    settings: {},
    mappings: {},
    aliases: {},
    ...body,
    index_patterns: [body['index_patterns'] ?? template].flat(),
  };
}

async function matching(call: Call, kind: StoredKind): Promise<{ name: string; body: Json }[]> {
  const found = new Map<string, Json>();
  for (const pattern of names(call.params['name'] ?? '*'))
    for (const { name, body } of await call.store.objects(kind, pattern)) found.set(name, body);
  return [...found].map(([name, body]) => ({ name, body }));
}

const isNamed = (call: Call): boolean =>
  call.params['name'] !== undefined && !call.params['name'].includes('*');

async function get(call: Call, kind: Kind): Promise<Answer> {
  const found = await matching(call, kind.kind);
  if (found.length > 0 || !isNamed(call)) return json(kind.show(found));
  if (kind === legacyTemplate) return json({}, 404);
  throw missing(kind.title, call.params['name']!);
}

const missing = (title: string, name: string): StoreError =>
  new StoreError(404, 'resource_not_found_exception', `${title} matching [${name}] not found`);

async function put(call: Call, kind: Kind): Promise<Answer> {
  const name = call.params['name']!;
  const body = checked(call.object(), kind, name);
  const order = call.query['order'];
  const isThere = isOn(call.query['create']) && (await call.store.objects(kind.kind, name)).length > 0;
  if (isThere) throw illegal(`${kind.title} [${name}] already exists`);
  await call.store.putObject(kind.kind, name, order === undefined ? body : { ...body, order: Number(order) });
  return acknowledged();
}

function checked(body: Json, kind: Kind, name: string): Json {
  if (Object.keys(body).length === 0)
    throw new StoreError(400, 'parse_exception', 'request body is required');
  for (const key of Object.keys(body))
    if (!kind.keys.includes(key)) throw parsingError(`[${kind.title}] unknown field [${key}]`);
  if (name.includes('*') || name.includes(',') || /[\s#]/.test(name) || name.startsWith('_'))
    throw illegal(`invalid ${kind.title} name [${name}]`);
  const patterns = body['index_patterns'] ?? (kind === legacyTemplate ? body['template'] : undefined);
  if (kind.needsPatterns && (patterns === undefined || [patterns].flat().length === 0))
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: index patterns are missing;',
    );
  for (const key of kind === legacyTemplate ? ['settings', 'mappings', 'aliases'] : ['template'])
    if (body[key] !== undefined && !isMap(body[key]))
      throw parsingError(`[${key}] of ${kind.title} [${name}] is no object`);
  return body;
}

async function remove(call: Call, kind: StoredKind, title: string): Promise<Answer> {
  const found = await matching(call, kind);
  if (found.length === 0 && isNamed(call)) throw missing(title, call.params['name']!);
  for (const { name } of found) await call.store.deleteObject(kind, name);
  return acknowledged();
}

/** What an index of a name would be made of. */
async function simulate(call: Call): Promise<Answer> {
  const index = call.params['name']!;
  const templates = await call.store.objects('index_template', '*');
  const fitting = templates
    .filter(({ body }) =>
      [body['index_patterns']].flat().some((pattern) => globMatch(String(pattern))(index)),
    )
    .sort((a, b) => Number(b.body['priority'] ?? 0) - Number(a.body['priority'] ?? 0));
  const [best, ...overlapping] = fitting;
  if (!best) return json({});
  const layers: Json[] = [];
  for (const component of [best.body['composed_of'] ?? []].flat())
    for (const { body } of await call.store.objects('component_template', String(component)))
      layers.push((body['template'] ?? {}) as Json);
  layers.push((best.body['template'] ?? {}) as Json);
  const merged = layers.reduce<Json>((all, layer) => merge(all, layer), {
    settings: {},
    mappings: {},
    aliases: {},
  });
  return json({
    template: merged,
    overlapping: overlapping.map(({ name, body }) => ({
      name,
      index_patterns: [body['index_patterns']].flat(),
    })),
  });
}

function merge(a: Json, b: Json): Json {
  const merged: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const before = Object.hasOwn(merged, key) ? merged[key] : undefined;
    if (key === '__proto__') continue;
    if (isMap(before) && isMap(value)) merged[key] = merge(before, value);
    else if (key === 'dynamic_templates' && Array.isArray(before) && Array.isArray(value))
      merged[key] = [...before, ...(value as unknown[])];
    else merged[key] = value;
  }
  return merged;
}

async function getStreams(call: Call): Promise<Answer> {
  const found = await matching(call, 'data_stream');
  if (found.length === 0 && isNamed(call))
    throw new StoreError(404, 'index_not_found_exception', `no such index [${call.params['name']}]`, {
      index: call.params['name'],
    });
  const streams: Json[] = [];
  for (const { name } of found) {
    const backing = await call.store.indices({ names: [name], ignoreUnavailable: true });
    const { name: template } = (await templateOf(call, name)) ?? {};
    streams.push({
      name,
      timestamp_field: { name: '@timestamp' },
      indices: backing.map((index) => ({ index_name: index.name, index_uuid: index.uuid })),
      generation: backing.length,
      status: 'GREEN',
      ...(template !== undefined && { template }),
      hidden: false,
      system: false,
      replicated: false,
    });
  }
  return json({ data_streams: streams });
}

async function templateOf(call: Call, name: string): Promise<{ name: string; body: Json } | undefined> {
  const templates = await call.store.objects('index_template', '*');
  return templates
    .filter(({ body }) => [body['index_patterns']].flat().some((pattern) => globMatch(String(pattern))(name)))
    .sort((a, b) => Number(b.body['priority'] ?? 0) - Number(a.body['priority'] ?? 0))[0];
}

async function putStream(call: Call): Promise<Answer> {
  const name = call.params['name']!;
  await call.allow('create_index', name);
  if ((await call.store.objects('data_stream', name)).length > 0)
    throw new StoreError(400, 'resource_already_exists_exception', `data_stream [${name}] already exists`);
  const template = await templateOf(call, name);
  if (template?.body['data_stream'] === undefined)
    throw illegal(`no matching index template found for data stream [${name}]`);
  await call.store.putObject('data_stream', name, {});
  return acknowledged();
}

async function removeStream(call: Call): Promise<Answer> {
  for (const { name } of await matching(call, 'data_stream')) await call.allow('manage', name);
  return remove(call, 'data_stream', 'data stream');
}

async function getPolicies(call: Call): Promise<Answer> {
  const found = await matching(call, 'ilm_policy');
  if (found.length === 0 && isNamed(call))
    throw new StoreError(
      404,
      'resource_not_found_exception',
      `Lifecycle policy not found: ${call.params['name']}`,
    );
  return json(
    Object.fromEntries(
      found.map(({ name, body }) => [
        name,
        { version: 1, ...body, in_use_by: { indices: [], data_streams: [], composable_templates: [] } },
      ]),
    ),
  );
}

async function putPolicy(call: Call): Promise<Answer> {
  const { policy, ...unknown } = call.object();
  const [wrong] = Object.keys(unknown);
  if (wrong !== undefined || !isMap(policy))
    throw parsingError(
      `[put_lifecycle_request] ${wrong === undefined ? 'needs [policy]' : `unknown field [${wrong}]`}`,
    );
  await call.store.putObject('ilm_policy', call.params['name']!, {
    modified_date: new Date().toISOString(),
    policy,
  });
  return {
    ...acknowledged(),
    headers: {
      warning:
        '299 Millrace "lifecycle policies are kept but not executed: Millrace deletes by its own retention rules"',
    },
  };
}

const illegal = (reason: string): StoreError => new StoreError(400, 'illegal_argument_exception', reason);

const routesOf = (kind: Kind): Route[] => [
  { methods: ['GET'], paths: [kind.path, `${kind.path}/{name}`], needs: 'handshake', takes: ['include_defaults'], handle: (call) => get(call, kind) },
  { methods: ['PUT', 'POST'], paths: [`${kind.path}/{name}`], needs: 'setup', takes: ['create', 'order'], handle: (call) => put(call, kind) },
  { methods: ['DELETE'], paths: [`${kind.path}/{name}`], needs: 'manage_store', handle: (call) => remove(call, kind.kind, kind.title) },
]; // biome-ignore format: a table

export const templateRoutes: readonly Route[] = [
  ...[indexTemplate, componentTemplate, legacyTemplate].flatMap(routesOf),
  { methods: ['POST'], paths: ['/_index_template/_simulate_index/{name}'], needs: 'handshake', takes: ['include_defaults'], handle: simulate },
  { methods: ['POST'], paths: ['/_index_template/_simulate', '/_index_template/_simulate/{name}'], needs: 'handshake', handle: () => { throw unsupported('[_index_template/_simulate]; [_index_template/_simulate_index/{name}] is there, and it'); } },
  { methods: ['GET'], paths: ['/_data_stream', '/_data_stream/{name}'], needs: 'handshake', takes: ['include_defaults', 'verbose'], handle: getStreams },
  { methods: ['PUT'], paths: ['/_data_stream/{name}'], needs: 'create_index', handle: putStream },
  { methods: ['DELETE'], paths: ['/_data_stream/{name}'], needs: 'manage', handle: removeStream },
  { methods: ['GET'], paths: ['/_ilm/policy', '/_ilm/policy/{name}'], needs: 'handshake', handle: getPolicies },
  { methods: ['PUT'], paths: ['/_ilm/policy/{name}'], needs: 'setup', handle: putPolicy },
  { methods: ['DELETE'], paths: ['/_ilm/policy/{name}'], needs: 'manage_store', handle: (call) => remove(call, 'ilm_policy', 'Lifecycle policy') },
  { methods: ['GET'], paths: ['/_ilm/status'], needs: 'handshake', handle: () => json({ operation_mode: 'STOPPED' }) },
]; // biome-ignore format: a table
