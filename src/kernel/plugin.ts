/**
 * The contract of plugins. One file declares and implements one plugin; the engine hands it a context and
 * owns threads, queue, acknowledgement, retries and common options. Importing a plugin has no side effects.
 *
 * Threads: `createIntake` runs in the intake thread (framing only), everything else in worker threads.
 */
import type { Event, Fields } from './event-types.ts';
import type { Logger } from './logger.ts';
import type { NestedPlugin, Options, OptionValues } from './options.ts';

export type PluginKind = 'input' | 'filter' | 'output' | 'codec';
export type EcsMode = 'disabled' | 'v1' | 'v8';

/** An example for the reference page; executed by the conformance suite. */
export interface Example {
  readonly title: string;
  /** Filters: a `filter { … }` section or its body. Codecs: the options. Others: a whole plugin block. */
  readonly config: string;
  /** Filters: fields of the event going in. Codecs: the text to decode. */
  readonly input?: Fields | string;
  /** Filters and codecs: fields that the events coming out have (subset match; null = field absent). */
  readonly output?: Fields | readonly Fields[];
}

/** What `validate` reports: about one option, or about the plugin as a whole (option ''). */
export type ReportProblem = (
  severity: 'error' | 'warning' | 'lint',
  option: string,
  message: string,
  hint?: string,
) => void;

interface Declaration<O extends Options> {
  readonly name: string;
  readonly summary: string;
  readonly options: O;
  /** Takes `ecs_compatibility`. */
  readonly ecs?: boolean;
  readonly examples?: readonly Example[];
  /** Known differences from Logstash's plugin, one sentence each. */
  readonly differences?: readonly string[];
  /** Checks across options, without I/O. Types, required and unknown options are already checked. */
  readonly validate?: (options: OptionValues<O>, report: ReportProblem) => void;
}

/** Fields that a plugin reads; `all` when it looks at the whole event. References such as `[a][b]`. */
export type FieldUse = 'all' | readonly string[];

export interface PluginContext {
  /** Node id in the graph: explicit `id` or derived. */
  readonly id: string;
  readonly pipeline: string;
  readonly ecs: EcsMode;
  readonly logger: Logger;
  /** Directory for state of this plugin kind, e.g. `data/plugins/inputs/file`; made on first use. */
  readonly dataPath: string;
  /** `config.support_escapes`, `config.field_reference.escape_style` and the rest, as given. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** A counter of this node, shown by the monitoring API under its name (e.g. `matches`). */
  counter(name: string): { add(n: number): void };
  /** `JSON.stringify` of a map, in the form that is fastest for the texts of this pipeline (ADR 0011). */
  readonly toJson: (value: object) => string;
  /** Makes the codec given as a value of option `codec` (or another option of type codec). */
  codec(spec: NestedPlugin): Codec;
}

// ---- inputs ----------------------------------------------------------------------------------------------

/**
 * Where bytes came from; posted to workers as it is (structured clone), so plain data only. The same object
 * should be handed in for all records of one connection. `key` names the sender for stateful decoders.
 */
export interface Peer {
  readonly key: string;
  readonly [name: string]: unknown;
}

/** The intake side's way into the queue. What is given is copied, but by `records`. */
export interface BlockWriter {
  /**
   * A stretch of bytes holding exactly `count` records, each ending with the codec's delimiter (included).
   * Returns false when the queue is full: what was given is kept, but stop reading until `ready`.
   */
  lines(peer: Peer, bytes: Uint8Array, count: number): boolean;
  /** One record; `cut`: a piece of one that is longer than `maxRecordBytes`. Same answer as `lines`. */
  record(peer: Peer, bytes: Uint8Array, cut?: boolean): boolean;
  /** Many records behind one another, in bytes that nobody will change; `ends[i]` is where record i ends. Same answer as `lines`. */
  records(peer: Peer, bytes: Uint8Array, ends: Int32Array): boolean;
  /**
   * The whole buffer of these bytes, which the input made and nobody else has, is not read by it any more: its memory
   * is given back as soon as no record needs it, without waiting for the garbage collector.
   */
  done(bytes: Uint8Array): void;
  /** Records without bytes (generator): the decoder gets the peer and the count. Same answer as `lines`. */
  virtual(peer: Peer, count: number): boolean;
  /** The sender is gone: its decoder state is flushed after what was given before. */
  end(peer: Peer): void;
  /** Room for at least one more record; when false `record` still keeps what it gets (UDP drops instead). */
  readonly hasRoom: boolean;
  /** Resolves when there is room again. */
  ready(): Promise<void>;
  /** Calls back when all given so far is in the queue (and synced, if persisted): time to answer the sender. */
  whenSafe(callback: () => void): void;
  /** Calls back when all given so far has been taken by every output: time to remember a file offset. */
  whenDelivered(callback: () => void): void;
  /** Counts a record that found no room or was refused, per peer, with a reason in words. */
  dropped(peer: Peer, reason: string): void;
}

