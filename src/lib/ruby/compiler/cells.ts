/**
 * Text that is changed in place (`text << more`, `text.gsub!(…)`). Compiled text never changes, so a change is
 * compiled to an assignment of the local that holds it. That is right only while no other name sees the same object
 * and could tell: every value that the local gets must be new text (or an event's field, which is then written too),
 * and where the object is handed on, no change may come after.
 */

import { placeOf } from '../event-object.ts';
import { kernel } from '../kernel.ts';
import { blockOf } from './blocks.ts';
import { argumentsOf, IGNORES_ANSWER } from './calls.ts';
import { type CellSource, type Generation, kindOf, type Node } from './scope.ts';

/** Changing methods, and those that make the changed text. */
const CHANGES: Readonly<Record<string, string>> = {
  '<<': '+',
  concat: 'concat',
  prepend: 'prepend',
  replace: 'replace',
  insert: 'insert',
  clear: 'clear',
  'reverse!': 'reverse',
  'gsub!': 'gsub',
  'sub!': 'sub',
  'strip!': 'strip',
  'lstrip!': 'lstrip',
  'rstrip!': 'rstrip',
  'chomp!': 'chomp',
  'chop!': 'chop',
  'upcase!': 'upcase',
  'downcase!': 'downcase',
  'capitalize!': 'capitalize',
  'swapcase!': 'swapcase',
  'tr!': 'tr',
  'tr_s!': 'tr_s',
  'delete!': 'delete',
  'squeeze!': 'squeeze',
  'delete_prefix!': 'delete_prefix',
  'delete_suffix!': 'delete_suffix',
  'scrub!': 'scrub',
  'encode!': 'encode',
};

/** They answer nil also when the text is replaced by the same: not to be told from outside. */
const UNCLEAR = new Set(['gsub!', 'sub!', 'tr!', 'tr_s!', 'encode!', 'scrub!']);
const ANSWER_SELF = new Set(['<<', 'concat', 'prepend', 'replace', 'insert', 'clear', 'reverse!']);

/** Methods that answer text nobody else has. */
const FRESH = new Set(
  'gsub sub strip lstrip rstrip downcase upcase capitalize swapcase + * % tr tr_s delete squeeze chomp chop ljust rjust center join dup clone format sprintf inspect reverse to_json hexdigest base64digest strftime iso8601 pack unpack1 generate dump pretty_generate encode64 strict_encode64 decode64 strict_decode64 to_i to_f length size count split map select reject new +@ - / ** round floor ceil hex oct ord scan chars bytes lines keys values to_a sort uniq compact flatten reverse to_sym uuid'.split(
    ' ',
  ),
);
/** Methods that answer the text itself, or text as it is. */
const SAME = new Set(['to_s', 'to_str', 'itself', 'freeze', 'force_encoding', 'scrub']);
/** Methods that keep hold of an argument. */
const KEEPS = new Set(
  '<< push append unshift prepend insert []= store set concat replace fill merge merge! update tap then call new with_object each_with_object inject reduce default= throw raise send public_send key? dig fetch add'.split(
    ' ',
  ),
);
/** What is safe to call on it without the answer being the text itself. */
const READS_ONLY = (name: string): boolean =>
  !SAME.has(name) && !['tap', 'then', 'each_with_object', 'yield_self', '||', '&&'].includes(name);

interface Place {
  readonly offset: number;
  /** Offsets of the loops and blocks around it, outermost first. */
  readonly loops: readonly number[];
}
interface Assignment extends Place {
  readonly source: CellSource | 'nothing' | undefined;
  /** Stands in the body of its innermost loop itself, under no condition. */
  readonly direct: boolean;
}
interface Variable {
  readonly assignments: Assignment[];
  readonly changes: Place[];
  readonly escapes: Place[];
}

interface Frame {
  readonly id: number;
  readonly names: ReadonlySet<string>;
  readonly parent: Frame | undefined;
  /** Number of loops around it. */
  readonly depth: number;
}

const cellKey = (name: string, scopeId: number): string => `${name}@${scopeId}`;

