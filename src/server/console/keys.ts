/** API keys of the event store, as the console shows and makes them. */
import { roles } from '../../kernel/roles.ts';
import { type Identity, userIdentity } from '../../store/api/access.ts';
import type { ApiKeys } from '../../store/api/api-keys.ts';
import { StoreError } from '../../store/errors.ts';
import { KEY_ROLE } from '../access/key-caller.ts';
import { type keyRoutes, keyScopes } from '../contract/keys.ts';
import type { KeyView } from '../contract.ts';
import type { ConsoleAccess } from './access.ts';
import { type Call, ConsoleError, type HandlersOf, notThere } from './call.ts';

export interface KeyHandlerOptions {
  readonly access: ConsoleAccess;
  readonly keys: ApiKeys;
}

type Scope = (typeof keyScopes)[number];

export function keyHandlers({ access, keys }: KeyHandlerOptions): HandlersOf<keyof typeof keyRoutes> {
  const identity = ({ request }: Call<any>): Identity => {
    const { user } = access.person(request);
    const { name, role, indices } = user;
    return userIdentity({ name, role, ...(indices && { indices }) });
  };
  const note = (call: Call<any>, action: string, details: Record<string, unknown>): void =>
    access.audit({ action, user: call.caller!.name, address: call.address, outcome: 'success', details });

  return {
    'GET /api/keys': async (call) => {
      const found = await keys.list(identity(call), {});
      return { keys: found.map(keyView).sort((a, b) => b.created - a.created) };
    },

    'POST /api/keys': async (call) => {
      const { name, scope, indices, days } = call.body;
      const { role } = call.caller!;
      const needed = scope === 'write' ? 'operator' : scope;
      if (roles.indexOf(role) < roles.indexOf(needed))
        throw new ConsoleError(403, 'role', `a key with the scope ${scope} needs the role ${needed}`);
      const names = indices.length > 0 ? indices : ['*'];
      if (names.some((one) => one.startsWith('/') || one.startsWith('-')))
        throw new ConsoleError(400, 'invalid', 'indices are names and patterns with *');
      const owner = identity(call);
      const made = await keys
        .create(owner, {
          name,
          ...(days !== undefined && { expiration: `${days}d` }),
          // Named also when it is all of the owner's: who rises later does not lift the key.
          role_descriptors: { [scope]: descriptor(scope, names) },
          metadata: { [KEY_ROLE]: scope },
        })
        .catch((error: unknown) => {
          throw error instanceof StoreError
            ? new ConsoleError(error.status, 'invalid', error.message)
            : error;
        });
      note(call, 'keys.create', { id: made['id'], name, scope, indices: names, days });
      const [key] = await keys.list(owner, { ids: [String(made['id'])] });
      return { key: keyView(key!), encoded: String(made['encoded']) };
    },

    'DELETE /api/keys/:id': async (call) => {
      const ids = [call.params['id']!];
      const answer = await keys.invalidate(identity(call), { ids });
      const { invalidated_api_keys: now, previously_invalidated_api_keys: before } = answer as Record<
        string,
        string[]
      >;
      if (now!.length + before!.length === 0) throw notThere('the API key');
      note(call, 'keys.revoke', { id: ids[0] });
      return {};
    },
  };
}

/** What the key may do at the event store's own API. */
function descriptor(scope: Scope, names: readonly string[]): object {
  const reads = ['read', 'view_index_metadata'];
  const setsUp = ['monitor', 'manage_index_templates', 'manage_ilm', 'manage_pipeline'];
  switch (scope) {
    case 'write':
      return { cluster: setsUp, indices: [{ names, privileges: ['create_doc', 'auto_configure'] }] };
    case 'operator':
      return { cluster: setsUp, indices: [{ names, privileges: [...reads, 'write', 'create_index'] }] };
    case 'administrator':
      return { cluster: ['all'], indices: [{ names, privileges: ['all'] }] };
    default:
      return { cluster: ['monitor'], indices: [{ names, privileges: reads }] };
  }
}

function keyView(key: Readonly<Record<string, any>>): KeyView {
  const { id, name, username, creation, expiration, invalidated, metadata, role_descriptors: given } = key;
  const descriptors = Object.values(given ?? {}) as { indices?: { names?: string | string[] }[] }[];
  const scope = keyScopes.find((one) => one === metadata?.[KEY_ROLE]);
  return {
    id,
    name,
    owner: username,
    created: creation,
    ...(expiration !== undefined && { expires: expiration }),
    scope: scope ?? 'custom',
    indices: descriptors.flatMap(({ indices = [] }) => indices.flatMap(({ names = [] }) => names)),
    state: invalidated
      ? 'revoked'
      : expiration !== undefined && expiration <= Date.now()
        ? 'expired'
        : 'valid',
  };
}
