/** `_bulk`: bodies go to the store as they came, unless the caller may write to some indices only. */
import { parseBulkBody } from '../../bulk-body.ts';
import { formatBulkResponse } from '../../bulk-response.ts';
import { StoreError } from '../../errors.ts';
import type { BulkItem, BulkOperation, BulkRequest } from '../../store.ts';
import { denied, isGranted, type Privilege } from '../access.ts';
import { type Answer, type Call, isOn, names, type Route } from '../call.ts';
import { pipelineWarning } from './ingest.ts';

/** What of a bulk request stands in the URL. */
interface Defaults {
  readonly index?: string;
  readonly requireAlias?: boolean;
}

async function bulk(call: Call): Promise<Answer> {
  const { query, store, params, identity, body } = call;
  const headers = await pipelineWarning(store, query['pipeline']);
  const filterPath = names(query['filter_path']);
  const { index } = params;
  const defaults: Defaults = {
    ...(index !== undefined && { index }),
    ...(query['require_alias'] !== undefined && { requireAlias: isOn(query['require_alias']) }),
  };
  if (body.length === 0) throw new StoreError(400, 'parse_exception', 'request body is required');
  const isFree = identity.grants.length === 0 && identity.privileges.has('write');
  const text = isFree
    ? (await store.bulkBody({ body, ...defaults, ...(filterPath.length > 0 && { filterPath }) })).body
    : await restricted(call, defaults, filterPath);
  return { text, headers, filtered: true };
}

/** Operations on indices that the caller may not write to fail alone, with 403. */
async function restricted(
  call: Call,
  defaults: Defaults,
  filterPath: readonly string[],
): Promise<Uint8Array> {
  const { source, starts, ends, operations } = parseBulkBody(call.body, defaults);
  const verdicts = new Map<string, StoreError | undefined>();
  const errors: (StoreError | undefined)[] = [];
  for (const { action, index, id } of operations) {
    const privilege = privilegeOf(action, id);
    const key = `${privilege} ${index}`;
    if (!verdicts.has(key)) verdicts.set(key, await refusal(call, privilege, index));
    errors.push(verdicts.get(key));
  }
  const allowed = [...operations.keys()].filter((at) => errors[at] === undefined);
  const result =
    allowed.length === 0
      ? { took: 0, items: [], errors: false }
      : await call.store.bulk(part({ source, starts, ends }, operations, allowed));
  const items: BulkItem[] = [];
  for (let at = 0, next = 0; at < operations.length; at++) {
    const error = errors[at];
    items.push(error ? failed(operations[at]!, error) : result.items[next++]!);
  }
  const errorsAny = result.errors || items.length > result.items.length;
  return formatBulkResponse({ took: result.took, items, errors: errorsAny }, filterPath);
}

function part(
  { source, starts, ends }: { source: Uint8Array; starts: Int32Array; ends: Int32Array },
  operations: readonly BulkOperation[],
  allowed: readonly number[],
): BulkRequest {
  return {
    source,
    starts: Int32Array.from(allowed, (at) => starts[at]!),
    ends: Int32Array.from(allowed, (at) => ends[at]!),
    operations: allowed.map((at) => operations[at]!),
  };
}

/** A document without an id is always a new one. */
const privilegeOf = (action: BulkOperation['action'], id: string | undefined): Privilege =>
  action === 'delete'
    ? 'delete'
    : action === 'create' || (action === 'index' && id === undefined)
      ? 'create'
      : 'write';

async function refusal(call: Call, privilege: Privilege, index: string): Promise<StoreError | undefined> {
  try {
    await call.allow(privilege, index);
    // An index that is not there is made, which is a right of its own.
    if (!isGranted(call.identity, 'create_index', [index])) {
      const found = await call.store.indices({ names: [index], ignoreUnavailable: true });
      if (found.length === 0) throw denied(call.identity, 'create_index', [index]);
    }
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}

const failed = ({ action, index, id = '' }: BulkOperation, error: StoreError): BulkItem => ({
  action,
  index,
  id,
  status: error.status,
  error: { type: error.type, reason: error.message },
});

export const bulkRoutes: readonly Route[] = [
  {
    methods: ['POST', 'PUT'],
    paths: ['/_bulk', '/{index}/_bulk', '/{index}/_doc/_bulk'],
    needs: 'create',
    takes: ['pipeline', 'require_alias', 'require_data_stream', 'list_executed_pipelines', 'type', 'op_type'],
    handle: bulk,
  },
];