/** The locals whose text may be changed by assignment, by `cellKey`. */
export function findCells(root: Node, eventName: string | undefined): ReadonlyMap<string, CellSource> {
  const variables = new Map<string, Variable>();
  const visit = visitor(variables, eventName);
  visit(root, undefined, { id: -1, names: new Set(), parent: undefined, depth: 0 }, [], true);
  const cells = new Map<string, CellSource>();
  for (const [key, variable] of variables) {
    if (variable.changes.length === 0) continue;
    const source = sourceOf(variable);
    if (source !== undefined && isSafe(variable)) cells.set(key, source);
  }
  return cells;
}

function sourceOf(variable: Variable): CellSource | undefined {
  const sources = variable.assignments.map((each) => each.source);
  if (sources.includes(undefined) || sources.length === 0) return undefined;
  const held = sources.filter((each) => each !== 'nothing');
  if (held.every((each) => each === 'fresh')) return 'fresh';
  return held.length === 1 ? held[0] : undefined;
}

function isSafe({ assignments, changes, escapes }: Variable): boolean {
  for (const handedOn of escapes) {
    for (const change of changes) {
      if (change.offset > handedOn.offset) return false;
      // Earlier in the text, but perhaps in a later round: then it must have been given new text in that round.
      for (const loop of change.loops) {
        if (!handedOn.loops.includes(loop)) continue;
        if (
          !assignments.some((each) => each.direct && each.loops.includes(loop) && each.offset < change.offset)
        )
          return false;
      }
    }
  }
  return true;
}

type Visit = (
  node: Node,
  parent: Node | undefined,
  frame: Frame,
  loops: readonly number[],
  direct: boolean,
) => void;

function visitor(variables: Map<string, Variable>, eventName: string | undefined): Visit {
  const ancestors: Node[] = [];
  const variable = (name: string, frame: Frame): { found: Variable; depth: number } => {
    let own: Frame | undefined = frame;
    while (own && !own.names.has(name)) own = own.parent;
    const key = cellKey(name, own?.id ?? -1);
    let found = variables.get(key);
    if (found === undefined) variables.set(key, (found = { assignments: [], changes: [], escapes: [] }));
    return { found, depth: own?.depth ?? 0 };
  };
  const note = (
    list: 'changes' | 'escapes',
    node: Node,
    name: string,
    frame: Frame,
    loops: readonly number[],
  ): void => {
    const { found, depth } = variable(name, frame);
    found[list].push({ offset: node.location.startOffset, loops: loops.slice(depth) });
  };
  const write = (
    node: Node,
    name: string,
    source: Assignment['source'],
    frame: Frame,
    loops: readonly number[],
    direct: boolean,
  ): void => {
    const { found, depth } = variable(name, frame);
    found.assignments.push({ offset: node.location.startOffset, loops: loops.slice(depth), source, direct });
  };
  const visit: Visit = (node, parent, frame, loops, direct) => {
    const kind = kindOf(node);
    let inner = frame;
    let around = loops;
    let stillDirect = direct;
    if (kind === 'BlockNode' || kind === 'LambdaNode' || kind === 'DefNode' || kind === 'ProgramNode') {
      const id = kind === 'ProgramNode' ? -1 : (node.location.startOffset as number);
      if (kind === 'BlockNode') around = [...loops, id];
      inner = {
        id,
        names: new Set(node.locals as string[]),
        parent: kind === 'DefNode' ? undefined : frame,
        depth: around.length,
      };
      stillDirect = true;
      for (const name of parameterNames(node)) write(node, name, undefined, inner, around, true);
    } else if (kind === 'WhileNode' || kind === 'UntilNode' || kind === 'ForNode') {
      around = [...loops, node.location.startOffset];
      stillDirect = true;
    } else if (!['StatementsNode', 'ParenthesesNode', 'LocalVariableWriteNode', 'BlockNode'].includes(kind))
      stillDirect = false;

    if (kind === 'LocalVariableWriteNode')
      write(node, node.name, sourceOfValue(node.value, eventName), frame, loops, direct);
    else if (kind === 'LocalVariableOperatorWriteNode') write(node, node.name, 'fresh', frame, loops, false);
    else if (kind === 'LocalVariableOrWriteNode' || kind === 'LocalVariableAndWriteNode')
      write(node, node.name, sourceOfValue(node.value, undefined), frame, loops, false);
    else if (kind === 'LocalVariableTargetNode') write(node, node.name, undefined, frame, loops, false);
    else if (kind === 'LocalVariableReadNode') {
      const use = useOf(node, parent, ancestors.at(-2));
      if (use === 'changes' || use === 'escapes') note(use, node, node.name, frame, loops);
      // What changes the text answers it, too.
      if (use === 'changes' && isUsed(ancestors.slice(0, -1), ancestors.at(-1)))
        note('escapes', node, node.name, frame, loops);
    }
    if (/^LocalVariable.*WriteNode$/.test(kind) && isUsed(ancestors, node))
      note('escapes', node, node.name, frame, loops);
    ancestors.push(node);
    for (const child of node.compactChildNodes()) visit(child, node, inner, around, stillDirect);
    ancestors.pop();
  };
  return visit;
}

