/** Regexp and MatchData of compiled Ruby, over the translator of Ruby's expressions. */
import { RegexpError, translateRegexp } from '../oniguruma.ts';
import { rubyString } from '../text/ruby-inspect.ts';
import { classes, rubyError } from './class.ts';
import { setClass, stringArgument } from './dispatch.ts';
import { RObject, type Value } from './values.ts';

/** Ruby's option bits. */
export const IGNORE_CASE = 1;
export const EXTENDED = 2;
export const MULTI_LINE = 4;

export class RRegexp extends RObject {
  readonly source: string;
  readonly options: number;
  /** Finds from `lastIndex` on. */
  readonly finder: RegExp;
  /** Cannot hang; otherwise code that uses it runs under a time limit. */
  readonly linear: boolean;
  /** JavaScript's groups that stand for Ruby's group of this number. */
  readonly groups: readonly (readonly number[])[];
  /** Ruby's numbers of every name, in order. */
  readonly names: ReadonlyMap<string, readonly number[]>;

  /** @throws RegexpError of the translator */
  constructor(source: string, options: number) {
    super();
    const translation = translateRegexp(source, {
      ignoreCase: (options & IGNORE_CASE) !== 0,
      extended: (options & EXTENDED) !== 0,
      dotAll: (options & MULTI_LINE) !== 0,
    });
    this.source = source;
    this.options = options;
    this.finder = new RegExp(translation.source, `${translation.flags}g`);
    this.linear = translation.linear;
    const groups: number[][] = translation.names.map(() => []);
    groups[0] = [0];
    for (const [index, group] of translation.groups.entries())
      if (index > 0 && group.index > 0) groups[group.index]!.push(index);
    this.groups = groups;
    const names = new Map<string, number[]>();
    for (const [index, name] of translation.names.entries()) {
      if (name === undefined || index === 0) continue;
      const list = names.get(name);
      if (list) list.push(index);
      else names.set(name, [index]);
    }
    this.names = names;
  }

  /** The first match at or behind a UTF-16 offset. */
  exec(text: string, from = 0): RMatch | null {
    const { finder } = this;
    finder.lastIndex = from;
    const found = finder.exec(text);
    return found === null ? null : new RMatch(this, found, text);
  }

  test(text: string): boolean {
    this.finder.lastIndex = 0;
    return this.finder.test(text);
  }
}
setClass(RRegexp, classes.regexp);

const made = new Map<string, RRegexp>();

/** An expression known only at run time. @throws RubyError RegexpError */
export function regexp(source: string, options = 0): RRegexp {
  const key = `${options}${source}`;
  let found = made.get(key);
  if (found === undefined) {
    try {
      found = new RRegexp(source, options);
    } catch (error) {
      if (error instanceof RegexpError) throw rubyError('RegexpError', error.message);
      throw error;
    }
    if (made.size >= 200) made.clear();
    made.set(key, found);
  }
  return found;
}

