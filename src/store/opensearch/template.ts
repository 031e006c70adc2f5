/** What new indices of ours begin with on a cluster, so that both drivers answer alike. */
import { DEFAULT_TEMPLATE } from '../mapping/default-template.ts';
import type { Cluster, Json } from './cluster.ts';
import { path } from './cluster.ts';

const NAME = 'millrace';
/** Lucene's limit of 32,766 bytes for a term, at four bytes a character; longer values stay in `_source`. */
const LONGEST_KEYWORD = 8191;

/**
 * The embedded store's default for the cluster: strings are exact keywords, and what does not fit its field is kept but
 * not searchable there, where a cluster by itself would refuse the document.
 */
function clusterTemplate(patterns: readonly string[]): Json {
  const { settings, mappings } = DEFAULT_TEMPLATE as { settings: Json; mappings: Record<string, any> };
  const keyword = { type: 'keyword', ignore_above: LONGEST_KEYWORD };
  const { 'index.number_of_shards': _, 'index.number_of_replicas': __, ...limits } = settings;
  return {
    index_patterns: patterns,
    // Any other legacy template says more.
    order: -1,
    version: 1,
    settings: { ...limits, 'index.number_of_shards': '1', 'index.mapping.ignore_malformed': true },
    mappings: {
      ...mappings,
      dynamic_templates: [
        ...mappings['dynamic_templates'].flatMap(forCluster),
        { strings: { match_mapping_type: 'string', mapping: keyword } },
        // Lucene's doubles; a cluster would take floats.
        { fractions: { match_mapping_type: 'double', mapping: { type: 'double' } } },
      ],
      properties: { ...mappings['properties'], message: keyword },
    },
  };
}

/** Lists of `path_match` are Elasticsearch's since 8.10: elsewhere each has a template of its own. */
function forCluster(template: Readonly<Record<string, Json>>): Json[] {
  const [name, body] = Object.entries(template)[0]!;
  const { path_match: paths, ...rest } = body;
  if (!Array.isArray(paths)) return [template];
  return (paths as string[]).map((path_match, at) => ({ [`${name}_${at}`]: { path_match, ...rest } }));
}

/** A legacy template, as any composable one that fits an index then wins over it. */
export async function installTemplate(cluster: Cluster, patterns: readonly string[]): Promise<void> {
  if (patterns.length === 0 || cluster.product.serverless) return;
  await cluster.json({ method: 'PUT', path: path(['_template', NAME]), body: clusterTemplate(patterns) });
}
