/**
 * The event store: one interface, two drivers (embedded: `embedded/`; a cluster: `opensearch/`).
 *
 * Everything that goes in and comes out can be cloned between threads: the embedded store lives in a thread of its own
 * (`store-thread.ts`) and the others talk to it through `StoreClient`, which has the same interface.
 *
 * Errors are `StoreError`s with Elasticsearch's type, status and reason (`errors.ts`).
 */
import type { FieldType } from '../query/field-types.ts';
import type { Query } from '../query/tree.ts';

export interface Store {
  /** Writes documents. Resolves when all accepted ones are on disk and can be found. One bad operation fails alone. */
  bulk(request: BulkRequest): Promise<BulkResult>;
  /**
   * A `_bulk` body as it came: parsed off the caller's thread. `body` of the answer is `_bulk`'s response as JSON text.
   */
  bulkBody(request: BulkBodyRequest): Promise<{ readonly body: Uint8Array; readonly errors: boolean }>;
  /** `onProgress`: now and then, what share of the work is done, from 0 to 1; not every store can tell. */
  search(
    request: SearchRequest,
    signal?: AbortSignal,
    onProgress?: (share: number) => void,
  ): Promise<SearchResult>;
  /**
   * Of a cluster, which has no order of arrival over all indices: what came since `after`, which is a position that the
   * answer before gave; without one, only where it stands now. (The embedded store sorts by `_doc`.)
   */
  arrivals(request: ArrivalsRequest, signal?: AbortSignal): Promise<Arrivals>;
  count(
    indices: IndexSelection,
    query: Query,
    signal?: AbortSignal,
  ): Promise<{ count: number; shards: number }>;
  /** One document by its id; undefined when there is none. @throws StoreError index_not_found_exception */
  get(index: string, id: string): Promise<StoredDocument | undefined>;
  /** A snapshot that later searches can name; lives `keepAlive` milliseconds after its last use. */
  openPointInTime(indices: IndexSelection, keepAlive: number): Promise<string>;
  /** True when it was there. */
  closePointInTime(id: string): Promise<boolean>;
  deleteByQuery(
    indices: IndexSelection,
    query: Query,
    signal?: AbortSignal,
  ): Promise<{ deleted: number; total: number }>;

  /** Fields by name or pattern, over all the indices, with the types they have and where. */
  fieldCapabilities(indices: IndexSelection, patterns: readonly string[]): Promise<FieldCapabilities>;
  /** Indices that exist. A name that is no pattern and does not exist is an error unless `ignoreUnavailable`. */
  indices(selection: IndexSelection): Promise<readonly IndexInfo[]>;
  /** `body`: settings, mappings, aliases as in Elasticsearch. @throws StoreError resource_already_exists_exception */
  createIndex(name: string, body: Readonly<Record<string, unknown>>): Promise<void>;
  deleteIndices(selection: IndexSelection): Promise<readonly string[]>;
  putMapping(selection: IndexSelection, mapping: Readonly<Record<string, unknown>>): Promise<void>;
  putSettings(selection: IndexSelection, settings: Readonly<Record<string, unknown>>): Promise<void>;
  updateAliases(actions: readonly AliasAction[]): Promise<void>;

  /**
   * Things kept by kind and name as they came: templates (`index_template`, `component_template`, legacy `template`),
   * which new indices follow, and what is kept only to be given back (`ilm_policy`, `ingest_pipeline`, `data_stream`,
   * `api_key`, `saved_object`).
   */
  putObject(kind: StoredKind, name: string, body: Readonly<Record<string, unknown>>): Promise<void>;
  /** By name or pattern with `*`, in order of names. */
  objects(
    kind: StoredKind,
    pattern: string,
  ): Promise<readonly { name: string; body: Record<string, unknown> }[]>;
  deleteObject(kind: StoredKind, name: string): Promise<boolean>;

  /** Which of many values (addresses, hashes, domains) occur in these fields, how often, first and last seen. */
  indicatorScan(request: IndicatorScanRequest, signal?: AbortSignal): Promise<readonly IndicatorHit[]>;
  /** Copies everything that is acknowledged into a folder or `s3://bucket/prefix` (`s3/s3-target.ts`), from which `restore` brings it back. */
  snapshot(target: string, indices: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }>;
  restore(source: string, options: RestoreOptions): Promise<{ indices: readonly string[] }>;
  /**
   * Snapshots at a place, the newest first: in the folder or prefix itself and up to two levels below. Of a cluster: those
   * of a repository. Damaged ones have a `problem`.
   */
  snapshots(place: string): Promise<readonly SnapshotInfo[]>;
  /** For good. @throws StoreError when there is none, or it is being made or restored */
  deleteSnapshot(target: string): Promise<void>;
  /** Snapshots by the clock, by the process that runs the store; undefined: none. The state is in `status`. */
  setSnapshotSchedule(schedule: SnapshotSchedule | undefined): Promise<void>;
  /** Retention per index pattern; the first pattern that fits an index decides. */
  setRetention(rules: readonly RetentionRule[]): Promise<void>;
  retention(): Promise<readonly RetentionRule[]>;
  /** Moves indices to the archive now. They stay searchable. @throws StoreError when there is none */
  archive(indices: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }>;
  /** Brings indices back from the archive. They stay searchable meanwhile; no rule moves them there again. @throws StoreError */
  unarchive(indices: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }>;
  /** Reads every file again; what is damaged is left out of searches from now on. */
  verify(signal?: AbortSignal): Promise<VerifyResult>;
  status(): Promise<StoreStatus>;
  close(): Promise<void>;
}