export interface IntakeContext extends PluginContext {
  readonly writer: BlockWriter;
  /** How the codec wants streams framed: split at this delimiter, or undefined: every chunk is a record. */
  readonly delimiter: Buffer | undefined;
  /** Upper bound of one record in bytes; longer ones are cut there. */
  readonly maxRecordBytes: number;
  /** Milliseconds since the epoch; read once per block by the writer. */
  now(): number;
  /** The input has nothing more to say (count reached, stdin closed, read mode done). */
  finished(): void;
  /** Says in words what is wrong, shown in health; undefined clears it. */
  health(problem: string | undefined): void;
  /** Millrace's own event store. Rejects with a sentence when this process has none. */
  store(): Promise<DocumentSource>;
  /** Numbers of a pipeline of this process; undefined: there is none of that id. */
  totals(pipeline: string): Promise<PipelineTotals | undefined>;
  /**
   * Takes the events that `pipeline` outputs of this process send to an address. The handler gets them in the
   * internal encoding (`event/event-encoding.ts`), one record an event, and calls back when they are in the queue.
   * Returns a function that ends it. Throws if the address is taken.
   */
  receive(
    address: string,
    handler: (bytes: Uint8Array, ends: Int32Array, accepted: () => void) => void,
  ): () => void;
}

/** A search of the event store, for inputs that take its documents. */
export interface DocumentSearch {
  /** KQL; empty: everything. */
  readonly query: string;
  /** Names and patterns; none: all. */
  readonly indices: readonly string[];
  /** Bounds of `@timestamp`, the second one excluded: times or date math (`now-7d`). */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly order: 'oldest_first' | 'newest_first' | 'arrival';
}

export interface FoundDocument {
  readonly index: string;
  readonly id: string;
  /** JSON text, byte for byte as it was stored. */
  readonly source: string;
  /** Where a search in the same order goes on behind it; can be written as JSON. */
  readonly position: readonly (string | number | boolean | null)[];
  /** Its place in the order of arrival, which never changes; undefined: the store knows none. */
  readonly arrival: number | undefined;
  /** `@timestamp` in milliseconds, where the order is by it; undefined: it has none. */
  readonly time: number | undefined;
}

/** The event store as inputs see it. Searches reject with a sentence. */
export interface DocumentSource {
  /**
   * The place in the order of arrival behind everything that is there now; undefined: the store knows no such order
   * (a cluster), so that nothing can be followed.
   */
  arrived(): Promise<number | undefined>;
  /** What matches, page by page, as it is when the first page is asked for; `after`: from a position on. */
  history(
    search: DocumentSearch,
    after: FoundDocument['position'] | undefined,
    signal: AbortSignal,
  ): AsyncIterable<readonly FoundDocument[]>;
  /** What matches of that which came after a place, in the order of arrival: a page, empty when there is nothing. */
  newer(search: DocumentSearch, arrival: number, signal: AbortSignal): Promise<readonly FoundDocument[]>;
}

/** Events of one pipeline since it was started. */
export interface PipelineTotals {
  /** Those that its outputs took: one event that two outputs took counts twice. */
  readonly processed: number;
  /** Those that an output refused for good, or that a condition could not be evaluated for. */
  readonly errors: number;
}

/** The framing half of an input. Lives in the intake thread. */
export interface Intake {
  /** Starts I/O. Rejects with a readable error (`listen EADDRINUSE …`); the engine retries or reports. */
  open(signal: AbortSignal): Promise<void>;
  /** Options changed, the socket options did not: take the new ones without closing anything. */
  update?(options: Readonly<Record<string, unknown>>): void;
  /** Stops taking new data and closes sockets. May be called twice. */
  close(): Promise<void>;
}

