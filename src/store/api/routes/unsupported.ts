/** What Elasticsearch has and Millrace has not: answered by name, so that nobody has to guess. */
import { unsupported } from '../../errors.ts';
import type { Method, Route } from '../call.ts';

const missing: readonly (readonly [feature: string, ...paths: string[]])[] = [
  ['[_reindex]', '/_reindex'],
  ['[_update_by_query]', '/{index}/_update_by_query'],
  ['[_async_search]', '/_async_search', '/_async_search/{id}', '/{index}/_async_search'],
  ['[_sql]', '/_sql', '/_sql/{action}'],
  ['[_eql]', '/{index}/_eql/search'],
  ['ES|QL ([_query])', '/_query', '/_query/async'],
  ['[_knn_search]', '/{index}/_knn_search'],
  ['[_explain]', '/{index}/_explain/{id}'],
  ['[_termvectors]', '/{index}/_termvectors', '/{index}/_termvectors/{id}'],
  ['[_terms_enum]', '/{index}/_terms_enum'],
  ['[_rank_eval]', '/_rank_eval', '/{index}/_rank_eval'],
  ['[_search/template]', '/_search/template', '/{index}/_search/template', '/_msearch/template', '/_render/template'],
  ['[_search_shards]', '/_search_shards', '/{index}/_search_shards'],
  ['[_scripts]', '/_scripts/{id}', '/_scripts/painless/_execute'],
  ['[_ml]', '/_ml/{a}', '/_ml/{a}/{b}', '/_ml/{a}/{b}/{c}'],
  ['[_transform]', '/_transform', '/_transform/{a}', '/_transform/{a}/{b}'],
  ['[_watcher]', '/_watcher/{a}', '/_watcher/{a}/{b}'],
  ['[_enrich]', '/_enrich/{a}', '/_enrich/{a}/{b}'],
  ['[_slm]', '/_slm/{a}', '/_slm/{a}/{b}'],
  ['[_rollup]', '/_rollup/{a}', '/_rollup/{a}/{b}'],
  ['[_ccr]', '/_ccr/{a}', '/{index}/_ccr/{a}'],
  ['[_graph]', '/{index}/_graph/explore'],
  ['[_split], [_shrink] and [_clone]', '/{index}/_split/{to}', '/{index}/_shrink/{to}', '/{index}/_clone/{to}'],
  ['Opening and closing indices', '/{index}/_open', '/{index}/_close'],
  ['[_block]', '/{index}/_block/{block}'],
  ['[_cluster/reroute]', '/_cluster/reroute'],
  ['[_cluster/allocation/explain]', '/_cluster/allocation/explain'],
  ['[_nodes/hot_threads]', '/_nodes/hot_threads', '/_nodes/{node}/hot_threads'],
  ['[_data_stream/_lifecycle]', '/_data_stream/{name}/_lifecycle'],
  ['[_migration]', '/_migration/{a}', '/_migration/{a}/{b}'],
  ['Starting and stopping lifecycle policies', '/_ilm/start', '/_ilm/stop'],
  ['[_security/user] (users are made with millrace user add)', '/_security/user', '/_security/user/{name}', '/_security/user/{name}/_password'],
  ['[_security/role]', '/_security/role', '/_security/role/{name}', '/_security/role_mapping', '/_security/role_mapping/{name}'],
  ['[_security/oauth2/token]', '/_security/oauth2/token'],
  ['[_xpack/usage]', '/_xpack/usage'],
  ['[_plugins]', '/_plugins/{a}', '/_plugins/{a}/{b}', '/_plugins/{a}/{b}/{c}', '/_opendistro/{a}/{b}'],
]; // biome-ignore format: a table

const methods: readonly Method[] = ['GET', 'POST', 'PUT', 'DELETE'];

export const unsupportedRoutes: readonly Route[] = missing.map(([feature, ...paths]) => ({
  methods,
  paths,
  needs: 'handshake',
  handle: () => {
    throw unsupported(feature);
  },
}));
