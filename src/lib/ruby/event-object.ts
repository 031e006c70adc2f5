/**
 * LogStash::Event as compiled code holds it. What it writes goes to the event at once; before the first write the
 * event's fields are kept, so that a run that turns out to be beyond the compiler can be undone.
 */
import { Event, isRawJson, ownField } from '../../event/event.ts';
import {
  type FieldReference,
  FieldReferenceError,
  FieldSetError,
  type Getter,
  getter,
  isUnsafeName,
  parseFieldReference,
  type Remover,
  remover,
  type Setter,
  setter,
  step,
} from '../../event/field-reference.ts';
import { isEventTime } from '../../event/timestamp.ts';
import type { Event as EventType, Fields, FieldValue } from '../../kernel/event-types.ts';
import { classes, rubyError } from './class.ts';
import { classOf, setClass, stringArgument, yieldPair } from './dispatch.ts';
import { fromField, hashOf, toField } from './fields.ts';
import { RFloat, RHash, RObject, type RProc, RTimestamp, type Value } from './values.ts';

export class REvent extends RObject {
  readonly event: EventType;
  /** Fields other than `@timestamp` that hold times. */
  readonly times: readonly Place[];
  /** Is the event as it was to be kept? */
  readonly tracked: boolean;
  saved: { readonly fields: Fields; readonly metadata: Fields | undefined } | undefined = undefined;
  constructor(event: EventType, times: readonly Place[], tracked: boolean) {
    super();
    this.event = event;
    this.times = times;
    this.tracked = tracked;
  }
  /** Undoes everything that was written. */
  restore(): void {
    this.event.cancelled = false;
    if (this.saved === undefined) return;
    this.event.fields = this.saved.fields;
    this.event.metadata = this.saved.metadata;
  }
}
setClass(REvent, classes.event);

/** A field reference with its compiled accessors. */
export interface Place {
  readonly text: string;
  readonly reference: FieldReference;
  readonly get: Getter;
  readonly set: Setter;
  readonly remove: Remover;
  /** Holds times: its text is a Timestamp to Ruby. */
  readonly isTime: boolean;
  /** Has rules of its own when written. */
  readonly special: 'timestamp' | 'tags' | 'metadata' | undefined;
}

const TIMESTAMP = '@timestamp';

/** Compiles a reference. @throws FieldReferenceError */
export function placeOf(text: string, times: readonly string[]): Place {
  const reference = parseFieldReference(text);
  const { path, metadata } = reference;
  const alone = path.length === 1 && !metadata ? path[0] : undefined;
  const special =
    metadata && path.length === 0
      ? 'metadata'
      : alone === TIMESTAMP
        ? 'timestamp'
        : alone === 'tags'
          ? 'tags'
          : undefined;
  return {
    text,
    reference,
    get: getter(reference),
    set: setter(reference),
    remove: remover(reference),
    isTime: alone === TIMESTAMP || times.includes(text),
    special,
  };
}

const dynamic = new Map<string, Place>();

/** A reference that the code made at run time. @throws RubyError */
function dynamicPlace(self: REvent, text: Value): Place {
  const name = stringArgument(text);
  const known = self.times.find((each) => each.text === name);
  if (known) return known;
  let place = dynamic.get(name);
  if (place !== undefined) return place;
  try {
    place = placeOf(name, []);
  } catch (error) {
    if (error instanceof FieldReferenceError) throw rubyError('LogStash::FieldReferenceError', error.message);
    throw error;
  }
  if (dynamic.size >= 2000) dynamic.clear();
  dynamic.set(name, place);
  return place;
}

const stamp = (value: FieldValue): Value =>
  typeof value === 'string' && isEventTime(value) ? new RTimestamp(value) : fromField(value);

/** `event.get` of a reference known at load. */
export function getAt(self: REvent, place: Place): Value {
  const value = place.get(self.event);
  if (typeof value === 'string') return place.isTime ? stamp(value) : value;
  return fromField(value);
}

