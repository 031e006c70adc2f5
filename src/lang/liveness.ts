/**
 * Which fields anything downstream of the inputs looks at: the others need not be built. Never changes the counts of
 * events, nor what an output gets that it asked for.
 */
import { formatFieldReference, parseFieldReference } from '../event/field-reference.ts';
import type { FieldUse, FilterPlugin } from '../kernel/plugin.ts';
import type { Expression, Operand } from './ast.ts';
import { commonOptionsUse } from './common-options.ts';
import { compileCondition } from './condition.ts';
import type { GraphNode, PipelineGraph } from './graph.ts';
import { branchesOf, nodesOf } from './graph-walk.ts';

export interface PluginLookup {
  filter(node: GraphNode): FilterPlugin;
  /** What an output and its codec read. */
  output(node: GraphNode): FieldUse;
}

/** Fields (references such as `[a][b]`) that the inputs of a pipeline must build. */
export function neededFields(graph: PipelineGraph, lookup: PluginLookup): FieldUse {
  const needed = new Set<string>();
  let all = false;
  const add = (use: FieldUse): void => {
    if (use === 'all') all = true;
    else for (const field of use) needed.add(field);
  };
  for (const input of graph.inputs) add(commonOptionsUse('input', input.options).reads);
  for (const filter of nodesOf(graph.filters)) {
    add(lookup.filter(filter).reads?.(filter.options as never) ?? 'all');
    add(commonOptionsUse('filter', filter.options).reads);
  }
  for (const output of nodesOf(graph.outputs)) add(lookup.output(output));
  for (const branch of [...branchesOf(graph.filters), ...branchesOf(graph.outputs)]) {
    for (const { condition } of branch.arms) if (condition) add(conditionReads(condition));
  }
  return all ? 'all' : [...needed];
}

/** Fields that the filters and common options of a pipeline may create, as far as they are known at load. */
export function fieldsWritten(graph: PipelineGraph, lookup: Pick<PluginLookup, 'filter'>): string[] {
  const written = new Set<string>();
  for (const input of graph.inputs)
    for (const field of commonOptionsUse('input', input.options).writes) written.add(field);
  for (const filter of nodesOf(graph.filters)) {
    for (const field of lookup.filter(filter).writes?.(filter.options as never) ?? []) written.add(field);
    for (const field of commonOptionsUse('filter', filter.options).writes) written.add(field);
  }
  return [...written];
}

/** Every event reaches every output as its input made it: no filters, no conditions, no decorations. */
export function isPassThrough(graph: PipelineGraph): boolean {
  return (
    graph.filters.length === 0 &&
    graph.outputs.every((output) => output.type === 'plugin') &&
    graph.inputs.every((input) => {
      const { reads, writes } = commonOptionsUse('input', input.options);
      return reads !== 'all' && writes.length === 0;
    })
  );
}

/** Some condition compares by order: that fails for fields that are missing or of the wrong type. */
export function conditionsMayFail(graph: PipelineGraph): boolean {
  return [...branchesOf(graph.filters), ...branchesOf(graph.outputs)].some(({ arms }) =>
    arms.some(({ condition }) => condition !== undefined && compilesToFailing(condition)),
  );
}

const bindNothing = (prefix: string): string => prefix;
const compilesToFailing = (condition: Expression): boolean => compileCondition(condition, bindNothing).fails;

/** Fields that a condition looks at. */
function conditionReads(expression: Expression): string[] {
  switch (expression.type) {
    case 'logical':
      return [...conditionReads(expression.left), ...conditionReads(expression.right)];
    case 'not':
      return conditionReads(expression.operand);
    case 'truth':
      return operandReads(expression.operand);
    case 'match':
      return operandReads(expression.left);
    case 'compare':
    case 'in':
      return [...operandReads(expression.left), ...operandReads(expression.right)];
  }
}

const operandReads = (operand: Operand): string[] =>
  operand.type === 'field' ? [formatFieldReference(parseFieldReference(operand.reference))] : [];
