/** Makes the decoding half of one input of a pipeline. */
import type { NestedPlugin } from '../kernel/options.ts';
import type { Decoder, DecoderContext, InputPlugin, Registry } from '../kernel/plugin.ts';
import { compileCommonOptions } from '../lang/common-options.ts';
import type { GraphNode } from '../lang/graph.ts';
import { inNode } from './make-delivery.ts';
import { noDecoration } from './make-filter.ts';
import { type ContextParts, pluginContext } from './plugin-context.ts';
import { loadPlugin } from './thread.ts';

/** What an input's decoder must build. */
type Wanted = Pick<DecoderContext, 'needs' | 'room' | 'textFields'>;

/** Makes the decoder of a node. @throws with the node's id in `node` */
export async function makeDecoder(
  node: GraphNode,
  parts: ContextParts,
  registry: Registry,
  wanted: Wanted,
): Promise<Decoder> {
  const plugin = await loadPlugin<InputPlugin>(registry, 'input', node.name);
  const context = decoderContext(node, parts, wanted);
  return inNode(node, () => plugin.createDecoder(node.options as never, context));
}

/** What a decoder gets: the input's codec and common options. */
export function decoderContext(node: GraphNode, parts: ContextParts, wanted: Wanted): DecoderContext {
  const base = pluginContext(node, parts);
  const codec = base.codec(
    (node.options['codec'] as NestedPlugin | undefined) ?? { plugin: 'plain', options: {} },
  );
  return Object.create(base, {
    inputCodec: { value: codec },
    needs: { value: wanted.needs },
    room: { value: wanted.room },
    textFields: { value: wanted.textFields },
    decorate: { value: compileCommonOptions('input', node.options) ?? noDecoration },
  });
}