export const eventGet = (self: REvent, text: Value): Value => getAt(self, dynamicPlace(self, text));

/** Keeps the event as it is before the field at the top named `top` changes. */
function keep(self: REvent, top: string | undefined, nested: boolean): void {
  const { event } = self;
  self.saved ??= { fields: { ...event.fields }, metadata: event.metadata };
  if (top === undefined) {
    if (event.metadata !== undefined && event.metadata === self.saved.metadata)
      event.metadata = copyField(event.metadata) as Fields;
  } else if (nested) {
    const value = step(event.fields, top);
    if (typeof value === 'object' && value !== null && value === step(self.saved.fields, top))
      Object.defineProperty(event.fields, top, ownField(copyField(value)));
  }
}

/** Deep copy that leaves boxes alone. */
function copyField(value: FieldValue): FieldValue {
  if (typeof value !== 'object' || value === null || isBox(value) || isRawJson(value)) return value;
  if (Array.isArray(value)) return value.map(copyField);
  const copy: Fields = {};
  for (const name of Object.keys(value)) {
    const inner = value[name];
    if (inner === undefined) continue;
    if (isUnsafeName(name)) Object.defineProperty(copy, name, ownField(copyField(inner)));
    else copy[name] = copyField(inner);
  }
  return copy;
}

const isBox = (value: unknown): boolean => value instanceof RFloat || value instanceof RTimestamp;

/** `event.set` of a reference known at load. @throws RubyError */
export function setAt(self: REvent, place: Place, value: Value): Value {
  const { path, metadata } = place.reference;
  const field = place.special === undefined ? toField(value) : specialField(place.special, value);
  if (self.tracked) keep(self, metadata ? undefined : path[0], path.length > 1);
  try {
    place.set(self.event, field);
  } catch (error) {
    if (error instanceof FieldSetError) throw rubyError('ArgumentError', error.message);
    throw error;
  }
  return value;
}

function specialField(special: 'timestamp' | 'tags' | 'metadata', value: Value): FieldValue {
  if (special === 'timestamp') {
    if (!(value instanceof RTimestamp))
      throw rubyError(
        'TypeError',
        `wrong argument type ${classOf(value).name} (expected LogStash::Timestamp)`,
      );
    return value.text;
  }
  const field = toField(value);
  if (special === 'tags') {
    const legal =
      field === null ||
      typeof field === 'string' ||
      (Array.isArray(field) && field.every((tag) => typeof tag === 'string'));
    if (!legal)
      throw rubyError(
        'ArgumentError',
        'Could not set the tags field: it takes a string or an array of strings',
      );
  } else if (value !== null && !(value instanceof RHash)) {
    throw rubyError('ArgumentError', '@metadata takes a map');
  }
  return field;
}

export const eventSet = (self: REvent, text: Value, value: Value): Value =>
  setAt(self, dynamicPlace(self, text), value);

/** Can the text stand in brackets as one name? */
const isName = (value: Value): boolean =>
  typeof value === 'string' &&
  value !== '' &&
  !value.includes('[') &&
  !value.includes(']') &&
  !isUnsafeName(value);

/** `event.set("[#{name}]", value)` */
export function setTop(self: REvent, name: Value, value: Value): Value {
  if (!isName(name) || name === TIMESTAMP || name === 'tags' || name === '@metadata')
    return eventSet(self, `[${textOf(name)}]`, value);
  const field = toField(value);
  if (self.tracked) keep(self, name, false);
  self.event.fields[name] = field;
  return value;
}

/** `event.set("[top][#{name}]", value)` */
export function setInner(self: REvent, top: string, name: Value, value: Value): Value {
  if (!isName(name)) return eventSet(self, `[${top}][${textOf(name)}]`, value);
  const { fields } = self.event;
  let inner = fields[top];
  if (inner !== undefined && inner?.constructor !== Object) return eventSet(self, `[${top}][${name}]`, value);
  const field = toField(value);
  if (self.tracked) {
    keep(self, top, true);
    inner = fields[top];
  }
  if (inner === undefined) fields[top] = { [name]: field };
  else (inner as Fields)[name] = field;
  return value;
}

