/** The monitoring API: what Logstash answers on 9600, and Prometheus text at `/metrics`. */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { join, resolve } from 'node:path';
import type { SecureVersion } from 'node:tls';
import { MillraceError } from '../kernel/errors.ts';
import { type Level, type Logger, levels } from '../kernel/logger.ts';
import type { Secret } from '../kernel/options.ts';
import { listen, withPort } from '../lib/http/own-server.ts';
import { pathParts } from '../lib/http/path-parts.ts';
import { ApiError, badRequest, notFound } from './api-error.ts';
import { NodeStats } from './node-stats.ts';
import { type RouteOptions, Routes } from './routes.ts';
import { type StoreHealth, StoreHealthWatch } from './store-health.ts';

export interface MonitoringOptions extends Omit<RouteOptions, 'storeHealth'> {
  readonly logger: Logger;
  /** Undefined: there is no event store, or not yet. */
  readonly storeHealth: () => Promise<StoreHealth | undefined>;
  readonly logLevel: { get(): Level; set(level: Level): void };
}

export interface Monitoring {
  readonly url: string;
  close(): Promise<void>;
}

type Setting = MonitoringOptions['setting'];

/** Listens on the first free port of `api.http.port`. @throws with a sentence when there is none */
export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const { setting, logger } = options;
  const authorised = authorisation(setting);
  const secure = setting('api.ssl.enabled') === true;
  let api: MonitoringApi | undefined;
  const host = String(setting('api.http.host'));
  const own = await listen({
    name: 'monitoring API',
    host,
    ports: setting('api.http.port') as [number, number],
    settings: 'api.http',
    tls: secure ? tlsOptions(setting) : undefined,
    logger,
    listener: (request, response) => void api?.answer(request, response),
  });
  own.server.unref();
  const address = withPort(host, own.port);
  const stats = new NodeStats(options.engine);
  const identity = { id: nodeId(setting), ephemeralId: randomUUID(), address };
  const store = new StoreHealthWatch(options.storeHealth);
  const routes = new Routes({ ...options, storeHealth: () => store.current }, identity, stats);
  api = new MonitoringApi(options, authorised, stats, store, routes);
  return {
    url: own.url(),
    close: async () => {
      stats.close();
      await own.close();
    },
  };
}

function tlsOptions(setting: Setting): ServerOptions {
  const path = setting('api.ssl.keystore.path');
  if (path === undefined)
    throw new MillraceError('ERR_SETTING', 'api.ssl.enabled needs api.ssl.keystore.path, a PKCS#12 file');
  const passphrase = (setting('api.ssl.keystore.password') as Secret | undefined)?.reveal() ?? '';
  const text = String(setting('api.ssl.supported_protocols') ?? '');
  const protocols = (text.match(/TLSv1(?:\.[123])?/g) ?? []).sort() as SecureVersion[];
  if (text.trim() !== '' && text !== '[]' && protocols.length === 0)
    throw new MillraceError(
      'ERR_SETTING',
      `api.ssl.supported_protocols takes TLSv1.2 and TLSv1.3, and is "${text}"`,
    );
  const options: ServerOptions = { pfx: readFileSync(String(path)), passphrase };
  if (protocols.length > 0) {
    options.minVersion = protocols[0]!;
    options.maxVersion = protocols.at(-1)!;
  }
  try {
    createTlsServer(options).close();
  } catch (error) {
    throw new MillraceError(
      'ERR_SETTING',
      `api.ssl.keystore.path: ${String(path)} can not be used (a PKCS#12 file and its api.ssl.keystore.password are needed): ${(error as Error).message}`,
    );
  }
  return options;
}

/** Says whether a request may be answered. @throws MillraceError when basic authentication has no credentials */
function authorisation(setting: Setting): (request: IncomingMessage) => boolean {
  if (setting('api.auth.type') !== 'basic') return () => true;
  const user = setting('api.auth.basic.username');
  const password = (setting('api.auth.basic.password') as Secret | undefined)?.reveal();
  if (!user || !password)
    throw new MillraceError(
      'ERR_SETTING',
      'api.auth.type: basic needs api.auth.basic.username and api.auth.basic.password',
    );
  const digest = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(`${String(user)}:${password}`);
  return ({ headers }) => {
    const given = /^Basic +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
    return timingSafeEqual(digest(Buffer.from(given, 'base64')), wanted);
  };
}

/** The file `uuid` in path.data, as Logstash has it: made once. */
function nodeId(setting: Setting): string {
  const folder = resolve(String(setting('path.data')));
  const file = join(folder, 'uuid');
  try {
    const known = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f-]{36}$/i.test(known)) return known;
  } catch {
    // Made now.
  }
  const made = randomUUID();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, made);
  } catch {
    // A new one at the next start, then.
  }
  return made;
}

const MAX_BODY = 65_536;
const MAX_WAIT_MS = 300_000;

class MonitoringApi {
  readonly #options: MonitoringOptions;
  readonly #authorised: (request: IncomingMessage) => boolean;
  readonly #stats: NodeStats;
  readonly #store: StoreHealthWatch;
  readonly #routes: Routes;
  readonly #initialLevel: Level;

