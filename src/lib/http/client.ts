/**
 * The HTTP client of outputs (and of whatever else asks servers): connections kept and limited per server, TLS, a
 * proxy, and three time limits. One request is one exchange; redirects, cookies and retries are `HttpSession`'s.
 */
import type tls from 'node:tls';
import type { Agent, Dispatcher, ProxyAgent } from 'undici';
import { HttpFailure, httpFailure } from './errors.ts';

export interface HttpProxy {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

export interface HttpClientSettings {
  /** From `clientTls`; undefined: Node's defaults. */
  readonly tls?: tls.ConnectionOptions | undefined;
  readonly proxy?: HttpProxy | undefined;
  /** Requests at once, whatever the server. */
  readonly maxRequests: number;
  /** Connections to one server. */
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  /** Longest silence of the server while an answer is due. */
  readonly socketTimeoutMs: number;
  /** Longest time of a whole exchange. */
  readonly requestTimeoutMs: number;
  readonly keepAlive: boolean;
  /** So much of an answer's body is kept. */
  readonly maxBodyBytes: number;
  /** What is longer than that is a failure; otherwise the rest is thrown away. */
  readonly wholeBodies: boolean;
}

/** Where a request goes. */
export interface HttpTarget {
  /** `https://host:port` */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** `Basic …`, of the user and password that were part of the address. */
  readonly authorization: string | undefined;
}

export interface HttpRequest {
  readonly method: string;
  readonly target: HttpTarget;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** @throws TypeError if the text is no http or https address */
export function parseTarget(text: string): HttpTarget {
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`\`${url.protocol}\` is neither http nor https`);
  const { origin, pathname, search, username, password } = url;
  return {
    origin,
    path: pathname + search,
    authorization:
      username === '' ? undefined : basicAuthorization(decodePart(username), decodePart(password)),
  };
}

export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export class HttpClient {
  readonly #settings: HttpClientSettings;
  readonly #dispatcher: Agent | ProxyAgent;
  readonly #active = new Set<Exchange>();
  readonly #waiting: (() => void)[] = [];
  readonly #watched = new WeakSet<AbortSignal>();
  #closed = false;

  private constructor(settings: HttpClientSettings, dispatcher: Agent | ProxyAgent) {
    this.#settings = settings;
    this.#dispatcher = dispatcher;
  }

  /** Loads the library; makes no connection. */
  static async create(settings: HttpClientSettings): Promise<HttpClient> {
    const undici = await import('undici');
    const connect = {
      ...settings.tls,
      timeout: settings.connectTimeoutMs,
    } as NonNullable<Agent.Options['connect']>;
    const options = {
      connections: settings.maxConnections,
      pipelining: settings.keepAlive ? 1 : 0,
      headersTimeout: settings.socketTimeoutMs,
      bodyTimeout: settings.socketTimeoutMs,
      connectTimeout: settings.connectTimeoutMs,
      allowH2: false,
    };
    const { proxy } = settings;
    if (proxy === undefined) return new HttpClient(settings, new undici.Agent({ ...options, connect }));
    return new HttpClient(
      settings,
      new undici.ProxyAgent({
        ...options,
        uri: proxy.url,
        requestTls: { ...settings.tls, timeout: settings.connectTimeoutMs } as object,
        ...(proxy.user === undefined ? {} : { token: basicAuthorization(proxy.user, proxy.password ?? '') }),
      }),
    );
  }

  /**
   * One request and its whole answer, whatever its status.
   * @throws HttpFailure when there is no answer
   */
  async request(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    if (signal !== undefined && !this.#watched.has(signal)) this.#watch(signal);
    while (this.#active.size >= this.#settings.maxRequests && !this.#closed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const { origin } = request.target;
    if (this.#closed || signal?.aborted)
      throw new HttpFailure(`${origin} was not asked: the output is closing`, 'ABORTED');
    return new Promise((resolve, reject) => {
      const exchange: Exchange = new Exchange(origin, this.#settings, signal, (error, response) => {
        this.#active.delete(exchange);
        this.#waiting.shift()?.();
        if (error === undefined) resolve(response!);
        else reject(error);
      });
      this.#active.add(exchange);
      const { method, target, headers, body } = request;
      try {
        this.#dispatcher.dispatch(
          {
            origin,
            path: target.path,
            method: method as Dispatcher.HttpMethod,
            headers,
            body: body ?? null,
            idempotent: false,
          },
          exchange,
        );
      } catch (error) {
        exchange.fail(error);
      }
    });
  }

  /** Ends everything under way with a failure. May be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake();
    this.#abortAll();
    await this.#dispatcher.destroy();
  }

  /** One listener for all requests with a signal: mostly that lives as long as the output that writes. */
  #watch(signal: AbortSignal): void {
    this.#watched.add(signal);
    signal.addEventListener('abort', () => this.#abortAll(signal), { once: true });
  }

  #abortAll(signal?: AbortSignal): void {
    for (const exchange of this.#active)
      if (signal === undefined || exchange.signal === signal)
        exchange.abort('was aborted: the output is closing', 'ABORTED');
  }
}

const NOTHING = Buffer.alloc(0);

/** Collects one answer; calls back exactly once. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly signal: AbortSignal | undefined;
  readonly #origin: string;
  readonly #maxBytes: number;
  readonly #whole: boolean;
  readonly #settle: (error: HttpFailure | undefined, response?: HttpResponse) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: HttpResponse['headers'] = {};
  #body: Buffer = NOTHING;
  #chunks: Buffer[] | undefined;
  #size = 0;
  #done = false;

  constructor(
    origin: string,
    { maxBodyBytes, wholeBodies, requestTimeoutMs }: HttpClientSettings,
    signal: AbortSignal | undefined,
    settle: (error: HttpFailure | undefined, response?: HttpResponse) => void,
  ) {
    this.signal = signal;
    this.#origin = origin;
    this.#maxBytes = maxBodyBytes;
    this.#whole = wholeBodies;
    this.#settle = settle;
    this.#timer = setTimeout(
      () => this.abort(`did not answer within ${requestTimeoutMs / 1000} seconds`, 'TIMEOUT'),
      requestTimeoutMs,
    );
  }

  abort(what: string, code: string): void {
    const failure = new HttpFailure(`${this.#origin} ${what}`, code);
    const controller = this.#controller;
    this.fail(failure);
    if (controller !== undefined && !controller.aborted) controller.abort(failure);
  }

  fail(error: unknown): void {
    if (this.#done) return;
    this.#end();
    this.#settle(httpFailure(error, this.#origin));
  }

  #end(): void {
    this.#done = true;
    clearTimeout(this.#timer);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#done) controller.abort(new HttpFailure(`${this.#origin} was given up`, 'ABORTED'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: HttpResponse['headers'],
  ): void {
    // 103 Early Hints and its kin come before the answer.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#maxBytes) {
      if (this.#whole) {
        this.abort(`answered with more than ${this.#maxBytes} bytes`, 'TOO_LARGE');
        return;
      }
      const room = chunk.length - (this.#size - this.#maxBytes);
      if (room <= 0) return;
      chunk = chunk.subarray(0, room);
    }
    if (this.#body === NOTHING) this.#body = chunk;
    else (this.#chunks ??= [this.#body]).push(chunk);
  }

  onResponseEnd(): void {
    if (this.#done) return;
    this.#end();
    const body = this.#chunks === undefined ? this.#body : Buffer.concat(this.#chunks);
    this.#settle(undefined, { status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.fail(error);
  }
}
