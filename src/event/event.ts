import './bigint-json.ts';
import type { Event as EventType, Fields, FieldValue } from '../kernel/event-types.ts';

/** An event in a worker: plain fields, `@metadata` beside them. */
export class Event implements EventType {
  fields: Fields;
  metadata: Fields | undefined;
  cancelled: boolean;

  constructor(fields: Fields, metadata?: Fields) {
    this.fields = fields;
    this.metadata = metadata;
    this.cancelled = false;
  }
}

/** A deep copy with metadata, not cancelled, as Logstash's `event.clone`. */
export function cloneEvent(event: EventType): Event {
  return new Event(
    cloneValue(event.fields) as Fields,
    event.metadata === undefined ? undefined : (cloneValue(event.metadata) as Fields),
  );
}

/** Deep copy of a field value; exact numbers (`JSON.rawJSON`) are shared, they never change. */
export function cloneValue(value: FieldValue): FieldValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneValue);
  if (isRawJson(value)) return value;
  const copy: Fields = {};
  for (const name of Object.keys(value)) {
    const inner = value[name];
    if (inner === undefined) continue;
    if (name === '__proto__') Object.defineProperty(copy, name, ownField(cloneValue(inner)));
    else copy[name] = cloneValue(inner);
  }
  return copy;
}

/** A property descriptor for names that an assignment would not make a field (`__proto__`). */
export function ownField(value: FieldValue): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true };
}

/** True for the exact numbers that `parseJson` makes with `JSON.rawJSON`. */
export function isRawJson(value: object): value is { rawJSON: string } {
  return JSON.isRawJSON(value);
}

/** True for maps (hash values), false for lists, exact numbers and scalars. */
export function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/** Adds a tag once. A `tags` field that is text becomes a list; see `illegalTags` for any other kind. */
export function addTag(event: EventType, tag: string): void {
  const tags = event.fields['tags'];
  if (tags === undefined || tags === null) event.fields['tags'] = [tag];
  else if (Array.isArray(tags)) {
    if (!tags.includes(tag)) tags.push(tag);
  } else if (typeof tags === 'string') event.fields['tags'] = tags === tag ? [tag] : [tags, tag];
  else illegalTags(event).push(tag);
}

/** `tags` holds neither text nor a list: it goes to `_tags`, and the event says so in a tag. Returns the new list. */
export function illegalTags(event: EventType): FieldValue[] {
  const list: FieldValue[] = ['_tagsparsefailure'];
  event.fields['_tags'] = event.fields['tags'];
  event.fields['tags'] = list;
  return list;
}

/** Is there any field? Skips removed ones. */
export function isEmpty(fields: Fields): boolean {
  for (const name of Object.keys(fields)) if (fields[name] !== undefined) return false;
  return true;
}
