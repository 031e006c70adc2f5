/**
 * Events from what Beats send: records are whole Lumberjack frames (J with JSON, D with pairs) as intake framed
 * them. Never loses a record: what is no JSON object becomes an event with the text as `message`.
 */
import { isUtf8 } from 'node:buffer';
import { addTag, cloneValue, Event, illegalTags, isMap, ownField } from '../../event/event.ts';
import { isUnsafeName, parseFieldReference, type Setter, setter } from '../../event/field-reference.ts';
import { depthOf, MAX_DEPTH, parseJson, parsingTextOf } from '../../event/json.ts';
import { coerceTimestamp, isoFromMillis } from '../../event/timestamp.ts';
import type { Event as EventType, Fields, FieldValue } from '../../kernel/event-types.ts';
import type { Block, Decoder, DecoderContext, Peer } from '../../kernel/plugin.ts';
import { RunKind } from '../../kernel/plugin.ts';
import { type Emit, INVALID_ENCODING_TAG, isNeeded } from '../record-decoder.ts';
import { decodePairs, EVENT_HEADER, FrameType } from './lumberjack.ts';

export interface BeatsDecoderOptions {
  /** Name of the codec, for its tag. */
  readonly codec: string;
  /** Tag events with the way they were decoded. */
  readonly codecTag: boolean;
  /** `[@metadata]…` gets the sender's address. */
  readonly sourceMetadata: boolean;
  /** In ECS modes the codec's `[event][original]` is kept. */
  readonly original: boolean;
  /** Copies `[beat][hostname]` to the host field. */
  readonly addHostname: boolean;
}

/** What intake says about a sender. */
export interface BeatsPeer extends Peer {
  readonly ip: string;
  readonly tls?:
    | { readonly status: 'unverified' }
    | {
        readonly status: 'verified';
        readonly protocol: string;
        readonly subject: string;
        readonly cipher_suite: string;
      };
}

/** Text shorter than this has no room for MAX_DEPTH brackets that open and close. */
const MIN_DEEP_TEXT = 2 * MAX_DEPTH;

export function createBeatsDecoder(context: DecoderContext, options: BeatsDecoderOptions): Decoder {
  return new BeatsDecoder(context, options);
}

class BeatsDecoder implements Decoder {
  readonly #context: DecoderContext;
  readonly #appliedTag: string | undefined;
  readonly #rawTag: string | undefined;
  readonly #setIp: Setter | undefined;
  readonly #setHost: Setter | undefined;
  readonly #setProtocol: Setter;
  readonly #setSubject: Setter;
  readonly #setCipher: Setter;
  readonly #original: boolean;
  /** The codec would do nothing but take the text as message. */
  readonly #plain: boolean;
  readonly #needsTimestamp: boolean;
  readonly #needsVersion: boolean;
  /** Nothing downstream reads a field, and every record is one event. */
  readonly #countOnly: boolean;

  constructor(context: DecoderContext, options: BeatsDecoderOptions) {
    const { inputCodec, ecs } = context;
    const compile = (reference: string): Setter => setter(parseFieldReference(reference));
    const pick = (disabled: string, v1: string): string => (ecs === 'disabled' ? disabled : v1);
    const ip = pick('[@metadata][ip_address]', '[@metadata][input][beats][host][ip]');
    const tagged = options.codecTag && isNeeded(context, 'tags');
    this.#context = context;
    this.#appliedTag = tagged ? `beats_input_codec_${options.codec}_applied` : undefined;
    this.#rawTag = tagged ? 'beats_input_raw_event' : undefined;
    this.#setIp = options.sourceMetadata && isNeeded(context, ip) ? compile(ip) : undefined;
    this.#setHost = options.addHostname
      ? compile(pick('host', '[@metadata][input][beats][host][name]'))
      : undefined;
    const tls = '[@metadata][input][beats][tls]';
    this.#setProtocol = compile(pick('[@metadata][tls_peer][protocol]', `${tls}[version_protocol]`));
    this.#setSubject = compile(pick('[@metadata][tls_peer][subject]', `${tls}[client][subject]`));
    this.#setCipher = compile(pick('[@metadata][tls_peer][cipher_suite]', `${tls}[cipher]`));
    this.#plain = inputCodec.wholeText === true;
    this.#original =
      this.#plain && options.original && keepsOriginal(context) && isNeeded(context, '[event][original]');
    this.#needsTimestamp = isNeeded(context, '@timestamp');
    this.#needsVersion = isNeeded(context, '@version');
    this.#countOnly = this.#plain && context.needs !== 'all' && context.needs.length === 0;
  }

