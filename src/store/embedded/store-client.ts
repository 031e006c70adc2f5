/** The store as other threads see it: each call goes over a port to the thread that the store lives in. */
import { extname } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { type Logger, silentLogger } from '../../kernel/logger.ts';
import type { Query } from '../../query/tree.ts';
import { StoreError } from '../errors.ts';
import type {
  AliasAction,
  Arrivals,
  ArrivalsRequest,
  BulkBodyRequest,
  BulkRequest,
  BulkResult,
  FieldCapabilities,
  IndexInfo,
  IndexSelection,
  IndicatorHit,
  IndicatorScanRequest,
  RestoreOptions,
  RetentionRule,
  SearchRequest,
  SearchResult,
  SnapshotInfo,
  SnapshotSchedule,
  Store,
  StoredDocument,
  StoredKind,
  StoreStatus,
  VerifyResult,
} from '../store.ts';
import type { FromStore, PlainError, StoreMethod, ThreadOptions, ToStore } from './store-protocol.ts';

type Json = Readonly<Record<string, unknown>>;

/** A thread that does not end by itself by then is ended. */
const LAST_STEPS_MS = 5000;
/** How long a process that exits waits for the engine to let go. */
const EXIT_MS = 5000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
  onProgress?(share: number): void;
}

/**
 * What is handed to `bulk` and `bulkBody` moves to the store's thread if it is the whole of its buffer: the caller can not
 * use it any more. Parts of larger buffers are copied.
 */
export class StoreClient implements Store {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  readonly #end: () => Promise<void>;
  #nextToken = 1;
  #ended: Error | undefined;

