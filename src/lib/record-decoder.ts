/**
 * The decoding half that most inputs share: records → codec → events with `@timestamp`, `@version`, the fields
 * that name the source, and the input's common options. Text is converted once per run of lines, not per record.
 */
import { isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { addTag, Event } from '../event/event.ts';
import { formatFieldReference, getter, parseFieldReference, setter } from '../event/field-reference.ts';
import { parsingLinesOf } from '../event/json.ts';
import { isoFromMillis } from '../event/timestamp.ts';
import type { FieldValue } from '../kernel/event-types.ts';
import type { Block, Codec, Decoder, DecoderContext, Peer } from '../kernel/plugin.ts';
import { RunKind } from '../kernel/plugin.ts';
import { type Additions, TextEvents } from './json/text-events.ts';

/** A field that names where an event came from; set only if the event has none. */
export interface SourceField {
  /** Reference, e.g. `host` or `[@metadata][input][tcp][source][ip]`. */
  readonly reference: string;
  readonly value: (peer: Peer) => FieldValue;
}

/** Fields that an input adds to events that stay texts. */
const MAX_TOP_FIELDS = 16;

/** Senders whose half-read events are remembered. */
const MAX_SENDERS = 10_000;

export type Emit = (event: Event) => void;

/** A record longer than the limit came in pieces; this is one of them (but for the last). */
const TOO_LONG_TAG = '_record_too_long';

/** Bytes that are not valid in the charset were replaced. */
export const INVALID_ENCODING_TAG = '_invalid_encoding';

/** Converts one record; `valid` is false when something had to be replaced. */
export function decodeText(bytes: Buffer, charset: string): { text: string; valid: boolean } {
  if (charset === 'UTF-8') {
    if (isUtf8(bytes)) return { text: bytes.utf8Slice(0, bytes.length), valid: true };
    return { text: bytes.toString('utf8'), valid: false };
  }
  if (charset === 'BINARY' || charset === 'ASCII-8BIT') return decodeText(bytes, 'UTF-8');
  return { text: iconv.decode(bytes, charset, { stripBOM: false }), valid: true };
}

/** Makes the decoder of an input whose records are nothing but bytes for the codec. */
export function createRecordDecoder(context: DecoderContext, source: readonly SourceField[]): Decoder {
  return new RecordDecoder(context, source);
}

class RecordDecoder implements Decoder {
  readonly #context: DecoderContext;
  readonly #source: readonly SourceField[];
  readonly #setters: { get: (event: Event) => FieldValue; set: (event: Event, value: FieldValue) => void }[];
  /** By which source fields have a value. */
  readonly #makers = new Map<string, MakeEvent>();
  /** Stateful codecs: one per sender, with the blocks that each still holds. */
  readonly #senders = new Map<string, { codec: Codec; peer: Peer; block: number; receivedAt: number }>();

  /** Undefined: events are made of all records. */
  readonly #texts: TextEvents | undefined;
  /** Of the source: what is a field at the top. */
  readonly #topFields: readonly number[];

  constructor(context: DecoderContext, source: readonly SourceField[]) {
    this.#context = context;
    this.#source = source.filter((field) => isNeeded(context, field.reference));
    const parsed = this.#source.map(({ reference }) => parseFieldReference(reference));
    this.#setters = parsed.map((reference) => ({ get: getter(reference), set: setter(reference) }));
    this.#topFields = [...parsed.keys()].filter((at) => !parsed[at]!.metadata);
    const top = this.#topFields.map((at) => parsed[at]!.path);
    if (
      context.textFields !== undefined &&
      context.inputCodec.jsonObjects !== undefined &&
      context.inputCodec.delimiter === '\n' &&
      top.length <= MAX_TOP_FIELDS &&
      top.every((path) => path.length === 1)
    )
      this.#texts = TextEvents.of(
        top.map(([name]) => name!),
        context.textFields,
      );
  }

  decode(block: Block, emit: Emit): void {
    const { runs, bytes, peers } = block;
    const timestamp = isoFromMillis(block.receivedAt);
    let start = 0;
    for (let at = 0; at < runs.length; at += 4) {
      const kind = runs[at];
      const peer = peers[runs[at + 1]!]!;
      const end = runs[at + 2]!;
      const values = this.#source.map((field) => field.value(peer));
      if (kind === RunKind.end) this.#end(peer, timestamp, values, emit);
      else {
        const { codec, give } = this.#codecOf(block, peer, emit);
        const part = bytes.subarray(start, end);
        if (kind === RunKind.lines) this.#lines(codec, part, timestamp, values, give);
        else this.#record(codec, part, timestamp, values, kind === RunKind.cut ? tagged(give) : give);
      }
      start = end;
    }
  }

  flush(emit: Emit, final: boolean): void {
    for (const [key, sender] of this.#senders) {
      const values = this.#source.map((field) => field.value(sender.peer));
      const timestamp = isoFromMillis(sender.receivedAt);
      sender.codec.flush?.((event) => this.#finish(event, timestamp, values, emit), final);
      if (final) this.#senders.delete(key);
    }
  }

  holds(blockId: number): boolean {
    for (const sender of this.#senders.values())
      if (sender.codec.holding && sender.block <= blockId) return true;
    return false;
  }

  /** Too many senders with half an event each: the oldest one's is given as it is. */
  #evict(emit: Emit): void {
    const [oldest] = this.#senders.values();
    if (!oldest) return;
    const values = this.#source.map((field) => field.value(oldest.peer));
    this.#end(oldest.peer, isoFromMillis(oldest.receivedAt), values, emit);
  }

  #end(peer: Peer, timestamp: string, values: FieldValue[], emit: Emit): void {
    const sender = this.#senders.get(peer.key);
    if (!sender) return;
    this.#senders.delete(peer.key);
    sender.codec.flush?.((event) => this.#finish(event, timestamp, values, emit), true);
  }

  /** The codec of a sender, and an `emit` that notes from which block on a stateful one holds something. */
  #codecOf(block: Block, peer: Peer, emit: Emit): { codec: Codec; give: Emit } {
    const codec = this.#context.inputCodec;
    if (!codec.stateful || !codec.fork) return { codec, give: emit };
    let sender = this.#senders.get(peer.key);
    if (!sender) {
      if (this.#senders.size >= MAX_SENDERS) this.#evict(emit);
      sender = { codec: codec.fork(), peer, block: block.id, receivedAt: block.receivedAt };
      this.#senders.set(peer.key, sender);
    }
    const own = sender;
    if (!own.codec.holding) own.block = block.id;
    own.receivedAt = block.receivedAt;
    return {
      codec: own.codec,
      give: (event) => {
        // What was held is out: what is held from now on came with this block.
        own.block = block.id;
        emit(event);
      },
    };
  }

  #lines(codec: Codec, bytes: Buffer, timestamp: string, values: FieldValue[], emit: Emit): void {
    const delimiter = codec.delimiter ?? '\n';
    if ((codec.charset === 'UTF-8' || codec.charset === undefined) && isUtf8(bytes)) {
      if (this.#texts !== undefined && this.#asTexts(this.#texts, codec, bytes, timestamp, values, emit))
        return;
      const text = bytes.utf8Slice(0, bytes.length);
      const decorate = this.#context.decorate;
      let from = 0;
      if (codec.wholeText && codec.charset !== undefined) {
        const make = this.#maker(values);
        for (let to = text.indexOf(delimiter); to >= 0; to = text.indexOf(delimiter, from)) {
          const event = make(text.slice(from, to), timestamp, values);
          decorate(event);
          emit(event);
          from = to + delimiter.length;
        }
        return;
      }
      if (codec.charset !== undefined) {
        const finish = (event: Event) => this.#finish(event, timestamp, values, emit);
        parsingLinesOf(bytes, text, (line) => {
          for (let to = text.indexOf(delimiter); to >= 0; to = text.indexOf(delimiter, from)) {
            line(to);
            codec.decode(text.slice(from, to), finish);
            from = to + delimiter.length;
          }
        });
        return;
      }
    }
    const separator = Buffer.from(delimiter);
    let from = 0;
    for (let to = bytes.indexOf(separator); to >= 0; to = bytes.indexOf(separator, from)) {
      this.#record(codec, bytes.subarray(from, to), timestamp, values, emit);
      from = to + separator.length;
    }
  }

  /** Gives events that stay texts, and parses the lines between that can not. False: none can, nothing was given. */
  #asTexts(
    texts: TextEvents,
    codec: Codec,
    bytes: Buffer,
    timestamp: string,
    values: FieldValue[],
    emit: Emit,
  ): boolean {
    const additions: Additions = {
      timestamp,
      values: this.#topFields.map((at) => values[at]),
      complete: (event) => this.#complete(event, timestamp, values),
      rests: new Map(),
    };
    const limit = codec.jsonObjects!;
    const finish = (event: Event) => this.#finish(event, timestamp, values, emit);
    let from = 0;
    while (from < bytes.length) {
      const event = texts.take(bytes, from, limit, additions);
      if (event !== undefined) {
        emit(event);
        from = event.text!.to + 2;
        continue;
      }
      // As one sender writes them, so are they all.
      if (from === 0) return false;
      const to = bytes.indexOf(0x0a, from);
      if (to < 0) break;
      codec.decode(bytes.utf8Slice(from, to), finish);
      from = to + 1;
    }
    return true;
  }

  #maker(values: readonly FieldValue[]): MakeEvent {
    let key = '';
    for (const value of values) key += value === undefined ? '0' : '1';
    let make = this.#makers.get(key);
    if (!make) {
      make = compileMake(
        this.#source,
        this.#context,
        values.map((value) => value !== undefined),
      );
      this.#makers.set(key, make);
    }
    return make;
  }

  #record(codec: Codec, bytes: Buffer, timestamp: string, values: FieldValue[], emit: Emit): void {
    if (codec.charset === undefined) {
      codec.decode(bytes, (event) => this.#finish(event, timestamp, values, emit));
      return;
    }
    const { text, valid } = decodeText(bytes, codec.charset);
    if (codec.wholeText && codec.delimiter === undefined) {
      const event = this.#maker(values)(text, timestamp, values);
      if (!valid) addTag(event, INVALID_ENCODING_TAG);
      this.#context.decorate(event);
      emit(event);
      return;
    }
    codec.decode(text, (event) => {
      if (!valid) addTag(event, INVALID_ENCODING_TAG);
      this.#finish(event, timestamp, values, emit);
    });
  }

  #finish(event: Event, timestamp: string, values: FieldValue[], emit: Emit): void {
    this.#complete(event, timestamp, values);
    this.#context.decorate(event);
    emit(event);
  }

  #complete(event: Event, timestamp: string, values: FieldValue[]): void {
    const { fields } = event;
    fields['@timestamp'] ??= timestamp;
    fields['@version'] ??= '1';
    for (let index = 0; index < this.#setters.length; index++) {
      const { get, set } = this.#setters[index]!;
      const value = values[index];
      if (value !== undefined && get(event) === undefined) {
        try {
          set(event, value);
        } catch {
          // The event has a scalar where the source field would nest: its own field stays.
        }
      }
    }
  }
}

