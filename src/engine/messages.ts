/** What the threads say to each other. Plain data: everything here passes structured clone. */
import type { MessagePort } from 'node:worker_threads';
import type { EscapeStyle } from '../event/field-reference.ts';
import type { EcsMode, FieldUse, Peer, PipelineTotals } from '../kernel/plugin.ts';
import type { PipelineGraph } from '../lang/graph.ts';

/** Settings of one pipeline that the threads need. */
export interface PipelineSettings {
  readonly workers: number;
  readonly batchSize: number;
  /** Milliseconds. */
  readonly batchDelay: number;
  readonly ecs: EcsMode;
  readonly dataPath: string;
  readonly queueType: 'memory' | 'persisted';
  readonly queueMaxEvents: number;
  /** Every setting by its name, for plugins. */
  readonly all: Readonly<Record<string, unknown>>;
}

/** One version of a pipeline, as it is loaded into threads. */
export interface PipelineSpec {
  readonly id: string;
  /** Counts up with every reload, over all pipelines: it names the compiled function. */
  readonly version: number;
  /** Options packed (`lang/pack.ts`). */
  readonly graph: PipelineGraph;
  readonly settings: PipelineSettings;
  /** Indexes of the worker threads that work on it. */
  readonly threads: readonly number[];
  /** What decoders must build. */
  readonly needs: FieldUse;
  /** Fields at the top that filters may add. */
  readonly room: readonly string[];
  /** Events hold texts that V8 has in pieces: lines of a block, captures of a pattern, filled templates. */
  readonly cutTexts: boolean;
  /** Nothing looks at events at all: they are only counted. */
  readonly countOnly: boolean;
  /** Output index that takes the lines of blocks as they stand; undefined: events are built. */
  readonly passThrough: boolean;
  /** Outputs take the JSON text of events, and look at these fields at the top; undefined: events are built. */
  readonly textFields: readonly string[] | undefined;
  /** Outputs get all events of a block in one write. */
  readonly wholeBlocks: boolean;
  /** Blocks worked on at once in each of the threads. */
  readonly blocksAtOnce: number;
}

/** Handed to every thread when it starts. */
export interface ThreadData {
  readonly role: 'intake' | 'worker';
  readonly index: number;
  readonly escapeStyle: EscapeStyle;
  /** URL of the module that exports `registry`. */
  readonly registry: string;
  readonly logging: {
    /** One byte: index in `levels`; shared, so that it can be changed while all threads run. */
    readonly level: SharedArrayBuffer;
    readonly format: 'plain' | 'json';
    readonly file: string | undefined;
  };
}

/** Counters of one pipeline version in one thread: shared memory, laid out by `metrics.ts`. */
export interface CounterRegion {
  readonly buffer: SharedArrayBuffer;
  /** Named counters of plugins: node id, name, slot. */
  readonly named: readonly (readonly [string, string, number])[];
}

export type ToIntake =
  | StoreAnswer
  | { readonly type: 'worker'; readonly index: number; readonly port: MessagePort }
  | { readonly type: 'worker lost'; readonly index: number }
  | { readonly type: 'start'; readonly spec: PipelineSpec }
  | { readonly type: 'reload'; readonly spec: PipelineSpec }
  /** `removed`: it is not in the config any more. */
  | { readonly type: 'stop'; readonly id: string; readonly removed: boolean }
  | { readonly type: 'queues'; readonly token: number }
  | { readonly type: 'totals'; readonly token: number; readonly totals: PipelineTotals | undefined };

/** A thread has counters that its region did not name yet. */
export interface NewNames {
  readonly type: 'named';
  readonly id: string;
  readonly version: number;
  readonly named: CounterRegion['named'];
}

export type FromIntake =
  /** It wants a port to the event store. */
  | { readonly type: 'store' }
  | { readonly type: 'ready' }
  | NewNames
  | {
      readonly type: 'started';
      readonly id: string;
      readonly version: number;
      readonly counters: CounterRegion;
    }
  | {
      readonly type: 'failed';
      readonly id: string;
      readonly version: number;
      readonly node: string;
      readonly error: string;
      readonly code: string;
    }
  | { readonly type: 'retired'; readonly id: string; readonly version: number }
  /** `left`: events that stay in its queue. */
  | { readonly type: 'ended'; readonly id: string; readonly version: number; readonly left: number }
  | Health
  | { readonly type: 'totals'; readonly token: number; readonly id: string }
  | {
      readonly type: 'queues';
      readonly token: number;
      readonly queues: Readonly<Record<string, QueueState>>;
    };

