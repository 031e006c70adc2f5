/**
 * Free text: words behind one another, as whole words, in any value of a document. A word is a run of letters, digits,
 * marks and `_`; what stands between words does not matter, as long as it holds no word.
 *
 * In the store the document's JSON text is searched by one regular expression (RE2: linear time). It reads from the
 * first character, so it knows strings from what is between them; strings behind which a colon stands are keys.
 */
import { someLeaf } from './document.ts';
import { textOfValue } from './field-value.ts';
import { sqlText } from './sql-literal.ts';
import { MANY, parseWildcard, type WildcardPart } from './wildcard.ts';

/** A word: literal text, with `pattern` also `*` and `?`. */
type Word = readonly WildcardPart[];

const WORD = /[\p{L}\p{N}\p{M}_]/u;

/** The words of a text; none: it can match nothing. */
export function anywhereWords(text: string, pattern = false): Word[] {
  const words: WildcardPart[][] = [];
  let word: WildcardPart[] = [];
  const end = (): void => {
    if (word.length > 0) words.push(word);
    word = [];
  };
  for (const part of pattern ? parseWildcard(text.toWellFormed()) : [text.toWellFormed()]) {
    if (typeof part === 'number') {
      word.push(part);
      continue;
    }
    for (const char of part) {
      if (!WORD.test(char)) end();
      else if (typeof word.at(-1) === 'string') word[word.length - 1] += char;
      else word.push(char);
    }
  }
  end();
  return words;
}

/** SQL over the document's JSON text. Never NULL where the text is not. */
export function anywhereSql(words: readonly Word[], source: string): string {
  if (words.length === 0) return 'false';
  const exact = `regexp_matches(${source}, ${sqlText(jsonPattern(words))})`;
  const longest = words
    .flat()
    .filter((part) => typeof part === 'string')
    .reduce((best, part) => (part.length > best.length ? part : best), '');
  if (longest === '') return exact;
  // Most documents do not have the word at all, which is found out at a fraction of the cost. A sender may have
  // written any character as an escape.
  const has = /^\d+$/.test(longest)
    ? `contains(${source}, ${sqlText(longest)})`
    : `regexp_matches(${source}, ${sqlText(`(?i)${quote(longest)}`)})`;
  return `CASE WHEN ${has} OR contains(${source}, '\\u') THEN ${exact} ELSE false END`;
}

const quote = (text: string): string =>
  [...text].map((char) => (/^[\w]$/.test(char) ? char : codePoint(char))).join('');
const codePoint = (char: string): string => `\\x{${char.codePointAt(0)!.toString(16)}}`;

const W = String.raw`\pL\pN\pM_`;
/** Escapes of characters that belong to no word; other `\uXXXX` are taken for letters. */
const ESCAPED_NO_WORD = String.raw`\\(?:["\\/bfnrt]|u(?:00(?:[01][\da-f]|2[\da-f]|3[a-f]|40|5[b-e]|60|7[b-f]|[89][\da-f]|a[0-9b-f]|b[014678bf]|d7|f7)|20[0-6][\da-f]|300[0-3]|d[89ab][\da-f]{2}\\ud[c-f][\da-f]{2}))`;
const ESCAPED_WORD = String.raw`\\u(?:00(?:3\d|4[1-9a-f]|5[\daf]|6[1-9a-f]|7[\da]|aa|b[2359abcde]|[ce][\da-f]|[df][0-689a-f])|0[1-9a-f][\da-f]{2}|1[\da-f]{3}|20[7-9a-f][\da-f]|2[1-9a-f][\da-f]{2}|30(?:0[4-9a-f]|[1-9a-f][\da-f])|3[1-9a-f][\da-f]{2}|[4-9a-c][\da-f]{3}|d[0-7][\da-f]{2}|[ef][\da-f]{3})`;
const NO_WORD = `(?:[^"\\\\${W}]|${ESCAPED_NO_WORD})`;
const WORD_CHAR = `(?:[${W}]|${ESCAPED_WORD})`;
const STRING = String.raw`"(?:[^"\\]|\\.)*"`;

