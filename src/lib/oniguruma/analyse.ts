/**
 * What can be said of a tree without running it: with which characters it begins and ends, whether it may match
 * nothing, and whether its first way to match is the only one that can lead to success.
 */
import type { Node } from './ast.ts';
import { ALL, type CharSet, isDisjoint, NEWLINE, NONE, union } from './char-set.ts';

export interface First {
  /** Superset of the characters with which a match begins. */
  readonly set: CharSet;
  /** It may match nothing. */
  readonly nullable: boolean;
  /** … but only under a condition (an assertion, a look-around). */
  readonly conditional: boolean;
}

/** What comes behind a node. */
export interface Follow {
  /** Superset of the characters that must come next; meaningless when `always`. */
  readonly set: CharSet;
  /** The rest of the pattern can always match nothing: the first way taken is the final one. */
  readonly always: boolean;
}

export const NOTHING_MORE: Follow = { set: ALL, always: true };

/** With what a node begins. The end of the text counts as a newline here. */
export function first(node: Node): First {
  let known = firsts.get(node);
  if (known === undefined) {
    known = findFirst(node);
    firsts.set(node, known);
  }
  return known;
}

/** Trees are never changed after they are made. */
const firsts = new WeakMap<Node, First>();

function findFirst(node: Node): First {
  switch (node.type) {
    case 'set':
      return { set: node.set, nullable: false, conditional: false };
    case 'seq': {
      let set = NONE;
      let conditional = false;
      for (const item of node.items) {
        const next = first(item);
        set = union(set, next.set);
        if (!next.nullable) return { set, nullable: false, conditional: false };
        conditional ||= next.conditional;
      }
      return { set, nullable: true, conditional };
    }
    case 'alt': {
      const all = node.items.map(first);
      const empty = all.filter((each) => each.nullable);
      return {
        set: union(...all.map((each) => each.set)),
        nullable: empty.length > 0,
        conditional: empty.length > 0 && empty.every((each) => each.conditional),
      };
    }
    case 'repeat': {
      const body = first(node.body);
      if (node.min > 0) return body;
      return { set: body.set, nullable: true, conditional: false };
    }
    case 'group':
    case 'atomic':
      return first(node.body);
    case 'look':
      return { set: NONE, nullable: true, conditional: true };
    case 'backref':
      return { set: ALL, nullable: true, conditional: true };
    case 'assert':
      if (node.kind === 'line-end' || node.kind === 'text-end-newline' || node.kind === 'text-end') {
        return { set: NEWLINE, nullable: false, conditional: false };
      }
      return { set: NONE, nullable: true, conditional: true };
  }
}

/** What follows an item, given the items behind it and what follows those. */
export function followOf(rest: readonly Node[], outer: Follow): Follow {
  const next = first({ type: 'seq', items: rest });
  if (!next.nullable) return { set: next.set, always: false };
  return { set: union(next.set, outer.set), always: outer.always && !next.conditional };
}

/** Characters with which a node may end, and whether it may match nothing. */
export function last(node: Node): { set: CharSet; nullable: boolean } {
  switch (node.type) {
    case 'set':
      return { set: node.set, nullable: false };
    case 'seq': {
      let set = NONE;
      for (const item of node.items.toReversed()) {
        const each = last(item);
        set = union(set, each.set);
        if (!each.nullable) return { set, nullable: false };
      }
      return { set, nullable: true };
    }
    case 'alt': {
      const all = node.items.map(last);
      return { set: union(...all.map((each) => each.set)), nullable: all.some((each) => each.nullable) };
    }
    case 'repeat': {
      const body = last(node.body);
      return { set: body.set, nullable: body.nullable || node.min === 0 };
    }
    case 'group':
    case 'atomic':
      return last(node.body);
    case 'backref':
      return { set: ALL, nullable: true };
    default:
      return { set: NONE, nullable: true };
  }
}

/** Can it match without consuming a character? */
export function mayBeEmpty(node: Node): boolean {
  switch (node.type) {
    case 'set':
      return false;
    case 'seq':
      return node.items.every(mayBeEmpty);
    case 'alt':
      return node.items.some(mayBeEmpty);
    case 'repeat':
      return node.min === 0 || mayBeEmpty(node.body);
    case 'group':
    case 'atomic':
      return mayBeEmpty(node.body);
    default:
      return true;
  }
}

/** Does it look at characters only, never consume one? */
export function isZeroWidth(node: Node): boolean {
  if (node.type === 'assert' || node.type === 'look') return true;
  if (node.type === 'seq' || node.type === 'alt') return node.items.every(isZeroWidth);
  return false;
}

/**
 * Is the first way in which the node matches the only one after which the follower can match? Then an atomic group
 * around it changes nothing.
 */
export function isCommitted(node: Node, follow: Follow): boolean {
  if (follow.always) return true;
  switch (node.type) {
    case 'seq':
      return node.items.every((item, index) =>
        isCommitted(item, followOf(node.items.slice(index + 1), follow)),
      );
    case 'alt': {
      const firsts = node.items.map(first);
      return (
        firsts.every(
          (each, index) =>
            !each.nullable && firsts.every((other, at) => at <= index || isDisjoint(each.set, other.set)),
        ) && node.items.every((item) => isCommitted(item, follow))
      );
    }
    case 'repeat': {
      const body = first(node.body);
      if (body.nullable) return false;
      const again = { set: node.max > 1 ? union(body.set, follow.set) : follow.set, always: false };
      if (!isCommitted(node.body, again)) return false;
      return node.min === node.max || (!node.lazy && isDisjoint(body.set, follow.set));
    }
    case 'group':
      return isCommitted(node.body, follow);
    case 'backref':
    case 'set':
    case 'assert':
    case 'look':
    case 'atomic':
      return true;
  }
}
