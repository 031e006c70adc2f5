/**
 * The decoding half of the http input: a record is the body of a request, its peer says how it came. Each event
 * gets the headers, the sender's address and, with ECS, what they say about URL, method and user agent.
 */
import { isUtf8 } from 'node:buffer';
import { addTag } from '../../event/event.ts';
import { FieldSetError, parseFieldReference, type Setter, setter } from '../../event/field-reference.ts';
import { isoFromMillis } from '../../event/timestamp.ts';
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import {
  type Block,
  type Codec,
  type Decoder,
  type DecoderContext,
  type Peer,
  RunKind,
} from '../../kernel/plugin.ts';
import { INVALID_ENCODING_TAG, isNeeded } from '../record-decoder.ts';
import { decodeCharset, encodingFor } from '../text/charset.ts';

/** A request as intake hands it on. */
export interface RequestPeer extends Peer {
  readonly ip: string;
  /** JSON of the map of headers as the event shall have it, but for `content_length`, the size of the body. */
  readonly headers: string;
}

export interface RequestDecoderOptions {
  /** Codecs by media type, in lower case. */
  readonly codecs: ReadonlyMap<string, Codec>;
  readonly hostField: string;
  readonly headersField: string;
}

type Emit = (event: Event) => void;

export class RequestDecoder implements Decoder {
  readonly #context: DecoderContext;
  readonly #codecs: ReadonlyMap<string, Codec>;
  readonly #setHost: Setter | undefined;
  readonly #setHeaders: Setter | undefined;
  readonly #ecs: readonly { readonly set: Setter; readonly of: (headers: Fields) => FieldValue }[];

  constructor(context: DecoderContext, options: RequestDecoderOptions) {
    this.#context = context;
    this.#codecs = options.codecs;
    const setterOf = (reference: string): Setter | undefined =>
      isNeeded(context, reference) ? setter(parseFieldReference(reference)) : undefined;
    this.#setHost = setterOf(options.hostField);
    this.#setHeaders = setterOf(options.headersField);
    const wanted = context.ecs === 'disabled' ? [] : ecsFields.filter(([name]) => isNeeded(context, name));
    this.#ecs = wanted.map(([name, of]) => ({ set: setter(parseFieldReference(name)), of }));
  }

  decode(block: Block, emit: Emit): void {
    const { runs, bytes, peers } = block;
    const timestamp = isoFromMillis(block.receivedAt);
    let start = 0;
    for (let at = 0; at < runs.length; at += 4) {
      const end = runs[at + 2]!;
      if (runs[at] === RunKind.record)
        this.#body(bytes.subarray(start, end), peers[runs[at + 1]!] as RequestPeer, timestamp, emit);
      start = end;
    }
  }

  #body(bytes: Buffer, peer: RequestPeer, timestamp: string, emit: Emit): void {
    const headers = JSON.parse(peer.headers) as Fields;
    headers['content_length'] = String(bytes.length);
    const { mime, charset } = contentType(headers['content_type']);
    const shared = this.#codecs.get(mime) ?? this.#context.inputCodec;
    const codec = shared.stateful && shared.fork ? shared.fork() : shared;
    let invalid = false;
    const finish = (event: Event): void => {
      if (invalid) addTag(event, INVALID_ENCODING_TAG);
      this.#finish(event, headers, peer.ip, timestamp, emit);
    };
    if (codec.charset === undefined) codec.decode(bytes, finish);
    else {
      const encoding = charset ?? codec.charset;
      invalid = encoding === 'UTF-8' && !isUtf8(bytes);
      codec.decode(decodeCharset(bytes, encoding), finish);
    }
    // A body is complete in itself.
    if (codec.stateful) codec.flush?.(finish, true);
  }

  #finish(event: Event, headers: Fields, ip: string, timestamp: string, emit: Emit): void {
    const { fields } = event;
    fields['@timestamp'] ??= timestamp;
    fields['@version'] ??= '1';
    for (const { set, of } of this.#ecs) {
      const value = of(headers);
      if (value !== undefined && value !== null) setIfPossible(set, event, value);
    }
    if (this.#setHeaders) setIfPossible(this.#setHeaders, event, { ...headers });
    if (this.#setHost) setIfPossible(this.#setHost, event, ip);
    this.#context.decorate(event);
    emit(event);
  }
}

/** The event may have a scalar where the field would nest: its own field stays. */
function setIfPossible(set: Setter, event: Event, value: FieldValue): void {
  try {
    set(event, value);
  } catch (error) {
    if (!(error instanceof FieldSetError)) throw error;
  }
}

const header =
  (name: string) =>
  (headers: Fields): FieldValue =>
    headers[name];

const ecsFields: readonly (readonly [reference: string, of: (headers: Fields) => FieldValue])[] = [
  ['[http][version]', header('http_version')],
  ['[user_agent][original]', header('http_user_agent')],
  ['[url][domain]', (headers) => hostAndPort(headers['http_host']).domain],
  ['[url][port]', (headers) => hostAndPort(headers['http_host']).port],
  ['[http][method]', header('request_method')],
  ['[url][path]', header('request_path')],
  ['[http][request][body][bytes]', header('content_length')],
  ['[http][request][mime_type]', header('content_type')],
];

/** `localhost:8080`, `[::1]:8080` or a name without port. */
function hostAndPort(host: FieldValue): { domain: string | undefined; port: number | undefined } {
  if (typeof host !== 'string') return { domain: undefined, port: undefined };
  const match = /^(?:([^:]+)|\[(.*)\]):(\d+)$/.exec(host);
  return match ? { domain: match[1] ?? match[2], port: Number(match[3]) } : { domain: host, port: undefined };
}

/** Media type in lower case, and the encoding that `charset` names, if it is one. */
function contentType(value: FieldValue): { mime: string; charset: string | undefined } {
  if (typeof value !== 'string') return { mime: '', charset: undefined };
  const end = value.indexOf(';');
  const mime = (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
  const named = end < 0 ? undefined : /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(value)?.[1];
  return { mime, charset: named === undefined ? undefined : encodingFor(named) };
}