  decode(block: Block, emit: Emit): void {
    if (this.#countOnly) this.#count(block, emit);
    else parsingTextOf(block.bytes, () => this.#decode(block, emit));
  }

  #count({ runs }: Block, emit: Emit): void {
    for (let at = 0; at < runs.length; at += 4)
      if (runs[at] === RunKind.record) this.#emit(new Event({}), undefined, emit);
  }

  #decode(block: Block, emit: Emit): void {
    const { runs, bytes, peers } = block;
    const timestamp = isoFromMillis(block.receivedAt);
    let start = 0;
    for (let at = 0; at < runs.length; at += 4) {
      const end = runs[at + 2]!;
      if (runs[at] === RunKind.record)
        this.#record(bytes, start, end, peers[runs[at + 1]!] as BeatsPeer, timestamp, emit);
      start = end;
    }
  }

  #record(bytes: Buffer, start: number, end: number, peer: BeatsPeer, timestamp: string, emit: Emit): void {
    const from = Math.min(start + EVENT_HEADER, end);
    if (bytes[start + 1] === FrameType.data) {
      const event = new Event(decodePairs(bytes, start, end));
      if (!isUtf8(bytes.subarray(from, end)) && hasReplacement(event.fields))
        addTag(event, INVALID_ENCODING_TAG);
      this.#build(event, peer, timestamp, emit);
      return;
    }
    const text = bytes.utf8Slice(from, end);
    const event = new Event(parseObject(text) ?? { message: text, tags: ['_jsonparsefailure'] });
    // U+FFFD is rare in real text: only then is it worth asking whether it was sent or put there instead.
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(from, end))) addTag(event, INVALID_ENCODING_TAG);
    this.#build(event, peer, timestamp, emit);
  }

  #build(event: Event, peer: BeatsPeer, timestamp: string, emit: Emit): void {
    const { fields } = event;
    const metadata = fields['@metadata'];
    if (metadata !== undefined) {
      fields['@metadata'] = undefined;
      if (isMap(metadata)) event.metadata = metadata;
      else fields['_@metadata'] = metadata;
    }
    if (this.#setIp !== undefined) setSafely(this.#setIp, event, peer.ip);
    if (peer.tls !== undefined) this.#addTls(event, peer.tls);
    let message = fields['message'];
    if (message === undefined || message === null) {
      message = fields['line'];
      if (message === undefined || message === null) {
        this.#finish(event, timestamp, true);
        this.#emit(event, this.#rawTag, emit);
        return;
      }
      fields['line'] = undefined;
    }
    const text = typeof message === 'string' ? message : textOf(message);
    if (!this.#plain) {
      fields['message'] = undefined;
      this.#runCodec(event, text, timestamp, emit);
      return;
    }
    fields['message'] = text;
    if (this.#original) keepOriginal(fields, text);
    this.#finish(event, timestamp, false);
    this.#emit(event, this.#appliedTag, emit);
  }

  /** A codec that does more than plain: what it makes of the text gets all other fields of the payload. */
  #runCodec(source: EventType, text: string, timestamp: string, emit: Emit): void {
    const codec = this.#context.inputCodec;
    let first = true;
    codec.decode(codec.charset === undefined ? Buffer.from(text) : text, (event) => {
      const share = first ? (value: FieldValue) => value : cloneValue;
      first = false;
      for (const name of Object.keys(source.fields)) {
        const value = source.fields[name];
        if (value !== undefined) mergeField(event.fields, name, share(value));
      }
      if (source.metadata !== undefined)
        event.metadata = { ...event.metadata, ...(share(source.metadata) as Fields) };
      this.#finish(event, timestamp, false);
      this.#emit(event, this.#appliedTag, emit);
    });
  }

  /** `@timestamp`, `@version`, and what is not allowed in `tags`. */
  #finish(event: EventType, now: string, raw: boolean): void {
    const { fields } = event;
    if (this.#needsTimestamp) {
      const given = fields['@timestamp'];
      if (given === undefined || given === null) fields['@timestamp'] = now;
      else {
        const coerced = coerceTimestamp(given);
        fields['@timestamp'] = coerced ?? now;
        if (coerced === undefined) this.#badTimestamp(event, given, raw);
      }
    }
    if (this.#needsVersion) fields['@version'] ??= '1';
    const tags = fields['tags'];
    if (tags !== undefined && tags !== null && !areTags(tags)) illegalTags(event);
    if (this.#setHost !== undefined) this.#copyHostname(event, this.#setHost);
  }

  #badTimestamp(event: EventType, given: FieldValue, raw: boolean): void {
    if (raw) {
      event.fields['_@timestamp'] = given;
      addTag(event, '_timestampparsefailure');
    } else {
      const shown = String(JSON.stringify(given)).slice(0, 100);
      this.#context.logger.warn(
        { value: shown },
        'unrecognized @timestamp value, the time of receipt is used',
      );
    }
  }

  #copyHostname(event: EventType, set: Setter): void {
    const beat = event.fields['beat'];
    const hostname = isMap(beat) ? beat['hostname'] : undefined;
    if (hostname === undefined || hostname === null) return;
    if (this.#context.ecs === 'disabled' && (event.fields['host'] ?? null) !== null) return;
    setSafely(set, event, hostname);
  }

  #addTls(event: EventType, tls: NonNullable<BeatsPeer['tls']>): void {
    event.metadata ??= {};
    event.metadata['tls_peer'] = { status: tls.status };
    if (tls.status === 'unverified') return;
    setSafely(this.#setProtocol, event, tls.protocol);
    setSafely(this.#setSubject, event, tls.subject);
    setSafely(this.#setCipher, event, tls.cipher_suite);
  }

  #emit(event: Event, tag: string | undefined, emit: Emit): void {
    this.#context.decorate(event);
    if (tag !== undefined) addTag(event, tag);
    emit(event);
  }
}

