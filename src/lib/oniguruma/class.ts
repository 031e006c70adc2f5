/** Bracket classes of Ruby: ranges, escapes, POSIX brackets, nested classes and intersections. */
import { RegexpError } from './ast.ts';
import { type CharSet, charSet, ignoreCase, intersect, negate, posixBracket, union } from './char-set.ts';
import { charEscape, propertyAt, shorthandSet } from './escapes.ts';

interface ClassFlags {
  readonly i: boolean;
  readonly u: boolean;
}

/** One thing in a class: a set, or a single character that may begin a range. */
interface Item {
  readonly set?: CharSet;
  readonly point?: number;
  readonly end: number;
}

const MAX_DEPTH = 50;

/** The class that opens at an offset. @throws RegexpError */
export function parseClass(
  source: string,
  start: number,
  flags: ClassFlags,
  depth = 0,
): { set: CharSet; end: number } {
  const fail = (message: string, at = start): never => {
    throw new RegexpError(message, source, at);
  };
  if (depth > MAX_DEPTH) fail('character classes nested too deeply');
  let at = start + 1;
  const negated = source[at] === '^';
  if (negated) at++;
  const first = at;
  let parts: CharSet[] = [];
  let whole: CharSet | undefined;
  const closeOperand = (): void => {
    const operand = union(...parts);
    whole = whole ? intersect(whole, operand) : operand;
    parts = [];
  };
  for (;;) {
    if (at >= source.length) fail('premature end of char-class');
    if (source[at] === ']') {
      // A bracket right after the opening one is a character, if the class is closed further on.
      if (at !== first || source.indexOf(']', at + 1) < 0) {
        if (at === first) fail('empty char-class');
        break;
      }
    } else if (source.startsWith('&&', at)) {
      closeOperand();
      at += 2;
      continue;
    }
    const item = itemAt(source, at, flags, depth);
    at = item.end;
    if (item.point === undefined) {
      parts.push(item.set!);
      continue;
    }
    if (
      source[at] === '-' &&
      source[at + 1] !== ']' &&
      at + 1 < source.length &&
      !source.startsWith('-&&', at)
    ) {
      const last = itemAt(source, at + 1, flags, depth);
      if (last.point !== undefined) {
        if (last.point < item.point) fail('empty range in char class', at);
        parts.push(charSet(item.point, last.point));
        at = last.end;
        continue;
      }
      // [a-\d]: the dash is a character.
      parts.push(charSet(0x2d, 0x2d), last.set!);
      at = last.end;
    }
    parts.push(charSet(item.point, item.point));
  }
  closeOperand();
  const set = flags.i ? ignoreCase(whole!) : whole!;
  return { set: negated ? negate(set) : set, end: at + 1 };
}

function itemAt(source: string, at: number, flags: ClassFlags, depth: number): Item {
  const char = source[at]!;
  if (char === '[') {
    const bracket = /^\[:(\^?)([a-z]+):\]/.exec(source.slice(at, at + 14));
    const named = bracket && posixBracket(bracket[2]!);
    if (bracket && named) return { set: bracket[1] ? negate(named) : named, end: at + bracket[0].length };
    return parseClass(source, at, flags, depth + 1);
  }
  if (char === '\\') {
    const letter = source[at + 1] ?? '';
    const shorthand = shorthandSet(letter, flags.u);
    if (shorthand) return { set: shorthand, end: at + 2 };
    if (letter === 'p' || letter === 'P') {
      const { set, length } = propertyAt(source, at);
      return { set, end: at + length };
    }
    if (letter === 'b') return { point: 8, end: at + 2 };
    if (letter === 'R' || letter === 'X') {
      throw new RegexpError(`\\${letter} is not allowed in a character class`, source, at);
    }
    const { point, length } = charEscape(source, at);
    return { point, end: at + length };
  }
  const point = source.codePointAt(at)!;
  return { point, end: at + (point > 0xffff ? 2 : 1) };
}
