/** `_bulk`: bodies to operations, results to answers. */
import { isMap } from '../event/event.ts';
import { parseJson } from '../event/json.ts';
import { StoreError } from './errors.ts';
import type { BulkAction, BulkOperation } from './store.ts';

export interface BulkDefaults {
  /** From the URL: for lines without `_index`. */
  readonly index?: string;
  readonly requireAlias?: boolean;
}

/** Operations with the places of their documents in the body, which is not copied. Delete: `starts[i] === ends[i]`. */
export interface ParsedBulk {
  readonly source: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly operations: readonly BulkOperation[];
}

/** Of one body, that are remembered; those with an id are all different. */
const KNOWN_ACTIONS = 32;
const ACTIONS: readonly BulkAction[] = ['create', 'delete', 'index', 'update'];

/**
 * Takes a body of lines apart: an action, then the document unless it is a delete.
 * @throws StoreError when Elasticsearch would refuse the whole request (it names the line)
 */
export function parseBulkBody(body: Uint8Array, defaults: BulkDefaults = {}): ParsedBulk {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes.length === 0) throw new StoreError(400, 'parse_exception', 'request body is required');
  let capacity = 1024;
  let starts = new Int32Array(capacity);
  let ends = new Int32Array(capacity);
  const operations: BulkOperation[] = [];
  /** Most shippers send the same few actions again and again. */
  const known = new Map<string, BulkOperation>();
  const problems: string[] = [];
  for (let at = 0, line = 0; at < bytes.length; ) {
    const end = lineEnd(bytes, at);
    line++;
    const from = at;
    at = end + 1;
    if (isBlank(bytes, from, end)) continue;
    const text = bytes.utf8Slice(from, end);
    let operation = known.get(text);
    if (operation === undefined) {
      operation = parseAction(text, line, defaults, problems);
      if (known.size < KNOWN_ACTIONS) known.set(text, operation);
    }
    const count = operations.push(operation);
    if (count > capacity) {
      capacity *= 4;
      starts = enlarged(starts, capacity);
      ends = enlarged(ends, capacity);
    }
    if (operation.action === 'delete') {
      starts[count - 1] = at;
      ends[count - 1] = at;
      continue;
    }
    if (at >= bytes.length) throw illegal('The bulk request must be terminated by a newline [\\n]');
    const documentEnd = lineEnd(bytes, at);
    line++;
    starts[count - 1] = at;
    ends[count - 1] = bytes[documentEnd - 1] === 0x0d && documentEnd > at ? documentEnd - 1 : documentEnd;
    at = documentEnd + 1;
  }
  if (operations.length === 0) problems.push('no requests added');
  if (problems.length > 0) throw validation(problems);
  return {
    source: body,
    starts: starts.subarray(0, operations.length),
    ends: ends.subarray(0, operations.length),
    operations,
  };
}

function lineEnd(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(0x0a, from);
  if (end < 0) throw illegal('The bulk request must be terminated by a newline [\\n]');
  return end;
}

function isBlank(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (bytes[at]! > 0x20) return false;
  return true;
}

function enlarged(array: Int32Array<ArrayBuffer>, capacity: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(capacity);
  larger.set(array);
  return larger;
}

interface Draft {
  action: BulkAction;
  index?: string;
  id?: string;
  ifSeqNo?: number;
  ifPrimaryTerm?: number;
  requireAlias?: boolean;
}