/** The object that the text denotes; undefined for anything else, and for one that is nested too deeply. */
function parseObject(text: string): Fields | undefined {
  let value: FieldValue;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (!isMap(value) || (text.length > MIN_DEEP_TEXT && depthOf(value) > MAX_DEPTH)) return undefined;
  return value;
}

/** Does this codec put the text into `[event][original]` (its ECS mode may differ from the input's)? */
function keepsOriginal(context: DecoderContext): boolean {
  let kept = false;
  context.inputCodec.decode('x', (event) => {
    const { event: inner } = event.fields;
    kept = isMap(inner) && inner['original'] !== undefined;
  });
  return kept;
}

function keepOriginal(fields: Fields, text: string): void {
  const given = fields['event'];
  if (given === undefined || given === null) fields['event'] = { original: text };
  else if (isMap(given)) given['original'] ??= text;
}

function areTags(value: FieldValue): boolean {
  if (typeof value === 'string') return true;
  return Array.isArray(value) && value.every((tag) => typeof tag === 'string');
}

function hasReplacement(fields: Fields): boolean {
  return Object.keys(fields).some(
    (name) => name.includes('\ufffd') || String(fields[name]).includes('\ufffd'),
  );
}

/** A message that is no text, as text. */
function textOf(value: FieldValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Maps are merged one level deep, the payload's values win; anything else is set. */
function mergeField(target: Fields, name: string, value: FieldValue): void {
  const existing = Object.hasOwn(target, name) ? target[name] : undefined;
  const merged = isMap(existing) && isMap(value) ? { ...existing, ...value } : value;
  if (isUnsafeName(name)) Object.defineProperty(target, name, ownField(merged));
  else target[name] = merged;
}

/** Sets a field of `@metadata`; where a sender put a scalar in its way the sender's value stays. */
function setSafely(set: Setter, event: EventType, value: FieldValue): void {
  try {
    set(event, value);
  } catch {
    // FieldSetError: nothing to enrich.
  }
}
