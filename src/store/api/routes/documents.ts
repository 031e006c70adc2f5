/** Single documents: `_doc`, `_create`, `_update`, `_source`, `_mget`. */
import { indexNotFound, parsingError, StoreError, unsupported } from '../../errors.ts';
import { compileSourceFilter } from '../../source-filter.ts';
import type { BulkAction, BulkItem, BulkOperation, StoredDocument } from '../../store.ts';
import {
  type Answer,
  type Call,
  isOn,
  type Json,
  names,
  type Parameters,
  type Route,
  writeShards,
} from '../call.ts';
import { pipelineWarning } from './ingest.ts';

const writing = ['if_seq_no', 'if_primary_term', 'pipeline', 'require_alias', 'require_data_stream', 'op_type', 'version', 'version_type', 'include_source_on_error']; // biome-ignore format: a list
const sourceOf = ['_source', '_source_includes', '_source_excludes', '_source_include', '_source_exclude'];

/** One operation; what would be an item's error is the answer's. */
async function write(call: Call, action: BulkAction): Promise<BulkItem> {
  const { query, params, body, store } = call;
  const index = params['index']!;
  const { id } = params;
  if (query['version'] !== undefined || (query['version_type'] ?? 'internal') !== 'internal')
    throw unsupported('[version] of other systems ([version_type])');
  const privilege = action === 'delete' || action === 'create' ? action : 'write';
  await call.allow(privilege, index);
  if (action !== 'delete' && body.length === 0)
    throw new StoreError(400, 'parse_exception', 'request body is required');
  const number = (name: string): number | undefined => {
    const text = query[name];
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text))
      throw new StoreError(
        400,
        'illegal_argument_exception',
        `Failed to parse long parameter [${name}] with value [${text}]`,
      );
    return Number(text);
  };
  const ifSeqNo = number('if_seq_no');
  const ifPrimaryTerm = number('if_primary_term');
  if ((ifSeqNo === undefined) !== (ifPrimaryTerm === undefined))
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: if_seq_no and if_primary_term go together;',
    );
  const operation: BulkOperation = {
    action,
    index,
    ...(id !== undefined && { id }),
    ...(ifSeqNo !== undefined && { ifSeqNo }),
    ...(ifPrimaryTerm !== undefined && { ifPrimaryTerm }),
    ...(query['require_alias'] !== undefined && { requireAlias: isOn(query['require_alias']) }),
  };
  const { items } = await store.bulk({
    source: action === 'delete' ? new Uint8Array(0) : body,
    ends: Int32Array.of(action === 'delete' ? 0 : body.length),
    operations: [operation],
  });
  const item = items[0]!;
  if (item.error) {
    const { type, reason, ...details } = item.error;
    throw new StoreError(item.status, type, reason, details);
  }
  return item;
}

const written = (item: BulkItem): Json => ({
  _index: item.index,
  _id: item.id,
  _version: item.version,
  result: item.result,
  _shards: writeShards,
  _seq_no: item.seqNo,
  _primary_term: 1,
});

async function index(call: Call): Promise<Answer> {
  // What has no id is new.
  const { op_type: action = call.params['id'] === undefined ? 'create' : 'index' } = call.query;
  if (action !== 'index' && action !== 'create')
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `opType must be 'create' or 'index', found: [${action}]`,
    );
  const headers = await pipelineWarning(call.store, call.query['pipeline']);
  const item = await write(call, action);
  const location = `/${encodeURIComponent(item.index)}/_doc/${encodeURIComponent(item.id)}`;
  return {
    status: item.status,
    body: written(item),
    headers: { ...headers, ...(item.status === 201 && { location }) },
  };
}

async function create(call: Call): Promise<Answer> {
  const headers = await pipelineWarning(call.store, call.query['pipeline']);
  const item = await write(call, 'create');
  return { status: item.status, body: written(item), headers };
}

async function update(call: Call): Promise<Answer> {
  const item = await write(call, 'update');
  const wanted = call.query['_source'] ?? call.query['_source_includes'];
  if (wanted === undefined || wanted === 'false') return { status: item.status, body: written(item) };
  await call.allow('read', item.index);
  const document = await call.store.get(item.index, item.id);
  const got = document
    ? `,"get":{"found":true,"_seq_no":${document.seqNo},"_primary_term":1,"_source":${filtered(document, call.query)}}`
    : '';
  return { status: item.status, text: `${JSON.stringify(written(item)).slice(0, -1)}${got}}` };
}

async function remove(call: Call): Promise<Answer> {
  const { id, index: name } = call.params;
  // Elasticsearch makes no index to delete from.
  const found = await call.store.indices({ names: [name!], ignoreUnavailable: true });
  if (found.length === 0) throw indexNotFound(name!);
  const item = await write({ ...call, params: { ...call.params, id: id! } }, 'delete');
  return { status: item.status, body: written(item) };
}

/** `_source` as the URL wants it; JSON text. */
function filtered(document: StoredDocument, query: Parameters): string {
  const own = query['_source'];
  const includes = names(
    query['_source_includes'] ?? query['_source_include'] ?? (own === 'true' || own === '' ? undefined : own),
  );
  const excludes = names(query['_source_excludes'] ?? query['_source_exclude']);
  return compileSourceFilter({ includes, excludes })(document.source);
}

