/**
 * Rewrites a tree so that it means the same and costs less: atomic groups, look-aheads and word boundaries whose
 * outcome is known go away, common beginnings of alternatives are shared, nested loops become one. What is left
 * without look-ahead and back-references is taken by V8's linear engine, and can not hang.
 */

import {
  type First,
  type Follow,
  first,
  followOf,
  isCommitted,
  isZeroWidth,
  last,
  NOTHING_MORE,
} from './analyse.ts';
import { alt, EMPTY, hasGroup, type Node, seq } from './ast.ts';
import {
  ALL,
  BOUNDARY_WORD,
  type CharSet,
  intersect,
  isDisjoint,
  isSubset,
  NEWLINE,
  NONE,
  negate,
  subtract,
  union,
  WORD,
} from './char-set.ts';

/** What stands before a node: possible last characters, or perhaps the start of the text. */
interface Before {
  readonly set: CharSet;
  readonly start: boolean;
}

interface Context {
  readonly before: Before;
  readonly follow: Follow;
  /** Nothing comes after this node, and nobody looks where the match ends: assertions may consume. */
  readonly tail: boolean;
}

const UNKNOWN: Before = { set: ALL, start: true };
const NEVER: Node = { type: 'set', set: NONE };
const END: Node = { type: 'assert', kind: 'text-end' };

/** `openEnd`: the caller does not look at where the match ends. */
export function rewrite(tree: Node, openEnd: boolean): Node {
  return visit(tree, { before: UNKNOWN, follow: NOTHING_MORE, tail: openEnd });
}

function visit(node: Node, context: Context): Node {
  switch (node.type) {
    case 'seq':
      return sequence(node.items, context);
    case 'alt':
      return alternation(node.items, context);
    case 'repeat':
      return loop(node, context);
    case 'group':
      return group(node, context);
    case 'atomic': {
      const plain = visit(node.body, context);
      if (isCommitted(plain, context.follow)) return plain;
      const body = visit(node.body, { before: context.before, follow: NOTHING_MORE, tail: false });
      return body.type === 'set' ? body : { type: 'atomic', body };
    }
    case 'look': {
      const before = node.ahead ? context.before : UNKNOWN;
      const body = visit(node.body, { before, follow: NOTHING_MORE, tail: false });
      return lookAround({ ...node, body }, context);
    }
    case 'assert':
      if (node.kind === 'word-boundary') return wordBoundary(node, context);
      if (context.tail && (node.kind === 'line-end' || node.kind === 'text-end-newline')) {
        return node.kind === 'line-end'
          ? alt([END, { type: 'set', set: [10, 10] }])
          : alt([END, seq([{ type: 'set', set: [10, 10] }, END])]);
      }
      return node;
    default:
      return node;
  }
}

function sequence(given: readonly Node[], context: Context): Node {
  const items = spread(given.flatMap(hoist), context);
  const befores: Before[] = [];
  let before = context.before;
  for (const item of items) {
    befores.push(before);
    const end = last(item);
    before = end.nullable
      ? { set: union(before.set, end.set), start: before.start }
      : { set: end.set, start: false };
  }
  let done: Node[] = [];
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index]!;
    const tail = context.tail && done.length === 0;
    const follow = followOf(done, context.follow);
    const made = visit(item, { before: befores[index]!, follow, tail });
    const folded = forbidden(made, befores[index]!, done, context);
    done = folded ?? (made.type === 'seq' ? [...made.items, ...done] : [made, ...done]);
  }
  return seq(done);
}

/**
 * Near the end of the pattern: `(?:A(?!x)|B)C` → `(?:A(?!x)C|BC)` where C is short and may match nothing, so that
 * the look-ahead can be worked into C.
 */
function spread(items: readonly Node[], context: Context): readonly Node[] {
  if (!context.tail) return items;
  for (let index = items.length - 2; index >= 0; index--) {
    const rest = items.slice(index + 1);
    if (sizeOf(rest) > MAX_COPIED || !first(seq(rest)).nullable) return items;
    const item = items[index]!;
    const grouped = item.type === 'group' ? item : undefined;
    const inner = grouped ? grouped.body : item;
    if (inner.type !== 'alt' || !inner.items.some(endsInLookAhead)) continue;
    const branches = flatAlternatives(inner).map((branch) => {
      const wrapped = grouped ? hoist({ ...grouped, body: branch }) : hoist(branch);
      return seq([...wrapped, ...rest]);
    });
    return [...items.slice(0, index), alt(branches)];
  }
  return items;
}

const flatAlternatives = (node: Node): readonly Node[] =>
  node.type === 'alt' ? node.items.flatMap(flatAlternatives) : [node];

