/** Events as AmazingPrint shows a Ruby hash: keys aligned at their `=>`, four columns per level. */
import { isEmpty } from '../../event/event.ts';
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import { rubyFloat, rubyString } from './ruby-inspect.ts';

const INDENT = 4;
/** Deeper values are shown as JSON (events are bounded to such depths elsewhere). */
const MAX_DEPTH = 500;

/** One event and a newline at the end. */
export function rubyDebug(event: Event, withMetadata: boolean): string {
  const { fields, metadata } = event;
  const shown =
    withMetadata && metadata !== undefined && !isEmpty(metadata)
      ? { ...fields, '@metadata': metadata }
      : fields;
  return `${map(shown, INDENT, true)}\n`;
}

function value(of: FieldValue, indent: number): string {
  if (typeof of === 'string') return rubyString(of);
  if (of === null || of === undefined) return 'nil';
  if (typeof of !== 'object') return typeof of === 'number' ? rubyFloat(of) : String(of);
  if (JSON.isRawJSON(of)) return of.rawJSON;
  if (indent > MAX_DEPTH * INDENT) return JSON.stringify(of);
  return Array.isArray(of) ? list(of, indent) : map(of, indent, false);
}

/** `indent` is the column of the keys (right-aligned from there) and of the brackets of list elements. */
function map(fields: Fields, indent: number, root: boolean): string {
  let width = 0;
  const names: string[] = [];
  const keys: string[] = [];
  for (const name of Object.keys(fields)) {
    if (fields[name] === undefined) continue;
    const key = shownKey(name);
    names.push(name);
    keys.push(key);
    if (key.length > width) width = key.length;
  }
  if (names.length === 0) return '{}';
  width += indent;
  let text = '{\n';
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    const inner = fields[name];
    if (index > 0) text += ',\n';
    text += `${keys[index]!.padStart(width)} => `;
    text +=
      root && name === '@timestamp' && typeof inner === 'string' ? inner : value(inner, indent + INDENT);
  }
  return `${text}\n${' '.repeat(indent - INDENT)}}`;
}

const shownKeys = new Map<string, string>();
const MAX_KEYS = 1000;

/** Keys come again and again: those seen are remembered as they are shown. */
function shownKey(name: string): string {
  let shown = shownKeys.get(name);
  if (shown === undefined) {
    shown = rubyString(name);
    if (shownKeys.size >= MAX_KEYS) shownKeys.clear();
    if (name.length < 100) shownKeys.set(name, shown);
  }
  return shown;
}

function list(values: readonly FieldValue[], indent: number): string {
  if (values.length === 0) return '[]';
  const width = String(values.length - 1).length;
  const margin = ' '.repeat(indent);
  let text = '[\n';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ',\n';
    text += `${margin}[${String(index).padStart(width)}] ${value(values[index], indent + INDENT)}`;
  }
  return `${text}\n${' '.repeat(indent - INDENT)}]`;
}
