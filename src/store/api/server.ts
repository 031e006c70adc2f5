/** The Elasticsearch-compatible HTTP API of the event store. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import { listen, withPort } from '../../lib/http/own-server.ts';
import type { Store } from '../store.ts';
import { type Authenticator, denied, type Identity, mayDo, type Privilege } from './access.ts';
import { ApiKeys } from './api-keys.ts';
import { ApiState, type AuditEvent } from './api-state.ts';
import { type Anonymous, Guard, isLoopback, unauthenticated } from './authenticate.ts';
import { errorAnswer, isUnforeseen } from './error-answer.ts';
import { makeCall } from './make-call.ts';
import { checkMediaType } from './media-type.ts';
import { checkParameters, parseParameters } from './parameters.ts';
import { BodyBudget, readBody } from './read-body.ts';
import { respond } from './respond.ts';
import { Router } from './router.ts';
import { routes } from './routes.ts';
import { type Setting, tlsOf } from './tls-settings.ts';

export interface StoreApiOptions {
  readonly store: Store;
  /** By full name: `store.http.host` … */
  readonly setting: Setting;
  readonly logger: Logger;
  readonly authenticator: Authenticator;
  /** Notes sign-ins that fail, denials and searches. */
  readonly audit?: (event: AuditEvent) => void;
}

export interface StoreApi {
  /** Resolves to the URL. @throws MillraceError with a sentence when it can not be served, or not safely */
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** A slow sender may take so long for a request; a bulk request over a bad line takes minutes. */
const LIMITS = {
  requestTimeout: 300_000,
  headersTimeout: 15_000,
  keepAliveTimeout: 120_000,
  maxHeaderSize: 65_536,
  connectionsCheckingInterval: 5000,
} as const;
const MAX_CONNECTIONS = 4096;
/** What is left of a body after an error is read and thrown away so long, so that the client sees the answer. */
const LINGER_MS = 2000;

export function createStoreApi(options: StoreApiOptions): StoreApi {
  const { store, setting, logger, authenticator, audit = () => {} } = options;
  const keys = new ApiKeys(store, authenticator);
  let close = async (): Promise<void> => {};
  return {
    listen: async () => {
      const host = String(setting('store.http.host'));
      const port = Number(setting('store.http.port'));
      const open = !isLoopback(host);
      if (open && !authenticator.hasUsers())
        throw new MillraceError(
          'ERR_SETTING',
          `store.http.host ${host} is no loopback address and there are no users yet: make one first with millrace user add NAME`,
        );
      const tls = await tlsOf(setting, open);
      const state = new ApiState({
        identity: identityOf(setting),
        keys,
        store,
        audit,
        hasUsers: () => authenticator.hasUsers(),
        snapshotFolder: String(
          setting('store.snapshot.path') ?? join(String(setting('path.data')), 'snapshots'),
        ),
      });
      const guard = new Guard({
        users: authenticator,
        keys,
        audit,
        anonymous: setting('store.http.anonymous') as Anonymous,
        hosts: String(setting('store.http.hosts') ?? '')
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== ''),
        secure: tls !== undefined,
      });
      const server = new ApiServer({
        store,
        state,
        guard,
        logger,
        limit: Number(setting('store.http.max_content_length')),
      });
      const own = await listen({
        name: 'store API',
        host,
        ports: [port, port],
        settings: 'store.http',
        limits: LIMITS,
        tls,
        logger,
        listener: (request, response) => void server.answer(request, response),
      });
      own.server.maxConnections = MAX_CONNECTIONS;
      const named = host === '0.0.0.0' || host === '::' ? hostname() : host;
      state.publishAddress = withPort(named, own.port);
      close = own.close;
      return own.url(named);
    },
    close: () => close(),
  };
}

function identityOf(setting: Setting): ApiState['identity'] {
  const nodeName = String(setting('node.name') ?? hostname());
  const stable = (what: string): string =>
    createHash('sha256')
      .update(`${what} ${String(setting('path.data'))} ${hostname()}`)
      .digest('base64url')
      .slice(0, 22);
  return {
    version: String(setting('store.compat_version')),
    nodeName,
    nodeId: stable('node'),
    clusterName: 'millrace',
    clusterUuid: stable('cluster'),
  };
}

class ApiServer {
  readonly #store: Store;
  readonly #state: ApiState;
  readonly #guard: Guard;
  readonly #logger: Logger;
  readonly #limit: number;
  readonly #budget: BodyBudget;
  readonly #router = new Router(routes);

  constructor(parts: { store: Store; state: ApiState; guard: Guard; logger: Logger; limit: number }) {
    this.#store = parts.store;
    this.#state = parts.state;
    this.#guard = parts.guard;
    this.#logger = parts.logger;
    this.#limit = parts.limit;
    this.#budget = new BodyBudget(parts.limit * 4);
  }

  /** Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort(new Error('the client is gone')));
    // Also of a connection that breaks while nothing is read.
    request.on('error', () => {});
    response.on('error', () => {});
    const uri = request.url ?? '/';
    const path = uri.split('?', 1)[0]!;
    const query = parseParameters(uri.slice(path.length + 1));
    let release = (): void => {};
    try {
      this.#guard.checkOrigin(request);
      const identity = await this.#guard.identify(request);
      const { route, params } = this.#router.find(request.method ?? 'GET', uri);
      const method = request.method as 'GET';
      const isQuestion = request.method === 'HEAD' && route.needs === 'metadata';
      this.#require(identity, isQuestion ? 'handshake' : route.needs, request);
      checkParameters(path, query, route);
      const read = await readBody(request, this.#limit, this.#budget);
      release = read.release;
      checkMediaType(request, read.body);
      const address = request.socket.remoteAddress ?? '';
      const call = makeCall({
        method, path, params, query, identity, address,
        body: read.body, store: this.#store, api: this.#state, signal: gone.signal, isQuestion,
      }); // biome-ignore format: a list
      const answer = await route.handle(call);
      await respond(request, response, answer, query);
    } catch (error) {
      if (!gone.signal.aborted) await this.#fail(request, response, error, query);
    } finally {
      release();
    }
  }

  #require(identity: Identity, privilege: Privilege, request: IncomingMessage): void {
    if (mayDo(identity, privilege)) return;
    const address = request.socket.remoteAddress ?? '';
    this.#state.audit({
      action: 'store.denied',
      user: identity.name,
      address,
      outcome: 'denied',
      details: { privilege, method: request.method, url: (request.url ?? '').slice(0, 1000) },
    });
    if (identity.kind === 'anonymous')
      throw unauthenticated(`missing authentication credentials for REST request [${request.url ?? '/'}]`);
    throw denied(identity, privilege);
  }

  async #fail(
    request: IncomingMessage,
    response: ServerResponse,
    error: unknown,
    query: ReturnType<typeof parseParameters>,
  ): Promise<void> {
    if (isUnforeseen(error))
      this.#logger.error(
        { url: (request.url ?? '').slice(0, 1000) },
        `store API: ${(error as Error)?.stack ?? String(error)}`,
      );
    const answer = errorAnswer(error);
    if (request.complete) {
      await respond(request, response, answer, query);
      return;
    }
    response.shouldKeepAlive = false;
    await respond(request, response, answer, query);
    request.resume();
    setTimeout(() => request.socket.destroy(), LINGER_MS).unref();
  }
}
