/** Batches of events as bytes, converted once. */
import type { Event } from '../kernel/event-types.ts';
import type { Codec } from '../kernel/plugin.ts';

/** Memory is not kept beyond this: a single huge batch should not stay. */
const MAX_KEPT = 8 * 1024 * 1024;

/**
 * Encodes batches into memory that is used again: touching fresh memory for every batch costs more than encoding.
 * What `encode` returns is valid until it is called again, unless `release` said that it is still being written.
 */
export class BatchEncoder {
  readonly #codec: Codec;
  #memory = Buffer.alloc(0);

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** Everything the codec makes of the events, one behind the other. */
  encode(events: readonly Event[]): Buffer {
    let text = '';
    let parts: Buffer[] | undefined;
    for (let index = 0; index < events.length; index++) {
      const encoded = this.#codec.encode(events[index]!);
      if (typeof encoded === 'string') text += encoded;
      else {
        parts ??= [];
        if (text !== '') parts.push(Buffer.from(text));
        text = '';
        parts.push(encoded);
      }
    }
    if (parts !== undefined) {
      if (text !== '') parts.push(Buffer.from(text));
      return Buffer.concat(parts);
    }
    const length = Buffer.byteLength(text);
    if (length > MAX_KEPT) return Buffer.from(text);
    if (length > this.#memory.length) this.#memory = Buffer.allocUnsafeSlow(Math.max(64 * 1024, length * 2));
    this.#memory.write(text, 0, length, 'utf8');
    return this.#memory.subarray(0, length);
  }

  /** The bytes last given are in use elsewhere: the next batch gets other memory. */
  release(): void {
    this.#memory = Buffer.alloc(0);
  }
}