export interface QueueState {
  readonly type: 'memory' | 'persisted';
  readonly events: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly inFlight: number;
  /** Milliseconds since the epoch when there was no more room, if that is so without a break. */
  readonly fullSince: number | undefined;
  /** What has come to those that were there when the pipeline started; negative: there are fewer. */
  readonly growth: { readonly events: number; readonly bytes: number };
  /** Of inputs that found no room and had to drop, by their node id. */
  readonly drops: Readonly<Record<string, Drops>>;
}

/** What an input had to drop, since it was opened. */
export interface Drops {
  readonly events: number;
  /** Senders; many of them are counted together, as "other". */
  readonly by_source: Readonly<Record<string, number>>;
  readonly by_reason: Readonly<Record<string, number>>;
}

export type HealthSeverity = 'yellow' | 'red';

export interface Health {
  readonly type: 'health';
  readonly id: string;
  readonly version: number;
  readonly node: string;
  readonly problem: string | undefined;
  /** Yellow unless given. */
  readonly severity?: HealthSeverity | undefined;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Samples of events at a node are wanted. */
export interface TapRequest {
  readonly token: number;
  /** The pipeline. */
  readonly id: string;
  /** Empty: the whole pipeline, from its inputs to its outputs. */
  readonly node: string;
  /** Samples a second at most, of all workers together. */
  readonly rate: number;
  /** Every event while the rate allows. */
  readonly all?: true;
  /** Milliseconds since the epoch: workers forget it then by themselves. */
  readonly until: number;
}

/** An event at a node. Texts are of the internal encoding (`event/event-encoding.ts`). */
export interface EventSample {
  readonly at: number;
  /** Undefined: it was made there. */
  readonly before?: string;
  /** Empty: it was dropped. */
  readonly after: readonly string[];
  /** Further ones that came out. */
  readonly more?: number;
}

/** The answer to a thread that asked for the event store; no port: there is none. */
export interface StoreAnswer {
  readonly type: 'store';
  readonly port: MessagePort | undefined;
  /** Why the one there should be can not be opened. */
  readonly problem: string | undefined;
}

export type ToWorker =
  | StoreAnswer
  | { readonly type: 'tap'; readonly request: TapRequest }
  | { readonly type: 'untap'; readonly token: number }
  | { readonly type: 'intake'; readonly port: MessagePort }
  | { readonly type: 'load'; readonly spec: PipelineSpec }
  | { readonly type: 'print'; readonly token: number; readonly version: number };

export type FromWorker =
  /** It wants a port to the event store. */
  | { readonly type: 'store' }
  | { readonly type: 'ready' }
  | NewNames
  | {
      readonly type: 'loaded';
      readonly id: string;
      readonly version: number;
      readonly counters: CounterRegion;
      readonly source: string;
    }
  | {
      readonly type: 'failed';
      readonly id: string;
      readonly version: number;
      readonly node: string;
      readonly error: string;
    }
  | { readonly type: 'unloaded'; readonly id: string; readonly version: number }
  | { readonly type: 'tapped'; readonly token: number; readonly samples: readonly EventSample[] }
  | Health;

/** Intake → worker. */
export type BlockMessage = {
  readonly version: number;
  readonly block: number;
  readonly input: number;
  readonly receivedAt: number;
  readonly count: number;
  readonly length: number;
  /** 0: no bytes. */
  readonly slab: number;
  /** Sent once per slab and worker. */
  readonly buffer: SharedArrayBuffer | undefined;
  readonly runs: Int32Array;
  readonly peers: readonly Peer[];
  /** Why it is not to be worked on, but kept in the dead letter queue. */
  readonly dead?: string | undefined;
};
export type IntakeToWorker =
  /** A newer version runs: what an output of this one can not deliver is to be returned. */
  | { readonly type: 'leave'; readonly version: number }
  /** The pipeline is not in the config any more: an output that fails for so many seconds gets no more tries. */
  | { readonly type: 'give up'; readonly version: number; readonly seconds: number }
  | { readonly type: 'blocks'; readonly blocks: readonly BlockMessage[] }
  /** The intake has dropped this slab. */
  | { readonly type: 'forget'; readonly slab: number }
  | { readonly type: 'retire'; readonly version: number }
  | { readonly type: 'sent'; readonly token: number; readonly accepted: boolean };

/** Worker → intake. */
export type WorkerToIntake =
  | { readonly type: 'done'; readonly blocks: readonly number[] }
  | { readonly type: 'returned'; readonly version: number; readonly blocks: readonly number[] }
  | { readonly type: 'retired'; readonly version: number }
  | {
      readonly type: 'send';
      readonly token: number;
      readonly address: string;
      readonly bytes: Uint8Array;
      readonly ends: Int32Array;
    };