function endsInLookAhead(node: Node): boolean {
  if (node.type === 'alt') return node.items.some(endsInLookAhead);
  const end = node.type === 'seq' ? node.items.at(-1) : node;
  return end?.type === 'look' && end.ahead && end.negated;
}

/** Takes assertions at the end of a group out of it, where more is known of what follows. */
function hoist(node: Node): readonly Node[] {
  if (node.type === 'seq') return node.items.flatMap(hoist);
  if (node.type !== 'group') return [node];
  const items = node.body.type === 'seq' ? node.body.items.flatMap(hoist) : hoist(node.body);
  let end = items.length;
  while (end > 0 && isZeroWidth(items[end - 1]!)) end--;
  if (end === 0) return [node];
  return [{ ...node, body: seq(items.slice(0, end)) }, ...items.slice(end)];
}

function group(node: Node & { type: 'group' }, context: Context): Node {
  if (context.tail && node.body.type === 'alt') {
    // At the very end, alternatives that end in an assertion get a copy of the group each, so that the
    // assertion stands outside.
    const branches = factor(node.body.items, context.follow);
    if (
      branches.some(
        (branch) => branch.type === 'seq' && branch.items.length > 0 && isZeroWidth(branch.items.at(-1)!),
      )
    ) {
      return alternation(
        branches.map((body) => ({ ...node, body })),
        context,
      );
    }
  }
  return { ...node, body: visit(node.body, { ...context, tail: false }) };
}

function alternation(given: readonly Node[], context: Context): Node {
  const items: Node[] = [];
  let certain = false;
  const visited = factor(given, context.follow).map((branch) => {
    const hoisted = hoist(branch);
    return visit(hoisted.length === 1 ? hoisted[0]! : seq(hoisted), context);
  });
  // Once more: atomic groups that are gone no longer hide common beginnings.
  for (const made of factor(visited, context.follow)) {
    // Behind a branch that can match nothing, an assertion adds no way to match.
    if (certain && (isZeroWidth(made) || context.follow.always)) continue;
    const begin = first(made);
    certain ||= begin.nullable && !begin.conditional && !hasGroup(made);
    const before = items.at(-1);
    if (made.type === 'set' && before?.type === 'set') {
      items[items.length - 1] = { type: 'set', set: union(before.set, made.set) };
    } else items.push(made);
  }
  return alt(items);
}

/** Splits off the first single thing of a node; undefined if there is none without captures. */
function behead(node: Node): { head: Node; rest: readonly Node[] } | undefined {
  if (node.type === 'set') return { head: node, rest: [] };
  if (node.type === 'seq') {
    const [head, ...rest] = node.items;
    if (!head) return undefined;
    const inner = behead(head);
    return inner && { head: inner.head, rest: [...inner.rest, ...rest] };
  }
  if (node.type === 'repeat') {
    if (hasGroup(node.body) || node.body.type === 'alt') return undefined;
    if (node.body.type === 'set' && node.min !== node.max)
      return node.min > 0 ? { head: node, rest: [] } : undefined;
    if (node.min !== node.max || node.min === 0) return undefined;
    const inner = behead(node.body);
    const less: Node = { ...node, min: node.min - 1, max: node.max - 1 };
    const more = node.min === 1 ? [] : node.min === 2 ? [node.body] : [less];
    return inner && { head: inner.head, rest: [...inner.rest, ...more] };
  }
  return undefined;
}

/** `XA|XB` → `X(?:A|B)` for neighbours, where X has only one way to match. */
function factor(given: readonly Node[], follow: Follow): readonly Node[] {
  const items: Node[] = [];
  for (let at = 0; at < given.length; ) {
    const begin = behead(given[at]!);
    const rests: Node[] = [];
    let end = at + 1;
    if (begin) {
      const text = JSON.stringify(begin.head);
      rests.push(seq(begin.rest));
      for (; end < given.length; end++) {
        const other = behead(given[end]!);
        if (!other || JSON.stringify(other.head) !== text) break;
        rests.push(seq(other.rest));
      }
    }
    if (
      begin &&
      rests.length > 1 &&
      isCommitted(begin.head, followOf([alt(rests)], { ...follow, always: false }))
    ) {
      items.push(seq([begin.head, alt(factor(rests, follow))]));
    } else items.push(...given.slice(at, end));
    at = end;
  }
  return items;
}