/** Text with everything escaped that means something in an expression (`Regexp.escape`). */
export function escapeRegexp(text: string): string {
  const letters: Record<string, string> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\f': '\\f',
    '\v': '\\v',
    ' ': '\\ ',
  };
  return text.replace(/[\n\r\t\f\v .*?+^$|\\()[\]{}#-]/g, (char) => letters[char] ?? `\\${char}`);
}

/** An expression, or text to be found as it is. */
export function patternOf(value: Value): RRegexp {
  return value instanceof RRegexp ? value : regexp(escapeRegexp(stringArgument(value)));
}

export class RMatch extends RObject {
  readonly regexp: RRegexp;
  readonly found: RegExpExecArray;
  readonly input: string;
  constructor(from: RRegexp, found: RegExpExecArray, input: string) {
    super();
    this.regexp = from;
    this.found = found;
    this.input = input;
  }
  get whole(): string {
    return this.found[0];
  }
  /** UTF-16 offsets of the match. */
  get start(): number {
    return this.found.index;
  }
  get end(): number {
    return this.found.index + this.found[0].length;
  }
  get size(): number {
    return this.regexp.groups.length;
  }
  /** Text of Ruby's group, or null. */
  group(number: number): string | null {
    const list = this.regexp.groups[number];
    if (list === undefined) return null;
    for (let at = list.length - 1; at >= 0; at--) {
      const text = this.found[list[at]!];
      if (text !== undefined) return text;
    }
    return null;
  }
  /** Text of the last group of this name that took part. @throws RubyError IndexError */
  named(name: string): string | null {
    const numbers = this.regexp.names.get(name);
    if (numbers === undefined) throw rubyError('IndexError', `undefined group name reference: ${name}`);
    for (let at = numbers.length - 1; at >= 0; at--) {
      const text = this.group(numbers[at]!);
      if (text !== null) return text;
    }
    return null;
  }
  captures(): (string | null)[] {
    const list: (string | null)[] = [];
    for (let number = 1; number < this.size; number++) list.push(this.group(number));
    return list;
  }
  inspect(): string {
    const byNumber = new Map<number, string>();
    for (const [name, numbers] of this.regexp.names) for (const number of numbers) byNumber.set(number, name);
    const groups = this.captures().map(
      (text, at) => ` ${byNumber.get(at + 1) ?? at + 1}:${text === null ? 'nil' : rubyString(text)}`,
    );
    return `#<MatchData ${rubyString(this.whole)}${groups.join('')}>`;
  }
}
setClass(RMatch, classes.match);

/** `$~`: what the last match found, for `$1` and `Regexp.last_match`. */
export const last: { match: RMatch | null } = { match: null };

const SURROGATE = /[\ud800-\udbff]/;

/** The number of characters before a UTF-16 offset. */
export function charIndex(text: string, offset: number): number {
  if (offset === 0 || !SURROGATE.test(text)) return offset;
  let count = 0;
  for (let at = 0; at < offset; count++) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  return count;
}

/** The UTF-16 offset of a character; undefined behind the end. */
export function charOffset(text: string, index: number): number | undefined {
  if (!SURROGATE.test(text)) return index <= text.length ? index : undefined;
  let at = 0;
  for (let count = 0; count < index; count++) {
    if (at >= text.length) return undefined;
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return at;
}

/** Number of characters. */
export function charCount(text: string): number {
  return SURROGATE.test(text) ? charIndex(text, text.length) : text.length;
}

/** Every match in turn; empty ones move on by one character. */
export function eachMatch(expression: RRegexp, text: string, each: (match: RMatch) => void): void {
  let from = 0;
  let previousEnd = -1;
  while (from <= text.length) {
    const match = expression.exec(text, from);
    if (match === null) return;
    const { start, end } = match;
    if (end > start || start !== previousEnd || end !== start) each(match);
    previousEnd = end;
    from = end > start ? end : end + (text.codePointAt(end)! > 0xffff ? 2 : 1);
  }
}

type Piece =
  | string
  | { readonly group?: number; readonly name?: string; readonly around?: 'before' | 'after' };
const replacements = new Map<string, readonly Piece[]>();

/** The pieces of a replacement such as `\\1-\\k<name>`. */
function piecesOf(text: string): readonly Piece[] {
  let pieces = replacements.get(text);
  if (pieces !== undefined) return pieces;
  const list: Piece[] = [];
  const pattern = /\\(?:(\d)|([&`'\\])|k<([^>]*)>)|[^\\]+|\\/g;
  for (const [all, digit, sign, name] of text.matchAll(pattern)) {
    if (digit !== undefined) list.push({ group: Number(digit) });
    else if (name !== undefined) list.push(/^\d+$/.test(name) ? { group: Number(name) } : { name });
    else if (sign === '&') list.push({ group: 0 });
    else if (sign === '`') list.push({ around: 'before' });
    else if (sign === "'") list.push({ around: 'after' });
    else list.push(sign === '\\' ? '\\' : all);
  }
  pieces = list;
  if (replacements.size >= 500) replacements.clear();
  replacements.set(text, pieces);
  return pieces;
}

/** A replacement text for one match. */
export function expand(replacement: string, match: RMatch): string {
  if (!replacement.includes('\\')) return replacement;
  let made = '';
  for (const piece of piecesOf(replacement)) {
    if (typeof piece === 'string') made += piece;
    else if (piece.group !== undefined) made += match.group(piece.group) ?? '';
    else if (piece.name !== undefined) made += match.named(piece.name) ?? '';
    else made += piece.around === 'before' ? match.input.slice(0, match.start) : match.input.slice(match.end);
  }
  return made;
}
