/**
 * Lucene's regular expressions (whole value, no anchors, `^` and `$` are ordinary characters) as those of RE2 and of
 * JavaScript. For JavaScript the result has no flag but `s` and counts are written out, so that V8's linear engine
 * takes it, to which the process falls back on excessive backtracking.
 *
 * Complement (`~`), intersection (`&`) and numeric intervals (`<1-99>`) have no counterpart and are errors that name them.
 */
import { MAX_PATTERN, QueryError } from './query-error.ts';

export interface RegexpSource {
  /** Anchored at both ends; flags `(?s)` are in it. */
  readonly re2: string;
  /** Anchored at both ends, for the flag `s`. */
  readonly javascript: string;
}

/** @throws QueryError */
export function translateLuceneRegexp(pattern: string, ignoreCase = false): RegexpSource {
  if (pattern.length > MAX_PATTERN) {
    throw new QueryError(
      'illegal_argument_exception',
      `The length of regex [${pattern.length}] used in the Regexp Query request has exceeded the allowed maximum of [${MAX_PATTERN}].`,
    );
  }
  const tree = new Parser(pattern.toWellFormed()).parse();
  const javascript = `^(?:${emit(tree, { re2: false, ignoreCase })})$`;
  if (javascript.length > MAX_SOURCE) throw wrong(pattern, 'its counts make it too large', 0);
  return { re2: `^(?s:${emit(tree, { re2: true, ignoreCase })})$`, javascript };
}

const MAX_SOURCE = 50_000;
const MAX_COUNT = 1000;
const MAX_NESTING = 50;

type Node =
  | { readonly type: 'char'; readonly code: number }
  | { readonly type: 'any' }
  | { readonly type: 'nothing' }
  | { readonly type: 'class'; readonly negated: boolean; readonly items: readonly ClassItem[] }
  | { readonly type: 'concat' | 'union'; readonly of: readonly Node[] }
  | { readonly type: 'repeat'; readonly of: Node; readonly min: number; readonly max: number };

type ClassItem = readonly [number, number];

const wrong = (pattern: string, what: string, position: number): QueryError =>
  new QueryError('query_shard_exception', `failed to parse the regular expression [${pattern}]: ${what}`, {
    position,
  });

const SHORTHANDS: Readonly<Record<string, readonly ClassItem[]>> = {
  d: [[48, 57]],
  w: [
    [48, 57],
    [65, 90],
    [95, 95],
    [97, 122],
  ],
  s: [
    [9, 13],
    [32, 32],
  ],
};

