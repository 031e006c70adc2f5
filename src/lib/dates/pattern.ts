/**
 * Joda-Time patterns (`dd/MMM/yyyy:HH:mm:ss Z`) compiled to straight-line code over character codes. Reads what
 * Joda's DateTimeFormat reads: numbers may have fewer digits than letters, literals and names in any case, all of
 * the text must be used up.
 */

import { daysOfDate, daysOfOrdinal, daysOfWeek } from './iso-text.ts';
import { type DateNames, dateNames } from './names.ts';
import { localZone, ZONE_ABBREVIATIONS, type Zone, zoneOf } from './time-zone.ts';

export interface PatternOptions {
  readonly zone?: Zone | undefined;
  readonly locale?: string | undefined;
  /** The clock that missing years are guessed by. */
  readonly now: () => number;
}

type Token = { readonly letter: string; readonly count: number } | { readonly literal: string };

/** Splits a pattern into runs of one letter and literal text (quoted, or not a letter). */
function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  let literal = '';
  const endLiteral = (): void => {
    if (literal !== '') tokens.push({ literal });
    literal = '';
  };
  let quoted = false;
  for (let at = 0; at < pattern.length; ) {
    const char = pattern[at]!;
    if (char === "'") {
      if (pattern[at + 1] === "'") {
        literal += "'";
        at += 2;
      } else {
        quoted = !quoted;
        at++;
      }
    } else if (!quoted && /[A-Za-z]/.test(char)) {
      endLiteral();
      let end = at;
      while (pattern[end] === char) end++;
      tokens.push({ letter: char, count: end - at });
      at = end;
    } else {
      literal += char;
      at++;
    }
  }
  endLiteral();
  return tokens;
}

const isNumeric = (token: Token | undefined): boolean =>
  token !== undefined &&
  'letter' in token &&
  ('CxyYdhHmsSeDwkK'.includes(token.letter) || (token.letter === 'M' && token.count <= 2));

const FAIL = 'return NaN;';

/** Code that reads up to `max` digits, at least one, into a variable. */
function digits(name: string, max: number, check = ''): string {
  if (max > 4) {
    return `
  { let count = 0; ${name} = 0;
    while (count < ${max} && at < end && (c = text.charCodeAt(at) - 48) >= 0 && c <= 9) { ${name} = ${name} * 10 + c; at++; count++; }
    if (count === 0) ${FAIL} }${check}`;
  }
  let more = '';
  for (let n = 1; n < max; n++) {
    more += `if (at < end && (c = text.charCodeAt(at) - 48) >= 0 && c <= 9) { ${name} = ${name} * 10 + c; at++; `;
  }
  return `
  if (at >= end || (c = text.charCodeAt(at) - 48) < 0 || c > 9) ${FAIL}
  ${name} = c; at++;
  ${more}${'}'.repeat(max - 1)}${check}`;
}

const signed = (name: string, code: string): string => `
  negative = false;
  if (at + 1 < end && ((c = text.charCodeAt(at)) === 45 || c === 43)) { negative = c === 45; at++; }${code}
  if (negative) ${name} = -${name};`;

const inRange = (name: string, min: number, max: number): string =>
  `\n  if (${min > 0 ? `${name} < ${min} || ` : ''}${name} > ${max}) ${FAIL}`;

const named = (name: string, reader: string): string => `
  c = ${reader}(text, at);
  if (c === 0) ${FAIL}
  ${name} = c >> 8; at += c & 255;`;

function literalCode(literal: string): string {
  let code = '';
  for (let at = 0; at < literal.length; at++) {
    const char = literal.charCodeAt(at);
    const read = /[A-Za-z]/.test(literal[at]!)
      ? `(text.charCodeAt(at) | 32) !== ${char | 32}`
      : `text.charCodeAt(at) !== ${char}`;
    code += `\n  if (at >= end || ${read}) ${FAIL}\n  at++;`;
  }
  return code;
}

/** A year of two letters: exactly two digits are of the hundred years around now, others as they stand. */
function twoDigitYear(name: string, lenient: boolean, pivot: number): string {
  const low = pivot - 50;
  const pivoted = `${name} += ${low - (low % 100)}; if (${name} < ${low}) ${name} += 100;`;
  if (!lenient) {
    return `\n  start = at;${digits(name, 2)}\n  if (at - start !== 2) ${FAIL}\n  ${pivoted}`;
  }
  return `
  start = at;${signed(name, digits(name, 9))}
  if (at - start === 2 && ${name} >= 0 && text.charCodeAt(start) >= 48) { ${pivoted} }`;
}

function fraction(count: number): string {
  let more = '';
  for (let n = 1; n < count; n++) {
    const weight = [100, 10, 1][n] ?? 0;
    more += `if (at < end && (c = text.charCodeAt(at) - 48) >= 0 && c <= 9) { ${weight > 0 ? `S += c * ${weight}; ` : ''}at++; `;
  }
  return `
  if (at >= end || (c = text.charCodeAt(at) - 48) < 0 || c > 9) ${FAIL}
  S = c * 100; at++;
  ${more}${'}'.repeat(count - 1)}`;
}

