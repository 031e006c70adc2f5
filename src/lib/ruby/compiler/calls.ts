/** Method calls: of the event, of what operators stand for, of Kernel, of the program's own methods, and any other. */
import { FieldReferenceError } from '../../../event/field-reference.ts';
import { fieldsRead } from '../../../event/sprintf.ts';
import { placeOf } from '../event-object.ts';
import { kernel } from '../kernel.ts';
import { isImplemented, isTotal, onlyForText } from '../method-support.ts';
import { blockOf } from './blocks.ts';
import { textChange } from './cells.ts';
import { condition, expression } from './expressions.ts';
import { type Generation, kindOf, type Node } from './scope.ts';

/** Operators with a function of their own. */
const OPERATORS: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '**': 'power',
  '==': 'equal',
  '<': 'less',
  '<=': 'lessOrEqual',
  '>': 'greater',
  '>=': 'greaterOrEqual',
  '=~': 'matches',
};

/** Operators that work, or raise what Ruby raises, whatever they are given. */
const SURE_OPERATORS = new Set(['==', '<', '<=', '>', '>=', '-', '/', '=~']);

/** `left operator right` of compiled operands. */
export function binary(g: Generation, node: Node, operator: string, left: string, right: string): string {
  const name = OPERATORS[operator];
  if (!SURE_OPERATORS.has(operator)) g.total = false;
  if (name !== undefined) return `${name}(${left}, ${right})`;
  if (!isImplemented(operator)) g.fail(node, `operator ${operator}`);
  return `call1By(${left}, ${JSON.stringify(operator)}, ${right})`;
}

/** Arguments, splats spread. */
export function argumentsOf(g: Generation, list: readonly Node[]): string[] {
  return list.map((each) => {
    if (kindOf(each) === 'SplatNode') {
      if (each.expression === null) g.fail(each, 'an anonymous splat');
      return `...splat(${expression(g, each.expression)})`;
    }
    return expression(g, each);
  });
}

export function call(g: Generation, node: Node, unused: boolean): string {
  const { receiver } = node;
  const list = (node.arguments_?.arguments_ ?? []) as Node[];
  if (list.some((each) => kindOf(each) === 'ForwardingArgumentsNode')) g.fail(node, 'forwarded arguments');
  if (receiver === null || (kindOf(receiver) === 'SelfNode' && !node.isAttributeWrite()))
    return ownCall(g, node, list);
  if (node.isSafeNavigation()) return safe(g, node, list);
  const ofEvent = eventCall(g, node, list, unused);
  if (ofEvent !== undefined) return ofEvent;
  const change = textChange(g, node, list, unused);
  if (change !== undefined) return change;
  return on(g, node, expression(g, receiver), list);
}

/** A call on a compiled receiver. */
function on(g: Generation, node: Node, receiver: string, list: readonly Node[]): string {
  const { name } = node;
  if (node.block === null) {
    if (name === '!') return `!${condition(g, node.receiver)}`;
    if (list.length === 0 && name === 'nil?') return `(${receiver} === null)`;
    if (list.length === 1 && kindOf(list[0]) !== 'SplatNode') {
      if (name === '!=') return `!equal(${receiver}, ${expression(g, list[0])})`;
      if (name === '[]') return `index(${receiver}, ${expression(g, list[0])})`;
      if (name === '===') return `caseEqual(${receiver}, ${expression(g, list[0])})`;
      if (name === 'include?' && isListOfText(node.receiver)) return oneOf(g, node, list[0]);
      if (OPERATORS[name] !== undefined) return binary(g, node, name, receiver, expression(g, list[0]));
    }
    if (name === '[]=' && list.length === 2)
      return `setIndex(${receiver}, ${expression(g, list[0])}, ${expression(g, list[1])})`;
  }
  if (node.isAttributeWrite()) {
    if (name === '[]=' || list.length !== 1) g.fail(node, 'this assignment');
    const value = g.temporary();
    return `(${value} = ${expression(g, list[0])}, call1By(${receiver}, ${JSON.stringify(name)}, ${value}), ${value})`;
  }
  if (onlyForText.has(name)) g.fail(node, `${name} changes text in place`);
  if (!isImplemented(name)) g.fail(node, `method ${name}`);
  noteGuard(g, node);
  if (list.some((each) => kindOf(each) === 'SplatNode') || !isTotal(name, list.length)) g.total = false;
  return dispatched(g, node, receiver, list);
}

