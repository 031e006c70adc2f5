/** Does a filter keep something from one event to the next? Then all of its events must meet in one worker. */
import { kindOf, type Node, walk } from './compiler/scope.ts';

/** Methods that change their receiver, beside those with `!`. */
const CHANGING = new Set(
  '<< []= push append unshift prepend insert concat replace clear delete delete_at delete_if keep_if pop shift store add add? fill update default= compare_by_identity transform_values! each_with_object set instance_variable_set'.split(
    ' ',
  ),
);
const VARIABLES = /^(InstanceVariable|ClassVariable|GlobalVariable)/;
/** Globals of the last match. */
const HARMLESS_GLOBALS = new Set(['$~', '$&', '$!', '$PROGRAM_NAME', '$0']);

/**
 * True when nothing is kept, or all that is kept is set up by `init` (or `register`) and only read afterwards.
 * Answers false when in doubt.
 */
export function isConstantState(texts: readonly { isCode: boolean; program: Node }[]): boolean {
  let uses = false;
  let changes = false;
  for (const { isCode, program } of texts) {
    for (const root of isCode ? runPerEvent(program) : calledLater(program)) {
      for (const node of withParents(root)) {
        const kind = kindOf(node.node);
        if (kind === 'CallNode') changes ||= isChange(node.node);
        if (/^Index.*WriteNode$|^IndexTargetNode$|^ConstantWriteNode$/.test(kind)) changes = true;
        if (!VARIABLES.test(kind) || HARMLESS_GLOBALS.has(node.node.name)) continue;
        uses = true;
        if (!kind.endsWith('ReadNode')) return false;
        // Only as the receiver of a call can it not be handed on.
        if (kindOf(node.parent) !== 'CallNode' || node.parent.receiver !== node.node) {
          if (
            !['IfNode', 'UnlessNode', 'EmbeddedStatementsNode'].includes(kindOf(node.parent)) &&
            !isPlainArgument(node)
          )
            return false;
        }
      }
    }
  }
  return !uses || !changes;
}

/** The parts of a program that run for every event: all of it but `register` and tests. */
function* runPerEvent(program: Node): Iterable<Node> {
  for (const each of program.statements.body as Node[]) {
    if (kindOf(each) === 'DefNode' && each.name === 'register') continue;
    if (kindOf(each) === 'CallNode' && each.name === 'test' && each.receiver === null) continue;
    yield each;
  }
}

/** The parts of `init` that run after it: methods and blocks that are kept. */
function* calledLater(program: Node): Iterable<Node> {
  for (const node of walk(program)) {
    const kind = kindOf(node);
    if (kind === 'DefNode' || kind === 'LambdaNode') yield node;
    else if (
      kind === 'CallNode' &&
      node.block !== null &&
      /^(lambda|proc|new|define_method|define_singleton_method)$/.test(node.name)
    )
      yield node.block;
  }
}

interface Visited {
  readonly node: Node;
  readonly parent: Node;
  readonly grandparent: Node;
}

function* withParents(node: Node, parent: Node = node, grandparent: Node = node): Iterable<Visited> {
  yield { node, parent, grandparent };
  for (const child of node.compactChildNodes()) yield* withParents(child, node, parent);
}

/** The name of a field, say: an argument of a call that does not keep it. */
function isPlainArgument({ parent, grandparent }: Visited): boolean {
  if (kindOf(parent) !== 'ArgumentsNode' || kindOf(grandparent) !== 'CallNode') return false;
  return /^(get|set|remove|include\?|==|!=|<|>|<=|>=|\+|-|\*|\/|%|match|match\?|=~|gsub|sub|split|start_with\?|end_with\?|key\?|fetch|dig|\[\])$/.test(
    grandparent.name,
  );
}

/** Writing to the event is no change of state; what changes a local might change what a variable holds. */
function isChange(node: Node): boolean {
  const { receiver, name } = node;
  if (receiver !== null && kindOf(receiver) === 'LocalVariableReadNode' && receiver.name === 'event')
    return false;
  return CHANGING.has(name) || (name.endsWith('!') && name !== '!') || node.isAttributeWrite();
}
