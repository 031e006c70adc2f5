/**
 * Field references (`foo`, `[a][b]`, `[@metadata][x]`, `[list][-1]`), strict as Logstash's FieldReference, and
 * their compilation to property chains. Only own properties are fields: names that stand on Object.prototype
 * take an exact road. Lists are indexed by integers, negative from the end.
 */
import type { Event, Fields, FieldValue } from '../kernel/event-types.ts';
import { isMap, ownField } from './event.ts';

export type EscapeStyle = 'none' | 'percent' | 'ampersand';

export interface FieldReference {
  /** Names from the outside in; empty for the whole `@metadata`. */
  readonly path: readonly string[];
  /** Starts at `[@metadata]` (which is not part of `path`). */
  readonly metadata: boolean;
}

/** The text is not a field reference. The message names the text and what is wrong with it. */
export class FieldReferenceError extends Error {
  override name = 'FieldReferenceError';
}

/** Setting went through a value that is neither map nor list (InvalidFieldSetException). */
export class FieldSetError extends Error {
  override name = 'FieldSetError';
}

const cache = new Map<string, FieldReference>();
const MAX_CACHED = 10_000;
let escapeStyle: EscapeStyle = 'none';

/**
 * Sets `config.field_reference.escape_style` for everything that this thread parses from now on. Called once, before
 * plugins are made.
 */
export function useEscapeStyle(style: EscapeStyle): void {
  if (style === escapeStyle) return;
  escapeStyle = style;
  cache.clear();
}

/**
 * Parses a reference.
 * @throws FieldReferenceError on unbalanced or empty brackets and on `foo[bar]`
 */
export function parseFieldReference(text: string, escapes: EscapeStyle = escapeStyle): FieldReference {
  if (escapes !== escapeStyle) return parse(text, escapes);
  let reference = cache.get(text);
  if (reference === undefined) {
    reference = parse(text, escapes);
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(text, reference);
  }
  return reference;
}

function parse(text: string, escapes: EscapeStyle): FieldReference {
  const names = /[[\]]/.test(text) ? namesInBrackets(text) : [text];
  if (text === '') fail(text, 'it is empty');
  const path = escapes === 'none' ? names : names.map((name) => unescapeName(name, escapes));
  if (path[0] === '@metadata') return { path: path.slice(1), metadata: true };
  return { path, metadata: false };
}

function fail(text: string, why: string): never {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  throw new FieldReferenceError(`Invalid FieldReference: \`${shown}\` (${why})`);
}

/** `[a][b]`, and `[[a][b]][c]`: brackets around brackets only group. */
function namesInBrackets(text: string): string[] {
  const names: string[] = [];
  let groups = 0;
  let at = 0;
  while (at < text.length) {
    if (text[at] !== '[') fail(text, 'text outside of brackets');
    at++;
    if (text[at] === '[') {
      groups++;
      continue;
    }
    const start = at;
    while (at < text.length && text[at] !== ']' && text[at] !== '[') at++;
    if (text[at] !== ']') fail(text, 'a bracket is not closed');
    if (at === start) fail(text, 'empty brackets');
    names.push(text.slice(start, at));
    for (at++; groups > 0 && text[at] === ']'; at++) groups--;
  }
  if (groups > 0) fail(text, 'a bracket is not closed');
  return names;
}

