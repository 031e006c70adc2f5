/** Makes one filter of a pipeline. */
import type { Filter, FilterPlugin, Registry } from '../kernel/plugin.ts';
import { compileCommonOptions } from '../lang/common-options.ts';
import type { GraphNode } from '../lang/graph.ts';
import { inNode } from './make-delivery.ts';
import { type ContextParts, pluginContext } from './plugin-context.ts';
import { loadPlugin } from './thread.ts';

export interface MadeFilter {
  readonly plugin: FilterPlugin;
  readonly filter: Filter;
}

/**
 * Makes the filter of a node.
 * @param timeFields targets of the date filters before it; that of this one is added
 * @throws with the node's id in `node`
 */
export async function makeFilter(
  node: GraphNode,
  parts: ContextParts,
  registry: Registry,
  timeFields: string[],
): Promise<MadeFilter> {
  const plugin = await loadPlugin<FilterPlugin>(registry, 'filter', node.name);
  const context = Object.create(pluginContext(node, parts), {
    decorate: { value: compileCommonOptions('filter', node.options) ?? noDecoration },
    timeFields: { value: [...timeFields] },
  });
  if (node.name === 'date') timeFields.push(String(node.options['target'] ?? '@timestamp'));
  return { plugin, filter: await inNode(node, () => plugin.create(node.options as never, context)) };
}

export const noDecoration = (): void => {};