/** Over JSON text: a string value or an unquoted one (never `null`) with these words. */
function jsonPattern(words: readonly Word[]): string {
  const inString = words.map((word) => word.map(stringPart).join('')).join(`${NO_WORD}+`);
  const string = String.raw`"(?:(?:[^"\\]|\\.)*${NO_WORD})?${inString}(?:${NO_WORD}(?:[^"\\]|\\.)*)?"\s*[,}\]]`;
  const literal = literalPattern(words);
  const value = literal === undefined ? string : `(?:${string}|${literal})`;
  return `(?is)^(?:[^"]|${STRING})*${value}`;
}

function stringPart(part: WildcardPart): string {
  if (part === MANY) return `${WORD_CHAR}*`;
  return typeof part === 'string' ? [...part].map(charPattern).join('') : WORD_CHAR;
}

/** The character itself, or as an escape, in either case. */
function charPattern(char: string): string {
  const forms = new Set([char, char.toLowerCase(), char.toUpperCase()]);
  const escapes = [...forms]
    .filter((form) => [...form].length === 1)
    .map((form) => {
      let escaped = '';
      for (let at = 0; at < form.length; at++) {
        escaped += `\\\\u${form.charCodeAt(at).toString(16).padStart(4, '0')}`;
      }
      return escaped;
    });
  return `(?:${quote(char)}|${escapes.join('|')})`;
}

/** Numbers, `true` and `false`; words of more than ASCII are in none of them. */
function literalPattern(words: readonly Word[]): string | undefined {
  const [first, ...rest] = words.map((word) => {
    if (word.some((part) => typeof part === 'string' && !/^[\da-z]+$/i.test(part))) return undefined;
    return word
      .map((part) => (part === MANY ? '[\\da-z]*' : typeof part === 'string' ? part : '[\\da-z]'))
      .join('');
  });
  if (first === undefined || rest.includes(undefined)) return undefined;
  // Words behind a sign or a dot of a number, or at its beginning, where `n` would be null's.
  const behind = [first, ...rest].join('[-+.]+');
  const start = startPattern(words[0]!);
  const atStart = start === undefined ? undefined : [start, ...rest].join('[-+.]+');
  const before = `-?\\d[\\da-z.+-]*[-+.]${behind}|-${behind}${atStart === undefined ? '' : `|${atStart}`}`;
  return String.raw`[:,\[]\s*(?:${before})(?:[-+.][\da-z.+-]*)?\s*[,}\]]`;
}

/** A word that begins with a digit, t or f. */
function startPattern(word: Word): string | undefined {
  const rest = (parts: Word): string =>
    parts
      .map((part) => (part === MANY ? '[\\da-z]*' : typeof part === 'string' ? part : '[\\da-z]'))
      .join('');
  const [first, ...others] = word;
  if (typeof first === 'string') return /^[\dtf]/i.test(first) ? rest(word) : undefined;
  if (first !== MANY) return `[\\dtf]${rest(others)}`;
  const without = others.length === 0 ? undefined : startPattern(others);
  const some = `[\\dtf][\\da-z]*${rest(others)}`;
  return without === undefined ? some : `(?:${some}|${without})`;
}

/** The same for live events. */
export function anywherePredicate(words: readonly Word[]): (document: object) => boolean {
  if (words.length === 0) return () => false;
  const part = (each: WildcardPart): string =>
    each === MANY ? '[\\p{L}\\p{N}\\p{M}_]*' : typeof each === 'string' ? each : '[\\p{L}\\p{N}\\p{M}_]';
  const sequence = words.map((word) => word.map(part).join('')).join('[^\\p{L}\\p{N}\\p{M}_]+');
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}\\p{M}_])${sequence}(?![\\p{L}\\p{N}\\p{M}_])`, 'iu');
  const test = (value: unknown): boolean => {
    if (typeof value === 'string') return pattern.test(value);
    const text = textOfValue(value);
    return text !== undefined && pattern.test(text);
  };
  return (document) => someLeaf(document, test);
}