export type StoredKind =
  | 'index_template'
  | 'component_template'
  | 'template'
  | 'ilm_policy'
  | 'ingest_pipeline'
  | 'data_stream'
  | 'api_key'
  | 'saved_object';

/** Index names, aliases and patterns as in a URL: `a,b-*,-b-old`; empty or `_all`: all. */
export interface IndexSelection {
  readonly names: readonly string[];
  /** Missing names are left out instead of an error. */
  readonly ignoreUnavailable?: boolean;
  /** A pattern that fits nothing is no error (default true). */
  readonly allowNoIndices?: boolean;
}

export type BulkAction = 'index' | 'create' | 'update' | 'delete';

export interface BulkOperation {
  readonly action: BulkAction;
  readonly index: string;
  /** Left out: the store makes one (never with update and delete). */
  readonly id?: string;
  /** Optimistic concurrency: fails with 409 unless the document still has it. */
  readonly ifSeqNo?: number;
  readonly ifPrimaryTerm?: number;
  readonly requireAlias?: boolean;
}

export interface BulkRequest {
  /** UTF-8 JSON documents behind one another (update: `{"doc": …, "doc_as_upsert": …}`, `upsert`). */
  readonly source: Uint8Array;
  /** Where each operation's document begins; left out: where the one before ends. */
  readonly starts?: Int32Array;
  /** Where each operation's document ends; the same as where it begins: none (delete). */
  readonly ends: Int32Array;
  /** One an operation, or one for all of them. */
  readonly operations: readonly BulkOperation[] | BulkOperation;
  /**
   * The answer needs no items when every operation was accepted, and otherwise only the status of those that were: an item
   * each costs as much as a small document.
   */
  readonly onlyFailures?: boolean;
}

export interface BulkItem {
  readonly action: BulkAction;
  readonly index: string;
  readonly id: string;
  readonly status: number;
  readonly result?: 'created' | 'updated' | 'deleted' | 'noop' | 'not_found';
  readonly version?: number;
  readonly seqNo?: number;
  readonly error?: ElasticError;
}

export interface ElasticError {
  /** e.g. `mapper_parsing_exception` */
  readonly type: string;
  readonly reason: string;
  readonly [detail: string]: unknown;
}

export interface BulkResult {
  /** Milliseconds. */
  readonly took: number;
  /** In order; empty when all were accepted and only failures were asked for. */
  readonly items: readonly BulkItem[];
  readonly errors: boolean;
}

export interface BulkBodyRequest {
  readonly body: Uint8Array;
  /** From the URL. */
  readonly index?: string;
  readonly requireAlias?: boolean;
  /** Answers only what failed and how much (`filter_path=errors,items.*.error,items.*.status`). */
  readonly filterPath?: readonly string[];
}

export interface SortKey {
  /** A field, `_score` (the order of arrival: there is no relevance), `_doc` (cheapest), `_id`, `_index`. */
  readonly field: string;
  readonly order: 'asc' | 'desc';
  /** Documents without it: last unless said. */
  readonly missing?: '_last' | '_first' | string | number;
  readonly mode?: 'min' | 'max' | 'avg' | 'sum';
  readonly unmappedType?: string;
  readonly format?: string;
}

