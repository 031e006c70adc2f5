/** The one order in which all nodes of a pipeline are numbered: counters, metrics and the compiler use it. */
import type { GraphBranch, GraphNode, GraphStatement, PipelineGraph } from './graph.ts';

/** All plugins of a pipeline (inputs, filters, outputs; each in the order of the text). Place = node index. */
export function pluginNodes(graph: PipelineGraph): GraphNode[] {
  return [...graph.inputs, ...nodesOf(graph.filters), ...nodesOf(graph.outputs)];
}

/** The plugins of statements, those inside of branches too, in the order of the text. */
export function nodesOf(statements: readonly GraphStatement[]): GraphNode[] {
  return statements.flatMap((statement) =>
    statement.type === 'plugin' ? [statement] : statement.arms.flatMap((arm) => nodesOf(arm.body)),
  );
}

/** All branches of statements, the outer before the inner. */
export function branchesOf(statements: readonly GraphStatement[]): GraphBranch[] {
  return statements.flatMap((statement) =>
    statement.type === 'plugin' ? [] : [statement, ...statement.arms.flatMap((arm) => branchesOf(arm.body))],
  );
}