/** A block as a decoder sees it. `bytes` is valid only during the call: strings and copies may be kept. */
export interface Block {
  readonly id: number;
  /** Milliseconds since the epoch when the block was begun. */
  readonly receivedAt: number;
  readonly count: number;
  readonly bytes: Buffer;
  readonly peers: readonly Peer[];
  /** Four numbers a run: kind (see RunKind), index of the peer, end offset in bytes, count of records. */
  readonly runs: Int32Array;
}

export const RunKind = { lines: 0, record: 1, virtual: 2, end: 3, cut: 4 } as const;

export interface DecoderContext extends PluginContext {
  /** The input's codec. Stateful codecs: use `fork()` per sender. */
  readonly inputCodec: Codec;
  /** Fields that something downstream reads; the others need not be built. */
  readonly needs: FieldUse;
  /** Fields at the top that filters may add: whole-text events are made with room for them (`undefined`). */
  readonly room: readonly string[];
  /**
   * Nothing reads fields but these at the top, and `@timestamp`: events may be given as their JSON text with them
   * (`Event.text`). Undefined: events are wanted.
   */
  readonly textFields?: readonly string[] | undefined;
  /** Applies type, tags and add_field of the input. Call last, on every event. */
  decorate(event: Event): void;
}

/** The decoding half of an input. Lives in workers, one instance each. Never throws on any bytes. */
export interface Decoder {
  decode(block: Block, emit: (event: Event) => void): void;
  /** Called every second or so, and once with `final` at shutdown. */
  flush?(emit: (event: Event) => void, final: boolean): void;
  /** True while bytes of this block are still held back: it is not acknowledged before they are emitted. */
  holds?(blockId: number): boolean;
}

export interface InputPlugin<O extends Options = Options> extends Declaration<O> {
  readonly kind: 'input';
  /** Streams split by the codec: plain becomes line, json becomes json_lines (`fix_streaming_codecs`). */
  readonly streaming?: boolean;
  /** Default codec if not plain. */
  readonly defaultCodec?: string;
  /** Option names that need a new listening socket when they change; the rest is taken over by `update`. */
  readonly socketOptions?: readonly (keyof O & string)[];
  /** Ports it binds, for the check of ports used twice. */
  readonly binds?: (
    options: OptionValues<O>,
  ) => readonly { protocol: 'tcp' | 'udp'; host: string; port: number }[];
  /**
   * Every record is one event of its codec and nothing else of the record is looked at: when nothing reads the source
   * fields, the engine may count or hand on lines without building events.
   */
  readonly plainRecords?: boolean;
  /** Its texts are lines cut from larger ones: see `toJson`. */
  readonly cutsLines?: boolean;
  /** False: a pipeline with it can not be reloaded (stdin). */
  readonly reloadable?: boolean;
  createIntake(options: OptionValues<O>, context: IntakeContext): Intake;
  createDecoder(options: OptionValues<O>, context: DecoderContext): Decoder;
}

// ---- filters ---------------------------------------------------------------------------------------------

export interface FilterContext extends PluginContext {
  /**
   * Applies add_field, remove_field, add_tag, remove_tag (Logstash's `filter_matched`). The engine does this
   * itself when `filter` returns true; for filters that decorate other events than the one they were given.
   */
  decorate(event: Event): void;
  /**
   * Fields whose text is a time, beside `@timestamp`: targets of the date filters before this one, as canonical
   * references. Ruby code sees timestamps in them.
   */
  readonly timeFields?: readonly string[];
}

export interface Filter {
  /**
   * One event. True = success: the common options are applied. Sets `event.cancelled` to drop it; `emit`s new
   * events, which continue *before* the original. Never throws on any JSON-like event. Exactly one of `filter` and
   * `filterBatch` is present.
   */
  filter?(event: Event, emit: (event: Event) => void): boolean;
  /**
   * Many events, for filters that wait (I/O, WebAssembly) or run under a time limit. Same rules; `emit` names the
   * index of the event before which the new one continues. Returns one byte an event: 1 = success.
   */
  filterBatch?(
    events: readonly Event[],
    emit: (event: Event, before: number) => void,
  ): Uint8Array | Promise<Uint8Array>;
  /** Every five seconds, and once with `final`. New events continue behind this filter. */
  flush?(emit: (event: Event) => void, final: boolean): void;
  close?(): void | Promise<void>;
}

