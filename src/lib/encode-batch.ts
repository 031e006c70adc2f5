/** A batch of events as bytes, converted once. */
import type { Event } from '../kernel/event-types.ts';
import type { Codec } from '../kernel/plugin.ts';

/** Everything the codec makes of the events, one behind the other. */
export function encodeBatch(codec: Codec, events: readonly Event[]): Buffer {
  let text = '';
  let parts: Buffer[] | undefined;
  for (let index = 0; index < events.length; index++) {
    const encoded = codec.encode(events[index]!);
    if (typeof encoded === 'string') text += encoded;
    else {
      parts ??= [];
      if (text !== '') parts.push(Buffer.from(text));
      text = '';
      parts.push(encoded);
    }
  }
  if (parts === undefined) return Buffer.from(text);
  if (text !== '') parts.push(Buffer.from(text));
  return Buffer.concat(parts);
}
