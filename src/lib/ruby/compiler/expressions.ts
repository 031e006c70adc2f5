/** Expressions of Ruby as expressions of JavaScript. */
import { RegexpError } from '../../oniguruma.ts';
import { constantOf } from '../constants.ts';
import { parseIntegerStrict } from '../conversions.ts';
import { EXTENDED, IGNORE_CASE, MULTI_LINE, RRegexp } from '../regexp.ts';
import { RFloat, symbol } from '../values.ts';
import { assignment } from './assignments.ts';
import { blockOf, functionOf, method } from './blocks.ts';
import { argumentsOf, call } from './calls.ts';
import { type Generation, kindOf, type Node } from './scope.ts';
import { whenTest } from './statements.ts';

/** Does it do nothing when its value is not used? */
export const isPure = (node: Node): boolean =>
  /^(Nil|True|False|Self|Integer|Float|String|Symbol|LocalVariableRead|InstanceVariableRead)Node$/.test(
    kindOf(node),
  );

/** The truth of an expression that is cheap to repeat. */
export const truth = (text: string): string => `(${text} !== null && ${text} !== false)`;

/** Operators whose compiled form answers a JavaScript boolean. */
const COMPARISONS = new Set(['==', '!=', '<', '>', '<=', '>=']);

/** A condition as a JavaScript boolean. */
export function condition(g: Generation, node: Node): string {
  switch (kindOf(node)) {
    case 'TrueNode':
      return 'true';
    case 'FalseNode':
    case 'NilNode':
      return 'false';
    case 'AndNode':
      return `(${condition(g, node.left)} && ${condition(g, node.right)})`;
    case 'OrNode':
      return `(${condition(g, node.left)} || ${condition(g, node.right)})`;
    case 'ParenthesesNode': {
      const body = node.body?.body as Node[] | undefined;
      if (body?.length === 1) return `(${condition(g, body[0])})`;
      break;
    }
    case 'LocalVariableReadNode':
      return truth(expression(g, node));
    case 'CallNode':
      if (node.name === '!' && node.receiver !== null && node.arguments_ === null)
        return `!${condition(g, node.receiver)}`;
      if (
        node.name === 'nil?' &&
        !node.isSafeNavigation() &&
        node.arguments_ === null &&
        node.receiver !== null
      )
        return expression(g, node);
      if (COMPARISONS.has(node.name) && /^(equal|!equal|less|greater)/.test(expressionProbe(g, node)))
        return expression(g, node);
      break;
    case 'MatchPredicateNode':
    case 'FlipFlopNode':
    case 'MatchLastLineNode':
      g.fail(node, kindOf(node));
  }
  return `truthy(${expression(g, node)})`;
}

/** What an expression begins with, compiled for nothing. */
function expressionProbe(g: Generation, node: Node): string {
  const { counter } = g;
  const text = expression(g, node);
  g.counter = counter;
  return text;
}

/** @param unused the value is thrown away */
export function expression(g: Generation, node: Node, unused = false): string {
  switch (kindOf(node)) {
    case 'NilNode':
      return 'null';
    case 'TrueNode':
      return 'true';
    case 'FalseNode':
      return 'false';
    case 'SelfNode':
      return 'S';
    case 'IntegerNode': {
      // Prism's own value is wrong for some numbers beyond 31 bits.
      const value = parseIntegerStrict(sourceText(g, node), 0);
      return typeof value === 'bigint' ? `${value}n` : value < 0 ? `(${value})` : String(value);
    }
    case 'FloatNode':
      return Number.isInteger(node.value)
        ? g.value(new RFloat(node.value))
        : node.value < 0
          ? `(${node.value})`
          : String(node.value);
    case 'StringNode':
      return text(g, node);
    case 'SymbolNode':
      return g.value(symbol(node.unescaped.value));
    case 'InterpolatedStringNode':
      return interpolated(g, node);
    case 'InterpolatedSymbolNode':
      return `symbol(${interpolated(g, node)})`;
    case 'RegularExpressionNode':
      return regularExpression(g, node);
    case 'InterpolatedRegularExpressionNode':
      g.guard ??= 'an expression made at run time';
      g.total = false;
      return `regexp(${interpolated(g, node, true)}, ${regexpOptions(node)})`;
    case 'ArrayNode':
      return `[${argumentsOf(g, node.elements).join(', ')}]`;
    case 'HashNode':
    case 'KeywordHashNode':
      return hash(g, node);
    case 'RangeNode':
      return `new RRange(${node.left === null ? 'null' : expression(g, node.left)}, ${node.right === null ? 'null' : expression(g, node.right)}, ${node.isExcludeEnd()})`;
    case 'LocalVariableReadNode': {
      const { name, scope } = g.local(node, node.name);
      if (scope.event === node.name) g.reads = undefined; // the event goes where we do not look
      return name;
    }
    case 'ItLocalVariableReadNode':
      return 'l_it';
    case 'InstanceVariableReadNode':
      return `(I[${JSON.stringify(node.name)}] ?? null)`;
    case 'ConstantReadNode':
    case 'ConstantPathNode':
      return constant(g, node);
    case 'NumberedReferenceReadNode':
      return `lastGroup(${node.number})`;
    case 'GlobalVariableReadNode':
    case 'BackReferenceReadNode':
      if (node.name === '$~') return 'last.match';
      if (node.name === '$&') return 'lastGroup(0)';
      return g.fail(node, `global variable ${node.name}`);
    case 'AndNode':
    case 'OrNode':
      return logical(g, node);
    case 'IfNode':
    case 'UnlessNode':
      return ternary(g, node);
    case 'CaseNode':
      return choice(g, node);
    case 'ParenthesesNode':
      return sequence(g, node.body);
    case 'StatementsNode':
      return sequence(g, node);
    case 'EmbeddedStatementsNode':
      return sequence(g, node.statements);
    case 'EmbeddedVariableNode':
      return expression(g, node.variable);
    case 'ImplicitNode':
      return expression(g, node.value);
    case 'BeginNode':
    case 'RescueModifierNode':
    case 'WhileNode':
    case 'UntilNode':
    case 'ForNode':
      return closed(g, node);
    case 'LambdaNode':
      g.total = false;
      return blockOf(g, node, true).text;
    case 'DefNode':
      if (g.scope.kind !== 'top' && g.scope.kind !== 'code') g.fail(node, 'a method inside of a block');
      return `(${method(g, node, node.name === 'filter')}, ${g.value(symbol(node.name))})`;
    case 'CallNode':
      return call(g, node, unused);
    case 'MatchWriteNode':
      return matchWrite(g, node);
    case 'YieldNode':
      return yieldTo(g, node);
    case 'DefinedNode':
      return defined(g, node);
  }
  if (/WriteNode$/.test(kindOf(node))) return assignment(g, node);
  return g.fail(node, kindOf(node));
}