/** Interpolation as the compiler does it elsewhere; here only what is left when a name is no plain text. */
let textOf: (value: Value) => string = String;
export function useText(toS: (value: Value) => string): void {
  textOf = toS;
}

/** `event.remove` of a reference known at load. */
export function removeAt(self: REvent, place: Place): Value {
  const { path, metadata } = place.reference;
  if (self.tracked) keep(self, metadata ? undefined : path[0], path.length > 1);
  const old = place.remove(self.event);
  return place.isTime ? stamp(old) : fromField(old);
}

export const eventRemove = (self: REvent, text: Value): Value => removeAt(self, dynamicPlace(self, text));

/** `event.remove` whose answer nobody looks at. */
export function discard(self: REvent, text: Value): void {
  if (
    typeof text !== 'string' ||
    text.includes('[') ||
    text === '' ||
    isUnsafeName(text) ||
    text.includes(']') ||
    text === '@metadata'
  ) {
    eventRemove(self, text);
    return;
  }
  if (self.tracked) keep(self, text, false);
  const { fields } = self.event;
  if (fields[text] !== undefined) fields[text] = undefined;
}

/** `event.include?` */
export const eventIncludes = (self: REvent, text: Value): boolean => {
  const place = dynamicPlace(self, text);
  return place.special === 'metadata' || place.get(self.event) !== undefined;
};

/** `event.to_hash` */
export function toHash(self: REvent): RHash {
  const hash = hashOf(self.event.fields);
  const time = self.event.fields[TIMESTAMP];
  if (typeof time === 'string') hash.set(TIMESTAMP, stamp(time));
  for (const place of self.times) {
    const { path, metadata } = place.reference;
    let holder: Value = metadata ? null : hash;
    for (const name of path.slice(0, -1))
      holder = holder instanceof RHash ? (holder.find(name) ?? null) : null;
    const value = holder instanceof RHash ? holder.find(path.at(-1)!) : undefined;
    if (typeof value === 'string') holder.set(path.at(-1)!, stamp(value));
  }
  return hash;
}

/** `event.to_hash.each { |name, value| … }` without the hash. */
export function eachField(self: REvent, block: RProc): Value {
  if (self.times.length > 0 || block.count < 2) {
    const hash = toHash(self);
    for (const [name, value] of hash.pairs()) yieldPair(block, name, value);
    return hash;
  }
  const { fields } = self.event;
  const names = Object.keys(fields);
  const values: Value[] = [];
  for (let index = 0; index < names.length; index++) {
    const value = fields[names[index]!];
    // Removed fields are no fields; containers are copied now, before the block changes them.
    values.push(typeof value === 'string' || value === undefined ? value : fromField(value));
  }
  for (let index = 0; index < names.length; index++) {
    const value = values[index];
    if (value === undefined) continue;
    const name = names[index]!;
    block.fn(name, name === TIMESTAMP ? stamp(value) : value);
  }
  return null;
}

export function cancel(self: REvent): boolean {
  if (self.tracked) keep(self, TIMESTAMP, false);
  self.event.cancelled = true;
  return true;
}

/** Before anything that may change any field. */
export function keepAll(self: REvent): void {
  if (!self.tracked) return;
  self.saved ??= { fields: { ...self.event.fields }, metadata: self.event.metadata };
  self.event.fields = copyField(self.event.fields) as Fields;
  self.event.metadata = self.event.metadata && (copyField(self.event.metadata) as Fields);
}

/** `event.clone`: a deep copy that is not cancelled. */
export function cloneOf(self: REvent): REvent {
  const { event } = self;
  const metadata = event.metadata && (copyField(event.metadata) as Fields);
  return new REvent(new Event(copyField(event.fields) as Fields, metadata), self.times, false);
}