function loop(node: Node & { type: 'repeat' }, context: Context): Node {
  if (node.max === 0) return EMPTY;
  if (node.min === 1 && node.max === 1) return visit(node.body, context);
  const flat = flatten(node, context.follow);
  if (flat) return flat;
  const { body, min, max } = node;
  const begin = first(body);
  const once = max === 1;
  const end = last(body);
  const inner = visit(body, {
    before: once ? context.before : { set: union(context.before.set, end.set), start: context.before.start },
    follow: once
      ? context.follow
      : {
          set: union(begin.set, context.follow.set),
          always: context.follow.always && min <= 1 && !begin.nullable,
        },
    tail: once && context.tail,
  });
  if (inner.type === 'seq' && inner.items.length === 0) return EMPTY;
  return { ...node, body: inner };
}

/**
 * Loops over sets and loops of sets without captures: `(C+)+` → `C+`, and `(?:A|C+)*` → `C*(?:AC*)*` where A is of
 * fixed ways and begins with other characters than C. The first keeps a nested loop from taking exponential time;
 * the second is how a fast hand-written expression looks.
 */
function flatten(node: Node & { type: 'repeat' }, follow: Follow): Node | undefined {
  if (node.lazy || node.max !== Number.POSITIVE_INFINITY || node.min > 1 || hasGroup(node.body))
    return undefined;
  const atomic = node.body.type === 'atomic';
  const body = node.body.type === 'atomic' ? node.body.body : node.body;
  const branches = body.type === 'alt' ? body.items : [body];
  let chars: CharSet = NONE;
  let mayBeEmpty = false;
  let loops = 0;
  const others: Node[] = [];
  for (const given of branches) {
    const branch = given.type === 'atomic' && atomic ? given.body : given;
    if (branch.type === 'set') chars = union(chars, branch.set);
    else if (branch.type === 'repeat' && branch.body.type === 'set' && !branch.lazy && isUnbounded(branch)) {
      chars = union(chars, branch.body.set);
      mayBeEmpty ||= branch.min === 0;
      loops++;
    } else others.push(branch);
  }
  if (chars.length === 0 || (mayBeEmpty && others.length > 0)) return undefined;
  const firsts = others.map(first);
  const begins = union(...firsts.map((each) => each.set));
  const distinct = firsts.every(
    (each, index) =>
      !each.nullable &&
      isDisjoint(each.set, chars) &&
      firsts.every((other, at) => at <= index || isDisjoint(each.set, other.set)),
  );
  if (!distinct || !others.every(isFixed)) return undefined;
  if (atomic && loops > 0 && !follow.always && !isDisjoint(follow.set, union(chars, begins)))
    return undefined;
  const set: Node = { type: 'set', set: chars };
  const min = mayBeEmpty ? 0 : node.min;
  if (others.length === 0) return loops > 0 || atomic ? { ...node, body: set, min } : undefined;
  const run: Node = { type: 'repeat', body: set, min: 0, max: Number.POSITIVE_INFINITY, lazy: false };
  const unit: Node = seq([alt(others), run]);
  const more: Node = { type: 'repeat', body: unit, min: 0, max: Number.POSITIVE_INFINITY, lazy: false };
  if (min === 0) return seq([run, more]);
  return alt([seq([{ ...run, min: 1 }, more]), { ...more, min: 1 }]);
}

const isUnbounded = (node: { min: number; max: number }): boolean =>
  node.min <= 1 && node.max === Number.POSITIVE_INFINITY;

/** A sequence of single characters: one way to match at most. */
function isFixed(node: Node): boolean {
  return node.type === 'set' || (node.type === 'seq' && node.items.every((item) => item.type === 'set'));
}

function wordBoundary(node: Node & { type: 'assert' }, context: Context): Node {
  const { before, follow } = context;
  const afterWord = isWord(before);
  const afterOther = isDisjoint(before.set, BOUNDARY_WORD);
  const known = !follow.always;
  const toWord = known && follow.set.length > 0 && isSubset(follow.set, WORD);
  const toOther = known && isDisjoint(follow.set, BOUNDARY_WORD);
  // A follower that may be absent at the end of the text (`$`) counts as one that is no word character.
  if ((afterWord && toOther) || (afterOther && toWord)) return EMPTY;
  if (afterOther && toOther && known) return NEVER;
  if (toWord && !afterWord) return { type: 'assert', kind: 'word-start' };
  if (toWord && afterWord) return NEVER;
  if (afterWord && context.tail) return { type: 'assert', kind: 'word-end' };
  return node;
}

function lookAround(node: Node & { type: 'look' }, context: Context): Node {
  const { body, ahead, negated } = node;
  const { before, follow, tail } = context;
  const begin: First = first(body);
  if (!ahead) {
    if (negated && body.type === 'set' && isDisjoint(body.set, before.set)) return EMPTY;
    return node;
  }
  if (hasGroup(body) && negated) return node;
  if (negated) {
    if (!begin.nullable && !follow.always && isDisjoint(begin.set, follow.set)) return EMPTY;
    if (tail && body.type === 'set') return alt([END, { type: 'set', set: units(negate(body.set)) }]);
    return node;
  }
  if (tail) return body;
  if (body.type === 'set' && !follow.always && isSubset(follow.set, body.set) && !hasEnd(follow))
    return EMPTY;
  return node;
}

