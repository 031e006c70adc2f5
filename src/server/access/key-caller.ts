/** What an API key of the event store may do in the console: at most what its owner may now. */
import { type Role, roles } from '../../kernel/roles.ts';
import type { Grant, Identity } from '../../store/api/access.ts';
import { globMatch } from '../../store/glob-match.ts';
import type { Caller } from '../console/call.ts';

/** In a key's metadata: the role that it was made with in the console. */
export const KEY_ROLE = 'millrace_role';

/** Undefined: the key may only write, or nothing at all. */
export function keyCaller(identity: Identity, owner: Caller): Caller | undefined {
  if (identity.kind !== 'api_key') return undefined;
  // Lists of grants: those of the owner's indices, if any, and those of the key, if it is narrowed at all.
  const own = identity.grants.slice(owner.indices === undefined ? 0 : 1);
  if (own.length === 0) return owner;
  if (!identity.privileges.has('read')) return undefined;
  const wanted = identity.metadata?.[KEY_ROLE];
  const role = roles.find((one) => one === wanted) ?? 'viewer';
  const indices = own.reduce((before, list) => common(before, readable(list)), owner.indices ?? ['*']);
  return {
    ...owner,
    role: lower(role, owner.role),
    ...((indices.length !== 1 || indices[0] !== '*') && { indices }),
  };
}

const lower = (a: Role, b: Role): Role => (roles.indexOf(a) < roles.indexOf(b) ? a : b);

const readable = (grants: readonly Grant[]): readonly string[] =>
  grants.filter(({ privileges }) => privileges.has('read')).flatMap(({ names }) => names);

/**
 * Patterns of one list that another one covers as a whole, both ways. Two patterns that only overlap, such as `a*` and
 * `*b`, have nothing in common here: too little rather than too much.
 */
function common(a: readonly string[], b: readonly string[]): readonly string[] {
  const within = (some: readonly string[], others: readonly string[]): string[] =>
    some.filter((one) => others.some((other) => globMatch(other)(one)));
  return [...new Set([...within(a, b), ...within(b, a)])];
}