  /** Over a port that `connect` gave. */
  constructor(port: MessagePort, end?: () => Promise<void>) {
    this.#port = port;
    this.#end = end ?? (async () => port.close());
    port.on('message', (message: FromStore) => this.#take(message));
    port.on('close', () => this.fail(new Error('the event store has ended')));
  }

  /** Starts the thread, whose log goes to `logger`. @throws Error when the store can not be opened */
  static async start(options: ThreadOptions, logger: Logger = silentLogger): Promise<StoreClient> {
    const worker = new Worker(new URL(`./store-thread${extname(import.meta.url)}`, import.meta.url), {
      workerData: options,
      name: 'store',
    });
    worker.on('message', (message: FromStore) => {
      if (message.type === 'log') logger[message.level](message.fields, message.message);
    });
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      const begin = (message: FromStore): void => {
        if (message.type === 'log') return;
        worker.off('error', reject);
        worker.off('message', begin);
        if (message.type === 'failed') reject(new Error(message.message));
        else resolve();
      };
      worker.on('message', begin);
    });
    const port = worker as unknown as MessagePort;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const client: StoreClient = new StoreClient(port, async () => {
      await client.#ask<void>({ type: 'close' });
      const late = setTimeout(() => void worker.terminate(), LAST_STEPS_MS);
      await gone;
      clearTimeout(late);
    });
    // A thread that is ended while its engine works takes the whole process with it, in an abort.
    const letGo = (): void => {
      const ended = new Int32Array(new SharedArrayBuffer(4));
      port.postMessage({ type: 'exit', ended } satisfies ToStore);
      Atomics.wait(ended, 0, 0, EXIT_MS);
    };
    process.once('exit', letGo);
    worker.on('error', (error: Error) => client.fail(error));
    worker.on('exit', () => {
      process.off('exit', letGo);
      client.fail(new Error('its thread ended'));
    });
    return client;
  }

  /** A port for another thread: `new StoreClient(port)` there. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#port.postMessage({ type: 'connect', port: port1 } satisfies ToStore, [port1]);
    return port2;
  }

  /** The thread is gone. */
  fail(reason: Error): void {
    this.#ended ??= new Error(`the event store's thread failed: ${reason.message}`, { cause: reason });
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }

  bulk(request: BulkRequest): Promise<BulkResult> {
    return this.#call('bulk', [request], undefined, [...movable(request.source), ...movable(request.ends)]);
  }
  bulkBody(request: BulkBodyRequest): Promise<{ readonly body: Uint8Array; readonly errors: boolean }> {
    return this.#call('bulkBody', [request], undefined, movable(request.body));
  }
  search(
    request: SearchRequest,
    signal?: AbortSignal,
    onProgress?: (share: number) => void,
  ): Promise<SearchResult> {
    return this.#call('search', [request], signal, [], onProgress);
  }
  arrivals(request: ArrivalsRequest, signal?: AbortSignal): Promise<Arrivals> {
    return this.#call('arrivals', [request], signal);
  }
  count(
    indices: IndexSelection,
    query: Query,
    signal?: AbortSignal,
  ): Promise<{ count: number; shards: number }> {
    return this.#call('count', [indices, query], signal);
  }
  get(index: string, id: string): Promise<StoredDocument | undefined> {
    return this.#call('get', [index, id]);
  }
  openPointInTime(indices: IndexSelection, keepAlive: number): Promise<string> {
    return this.#call('openPointInTime', [indices, keepAlive]);
  }
  closePointInTime(id: string): Promise<boolean> {
    return this.#call('closePointInTime', [id]);
  }
  deleteByQuery(
    indices: IndexSelection,
    query: Query,
    signal?: AbortSignal,
  ): Promise<{ deleted: number; total: number }> {
    return this.#call('deleteByQuery', [indices, query], signal);
  }
  fieldCapabilities(indices: IndexSelection, patterns: readonly string[]): Promise<FieldCapabilities> {
    return this.#call('fieldCapabilities', [indices, patterns]);
  }
  indices(selection: IndexSelection): Promise<readonly IndexInfo[]> {
    return this.#call('indices', [selection]);
  }
  createIndex(name: string, body: Json): Promise<void> {
    return this.#call('createIndex', [name, body]);
  }
  deleteIndices(selection: IndexSelection): Promise<readonly string[]> {
    return this.#call('deleteIndices', [selection]);
  }
  putMapping(selection: IndexSelection, mapping: Json): Promise<void> {
    return this.#call('putMapping', [selection, mapping]);
  }
  putSettings(selection: IndexSelection, settings: Json): Promise<void> {
    return this.#call('putSettings', [selection, settings]);
  }
  updateAliases(actions: readonly AliasAction[]): Promise<void> {
    return this.#call('updateAliases', [actions]);
  }
  putObject(kind: StoredKind, name: string, body: Json): Promise<void> {
    return this.#call('putObject', [kind, name, body]);
  }
  objects(
    kind: StoredKind,
    pattern: string,
  ): Promise<readonly { name: string; body: Record<string, unknown> }[]> {
    return this.#call('objects', [kind, pattern]);
  }
  deleteObject(kind: StoredKind, name: string): Promise<boolean> {
    return this.#call('deleteObject', [kind, name]);
  }
  indicatorScan(request: IndicatorScanRequest, signal?: AbortSignal): Promise<readonly IndicatorHit[]> {
    return this.#call('indicatorScan', [request], signal);
  }
  snapshot(target: string, indices: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }> {
    return this.#call('snapshot', [target, indices]);
  }
  restore(source: string, options: RestoreOptions): Promise<{ indices: readonly string[] }> {
    return this.#call('restore', [source, options]);
  }
  setRetention(rules: readonly RetentionRule[]): Promise<void> {
    return this.#call('setRetention', [rules]);
  }
  retention(): Promise<readonly RetentionRule[]> {
    return this.#call('retention', []);
  }
  archive(indices: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }> {
    return this.#call('archive', [indices]);
  }
  unarchive(indices: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }> {
    return this.#call('unarchive', [indices]);
  }
  deleteSnapshot(target: string): Promise<void> {
    return this.#call('deleteSnapshot', [target]);
  }
  setSnapshotSchedule(schedule: SnapshotSchedule | undefined): Promise<void> {
    return this.#call('setSnapshotSchedule', [schedule]);
  }
  snapshots(place: string): Promise<readonly SnapshotInfo[]> {
    return this.#call('snapshots', [place]);
  }
  verify(signal?: AbortSignal): Promise<VerifyResult> {
    return this.#call('verify', [], signal);
  }
  status(): Promise<StoreStatus> {
    return this.#call('status', []);
  }

  /** Of the client that started the thread: closes the store. Of others: only their port. */
  async close(): Promise<void> {
    if (this.#ended) return;
    try {
      await this.#end();
    } finally {
      this.fail(new Error('it is closed'));
    }
  }

  #call<T>(
    method: StoreMethod,
    given: readonly unknown[],
    signal?: AbortSignal,
    transfer: readonly ArrayBuffer[] = [],
    onProgress?: (share: number) => void,
  ): Promise<T> {
    return this.#ask<T>(
      { type: 'call', method, arguments: given, ...(onProgress && { progress: true }) },
      signal,
      transfer,
      onProgress,
    );
  }

  #ask<T>(
    message: Omit<Extract<ToStore, { type: 'call' }>, 'token'> | { readonly type: 'close' },
    signal?: AbortSignal,
    transfer: readonly ArrayBuffer[] = [],
    onProgress?: (share: number) => void,
  ): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const token = this.#nextToken++;
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(token);
        this.#port.postMessage({ type: 'abort', token } satisfies ToStore);
        reject(signal!.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const settled = (): void => signal?.removeEventListener('abort', abort);
      this.#waiting.set(token, {
        resolve: (result) => {
          settled();
          resolve(result as T);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        ...(onProgress && { onProgress }),
      });
      this.#port.postMessage({ ...message, token } as ToStore, transfer as ArrayBuffer[]);
    });
  }

  #take(message: FromStore): void {
    if (message.type === 'progress') this.#waiting.get(message.token)?.onProgress?.(message.share);
    if (message.type !== 'result' && message.type !== 'error') return;
    const waiting = this.#waiting.get(message.token);
    this.#waiting.delete(message.token);
    if (message.type === 'result') waiting?.resolve(message.result);
    else waiting?.reject(errorOf(message.error));
  }
}

function movable({ buffer, byteLength }: Uint8Array | Int32Array): ArrayBuffer[] {
  // A small buffer may be part of Node's pool, and shared memory does not move.
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && byteLength > 0 ? [buffer] : [];
}

function errorOf({ name, message, status, type, details, stack }: PlainError): Error {
  if (status !== undefined && type !== undefined) return new StoreError(status, type, message, details);
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
