/** `_search`, `_msearch`, `_count`, `_validate/query`, `_delete_by_query`. */
import { parseDsl } from '../../../query/dsl-parse.ts';
import { parseLucene } from '../../../query/lucene.ts';
import { ALL, type Query } from '../../../query/tree.ts';
import { parsingError, StoreError, unsupported } from '../../errors.ts';
import type { IndexSelection, SearchRequest } from '../../store.ts';
import { type Answer, type Call, type Json, json, names, type Route, shards } from '../call.ts';
import { errorBody, isUnforeseen } from '../error-answer.ts';
import { searchParameters } from '../parameters.ts';
import { parseSearch } from '../search-body.ts';
import { responseForm, searchResponse } from '../search-response.ts';
import { startScroll } from './scroll.ts';

async function search(call: Call): Promise<Answer> {
  const body = call.object();
  if (call.query['scroll'] !== undefined) return startScroll(call, body);
  const request = await prepare(call, body, call.params['index']);
  const result = await call.store.search(request, call.signal);
  return { text: searchResponse(result, responseForm(request, call.query, body)) };
}

/** @throws StoreError; QueryError for what can not be asked */
export async function prepare(call: Call, body: Json, index: string | undefined): Promise<SearchRequest> {
  const hasPoint = body['pit'] !== undefined && body['pit'] !== null;
  if (hasPoint && index !== undefined)
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: [indices] cannot be used with point in time. Do not specify any index with point in time.;',
    );
  const selection: IndexSelection = hasPoint ? { names: [] } : await call.select(index);
  const request = parseSearch(body, call.query, selection);
  if (request.pointInTime)
    call.api.checkPoint(request.pointInTime.id, call.identity, request.pointInTime.keepAlive);
  call.api.audit({
    action: 'store.search',
    user: call.identity.name,
    address: call.address,
    outcome: 'success',
    details: { indices: selection.names, query: body['query'] ?? call.query['q'] },
  });
  return request;
}

/** The query of `_count` and its kin: of the body, or `q`. */
function queryOf(call: Call): Query {
  const { query: body, ...rest } = call.object();
  const [wrong] = Object.keys(rest);
  if (wrong !== undefined) throw parsingError(`request does not support [${wrong}]`);
  const { q, df, default_operator: operator } = call.query;
  if (q !== undefined)
    return parseLucene(q, {
      fields: df === undefined ? [] : [df],
      operator: operator?.toLowerCase() === 'and' ? 'and' : 'or',
    });
  return body === undefined || body === null ? ALL : parseDsl(body);
}

async function count(call: Call): Promise<Answer> {
  const selection = await call.select();
  const result = await call.store.count(selection, queryOf(call), call.signal);
  return json({ count: result.count, _shards: shards(result.shards) });
}

async function deleteByQuery(call: Call): Promise<Answer> {
  const started = performance.now();
  if (call.object()['query'] === undefined && call.query['q'] === undefined)
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: query is missing;',
    );
  if (call.query['wait_for_completion'] === 'false') throw unsupported('[wait_for_completion=false]');
  const selection = await call.select(call.params['index'], 'delete');
  const { deleted, total } = await call.store.deleteByQuery(selection, queryOf(call), call.signal);
  return json({
    took: Math.round(performance.now() - started),
    timed_out: false,
    total,
    deleted,
    batches: Math.ceil(total / 1000),
    version_conflicts: total - deleted,
    noops: 0,
    retries: { bulk: 0, search: 0 },
    throttled_millis: 0,
    requests_per_second: -1,
    throttled_until_millis: 0,
    failures: [],
  });
}

async function validate(call: Call): Promise<Answer> {
  const selection = await call.select(undefined, 'read');
  const indices = await call.store.indices(selection);
  try {
    queryOf(call);
    return json({ _shards: shards(1), valid: true });
  } catch (error) {
    if (isUnforeseen(error)) throw error;
    const { message } = error as Error;
    return json({
      _shards: shards(1),
      valid: false,
      ...(call.query['explain'] !== undefined && {
        explanations: indices.map(({ name }) => ({ index: name, valid: false, error: message })),
      }),
    });
  }
}

