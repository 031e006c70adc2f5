/** Words, values and names of KQL: what escapes stand for, and where they end. */
import { escapeWildcard } from '../wildcard.ts';
import { pointedError, syntaxError } from './error.ts';

export interface Literal {
  readonly quoted: boolean;
  /** What stands for itself; escapes are gone. */
  readonly text: string;
  /** With `*` as wildcards, in the tree's escapes; undefined: there are none. */
  readonly pattern: string | undefined;
  /** Where it begins and ends in the query. */
  readonly from: number;
  readonly to: number;
}

/** Characters that end a word unless they are escaped. */
export const SPECIAL = '\\():<>"*{}';
export const isSpace = (char: string | undefined): boolean => char !== undefined && /\s/.test(char);

/** `and`, `or`, `not` in any case, as a word of its own; undefined: something else. */
export function keywordAt(text: string, at: number): 'and' | 'or' | 'not' | undefined {
  const word = /^(and|or|not)(?=[\s("]|$)/i.exec(text.slice(at, at + 4))?.[1];
  if (word === undefined) return undefined;
  const behind = text[at + word.length];
  if (behind !== undefined && !/[\s("]/.test(behind)) return undefined;
  const before = text[at - 1];
  if (before !== undefined && !/[\s()"}{:]/.test(before)) return undefined;
  return word.toLowerCase() as 'and' | 'or' | 'not';
}

/** `"…"` at a position. @throws QueryError when it is not closed */
export function quotedAt(text: string, from: number): Literal {
  let value = '';
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') return { quoted: true, text: value, pattern: undefined, from, to: at + 1 };
    const unit = char === '\\' ? escapeAt(text, at, true) : undefined;
    if (unit === undefined) value += char;
    else {
      value += unit.text;
      at += unit.length - 1;
    }
  }
  throw pointedError(
    text,
    from,
    'The quote is not closed.',
    'Close it with `"`, or write `\\"` for the character.',
  );
}

/**
 * Words up to something special or a keyword, without the space at their end. `isEnd` may end it at other places.
 * Undefined: no word begins here.
 */
export function wordsAt(text: string, from: number, isEnd?: (at: number) => boolean): Literal | undefined {
  let value = '';
  let pattern = '';
  let isPattern = false;
  let at = from;
  let end = { at: from, value: 0, pattern: 0 };
  while (at < text.length) {
    const char = text[at]!;
    if (isSpace(char)) {
      value += char;
      pattern += char;
      at++;
      continue;
    }
    if (isEnd?.(at) || keywordAt(text, at) !== undefined) break;
    if (char === '*') {
      isPattern = true;
      value += char;
      pattern += char;
      at++;
    } else if (char === '\\') {
      const unit = escapeAt(text, at, false);
      if (unit === undefined) {
        throw syntaxError(
          text,
          at + 1,
          ['a character that can be escaped'],
          'Write `\\\\` for a backslash, or put the value into quotes.',
        );
      }
      value += unit.text;
      pattern += escapeWildcard(unit.text);
      at += unit.length;
    } else if (SPECIAL.includes(char)) break;
    else {
      value += char;
      pattern += char === '?' ? '\\?' : char;
      at++;
    }
    end = { at, value: value.length, pattern: pattern.length };
  }
  if (end.value === 0) return undefined;
  return {
    quoted: false,
    text: value.slice(0, end.value),
    pattern: isPattern ? pattern.slice(0, end.pattern) : undefined,
    from,
    to: end.at,
  };
}

const SPACES: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };

/** What a backslash and what follows stand for; undefined: they are no escape. */
function escapeAt(text: string, at: number, quoted: boolean): { text: string; length: number } | undefined {
  const next = text[at + 1];
  if (next === undefined) return undefined;
  if (next === 'u') {
    const hex = /^[\da-f]{4}/i.exec(text.slice(at + 2, at + 6))?.[0];
    return hex === undefined ? undefined : { text: String.fromCharCode(Number.parseInt(hex, 16)), length: 6 };
  }
  if (Object.hasOwn(SPACES, next)) {
    // `\not` is the word, `\n` before anything else a line's end.
    const keyword = quoted ? undefined : escapedKeyword(text, at + 1);
    return keyword ?? { text: SPACES[next]!, length: 2 };
  }
  if (quoted) return next === '"' || next === '\\' ? { text: next, length: 2 } : undefined;
  if (SPECIAL.includes(next)) return { text: next, length: 2 };
  return escapedKeyword(text, at + 1);
}

function escapedKeyword(text: string, at: number): { text: string; length: number } | undefined {
  const word = /^(and|or|not)(?![\p{L}\p{N}_])/iu.exec(text.slice(at, at + 4))?.[0];
  return word === undefined ? undefined : { text: word, length: word.length + 1 };
}
