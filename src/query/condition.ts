/**
 * What a clause means for a field of one type. Both the SQL and the predicate are made from it, so that they can not
 * differ in meaning: `clauseCondition` holds the rules of types, the two others only say them in their language.
 */
import { tryDateMath } from './date-math.ts';
import type { FieldType } from './field-types.ts';
import { decimalOf, MAX_LONG, MAX_UNSIGNED, MIN_LONG, type StoredValue, smallest } from './field-value.ts';
import { formatIp, type IpRange, MAX_IP, parseCidr, parseIp } from './ip.ts';
import { type RegexpSource, translateLuceneRegexp } from './lucene-regexp.ts';
import { QueryError } from './query-error.ts';
import { foldCase, tokensOf } from './text-analysis.ts';
import type { FieldClause, QueryValue } from './tree.ts';
import { MANY, parseWildcard, type WildcardPart } from './wildcard.ts';

/** Of one value, as its field's type stores it (`storedValue`). */
export type Condition =
  | { readonly op: 'never' }
  /** Any value at all. */
  | { readonly op: 'any' }
  | { readonly op: 'in'; readonly values: readonly StoredValue[] }
  /** The value in lower case. */
  | { readonly op: 'folded'; readonly value: string }
  | {
      readonly op: 'range';
      readonly min?: StoredValue | undefined;
      readonly max?: StoredValue | undefined;
      readonly minOpen: boolean;
      readonly maxOpen: boolean;
    }
  | { readonly op: 'addresses'; readonly ranges: readonly IpRange[]; readonly exact: readonly string[] }
  /** Of the value's text. `fold`: in lower case, as the parts are. */
  | { readonly op: 'wildcard'; readonly parts: readonly WildcardPart[]; readonly fold: boolean }
  | { readonly op: 'regexp'; readonly source: RegexpSource }
  /** Some word of the text meets it. */
  | { readonly op: 'token'; readonly of: Condition }
  | { readonly op: 'phrase'; readonly words: readonly string[]; readonly prefix: boolean }
  | { readonly op: 'some'; readonly of: readonly Condition[] };

/** Of all values of a field: every one of these is met by some value. */
export interface FieldCondition {
  readonly every: readonly Condition[];
}

export type Clause = FieldClause | { readonly type: 'terms'; readonly values: readonly QueryValue[] };

export interface ConditionContext {
  /** Epoch milliseconds that `now` stands for. */
  readonly now: number;
  /** Bounds that are no time match nothing instead of being an error. */
  readonly lenient: boolean;
}

const NEVER: Condition = { op: 'never' };

/** @throws QueryError for date math and patterns that mean nothing */
export function clauseCondition(clause: Clause, type: FieldType, context: ConditionContext): FieldCondition {
  if (type === 'unindexed') return { every: [NEVER] };
  if (clause.type === 'exists') return { every: [{ op: 'any' }] };
  if (type === 'text') return ofText(clause);
  return { every: [ofValue(clause, type, context)] };
}

type OtherClause = Exclude<Clause, { type: 'exists' }>;

const textOf = (value: QueryValue): string => String(value);

function ofText(clause: OtherClause): FieldCondition {
  switch (clause.type) {
    case 'match': {
      const words = [...new Set(tokensOf(textOf(clause.text)))];
      if (words.length === 0) return { every: [NEVER] };
      if (clause.operator === 'or') return { every: [token({ op: 'in', values: words })] };
      return { every: words.map((word) => token({ op: 'in', values: [word] })) };
    }
    case 'phrase': {
      const words = tokensOf(clause.text);
      const prefix = clause.prefix === true;
      if (words.length === 0) return { every: [NEVER] };
      if (words.length > 1) return { every: [{ op: 'phrase', words, prefix }] };
      const [word = ''] = words;
      return {
        every: [
          token(prefix ? { op: 'wildcard', parts: [word, MANY], fold: false } : { op: 'in', values: words }),
        ],
      };
    }
    case 'wildcard': {
      // Patterns are brought into the form of words, which are in lower case.
      const parts = parseWildcard(clause.pattern).map((part) =>
        typeof part === 'string' ? foldCase(part) : part,
      );
      return { every: [token({ op: 'wildcard', parts, fold: false })] };
    }
    default:
      return { every: [token(ofString(clause))] };
  }
}

const token = (of: Condition): Condition => (of.op === 'never' ? of : { op: 'token', of });

function ofValue(
  clause: OtherClause,
  type: Exclude<FieldType, 'text' | 'unindexed'>,
  context: ConditionContext,
): Condition {
  switch (type) {
    case 'keyword':
    case 'flattened':
      return ofString(clause);
    case 'date':
      return ofDate(clause, context);
    case 'ip':
      return ofAddress(clause);
    case 'double':
      return ofDouble(clause);
    case 'boolean':
      return ofBoolean(clause);
    default:
      return ofInteger(clause, type === 'long' ? MIN_LONG : 0n, type === 'long' ? MAX_LONG : MAX_UNSIGNED);
  }
}

