/** Values of a document's fields as `fields` of a search shows them: flat, always in arrays, as mapped. */
import type { FieldType } from '../../../query/field-types.ts';
import { globMatch } from '../../glob-match.ts';
import type { SnapshotIndex } from '../snapshot.ts';
import { dateFormatter, UTC } from './aggregate/dates.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Calls back for every value of the document under its dotted path. */
export function eachValue(
  value: unknown,
  path: string,
  visit: (path: string, value: string | number | boolean) => void,
): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) for (const element of value) eachValue(element, path, visit);
  else if (typeof value === 'object')
    for (const key of Object.keys(value))
      eachValue((value as any)[key], path === '' ? key : `${path}.${key}`, visit);
  else visit(path, value as string | number | boolean);
}

export interface WantedField {
  readonly field: string;
  readonly format?: string;
}

/** `undefined` when none of the fields has a value. */
export function hitFields(
  document: unknown,
  wanted: readonly WantedField[],
  index: SnapshotIndex | undefined,
): Record<string, unknown[]> | undefined {
  const patterns = wanted.map(({ field, format }) => ({ test: globMatch(field), field, format }));
  let found: Record<string, unknown[]> | undefined;
  const put = (name: string, value: unknown): void => {
    found ??= {};
    if (Object.hasOwn(found, name)) found[name]!.push(value);
    else
      Object.defineProperty(found, name, {
        value: [value],
        enumerable: true,
        configurable: true,
        writable: true,
      });
  };
  eachValue(document as Json, '', (path, value) => {
    for (const { test, field, format } of patterns) {
      if (test(path)) put(path, shown(value, index?.fields.get(path), format));
      else if (field === `${path}.keyword` || index?.aliases.get(field) === path)
        put(field, shown(value, index?.fields.get(path), format));
      else continue;
      break;
    }
  });
  return found;
}

function shown(
  value: string | number | boolean,
  type: FieldType | undefined,
  format: string | undefined,
): unknown {
  if (type !== 'date') return value;
  const at = typeof value === 'number' ? value : Date.parse(String(value));
  if (Number.isNaN(at)) return value;
  return format === undefined ? new Date(at).toISOString() : dateFormatter(format, UTC)(at);
}
