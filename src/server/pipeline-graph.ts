/** A pipeline's graph as vertices and edges, for `?graph=true`. Options are not shown: they may hold secrets. */
import type { GraphStatement, PipelineGraph } from '../lang/graph.ts';

interface Vertex {
  readonly id: string;
  readonly explicit_id: boolean;
  readonly type: 'plugin' | 'if' | 'queue';
  readonly meta: {
    readonly source: { readonly id: string; readonly line: number; readonly column: number };
  } | null;
  readonly plugin_type?: string;
  readonly config_name?: string;
}
interface Edge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly type: 'plain' | 'boolean';
  readonly when?: boolean;
}

export function graphView(graph: PipelineGraph): { graph: { vertices: Vertex[]; edges: Edge[] } } {
  const vertices: Vertex[] = [{ id: '__QUEUE__', explicit_id: false, type: 'queue', meta: null }];
  const edges: Edge[] = [];
  const connect = (from: readonly End[], to: string): void => {
    for (const { id, when } of from) {
      edges.push({
        id: `${id}->${to}${when === undefined ? '' : `:${when}`}`,
        from: id,
        to,
        type: when === undefined ? 'plain' : 'boolean',
        ...(when === undefined ? {} : { when }),
      });
    }
  };
  const add = (statement: GraphStatement): void => {
    const { position } = statement;
    const meta = { source: { id: position.file, line: position.line, column: position.column } };
    if (statement.type === 'plugin') {
      vertices.push({
        id: statement.id,
        explicit_id: statement.given.includes('id'),
        type: 'plugin',
        meta,
        plugin_type: statement.kind,
        config_name: statement.name,
      });
    } else vertices.push({ id: statement.id, explicit_id: false, type: 'if', meta });
  };
  /** Adds statements one behind the other; returns where they end. */
  const chain = (statements: readonly GraphStatement[], from: readonly End[]): End[] => {
    let ends: End[] = [...from];
    for (const statement of statements) {
      add(statement);
      connect(ends, statement.id);
      if (statement.type === 'plugin') {
        ends = [{ id: statement.id }];
        continue;
      }
      const after: End[] = [];
      for (const arm of statement.arms)
        after.push(...chain(arm.body, [{ id: statement.id, when: arm.condition !== undefined }]));
      if (statement.arms.every((arm) => arm.condition !== undefined))
        after.push({ id: statement.id, when: false });
      ends = after;
    }
    return ends;
  };
  for (const input of graph.inputs) {
    add(input);
    connect([{ id: input.id }], '__QUEUE__');
  }
  const filtered = chain(graph.filters, [{ id: '__QUEUE__' }]);
  // Outputs stand side by side: each gets what the filters give.
  for (const output of graph.outputs) chain([output], filtered);
  return { graph: { vertices, edges } };
}

interface End {
  readonly id: string;
  readonly when?: boolean;
}
