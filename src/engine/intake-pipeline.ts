/**
 * One pipeline in the intake thread: its inputs' framing halves, its queue, and the sending of blocks to workers.
 * A reload keeps the queue and every input whose socket options are the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import type { Logger } from '../kernel/logger.ts';
import type { NestedPlugin } from '../kernel/options.ts';
import type { CodecPlugin, InputPlugin, IntakeContext } from '../kernel/plugin.ts';
import type { GraphNode } from '../lang/graph.ts';
import { Admission } from '../queue/admission.ts';
import type { QueuedBlock } from '../queue/block-builder.ts';
import { PersistedQueue } from '../queue/persisted-queue.ts';
import type { Queue } from '../queue/queue.ts';
import type { SlabPool } from '../queue/slab-pool.ts';
import { keepsDeadLetters } from './dead-letters.ts';
import { Dispatcher, type DispatcherHost } from './dispatcher.ts';
import { IntakeWriter, type WriterHost, type WriterPlace } from './intake-writer.ts';
import type {
  Drops,
  FromIntake,
  HealthSeverity,
  IntakeToWorker,
  PipelineSpec,
  QueueState,
} from './messages.ts';
import type { Counters } from './metrics.ts';
import { bindTo, handOver, makeQueue, openQueue } from './pipeline-queue.ts';
import { pluginContext } from './plugin-context.ts';
import { QUEUE_NODE } from './problems.ts';
import { queueFolder } from './queue-folder.ts';
import { type RetiringHost, RetiringVersions } from './retiring-versions.ts';
import { Room, type RoomHost } from './room.ts';
import {
  closeInput,
  countersOf,
  type InputError,
  openInputs,
  placeOf,
  type RunningInput,
} from './running-input.ts';
import { sameSocket } from './same-socket.ts';
import { sentence } from './thread.ts';
import { tryUntilDone } from './try-until-done.ts';

/** `pipeline.shutdown_timeout`, in seconds. */
const SHUTDOWN_SECONDS = 3;
/** One record is at most this long; longer lines are cut. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

export interface IntakeHost {
  readonly pool: SlabPool;
  readonly logger: Logger;
  post(message: FromIntake): void;
  /** The thread's way to a worker, and which slabs that worker knows. */
  worker(index: number): WorkerLink | undefined;
  totals: IntakeContext['totals'];
  store: IntakeContext['store'];
  receive(address: string, handler: Parameters<IntakeContext['receive']>[1]): () => void;
}

export interface WorkerLink {
  readonly port: MessagePort;
  readonly slabs: Set<number>;
}

/** What a version needs to start: its plugins are loaded before. */
export interface LoadedSpec {
  readonly spec: PipelineSpec;
  readonly plugins: ReadonlyMap<string, InputPlugin<any>>;
  readonly codecs: ReadonlyMap<string, CodecPlugin>;
}

export class IntakePipeline implements WriterHost, DispatcherHost, RetiringHost, RoomHost {
  readonly id: string;
  readonly pool: SlabPool;
  readonly #host: IntakeHost;
  readonly #queue: Queue;
  readonly #admission: Admission;
  #loaded: LoadedSpec;
  counters: Counters;
  #inputs: RunningInput[] = [];
  readonly #dispatcher: Dispatcher;
  readonly #retiring: RetiringVersions;
  readonly #room: Room;
  /**
   * There was no room when blocks were due: they grow until there is. Cut one by one they would take a slab each for
   * the few records that came from senders who did not know yet.
   */
  #cutLater = false;
  /** What waited in the queue when it was opened. */
  #atStart = { events: 0, bytes: 0 };
  #lastProblem: string | undefined;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #ending = false;
  #ended = false;
  #keepTimer: NodeJS.Timeout | undefined;
  #running = false;
  /** Its queue, or then its inputs, could not be opened yet. */
  #late: AbortController | undefined;
  readonly #blockIds: { next: number };

