/** Writing: `_bulk` of the cluster, which every request goes to as it came. */
import { parseBulkBody } from '../bulk-body.ts';
import { formatBulkResponse } from '../bulk-response.ts';
import type {
  BulkAction,
  BulkBodyRequest,
  BulkItem,
  BulkOperation,
  BulkRequest,
  BulkResult,
  ElasticError,
} from '../store.ts';
import { type Cluster, path } from './cluster.ts';

/** Well under `http.max_content_length` (100 MB). */
const MAX_REQUEST_BYTES = 48 << 20;

/** `errors` stands at the beginning of an answer; when it is false, nothing else needs to be read. */
const ALL_WELL = /^\s*\{(?:"(?:took|ingest_took)":\d+,)*"errors":false\b/;

export async function bulk(cluster: Cluster, request: BulkRequest): Promise<BulkResult> {
  let took = 0;
  const items: BulkItem[] = [];
  for (const lines of requests(request)) {
    const answer = await cluster.json<BulkAnswer>({ method: 'POST', path: '/_bulk', body: lines });
    took += answer.took;
    for (const entry of answer.items) items.push(itemOf(entry));
  }
  return { took, items, errors: items.some(({ error }) => error !== undefined) };
}

export async function bulkBody(
  cluster: Cluster,
  { body, index, requireAlias, filterPath }: BulkBodyRequest,
): Promise<{ readonly body: Uint8Array; readonly errors: boolean }> {
  // A body that holds nothing, or too much for one request.
  if (body.length === 0 || body.length > MAX_REQUEST_BYTES) {
    const given = { ...(index !== undefined && { index }), ...(requireAlias && { requireAlias }) };
    const result = await bulk(cluster, parseBulkBody(body, given));
    return { body: formatBulkResponse(result, filterPath), errors: result.errors };
  }
  const isFiltered = filterPath !== undefined && filterPath.length > 0;
  const passesOn = !isFiltered || filterPath.includes('errors');
  const answer = await cluster.bytes({
    method: 'POST',
    path: path([index ?? '', '_bulk'], {
      require_alias: requireAlias === true ? true : undefined,
      filter_path: isFiltered && passesOn ? filterPath.join(',') : undefined,
    }),
    body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  });
  if (ALL_WELL.test(answer.toString('latin1', 0, 100)) && passesOn) return { body: answer, errors: false };
  const parsed = JSON.parse(answer.toString()) as BulkAnswer;
  if (passesOn) return { body: answer, errors: parsed.errors };
  const result = { took: parsed.took, items: parsed.items.map(itemOf), errors: parsed.errors };
  return { body: formatBulkResponse(result, filterPath), errors: parsed.errors };
}

interface BulkAnswer {
  readonly took: number;
  readonly errors: boolean;
  readonly items: readonly Readonly<Record<string, AnsweredItem>>[];
}

interface AnsweredItem {
  readonly _index: string;
  readonly _id?: string;
  readonly status: number;
  readonly result?: BulkItem['result'];
  readonly _version?: number;
  readonly _seq_no?: number;
  readonly error?: ElasticError;
}

function itemOf(entry: Readonly<Record<string, AnsweredItem>>): BulkItem {
  const [action, item] = Object.entries(entry)[0]!;
  const { _index: index, _id: id = '', status, result, _version: version, _seq_no: seqNo, error } = item;
  return {
    action: action as BulkAction,
    index,
    id,
    status,
    ...(result !== undefined && { result }),
    ...(version !== undefined && { version }),
    ...(seqNo !== undefined && { seqNo }),
    ...(error !== undefined && { error }),
  };
}

/** Bodies of requests, none of them too large unless a single document is. */
function* requests({ source, starts, ends, operations }: BulkRequest): Generator<Buffer> {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  let parts: Buffer[] = [];
  let size = 0;
  let last: BulkOperation | undefined;
  let line: Buffer = NEWLINE;
  for (let at = 0, from = 0; at < ends.length; at++) {
    const operation = 'action' in operations ? operations : operations[at]!;
    if (operation !== last) line = Buffer.from(actionLine(operation));
    last = operation;
    const start = starts?.[at] ?? from;
    const end = ends[at]!;
    from = end;
    parts.push(line);
    size += line.length;
    if (end > start) {
      parts.push(oneLine(bytes.subarray(start, end)), NEWLINE);
      size += end - start + 1;
    }
    if (size < MAX_REQUEST_BYTES) continue;
    yield Buffer.concat(parts);
    parts = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(parts);
}

const NEWLINE = Buffer.from('\n');

function actionLine({ action, index, id, ifSeqNo, ifPrimaryTerm, requireAlias }: BulkOperation): string {
  const given = {
    _index: index,
    _id: id,
    if_seq_no: ifSeqNo,
    if_primary_term: ifPrimaryTerm,
    require_alias: requireAlias,
  };
  return `${JSON.stringify({ [action]: given })}\n`;
}

/** Line ends between the parts of a document become blanks; within strings JSON has none. */
function oneLine(document: Buffer): Buffer {
  if (!document.includes(0x0a) && !document.includes(0x0d)) return document;
  const line = Buffer.from(document);
  for (let at = 0; at < line.length; at++) if (line[at] === 0x0a || line[at] === 0x0d) line[at] = 0x20;
  return line;
}
