/** Who may do what: identities, their privileges, and the narrowing of a selection to what an identity may see. */
import type { Role } from '../../kernel/roles.ts';
import { StoreError } from '../errors.ts';
import { globMatch } from '../glob-match.ts';
import type { IndexSelection, Store } from '../store.ts';

/**
 * - of the whole store: `handshake` (what shippers ask before they write), `monitor`, `setup` (templates, policies,
 *   pipelines), `manage_store` (snapshots, retention), `own_keys`, `security` (everybody's keys)
 * - of indices: `read` documents, `metadata` (mappings, settings), `create` new documents, `write` any, `delete`
 *   documents, `create_index`, `manage` (delete indices, change mappings)
 */
export type Privilege =
  | 'handshake'
  | 'monitor'
  | 'setup'
  | 'manage_store'
  | 'own_keys'
  | 'security'
  | 'read'
  | 'metadata'
  | 'create'
  | 'write'
  | 'delete'
  | 'create_index'
  | 'manage';

const indexPrivileges: ReadonlySet<Privilege> = new Set<Privilege>([
  'read',
  'metadata',
  'create',
  'write',
  'delete',
  'create_index',
  'manage',
]);

/** A user as the store knows it. */
export interface StoreUser {
  readonly name: string;
  readonly role: Role;
  /** Milliseconds since the epoch. */
  readonly created?: number;
  /** Patterns of the indices that the user may touch; undefined: all. */
  readonly indices?: readonly string[];
  /** The user may only see parts of documents: reading is left to the console, which knows how. */
  readonly partial?: boolean;
}

/** Users with passwords. */
export interface Authenticator {
  /** False: nobody has made one yet. */
  hasUsers(): boolean;
  /** Undefined: no such user, or another password. May wait, to slow down guessing. */
  signIn(name: string, password: string, address: string): Promise<StoreUser | undefined>;
  /** As the user is now; undefined: not any more. */
  find(name: string): StoreUser | undefined;
}

/** What may be done with which indices. */
export interface Grant {
  readonly names: readonly string[];
  readonly privileges: ReadonlySet<Privilege>;
}

export interface Identity {
  /** `open`: there are no users yet. */
  readonly kind: 'open' | 'anonymous' | 'user' | 'api_key';
  /** Of the user, also of a key's. */
  readonly name: string;
  readonly role: Role | undefined;
  readonly privileges: ReadonlySet<Privilege>;
  /** Undefined: `privileges` hold for all indices. All of several lists must grant what is asked. */
  readonly grants: readonly (readonly Grant[])[];
  /** Of an API key. */
  readonly keyId?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly partial?: boolean;
}

const viewer: readonly Privilege[] = ['handshake', 'monitor', 'own_keys', 'read', 'metadata'];
const operator: readonly Privilege[] = [...viewer, 'setup', 'create', 'write', 'delete', 'create_index'];
const administrator: readonly Privilege[] = [...operator, 'manage_store', 'security', 'manage'];

const ofRole: Readonly<Record<Role, ReadonlySet<Privilege>>> = {
  viewer: new Set(viewer),
  analyst: new Set(viewer),
  operator: new Set(operator),
  administrator: new Set(administrator),
};

export const openIdentity: Identity = {
  kind: 'open',
  name: '_anonymous',
  role: 'administrator',
  privileges: ofRole.administrator,
  grants: [],
};

/** What `store.http.anonymous` gives to loopback. */
export const anonymousIdentity: Readonly<Record<'write' | 'all', Identity>> = {
  write: {
    ...openIdentity,
    kind: 'anonymous',
    role: undefined,
    privileges: new Set<Privilege>(['handshake', 'setup', 'create', 'write', 'create_index']),
  },
  all: {
    ...openIdentity,
    kind: 'anonymous',
    role: undefined,
    privileges: new Set(administrator.filter((one) => one !== 'security' && one !== 'own_keys')),
  },
};

export function userIdentity({ name, role, indices, partial }: StoreUser): Identity {
  const privileges = ofRole[role];
  return {
    kind: 'user',
    name,
    role,
    privileges,
    grants: indices === undefined ? [] : [[{ names: indices, privileges }]],
    ...(partial === true && { partial }),
  };
}

/** Whether something of that kind is allowed at all; which indices, is for `narrow` and `grants`. */
export function mayDo({ privileges, grants }: Identity, privilege: Privilege): boolean {
  if (!privileges.has(privilege)) return false;
  if (!indexPrivileges.has(privilege)) return true;
  return grants.every((list) => list.some((grant) => grant.privileges.has(privilege)));
}

/** Names under which an index is known: its own, its aliases, its data stream. */
export function isGranted(
  { grants, privileges }: Identity,
  privilege: Privilege,
  indexNames: readonly string[],
): boolean {
  if (!privileges.has(privilege)) return false;
  return grants.every((list) =>
    list.some(
      (grant) =>
        grant.privileges.has(privilege) &&
        grant.names.some((pattern) => indexNames.some((name) => globMatch(pattern)(name))),
    ),
  );
}

/** @throws StoreError 403 */
export function denied(
  identity: Identity,
  privilege: Privilege,
  indices: readonly string[] = [],
): StoreError {
  const who =
    identity.kind === 'api_key'
      ? `API key id [${identity.keyId}] of user [${identity.name}]`
      : `user [${identity.name}]`;
  const where = indices.length > 0 ? ` on indices [${indices.join(',')}]` : '';
  return new StoreError(
    403,
    'security_exception',
    identity.partial === true && privilege === 'read'
      ? `action [read] is unauthorized for ${who}: this user sees parts of documents only, which the console shows`
      : `action [${privilege}] is unauthorized for ${who}${where}`,
  );
}

/**
 * The part of a selection that an identity may touch: patterns shrink to it, names outside of it are an error.
 * @throws StoreError security_exception
 */
export async function narrow(
  store: Store,
  identity: Identity,
  privilege: Privilege,
  selection: IndexSelection,
): Promise<IndexSelection> {
  if (!identity.privileges.has(privilege) || (privilege === 'read' && identity.partial === true))
    throw denied(identity, privilege, selection.names);
  if (identity.grants.length === 0) return selection;
  const found = await store.indices(selection);
  const named = selection.names.filter(
    (name) => !name.includes('*') && name !== '_all' && !name.startsWith('-'),
  );
  const allowed: string[] = [];
  const refused: string[] = [];
  for (const { name, aliases, dataStream } of found) {
    const known = [name, ...Object.keys(aliases), ...(dataStream === undefined ? [] : [dataStream])];
    if (isGranted(identity, privilege, known)) allowed.push(name);
    else if (named.some((one) => known.includes(one))) refused.push(name);
  }
  // A name that does not exist tells nothing about what else does.
  for (const name of named)
    if (found.length === 0 && !isGranted(identity, privilege, [name])) refused.push(name);
  // Nothing is left: an empty list would mean everything.
  if (refused.length > 0 || allowed.length === 0)
    throw denied(identity, privilege, refused.length > 0 ? refused : selection.names);
  return { ...selection, names: allowed };
}
