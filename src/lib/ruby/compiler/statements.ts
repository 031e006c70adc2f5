/** Statements: control flow as JavaScript's own wherever Ruby's is used as a statement. */
import { assign } from './assignments.ts';
import { condition, expression, isPure } from './expressions.ts';
import { type Generation, kindOf, type Node } from './scope.ts';

/** What becomes of a statement's value: nothing, the function's result, or an assignment. */
export type Target = 'void' | 'return' | { readonly to: string };

/** A body; its last statement gives the value. */
export function statements(g: Generation, node: Node | null, target: Target): string {
  if (node === null) return give('null', target);
  if (kindOf(node) !== 'StatementsNode') return statement(g, node, target);
  const body = node.body as Node[];
  if (body.length === 0) return give('null', target);
  return body.map((each, index) => statement(g, each, index === body.length - 1 ? target : 'void')).join('');
}

function give(value: string, target: Target): string {
  if (target === 'void') return value === 'null' ? '' : `${value};\n`;
  return target === 'return' ? `return ${value};\n` : `${target.to} = ${value};\n`;
}

export function statement(g: Generation, node: Node, target: Target): string {
  switch (kindOf(node)) {
    case 'IfNode':
    case 'UnlessNode':
      return branch(g, node, target);
    case 'CaseNode':
      return choice(g, node, target);
    case 'WhileNode':
    case 'UntilNode':
      return loop(g, node, target);
    case 'ForNode':
      return forLoop(g, node, target);
    case 'BeginNode':
      return begin(g, node, target);
    case 'ParenthesesNode':
      return statements(g, node.body, target);
    case 'ReturnNode':
      return leaveFunction(g, node);
    case 'NextNode':
      return next(g, node);
    case 'BreakNode':
      return breakOut(g, node);
    case 'RescueModifierNode':
      return `try {\n${statement(g, node.expression, target)}} catch (e) {\nconst x = rescued(e);\nif (!rescues(x, [StandardError])) throw e;\n${statement(g, node.rescueExpression, target)}}\n`;
    case 'AndNode':
    case 'OrNode':
      if (target !== 'void') break;
      return kindOf(node) === 'AndNode'
        ? `if (${condition(g, node.left)}) {\n${statement(g, node.right, 'void')}}\n`
        : `if (!(${condition(g, node.left)})) {\n${statement(g, node.right, 'void')}}\n`;
    case 'LocalVariableWriteNode':
    case 'InstanceVariableWriteNode':
      if (isCompound(node.value)) return assign(g, node, target);
      break;
    case 'RetryNode': {
      const label = g.scope.loops.findLast((each) => each.label.startsWith('R'))?.label;
      if (label === undefined) g.fail(node, 'retry');
      g.guard ??= 'retry';
      return `continue ${label};\n`;
    }
  }
  if (target === 'void' && isPure(node)) return '';
  return give(expression(g, node, target === 'void'), target);
}

/** Better written as statements than as an expression. */
function isCompound(node: Node): boolean {
  const kind = kindOf(node);
  if (kind === 'ParenthesesNode')
    return node.body !== null && node.body.body?.length > 0 && isCompound(node.body.body.at(-1));
  return (
    ['BeginNode', 'CaseNode', 'WhileNode', 'UntilNode', 'ForNode', 'RescueModifierNode'].includes(kind) ||
    ((kind === 'IfNode' || kind === 'UnlessNode') && node.endKeywordLoc !== null)
  );
}

function branch(g: Generation, node: Node, target: Target): string {
  const test = condition(g, node.predicate);
  const yes = statements(g, node.statements, target);
  const other = kindOf(node) === 'IfNode' ? node.subsequent : node.elseClause;
  let no: string;
  if (other === null) no = give('null', target);
  else if (kindOf(other) === 'ElseNode') no = statements(g, other.statements, target);
  else no = statement(g, other, target);
  const when = kindOf(node) === 'IfNode' ? test : `!(${test})`;
  return `if (${when}) {\n${yes}}${no === '' ? '' : ` else {\n${no}}`}\n`;
}

