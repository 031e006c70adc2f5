/** A document as a row: values by the dotted names of their fields, exact. */
import { isMap } from '../../event/event.ts';
import { parseJson } from '../../event/json.ts';

/** One value, or several of a field that is an array or stands in an array of objects. */
export type Cell = Scalar | readonly Scalar[];
/** Numbers that a double would alter are bigints or `JSON.rawJSON`. */
export type Scalar = string | number | bigint | boolean | { readonly rawJSON: string };

/** Deeper values become JSON text. */
const MAX_DEPTH = 50;

/** Fields without a value (`null`, `[]`, `{}`) are left out. */
export function flatten(source: string): Map<string, Cell> {
  const row = new Map<string, Cell>();
  const document = parseJson(source) as unknown;
  if (isMap(document)) addObject(row, '', document, 0);
  return row;
}

function addObject(
  row: Map<string, Cell>,
  prefix: string,
  object: Record<string, unknown>,
  depth: number,
): void {
  for (const [key, value] of Object.entries(object)) add(row, prefix + key, value, depth);
}

function add(row: Map<string, Cell>, name: string, value: unknown, depth: number): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    if (depth >= MAX_DEPTH) addScalar(row, name, JSON.stringify(value));
    else for (const each of value) add(row, name, each, depth + 1);
    return;
  }
  if (!isMap(value)) addScalar(row, name, value as Scalar);
  else if (depth >= MAX_DEPTH) addScalar(row, name, JSON.stringify(value));
  else addObject(row, `${name}.`, value, depth + 1);
}

function addScalar(row: Map<string, Cell>, name: string, value: Scalar): void {
  const known = row.get(name);
  if (known === undefined) row.set(name, value);
  else if (Array.isArray(known)) known.push(value);
  else row.set(name, [known as Scalar, value]);
}
