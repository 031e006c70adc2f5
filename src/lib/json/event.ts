/**
 * Events from JSON text, as `LogStash::Event.from_json` and `LogStash::Event.new` make them: codecs json and
 * json_lines, and inputs that receive JSON.
 */
import { Event } from '../../event/event.ts';
import { depthOf, MAX_DEPTH, parseJson } from '../../event/json.ts';
import { coerceTimestamp, isoFromMillis } from '../../event/timestamp.ts';
import type { Fields, FieldValue } from '../../kernel/event-types.ts';

/** Text that is no JSON object or list of objects became `message`. */
const JSON_FAILURE_TAG = '_jsonparsefailure';
const TIMESTAMP_FAILURE_TAG = '_timestampparsefailure';
const TAGS_FAILURE_TAG = '_tagsparsefailure';

type Emit = (event: Event) => void;

/**
 * Emits the events of a JSON object (one) or list of objects (one each); none for blank text. Answers in words why
 * the text holds no events (then nothing was emitted), or undefined.
 *
 * `place` puts a parsed object elsewhere than at the root of an event.
 */
export function eventsFromJson(
  text: string,
  emit: Emit,
  place: (data: Fields) => Event | undefined = eventFromFields,
): string | undefined {
  let value: FieldValue;
  try {
    value = parse(text);
  } catch (error) {
    if (text.trim() === '') return undefined;
    return (error as Error).message;
  }
  // Nothing shorter can be that deep.
  if (text.length >= 2 * MAX_DEPTH && depthOf(value) > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`;
  if (typeof value !== 'object' || value === null) return 'neither an object nor a list of objects';
  if (!Array.isArray(value)) {
    if (JSON.isRawJSON(value)) return 'neither an object nor a list of objects';
    const event = place(value);
    if (event === undefined) return 'its `@metadata` is no object';
    emit(event);
    return undefined;
  }
  const events: Event[] = [];
  for (const each of value) {
    if (typeof each !== 'object' || each === null || Array.isArray(each) || JSON.isRawJSON(each))
      return 'a list that holds something else than objects';
    const event = place(each);
    if (event === undefined) return 'its `@metadata` is no object';
    events.push(event);
  }
  for (const event of events) emit(event);
  return undefined;
}

function parse(text: string): FieldValue {
  // A byte order mark is no part of the text.
  return parseJson(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
}

/** What stands in for text that is not JSON: the text as `message`, tagged. */
export function jsonFailure(text: string): Event {
  return new Event({ message: text, tags: [JSON_FAILURE_TAG] });
}

/**
 * Makes the event of a map of fields and owns the map. Illegal `@timestamp` and `tags` are set aside with a tag;
 * `@metadata` moves out of the fields. `@timestamp` and `@version` are not added when absent. Undefined when
 * `@metadata` is no map.
 */
function eventFromFields(fields: Fields): Event | undefined {
  const event = new Event(fields);
  const timestamp = fields['@timestamp'];
  if (timestamp !== undefined && timestamp !== null) {
    const time = coerceTimestamp(timestamp);
    if (time !== undefined) fields['@timestamp'] = time;
    else {
      fields['@timestamp'] = isoFromMillis(Date.now());
      fields['_@timestamp'] = timestamp;
    }
    if (fields['tags'] !== undefined) setAsideTags(fields);
    if (time === undefined) addFailureTag(fields, TIMESTAMP_FAILURE_TAG);
  } else if (fields['tags'] !== undefined) setAsideTags(fields);
  if (fields['@metadata'] !== undefined) {
    const metadata = fields['@metadata'];
    if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return undefined;
    fields['@metadata'] = undefined;
    event.metadata = metadata;
  }
  return event;
}

function setAsideTags(fields: Fields): void {
  const { tags } = fields;
  if (typeof tags === 'string' || tags === null) return;
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return;
  fields['_tags'] = tags;
  fields['tags'] = [TAGS_FAILURE_TAG];
}

/** Legal tags are a list, text or null here. */
function addFailureTag(fields: Fields, tag: string): void {
  const { tags } = fields;
  if (Array.isArray(tags)) tags.push(tag);
  else fields['tags'] = typeof tags === 'string' ? [tags, tag] : [tag];
}
