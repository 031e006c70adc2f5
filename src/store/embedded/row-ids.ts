/**
 * Ids that the store makes: 20 characters of base64url, as Elasticsearch's. The first 8 are the row's sequence number,
 * so that a row is found by its id without an index of ids; the others are drawn once for each start of the store.
 */
import { randomBytes } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const values = new Map([...ALPHABET].map((letter, value) => [letter, value]));

const letters = Buffer.from(ALPHABET);
const tag = Buffer.from(randomBytes(9).toString('base64url'));

/** Bytes of an id, which are ASCII. */
export const ROW_ID_BYTES = 20;

/** Writes the id of a row as bytes. */
export function writeRowId(sequence: number, bytes: Uint8Array, from: number): void {
  let high = Math.floor(sequence / 0x1000000);
  let low = sequence % 0x1000000;
  for (let at = from + 3; at >= from; at--, high >>= 6) bytes[at] = letters[high & 63]!;
  for (let at = from + 7; at >= from + 4; at--, low >>= 6) bytes[at] = letters[low & 63]!;
  for (let at = 0; at < tag.length; at++) bytes[from + 8 + at] = tag[at]!;
}

const scratch = Buffer.alloc(ROW_ID_BYTES);

/** The same as text. */
export function makeRowId(sequence: number): string {
  writeRowId(sequence, scratch, 0);
  return scratch.latin1Slice();
}

/** The sequence number that an id may stand for; undefined: it is none of the store's. */
export function sequenceOfRowId(id: string): number | undefined {
  if (id.length !== ROW_ID_BYTES) return undefined;
  let sequence = 0;
  for (let at = 0; at < 8; at++) {
    const value = values.get(id[at]!);
    if (value === undefined) return undefined;
    sequence = sequence * 64 + value;
  }
  return sequence;
}
