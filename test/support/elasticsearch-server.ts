/**
 * A server that answers like Elasticsearch 7, 8 or 9 or like OpenSearch, as far as shippers ask: handshake, templates,
 * lifecycles, nodes and bulk. It keeps what it is given, and its answers to documents can be scripted.
 */
import type { ServerOptions } from 'node:https';
import { type Answer, type Asked, httpServer, type TestServer } from './http-server.ts';

export interface FakeOptions {
  readonly version?: string;
  readonly distribution?: 'opensearch';
  readonly flavor?: string;
  /** `Basic …` or `ApiKey …` that is asked for. */
  readonly authorization?: string;
  /** What becomes of a document; undefined: it is indexed. */
  readonly item?: (action: BulkAction) => { status: number; error?: object } | undefined;
  /** Answers instead of the server; undefined: it answers itself. */
  readonly instead?: (asked: Asked, count: number) => Answer | undefined | Promise<Answer | undefined>;
  readonly tls?: ServerOptions;
  readonly port?: number;
}

export interface BulkAction {
  readonly action: string;
  readonly meta: Record<string, unknown>;
  /** As text: numbers stay exact. */
  readonly source: string | undefined;
}

export interface FakeElasticsearch extends TestServer {
  readonly documents: BulkAction[];
  /** Requests but those for bulk, `METHOD /path`. */
  readonly calls: () => string[];
  /** What was PUT, by path. */
  readonly stored: Map<string, any>;
}

export async function fakeElasticsearch(options: FakeOptions = {}): Promise<FakeElasticsearch> {
  const { version = '8.17.0', distribution, flavor = 'default' } = options;
  const documents: BulkAction[] = [];
  const stored = new Map<string, any>();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const headers: Record<string, string> =
    distribution === undefined && (major > 7 || minor >= 14) ? { 'X-Elastic-Product': 'Elasticsearch' } : {};
  const answer = (asked: Asked): Answer => {
    const path = decodeURIComponent(asked.url.split('?')[0]!);
    if (path === '/')
      return {
        body: {
          name: 'n',
          cluster_uuid: 'u',
          version: { number: version, build_flavor: flavor, ...(distribution && { distribution }) },
          tagline:
            distribution === undefined
              ? 'You Know, for Search'
              : 'The OpenSearch Project: https://opensearch.org/',
        },
      };
    if (path.endsWith('/_bulk')) return { body: bulk(asked.body) };
    if (path === '/_nodes/http') return { body: { nodes: {} } };
    if (asked.method === 'PUT') {
      stored.set(path, JSON.parse(asked.body));
      return { body: { acknowledged: true } };
    }
    return stored.has(path) ? { body: {} } : { status: 404, body: {} };
  };
  const bulk = (body: string): object => {
    const lines = body.split('\n');
    const items: object[] = [];
    let errors = false;
    for (let at = 0; at < lines.length - 1; ) {
      const [action, meta] = Object.entries(JSON.parse(lines[at++]!) as Record<string, any>)[0]!;
      const made = { action, meta, source: action === 'delete' ? undefined : lines[at++] };
      const wrong = options.item?.(made);
      if (wrong === undefined) documents.push(made);
      else errors = true;
      items.push({ [action]: wrong ?? { status: 201 } });
    }
    return { errors, items };
  };
  const server = await httpServer(
    async (asked, count) => {
      const other = await options.instead?.(asked, count);
      if (other !== undefined) return { ...other, headers: { ...headers, ...other.headers } };
      if (options.authorization !== undefined && asked.headers.authorization !== options.authorization)
        return { status: 401, headers, body: { error: { type: 'security_exception' } } };
      return { headers, ...answer(asked) };
    },
    options.tls,
    options.port,
  );
  return {
    ...server,
    documents,
    stored,
    calls: () =>
      server.requests
        .filter(({ url }) => !url.includes('_bulk'))
        .map(({ method, url }) => `${method} ${decodeURIComponent(url)}`),
  };
}
