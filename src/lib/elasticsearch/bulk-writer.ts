/**
 * Sends the lines of many documents as bulk requests of bounded size, and says what became of every document.
 * Requests that are too large, or refused because of one document in them, are halved until that one is found.
 */
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { WriteFailure } from '../../kernel/plugin.ts';
import { describeStatus, retryAfter } from '../http/errors.ts';
import { type ElasticsearchClient, type ElasticsearchResponse, reasonOf } from './client.ts';
import { type BulkRules, judgeBulk } from './responses.ts';

export interface BulkWriterSettings extends BulkRules {
  readonly client: ElasticsearchClient;
  /** With `filter_path`; from the root of the server if `absolute`. */
  readonly path: string;
  readonly absolute: boolean;
  readonly compressionLevel: number;
  /** Documents that are dropped, by type of error. */
  readonly dropped: (dropped: readonly { readonly type: string; readonly reason: string }[]) => void;
  readonly counter: (name: string) => { add(n: number): void };
}

/** A document: its index in the batch and its lines. */
interface Document {
  readonly index: number;
  readonly lines: string;
}

const TARGET_BYTES = 20 * 1024 * 1024;
/** A UTF-16 unit is at most three bytes of UTF-8. */
const SAFE_CHARS = TARGET_BYTES / 3;
const SYNC_GZIP_BYTES = 16_384;
const gzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip);

/** What the server has against one document (an id of more than 512 bytes), told as an error of the whole request. */
const ONE_DOCUMENT = /"type"\s*:\s*"action_request_validation_exception"/;

export class BulkWriter {
  readonly #settings: BulkWriterSettings;

  constructor(settings: BulkWriterSettings) {
    this.#settings = settings;
  }

  /** Appends what failed to `failures`; indexes are those of the documents. */
  async write(documents: readonly Document[], failures: WriteFailure[], signal: AbortSignal): Promise<void> {
    const before = failures.length;
    for (const part of split(documents)) await this.#send(part, failures, signal);
    let retries = 0;
    for (let index = before; index < failures.length; index++)
      if (failures[index]!.kind === 'retry') retries++;
    const rejected = failures.length - before - retries;
    this.#count('documents.successes', documents.length - retries - rejected);
    this.#count('documents.retryable_failures', retries);
    this.#count('documents.non_retryable_failures', rejected);
  }

  async #send(documents: readonly Document[], failures: WriteFailure[], signal: AbortSignal): Promise<void> {
    let response: ElasticsearchResponse;
    try {
      response = await this.#post(documents, signal);
    } catch (error) {
      this.#count('bulk_requests.failures', 1);
      fail(documents, failures, 'retry', (error as Error).message);
      return;
    }
    const { status, body, origin, headers } = response;
    if (status === 413 || (status === 400 && ONE_DOCUMENT.test(body.toString('utf8', 0, 4096)))) {
      this.#count('bulk_requests.failures', 1);
      await this.#halve(documents, failures, response, signal);
      return;
    }
    if (status < 200 || status > 299) {
      this.#count('bulk_requests.failures', 1);
      const header = headers['retry-after'];
      const wait = retryAfter(typeof header === 'string' ? header : undefined);
      fail(documents, failures, 'retry', `${origin} answered ${describeStatus(status)}`, wait);
      return;
    }
    try {
      const verdict = judgeBulk(body, documents.length, this.#settings);
      const wrong = verdict.failures.length + verdict.dropped.length;
      this.#count(wrong === 0 ? 'bulk_requests.successes' : 'bulk_requests.with_errors', 1);
      for (const failure of verdict.failures)
        failures.push({ ...failure, index: documents[failure.index]!.index });
      if (verdict.dropped.length > 0) this.#settings.dropped(verdict.dropped);
    } catch (error) {
      this.#count('bulk_requests.failures', 1);
      fail(documents, failures, 'retry', `${origin}: ${(error as Error).message}`);
    }
  }

  /** One document alone that is refused for its size or its own faults is rejected. */
  async #halve(
    documents: readonly Document[],
    failures: WriteFailure[],
    { status, body, origin }: ElasticsearchResponse,
    signal: AbortSignal,
  ): Promise<void> {
    if (documents.length === 1) {
      const reason = `${origin} refused the document: ${describeStatus(status)}${reasonOf(body)}`;
      fail(documents, failures, 'reject', reason);
      return;
    }
    const middle = documents.length >> 1;
    await this.#send(documents.slice(0, middle), failures, signal);
    await this.#send(documents.slice(middle), failures, signal);
  }

  async #post(documents: readonly Document[], signal: AbortSignal): Promise<ElasticsearchResponse> {
    const { client, path, absolute, compressionLevel: level } = this.#settings;
    let text = '';
    for (const { lines } of documents) text += lines;
    let body: Buffer = Buffer.from(text);
    const headers: Record<string, string> = {
      'content-type': 'application/x-ndjson',
      'x-elastic-event-count': String(documents.length),
      'x-elastic-uncompressed-request-length': String(body.length),
    };
    if (level > 0) {
      body = body.length > SYNC_GZIP_BYTES ? await gzip(body, { level }) : zlib.gzipSync(body, { level });
      headers['content-encoding'] = 'gzip';
    }
    return client.request({ method: 'POST', path, absolute, headers, body }, signal);
  }

  #count(name: string, count: number): void {
    if (count > 0) this.#settings.counter(name).add(count);
  }
}

function fail(
  documents: readonly Document[],
  failures: WriteFailure[],
  kind: WriteFailure['kind'],
  reason: string,
  wait?: number,
): void {
  for (const { index } of documents)
    failures.push(wait === undefined ? { index, kind, reason } : { index, kind, reason, retryAfter: wait });
}

/** Parts of at most 20 MiB each, in order; a single document may be larger. */
function split(documents: readonly Document[]): (readonly Document[])[] {
  let chars = 0;
  for (const { lines } of documents) chars += lines.length;
  if (chars <= SAFE_CHARS) return documents.length === 0 ? [] : [documents];
  const parts: Document[][] = [];
  let part: Document[] = [];
  let bytes = 0;
  for (const document of documents) {
    const size = Buffer.byteLength(document.lines);
    if (part.length > 0 && bytes + size > TARGET_BYTES) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(document);
    bytes += size;
  }
  parts.push(part);
  return parts;
}