function parseAction(text: string, line: number, defaults: BulkDefaults, problems: string[]): BulkOperation {
  const malformed = (rest: string): StoreError =>
    illegal(`Malformed action/metadata line [${line}], ${rest}`);
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (error) {
    throw new StoreError(400, 'x_content_parse_exception', `[${line}:1] ${(error as Error).message}`);
  }
  if (!isMap(parsed)) throw malformed(`expected START_OBJECT but found [${tokenOf(parsed)}]`);
  const [name, ...others] = Object.keys(parsed);
  if (name === undefined) throw malformed('expected FIELD_NAME but found [END_OBJECT]');
  const action = ACTIONS.find((known) => known === name);
  if (action === undefined) {
    throw malformed(`expected field [create], [delete], [index] or [update] but found [${name}]`);
  }
  const metadata = parsed[name];
  if (!isMap(metadata)) throw malformed(`expected START_OBJECT but found [${tokenOf(metadata)}]`);
  if (others.length > 0) throw malformed('expected END_OBJECT but found [FIELD_NAME]');
  const draft: Draft = { action };
  if (defaults.index !== undefined) draft.index = defaults.index;
  if (defaults.requireAlias !== undefined) draft.requireAlias = defaults.requireAlias;
  for (const [key, value] of Object.entries(metadata)) {
    if (key === 'dynamic_templates' || value === null || value === undefined) continue;
    if (typeof value === 'object' && !JSON.isRawJSON(value)) {
      throw malformed(`expected a simple value for field [${key}] but found [${tokenOf(value)}]`);
    }
    readParameter(draft, key, typeof value === 'object' ? JSON.stringify(value) : String(value), line);
  }
  if (draft.index === undefined || draft.index === '') problems.push('index is missing');
  if (draft.id === undefined && (action === 'update' || action === 'delete')) problems.push('id is missing');
  if (draft.id !== undefined && draft.id.length > 128 && Buffer.byteLength(draft.id) > 512) {
    problems.push(
      `id [${draft.id}] is too long, must be no longer than 512 bytes but was: ${Buffer.byteLength(draft.id)}`,
    );
  }
  if ((draft.ifSeqNo === undefined) !== (draft.ifPrimaryTerm === undefined)) {
    problems.push(
      draft.ifSeqNo === undefined
        ? `ifSeqNo is unassigned, but primary term is [${draft.ifPrimaryTerm}]`
        : 'ifSeqNo is set, but primary term is [0]',
    );
  }
  return { ...draft, index: draft.index ?? '' };
}

function readParameter(draft: Draft, key: string, value: string, line: number): void {
  switch (key) {
    case '_index':
      draft.index = value;
      return;
    case '_id':
      draft.id = value;
      return;
    case 'if_seq_no':
      draft.ifSeqNo = wholeNumber(key, value);
      return;
    case 'if_primary_term':
      draft.ifPrimaryTerm = wholeNumber(key, value);
      return;
    case 'require_alias':
      draft.requireAlias = value === 'true';
      return;
    case 'op_type':
      if (draft.action === 'index' && value === 'create') draft.action = 'create';
      return;
    // What has no meaning here: routing (one shard), pipelines (Millrace's own come before), versions of other systems.
    case '_type':
    case '_routing':
    case 'routing':
    case '_parent':
    case 'parent':
    case '_version':
    case 'version':
    case '_version_type':
    case 'version_type':
    case 'pipeline':
    case 'retry_on_conflict':
    case '_retry_on_conflict':
    case 'require_data_stream':
    case 'list_executed_pipelines':
    case '_source':
      return;
  }
  throw illegal(`Action/metadata line [${line}] contains an unknown parameter [${key}]`);
}

function wholeNumber(key: string, value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw illegal(`Failed to parse value [${value}] of [${key}] as a number`);
  return number;
}

/** As Elasticsearch names what it met. */
function tokenOf(value: unknown): string {
  if (value === null) return 'VALUE_NULL';
  if (Array.isArray(value)) return 'START_ARRAY';
  switch (typeof value) {
    case 'string':
      return 'VALUE_STRING';
    case 'boolean':
      return 'VALUE_BOOLEAN';
    case 'object':
      return JSON.isRawJSON(value) ? 'VALUE_NUMBER' : 'START_OBJECT';
  }
  return 'VALUE_NUMBER';
}

const illegal = (reason: string): StoreError => new StoreError(400, 'illegal_argument_exception', reason);

function validation(problems: readonly string[]): StoreError {
  const list = problems
    .slice(0, 100)
    .map((problem, at) => `${at + 1}: ${problem};`)
    .join('');
  return new StoreError(400, 'action_request_validation_exception', `Validation Failed: ${list}`);
}
