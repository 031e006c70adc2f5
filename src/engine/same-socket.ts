/** Which inputs can go on with the listener they have when a config changes. */
import type { NestedPlugin } from '../kernel/options.ts';
import type { InputPlugin } from '../kernel/plugin.ts';
import type { GraphNode } from '../lang/graph.ts';

/** Same plugin and the same values of its socket options: the listener can stay. */
export function sameSocket(plugin: InputPlugin<any>, a: GraphNode, b: GraphNode): boolean {
  if (a.name !== b.name || !plugin.socketOptions) return false;
  const pick = (node: GraphNode): string =>
    JSON.stringify(plugin.socketOptions!.map((name) => reveal(node.options[name])));
  return pick(a) === pick(b) && framing(a) === framing(b);
}

/** The codec decides how the intake frames: another codec needs another intake. */
function framing(node: GraphNode): string {
  const codec = node.options['codec'] as NestedPlugin | undefined;
  return JSON.stringify([codec?.plugin, codec?.options['delimiter']]);
}

function reveal(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'reveal' in value
    ? (value as { reveal(): string }).reveal()
    : value;
}
