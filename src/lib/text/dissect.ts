/**
 * Dissect patterns: text between delimiters as fields. `%{a}` a field, `%{}` or `%{?a}` skipped, `%{+a}` appended,
 * `%{+a/2}` in that order, `%{&a}` named by the value of a, `%{a->}` with the delimiter behind it repeated.
 * Each pattern becomes one generated function of `indexOf` calls.
 */
import {
  FieldReferenceError,
  FieldSetError,
  getter,
  parseFieldReference,
  setField,
  setter,
} from '../../event/field-reference.ts';
import { textOf } from '../../event/sprintf.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';

export class DissectError extends Error {
  override name = 'DissectError';
}

interface DissectField {
  readonly kind: 'normal' | 'skip' | 'append' | 'indirect';
  readonly name: string;
  /** Place among the appended parts; 0 unless given. */
  readonly order: number;
  /** The delimiter behind it may be repeated. */
  readonly padded: boolean;
  /** Text before it; for the first field, text that must stand at the start. */
  readonly before: string;
}

export interface DissectPattern {
  readonly fields: readonly DissectField[];
  /** Text behind the last field, or '' if that field takes the rest. */
  readonly after: string;
}

/** Takes one text apart and sets the fields. False: it does not fit, and the event is as before. */
export type Dissector = (event: Event, text: string) => boolean;

/** @throws DissectError */
export function parseDissect(pattern: string): DissectPattern {
  const fields: DissectField[] = [];
  const finder = /(.*?)%\{([^}]*?)\}/gs;
  let end = 0;
  for (let match = finder.exec(pattern); match; match = finder.exec(pattern)) {
    fields.push({ ...parseField(match[2]!), before: match[1]! });
    end = finder.lastIndex;
  }
  if (fields.length === 0) throw new DissectError('the pattern has no field `%{…}`');
  const glued = fields.findIndex((field, index) => index > 0 && field.before === '');
  if (glued > 0) {
    throw new DissectError(
      `there is no delimiter between the fields \`${fields[glued - 1]!.name}\` and \`${fields[glued]!.name}\``,
    );
  }
  return { fields, after: pattern.slice(end) };
}

function parseField(text: string): Omit<DissectField, 'before'> {
  const prefix = /^[?+&]/.exec(text)?.[0] ?? '';
  if (/^(?:\+&|&\+)/.test(text)) throw new DissectError(`\`%{${text}}\` is both appended and indirect`);
  const rest = text.slice(prefix.length);
  const [, name = '', suffix = ''] = /^(.*?)(\/\d{1,2}(?:->)?|->(?:\/\d{1,2})?)?$/s.exec(rest)!;
  const order = Number(/\d+/.exec(suffix)?.[0] ?? 0);
  const padded = suffix.includes('->');
  if (prefix === '?' || (prefix === '' && name === '')) return { kind: 'skip', name, order, padded };
  if (name === '') throw new DissectError(`\`%{${text}}\` has no name`);
  const kind = prefix === '+' ? 'append' : prefix === '&' ? 'indirect' : 'normal';
  if (kind !== 'indirect') referenceOf(name);
  return { kind, name, order, padded };
}

function referenceOf(name: string) {
  try {
    return parseFieldReference(name);
  } catch (error) {
    if (error instanceof FieldReferenceError) throw new DissectError(error.message);
    throw error;
  }
}

/**
 * Compiles a pattern.
 * @throws DissectError saying what is wrong with it
 */
export function compileDissect(pattern: string): Dissector {
  const { fields, after } = parseDissect(pattern);
  const values: unknown[] = [];
  const refer = (value: unknown): string => `r[${values.push(value) - 1}]`;
  const quoted = JSON.stringify;
  let find = 'let at = 0;\n';
  if (fields[0]!.before !== '') {
    find += `if (!text.startsWith(${quoted(fields[0]!.before)})) return false;\nat = ${fields[0]!.before.length};\n`;
  }
  for (const [index, field] of fields.entries()) {
    const next = fields[index + 1]?.before ?? after;
    find += `const s${index} = at;\n`;
    if (next === '') find += `const e${index} = text.length;\n`;
    else {
      find += `const e${index} = text.indexOf(${quoted(next)}, at);\nif (e${index} < 0) return false;\n`;
      find += `at = e${index} + ${next.length};\n`;
      if (field.padded) find += `while (text.startsWith(${quoted(next)}, at)) at += ${next.length};\n`;
    }
  }
  const slice = (index: number): string => `text.slice(s${index}, e${index})`;
  const write = (field: DissectField, index: number): string => {
    if (field.kind === 'normal')
      return `${refer(setter(referenceOf(field.name)))}(event, ${slice(index)});\n`;
    if (field.kind === 'append') {
      const reference = referenceOf(field.name);
      const join = field.before || ' ';
      return `append(event, ${refer(getter(reference))}, ${refer(setter(reference))}, ${quoted(join)}, ${slice(index)});\n`;
    }
    const named = fields.findIndex((other, at) => at !== index && other.name === field.name);
    const fallback = named < 0 ? '""' : slice(named);
    const read = refer(getter(referenceOf(field.name)));
    return `indirect(event, ${read}(event), ${fallback}, ${slice(index)});\n`;
  };
  const saved = fields
    .map((field, index) => ({
      field,
      index,
      rank: RANKS[field.kind] + (field.kind === 'append' ? field.order : 0),
    }))
    .filter(({ field }) => field.kind !== 'skip')
    .sort((a, b) => a.rank - b.rank);
  const body = find + saved.map(({ field, index }) => write(field, index)).join('');
  return new Function(
    'r',
    'append',
    'indirect',
    `'use strict';\nreturn function dissect(event, text) {\n${body}return true;\n};`,
  )(values, append, indirect) as Dissector;
}

/** Normal fields are set first, then appended ones, then indirect ones. */
const RANKS = { skip: 0, normal: 1, append: 100, indirect: 1000 } as const;

function append(
  event: Event,
  get: (event: Event) => FieldValue,
  set: (event: Event, value: FieldValue) => void,
  join: string,
  text: string,
): void {
  const old = get(event);
  set(event, old === undefined || old === null ? text : textOf(old) + join + text);
}

/** @throws FieldReferenceError when the name found in the text is no reference */
function indirect(event: Event, value: FieldValue, fallback: string, text: string): void {
  const name = value === undefined || value === null ? fallback : textOf(value);
  if (name !== '') setField(event, name, text);
}

/** Errors that a dissector may throw for what it finds in an event; fields set before stay. */
export const isDissectFailure = (error: unknown): boolean =>
  error instanceof FieldReferenceError || error instanceof FieldSetError;
