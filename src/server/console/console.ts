/** The web console: its pages, and the API that they use, on one port. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerOptions } from 'node:https';
import type { Logger } from '../../kernel/logger.ts';
import { roles } from '../../kernel/roles.ts';
import { listen } from '../../lib/http/own-server.ts';
import type { Route } from '../contract/route.ts';
import { type RouteName, routes } from '../contract.ts';
import { type Access, type Call, type Caller, ConsoleError, type Download, type Handlers } from './call.ts';
import { Pages } from './pages.ts';
import { readBody } from './read-body.ts';

export interface ConsoleOptions {
  readonly handlers: Handlers;
  readonly access: Access;
  readonly logger: Logger;
  readonly host: string;
  readonly port: number;
  /** Names that a Host header may have beside those of loopback. */
  readonly hosts?: readonly string[];
  readonly tls?: ServerOptions;
  /** Folder of the built pages. */
  readonly pages: string;
}

export interface Console {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** @throws MillraceError when the port is taken */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const { host, port, logger, tls } = options;
  const api = new ConsoleApi(options);
  const own = await listen({
    name: 'console',
    host,
    ports: [port, port],
    settings: 'console.http',
    limits: { requestTimeout: 60_000, headersTimeout: 10_000, maxHeaderSize: 32_768 },
    tls,
    logger,
    listener: (request, response) => void api.answer(request, response),
  });
  return { url: own.url(), port: own.port, close: own.close };
}

interface KnownRoute {
  readonly name: RouteName;
  readonly route: Route;
  readonly parts: readonly string[];
}

class ConsoleApi {
  readonly #options: ConsoleOptions;
  readonly #pages: Pages;
  readonly #routes = new Map<string, KnownRoute[]>();

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#pages = new Pages(options.pages);
    for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
      const [method, path] = name.split(' ') as [string, string];
      const parts = path.split('/').slice(1);
      const key = `${method} ${parts.length}`;
      const known = this.#routes.get(key);
      const entry = { name, route, parts };
      if (known) known.push(entry);
      else this.#routes.set(key, [entry]);
    }
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#checkHost(request);
      if (this.#isPublicOverTls(request)) response.setHeader('strict-transport-security', HSTS);
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://console');
      if (pathname.startsWith('/api/')) await this.#api(request, response, pathname, searchParams);
      else await this.#pages.answer(request, response, pathname);
    } catch (error) {
      this.#fail(response, error);
    }
  }

  /** Browsers that were here once come over TLS only. Not by loopback's names: other programs have them, too. */
  #isPublicOverTls({ headers }: IncomingMessage): boolean {
    return this.#options.tls !== undefined && !LOOPBACK.includes(hostName(headers.host));
  }

  /** A page of another name that resolves to this machine must not reach the API (DNS rebinding). */
  #checkHost({ headers }: IncomingMessage): void {
    const { host, hosts = [] } = this.#options;
    const name = hostName(headers.host);
    if ([...LOOPBACK, host.toLowerCase(), ...hosts].includes(name)) return;
    if (hosts.includes('*')) return;
    throw new ConsoleError(
      403,
      'host',
      `the name "${name}" is not one of this console's: add it to console.http.hosts`,
    );
  }

  #find(method: string, path: string): { known: KnownRoute; params: Record<string, string> } | undefined {
    const parts = path.split('/').slice(1);
    next: for (const known of this.#routes.get(`${method} ${parts.length}`) ?? []) {
      const params: Record<string, string> = {};
      for (const [at, part] of known.parts.entries()) {
        if (part.startsWith(':')) params[part.slice(1)] = decode(parts[at]!);
        else if (part !== parts[at]) continue next;
      }
      return { known, params };
    }
    return undefined;
  }

  async #api(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    search: URLSearchParams,
  ): Promise<void> {
    const { access, handlers } = this.#options;
    const method = request.method ?? 'GET';
    const found = this.#find(method, path);
    if (!found) throw new ConsoleError(404, 'not_found', `there is no ${method} ${path}`);
    const { name, route } = found.known;
    const caller = await access.identify(request);
    this.#authorise(route, name, caller, request);
    if (method !== 'GET' && !access.provesOrigin(request))
      throw new ConsoleError(403, 'csrf', 'the request does not come from a page of this console: reload it');
    const controller = new AbortController();
    response.on('close', () => controller.abort(new ConsoleError(499, 'gone', 'the client is gone')));
    const cookies: string[] = [];
    const call = {
      body: route.body ? checked(route.body, await readBody(request), 'body') : undefined,
      query: route.query ? checked(route.query, Object.fromEntries(search), 'query') : undefined,
      params: found.params,
      caller,
      address: request.socket.remoteAddress ?? '',
      request,
      signal: controller.signal,
      setCookie: (cookie: string) => void cookies.push(cookie),
    };
    const result = await (handlers[name] as (call: Call<any>) => unknown)(call);
    if (cookies.length > 0) response.setHeader('set-cookie', cookies);
    if (route.stream === 'events') {
      // Who is signed out, or may no longer, sees no more.
      const mayStill = async (): Promise<boolean> => {
        const now = await access.identify(request);
        return now?.name === caller?.name && isAllowed(route, now);
      };
      await sendEvents(response, result as AsyncIterable<unknown>, mayStill, () => controller.abort());
    } else if (route.stream === 'redirect')
      response.writeHead(303, { ...guards, location: String(result), 'cache-control': 'no-store' }).end();
    else if (route.stream === 'download') await sendDownload(response, result as Download);
    else sendJson(response, 200, result);
  }

  #authorise(route: Route, name: RouteName, caller: Caller | undefined, request: IncomingMessage): void {
    if (route.access === 'open') return;
    if (!caller) throw new ConsoleError(401, 'signed_out', 'sign in first');
    if (isAllowed(route, caller)) return;
    this.#options.access.audit({
      action: name,
      user: caller.name,
      address: request.socket.remoteAddress ?? '',
      outcome: 'denied',
    });
    throw new ConsoleError(
      403,
      'role',
      `this needs the role ${route.access}, and ${caller.name} is ${caller.role}`,
    );
  }

  #fail(response: ServerResponse, error: unknown): void {
    const { logger } = this.#options;
    const known = error as {
      status?: number;
      code?: string;
      message?: string;
      reason?: string;
      details?: object;
    };
    // Errors of searches (StoreError, QueryError) come with a status of their own.
    const status = typeof known.status === 'number' ? known.status : 500;
    if (status === 500) logger.error({}, `console: ${(error as Error)?.stack ?? String(error)}`);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { position, hint } = error as { position?: number; hint?: string };
    sendJson(response, status, {
      error:
        status === 500 ? 'something went wrong in Millrace: its log has the details' : String(known.message),
      code: error instanceof ConsoleError ? error.code : status === 500 ? 'internal' : 'query',
      ...(position !== undefined && { position }),
      ...(hint !== undefined && { hint }),
      ...(error instanceof ConsoleError && error.details),
    });
  }
}

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1'];
/** A year. */
const HSTS = 'max-age=31536000';

