/** API keys: made, found again by their secret, and invalidated. The store keeps a hash of the secret. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isMap } from '../../event/event.ts';
import { parsingError, StoreError } from '../errors.ts';
import type { Store } from '../store.ts';
import type { Authenticator, Grant, Identity, Privilege } from './access.ts';
import { denied, mayDo, userIdentity } from './access.ts';
import type { Json } from './call.ts';
import { durationOf } from './search-body.ts';

/** As the store keeps it, under its id. */
interface StoredKey {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the secret, which has 128 bits of chance: a slow hash would protect nothing more. */
  readonly hash: string;
  readonly creation: number;
  readonly expiration?: number;
  readonly invalidated: boolean;
  readonly invalidation?: number;
  readonly username: string;
  readonly role_descriptors: Json;
  readonly metadata: Json;
}

/** What a key of the store was, a moment ago. */
const FRESH_MS = 1000;
const MAX_CACHED = 1000;

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export class ApiKeys {
  readonly #store: Store;
  readonly #users: Authenticator;
  readonly #cache = new Map<string, { key: StoredKey | undefined; until: number }>();

  constructor(store: Store, users: Authenticator) {
    this.#store = store;
    this.#users = users;
  }

  /** `base64(id:secret)` of an Authorization header; undefined: no such key, or not any more. */
  async identify(credentials: string): Promise<Identity | undefined> {
    const [id = '', secret = ''] = Buffer.from(credentials, 'base64').toString('utf8').split(/:(.*)/s);
    if (!/^[\w-]{1,64}$/.test(id)) return undefined;
    const key = await this.#find(id);
    if (!key || key.invalidated || (key.expiration !== undefined && key.expiration <= Date.now()))
      return undefined;
    if (!timingSafeEqual(digest(secret), Buffer.from(key.hash, 'base64'))) return undefined;
    // The rights of the owner as they are now, and of those what the key has.
    const owner = this.#users.find(key.username);
    // A namesake who came later has no part in it.
    if (!owner || (owner.created ?? 0) > key.creation) return undefined;
    const whole = userIdentity(owner);
    const own = { kind: 'api_key', keyId: id, metadata: key.metadata } as const;
    if (Object.keys(key.role_descriptors).length === 0) return { ...whole, ...own };
    const { cluster, grants } = parseRoles(key.role_descriptors);
    const ofIndices = grants.flatMap(({ privileges }) => [...privileges]);
    return {
      ...whole,
      ...own,
      privileges: new Set([...cluster, ...ofIndices].filter((one) => whole.privileges.has(one))),
      grants: [...whole.grants, grants],
    };
  }

  async create(identity: Identity, body: Json): Promise<Json> {
    const { name, expiration, role_descriptors: roles = {}, metadata = {}, ...unknown } = body;
    const [wrong] = Object.keys(unknown);
    if (wrong !== undefined) throw parsingError(`[api_key_request] unknown field [${wrong}]`);
    if (typeof name !== 'string' || name === '' || name.length > 256)
      throw validation('api key name is required and must not be more than 256 characters long');
    if (!isMap(roles) || !isMap(metadata))
      throw parsingError('[role_descriptors] and [metadata] are objects');
    if (identity.kind !== 'user')
      throw new StoreError(
        400,
        'illegal_argument_exception',
        identity.kind === 'api_key'
          ? 'creating derived api keys is not supported: sign in with a user and password'
          : 'an API key needs an owner: make a user first (millrace user add NAME) and sign in',
      );
    // Refused now rather than when it is used.
    parseRoles(roles);
    const lifetime = expiration === undefined ? undefined : durationOf(expiration, 'expiration');
    const id = randomBytes(15).toString('base64url');
    const secret = randomBytes(16).toString('base64url');
    const creation = Date.now();
    const key: StoredKey = {
      id,
      name,
      hash: digest(secret).toString('base64'),
      creation,
      ...(lifetime !== undefined && { expiration: creation + lifetime }),
      invalidated: false,
      username: identity.name,
      role_descriptors: roles,
      metadata,
    };
    await this.#store.putObject('api_key', id, key as unknown as Json);
    this.#cache.delete(id);
    return {
      id,
      name,
      ...(key.expiration !== undefined && { expiration: key.expiration }),
      api_key: secret,
      encoded: Buffer.from(`${id}:${secret}`).toString('base64'),
    };
  }

  /** Keys that a caller may see, without their hashes. @throws StoreError when it may not see what it asks for */
  async list(identity: Identity, filter: KeyFilter): Promise<Json[]> {
    return (await this.#matching(identity, filter)).map(({ hash, ...key }) => ({
      ...key,
      type: 'rest',
      realm: 'native',
    }));
  }

  /** Names those that were valid until now and those that were not. */
  async invalidate(identity: Identity, filter: KeyFilter): Promise<Json> {
    const invalidated: string[] = [];
    const before: string[] = [];
    for (const key of await this.#matching(identity, filter)) {
      if (key.invalidated) {
        before.push(key.id);
        continue;
      }
      const dead = { ...key, invalidated: true, invalidation: Date.now() };
      await this.#store.putObject('api_key', key.id, dead as unknown as Json);
      this.#cache.delete(key.id);
      invalidated.push(key.id);
    }
    return {
      invalidated_api_keys: invalidated,
      previously_invalidated_api_keys: before,
      error_count: 0,
    };
  }

  async #matching(identity: Identity, filter: KeyFilter): Promise<StoredKey[]> {
    const all = mayDo(identity, 'security');
    if (!all && !mayDo(identity, 'own_keys')) throw denied(identity, 'own_keys');
    if (!all && filter.username !== undefined && filter.username !== identity.name)
      throw denied(identity, 'security');
    const owner = filter.owner === true || !all ? identity.name : filter.username;
    const stored = await this.#store.objects('api_key', '*');
    return stored
      .map(({ body }) => body as unknown as StoredKey)
      .filter(
        (key) =>
          (owner === undefined || key.username === owner) &&
          (filter.ids === undefined || filter.ids.includes(key.id)) &&
          (filter.name === undefined ||
            (filter.name.endsWith('*')
              ? key.name.startsWith(filter.name.slice(0, -1))
              : key.name === filter.name)) &&
          // A key that may look after itself only.
          (identity.kind !== 'api_key' || all || key.id === identity.keyId),
      );
  }

  async #find(id: string): Promise<StoredKey | undefined> {
    const now = performance.now();
    const known = this.#cache.get(id);
    if (known && known.until > now) return known.key;
    const key = (await this.#store.objects('api_key', id)).find(({ name }) => name === id)?.body;
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    const entry = { key: key as StoredKey | undefined, until: now + FRESH_MS };
    this.#cache.set(id, entry);
    return entry.key;
  }
}

