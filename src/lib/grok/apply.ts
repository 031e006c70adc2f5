/** Puts the captures of a match into an event: one generated function per matcher, fields in a fixed order. */
import { isMap } from '../../event/event.ts';
import {
  access,
  type FieldReference,
  type Getter,
  getter,
  isUnsafeName,
  parseFieldReference,
  type Setter,
  setter,
} from '../../event/field-reference.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';
import { checkedSetter, isGuarded } from '../checked-set.ts';
import { type GrokCapture, type GrokMatcher, toFloat, toInteger } from './compile.ts';

export interface ApplyOptions {
  /** Fields that captures replace; of others, a text becomes a list and a list grows. */
  readonly overwrite?: readonly string[];
  readonly keepEmptyCaptures?: boolean;
  /** Reference under which the fields go. */
  readonly target?: string | undefined;
}

/**
 * @throws FieldSetError when a capture's field would go through a scalar, FieldValueError for what `@timestamp` and
 * `tags` can not hold
 */
export type Apply = (event: Event, match: RegExpExecArray) => void;

/** The reference under which a capture is stored. @throws FieldReferenceError */
export function captureReference(field: string, target: string | undefined): FieldReference {
  if (target === undefined) return parseFieldReference(field);
  const bracketed = target.includes('[') ? target : `[${target.trim()}]`;
  return parseFieldReference(`${bracketed}[${field}]`);
}

/** @throws FieldReferenceError for a capture whose name is no reference */
export function compileApply(matcher: GrokMatcher, options: ApplyOptions = {}): Apply {
  const values: unknown[] = [];
  const refer = (value: unknown): string => `r[${values.push(value) - 1}]`;
  let body = 'const f = event.fields;\nlet v, o, p;\n';
  for (const capture of matcher.captures) {
    if (capture.groups.length === 0 && !options.keepEmptyCaptures) continue;
    body += `v = ${valueExpression(capture)};\n`;
    const reference = captureReference(capture.field, options.target);
    const overwrites = options.overwrite?.includes(capture.field) ?? false;
    const write = writeStatement(reference, overwrites, refer);
    if (options.keepEmptyCaptures) body += `if (v === undefined) v = null;\n${converted(capture)}${write}\n`;
    else if (capture.convert) body += `if (v !== undefined) {\n${converted(capture)}${write}\n}\n`;
    else body += `if (v !== undefined && v !== '') {\n${write}\n}\n`;
  }
  return new Function(
    'r',
    'append',
    'add',
    'isMap',
    'toInteger',
    'toFloat',
    `'use strict';\nreturn function apply(event, m) {\n${body}};`,
  )(values, append, add, isMap, toInteger, toFloat) as Apply;
}

/** The last group that took part; `match` is `m`. */
const valueExpression = ({ groups }: GrokCapture): string =>
  groups.length === 0
    ? 'undefined'
    : groups
        .map((group) => `m[${group}]`)
        .reverse()
        .join(' ?? ');

function converted({ convert }: GrokCapture): string {
  if (!convert) return '';
  return `if (v !== null) v = ${convert === 'int' ? 'toInteger' : 'toFloat'}(v);\n`;
}

function writeStatement(
  reference: FieldReference,
  overwrites: boolean,
  refer: (value: unknown) => string,
): string {
  const { path, metadata } = reference;
  if (isGuarded(reference)) {
    const set = refer(checkedSetter(reference));
    // Times are no text that could become a list: an old one stays.
    if (overwrites) return `${set}(event, v);`;
    if (path[0] === '@timestamp') return `if (f["@timestamp"] === undefined) ${set}(event, v);`;
    return `add(event, ${refer(getter(reference))}, ${set}, v);`;
  }
  const plain = !metadata && path.length > 0 && path.length <= 8 && !path.some(isUnusual);
  if (!plain) {
    const set = setter(reference);
    if (overwrites) return `${refer(set)}(event, v);`;
    return `add(event, ${refer(getter(reference))}, ${refer(set)}, v);`;
  }
  const last = access(path[path.length - 1]!);
  const store = (holder: string): string =>
    overwrites
      ? `${holder}${last} = v;`
      : `o = ${holder}${last};\nif (o === undefined || o === null) ${holder}${last} = v; else ${holder}${last} = append(o, v);`;
  if (path.length === 1) return store('f');
  // Parents that are maps are walked as properties; anything else takes the exact road.
  const slow = overwrites
    ? `${refer(setter(reference))}(event, v);`
    : `add(event, ${refer(getter(reference))}, ${refer(setter(reference))}, v);`;
  let code = 'p = f;\n';
  for (const name of path.slice(0, -1)) {
    code += `if (p !== undefined) { o = p${access(name)}; p = o === undefined ? (p${access(name)} = {}) : isMap(o) ? o : undefined; }\n`;
  }
  return `${code}if (p === undefined) { ${slow} } else {\n${store('p')}\n}`;
}

/** Names that a plain property access could get wrong: inherited ones, and indexes of lists. */
const isUnusual = (name: string): boolean => isUnsafeName(name) || /^-?\d+$/.test(name);

/** What a field becomes when another capture is added to it: lists grow, texts become lists, the rest stays. */
function append(old: FieldValue, value: FieldValue): FieldValue {
  if (typeof old === 'string') return [old, value];
  if (Array.isArray(old)) {
    old.push(value);
    return old;
  }
  return old;
}

function add(event: Event, get: Getter, set: Setter, value: FieldValue): void {
  const old = get(event);
  set(event, old === undefined || old === null ? value : append(old, value));
}
