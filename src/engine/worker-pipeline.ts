/**
 * One version of a pipeline in one worker thread: decodes blocks, runs the compiled filters, delivers to the
 * outputs, and says when a block is done.
 */
import { isUtf8 } from 'node:buffer';
import type { Event } from '../kernel/event-types.ts';
import type { Logger } from '../kernel/logger.ts';
import type { NestedPlugin } from '../kernel/options.ts';
import {
  type Block,
  type Decoder,
  type DocumentSink,
  type Filter,
  type FilterPlugin,
  type Registry,
  RunKind,
} from '../kernel/plugin.ts';
import { type CompiledPipeline, compilePipeline } from '../lang/compile.ts';
import type { GraphNode, PipelineGraph } from '../lang/graph.ts';
import { branchesOf, pluginNodes } from '../lang/graph-walk.ts';
import { BusyTime } from './busy-time.ts';
import { clockMillis } from './clock-cost.ts';
import { DeadLetters } from './dead-letters.ts';
import type { Delivery } from './delivery.ts';
import { makeDecoder } from './make-decoder.ts';
import { inNode, makeDelivery } from './make-delivery.ts';
import { makeFilter } from './make-filter.ts';
import type { BlockMessage, EventSample, HealthSeverity, PipelineSpec, TapRequest } from './messages.ts';
import { Counters, PipelineSlot, SLOTS_PER_NODE, Slot } from './metrics.ts';
import { type ContextParts, codecNames } from './plugin-context.ts';
import { rawEvents } from './raw-events.ts';
import { Taps } from './taps.ts';
import { loadCodecs, sentence } from './thread.ts';

/** So long an output of an old version may fail before its blocks go to the new one. */
const FAILING_SECONDS = 2;

/** Filters are timed in one batch of so many, and in the first after so many milliseconds. */
const TIMED_EVERY = 64;
const TIMED_AFTER_MS = 100;

export interface WorkerHost {
  readonly registry: Registry;
  readonly logger: Logger;
  health(node: string, problem: string | undefined, severity?: HealthSeverity): void;
  /** The intake may forget the block. */
  done(block: number): void;
  /** This version can not deliver these blocks: another one shall. */
  returned(blocks: readonly number[]): void;
  send(address: string, bytes: Uint8Array, ends: Int32Array): Promise<boolean>;
  /** Rejects with a sentence when there is no event store. */
  store(): Promise<DocumentSink>;
}

/** A block on its way: the message and its bytes. */
export interface ReceivedBlock {
  readonly message: BlockMessage;
  readonly bytes: Buffer;
}

export class WorkerPipeline {
  readonly spec: PipelineSpec;
  readonly counters: Counters;
  readonly source: string;
  readonly #host: WorkerHost;
  readonly #decoders: readonly Decoder[];
  /** Index of the first output among the nodes. */
  readonly #firstOutput: number;
  readonly #compiled: CompiledPipeline;
  readonly #deliveries: readonly Delivery[];
  /** Undefined: what can not be delivered is counted and dropped. */
  readonly #deadLetters: DeadLetters | undefined;
  readonly #filters: readonly Filter[];
  #waiting: ReceivedBlock[] = [];
  /** Blocks that are worked on. */
  readonly #working = new Set<number>();
  /** Of blocks: how many are worked on, and for how long. */
  readonly #busy: BusyTime;
  /** Of each output. */
  readonly #writing: readonly BusyTime[];
  #batches = 0;
  #timedAt = 0;
  /** Events since the last batch that was timed. */
  #untimed = 0;
  /** Blocks of which a decoder still holds bytes: not acknowledged before those are delivered. */
  #held: number[] = [];
  readonly #pending = new Set<Promise<void>>();
  /** A newer version runs: for so many seconds in a row an output of this one has failed meanwhile. */
  #leaving: number | undefined;
  #abandoned: Promise<void> | undefined;
  /** The pipeline is not wanted any more: seconds that an output may fail, and for how many each has failed. */
  #givingUp: { readonly after: number; readonly failing: number[] } | undefined;
  /** Undefined: nobody looks at events. */
  #taps: Taps | undefined;

