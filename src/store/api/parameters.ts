/** Parameters of URLs: those that every route takes, and the refusal of those that nobody knows. */
import { StoreError, unsupported } from '../errors.ts';
import type { Parameters, Route } from './call.ts';

/** How the answer looks; handled for all routes in one place. */
const forms = ['pretty', 'human', 'error_trace', 'filter_path', 'format'];

/**
 * Taken and without effect, because what they choose between is the same here: one node, one shard an index, written and
 * searchable at the answer.
 */
const harmless = [
  'preference', 'routing', 'wait_for_active_shards', 'refresh', 'timeout', 'master_timeout', 'include_type_name',
  'typed_keys', 'ignore_throttled', 'ignore_unavailable', 'allow_no_indices', 'expand_wildcards', 'local',
  'flat_settings', 'source', 'source_content_type', 'search_type', 'batched_reduce_size', 'ccs_minimize_roundtrips',
  'max_concurrent_shard_requests', 'max_concurrent_searches', 'pre_filter_shard_size', 'request_cache', 'allow_partial_search_results',
  'cluster_manager_timeout', 'realtime', 'cause',
]; // biome-ignore format: a list

const everywhere: ReadonlySet<string> = new Set([...forms, ...harmless]);

/** Of `_search` and those that take a search's parameters. */
export const searchParameters = [
  'q', 'df', 'default_operator', 'analyzer', 'analyze_wildcard', 'lenient', 'from', 'size', 'sort', '_source',
  '_source_includes', '_source_excludes', '_source_include', '_source_exclude', 'track_total_hits', 'track_scores',
  'version', 'seq_no_primary_term', 'rest_total_hits_as_int', 'terminate_after', 'scroll', 'explain', 'force_synthetic_source',
]; // biome-ignore format: a list

/** @throws StoreError illegal_argument_exception, in Elasticsearch's words */
export function checkParameters(path: string, query: Parameters, route: Route): void {
  const wrong = Object.keys(query).filter((name) => !everywhere.has(name) && !route.takes?.includes(name));
  if (wrong.length > 0)
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `request [${path}] contains unrecognized parameter${wrong.length > 1 ? 's' : ''}: ${wrong.map((name) => `[${name}]`).join(', ')}`,
    );
  const { format } = query;
  if (format !== undefined && format !== 'json' && !(format === 'text' && path.startsWith('/_cat')))
    throw unsupported(`[format=${format}]`);
}

/** Own properties only, so that no name of a parameter means anything else. Later ones win. */
export function parseParameters(text: string): Parameters {
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  if (text !== '') for (const [name, value] of new URLSearchParams(text)) query[name] = value;
  return query;
}
