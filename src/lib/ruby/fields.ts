/** Between the values of events and those of Ruby. */
import { isRawJson, ownField } from '../../event/event.ts';
import { isUnsafeName } from '../../event/field-reference.ts';
import type { Fields, FieldValue } from '../../kernel/event-types.ts';
import { rubyError } from './class.ts';
import { timestampOf } from './core-time.ts';
import { classOf } from './dispatch.ts';
import { toS } from './text.ts';
import { float, integer, RFloat, RHash, RSymbol, RTime, RTimestamp, type Value } from './values.ts';

/** A field as Ruby sees it: containers are copies, as in Logstash. */
export function fromField(value: FieldValue): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? float(value) : value + 0;
    case 'bigint':
      return integer(value);
    case 'undefined':
      return null;
    default:
      return value === null ? null : fromContainer(value);
  }
}

function fromContainer(value: FieldValue[] | Fields): Value {
  if (Array.isArray(value)) {
    const list: Value[] = [];
    for (let index = 0; index < value.length; index++) list.push(fromField(value[index]));
    return list;
  }
  // While a filter runs, what it wrote may still be boxed.
  if (value instanceof RFloat || value instanceof RTimestamp) return value;
  if (isRawJson(value)) return exact(value);
  return hashOf(value);
}

function exact(raw: { readonly rawJSON: string }): RFloat | number {
  const value = Number(raw.rawJSON);
  return new RFloat(value, raw);
}

/** A map of an event as a hash. */
export function hashOf(fields: Fields): RHash {
  const map = new Map<unknown, Value>();
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === undefined) continue;
    if (name.charCodeAt(0) === 0) return RHash.of(pairsOf(fields));
    map.set(name, typeof value === 'string' ? value : fromField(value));
  }
  return new RHash(map);
}

function* pairsOf(fields: Fields): Iterable<[string, Value]> {
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) yield [name, fromField(value)];
}

/** Set when `toField` made something that has to be unboxed before the event goes on. */
export const boxed = { seen: false };

/** A Ruby value as a field, a deep copy. @throws RubyError for what no event can hold */
export function toField(value: Value): FieldValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return value;
    default:
      return value === null ? null : objectField(value);
  }
}

function objectField(value: Value): FieldValue {
  if (Array.isArray(value)) {
    const list: FieldValue[] = [];
    for (let index = 0; index < value.length; index++) list.push(toField(value[index]));
    return list;
  }
  if (value instanceof RHash) {
    const fields: Fields = {};
    for (const [key, inner] of value.map) {
      // Keys that are kept elsewhere, and names that an assignment would not make a field.
      if (typeof key !== 'string' || key.charCodeAt(0) === 0 || isUnsafeName(key)) return exactFields(value);
      fields[key] = toField(inner);
    }
    return fields;
  }
  if (value instanceof RSymbol) return value.name;
  if (value instanceof RFloat || value instanceof RTimestamp) {
    boxed.seen = true;
    return value as unknown as FieldValue;
  }
  if (value instanceof RTime) {
    boxed.seen = true;
    return timestampOf(value) as unknown as FieldValue;
  }
  throw rubyError('ArgumentError', `Missing Converter handling for full class name=${classOf(value).name}`);
}

function exactFields(hash: RHash): Fields {
  const fields: Fields = {};
  for (const [key, inner] of hash.pairs()) Object.defineProperty(fields, toS(key), ownField(toField(inner)));
  return fields;
}

/** What leaves the filter: whole Floats are numbers, timestamps text. */
export function unboxed(value: FieldValue): FieldValue {
  if (typeof value !== 'object' || value === null) return value;
  const box: unknown = value;
  if (box instanceof RFloat) return (box.raw ?? box.value) as FieldValue;
  if (box instanceof RTimestamp) return box.text;
  if (isRawJson(value)) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = unboxed(value[index]);
  } else {
    for (const name of Object.keys(value)) {
      const inner = value[name];
      if (typeof inner === 'object' && inner !== null)
        Object.defineProperty(value, name, ownField(unboxed(inner)));
    }
  }
  return value;
}