const tagged =
  (emit: Emit): Emit =>
  (event) => {
    addTag(event, TOO_LONG_TAG);
    emit(event);
  };

type MakeEvent = (message: string, timestamp: string, values: readonly FieldValue[]) => Event;

/** Does anything downstream read this field? */
export function isNeeded(context: DecoderContext, reference: string): boolean {
  if (context.needs === 'all') return true;
  const top = parseFieldReference(reference);
  const name = formatFieldReference({ path: top.path.slice(0, 1), metadata: top.metadata });
  return context.needs.some((needed) => {
    const other = parseFieldReference(needed);
    return (
      other.metadata === top.metadata &&
      (other.path.length === 0 ||
        name === formatFieldReference({ path: other.path.slice(0, 1), metadata: other.metadata }))
    );
  });
}

/** A tree of names that becomes one object literal; leaves are expressions. */
type Shape = Map<string, Shape | string>;

/**
 * Compiles the constructor of whole-text events: one object literal with all fields in place, those of the source
 * that have a value (`present`), and room for what filters will add.
 */
function compileMake(
  source: readonly SourceField[],
  context: DecoderContext,
  present: readonly boolean[],
): MakeEvent {
  const fields: Shape = new Map();
  const metadata: Shape = new Map();
  if (isNeeded(context, '@timestamp')) fields.set('@timestamp', 'timestamp');
  if (isNeeded(context, '@version')) fields.set('@version', '"1"');
  if (isNeeded(context, 'message')) fields.set('message', 'message');
  if (context.inputCodec.wholeText && context.ecs !== 'disabled' && isNeeded(context, '[event][original]')) {
    place(fields, ['event', 'original'], 'message');
  }
  for (const [index, { reference }] of source.entries()) {
    if (!present[index]) continue;
    const parsed = parseFieldReference(reference);
    place(parsed.metadata ? metadata : fields, parsed.path, `values[${index}]`);
  }
  for (const name of context.room) if (!fields.has(name)) fields.set(name, 'undefined');
  const made = metadata.size > 0 ? `${literal(fields)}, ${literal(metadata)}` : literal(fields);
  return new Function('Event', `return (message, timestamp, values) => new Event(${made});`)(Event);
}

/** Puts a leaf into the tree, unless something stands in its way there already. */
function place(shape: Shape, path: readonly string[], leaf: string): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    if (!shape.has(name)) shape.set(name, leaf);
    return;
  }
  let inner = shape.get(name);
  if (inner === undefined) shape.set(name, (inner = new Map()));
  if (typeof inner !== 'string') place(inner, rest, leaf);
}

/** Computed names, so that `__proto__` is a field. */
function literal(shape: Shape): string {
  const entries = [...shape].map(
    ([name, value]) =>
      `${name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)}: ${typeof value === 'string' ? value : literal(value)}`,
  );
  return `{ ${entries.join(', ')} }`;
}
