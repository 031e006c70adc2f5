/**
 * The options that every plugin with an HTTP client takes (Logstash's http_client mixin), their rules, and the
 * session made of them.
 */
import type { Options, Secret } from '../../kernel/options.ts';
import type { ReportProblem } from '../../kernel/plugin.ts';
import { checkClientTls, clientTls, clientTlsOptions, type TlsValues, type Warn } from '../tls/tls.ts';
import { basicAuthorization, type HttpProxy } from './client.ts';
import type { HttpSessionSettings } from './session.ts';

export const httpClientOptions = {
  request_timeout: {
    type: 'number',
    default: 60,
    min: 0.001,
    description: 'Seconds that a whole request with its answer may take.',
  },
  socket_timeout: {
    type: 'number',
    default: 10,
    min: 0.001,
    description: 'Seconds that the server may be silent while an answer is due.',
  },
  connect_timeout: {
    type: 'number',
    default: 10,
    min: 0.001,
    description: 'Seconds that connecting may take, TLS included.',
  },
  follow_redirects: {
    type: 'boolean',
    default: true,
    description:
      'Ask again where the server says, with the same method and body; never from TLS to plain HTTP.',
  },
  pool_max: {
    type: 'number',
    default: 50,
    min: 1,
    description: 'Requests at once, over all workers together.',
  },
  pool_max_per_route: {
    type: 'number',
    default: 25,
    min: 1,
    description: 'Connections to one server, over all workers together.',
  },
  keepalive: { type: 'boolean', default: true, description: 'Use connections for more than one request.' },
  automatic_retries: {
    type: 'number',
    default: 1,
    min: 0,
    description: 'Tries at once when a connection broke without an answer (GET, HEAD, PUT, DELETE).',
  },
  retry_non_idempotent: {
    type: 'boolean',
    default: false,
    description: '`automatic_retries` also for POST and PATCH.',
  },
  validate_after_inactivity: {
    type: 'number',
    default: 200,
    description: 'Has no effect: connections that the server closes are noticed at once.',
  },
  cookies: { type: 'boolean', default: true, description: 'Keep cookies and send them back.' },
  proxy: {
    type: 'any',
    description:
      'Proxy: an address such as `http://user:password@proxy:3128`, or a hash with `host`, `port`, `scheme`, `user` and `password`.',
  },
  user: { type: 'string', description: 'User for basic authentication; sent with every request.' },
  password: { type: 'password', description: 'Password of `user`.' },
  ...clientTlsOptions,
  ssl_enabled: {
    ...clientTlsOptions.ssl_enabled,
    default: true,
    description: 'Use the options for TLS with addresses that begin with https.',
  },
} as const satisfies Options;

/** Values of the options above. */
export interface HttpClientValues extends TlsValues {
  readonly request_timeout: number;
  readonly socket_timeout: number;
  readonly connect_timeout: number;
  readonly follow_redirects: boolean;
  readonly pool_max: number;
  readonly pool_max_per_route: number;
  readonly keepalive: boolean;
  readonly automatic_retries: number;
  readonly retry_non_idempotent: boolean;
  readonly cookies: boolean;
  readonly proxy?: unknown;
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
}

/** Rules between the options; for `validate`. */
export function checkHttpClient(values: HttpClientValues, report: ReportProblem): void {
  checkClientTls(values, report);
  if (values.user !== undefined && values.password === undefined)
    report('error', 'user', '`user` needs `password`');
  if (values.password !== undefined && values.user === undefined)
    report('error', 'password', '`password` needs `user`');
  try {
    parseProxy(values.proxy);
  } catch (error) {
    report('error', 'proxy', (error as Error).message, 'proxy => "http://proxy.example:3128"');
  }
}

/**
 * What `HttpSession.open` wants. `workers` share the limits of connections and requests among them. `url`: where
 * requests go; reading the authorities takes time and memory that a plain address can spare.
 * @throws MillraceError ERR_CONFIG naming option and file
 */
export function httpSessionSettings(
  values: HttpClientValues,
  { url, workers }: { readonly url: string; readonly workers: number },
  warn: Warn,
): HttpSessionSettings {
  const share = (total: number): number => Math.max(1, Math.ceil(total / Math.max(1, workers)));
  return {
    tls:
      values.ssl_enabled && (url.includes('%{') || /^https:/i.test(url))
        ? clientTls(values, warn)
        : undefined,
    proxy: parseProxy(values.proxy),
    maxRequests: share(values.pool_max),
    maxConnections: Math.min(share(values.pool_max), share(values.pool_max_per_route)),
    connectTimeoutMs: values.connect_timeout * 1000,
    socketTimeoutMs: values.socket_timeout * 1000,
    requestTimeoutMs: values.request_timeout * 1000,
    keepAlive: values.keepalive,
    maxBodyBytes: 4096,
    wholeBodies: false,
    authorization:
      values.user === undefined
        ? undefined
        : basicAuthorization(values.user, values.password?.reveal() ?? ''),
    cookies: values.cookies,
    followRedirects: values.follow_redirects,
    retries: values.automatic_retries,
    retryNonIdempotent: values.retry_non_idempotent,
  };
}

/**
 * A proxy as configs give it: an address or a hash. Undefined or empty text: none.
 * @throws Error in words
 */
export function parseProxy(value: unknown): HttpProxy | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return fromAddress(value);
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error('is no address and no hash');
  const given = value as Readonly<Record<string, string | number | undefined>>;
  const text = (name: string): string | undefined =>
    given[name] === undefined ? undefined : String(given[name]);
  const url = text('url') ?? text('uri');
  const host = text('host');
  if (url === undefined && host === undefined) throw new Error('needs `host` or `url`');
  const base = fromAddress(url ?? `${text('scheme') ?? 'http'}://${host}:${text('port') ?? '80'}`);
  return { url: base.url, user: text('user') ?? base.user, password: text('password') ?? base.password };
}

function fromAddress(text: string): HttpProxy {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text.replace(/^\/\//, '')}`;
  if (!URL.canParse(address)) throw new Error('is no address');
  const { protocol, origin, username, password } = new URL(address);
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new Error(`has the scheme \`${protocol.slice(0, -1)}\`; http and https are known`);
  return {
    url: origin,
    user: username === '' ? undefined : decodeURIComponent(username),
    password: username === '' ? undefined : decodeURIComponent(password),
  };
}
