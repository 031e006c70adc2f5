/** From a request to an identity: who sends it, and what that one may do. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { StoreError } from '../errors.ts';
import {
  type Authenticator,
  anonymousIdentity,
  type Identity,
  openIdentity,
  userIdentity,
} from './access.ts';
import type { ApiKeys } from './api-keys.ts';
import type { AuditEvent } from './api-state.ts';

export type Anonymous = 'none' | 'write' | 'all';

export interface GuardOptions {
  readonly users: Authenticator;
  readonly keys: ApiKeys;
  readonly anonymous: Anonymous;
  /** Names that a Host header may have, beside addresses, `localhost` and this machine's name. */
  readonly hosts: readonly string[];
  readonly secure: boolean;
  readonly audit: (event: AuditEvent) => void;
}

export const isLoopback = (address: string): boolean =>
  address === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address) || address === 'localhost';

export class Guard {
  readonly #options: GuardOptions;
  readonly #hosts: ReadonlySet<string>;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#hosts = new Set(['localhost', hostname(), ...options.hosts].map((name) => name.toLowerCase()));
  }

  /**
   * A page of another name that resolves to this machine must not reach the store (DNS rebinding), and pages of other
   * sites must not send it anything. @throws StoreError 403
   */
  checkOrigin({ headers }: IncomingMessage): void {
    const { secure, hosts } = this.#options;
    const { host, origin } = headers;
    const name = hostName(host ?? '');
    // With TLS such a page fails at the certificate.
    const anyName = host === undefined || (secure && hosts.length === 0);
    if (!anyName && isIP(name) === 0 && !this.#hosts.has(name) && !name.endsWith('.localhost'))
      throw new StoreError(
        403,
        'security_exception',
        `the host name [${name.slice(0, 253)}] is not allowed: add it to store.http.hosts, or use the address`,
      );
    const isForeign =
      headers['sec-fetch-site'] === 'cross-site' ||
      (origin !== undefined && origin.replace(/^https?:\/\//, '').toLowerCase() !== host?.toLowerCase());
    if (isForeign)
      throw new StoreError(403, 'security_exception', 'requests of other web sites are not answered');
  }

  /** @throws StoreError 401 */
  async identify(request: IncomingMessage): Promise<Identity> {
    const { users, anonymous } = this.#options;
    const { headers, socket } = request;
    const address = socket.remoteAddress ?? '';
    // Behind a proxy everybody would come from loopback.
    const isLocal =
      isLoopback(address) && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined;
    if (isLocal && !users.hasUsers()) return openIdentity;
    if (headers.authorization !== undefined) return this.#signIn(headers.authorization, address, request.url);
    if (isLocal && anonymous !== 'none') return anonymousIdentity[anonymous];
    throw unauthenticated(`missing authentication credentials for REST request [${request.url ?? '/'}]`);
  }

  async #signIn(authorization: string, address: string, url: string | undefined): Promise<Identity> {
    const { users, keys, audit } = this.#options;
    const [, scheme = '', value = ''] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
    switch (scheme.toLowerCase()) {
      case 'basic': {
        const [name = '', password] = Buffer.from(value, 'base64').toString('utf8').split(/:(.*)/s);
        const user = password === undefined ? undefined : await users.signIn(name, password, address);
        if (user) return userIdentity(user);
        audit({ action: 'store.sign_in', user: name.slice(0, 256), address, outcome: 'failure' });
        throw unauthenticated(
          `unable to authenticate user [${name.slice(0, 256)}] for REST request [${url ?? '/'}]`,
        );
      }
      case 'apikey': {
        const identity = await keys.identify(value);
        if (identity) return identity;
        audit({ action: 'store.api_key', user: undefined, address, outcome: 'failure' });
        throw unauthenticated(
          `unable to authenticate with provided credentials and anonymous access is not allowed for this request`,
        );
      }
      default:
        throw unauthenticated(
          `unable to authenticate for REST request [${url ?? '/'}]: only Basic and ApiKey are supported`,
        );
    }
  }
}

/** `[::1]:9200` → `::1` */
function hostName(host: string): string {
  const [, v6, name = v6] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host.toLowerCase()) ?? [];
  return name ?? host.toLowerCase();
}

export const unauthenticated = (reason: string): StoreError =>
  new StoreError(401, 'security_exception', reason, {
    header: { 'WWW-Authenticate': ['Basic realm="security", charset="UTF-8"', 'ApiKey'] },
  });