function parameterNames(node: Node): string[] {
  const holder = kindOf(node) === 'DefNode' ? node.parameters : node.parameters?.parameters;
  const names: string[] = [];
  if (!holder?.compactChildNodes) return names;
  const collect = (each: Node): void => {
    if (/ParameterNode$/.test(kindOf(each)) && typeof each.name === 'string') names.push(each.name);
    for (const child of each.compactChildNodes()) collect(child);
  };
  collect(holder);
  return names;
}

/** Does anybody look at the value of a node below these ancestors? */
function isUsed(ancestors: readonly Node[], node: Node): boolean {
  const parent = ancestors.at(-1);
  if (parent === undefined) return false;
  const above = ancestors.slice(0, -1);
  switch (kindOf(parent)) {
    case 'ProgramNode':
    case 'EnsureNode':
    case 'ForNode':
      return false;
    case 'StatementsNode':
      return parent.body.at(-1) === node && isUsed(above, parent);
    case 'WhileNode':
    case 'UntilNode':
      return parent.predicate === node;
    case 'IfNode':
    case 'UnlessNode':
    case 'CaseNode':
      return parent.predicate !== node && isUsed(above, parent);
    case 'ElseNode':
    case 'WhenNode':
    case 'BeginNode':
    case 'RescueNode':
    case 'ParenthesesNode':
    case 'AndNode':
    case 'OrNode':
      return isUsed(above, parent);
    case 'LambdaNode':
      // The filter's own code is the lambda at the top.
      return above.length > 2;
    case 'BlockNode': {
      const call = above.at(-1);
      return !(kindOf(call) === 'CallNode' && IGNORES_ANSWER.has(call.name));
    }
    case 'CallNode':
      // A chain: `text << a << b`.
      return !(parent.name === '<<' && parent.receiver === node) || isUsed(above, parent);
    default:
      return true;
  }
}

/** What a read of a local does with the object. */
function useOf(
  node: Node,
  parent: Node | undefined,
  grandparent: Node | undefined,
): 'changes' | 'escapes' | 'reads' {
  if (parent === undefined) return 'escapes';
  const kind = kindOf(parent);
  if (kind === 'CallNode' && parent.receiver === node) {
    if (Object.hasOwn(CHANGES, parent.name)) return 'changes';
    return READS_ONLY(parent.name) ? 'reads' : 'escapes';
  }
  if (kind === 'ArgumentsNode') {
    const call = grandparent !== undefined && kindOf(grandparent) === 'CallNode' ? grandparent : undefined;
    return call === undefined ||
      KEEPS.has(call.name) ||
      (call.receiver === null && !Object.hasOwn(kernel, call.name))
      ? 'escapes'
      : 'reads';
  }
  if (
    kind === 'StatementsNode' &&
    grandparent !== undefined &&
    kindOf(grandparent) === 'EmbeddedStatementsNode'
  )
    return 'reads';
  if (['EmbeddedStatementsNode', 'IfNode', 'UnlessNode', 'WhileNode', 'UntilNode'].includes(kind))
    return 'reads';
  return 'escapes';
}

