/** The sets of characters that `tr`, `count`, `delete` and `squeeze` take: `a-z`, `^0-9`, `\\-`. */
import { rubyError } from './class.ts';

interface CharList {
  readonly negated: boolean;
  readonly chars: readonly string[];
}

const MAX_RANGE = 0x10000;

function expandSet(set: string): CharList {
  const given = [...set];
  const negated = given.length > 1 && given[0] === '^';
  const chars: string[] = [];
  for (let at = negated ? 1 : 0; at < given.length; at++) {
    let char = given[at]!;
    if (char === '\\' && at + 1 < given.length) {
      chars.push(given[++at]!);
      continue;
    }
    if (given[at + 1] === '-' && at + 2 < given.length) {
      const to = given[at + 2] === '\\' && at + 3 < given.length ? given[at + 3]! : given[at + 2]!;
      const first = char.codePointAt(0)!;
      const lastCode = to.codePointAt(0)!;
      if (first > lastCode || lastCode - first > MAX_RANGE)
        throw rubyError('ArgumentError', `invalid range "${char}-${to}" in string transliteration`);
      for (let code = first; code <= lastCode; code++) chars.push(String.fromCodePoint(code));
      at += given[at + 2] === '\\' && at + 3 < given.length ? 3 : 2;
      char = '';
    } else chars.push(char);
  }
  return { negated, chars };
}

/** Is a character in all of the sets? */
export function charSetOf(sets: readonly string[]): (char: string) => boolean {
  const lists = sets.map((set) => {
    const { negated, chars } = expandSet(set);
    return { negated, chars: new Set(chars) };
  });
  return (char) => lists.every(({ negated, chars }) => chars.has(char) !== negated);
}

/** `tr` and, squeezing what was replaced, `tr_s`. */
export function translate(text: string, from: string, to: string, squeeze: boolean): string {
  const source = expandSet(from);
  const target = expandSet(to.startsWith('^') ? `\\${to}` : to).chars;
  const final = target.at(-1) ?? '';
  const map = new Map<string, string>();
  if (source.negated) for (const char of source.chars) map.set(char, char);
  else
    for (const [index, char] of source.chars.entries())
      if (!map.has(char)) map.set(char, target[index] ?? final);
  let made = '';
  let before: string | undefined;
  for (const char of text) {
    const replaced = source.negated ? (map.has(char) ? undefined : final) : map.get(char);
    if (replaced === undefined) {
      made += char;
      before = undefined;
    } else if (!squeeze || replaced !== before) {
      made += replaced;
      before = replaced;
    }
  }
  return made;
}
