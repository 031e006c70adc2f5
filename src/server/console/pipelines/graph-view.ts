/**
 * A pipeline's graph for the console: its plugins, its queue, its branches. Between filters and outputs stands one
 * vertex, so that every way through the filters meets there and fans out again.
 */
import { printCondition } from '../../../lang/compile-text.ts';
import type { GraphBranch, GraphNode, GraphStatement, PipelineGraph } from '../../../lang/graph.ts';
import type { Edge, Vertex } from '../../contract/pipelines.ts';
import { nodeSnippet } from './node-snippet.ts';

export const QUEUE_VERTEX = '__QUEUE__';
const OUTPUTS_VERTEX = '__OUTPUTS__';

export interface GraphView {
  readonly vertices: Vertex[];
  readonly edges: Edge[];
}

interface End {
  readonly id: string;
  readonly label?: string;
}

export function consoleGraph(graph: PipelineGraph): GraphView {
  const vertices: Vertex[] = [];
  const edges: Edge[] = [];
  const connect = (from: readonly End[], to: string): void => {
    for (const { id, label } of from)
      edges.push({
        id: `${id}->${to}${label === undefined ? '' : `:${label}`}`,
        from: id,
        to,
        ...(label !== undefined && { label }),
      });
  };
  /** Adds statements one behind the other; returns where they end. */
  const chain = (statements: readonly GraphStatement[], from: readonly End[], depth: number): End[] => {
    let ends: End[] = [...from];
    for (const statement of statements) {
      if (statement.type === 'plugin') {
        vertices.push(pluginVertex(statement, depth));
        connect(ends, statement.id);
        ends = [{ id: statement.id }];
      } else ends = branch(statement, ends, depth);
    }
    return ends;
  };
  /** One vertex a condition: `else if` hangs on the no of the one before it. */
  const branch = ({ id, arms, position }: GraphBranch, from: readonly End[], depth: number): End[] => {
    const after: End[] = [];
    let waiting: readonly End[] = from;
    for (const [at, arm] of arms.entries()) {
      if (arm.condition === undefined) {
        after.push(...chain(arm.body, waiting, depth + 1));
        waiting = [];
        continue;
      }
      const vertexId = at === 0 ? id : `${id}/${at}`;
      vertices.push({
        id: vertexId,
        kind: 'if',
        title: at === 0 ? 'if' : 'else if',
        detail: arm.secret ? 'a condition with a secret' : printCondition(arm.condition),
        source: { file: position.file, line: position.line },
        depth,
      });
      connect(waiting, vertexId);
      after.push(...chain(arm.body, [{ id: vertexId, label: 'yes' }], depth + 1));
      waiting = [{ id: vertexId, label: 'no' }];
    }
    return [...after, ...waiting];
  };
  for (const input of graph.inputs) vertices.push(pluginVertex(input, 0));
  vertices.push({ id: QUEUE_VERTEX, kind: 'queue', title: 'queue', depth: 0 });
  for (const input of graph.inputs) connect([{ id: input.id }], QUEUE_VERTEX);
  const ends = chain(graph.filters, [{ id: QUEUE_VERTEX }], 0);
  const meets = graph.outputs.length > 1 || ends.length > 1;
  if (meets) {
    vertices.push({ id: OUTPUTS_VERTEX, kind: 'outputs', title: 'outputs', depth: 0 });
    connect(ends, OUTPUTS_VERTEX);
  }
  // Outputs stand side by side: each gets what the filters give.
  for (const output of graph.outputs) chain([output], meets ? [{ id: OUTPUTS_VERTEX }] : ends, 0);
  return { vertices, edges };
}

function pluginVertex(node: GraphNode, depth: number): Vertex {
  const { id, kind, name, given, position } = node;
  return {
    id,
    kind: kind as 'input' | 'filter' | 'output',
    title: name,
    ...(given.includes('id') && { detail: id }),
    snippet: nodeSnippet(node),
    source: { file: position.file, line: position.line },
    depth,
  };
}