const head = ({ index: name, id }: { readonly index: string; readonly id: string }): string =>
  `"_index":${JSON.stringify(name)},"_id":${JSON.stringify(id)}`;

const foundText = (document: StoredDocument, query: Parameters): string =>
  `{${head(document)},"_version":${document.version},"_seq_no":${document.seqNo},"_primary_term":1,"found":true${query['_source'] === 'false' ? '' : `,"_source":${filtered(document, query)}`}}`;

async function get(call: Call): Promise<Answer> {
  const { index: name, id } = call.params as { index: string; id: string };
  await call.allow('read', name);
  if (call.query['stored_fields'] !== undefined) throw unsupported('[stored_fields]');
  const document = await call.store.get(name, id);
  if (document) return { text: foundText(document, call.query) };
  return { status: 404, text: `{${head({ index: name, id })},"found":false}` };
}

async function source(call: Call): Promise<Answer> {
  const { index: name, id } = call.params as { index: string; id: string };
  await call.allow('read', name);
  const document = await call.store.get(name, id);
  if (document) return { text: filtered(document, call.query) };
  throw new StoreError(404, 'resource_not_found_exception', `Document not found [${name}]/[${id}]`);
}

const MAX_GETS = 10_000;

interface Wanted {
  readonly index: string;
  readonly id: string;
  readonly query: Parameters;
}

async function multiGet(call: Call): Promise<Answer> {
  const { docs, ids, ...unknown } = call.object();
  const [wrong] = Object.keys(unknown);
  if (wrong !== undefined)
    throw parsingError(`unknown key [${wrong}] for a START_ARRAY, expected [docs] or [ids]`);
  const list: unknown[] = Array.isArray(docs)
    ? docs
    : Array.isArray(ids)
      ? ids.map((_id) => ({ _id: _id as unknown }))
      : [];
  if (list.length === 0)
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: no documents to get;',
    );
  if (list.length > MAX_GETS) throw parsingError(`_mget takes at most ${MAX_GETS} documents`);
  const wanted = list.map((one) => wantedOf(one, call));
  const parts: string[] = [];
  for (const one of wanted) parts.push(await getOne(call, one));
  return { text: `{"docs":[${parts.join(',')}]}` };
}

function wantedOf(one: unknown, call: Call): Wanted {
  if (typeof one !== 'object' || one === null)
    throw parsingError('docs array element should include an object');
  const {
    _index: name = call.params['index'],
    _id: id,
    _source: own,
    _type: _,
    routing: __,
    ...unknown
  } = one as Json;
  const [wrong] = Object.keys(unknown);
  if (wrong !== undefined) throw unsupported(`[${wrong}] in _mget`);
  if (typeof name !== 'string' || (typeof id !== 'string' && typeof id !== 'number'))
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: index and id are required;',
    );
  return { index: name, id: String(id), query: own === undefined ? call.query : sourceParameters(own) };
}

/** `_source` of a body as it would be in a URL. */
function sourceParameters(own: unknown): Parameters {
  if (typeof own === 'boolean') return { _source: String(own) };
  if (typeof own === 'string') return { _source_includes: own };
  if (Array.isArray(own)) return { _source_includes: own.map(String).join(',') };
  const { includes = [], excludes = [] } = (own ?? {}) as { includes?: unknown; excludes?: unknown };
  const text = (value: unknown): string =>
    Array.isArray(value) ? value.map(String).join(',') : String(value);
  return { _source_includes: text(includes), _source_excludes: text(excludes) };
}

async function getOne(call: Call, { index: name, id, query }: Wanted): Promise<string> {
  try {
    await call.allow('read', name);
    const document = await call.store.get(name, id);
    return document ? foundText(document, query) : `{${head({ index: name, id })},"found":false}`;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const cause = { type: error.type, reason: error.message, ...error.details };
    return `{${head({ index: name, id })},"error":${JSON.stringify({ root_cause: [cause], ...cause })}}`;
  }
}

export const documentRoutes: readonly Route[] = [
  { methods: ['POST'], paths: ['/{index}/_doc'], needs: 'create', takes: writing, handle: index },
  { methods: ['PUT', 'POST'], paths: ['/{index}/_doc/{id}'], needs: 'create', takes: writing, handle: index },
  { methods: ['PUT', 'POST'], paths: ['/{index}/_create/{id}'], needs: 'create', takes: writing, handle: create },
  { methods: ['POST'], paths: ['/{index}/_update/{id}'], needs: 'write', takes: [...writing, ...sourceOf, 'retry_on_conflict', 'lang'], handle: update },
  { methods: ['DELETE'], paths: ['/{index}/_doc/{id}'], needs: 'delete', takes: writing, handle: remove },
  { methods: ['GET'], paths: ['/{index}/_doc/{id}'], needs: 'read', takes: [...sourceOf, 'stored_fields', 'force_synthetic_source'], handle: get },
  { methods: ['GET'], paths: ['/{index}/_source/{id}'], needs: 'read', takes: sourceOf, handle: source },
  { methods: ['GET', 'POST'], paths: ['/_mget', '/{index}/_mget'], needs: 'read', takes: sourceOf, handle: multiGet },
]; // biome-ignore format: a table
