/** `split`, `scan`, `sub` and `gsub`. */
import { rubyError, Unsupported } from './class.ts';
import { kindName, stringArgument, yield1 } from './dispatch.ts';
import { eachMatch, expand, last, patternOf, type RMatch, RRegexp } from './regexp.ts';
import { toS } from './text.ts';
import { RHash, type RProc, type Value } from './values.ts';

const WHITE = /[\t-\r ]+/g;

/** `text.split(separator, limit)` */
export function split(text: string, separator: Value, limit: number): string[] {
  if (text === '') return [];
  if (limit === 1) return [text];
  let parts: string[];
  if (separator === null || separator === ' ') parts = splitWords(text, limit);
  else if (separator instanceof RRegexp) parts = splitByExpression(text, separator, limit);
  else if (typeof separator === 'string') parts = splitByText(text, separator, limit);
  else throw rubyError('TypeError', `wrong argument type ${kindName(separator)} (expected Regexp)`);
  if (limit === 0) {
    let end = parts.length;
    while (end > 0 && parts[end - 1] === '') end--;
    if (end < parts.length) parts.length = end;
  }
  return parts;
}

function splitWords(text: string, limit: number): string[] {
  const parts: string[] = [];
  let from = 0;
  WHITE.lastIndex = 0;
  for (let found = WHITE.exec(text); found !== null; found = WHITE.exec(text)) {
    if (found.index > 0) {
      if (limit > 0 && parts.length === limit - 1) break;
      parts.push(text.slice(from, found.index));
    }
    from = found.index + found[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

function splitByText(text: string, separator: string, limit: number): string[] {
  if (separator === '') {
    const chars = [...text];
    if (limit <= 0) return limit < 0 ? [...chars, ''] : chars;
    return chars.length <= limit
      ? chars.length < limit
        ? [...chars, '']
        : chars
      : [...chars.slice(0, limit - 1), chars.slice(limit - 1).join('')];
  }
  if (limit <= 0) return text.split(separator);
  const parts: string[] = [];
  let from = 0;
  while (parts.length < limit - 1) {
    const at = text.indexOf(separator, from);
    if (at < 0) break;
    parts.push(text.slice(from, at));
    from = at + separator.length;
  }
  parts.push(text.slice(from));
  return parts;
}

function splitByExpression(text: string, separator: RRegexp, limit: number): string[] {
  const parts: string[] = [];
  let from = 0; // where the part begins
  let at = 0; // where the search goes on
  let sawEmpty = false;
  for (let count = 1; at <= text.length; ) {
    const found = separator.exec(text, at);
    if (found === null) break;
    if (found.start === at && found.end === at) {
      // An empty match cuts behind the next character, if it is still there then.
      if (!sawEmpty) {
        at += text.codePointAt(at)! > 0xffff ? 2 : 1;
        sawEmpty = true;
        continue;
      }
      parts.push(text.slice(from, at));
      from = at;
    } else {
      parts.push(text.slice(from, found.start));
      from = found.end;
      at = found.end;
    }
    sawEmpty = false;
    pushCaptures(parts, found);
    if (limit > 0 && limit <= ++count) break;
  }
  if (limit !== 0 || from < text.length) parts.push(text.slice(from));
  return parts;
}

function pushCaptures(parts: string[], found: RMatch): void {
  for (const text of found.captures()) if (text !== null) parts.push(text);
}

/** `text.scan(pattern)`, with or without a block. */
export function scan(text: string, block: RProc | null, pattern: Value): Value {
  const expression = patternOf(pattern);
  const results: Value[] = [];
  let latest: RMatch | null = null;
  eachMatch(expression, text, (match) => {
    latest = match;
    const result = match.size > 1 ? match.captures() : match.whole;
    if (block) {
      last.match = match;
      yield1(block, result);
    } else results.push(result);
  });
  last.match = latest;
  return block ? text : results;
}

/** The replacement of one match by a text, a hash or a block. */
function replacer(block: RProc | null, replacement: Value | undefined): (match: RMatch) => string {
  if (replacement instanceof RHash) return (match) => toS(replacement.find(match.whole) ?? null);
  if (replacement !== undefined) {
    const text = stringArgument(replacement);
    return (match) => expand(text, match);
  }
  if (!block) throw new Unsupported('gsub without a replacement');
  return (match) => {
    last.match = match;
    return toS(yield1(block, match.whole));
  };
}

export function gsub(text: string, block: RProc | null, pattern: Value, replacement?: Value): string {
  if (typeof pattern === 'string' && typeof replacement === 'string' && pattern !== '') {
    if (!replacement.includes('\\')) return text.replaceAll(pattern, () => replacement);
  }
  const expression = patternOf(pattern);
  const replace = replacer(block, replacement);
  let made = '';
  let from = 0;
  let latest: RMatch | null = null;
  eachMatch(expression, text, (match) => {
    made += text.slice(from, match.start) + replace(match);
    from = match.end;
    latest = match;
  });
  last.match = latest;
  return latest === null ? text : made + text.slice(from);
}

export function sub(text: string, block: RProc | null, pattern: Value, replacement?: Value): string {
  const match = patternOf(pattern).exec(text);
  last.match = match;
  if (match === null) {
    if (replacement !== undefined && !(replacement instanceof RHash)) stringArgument(replacement);
    return text;
  }
  return text.slice(0, match.start) + replacer(block, replacement)(match) + text.slice(match.end);
}