const digitAt = (text: string, at: number): number => {
  const code = at < text.length ? text.charCodeAt(at) - 48 : -1;
  return code >= 0 && code <= 9 ? code : -1;
};
const twoDigitsAt = (text: string, at: number): number => {
  const tens = digitAt(text, at);
  const ones = digitAt(text, at + 1);
  return tens < 0 || ones < 0 ? -1 : tens * 10 + ones;
};

/** Reads `Z`, `+01`, `+0100`, `+01:00`, with seconds too: `(seconds + 100000) * 16 + length`, or 0 if there is none. */
export function readOffset(text: string, at: number): number {
  if (at >= text.length) return 0;
  const sign = text.charCodeAt(at);
  if ((sign | 32) === 122) return 100_000 * 16 + 1;
  if (sign !== 43 && sign !== 45) return 0;
  if (at + 5 === text.length) {
    // `+0100` at the end of the text, by far the most frequent.
    const h1 = text.charCodeAt(at + 1) - 48;
    const h2 = text.charCodeAt(at + 2) - 48;
    const m1 = text.charCodeAt(at + 3) - 48;
    const m2 = text.charCodeAt(at + 4) - 48;
    if (h1 >= 0 && h1 <= 2 && h2 >= 0 && h2 <= 9 && m1 >= 0 && m1 <= 5 && m2 >= 0 && m2 <= 9) {
      const seconds = (h1 * 10 + h2) * 3600 + (m1 * 10 + m2) * 60;
      if (seconds < 86_400) return ((sign === 45 ? -seconds : seconds) + 100_000) * 16 + 5;
    }
  }
  const hours = twoDigitsAt(text, at + 1);
  if (hours < 0 || hours > 23) return 0;
  let seconds = hours * 3600;
  let end = at + 3;
  let unit = 60;
  const separated = text.charCodeAt(end) === 58;
  while (unit > 0) {
    let start = end;
    if (separated) {
      if (text.charCodeAt(start) !== 58) break;
      start++;
    } else if (digitAt(text, start) < 0) break;
    const value = twoDigitsAt(text, start);
    if (value < 0 || value > 59) return 0;
    seconds += value * unit;
    end = start + 2;
    unit = unit === 60 ? 1 : 0;
  }
  return ((sign === 45 ? -seconds : seconds) + 100_000) * 16 + (end - at);
}

const ZONE_NAME = /[A-Za-z0-9_+\-/]{1,40}/y;

/** Reads the longest name of a zone; `zoneEnd` is then behind it. */
function readZoneName(text: string, at: number): Zone | undefined {
  ZONE_NAME.lastIndex = at;
  const found = ZONE_NAME.exec(text)?.[0] ?? '';
  for (let length = found.length; length > 0; length--) {
    const zone = zoneOf(found.slice(0, length));
    if (zone !== undefined) {
      zoneEnd = at + length;
      return zone;
    }
  }
  return undefined;
}

function readZoneAbbreviation(text: string, at: number): Zone | undefined {
  for (let length = 3; length > 1; length--) {
    const name = ZONE_ABBREVIATIONS[text.slice(at, at + length).toUpperCase()];
    if (name !== undefined) {
      zoneEnd = at + length;
      return zoneOf(name);
    }
  }
  return undefined;
}
let zoneEnd = 0;
const endOfZone = (): number => zoneEnd;

const zoneCode = (reader: string): string => `
  zone = ${reader}(text, at);
  if (zone === undefined) ${FAIL}
  at = endOfZone();`;

function tokenCode(token: Token, next: Token | undefined, pivot: number): string {
  if ('literal' in token) return literalCode(token.literal);
  const { letter, count } = token;
  switch (letter) {
    case 'y':
    case 'Y':
    case 'x': {
      const name = letter === 'x' ? 'x' : 'y';
      if (count === 2) return twoDigitYear(name, !isNumeric(next), pivot);
      const code = digits(name, isNumeric(next) ? count : 9);
      return letter === 'Y' ? code : signed(name, code);
    }
    case 'C':
      return digits('C', count);
    case 'G':
      return named('G', 'readEra');
    case 'M':
      return count >= 3 ? named('M', 'readMonth') : digits('M', 2);
    case 'd':
      return digits('d', 2);
    case 'D':
      return digits('D', 3);
    case 'w':
      return digits('w', 2);
    case 'e':
      return digits('e', 1);
    case 'E':
      return named('e', 'readWeekday');
    case 'a':
      return named('a', 'readHalf');
    case 'H':
      return digits('H', 2, inRange('H', 0, 23));
    case 'k':
      return digits('H', 2, `${inRange('H', 1, 24)}\n  if (H === 24) H = 0;`);
    case 'K':
      return digits('h', 2, inRange('h', 0, 11));
    case 'h':
      return digits('h', 2, `${inRange('h', 1, 12)}\n  if (h === 12) h = 0;`);
    case 'm':
      return digits('m', 2, inRange('m', 0, 59));
    case 's':
      return digits('s', 2, inRange('s', 0, 59));
    case 'S':
      return fraction(count);
    case 'Z':
      if (count > 2) return zoneCode('readZoneName');
      return `
  c = readOffset(text, at);
  if (c === 0) ${FAIL}
  at += c & 15; offset = ((c >> 4) - 100000) * 1000;`;
    case 'z':
      if (count < 4) return zoneCode('readZoneAbbreviation');
      throw new Error('zone names (`zzzz`) can not be read; use `z`, `Z` or `ZZZ`');
  }
  throw new Error(`illegal pattern component: ${letter.repeat(count)}`);
}

