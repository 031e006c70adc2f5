/** Marks in the values of a hit what the query asked for. */
import { foldCase } from '../../../query/text-analysis.ts';
import type { Query } from '../../../query/tree.ts';
import { parseWildcard, wildcardTest } from '../../../query/wildcard.ts';
import { globMatch } from '../../glob-match.ts';
import type { Highlight } from '../../store.ts';
import { eachValue } from './hit-fields.ts';

/** What is marked of one value: the ranges of characters, in order, not touching one another. */
type Finder = (value: string) => readonly (readonly [start: number, end: number])[];

interface FieldFinder {
  readonly test: (path: string) => boolean;
  readonly find: Finder;
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
const wholeValue =
  (matches: (value: string) => boolean): Finder =>
  (value) =>
    matches(value) ? [[0, value.length]] : [];

/** Whole words behind one another, whatever stands between them that is no letter or digit. */
function words(text: string): Finder {
  const parts = text.match(/[\p{L}\p{N}_]+/gu);
  if (!parts) return () => [];
  return everywhere(
    new RegExp(
      `(?<![\\p{L}\\p{N}_])${parts.map(escapeRegExp).join('[^\\p{L}\\p{N}_]+')}(?![\\p{L}\\p{N}_])`,
      'giu',
    ),
  );
}

const anyOf =
  (finders: readonly Finder[]): Finder =>
  (value) =>
    finders.flatMap((find) => find(value));

function everywhere(expression: RegExp): Finder {
  return (value) => {
    const found: [number, number][] = [];
    for (const match of value.matchAll(expression)) {
      if (match[0] !== '') found.push([match.index, match.index + match[0].length]);
      if (found.length >= 1000) break;
    }
    return found;
  };
}

function wildcard(pattern: string, ignoreCase: boolean): (value: string) => boolean {
  if (!ignoreCase) return wildcardTest(parseWildcard(pattern));
  const fits = wildcardTest(parseWildcard(foldCase(pattern)));
  return (value) => fits(foldCase(value));
}

function fieldTest(pattern: string): (path: string) => boolean {
  const base = pattern.endsWith('.keyword') ? pattern.slice(0, -8) : undefined;
  if (!pattern.includes('*')) return (path) => path === pattern || path === base;
  return globMatch(pattern);
}

/** What each clause that must or may hold marks, and in which fields. */
function finders(query: Query, found: FieldFinder[] = []): FieldFinder[] {
  switch (query.type) {
    case 'and':
    case 'or':
      for (const part of query.of) finders(part, found);
      break;
    case 'nested':
      finders(query.of, found);
      break;
    case 'anywhere':
      found.push({
        test: () => true,
        find: query.pattern
          ? everywhere(
              new RegExp(
                `(?<![\\p{L}\\p{N}_])${query.text
                  .split(/([*?])/)
                  .map((part) =>
                    part === '*' ? '[\\p{L}\\p{N}_]*' : part === '?' ? '[\\p{L}\\p{N}_]' : escapeRegExp(part),
                  )
                  .join('')}(?![\\p{L}\\p{N}_])`,
                'giu',
              ),
            )
          : words(query.text),
      });
      break;
    case 'fields':
      for (const field of query.fields) finders({ ...query.clause, field } as Query, found);
      break;
    case 'term': {
      const wanted = String(query.value);
      const lower = wanted.toLowerCase();
      found.push({
        test: fieldTest(query.field),
        find: wholeValue(
          (value) => value === wanted || (query.ignoreCase === true && value.toLowerCase() === lower),
        ),
      });
      break;
    }
    case 'terms': {
      const wanted = new Set(query.values.map(String));
      found.push({ test: fieldTest(query.field), find: wholeValue((value) => wanted.has(value)) });
      break;
    }
    case 'match':
    case 'phrase': {
      const text = String(query.text);
      const parts = query.type === 'phrase' ? [text] : (text.match(/[\p{L}\p{N}_]+/gu) ?? []);
      found.push({ test: fieldTest(query.field), find: anyOf(parts.map(words)) });
      break;
    }
    case 'prefix': {
      const { value: wanted, ignoreCase } = query;
      const fits = (value: string): boolean =>
        ignoreCase ? value.toLowerCase().startsWith(wanted.toLowerCase()) : value.startsWith(wanted);
      found.push({ test: fieldTest(query.field), find: wholeValue(fits) });
      break;
    }
    case 'wildcard':
      found.push({
        test: fieldTest(query.field),
        find: wholeValue(wildcard(query.pattern, query.ignoreCase === true)),
      });
      break;
    default:
  }
  return found;
}

/** Returns what a parsed document shows marked, by field; undefined: nothing. */
export function highlighter(
  query: Query,
  { fields, preTags, postTags, requireFieldMatch }: Highlight,
): (document: unknown) => Record<string, string[]> | undefined {
  const clauses = finders(query);
  const wanted = fields.map((field) => ({ ...field, test: fieldTest(field.field) }));
  const before = preTags[0] ?? '<em>';
  const after = postTags[0] ?? '</em>';
  return (document) => {
    let marked: Record<string, string[]> | undefined;
    eachValue(document, '', (path, value) => {
      if (typeof value !== 'string') return;
      const field = wanted.find(({ test }) => test(path));
      if (!field) return;
      const ranges = merged(
        clauses.flatMap(({ test, find }) => (!requireFieldMatch || test(path) ? find(value) : [])),
      );
      if (ranges.length === 0) return;
      marked ??= {};
      const name = field.field.includes('*') ? path : field.field;
      const fragments = (Object.hasOwn(marked, name) ? marked[name] : undefined) ?? [];
      for (const [start, end] of windows(value, ranges, field.fragmentSize, field.number)) {
        if (field.number > 0 && fragments.length >= field.number) break;
        fragments.push(mark(value, ranges, start, end, before, after));
      }
      Object.defineProperty(marked, name, { value: fragments, enumerable: true, configurable: true });
    });
    return marked;
  };
}

function merged(ranges: (readonly [number, number])[]): (readonly [number, number])[] {
  ranges.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const kept: [number, number][] = [];
  for (const [start, end] of ranges) {
    const last = kept.at(-1);
    if (last && start < last[1]) last[1] = Math.max(last[1], end);
    else kept.push([start, end]);
  }
  return kept;
}

/** Pieces of a long value around what is marked; the whole of it when no pieces are wanted. */
function windows(
  value: string,
  ranges: readonly (readonly [number, number])[],
  size: number,
  number: number,
): (readonly [number, number])[] {
  if (number === 0 || value.length <= size) return [[0, value.length]];
  const pieces: [number, number][] = [];
  for (const [start, end] of ranges) {
    const last = pieces.at(-1);
    if (last && end <= last[1]) continue;
    let from = Math.max(last?.[1] ?? 0, Math.floor((start + end - size) / 2), 0);
    if (from > 0) {
      const space = value.lastIndexOf(' ', from + 20);
      if (space >= from) from = space + 1;
    }
    pieces.push([Math.min(from, start), Math.max(end, Math.min(value.length, from + size))]);
  }
  return pieces;
}

function mark(
  value: string,
  ranges: readonly (readonly [number, number])[],
  from: number,
  to: number,
  before: string,
  after: string,
): string {
  let text = '';
  let at = from;
  for (const [start, end] of ranges) {
    if (end <= from || start >= to) continue;
    text +=
      value.slice(at, Math.max(at, start)) +
      before +
      value.slice(Math.max(at, start), Math.min(end, to)) +
      after;
    at = Math.min(end, to);
  }
  return text + value.slice(at, to);
}
