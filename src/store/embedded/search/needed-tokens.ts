/** Tokens without which a document can not match a query, and which rows of a segment may have them. */
import { readFileSync } from 'node:fs';
import { anywhereWords } from '../../../query/anywhere.ts';
import type { FieldType } from '../../../query/field-types.ts';
import type { Query } from '../../../query/tree.ts';
import { MAX_STRING, MIN_TOKEN, TokenFilter } from '../token-filter.ts';

export type Need =
  | { readonly token: string }
  /** A string as a whole. */
  | { readonly string: string }
  | { readonly all: readonly Need[] }
  | { readonly any: readonly Need[] };

/** The types that a field has anywhere; none where its values may come from elsewhere than the documents. */
export type TypesOf = (field: string) => readonly FieldType[];

/** Undefined: a document may match whatever its tokens are. */
export function neededTokens(query: Query, typesOf: TypesOf): Need | undefined {
  switch (query.type) {
    case 'anywhere':
      return allOf(
        anywhereWords(query.text, query.pattern).map((word) => {
          const [part, ...more] = word;
          return typeof part === 'string' && more.length === 0 && isToken(part) ? { token: part } : undefined;
        }),
      );
    case 'term':
      return valueNeed(query.value, typesOf(query.field));
    case 'match':
      return valueNeed(query.text, typesOf(query.field));
    case 'phrase':
      return query.prefix ? undefined : valueNeed(query.text, typesOf(query.field));
    case 'and':
      return allOf(query.of.map((one) => neededTokens(one, typesOf)));
    case 'or': {
      const any = query.of.map((one) => neededTokens(one, typesOf));
      return any.length > 0 && any.every((one) => one !== undefined) ? { any } : undefined;
    }
    default:
      return undefined;
  }
}

/** Of a value that is compared as a whole: keywords stand in documents as they are, and so do IPv4 addresses. */
function valueNeed(value: unknown, types: readonly FieldType[]): Need | undefined {
  if (typeof value !== 'string' || types.length === 0) return undefined;
  if (!types.every((type) => type === 'keyword' || type === 'ip')) return undefined;
  if (types.includes('ip')) {
    // Those that are written as IPv6 have the token `ffff`.
    return /^\d{1,3}(\.\d{1,3}){3}$/.test(value)
      ? { any: [{ string: value }, { token: 'ffff' }] }
      : undefined;
  }
  if (isToken(value)) return { token: value };
  // Numbers are no strings in documents. Very long values have no token, and times none of their own.
  const isPlain = /^[\x20-\x7e]+$/.test(value) && !/["\\]/.test(value) && !/^[-+.\deE]+$/.test(value);
  return isPlain && value.length <= MAX_STRING && value.length !== 24 && value.length >= MIN_TOKEN
    ? { string: value }
    : undefined;
}

const isToken = (word: string): boolean => word.length >= MIN_TOKEN && /^[a-z0-9_]+$/i.test(word);

function allOf(needs: readonly (Need | undefined)[]): Need | undefined {
  const all = needs.filter((one) => one !== undefined);
  return all.length === 0 ? undefined : { all };
}

/** Rows from `from` up to but without `to`, by their place in the file. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** The parts of a segment that may have what is needed; undefined: all of it, or nobody knows. */
export function rowsWith(need: Need, file: string): readonly RowRange[] | undefined {
  const filter = filterOf(file);
  if (!filter) return undefined;
  const may = evaluate(need, filter);
  if (!may.includes(false)) return undefined;
  const size = filter.rowsPerGroup;
  const ranges: { from: number; to: number }[] = [];
  for (const [group, has] of may.entries()) {
    if (!has) continue;
    const last = ranges.at(-1);
    if (last?.to === group * size) last.to += size;
    else ranges.push({ from: group * size, to: (group + 1) * size });
  }
  return ranges;
}

function evaluate(need: Need, filter: TokenFilter): boolean[] {
  if ('token' in need) return filter.mayHave(need.token);
  if ('string' in need) return filter.mayHave(need.string, true);
  const parts = ('all' in need ? need.all : need.any).map((one) => evaluate(one, filter));
  return Array.from({ length: filter.groups }, (_, group) =>
    'all' in need ? parts.every((part) => part[group]) : parts.some((part) => part[group]),
  );
}

/** Filters that were used last, by their files, whose content never changes. */
const cache = new Map<string, TokenFilter | 'unknown'>();
let cachedBytes = 0;
const CACHE_BYTES = 128 << 20;

function filterOf(file: string): TokenFilter | undefined {
  let filter = cache.get(file);
  if (filter) cache.delete(file);
  else {
    filter = readFilter(file) ?? 'unknown';
    if (filter !== 'unknown') cachedBytes += filter.bytes;
  }
  cache.set(file, filter);
  for (const [oldest, one] of cache) {
    if (cachedBytes <= CACHE_BYTES && cache.size <= 100_000) break;
    cache.delete(oldest);
    if (one !== 'unknown') cachedBytes -= one.bytes;
  }
  return filter === 'unknown' ? undefined : filter;
}

/** Without its filter all of a segment is read. */
function readFilter(file: string): TokenFilter | undefined {
  try {
    return TokenFilter.decode(readFileSync(file));
  } catch {
    return undefined;
  }
}