  private constructor(
    spec: PipelineSpec,
    host: WorkerHost,
    counters: Counters,
    parts: {
      decoders: Decoder[];
      compiled: CompiledPipeline;
      deliveries: Delivery[];
      filters: Filter[];
      deadLetters: DeadLetters | undefined;
    },
  ) {
    this.spec = spec;
    this.#host = host;
    this.counters = counters;
    this.#decoders = parts.decoders;
    this.#compiled = parts.compiled;
    this.#deliveries = parts.deliveries;
    this.#deadLetters = parts.deadLetters;
    this.#filters = parts.filters;
    this.source = parts.compiled.source;
    this.#busy = new BusyTime(counters.values, counters.slotOfPipeline(PipelineSlot.millis));
    this.#firstOutput = pluginNodes(spec.graph).length - parts.deliveries.length;
    this.#writing = parts.deliveries.map(
      (_, index) => new BusyTime(counters.values, (this.#firstOutput + index) * SLOTS_PER_NODE + Slot.millis),
    );
  }

  /** Makes every plugin, compiles, opens the outputs. @throws with the node's id in `node` */
  static async load(spec: PipelineSpec, host: WorkerHost): Promise<WorkerPipeline> {
    const pipeline = await WorkerPipeline.make(spec, host);
    const outputs = outputsOf(spec.graph);
    for (const [index, delivery] of pipeline.#deliveries.entries()) {
      await inNode(outputs[index]!, () => delivery.open());
    }
    return pipeline;
  }

  /** Makes every plugin and compiles. @throws with the node's id in `node` */
  static async make(spec: PipelineSpec, host: WorkerHost): Promise<WorkerPipeline> {
    const { graph } = spec;
    const nodes = pluginNodes(graph);
    const counters = new Counters(nodes.length);
    const deadLetters = DeadLetters.of(spec, counters, host);
    const codecs = await loadCodecs(host.registry, codecNames(nodes));
    const parts: ContextParts & { readonly spec: PipelineSpec } = {
      spec,
      counters,
      logger: host.logger,
      codecs,
    };
    const filters = new Map<string, { plugin: FilterPlugin; filter: Filter }>();
    /** Targets of the date filters so far. */
    const timeFields: string[] = [];
    const deliveries: Delivery[] = [];
    const decoders: Decoder[] = [];
    for (const node of nodes) {
      if (node.kind === 'filter')
        filters.set(node.id, await makeFilter(node, parts, host.registry, timeFields));
      else if (node.kind === 'output') {
        deliveries.push(
          await inNode(node, () => makeDelivery(node, parts, host, nodes.indexOf(node), deadLetters)),
        );
      } else decoders.push(await makeDecoder(node, parts, host.registry, spec));
    }
    const filterBranches = new Set(branchesOf(graph.filters).map((branch) => branch.id));
    const compiled = compilePipeline({
      graph,
      filters,
      outputs: deliveries.length,
      onConditionError: (branch, message, event) => {
        counters.addToPipeline(PipelineSlot.conditionErrors, 1);
        if (filterBranches.has(branch)) counters.addToPipeline(PipelineSlot.conditionDrops, 1);
        const fate = deadLetters ? 'goes to the dead letter queue' : 'is dropped';
        host.logger.warn(
          { pipeline: spec.id, branch },
          `event ${fate}, a condition could not be evaluated: ${message}`,
        );
        deadLetters?.conditionFailed(event, `condition could not be evaluated: ${message}`);
      },
      onFilterError: (id, error) =>
        host.logger.error(
          { pipeline: spec.id, id },
          `filter failed, event tagged _filter_exception: ${sentence(error)}`,
        ),
    });
    return new WorkerPipeline(spec, host, counters, {
      decoders,
      compiled,
      deliveries,
      deadLetters,
      filters: [...filters.values()].map(({ filter }) => filter),
    });
  }

  /** A block from the intake: worked on now, or when one before it is done. */
  take(block: ReceivedBlock): void {
    if (this.#abandoned) this.#host.returned([block.message.block]);
    else if (this.#busy.active >= this.spec.blocksAtOnce) this.#waiting.push(block);
    else this.#work(block);
  }

  #work(block: ReceivedBlock): void {
    this.#busy.begin(performance.now());
    this.#working.add(block.message.block);
    let result: Promise<void> | undefined;
    const { dead } = block.message;
    try {
      result = dead === undefined ? this.#process(block) : this.#bury(block, dead);
    } catch (error) {
      result = this.#failed(block, error);
    }
    if (!result) {
      this.#finished(block);
      return;
    }
    this.#track(
      result
        .catch((error: unknown) => {
          if (this.#abandoned) throw error;
          return this.#failed(block, error);
        })
        .then(() => this.#finished(block)),
    );
  }

  /** A decoder, codec or filter broke its promise not to throw. Trying the block again would do the same. */
  #failed(block: ReceivedBlock, error: unknown): Promise<void> | undefined {
    const reason = `a block could not be processed: ${sentence(error)}`;
    const fate = this.#deadLetters ? 'kept in the dead letter queue' : 'lost';
    const { count } = block.message;
    this.#host.logger.error({ pipeline: this.spec.id, records: count }, `events ${fate}: ${reason}`);
    return this.#bury(block, reason);
  }

  /** The records of a block, as they came, go to the dead letter queue. */
  #bury({ message, bytes }: ReceivedBlock, reason: string): Promise<void> | undefined {
    const node = this.spec.graph.inputs[message.input]!;
    const codec = node.options['codec'] as NestedPlugin | undefined;
    const delimiter = String(codec?.options['delimiter'] ?? '\n');
    return this.#deadLetters?.unprocessed(node, rawEvents(message, bytes, delimiter), reason);
  }

  /** Remembers a promise until it is settled; a rejection means that the pipeline was closed meanwhile. */
  #track(promise: Promise<void>): void {
    const settled: Promise<void> = promise.catch((error: unknown) => {
      this.#host.logger.debug({ pipeline: this.spec.id }, `not delivered: ${sentence(error)}`);
    });
    this.#pending.add(settled);
    void settled.then(() => this.#pending.delete(settled));
  }

  #finished(block: ReceivedBlock): void {
    this.#busy.end(performance.now());
    this.#working.delete(block.message.block);
    this.#release(block.message.block);
    const next = this.#waiting.shift();
    if (next) this.#work(next);
  }

