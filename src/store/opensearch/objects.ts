/** Things kept by kind and name: what the cluster has goes to it, the rest into an index of ours. */
import { globMatch } from '../glob-match.ts';
import type { StoredKind } from '../store.ts';
import { type Cluster, type Json, path } from './cluster.ts';

/** Hidden; one document an object. */
const OWN_INDEX = '.millrace';

type StoredObject = { name: string; body: Record<string, unknown> };

interface ClusterKind {
  readonly parts: readonly string[];
  /** Takes the answer of `GET` apart. */
  read(answer: Record<string, any>): StoredObject[];
}

const byName = (answer: Record<string, any>): StoredObject[] =>
  Object.entries(answer).map(([name, body]) => ({ name, body }));

const kinds: Readonly<Partial<Record<StoredKind, ClusterKind>>> = {
  index_template: {
    parts: ['_index_template'],
    read: ({ index_templates: list }) =>
      list.map((one: any) => ({ name: one.name, body: one.index_template })),
  },
  component_template: {
    parts: ['_component_template'],
    read: ({ component_templates: list }) =>
      list.map((one: any) => ({ name: one.name, body: one.component_template })),
  },
  template: { parts: ['_template'], read: byName },
  ingest_pipeline: { parts: ['_ingest', 'pipeline'], read: byName },
  data_stream: {
    parts: ['_data_stream'],
    read: ({ data_streams: list }) => list.map((one: any) => ({ name: one.name, body: one })),
  },
};

const lifecycle: ClusterKind = {
  parts: ['_ilm', 'policy'],
  read: (answer) => Object.entries(answer).map(([name, { policy }]) => ({ name, body: { policy } })),
};

/** Lifecycle policies are Elasticsearch's; OpenSearch's own have another form, so they are only kept. */
const clusterKind = ({ product }: Cluster, kind: StoredKind): ClusterKind | undefined =>
  kind === 'ilm_policy' ? (product.lifecycles ? lifecycle : undefined) : kinds[kind];

export async function putObject(cluster: Cluster, kind: StoredKind, name: string, body: Json): Promise<void> {
  const own = clusterKind(cluster, kind);
  if (!own) return putOwn(cluster, kind, name, body);
  const hasBody = kind !== 'data_stream';
  await cluster.json({
    method: 'PUT',
    path: path([...own.parts, name]),
    ...(hasBody && { body }),
  });
}

export async function objects(
  cluster: Cluster,
  kind: StoredKind,
  pattern: string,
): Promise<readonly StoredObject[]> {
  const own = clusterKind(cluster, kind);
  const asked = pattern === '' || pattern === '_all' ? '*' : pattern;
  if (!own) return ownObjects(cluster, kind, asked);
  const answer = await cluster.find({ method: 'GET', path: path([...own.parts, asked]) });
  return (answer === undefined ? [] : own.read(answer)).sort(inOrder);
}

export async function deleteObject(cluster: Cluster, kind: StoredKind, name: string): Promise<boolean> {
  const own = clusterKind(cluster, kind);
  const where = own ? path([...own.parts, name]) : ownPath(kind, name, { refresh: true });
  return (await cluster.find({ method: 'DELETE', path: where })) !== undefined;
}

const inOrder = (a: StoredObject, b: StoredObject): number => (a.name < b.name ? -1 : 1);

const ownPath = (kind: string, name: string, parameters = {}): string =>
  path([OWN_INDEX, '_doc', `${kind}:${name}`], parameters);

/** Makes the index of our own if it is not there. */
export async function makeOwnIndex(cluster: Cluster): Promise<void> {
  if ((await cluster.find({ method: 'GET', path: path([OWN_INDEX]) })) !== undefined) return;
  const keyword = { type: 'keyword' };
  await cluster
    .json({
      method: 'PUT',
      path: path([OWN_INDEX]),
      body: {
        settings: { 'index.hidden': true, 'index.number_of_shards': 1, 'index.auto_expand_replicas': '0-1' },
        mappings: {
          dynamic: false,
          properties: { kind: keyword, name: keyword, body: { type: 'object', enabled: false } },
        },
      },
    })
    .catch((error: { type?: string }) => {
      if (error.type !== 'resource_already_exists_exception') throw error;
    });
}

export async function putOwn(cluster: Cluster, kind: string, name: string, body: Json): Promise<void> {
  const document = { kind, name, body };
  await cluster.json({ method: 'PUT', path: ownPath(kind, name, { refresh: true }), body: document });
}

/** What is kept under this very name. */
export async function ownObject(cluster: Cluster, kind: string, name: string): Promise<Json | undefined> {
  const found = await cluster.find({ method: 'GET', path: ownPath(kind, name) });
  return found?.['_source']?.body as Json | undefined;
}

async function ownObjects(cluster: Cluster, kind: StoredKind, pattern: string): Promise<StoredObject[]> {
  if (!pattern.includes('*')) {
    const body = await ownObject(cluster, kind, pattern);
    return body === undefined ? [] : [{ name: pattern, body }];
  }
  const matches = globMatch(pattern);
  const found: StoredObject[] = [];
  for (let after: unknown; ; ) {
    const { hits } = await cluster.json({
      method: 'POST',
      path: path([OWN_INDEX, '_search']),
      body: {
        size: 1000,
        query: { term: { kind } },
        sort: [{ name: 'asc' }],
        ...(after !== undefined && { search_after: after }),
      },
    });
    for (const { _source } of hits.hits) if (matches(_source.name)) found.push(_source);
    if (hits.hits.length < 1000) break;
    after = hits.hits.at(-1).sort;
  }
  return found.map(({ name, body }) => ({ name, body })).sort(inOrder);
}