/** `[::1]:5601` → `::1` */
const hostName = (header = ''): string =>
  header
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();

const isAllowed = ({ access }: Route, caller: Caller | undefined): boolean =>
  access === 'open' || (caller !== undefined && roles.indexOf(caller.role) >= roles.indexOf(access));

function checked(
  schema: { safeParse(value: unknown): { success: boolean; data?: unknown; error?: any } },
  value: unknown,
  what: string,
): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues as { path: (string | number)[]; message: string }[];
  throw new ConsoleError(400, 'invalid', `${[what, ...issue!.path].join('.')}: ${issue!.message}`);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ConsoleError(400, 'invalid', 'the path is not valid');
  }
}

/** Headers of everything that the console answers. */
const guards: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    ...guards,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

const KEEP_ALIVE_MS = 5_000;

/** Server-sent events; ends when the source ends, the client is gone, or is no longer allowed to listen. */
async function sendEvents(
  response: ServerResponse,
  events: AsyncIterable<unknown>,
  mayStill: () => Promise<boolean>,
  stop: () => void,
): Promise<void> {
  response.writeHead(200, {
    ...guards,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write(':\n\n');
  const alive = setInterval(() => {
    response.write(':\n\n');
    mayStill()
      .catch(() => false)
      .then((may) => {
        if (may) return;
        stop();
        response.destroy();
      })
      .catch(() => {});
  }, KEEP_ALIVE_MS);
  try {
    for await (const event of events) {
      if (response.destroyed) break;
      if (!response.write(`data: ${JSON.stringify(event)}\n\n`)) await drained(response);
    }
  } catch (error) {
    if (!response.destroyed)
      response.write(`event: problem\ndata: ${JSON.stringify({ error: (error as Error).message })}\n\n`);
  } finally {
    clearInterval(alive);
    response.end();
  }
}

async function sendDownload(response: ServerResponse, { fileName, type, chunks }: Download): Promise<void> {
  const plain = fileName.replace(/[^\w.-]/g, '_');
  response.writeHead(200, {
    ...guards,
    'content-type': type,
    'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(fileName)}`,
    'cache-control': 'no-store',
  });
  for await (const chunk of chunks) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
