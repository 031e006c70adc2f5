/** Writes a tree as the source of a JavaScript expression without flags. */
import { mayBeEmpty } from './analyse.ts';
import { type Assertion, hasGroup, type Node, RegexpError } from './ast.ts';
import {
  BOUNDARY_WORD,
  type CharSet,
  intersect,
  negate,
  sameSet,
  singleChar,
  subtract,
  union,
} from './char-set.ts';
import type { CaptureLoop } from './loops.ts';

export interface Emitted {
  readonly source: string;
  /** Ruby's number of the group by JavaScript's; entry 0 is unused (0). */
  readonly groups: readonly number[];
  /** No look-ahead, no back-reference, no large count: V8's linear engine takes it. */
  readonly linear: boolean;
  /** There is a loop without bound (or with a large one): only then can backtracking take long. */
  readonly loops: boolean;
  readonly captureLoops: readonly CaptureLoop[];
}

/** What one counted loop may multiply the program of V8's linear engine by, nested ones together. */
const MAX_REPLICATION = 16;
const MAX_UNROLLED = 6000;
const MAX_SOURCE = 1 << 20;

export function emit(tree: Node, pattern: string, keepLoopCaptures: boolean): Emitted {
  const writer = new Writer(pattern, keepLoopCaptures);
  const source = writer.write(tree, 1);
  const { groups, linear, loops } = writer;
  const captureLoops = writer.rounds.map(({ group, body }): CaptureLoop => {
    const inner = new Writer(pattern, false);
    const round = new RegExp(inner.write(body, 1), 'y');
    return { group, round, fills: inner.groups.map((index) => (index === 0 ? 0 : groups.indexOf(index))) };
  });
  return { source, groups, linear, loops, captureLoops };
}

class Writer {
  readonly groups: number[] = [0];
  linear = true;
  loops = false;
  /** Loops whose captures may come from different rounds. */
  readonly rounds: { group: number; body: Node }[] = [];
  readonly #pattern: string;
  #keepsLoops: boolean;

  constructor(pattern: string, keepLoopCaptures: boolean) {
    this.#pattern = pattern;
    this.#keepsLoops = keepLoopCaptures;
  }

  write(node: Node, factor: number): string {
    switch (node.type) {
      case 'set':
        return writeSet(node.set, false);
      case 'seq': {
        let text = '';
        for (const item of node.items)
          text += item.type === 'alt' ? this.#unit(item, factor) : this.write(item, factor);
        if (text.length > MAX_SOURCE) throw new RegexpError('pattern is too large', this.#pattern, 0);
        return text;
      }
      case 'alt':
        return node.items.map((item) => this.write(item, factor)).join('|');
      case 'group': {
        this.groups.push(node.index);
        return `(${this.write(node.body, factor)})`;
      }
      case 'atomic': {
        this.linear = false;
        const number = this.groups.push(0) - 1;
        return `(?=(${this.write(node.body, factor)}))\\${number}(?:)`;
      }
      case 'look':
        if (node.ahead || hasGroup(node.body)) this.linear = false;
        return `(?${node.ahead ? '' : '<'}${node.negated ? '!' : '='}${node.body.type === 'set' ? writeSet(node.body.set, true) : this.write(node.body, factor)})`;
      case 'backref':
        return this.#backref(node);
      case 'assert':
        if (node.kind === 'text-end-newline') this.linear = false;
        return ASSERTIONS[node.kind];
      case 'repeat':
        return this.#keepsLoops && node.max > 1 && mayCapture(node.body)
          ? this.#captureLoop(node, factor)
          : this.#repeat(node, factor);
    }
  }

  #captureLoop(node: Node & { type: 'repeat' }, factor: number): string {
    const group = this.groups.push(0) - 1;
    this.rounds.push({ group, body: node.body });
    this.#keepsLoops = false;
    const text = `(${this.#repeat(node, factor)})`;
    this.#keepsLoops = true;
    return text;
  }

