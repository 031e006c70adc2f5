/** Escapes that stand for a set or a character, inside and outside of classes. */
import { RegexpError } from './ast.ts';
import {
  ALL,
  type CharSet,
  DIGIT,
  HEX,
  negate,
  posixBracket,
  property,
  SPACE,
  subtract,
  WORD,
} from './char-set.ts';

/** `\d` and its kin; undefined for other letters. */
export function shorthandSet(letter: string, unicode: boolean): CharSet | undefined {
  const set =
    letter === 'd' || letter === 'D'
      ? unicode
        ? posixBracket('digit')!
        : DIGIT
      : letter === 'w' || letter === 'W'
        ? unicode
          ? posixBracket('word')!
          : WORD
        : letter === 's' || letter === 'S'
          ? unicode
            ? posixBracket('space')!
            : SPACE
          : letter === 'h' || letter === 'H'
            ? HEX
            : undefined;
  return set && letter < 'a' ? negate(set) : set;
}

/** `\p{Name}`, `\p{^Name}`, `\P{Name}` at an offset. */
export function propertyAt(source: string, start: number): { set: CharSet; length: number } {
  const match = /^\\[pP]\{(\^?)([^}]*)\}/.exec(source.slice(start, start + 60));
  if (!match) throw new RegexpError('invalid character property', source, start);
  const set = property(match[2]!);
  if (!set) throw new RegexpError(`invalid character property name {${match[2]}}`, source, start);
  const negated = (match[1] === '^') !== (source[start + 1] === 'P');
  return { set: negated ? subtract(ALL, set) : set, length: match[0].length };
}

const CONTROL: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 };

/** An escape that stands for one character: `\n`, `\x41`, `\x{1F600}`, `\u00e4`, `\101`, `\cA`, `\/`. */
export function charEscape(source: string, start: number): { point: number; length: number } {
  const fail = (message: string): never => {
    throw new RegexpError(message, source, start);
  };
  const char = source[start + 1];
  if (char === undefined) return fail('too short escape sequence');
  const control = CONTROL[char];
  if (control !== undefined) return { point: control, length: 2 };
  const rest = source.slice(start + 2, start + 16);
  if (char === 'x' || char === 'u') {
    const match =
      /^\{\s*([0-9A-Fa-f]{1,8})\s*\}/.exec(rest) ??
      (char === 'x' ? /^([0-9A-Fa-f]{1,2})/ : /^([0-9A-Fa-f]{4})/).exec(rest);
    if (!match) return fail(char === 'x' ? 'invalid hex escape' : 'invalid Unicode escape');
    const point = Number.parseInt(match[1]!, 16);
    if (point > 0x10ffff) return fail('invalid code point value');
    return { point, length: 2 + match[0].length };
  }
  if (char >= '0' && char <= '7') {
    const digits = /^[0-7]{1,3}/.exec(source.slice(start + 1, start + 4))![0];
    return { point: Number.parseInt(digits, 8) & 0xff, length: 1 + digits.length };
  }
  if (char === 'c' || (char === 'C' && rest[0] === '-')) {
    const at = char === 'c' ? 0 : 1;
    const letter = rest.charCodeAt(at);
    if (Number.isNaN(letter) || letter > 0x7f) return fail('too short control sequence');
    return { point: letter === 0x3f ? 0x7f : letter & 0x1f, length: 3 + at };
  }
  if (char === 'M' && rest[0] === '-') return fail('meta escapes \\M-x are not supported');
  const point = source.codePointAt(start + 1)!;
  return { point, length: point > 0xffff ? 3 : 2 };
}
