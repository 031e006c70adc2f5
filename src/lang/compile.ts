/**
 * The compiler: a checked pipeline → one JavaScript function over batches of events, with filters and outputs'
 * conditions as straight code (compile-segment.ts), cut where filters take whole batches (compile-batch.ts).
 */
import { addTag } from '../event/event.ts';
import type { Event } from '../kernel/event-types.ts';
import type { Filter, FilterPlugin } from '../kernel/plugin.ts';
import { compileCommonOptions } from './common-options.ts';
import { compilePlan, type Plan, type PlanInput, type Run } from './compile-batch.ts';
import { COUNTERS_PER_NODE, type NodeInfo } from './compile-segment.ts';
import { type FilterObserver, watchedNode } from './compile-watched.ts';
import { conditionState } from './condition-values.ts';
import type { GraphNode, PipelineGraph } from './graph.ts';
import { nodesOf, pluginNodes } from './graph-walk.ts';

/** A filter threw. The event goes on with this tag; what the filter had done to it stays. */
const FILTER_EXCEPTION_TAG = '_filter_exception';

export interface CompileInput {
  readonly graph: PipelineGraph;
  /** By node id. */
  readonly filters: ReadonlyMap<string, { readonly plugin: FilterPlugin<any>; readonly filter: Filter }>;
  readonly outputs: number;
  /** How long one event may take in a condition whose regular expression could run for ever; default 2000. */
  readonly conditionTimeoutMillis?: number;
  /** A comparison without an answer: the event was dropped (by an output's condition: kept from that output). */
  onConditionError(branchId: string, message: string, event: Event): void;
  /** `event` is undefined when the flush of a filter threw. */
  onFilterError(nodeId: string, error: unknown, event: Event | undefined): void;
}

export interface CompiledPipeline {
  /** The generated JavaScript, one commented block for each node. */
  readonly source: string;
  /**
   * Filters and routes events: pushes every surviving event to `outputs[k]` for each output k (in the order of the
   * text) whose conditions hold. `counters` has three slots for each node index of `pluginNodes`: events in, events
   * out, milliseconds; filters get the first two, outputs the first. Returns undefined unless a filter waits.
   */
  run(events: readonly Event[], outputs: Event[][], counters: Float64Array): void | Promise<void>;
  /** The same with each filter timed (the engine takes one batch in 64 this way). */
  runTimed(events: readonly Event[], outputs: Event[][], counters: Float64Array): void | Promise<void>;
  /** Flushes filters in order; events that they make continue behind their filter. */
  flush(final: boolean, outputs: Event[][], counters: Float64Array): void | Promise<void>;
  /** A variant that tells an observer what the filters with these ids do; the filters are the same. */
  watch(nodes: ReadonlySet<string>, observer: FilterObserver): WatchedPipeline;
}

export type WatchedPipeline = Pick<CompiledPipeline, 'run' | 'flush'>;

/**
 * Compiles a pipeline whose filters have been created.
 * @throws Error naming what can not be compiled: a regular expression, a template, a filter that is not there
 */
export function compilePipeline(input: CompileInput): CompiledPipeline {
  const plan = compilePlan(planInput(input, false));
  let timedPlan: Plan | undefined;
  return {
    source: plan.source,
    run: (events, outputs, counters) => settled(plan.run(events, { outputs, counters })),
    runTimed: (events, outputs, counters) => {
      timedPlan ??= compilePlan(planInput(input, true));
      return settled(timedPlan.run(events, { outputs, counters }));
    },
    flush: (final, outputs, counters) => flushFrom(input, plan, 0, final, { outputs, counters }),
    watch: (nodes, observer) => {
      const watched = compilePlan(watchedInput(planInput(input, false), input.graph, nodes, observer));
      return {
        run: (events, outputs, counters) => settled(watched.run(events, { outputs, counters })),
        flush: (final, outputs, counters) => flushFrom(input, watched, 0, final, { outputs, counters }),
      };
    },
  };
}

function watchedInput(
  input: PlanInput,
  graph: PipelineGraph,
  ids: ReadonlySet<string>,
  observer: FilterObserver,
): PlanInput {
  const watched = new Map(
    nodesOf(graph.filters)
      .filter(({ id }) => ids.has(id))
      .map((node) => [node.id, watchedNode(node.id, input.node(node), observer)]),
  );
  return {
    ...input,
    node: (node) => watched.get(node.id)?.info ?? input.node(node),
    filterFailed: (node, error, event) => {
      input.filterFailed(node, error, event);
      watched.get(node)?.failed(event);
    },
  };
}

const settled = (result: unknown): void | Promise<void> =>
  result instanceof Promise ? result.then(() => undefined) : undefined;

function planInput(input: CompileInput, timed: boolean): PlanInput {
  const { graph } = input;
  const infos = nodeInfos(input);
  return {
    filters: graph.filters,
    outputs: graph.outputs,
    timed,
    conditionTimeoutMillis: input.conditionTimeoutMillis ?? 2000,
    node: (node) => infos.get(node)!,
    filterFailed: (node, error, event) => {
      addTag(event, FILTER_EXCEPTION_TAG);
      input.onFilterError(node, error, event);
    },
    conditionFailed: conditionReporter(input),
  };
}

function nodeInfos(input: CompileInput): Map<GraphNode, NodeInfo> {
  const infos = new Map<GraphNode, NodeInfo>();
  const outputs = nodesOf(input.graph.outputs);
  if (outputs.length !== input.outputs)
    throw new Error(`the graph has ${outputs.length} outputs, not ${input.outputs}`);
  for (const [index, node] of pluginNodes(input.graph).entries()) {
    if (node.kind !== 'filter') {
      infos.set(node, { index, output: outputs.indexOf(node) });
      continue;
    }
    const made = input.filters.get(node.id);
    if (!made) throw new Error(`no filter was made for node ${JSON.stringify(node.id)}`);
    infos.set(node, { index, ...made, decorate: compileCommonOptions('filter', node.options) });
  }
  return infos;
}

/** Reports an event once, even if several conditions before outputs fail on it. */
function conditionReporter(input: CompileInput): PlanInput['conditionFailed'] {
  let last: Event | undefined;
  return (branch, condition, event, drop) => {
    const reason = conditionState.failure;
    conditionState.failure = undefined;
    if (drop) event.cancelled = true;
    if (event === last) return;
    last = event;
    input.onConditionError(branch, `${condition}: ${reason}`, event);
  };
}

function flushFrom(
  input: CompileInput,
  plan: Plan,
  from: number,
  final: boolean,
  run: Run,
): void | Promise<void> {
  for (let at = from; at < plan.flushers.length; at++) {
    const { node, resume } = plan.flushers[at]!;
    const made: Event[] = [];
    try {
      input.filters.get(node.id)!.filter.flush!((event) => made.push(event), final);
    } catch (error) {
      input.onFilterError(node.id, error, undefined);
    }
    const result = made.length > 0 ? resume(made, run) : undefined;
    if (result instanceof Promise) return result.then(() => flushFrom(input, plan, at + 1, final, run));
  }
}

export { COUNTERS_PER_NODE };