  /** Acknowledges a block, unless a decoder still holds bytes of it; then when that is over. */
  #release(id: number): void {
    if (!this.#isHeld(id)) this.#host.done(id);
    else this.#held.push(id);
  }

  #isHeld(id: number): boolean {
    for (const decoder of this.#decoders) if (decoder.holds?.(id)) return true;
    return false;
  }

  /** Held blocks that are free now: to be acknowledged once `delivery` of what they gave is through. */
  #freed(): number[] {
    if (this.#held.length === 0) return this.#held;
    const freed = this.#held.filter((id) => !this.#isHeld(id));
    if (freed.length > 0) this.#held = this.#held.filter((id) => this.#isHeld(id));
    return freed;
  }

  #process({ message, bytes }: ReceivedBlock): Promise<void> | undefined {
    const { values } = this.counters;
    const { count, input } = message;
    const tapped = this.#taps?.due(performance.now()) === true;
    // What was sent to be counted has no records to look at, even if somebody wants to.
    if (this.spec.countOnly && (!tapped || message.runs.length === 0)) return this.#countOnly(input, count);
    if (this.spec.passThrough && !tapped && this.#linesOnly(message) && isUtf8(bytes))
      return this.#passThrough(input, bytes, count);
    const events: Event[] = [];
    const block: Block = {
      id: message.block,
      receivedAt: message.receivedAt,
      count,
      bytes,
      peers: message.peers,
      runs: message.runs,
    };
    const emit = (event: Event): void => {
      events.push(event);
    };
    const began = performance.now();
    this.#decoders[input]!.decode(block, emit);
    values[input * SLOTS_PER_NODE + Slot.millis]! += performance.now() - began;
    values[input * SLOTS_PER_NODE + Slot.out]! += events.length;
    if (tapped) this.#taps!.decoded(this.spec.graph.inputs[input]!.id, events);
    return this.#afterDecode(events);
  }

