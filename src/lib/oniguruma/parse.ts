/**
 * The parser of Ruby's regular expressions (Onigmo and Joni, Ruby syntax): text → tree. Options such as `(?i)` and
 * `(?x)` are worked into the tree, so that nothing behind the parser knows of them.
 */
import { type Assertion, alt, EMPTY, type Group, type Node, type Parsed, RegexpError, seq } from './ast.ts';
import { ALL, charSet, ignoreCase, NEWLINE, negate } from './char-set.ts';
import { parseClass } from './class.ts';
import { charEscape, propertyAt, shorthandSet } from './escapes.ts';

export interface ParseOptions {
  /** Ruby's option `m`: the dot takes newlines too. */
  readonly dotAll?: boolean;
  readonly ignoreCase?: boolean;
  readonly extended?: boolean;
  /** False: `( )` never captures, as if the pattern had named groups. */
  readonly captureUnnamed?: boolean;
}

/** A call `\g<…>`; replaced by the group's content when all groups are known. */
interface Call {
  readonly type: 'call';
  readonly target: string;
  readonly position: number;
}
type Raw = Node | Call;

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly x: boolean;
  readonly u: boolean;
}

const MAX_DEPTH = 200;
const MAX_NODES = 100_000;
const MAX_COUNT = 100_000;

/** @throws RegexpError */
export function parseRegexp(source: string, options: ParseOptions = {}): Parsed {
  const first = new Parser(source, options, options.captureUnnamed ?? true, 0);
  const parsed = first.run();
  const named = first.groups.some((group) => group?.name !== undefined);
  const count = first.groups.length - 1;
  if (named && first.sawUnnamed) return new Parser(source, options, false, count).run();
  if (first.sawNumber) return new Parser(source, options, options.captureUnnamed ?? true, count).run();
  return parsed;
}

class Parser {
  readonly source: string;
  readonly groups: (Group | undefined)[] = [undefined];
  sawUnnamed = false;
  sawNumber = false;
  readonly #bodies: Node[] = [];
  readonly #captureUnnamed: boolean;
  readonly #groupCount: number;
  readonly #flags: Flags;
  #at = 0;
  #depth = 0;
  #nodes = 0;
  #hasCall = false;

