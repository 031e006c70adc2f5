/** One's own account: password, second factor, sessions. */
import { csrfOf, type SessionRecord, type Sessions } from '../access/sessions.ts';
import type { Throttle } from '../access/throttle.ts';
import { matchTotp, newRecoveryCodes, newSecret, recoveryHash, takeCode, totpUri } from '../access/totp.ts';
import type { accountRoutes } from '../contract/account.ts';
import type { SessionView } from '../contract.ts';
import type { UserSignIn } from '../user-sign-in.ts';
import type { SecondFactor, Users } from '../users.ts';
import type { ConsoleAccess, OpenSession } from './access.ts';
import { asProblem } from './as-problem.ts';
import { type Call, ConsoleError, type HandlersOf, notThere } from './call.ts';

export interface AccountHandlerOptions {
  readonly access: ConsoleAccess;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly signIn: UserSignIn;
  readonly throttle: Throttle;
  view(session: OpenSession): SessionView;
}

/** A secret waits so long for the first code. */
const PENDING_MS = 10 * 60_000;
const MAX_PENDING = 1000;
type AnyCall = Call<any>;

export function accountHandlers(options: AccountHandlerOptions): HandlersOf<keyof typeof accountRoutes> {
  const { access, users, sessions, signIn, throttle, view } = options;
  /** By the hash of a session. */
  const pending = new Map<string, { readonly secret: string; readonly until: number }>();
  const note = (
    { caller, address }: AnyCall,
    action: string,
    outcome: 'success' | 'failure' = 'success',
  ): void => access.audit({ action, user: caller!.name, address, outcome });

  /** Nobody changes how to sign in at a screen that was left unlocked. @throws ConsoleError */
  const askPassword = async (
    call: AnyCall,
    action: string,
    password: string | undefined,
  ): Promise<OpenSession> => {
    const session = access.person(call.request);
    const { user } = session;
    if (user.external) return session;
    if (password !== undefined && (await signIn.signIn(user.name, password, call.address))) return session;
    note(call, action, 'failure');
    throw new ConsoleError(403, 'wrong', 'the password is wrong');
  };
  /** The same person goes on with a new session; others of the account end. */
  const anew = ({ request, setCookie }: AnyCall, name: string): OpenSession => {
    const session = access.begin(users.find(name)!, request, setCookie);
    sessions.endAll(name, session.record.hash);
    return session;
  };
  const setFactor = (name: string, totp: SecondFactor | undefined): void => users.update(name, { totp });

  return {
    'GET /api/account': ({ request }) => {
      const { user } = access.person(request);
      const { name, role, created, external, totp, indices, hiddenFields = [], filter = '' } = user;
      return {
        name,
        role,
        created,
        external: external !== undefined,
        secondFactor: totp !== undefined,
        recoveryCodes: totp?.recovery.length ?? 0,
        ...(indices && { indices: [...indices] }),
        hiddenFields: [...hiddenFields],
        filter,
      };
    },

    'POST /api/account/password': async (call) => {
      const { user } = await askPassword(call, 'account.password', call.body.current);
      if (user.external)
        throw new ConsoleError(
          400,
          'external',
          `${user.name} signs in elsewhere: the password is changed there`,
        );
      try {
        await users.setPassword(user.name, call.body.password);
      } catch (error) {
        throw asProblem(error);
      }
      note(call, 'account.password');
      return view(anew(call, user.name));
    },

    'POST /api/account/totp': async (call) => {
      const { user, record } = await askPassword(call, 'account.totp', call.body.password);
      if (user.totp) throw new ConsoleError(409, 'totp', 'there is a second factor already: remove it first');
      if (pending.size >= MAX_PENDING) pending.clear();
      const secret = newSecret();
      pending.set(record.hash, { secret, until: Date.now() + PENDING_MS });
      return { secret, uri: totpUri(secret, user.name, 'Millrace') };
    },

    'POST /api/account/totp/confirm': (call) => {
      const { user, record } = access.person(call.request);
      const begun = pending.get(record.hash);
      if (!begun || begun.until < Date.now())
        throw new ConsoleError(409, 'totp', 'this took too long: begin again');
      const lastStep = matchTotp(begun.secret, call.body.code, -1, Date.now());
      if (lastStep === undefined)
        throw new ConsoleError(400, 'totp', 'this code is wrong: is the clock of the phone right?');
      pending.delete(record.hash);
      const recovery = newRecoveryCodes();
      setFactor(user.name, { secret: begun.secret, recovery: recovery.map(recoveryHash), lastStep });
      note(call, 'account.totp');
      return { recovery, session: view(anew(call, user.name)) };
    },

    'POST /api/account/totp/remove': async (call) => {
      const { user } = await askPassword(call, 'account.totp_remove', call.body.password);
      const place = `code of ${user.name}`;
      const wait = throttle.wait(place);
      if (wait > 0)
        throw new ConsoleError(429, 'wait', `too many tries: wait ${Math.ceil(wait / 1000)} seconds`);
      if (!user.totp) throw new ConsoleError(409, 'totp', 'there is no second factor');
      if (!takeCode(user.totp, call.body.code)) {
        throttle.fail(place);
        note(call, 'account.totp_remove', 'failure');
        throw new ConsoleError(400, 'totp', 'this code is wrong, or was used already');
      }
      setFactor(user.name, undefined);
      note(call, 'account.totp_remove');
      return view(anew(call, user.name));
    },

    'GET /api/account/sessions': ({ request }) => {
      const { user, record } = access.person(request);
      return {
        sessions: sessions.of(user.name).map((one) => ({
          id: idOf(one),
          created: one.created,
          lastUsed: one.lastUsed,
          expires: sessions.expires(one),
          address: one.address,
          agent: one.agent,
          current: one.hash === record.hash,
        })),
      };
    },

    'DELETE /api/account/sessions': (call) => {
      const { user, record } = access.person(call.request);
      note(call, 'account.end_sessions');
      return { ended: sessions.endAll(user.name, record.hash) };
    },

    'DELETE /api/account/sessions/:id': (call) => {
      const { user } = access.person(call.request);
      const found = sessions.of(user.name).find((one) => idOf(one) === call.params['id']);
      if (!found) throw notThere('the session');
      note(call, 'account.end_session');
      sessions.end(found.hash);
      return {};
    },
  };
}

/** Tells a session from others, and is of no other use. */
const idOf = ({ hash }: SessionRecord): string => csrfOf(hash).slice(0, 16);
