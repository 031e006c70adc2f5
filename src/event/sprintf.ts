/** Logstash's sprintf (StringInterpolation): `%{field}`, `%{[a][b]}`, `%{+yyyy}`, `%{+%s}`, `%{{yyyy}}`, `%{{TIME_NOW}}`. */
import type { Event, FieldValue } from '../kernel/event-types.ts';
import { compileDateFormat } from './date-format.ts';
import { isRawJson } from './event.ts';
import {
  type FieldReference,
  FieldReferenceError,
  formatFieldReference,
  parseFieldReference,
  readExpression,
  step,
} from './field-reference.ts';
import { isEventTime, isFarTime, isoFromMillis, millisOf } from './timestamp.ts';

export interface Template {
  /** False: the text has no placeholder, and `format` returns it as it is. */
  readonly dynamic: boolean;
  /** Fields that it reads. */
  readonly references: readonly FieldReference[];
  format(event: Event): string;
}

/** Text, a field, or a date. */
type Part = string | { reference: FieldReference; placeholder: string } | ((event: Event) => string);

/**
 * Compiles a template. Missing (or null) fields stay literally as `%{field}`; lists are joined with commas, maps
 * are JSON; dates are of `@timestamp` in UTC, empty if there is none. An unclosed `%{` is text.
 * @throws Error naming the letter of a date pattern that no such pattern has
 */
export function compileTemplate(text: string): Template {
  const parts: Part[] = [];
  const references: FieldReference[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('%{', at);
    let close = open < 0 ? -1 : text.indexOf('}', open);
    if (close < 0) {
      literal += text.slice(at);
      break;
    }
    literal += text.slice(at, open);
    // As in Logstash: it is a java.time pattern if the first closing brace is a double one.
    const java = text[open + 2] === '{' && text[close + 1] === '}';
    const joda = text[open + 2] === '+';
    const inner = text.slice(open + (java || joda ? 3 : 2), close);
    if (java) close++;
    const end = close + 1;
    const placeholder = text.slice(open, end);
    const made =
      java || joda ? datePart(inner, java ? 'java' : 'joda') : fieldPart(inner, placeholder, references);
    if (typeof made === 'string') literal += made;
    else {
      if (java || joda) references.push(parseFieldReference('@timestamp'));
      if (literal) parts.push(literal);
      literal = '';
      parts.push(made);
    }
    at = end;
  }
  if (literal) parts.push(literal);
  const dynamic = parts.some((part) => typeof part !== 'string');
  return { dynamic, references, format: dynamic ? join(parts) : () => text };
}

/** One expression, so that V8 builds the text without an array: `"a" + p0(event) + "b"`. */
function join(parts: readonly Part[]): (event: Event) => string {
  const dates = parts.filter((part) => typeof part === 'function');
  let next = 0;
  const expression = parts.map((part) => {
    if (typeof part === 'string') return JSON.stringify(part);
    if (typeof part === 'function') return `p${next++}(event)`;
    const placeholder = JSON.stringify(part.placeholder);
    return `(typeof (v = ${readExpression(part.reference)}) === "string" ? v : shown(v, ${placeholder}))`;
  });
  const body = `return function format(event) { let v; return ${expression.join(' + ')}; }`;
  const names = dates.map((_, at) => `p${at}`);
  return new Function('step', 'shown', ...names, body)(step, shown, ...dates);
}

/** Missing and null fields stay as they are written. */
const shown = (value: FieldValue, placeholder: string): string =>
  value === undefined || value === null ? placeholder : textOf(value);

function fieldPart(name: string, placeholder: string, references: FieldReference[]): Part {
  if (name === '') return placeholder;
  try {
    const reference = parseFieldReference(name);
    references.push(reference);
    return { reference, placeholder };
  } catch (error) {
    if (error instanceof FieldReferenceError) return placeholder;
    throw error;
  }
}

function datePart(pattern: string, dialect: 'joda' | 'java'): Part {
  if (dialect === 'java' && pattern === 'TIME_NOW') return () => isoFromMillis(Date.now());
  if (dialect === 'joda' && pattern === '%s') {
    return (event) => {
      const time = event.fields['@timestamp'];
      const millis = typeof time === 'string' ? millisOf(time) : Number.NaN;
      return Number.isNaN(millis) ? '' : String(Math.floor(millis / 1000));
    };
  }
  const format = compileDateFormat(pattern, dialect);
  let lastTime = '';
  let lastText = '';
  return (event) => {
    const time = event.fields['@timestamp'];
    if (typeof time !== 'string') return '';
    if (time === lastTime) return lastText;
    lastTime = time;
    lastText = isEventTime(time) || isFarTime(time) ? format(time) : '';
    return lastText;
  };
}

/** A field value as text: lists joined with commas (null is empty), maps as JSON, numbers and booleans as they print. */
export function textOf(value: FieldValue): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null)
    return value === null || value === undefined ? '' : String(value);
  if (Array.isArray(value)) return value.map(textOf).join(',');
  if (isRawJson(value)) return value.rawJSON;
  return JSON.stringify(value);
}

const cache = new Map<string, (event: Event) => string>();

/** Formats a template known only at run time; one with an illegal date pattern stays as it is. */
export function sprintf(event: Event, text: string): string {
  if (!text.includes('%{')) return text;
  let format = cache.get(text);
  if (format === undefined) {
    try {
      format = compileTemplate(text).format;
    } catch {
      format = () => text;
    }
    if (cache.size >= 1000) cache.clear();
    cache.set(text, format);
  }
  return format(event);
}

/** References of a template as text, for `reads` of plugins. */
export function fieldsRead(text: string): string[] {
  return compileTemplate(text).references.map(formatFieldReference);
}
