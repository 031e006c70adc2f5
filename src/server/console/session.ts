/** Signing in and out, and the first administrator. */

import { randomBytes } from 'node:crypto';
import { type Oidc, OidcRefusal } from '../access/oidc.ts';
import { csrfOf, type Sessions } from '../access/sessions.ts';
import type { SetUpCode } from '../access/set-up-code.ts';
import type { Throttle } from '../access/throttle.ts';
import { takeCode } from '../access/totp.ts';
import type { sessionRoutes } from '../contract/session.ts';
import type { SessionView } from '../contract.ts';
import type { UserSignIn } from '../user-sign-in.ts';
import type { Users } from '../users.ts';
import type { ConsoleAccess, OpenSession } from './access.ts';
import { asProblem } from './as-problem.ts';
import { type Call, ConsoleError, type HandlersOf, notThere } from './call.ts';

export interface SessionHandlerOptions {
  readonly access: ConsoleAccess;
  readonly users: Users;
  readonly signIn: UserSignIn;
  readonly setUp: SetUpCode;
  readonly throttle: Throttle;
  /** OpenID Connect; undefined: not set up. */
  readonly oidc: Oidc | undefined;
  view(session: OpenSession | undefined): SessionView;
}

/** What the pages are told of a session. */
export function sessionView(
  { users, sessions, providers, version }: SessionViewOptions,
  session: OpenSession | undefined,
): SessionView {
  const setup = users.size === 0;
  return {
    ...(session && {
      user: { name: session.user.name, role: session.user.role, expires: sessions.expires(session.record) },
      csrf: csrfOf(session.token),
    }),
    setup,
    version,
    providers: setup ? [] : [...providers],
  };
}

export interface SessionViewOptions {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly providers: SessionView['providers'];
  readonly version: string;
}

export function sessionHandlers(options: SessionHandlerOptions): HandlersOf<keyof typeof sessionRoutes> {
  const { access, users, signIn, setUp, throttle, oidc, view } = options;
  /** @throws ConsoleError while somebody has to wait */
  const slowDown = (place: string): void => {
    const wait = throttle.wait(place);
    if (wait > 0)
      throw new ConsoleError(
        429,
        'wait',
        `too many tries: wait ${Math.ceil(wait / 1000)} seconds before the next one`,
      );
  };

  return {
    'GET /api/session': ({ request }) => {
      if (users.size === 0) setUp.offer();
      return view(access.sessionOf(request));
    },

    'POST /api/session': async (call) => {
      const { body, address, request, setCookie } = call;
      const note = (outcome: 'success' | 'failure', details?: Record<string, unknown>): void =>
        access.audit({
          action: 'session.sign_in',
          user: body.name,
          address,
          outcome,
          ...(details && { details }),
        });
      const user = await signIn.signIn(body.name, body.password, address);
      if (!user) {
        note('failure');
        throw new ConsoleError(401, 'wrong', 'the name or the password is wrong');
      }
      if (user.totp) {
        const place = `code of ${user.name}`;
        slowDown(place);
        if (body.totp === undefined || body.totp === '')
          throw new ConsoleError(401, 'totp', 'the code of your authenticator is needed, too');
        const totp = takeCode(user.totp, body.totp);
        if (!totp) {
          throttle.fail(place);
          note('failure', { factor: 'totp' });
          throw new ConsoleError(401, 'totp', 'this code is wrong, or was used already');
        }
        throttle.succeed(place);
        users.update(user.name, { totp });
      }
      note('success');
      return view(access.begin(users.find(user.name) ?? user, request, setCookie));
    },

    'DELETE /api/session': ({ request, setCookie, address }) => {
      const session = access.sessionOf(request);
      if (session) {
        access.end(session, setCookie);
        access.audit({ action: 'session.sign_out', user: session.user.name, address, outcome: 'success' });
      }
      return view(undefined);
    },

    'GET /api/session/oidc/:id': async ({ params, query, request, setCookie }) => {
      const cookie = randomBytes(24).toString('base64url');
      const url = await known(oidc, params['id']!).begin(request, cookie, query.next);
      setCookie(access.returnCookie(cookie));
      return url;
    },

    'GET /api/session/oidc/:id/callback': async ({ params, query, request, address, setCookie }) => {
      const provider = known(oidc, params['id']!);
      setCookie(access.returnCookie(''));
      try {
        const { user, next } = await provider.finish(request, access.returnCookieOf(request), query);
        access.begin(user, request, setCookie);
        access.audit({
          action: 'session.sign_in',
          user: user.name,
          address,
          outcome: 'success',
          details: { provider: provider.id },
        });
        return next;
      } catch (error) {
        const { message } = error as Error;
        access.audit({
          action: 'session.sign_in',
          user: undefined,
          address,
          outcome: 'failure',
          details: { provider: provider.id, reason: message.slice(0, 500) },
        });
        // Only a name of what went wrong: text of others does not become part of our pages.
        return `/?sign-in=${error instanceof OidcRefusal ? error.reason : 'failed'}`;
      }
    },

    'POST /api/setup': async (call: Call<'POST /api/setup'>) => {
      const { body, address, request, setCookie } = call;
      const note = (outcome: 'success' | 'failure'): void =>
        access.audit({ action: 'session.set_up', user: body.name, address, outcome });
      const done = new ConsoleError(409, 'set_up', 'there is an administrator already: sign in');
      if (users.size > 0) throw done;
      const place = `set-up ${address}`;
      slowDown(place);
      if (!setUp.matches(body.code)) {
        throttle.fail(place);
        note('failure');
        throw new ConsoleError(
          403,
          'code',
          'this is not the code that the terminal shows last: each is good for half an hour',
        );
      }
      try {
        await users.add(body.name, 'administrator', body.password, {}, { first: true });
      } catch (error) {
        if (users.size > 0) throw done;
        throw asProblem(error);
      }
      setUp.spend();
      note('success');
      return view(access.begin(users.find(body.name)!, request, setCookie));
    },
  };
}

/** @throws ConsoleError */
function known(oidc: Oidc | undefined, id: string): Oidc {
  if (oidc?.id === id) return oidc;
  throw notThere(`provider ${id}`);
}