function unescapeName(name: string, escapes: EscapeStyle): string {
  return escapes === 'percent'
    ? name.replace(/%5B/gi, '[').replace(/%5D/gi, ']')
    : name.replace(/&#91;/g, '[').replace(/&#93;/g, ']');
}

function escapeName(name: string): string {
  if (escapeStyle === 'percent') return name.replaceAll('[', '%5B').replaceAll(']', '%5D');
  if (escapeStyle === 'ampersand') return name.replaceAll('[', '&#91;').replaceAll(']', '&#93;');
  return name;
}

/** The reference as canonical text, `[a][b]`, or the bare name for one at the top. */
export function formatFieldReference(reference: FieldReference): string {
  const { path, metadata } = reference;
  const names = (metadata ? ['@metadata', ...path] : path).map(escapeName);
  return names.length === 1 ? names[0]! : names.map((name) => `[${name}]`).join('');
}

const objectNames = new Set(Object.getOwnPropertyNames(Object.prototype));
/** Names that a plain property access would find on Object.prototype. */
export const isUnsafeName = (name: string): boolean => objectNames.has(name);

/** Names that text, numbers, lists or exact numbers have as properties of their own or of their prototypes. */
const valueNames = new Set(
  [String, Number, BigInt, Boolean, Array, Object].flatMap((type) =>
    Object.getOwnPropertyNames(type.prototype),
  ),
);
valueNames.add('rawJSON').add('toJSON');
const isIndex = (name: string): boolean => /^-?\d{1,9}$/.test(name);
/** May `value?.name` stand for `step(value, "name")`, whatever the value is? */
const isPlainStep = (name: string): boolean => !valueNames.has(name) && !/^-?\d/.test(name);

/** Reads one step: own field of a map, element of a list; undefined for anything else. */
export function step(value: FieldValue, name: string): FieldValue {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return isIndex(name) ? value.at(Number(name)) : undefined;
  if (!Object.hasOwn(value, name)) return undefined;
  return name === 'rawJSON' && JSON.isRawJSON(value) ? undefined : value[name];
}

/** Writes one own field or list element; lists are padded with null. */
function setStep(container: Fields | FieldValue[], name: string, value: FieldValue): void {
  if (Array.isArray(container)) {
    if (!isIndex(name)) throw new FieldSetError(`can not set field \`${name}\` of a list`);
    let index = Number(name);
    if (index < 0) index += container.length;
    if (index < 0) throw new FieldSetError(`index ${name} is before the start of the list`);
    if (index > container.length + 100_000)
      throw new FieldSetError(`index ${name} is too far past the end of the list`);
    while (container.length < index) container.push(null);
    container[index] = value;
  } else if (isUnsafeName(name)) Object.defineProperty(container, name, ownField(value));
  else container[name] = value;
}

export type Getter = (event: Event) => FieldValue;
/** @throws FieldSetError when the path goes through a scalar */
export type Setter = (event: Event, value: FieldValue) => void;
/** Removes the field and returns what it held. */
export type Remover = (event: Event) => FieldValue;

/**
 * The JavaScript expression that reads a reference from an event held in variable `event`: a property chain where
 * that is exact, otherwise calls of the helper `step`, which must be in scope.
 */
export function readExpression(reference: FieldReference, event = 'event'): string {
  const { path, metadata } = reference;
  if (path.length === 0) return `(${event}.metadata ?? {})`;
  let expression = metadata ? `${event}.metadata` : `${event}.fields`;
  for (const [depth, name] of path.entries()) {
    if (depth === 0) {
      const link = metadata ? optional(name) : access(name);
      expression = isUnsafeName(name)
        ? `step(${expression}, ${JSON.stringify(name)})`
        : `${expression}${link}`;
    } else {
      expression = isPlainStep(name)
        ? `${expression}${optional(name)}`
        : `step(${expression}, ${JSON.stringify(name)})`;
    }
  }
  return expression;
}

const identifier = /^[A-Za-z_$][\w$]*$/;
/** `.name` or `["na me"]`. */
export const access = (name: string): string =>
  identifier.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
const optional = (name: string): string =>
  identifier.test(name) ? `?.${name}` : `?.[${JSON.stringify(name)}]`;

/** Compiles a reader: a function with its own inline caches. */
export function getter(reference: FieldReference): Getter {
  const source = `return function get(event) { return ${readExpression(reference)}; }`;
  return new Function('step', source)(step) as Getter;
}

/** Compiles a writer. Missing parents are made as maps. */
export function setter(reference: FieldReference): Setter {
  const { path, metadata } = reference;
  if (path.length === 0) return setMetadata;
  const last = path[path.length - 1]!;
  let body = metadata ? 'let c = event.metadata ??= {};\n' : 'let c = event.fields;\n';
  for (const [depth, name] of path.slice(0, -1).entries()) {
    const plain = depth === 0 ? !isUnsafeName(name) : isPlainStep(name);
    const enterStep = `enter(c, ${JSON.stringify(name)})`;
    // Only plain maps have Object as constructor: lists, scalars and exact numbers take the exact road.
    if (plain) body += `{ const n = c${access(name)}; c = n?.constructor === Object ? n : ${enterStep}; }\n`;
    else body += `c = ${enterStep};\n`;
  }
  const exact = `setStep(c, ${JSON.stringify(last)}, value);`;
  if (isUnsafeName(last)) body += exact;
  else if (path.length === 1) body += `c${access(last)} = value;`;
  else body += `if (c.constructor === Object) c${access(last)} = value; else ${exact}`;
  return new Function('enter', 'setStep', `return function set(event, value) {\n${body}\n}`)(
    enter,
    setStep,
  ) as Setter;
}

function setMetadata(event: Event, value: FieldValue): void {
  if (value === undefined || value === null) event.metadata = undefined;
  else if (isMap(value)) event.metadata = value;
  else throw new FieldSetError('`@metadata` can only be a map');
}

function enter(container: Fields | FieldValue[], name: string): Fields | FieldValue[] {
  const inner = step(container, name);
  if (typeof inner === 'object' && inner !== null && !JSON.isRawJSON(inner)) return inner;
  if (inner !== undefined && inner !== null) {
    throw new FieldSetError(`could not set field \`${name}\`: its value is neither a map nor a list`);
  }
  const made: Fields = {};
  setStep(container, name, made);
  return made;
}

/** Compiles a remover. A list element is taken out; a field becomes undefined. */
export function remover(reference: FieldReference): Remover {
  const { path, metadata } = reference;
  if (path.length === 0) return removeMetadata;
  const last = path[path.length - 1]!;
  if (path.length === 1 && !metadata && !isUnsafeName(last)) {
    const name = access(last);
    return new Function(
      `return function remove(event) {
const f = event.fields, v = f${name};
if (v !== undefined) f${name} = undefined;
return v;
}`,
    )() as Remover;
  }
  if (path.length === 1) return (event) => removeStep(metadata ? event.metadata : event.fields, last);
  const parent = getter({ path: path.slice(0, -1), metadata });
  return (event) => removeStep(parent(event), last);
}

function removeMetadata(event: Event): FieldValue {
  const old = event.metadata;
  event.metadata = undefined;
  return old;
}

function removeStep(container: FieldValue, name: string): FieldValue {
  const old = step(container, name);
  if (old === undefined) return undefined;
  if (Array.isArray(container)) {
    const index = Number(name);
    container.splice(index < 0 ? index + container.length : index, 1);
  } else setStep(container as Fields, name, undefined);
  return old;
}

/**
 * Reads by text known only at run time. Compile with `getter` where it is known at load.
 * @throws FieldReferenceError
 */
export function getField(event: Event, text: string): FieldValue {
  const { path, metadata } = parseFieldReference(text);
  if (path.length === 0) return event.metadata ?? {};
  let value: FieldValue = metadata ? event.metadata : event.fields;
  for (let depth = 0; depth < path.length; depth++) value = step(value, path[depth]!);
  return value;
}

/**
 * Writes by text known only at run time.
 * @throws FieldReferenceError, FieldSetError
 */
export function setField(event: Event, text: string, value: FieldValue): void {
  const { path, metadata } = parseFieldReference(text);
  if (path.length === 0) {
    setMetadata(event, value);
    return;
  }
  let container: Fields | FieldValue[] = metadata ? (event.metadata ??= {}) : event.fields;
  const last = path.length - 1;
  for (let depth = 0; depth < last; depth++) container = enter(container, path[depth]!);
  setStep(container, path[last]!, value);
}

/**
 * Removes by text known only at run time; returns what the field held.
 * @throws FieldReferenceError
 */
export function removeField(event: Event, text: string): FieldValue {
  const { path, metadata } = parseFieldReference(text);
  if (path.length === 0) return removeMetadata(event);
  let container: FieldValue = metadata ? event.metadata : event.fields;
  const last = path.length - 1;
  for (let depth = 0; depth < last; depth++) container = step(container, path[depth]!);
  return removeStep(container, path[last]!);
}

/** Is the field there (null counts)? */
export const includesField = (event: Event, text: string): boolean => getField(event, text) !== undefined;
