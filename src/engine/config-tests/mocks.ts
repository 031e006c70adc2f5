/** Filters that stand in for others in tests: lookups in databases, servers and files that are not there. */
import type { GraphStatement, PipelineGraph } from '../../lang/graph.ts';

/** What takes the place of the filter with an id; nothing: it is left out. */
export type Mocks = ReadonlyMap<string, readonly GraphStatement[]>;

export function withMocks(graph: PipelineGraph, mocks: Mocks): PipelineGraph {
  if (mocks.size === 0) return graph;
  const replaced = (statements: readonly GraphStatement[]): GraphStatement[] =>
    statements.flatMap((statement) => {
      if (statement.type === 'plugin') return mocks.get(statement.id) ?? [statement];
      return [{ ...statement, arms: statement.arms.map((arm) => ({ ...arm, body: replaced(arm.body) })) }];
    });
  return { ...graph, filters: replaced(graph.filters) };
}

/** The same statements with ids that no other filter has. */
export function renamed(statements: readonly GraphStatement[], of: string): GraphStatement[] {
  return statements.map((statement) => {
    const id = `${of}/mock/${statement.id}`;
    if (statement.type === 'plugin') return { ...statement, id };
    return { ...statement, id, arms: statement.arms.map((arm) => ({ ...arm, body: renamed(arm.body, of) })) };
  });
}