  /** As one unit that a quantifier or neighbour can be put to. */
  #unit(node: Node, factor: number): string {
    const text = this.write(node, factor);
    return node.type === 'set' || node.type === 'group' ? text : `(?:${text})`;
  }

  #backref(node: Node & { type: 'backref' }): string {
    this.linear = false;
    if (node.ignoreCase) {
      throw new RegexpError('a back-reference that ignores case is not supported', this.#pattern, 0);
    }
    const numbers = this.groups.flatMap((index, at) => (node.groups.includes(index) && at > 0 ? [at] : []));
    if (numbers.length === 0) {
      throw new RegexpError('a back-reference before its group is not supported', this.#pattern, 0);
    }
    // Groups that took no part match nothing in JavaScript: with names given twice, at most one of them did.
    return `${numbers.map((number) => `\\${number}`).join('')}(?:)`;
  }

  #repeat(node: Node & { type: 'repeat' }, factor: number): string {
    const { body, min, max, lazy } = node;
    const infinite = max === Number.POSITIVE_INFINITY;
    const times = infinite ? Math.max(min, 1) : max;
    if (infinite || times > MAX_REPLICATION) this.loops = true;
    const suffix = lazy && min !== max ? '?' : '';
    const plain = (): string =>
      (body.type === 'set' && infinite && min <= 1
        ? this.#loopSet(body.set)
        : this.#unitOf(body, factor * times)) +
      range(min, max) +
      suffix;
    if (times <= 1) {
      // JavaScript does not take a round that matches nothing; Ruby does, and keeps its captures.
      if (max !== 1 || !mayBeEmpty(body)) return plain();
      const text = this.write(body, factor);
      return lazy ? `(?:|${text})` : `(?:${text}|)`;
    }
    if (factor * times * replication(body) <= MAX_REPLICATION) return plain();
    if (hasNumber(body)) {
      this.linear = false;
      return plain();
    }
    if (body.type === 'set' && intersect(body.set, ASTRAL).length === 0 && times > 8) {
      const chunk = Math.floor(MAX_REPLICATION / factor);
      if (chunk >= 2 && times <= 1100) return this.#split(body, node, chunk);
    }
    const text = this.#unitOf(body, factor);
    if (text.length * times <= MAX_UNROLLED) return unroll(text, min, max, suffix);
    this.linear = false;
    return plain();
  }

  #loopSet(set: CharSet): string {
    const text = writeSet(set, true);
    return isUnits(set) ? text : `(?:${text})`;
  }

  #unitOf(node: Node, factor: number): string {
    if (node.type === 'set' && intersect(node.set, ASTRAL).length > 0)
      return `(?:${this.write(node, factor)})`;
    return this.#unit(node, factor);
  }

  /** A long count of one set in pieces that the linear engine takes; the lengths are tried in the same order. */
  #split(
    body: Node & { type: 'set' },
    node: { min: number; max: number; lazy: boolean },
    chunk: number,
  ): string {
    const set = writeSet(body.set, true);
    let text = '';
    for (let left = node.min; left > 0; left -= chunk)
      text += set + range(Math.min(left, chunk), Math.min(left, chunk));
    if (node.max === Number.POSITIVE_INFINITY) return `${text}${set}*${node.lazy ? '?' : ''}`;
    const optional = (left: number): string => {
      if (left <= chunk) return `${set}{0,${left}}${node.lazy ? '?' : ''}`;
      const few = `${set}{0,${chunk - 1}}${node.lazy ? '?' : ''}`;
      const many = `${set}{${chunk}}${optional(left - chunk)}`;
      return node.lazy ? `(?:${few}|${many})` : `(?:${many}|${few})`;
    };
    return node.max > node.min ? text + optional(node.max - node.min) : text;
  }
}

/** Has it a group that may take no part in a match of it? */
function mayCapture(node: Node): boolean {
  switch (node.type) {
    case 'alt':
      return hasGroup(node);
    case 'seq':
      return node.items.some(mayCapture);
    case 'repeat':
      return node.min === 0 ? hasGroup(node.body) : mayCapture(node.body);
    case 'group':
    case 'atomic':
      return mayCapture(node.body);
    default:
      return false;
  }
}

/** Does it need group numbers, so that its text can not be repeated? */
function hasNumber(node: Node): boolean {
  if (node.type === 'group' || node.type === 'atomic') return true;
  if (node.type === 'seq' || node.type === 'alt') return node.items.some(hasNumber);
  return (node.type === 'repeat' || node.type === 'look') && hasNumber(node.body);
}

/** By how much counted loops multiply a node. */
function replication(node: Node): number {
  switch (node.type) {
    case 'seq':
    case 'alt':
      return Math.max(1, ...node.items.map(replication));
    case 'group':
    case 'look':
    case 'atomic':
      return replication(node.body);
    case 'repeat':
      return count(node.min, node.max) * replication(node.body);
    default:
      return 1;
  }
}

const count = (min: number, max: number): number =>
  max === Number.POSITIVE_INFINITY ? Math.max(min, 1) : Math.max(max, 1);

function range(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === max) return min === 1 ? '' : `{${min}}`;
  return min === 0 && max === 1 ? '?' : `{${min},${max}}`;
}