/** Which year a date without one is of: December seen in January is last year's, January in December next year's. */
function yearGuesser(now: () => number, zone: Zone): (month: number) => number {
  let checkedAt = Number.NaN;
  let year = 0;
  let currentMonth = 0;
  return (month) => {
    const time = now();
    if (!(time >= checkedAt && time < checkedAt + 1000)) {
      const date = new Date(time + zone.offsetAt(time));
      year = date.getUTCFullYear();
      currentMonth = date.getUTCMonth() + 1;
      checkedAt = time;
    }
    if (month === 12 && currentMonth === 1) return year - 1;
    return month === 1 && currentMonth === 12 ? year + 1 : year;
  };
}

/** The code that turns the fields read into days since 1970. Weekday names beside a date do not move it. */
function daysCode(has: (letters: string) => boolean): string {
  const year = has('yY')
    ? `${has('C') ? 'C * 100 + y % 100' : 'y'}`
    : has('x')
      ? 'x'
      : has('C')
        ? 'C * 100'
        : undefined;
  const ordinal = has('D') && !has('M');
  const weeks = has('w') || (has('x') && !has('yYMdD'));
  const guess = weeks
    ? '(w > 48 ? 12 : w < 5 ? 1 : 6)'
    : ordinal
      ? '(D > 334 ? 12 : D < 32 ? 1 : 6)'
      : has('M')
        ? 'M'
        : '1';
  const era = has('G') ? '\n  if (G === 1) year = 1 - year;' : '';
  const days =
    weeks && !has('Md')
      ? 'daysOfWeek(year, w, e)'
      : ordinal
        ? 'daysOfOrdinal(year, D)'
        : 'daysOfDate(year, M, d)';
  return `
  let year = ${year ?? `guessYear(${guess})`};${era}
  const days = ${days};`;
}

function instantCode(
  has: (letters: string) => boolean,
  zone: Zone,
  zoneRead: 'offset' | 'zone' | undefined,
): string {
  const hour = has('Hk') ? 'H' : has('hKa') ? '(h + (a === 2 ? 12 : 0))' : '0';
  const local = `days * 86400000 + ${hour} * 3600000 + m * 60000 + s * 1000 + S`;
  if (zoneRead === 'offset') return `${local} - offset`;
  if (zoneRead === 'zone') return `zone.toUtc(${local})`;
  return zone.id === 'UTC' ? local : `defaultZone.toUtc(${local})`;
}

/**
 * Compiles a pattern to a function from text to epoch milliseconds, NaN if the text does not fit.
 * @throws Error naming the part of the pattern that can not be read
 */
export function compileDatePattern(pattern: string, options: PatternOptions): (text: string) => number {
  const zone = options.zone ?? localZone();
  const names: DateNames = dateNames(options.locale);
  const tokens = tokensOf(pattern);
  const pivot = new Date(options.now()).getUTCFullYear() - 30;
  const letters = tokens.map((token) => ('letter' in token ? token.letter : '')).join('');
  const has = (any: string): boolean => any.split('').some((letter) => letters.includes(letter));
  const zoneToken = tokens.findLast(
    (token) => 'letter' in token && (token.letter === 'Z' || token.letter === 'z'),
  );
  const zoneRead =
    zoneToken === undefined || !('letter' in zoneToken)
      ? undefined
      : zoneToken.letter === 'Z' && zoneToken.count < 3
        ? 'offset'
        : 'zone';
  const body = tokens.map((token, at) => tokenCode(token, tokens[at + 1], pivot)).join('');
  const code = `return function parse(text) {
  const end = text.length;
  let at = 0, c = 0, start = 0, negative = false, zone, offset = 0;
  let y = 0, x = 0, C = 0, G = 2, M = 1, d = 1, D = 1, w = 1, e = 1, H = 0, h = 0, a = 1, m = 0, s = 0, S = 0;${body}
  if (at !== end) ${FAIL}${daysCode(has)}
  return ${instantCode(has, zone, zoneRead)};
}`;
  const helpers = {
    readMonth: names.month,
    readWeekday: names.weekday,
    readHalf: names.half,
    readEra: names.era,
    readOffset,
    readZoneName,
    readZoneAbbreviation,
    endOfZone,
    guessYear: yearGuesser(options.now, zone),
    daysOfDate,
    daysOfOrdinal,
    daysOfWeek,
    defaultZone: zone,
  };
  return new Function(...Object.keys(helpers), code)(...Object.values(helpers)) as (text: string) => number;
}