/** The test of a `when` for the value in `subject` (undefined: the conditions stand for themselves). */
export function whenTest(g: Generation, node: Node, subject: string | undefined): string {
  return (node.conditions as Node[])
    .map((each) => {
      if (subject === undefined) return condition(g, each);
      if (kindOf(each) === 'SplatNode')
        return `splat(${expression(g, each.expression)}).some((w) => caseEqual(w, ${subject}))`;
      const kind = kindOf(each);
      if (
        kind === 'StringNode' ||
        kind === 'NilNode' ||
        kind === 'TrueNode' ||
        kind === 'FalseNode' ||
        kind === 'SymbolNode'
      )
        return `${subject} === ${expression(g, each)}`;
      return `caseEqual(${expression(g, each)}, ${subject})`;
    })
    .join(' || ');
}

function choice(g: Generation, node: Node, target: Target): string {
  let subject: string | undefined;
  let made = '';
  if (node.predicate !== null) {
    subject = g.temporary();
    made = `${subject} = ${expression(g, node.predicate)};\n`;
  }
  for (const when of node.conditions as Node[])
    made += `if (${whenTest(g, when, subject)}) {\n${statements(g, when.statements, target)}} else `;
  return `${made}{\n${statements(g, node.elseClause?.statements ?? null, target)}}\n`;
}

function loop(g: Generation, node: Node, target: Target): string {
  g.guard ??= kindOf(node) === 'WhileNode' ? 'while' : 'until';
  const label = `L${g.counter++}`;
  const test = condition(g, node.predicate);
  const when = kindOf(node) === 'WhileNode' ? test : `!(${test})`;
  g.scope.loops.push({ label });
  const body = statements(g, node.statements, 'void');
  g.scope.loops.pop();
  const written = node.isBeginModifier()
    ? `${label}: do {\n${body}} while (${when});\n`
    : `${label}: while (${when}) {\n${body}}\n`;
  return written + give('null', target);
}

function forLoop(g: Generation, node: Node, target: Target): string {
  g.guard ??= 'for';
  const label = `L${g.counter++}`;
  const item = `i${g.counter++}`;
  const collection = expression(g, node.collection);
  g.scope.loops.push({ label });
  const write = assignTarget(g, node.index, item);
  const body = statements(g, node.statements, 'void');
  g.scope.loops.pop();
  return `${label}: for (const ${item} of itemsOf(${collection})) {\n${write};\n${body}}\n${give('null', target)}`;
}

function leaveFunction(g: Generation, node: Node): string {
  const value = argumentsValue(g, node);
  const { scope } = g;
  if (scope.kind === 'closed') g.fail(node, 'return inside an expression');
  if (scope.kind !== 'block') return `return ${value};\n`;
  const owner = g.owner();
  if (owner.kind === 'closed') g.fail(node, 'return inside an expression');
  owner.returnsThrough = true;
  return `throw new Leave(${owner.frame}, ${value});\n`;
}

function next(g: Generation, node: Node): string {
  const label = innerLoop(g);
  if (label !== undefined) return `continue ${label};\n`;
  if (g.scope.kind === 'closed') g.fail(node, 'next inside an expression');
  return `return ${argumentsValue(g, node)};\n`;
}

function breakOut(g: Generation, node: Node): string {
  const label = innerLoop(g);
  if (label !== undefined) {
    if (node.arguments_ !== null) g.fail(node, 'break with a value out of a loop');
    return `break ${label};\n`;
  }
  const { scope } = g;
  if (scope.kind === 'code' || scope.kind === 'lambda') return `return ${argumentsValue(g, node)};\n`;
  if (scope.kind !== 'block') g.fail(node, 'break here');
  scope.breaks = true;
  return `throw new Leave(${scope.frame}, ${argumentsValue(g, node)});\n`;
}

const innerLoop = (g: Generation): string | undefined =>
  g.scope.loops.findLast((each) => each.label.startsWith('L'))?.label;

function argumentsValue(g: Generation, node: Node): string {
  const list = (node.arguments_?.arguments_ ?? []) as Node[];
  if (list.length === 0) return 'null';
  if (list.length > 1 || kindOf(list[0]) === 'SplatNode') g.fail(node, 'several values');
  return expression(g, list[0]);
}

