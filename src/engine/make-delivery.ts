/** Makes one output of a pipeline in a worker. */
import type { NestedPlugin } from '../kernel/options.ts';
import type { OutputPlugin } from '../kernel/plugin.ts';
import type { GraphNode } from '../lang/graph.ts';
import type { DeadLetters } from './dead-letters.ts';
import { Delivery } from './delivery.ts';
import type { PipelineSpec } from './messages.ts';
import { PipelineSlot, SLOTS_PER_NODE, Slot } from './metrics.ts';
import { type ContextParts, pluginContext } from './plugin-context.ts';
import { loadPlugin, sentence } from './thread.ts';
import type { WorkerHost } from './worker-pipeline.ts';

/** Names the node in the error of what is done for it. */
export async function inNode<T>(node: GraphNode, make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw Object.assign(new Error(`${node.kind} ${node.name}: ${sentence(error)}`, { cause: error }), {
      node: node.id,
    });
  }
}

export async function makeDelivery(
  node: GraphNode,
  parts: ContextParts & { readonly spec: PipelineSpec },
  host: WorkerHost,
  index: number,
  deadLetters: DeadLetters | undefined,
): Promise<Delivery> {
  const plugin = await loadPlugin<OutputPlugin>(host.registry, 'output', node.name);
  const { counters, spec } = parts;
  const base = pluginContext(node, parts);
  const codec = base.codec(
    (node.options['codec'] as NestedPlugin | undefined) ?? {
      plugin: plugin.defaultCodec ?? 'plain',
      options: {},
    },
  );
  const health = (problem: string | undefined): void => host.health(node.id, problem);
  const context = Object.create(base, {
    outputCodec: { value: codec },
    workers: { value: spec.threads.length },
    health: { value: health },
    send: { value: host.send },
    store: { value: host.store },
  });
  const output = plugin.create(node.options as never, context);
  return new Delivery(output, {
    logger: base.logger,
    timeLimitMs: ((spec.settings.all['pipeline.delivery_timeout'] as number | undefined) ?? 300) * 1000,
    health,
    delivered: (count) => {
      counters.values[index * SLOTS_PER_NODE + Slot.out]! += count;
      counters.addToPipeline(PipelineSlot.out, count);
    },
    rejected: (events, reasons) => {
      counters.named(node.id, 'rejected').add(events.length);
      const fate = deadLetters ? 'kept in the dead letter queue' : 'dropped';
      base.logger.warn({ events: events.length }, `events rejected and ${fate}: ${reasons[0]}`);
      return deadLetters?.rejected(node, events, reasons);
    },
  });
}
