/** Compiles configs with the real plugins, for tests and benchmarks of the compiler. */
import type { Event } from '../../src/kernel/event-types.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import type { Filter, FilterPlugin } from '../../src/kernel/plugin.ts';
import { checkPipelines } from '../../src/lang/check.ts';
import { compileCommonOptions } from '../../src/lang/common-options.ts';
import { COUNTERS_PER_NODE, type CompiledPipeline, compilePipeline } from '../../src/lang/compile.ts';
import type { PipelineGraph } from '../../src/lang/graph.ts';
import { nodesOf, pluginNodes } from '../../src/lang/graph-walk.ts';
import { registry } from '../../src/plugins/registry.ts';
import { testContext } from './plugin.ts';

/** The checked graph of a config. @throws with the errors of the config */
export async function graphOf(config: string): Promise<PipelineGraph> {
  const pipeline = { id: 'main', sources: [{ file: 'test.conf', text: config }], settings: {} };
  const { pipelines, diagnostics } = await checkPipelines([pipeline], registry, { environment: {} });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return pipelines[0]!.graph!;
}

export interface Compiled {
  readonly graph: PipelineGraph;
  readonly pipeline: CompiledPipeline;
  readonly filters: Map<string, { plugin: FilterPlugin; filter: Filter }>;
  readonly conditionErrors: string[];
  readonly filterErrors: string[];
  readonly counters: Float64Array;
  /** Runs events; the lists that reached the outputs. */
  run(events: Event[], timed?: boolean): Promise<Event[][]>;
  flush(final: boolean): Promise<Event[][]>;
  /** Events in and out of a node. */
  counts(id: string): [number, number];
}

/**
 * Compiles the filters and outputs of a config. `own`: filters of tests, by node id; their nodes may have any name
 * that is a filter.
 */
export async function compileConfig(
  config: string,
  own: Readonly<Record<string, Filter & { changesCount?: true }>> = {},
  conditionTimeoutMillis?: number,
): Promise<Compiled> {
  const graph = await graphOf(config);
  const filters = new Map<string, { plugin: FilterPlugin; filter: Filter }>();
  for (const node of nodesOf(graph.filters)) {
    const plugin = (await registry.load('filter', node.name)) as FilterPlugin;
    const filter = own[node.id];
    if (filter) {
      filters.set(node.id, { plugin: { ...plugin, changesCount: filter.changesCount ?? false }, filter });
      continue;
    }
    const decorate = compileCommonOptions('filter', node.options) ?? (() => {});
    const context = { ...testContext(), id: node.id, logger: silentLogger, decorate };
    filters.set(node.id, { plugin, filter: await plugin.create(node.options as never, context) });
  }
  const conditionErrors: string[] = [];
  const filterErrors: string[] = [];
  const outputs = nodesOf(graph.outputs);
  const pipeline = compilePipeline({
    graph,
    filters,
    outputs: outputs.length,
    ...(conditionTimeoutMillis !== undefined && { conditionTimeoutMillis }),
    onConditionError: (_branch, message) => conditionErrors.push(message),
    onFilterError: (id, error) => filterErrors.push(`${id}: ${(error as Error).message}`),
  });
  const nodes = pluginNodes(graph);
  const counters = new Float64Array(nodes.length * COUNTERS_PER_NODE);
  const collect = async (work: (lists: Event[][]) => void | Promise<void>): Promise<Event[][]> => {
    const lists: Event[][] = outputs.map(() => []);
    await work(lists);
    return lists;
  };
  return {
    graph,
    pipeline,
    filters,
    conditionErrors,
    filterErrors,
    counters,
    run: (events, timed) => collect((lists) => pipeline[timed ? 'runTimed' : 'run'](events, lists, counters)),
    flush: (final) => collect((lists) => pipeline.flush(final, lists, counters)),
    counts: (id) => {
      const at = nodes.findIndex((node) => node.id === id) * COUNTERS_PER_NODE;
      return [counters[at]!, counters[at + 1]!];
    },
  };
}
