/** Tokens without which a document can not match a query, and which rows of a segment may have them. */
import { anywhereWords } from '../../../query/anywhere.ts';
import type { FieldType } from '../../../query/field-types.ts';
import type { Query } from '../../../query/tree.ts';
import { parseWildcard, type WildcardPart } from '../../../query/wildcard.ts';
import { gramHashes, hexGramHashes, MAX_STRING, MIN_TOKEN, NUMBER } from '../token-filter.ts';
import { TokenFilter, type TokenLayout } from '../token-lookup.ts';

/** More do not leave out more. */
const MAX_GRAMS = 24;
const MAX_HEX_GRAMS = 16;

export type Need =
  | { readonly token: string }
  /** A string as a whole. */
  | { readonly string: string }
  /** An address, which may be written as IPv6. */
  | { readonly ipv4: string; readonly field: string }
  /** Four numbers behind one another, with dots between them. */
  | { readonly numbers: string }
  /** Characters that are neighbours in a word: `gramHashes`, `hexGramHashes`. */
  | { readonly grams: readonly number[]; readonly hexGrams: readonly number[] }
  | { readonly all: readonly Need[] }
  | { readonly any: readonly Need[] };

/** The types that a field has anywhere; none where its values may come from elsewhere than the documents. */
export type TypesOf = (field: string) => readonly FieldType[];

/** Undefined: a document may match whatever its tokens are. */
export function neededTokens(query: Query, typesOf: TypesOf): Need | undefined {
  switch (query.type) {
    case 'anywhere':
      return allOf([
        ...numbersNeed(anywhereWords(query.text, query.pattern)),
        ...anywhereWords(query.text, query.pattern).map((word) => {
          const [part, ...more] = word;
          return typeof part === 'string' && more.length === 0 && isToken(part)
            ? { token: part }
            : gramsNeed(word);
        }),
      ]);
    case 'wildcard':
      return query.ignoreCase ? undefined : partsNeed(parseWildcard(query.pattern), typesOf(query.field));
    case 'prefix':
      return query.ignoreCase ? undefined : partsNeed([query.value], typesOf(query.field));
    case 'term':
      return valueNeed(query.field, query.value, typesOf(query.field));
    case 'match':
      return valueNeed(query.field, query.text, typesOf(query.field));
    case 'phrase':
      return query.prefix ? undefined : valueNeed(query.field, query.text, typesOf(query.field));
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
function valueNeed(field: string, value: unknown, types: readonly FieldType[]): Need | undefined {
  if (typeof value !== 'string' || types.length === 0) return undefined;
  if (!types.every((type) => type === 'keyword' || type === 'ip')) return undefined;
  if (types.includes('ip')) {
    return /^\d{1,3}(\.\d{1,3}){3}$/.test(value) ? { ipv4: value, field } : undefined;
  }
  if (isToken(value)) return { token: value };
  // Numbers are no strings in documents. Very long values have no token, and times none of their own.
  const isPlain = /^[\x20-\x7e]+$/.test(value) && !/["\\]/.test(value) && !/^[-+.\deE]+$/.test(value);
  return isPlain && value.length <= MAX_STRING && value.length !== 24 && value.length >= MIN_TOKEN
    ? { string: value }
    : undefined;
}

/** Of an address in free text: its numbers are in nearly all documents, each for itself. */
function numbersNeed(words: ReturnType<typeof anywhereWords>): Need[] {
  const isNumber = ([part, ...more]: (typeof words)[number]): boolean =>
    typeof part === 'string' && more.length === 0 && NUMBER.test(part);
  const needs: Need[] = [];
  for (let at = 0; at + 4 <= words.length; at++) {
    const four = words.slice(at, at + 4);
    if (four.every(isNumber)) needs.push({ numbers: four.join('.') });
  }
  return needs.slice(0, MAX_GRAMS);
}

/** Of a value that has these parts: strings stand in documents as they are. */
const partsNeed = (parts: readonly WildcardPart[], types: readonly FieldType[]): Need | undefined =>
  types.length > 0 && types.every((type) => type === 'keyword') ? gramsNeed(parts) : undefined;

/** What stands side by side in a part of a pattern stands so in what it matches. */
function gramsNeed(parts: readonly WildcardPart[]): Need | undefined {
  const texts = parts.filter((part) => typeof part === 'string');
  const grams = texts.flatMap(gramHashes);
  if (grams.length === 0) return undefined;
  const hexGrams = spread(texts.flatMap(hexGramHashes), MAX_HEX_GRAMS);
  return { grams: grams.slice(0, MAX_GRAMS), hexGrams };
}

/** Some of many: neighbours that share characters leave out less than others. */
function spread<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, n) => list[Math.floor((n * list.length) / most)]!);
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

/** Whether a segment has an address in a field; undefined: nobody knows. */
export type HasAddress = (field: string, address: string) => boolean | undefined;

/** The parts of a segment that may have what is needed; undefined: all of it, or nobody knows. */
export function rowsWith(need: Need, file: string, has?: HasAddress): readonly RowRange[] | undefined {
  const answer = ask(file, need, has);
  if (!answer?.may.includes(false)) return undefined;
  const { may, size } = answer;
  const ranges: { from: number; to: number }[] = [];
  for (const [group, has] of may.entries()) {
    if (!has) continue;
    const last = ranges.at(-1);
    if (last?.to === group * size) last.to += size;
    else ranges.push({ from: group * size, to: (group + 1) * size });
  }
  return ranges;
}

function evaluate(need: Need, filter: TokenFilter, has: HasAddress | undefined): boolean[] {
  if ('token' in need) return filter.mayHave(need.token);
  if ('string' in need) return filter.mayHave(need.string, true);
  if ('numbers' in need) return filter.mayHave(need.numbers, true);
  if ('grams' in need) return filter.mayHaveGrams(need.grams, need.hexGrams);
  if ('ipv4' in need) {
    const may = filter.mayHave(need.ipv4, true);
    // It may stand in another field, or nowhere.
    return may.includes(true) && has?.(need.field, need.ipv4) === false ? may.fill(false) : may;
  }
  const parts = ('all' in need ? need.all : need.any).map((one) => evaluate(one, filter, has));
  return Array.from({ length: filter.groups }, (_, group) =>
    'all' in need ? parts.every((part) => part[group]) : parts.some((part) => part[group]),
  );
}

/** What files that were used last say of themselves, or that they are damaged; their content never changes. */
const layouts = new Map<string, TokenLayout | 'damaged'>();
const MAX_LAYOUTS = 20_000;

/** Undefined: all of its segment is read. */
function ask(
  file: string,
  need: Need,
  has: HasAddress | undefined,
): { readonly may: boolean[]; readonly size: number } | undefined {
  const known = layouts.get(file);
  if (known === 'damaged') return undefined;
  let filter: TokenFilter | undefined;
  try {
    filter = TokenFilter.open(file, known);
    if (!known) {
      if (layouts.size >= MAX_LAYOUTS) layouts.delete(layouts.keys().next().value!);
      layouts.set(file, filter?.layout ?? 'damaged');
    }
    return filter && { may: evaluate(need, filter, has), size: filter.layout.rowsPerGroup };
  } catch {
    return undefined;
  } finally {
    filter?.close();
  }
}
