/** The decoding half of the syslog input: codec, sender's address, common options, and then the syslog fields. */
import { isAscii, isUtf8 } from 'node:buffer';
import { addTag, Event } from '../../event/event.ts';
import { FieldSetError, parseFieldReference, setter } from '../../event/field-reference.ts';
import { isoFromMillis } from '../../event/timestamp.ts';
import type { Event as EventType } from '../../kernel/event-types.ts';
import { type Block, type Decoder, type DecoderContext, RunKind } from '../../kernel/plugin.ts';
import { createRecordDecoder, decodeText, INVALID_ENCODING_TAG } from '../record-decoder.ts';
import { runGuarded } from '../regexp-guard.ts';
import type { SyslogFields } from './fields.ts';

/** A line that the pattern takes longer for does not match. */
const TIMEOUT_MS = 1_000;

type Emit = (event: EventType) => void;

export class SyslogDecoder implements Decoder {
  readonly #context: DecoderContext;
  readonly #fields: SyslogFields;
  readonly #codec: Decoder;
  readonly #ecs: boolean;
  readonly #setHost: (event: EventType, ip: string) => void;
  /** Events of the current call from the first one on for which grok must be asked; the others went out. */
  #held: EventType[] = [];
  /** Indexes of those in `#held`. */
  #unsure: number[] = [];

  constructor(context: DecoderContext, fields: SyslogFields) {
    this.#context = context;
    this.#fields = fields;
    this.#ecs = context.ecs !== 'disabled';
    const host = this.#ecs ? '[host][ip]' : 'host';
    this.#setHost = setter(parseFieldReference(host));
    // The pattern reads and makes fields whatever is needed behind this input.
    const whole: DecoderContext = Object.create(context, { needs: { value: 'all' } });
    this.#codec = createRecordDecoder(whole, [{ reference: host, value: (peer) => peer['ip'] as string }]);
  }

  decode(block: Block, emit: Emit): void {
    const { runs, bytes, peers } = block;
    const { inputCodec } = this.#context;
    const plain = inputCodec.wholeText && inputCodec.charset !== undefined && !inputCodec.stateful;
    const timestamp = isoFromMillis(block.receivedAt);
    // One string for all records, when it can be cut anywhere.
    const text =
      plain && inputCodec.charset === 'UTF-8' && isAscii(bytes)
        ? bytes.latin1Slice(0, bytes.length)
        : undefined;
    let start = 0;
    for (let at = 0; at < runs.length; at += 4) {
      const end = runs[at + 2]!;
      const ip = peers[runs[at + 1]!]!['ip'] as string;
      const kind = runs[at]!;
      if (text !== undefined && kind === RunKind.record)
        this.#line(text.slice(start, end), true, ip, timestamp, emit);
      else if (plain && kind !== RunKind.end)
        this.#plain(bytes.subarray(start, end), kind, ip, timestamp, emit);
      else this.#coded(block, at, start, end, ip, emit);
      start = end;
    }
    this.#release(emit);
  }

  flush(emit: Emit, final: boolean): void {
    this.#codec.flush!((event) => this.#take(event, emit), final);
    this.#release(emit);
  }

  holds(blockId: number): boolean {
    return this.#codec.holds!(blockId);
  }

  /** Text records of a codec that does nothing but that. */
  #plain(bytes: Buffer, kind: number, ip: string, timestamp: string, emit: Emit): void {
    const charset = this.#context.inputCodec.charset!;
    if (kind === RunKind.lines && charset === 'UTF-8' && isUtf8(bytes)) {
      const text = bytes.utf8Slice(0, bytes.length);
      for (let from = 0, to = text.indexOf('\n'); to >= 0; from = to + 1, to = text.indexOf('\n', from))
        this.#line(text.slice(from, to), true, ip, timestamp, emit);
      return;
    }
    const from = (begin: number, end: number): void => {
      const { text, valid } = decodeText(bytes.subarray(begin, end), charset);
      this.#line(text, valid, ip, timestamp, emit);
    };
    if (kind !== RunKind.lines) {
      from(0, bytes.length);
      return;
    }
    for (let begin = 0, end = bytes.indexOf(10); end >= 0; begin = end + 1, end = bytes.indexOf(10, begin))
      from(begin, end);
  }

  #line(text: string, valid: boolean, ip: string, timestamp: string, emit: Emit): void {
    const message = withoutLineEnd(text);
    // All fields from the start: events of one shape are quick to fill.
    const event = new Event(
      this.#ecs
        ? { '@timestamp': timestamp, '@version': '1', message, host: { ip } }
        : {
            '@timestamp': timestamp,
            '@version': '1',
            message,
            host: ip,
            priority: undefined,
            timestamp: undefined,
            logsource: undefined,
            program: undefined,
            pid: undefined,
            severity: undefined,
            facility: undefined,
            facility_label: undefined,
            severity_label: undefined,
          },
    );
    if (!valid) addTag(event, INVALID_ENCODING_TAG);
    this.#context.decorate(event);
    this.#take(event, emit);
  }

  /** A run through the codec, on its own so that the sender is known. */
  #coded(block: Block, at: number, start: number, end: number, ip: string, emit: Emit): void {
    const { runs } = block;
    const bytes = block.bytes.subarray(start, end);
    const run = Int32Array.of(runs[at]!, runs[at + 1]!, bytes.length, runs[at + 3]!);
    this.#codec.decode({ ...block, bytes, runs: run, count: runs[at + 3]! }, (event) => {
      this.#nameHost(event, ip);
      this.#take(event, emit);
    });
  }

  /** The sender's address replaces what the codec left in that field. */
  #nameHost(event: EventType, ip: string): void {
    try {
      this.#setHost(event, ip);
    } catch (error) {
      // The event has a list or a scalar where the field would nest: its own field stays.
      if (!(error instanceof FieldSetError)) throw error;
    }
  }

  #take(event: EventType, emit: Emit): void {
    const done = this.#fields.tryFast(event);
    if (done && this.#held.length === 0) {
      emit(event);
      return;
    }
    if (!done) this.#unsure.push(this.#held.length);
    this.#held.push(event);
  }

  /** Asks grok about the events in doubt, under one clock, and lets all go in their order. */
  #release(emit: Emit): void {
    const held = this.#held;
    if (held.length === 0) return;
    const unsure = this.#unsure;
    this.#held = [];
    this.#unsure = [];
    const found: (RegExpExecArray | null)[] = unsure.map(() => null);
    const work = (index: number): void => {
      found[index] = this.#fields.tryGrok(held[unsure[index]!]!);
    };
    for (let from = 0; from >= 0 && from < unsure.length; ) {
      const late = runGuarded(unsure.length, TIMEOUT_MS, work, from);
      if (late < 0) break;
      from = late + 1;
    }
    for (const [index, at] of unsure.entries()) this.#fields.applyMatch(held[at]!, found[index]!);
    for (const event of held) emit(event);
  }
}

/** Line ends frame messages on a stream; some senders put them into datagrams, too. */
function withoutLineEnd(text: string): string {
  let end = text.length;
  if (text.charCodeAt(end - 1) === 10) end--;
  if (text.charCodeAt(end - 1) === 13) end--;
  return end === text.length ? text : text.slice(0, end);
}