/** The values that a clause about equality names; undefined for other clauses. */
function namedValues(clause: OtherClause): readonly QueryValue[] | undefined {
  switch (clause.type) {
    case 'term':
      return [clause.value];
    case 'terms':
      return clause.values;
    case 'match':
      return [clause.text];
    case 'phrase':
      return clause.prefix ? undefined : [clause.text];
  }
  return undefined;
}

const among = (values: readonly (StoredValue | undefined)[]): Condition => {
  const known = [...new Set(values.filter((value) => value !== undefined))];
  return known.length === 0 ? NEVER : { op: 'in', values: known };
};

function ofString(clause: OtherClause): Condition {
  if (clause.type === 'term' && clause.ignoreCase)
    return { op: 'folded', value: foldCase(textOf(clause.value)) };
  const values = namedValues(clause);
  if (values !== undefined) return among(values.map(textOf));
  if (clause.type !== 'range') return ofPattern(clause);
  const { gt, gte, lt, lte } = clause;
  const min = gt ?? gte;
  const max = lt ?? lte;
  return {
    op: 'range',
    ...(min === undefined ? {} : { min: textOf(min) }),
    ...(max === undefined ? {} : { max: textOf(max) }),
    minOpen: gt !== undefined,
    maxOpen: lt !== undefined,
  };
}

/** Prefix, wildcard and regular expression, of anything that has a text. */
function ofPattern(clause: OtherClause): Condition {
  switch (clause.type) {
    case 'phrase':
      return { op: 'wildcard', parts: [clause.text, MANY], fold: false };
    case 'prefix': {
      const fold = clause.ignoreCase === true;
      return { op: 'wildcard', parts: [fold ? foldCase(clause.value) : clause.value, MANY], fold };
    }
    case 'wildcard': {
      const fold = clause.ignoreCase === true;
      return { op: 'wildcard', parts: parseWildcard(fold ? foldCase(clause.pattern) : clause.pattern), fold };
    }
    case 'regexp':
      return { op: 'regexp', source: translateLuceneRegexp(clause.pattern, clause.ignoreCase) };
  }
  return NEVER;
}

function ofDate(clause: OtherClause, context: ConditionContext): Condition {
  const values = namedValues(clause);
  if (values !== undefined) {
    // A day is all of its milliseconds: parts that are missing are a range.
    const lenient = { ...context, lenient: true };
    const ranges = values.map((value) => dateRange({ gte: value, lte: value }, lenient));
    if (ranges.length === 1) return ranges[0]!;
    const known = ranges.filter((range) => range.op !== 'never');
    const exact = among(known.flatMap((range) => (range.op === 'in' ? range.values : [])));
    const of = known.filter((range) => range.op !== 'in');
    return of.length === 0 ? exact : { op: 'some', of: exact.op === 'never' ? of : [exact, ...of] };
  }
  return clause.type === 'range' ? dateRange(clause, context) : NEVER;
}

interface Bounds {
  readonly gt?: QueryValue;
  readonly gte?: QueryValue;
  readonly lt?: QueryValue;
  readonly lte?: QueryValue;
  readonly timeZone?: string;
  readonly format?: string;
}

function dateRange(bounds: Bounds, context: ConditionContext): Condition {
  const read = (value: QueryValue, roundUp: boolean): number => {
    const { format, timeZone } = bounds;
    const millis = tryDateMath(textOf(value), { now: context.now, roundUp, format, timeZone });
    if (!Number.isNaN(millis) || context.lenient) return millis;
    const formats = format ?? 'strict_date_optional_time||epoch_millis';
    throw new QueryError(
      'parse_exception',
      `failed to parse date field [${value}] with format [${formats}]`,
      {
        hint: 'Write a time such as `2026-11-20T10:00:00Z`, `2026-11-20` or `now-1d/d`.',
      },
    );
  };
  const { gt, gte, lt, lte } = bounds;
  const min = gt !== undefined ? read(gt, true) + 1 : gte !== undefined ? read(gte, false) : undefined;
  const max = lt !== undefined ? read(lt, false) - 1 : lte !== undefined ? read(lte, true) : undefined;
  return closedRange(min, max);
}

function closedRange(min: number | bigint | undefined, max: number | bigint | undefined): Condition {
  if (Number.isNaN(min) || Number.isNaN(max)) return NEVER;
  if (min !== undefined && max !== undefined && min > max) return NEVER;
  if (min !== undefined && min === max) return { op: 'in', values: [min] };
  return {
    op: 'range',
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    minOpen: false,
    maxOpen: false,
  };
}