  constructor(source: string, options: ParseOptions, captureUnnamed: boolean, groupCount: number) {
    this.source = source;
    this.#captureUnnamed = captureUnnamed;
    this.#groupCount = groupCount;
    this.#flags = {
      i: options.ignoreCase ?? false,
      m: options.dotAll ?? false,
      x: options.extended ?? false,
      u: false,
    };
  }

  run(): Parsed {
    const tree = this.#alternation(this.#flags);
    if (this.#at < this.source.length) this.#fail('unmatched close parenthesis');
    return { tree: this.#hasCall ? this.#resolve(tree, []) : (tree as Node), groups: this.groups };
  }

  #fail(message: string, position: number = this.#at): never {
    throw new RegexpError(message, this.source, position);
  }

  #alternation(flags: Flags): Node {
    if (++this.#depth > MAX_DEPTH) this.#fail('groups nested too deeply');
    const branches: Node[] = [];
    let items: Raw[] = [];
    for (;;) {
      const char = this.source[this.#at];
      if (char === undefined || char === ')') break;
      if (char === '|') {
        this.#at++;
        branches.push(seq(items as Node[]));
        items = [];
        continue;
      }
      const open = this.#option(flags);
      if (open) {
        // Options without a colon hold to the end of the group, over its alternatives: a(?i)b|c is a(?i:b|c).
        items.push(this.#alternation(open));
        break;
      }
      const atom = this.#atom(flags);
      if (atom) items.push(this.#quantified(atom, flags));
    }
    branches.push(seq(items as Node[]));
    this.#depth--;
    return alt(branches);
  }

  /** `(?imx-imx)` at the current place: the new options. */
  #option(flags: Flags): Flags | undefined {
    const match = /^\(\?([a-z]*)(?:-([a-z]*))?\)/.exec(this.source.slice(this.#at, this.#at + 20));
    if (!match || (match[1] === '' && match[2] === undefined)) return undefined;
    const changed = this.#flagsOf(flags, match[1]!, match[2] ?? '');
    this.#at += match[0].length;
    return changed;
  }

  #flagsOf(flags: Flags, on: string, off: string): Flags {
    const made = { ...flags };
    for (const letter of on) {
      if (letter === 'i' || letter === 'm' || letter === 'x' || letter === 'u') made[letter] = true;
      else if (letter === 'a' || letter === 'd') made.u = false;
      else this.#fail(`undefined group option "${letter}"`);
    }
    for (const letter of off) {
      if (letter === 'i' || letter === 'm' || letter === 'x') made[letter] = false;
      else this.#fail(`undefined group option "${letter}"`);
    }
    return made;
  }

  /** One atom, or undefined for a comment or white space. */
  #atom(flags: Flags): Raw | undefined {
    if (++this.#nodes > MAX_NODES) this.#fail('pattern is too large');
    const { source } = this;
    const char = source[this.#at]!;
    switch (char) {
      case '(':
        return this.#group(flags);
      case '[': {
        const { set, end } = parseClass(source, this.#at, flags);
        this.#at = end;
        return { type: 'set', set };
      }
      case '.':
        this.#at++;
        return { type: 'set', set: flags.m ? ALL : negate(NEWLINE) };
      case '^':
        this.#at++;
        return assertion('line-start');
      case '$':
        this.#at++;
        return assertion('line-end');
      case '\\':
        return this.#escape(flags);
      case '*':
      case '+':
      case '?':
        return this.#fail(`target of repeat operator "${char}" is not specified`);
      case '{':
        if (this.#interval()) this.#fail('target of repeat operator is not specified');
        break;
      case '#':
        if (flags.x) {
          const end = source.indexOf('\n', this.#at);
          this.#at = end < 0 ? source.length : end + 1;
          return undefined;
        }
        break;
      case ' ':
      case '\t':
      case '\n':
      case '\v':
      case '\f':
      case '\r':
        if (flags.x) {
          this.#at++;
          return undefined;
        }
    }
    const point = source.codePointAt(this.#at)!;
    this.#at += point > 0xffff ? 2 : 1;
    return literal(point, flags);
  }

  #group(flags: Flags): Raw | undefined {
    const { source } = this;
    const start = this.#at;
    if (source[start + 1] !== '?') {
      this.#at++;
      this.sawUnnamed = true;
      return this.#captureUnnamed ? this.#capture(undefined, flags) : this.#body(flags);
    }
    const next = source[start + 2];
    const look = /^(?:[=!]|<[=!])/.exec(source.slice(start + 2, start + 4));
    if (next === '#') {
      for (this.#at = start + 3; source[this.#at] !== ')'; this.#at++) {
        if (this.#at >= source.length) this.#fail('end pattern in group', start);
        if (source[this.#at] === '\\') this.#at++;
      }
      this.#at++;
      return undefined;
    }
    if (look) {
      this.#at = start + 2 + look[0].length;
      const body = this.#body(flags);
      return { type: 'look', ahead: look[0].length === 1, negated: look[0].endsWith('!'), body };
    }
    if (next === ':' || next === '>') {
      this.#at = start + 3;
      const body = this.#body(flags);
      return next === ':' ? body : { type: 'atomic', body };
    }
    if (next === '<' || next === "'") {
      const end = source.indexOf(next === '<' ? '>' : "'", start + 3);
      if (end < 0) this.#fail('group name is not closed', start);
      const name = source.slice(start + 3, end);
      if (name === '') this.#fail('group name is empty', start);
      if (/[()]/.test(name)) this.#fail(`invalid group name <${name}>`, start);
      this.#at = end + 1;
      return this.#capture(name, flags);
    }
    const inline = /^\(\?([a-z]*)(?:-([a-z]*))?:/.exec(source.slice(start, start + 20));
    if (inline) {
      const inner = this.#flagsOf(flags, inline[1]!, inline[2] ?? '');
      this.#at += inline[0].length;
      return this.#body(inner);
    }
    if (next === '~') this.#fail('absent operators (?~…) are not supported', start);
    if (next === '(') this.#fail('conditionals (?(…)…) are not supported', start);
    if (next === 'P') this.#fail('undefined group option (Ruby writes (?<name>…), not (?P<name>…))', start);
    return this.#fail('undefined group option', start);
  }

  #body(flags: Flags): Node {
    const start = this.#at;
    const body = this.#alternation(flags);
    if (this.source[this.#at] !== ')') this.#fail('end pattern with unmatched parenthesis', start);
    this.#at++;
    return body;
  }

  #capture(name: string | undefined, flags: Flags): Node {
    const index = this.groups.length;
    this.groups.push({ name });
    const body = this.#body(flags);
    this.#bodies[index] = body;
    return { type: 'group', body, index };
  }

  /** The interval `{n,m}` at the current place, if it is one. */
  #interval(): { min: number; max: number; length: number } | undefined {
    const match = /^\{(\d*)(?:(,)(\d*))?\}/.exec(this.source.slice(this.#at, this.#at + 20));
    if (!match || (match[1] === '' && !match[3])) return undefined;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > MAX_COUNT || (max > MAX_COUNT && max !== Number.POSITIVE_INFINITY))
      this.#fail('too big number in interval');
    if (min > max) this.#fail('interval has its bounds the wrong way round');
    return { min, max, length: match[0].length };
  }

  #quantified(atom: Raw, flags: Flags): Raw {
    let node = atom;
    for (;;) {
      while (flags.x && /[\s#]/.test(this.source[this.#at] ?? '')) {
        if (this.#atom(flags)) break;
      }
      const char = this.source[this.#at];
      if (char === '*' || char === '+' || char === '?') {
        this.#at++;
        const suffix = this.source[this.#at];
        if (suffix === '?' || suffix === '+') this.#at++;
        const range = {
          min: char === '+' ? 1 : 0,
          max: char === '?' ? 1 : Number.POSITIVE_INFINITY,
          lazy: suffix === '?',
        };
        node = repeat(node, range);
        if (suffix === '+') node = { type: 'atomic', body: node as Node };
        continue;
      }
      const interval = char === '{' ? this.#interval() : undefined;
      if (!interval) return node;
      this.#at += interval.length;
      const { min, max } = interval;
      const fixed = min === max;
      if (this.source[this.#at] === '?') {
        this.#at++;
        // Ruby: x{n}? is an optional x{n}.
        node = fixed
          ? repeat(repeat(node, { min, max, lazy: false }), { min: 0, max: 1, lazy: false })
          : repeat(node, { min, max, lazy: true });
      } else node = repeat(node, { min, max, lazy: false });
    }
  }

  #escape(flags: Flags): Raw {
    const { source } = this;
    const start = this.#at;
    const char = source[start + 1];
    if (char === undefined) this.#fail('too short escape sequence');
    const done = (node: Raw, length = 2): Raw => {
      this.#at = start + length;
      return node;
    };
    const anchor = ANCHORS[char];
    if (anchor) return done(assertion(anchor));
    const shorthand = shorthandSet(char, flags.u);
    if (shorthand) return done({ type: 'set', set: shorthand });
    if (char === 'R') return done(LINE_BREAK);
    if (char === 'X') this.#fail('\\X is not supported', start);
    if (char === 'K') this.#fail('\\K is not supported', start);
    if (char === 'k' || char === 'g') return this.#reference(char, flags);
    if (char === 'p' || char === 'P') {
      const { set, length } = propertyAt(source, start);
      return done({ type: 'set', set: flags.i ? ignoreCase(set) : set }, length);
    }
    if (char >= '1' && char <= '9') {
      const digits = /^\d+/.exec(source.slice(start + 1, start + 6))![0];
      this.sawNumber = true;
      if (Number(digits) <= 9 || Number(digits) <= this.#groupCount) {
        if (this.#groupCount > 0 && Number(digits) > this.#groupCount)
          this.#fail('invalid backref number', start);
        this.#noNumbers(start);
        return done(this.#backref([Number(digits)], flags), 1 + digits.length);
      }
    }
    if (char === 'u' && source[start + 2] === '{') {
      const end = source.indexOf('}', start);
      const points =
        end < 0
          ? []
          : source
              .slice(start + 3, end)
              .trim()
              .split(/\s+/);
      if (points.length > 1) {
        const items = points.map((hex) => literal(this.#point(Number.parseInt(hex, 16), start), flags));
        return done(seq(items), end + 1 - start);
      }
    }
    const { point, length } = charEscape(source, start);
    return done(literal(point, flags), length);
  }

  #point(value: number, position: number): number {
    if (!(value >= 0 && value <= 0x10ffff)) this.#fail('invalid code point value', position);
    return value;
  }

  #noNumbers(position: number): void {
    if (this.groups.some((group) => group?.name !== undefined))
      this.#fail('numbered backreference is not allowed beside named groups', position);
  }

  #backref(groups: number[], flags: Flags): Node {
    return { type: 'backref', groups, ignoreCase: flags.i };
  }

  #reference(kind: string, flags: Flags): Raw {
    const start = this.#at;
    const open = this.source[start + 2];
    const close = open === '<' ? '>' : open === "'" ? "'" : undefined;
    const end = close ? this.source.indexOf(close, start + 3) : -1;
    if (end < 0) this.#fail(`invalid group reference \\${kind}`, start);
    const name = this.source.slice(start + 3, end);
    this.#at = end + 1;
    if (kind === 'g') {
      this.#hasCall = true;
      return { type: 'call', target: name, position: start };
    }
    if (/^-?\d+$/.test(name)) {
      this.#noNumbers(start);
      this.sawNumber = true;
      const number = Number(name) < 0 ? this.groups.length + Number(name) : Number(name);
      if (number <= 0 || (this.#groupCount > 0 && number > this.#groupCount))
        this.#fail('invalid backref number', start);
      return this.#backref([number], flags);
    }
    const numbers = this.#named(name);
    if (numbers.length === 0) this.#fail(`undefined name <${name}> reference`, start);
    return this.#backref(numbers.reverse(), flags);
  }

  #named(name: string): number[] {
    return this.groups.flatMap((group, index) => (group?.name === name ? [index] : []));
  }

  /** Replaces calls by what they call. */
  #resolve(node: Raw, calling: readonly number[]): Node {
    switch (node.type) {
      case 'call': {
        const number = /^[+-]?\d+$/.test(node.target) ? Number(node.target) : undefined;
        const [index = 0] = number === undefined ? this.#named(node.target) : [number];
        const body = this.#bodies[index];
        if (index <= 0 || !body) {
          return this.#fail(
            index === 0 && number === 0
              ? 'a recursive \\g<0> is not supported'
              : `undefined name <${node.target}> call`,
            node.position,
          );
        }
        if (calling.includes(index)) this.#fail('recursive \\g<…> is not supported', node.position);
        return { type: 'group', index, body: this.#resolve(body, [...calling, index]) };
      }
      case 'seq':
      case 'alt':
        if ((this.#nodes += node.items.length) > MAX_NODES) this.#fail('pattern is too large');
        return { ...node, items: node.items.map((item) => this.#resolve(item, calling)) };
      case 'group':
        return { ...node, body: this.#resolve(node.body, [...calling, node.index]) };
      case 'repeat':
      case 'atomic':
      case 'look':
        return { ...node, body: this.#resolve(node.body, calling) };
      default:
        return node;
    }
  }
}

const ANCHORS: Readonly<Record<string, Assertion>> = {
  A: 'text-start',
  G: 'text-start',
  z: 'text-end',
  Z: 'text-end-newline',
  b: 'word-boundary',
  B: 'not-word-boundary',
};

const assertion = (kind: Assertion): Node => ({ type: 'assert', kind });

const LINE_BREAK: Node = {
  type: 'atomic',
  body: alt([
    seq([
      { type: 'set', set: charSet(0x0d, 0x0d) },
      { type: 'set', set: charSet(0x0a, 0x0a) },
    ]),
    { type: 'set', set: charSet(0x0a, 0x0d, 0x85, 0x85, 0x2028, 0x2029) },
  ]),
};

function literal(point: number, flags: { readonly i: boolean }): Node {
  const set = charSet(point, point);
  return { type: 'set', set: flags.i ? ignoreCase(set) : set };
}

function repeat(node: Raw, range: { min: number; max: number; lazy: boolean }): Node {
  const body = node as Node;
  if (body.type === 'assert' || body.type === 'look') return range.min === 0 ? EMPTY : body;
  if (body.type === 'repeat' && !body.lazy && !range.lazy) {
    // a** and the like: one loop.
    const simple = (each: { min: number; max: number }): boolean =>
      each.min <= 1 && (each.max === Number.POSITIVE_INFINITY || each.max === 1);
    if (simple(body) && simple(range)) {
      return { ...body, min: Math.min(body.min, range.min), max: Math.max(body.max, range.max) };
    }
  }
  return { type: 'repeat', body, ...range };
}