function text(g: Generation, node: Node): string {
  const { value, encoding, validEncoding } = node.unescaped;
  if (!validEncoding || (!/utf-8|us-ascii/i.test(encoding) && /[^\0-\x7f]/.test(value)))
    g.fail(node, 'text that is not UTF-8');
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** Parts joined; `inPattern`: an expression among them stands for its source. */
function interpolated(g: Generation, node: Node, inPattern = false): string {
  const parts = (node.parts as Node[]).map((part) => {
    const kind = kindOf(part);
    if (kind === 'StringNode') return inPattern ? JSON.stringify(sourceText(g, part)) : text(g, part);
    if (kind === 'InterpolatedStringNode') return interpolated(g, part);
    return `toS(${expression(g, part)})`;
  });
  return `("" + ${parts.join(' + ')})`;
}

/** A part of an expression as written, escapes and all. */
function sourceText(g: Generation, part: Node): string {
  const { startOffset, length } = part.location;
  return g.parsed.bytes.subarray(startOffset, startOffset + length).toString('utf8');
}

function regexpOptions(node: Node): number {
  return (
    (node.isIgnoreCase() ? IGNORE_CASE : 0) |
    (node.isExtended() ? EXTENDED : 0) |
    (node.isMultiLine() ? MULTI_LINE : 0)
  );
}

function regularExpression(g: Generation, node: Node): string {
  if (node.isAscii8bit() || node.isEucJp() || node.isWindows31j())
    g.fail(node, 'an expression for another encoding');
  let made: RRegexp;
  try {
    made = new RRegexp(patternSource(g, node), regexpOptions(node));
  } catch (error) {
    if (error instanceof RegexpError) g.fail(node, `expression: ${error.message}`);
    throw error;
  }
  if (!made.linear) g.guard ??= 'an expression with look-around or back-references';
  return g.value(made);
}

/** The text between the slashes; `\/` is a slash. */
function patternSource(g: Generation, node: Node): string {
  const { startOffset, length } = node.contentLoc;
  const written = g.parsed.bytes.subarray(startOffset, startOffset + length).toString('utf8');
  return written.replace(/\\([\s\S])/g, (all, char) => (char === '/' ? '/' : all));
}

function hash(g: Generation, node: Node): string {
  const elements = node.elements as Node[];
  const parts = elements.map((each) => {
    if (kindOf(each) === 'AssocSplatNode') {
      if (each.value === null) g.fail(each, 'an anonymous double splat');
      return `...hashArgument(${expression(g, each.value)}).pairs()`;
    }
    return `[${expression(g, each.key)}, ${expression(g, each.value)}]`;
  });
  return parts.length === 0 ? 'new RHash()' : `RHash.of([${parts.join(', ')}])`;
}

function constant(g: Generation, node: Node): string {
  const names: string[] = [];
  for (let each = node; each !== null; each = each.parent) {
    if (kindOf(each) !== 'ConstantReadNode' && kindOf(each) !== 'ConstantPathNode')
      g.fail(node, 'a computed constant');
    names.unshift(each.name);
    if (kindOf(each) === 'ConstantReadNode') break;
  }
  const name = names.join('::');
  if (g.constants.has(name)) return `(C[${JSON.stringify(name)}] ?? null)`;
  g.total = false;
  const value = constantOf(name);
  if (value === undefined) g.fail(node, `constant ${name}`);
  return g.value(value);
}

function logical(g: Generation, node: Node): string {
  const left = g.temporary();
  const value = expression(g, node.left);
  const right = jump(g, node.right) ?? expression(g, node.right);
  const test = `((${left} = ${value}) !== null && ${left} !== false)`;
  return kindOf(node) === 'AndNode' ? `(${test} ? ${right} : ${left})` : `(${test} ? ${left} : ${right})`;
}

/** `x = y or return` and their kin as expressions: they throw. */
function jump(g: Generation, node: Node): string | undefined {
  if (!['ReturnNode', 'NextNode', 'BreakNode'].includes(kindOf(node))) return undefined;
  if (kindOf(node) === 'ReturnNode') {
    const owner = g.owner();
    if (owner.kind === 'closed') g.fail(node, 'return inside an expression');
    owner.returnsThrough = true;
    const list = (node.arguments_?.arguments_ ?? []) as Node[];
    if (list.length > 1) g.fail(node, 'several values');
    return `leave(${owner.frame}, ${list.length === 0 ? 'null' : expression(g, list[0])})`;
  }
  return g.fail(node, `${kindOf(node)} inside an expression`);
}

function branchValue(g: Generation, node: Node | null): string {
  if (node === null) return 'null';
  const body = kindOf(node) === 'StatementsNode' ? (node.body as Node[]) : [node];
  if (body.length === 1) {
    const jumped = jump(g, body[0]);
    if (jumped !== undefined) return jumped;
  }
  return sequence(g, node);
}

function ternary(g: Generation, node: Node): string {
  const test = condition(g, node.predicate);
  const yes = branchValue(g, node.statements);
  const other = kindOf(node) === 'IfNode' ? node.subsequent : node.elseClause;
  const no =
    other === null
      ? 'null'
      : kindOf(other) === 'ElseNode'
        ? branchValue(g, other.statements)
        : ternary(g, other);
  return kindOf(node) === 'IfNode' ? `(${test} ? ${yes} : ${no})` : `(${test} ? ${no} : ${yes})`;
}

function choice(g: Generation, node: Node): string {
  const subject = node.predicate === null ? undefined : g.temporary();
  const start = subject === undefined ? '' : `${subject} = ${expression(g, node.predicate)}, `;
  let made = '';
  for (const when of node.conditions as Node[])
    made += `(${whenTest(g, when, subject)}) ? ${branchValue(g, when.statements)} : `;
  return `(${start}${made}${branchValue(g, node.elseClause?.statements ?? null)})`;
}

/** Statements as one expression. */
function sequence(g: Generation, node: Node | null): string {
  if (node === null) return 'null';
  const body = kindOf(node) === 'StatementsNode' ? (node.body as Node[]) : [node];
  if (body.length === 0) return 'null';
  if (body.length === 1) return expression(g, body[0]);
  return `(${body.map((each, index) => expression(g, each, index < body.length - 1)).join(', ')})`;
}

/** What only statements can say, in a function of its own that nothing leaves but its value. */
function closed(g: Generation, node: Node): string {
  const scope = { locals: [], location: node.location };
  return `(${functionOf(g, 'closed', scope, wrap(node), () => ({ list: '', start: '' })).text})()`;
}

/** A node as a body of statements, so that `begin` is not taken for the function's own. */
const wrap = (node: Node): Node => new StatementsNode(node);
class StatementsNode {
  readonly body: Node[];
  constructor(node: Node) {
    this.body = [node];
  }
}

/** `/(?<name>…)/ =~ text` writes locals. */
function matchWrite(g: Generation, node: Node): string {
  const made = g.temporary();
  const parts = [`${made} = ${expression(g, node.call)}`];
  for (const target of node.targets as Node[]) {
    if (kindOf(target) !== 'LocalVariableTargetNode') g.fail(node, 'this match');
    parts.push(
      `${g.local(target, target.name).name} = last.match === null ? null : last.match.named(${JSON.stringify(target.name)})`,
    );
  }
  return `(${parts.join(', ')}, ${made})`;
}

function yieldTo(g: Generation, node: Node): string {
  const owner = g.owner();
  if (owner.block === undefined) g.fail(node, 'yield here');
  return `yieldTo(${owner.block}${argumentsOf(g, node.arguments_?.arguments_ ?? [])
    .map((each) => `, ${each}`)
    .join('')})`;
}

function defined(g: Generation, node: Node): string {
  const kind = kindOf(node.value);
  if (kind === 'InstanceVariableReadNode')
    return `(I[${JSON.stringify(node.value.name)}] === undefined ? null : "instance-variable")`;
  if (kind === 'LocalVariableReadNode') return '"local-variable"';
  return g.fail(node, 'defined?');
}