export interface FilterPlugin<O extends Options = Options> extends Declaration<O> {
  readonly kind: 'filter';
  /** none: any worker; shared: its pipeline runs on one worker. A function may decide by the options. */
  readonly state?: 'none' | 'shared' | ((options: OptionValues<O>) => 'none' | 'shared');
  /** What it reads (sprintf in common options is known to the engine). Default: all. */
  readonly reads?: (options: OptionValues<O>) => FieldUse;
  /** Fields it may create, if known at load; events are built with room for them. */
  readonly writes?: (options: OptionValues<O>) => readonly string[];
  /** Puts pieces of texts, or texts put together, into fields (grok, gsub). */
  readonly cutsTexts?: boolean | ((options: OptionValues<O>) => boolean);
  /** May set `cancelled` or `emit`; left out means it never does (the compiler relies on it). */
  readonly changesCount?: boolean;
  create(options: OptionValues<O>, context: FilterContext): Filter | Promise<Filter>;
}

// ---- outputs ---------------------------------------------------------------------------------------------

/** What became of one event of a batch; events without a failure were accepted. */
export interface WriteFailure {
  /** Index in the batch given to `write`. */
  readonly index: number;
  readonly kind: 'retry' | 'reject';
  /** In words of the real error. */
  readonly reason: string;
  /** Milliseconds the receiver asked us to wait. */
  readonly retryAfter?: number;
}

/** Documents for Millrace's own event store: as `BulkRequest` in `store/store.ts`. */
interface DocumentBatch {
  /** UTF-8 JSON texts behind one another; the buffer belongs to the store afterwards. */
  readonly source: Uint8Array;
  /** Where each document ends; the same as the one before: none (delete). */
  readonly ends: Int32Array;
  /** One a document, or one for all of them. */
  readonly operations: readonly DocumentOperation[] | DocumentOperation;
  /** No items when every document was accepted, and otherwise no more than a status of those that were. */
  readonly onlyFailures?: boolean;
}

export interface DocumentOperation {
  readonly action: 'index' | 'create' | 'update' | 'delete';
  readonly index: string;
  readonly id?: string;
}

interface DocumentResult {
  readonly status: number;
  readonly error?: { readonly type: string; readonly reason: string };
}

/** The event store as outputs see it. */
export interface DocumentSink {
  /** Resolves when what was accepted is on disk and can be found. */
  bulk(
    batch: DocumentBatch,
  ): Promise<{ readonly errors: boolean; readonly items: readonly DocumentResult[] }>;
}

export interface OutputContext extends PluginContext {
  /** Millrace's own event store. Rejects with a sentence when this process has none. */
  store(): Promise<DocumentSink>;
  /** The output's codec. */
  readonly outputCodec: Codec;
  /** How many workers write side by side. */
  readonly workers: number;
  /**
   * Hands encoded events to the `pipeline` input of that address in this process. Resolves to true when they are in
   * its queue, to false when there is no such input now.
   */
  send(address: string, bytes: Uint8Array, ends: Int32Array): Promise<boolean>;
  /** Says in words what is wrong, shown in health; undefined clears it. */
  health(problem: string | undefined): void;
}

export interface Output {
  /** Bounds of the wait between tries after a failure, in milliseconds. Absent: 250 and 30,000. */
  readonly retryDelays?: { readonly initialMs: number; readonly maxMs: number };
  /**
   * Who ends a write that hangs. own: the output, which rejects. none: nobody, because it is right to wait (a full
   * queue, a stopped terminal). Absent: the engine aborts the signal of that write after `pipeline.delivery_timeout`.
   */
  readonly timeLimit?: 'own' | 'none';
  /** Each event is a request of its own: a server that was down is asked with one first. */
  readonly writesSingly?: boolean;
  /**
   * Connects, opens files. Called once before the first write; a rejection is retried by the engine with the
   * reason shown, unless its `code` is `ERR_CONFIG`.
   */
  open?(signal: AbortSignal): Promise<void>;
  /**
   * Delivers events in order. Returns the failures (nothing, an empty array: all accepted); throws if the whole
   * batch failed and may be tried again. Retries, back-off and dead letters are the engine's.
   */
  write(
    events: readonly Event[],
    signal: AbortSignal,
  ): WriteFailure[] | undefined | Promise<WriteFailure[] | undefined>;
  /**
   * Delivers `count` newline-terminated UTF-8 messages as they stand. Present only when writing an event would
   * write exactly its `message` and a newline (codec line, format `%{message}`): then no event is built.
   */
  writeLines?(bytes: Buffer, count: number, signal: AbortSignal): void | Promise<void>;
  flush?(): void | Promise<void>;
  /** Ends within two seconds even while blocked. May be called twice. */
  close(): Promise<void>;
}

