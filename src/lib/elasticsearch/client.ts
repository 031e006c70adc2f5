/**
 * Requests to a cluster: nodes take turns, one that does not answer is left out and looked at again from time to
 * time, and with sniffing the cluster itself says which nodes there are.
 */
import type { Logger } from '../../kernel/logger.ts';
import { HttpClient, type HttpClientSettings, type HttpResponse } from '../http/client.ts';
import { describeStatus, HttpFailure } from '../http/errors.ts';
import { type ClusterAddress, type NodeAddress, normalPath } from './hosts.ts';
import { identify, type Product } from './product.ts';

export interface ElasticsearchClientSettings {
  readonly cluster: ClusterAddress;
  readonly http: HttpClientSettings;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Query parameters of every request: `a=1&b=2`. */
  readonly parameters: string;
  readonly healthcheckPath: string | undefined;
  readonly resurrectDelayMs: number;
  /** Undefined: no sniffing. */
  readonly sniffing: { readonly path: string | undefined; readonly delayMs: number } | undefined;
  readonly logger: Logger;
}

export interface ElasticsearchRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query under the path of the node, e.g. `/_bulk`. */
  readonly path: string;
  /** The path is from the root of the server. */
  readonly absolute?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | undefined;
}

interface Node {
  readonly address: NodeAddress;
  alive: boolean;
  busy: number;
}

/** An answer and the node that gave it, for messages. */
export interface ElasticsearchResponse extends HttpResponse {
  readonly origin: string;
}

export class ElasticsearchClient {
  readonly #settings: ElasticsearchClientSettings;
  readonly #http: HttpClient;
  readonly #timers: NodeJS.Timeout[] = [];
  #nodes: Node[];
  #turn = 0;
  #product: Product | undefined;
  #reviving: Promise<PromiseSettledResult<void>[]> | undefined;

  private constructor(settings: ElasticsearchClientSettings, http: HttpClient) {
    this.#settings = settings;
    this.#http = http;
    this.#nodes = settings.cluster.nodes.map(newNode);
  }

  static async create(settings: ElasticsearchClientSettings): Promise<ElasticsearchClient> {
    return new ElasticsearchClient(settings, await HttpClient.create(settings.http));
  }

