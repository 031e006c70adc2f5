/**
 * A pipeline in this thread, without sockets, queue and workers: records or events go in, the same compiled function
 * as in production filters and routes them, and what would reach each output comes back.
 */

import type { Event } from '../../kernel/event-types.ts';
import type { Logger } from '../../kernel/logger.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { type Decoder, type Peer, type Registry, RunKind } from '../../kernel/plugin.ts';
import { compileCommonOptions } from '../../lang/common-options.ts';
import { type CompiledPipeline, compilePipeline } from '../../lang/compile.ts';
import type { GraphNode, PipelineGraph } from '../../lang/graph.ts';
import { branchesOf, nodesOf, pluginNodes } from '../../lang/graph-walk.ts';
import { createRecordDecoder } from '../../lib/record-decoder.ts';
import { decoderContext, makeDecoder } from '../make-decoder.ts';
import { type MadeFilter, makeFilter, noDecoration } from '../make-filter.ts';
import { Counters } from '../metrics.ts';
import { type ContextParts, codecNames } from '../plugin-context.ts';
import { loadCodecs, sentence } from '../thread.ts';
import { frameFor } from './frames.ts';

export interface InProcessSpec {
  readonly id: string;
  readonly graph: PipelineGraph;
  /** Settings by their full name. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where plugins may keep files; made when one does. */
  readonly dataPath: string;
}

/** What looks on while events go through. */
export interface Observer {
  /** Puts something around a filter that was made. */
  wrap?(node: GraphNode, made: MadeFilter): MadeFilter;
  /** A condition without an answer; `dropped`: the event is gone, otherwise kept from that output. */
  conditionFailed?(message: string, event: Event, dropped: boolean): void;
  filterFailed?(node: string, message: string, event: Event | undefined): void;
}

/** An event behind the filters, and the ids of the outputs that it goes to. */
export interface Passed {
  readonly event: Event;
  readonly outputs: readonly string[];
}

/** Inputs whose records are not what a sender sent: their codec and common options are used alone. */
const MADE_WITHIN = new Set(['generator', 'heartbeat', 'pipeline', 'pipeline_stats', 'dead_letter_queue']);

/** The output behind all others that gets every event. */
const COLLECTOR = 'millrace-every-event';

export class InProcessPipeline {
  readonly graph: PipelineGraph;
  /** A filter remembers events: it must not be used for more than one test. */
  readonly stateful: boolean;
  readonly #registry: Registry;
  readonly #parts: ContextParts;
  readonly #compiled: CompiledPipeline;
  readonly #filters: readonly MadeFilter[];
  readonly #outputs: readonly GraphNode[];
  readonly #decoders = new Map<GraphNode, Decoder>();
  readonly #observer: Observer;
  #block = 0;

