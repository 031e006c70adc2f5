/** What goes over the port between a store's thread and those who use it. */
import type { MessagePort } from 'node:worker_threads';
import type { ClusterOptions } from '../opensearch/options.ts';
import type { Store } from '../store.ts';
import type { EmbeddedOptions } from './embedded-store.ts';

export type StoreMethod = Exclude<keyof Store, 'close'>;

/** Methods whose last argument is an abort signal, and how many arguments stand before it. */
export const SIGNAL_AT: Readonly<Partial<Record<StoreMethod, number>>> = {
  search: 1,
  arrivals: 1,
  count: 2,
  deleteByQuery: 2,
  indicatorScan: 1,
  verify: 0,
};

/** Methods whose last argument, behind the signal, is told what share of the work is done. */
export const TELLS_PROGRESS: Readonly<Partial<Record<StoreMethod, true>>> = { search: true };

export type ToStore =
  | {
      readonly type: 'call';
      readonly token: number;
      readonly method: StoreMethod;
      readonly arguments: readonly unknown[];
      /** The caller wants to know how far it is. */
      readonly progress?: true;
    }
  | { readonly type: 'abort'; readonly token: number }
  /** A port for another thread, which gets the same service. */
  | { readonly type: 'connect'; readonly port: MessagePort }
  | { readonly type: 'close'; readonly token: number }
  /** The process exits now: the thread ends its work and then stores 1 there and notifies. */
  | { readonly type: 'exit'; readonly ended: Int32Array<SharedArrayBuffer> };

export type FromStore =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }
  /** For the log of the process. */
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: object;
      readonly message: string;
    }
  | { readonly type: 'progress'; readonly token: number; readonly share: number }
  | { readonly type: 'result'; readonly token: number; readonly result: unknown }
  | { readonly type: 'error'; readonly token: number; readonly error: PlainError };

/** An error as it is cloned between threads. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  /** Of a StoreError or a QueryError. */
  readonly status?: number;
  readonly type?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly stack?: string | undefined;
}

/** Everything but functions can be cloned; the drivers are imported in the thread. */
export type ThreadOptions = Omit<EmbeddedOptions, 'searcher'> | ClusterThreadOptions;

/** The store is a cluster; the thread only spares the others the parsing of its answers. */
export interface ClusterThreadOptions {
  readonly cluster: Omit<ClusterOptions, 'logger' | 'connection'> & {
    readonly connection: ClusterOptions['connection'];
    /** Secrets can not be cloned: their text, by option. */
    readonly secrets: Readonly<Record<string, string>>;
  };
}
