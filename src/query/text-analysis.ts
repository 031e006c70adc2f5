/**
 * The words of analysed text, as Elasticsearch's `standard` analyser makes them: Unicode words (UAX #29: letters may
 * be joined by `. ' : ·`, digits by `. , ; '`; ideographs and hiragana are words of one character), in lower case.
 * One pattern, written so that RE2 (in DuckDB) and JavaScript read it alike.
 */
const LETTER = String.raw`[^\P{L}\p{Han}\p{Hiragana}]\p{M}*`;
const DIGIT = String.raw`\p{Nd}\p{M}*`;
const pattern = (letter: string): string =>
  String.raw`(?:${letter}(?:[.':·’]${letter})*|${DIGIT}(?:[.,;'’]${DIGIT})*|_)+|[\p{Han}\p{Hiragana}]\p{M}*`;

/** For RE2. */
export const TOKEN_PATTERN: string = pattern(LETTER);

const TOKEN = new RegExp(TOKEN_PATTERN.replace(/\\p\{(Han|Hiragana)\}/g, String.raw`\p{Script=$1}`), 'gu');

/**
 * Lower case by code points, as DuckDB's lower() does it: no final sigma, no dotted i in two parts. `text` in ASCII is
 * the fast path.
 */
export function foldCase(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
  let folded = '';
  for (const char of text) folded += char === 'İ' ? 'i' : char.toLowerCase();
  return folded;
}

/** The words of a text, in order. */
export function tokensOf(text: string): string[] {
  return foldCase(text).match(TOKEN) ?? [];
}

/** Order of keywords: by code points, which is the order of their UTF-8 bytes. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    // Surrogates stand for code points above the rest of UTF-16's units.
    const highA = a >= 0xd800 && a <= 0xdfff;
    const highB = b >= 0xd800 && b <= 0xdfff;
    return highA === highB ? a - b : highA ? 1 : -1;
  }
  return left.length - right.length;
}
