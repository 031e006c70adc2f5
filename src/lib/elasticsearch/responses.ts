/** What a bulk answer says about every document. */
import type { WriteFailure } from '../../kernel/plugin.ts';

export interface BulkRules {
  /** Statuses that no retry can help: 400, 404 and `dlq_custom_codes`. */
  readonly rejected: ReadonlySet<number>;
  readonly droppedTypes: ReadonlySet<string>;
}

export interface BulkVerdict {
  /** Indexes are those of the documents in the request. */
  readonly failures: WriteFailure[];
  /** Documents that are there already in that version, or whose errors the user wants to be ignored. */
  readonly dropped: readonly { readonly type: string; readonly reason: string }[];
}

interface Item {
  readonly status?: number;
  readonly error?:
    | { type?: string; reason?: string; caused_by?: { type?: string; reason?: string } }
    | string;
}

/** `errors` stands at the beginning of an answer; when it is false, nothing else needs to be read. */
const ALL_WELL = /^\s*\{(?:"(?:took|ingest_took)":\d+,)*"errors":false\b/;

/**
 * Judges an answer with status 200 to a request of `count` documents: 200 and 201 are fine; 409 is dropped, as are
 * chosen types of errors; 400, 404 and chosen statuses are rejected; everything else is worth another try.
 * @throws Error if it is no answer to such a request
 */
export function judgeBulk(body: Buffer, count: number, rules: BulkRules): BulkVerdict {
  if (ALL_WELL.test(body.toString('latin1', 0, 100))) return { failures: [], dropped: [] };
  const answer = parse(body);
  if (answer.errors === false) return { failures: [], dropped: [] };
  const { items } = answer;
  if (!Array.isArray(items)) throw new Error('the answer to a bulk request holds no items');
  if (items.length !== count)
    throw new Error(`the answer to a bulk request of ${count} documents holds ${items.length} items`);
  const failures: WriteFailure[] = [];
  const dropped: { type: string; reason: string }[] = [];
  for (let index = 0; index < count; index++) {
    const entry: unknown = items[index];
    const item = (typeof entry === 'object' && entry !== null ? Object.values(entry)[0] : undefined) as
      | Item
      | undefined;
    const status = item?.status ?? 0;
    if (status === 200 || status === 201) continue;
    const type = (typeof item?.error === 'object' ? item.error?.type : undefined) ?? 'unknown';
    if (status === 409 || rules.droppedTypes.has(type))
      dropped.push({ type, reason: inWords(status, item?.error) });
    else if (rules.rejected.has(status)) {
      failures.push({
        index,
        kind: 'reject',
        reason: `Could not index event to Elasticsearch. status: ${inWords(status, item?.error)}`,
      });
    } else {
      // Without the server's own words: they differ from document to document.
      failures.push({ index, kind: 'retry', reason: `documents are refused for now: ${status} ${type}` });
    }
  }
  return { failures, dropped };
}

function parse(body: Buffer): { errors?: boolean; items?: unknown } {
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new Error('the answer to a bulk request is no JSON object');
}

function inWords(status: number, error: Item['error']): string {
  if (error === undefined || error === null) return String(status);
  if (typeof error === 'string') return `${status}, ${error}`.slice(0, 1000);
  const cause = error.caused_by === undefined ? '' : ` (${error.caused_by.type}: ${error.caused_by.reason})`;
  return `${status}, ${error.type}: ${error.reason}${cause}`.slice(0, 1000);
}