export interface SearchRequest {
  readonly indices: IndexSelection;
  /** Id of a snapshot; then `indices` is not looked at. */
  readonly pointInTime?: { readonly id: string; readonly keepAlive?: number };
  readonly query: Query;
  /** Narrows the hits but not the aggregations. */
  readonly postFilter?: Query;
  readonly from: number;
  readonly size: number;
  /** Empty: newest `@timestamp` first is NOT implied; it is the order of arrival. */
  readonly sort: readonly SortKey[];
  readonly searchAfter?: readonly (string | number | boolean | null)[];
  /** False: no `_source`; otherwise patterns to keep and to leave out. */
  readonly source: boolean | { readonly includes: readonly string[]; readonly excludes: readonly string[] };
  /** `fields` and `docvalue_fields`: values as mapped, flattened, always arrays. */
  readonly fields?: readonly { readonly field: string; readonly format?: string }[];
  readonly highlight?: Highlight;
  readonly aggregations?: Readonly<Record<string, Aggregation>>;
  /** Count exactly (true), up to a number (10,000), or not at all (false). */
  readonly trackTotalHits: boolean | number;
  /** Milliseconds; what was found until then is answered with `timedOut`. */
  readonly timeout?: number;
  /** `_version`, `_seq_no` and `_primary_term` with every hit. */
  readonly version?: boolean;
  readonly explain?: boolean;
  readonly collapse?: string;
}

export interface Highlight {
  readonly fields: readonly {
    readonly field: string;
    readonly fragmentSize: number;
    readonly number: number;
  }[];
  readonly preTags: readonly string[];
  readonly postTags: readonly string[];
  readonly requireFieldMatch: boolean;
  readonly query?: Query;
}

export interface ArrivalsRequest extends Pick<SearchRequest, 'indices' | 'query' | 'source' | 'highlight'> {
  /** The newest so many; the others are counted. */
  readonly size: number;
  readonly after?: ArrivalPosition;
}

export interface Arrivals {
  /** In the order of arrival as far as there is one, otherwise of their time. */
  readonly hits: readonly SearchHit[];
  readonly skipped: number;
  readonly position: ArrivalPosition;
}

/** Shard → how far it was looked at. */
export type ArrivalPosition = Readonly<Record<string, ShardPosition>>;

export interface ShardPosition {
  /** Sequence numbers: seen by now, and by the look before that. Writes may end in another order than they began. */
  readonly last: number;
  readonly before: number;
  /** Matching ones between both, and those of them that were given. */
  readonly counted: number;
  readonly given: readonly number[];
}

export interface StoredDocument {
  readonly index: string;
  readonly id: string;
  /** JSON text, as it was sent. */
  readonly source: string;
  readonly version: number;
  readonly seqNo: number;
}

export interface SearchHit {
  readonly index: string;
  readonly id: string;
  /** JSON text: byte for byte what was sent, unless filtered. */
  readonly source?: string;
  readonly sort?: readonly (string | number | boolean | null)[];
  readonly fields?: Readonly<Record<string, readonly unknown[]>>;
  readonly highlight?: Readonly<Record<string, readonly string[]>>;
  /** Fields whose value did not fit their mapping. */
  readonly ignored?: readonly string[];
  readonly version?: number;
  readonly seqNo?: number;
}

export interface SearchResult {
  /** Milliseconds. */
  readonly took: number;
  readonly timedOut: boolean;
  readonly total?: { readonly value: number; readonly relation: 'eq' | 'gte' };
  readonly hits: readonly SearchHit[];
  /** In Elasticsearch's response shape, as JSON text: keys beyond 2^53 and documents in it stay exact. */
  readonly aggregations?: string;
  /** Indices looked at. */
  readonly shards: number;
  readonly pointInTimeId?: string;
  /** Segments that are damaged and were left out: readable sentences. */
  readonly failures?: readonly string[];
}

/**
 * An aggregation with Elasticsearch's name and parameters (checked by `parse-aggregations.ts`, defaults not filled in).
 * `filter` and `filters` hold query trees.
 */
export interface Aggregation {
  readonly type: AggregationType;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of `filter`: one under ''. Of `filters`: one a bucket, in order. */
  readonly queries?: Readonly<Record<string, Query>>;
  readonly aggregations?: Readonly<Record<string, Aggregation>>;
  readonly meta?: Readonly<Record<string, unknown>>;
}

export type AggregationType =
  | 'terms'
  | 'histogram'
  | 'date_histogram'
  | 'auto_date_histogram'
  | 'range'
  | 'date_range'
  | 'ip_range'
  | 'filter'
  | 'filters'
  | 'global'
  | 'missing'
  | 'composite'
  | 'nested'
  | 'reverse_nested'
  | 'cardinality'
  | 'value_count'
  | 'min'
  | 'max'
  | 'avg'
  | 'sum'
  | 'stats'
  | 'extended_stats'
  | 'percentiles'
  | 'percentile_ranks'
  | 'top_hits'
  | 'top_metrics';

/** Field → type → what is known of it. */
export interface FieldCapabilities {
  readonly indices: readonly string[];
  readonly fields: Readonly<Record<string, Readonly<Record<string, FieldCapability>>>>;
}

export interface FieldCapability {
  /** `object` and `nested` appear too. */
  readonly type: FieldType | string;
  readonly searchable: boolean;
  readonly aggregatable: boolean;
  /** Only those with this type, where another index has another one. */
  readonly indices?: readonly string[];
}