  constructor(
    options: MonitoringOptions,
    authorised: (request: IncomingMessage) => boolean,
    stats: NodeStats,
    store: StoreHealthWatch,
    routes: Routes,
  ) {
    this.#options = options;
    this.#authorised = authorised;
    this.#stats = stats;
    this.#store = store;
    this.#routes = routes;
    this.#initialLevel = options.logLevel.get();
  }

  /** Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/'] = (request.url ?? '/').split('?');
    try {
      if (!this.#authorised(request)) {
        response.setHeader('www-authenticate', 'Basic realm="logstash-api"');
        throw new ApiError(401, 'Unauthorized');
      }
      const query = new URLSearchParams((request.url ?? '').slice(path.length));
      const parts = pathParts(path);
      if (!parts) throw badRequest('the path is not encoded well');
      const body = await this.#respond(request, response, parts, query);
      if ('text' in body) send(request, response, 200, String(body['text']), String(body['type']));
      else sendJson(request, response, 200, body, query.has('pretty'));
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 500;
      if (status === 500)
        this.#options.logger.error({ path }, `monitoring API: ${String((error as Error).stack ?? error)}`);
      // What is left of a body is not waited for.
      if (!request.complete) response.setHeader('connection', 'close');
      const message = status === 500 ? 'Internal Server Error' : (error as Error).message;
      sendJson(
        request,
        response,
        status,
        { path, status, error: { message } },
        /[?&]pretty/.test(request.url!),
      );
    }
  }

  async #respond(
    request: IncomingMessage,
    response: ServerResponse,
    path: readonly string[],
    query: URLSearchParams,
  ): Promise<Record<string, unknown>> {
    if (request.method === 'PUT' && path[0] === '_node' && path[1] === 'logging') {
      if (path.length === 2) return this.#setLogging(await readBody(request));
      if (path.length === 3 && path[2] === 'reset') return this.#resetLogging();
      throw notFound();
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      throw new ApiError(405, 'Method Not Allowed');
    }
    if (path.length === 0) await this.#waitForStatus(query, response);
    await Promise.all([this.#stats.refresh(), this.#store.refresh()]);
    return this.#routes.answer(path, query);
  }

  /** `?wait_for_status=green&timeout=1s`. @throws ApiError 408 when the time is over first */
  async #waitForStatus(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const wanted = query.get('wait_for_status');
    if (wanted === null) return;
    const order = ['green', 'yellow', 'red'];
    if (!order.includes(wanted))
      throw badRequest(`Invalid status '${wanted}' provided. The valid statuses are: green, yellow, red.`);
    const timeout = query.get('timeout') ?? '';
    const match = /^(\d+)(ms|s|m|h)?$/.exec(timeout);
    if (!match)
      throw badRequest(
        `Invalid timeout '${timeout}' provided: wait_for_status needs one, such as timeout=10s.`,
      );
    const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? 's']!;
    const until = performance.now() + Math.min(MAX_WAIT_MS, Number(match[1]) * unit);
    await this.#store.refresh();
    const good = order.slice(0, order.indexOf(wanted) + 1);
    while (!good.includes(this.#routes.health)) {
      if (performance.now() >= until || response.closed)
        throw new ApiError(408, `Timed out while waiting for status '${wanted}'`);
      await new Promise((done) => setTimeout(done, 100));
      await this.#store.refresh();
    }
  }

  /** There is one level for all loggers: setting that of any sets it. */
  #setLogging(body: unknown): Record<string, unknown> {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw badRequest('the body must be an object, such as {"logger.logstash.agent": "DEBUG"}');
    const wanted = Object.entries(body).map(([name, value]) => {
      const level = levels.find((each) => each === String(value).toLowerCase());
      if (!name.startsWith('logger.')) throw badRequest(`unrecognized option [${name}]`);
      if (!level) throw badRequest(`invalid level[${String(value)}] for logger[${name.slice(7)}]`);
      return level;
    });
    for (const level of wanted) this.#options.logLevel.set(level);
    return { ...this.#routes.header(), acknowledged: true };
  }

  #resetLogging(): Record<string, unknown> {
    this.#options.logLevel.set(this.#initialLevel);
    return { ...this.#routes.header(), acknowledged: true };
  }
}

/** JSON. @throws ApiError 400 */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  await new Promise<void>((done, fail) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY) chunks.push(chunk);
      else {
        request.pause();
        fail(badRequest('the body is larger than 64 KiB'));
      }
    });
    request.on('end', done);
    request.on('error', () => fail(badRequest('the body is not complete')));
  });
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw badRequest('the body is not JSON');
  }
}

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: unknown,
  pretty: boolean,
): void {
  const text = JSON.stringify(body, undefined, pretty ? 2 : undefined);
  send(request, response, status, pretty ? `${text}\n` : text, 'application/json');
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  type: string,
): void {
  if (response.closed) return;
  response.writeHead(status, {
    'content-type': type,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
