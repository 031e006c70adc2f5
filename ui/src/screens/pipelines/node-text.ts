/** How vertices and their numbers are named, the same in graph, table and panel. */
import type { NodeNumbers, PipelineLive, Vertex } from '../../../../src/server/contract.ts';
import { count, duration, percent, rate } from './format.ts';

export const kindWords: Readonly<Record<Vertex['kind'], string>> = {
  input: 'Input',
  queue: 'Queue',
  filter: 'Filter',
  if: 'Condition',
  outputs: 'All outputs',
  output: 'Output',
};

/** `grok`, `http siem-http`, `if [a] > 1`. */
export const titleOf = ({ title, detail }: Vertex): string =>
  detail === undefined ? title : `${title} ${detail}`;

export type NodeState = 'failing' | 'slow' | undefined;

export function stateOf(live: PipelineLive | undefined, id: string): NodeState {
  if (live?.nodes[id]?.problem) return 'failing';
  return live?.slowest === id ? 'slow' : undefined;
}

/** Events a second that matter for a kind of node. */
export const rateOf = (kind: Vertex['kind'], { in: entered, out }: NodeNumbers): number =>
  kind === 'input' ? out : entered;

/** One line: `1,204/s · 0.02 ms · 12 %`. */
export function summaryOf(vertex: Vertex, live: PipelineLive | undefined): string {
  const numbers = live?.nodes[vertex.id];
  if (!numbers) return '';
  if (vertex.kind === 'queue') {
    const { queue } = live!.summary;
    return `${count(queue.events)} waiting · ${percent(queue.full)} full`;
  }
  const parts = [rate(rateOf(vertex.kind, numbers))];
  if (numbers.millisPerEvent !== undefined) parts.push(duration(numbers.millisPerEvent));
  if (vertex.kind !== 'input') parts.push(percent(numbers.share));
  return parts.join(' · ');
}