export interface OutputPlugin<O extends Options = Options> extends Declaration<O> {
  readonly kind: 'output';
  readonly defaultCodec?: string;
  /** worker: every worker has its own instance; shared: the pipeline runs on one worker. */
  readonly concurrency?: 'worker' | 'shared' | ((options: OptionValues<O>) => 'worker' | 'shared');
  /** What it reads beside what its codec reads. Default: all. */
  readonly reads?: (options: OptionValues<O>) => FieldUse;
  /** False: it never encodes with its codec, `reads` is all it reads. */
  readonly usesCodec?: boolean;
  /** It does nothing with events (null): with nothing else looking at them, they are only counted. */
  readonly discards?: boolean;
  /**
   * Large writes and several under way at once serve it best, and the other side keeps them in their order. If all
   * outputs of a pipeline say so, a write has all events of a block, and a worker goes on with further blocks meanwhile
   * (with one worker it waits, as always).
   */
  readonly takesBlocks?: boolean;
  /**
   * It writes events as the JSON of all their fields, and takes `Event.text` for that. Answers with the fields that it
   * looks at beside, which it finds in `EventText.seen`; undefined: with these options it takes no text.
   */
  readonly takesText?: (options: OptionValues<O>) => readonly string[] | undefined;
  readonly binds?: (
    options: OptionValues<O>,
  ) => readonly { protocol: 'tcp' | 'udp'; host: string; port: number }[];
  create(options: OptionValues<O>, context: OutputContext): Output;
}

// ---- codecs ----------------------------------------------------------------------------------------------

export interface Codec {
  /**
   * Text codecs: name of the charset that records are in; `decode` then gets strings, already converted, with
   * invalid bytes replaced. Absent: `decode` gets bytes.
   */
  readonly charset?: string;
  /** Splits streams by itself at this text (line, json_lines, multiline). */
  readonly delimiter?: string;
  /** `decode` would make exactly one event `{ message: record }`; callers may do so themselves. */
  readonly wholeText?: boolean;
  /**
   * `decode` makes exactly one event, with the members as its fields, of a text that is a JSON object and has no more than
   * so many bytes; callers may do so themselves (`TextEvents`).
   */
  readonly jsonObjects?: number;
  /** Remembers earlier records of a sender (multiline): needs sticky routing and `fork` per sender. */
  readonly stateful?: boolean;
  /** Emits events with fields only; `@timestamp`, `@version` and the source are added by the input. */
  decode(record: string | Buffer, emit: (event: Event) => void): void;
  /** Emits what is held back. Without `final` only what is old enough (auto_flush_interval). */
  flush?(emit: (event: Event) => void, final: boolean): void;
  /** Anything held back? */
  readonly holding?: boolean;
  encode(event: Event): string | Buffer;
  /** True when `encode(event)` is the event's `message` and a newline. */
  readonly encodesMessageLine?: boolean;
  /** What `encode` reads; default all. */
  readonly reads?: FieldUse;
  fork?(): Codec;
}

export interface CodecPlugin<O extends Options = Options> extends Declaration<O> {
  readonly kind: 'codec';
  /** How the intake should frame streams for it, by its options; undefined: it does not split. */
  readonly delimiter?: (options: OptionValues<O>) => string | undefined;
  /** See `Codec.stateful`; known before an instance exists. */
  readonly stateful?: boolean;
  create(options: OptionValues<O>, context: PluginContext): Codec;
}

export type Plugin = InputPlugin<any> | FilterPlugin<any> | OutputPlugin<any> | CodecPlugin<any>;

/** Where plugins are found; made by the composition root, handed to language and engine. */
export interface Registry {
  /** Loads one plugin; undefined when there is none of that name. */
  load(kind: PluginKind, name: string): Promise<Plugin | undefined>;
  /** All names of a kind, for suggestions, lists and docs. */
  names(kind: PluginKind): readonly string[];
}

export const defineInput = <const O extends Options>(plugin: InputPlugin<O>): InputPlugin<O> => plugin;
export const defineFilter = <const O extends Options>(plugin: FilterPlugin<O>): FilterPlugin<O> => plugin;
export const defineOutput = <const O extends Options>(plugin: OutputPlugin<O>): OutputPlugin<O> => plugin;
export const defineCodec = <const O extends Options>(plugin: CodecPlugin<O>): CodecPlugin<O> => plugin;
