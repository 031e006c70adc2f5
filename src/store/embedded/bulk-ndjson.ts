/** A `_bulk` body: lines of JSON, an action and mostly a document behind it. */
import { StoreError } from '../errors.ts';
import type { BulkAction, BulkBodyRequest, BulkItem, BulkOperation, BulkRequest } from '../store.ts';

const ACTIONS = new Set(['index', 'create', 'update', 'delete']);

/** @throws StoreError for what is no bulk body at all */
export function parseBulkBody({ body, index, requireAlias }: BulkBodyRequest): BulkRequest {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const operations: BulkOperation[] = [];
  const starts: number[] = [];
  const stops: number[] = [];
  let line = 0;
  let lastLine: string | undefined;
  let last: BulkOperation | undefined;
  for (let at = 0; at < bytes.length; ) {
    let end = bytes.indexOf(0x0a, at);
    if (end < 0)
      throw new StoreError(
        400,
        'illegal_argument_exception',
        'The bulk request must be terminated by a newline [\\n]',
      );
    line++;
    const text = bytes.utf8Slice(at, end).trim();
    at = end + 1;
    if (text === '') continue;
    // Shippers send the same action before every document.
    const operation: BulkOperation = text === lastLine ? last! : operationOf(text, line, index, requireAlias);
    lastLine = text;
    last = operation;
    operations.push(operation);
    if (operation.action === 'delete') {
      starts.push(at);
      stops.push(at);
      continue;
    }
    end = bytes.indexOf(0x0a, at);
    if (end < 0 || end === at)
      throw new StoreError(
        400,
        'illegal_argument_exception',
        end < 0
          ? 'The bulk request must be terminated by a newline [\\n]'
          : `Malformed action/metadata line [${line}]: it has no document behind it`,
      );
    line++;
    starts.push(at);
    stops.push(end);
    at = end + 1;
  }
  if (operations.length === 0)
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: no requests added;',
    );
  return pack(bytes, operations, starts, stops);
}

/** Documents behind one another, as `BulkRequest` has them. */
function pack(
  bytes: Buffer,
  operations: readonly BulkOperation[],
  starts: readonly number[],
  stops: readonly number[],
): BulkRequest {
  const ends = new Int32Array(operations.length);
  let at = 0;
  for (let one = 0; one < starts.length; one++) {
    bytes.copyWithin(at, starts[one]!, stops[one]!);
    at += stops[one]! - starts[one]!;
    ends[one] = at;
  }
  return { source: bytes.subarray(0, at), ends, operations };
}

function operationOf(
  text: string,
  line: number,
  index: string | undefined,
  requireAlias: boolean | undefined,
): BulkOperation {
  const malformed = (why: string): StoreError =>
    new StoreError(400, 'illegal_argument_exception', `Malformed action/metadata line [${line}], ${why}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw malformed((error as Error).message);
  }
  const [action, ...more] = typeof parsed === 'object' && parsed !== null ? Object.keys(parsed) : [];
  if (action === undefined || more.length > 0 || !ACTIONS.has(action))
    throw malformed(
      `expected one of [create, delete, index, update] but found [${action ?? text.slice(0, 80)}]`,
    );
  const meta = ((parsed as Record<string, unknown>)[action] ?? {}) as Record<string, unknown>;
  const target = meta['_index'] ?? index;
  if (typeof target !== 'string' || target === '')
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: index is missing;',
    );
  const id = meta['_id'];
  const ifSeqNo = meta['if_seq_no'];
  const ifPrimaryTerm = meta['if_primary_term'];
  const needsAlias = meta['require_alias'] ?? requireAlias;
  return {
    action: (meta['op_type'] === 'create' ? 'create' : action) as BulkAction,
    index: target,
    ...(id === undefined || id === null ? {} : { id: String(id) }),
    ...(ifSeqNo === undefined ? {} : { ifSeqNo: Number(ifSeqNo) }),
    ...(ifPrimaryTerm === undefined ? {} : { ifPrimaryTerm: Number(ifPrimaryTerm) }),
    ...(needsAlias === true ? { requireAlias: true } : {}),
  };
}

const SHARDS = { total: 1, successful: 1, failed: 0 };

/** As Elasticsearch answers. `filterPath` of shippers asks only for what failed. */
export function bulkResponse(
  items: readonly BulkItem[],
  took: number,
  filterPath: readonly string[] | undefined,
): { body: Uint8Array; errors: boolean } {
  const errors = items.some(({ error }) => error !== undefined);
  const wanted = filterPath ?? [];
  const isShort =
    wanted.length > 0 &&
    wanted.every((path) => /^(errors|took|items\.\*\.(error|status)(\..*)?)$/.test(path));
  const shown: Record<string, unknown> = {};
  if (wanted.length === 0 || !isShort || wanted.includes('took')) shown['took'] = took;
  if (wanted.length === 0 || !isShort || wanted.includes('errors')) shown['errors'] = errors;
  const withStatus = !isShort || wanted.some((path) => path.startsWith('items.*.status'));
  const withError = !isShort || wanted.some((path) => path.startsWith('items.*.error'));
  if (withStatus || errors)
    shown['items'] = items.map((item) => ({
      [item.action]: isShort ? brief(item, withStatus, withError) : whole(item),
    }));
  const text = Buffer.from(JSON.stringify(shown));
  const body = new Uint8Array(text.length);
  body.set(text);
  return { body, errors };
}

function brief(
  { status, error }: BulkItem,
  withStatus: boolean,
  withError: boolean,
): Record<string, unknown> {
  return { ...(withStatus && { status }), ...(withError && error && { error }) };
}

function whole({ index, id, status, result, version, seqNo, error }: BulkItem): Record<string, unknown> {
  if (error) return { _index: index, _id: id === '' ? null : id, status, error };
  return {
    _index: index,
    _id: id,
    _version: version,
    result,
    _shards: SHARDS,
    _seq_no: seqNo,
    _primary_term: 1,
    status,
  };
}
