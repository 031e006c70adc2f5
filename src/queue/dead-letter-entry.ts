/**
 * Dead letters as bytes. A record is magic, length of the payload, CRC-32C of the payload (4 bytes each, little
 * endian) and the payload: length of the head (2 bytes), the head as JSON, the event in the internal encoding
 * (`event/event-encoding.ts`). Specification: docs/specs/dead-letter-queue.md.
 */
import { encodeEvents } from '../event/event-encoding.ts';
import type { Event } from '../kernel/event-types.ts';
import { crc32c } from './crc32c.ts';

/** 0xd1 followed by a letter is not UTF-8: these bytes occur in no event. */
const MAGIC = Buffer.from([0xd1, 0x4d, 0x4c, 0x51]);
/** The same of an entry that was dropped: one byte is changed in place, so that no offset moves. */
const DROPPED = Buffer.from([0xd1, 0x4d, 0x4c, 0x58]);
const MARK_AT = 3;
const RECORD_HEAD = 12;
/** A longer payload is a damaged length. */
const MAX_PAYLOAD = 1 << 29;
const MAX_REASON = 4096;
const MAX_NAME = 1024;

/** Why an event could not be delivered, and where. */
interface DeadLetterHead {
  /** Milliseconds since the epoch. */
  readonly entryTime: number;
  /** `output`, or `condition`. */
  readonly pluginKind: string;
  /** `elasticsearch`; `if-statement` for a condition. */
  readonly pluginName: string;
  readonly pluginId: string;
  readonly reason: string;
}

export interface DeadLetter extends DeadLetterHead {
  readonly event: Event;
}

/** One entry as it is read: the event is text of the internal encoding. */
export interface StoredLetter extends DeadLetterHead {
  readonly eventText: string;
}

/** The whole record of an entry. @throws when the event can not be written as JSON */
export function encodeRecord(letter: DeadLetter): Buffer {
  const head = Buffer.from(
    JSON.stringify({
      t: letter.entryTime,
      k: letter.pluginKind,
      n: letter.pluginName.slice(0, MAX_NAME),
      i: letter.pluginId.slice(0, MAX_NAME),
      r: letter.reason.slice(0, MAX_REASON),
    }),
  );
  const { bytes } = encodeEvents([letter.event]);
  const record = Buffer.allocUnsafe(RECORD_HEAD + 2 + head.length + bytes.length);
  record.writeUInt16LE(head.length, RECORD_HEAD);
  head.copy(record, RECORD_HEAD + 2);
  bytes.copy(record, RECORD_HEAD + 2 + head.length);
  return sealed(record);
}

/** The whole record of a payload as it was read. */
export function recordOf(payload: Buffer): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEAD + payload.length);
  payload.copy(record, RECORD_HEAD);
  return sealed(record);
}

/** Writes the head of a record whose payload is there. */
function sealed(record: Buffer): Buffer {
  MAGIC.copy(record);
  record.writeUInt32LE(record.length - RECORD_HEAD, 4);
  record.writeUInt32LE(crc32c(record.subarray(RECORD_HEAD)), 8);
  return record;
}

/** Takes a payload apart. @throws when it is none */
export function decodePayload(payload: Buffer): StoredLetter {
  const end = 2 + payload.readUInt16LE(0);
  const head = JSON.parse(payload.utf8Slice(2, end)) as {
    t: number;
    k: string;
    n: string;
    i: string;
    r: string;
  };
  return {
    entryTime: head.t,
    pluginKind: head.k,
    pluginName: head.n,
    pluginId: head.i,
    reason: head.r,
    eventText: payload.utf8Slice(end, payload.length),
  };
}

/** Where in a file the record of a payload begins that ends at `end`. */
export const recordStart = (end: number, payload: Buffer): number => end - payload.length - RECORD_HEAD;

/** The byte of a record that says that it was dropped, and where it is, for one write in place. */
export const dropMark = { at: MARK_AT, kept: MAGIC[MARK_AT]!, dropped: DROPPED[MARK_AT]! } as const;

export interface Scanned {
  /** Payloads that are whole and were not dropped; views of the bytes given. */
  readonly payloads: readonly Buffer[];
  /** Behind each payload. */
  readonly ends: readonly number[];
  /** So many bytes need not be looked at again. */
  readonly consumed: number;
  /** Stretches of bytes that were skipped because they are no entries. */
  readonly damaged: number;
}

/**
 * Finds the whole entries in bytes that begin at an entry. Damaged ones are skipped up to the next that is whole.
 * @param final nothing will be added: an entry that is cut off is damaged, not unfinished
 */
export function scanRecords(bytes: Buffer, final: boolean): Scanned {
  const payloads: Buffer[] = [];
  const ends: number[] = [];
  let damaged = 0;
  let at = 0;
  while (at < bytes.length) {
    const end = endOfRecord(bytes, at);
    if (end > 0) {
      if (bytes[at + MARK_AT] === MAGIC[MARK_AT]) {
        payloads.push(bytes.subarray(at + RECORD_HEAD, end));
        ends.push(end);
      }
      at = end;
      continue;
    }
    // A length that is damaged makes an entry look unfinished: then whole ones follow.
    const next = nextRecord(bytes, at + 1, final || end === UNFINISHED);
    if (next < 0 && !final && end === UNFINISHED) break;
    damaged++;
    if (next < 0) {
      // The first bytes of a magic may be the last here.
      at = final ? bytes.length : Math.max(at + 1, bytes.length - MAGIC.length + 1);
      break;
    }
    at = next;
  }
  return { payloads, ends, consumed: at, damaged };
}

const UNFINISHED = 0;
const DAMAGED = -1;

function endOfRecord(bytes: Buffer, at: number): number {
  if (bytes.length - at < RECORD_HEAD) return UNFINISHED;
  if (!begins(bytes, at)) return DAMAGED;
  const length = bytes.readUInt32LE(at + 4);
  if (length > MAX_PAYLOAD || length < 2) return DAMAGED;
  const end = at + RECORD_HEAD + length;
  if (end > bytes.length) return UNFINISHED;
  return crc32c(bytes.subarray(at + RECORD_HEAD, end)) === bytes.readUInt32LE(at + 8) ? end : DAMAGED;
}

const begins = (bytes: Buffer, at: number): boolean =>
  bytes.compare(MAGIC, 0, MARK_AT, at, at + MARK_AT) === 0 &&
  (bytes[at + MARK_AT] === dropMark.kept || bytes[at + MARK_AT] === dropMark.dropped);

/** Where the next entry begins that is whole, or may become so, or -1. */
function nextRecord(bytes: Buffer, from: number, whole: boolean): number {
  for (let at = bytes.indexOf(MAGIC, from); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) {
    if (endOfRecord(bytes, at) > (whole ? UNFINISHED : DAMAGED)) return at;
  }
  return -1;
}
