/** What a node changed in an event, field by field. Numbers stay as they were written. */

import { visibleJson } from '../../lib/visible.ts';

/** A number that a double would alter, as its text. */
class Exact {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** JSON with numbers that lose nothing. @throws SyntaxError */
function parse(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? new Exact(context.source)
      : value,
  );
}

const MAX_FIELDS = 2000;

/** Names such as `[source][ip]` and their values as JSON; empty objects and lists are values. */
export function fieldsOf(encoded: string): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (name: string, value: unknown): void => {
    if (found.size >= MAX_FIELDS) return;
    const inside =
      typeof value === 'object' && value !== null && !(value instanceof Exact) && !Array.isArray(value)
        ? Object.entries(value)
        : [];
    if (inside.length === 0) found.set(name, print(value));
    else for (const [key, each] of inside) visit(`${name}[${key}]`, each);
  };
  const { f, m } = parse(encoded) as { f: Record<string, unknown>; m?: Record<string, unknown> };
  for (const [key, value] of Object.entries(f)) visit(`[${key}]`, value);
  for (const [key, value] of Object.entries(m ?? {})) visit(`[@metadata][${key}]`, value);
  return found;
}

function print(value: unknown): string {
  if (value instanceof Exact) return value.text;
  if (Array.isArray(value)) return `[${value.map(print).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, each]) => `${quote(key)}: ${print(each)}`)
      .join(', ')}}`;
  return quote(value);
}

const quote = (value: unknown): string => visibleJson(JSON.stringify(value));

export interface FieldChange {
  readonly name: string;
  readonly kind: 'same' | 'added' | 'removed' | 'changed';
  readonly before?: string;
  readonly after?: string;
}

/** All fields of both: changed ones in the order that they have before, then what came. */
export function diff(before: string, after: string): FieldChange[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const changes: FieldChange[] = [];
  for (const [name, value] of old) {
    const next = now.get(name);
    if (next === undefined) changes.push({ name, kind: 'removed', before: value });
    else changes.push({ name, kind: next === value ? 'same' : 'changed', before: value, after: next });
  }
  for (const [name, value] of now) if (!old.has(name)) changes.push({ name, kind: 'added', after: value });
  return changes;
}

/** `[@metadata]` and all, indented, as JSON that can be edited. */
export function readable(encoded: string): string {
  const { f, m } = parse(encoded) as { f: unknown; m?: unknown };
  return indent(m === undefined ? f : { ...(f as object), '@metadata': m }, '');
}

function indent(value: unknown, space: string): string {
  const deeper = `${space}  `;
  if (value instanceof Exact) return value.text;
  if (Array.isArray(value))
    return value.length === 0
      ? '[]'
      : `[\n${value.map((each) => deeper + indent(each, deeper)).join(',\n')}\n${space}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return entries.length === 0
      ? '{}'
      : `{\n${entries.map(([key, each]) => `${deeper}${quote(key)}: ${indent(each, deeper)}`).join(',\n')}\n${space}}`;
  }
  return quote(value);
}
