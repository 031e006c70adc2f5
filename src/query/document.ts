/** Values of a live event's fields: nested objects, dotted keys and arrays, in any mixture. */
import { isRawNumber } from './field-value.ts';

/** Deeper values are not looked at. */
const MAX_DEPTH = 100;

/** A dotted path, prepared: `keys[i]` are the keys that may stand at part i, each with the part behind it. */
export interface FieldPath {
  readonly keys: readonly (readonly (readonly [key: string, next: number])[])[];
}

/** Parts beyond this are one key. */
const MAX_PARTS = 24;

export function fieldPath(field: string): FieldPath {
  const parts = field.split('.');
  const last = Math.min(parts.length, MAX_PARTS);
  if (parts.length > last) parts.splice(last - 1, parts.length, parts.slice(last - 1).join('.'));
  return {
    keys: parts.map((_, from) =>
      parts
        .slice(from)
        .map((_part, more) => [parts.slice(from, from + more + 1).join('.'), from + more + 1] as const),
    ),
  };
}

type Values = Readonly<Record<string, unknown>>;

/** True when the test holds for some value of the field: no object, no array, not null. */
export function someValue(document: object, path: FieldPath, test: (value: unknown) => boolean): boolean {
  return atPart(document as Values, path, 0, test);
}

function atPart(object: Values, path: FieldPath, part: number, test: (value: unknown) => boolean): boolean {
  const keys = path.keys[part]!;
  for (let at = 0; at < keys.length; at++) {
    const [key, next] = keys[at]!;
    if (!Object.hasOwn(object, key)) continue;
    if (atValue(object[key], path, next, test, 0)) return true;
  }
  return false;
}

function atValue(
  value: unknown,
  path: FieldPath,
  part: number,
  test: (value: unknown) => boolean,
  depth: number,
): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value !== 'object') return part === path.keys.length && test(value);
  if (Array.isArray(value)) {
    if (depth > MAX_DEPTH) return false;
    for (let at = 0; at < value.length; at++)
      if (atValue(value[at], path, part, test, depth + 1)) return true;
    return false;
  }
  if (isRawNumber(value)) return part === path.keys.length && test(value);
  return part < path.keys.length && atPart(value as Values, path, part, test);
}

/** True when the test holds for something at the path, be it an object, an array's element or a plain value. */
export function someAt(document: object, path: FieldPath, test: (value: unknown) => boolean): boolean {
  return objectAt(document as Values, path, 0, test);
}

function objectAt(object: Values, path: FieldPath, part: number, test: (value: unknown) => boolean): boolean {
  for (const [key, next] of path.keys[part]!) {
    if (Object.hasOwn(object, key) && elementAt(object[key], path, next, test, 0)) return true;
  }
  return false;
}

function elementAt(
  value: unknown,
  path: FieldPath,
  part: number,
  test: (value: unknown) => boolean,
  depth: number,
): boolean {
  if (value === null || value === undefined) return false;
  if (Array.isArray(value)) {
    return depth <= MAX_DEPTH && value.some((each) => elementAt(each, path, part, test, depth + 1));
  }
  if (part === path.keys.length) return test(value);
  return typeof value === 'object' && !isRawNumber(value) && objectAt(value as Values, path, part, test);
}

/** True when the test holds for some value of the whole document. */
export function someLeaf(value: unknown, test: (value: unknown) => boolean, depth = 0): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value !== 'object' || isRawNumber(value)) return test(value);
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) if (someLeaf(value[at], test, depth + 1)) return true;
    return false;
  }
  for (const key in value) {
    if (Object.hasOwn(value, key) && someLeaf((value as Values)[key], test, depth + 1)) return true;
  }
  return false;
}

/** Visits every value with its dotted name, until the visitor says true. */
export function someField(
  value: unknown,
  visit: (field: string, value: unknown) => boolean,
  prefix = '',
  depth = 0,
): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value !== 'object' || isRawNumber(value)) return visit(prefix, value);
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) if (someField(value[at], visit, prefix, depth + 1)) return true;
    return false;
  }
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (someField((value as Values)[key], visit, name, depth + 1)) return true;
  }
  return false;
}
