/** The files of a persisted queue as the intake thread sees them: a thread of their own writes and syncs. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Peer } from '../kernel/plugin.ts';
import type { StoredBlock } from './queue-record.ts';
import type { Recovery, StoreOptions } from './segment-store.ts';

/** A block for the disk. Its bytes stand in shared memory, which must not change until `commit` is through. */
export type CommitBlock = StoredBlock;

export interface ReadRequest {
  readonly sequence: number;
  /** Where its bytes go. */
  readonly bytes: Uint8Array | undefined;
}

export interface ReadAnswer {
  readonly runs: Int32Array;
  readonly peers: readonly Peer[];
}

export interface QueueDisk {
  /** Rejects with the system's error, which has a `code`, or with a sentence. It may be repeated. */
  open(): Promise<Recovery>;
  /** Writes and syncs blocks, and notes acknowledged ranges. Rejects with the reason; it may be repeated. */
  commit(blocks: readonly CommitBlock[], acknowledged: readonly number[]): Promise<void>;
  /** Blocks that are stored; undefined: damaged. */
  read(requests: readonly ReadRequest[]): Promise<readonly (ReadAnswer | undefined)[]>;
  close(): Promise<void>;
}

export interface DiskOptions extends StoreOptions {
  readonly folder: string;
}

export type ToQueueWriter =
  | {
      readonly type: 'commit';
      readonly token: number;
      readonly blocks: readonly CommitBlock[];
      readonly acknowledged: readonly number[];
    }
  | { readonly type: 'read'; readonly token: number; readonly requests: readonly ReadRequest[] }
  | { readonly type: 'open' | 'close'; readonly token: number };

export type FromQueueWriter = {
  readonly token: number;
  readonly error?: string;
  /** The system's, such as ENOSPC. */
  readonly code?: string | undefined;
  readonly result?: unknown;
};

export class ThreadDisk implements QueueDisk {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (result: any) => void; reject: (error: Error) => void }>();
  #nextToken = 1;
  #ended: Error | undefined;

  constructor(options: DiskOptions) {
    this.#worker = new Worker(new URL(`./queue-writer${extname(import.meta.url)}`, import.meta.url), {
      workerData: options,
      name: `queue ${options.folder}`,
    });
    this.#worker.on('message', ({ token, error, code, result }: FromQueueWriter) => {
      const waiting = this.#waiting.get(token);
      this.#waiting.delete(token);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(Object.assign(new Error(error), { code }));
    });
    this.#worker.on('error', (error: Error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('it ended')));
  }

  #end(reason: Error): void {
    this.#ended ??= new Error(`the thread that writes the queue failed: ${reason.message}`, {
      cause: reason,
    });
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }

  #ask<T>(message: Omit<ToQueueWriter, 'token'>): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    const token = this.#nextToken++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(token, { resolve, reject });
      this.#worker.postMessage({ ...message, token });
    });
  }

  open(): Promise<Recovery> {
    return this.#ask({ type: 'open' });
  }

  commit(blocks: readonly CommitBlock[], acknowledged: readonly number[]): Promise<void> {
    return this.#ask({ type: 'commit', blocks, acknowledged } as Omit<ToQueueWriter, 'token'>);
  }

  read(requests: readonly ReadRequest[]): Promise<readonly (ReadAnswer | undefined)[]> {
    return this.#ask({ type: 'read', requests } as Omit<ToQueueWriter, 'token'>);
  }

  async close(): Promise<void> {
    try {
      await this.#ask({ type: 'close' });
    } finally {
      await this.#worker.terminate();
    }
  }
}