/** begin … rescue … else … ensure … end */
export function begin(g: Generation, node: Node, target: Target): string {
  const { rescueClause, elseClause, ensureClause } = node;
  let written: string;
  if (rescueClause === null)
    written =
      statements(g, node.statements, elseClause ? 'void' : target) +
      (elseClause ? statements(g, elseClause.statements, target) : '');
  else written = protect(g, node, target);
  if (ensureClause === null) return written;
  return `try {\n${written}} finally {\n${statements(g, ensureClause.statements, 'void')}}\n`;
}

function protect(g: Generation, node: Node, target: Target): string {
  const label = `R${g.counter++}`;
  const error = `e${g.counter++}`;
  let clauses = '';
  g.scope.loops.push({ label });
  for (let clause = node.rescueClause; clause !== null; clause = clause.subsequent) {
    const list = (clause.exceptions as Node[]).map((each) =>
      kindOf(each) === 'SplatNode' ? `...splat(${expression(g, each.expression)})` : expression(g, each),
    );
    const bind = clause.reference === null ? '' : `${assignTarget(g, clause.reference, error)};\n`;
    clauses += `if (rescues(${error}, [${list.length > 0 ? list.join(', ') : 'StandardError'}])) {\n${bind}${statements(g, clause.statements, target)}} else `;
  }
  g.scope.loops.pop();
  const retries = clauses.includes(`continue ${label};`);
  const done = `d${g.counter++}`;
  const hasElse = node.elseClause !== null;
  const body = statements(g, node.statements, hasElse ? 'void' : target);
  let written = `${hasElse ? `let ${done} = false;\n` : ''}try {\n${body}${hasElse ? `${done} = true;\n` : ''}} catch (e) {\nconst ${error} = rescued(e);\n${clauses}throw e;\n}\n`;
  if (hasElse) written += `if (${done}) {\n${statements(g, node.elseClause.statements, target)}}\n`;
  return retries ? `${label}: for (;;) {\n${written}break;\n}\n` : written;
}

/** Assigns `value` (a name) to a target such as a `for` variable or `rescue => e`. */
export function assignTarget(g: Generation, node: Node, value: string): string {
  switch (kindOf(node)) {
    case 'RequiredParameterNode':
    case 'LocalVariableTargetNode':
      return `${g.local(node, node.name).name} = ${value}`;
    case 'InstanceVariableTargetNode':
      return `I[${JSON.stringify(node.name)}] = ${value}`;
    case 'MultiTargetNode':
      return spreadTargets(g, node, value);
    case 'IndexTargetNode': {
      const args = node.arguments_?.arguments_ as Node[] | undefined;
      if (args?.length !== 1) g.fail(node, 'this assignment');
      return `setIndex(${expression(g, node.receiver)}, ${expression(g, args![0])}, ${value})`;
    }
    case 'SplatNode':
      return node.expression === null ? 'null' : assignTarget(g, node.expression, value);
    case 'ImplicitRestNode':
      return 'null';
  }
  return g.fail(node, `assignment to ${kindOf(node)}`);
}

/** `a, (b, *c), d = value` as one expression. */
export function spreadTargets(g: Generation, node: Node, value: string): string {
  const list = g.temporary();
  const parts = [`${list} = toAry(${value})`];
  const lefts = node.lefts as Node[];
  const rights = node.rights as Node[];
  for (const [index, each] of lefts.entries())
    parts.push(assignTarget(g, each, `(${list}[${index}] ?? null)`));
  if (node.rest !== null && kindOf(node.rest) === 'SplatNode' && node.rest.expression !== null)
    parts.push(assignTarget(g, node.rest, `restOf(${list}, ${lefts.length}, ${rights.length})`));
  for (const [index, each] of rights.entries())
    parts.push(
      assignTarget(
        g,
        each,
        `(${list}[Math.max(${lefts.length + index}, ${list}.length - ${rights.length - index})] ?? null)`,
      ),
    );
  return `(${parts.join(', ')})`;
}
