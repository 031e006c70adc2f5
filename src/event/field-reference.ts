/**
 * Field references (`foo`, `[a][b]`, `[@metadata][x]`, `[list][-1]`), strict as Logstash's FieldReference, and
 * their compilation to property chains. Only own properties are fields: names that stand on Object.prototype
 * take an exact road. Lists are indexed by integers, negative from the end.
 */
import type { Event, Fields, FieldValue } from '../kernel/event-types.ts';
import { ownField } from './event.ts';

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

/** Parses a reference. @throws FieldReferenceError on unbalanced or empty brackets and on `foo[bar]`. */
export function parseFieldReference(text: string, escapes: EscapeStyle = 'none'): FieldReference {
  const key = escapes === 'none' ? text : `${escapes} ${text}`;
  let reference = cache.get(key);
  if (reference === undefined) {
    reference = parse(text, escapes);
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, reference);
  }
  return reference;
}

function parse(text: string, escapes: EscapeStyle): FieldReference {
  const fail = (why: string): never => {
    throw new FieldReferenceError(`Invalid FieldReference: \`${text}\` (${why})`);
  };
  const unescaped = (name: string): string => {
    if (escapes === 'percent') return name.replace(/%5B/gi, '[').replace(/%5D/gi, ']');
    if (escapes === 'ampersand') return name.replace(/&#91;/g, '[').replace(/&#93;/g, ']');
    return name;
  };
  const names: string[] = [];
  if (!/[[\]]/.test(text)) {
    if (text === '') fail('it is empty');
    names.push(unescaped(text));
  } else {
    let at = 0;
    const bracket = (): void => {
      at++; // the [
      if (text[at] === '[') {
        while (text[at] === '[') bracket();
        if (text[at] !== ']') fail('a bracket is not closed');
        at++;
        return;
      }
      const start = at;
      while (at < text.length && text[at] !== ']' && text[at] !== '[') at++;
      if (text[at] !== ']') fail('a bracket is not closed');
      if (at === start) fail('empty brackets');
      names.push(unescaped(text.slice(start, at)));
      at++;
    };
    while (at < text.length) {
      if (text[at] !== '[') fail('text outside of brackets');
      bracket();
    }
  }
  if (names[0] === '@metadata') return { path: names.slice(1), metadata: true };
  return { path: names, metadata: false };
}

/** The reference as canonical text, `[a][b]`, or the bare name for one at the top. */
export function formatFieldReference(reference: FieldReference): string {
  const names = reference.metadata ? ['@metadata', ...reference.path] : reference.path;
  return names.length === 1 ? names[0]! : names.map((name) => `[${name}]`).join('');
}

const objectNames = new Set(Object.getOwnPropertyNames(Object.prototype));
/** Names that a plain property access would find on Object.prototype. */
export const isUnsafeName = (name: string): boolean => objectNames.has(name) || name === '__proto__';
const isIndex = (name: string): boolean => /^-?\d{1,9}$/.test(name);

/** Reads one step: own field of a map, element of a list; undefined for anything else. */
export function step(value: FieldValue, name: string): FieldValue {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return isIndex(name) ? value.at(Number(name)) : undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Writes one own field or list element; lists are padded with null. */
export function setStep(container: Fields | FieldValue[], name: string, value: FieldValue): void {
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
 * The JavaScript expression that reads a reference from an event held in variable `event`. Uses the helper `step`
 * (and temporaries `$0`… which the caller declares: `temporariesOf(reference)` of them).
 */
export function readExpression(reference: FieldReference, event = 'event'): string {
  const root = reference.metadata ? `${event}.metadata` : `${event}.fields`;
  if (reference.path.length === 0) return root;
  let expression = root;
  for (const [depth, name] of reference.path.entries()) {
    const plain = !isUnsafeName(name) && !(depth > 0 && isIndex(name));
    if (depth === 0) {
      if (reference.metadata)
        expression = plain ? `${root}?.${property(name)}` : `step(${root}, ${JSON.stringify(name)})`;
      else expression = plain ? `${root}${access(name)}` : `step(${root}, ${JSON.stringify(name)})`;
    } else expression = `step(${expression}, ${JSON.stringify(name)})`;
  }
  return expression;
}

const identifier = /^[A-Za-z_$][\w$]*$/;
/** `.name` or `["na me"]`. */
export const access = (name: string): string =>
  identifier.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
const property = (name: string): string => (identifier.test(name) ? name : `[${JSON.stringify(name)}]`);

/** Compiles a reader: a function with its own inline caches. */
export function getter(reference: FieldReference): Getter {
  if (reference.metadata && reference.path.length === 0) return (event) => event.metadata;
  const [first, ...rest] = reference.path;
  // Nested maps are the common case: read them as properties once it is known that they are maps.
  let body = `let v = ${readExpression({ path: [first!], metadata: reference.metadata })};\n`;
  for (const name of rest) {
    body +=
      isUnsafeName(name) || isIndex(name)
        ? `v = step(v, ${JSON.stringify(name)});\n`
        : `v = typeof v === "object" && v !== null && !Array.isArray(v) ? v${access(name)} : undefined;\n`;
  }
  return new Function('step', `return function get(event) {\n${body}return v;\n}`)(step) as Getter;
}

/** Compiles a writer. Missing parents are made as maps. */
export function setter(reference: FieldReference): Setter {
  const { path, metadata } = reference;
  if (path.length === 0) {
    return (event, value) => {
      event.metadata = (value ?? undefined) as Fields | undefined;
    };
  }
  const last = path[path.length - 1]!;
  let body = metadata ? 'let c = event.metadata ??= {};\n' : 'let c = event.fields;\n';
  for (const name of path.slice(0, -1)) body += `c = enter(c, ${JSON.stringify(name)});\n`;
  const plain = !isUnsafeName(last) && path.length === 1;
  body += plain ? `c${access(last)} = value;` : `setStep(c, ${JSON.stringify(last)}, value);`;
  return new Function('enter', 'setStep', `return function set(event, value) {\n${body}\n}`)(
    enter,
    setStep,
  ) as Setter;
}

function enter(container: Fields | FieldValue[], name: string): Fields | FieldValue[] {
  const inner = step(container, name);
  if (typeof inner === 'object' && inner !== null && !JSON.isRawJSON(inner)) return inner;
  if (inner !== undefined && inner !== null) {
    throw new FieldSetError(`Could not set field \`${name}\`: its value is neither a map nor a list`);
  }
  const made: Fields = {};
  setStep(container, name, made);
  return made;
}

/** Compiles a remover. A list element is taken out; a field becomes undefined. */
export function remover(reference: FieldReference): Remover {
  const { path, metadata } = reference;
  if (path.length === 0) {
    return (event) => {
      const old = event.metadata;
      event.metadata = undefined;
      return old;
    };
  }
  if (path.length === 1 && !metadata && !isUnsafeName(path[0]!)) {
    const name = access(path[0]!);
    return new Function(
      `return function remove(event) {
const f = event.fields, v = f${name};
if (v !== undefined) f${name} = undefined;
return v;
}`,
    )() as Remover;
  }
  const parent = getter({ path: path.slice(0, -1), metadata });
  const last = path[path.length - 1]!;
  return (event) => {
    const container = path.length === 1 ? (metadata ? event.metadata : event.fields) : parent(event);
    if (typeof container !== 'object' || container === null) return undefined;
    if (Array.isArray(container)) {
      if (!isIndex(last)) return undefined;
      return container.splice(Number(last), 1)[0];
    }
    const old = step(container, last);
    if (old !== undefined) setStep(container, last, undefined);
    return old;
  };
}

const getters = new Map<string, Getter>();
const setters = new Map<string, Setter>();
const removers = new Map<string, Remover>();

function cached<T>(map: Map<string, T>, text: string, make: (reference: FieldReference) => T): T {
  let made = map.get(text);
  if (made === undefined) {
    made = make(parseFieldReference(text));
    if (map.size >= 1000) map.clear();
    map.set(text, made);
  }
  return made;
}

/** Reads by text known only at run time. Compile with `getter` where it is known at load. */
export const getField = (event: Event, text: string): FieldValue => cached(getters, text, getter)(event);
/** Writes by text known only at run time. @throws FieldReferenceError, FieldSetError */
export const setField = (event: Event, text: string, value: FieldValue): void =>
  cached(setters, text, setter)(event, value);
/** Removes by text known only at run time. */
export const removeField = (event: Event, text: string): FieldValue => cached(removers, text, remover)(event);
/** Is the field there (null counts)? */
export const includesField = (event: Event, text: string): boolean => getField(event, text) !== undefined;
