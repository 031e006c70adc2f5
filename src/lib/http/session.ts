/** Requests with what lies around one exchange: credentials, cookies, redirects and tries again at once. */

import {
  HttpClient,
  type HttpClientSettings,
  type HttpRequest,
  type HttpResponse,
  parseTarget,
} from './client.ts';
import { CookieJar } from './cookie-jar.ts';
import { HttpFailure } from './errors.ts';

export interface HttpSessionSettings extends HttpClientSettings {
  /** `Basic …`, sent to every server unless the request has one of its own. */
  readonly authorization: string | undefined;
  readonly cookies: boolean;
  readonly followRedirects: boolean;
  /** Tries again at once when a connection broke without an answer. */
  readonly retries: number;
  /** Also of requests that may have changed something (POST, PATCH). */
  readonly retryNonIdempotent: boolean;
}

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);

export class HttpSession {
  readonly #settings: HttpSessionSettings;
  readonly #client: HttpClient;
  readonly #jar: CookieJar | undefined;

  private constructor(settings: HttpSessionSettings, client: HttpClient) {
    this.#settings = settings;
    this.#client = client;
    this.#jar = settings.cookies ? new CookieJar() : undefined;
  }

  static async open(settings: HttpSessionSettings): Promise<HttpSession> {
    return new HttpSession(settings, await HttpClient.create(settings));
  }

  /**
   * Asks and follows redirects. 301, 302, 307 and 308 repeat the request as it was (a POST that became a GET would
   * lose its events), 303 asks with GET. Credentials and cookies stay with their server, and nothing goes on in
   * plain HTTP that began with TLS.
   * @throws HttpFailure when there is no answer
   */
  async request(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    let current = this.#authorized(request);
    for (let hops = 0; ; hops++) {
      const response = await this.#exchange(current, signal);
      const location = response.headers['location'];
      if (!this.#settings.followRedirects || !REDIRECTS.has(response.status) || typeof location !== 'string')
        return response;
      const { origin } = current.target;
      if (hops === MAX_REDIRECTS)
        throw new HttpFailure(
          `${request.target.origin} redirects more than ${MAX_REDIRECTS} times`,
          'REDIRECTS',
        );
      current = redirected(current, location, response.status);
      if (origin.startsWith('https:') && current.target.origin.startsWith('http:'))
        throw new HttpFailure(`${origin} redirects to a server without TLS: refused`, 'REDIRECTS');
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #authorized(request: HttpRequest): HttpRequest {
    const authorization = request.target.authorization ?? this.#settings.authorization;
    if (authorization === undefined || request.headers['authorization'] !== undefined) return request;
    return { ...request, headers: { ...request.headers, authorization } };
  }

  #exchange(request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    return this.#jar === undefined
      ? this.#tried(request, signal)
      : this.#withCookies(this.#jar, request, signal);
  }

  async #withCookies(
    jar: CookieJar,
    request: HttpRequest,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse> {
    const { origin, path } = request.target;
    const cookie = jar.size === 0 ? undefined : jar.header(new URL(origin + path));
    const sent =
      cookie === undefined || request.headers['cookie'] !== undefined
        ? request
        : { ...request, headers: { ...request.headers, cookie } };
    const response = await this.#tried(sent, signal);
    const set = response.headers['set-cookie'];
    if (set !== undefined) jar.store(set, new URL(origin + path));
    return response;
  }

  /** A kept connection may have been closed by the server just when it was used. */
  async #tried(request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const { retries, retryNonIdempotent } = this.#settings;
    const allowed = retryNonIdempotent || IDEMPOTENT.has(request.method) ? retries : 0;
    for (let tries = 0; ; tries++) {
      try {
        return await this.#client.request(request, signal);
      } catch (error) {
        if (tries >= allowed || !(error instanceof HttpFailure) || !error.broken) throw error;
      }
    }
  }
}

function redirected(request: HttpRequest, location: string, status: number): HttpRequest {
  const { origin, path } = request.target;
  let target: HttpRequest['target'];
  try {
    target = parseTarget(new URL(location, origin + path).href);
  } catch {
    throw new HttpFailure(`${origin} redirects to an address that is none`, 'REDIRECTS');
  }
  const { authorization, cookie, ...others } = request.headers;
  const headers: Record<string, string> = { ...others };
  if (target.origin === origin && authorization !== undefined) headers['authorization'] = authorization;
  if (target.origin === origin && cookie !== undefined) headers['cookie'] = cookie;
  delete headers['host'];
  if (status !== 303 || request.method === 'HEAD') return { ...request, target, headers };
  delete headers['content-type'];
  delete headers['content-encoding'];
  return { method: 'GET', target, headers };
}