class Parser {
  readonly #pattern: string;
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): Node {
    const tree = this.#union();
    if (this.#at < this.#pattern.length) throw this.#error('unexpected `)`');
    return tree;
  }

  #error(what: string): QueryError {
    return wrong(this.#pattern, `${what} at position ${this.#at}`, this.#at);
  }

  #take(char: string): boolean {
    if (this.#pattern[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #union(): Node {
    if (++this.#depth > MAX_NESTING) throw this.#error('too many nested groups');
    const of = [this.#concat()];
    while (this.#take('|')) of.push(this.#concat());
    this.#depth--;
    return of.length === 1 ? of[0]! : { type: 'union', of };
  }

  #concat(): Node {
    const of: Node[] = [];
    for (;;) {
      const char = this.#pattern[this.#at];
      if (char === undefined || char === '|' || char === ')') break;
      if (char === '&')
        throw this.#error('the operator `&` (intersection) is not supported; write `\\&` for the character');
      of.push(this.#repeat());
    }
    return of.length === 1 ? of[0]! : { type: 'concat', of };
  }

  #repeat(): Node {
    let node = this.#atom();
    for (let rounds = 0; ; rounds++) {
      let [min, max] = [0, Number.POSITIVE_INFINITY];
      if (this.#take('?')) max = 1;
      else if (this.#take('+')) min = 1;
      else if (this.#take('{')) [min, max] = this.#count();
      else if (!this.#take('*')) return node;
      if (rounds > 4) throw this.#error('too many operators of repetition');
      node = { type: 'repeat', of: node, min, max };
    }
  }

  #count(): [number, number] {
    const match = /^(\d{1,9})?(,(\d{1,9})?)?\}/.exec(this.#pattern.slice(this.#at, this.#at + 30));
    if (!match || (match[1] === undefined && match[3] === undefined))
      throw this.#error('expected `{n}`, `{n,}` or `{n,m}`');
    const min = Number(match[1] ?? 0);
    const max =
      match[2] === undefined ? min : match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > MAX_COUNT || (max !== Number.POSITIVE_INFINITY && max > MAX_COUNT)) {
      throw this.#error(`counts above ${MAX_COUNT} are not supported`);
    }
    if (max < min) throw this.#error('the first number of a count must not be larger than the second');
    this.#at += match[0].length;
    return [min, max];
  }

  #atom(): Node {
    const char = this.#pattern[this.#at]!;
    switch (char) {
      case '.':
        this.#at++;
        return { type: 'any' };
      case '#':
        this.#at++;
        return { type: 'nothing' };
      case '@':
        this.#at++;
        return { type: 'repeat', of: { type: 'any' }, min: 0, max: Number.POSITIVE_INFINITY };
      case '~':
        throw this.#error('the operator `~` (complement) is not supported; write `\\~` for the character');
      case '<':
        throw this.#error('numeric intervals `<…>` are not supported; write `\\<` for the character');
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#error(`\`${char}\` has nothing before it to repeat`);
      case '"':
        return this.#quoted();
      case '[':
        return this.#class();
      case '(': {
        this.#at++;
        const inner = this.#union();
        if (!this.#take(')')) throw this.#error('expected `)`');
        return inner;
      }
      case '\\':
        return this.#escape();
    }
    return { type: 'char', code: this.#code() };
  }

  #code(): number {
    const code = this.#pattern.codePointAt(this.#at);
    if (code === undefined) throw this.#error('unexpected end');
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #quoted(): Node {
    this.#at++;
    const of: Node[] = [];
    while (!this.#take('"')) of.push({ type: 'char', code: this.#code() });
    return { type: 'concat', of };
  }

  #escape(): Node {
    this.#at++;
    const letter = this.#pattern[this.#at] ?? '';
    const items = SHORTHANDS[letter.toLowerCase()];
    if (items === undefined || !Object.hasOwn(SHORTHANDS, letter.toLowerCase())) {
      return { type: 'char', code: this.#code() };
    }
    this.#at++;
    return { type: 'class', negated: letter < 'a', items };
  }

  #class(): Node {
    this.#at++;
    const negated = this.#take('^');
    const items: ClassItem[] = [];
    do {
      if (this.#at >= this.#pattern.length) throw this.#error('expected `]`');
      const shorthand =
        this.#pattern[this.#at] === '\\' ? SHORTHANDS[this.#pattern[this.#at + 1] ?? ''] : undefined;
      if (shorthand) {
        items.push(...shorthand);
        this.#at += 2;
        continue;
      }
      const from = this.#member();
      let to = from;
      if (this.#pattern[this.#at] === '-' && this.#pattern[this.#at + 1] !== ']') {
        this.#at++;
        to = this.#member();
      }
      if (to < from) throw this.#error('a range in `[…]` runs backwards');
      items.push([from, to]);
    } while (!this.#take(']'));
    return { type: 'class', negated, items };
  }

  #member(): number {
    this.#take('\\');
    return this.#code();
  }
}

interface Target {
  readonly re2: boolean;
  readonly ignoreCase: boolean;
}

function emit(node: Node, target: Target): string {
  switch (node.type) {
    case 'char':
      return char(node.code, target);
    case 'any':
      return target.re2 ? '.' : ANY;
    case 'nothing':
      return target.re2 ? String.raw`[^\x00-\x{10FFFF}]` : '[]';
    case 'class':
      return characterClass(node, target);
    case 'union':
      return `(?:${node.of.map((part) => emit(part, target)).join('|')})`;
    case 'concat':
      return node.of.length === 0 ? '(?:)' : node.of.map((part) => emit(part, target)).join('');
    case 'repeat':
      return repeat(node, target);
  }
}

/** JavaScript's strings have two units for what RE2 takes as one character. */
const ANY = String.raw`(?:[\ud800-\udbff][\udc00-\udfff]|[^\ud800-\udbff])`;
const MAX_NATIVE_COUNT = 16;

function repeat(node: { of: Node; min: number; max: number }, target: Target): string {
  const one = `(?:${emit(node.of, target)})`;
  const { min, max } = node;
  if (min === 0 && max === Number.POSITIVE_INFINITY) return `${one}*`;
  if (min === 1 && max === Number.POSITIVE_INFINITY) return `${one}+`;
  if (min === 0 && max === 1) return `${one}?`;
  const highest = max === Number.POSITIVE_INFINITY ? min : max;
  if (target.re2 || highest <= MAX_NATIVE_COUNT) {
    return `(?:${one}{${min},${max === Number.POSITIVE_INFINITY ? '' : max}})`;
  }
  if (one.length * highest > MAX_SOURCE) throw wrong('…', 'its counts make it too large', 0);
  const rest = max === Number.POSITIVE_INFINITY ? `${one}*` : `${one}?`.repeat(max - min);
  return `(?:${one.repeat(min)}${rest})`;
}

const hex = (code: number, target: Target): string =>
  target.re2 ? `\\x{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;

function char(code: number, target: Target): string {
  const variants = target.ignoreCase ? variantsOf(code) : [];
  if (variants.length < 2) return plain(code, target);
  if (variants.every((each) => each <= 0xffff))
    return `[${variants.map((each) => hex(each, target)).join('')}]`;
  return `(?:${variants.map((each) => plain(each, target)).join('|')})`;
}

function plain(code: number, target: Target): string {
  if (code > 0xffff && !target.re2) return surrogates(code);
  return isWord(code) ? String.fromCharCode(code) : hex(code, target);
}

const surrogates = (code: number): string => {
  const text = String.fromCodePoint(code);
  return `\\u${text.charCodeAt(0).toString(16)}\\u${text.charCodeAt(1).toString(16)}`;
};

const isWord = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);

/** The character in both cases, where they are single characters. */
function variantsOf(code: number): number[] {
  const text = String.fromCodePoint(code);
  const found = new Set([code]);
  for (const other of [text.toLowerCase(), text.toUpperCase()]) {
    const single = other.codePointAt(0)!;
    if (other.length === (single > 0xffff ? 2 : 1)) found.add(single);
  }
  return [...found];
}

function characterClass(
  node: { readonly negated: boolean; readonly items: readonly ClassItem[] },
  target: Target,
): string {
  const items = target.ignoreCase ? [...node.items, ...otherCases(node.items)] : node.items;
  if (target.re2) {
    return `[${node.negated ? '^' : ''}${items.map(([from, to]) => `${hex(from, target)}-${hex(to, target)}`).join('')}]`;
  }
  const inner = items
    .filter(([from]) => from <= 0xffff)
    .map(([from, to]) => `${hex(from, target)}-${hex(Math.min(to, 0xffff), target)}`)
    .join('');
  const astral = items.filter(([, to]) => to > 0xffff);
  if (node.negated) {
    const pairs = astralPairs(otherAstral(astral));
    return `(?:${pairs === '' ? '' : `${pairs}|`}[^\\ud800-\\udbff${inner}])`;
  }
  if (astral.length === 0) return `[${inner}]`;
  return `(?:${astralPairs(astral)}|[${inner}])`;
}

/** What the ranges leave of the characters beyond U+FFFF. */
function otherAstral(items: readonly ClassItem[]): ClassItem[] {
  const found: ClassItem[] = [];
  let next = 0x10000;
  for (const [from, to] of items.toSorted((a, b) => a[0] - b[0])) {
    if (from > next) found.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= 0x10ffff) found.push([next, 0x10ffff]);
  return found;
}

/** Ranges beyond U+FFFF as pairs of units; a row has 1,024 characters with the same first unit. */
function astralPairs(items: readonly ClassItem[]): string {
  const parts: string[] = [];
  const unit = (code: number): string => `\\u${code.toString(16)}`;
  const high = (code: number): string => unit(0xd800 + ((code - 0x10000) >> 10));
  for (const [first, last] of items) {
    for (let start = Math.max(first, 0x10000); start <= last; ) {
      const lastWhole = last - ((last + 1) & 0x3ff);
      if ((start & 0x3ff) === 0 && lastWhole > start) {
        parts.push(`[${high(start)}-${high(lastWhole)}][\\udc00-\\udfff]`);
        start = lastWhole + 1;
        continue;
      }
      const end = Math.min(last, start | 0x3ff);
      parts.push(`${high(start)}[${unit(0xdc00 + (start & 0x3ff))}-${unit(0xdc00 + (end & 0x3ff))}]`);
      start = end + 1;
    }
  }
  return parts.join('|');
}

const MAX_CASED_RANGE = 0x250;

function otherCases(items: readonly ClassItem[]): ClassItem[] {
  const added: ClassItem[] = [];
  for (const [from, to] of items) {
    for (let code = from; code <= Math.min(to, from + MAX_CASED_RANGE); code++) {
      for (const variant of variantsOf(code)) if (variant !== code) added.push([variant, variant]);
    }
  }
  return added;
}
