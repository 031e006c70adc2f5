/** Signing in through OpenID Connect: authorization code with PKCE, state and nonce. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Configuration } from 'openid-client';
import { MillraceError } from '../../kernel/errors.ts';
import { type Role, roles } from '../../kernel/roles.ts';
import type { User, Users } from '../users.ts';

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly title: string;
  readonly scopes: string;
  /** Where browsers reach the console; undefined: as they say. */
  readonly publicUrl: string | undefined;
  readonly nameClaim: string;
  readonly roleClaim: string;
  /** Values of the role claim, and what they are here. */
  readonly roles: Readonly<Record<string, string>>;
  /** Of whom no value gives a role; undefined: is refused. */
  readonly defaultRole: Role | undefined;
}

/** Why somebody is not let in, as a word for the sign-in page. */
export class OidcRefusal extends Error {
  readonly reason: 'expired' | 'no_role' | 'name_taken' | 'disabled';

  constructor(reason: OidcRefusal['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

interface Way {
  readonly cookie: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly redirect: string;
  readonly next: string;
  readonly until: number;
}

const WAY_MS = 10 * 60_000;
const MAX_WAYS = 1000;
const TIMEOUT_SECONDS = 10;

export class Oidc {
  readonly id = 'oidc';
  readonly title: string;
  readonly #settings: OidcSettings;
  readonly #users: Users;
  /** By state. */
  readonly #ways = new Map<string, Way>();
  #configuration: Promise<Configuration> | undefined;

  constructor(settings: OidcSettings, users: Users) {
    this.#settings = settings;
    this.#users = users;
    this.title = settings.title;
    if (!isSafe(settings.issuer))
      throw new MillraceError(
        'ERR_SETTING',
        `console.oidc.issuer is an https address, and is "${settings.issuer}"`,
      );
  }

  /** Where the browser goes to. */
  async begin(request: IncomingMessage, cookie: string, next: string): Promise<string> {
    const client = await import('openid-client');
    const configuration = await this.#discover();
    const { scopes, publicUrl } = this.#settings;
    const base = publicUrl?.replace(/\/+$/, '') ?? addressOf(request);
    const redirect = `${base}/api/session/oidc/${this.id}/callback`;
    const [state, nonce, verifier] = [
      client.randomState(),
      client.randomNonce(),
      client.randomPKCECodeVerifier(),
    ];
    this.#remember(state, {
      cookie,
      verifier,
      nonce,
      redirect,
      next: safeNext(next),
      until: Date.now() + WAY_MS,
    });
    return client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirect,
      scope: scopes,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).href;
  }

  /** Who came back. @throws OidcRefusal; Error when what came back is not right */
  async finish(
    request: IncomingMessage,
    cookie: string | undefined,
    { state = '' }: Readonly<Record<string, string>>,
  ): Promise<{ readonly user: User; readonly next: string }> {
    const client = await import('openid-client');
    const way = this.#ways.get(state);
    this.#ways.delete(state);
    if (!way || way.until < Date.now() || cookie === undefined || !same(cookie, way.cookie))
      throw new OidcRefusal('expired', 'the state is unknown, too old, or of another browser');
    const url = new URL(way.redirect);
    url.search = new URL(request.url ?? '/', way.redirect).search;
    const tokens = await client.authorizationCodeGrant(await this.#discover(), url, {
      pkceCodeVerifier: way.verifier,
      expectedState: state,
      expectedNonce: way.nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims()!;
    let all: Readonly<Record<string, unknown>> = claims;
    if (this.#missing(claims) && (await this.#discover()).serverMetadata().userinfo_endpoint !== undefined)
      all = {
        ...claims,
        ...(await client.fetchUserInfo(await this.#discover(), tokens.access_token, claims.sub)),
      };
    return { user: this.#admit(claims.iss, claims.sub, all), next: way.next };
  }

  #missing(claims: Readonly<Record<string, unknown>>): boolean {
    const { nameClaim, roleClaim } = this.#settings;
    return claims[nameClaim] === undefined || (roleClaim !== '' && claims[roleClaim] === undefined);
  }

  /** The user of an identity, made when it comes for the first time. */
  #admit(issuer: string, subject: string, claims: Readonly<Record<string, unknown>>): User {
    const role = this.#roleOf(claims);
    if (!role) throw new OidcRefusal('no_role', `${subject} has none of the roles of console.oidc.roles`);
    const known = this.#users
      .list()
      .find(({ external }) => external?.issuer === issuer && external.subject === subject);
    if (!known) {
      const name = nameOf(claims[this.#settings.nameClaim] ?? claims['email'] ?? subject);
      try {
        this.#users.addExternal(name, role, { issuer, subject });
      } catch (error) {
        // Nobody takes over a name by calling themselves so elsewhere.
        throw new OidcRefusal('name_taken', (error as Error).message);
      }
      return this.#users.find(name)!;
    }
    if (known.disabled) throw new OidcRefusal('disabled', `${known.name} is disabled`);
    if (known.role !== role) this.#users.setRole(known.name, role);
    return this.#users.find(known.name)!;
  }

  /** The highest of all that the claim gives. */
  #roleOf(claims: Readonly<Record<string, unknown>>): Role | undefined {
    const { roleClaim, roles: given, defaultRole } = this.#settings;
    const claim = claims[roleClaim];
    const values = (Array.isArray(claim) ? claim : [claim]).filter((one) => typeof one === 'string');
    const found = values.map((one) => (Object.hasOwn(given, one) ? given[one] : undefined));
    return [...roles].reverse().find((role) => found.includes(role)) ?? defaultRole;
  }

  #remember(state: string, way: Way): void {
    const now = Date.now();
    for (const [key, { until }] of this.#ways) if (until < now) this.#ways.delete(key);
    if (this.#ways.size >= MAX_WAYS) this.#ways.delete(this.#ways.keys().next().value!);
    this.#ways.set(state, way);
  }

  /** Asked for once it works; a provider that is down is asked again by the next one. */
  #discover(): Promise<Configuration> {
    this.#configuration ??= this.#ask().catch((error: unknown) => {
      this.#configuration = undefined;
      throw error;
    });
    return this.#configuration;
  }

  async #ask(): Promise<Configuration> {
    const client = await import('openid-client');
    const { issuer, clientId, clientSecret } = this.#settings;
    const url = new URL(issuer);
    return client.discovery(url, clientId, clientSecret, undefined, {
      timeout: TIMEOUT_SECONDS,
      ...(url.protocol === 'http:' && { execute: [client.allowInsecureRequests] }),
    });
  }
}

/** Plain HTTP is for a provider on this machine. */
function isSafe(issuer: string): boolean {
  const url = URL.parse(issuer);
  if (url?.protocol === 'https:') return true;
  return url?.protocol === 'http:' && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}

/** A path of our own pages; anything else is the start page. */
export function safeNext(next: string): string {
  if (!/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(next)) return '/';
  const url = URL.parse(next, 'http://console');
  return url?.host === 'console' && !url.pathname.startsWith('/api/') && !url.pathname.startsWith('//')
    ? `${url.pathname}${url.search}${url.hash}`
    : '/';
}

/** The Host header was checked before. */
function addressOf({ headers, socket }: IncomingMessage): string {
  return `${(socket as TLSSocket).encrypted ? 'https' : 'http'}://${headers.host}`;
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** In the letters that names have here. */
const nameOf = (claim: unknown): string =>
  String(claim)
    .normalize('NFKD')
    .replace(/[^\w.@+-]/g, '')
    .replace(/^[^A-Za-z0-9_]+/, '')
    .slice(0, 128) || 'user';
