/** Assignments of every kind, as statements and as expressions. */
import { binary } from './calls.ts';
import { expression, truth } from './expressions.ts';
import { type Generation, kindOf, type Node } from './scope.ts';
import { spreadTargets, statement, type Target } from './statements.ts';

/** Where a simple variable is written to. */
function place(g: Generation, node: Node): string {
  const kind = kindOf(node);
  if (kind.startsWith('LocalVariable')) return g.local(node, node.name).name;
  if (kind.startsWith('InstanceVariable')) return `I[${JSON.stringify(node.name)}]`;
  return g.fail(node, kind);
}

/** `variable = compound statement`; the value of it all goes to `target`. */
export function assign(g: Generation, node: Node, target: Target): string {
  const variable = place(g, node);
  const written = statement(g, node.value, { to: variable });
  if (target === 'void') return written;
  return written + (target === 'return' ? `return ${variable};\n` : `${target.to} = ${variable};\n`);
}

export function assignment(g: Generation, node: Node): string {
  const kind = kindOf(node);
  if (/^(Local|Instance)Variable/.test(kind)) {
    const variable = place(g, node);
    const read = kind.startsWith('Instance') ? `(${variable} ?? null)` : variable;
    if (kind.endsWith('OperatorWriteNode'))
      return `(${variable} = ${binary(g, node, node.binaryOperator, read, expression(g, node.value))})`;
    if (kind.endsWith('OrWriteNode'))
      return `(${truth(read)} ? ${read} : (${variable} = ${expression(g, node.value)}))`;
    if (kind.endsWith('AndWriteNode'))
      return `(${truth(read)} ? (${variable} = ${expression(g, node.value)}) : ${read})`;
    return `(${variable} = ${expression(g, node.value)})`;
  }
  if (kind.startsWith('Index')) return indexAssignment(g, node);
  if (kind === 'ConstantWriteNode') {
    if (g.scope.kind !== 'top') g.fail(node, 'a constant inside of code');
    return `(C[${JSON.stringify(node.name)}] = ${expression(g, node.value)})`;
  }
  if (kind === 'MultiWriteNode') return multiple(g, node);
  return g.fail(node, kind);
}

/** `a[i] += v`, `a[i] ||= v` */
function indexAssignment(g: Generation, node: Node): string {
  const args = (node.arguments_?.arguments_ ?? []) as Node[];
  if (args.length !== 1 || node.block !== null || node.isSafeNavigation())
    g.fail(node, 'this form of indexed assignment');
  const holder = g.temporary();
  const key = g.temporary();
  const start = `${holder} = ${expression(g, node.receiver)}, ${key} = ${expression(g, args[0])}`;
  const read = `index(${holder}, ${key})`;
  const value = expression(g, node.value);
  if (kindOf(node) === 'IndexOperatorWriteNode')
    return `(${start}, setIndex(${holder}, ${key}, ${binary(g, node, node.binaryOperator, read, value)}))`;
  const old = g.temporary();
  const store = `setIndex(${holder}, ${key}, ${value})`;
  return kindOf(node) === 'IndexOrWriteNode'
    ? `(${start}, ${old} = ${read}, ${truth(old)} ? ${old} : ${store})`
    : `(${start}, ${old} = ${read}, ${truth(old)} ? ${store} : ${old})`;
}

function multiple(g: Generation, node: Node): string {
  const value = g.temporary();
  return `(${value} = ${expression(g, node.value)}, ${spreadTargets(g, node, value)}, ${value})`;
}
