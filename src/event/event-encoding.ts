/** The internal encoding of whole events, exact and with `@metadata`: one JSON text an event. */
import type { Event as EventType, Fields } from '../kernel/event-types.ts';
import { Event } from './event.ts';
import { parseJson } from './json.ts';

/** Encodes events behind one another; `ends[i]` is where event i ends. */
export function encodeEvents(events: readonly EventType[]): { bytes: Buffer; ends: Int32Array } {
  const ends = new Int32Array(events.length);
  const texts: Buffer[] = [];
  let length = 0;
  for (const [index, event] of events.entries()) {
    const metadata = event.metadata === undefined ? '' : `,"m":${JSON.stringify(event.metadata)}`;
    const bytes = Buffer.from(`{"f":${JSON.stringify(event.fields)}${metadata}}`);
    texts.push(bytes);
    length += bytes.length;
    ends[index] = length;
  }
  return { bytes: Buffer.concat(texts, length), ends };
}

/** Decodes one event of `encodeEvents`. */
export function decodeEvent(text: string): Event {
  const { f, m } = parseJson(text) as { f: Fields; m?: Fields };
  return new Event(f, m);
}