export interface IndexInfo {
  readonly name: string;
  readonly uuid: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly documents: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly health: 'green' | 'yellow' | 'red';
  /** Of `@timestamp`, milliseconds; undefined while there is none. */
  readonly earliest?: number;
  readonly latest?: number;
  readonly aliases: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly mappings: Readonly<Record<string, unknown>>;
  readonly settings: Readonly<Record<string, unknown>>;
  /** When it came, whatever time the events bear; undefined: not known. */
  readonly arrivals?: readonly Arrival[];
  /** The data stream it belongs to. */
  readonly dataStream?: string;
  /** Of `bytes`: what is in the archive. */
  readonly archivedBytes?: number;
  /** It was brought back from the archive: no rule moves it there again. */
  readonly isKeptHere?: true;
}

/** Part of an index that came between two times, milliseconds since the epoch. */
export interface Arrival {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly documents: number;
}

export interface AliasAction {
  readonly action: 'add' | 'remove' | 'remove_index';
  readonly index: string;
  readonly alias: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface IndicatorScanRequest {
  readonly indices: IndexSelection;
  readonly values: readonly string[];
  readonly fields: readonly string[];
  readonly from?: number;
  readonly to?: number;
}

export interface IndicatorHit {
  readonly value: string;
  readonly field: string;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly first: number;
  readonly last: number;
}

export interface RestoreOptions {
  readonly indices: IndexSelection;
  /** Restored under other names: `renamePattern` is a regular expression. */
  readonly renamePattern?: string;
  readonly renameReplacement?: string;
}

export interface SnapshotInfo {
  /** What `restore` takes. */
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly taken?: number;
  readonly indices: readonly SnapshotIndexInfo[];
  readonly bytes: number;
  /** Why it can not be restored. */
  readonly problem?: string;
}

export interface SnapshotIndexInfo {
  readonly name: string;
  readonly documents?: number;
  readonly bytes?: number;
  readonly earliest?: number;
  readonly latest?: number;
}

export interface SnapshotSchedule {
  /** UTC. `02:30`: every day; `6h`: at full multiples of so many hours. */
  readonly when: string;
  /** S3 prefix, or the repository of a cluster; empty: the folder for snapshots. */
  readonly place: string;
  /** So many of those that were made by the clock; older ones are deleted. */
  readonly keep: number;
  /** From the settings: it is changed there. */
  readonly isFixed?: true;
}

export interface SnapshotScheduleState extends SnapshotSchedule {
  /** Milliseconds since the epoch. */
  readonly next: number;
  /** When the last one, which failed, is tried again. */
  readonly retry?: number;
  readonly last?: ScheduledSnapshot;
}

export interface ScheduledSnapshot {
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly due: number;
  readonly started: number;
  readonly ended: number;
  /** Why it failed. */
  readonly problem?: string;
}

export interface VerifyResult {
  readonly segments: number;
  readonly bytes: number;
  /** In the archive, which is not there. */
  readonly away: number;
  readonly damaged: readonly DamagedSegment[];
}

export interface DamagedSegment {
  readonly file: string;
  readonly reason: string;
  readonly index?: string;
  readonly documents?: number;
}

export interface RetentionRule {
  readonly pattern: string;
  /** Milliseconds after the newest event of an index. */
  readonly maxAge?: number;
  /** Of all indices of the pattern together: the oldest go first. */
  readonly maxBytes?: number;
  /** Milliseconds after the newest event: it moves to the archive, and stays searchable. */
  readonly archiveAfter?: number;
  /** From the settings: `setRetention` does not change it. */
  readonly isFixed?: true;
}

export interface StoreStatus {
  /** embedded: documents have one order of arrival over all indices, which never changes (`_doc` sorts by it). */
  readonly driver: 'embedded' | 'cluster';
  readonly health: 'green' | 'yellow' | 'red';
  /** What is wrong, in words. */
  readonly problems: readonly string[];
  readonly documents: number;
  readonly bytes: number;
  /** Not yet in segments. */
  readonly unsealed: number;
  readonly segments: number;
  readonly quarantined: readonly DamagedSegment[];
  readonly freeBytes: number;
  /** Size of the disk, or of all of the cluster's. */
  readonly diskBytes?: number;
  /** What takes a while and is under way: snapshots, restores, moves to the archive. */
  readonly tasks?: readonly StoreTask[];
  /** Undefined: none is set. */
  readonly snapshotSchedule?: SnapshotScheduleState;
  /** Undefined: none is set. */
  readonly archive?: { readonly path: string; readonly bytes: number; readonly isThere: boolean };
}

export interface StoreTask {
  readonly text: string;
  /** Bytes. */
  readonly done: number;
  readonly total: number;
}