function dispatched(g: Generation, node: Node, receiver: string, list: readonly Node[]): string {
  const quoted = JSON.stringify(node.name);
  const args = argumentsOf(g, list);
  const block = blockArgument(g, node);
  const self = /^[\w$]+$/.test(receiver) ? receiver : g.temporary();
  const bind = self === receiver ? '' : `${self} = ${receiver}, `;
  const found = `methodsOf(${self})[${quoted}]`;
  const spread = list.some((each) => kindOf(each) === 'SplatNode');
  let text: string;
  if (block.text === 'null' && args.length === 0) text = `call0(${found}, ${self}, ${quoted})`;
  else if (block.text === 'null' && args.length === 1 && !spread)
    text = `call1(${found}, ${self}, ${quoted}, ${args[0]})`;
  else text = `callN(${[found, self, quoted, block.text, ...args].join(', ')})`;
  if (block.breaks !== undefined) return `(${bind}leavable((${block.breaks}) => ${text}))`;
  return bind === '' ? text : `(${bind}${text})`;
}

/** Methods that throw away what their block answers. */
export const IGNORES_ANSWER: ReadonlySet<string> = new Set(
  'each each_pair each_key each_value each_with_index each_with_object each_char each_line each_byte each_slice each_cons each_index each_entry reverse_each times upto downto step cycle loop tap'.split(
    ' ',
  ),
);

function blockArgument(g: Generation, node: Node): { text: string; breaks: string | undefined } {
  const { block } = node;
  if (block === null) return { text: 'null', breaks: undefined };
  if (kindOf(block) === 'BlockNode')
    return blockOf(g, block, false, IGNORES_ANSWER.has(node.name) ? 'void' : 'return');
  if (block.expression === null) g.fail(node, 'an anonymous block argument');
  g.total = false;
  return { text: `toBlock(${expression(g, block.expression)})`, breaks: undefined };
}

/** `receiver&.name(…)` */
function safe(g: Generation, node: Node, list: readonly Node[]): string {
  const self = g.temporary();
  const value = expression(g, node.receiver);
  return `((${self} = ${value}) === null ? null : ${on(g, node, self, list)})`;
}

/** What may run for ever. */
function noteGuard(g: Generation, node: Node): void {
  const { name, receiver, block } = node;
  if (
    ['times', 'upto', 'downto', 'step', 'cycle'].includes(name) &&
    !(name === 'times' && kindOf(receiver) === 'IntegerNode')
  )
    g.guard ??= name;
  else if (
    block !== null &&
    /^(each|map|select|reject|find|inject|reduce)/.test(name) &&
    !isBoundedSource(receiver)
  )
    g.guard ??= 'a loop over a range';
  else if (['match', 'match?', 'gsub', 'sub', 'scan', '=~', 'split', 'index', 'slice', '[]'].includes(name)) {
    const pattern = node.arguments_?.arguments_?.[0];
    if (pattern !== undefined && !isHarmlessPattern(name, pattern))
      g.guard ??= 'an expression known only at run time';
  }
  if (
    block !== null &&
    kindOf(block) === 'BlockNode' &&
    receiver !== null &&
    kindOf(receiver) === 'LocalVariableReadNode' &&
    growsIn(block, receiver.name)
  )
    g.guard ??= 'a loop over what it adds to';
}

const isBoundedSource = (node: Node): boolean => {
  const inner = kindOf(node) === 'ParenthesesNode' ? node.body?.body?.[0] : node;
  if (inner === undefined || kindOf(inner) !== 'RangeNode') return true;
  return (
    inner.right !== null &&
    kindOf(inner.right) === 'IntegerNode' &&
    (inner.left === null || kindOf(inner.left) === 'IntegerNode')
  );
};