const MAX_SEARCHES = 1000;
/** At once, of one request. */
const PARALLEL = 4;

async function multiSearch(call: Call): Promise<Answer> {
  const started = performance.now();
  const lines = Buffer.from(call.body.buffer, call.body.byteOffset, call.body.length)
    .toString('utf8')
    .split('\n');
  if (lines.at(-1)?.trim() === '') lines.pop();
  if (lines.length === 0)
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: no requests added;',
    );
  if (lines.length % 2 !== 0)
    throw parsingError(
      'The msearch request must be terminated by a newline [\\n], and every header must have a body',
    );
  if (lines.length > MAX_SEARCHES * 2) throw parsingError(`_msearch takes at most ${MAX_SEARCHES} searches`);
  const answers: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < lines.length) {
      const at = next;
      next += 2;
      answers[at / 2] = await one(call, lines[at]!, lines[at + 1]!);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return { text: `{"took":${Math.round(performance.now() - started)},"responses":[${answers.join(',')}]}` };
}

const headerKeys = new Set(['index', 'indices', 'search_type', 'preference', 'routing', 'request_cache', 'ignore_unavailable', 'allow_no_indices', 'expand_wildcards', 'allow_partial_search_results', 'ccs_minimize_roundtrips', 'ignore_throttled', 'type']); // biome-ignore format: a list

async function one(call: Call, headerLine: string, bodyLine: string): Promise<string> {
  try {
    const header = headerLine.trim() === '' ? {} : lineObject(headerLine);
    for (const key of Object.keys(header))
      if (!headerKeys.has(key)) throw parsingError(`key [${key}] is not supported in the metadata section`);
    const given = header['index'] ?? header['indices'];
    const index =
      given === undefined
        ? call.params['index']
        : names(Array.isArray(given) ? given.map(String).join(',') : String(given)).join(',');
    const query = Object.fromEntries(
      ['ignore_unavailable', 'allow_no_indices']
        .filter((key) => header[key] !== undefined)
        .map((key) => [key, String(header[key])]),
    );
    const body = lineObject(bodyLine);
    const own: Call = { ...call, query: { ...call.query, ...query } };
    const request = await prepare(own, body, index === '' ? undefined : index);
    const missing =
      query['ignore_unavailable'] === 'true'
        ? { indices: { ...request.indices, ignoreUnavailable: true } }
        : {};
    const result = await call.store.search({ ...request, ...missing }, call.signal);
    return searchResponse(result, { ...responseForm(request, call.query, body), status: 200 });
  } catch (error) {
    if (isUnforeseen(error)) throw error;
    return JSON.stringify(errorBody(error));
  }
}

function lineObject(line: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new StoreError(400, 'x_content_parse_exception', (error as Error).message.slice(0, 500));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw parsingError('Expected [START_OBJECT] but found something else');
  return value as Json;
}

const queryParameters = [
  'q',
  'df',
  'default_operator',
  'analyzer',
  'analyze_wildcard',
  'lenient',
  'min_score',
  'terminate_after',
];
const deleteParameters = [
  ...queryParameters,
  'conflicts',
  'wait_for_completion',
  'slices',
  'scroll_size',
  'requests_per_second',
  'scroll',
  'search_timeout',
];

export const searchRoutes: readonly Route[] = [
  { methods: ['GET', 'POST'], paths: ['/_search', '/{index}/_search'], needs: 'read', takes: searchParameters, handle: search },
  { methods: ['GET', 'POST'], paths: ['/_msearch', '/{index}/_msearch'], needs: 'read', takes: ['rest_total_hits_as_int'], handle: multiSearch },
  { methods: ['GET', 'POST'], paths: ['/_count', '/{index}/_count'], needs: 'read', takes: queryParameters, handle: count },
  { methods: ['GET', 'POST'], paths: ['/_validate/query', '/{index}/_validate/query'], needs: 'read', takes: [...queryParameters, 'explain', 'rewrite', 'all_shards'], handle: validate },
  { methods: ['POST'], paths: ['/{index}/_delete_by_query'], needs: 'delete', takes: deleteParameters, handle: deleteByQuery },
]; // biome-ignore format: a table
