/** `_source` with only some fields: JSON text to JSON text, so that no value is altered. */
import { globMatch } from './glob-match.ts';

export interface SourceFilter {
  readonly includes: readonly string[];
  readonly excludes: readonly string[];
}

/**
 * Compiles a filter. Patterns are dotted paths with `*`; a path names everything below it too. Arrays are looked
 * through: objects in them are filtered. Objects that lose all their fields stay away, unless they were empty and named.
 */
export function compileSourceFilter(filter: SourceFilter): (source: string) => string {
  const includes = filter.includes.map(pathPattern);
  const excludes = filter.excludes.map(pathPattern);
  if (includes.length === 0 && excludes.length === 0) return (source) => source;
  const scan: Scan = { includes, excludes, text: '' };
  return (source) => {
    scan.text = source;
    const at = skipSpace(source, 0);
    if (source[at] !== '{') return source;
    return filterObject(scan, at, '', includes.length === 0).kept ?? '{}';
  };
}

interface PathPattern {
  /** Is it this field, or an object that holds it? */
  matches(path: string): boolean;
  /** May it match something below this object? */
  mayMatchBelow(path: string): boolean;
}

interface Scan {
  readonly includes: readonly PathPattern[];
  readonly excludes: readonly PathPattern[];
  text: string;
}

/** Where a value ends, and what is kept of it; undefined: nothing. */
interface Filtered {
  readonly end: number;
  readonly kept: string | undefined;
}

function pathPattern(pattern: string): PathPattern {
  const matches = globMatch(pattern);
  const star = pattern.indexOf('*');
  return {
    matches,
    mayMatchBelow: (path) => {
      const prefix = `${path}.`;
      const head = star < 0 ? pattern : pattern.slice(0, star);
      return head.startsWith(prefix) || (star >= 0 && prefix.startsWith(head));
    },
  };
}

const any = (patterns: readonly PathPattern[], path: string): boolean =>
  patterns.some((pattern) => pattern.matches(path));

/** `isIncluded`: something above it was named. */
function filterObject(scan: Scan, from: number, path: string, isIncluded: boolean): Filtered {
  const text = scan.text;
  let kept = '';
  let isEmpty = true;
  let at = skipSpace(text, from + 1);
  while (text[at] === '"') {
    isEmpty = false;
    const nameStart = at;
    const nameEnd = stringEnd(text, at);
    const quoted = text.slice(nameStart, nameEnd);
    const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
    at = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const inner = filterValue(scan, at, path === '' ? name : `${path}.${name}`, isIncluded);
    if (inner.kept !== undefined) kept += `${kept === '' ? '' : ','}${quoted}:${inner.kept}`;
    at = skipSpace(text, inner.end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return { end: at + 1, kept: kept !== '' || (isEmpty && isIncluded) ? `{${kept}}` : undefined };
}

function filterValue(scan: Scan, from: number, path: string, isIncluded: boolean): Filtered {
  if (any(scan.excludes, path)) return { end: valueEnd(scan.text, from), kept: undefined };
  const isNamed = isIncluded || any(scan.includes, path);
  const mayLose = scan.excludes.some((pattern) => pattern.mayMatchBelow(path));
  const mayGain = !isNamed && scan.includes.some((pattern) => pattern.mayMatchBelow(path));
  const char = scan.text[from];
  if ((char === '{' || char === '[') && (isNamed ? mayLose : mayGain)) {
    return char === '{' ? filterObject(scan, from, path, isNamed) : filterArray(scan, from, path, isNamed);
  }
  const end = valueEnd(scan.text, from);
  return { end, kept: isNamed ? scan.text.slice(from, end) : undefined };
}

function filterArray(scan: Scan, from: number, path: string, isNamed: boolean): Filtered {
  const text = scan.text;
  let kept = '';
  let at = skipSpace(text, from + 1);
  while (at < text.length && text[at] !== ']') {
    const char = text[at];
    let inner: Filtered;
    if (char === '{') inner = filterObject(scan, at, path, isNamed);
    else if (char === '[') inner = filterArray(scan, at, path, isNamed);
    else {
      const end = valueEnd(text, at);
      inner = { end, kept: isNamed ? text.slice(at, end) : undefined };
    }
    if (inner.kept !== undefined) kept += `${kept === '' ? '' : ','}${inner.kept}`;
    at = skipSpace(text, inner.end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return { end: at + 1, kept: kept !== '' || isNamed ? `[${kept}]` : undefined };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at++;
  return at;
}

/** Behind the closing quote. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

function valueEnd(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return stringEnd(text, from);
  let at = from;
  if (first !== '{' && first !== '[') {
    while (at < text.length && !/[\s,}\]]/.test(text[at]!)) at++;
    return at;
  }
  let depth = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = stringEnd(text, at);
      continue;
    }
    if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1;
    at++;
  }
  return at;
}