/** Text (found as it is, but for `match`), literals (checked where they stand), constants and variables set once at load. */
function isHarmlessPattern(name: string, node: Node): boolean {
  const kind = kindOf(node);
  if (kind === 'RegularExpressionNode' || kind === 'InterpolatedRegularExpressionNode') return true;
  if (kind === 'StringNode' || kind === 'InterpolatedStringNode') return !name.startsWith('match');
  return (
    ['IntegerNode', 'RangeNode', 'SymbolNode', 'NilNode', 'CallNode', 'LocalVariableReadNode'].includes(
      kind,
    ) &&
    !name.startsWith('match') &&
    name !== '=~'
  );
}

function growsIn(block: Node, name: string): boolean {
  for (const node of (function* all(each: Node): Iterable<Node> {
    yield each;
    for (const child of each.compactChildNodes()) yield* all(child);
  })(block)) {
    if (
      kindOf(node) !== 'CallNode' ||
      !['<<', 'push', 'append', 'unshift', 'concat', 'insert', 'prepend'].includes(node.name)
    )
      continue;
    if (
      node.receiver !== null &&
      kindOf(node.receiver) === 'LocalVariableReadNode' &&
      node.receiver.name === name
    )
      return true;
  }
  return false;
}

// ---- without a receiver ----

function ownCall(g: Generation, node: Node, list: readonly Node[]): string {
  const { name } = node;
  if (g.methods.has(name)) {
    g.guard ??= 'methods of its own';
    g.total = false;
    const block = blockArgument(g, node);
    const text = `callOwn(${['U', JSON.stringify(name), block.text, ...argumentsOf(g, list)].join(', ')})`;
    return block.breaks === undefined ? text : `leavable((${block.breaks}) => ${text})`;
  }
  if (name === 'block_given?') {
    const owner = g.owner();
    return owner.block === undefined
      ? g.scope.kind === 'top'
        ? 'false'
        : 'true'
      : `(${owner.block} !== null)`;
  }
  if (name === 'lambda' || name === 'proc') {
    if (node.block === null || kindOf(node.block) !== 'BlockNode') g.fail(node, `${name} without a block`);
    return blockOf(g, node.block, name === 'lambda').text;
  }
  if (name !== 'logger' && name !== 'puts') g.total = false;
  const isTest = g.scope.kind !== 'code' && ['test', 'parameters', 'in_event', 'expect'].includes(name);
  if (!Object.hasOwn(kernel, name) && !isTest) g.fail(node, `method ${name}`);
  if (name === 'loop') g.guard ??= 'loop';
  const block = blockArgument(g, node);
  const text = `S.${isTest ? 'tests' : 'kernel'}.${name}(${['S', block.text, ...argumentsOf(g, list)].join(', ')})`;
  return block.breaks === undefined ? text : `leavable((${block.breaks}) => ${text})`;
}

// ---- of the event ----

/** Is it the filter's event? */
function isEvent(g: Generation, node: Node): boolean {
  if (node === null || kindOf(node) !== 'LocalVariableReadNode') return false;
  return g.local(node, node.name).scope.event === node.name;
}

function eventCall(g: Generation, node: Node, list: readonly Node[], unused: boolean): string | undefined {
  const { receiver, name } = node;
  if (
    name === 'each' &&
    node.block !== null &&
    kindOf(node.block) === 'BlockNode' &&
    kindOf(receiver) === 'CallNode' &&
    receiver.name === 'to_hash' &&
    isEvent(g, receiver.receiver) &&
    receiver.arguments_ === null &&
    unused
  ) {
    g.reads = undefined;
    const self = g.local(receiver.receiver, receiver.receiver.name).name;
    const block = blockOf(g, node.block, false, 'void');
    const text = `eachField(${self}, ${block.text})`;
    return block.breaks === undefined ? text : `leavable((${block.breaks}) => ${text})`;
  }
  if (!isEvent(g, receiver)) return undefined;
  const self = g.local(receiver, receiver.name).name;
  if (node.block !== null || list.some((each) => kindOf(each) === 'SplatNode')) {
    g.reads = undefined;
    return undefined;
  }
  const wanted: Readonly<Record<string, number>> = {
    get: 1,
    set: 2,
    remove: 1,
    'include?': 1,
    cancel: 0,
    tag: 1,
    sprintf: 1,
  };
  if (wanted[name] !== list.length) {
    if (name !== 'timestamp' && name !== 'uncancel' && name !== 'cancelled?') g.reads = undefined;
    else if (name === 'timestamp') g.reads?.add('@timestamp');
    return undefined;
  }
  if (name === 'cancel') return `cancel(${self})`;
  if (name === 'tag') {
    g.reads?.add('tags');
    return `call1By(${self}, "tag", ${expression(g, list[0])})`;
  }
  if (name === 'sprintf') {
    if (kindOf(list[0]) === 'StringNode')
      for (const read of fieldsRead(list[0].unescaped.value)) g.reads?.add(read);
    else g.reads = undefined;
    return `call1By(${self}, "sprintf", ${expression(g, list[0])})`;
  }
  return fieldCall(g, node, self, list, unused);
}

