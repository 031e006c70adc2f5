/** The records of a block as events, without its decoder: for those that can not be decoded, or kill their worker. */
import { isUtf8 } from 'node:buffer';
import { Event } from '../event/event.ts';
import { decodeEvent } from '../event/event-encoding.ts';
import type { Event as EventType, Fields } from '../kernel/event-types.ts';
import { type Peer, RunKind } from '../kernel/plugin.ts';
import type { BlockMessage } from './messages.ts';

/**
 * One event a record: its text in `message` (records of generators have none); when that is not UTF-8, also the bytes in
 * `bytes` (base64). Events of other pipelines come whole. The sender is in `[@metadata][peer]`.
 */
export function rawEvents(
  { runs, peers, receivedAt }: Pick<BlockMessage, 'runs' | 'peers' | 'receivedAt'>,
  bytes: Buffer,
  delimiter: string,
): EventType[] {
  const events: EventType[] = [];
  const time = new Date(receivedAt).toISOString();
  let start = 0;
  for (let at = 0; at < runs.length; at += 4) {
    const peer = peers[runs[at + 1]!];
    const end = runs[at + 2]!;
    const piece = bytes.subarray(start, end);
    start = end;
    const kind = runs[at];
    if (kind === RunKind.end) continue;
    if (kind === RunKind.virtual) {
      const message = Buffer.from(String(peer?.['message'] ?? ''));
      for (let count = runs[at + 3]!; count > 0; count--) events.push(rawEvent(message, peer, time));
    } else if (kind === RunKind.lines) {
      for (const line of splitAt(piece, Buffer.from(delimiter))) events.push(rawEvent(line, peer, time));
    } else events.push(wholeEvent(piece) ?? rawEvent(piece, peer, time));
  }
  return events;
}

function rawEvent(record: Buffer, peer: Peer | undefined, time: string): EventType {
  const fields: Fields = { '@timestamp': time, message: record.toString() };
  if (!isUtf8(record)) fields['bytes'] = record.toString('base64');
  return new Event(fields, peer === undefined ? undefined : { peer: jsonOf(peer) });
}

/** An event in the internal encoding. */
function wholeEvent(record: Buffer): EventType | undefined {
  if (!record.subarray(0, 6).equals(ENCODED)) return undefined;
  try {
    return decodeEvent(record.toString());
  } catch {
    return undefined;
  }
}
const ENCODED = Buffer.from('{"f":{');

function jsonOf(peer: Peer): Fields {
  try {
    return JSON.parse(JSON.stringify(peer)) as Fields;
  } catch {
    return { key: peer.key };
  }
}

/** Lines without what ends them. */
function* splitAt(bytes: Buffer, delimiter: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const found = delimiter.length > 0 ? bytes.indexOf(delimiter, start) : -1;
    const end = found < 0 ? bytes.length : found;
    yield bytes.subarray(start, end);
    start = found < 0 ? bytes.length : found + delimiter.length;
  }
}
