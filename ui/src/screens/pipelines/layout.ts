/** Places for the vertices and edges of a graph, from left to right. */
import { Graph, layout } from '@dagrejs/dagre';
import type { Edge, Vertex } from '../../../../src/server/contract.ts';

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Line {
  readonly points: readonly Point[];
  /** Where its label is. */
  readonly label: Point;
}

const sizes: Readonly<Record<Vertex['kind'], readonly [number, number]>> = {
  input: [212, 76],
  filter: [212, 76],
  output: [212, 76],
  queue: [170, 76],
  if: [190, 50],
  outputs: [92, 34],
};

export interface Layout {
  /** Left top corners. */
  readonly places: ReadonlyMap<string, Place>;
  readonly lines: ReadonlyMap<string, Line>;
  readonly width: number;
  readonly height: number;
}

export function place(vertices: readonly Vertex[], edges: readonly Edge[]): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 22, edgesep: 18, ranksep: 18, marginx: 16, marginy: 16 });
  for (const { id, kind } of vertices) {
    const [width, height] = sizes[kind];
    graph.setNode(id, { width, height });
  }
  for (const { id, from, to, label } of edges)
    graph.setEdge(from, to, { width: label ? 66 : 48, height: 16, labelpos: 'c' }, id);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    places: new Map(
      vertices.map(({ id }) => {
        const at = graph.node(id) as Place;
        return [id, { ...at, x: at.x - at.width / 2, y: at.y - at.height / 2 }];
      }),
    ),
    lines: new Map(
      edges.map(({ id, from, to }) => {
        const { points, x, y } = graph.edge(from, to, id) as unknown as { points: Point[] } & Point;
        const [source, target] = [graph.node(from) as Place, graph.node(to) as Place];
        // Out on the right, in on the left, whatever the angle.
        const ends = [
          { x: source.x + source.width / 2, y: source.y },
          ...points.slice(1, -1),
          { x: target.x - target.width / 2, y: target.y },
        ];
        return [id, { points: ends, label: { x, y } }];
      }),
    ),
    width,
    height,
  };
}

/** A smooth path through points, which leaves and arrives level. */
export function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = points;
  let path = `M ${first!.x} ${first!.y}`;
  let last = first!;
  for (const point of rest) {
    const middle = (last.x + point.x) / 2;
    path += ` C ${middle} ${last.y}, ${middle} ${point.y}, ${point.x} ${point.y}`;
    last = point;
  }
  return path;
}