function fieldCall(g: Generation, node: Node, self: string, list: readonly Node[], unused: boolean): string {
  const { name } = node;
  const value = list.length > 1 ? expression(g, list[1]) : undefined;
  const fixed = kindOf(list[0]) === 'StringNode' ? constantPlace(g, list[0].unescaped.value) : undefined;
  if (fixed !== undefined) {
    g.reads?.add(list[0].unescaped.value);
    if (name === 'get') return `getAt(${self}, ${fixed})`;
    if (name === 'set') return `setAt(${self}, ${fixed}, ${value})`;
    if (name === 'remove') return `removeAt(${self}, ${fixed})`;
    return `eventIncludes(${self}, ${expression(g, list[0])})`;
  }
  g.reads = undefined;
  const pieces =
    kindOf(list[0]) === 'InterpolatedStringNode' && name === 'set' ? bracketPieces(list[0]) : undefined;
  if (pieces !== undefined) {
    const inner = expression(g, pieces.inner);
    return pieces.top === undefined
      ? `setTop(${self}, ${inner}, ${value})`
      : `setInner(${self}, ${JSON.stringify(pieces.top)}, ${inner}, ${value})`;
  }
  const reference = expression(g, list[0]);
  if (name === 'get') return `eventGet(${self}, ${reference})`;
  if (name === 'set') return `eventSet(${self}, ${reference}, ${value})`;
  if (name === 'remove')
    return unused ? `discard(${self}, ${reference})` : `eventRemove(${self}, ${reference})`;
  return `eventIncludes(${self}, ${reference})`;
}

function constantPlace(g: Generation, text: string): string | undefined {
  try {
    const known = g.values.findIndex(
      (value) =>
        (value as { text?: string } | null)?.text === text && Object.hasOwn(value as object, 'reference'),
    );
    return known >= 0 ? `K${known}` : g.value(placeOf(text, g.times));
  } catch (error) {
    if (error instanceof FieldReferenceError) return undefined; // raised when it is reached
    throw error;
  }
}

/** `[top][#{inner}]` or `[#{inner}]` */
function bracketPieces(node: Node): { top: string | undefined; inner: Node } | undefined {
  const parts = node.parts as Node[];
  if (parts.length !== 3 || kindOf(parts[0]) !== 'StringNode' || kindOf(parts[2]) !== 'StringNode')
    return undefined;
  if (kindOf(parts[1]) !== 'EmbeddedStatementsNode' || parts[1].statements?.body?.length !== 1)
    return undefined;
  if (parts[2].unescaped.value !== ']') return undefined;
  const inner = parts[1].statements.body[0];
  const before = parts[0].unescaped.value as string;
  if (before === '[') return { top: undefined, inner };
  const match = /^\[([^[\]@][^[\]]*)\]\[$/.exec(before);
  return match && match[1] !== 'tags' ? { top: match[1]!, inner } : undefined;
}

// ---- lists of text ----

const isListOfText = (node: Node): boolean =>
  kindOf(node) === 'ArrayNode' &&
  node.elements.length > 0 &&
  node.elements.length <= 12 &&
  (node.elements as Node[]).every((each) => kindOf(each) === 'StringNode');

/** `["a", "b"].include?(x)` */
function oneOf(g: Generation, node: Node, value: Node): string {
  const text = expression(g, value);
  const name = /^[\w$]+$/.test(text) ? text : g.temporary();
  const tests = (node.receiver.elements as Node[])
    .map((each) => `${name} === ${expression(g, each)}`)
    .join(' || ');
  return name === text ? `(${tests})` : `(${name} = ${text}, ${tests})`;
}
