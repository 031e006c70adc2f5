/** Makes the events of the generator input from runs without bytes: the peer carries the first event's number. */
import { Event } from '../event/event.ts';
import { FieldSetError, parseFieldReference, setter } from '../event/field-reference.ts';
import { isoFromMillis } from '../event/timestamp.ts';
import type { FieldValue } from '../kernel/event-types.ts';
import { type Block, type Codec, type Decoder, type DecoderContext, RunKind } from '../kernel/plugin.ts';
import { isNeeded } from './record-decoder.ts';

/** Property of the peer: number of the first event of the run, counted over all lines from 0. */
export const FIRST = 'first';

type Emit = (event: Event) => void;
type Make = (message: string, timestamp: string, host: string, sequence: number) => Event;

/**
 * @param lines gone through in turn; a `message` of the peer takes their place
 * @param host set in every event, beside the number of the round
 */
export function createGeneratorDecoder(
  lines: readonly string[],
  host: string,
  context: DecoderContext,
): Decoder {
  const ecs = context.ecs !== 'disabled';
  const shared = context.inputCodec;
  const codec: Codec = (shared.stateful && shared.fork?.()) || shared;
  const plain = codec.wholeText === true && codec.charset === 'UTF-8';
  const make = compileMake(context, ecs);
  const setHost = setter(parseFieldReference(ecs ? '[host][name]' : 'host'));
  const setSequence = setter(parseFieldReference(ecs ? '[event][sequence]' : 'sequence'));
  const force = (set: (event: Event, value: FieldValue) => void, event: Event, value: FieldValue): void => {
    try {
      set(event, value);
    } catch (error) {
      // The event has a scalar where the field would nest: its own field stays.
      if (!(error instanceof FieldSetError)) throw error;
    }
  };
  const finish = (event: Event, timestamp: string, sequence: number, emit: Emit): void => {
    event.fields['@timestamp'] ??= timestamp;
    event.fields['@version'] ??= '1';
    force(setHost, event, host);
    force(setSequence, event, sequence);
    context.decorate(event);
    emit(event);
  };
  /** Block in which what the codec holds began: it holds nothing from before it last emitted. */
  let heldSince = 0;
  let block = 0;
  let lastTime = '';
  let lastRound = 0;
  const run = (
    texts: readonly string[],
    first: number,
    count: number,
    timestamp: string,
    emit: Emit,
  ): void => {
    const { decorate } = context;
    let line = first % texts.length;
    let round = Math.floor(first / texts.length);
    for (let index = 0; index < count; index++) {
      if (plain) {
        const event = make(texts[line]!, timestamp, host, round);
        decorate(event);
        emit(event);
      } else {
        const sequence = round;
        const text = texts[line]!;
        codec.decode(codec.charset === undefined ? Buffer.from(text) : text, (event) => {
          heldSince = block;
          finish(event, timestamp, sequence, emit);
        });
      }
      if (++line === texts.length) {
        line = 0;
        round++;
      }
    }
    lastRound = round;
  };
  return {
    decode({ id, receivedAt, runs, peers }: Block, emit) {
      const timestamp = isoFromMillis(receivedAt);
      block = id;
      if (!codec.holding) heldSince = id;
      lastTime = timestamp;
      for (let at = 0; at < runs.length; at += 4) {
        const peer = peers[runs[at + 1]!]!;
        if (runs[at] === RunKind.end) {
          codec.flush?.((event) => finish(event, timestamp, lastRound, emit), true);
        } else if (runs[at] === RunKind.virtual) {
          const own = peer['message'];
          run(typeof own === 'string' ? [own] : lines, Number(peer[FIRST]), runs[at + 3]!, timestamp, emit);
        }
      }
    },
    flush(emit, final) {
      codec.flush?.((event) => finish(event, lastTime || isoFromMillis(Date.now()), lastRound, emit), final);
    },
    holds: (blockId) => codec.holding === true && blockId >= heldSince,
  };
}

/** One object literal with the fields that are needed. */
function compileMake(context: DecoderContext, ecs: boolean): Make {
  const needed = (reference: string): boolean => isNeeded(context, reference);
  const parts: string[] = [];
  if (needed('@timestamp')) parts.push('"@timestamp": timestamp');
  if (needed('@version')) parts.push('"@version": "1"');
  if (needed('message')) parts.push('message');
  if (ecs) {
    if (needed('event')) parts.push('event: { original: message, sequence }');
    if (needed('host')) parts.push('host: { name: host }');
  } else {
    if (needed('host')) parts.push('host');
    if (needed('sequence')) parts.push('sequence');
  }
  return new Function(
    'Event',
    `return (message, timestamp, host, sequence) => new Event({ ${parts.join(', ')} });`,
  )(Event) as Make;
}
