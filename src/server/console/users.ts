/** Users, for administrators. */
import { parseKql } from '../../query/kql.ts';
import type { Sessions } from '../access/sessions.ts';
import type { userRoutes } from '../contract/users.ts';
import type { UserView } from '../contract.ts';
import type { User, UserChange, Users } from '../users.ts';
import { asProblem } from './as-problem.ts';
import { type AuditEntry, type Call, ConsoleError, type HandlersOf, notThere } from './call.ts';

export interface UserHandlerOptions {
  readonly users: Users;
  readonly sessions: Sessions;
  audit(entry: AuditEntry): void;
}

export function userHandlers({
  users,
  sessions,
  audit,
}: UserHandlerOptions): HandlersOf<keyof typeof userRoutes> {
  const view = (user: User): UserView => ({
    name: user.name,
    role: user.role,
    created: user.created,
    disabled: user.disabled === true,
    external: user.external !== undefined,
    secondFactor: user.totp !== undefined,
    sessions: sessions.of(user.name).length,
    indices: user.indices ? [...user.indices] : null,
    hiddenFields: [...(user.hiddenFields ?? [])],
    filter: user.filter ?? '',
  });
  const known = ({ params }: Pick<Call<any>, 'params'>): User => {
    const user = users.get(params['name']!);
    if (!user) throw notThere(`user ${params['name']}`);
    return user;
  };
  const note = ({ caller, address }: Call<any>, action: string, details: Record<string, unknown>): void =>
    audit({ action, user: caller!.name, address, outcome: 'success', details });
  /** One mistake, and nobody could mend it. */
  const notOneself = ({ caller }: Call<any>, user: User, what: string): void => {
    if (caller!.name === user.name)
      throw new ConsoleError(409, 'oneself', `nobody can ${what} themselves: another administrator can`);
  };

  return {
    'GET /api/users': () => ({ users: users.list().map(view) }),

    'POST /api/users': async (call) => {
      const { name, role, password, indices, hiddenFields, filter } = call.body;
      checkFilter(filter);
      try {
        await users.add(name, role, password, {
          ...(indices && { indices }),
          ...(hiddenFields.length > 0 && { hiddenFields }),
          ...(filter !== '' && { filter }),
        });
      } catch (error) {
        throw asProblem(error);
      }
      note(call, 'users.add', { name, role, indices, hiddenFields, filter });
      return view(users.get(name)!);
    },

    'PUT /api/users/:name': (call) => {
      const user = known(call);
      const { role, disabled, indices, hiddenFields, filter } = call.body;
      if (role !== undefined && role !== user.role) notOneself(call, user, 'change the role of');
      if (disabled === true) notOneself(call, user, 'disable');
      if (filter !== undefined) checkFilter(filter);
      const change: UserChange = {
        ...(role !== undefined && { role }),
        ...(disabled !== undefined && { disabled: disabled || undefined }),
        ...(indices !== undefined && { indices: indices ?? undefined }),
        ...(hiddenFields !== undefined && {
          hiddenFields: hiddenFields.length > 0 ? hiddenFields : undefined,
        }),
        ...(filter !== undefined && { filter: filter === '' ? undefined : filter }),
      };
      try {
        users.update(user.name, change);
      } catch (error) {
        throw asProblem(error);
      }
      if (disabled || (role !== undefined && role !== user.role)) sessions.endAll(user.name);
      note(call, 'users.change', { name: user.name, ...call.body });
      return view(users.get(user.name)!);
    },

    'POST /api/users/:name/reset': async (call) => {
      const user = known(call);
      const { password, secondFactor } = call.body;
      notOneself(call, user, 'reset');
      if (password !== undefined && user.external)
        throw new ConsoleError(400, 'external', `${user.name} signs in elsewhere and has no password here`);
      try {
        if (password !== undefined) await users.setPassword(user.name, password);
      } catch (error) {
        throw asProblem(error);
      }
      if (secondFactor) users.update(user.name, { totp: undefined });
      sessions.endAll(user.name);
      note(call, 'users.reset', { name: user.name, password: password !== undefined, secondFactor });
      return view(users.get(user.name)!);
    },

    'DELETE /api/users/:name': (call) => {
      const user = known(call);
      notOneself(call, user, 'delete');
      try {
        users.remove(user.name);
      } catch (error) {
        throw asProblem(error);
      }
      sessions.endAll(user.name);
      note(call, 'users.delete', { name: user.name });
      return {};
    },
  };
}

/** A filter that can not be read would hide everything, or nothing. @throws QueryError */
function checkFilter(filter: string): void {
  if (filter.trim() !== '') parseKql(filter);
}
