/** Who asks the console: by a session's cookie, or by an API key. */
import type { IncomingMessage } from 'node:http';
import type { ApiKeys } from '../../store/api/api-keys.ts';
import { keyCaller } from '../access/key-caller.ts';
import { csrfOf, type SessionRecord, type Sessions } from '../access/sessions.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { User, Users } from '../users.ts';
import { type Access, type AuditEntry, type Caller, ConsoleError } from './call.ts';

export interface ConsoleAccessOptions {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly audit: AuditLog;
  /** Undefined: there is no event store, which keeps them. */
  readonly keys: (() => Promise<ApiKeys>) | undefined;
  /** The console is served over TLS. */
  readonly secure: boolean;
}

export interface OpenSession {
  readonly token: string;
  readonly record: SessionRecord;
  readonly user: User;
}

export class ConsoleAccess implements Access {
  readonly #options: ConsoleAccessOptions;
  /** `__Host-`: set by this host, over TLS, for all paths; others can not plant it. */
  readonly #cookie: string;

  constructor(options: ConsoleAccessOptions) {
    this.#options = options;
    this.#cookie = options.secure ? '__Host-millrace' : 'millrace';
  }

  async identify(request: IncomingMessage): Promise<Caller | undefined> {
    if (request.headers.authorization !== undefined) return this.#byKey(request);
    const session = this.sessionOf(request);
    return session && callerOf(session.user);
  }

  async #byKey({ headers, socket }: IncomingMessage): Promise<Caller | undefined> {
    const { keys, users, audit } = this.#options;
    const [, value] = /^ApiKey +([\w+/=-]{1,512}) *$/i.exec(headers.authorization ?? '') ?? [];
    const identity = value === undefined ? undefined : await (await keys?.())?.identify(value);
    const owner = identity && users.find(identity.name);
    const caller = owner && keyCaller(identity, callerOf(owner));
    if (!caller)
      audit.append({
        action: 'api_key.use',
        user: identity?.name,
        address: socket.remoteAddress ?? '',
        outcome: 'failure',
      });
    return caller;
  }

  /** The session of a request, as of now. */
  sessionOf(request: IncomingMessage): OpenSession | undefined {
    if (request.headers.authorization !== undefined) return undefined;
    const { sessions, users } = this.#options;
    const token = cookieOf(request, this.#cookie);
    const record = token === undefined ? undefined : sessions.use(token, (name) => users.find(name));
    const user = record && users.find(record.user);
    return user && { token: token!, record, user };
  }

  /** The session of somebody who sits at a browser. @throws ConsoleError for API keys */
  person(request: IncomingMessage): OpenSession {
    const session = this.sessionOf(request);
    if (session) return session;
    throw new ConsoleError(403, 'session', 'an API key can not do this: sign in');
  }

  /** Our own pages send the session's proof, and browsers tell where a request comes from. */
  provesOrigin(request: IncomingMessage): boolean {
    const { headers } = request;
    // A browser adds no key by itself.
    if (headers.authorization !== undefined) return true;
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin') return false;
    if (headers.origin !== undefined && !this.#isOwn(headers.origin, headers.host)) return false;
    const session = this.sessionOf(request);
    return !session || headers['x-millrace-csrf'] === csrfOf(session.token);
  }

  #isOwn(origin: string, host: string | undefined): boolean {
    const url = URL.parse(origin);
    return url?.host === host?.toLowerCase() && (!this.#options.secure || url?.protocol === 'https:');
  }

  audit(entry: AuditEntry): void {
    this.#options.audit.append(entry);
  }

  /** A new session, whatever the request came with. */
  begin(user: User, request: IncomingMessage, setCookie: (cookie: string) => void): OpenSession {
    const { sessions } = this.#options;
    const old = this.sessionOf(request);
    if (old) sessions.end(old.record.hash);
    const token = sessions.start(
      user,
      request.socket.remoteAddress ?? '',
      String(request.headers['user-agent'] ?? ''),
    );
    setCookie(this.#setCookie(token));
    return { token, record: sessions.use(token, () => user)!, user };
  }

  end({ record }: OpenSession, setCookie: (cookie: string) => void): void {
    this.#options.sessions.end(record.hash);
    setCookie(this.#setCookie('', '; Max-Age=0'));
  }

  /**
   * Binds the way to a provider and back to this browser. `Lax`: the way back begins at another site, which a strict
   * cookie does not survive.
   */
  returnCookie(value: string): string {
    const { secure } = this.#options;
    const age = value === '' ? 0 : 600;
    return `${this.#cookie}-return=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${age}${secure ? '; Secure' : ''}`;
  }

  returnCookieOf(request: IncomingMessage): string | undefined {
    return cookieOf(request, `${this.#cookie}-return`);
  }

  #setCookie(value: string, more = ''): string {
    const secure = this.#options.secure ? '; Secure' : '';
    return `${this.#cookie}=${value}; Path=/; HttpOnly; SameSite=Strict${secure}${more}`;
  }
}

/** Undefined: not sent, or more than once, of which one may be planted. */
function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const found = (headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim().split(/=(.*)/s))
    .filter(([key]) => key === name);
  return found.length === 1 ? found[0]![1] : undefined;
}

function callerOf({ name, role, indices, hiddenFields, filter }: User): Caller {
  return {
    name,
    role,
    ...(indices !== undefined && { indices }),
    ...(hiddenFields !== undefined && { hiddenFields }),
    ...(filter !== undefined && filter !== '' && { filter }),
  };
}
