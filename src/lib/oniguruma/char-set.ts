/**
 * Sets of code points as sorted, disjoint, inclusive ranges in one flat list: `[lo, hi, lo, hi, …]`. They are
 * never changed after they are made.
 */
export type CharSet = readonly number[];

const MAX = 0x10ffff;

export const NONE: CharSet = [];
export const ALL: CharSet = [0, MAX];

/** The set of the ranges given in any order. */
export function charSet(...ranges: number[]): CharSet {
  return normal(ranges);
}

/** The set of the characters of a text. */
function charsOf(text: string): CharSet {
  const ranges: number[] = [];
  for (const char of text) ranges.push(char.codePointAt(0)!, char.codePointAt(0)!);
  return normal(ranges);
}

function normal(ranges: readonly number[]): CharSet {
  const pairs: [number, number][] = [];
  for (let at = 0; at < ranges.length; at += 2) pairs.push([ranges[at]!, ranges[at + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const made: number[] = [];
  for (const [lo, hi] of pairs) {
    const last = made.length - 1;
    if (last > 0 && lo <= made[last]! + 1) made[last] = Math.max(made[last]!, hi);
    else made.push(lo, hi);
  }
  return made;
}

export function union(...sets: readonly CharSet[]): CharSet {
  let made = NONE;
  let several = false;
  for (const set of sets) {
    if (set.length === 0 || set === made) continue;
    if (made.length === 0) made = set;
    else several = true;
  }
  return several ? normal(sets.flat()) : made;
}

export function negate(set: CharSet): CharSet {
  const made: number[] = [];
  let next = 0;
  for (let at = 0; at < set.length; at += 2) {
    if (set[at]! > next) made.push(next, set[at]! - 1);
    next = set[at + 1]! + 1;
  }
  if (next <= MAX) made.push(next, MAX);
  return made;
}

export function intersect(a: CharSet, b: CharSet): CharSet {
  const made: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const lo = Math.max(a[i]!, b[j]!);
    const hi = Math.min(a[i + 1]!, b[j + 1]!);
    if (lo <= hi) made.push(lo, hi);
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return made;
}

export const subtract = (a: CharSet, b: CharSet): CharSet => intersect(a, negate(b));
export function isDisjoint(a: CharSet, b: CharSet): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i + 1]! < b[j]!) i += 2;
    else if (b[j + 1]! < a[i]!) j += 2;
    else return false;
  }
  return true;
}
export const isSubset = (a: CharSet, b: CharSet): boolean => subtract(a, b).length === 0;
export const sameSet = (a: CharSet, b: CharSet): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);
/** The only code point of a set, or undefined. */
export const singleChar = (set: CharSet): number | undefined =>
  set.length === 2 && set[0] === set[1] ? set[0] : undefined;

const UPPER = charSet(0x41, 0x5a);
const LOWER = charSet(0x61, 0x7a);
const ALPHA = union(UPPER, LOWER);
export const DIGIT: CharSet = charSet(0x30, 0x39);
export const HEX: CharSet = charSet(0x30, 0x39, 0x41, 0x46, 0x61, 0x66);
/** `\s` of Ruby: ASCII white space with vertical tab. */
export const SPACE: CharSet = charSet(0x09, 0x0d, 0x20, 0x20);
/** `\w` of Ruby: ASCII letters, digits and underscore. */
export const WORD: CharSet = union(ALPHA, DIGIT, charsOf('_'));
export const NEWLINE: CharSet = charsOf('\n');

/**
 * Letters beyond ASCII as `\b` sees them, in few ranges so that the resulting class stays small: whole scripts,
 * with the few punctuation marks inside them counted as letters.
 */
const WIDE_WORD: CharSet = charSet(
  ...[0xaa, 0xaa, 0xb5, 0xb5, 0xba, 0xba, 0xc0, 0xd6, 0xd8, 0xf6, 0xf8, 0x2c1, 0x300, 0x37d, 0x386, 0x386],
  ...[0x388, 0x1fff, 0x203f, 0x2040, 0x2071, 0x209c, 0x2c00, 0x2dff, 0x3005, 0x3007, 0x3021, 0x302f],
  ...[0x3031, 0x3035, 0x3041, 0xd7ff, 0xf900, 0xfdff, 0xfe20, 0xfe2f, 0xfe70, 0xfefc, 0xff10, 0xff19],
  ...[0xff21, 0xff3a, 0xff3f, 0xff3f, 0xff41, 0xff5a, 0xff66, 0xffdc],
);
/** Characters that `\b` takes for part of a word. */
export const BOUNDARY_WORD: CharSet = union(WORD, WIDE_WORD);

const scanned = new Map<string, CharSet>();

