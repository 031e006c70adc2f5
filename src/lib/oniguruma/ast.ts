/** The tree between the parser of Ruby's syntax and the writer of JavaScript's. */
import type { CharSet } from './char-set.ts';

export type Node =
  | { readonly type: 'set'; readonly set: CharSet }
  | { readonly type: 'seq'; readonly items: readonly Node[] }
  | { readonly type: 'alt'; readonly items: readonly Node[] }
  | {
      readonly type: 'repeat';
      readonly body: Node;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    }
  /** A capturing group; `index` is Ruby's number of it. */
  | { readonly type: 'group'; readonly body: Node; readonly index: number }
  | { readonly type: 'atomic'; readonly body: Node }
  | { readonly type: 'look'; readonly ahead: boolean; readonly negated: boolean; readonly body: Node }
  | { readonly type: 'assert'; readonly kind: Assertion }
  /** Any of these groups, the last one that took part first (Ruby's rule for names given twice). */
  | { readonly type: 'backref'; readonly groups: readonly number[]; readonly ignoreCase: boolean };

export type Assertion =
  | 'line-start'
  | 'line-end'
  | 'text-start'
  | 'text-end'
  | 'text-end-newline'
  | 'word-boundary'
  | 'not-word-boundary'
  /** A boundary of which only the side before must be looked at: what follows is a word character. */
  | 'word-start'
  /** Tail of the pattern, whose end nobody looks at: the next character, if any, is no word character. */
  | 'word-end';

export interface Group {
  /** As written between `<` and `>`, or undefined. */
  readonly name: string | undefined;
}

export interface Parsed {
  readonly tree: Node;
  /** By Ruby's numbers; entry 0 is unused. */
  readonly groups: readonly (Group | undefined)[];
}

export const EMPTY: Node = { type: 'seq', items: [] };

/** The syntax that JavaScript or this translator does not have, or that is wrong. */
export class RegexpError extends Error {
  override name = 'RegexpError';
  /** Offset in the pattern, in UTF-16 units. */
  readonly position: number;
  readonly pattern: string;
  constructor(message: string, pattern: string, position: number) {
    super(
      `${message} at offset ${position} of /${pattern.length > 400 ? `${pattern.slice(0, 400)}…` : pattern}/`,
    );
    this.position = position;
    this.pattern = pattern;
  }
}

/** A sequence without nested sequences. */
export function seq(items: readonly Node[]): Node {
  const flat: Node[] = [];
  for (const item of items) {
    if (item.type === 'seq') flat.push(...item.items);
    else flat.push(item);
  }
  return flat.length === 1 ? flat[0]! : { type: 'seq', items: flat };
}

/** An alternation without nested alternations. */
export function alt(items: readonly Node[]): Node {
  const flat: Node[] = [];
  for (const item of items) {
    if (item.type === 'alt') flat.push(...item.items);
    else flat.push(item);
  }
  return flat.length === 1 ? flat[0]! : { type: 'alt', items: flat };
}

/** Does the tree capture anything? */
export function hasGroup(node: Node): boolean {
  switch (node.type) {
    case 'group':
      return true;
    case 'seq':
    case 'alt':
      return node.items.some(hasGroup);
    case 'repeat':
    case 'atomic':
    case 'look':
      return hasGroup(node.body);
    default:
      return false;
  }
}