export interface KeyFilter {
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly username?: string | undefined;
  readonly owner?: boolean;
}

/** Elasticsearch's privileges of indices in ours. */
const ofIndices: Readonly<Record<string, readonly Privilege[]>> = {
  all: ['read', 'metadata', 'create', 'write', 'delete', 'create_index', 'manage'],
  read: ['read', 'metadata'],
  view_index_metadata: ['metadata'],
  monitor: ['metadata'],
  write: ['create', 'write', 'delete'],
  index: ['create', 'write'],
  create: ['create'],
  create_doc: ['create'],
  delete: ['delete'],
  create_index: ['create_index'],
  auto_configure: ['create_index'],
  manage: ['metadata', 'create_index', 'manage'],
  delete_index: ['manage'],
  maintenance: [],
  manage_ilm: [],
  manage_data_stream_lifecycle: [],
  manage_follow_index: [],
  read_cross_cluster: [],
  none: [],
};
/** And of the cluster. */
const ofCluster: Readonly<Record<string, readonly Privilege[]>> = {
  all: ['monitor', 'setup', 'manage_store', 'own_keys', 'security'],
  manage: ['monitor', 'setup', 'manage_store'],
  monitor: ['monitor'],
  manage_index_templates: ['setup'],
  manage_ilm: ['setup'],
  manage_pipeline: ['setup'],
  manage_ingest_pipelines: ['setup'],
  read_ilm: [],
  read_pipeline: [],
  manage_slm: [],
  create_snapshot: ['manage_store'],
  manage_own_api_key: ['own_keys'],
  manage_api_key: ['own_keys', 'security'],
  manage_security: ['own_keys', 'security'],
  cancel_task: [],
  transport_client: [],
  none: [],
};

/** @throws StoreError for privileges that mean nothing here */
function parseRoles(roles: Json): { cluster: Set<Privilege>; grants: Grant[] } {
  const cluster = new Set<Privilege>(['handshake']);
  const grants: Grant[] = [];
  for (const [role, definition] of Object.entries(roles)) {
    if (!isMap(definition)) throw parsingError(`failed to parse role [${role}]: expected an object`);
    const { cluster: given, indices, index, ...rest } = definition;
    for (const key of Object.keys(rest))
      if (
        !['applications', 'run_as', 'metadata', 'transient_metadata', 'description', 'global'].includes(key)
      )
        throw parsingError(`failed to parse role [${role}]. unexpected field [${key}]`);
    for (const key of ['applications', 'run_as', 'global'] as const)
      if (Object.keys(rest[key] ?? {}).length > 0)
        throw parsingError(`[${key}] in role [${role}] is not supported by Millrace's event store`);
    for (const name of list(given, role))
      for (const one of known(ofCluster, 'cluster', name)) cluster.add(one);
    for (const entry of list(indices ?? index, role)) grants.push(parseGrant(role, entry));
  }
  return { cluster, grants };
}

function parseGrant(role: string, entry: unknown): Grant {
  if (!isMap(entry)) throw parsingError(`failed to parse indices privileges for role [${role}]`);
  const { names, privileges, allow_restricted_indices: _, ...rest } = entry;
  const [wrong] = Object.keys(rest).filter((key) => rest[key] !== undefined && rest[key] !== null);
  if (wrong !== undefined)
    throw parsingError(`[${wrong}] in role [${role}] is not supported by Millrace's event store`);
  const patterns = list(names, role).map(String);
  if (patterns.length === 0)
    throw parsingError(
      `failed to parse indices privileges for role [${role}]. missing required [names] field`,
    );
  // `/regular expressions/` would be patterns of another kind.
  if (patterns.some((pattern) => pattern.startsWith('/')))
    throw parsingError(
      `regular expressions as index names (role [${role}]) are not supported by Millrace's event store`,
    );
  const granted = list(privileges, role).flatMap((name) => known(ofIndices, 'index', name));
  return { names: patterns, privileges: new Set(granted) };
}

function known(
  table: Readonly<Record<string, readonly Privilege[]>>,
  kind: string,
  name: unknown,
): readonly Privilege[] {
  if (typeof name !== 'string' || !Object.hasOwn(table, name))
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `unknown ${kind} privilege [${String(name)}]. a privilege must be either one of the predefined ${kind} privilege names [${Object.keys(table).join(',')}]`,
    );
  return table[name]!;
}

function list(value: unknown, role: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) throw parsingError(`failed to parse role [${role}]: expected a list`);
  return value as unknown[];
}

const validation = (reason: string): StoreError =>
  new StoreError(400, 'action_request_validation_exception', `Validation Failed: 1: ${reason};`);