/** What a local gets: new text, nothing that is text, a field of the event, or undefined (text that others may have). */
function sourceOfValue(node: Node, eventName: string | undefined): Assignment['source'] {
  const kind = kindOf(node);
  if (
    kind === 'StringNode' ||
    kind === 'InterpolatedStringNode' ||
    kind === 'ArrayNode' ||
    kind === 'HashNode'
  )
    return 'fresh';
  if (/^(Nil|True|False|Integer|Float|Symbol|Range|RegularExpression)Node$/.test(kind)) return 'nothing';
  if (kind === 'ParenthesesNode')
    return node.body?.body?.length === 1 ? sourceOfValue(node.body.body[0], eventName) : undefined;
  if (kind !== 'CallNode') return undefined;
  const args = (node.arguments_?.arguments_ ?? []) as Node[];
  if (
    eventName !== undefined &&
    node.name === 'get' &&
    node.receiver !== null &&
    kindOf(node.receiver) === 'LocalVariableReadNode' &&
    node.receiver.name === eventName &&
    args.length === 1 &&
    kindOf(args[0]) === 'StringNode'
  )
    return { reference: args[0].unescaped.value };
  if (SAME.has(node.name) && node.receiver !== null) {
    const source = sourceOfValue(node.receiver, eventName);
    // nil.to_s is frozen: changing it raises, which only the runtime can tell.
    return node.name === 'to_s' && typeof source === 'object' ? { ...source, viaText: true } : source;
  }
  if (node.isSafeNavigation()) return undefined;
  return FRESH.has(node.name) ? 'fresh' : undefined;
}

/** Compiles a call that changes text in a local; undefined when it is none. */
export function textChange(
  g: Generation,
  node: Node,
  list: readonly Node[],
  unused: boolean,
): string | undefined {
  const { name, receiver } = node;
  if (!Object.hasOwn(CHANGES, name)) return undefined;
  if (
    name === '<<' &&
    kindOf(receiver) === 'CallNode' &&
    receiver.name === '<<' &&
    rootOf(receiver) !== undefined
  ) {
    const inner = textChange(g, receiver, receiver.arguments_?.arguments_ ?? [], false);
    const root = rootOf(receiver)!;
    if (inner === undefined) return undefined;
    return `(${inner}, ${change(g, root, node, list)})`;
  }
  if (kindOf(receiver) !== 'LocalVariableReadNode') return undefined;
  const made = change(g, receiver, node, list);
  if (made === undefined || unused || ANSWER_SELF.has(name)) return made;
  if (UNCLEAR.has(name)) return g.fail(node, `the answer of ${name}`);
  const variable = g.local(receiver, receiver.name).name;
  const before = g.temporary();
  return `(${before} = ${variable}, ${made}, changedOrNil(${before}, ${variable}))`;
}

function rootOf(node: Node): Node | undefined {
  let each = node;
  while (kindOf(each) === 'CallNode' && each.name === '<<') each = each.receiver;
  return kindOf(each) === 'LocalVariableReadNode' ? each : undefined;
}

function change(g: Generation, receiver: Node, node: Node, list: readonly Node[]): string | undefined {
  g.total = false;
  const { name: variable, scope } = g.local(receiver, receiver.name);
  const source = g.cells.get(cellKey(receiver.name, scope.id));
  if (source === undefined) return undefined;
  let block = 'null';
  if (node.block !== null) {
    if (kindOf(node.block) !== 'BlockNode') g.fail(node, 'this block');
    const made = blockOf(g, node.block, false);
    if (made.breaks !== undefined) g.fail(node, 'break out of a change of text');
    block = made.text;
  }
  const args = [
    variable,
    JSON.stringify(node.name),
    JSON.stringify(CHANGES[node.name]),
    block,
    ...argumentsOf(g, list),
  ].join(', ');
  if (source === 'fresh') return `(${variable} = changeText(${args}))`;
  const before = g.temporary();
  const event = eventVariable(g);
  if (event === undefined) return undefined;
  const place = g.value(placeOf(source.reference, g.times));
  const check = source.viaText ? `notNilText(${event}, ${place}, ${variable}), ` : '';
  return `(${check}${before} = ${variable}, ${variable} = changeText(${args}), writeBack(${event}, ${place}, ${before}, ${variable}), ${variable})`;
}

function eventVariable(g: Generation): string | undefined {
  for (let scope = g.scope as Generation['scope'] | undefined; scope; scope = scope.parent)
    if (scope.event !== undefined) return scope.locals.get(scope.event);
  return undefined;
}
