/**
 * DuckDB as the store uses it: one instance in memory that may only see the store's folder, a few connections, queries
 * that can be stopped. It owns nothing durable: after a fatal error it is opened anew (`fatal`).
 */

import {
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBResult,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { sqlText } from '../../query/sql-literal.ts';
import { StoreError } from '../errors.ts';

/** BIGINT comes as number where that is exact, lists as arrays, everything that is none of these as text. */
export type SqlValue = string | number | bigint | boolean | null | readonly SqlValue[];

export interface SqlResult {
  readonly names: readonly string[];
  /** One array a column, all `rows` long. */
  readonly columns: readonly SqlValue[][];
  readonly rows: number;
}

/** Queries of people, seals and merges, exports: each lane has its own limit. */
export type Lane = 'interactive' | 'background' | 'stream';

export interface DuckdbOptions {
  readonly threads: number;
  /** Bytes. */
  readonly memoryLimit: number;
  /** Where it may spill, and how many bytes. */
  readonly temporaryFolder: string;
  readonly temporaryLimit: number;
  /** Whether it keeps what it has read of files, within its memory; if it is not said, it does. */
  readonly cachesFiles?: boolean;
  /** The only ones it may read and write. */
  readonly folders: readonly string[];
}

const LIMITS: Readonly<Record<Lane, number>> = { interactive: 4, background: 1, stream: 4 };
/** An interrupt that comes before the query has begun is lost: it is repeated. */
const INTERRUPT_EVERY = 20;
/** Milliseconds. */
const PROGRESS_EVERY = 100;
/** Connections that can tell how far they are: as many as there are queries of people and merges at a time. */
const WATCHED = 6;
/** Milliseconds. */
const POLL_EVERY = 3;
/** Milliseconds. */
const HELP_AFTER = 3000;

interface LaneState {
  free: number;
  readonly waiting: { go(): void; fail(error: Error): void }[];
}

export class Duckdb {
  readonly #options: DuckdbOptions;
  #instance: DuckDBInstance;
  #idle: DuckDBConnection[] = [];
  readonly #lanes: Record<Lane, LaneState>;
  /** Connections that something runs on. */
  readonly #busy = new Set<DuckDBConnection>();
  /** What is in DuckDB's hands: the process would abort if its thread ended meanwhile. */
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  /** Changes when it was opened anew: tables in memory are gone. */
  generation = 1;
  /** Called once for each instance that failed as a whole. It should call `reopen` and fill the tables again. */
  onFatal: ((error: Error) => void) | undefined;
  #failed = false;

  private constructor(options: DuckdbOptions, { instance, connections }: Opened) {
    this.#options = options;
    this.#instance = instance;
    this.#idle = connections;
    const lane = (name: Lane): LaneState => ({ free: LIMITS[name], waiting: [] });
    this.#lanes = {
      interactive: lane('interactive'),
      background: lane('background'),
      stream: lane('stream'),
    };
  }

  static async open(options: DuckdbOptions): Promise<Duckdb> {
    return new Duckdb(options, await openInstance(options));
  }

  /** Opens a new instance in place of the failed one. Tables are gone. */
  async reopen(): Promise<void> {
    this.#assertOpen();
    const old = this.#instance;
    const { instance, connections } = await this.#native(openInstance(this.#options));
    this.#instance = instance;
    for (const connection of this.#idle) connection.closeSync();
    this.#idle = connections;
    this.generation++;
    this.#failed = false;
    try {
      old.closeSync();
    } catch {
      // It failed before.
    }
  }

  /**
   * Runs one statement and reads all its rows.
   * `onProgress`: what share of the rows it has read, every now and then.
   * @throws the signal's reason when aborted; StoreError circuit_breaking_exception when memory does not suffice; DuckDB's
   * own error otherwise.
   */
  async query(
    sql: string,
    signal?: AbortSignal,
    lane: Lane = 'interactive',
    onProgress?: (share: number) => void,
  ): Promise<SqlResult> {
    await this.#enter(lane, signal);
    let watching: NodeJS.Timeout | undefined;
    try {
      return await this.#with(signal, async (connection) => {
        if (onProgress)
          watching = setInterval(() => {
            const { percentage } = connection.progress;
            if (percentage > 0) onProgress(percentage / 100);
          }, PROGRESS_EVERY);
        const result =
          lane === 'background' && this.#options.threads > 1
            ? await this.#native(resultOfWorkers(connection, sql))
            : await this.#native(connection.stream(sql));
        const names = result.columnNames();
        const columns: SqlValue[][] = names.map(() => []);
        let rows = 0;
        for (;;) {
          const chunk = await this.#native(result.fetchChunk());
          if (!chunk || chunk.rowCount === 0) break;
          readChunk(chunk, columns);
          rows += chunk.rowCount;
        }
        return { names, columns, rows };
      });
    } finally {
      clearInterval(watching);
      this.#leave(lane);
    }
  }

  /** As `query`, each row an array. */
  async rows(sql: string, signal?: AbortSignal, lane?: Lane): Promise<readonly (readonly SqlValue[])[]> {
    const { columns, rows } = await this.query(sql, signal, lane);
    return Array.from({ length: rows }, (_, row) => columns.map((column) => column[row]!));
  }

  /** The rows in pieces of some 2,000, read as they are consumed: memory stays flat. */
  async *stream(sql: string, signal?: AbortSignal): AsyncGenerator<SqlResult> {
    await this.#enter('stream', signal);
    let connection: DuckDBConnection | undefined;
    const generation = this.generation;
    try {
      connection = await this.#connection(true);
      const stop = interruptible(connection, signal);
      try {
        const result = await this.#native(connection.stream(sql));
        const names = result.columnNames();
        for (;;) {
          signal?.throwIfAborted();
          this.#assertOpen();
          const chunk = await this.#native(result.fetchChunk());
          if (!chunk || chunk.rowCount === 0) return;
          const columns: SqlValue[][] = names.map(() => []);
          readChunk(chunk, columns);
          yield { names, columns, rows: chunk.rowCount };
        }
      } catch (error) {
        throw this.#judge(error, signal);
      } finally {
        stop();
        // A result that was not read to its end still belongs to it.
        this.#busy.delete(connection);
        connection.closeSync();
        connection = undefined;
      }
    } finally {
      if (connection && generation === this.generation) this.#idle.push(connection);
      this.#leave('stream');
    }
  }

  /** An appender on a connection of its own. */
  async appender(table: string): Promise<DuckDBAppender> {
    this.#assertOpen();
    const connection = await this.#native(this.#instance.connect());
    this.#assertOpen();
    return this.#native(connection.createAppender(table));
  }

  /** Runs a short statement on tables in memory, in no lane. */
  async run(sql: string): Promise<void> {
    await this.#with(undefined, (connection) => this.#native(connection.run(sql)));
  }

  /** Stops what runs, and resolves when DuckDB has nothing in its hands any more: then the thread may end. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      for (const { waiting } of Object.values(this.#lanes))
        for (const { fail } of waiting.splice(0)) fail(new EngineClosed());
      const stop = (): void => {
        for (const connection of this.#busy) connection.interrupt();
      };
      const timer = setInterval(stop, INTERRUPT_EVERY);
      stop();
      while (this.#running.size > 0) await Promise.allSettled(this.#running);
      clearInterval(timer);
      for (const connection of this.#idle) connection.closeSync();
      this.#idle = [];
      this.#instance.closeSync();
    })();
    return this.#closing;
  }

  #assertOpen(): void {
    if (this.#closing) throw new EngineClosed();
  }

  #native<T>(work: Promise<T>): Promise<T> {
    const done = (): void => void this.#running.delete(work);
    this.#running.add(work);
    work.then(done, done);
    return work;
  }

  async #with<T>(
    signal: AbortSignal | undefined,
    work: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const generation = this.generation;
    const connection = await this.#connection();
    const stop = interruptible(connection, signal);
    try {
      return await work(connection);
    } catch (error) {
      throw this.#judge(error, signal);
    } finally {
      stop();
      this.#busy.delete(connection);
      if (generation === this.generation && !this.#closing) this.#idle.push(connection);
      else connection.closeSync();
    }
  }

  /** `isOwn`: it is closed after its use. */
  async #connection(isOwn = false): Promise<DuckDBConnection> {
    this.#assertOpen();
    const connection =
      (isOwn ? undefined : this.#idle.pop()) ?? (await this.#native(this.#instance.connect()));
    if (this.#closing) {
      connection.closeSync();
      throw new EngineClosed();
    }
    this.#busy.add(connection);
    return connection;
  }

  #judge(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    if (this.#closing) return new EngineClosed();
    if (!(error instanceof Error)) return error;
    if (/^Out of Memory Error/.test(error.message))
      return new StoreError(
        429,
        'circuit_breaking_exception',
        `this needs more memory than the event store may use: ${firstLine(error.message)}`,
      );
    if (/^(FATAL|INTERNAL) Error|database has been invalidated/.test(error.message) && !this.#failed) {
      this.#failed = true;
      this.onFatal?.(error);
    }
    return error;
  }

  async #enter(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.#assertOpen();
    const state = this.#lanes[lane];
    if (state.free > 0) {
      state.free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const one = {
        go(): void {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
        fail(error: Error): void {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      const abort = (): void => {
        state.waiting.splice(state.waiting.indexOf(one), 1);
        reject(signal!.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      state.waiting.push(one);
    });
  }

  #leave(lane: Lane): void {
    const next = this.#lanes[lane].waiting.shift();
    if (next) next.go();
    else this.#lanes[lane].free++;
  }
}

/** Whoever uses the engine after its end. */
class EngineClosed extends StoreError {
  constructor() {
    super(503, 'node_closed_exception', 'the event store is being closed');
  }
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!;

interface Opened {
  readonly instance: DuckDBInstance;
  readonly connections: DuckDBConnection[];
}

async function openInstance(options: DuckdbOptions): Promise<Opened> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads),
    memory_limit: `${Math.floor(options.memoryLimit / 1024)}KiB`,
    temp_directory: options.temporaryFolder,
    max_temp_directory_size: `${Math.floor(options.temporaryLimit / 1024)}KiB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    preserve_insertion_order: 'true',
  });
  const connections: DuckDBConnection[] = [];
  // Each has its own settings, which can not be changed any more when the configuration is locked.
  while (connections.length < WATCHED) {
    const connection = await instance.connect();
    await connection.run('SET enable_progress_bar = true');
    await connection.run('SET enable_progress_bar_print = false');
    await connection.run('SET progress_bar_time = 0');
    connections.push(connection);
  }
  const connection = await instance.connect();
  try {
    // Only after opening: the extension that knows it is not loaded before.
    await connection.run('SET parquet_metadata_cache = true');
    await connection.run(`SET enable_external_file_cache = ${options.cachesFiles ?? true}`);
    await connection.run(`SET allowed_directories = [${options.folders.map(sqlText).join(',')}]`);
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
  } finally {
    connection.closeSync();
  }
  return { instance, connections };
}

/**
 * Runs a statement in DuckDB's own threads. A thread that waits for a result helps with the work, and spins while another
 * one does what is left: that cost a third of the processor time of writing a file.
 */
async function resultOfWorkers(connection: DuckDBConnection, sql: string): Promise<DuckDBResult> {
  const prepared = await connection.prepare(sql);
  try {
    const pending = prepared.start();
    const { NO_TASKS_AVAILABLE, RESULT_NOT_READY } = duckdb.PendingState;
    const patience = performance.now() + HELP_AFTER;
    // Long queries may keep those threads: then it is done here after all.
    while (performance.now() < patience) {
      const state = duckdb.pending_execute_check_state(pending['pending_result']);
      if (state !== NO_TASKS_AVAILABLE && state !== RESULT_NOT_READY) break;
      await new Promise((done) => setTimeout(done, POLL_EVERY));
    }
    return await pending.getResult();
  } finally {
    prepared.destroySync();
  }
}

function interruptible(connection: DuckDBConnection, signal: AbortSignal | undefined): () => void {
  if (!signal) return () => {};
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    connection.interrupt();
    timer = setInterval(() => connection.interrupt(), INTERRUPT_EVERY);
  };
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return () => {
    signal.removeEventListener('abort', abort);
    clearInterval(timer);
  };
}

function readChunk(chunk: DuckDBDataChunk, columns: SqlValue[][]): void {
  const rows = chunk.rowCount;
  for (let column = 0; column < columns.length; column++) {
    const vector = chunk.getColumnVector(column);
    const into = columns[column]!;
    for (let row = 0; row < rows; row++) into.push(plain(vector.getItem(row)));
  }
}

function plain(value: unknown): SqlValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
    case 'object':
      if (value === null) return null;
      if ('items' in value) return (value.items as unknown[]).map(plain);
      if ('entries' in value && !Array.isArray(value.entries))
        return Object.values(value.entries as object).map(plain);
      return String(value);
    default:
      return null;
  }
}