/** Halves of surrogate pairs instead of characters beyond the BMP: for a last character that nobody looks at. */
const units = (set: CharSet): CharSet => intersect(set, [0, 0xffff]);

/** May the end of the text follow? It counts as a newline. */
const hasEnd = (follow: Follow): boolean => !isDisjoint(follow.set, NEWLINE);

/** An item that says no more than `the next character is none of these`, worked into the items behind it. */
function forbidden(item: Node, before: Before, rest: readonly Node[], context: Context): Node[] | undefined {
  if (item.type === 'look') return item.ahead && item.negated ? forbid(item.body, rest, context) : undefined;
  const atWordEnd = item.type === 'assert' && item.kind === 'word-boundary' && isWord(before);
  return atWordEnd ? forbid({ type: 'set', set: BOUNDARY_WORD }, rest, context) : undefined;
}

const isWord = (before: Before): boolean => !before.start && isSubset(before.set, WORD);

/**
 * Works `(?!set)` into the items behind it. `tail`: they are the last of the pattern, whose end nobody looks at.
 * Undefined: it can not be done without a look-ahead.
 */
function forbid(body: Node, rest: readonly Node[], context: Context): Node[] | undefined {
  if (body.type !== 'set') return undefined;
  const banned = body.set;
  const [next, ...others] = rest;
  if (!next) {
    return context.tail ? [alt([END, { type: 'set', set: units(negate(banned)) }])] : undefined;
  }
  const begin = first(next);
  if (!begin.nullable) {
    if (isDisjoint(begin.set, banned)) return [...rest];
    const some = withoutFirst(next, banned);
    return some && [some, ...others];
  }
  if (begin.conditional || next.type === 'alt') return undefined;
  const some = isDisjoint(begin.set, banned) ? atLeastOne(next) : withoutFirst(next, banned);
  const none = matchingNothing(next);
  if (!some || !none) return undefined;
  const behind = followOf(others, context.follow);
  const choice = (a: readonly Node[], b: readonly Node[]): Node =>
    isLazy(next) ? alt([seq(b), seq(a)]) : alt([seq(a), seq(b)]);
  if (!behind.always && isDisjoint(behind.set, banned)) return [choice([some], [none]), ...others];
  const left = sizeOf(others) <= MAX_COPIED ? forbid(body, others, context) : undefined;
  return left && [choice([some, ...others], [none, ...left])];
}

const MAX_COPIED = 40;

const isLazy = (node: Node): boolean =>
  node.type === 'group' ? isLazy(node.body) : node.type === 'repeat' && node.lazy;

/** A node that may match nothing, made to match something. */
function atLeastOne(node: Node): Node | undefined {
  if (node.type === 'repeat' && !first(node.body).nullable) return { ...node, min: 1 };
  if (node.type !== 'group') return undefined;
  const body = atLeastOne(node.body);
  return body && { ...node, body };
}

/** What is left of a node, captures above all, when it matches nothing. */
function matchingNothing(node: Node): Node | undefined {
  if (node.type === 'repeat') return EMPTY;
  if (node.type !== 'group') return undefined;
  const body = matchingNothing(node.body);
  return body && { ...node, body };
}

/** The node with a first character that is not banned; it matches something. */
function withoutFirst(node: Node, banned: CharSet): Node | undefined {
  if (node.type === 'set') return { type: 'set', set: subtract(node.set, banned) };
  if (node.type === 'group') {
    const body = withoutFirst(node.body, banned);
    return body && { ...node, body };
  }
  if (node.type === 'seq') {
    const [head, ...rest] = node.items;
    if (!head || first(head).nullable) return undefined;
    const body = withoutFirst(head, banned);
    return body && seq([body, ...rest]);
  }
  if (node.type !== 'repeat' || node.body.type !== 'set') return undefined;
  const head: Node = { type: 'set', set: subtract(node.body.set, banned) };
  return seq([head, { ...node, min: Math.max(0, node.min - 1), max: node.max - 1 }]);
}

function sizeOf(nodes: readonly Node[]): number {
  let size = 0;
  for (const node of nodes) {
    size += 1;
    if (node.type === 'seq' || node.type === 'alt') size += sizeOf(node.items);
    else if ('body' in node) size += sizeOf([node.body]);
  }
  return size;
}
