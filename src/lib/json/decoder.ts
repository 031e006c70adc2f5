/** What the codecs json and json_lines have in common: text → events, with `target` and `[event][original]`. */
import { Event } from '../../event/event.ts';
import { FieldSetError, getter, parseFieldReference, setter } from '../../event/field-reference.ts';
import type { Event as EventType, Fields } from '../../kernel/event-types.ts';
import { eventsFromJson, jsonFailure } from './event.ts';

export interface JsonDecoderOptions {
  readonly target: string | undefined;
  /** Which events get the text as `[event][original]`: none, the only one of a text, or each. */
  readonly original: 'none' | 'single' | 'each';
}

type Decode = (text: string, emit: (event: EventType) => void) => void;

const originalField = parseFieldReference('[event][original]');

/** Compiles a decoder. It never throws: text that is not JSON becomes `message`, tagged `_jsonparsefailure`. */
export function createJsonDecoder(options: JsonDecoderOptions): Decode {
  const place = options.target === undefined ? undefined : placeAt(options.target);
  if (options.original === 'none') {
    return (text, emit) => {
      if (eventsFromJson(text, emit, place) !== undefined) emit(jsonFailure(text));
    };
  }
  const getOriginal = getter(originalField);
  const setOriginal = setter(originalField);
  const keepOriginal = (event: EventType, text: string): void => {
    if (getOriginal(event) !== undefined) return;
    try {
      setOriginal(event, text);
    } catch (error) {
      // Its own `event` is no map: it stays as it came.
      if (!(error instanceof FieldSetError)) throw error;
    }
  };
  return (text, emit) => {
    const events: EventType[] = [];
    if (eventsFromJson(text, (event) => events.push(event), place) !== undefined) {
      emit(jsonFailure(text));
      return;
    }
    if (options.original === 'each' || events.length === 1)
      for (const event of events) keepOriginal(event, text);
    for (const event of events) emit(event);
  };
}

function placeAt(target: string): (data: Fields) => Event {
  const set = setter(parseFieldReference(target));
  return (data) => {
    const event = new Event({});
    set(event, data);
    return event;
  };
}