/** `X{1,3}` → `X(?:X(?:X)?)?`. */
function unroll(text: string, min: number, max: number, suffix: string): string {
  let made = text.repeat(min);
  if (max === Number.POSITIVE_INFINITY) return `${made}${text}*${suffix}`;
  for (let left = min; left < max; left++) made += `(?:${text}`;
  return made + `)?${suffix}`.repeat(max - min);
}

const ASTRAL: CharSet = [0x10000, 0x10ffff];
const BMP: CharSet = [0, 0xffff];
const SURROGATES: CharSet = [0xd800, 0xdfff];

/** Written as one class of UTF-16 units? Sets with all or none of the characters beyond the BMP are. */
function isUnits(set: CharSet): boolean {
  const high = intersect(set, ASTRAL);
  return high.length === 0 || sameSet(high, ASTRAL);
}

/**
 * A set as JavaScript sees text, in UTF-16 units. `halves`: where it does not matter (loops, look-arounds) a set
 * with everything beyond the BMP takes each half of a surrogate pair, so that it stays one class.
 */
function writeSet(set: CharSet, halves: boolean): string {
  const high = intersect(set, ASTRAL);
  const low = intersect(set, BMP);
  if (high.length === 0) return writeClass(low);
  if (halves && sameSet(high, ASTRAL)) return writeClass(union(low, SURROGATES));
  const pairs: string[] = [];
  for (let at = 0; at < high.length; at += 2) pairs.push(...surrogatePairs(high[at]!, high[at + 1]!));
  const units = subtract(low, SURROGATES);
  if (units.length > 0) pairs.push(writeClass(units));
  return pairs.length === 1 ? pairs[0]! : `(?:${pairs.join('|')})`;
}

/** A range beyond the BMP as pairs of classes. */
function surrogatePairs(lo: number, hi: number): string[] {
  const top = (point: number): number => 0xd800 + ((point - 0x10000) >> 10);
  const low = (point: number): number => 0xdc00 + ((point - 0x10000) & 0x3ff);
  const pair = (from: number, to: number, first: number, last: number): string =>
    writeClass([from, to]) + writeClass([first, last]);
  if (top(lo) === top(hi)) return [pair(top(lo), top(hi), low(lo), low(hi))];
  const made: string[] = [];
  let from = top(lo);
  let to = top(hi);
  if (low(lo) > 0xdc00) made.push(pair(from, from++, low(lo), 0xdfff));
  const rest = low(hi) < 0xdfff ? [pair(to, to--, 0xdc00, low(hi))] : [];
  if (from <= to) made.push(pair(from, to, 0xdc00, 0xdfff));
  return [...made, ...rest];
}

/** A set within the BMP. */
function writeClass(set: CharSet): string {
  const single = singleChar(set);
  if (single !== undefined) return escaped(single, LITERAL_SPECIAL);
  const rest = intersect(negate(set), BMP);
  if (rest.length === 0) return '[^]';
  const ranges = (each: CharSet): string => {
    let text = '';
    for (let at = 0; at < each.length; at += 2) {
      const [lo, hi] = [each[at]!, each[at + 1]!];
      text += escaped(lo, CLASS_SPECIAL);
      if (hi > lo) text += (hi > lo + 1 ? '-' : '') + escaped(hi, CLASS_SPECIAL);
    }
    return text;
  };
  return rest.length < set.length ? `[^${ranges(rest)}]` : `[${ranges(set)}]`;
}

const LITERAL_SPECIAL = /[$()*+./?[\\\]^{|}]/;
const CLASS_SPECIAL = /[-/[\\\]^]/;

function escaped(unit: number, special: RegExp): string {
  const char = String.fromCharCode(unit);
  if (special.test(char)) return `\\${char}`;
  if (unit >= 0x20 && unit < 0x7f) return char;
  if (unit < 0x100) return `\\x${unit.toString(16).padStart(2, '0')}`;
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

const WIDE_WORD = writeSet(BOUNDARY_WORD, true);

const ASSERTIONS: Readonly<Record<Assertion, string>> = {
  'line-start': '(?:^|(?<=\\n))',
  // Takes a carriage return for a line end too; all else would need a look-ahead.
  'line-end': '(?m:$)',
  'text-start': '^',
  'text-end': '$',
  'text-end-newline': '(?=\\n?$)',
  'word-boundary': '\\b',
  'not-word-boundary': '\\B',
  'word-start': `(?<!${WIDE_WORD})`,
  'word-end': `(?:$|${writeClass(intersect(negate(BOUNDARY_WORD), BMP))})`,
};
