/** `_security`: who am I, what may I do, and API keys. */
import { parsingError, unsupported } from '../../errors.ts';
import { isGranted, mayDo, type Privilege } from '../access.ts';
import type { KeyFilter } from '../api-keys.ts';
import { type Answer, type Call, isOn, type Json, json, type Route } from '../call.ts';

function authenticate({ identity }: Call): Answer {
  const realm = {
    name: identity.kind === 'user' ? 'default_native' : '_es_api_key',
    type: identity.kind === 'user' ? 'native' : '_es_api_key',
  };
  return json({
    username: identity.name,
    roles: identity.role === undefined ? [] : [identity.role],
    full_name: null,
    email: null,
    metadata: {},
    enabled: true,
    authentication_realm: realm,
    lookup_realm: realm,
    authentication_type:
      identity.kind === 'api_key' ? 'api_key' : identity.kind === 'user' ? 'realm' : 'anonymous',
    ...(identity.keyId !== undefined && { api_key: { id: identity.keyId } }),
  });
}

async function create(call: Call): Promise<Answer> {
  const made = await call.api.keys.create(call.identity, call.object());
  audit(call, 'store.api_key_create', { id: made['id'], name: made['name'] });
  return json(made);
}

async function list(call: Call): Promise<Answer> {
  const { id, name, username, owner } = call.query;
  const keys = await call.api.keys.list(call.identity, {
    ...(id !== undefined && { ids: [id] }),
    name,
    username,
    owner: isOn(owner),
  });
  return json({
    api_keys: isOn(call.query['active_only']) ? keys.filter((key) => key['invalidated'] !== true) : keys,
  });
}

async function invalidate(call: Call): Promise<Answer> {
  const { id, ids, name, username, owner, realm_name: _, ...unknown } = call.object();
  const [wrong] = Object.keys(unknown);
  if (wrong !== undefined) throw parsingError(`[invalidate_api_key] unknown field [${wrong}]`);
  const chosen = [ids ?? id]
    .flat()
    .filter((one) => one !== undefined)
    .map(String);
  if (chosen.length === 0 && name === undefined && username === undefined && owner !== true)
    throw parsingError(
      'One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false',
    );
  const filter: KeyFilter = {
    ...(chosen.length > 0 && { ids: chosen }),
    ...(typeof name === 'string' && { name }),
    ...(typeof username === 'string' && { username }),
    owner: owner === true,
  };
  const result = await call.api.keys.invalidate(call.identity, filter);
  audit(call, 'store.api_key_invalidate', { ids: result['invalidated_api_keys'] });
  return json(result);
}

function audit({ api, identity, address }: Call, action: string, details: Json): void {
  api.audit({ action, user: identity.name, address, outcome: 'success', details });
}

/** Elasticsearch's names for what somebody might ask about. */
const asOurs: Readonly<Record<string, readonly Privilege[]>> = {
  all: ['read', 'write', 'delete', 'manage'],
  read: ['read'],
  write: ['write', 'delete'],
  index: ['write'],
  create: ['create'],
  create_doc: ['create'],
  delete: ['delete'],
  create_index: ['create_index'],
  auto_configure: ['create_index'],
  view_index_metadata: ['metadata'],
  monitor: ['metadata'],
  manage: ['manage'],
  delete_index: ['manage'],
};
const asOursOfCluster: Readonly<Record<string, readonly Privilege[]>> = {
  all: ['setup', 'manage_store', 'security'],
  manage: ['setup', 'manage_store'],
  monitor: ['monitor'],
  manage_index_templates: ['setup'],
  manage_ilm: ['setup'],
  manage_pipeline: ['setup'],
  manage_ingest_pipelines: ['setup'],
  read_ilm: ['handshake'],
  read_pipeline: ['handshake'],
  manage_security: ['security'],
  manage_api_key: ['security'],
  manage_own_api_key: ['own_keys'],
};

function hasPrivileges(call: Call): Answer {
  const { identity } = call;
  const { cluster = [], index = [], application = [] } = call.object() as Record<string, any>;
  const ofCluster: Record<string, boolean> = {};
  for (const name of [cluster].flat().map(String))
    ofCluster[name] =
      Object.hasOwn(asOursOfCluster, name) && asOursOfCluster[name]!.every((one) => mayDo(identity, one));
  const ofIndex: Record<string, Record<string, boolean>> = {};
  for (const entry of [index].flat() as Json[]) {
    for (const name of [entry?.['names'] ?? []].flat().map(String)) {
      const own = (ofIndex[name] ??= {});
      for (const privilege of [entry['privileges'] ?? []].flat().map(String))
        own[privilege] =
          Object.hasOwn(asOurs, privilege) &&
          asOurs[privilege]!.every((one) => isGranted(identity, one, [name]));
    }
  }
  if ([application].flat().length > 0) throw unsupported('[application] privileges');
  const every = [...Object.values(ofCluster), ...Object.values(ofIndex).flatMap((own) => Object.values(own))];
  return json({
    username: identity.name,
    has_all_requested: every.every((one) => one),
    cluster: ofCluster,
    index: ofIndex,
    application: {},
  });
}

const filters = [
  'id',
  'name',
  'username',
  'owner',
  'realm_name',
  'with_limited_by',
  'active_only',
  'with_profile_uid',
];

export const securityRoutes: readonly Route[] = [
  { methods: ['GET'], paths: ['/_security/_authenticate'], needs: 'handshake', handle: authenticate },
  { methods: ['PUT', 'POST'], paths: ['/_security/api_key'], needs: 'own_keys', handle: create },
  { methods: ['GET'], paths: ['/_security/api_key'], needs: 'own_keys', takes: filters, handle: list },
  { methods: ['DELETE'], paths: ['/_security/api_key'], needs: 'own_keys', handle: invalidate },
  { methods: ['GET', 'POST'], paths: ['/_security/user/_has_privileges'], needs: 'handshake', handle: hasPrivileges },
]; // biome-ignore format: a table
