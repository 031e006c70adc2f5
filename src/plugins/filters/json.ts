import { addTag, isMap } from '../../event/event.ts';
import {
  FieldReferenceError,
  formatFieldReference,
  getter,
  parseFieldReference,
  setField,
} from '../../event/field-reference.ts';
import { depthOf, MAX_DEPTH, parseJson } from '../../event/json.ts';
import { textOf } from '../../event/sprintf.ts';
import { coerceTimestamp, isoFromMillis } from '../../event/timestamp.ts';
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import { defineFilter } from '../../kernel/plugin.ts';
import { checkedSetter, FieldValueError, isLegalTags } from '../../lib/checked-set.ts';
import { createFieldCopier } from '../../lib/copy-fields.ts';

const options = {
  source: { type: 'string', required: true, description: 'Field that holds JSON text.' },
  target: {
    type: 'field_reference',
    description: 'Field that gets the parsed value; the root of the event if not given (JSON objects only).',
  },
  tag_on_failure: {
    type: 'array',
    default: ['_jsonparsefailure'],
    description: 'Tags of events whose text is no JSON.',
  },
  skip_on_invalid_json: {
    type: 'boolean',
    default: false,
    description: 'Leave events with invalid JSON alone, without tags.',
  },
} as const;

/** Parses JSON in a field. */
export const json = defineFilter({
  kind: 'filter',
  name: 'json',
  summary: 'Parses JSON text in a field and sets what it holds as fields.',
  options,
  ecs: true,
  examples: [
    {
      title: 'Into the root of the event',
      config: 'json { source => "message" remove_field => [ "message" ] }',
      input: { message: '{"user":{"name":"Bob"},"id":12345678901234567890}' },
      output: { message: null, user: { name: 'Bob' } },
    },
    {
      title: 'Into a field, any kind of value',
      config: 'json { source => "message" target => "[doc]" }',
      input: { message: '[1, "two"]' },
      output: { doc: [1, 'two'] },
    },
    {
      title: 'Invalid JSON',
      config: 'json { source => "message" }',
      input: { message: '{"user":' },
      output: { message: '{"user":', tags: ['_jsonparsefailure'] },
    },
  ],
  differences: [
    'A name in the JSON that looks like a broken field reference (`a[b`) becomes a field of that name; Logstash fails.',
    'With illegal `tags` in the JSON (neither text nor a list of text) all other fields are set before the event is tagged as failed; Logstash stops at them.',
    `JSON nested deeper than ${MAX_DEPTH} levels counts as invalid.`,
  ],
  validate(given, report) {
    for (const option of ['source', 'target'] as const) {
      const text = given[option];
      try {
        if (text !== undefined) parseFieldReference(text);
      } catch (error) {
        report('error', option, (error as Error).message);
      }
    }
  },
  reads: (given) => [formatFieldReference(parseFieldReference(given.source))],
  writes: (given) =>
    given.target === undefined ? [] : [formatFieldReference(parseFieldReference(given.target))],
  create(given, context) {
    const read = getter(parseFieldReference(given.source));
    const place = given.target === undefined ? undefined : checkedSetter(parseFieldReference(given.target));
    const merge = createMerge();
    const tags = given.tag_on_failure.map(String);
    const fail = (event: Event, error: unknown): boolean => {
      context.logger.warn({ source: given.source, exception: messageOf(error) }, 'json: parsing failed');
      for (const tag of tags) addTag(event, tag);
      return false;
    };
    const { skip_on_invalid_json: skip } = given;
    const filter = (event: Event): boolean => {
      const source = read(event);
      if (source === undefined || source === null || source === false) return false;
      let parsed: FieldValue;
      try {
        parsed = parse(source);
      } catch (error) {
        return skip ? false : fail(event, error);
      }
      try {
        if (place !== undefined) place(event, parsed);
        else if (isMap(parsed)) merge(event, parsed);
        else return fail(event, 'the JSON is no object, and there is no `target`');
        return true;
      } catch (error) {
        return fail(event, error);
      }
    };
    return { filter };
  },
});

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 200);

/** Blank text is null, as for Logstash's parser. @throws Error */
function parse(source: FieldValue): FieldValue {
  if (typeof source !== 'string') throw new Error('the field holds no text');
  let parsed: FieldValue;
  try {
    parsed = parseJson(source.charCodeAt(0) === 0xfeff ? source.slice(1) : source);
  } catch (error) {
    if (source.trim() === '') return null;
    throw error;
  }
  if (source.length >= 2 * MAX_DEPTH && depthOf(parsed) > MAX_DEPTH)
    throw new Error(`nested deeper than ${MAX_DEPTH}`);
  return parsed;
}

/** Names that `event.set` does not take as they stand, or whose values have rules. */
const isSpecial = (name: string): boolean =>
  name === '@timestamp' || name === 'tags' || name === '@metadata' || name === '' || /[[\]]/.test(name);

/** Sets every member of an object as a field of the event, by the rules of `event.set`. */
function createMerge(): (event: Event, parsed: Fields) => void {
  let current: Event;
  let time: FieldValue;
  let illegalTags = false;
  const copyOne = (fields: Fields, name: string, from: Fields): void => {
    const value = from[name];
    if (name === '@timestamp') time = value;
    else if (name === 'tags') {
      if (isLegalTags(value)) fields['tags'] = value;
      else illegalTags = true;
    } else if (name === '') setOwn(fields, name, value);
    else {
      try {
        setField(current, name, value);
      } catch (error) {
        if (!(error instanceof FieldReferenceError)) throw error;
        setOwn(fields, name, value);
      }
    }
  };
  const copy = createFieldCopier(isSpecial, copyOne);
  return (event, parsed) => {
    current = event;
    time = undefined;
    illegalTags = false;
    copy(event.fields, parsed);
    if (time !== undefined && time !== null && time !== false) setTime(event, time);
    if (illegalTags) throw new FieldValueError('`tags` holds text or a list of text only');
  };
}

function setOwn(fields: Fields, name: string, value: FieldValue): void {
  Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true });
}

function setTime(event: Event, value: FieldValue): void {
  const time = coerceTimestamp(value);
  if (time !== undefined) {
    event.fields['@timestamp'] = time;
    return;
  }
  event.fields['@timestamp'] = isoFromMillis(Date.now());
  addTag(event, '_timestampparsefailure');
  event.fields['_@timestamp'] = textOf(value);
}
