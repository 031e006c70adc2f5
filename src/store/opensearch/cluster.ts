/** Requests to the cluster, and its refusals as errors of the store. */
import '../../event/bigint-json.ts';
import { ElasticsearchClient, type ElasticsearchResponse } from '../../lib/elasticsearch/client.ts';
import type { Product } from '../../lib/elasticsearch/product.ts';
import { elasticsearchClientSettings } from '../../lib/elasticsearch/settings.ts';
import { HttpFailure } from '../../lib/http/errors.ts';
import { StoreError } from '../errors.ts';
import { type ClusterOptions, clusterValues } from './options.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface ClusterRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query: `path('logs-*', '_search', {…})` makes it. */
  readonly path: string;
  /** An object becomes JSON; bytes and text are lines of it (`_bulk`). */
  readonly body?: Json | Buffer | string;
  readonly signal?: AbortSignal | undefined;
}

export class Cluster {
  readonly #client: ElasticsearchClient;
  readonly #ended = new AbortController();

  private constructor(client: ElasticsearchClient) {
    this.#client = client;
  }

  /** @throws MillraceError ERR_CONFIG when the options are wrong or something else answers; HttpFailure: nothing does */
  static async connect(options: ClusterOptions): Promise<Cluster> {
    const { signal } = new AbortController();
    const { logger } = options;
    const settings = await elasticsearchClientSettings(clusterValues(options), {
      workers: 1,
      logger,
      signal,
    });
    const client = await ElasticsearchClient.create(settings);
    const cluster = new Cluster(client);
    try {
      await client.connect(cluster.#ended.signal);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get product(): Product {
    return this.#client.product;
  }

  /** Any status is an answer. @throws StoreError 503 when no node gives one */
  async request({ method, path, body, signal }: ClusterRequest): Promise<ElasticsearchResponse> {
    const ended = this.#ended.signal;
    const isLines = typeof body === 'string' || Buffer.isBuffer(body);
    try {
      return await this.#client.request(
        {
          method,
          path,
          ...(body !== undefined && {
            headers: { 'content-type': isLines ? 'application/x-ndjson' : 'application/json' },
            body: isLines ? body : JSON.stringify(body),
          }),
        },
        signal === undefined ? ended : AbortSignal.any([ended, signal]),
      );
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!(error instanceof HttpFailure)) throw error;
      throw new StoreError(503, 'no_node_available_exception', error.message);
    }
  }

  /** An answer of success. @throws StoreError with what the cluster said otherwise */
  async bytes(request: ClusterRequest): Promise<Buffer> {
    const { status, body } = await this.request(request);
    if (status < 200 || status > 299) throw refusal(status, body);
    return body;
  }

  /** Its JSON. @throws StoreError */
  async json<T = Record<string, any>>(request: ClusterRequest): Promise<T> {
    return parse(await this.bytes(request)) as T;
  }

  /** The same; undefined for 404. @throws StoreError */
  async find<T = Record<string, any>>(request: ClusterRequest): Promise<T | undefined> {
    const { status, body } = await this.request(request);
    if (status === 404) return undefined;
    if (status < 200 || status > 299) throw refusal(status, body);
    return parse(body) as T;
  }

  /** Ends requests under way. */
  async close(): Promise<void> {
    this.#ended.abort(new Error('the event store is closed'));
    await this.#client.close();
  }
}

/** `/a,b/_search?x=1`: parts are encoded, parameters without value left out. */
export function path(
  parts: readonly string[],
  parameters: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
  const query = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value!)}`)
    .join('&');
  const whole = parts
    .filter((part) => part !== '')
    .map((part) => `/${encodeURIComponent(part).replaceAll('%2C', ',').replaceAll('%2A', '*')}`)
    .join('');
  return query === '' ? whole : `${whole}?${query}`;
}

function parse(body: Buffer): unknown {
  return body.length === 0 ? {} : JSON.parse(body.toString());
}

interface Failure {
  readonly type?: string;
  readonly reason?: string;
  readonly root_cause?: readonly Failure[];
  readonly [detail: string]: unknown;
}

/** What the cluster said, with the cause instead of "all shards failed". */
export function refusal(status: number, body: Buffer): StoreError {
  let error: Failure | string | undefined;
  try {
    error = (JSON.parse(body.toString()) as { error?: Failure | string }).error;
  } catch {
    // Said below.
  }
  if (typeof error !== 'object' || error === null)
    return new StoreError(
      status,
      'exception',
      typeof error === 'string' ? error : body.toString('utf8', 0, 300) || `the cluster answered ${status}`,
    );
  const [cause] = error.root_cause ?? [];
  const { type, reason, ...rest } =
    error.type === 'search_phase_execution_exception' && cause !== undefined ? cause : error;
  const details = Object.fromEntries(Object.entries(rest).filter(([name]) => KEPT.has(name)));
  return new StoreError(status, type ?? 'exception', reason ?? '', details);
}

const KEPT = new Set(['index', 'index_uuid', 'resource.id', 'resource.type']);