/** Members of a class that JavaScript knows; found by asking it about every code point, once. */
function scan(source: string): CharSet {
  let set = scanned.get(source);
  if (set === undefined) {
    const test = new RegExp(`^${source}$`, 'v');
    const made: number[] = [];
    for (let point = 0; point <= MAX; point++) {
      if (point === 0xd800) point = 0xe000;
      if (!test.test(String.fromCodePoint(point))) continue;
      if (made[made.length - 1] === point - 1) made[made.length - 1] = point;
      else made.push(point, point);
    }
    set = made;
    scanned.set(source, set);
  }
  return set;
}

const BRACKETS: Readonly<Record<string, string | CharSet>> = {
  alnum: '[\\p{L}\\p{M}\\p{Nd}]',
  alpha: '[\\p{L}\\p{M}]',
  ascii: charSet(0, 0x7f),
  blank: '[\\p{Zs}\\t]',
  cntrl: '\\p{Cc}',
  digit: '\\p{Nd}',
  graph: '[[^\\p{Zs}\\p{Zl}\\p{Zp}\\p{Cc}\\p{Cn}\\p{Cs}]]',
  lower: '\\p{Lowercase}',
  print: '[[^\\p{Zl}\\p{Zp}\\p{Cc}\\p{Cn}\\p{Cs}]]',
  punct: '[\\p{P}$+<=>^`\\|~]',
  space: charSet(0x09, 0x0d, 0x20, 0x20, 0x85, 0x85, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a).concat(
    charSet(0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000),
  ),
  upper: '\\p{Uppercase}',
  xdigit: HEX,
  word: '[\\p{L}\\p{M}\\p{Nd}\\p{Pc}]',
};

/** A POSIX bracket (`alnum`, …) with all of Unicode, as Ruby; undefined if there is none of that name. */
export function posixBracket(name: string): CharSet | undefined {
  const found = Object.hasOwn(BRACKETS, name) ? BRACKETS[name] : undefined;
  return typeof found === 'string' ? scan(found) : found;
}

/** A property of `\p{…}` by its Ruby name (case, spaces, `_` and `-` do not count); undefined if unknown. */
export function property(name: string): CharSet | undefined {
  const plain = name.toLowerCase().replace(/[\s_-]/g, '');
  if (plain === 'any') return ALL;
  const bracket = posixBracket(plain);
  if (bracket) return bracket;
  const title = name.trim().replace(/[\s-]+/g, '_');
  const capital = title.replace(
    /(^|_)([a-z])/g,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
  for (const form of new Set([title, capital, title.toUpperCase()])) {
    for (const source of [`\\p{${form}}`, `\\p{Script=${form}}`]) {
      try {
        new RegExp(source, 'v');
      } catch {
        continue;
      }
      return scan(source);
    }
  }
  return undefined;
}

let folds: Map<number, number[]> | undefined;

/** Characters beyond ASCII with those they equal when case does not count; made on first use. */
function foldTable(): Map<number, number[]> {
  if (folds) return folds;
  const byKey = new Map<number, number[]>();
  for (let point = 0x41; point <= 0x1e943; point++) {
    if (point === 0x3400) point = 0xa640;
    if (point === 0xac00) point = 0xfb00;
    const char = String.fromCodePoint(point);
    const upper = char.toUpperCase();
    const key = (upper.length > char.length ? char : upper).toLowerCase().codePointAt(0)!;
    const group = byKey.get(key);
    if (group) group.push(point);
    else byKey.set(key, [point]);
  }
  folds = new Map();
  for (const group of byKey.values()) {
    if (group.length > 1) for (const point of group) folds.set(point, group);
  }
  return folds;
}

/** The set with every character that differs from a member in case only. */
export function ignoreCase(set: CharSet): CharSet {
  const ranges = [...set];
  for (let at = 0; at < set.length; at += 2) {
    const [lo, hi] = [set[at]!, set[at + 1]!];
    for (const [from, to, shift] of [
      [0x41, 0x5a, 32],
      [0x61, 0x7a, -32],
    ] as const) {
      if (lo <= to && hi >= from) ranges.push(Math.max(lo, from) + shift, Math.min(hi, to) + shift);
    }
    if (hi < 0x80) {
      if (contains(lo, hi, 0x4b, 0x6b)) ranges.push(0x212a, 0x212a);
      if (contains(lo, hi, 0x53, 0x73)) ranges.push(0x17f, 0x17f);
    } else if (hi - lo < 0x10000) {
      const table = foldTable();
      for (let point = Math.max(lo, 0x41); point <= hi; point++) {
        for (const other of table.get(point) ?? []) ranges.push(other, other);
      }
    }
  }
  return normal(ranges);
}

const contains = (lo: number, hi: number, ...points: number[]): boolean =>
  points.some((point) => lo <= point && point <= hi);
