/** Tokens without which a document can not match a query, and which rows of a segment may have them. */
import { readFileSync } from 'node:fs';
import { anywhereWords } from '../../../query/anywhere.ts';
import type { Query } from '../../../query/tree.ts';
import { MIN_TOKEN, TokenFilter } from '../token-filter.ts';

export type Need =
  | { readonly token: string }
  | { readonly all: readonly Need[] }
  | { readonly any: readonly Need[] };

/** Undefined: a document may match whatever its tokens are. */
export function neededTokens(query: Query): Need | undefined {
  switch (query.type) {
    case 'anywhere':
      return allOf(
        anywhereWords(query.text, query.pattern).map((word) => {
          const [part, ...more] = word;
          return typeof part === 'string' && more.length === 0 && isToken(part) ? { token: part } : undefined;
        }),
      );
    case 'and':
      return allOf(query.of.map(neededTokens));
    case 'or': {
      const any = query.of.map(neededTokens);
      return any.length > 0 && any.every((one) => one !== undefined) ? { any } : undefined;
    }
    default:
      return undefined;
  }
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