  private constructor(
    graph: PipelineGraph,
    registry: Registry,
    parts: ContextParts,
    filters: Map<string, MadeFilter>,
    observer: Observer,
  ) {
    this.graph = graph;
    this.#registry = registry;
    this.#parts = parts;
    this.#observer = observer;
    this.#filters = [...filters.values()];
    this.#outputs = nodesOf(graph.outputs);
    this.stateful = nodesOf(graph.filters).some((node) => {
      const { plugin, filter } = filters.get(node.id)!;
      const state = typeof plugin.state === 'function' ? plugin.state(node.options as never) : plugin.state;
      return state === 'shared' || filter.flush !== undefined;
    });
    const filterBranches = new Set(branchesOf(graph.filters).map((branch) => branch.id));
    this.#compiled = compilePipeline({
      graph: { ...graph, outputs: [...graph.outputs, collector] },
      filters,
      outputs: this.#outputs.length + 1,
      onConditionError: (branch, message, event) =>
        this.#observer.conditionFailed?.(message, event, filterBranches.has(branch)),
      onFilterError: (node, error, event) => this.#observer.filterFailed?.(node, sentence(error), event),
    });
  }

  /** Makes the filters and compiles. @throws Error that names the node in `node` */
  static async load(
    spec: InProcessSpec,
    registry: Registry,
    observer: Observer = {},
    logger: Logger = silentLogger,
  ): Promise<InProcessPipeline> {
    const { graph } = spec;
    const nodes = pluginNodes(graph);
    const parts: ContextParts = {
      spec: { id: spec.id, cutTexts: true, settings: { all: spec.settings, dataPath: spec.dataPath } },
      counters: new Counters(nodes.length + 1),
      logger,
      codecs: await loadCodecs(registry, codecNames(nodes)),
    };
    const filters = new Map<string, MadeFilter>();
    const timeFields: string[] = [];
    for (const node of nodes) {
      if (node.kind !== 'filter') continue;
      const made = await makeFilter(node, parts, registry, timeFields);
      filters.set(node.id, observer.wrap?.(node, made) ?? made);
    }
    return new InProcessPipeline(graph, registry, parts, filters, observer);
  }

  /** What `input`'s decoder makes of records, as if one sender had sent them at that time. */
  async decode(input: GraphNode, records: readonly string[], peer: Peer, millis: number): Promise<Event[]> {
    let decoder = this.#decoders.get(input);
    if (!decoder) {
      const codecs = await loadCodecs(this.#registry, codecNames([input]));
      const parts = { ...this.#parts, codecs };
      const wanted = { needs: 'all', room: [] } as const;
      decoder = MADE_WITHIN.has(input.name)
        ? createRecordDecoder(decoderContext(input, parts, wanted), [])
        : await makeDecoder(input, parts, this.#registry, wanted);
      this.#decoders.set(input, decoder);
    }
    const { bytes, ends } = frameFor(input.name, records);
    const runs = new Int32Array(ends.length * 4 + 4);
    for (const [at, end] of ends.entries()) runs.set([RunKind.record, 0, end, 1], at * 4);
    // The sender leaves: what a multiline codec holds comes out.
    runs.set([RunKind.end, 0, bytes.length, 0], ends.length * 4);
    const events: Event[] = [];
    const emit = (event: Event): void => {
      events.push(event);
    };
    decoder.decode(
      { id: ++this.#block, receivedAt: millis, count: ends.length, bytes, peers: [peer], runs },
      emit,
    );
    decoder.flush?.(emit, true);
    return events;
  }

  /** Takes events through filters and conditions. */
  async run(events: readonly Event[]): Promise<Passed[]> {
    const outputs = this.#lists();
    await this.#compiled.run(events, outputs, this.#parts.counters.values);
    return this.#passed(outputs);
  }

  /** Flushes the filters; `final`: as at the end of the pipeline. */
  async flush(final: boolean): Promise<Passed[]> {
    const outputs = this.#lists();
    await this.#compiled.flush(final, outputs, this.#parts.counters.values);
    return this.#passed(outputs);
  }

  async close(): Promise<void> {
    for (const { filter } of this.#filters) await filter.close?.();
  }

  #lists(): Event[][] {
    return Array.from({ length: this.#outputs.length + 1 }, () => []);
  }

  #passed(lists: Event[][]): Passed[] {
    const all = lists.pop()!;
    const outputs = new Map<Event, string[]>(all.map((event) => [event, []]));
    for (const [at, list] of lists.entries())
      for (const event of list) outputs.get(event)?.push(this.#outputs[at]!.id);
    return all.map((event) => ({ event, outputs: outputs.get(event)! }));
  }
}

/** Applies type, tags and add_field of an input to an event that is given as fields. */
export function decorateBy(input: GraphNode, event: Event): void {
  (compileCommonOptions('input', input.options) ?? noDecoration)(event);
}

const collector: GraphNode = {
  type: 'plugin',
  kind: 'output',
  name: 'null',
  id: COLLECTOR,
  options: {},
  given: [],
  ecs: 'disabled',
  position: { file: '', line: 0, column: 0 },
};
