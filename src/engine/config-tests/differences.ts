/** Compares values of fields, and names each place where they differ. */
import { isMap, isRawJson } from '../../event/event.ts';
import { formatFieldReference } from '../../event/field-reference.ts';
import { coerceTimestamp } from '../../event/timestamp.ts';
import type { FieldValue } from '../../kernel/event-types.ts';

export interface Difference {
  readonly kind: 'missing' | 'unexpected' | 'different';
  /** `user`, `[a][b]`, `[list][2]`. */
  readonly field: string;
  readonly expected?: FieldValue;
  readonly actual?: FieldValue;
}

/**
 * What makes `actual` another value than `expected`.
 * @param subset maps may have further keys
 */
export function differencesOf(
  expected: FieldValue,
  actual: FieldValue,
  path: readonly string[] = [],
  subset = false,
): Difference[] {
  const found: Difference[] = [];
  compare(expected, actual, path, subset, found);
  return found;
}

/** A field's name as configs write it. */
const fieldName = (path: readonly string[]): string => {
  const [first = ''] = path;
  if (path.length === 1 && !/[[\]]/.test(first)) return first;
  return formatFieldReference({ path: [...path], metadata: false });
};

function compare(
  expected: FieldValue,
  actual: FieldValue,
  path: readonly string[],
  subset: boolean,
  found: Difference[],
): void {
  if (expected === undefined && actual === undefined) return;
  const field = fieldName(path);
  if (actual === undefined) {
    found.push({ kind: 'missing', field, expected });
  } else if (expected === undefined) {
    found.push({ kind: 'unexpected', field, actual });
  } else if (isMap(expected) && isMap(actual)) {
    for (const name of names(expected))
      compare(expected[name], own(actual, name), [...path, name], subset, found);
    if (subset) return;
    for (const name of names(actual))
      if (own(expected, name) === undefined) compare(undefined, actual[name], [...path, name], subset, found);
  } else if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    for (const [at, item] of expected.entries())
      compare(item ?? null, actual[at] ?? null, [...path, String(at)], subset, found);
  } else if (!sameScalar(expected, actual, path)) {
    found.push({ kind: 'different', field, expected, actual });
  }
}

const names = (map: Readonly<Record<string, FieldValue>>): string[] =>
  Object.keys(map).filter((name) => map[name] !== undefined);

const own = (map: Readonly<Record<string, FieldValue>>, name: string): FieldValue =>
  Object.hasOwn(map, name) ? map[name] : undefined;

function sameScalar(expected: FieldValue, actual: FieldValue, path: readonly string[]): boolean {
  if (expected === actual) return true;
  if (Array.isArray(expected) || Array.isArray(actual)) return false;
  const left = numeric(expected);
  const right = numeric(actual);
  // An integer as BigInt, and the same as a number.
  // biome-ignore lint/suspicious/noDoubleEquals: 10n == 10
  if (left !== undefined && right !== undefined) return left == right;
  // The same moment, however it is written.
  if (path.length === 1 && path[0] === '@timestamp') {
    const time = coerceTimestamp(expected);
    return time !== undefined && time === coerceTimestamp(actual);
  }
  return false;
}

function numeric(value: FieldValue): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value !== 'object' || value === null || !isRawJson(value)) return undefined;
  return /^-?\d+$/.test(value.rawJSON) ? BigInt(value.rawJSON) : Number(value.rawJSON);
}
