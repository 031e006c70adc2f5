/** What a route of the Elasticsearch API is, what it gets, and what it answers. */
import type { IndexSelection, Store } from '../store.ts';
import type { Identity, Privilege } from './access.ts';
import type { ApiState } from './api-state.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
/** Of a URL; a parameter without a value is the empty text. */
export type Parameters = Readonly<Record<string, string | undefined>>;
export type Json = Readonly<Record<string, unknown>>;

export interface Route {
  /** HEAD goes with GET, and is answered with its headers alone. */
  readonly methods: readonly Method[];
  /** `/{index}/_doc/{id}`; an optional part is a route of its own. */
  readonly paths: readonly string[];
  /** What the caller must be allowed to do. HEAD of `metadata` needs `handshake` only: it says yes or no. */
  readonly needs: Privilege;
  /** Parameters of the URL beside those that every route takes (`parameters.ts`). */
  readonly takes?: readonly string[];
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

export interface Call {
  readonly method: Method | 'HEAD';
  /** As sent, without parameters. */
  readonly path: string;
  /** Of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Parameters;
  /** Empty when there is none. */
  readonly body: Uint8Array;
  readonly store: Store;
  readonly api: ApiState;
  readonly identity: Identity;
  readonly address: string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** JSON of the body; numbers stay exact; undefined when there is none. @throws StoreError parse_exception */
  json(): unknown;
  /** The same, which must be an object or nothing. @throws StoreError */
  object(): Json;
  /**
   * The indices of `{index}` (or of `names`), narrowed to what the caller may see.
   * @throws StoreError security_exception
   */
  select(names?: string | undefined, privilege?: Privilege): Promise<IndexSelection>;
  /** @throws StoreError security_exception unless the caller may do this with an index that is named outright */
  allow(privilege: Privilege, index: string): Promise<void>;
}

/** JSON as a value (`body`) or as text (`text`), or something else with its type. */
export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly body?: unknown;
  /** JSON text, or UTF-8 of it. */
  readonly text?: string | Uint8Array;
  readonly plain?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `filter_path` has been applied. */
  readonly filtered?: boolean;
}

export const json = (body: unknown, status = 200): Answer => ({ status, body });
export const acknowledged = (more: Json = {}): Answer => ({ body: { acknowledged: true, ...more } });

/** One shard an index, no copies. */
export const shards = (total = 1): Json => ({ total, successful: total, skipped: 0, failed: 0 });
export const writeShards: Json = { total: 1, successful: 1, failed: 0 };

/** `?v`, `?v=true`: yes. `?v=false` and absence: no. */
export const isOn = (value: string | undefined): boolean => value !== undefined && value !== 'false';

/** A list in a path or parameter: `a,b`. */
export const names = (text: string | undefined): readonly string[] =>
  text === undefined
    ? []
    : (text.match(/<[^>]*>|[^,]+/g) ?? []).map((name) => name.trim()).filter((name) => name !== '');