function ofAddress(clause: OtherClause): Condition {
  const values = namedValues(clause);
  if (values !== undefined) {
    const ranges: IpRange[] = [];
    const exact: string[] = [];
    for (const value of values) {
      const text = textOf(value);
      const address = parseIp(text);
      const range = address === undefined ? parseCidr(text) : undefined;
      if (address !== undefined) exact.push(formatIp(address));
      else if (range !== undefined && range.first === range.last) exact.push(formatIp(range.first));
      else if (range !== undefined) ranges.push(range);
    }
    if (ranges.length === 0) return among(exact);
    return { op: 'addresses', ranges, exact };
  }
  if (clause.type !== 'range') return ofPattern(clause);
  const { gt, gte, lt, lte } = clause;
  const first = gt !== undefined ? after(gt, 1n) : gte !== undefined ? after(gte, 0n) : 0n;
  const last = lt !== undefined ? after(lt, -1n) : lte !== undefined ? after(lte, 0n) : MAX_IP;
  if (first === undefined || last === undefined || first > last) return NEVER;
  if (first === 0n && last === MAX_IP) return { op: 'any' };
  return { op: 'addresses', ranges: [{ first, last }], exact: [] };
}

function after(value: QueryValue, step: bigint): bigint | undefined {
  const address = parseIp(textOf(value));
  const moved = address === undefined ? undefined : address + step;
  return moved === undefined || moved < 0n || moved > MAX_IP ? undefined : moved;
}

function ofDouble(clause: OtherClause): Condition {
  const values = namedValues(clause);
  const known = (value: QueryValue): number | undefined => {
    const number = typeof value === 'boolean' ? Number.NaN : decimalOf(textOf(value));
    return Number.isFinite(number) ? number + 0 : undefined;
  };
  if (values !== undefined) return among(values.map(known));
  if (clause.type !== 'range') return NEVER;
  const { gt, gte, lt, lte } = clause;
  const lower = gt ?? gte;
  const upper = lt ?? lte;
  const min = lower === undefined ? undefined : known(lower);
  const max = upper === undefined ? undefined : known(upper);
  if ((lower !== undefined && min === undefined) || (upper !== undefined && max === undefined)) return NEVER;
  return {
    op: 'range',
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    minOpen: gt !== undefined,
    maxOpen: lt !== undefined,
  };
}

function ofBoolean(clause: OtherClause): Condition {
  const known = (value: QueryValue): boolean | undefined => {
    const text = textOf(value);
    return text === 'true' ? true : text === 'false' || text === '' ? false : undefined;
  };
  const values = namedValues(clause);
  if (values !== undefined) return among(values.map(known));
  if (clause.type !== 'range') return NEVER;
  const number = (value: QueryValue | undefined): number | undefined => {
    const flag = value === undefined ? undefined : known(value);
    return flag === undefined ? undefined : Number(flag);
  };
  const { gt, gte, lt, lte } = clause;
  for (const bound of [gt, gte, lt, lte]) if (bound !== undefined && known(bound) === undefined) return NEVER;
  return among(
    [false, true].filter(
      (flag) =>
        Number(flag) > (number(gt) ?? -1) &&
        Number(flag) >= (number(gte) ?? -1) &&
        Number(flag) < (number(lt) ?? 2) &&
        Number(flag) <= (number(lte) ?? 2),
    ),
  );
}

function ofInteger(clause: OtherClause, lowest: bigint, highest: bigint): Condition {
  const values = namedValues(clause);
  if (values !== undefined) {
    return among(
      values.map((value) => {
        const number = integerAround(value);
        if (number === undefined || number.floor !== number.ceiling) return undefined;
        return number.floor < lowest || number.floor > highest ? undefined : smallest(number.floor);
      }),
    );
  }
  if (clause.type !== 'range') return ofPattern(clause);
  const { gt, gte, lt, lte } = clause;
  const lower = gt ?? gte;
  const upper = lt ?? lte;
  const from = lower === undefined ? undefined : integerAround(lower);
  const to = upper === undefined ? undefined : integerAround(upper);
  if ((lower !== undefined && from === undefined) || (upper !== undefined && to === undefined)) return NEVER;
  const min = from === undefined ? lowest : gt !== undefined ? from.floor + 1n : from.ceiling;
  const max = to === undefined ? highest : lt !== undefined ? to.ceiling - 1n : to.floor;
  if (min > max || min > highest || max < lowest) return NEVER;
  return closedRange(min <= lowest ? undefined : smallest(min), max >= highest ? undefined : smallest(max));
}

function integerAround(value: QueryValue): { floor: bigint; ceiling: bigint } | undefined {
  if (typeof value === 'boolean') return undefined;
  const text = textOf(value);
  if (text.length <= 40 && /^[+-]?\d+$/.test(text)) {
    const exact = BigInt(text.replace('+', ''));
    return { floor: exact, ceiling: exact };
  }
  const number = decimalOf(text);
  if (!Number.isFinite(number)) return undefined;
  return { floor: BigInt(Math.floor(number)), ceiling: BigInt(Math.ceil(number)) };
}