  /** Runs and delivers; acknowledges held blocks that were freed by this. */
  #afterDecode(events: Event[]): Promise<void> | undefined {
    const freed = this.#freed();
    const result = this.#runAll(events);
    if (freed.length === 0) return result;
    if (!result) {
      for (const id of freed) this.#host.done(id);
      return undefined;
    }
    return result.then(
      () => {
        for (const id of freed) this.#host.done(id);
      },
      (error: unknown) => {
        this.#held.push(...freed);
        throw error;
      },
    );
  }

  /** In batches of at most `pipeline.batch.size`. */
  #runAll(events: Event[]): Promise<void> | undefined {
    const size = this.spec.settings.batchSize;
    if (events.length <= size) return events.length === 0 ? undefined : this.#run(events);
    // Somebody who looks at an output sees each batch once.
    if (this.spec.wholeBlocks && this.#taps?.wants !== true) {
      const outputs = this.#noEvents();
      const running = this.#eachBatch(events, (batch) => this.#filter(batch, outputs));
      return running ? running.then(() => this.#deliver(outputs)) : this.#deliver(outputs);
    }
    return this.#eachBatch(events, (batch) => this.#run(batch));
  }

  /** One batch behind the other: order within a block is kept. */
  #eachBatch(events: Event[], work: (batch: Event[]) => void | Promise<void>): Promise<void> | undefined {
    const size = this.spec.settings.batchSize;
    let result: Promise<void> | undefined;
    for (let start = 0; start < events.length; start += size) {
      const batch = events.slice(start, start + size);
      result = result ? result.then(() => work(batch)) : work(batch) || undefined;
    }
    return result;
  }

  #run(events: Event[]): Promise<void> | undefined {
    const outputs = this.#noEvents();
    const running = this.#filter(events, outputs);
    return running ? running.then(() => this.#deliver(outputs)) : this.#deliver(outputs);
  }

  #noEvents(): Event[][] {
    const outputs: Event[][] = [];
    for (let index = 0; index < this.#deliveries.length; index++) outputs.push([]);
    return outputs;
  }

  /** Runs the compiled function over a batch: what is left of it is added to `outputs`. */
  #filter(events: Event[], outputs: Event[][]): void | Promise<void> {
    this.#countBatch(events.length);
    const isTimed = this.#isTimed(events.length);
    return this.#taps?.wants === true
      ? this.#taps.run(events, outputs, this.counters.values)
      : isTimed
        ? this.#runTimed(events, outputs)
        : this.#compiled.run(events, outputs, this.counters.values);
  }

  #countBatch(events: number): void {
    this.counters.addToPipeline(PipelineSlot.in, events);
    this.counters.addToPipeline(PipelineSlot.batches, 1);
  }

  #isTimed(events: number): boolean {
    if (this.#filters.length === 0) return false;
    this.#untimed += events;
    return ++this.#batches % TIMED_EVERY === 0 || this.#busy.since > this.#timedAt + TIMED_AFTER_MS;
  }

  /** Times every filter. What it finds stands for all events since the last time. */
  #runTimed(events: Event[], outputs: Event[][]): Promise<void> | undefined {
    const { values } = this.counters;
    const weight = this.#untimed / events.length;
    this.#untimed = 0;
    this.#timedAt = this.#busy.since;
    const measured = new Float64Array(values.length);
    const add = (): void => {
      for (
        let at = 0;
        at < (this.#firstOutput + this.#deliveries.length) * SLOTS_PER_NODE;
        at += SLOTS_PER_NODE
      ) {
        const entered = measured[at + Slot.in]!;
        values[at + Slot.in]! += entered;
        values[at + Slot.out]! += measured[at + Slot.out]!;
        values[at + Slot.millis]! +=
          Math.max(0, measured[at + Slot.millis]! - entered * clockMillis()) * weight;
      }
    };
    const running = this.#compiled.runTimed(events, outputs, measured);
    if (running) return running.finally(add);
    add();
    return undefined;
  }

  /** `born`: of a flush, without a block. */
  #deliver(outputs: Event[][], born = false): Promise<void> | undefined {
    let waiting: Promise<void>[] | undefined;
    let now = performance.now();
    for (let index = 0; index < outputs.length; index++) {
      const events = outputs[index]!;
      if (events.length === 0) continue;
      const writing = this.#writing[index]!;
      writing.begin(now);
      let result = this.#deliveries[index]!.write(events);
      now = performance.now();
      if (result && born) result = result.catch((error: unknown) => this.#orphaned(index, events, error));
      if (result) (waiting ??= []).push(writing.until(result));
      else writing.end(now);
    }
    const kept = this.#deadLetters?.settled();
    if (kept) (waiting ??= []).push(kept);
    if (!waiting) return undefined;
    return waiting.length === 1 ? waiting[0] : Promise.all(waiting).then(() => undefined);
  }

  #linesOnly({ runs }: BlockMessage): boolean {
    for (let at = 0; at < runs.length; at += 4) if (runs[at] !== RunKind.lines) return false;
    return true;
  }

  #countOnly(input: number, count: number): undefined {
    const { values } = this.counters;
    values[input * SLOTS_PER_NODE + Slot.out]! += count;
    this.#countBatch(count);
    for (let index = 0; index < this.#deliveries.length; index++) {
      const base = (this.#firstOutput + index) * SLOTS_PER_NODE;
      values[base + Slot.in]! += count;
      values[base + Slot.out]! += count;
      this.counters.addToPipeline(PipelineSlot.out, count);
    }
  }

  #passThrough(input: number, bytes: Buffer, count: number): Promise<void> | undefined {
    const { values } = this.counters;
    values[input * SLOTS_PER_NODE + Slot.out]! += count;
    this.#countBatch(count);
    values[this.#firstOutput * SLOTS_PER_NODE + Slot.in]! += count;
    const writing = this.#writing[0]!;
    writing.begin(performance.now());
    const result = this.#deliveries[0]!.writeLines(bytes, count);
    if (result) return writing.until(result);
    writing.end(performance.now());
    return undefined;
  }

  // ---- taps ----

  /** Samples of events are wanted. */
  tap(request: TapRequest): void {
    this.#taps ??= new Taps(this.spec.graph, this.#compiled, this.spec.threads.length);
    this.#taps.open(request);
  }

  untap(token: number): void {
    this.#taps?.close(token);
    if (this.#taps?.size === 0) this.#taps = undefined;
  }

  /** What a tap found since the last time. */
  tapped(token: number): readonly EventSample[] {
    return this.#taps?.take(token) ?? [];
  }

  /** Every second: decoders and outputs that hold something back, and the time of what is under way. */
  tick(): void {
    if (this.#abandoned || this.#checkLeaving()) return;
    this.#checkGivingUp();
    const now = performance.now();
    this.#busy.update(now);
    for (const writing of this.#writing) writing.update(now);
    this.#deadLetters?.tick();
    const events: Event[] = [];
    for (const [input, decoder] of this.#decoders.entries()) {
      const before = events.length;
      decoder.flush?.((event) => events.push(event), false);
      if (this.#taps && events.length > before && this.#taps.due(now))
        this.#taps.decoded(this.spec.graph.inputs[input]!.id, events.slice(before));
    }
    const result = this.#afterDecode(events);
    if (result) this.#track(result);
    for (const delivery of this.#deliveries) {
      const flushed = delivery.tick();
      if (flushed) this.#track(flushed);
    }
  }

  /** Every five seconds: filters with a flush. */
  flushFilters(final = false): void {
    if (this.#abandoned && !final) return;
    const outputs: Event[][] = this.#deliveries.map(() => []);
    const flushed = (this.#taps ?? this.#compiled).flush(final, outputs, this.counters.values);
    const result = flushed ? flushed.then(() => this.#deliver(outputs, true)) : this.#deliver(outputs, true);
    if (result) this.#track(result);
  }

  /** Events of a timed flush belong to no block: when their output is given up, nobody else has them. */
  async #orphaned(output: number, events: Event[], error: unknown): Promise<void> {
    const fate = this.#deadLetters ? 'kept in the dead letter queue' : 'lost';
    const reason = `the output was replaced while it failed: ${sentence(error)}`;
    this.#host.logger.error(
      { pipeline: this.spec.id, events: events.length },
      `events of a filter's flush ${fate}: ${reason}`,
    );
    const node = outputsOf(this.spec.graph)[output]!;
    const reasons = events.map(() => reason);
    await this.#deadLetters?.rejected(node, events, reasons);
  }

  /** A newer version runs. What this one can not deliver, because an output fails, is handed back for it. */
  leave(): void {
    this.#leaving ??= 0;
  }

  #checkLeaving(): boolean {
    if (this.#leaving === undefined) return false;
    this.#leaving = this.#deliveries.some((delivery) => delivery.isFailing) ? this.#leaving + 1 : 0;
    if (this.#leaving < FAILING_SECONDS) return false;
    this.#abandoned = this.#abandon();
    return true;
  }

  /** Nobody will mend its outputs: what one that fails for so long does not take is rejected. */
  giveUpAfter(seconds: number): void {
    this.#givingUp ??= { after: seconds, failing: this.#deliveries.map(() => 0) };
  }

  #checkGivingUp(): void {
    if (!this.#givingUp) return;
    const { after, failing } = this.#givingUp;
    for (const [index, delivery] of this.#deliveries.entries()) {
      failing[index] = delivery.isFailing ? failing[index]! + 1 : 0;
      if (failing[index]! > after)
        delivery.giveUp(`the pipeline is not in the config any more, and its output fails`);
    }
  }

  /** Ends every write, and gives back all blocks that are not done. */
  async #abandon(): Promise<void> {
    const waiting = this.#waiting.map(({ message }) => message.block);
    this.#waiting = [];
    await Promise.allSettled(this.#deliveries.map((delivery) => delivery.close()));
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    const now = performance.now();
    while (this.#busy.active > 0) this.#busy.end(now);
    this.#host.returned([...this.#working, ...this.#held.splice(0), ...waiting]);
    this.flushFilters(true);
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    await this.#closeRest();
  }

  /** No more blocks will come: finish those taken, flush decoders, filters and outputs, close everything. */
  async retire(): Promise<void> {
    for (const step of [() => this.#flushDecoders(), () => this.flushFilters(true), () => {}]) {
      await this.#settle();
      if (this.#abandoned) return this.#abandoned;
      step();
    }
    for (const delivery of this.#deliveries) await delivery.flush();
    await Promise.allSettled(this.#deliveries.map((delivery) => delivery.close()));
    await this.#closeRest();
    for (const id of this.#held.splice(0)) this.#host.done(id);
  }

  #flushDecoders(): void {
    const events: Event[] = [];
    for (const decoder of this.#decoders) decoder.flush?.((event) => events.push(event), true);
    const result = this.#afterDecode(events);
    if (result) this.#track(result);
  }

  async #closeRest(): Promise<void> {
    for (const filter of this.#filters) await filter.close?.();
    await this.#deadLetters?.close();
  }

  async #settle(): Promise<void> {
    while (!this.#abandoned && (this.#pending.size > 0 || this.#busy.active > 0))
      await Promise.all(this.#pending);
  }
}

/** The graph's nodes that are outputs, in order. */
const outputsOf = (graph: PipelineGraph): GraphNode[] =>
  pluginNodes(graph).filter((node) => node.kind === 'output');