  constructor(loaded: LoadedSpec, host: IntakeHost, blockIds: { next: number }) {
    this.id = loaded.spec.id;
    this.#loaded = loaded;
    this.#host = host;
    this.pool = host.pool;
    this.#blockIds = blockIds;
    this.counters = countersOf(loaded.spec);
    this.#queue = makeQueue(this.id, loaded.spec.settings, {
      pool: host.pool,
      nextBlockId: () => this.nextBlockId(),
      changed: () => {
        this.schedule();
        this.#room.check();
      },
      problem: (text) => this.#queueProblem(text),
      lost: (records, why) => host.logger.error({ pipeline: this.id, records }, `events lost: ${why}`),
    });
    this.#admission = new Admission(this.#queue, this);
    this.#room = new Room(this.#queue, this.#admission, this);
    this.#dispatcher = new Dispatcher(this.#queue, this);
    this.#retiring = new RetiringVersions(this);
  }

  // ---- what writers need ----

  get batchSize(): number {
    return this.#loaded.spec.settings.batchSize;
  }
  get countOnly(): boolean {
    // Another config may want to see what a persisted queue holds.
    return this.#loaded.spec.countOnly && this.#queue.type === 'memory';
  }
  get mayKeep(): boolean {
    return this.#loaded.spec.countOnly;
  }
  needsBytes(version: number): boolean {
    return version !== this.version || !this.#loaded.spec.countOnly;
  }
  get immediatelySafe(): boolean {
    return this.#queue.type === 'memory' && this.#loaded.spec.settings.queueMaxEvents === 0;
  }
  get hasRoom(): boolean {
    return !this.#room.isFull;
  }
  get mayGoOn(): boolean {
    return this.#room.mayGoOn;
  }
  get #wantsBlock(): boolean {
    return this.#queue.waitingBlocks === 0 && this.#dispatcher.hasCapacity;
  }
  get version(): number {
    return this.#loaded.spec.version;
  }
  /** Blocks at the workers at most. */
  get limit(): number {
    const { settings, threads } = this.#loaded.spec;
    return Math.max(settings.workers + threads.length, threads.length * 4);
  }
  nextBlockId(): number {
    return this.#blockIds.next++;
  }

  push(block: QueuedBlock, delimiter: Buffer): void {
    this.#admission.offer(block, delimiter);
    this.#room.pushed();
    this.schedule();
  }

  roomAgain(): void {
    if (this.#cutLater) this.#cutAll();
  }

  goOn(): void {
    for (const input of this.#inputs) input.writer.countWaiting();
  }

  /** Once a turn of the event loop: waking a worker costs more than most of what it then does. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#wantsBlock) for (const input of this.#inputs) input.writer.cutFull();
      this.#dispatch();
    });
  }

  arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#room.isFull) this.#cutLater = true;
      else this.#cutAll();
    }, this.#loaded.spec.settings.batchDelay);
  }

  whenRoom(): Promise<void> {
    return this.#room.wait();
  }

  whenSafe(callback: () => void): void {
    if (this.#admission.isEmpty) this.#queue.whenSafe(callback);
    else this.#admission.whenAdmitted(() => this.#queue.whenSafe(callback));
  }

  // ---- life ----

  get isRunning(): boolean {
    return this.#running;
  }

  /** Opens all inputs. On failure those opened are closed again and the error names the input. */
  async start(): Promise<void> {
    if (this.#queue instanceof PersistedQueue)
      try {
        await openQueue(this.#queue, this.#loaded.spec, this.#host.logger);
      } catch (error) {
        // What the system refuses may be mended. All else, such as another process that has the queue, is told at once.
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
        this.#running = true;
        void this.#startLate(this.#queue, error);
        return;
      }
    await this.#openInputs();
    this.#running = true;
    this.#checkFinished();
  }

  async #openInputs(): Promise<void> {
    this.#atStart = { events: this.#queue.unacknowledged, bytes: this.#queue.bytes };
    this.#room.check();
    this.#inputs = this.#loaded.spec.graph.inputs.map((node, index) =>
      this.#makeInput(node, this.#place(index), this.#loaded),
    );
    await openInputs(this.#inputs);
  }

  /** The queue can not be opened yet: the pipeline is there, and takes nothing in before it can. */
  async #startLate(queue: PersistedQueue, error: unknown): Promise<void> {
    const late = new AbortController();
    this.#late = late;
    this.#queueProblem(sentence(error));
    const opened = await tryUntilDone(
      () => openQueue(queue, this.#loaded.spec, this.#host.logger),
      (again) => this.#queueProblem(sentence(again)),
      late.signal,
    );
    if (!opened) return;
    this.#queueProblem(undefined);
    this.schedule();
    let failing: string | undefined;
    const started = await tryUntilDone(
      async () => {
        const loaded = this.#loaded;
        await this.#openInputs();
        // A reload came in between.
        if (loaded !== this.#loaded) await this.#reopenInputs();
        if (failing !== undefined) this.#health(failing, undefined);
      },
      (again) => {
        this.#inputs = [];
        const { node } = again as InputError;
        if (failing !== undefined) this.#health(failing, undefined);
        failing = node.id;
        this.#health(node.id, sentence(again), 'red');
        this.#host.logger.error({ pipeline: this.id, id: node.id }, `input ${node.name}: ${sentence(again)}`);
      },
      late.signal,
    );
    if (!started) return;
    this.#late = undefined;
    this.#checkFinished();
  }

  async #reopenInputs(): Promise<void> {
    await Promise.allSettled(this.#inputs.map((input) => closeInput(input)));
    await this.#openInputs();
  }

  #queueProblem(text: string | undefined): void {
    const { logger } = this.#host;
    const folder = queueFolder(this.id, this.#loaded.spec.settings);
    if (text === undefined) logger.info({ pipeline: this.id }, `the queue in ${folder} works again`);
    else if (text !== this.#lastProblem)
      logger.error(
        { pipeline: this.id },
        `the queue in ${folder} can not be used, nothing is taken in meanwhile: ${text}`,
      );
    this.#lastProblem = text;
    this.#health(
      QUEUE_NODE,
      text === undefined ? undefined : `the queue in ${folder} can not be used: ${text}`,
      'red',
    );
  }

  #place(input: number): WriterPlace {
    return placeOf(this.#loaded.spec, input, this.counters);
  }

  #makeInput(node: GraphNode, place: WriterPlace, loaded: LoadedSpec): RunningInput {
    const { spec, plugins, codecs } = loaded;
    const plugin = plugins.get(node.name)!;
    const codecSpec = node.options['codec'] as NestedPlugin | undefined;
    const codec = codecSpec && codecs.get(codecSpec.plugin);
    const lanes = codec?.stateful && spec.threads.length > 1 ? spec.threads.length : codec?.stateful ? 1 : 0;
    const delimiter = codec?.delimiter?.(codecSpec!.options as never);
    const writer = new IntakeWriter(
      place,
      this,
      lanes,
      delimiter === undefined ? undefined : Buffer.from(delimiter),
    );
    const abort = new AbortController();
    const base = pluginContext(node, { spec, counters: place.counters, logger: this.#host.logger, codecs });
    const context: IntakeContext = Object.create(base, {
      writer: { value: writer },
      delimiter: { value: delimiter === undefined ? undefined : Buffer.from(delimiter) },
      maxRecordBytes: { value: MAX_RECORD_BYTES },
      now: { value: Date.now },
      finished: {
        value: () => {
          input.finished = true;
          this.#checkFinished();
        },
      },
      health: { value: (problem: string | undefined) => this.#health(node.id, problem) },
      totals: { value: this.#host.totals },
      store: { value: this.#host.store },
      receive: { value: this.#host.receive },
    });
    const input: RunningInput = {
      node,
      plugin,
      intake: plugin.createIntake(node.options as never, context),
      writer,
      abort,
      finished: false,
    };
    return input;
  }

  /**
   * Takes over a new version. Inputs that listen on the same socket go on with the new options; the others are
   * closed, and new ones opened. If one can not be opened, the old version goes on and the error is thrown.
   */
  async reload(loaded: LoadedSpec): Promise<void> {
    const previous = this.#loaded;
    // It will start as this version.
    if (this.#late) {
      this.#loaded = loaded;
      this.counters = countersOf(loaded.spec);
      if (this.#queue instanceof PersistedQueue) this.#queue.rebind(bindTo(loaded.spec));
      this.#retire(previous.spec.version, previous.spec.threads);
      return;
    }
    const before = this.#inputs;
    const kept = new Map<RunningInput, GraphNode>();
    const wanted = loaded.spec.graph.inputs.map((node) => {
      const plugin = loaded.plugins.get(node.name)!;
      const same = before.find(
        (input) =>
          !kept.has(input) &&
          !input.finished &&
          input.intake.update !== undefined &&
          sameSocket(plugin, input.node, node),
      );
      if (same) kept.set(same, node);
      return { node, same };
    });
    const leaving = before.filter((input) => !kept.has(input));
    // A new input may want the port of a leaving one: close those first.
    await Promise.allSettled(leaving.map((input) => closeInput(input)));
    const counters = countersOf(loaded.spec);
    const place = (input: number): WriterPlace => placeOf(loaded.spec, input, counters);
    const inputs = wanted.map(({ node, same }, index) => same ?? this.#makeInput(node, place(index), loaded));
    try {
      await openInputs(inputs.filter((input) => !before.includes(input)));
    } catch (error) {
      this.#retire(loaded.spec.version, loaded.spec.threads);
      this.#inputs = before.map((input, index) =>
        kept.has(input) ? input : this.#makeInput(input.node, this.#place(index), previous),
      );
      await openInputs(this.#inputs.filter((input) => !before.includes(input))).catch((again: unknown) =>
        this.#host.logger.error({ pipeline: this.id }, `input could not be opened again: ${sentence(again)}`),
      );
      throw error;
    }
    this.#cutAll();
    this.#loaded = loaded;
    this.counters = counters;
    this.#inputs = inputs;
    for (const [index, { node, same }] of wanted.entries()) {
      if (!same) continue;
      same.writer.moveTo(place(index));
      same.node = node;
      same.intake.update!(node.options);
    }
    if (this.#queue instanceof PersistedQueue)
      handOver(this.#queue, this.#admission, previous.spec, loaded.spec, this.#host.logger);
    const bind = bindTo(loaded.spec);
    const allBound = previous.spec.graph.inputs.every(({ id, name }) => bind({ node: id, plugin: name }));
    this.#retire(previous.spec.version, previous.spec.threads, allBound && 'leave');
    this.#checkFinished();
  }

  /**
   * Stops intake, delivers what is queued, or keeps it if the queue is persisted, and says `ended`. `removed`: nobody
   * will mend its outputs any more, so that one that fails is not waited for.
   */
  async stop(removed = false): Promise<void> {
    const keep = this.#queue.type === 'persisted' && this.#loaded.spec.settings.all['queue.drain'] !== true;
    await this.#end(keep, removed);
  }

  async #end(keep: boolean, removed = false): Promise<void> {
    if (this.#ending) {
      if (keep) this.#keep();
      return;
    }
    this.#ending = true;
    this.#late?.abort();
    const closing = Promise.allSettled(this.#inputs.map((input) => closeInput(input)));
    // An input that does not close shall not cost the queue its orderly end.
    await (keep ? Promise.race([closing, sleep(this.#shutdownMs)]) : closing);
    this.#cutAll();
    if (keep) this.#keep();
    // What an output does not take goes back into a queue that is kept.
    const { version, threads } = this.#loaded.spec;
    const seconds = this.#shutdownMs / 1000;
    this.#retire(version, threads, keep ? 'leave' : removed && { type: 'give up', version, seconds });
  }

  /** What waits stays for the next start; what is at the workers gets a moment. */
  #keep(): void {
    this.#admission.drainAll();
    this.#queue.keep();
    this.#keepTimer ??= setTimeout(() => void this.#finish(), this.#shutdownMs);
    this.#retiring.tell();
  }

  /** How long blocks at the workers may take to be delivered when the queue keeps what waits. */
  get #shutdownMs(): number {
    const seconds = this.#loaded.spec.settings.all['pipeline.shutdown_timeout'] as number | undefined;
    return (seconds ?? SHUTDOWN_SECONDS) * 1000;
  }

  async #finish(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#keepTimer);
    this.#room.close();
    await this.#queue.close();
    const { version } = this.#loaded.spec;
    const left = this.#queue.type === 'persisted' ? this.#queue.unacknowledged : 0;
    this.#host.post({ type: 'ended', id: this.id, version, left });
  }

  #checkFinished(): void {
    if (this.#inputs.length === 0 || this.#ending || !this.#inputs.every((input) => input.finished)) return;
    // Inputs that have ended by themselves: all they said is delivered.
    void this.#end(false);
  }

  #cutAll(): void {
    this.#cutLater = false;
    for (const input of this.#inputs) input.writer.cut();
  }

  // ---- workers ----

  #dispatch(): void {
    this.#dispatcher.dispatch();
    this.#retiring.tell();
  }

  /** A worker has delivered a block. */
  done(id: number): boolean {
    const block = this.#dispatcher.done(id);
    if (!block) return false;
    this.#room.delivered();
    if (this.#queue.acknowledge(block)) {
      if (block.slab) this.pool.give(block.slab);
      if (block.pieces) this.pool.letGo(block.pieces);
    }
    const whole = this.#admission.delivered(id);
    if (whole !== undefined) for (const input of this.#inputs) input.writer.acknowledged(whole);
    this.schedule();
    this.#room.check();
    return true;
  }

  /** A worker died: what it had waits again. */
  workerLost(index: number): void {
    for (const { block, kept } of this.#dispatcher.workerLost(index)) {
      this.#host.logger.error(
        { pipeline: this.id, records: block.count, peers: block.peers.slice(0, 3).map((peer) => peer.key) },
        `events ${kept ? 'go to the dead letter queue' : 'lost'}: a worker thread ended three times while it worked on them; the config or a plugin can not take them`,
      );
      if (!kept) this.done(block.id);
    }
    this.#retiring.workerLost(index);
  }

  worker(index: number): WorkerLink | undefined {
    return this.#host.worker(index);
  }

  threadsOf(block: QueuedBlock): readonly number[] {
    return this.#retiring.threadsOf(block.version) ?? this.#loaded.spec.threads;
  }

  get keepsDeadLetters(): boolean {
    return keepsDeadLetters(this.#loaded.spec.settings);
  }

  workerReady(index: number): void {
    this.#retiring.workerReady(index);
    this.#dispatch();
  }

  tell(index: number, message: IntakeToWorker): boolean {
    const link = this.#host.worker(index);
    link?.port.postMessage(message);
    return link !== undefined;
  }

  /** `leave`: what it can not deliver is returned. */
  #retire(
    version: number,
    threads: readonly number[],
    farewell: IntakeToWorker | 'leave' | false = false,
  ): void {
    this.#retiring.add(
      version,
      threads,
      farewell === 'leave' ? { type: 'leave', version } : farewell || undefined,
    );
    this.#dispatch();
  }

  /** An old version has an output that fails: what it could not deliver, and what waits for it, goes to the new one. */
  returned(ids: readonly number[]): void {
    const bind = bindTo(this.#loaded.spec);
    // The oldest is put before all others last.
    const blocks = ids.toSorted((a, b) => b - a).filter((id) => this.#dispatcher.returned(id, bind));
    this.#queue.rebind(bind);
    this.#admission.rebind(bind);
    if (blocks.length > 0 && !this.#ending)
      this.#host.logger.info(
        { pipeline: this.id, blocks: blocks.length },
        'blocks that an output of the old version could not deliver are worked on by the new version',
      );
    this.schedule();
  }

  waits(version: number): boolean {
    return this.#queue.waits(version) || this.#admission.waits(version);
  }

  /** All workers are through with a version. */
  retired(version: number): void {
    this.#host.post({ type: 'retired', id: this.id, version });
    if (this.#ending && this.#retiring.size === 0) void this.#finish();
  }

  /** A worker is. */
  finished(version: number, worker: number): void {
    this.#retiring.finished(version, worker);
  }

  // ---- looking in ----

  #health(node: string, problem: string | undefined, severity?: HealthSeverity): void {
    const { version } = this.#loaded.spec;
    this.#host.post({ type: 'health', id: this.id, version, node, problem, severity, since: Date.now() });
  }

  state(): QueueState {
    const drops: Record<string, Drops> = {};
    for (const { node, writer } of this.#inputs) {
      writer.countWaiting();
      if (writer.drops.events > 0) drops[node.id] = writer.drops.counts();
    }
    const { unacknowledged: events, bytes } = this.#queue;
    return {
      type: this.#queue.type,
      events,
      bytes,
      maxBytes: this.#queue.maxBytes,
      inFlight: this.#dispatcher.inFlight,
      fullSince: this.#room.fullSince,
      growth: { events: events - this.#atStart.events, bytes: bytes - this.#atStart.bytes },
      drops,
    };
  }
}