  /** What answers; known after `connect`. */
  get product(): Product {
    if (this.#product === undefined) throw new Error('not connected yet');
    return this.#product;
  }

  /**
   * Looks at every node; one that answers is enough. Then keeps looking at the dead ones.
   * @throws MillraceError ERR_CONFIG when what answers is not what it should be, or does not let us in
   */
  async connect(signal: AbortSignal): Promise<void> {
    const results = await Promise.allSettled(this.#nodes.map((node) => this.#check(node, signal)));
    const failures = results
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => reason as Error);
    if (failures.length === this.#nodes.length) {
      throw failures.find((error) => (error as { code?: string }).code === 'ERR_CONFIG') ?? failures[0]!;
    }
    for (const { message } of failures) this.#settings.logger.warn({}, message);
    if (this.#timers.length > 0) return;
    this.#every(this.#settings.resurrectDelayMs, () => this.#revive(signal));
    const { sniffing } = this.#settings;
    if (sniffing === undefined) return;
    await this.#sniff(sniffing.path, signal).catch(({ message }: Error) =>
      this.#settings.logger.warn({}, message),
    );
    this.#every(sniffing.delayMs, () => this.#sniff(sniffing.path, signal));
  }

  /**
   * Asks a living node, another one when it does not answer. Any status is an answer.
   * @throws HttpFailure when no node answers
   */
  async request(request: ElasticsearchRequest, signal: AbortSignal): Promise<ElasticsearchResponse> {
    if (!this.#nodes.some(({ alive }) => alive)) {
      const [first] = await this.#revive(signal);
      // Who does not answer that does not answer anything else.
      if (!this.#nodes.some(({ alive }) => alive) && first?.status === 'rejected') throw first.reason;
    }
    const tried = new Set<Node>();
    for (;;) {
      const node = this.#choose(tried);
      tried.add(node);
      try {
        return await this.#ask(node, request, signal);
      } catch (error) {
        if (!(error instanceof HttpFailure) || error.permanent || signal.aborted) throw error;
        this.#bury(node, error);
        if (!this.#nodes.some((other) => other.alive && !tried.has(other))) throw error;
      }
    }
  }

  /** The answer's JSON; undefined for 404. @throws with what the server said otherwise */
  async json(request: ElasticsearchRequest, signal: AbortSignal): Promise<unknown> {
    const response = await this.request(
      request.body === undefined
        ? request
        : { ...request, headers: { 'content-type': 'application/json', ...request.headers } },
      signal,
    );
    if (response.status === 404) return undefined;
    if (response.status < 200 || response.status > 299) throw new ElasticsearchError(response, request);
    return request.method === 'HEAD' || response.body.length === 0
      ? {}
      : JSON.parse(response.body.toString());
  }

  async close(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await this.#http.close();
  }

  #every(ms: number, work: () => Promise<unknown>): void {
    const run = (): void => {
      work().catch((error: Error) => this.#settings.logger.debug({}, error.message));
    };
    this.#timers.push(setInterval(run, ms).unref());
  }

  /** The least busy living node, by turns; when all have died meanwhile, one anyway. */
  #choose(tried: ReadonlySet<Node>): Node {
    const nodes = this.#nodes;
    let best: Node | undefined;
    for (let offset = 0; offset < nodes.length; offset++) {
      const node = nodes[(this.#turn + offset) % nodes.length]!;
      if (tried.has(node) || !node.alive) continue;
      if (best === undefined || node.busy < best.busy) best = node;
    }
    best ??= nodes[this.#turn % nodes.length]!;
    this.#turn = (nodes.indexOf(best) + 1) % nodes.length;
    return best;
  }

  async #ask(node: Node, request: ElasticsearchRequest, signal: AbortSignal): Promise<ElasticsearchResponse> {
    const { cluster, headers, parameters } = this.#settings;
    const { origin, base, query, authorization = cluster.authorization } = node.address;
    let path = request.absolute ? request.path : base + request.path;
    for (const more of [query, parameters]) if (more !== '') path += (path.includes('?') ? '&' : '?') + more;
    const all: Record<string, string> = { 'user-agent': 'Millrace', accept: 'application/json' };
    if (authorization !== undefined) all['authorization'] = authorization;
    if (this.#product?.serverless) all['elastic-api-version'] = '2023-10-31';
    node.busy++;
    try {
      const response = await this.#http.request(
        {
          method: request.method,
          target: { origin, path, authorization: undefined },
          headers: { ...all, ...headers, ...request.headers },
          body: request.body,
        },
        signal,
      );
      return { ...response, origin };
    } finally {
      node.busy--;
    }
  }

  /** Is it alive, and what is it? */
  async #check(node: Node, signal: AbortSignal): Promise<void> {
    const { healthcheckPath, cluster } = this.#settings;
    const { origin } = node.address;
    if (healthcheckPath !== undefined) {
      const path = normalPath(healthcheckPath) || '/';
      const { status } = await this.#ask(node, { method: 'HEAD', path, absolute: true }, signal);
      // Credentials are judged by the start page, which says more.
      if (status !== 401 && status !== 403 && (status < 200 || status > 299))
        throw new Error(`${origin}${path} answered ${describeStatus(status)}`);
    }
    const product = identify(
      await this.#ask(node, { method: 'GET', path: '/' }, signal),
      origin,
      cluster.identity,
    );
    if (this.#product === undefined) {
      const { name, version } = product;
      this.#settings.logger.info({ version }, `connected to ${name} ${version} at ${origin}`);
    }
    // In a cluster under way to a newer version, the newest node counts.
    if (this.#product === undefined || product.major > this.#product.major) this.#product = product;
    node.alive = true;
  }

  #bury(node: Node, failure: Error): void {
    if (!node.alive) return;
    node.alive = false;
    if (this.#nodes.length > 1)
      this.#settings.logger.warn({}, `${failure.message}; the other hosts are used`);
  }

  /** Looks at all dead nodes, once at a time. */
  #revive(signal: AbortSignal): Promise<PromiseSettledResult<void>[]> {
    this.#reviving ??= Promise.allSettled(
      this.#nodes
        .filter(({ alive }) => !alive)
        .map(async (node) => {
          await this.#check(node, signal);
          this.#settings.logger.info({}, `${node.address.origin} answers again`);
        }),
    ).finally(() => {
      this.#reviving = undefined;
    });
    return this.#reviving;
  }

  /** Takes over the list of nodes that the cluster gives, if it gives one. */
  async #sniff(path: string | undefined, signal: AbortSignal): Promise<void> {
    const answer = (await this.json(
      path === undefined
        ? { method: 'GET', path: '/_nodes/http' }
        : { method: 'GET', path: `/${path}`.replace(/^\/+/, '/'), absolute: true },
      signal,
    )) as { nodes?: Record<string, SniffedNode> } | undefined;
    const { nodes: first } = this.#settings.cluster;
    const [pattern] = first;
    const found = Object.values(answer?.nodes ?? {})
      .map((node) => sniffedOrigin(node, pattern!.origin))
      .filter((origin) => origin !== undefined);
    if (found.length === 0) {
      this.#settings.logger.warn({}, 'the cluster named no nodes; the hosts stay as they are');
      return;
    }
    const known = new Map(this.#nodes.map((node) => [node.address.origin, node]));
    const before = [...known.keys()].sort().join();
    this.#nodes = found.map((origin) => known.get(origin) ?? newNode({ ...pattern!, origin }));
    if (found.toSorted().join() === before) return;
    this.#settings.logger.info({ hosts: found }, 'the nodes of the cluster have changed');
    await this.#revive(signal);
  }
}

const newNode = (address: NodeAddress): Node => ({ address, alive: false, busy: 0 });

interface SniffedNode {
  readonly roles?: readonly string[];
  readonly http?: { readonly publish_address?: string };
}

/** Nodes that are nothing but masters take no data. Addresses look like `host/1.2.3.4:9200` or `[::1]:9200`. */
function sniffedOrigin(node: SniffedNode, like: string): string | undefined {
  const { roles, http } = node;
  if (roles?.length === 1 && roles[0] === 'master') return undefined;
  const match = /^(?:([^/]+)\/)?(\[[\da-f:]+\]|[^:/]+):(\d+)$/i.exec(http?.publish_address ?? '');
  if (match === null) return undefined;
  return `${like.slice(0, like.indexOf('://'))}://${match[1] ?? match[2]}:${match[3]}`;
}

/** A request that the cluster refused. `status` tells whether another try makes sense. */
export class ElasticsearchError extends Error {
  override name = 'ElasticsearchError';
  readonly status: number;
  constructor(response: ElasticsearchResponse, { method, path }: ElasticsearchRequest) {
    super(
      `${response.origin} refused ${method} ${path.split('?')[0]}: ${describeStatus(response.status)}${reasonOf(response.body)}`,
    );
    this.status = response.status;
  }
}

/** `: type: reason`, of a JSON error; empty if there is none. */
export function reasonOf(body: Buffer): string {
  try {
    const { error } = JSON.parse(body.toString()) as { error?: { type?: string; reason?: string } | string };
    if (typeof error === 'string') return `: ${error.slice(0, 300)}`;
    const parts = [error?.type, error?.reason].filter((part) => part !== undefined && part !== null);
    return parts.length === 0 ? '' : `: ${shortened(parts.join(': '))}`;
  } catch {
    return '';
  }
}

/** What matters stands at both ends: the kind of error, and often the rule behind the value that broke it. */
function shortened(text: string): string {
  return text.length > 500 ? `${text.slice(0, 250)} … ${text.slice(-240)}` : text;
}
