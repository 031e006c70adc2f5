/** Logstash's sprintf (StringInterpolation): `%{field}`, `%{[a][b]}`, `%{+yyyy}`, `%{+%s}`, `%{{yyyy}}`, `%{{TIME_NOW}}`. */
import type { Event, FieldValue } from '../kernel/event-types.ts';
import { compileDateFormat } from './date-format.ts';
import { isRawJson } from './event.ts';
import {
  type FieldReference,
  FieldReferenceError,
  formatFieldReference,
  getter,
  parseFieldReference,
} from './field-reference.ts';
import { isoFromMillis, millisOf } from './timestamp.ts';

export interface Template {
  /** False: the text has no placeholder, and `format` returns it as it is. */
  readonly dynamic: boolean;
  /** Fields that it reads. */
  readonly references: readonly FieldReference[];
  format(event: Event): string;
}

type Part = string | ((event: Event) => string);

/**
 * Compiles a template. Missing (or null) fields stay literally as `%{field}`; lists are joined with commas, maps
 * are JSON; dates are of `@timestamp` in UTC, empty if there is none. An unclosed `%{` is text.
 */
export function compileTemplate(text: string): Template {
  const parts: Part[] = [];
  const references: FieldReference[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('%{', at);
    const double = text[open + 2] === '{';
    const close = open < 0 ? -1 : text.indexOf(double ? '}}' : '}', open + (double ? 3 : 2));
    if (open < 0 || close < 0) {
      literal += text.slice(at);
      break;
    }
    literal += text.slice(at, open);
    const end = close + (double ? 2 : 1);
    const placeholder = text.slice(open, end);
    const made = double
      ? datePart(text.slice(open + 3, close), 'java')
      : text[open + 2] === '+'
        ? datePart(text.slice(open + 3, close), 'joda')
        : fieldPart(text.slice(open + 2, close), placeholder, references);
    if (typeof made === 'string') literal += made;
    else {
      if (double || text[open + 2] === '+') references.push(parseFieldReference('@timestamp'));
      if (literal) parts.push(literal);
      literal = '';
      parts.push(made);
    }
    at = end;
  }
  if (literal) parts.push(literal);
  const dynamic = parts.some((part) => typeof part === 'function');
  return { dynamic, references, format: dynamic ? join(parts) : () => text };
}

/** One expression, so that V8 builds the text without an array: `"a" + p0(event) + "b"`. */
function join(parts: readonly Part[]): (event: Event) => string {
  const functions = parts.filter((part) => typeof part === 'function');
  let index = 0;
  const expression = parts
    .map((part) => (typeof part === 'string' ? JSON.stringify(part) : `p${index++}(event)`))
    .join(' + ');
  const names = functions.map((_, at) => `p${at}`);
  return new Function(...names, `return function format(event) { return ${expression}; }`)(...functions);
}

function fieldPart(name: string, placeholder: string, references: FieldReference[]): Part {
  if (name === '') return placeholder;
  let reference: FieldReference;
  try {
    reference = parseFieldReference(name);
  } catch (error) {
    if (error instanceof FieldReferenceError) return placeholder;
    throw error;
  }
  references.push(reference);
  const read = getter(reference);
  return (event) => {
    const value = read(event);
    if (typeof value === 'string') return value;
    return value === undefined || value === null ? placeholder : textOf(value);
  };
}

function datePart(pattern: string, dialect: 'joda' | 'java'): Part {
  if (dialect === 'java' && pattern === 'TIME_NOW') return () => isoFromMillis(Date.now());
  if (dialect === 'joda' && pattern === '%s') {
    return (event) => {
      const time = event.fields['@timestamp'];
      return typeof time === 'string' ? String(Math.floor(millisOf(time) / 1000)) : '';
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
    lastText = format(time);
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

const cache = new Map<string, Template>();

/** Formats a template known only at run time. */
export function sprintf(event: Event, text: string): string {
  if (!text.includes('%{')) return text;
  let template = cache.get(text);
  if (template === undefined) {
    template = compileTemplate(text);
    if (cache.size >= 1000) cache.clear();
    cache.set(text, template);
  }
  return template.format(event);
}

/** References of a template as text, for `reads` of plugins. */
export function fieldsRead(text: string): string[] {
  return compileTemplate(text).references.map(formatFieldReference);
}
