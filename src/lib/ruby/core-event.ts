/** Methods of LogStash::Event. */
import { addTag, Event } from '../../event/event.ts';
import { sprintf } from '../../event/sprintf.ts';
import { coerceTimestamp } from '../../event/timestamp.ts';
import type { Fields, FieldValue } from '../../kernel/event-types.ts';
import { classes, define, rubyError } from './class.ts';
import { equal } from './compare.ts';
import { makeTimestamp } from './core-time.ts';
import { classOf, stringArgument } from './dispatch.ts';
import {
  cancel,
  cloneOf,
  eventGet,
  eventIncludes,
  eventRemove,
  eventSet,
  keepAll,
  REvent,
  toHash,
  useText,
} from './event-object.ts';
import { boxed, hashOf, toField, unboxed } from './fields.ts';
import { generate, parseJsonText } from './json.ts';
import { toS } from './text.ts';
import { RFloat, RHash, RTimestamp, type Value } from './values.ts';

useText(toS);
const events = classes.event.methods;

define(events, 'get', 1, 1, (self: REvent, _, name) => eventGet(self, name));
define(events, 'set', 2, 2, (self: REvent, _, name, value) => eventSet(self, name, value));
define(events, 'remove', 1, 1, (self: REvent, _, name) => eventRemove(self, name));
define(events, 'include?', 1, 1, (self: REvent, _, name) => eventIncludes(self, name));
define(events, 'tag', 1, 1, (self: REvent, _, tag) => {
  stringArgument(tag);
  keepAll(self);
  addTag(self.event, tag);
  return null;
});
define(events, 'cancel', 0, 0, cancel);
define(events, 'uncancel', 0, 0, (self: REvent) => {
  self.event.cancelled = false;
  return false;
});
define(events, 'cancelled?', 0, 0, (self: REvent) => self.event.cancelled);
define(events, 'clone dup', 0, 0, cloneOf);
define(events, 'to_hash', 0, 0, toHash);
define(events, 'to_hash_with_metadata', 0, 0, (self: REvent) => {
  const hash = toHash(self);
  const metadata = hashOf(self.event.metadata ?? {});
  if (metadata.size > 0) hash.set('@metadata', metadata);
  return hash;
});
define(events, 'metadata', 0, 0, (self: REvent) => hashOf(self.event.metadata ?? {}));
define(events, 'to_json', 0, 9, (self: REvent) => generate(toHash(self)));
define(events, 'to_s', 0, 0, (self: REvent) => format(self, '%{@timestamp} %{host} %{message}'));
define(events, 'inspect', 0, 0, () => '#<LogStash::Event>');
define(events, 'sprintf', 1, 1, (self: REvent, _, text) => format(self, toS(text)));
define(events, 'timestamp', 0, 0, (self: REvent) => {
  const value = eventGet(self, '@timestamp');
  return value instanceof RTimestamp ? value : null;
});
define(events, 'timestamp=', 1, 1, (self: REvent, _, value) => eventSet(self, '@timestamp', value));
define(events, '== eql? equal?', 1, 1, (self, _, other) => self === other);
define(events, 'overwrite', 1, 1, (self: REvent, _, other) => {
  const from = eventArgument(other);
  keepAll(self);
  self.event.fields = toField(toHash(from)) as Fields;
  self.event.cancelled = from.event.cancelled;
  return self;
});
define(events, 'append', 1, 1, (self: REvent, _, other) => {
  const hash = toHash(eventArgument(other));
  keepAll(self);
  const merged = toHash(self);
  mergeInto(merged, hash);
  const time = self.event.fields['@timestamp'];
  self.event.fields = toField(merged) as Fields;
  if (time !== undefined) self.event.fields['@timestamp'] = time;
  return self;
});

function eventArgument(value: Value): REvent {
  if (value instanceof REvent) return value;
  throw rubyError('TypeError', `wrong argument type ${classOf(value).name} (expected LogStash::Event)`);
}

/** Lists are united, maps merged, scalars that differ listed. */
function mergeInto(target: RHash, source: RHash): void {
  for (const [name, value] of source.pairs()) {
    if (name === '@timestamp' || name === '@version') continue;
    const old = target.find(name) ?? null;
    if (old === null) target.set(name, value);
    else if (old instanceof RHash && value instanceof RHash) mergeInto(old, value);
    else if (Array.isArray(old) || Array.isArray(value)) target.set(name, united(old, value));
    else if (!equal(old, value)) target.set(name, [old, value]);
  }
}

function united(a: Value, b: Value): Value[] {
  const list: Value[] = [];
  for (const item of [...(Array.isArray(a) ? a : [a]), ...(Array.isArray(b) ? b : [b])])
    if (!list.some((each) => equal(each, item))) list.push(item);
  return list;
}

function format(self: REvent, text: string): string {
  const { event } = self;
  if (!boxed.seen) return sprintf(event, text);
  const plain = new Event(printable(event.fields) as Fields, printable(event.metadata) as Fields | undefined);
  return sprintf(plain, text);
}

/** A copy in which whole Floats print with their `.0`. */
function printable(value: FieldValue): FieldValue {
  if (typeof value !== 'object' || value === null) return value;
  const box: unknown = value;
  if (box instanceof RTimestamp) return box.text;
  if (box instanceof RFloat) return box.toJSON() as FieldValue;
  if (JSON.isRawJSON(value)) return value;
  if (Array.isArray(value)) return value.map(printable);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, printable(inner)]));
}

// ---- the class ----

define(classes.event.statics, 'new', 0, 1, (_self, _, data = null) => {
  if (data !== null && !(data instanceof RHash))
    throw rubyError('TypeError', `wrong argument type ${classOf(data).name} (expected Hash)`);
  return makeEvent(data ?? new RHash());
});
define(classes.event.statics, 'from_json', 1, 1, (_self, _, text) => {
  let value: Value;
  try {
    value = parseJsonText(stringArgument(text), false, Number.POSITIVE_INFINITY);
  } catch (error) {
    throw rubyError('LogStash::Json::ParserError', (error as Error).message);
  }
  const list = Array.isArray(value) ? value : [value];
  if (!list.every((each) => each instanceof RHash))
    throw rubyError('LogStash::Json::ParserError', 'JSON must be an object or an array');
  return list.map(makeEvent);
});
for (const [name, value] of [
  ['METADATA', '@metadata'],
  ['TIMESTAMP', '@timestamp'],
  ['VERSION', '@version'],
  ['VERSION_ONE', '1'],
] as const)
  classes.event.constants.set(name, value);

/** `LogStash::Event.new(hash)` */
export function makeEvent(data: RHash): REvent {
  const fields = toField(data) as Fields;
  const metadata = fields['@metadata'];
  if (metadata !== undefined) fields['@metadata'] = undefined;
  const isMap = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  const event = new Event(fields, isMap ? (metadata as Fields) : undefined);
  const { tags } = fields;
  const legal =
    tags === undefined ||
    tags === null ||
    typeof tags === 'string' ||
    (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'));
  if (!legal) {
    fields['_tags'] = tags;
    fields['tags'] = ['_tagsparsefailure'];
  }
  fields['@version'] ??= '1';
  const given = unboxed(fields['@timestamp']);
  const time = given === undefined || given === null ? makeTimestamp(null).text : coerceTimestamp(given);
  fields['@timestamp'] = time ?? makeTimestamp(null).text;
  if (time === undefined) {
    fields['_@timestamp'] = given;
    addTag(event, '_timestampparsefailure');
  }
  return new REvent(event, [], false);
}
