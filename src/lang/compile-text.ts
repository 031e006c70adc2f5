/** How generated code and messages name nodes and conditions: always on one line. */
import type { Expression } from './ast.ts';
import type { GraphBranch, GraphNode } from './graph.ts';
import { printExpression } from './print.ts';

const oneLine = (text: string): string => text.replace(/[\r\n\u2028\u2029]+/g, ' ');

/** Name, id and place of a node. */
export const describeNode = (node: GraphNode): string =>
  oneLine(`${node.name} ${JSON.stringify(node.id)} at ${node.position.file}:${node.position.line}`);

/** A condition as in a config. */
export function printCondition(condition: Expression): string {
  try {
    return oneLine(printExpression(condition));
  } catch {
    return 'a condition that can not be printed';
  }
}

/** All conditions of a branch. */
export const conditionTexts = (branch: GraphBranch): string =>
  branch.arms.flatMap(({ condition }) => (condition ? [printCondition(condition)] : [])).join(', ');
